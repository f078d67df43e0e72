//! Every bound is reached, refused with its own kind and counted, and the others go on unharmed.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use tripline::engine::{Engine, Limits, Observation, Receipt};
use tripline::event::{SeriesRef, ValueObserved};
use tripline::threshold::{Phase, Side, Threshold};
use tripline::{Error, ErrorKind, Trigger};

fn engine(limits: Limits, triggers: &[&str]) -> Engine {
    let mut engine = Engine::builder().with_limits(limits).with_hash_seed(7).build();
    for json in triggers {
        engine.add(at(0), trigger(json)).unwrap();
    }
    engine
}

fn trigger(json: &str) -> Trigger {
    Trigger::from_json(json).unwrap_or_else(|e| panic!("{json}: {e}"))
}

fn at(minutes: i64) -> DateTime<Utc> {
    DateTime::UNIX_EPOCH + TimeDelta::minutes(minutes)
}

const DAY: i64 = 24 * 60;

/// A value of a segment; nothing but its name tells the series apart.
fn observe(engine: &mut Engine, minutes: i64, name: &str, value: f64) -> Result<Receipt, Error> {
    engine.observe_series(at(minutes), &SeriesRef::segment("/s", name), at(minutes), value)
}

/// Handed in and taken.
fn taken(engine: &mut Engine, minutes: i64, name: &str, value: f64) {
    assert_eq!(observe(engine, minutes, name, value).unwrap(), Receipt::Accepted, "{name} at {minutes}");
}

fn event(engine: &mut Engine, minutes: i64, id: &str) -> Result<Receipt, Error> {
    let event = ValueObserved::new("segment", "vip", 1.0).into_event(id, "/s").unwrap();
    engine.handle_event(at(minutes), &event.with_time(at(minutes)))
}

fn fired(engine: &mut Engine) -> Vec<(String, String)> {
    std::iter::from_fn(|| engine.poll_firing())
        .map(|f| (f.trigger().to_owned(), f.series().map_or(String::new(), |s| s.name().to_owned())))
        .collect()
}

fn pair(trigger: &str, name: &str) -> (String, String) {
    (trigger.to_owned(), name.to_owned())
}

const ANY: &str = r#"{"id":"any","on":{"type":"segmentThresholdCrossed","segment":"*","above":10}}"#;
const VIP: &str = r#"{"id":"vip","on":{"type":"segmentThresholdCrossed","segment":"vip","above":10}}"#;

#[test]
fn a_series_too_many_is_refused_and_the_others_go_on() {
    let mut engine = engine(Limits::default().with_series(2), &[ANY]);
    for name in ["a", "b"] {
        taken(&mut engine, 0, name, 1.0);
    }
    for n in 1..=3 {
        let error = observe(&mut engine, 5, "c", 1.0).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Limit);
        assert!(error.to_string().contains("\"c\"") && error.to_string().contains("limit of 2"), "{error}");
        assert_eq!(engine.counts().over_limit(), n);
    }
    let resolved = engine.resolve(&SeriesRef::segment("/s", "c"));
    assert_eq!(resolved.unwrap_err().kind(), ErrorKind::Limit);
    assert_eq!((engine.series_count(), engine.clock()), (2, Some(at(0))), "a refusal moves nothing");
    for name in ["a", "b"] {
        taken(&mut engine, 1, name, 20.0);
    }
    assert_eq!(fired(&mut engine), [pair("any", "a"), pair("any", "b")]);
    let unwatched = SeriesRef::measure("/s", "c");
    assert_eq!(engine.observe_series(at(1), &unwatched, at(1), 1.0).unwrap(), Receipt::Ignored);
}

#[test]
fn an_event_refused_over_a_bound_is_not_remembered() {
    let mut engine = engine(Limits::default().with_series(1), &[ANY]);
    taken(&mut engine, 0, "a", 1.0);
    for _ in 0..2 {
        assert_eq!(event(&mut engine, 1, "e1").unwrap_err().kind(), ErrorKind::Limit);
    }
    assert_eq!((engine.counts().duplicates(), engine.counts().over_limit()), (0, 2));
}

#[test]
fn a_trigger_with_all_its_series_leaves_the_next_to_the_others() {
    let gold = r#"{"id":"gold","on":{"type":"segmentThresholdCrossed","segment":"gold","above":10}}"#;
    let mut engine = engine(Limits::default().with_series_per_trigger(1), &[ANY, gold]);
    taken(&mut engine, 0, "vip", 1.0);
    taken(&mut engine, 0, "gold", 1.0);
    assert_eq!(engine.counts().not_watched(), 1, "`any` watches as many as it may");
    taken(&mut engine, 1, "gold", 20.0);
    taken(&mut engine, 1, "vip", 20.0);
    assert_eq!(fired(&mut engine), [pair("gold", "gold"), pair("any", "vip")]);
    assert_eq!((engine.counts().not_watched(), engine.counts().over_limit()), (2, 0));

    let error = observe(&mut engine, 2, "other", 1.0).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Limit, "nobody has room for it");
    assert_eq!((engine.counts().over_limit(), engine.series_count()), (1, 2));
}

#[test]
fn a_trigger_too_many_is_refused_and_its_place_is_free_once_one_is_removed() {
    let mut engine = engine(Limits::default().with_triggers(1), &[ANY]);
    let error = engine.add(at(0), trigger(VIP)).unwrap_err();
    assert_eq!((error.kind(), engine.counts().over_limit()), (ErrorKind::Limit, 1));
    assert_eq!(engine.triggers().map(Trigger::id).collect::<Vec<_>>(), ["any"]);
    let again = engine.add(at(0), trigger(ANY)).unwrap_err();
    assert_eq!((again.kind(), engine.counts().over_limit()), (ErrorKind::DuplicateTrigger, 1));
    engine.remove("any").unwrap();
    engine.add(at(0), trigger(VIP)).unwrap();
}

#[test]
fn more_waiting_observations_than_allowed_are_refused_until_some_are_applied() {
    let late = r#"{"id":"late","on":{"type":"segmentThresholdCrossed","segment":"late","above":10,
        "lateness":"PT10M"}}"#;
    let mut engine = engine(Limits::default().with_waiting(2), &[late, VIP]);
    taken(&mut engine, 0, "late", 1.0);
    taken(&mut engine, 1, "late", 20.0);
    let error = observe(&mut engine, 2, "late", 1.0).unwrap_err();
    assert_eq!((error.kind(), engine.counts().over_limit()), (ErrorKind::Limit, 1));
    assert_eq!(engine.clock(), Some(at(1)));
    taken(&mut engine, 3, "vip", 1.0);
    taken(&mut engine, 3, "vip", 20.0);
    assert_eq!(fired(&mut engine), [pair("vip", "vip")]);
    engine.handle_timeout(at(10)).unwrap();
    taken(&mut engine, 10, "late", 1.0);
    engine.flush(at(20)).unwrap();
    assert_eq!((fired(&mut engine), engine.counts().over_limit()), (vec![pair("late", "late")], 1));
}

#[test]
fn too_many_unpolled_firings_refuse_every_way_in_until_they_are_polled() {
    let two = VIP.replace("\"id\":\"vip\"", "\"id\":\"two\"");
    let mut engine = engine(Limits::default().with_pending(1), &[VIP, &two]);
    taken(&mut engine, 0, "vip", 1.0);
    taken(&mut engine, 1, "vip", 20.0);
    assert_eq!(engine.pending_firings(), 2, "one input may go over it");
    let events = engine.counts().events();
    for _ in 0..2 {
        let error = observe(&mut engine, 2, "vip", 1.0).unwrap_err();
        assert!(error.is_full() && error.kind() == ErrorKind::Full, "{error}");
    }
    assert_eq!(event(&mut engine, 2, "e1").unwrap_err().kind(), ErrorKind::Full);
    let handle = engine.resolve(&SeriesRef::segment("/s", "vip")).unwrap().unwrap();
    assert_eq!(engine.observe(at(2), handle, at(2), 1.0).unwrap_err().kind(), ErrorKind::Full);
    assert_eq!((engine.clock(), engine.counts().events()), (Some(at(1)), events), "as if never handed in");
    assert!(engine.poll_firing().is_some());
    assert!(observe(&mut engine, 2, "vip", 1.0).unwrap_err().is_full(), "one still waits");
    assert!(engine.poll_firing().is_some());
    assert_eq!(event(&mut engine, 2, "e1").unwrap(), Receipt::Accepted);
    taken(&mut engine, 3, "vip", 20.0);
    assert_eq!(fired(&mut engine).len(), 2);
}

#[test]
fn the_oldest_event_id_is_forgotten_first() {
    let mut engine = engine(Limits::default().with_dedupe_ids(2), &[VIP]);
    for id in ["e1", "e2"] {
        assert_eq!(event(&mut engine, 0, id).unwrap(), Receipt::Accepted);
    }
    assert_eq!(event(&mut engine, 0, "e1").unwrap(), Receipt::Duplicate);
    assert_eq!(event(&mut engine, 0, "e3").unwrap(), Receipt::Accepted);
    assert_eq!(event(&mut engine, 0, "e2").unwrap(), Receipt::Duplicate);
    assert_eq!(event(&mut engine, 0, "e3").unwrap(), Receipt::Duplicate);
    assert_eq!(event(&mut engine, 0, "e1").unwrap(), Receipt::Accepted, "it was the oldest");
    assert_eq!(engine.counts().duplicates(), 3);
}

#[test]
fn explanations_over_their_bound_are_left_out_and_counted() {
    let mut engine = engine(Limits::default().with_explanations(2), &[VIP]);
    engine.set_explain(true);
    for minute in 0..5 {
        taken(&mut engine, minute, "vip", if minute == 4 { 20.0 } else { 1.0 });
    }
    assert_eq!(engine.counts().explanations_dropped(), 3);
    assert_eq!(std::iter::from_fn(|| engine.poll_explanation()).count(), 2);
    assert_eq!(fired(&mut engine), [pair("vip", "vip")], "what is decided does not depend on it");
    taken(&mut engine, 6, "vip", 1.0);
    assert!(engine.poll_explanation().is_some());
}

#[test]
fn an_event_from_too_far_ahead_is_refused_and_counted() {
    let mut engine = engine(Limits::default(), &[VIP]);
    taken(&mut engine, 0, "vip", 1.0);
    let vip = SeriesRef::segment("/s", "vip");
    let ahead = at(DAY) + TimeDelta::nanoseconds(1);
    for n in 1..=2 {
        let error = engine.observe_series(at(0), &vip, ahead, 20.0).unwrap_err();
        assert_eq!((error.kind(), error.place()), (ErrorKind::Skew, Some("time")));
        assert_eq!((engine.counts().skewed(), engine.clock()), (n, Some(at(0))));
    }
    assert_eq!(engine.observe_series(at(0), &vip, at(DAY), 20.0).unwrap(), Receipt::Accepted);
    assert_eq!(fired(&mut engine), [pair("vip", "vip")]);
}

/// A series that goes stale, and so loses its side, while its arm is spent.
const STALE: &str = r#"{"id":"any","on":{"type":"segmentThresholdCrossed","segment":"*","above":10,
    "staleAfter":"P1D"}}"#;

fn stands(engine: &Engine, name: &str) -> Option<(Side, Phase)> {
    let state = engine.state_of("any", &SeriesRef::segment("/s", name))?;
    Some((state.side(), state.phase()))
}

#[test]
fn an_idle_series_makes_room_and_handles_go_stale() {
    let mut engine = engine(Limits::default().with_series(2), &[STALE]);
    taken(&mut engine, 0, "idle", 20.0);
    let busy = engine.resolve(&SeriesRef::segment("/s", "busy")).unwrap().unwrap();
    let _ = engine.observe(at(2 * DAY), busy, at(2 * DAY), 1.0).unwrap();
    assert_eq!(stands(&engine, "idle"), Some((Side::Unknown, Phase::Spent)));

    let _ = engine.observe(at(30 * DAY), busy, at(30 * DAY), 1.0).unwrap();
    let error = observe(&mut engine, 30 * DAY, "new", 1.0).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Limit, "30 days are not over yet");
    assert_eq!((engine.counts().over_limit(), engine.counts().series_dropped()), (1, 0));

    let _ = engine.observe(at(30 * DAY + 1), busy, at(30 * DAY + 1), 1.0).unwrap();
    taken(&mut engine, 30 * DAY + 1, "new", 1.0);
    assert_eq!((engine.series_count(), engine.counts().series_dropped()), (2, 1));
    assert_eq!(stands(&engine, "idle"), None);
    let error = engine.observe(at(30 * DAY + 2), busy, at(30 * DAY + 2), 20.0).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::StaleHandle);
    let busy = engine.resolve(&SeriesRef::segment("/s", "busy")).unwrap().unwrap();
    let _ = engine.observe(at(30 * DAY + 2), busy, at(30 * DAY + 2), 20.0).unwrap();
    assert_eq!(fired(&mut engine), [pair("any", "busy")], "the others keep their state");
}

#[test]
fn a_series_that_still_holds_something_is_not_dropped_however_idle() {
    let on = |more: &str| {
        format!(r#"{{"id":"any","on":{{"type":"segmentThresholdCrossed","segment":"*","above":10{more}}}}}"#)
    };
    let silence =
        r#"{"id":"any","on":{"type":"noData","kind":"segment","name":{"prefix":"i"},"within":"P90D"}}"#;
    let cases = [
        ("armed", on(""), 1.0),
        ("inside", on(""), 20.0),
        ("armed though stale", on(r#","staleAfter":"P1D""#), 1.0),
        ("a stale timer runs", on(r#","staleAfter":"P90D""#), 20.0),
        ("it would fire on a first value", on(r#","staleAfter":"P1D","onFirst":"fire""#), 20.0),
        ("a silence runs", silence.to_owned(), 20.0),
    ];
    for (what, json, value) in cases {
        let mut engine = engine(Limits::default().with_series(1), &[&json]);
        taken(&mut engine, 0, "idle", value);
        engine.handle_timeout(at(60 * DAY)).unwrap();
        let error = observe(&mut engine, 60 * DAY, "in", 1.0).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Limit, "{what}");
        assert_eq!((engine.series_count(), engine.counts().series_dropped()), (1, 0), "{what}");
    }
}

#[test]
fn an_armed_series_that_was_idle_for_a_year_still_fires() {
    let mut engine = engine(Limits::default().with_series(1), &[STALE]);
    taken(&mut engine, 0, "idle", 1.0);
    for day in [40, 80, 360] {
        engine.handle_timeout(at(day * DAY)).unwrap();
        assert_eq!(observe(&mut engine, day * DAY, "new", 1.0).unwrap_err().kind(), ErrorKind::Limit);
    }
    taken(&mut engine, 365 * DAY, "idle", 20.0);
    assert_eq!(fired(&mut engine), [pair("any", "idle")]);
}

#[test]
fn a_handle_of_another_or_a_restored_engine_is_stale() {
    let mut one = engine(Limits::default(), &[VIP]);
    let mut other = Engine::builder().with_hash_seed(8).build();
    other.add(at(0), trigger(VIP)).unwrap();
    let vip = SeriesRef::segment("/s", "vip");
    let handle = one.resolve(&vip).unwrap().unwrap();
    assert!(other.resolve(&vip).unwrap().is_some());
    assert_eq!(other.observe(at(0), handle, at(0), 1.0).unwrap_err().kind(), ErrorKind::StaleHandle);
    let bytes = one.snapshot();
    one.restore(&bytes).unwrap();
    assert_eq!(one.observe(at(0), handle, at(0), 1.0).unwrap_err().kind(), ErrorKind::StaleHandle);
    assert_eq!(one.counts().events(), 0);
}

#[test]
fn bounds_hold_after_a_restore_too() {
    let limits = Limits::default().with_series(1).with_pending(1);
    let mut before = engine(limits.clone(), &[ANY]);
    taken(&mut before, 0, "a", 1.0);
    taken(&mut before, 1, "a", 20.0);
    let mut after = engine(limits, &[ANY]);
    after.restore(&before.snapshot()).unwrap();
    assert!(observe(&mut after, 2, "a", 1.0).unwrap_err().is_full());
    assert_eq!(fired(&mut after), [pair("any", "a")]);
    assert_eq!(observe(&mut after, 2, "b", 1.0).unwrap_err().kind(), ErrorKind::Limit);
}

#[test]
fn while_firings_wait_not_even_a_value_that_nobody_notices_is_taken_whichever_way_it_comes() {
    let vip = SeriesRef::segment("/s", "vip");
    for restored in [false, true] {
        let mut engine = engine(Limits::default().with_pending(1), &[VIP]);
        taken(&mut engine, 0, "vip", 1.0);
        taken(&mut engine, 1, "vip", 20.0);
        if restored {
            engine.restore(&engine.snapshot()).unwrap();
        }
        let handle = engine.resolve(&vip).unwrap().unwrap();
        for minutes in [2, 3] {
            let now = at(minutes);
            assert!(engine.observe(now, handle, now, 21.0).unwrap_err().is_full());
            assert!(engine.observe_series(now, &vip, now, 21.0).unwrap_err().is_full());
            let report = engine.observe_batch(now, &[Observation::new(vip, now, 21.0)]);
            assert_eq!((report.taken(), report.refused().len()), (0, 0), "{report:?}");
            // The bound still holds when what is looked at changes.
            engine.set_explain(minutes == 2);
            engine.handle_timeout(now).unwrap();
        }
        engine.set_explain(false);
        let events = engine.counts().events();
        assert!(if restored { engine.poll_brief().is_some() } else { engine.poll_firing().is_some() });
        assert_eq!(engine.observe(at(4), handle, at(4), 21.0).unwrap(), Receipt::Accepted);
        assert_eq!(engine.observe_batch(at(5), &[Observation::new(vip, at(5), 21.0)]).taken(), 1);
        assert_eq!(engine.counts().events(), events + 2);
    }
}

#[test]
fn with_no_room_for_a_firing_nothing_is_taken_at_all() {
    let mut engine = engine(Limits::default().with_pending(0), &[VIP]);
    assert!(observe(&mut engine, 0, "vip", 1.0).unwrap_err().is_full());
    let handle = engine.resolve(&SeriesRef::segment("/s", "vip")).unwrap().unwrap();
    assert!(engine.observe(at(0), handle, at(0), 1.0).unwrap_err().is_full());
}

#[test]
fn a_value_older_than_the_clock_is_new_to_its_series_and_one_older_than_the_series_is_late() {
    let mut engine = engine(Limits::default(), &[ANY]);
    taken(&mut engine, 0, "a", 1.0);
    taken(&mut engine, 10, "b", 1.0);
    let a = engine.resolve(&SeriesRef::segment("/s", "a")).unwrap().unwrap();
    for (minutes, receipt) in [
        (5, Receipt::Accepted),
        (4, Receipt::Late),
        (5, Receipt::Accepted),
        (3, Receipt::Late),
        (6, Receipt::Accepted),
    ] {
        let time = at(minutes);
        assert_eq!(engine.observe(at(10), a, time, 2.0).unwrap(), receipt, "at {minutes}");
    }
    assert_eq!(engine.counts().late(), 2);
}

#[test]
fn handles_of_engines_made_one_after_the_other_never_meet() {
    let limits = || Limits::default().with_series(2);
    let mut engines = [1, 2, 3].map(|_| engine(limits(), &[ANY]));
    let names = ["a", "b"];
    let handles: Vec<Vec<_>> = (engines.iter_mut())
        .map(|engine| {
            names.map(|name| engine.resolve(&SeriesRef::segment("/s", name)).unwrap().unwrap()).to_vec()
        })
        .collect();
    for (place, engine) in engines.iter_mut().enumerate() {
        for (owner, handle) in
            handles.iter().enumerate().flat_map(|(owner, all)| all.iter().map(move |one| (owner, *one)))
        {
            let is_taken = engine.observe(at(0), handle, at(0), 1.0).is_ok();
            assert_eq!(is_taken, owner == place, "a handle of {owner} at {place}");
        }
    }
    // More series than the bound may come out of a snapshot that was made under another.
    let mut many = engine(Limits::default(), &[ANY]);
    for name in ["a", "b", "c", "d", "e"] {
        taken(&mut many, 0, name, 1.0);
    }
    let [few, next, _] = &mut engines;
    few.restore(&many.snapshot()).unwrap();
    next.restore(&many.snapshot()).unwrap();
    for name in ["a", "e"] {
        let handle = few.resolve(&SeriesRef::segment("/s", name)).unwrap().unwrap();
        assert!(few.observe(at(1), handle, at(1), 1.0).is_ok());
        assert_eq!(next.observe(at(1), handle, at(1), 1.0).unwrap_err().kind(), ErrorKind::StaleHandle);
    }
}

#[test]
fn a_flush_reaches_what_waits_for_longer_than_there_is_time() {
    let (at, vip) = (DateTime::UNIX_EPOCH, SeriesRef::segment("/s", "vip"));
    let years = |n: u64| Duration::from_secs(n * 365 * 86_400);
    for (hold, lateness, flushed) in [(0, 280, 0), (100, 280, 110), (0, 250, 1)] {
        let mut engine = Engine::new();
        let threshold = Threshold::above(10.0).with_hold(years(hold)).with_lateness(years(lateness));
        engine.add(at, Trigger::segment_threshold_crossed("t", "vip", threshold).build().unwrap()).unwrap();
        for value in [1.0, 20.0] {
            let _ = engine.observe_series(at, &vip, at, value).unwrap();
        }
        engine.flush(at + years(flushed)).unwrap();
        assert!(engine.poll_firing().is_some(), "hold {hold}, lateness {lateness}");
    }
}

#[test]
fn a_handle_of_another_engine_is_refused_even_with_the_same_seed_or_as_a_clone() {
    let (at, vip) = (DateTime::UNIX_EPOCH, SeriesRef::segment("/s", "vip"));
    let make = || {
        let mut engine = Engine::builder().with_hash_seed(7).build();
        let trigger = Trigger::segment_threshold_crossed("t", "*", Threshold::above(10.0)).build().unwrap();
        engine.add(at, trigger).unwrap();
        engine
    };
    let (mut one, mut other) = (make(), make());
    let handle = one.resolve(&vip).unwrap().unwrap();
    let _ = other.resolve(&SeriesRef::segment("/s", "gold")).unwrap();
    let mut clone = one.clone();
    for engine in [&mut other, &mut clone] {
        assert_eq!(engine.observe(at, handle, at, 1.0).unwrap_err().kind(), ErrorKind::StaleHandle);
    }
    assert!(one.observe(at, handle, at, 1.0).is_ok());
}

#[test]
fn without_a_skew_guard_now_means_nothing_and_the_ends_of_time_are_refused() {
    let (at, vip) = (DateTime::UNIX_EPOCH, SeriesRef::segment("/s", "vip"));
    let mut engine = Engine::builder().with_skew(None).build();
    assert!(engine.observe_series(DateTime::<Utc>::MIN_UTC, &vip, at, 1.0).is_ok());
    for end in [i64::MIN, i64::MAX - 1, i64::MAX] {
        let end = DateTime::from_timestamp_nanos(end);
        assert_eq!(engine.observe_series(at, &vip, end, 1.0).unwrap_err().kind(), ErrorKind::Limit);
    }
}
