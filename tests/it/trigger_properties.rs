//! Every trigger that can be built survives its JSON, and no document makes the reader panic.

use std::time::Duration;

use proptest::prelude::*;
use tripline::Trigger;
use tripline::event::filter::{Filter, FilterValue, Op};
use tripline::event::{Dimensions, SeriesKind};
use tripline::threshold::{
    Change, Condition, Direction, Occurrences, OnFirst, OnMissing, Range, ThresholdBuilder,
};
use tripline::trigger::{Matcher, TriggerBuilder};

fn duration(least: u64) -> BoxedStrategy<Duration> {
    prop_oneof![
        Just(Duration::from_secs(3600)),
        (least..=100_000_000_000).prop_map(Duration::from_nanos),
        Just(Duration::from_nanos(i64::MAX.unsigned_abs())),
    ]
    .prop_filter("long enough", move |duration| duration.as_nanos() >= u128::from(least))
    .boxed()
}

fn number() -> BoxedStrategy<f64> {
    prop_oneof![
        Just(0.0),
        Just(-0.0),
        Just(f64::MAX),
        Just(f64::MIN_POSITIVE),
        (-1_000_000_i32..1_000_000).prop_map(f64::from),
        (9_007_199_254_740_000_u64..9_007_199_254_750_000).prop_map(|whole| whole as f64),
        any::<f64>().prop_filter("finite", |number| number.is_finite()),
    ]
    .boxed()
}

fn text() -> BoxedStrategy<String> {
    prop_oneof![
        Just("*".to_owned()),
        "[a-z]{1,6}",
        "\\PC{1,8}",
        Just("\u{0}\n\"\\/\u{7f}\u{2028}😀".to_owned())
    ]
    .boxed()
}

fn matcher() -> BoxedStrategy<Matcher> {
    prop_oneof![
        Just(Matcher::Any),
        text().prop_map(Matcher::exact),
        text().prop_map(Matcher::from),
        text().prop_map(Matcher::prefix),
        text().prop_map(Matcher::suffix),
        proptest::collection::btree_set(text(), 1..4).prop_map(Matcher::one_of),
    ]
    .boxed()
}

/// A process, an outcome, a submission: known, `any`, or somebody's own.
fn word() -> BoxedStrategy<String> {
    const KNOWN: [&str; 7] = ["any", "ingestion", "map", "succeeded", "timedOut", "scheduled", "onDemand"];
    prop_oneof![proptest::sample::select(&KNOWN[..]).prop_map(str::to_owned), text()].boxed()
}

fn condition() -> BoxedStrategy<Condition> {
    let range = (number(), number(), any::<[bool; 2]>()).prop_map(|(a, b, include)| {
        Range::new(a.min(b), a.max(b)).with_include_low(include[0]).with_include_high(include[1])
    });
    let direction = prop_oneof![Just(Direction::Up), Just(Direction::Down), Just(Direction::Either)];
    let change = (number(), any::<bool>(), direction).prop_map(|(amount, percent, way)| {
        Change::new(amount.abs()).with_percent(percent).with_direction(way)
    });
    prop_oneof![
        number().prop_map(Condition::Above),
        number().prop_map(Condition::AtOrAbove),
        number().prop_map(Condition::Below),
        number().prop_map(Condition::AtOrBelow),
        range.clone().prop_map(Condition::EntersRange),
        range.prop_map(Condition::LeavesRange),
        change.prop_map(Condition::ChangesBy),
    ]
    .boxed()
}

fn threshold() -> BoxedStrategy<ThresholdBuilder> {
    let occurrences = prop_oneof![
        (1..=50_u32, 0..=50_u32).prop_map(|(least, more)| Occurrences::of_last(least, least + more)),
        (1..=1000_u32, duration(1)).prop_map(|(least, within)| Occurrences::within(least, within)),
    ];
    let words = (
        prop_oneof![Just(OnFirst::Quiet), Just(OnFirst::Fire)],
        prop_oneof![Just(OnMissing::Keep), Just(OnMissing::Outside), Just(OnMissing::Inside)],
        any::<bool>(),
    );
    let durations = (duration(0), duration(0), duration(0), duration(1), duration(60_000_000_000));
    (
        condition(),
        proptest::option::of(number()),
        proptest::option::of(occurrences),
        words,
        durations,
        any::<[bool; 5]>(),
    )
        .prop_map(|(condition, rearm, occurrences, (first, missing, cleared), durations, wanted)| {
            let (hold, keep, lateness, stale_after, remind_every) = durations;
            let mut builder = ThresholdBuilder::new(condition).with_on_first(first).with_on_missing(missing);
            // A step refuses the rest.
            if matches!(condition, Condition::ChangesBy(_)) {
                return if wanted[3] { builder.with_stale_after(stale_after) } else { builder };
            }
            if let Some(rearm) = rearm {
                builder = builder.with_rearm(rearm);
            }
            if let Some(occurrences) = occurrences {
                builder = builder.with_occurrences(occurrences);
            }
            if wanted[0] {
                builder = builder.with_hold(hold);
            }
            if wanted[1] {
                builder = builder.with_keep(keep).with_notify_cleared(cleared);
            }
            if wanted[2] {
                builder = builder.with_lateness(lateness);
            }
            if wanted[3] {
                builder = builder.with_stale_after(stale_after);
            }
            if wanted[4] {
                builder = builder.with_remind_every(remind_every);
            }
            builder
        })
        .boxed()
}

fn a_filter() -> BoxedStrategy<Filter> {
    let leaf = prop_oneof![
            text().prop_map(|value| Filter::exact([("source", &*value), ("x1", "y")]).unwrap()),
            text().prop_map(|value| Filter::suffix([("subject", &*value)]).unwrap()),
            number().prop_map(
                |value| Filter::data("/a~1b/0", Op::Ge, FilterValue::try_from(value).unwrap()).unwrap()
            ),
            text().prop_map(|value| Filter::data("", Op::Contains, FilterValue::from(&*value)).unwrap()),
            any::<bool>().prop_map(|value| Filter::data("/é", Op::Exists, FilterValue::from(value)).unwrap()),
            Just(Filter::data("/n", Op::Ne, FilterValue::NULL).unwrap()),
        ];
    leaf.prop_recursive(3, 8, 3, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 1..3).prop_map(|filters| Filter::all(filters).unwrap()),
            proptest::collection::vec(inner.clone(), 1..3).prop_map(|filters| Filter::any(filters).unwrap()),
            inner.prop_map(Filter::not),
        ]
    })
    .boxed()
}

fn kind() -> BoxedStrategy<TriggerBuilder> {
    let id = "[A-Za-z0-9._:-]{1,128}";
    let rule = prop_oneof![
        Just(None),
        proptest::collection::btree_map(text(), text(), 0..3)
            .prop_map(|pairs| Some(Dimensions::from_iter(pairs))),
    ];
    let silent =
        prop_oneof![Just(SeriesKind::SEGMENT), Just(SeriesKind::MEASURE), Just(SeriesKind::DATA_SOURCE),];
    prop_oneof![
        (id, matcher(), threshold())
            .prop_map(|(id, name, on)| Trigger::segment_threshold_crossed(id, name, on)),
        (id, matcher(), threshold(), rule).prop_map(|(id, name, on, dimensions)| {
            let builder = Trigger::measure_threshold_crossed(id, name, on);
            match dimensions {
                Some(dimensions) => builder.with_dimensions(dimensions),
                None => builder.with_each_dimensions(),
            }
        }),
        (id, matcher(), silent, any::<bool>(), duration(1)).prop_map(
            |(id, name, kind, from_start, within)| {
                Trigger::no_data(id, kind, name, within).with_from_start(from_start)
            }
        ),
        (id, matcher(), any::<bool>(), duration(0)).prop_map(|(id, name, retrying, settle)| {
            let builder = Trigger::data_source_refresh_failed(id, name);
            builder.with_including_retrying(retrying).with_settle(settle)
        }),
        (id, matcher()).prop_map(|(id, name)| Trigger::data_source_refresh_succeeded(id, name)),
        (id, word(), word()).prop_map(|(id, submission, outcome)| {
            let builder = Trigger::full_refresh_completed(id);
            builder.with_submission(&*submission).with_outcome(&*outcome)
        }),
        (id, word()).prop_map(|(id, outcome)| Trigger::unification_completed(id).with_outcome(&*outcome)),
        (id, word(), matcher(), word()).prop_map(|(id, process, item, outcome)| {
            let builder = Trigger::refresh_completed(id).with_process(&*process);
            builder.with_item(item).with_outcome(&*outcome)
        }),
        (id, text()).prop_map(|(id, event_type)| Trigger::event_received(id, event_type)),
    ]
    .boxed()
}

/// Some of these are refused; every one that is built must survive its JSON.
fn trigger() -> BoxedStrategy<TriggerBuilder> {
    let filters = proptest::collection::vec(a_filter(), 0..3);
    let limit = proptest::option::of((1..=1_000_000_u32, duration(1)));
    (
        kind(),
        proptest::option::of(text()),
        any::<bool>(),
        proptest::option::of(matcher()),
        filters,
        proptest::option::of(duration(0)),
        limit,
    )
        .prop_map(|(mut builder, name, enabled, source, filters, cooldown, limit)| {
            builder = builder.with_enabled(enabled);
            if let Some(name) = name {
                builder = builder.with_name(name);
            }
            if let Some(source) = source {
                builder = builder.with_source(source);
            }
            if let Some(cooldown) = cooldown {
                builder = builder.with_cooldown(cooldown);
            }
            if let Some((max, per)) = limit {
                builder = builder.with_limit(max, per);
            }
            filters.into_iter().fold(builder, TriggerBuilder::with_filter)
        })
        .boxed()
}

proptest! {
    #[test]
    fn a_trigger_survives_its_json_and_its_builder(builder in trigger()) {
        if let Ok(trigger) = builder.build() {
            let text = trigger.to_json();
            let read = Trigger::from_json(&text).expect(&text);
            prop_assert_eq!(&read, &trigger);
            prop_assert_eq!(read.to_json(), text);
            prop_assert_eq!(TriggerBuilder::from(trigger.clone()).build().expect("built before"), trigger);
        }
    }

    #[test]
    fn a_damaged_document_is_an_error_with_a_place_and_never_a_panic(
        builder in trigger(),
        damage in proptest::collection::vec((any::<prop::sample::Index>(), any::<prop::sample::Index>()), 1..4),
    ) {
        const MARKS: [&str; 14] = ["", "{", "}", "[", "]", "\"", ",", ":", "0", "-", "null", "é", "\\u00e9", " "];
        let Ok(trigger) = builder.build() else { return Ok(()) };
        let mut chars: Vec<String> = trigger.to_json().chars().map(String::from).collect();
        for (place, mark) in damage {
            *place.get_mut(&mut chars) = (*mark.get(&MARKS)).to_owned();
        }
        if let Err(error) = Trigger::list_from_json(&chars.concat()) {
            prop_assert!(error.place().is_some() || !error.faults().is_empty());
            for fault in error.faults() {
                prop_assert!(fault.message().contains("line "), "{}", fault);
            }
        }
    }
}
