//! The threshold fields of a trigger in JSON: read and written.

use std::time::Duration;

use super::fields::Fields;
use super::object::Object;
use super::reader::Reader;
use super::tree::Node;
use crate::threshold::{
    Change, Condition, Direction, Occurrences, OnFirst, OnMissing, Range, Threshold, ThresholdBuilder,
};
use crate::time::format_duration;

type OfBound = (&'static str, fn(f64) -> Condition);

const BOUNDS: [OfBound; 4] = [
    ("above", Condition::Above),
    ("atOrAbove", Condition::AtOrAbove),
    ("below", Condition::Below),
    ("atOrBelow", Condition::AtOrBelow),
];

type OfRange = (&'static str, fn(Range) -> Condition);

const RANGES: [OfRange; 2] =
    [("entersRange", Condition::EntersRange), ("leavesRange", Condition::LeavesRange)];

const DIRECTIONS: [(&str, Direction); 3] =
    [("up", Direction::Up), ("down", Direction::Down), ("either", Direction::Either)];

const ON_FIRST: [(&str, OnFirst); 2] = [("quiet", OnFirst::Quiet), ("fire", OnFirst::Fire)];

const ON_MISSING: [(&str, OnMissing); 3] =
    [("keep", OnMissing::Keep), ("outside", OnMissing::Outside), ("inside", OnMissing::Inside)];

/// A threshold as it was read, as yet unchecked.
pub(super) struct ReadThreshold {
    pub(super) builder: ThresholdBuilder,
    /// The condition has a fault that was noted: the builder's own faults
    /// under this name say nothing new.
    pub(super) noted: Option<&'static str>,
}

/// Reads the condition and the options among the fields of `on`.
pub(super) fn read<'t>(fields: &mut Fields<'_, '_, 't>) -> ReadThreshold {
    let (condition, noted) = read_condition(fields);
    let mut builder = ThresholdBuilder::new(condition);
    if let Some(rearm) = fields.optional("rearm", Reader::number) {
        builder = builder.with_rearm(rearm);
    }
    if let Some(hold) = fields.optional("hold", Reader::duration) {
        builder = builder.with_hold(hold);
    }
    if let Some(keep) = fields.optional("keep", Reader::duration) {
        builder = builder.with_keep(keep);
    }
    if let Some(occurrences) = fields.optional("occurrences", read_occurrences) {
        builder = builder.with_occurrences(occurrences);
    }
    if let Some(on_first) = fields.optional("onFirst", |reader, node| reader.word(node, &ON_FIRST)) {
        builder = builder.with_on_first(on_first);
    }
    if let Some(on_missing) = fields.optional("onMissing", |reader, node| reader.word(node, &ON_MISSING)) {
        builder = builder.with_on_missing(on_missing);
    }
    if let Some(stale_after) = fields.optional("staleAfter", Reader::duration) {
        builder = builder.with_stale_after(stale_after);
    }
    if let Some(lateness) = fields.optional("lateness", Reader::duration) {
        builder = builder.with_lateness(lateness);
    }
    if let Some(remind_every) = fields.optional("remindEvery", Reader::duration) {
        builder = builder.with_remind_every(remind_every);
    }
    if let Some(notify_cleared) = fields.optional("notifyCleared", Reader::boolean) {
        builder = builder.with_notify_cleared(notify_cleared);
    }
    ReadThreshold { builder, noted }
}

/// The one condition. Where it is faulty a `NaN` stands in, with which every
/// comparison is false, so that no fault follows from another; it is also
/// given by name then.
fn read_condition<'t>(fields: &mut Fields<'_, '_, 't>) -> (Condition, Option<&'static str>) {
    let mut found = Vec::new();
    for (name, condition) in BOUNDS {
        if let Some(node) = fields.take(name) {
            let bound = fields.reader.number(node);
            found.push((condition(bound.unwrap_or(f64::NAN)), bound.is_some()));
        }
    }
    for (name, condition) in RANGES {
        if let Some(node) = fields.take(name) {
            let range = read_range(fields.reader, node);
            found.push((condition(range.unwrap_or(Range::new(f64::NAN, f64::NAN))), range.is_some()));
        }
    }
    if let Some(node) = fields.take("changesBy") {
        let change = read_change(fields.reader, node);
        found.push((Condition::ChangesBy(change.unwrap_or(Change::new(f64::NAN))), change.is_some()));
    }
    match &found[..] {
        [(condition, is_sound)] => (*condition, (!is_sound).then_some(condition.name())),
        [] => {
            let message = "no condition: it needs one of `above`, `atOrAbove`, `below`, `atOrBelow`, \
                           `entersRange`, `leavesRange`, `changesBy`";
            fields.reader.fault(fields.node, message);
            (Condition::Above(f64::NAN), Some("above"))
        }
        several => {
            let names: Vec<String> =
                several.iter().map(|(condition, _)| format!("`{}`", condition.name())).collect();
            let message =
                format!("{} conditions, {}: it takes exactly one", several.len(), names.join(" and "));
            fields.reader.fault(fields.node, message);
            (Condition::Above(f64::NAN), Some("above"))
        }
    }
}

fn read_range<'t>(reader: &mut Reader<'t>, node: &Node<'t>) -> Option<Range> {
    let mut fields = reader.fields(node)?;
    let low = fields.required("low", Reader::number);
    let high = fields.required("high", Reader::number);
    let include_low = fields.optional("includeLow", Reader::boolean).unwrap_or(true);
    let include_high = fields.optional("includeHigh", Reader::boolean).unwrap_or(true);
    fields.end();
    Some(Range::new(low?, high?).with_include_low(include_low).with_include_high(include_high))
}

fn read_change<'t>(reader: &mut Reader<'t>, node: &Node<'t>) -> Option<Change> {
    let mut fields = reader.fields(node)?;
    let amount = fields.required("amount", Reader::number);
    let percent = fields.optional("percent", Reader::boolean).unwrap_or(false);
    let direction =
        fields.optional("direction", |reader, node| reader.word(node, &DIRECTIONS)).unwrap_or_default();
    fields.end();
    Some(Change::new(amount?).with_percent(percent).with_direction(direction))
}

/// Where a part is faulty one stands in that is allowed with the others, so
/// that what `occurrences` as such excludes is still noted.
fn read_occurrences<'t>(reader: &mut Reader<'t>, node: &Node<'t>) -> Option<Occurrences> {
    let mut fields = reader.fields(node)?;
    let at_least = fields.required("atLeast", Reader::count).unwrap_or(1);
    let of_last = fields.take("ofLast");
    let within = fields.take("within");
    let occurrences = match (of_last, within) {
        (Some(of_last), None) => {
            Occurrences::of_last(at_least, fields.reader.count(of_last).unwrap_or(at_least.clamp(1, 1_000)))
        }
        (None, Some(within)) => {
            Occurrences::within(at_least, fields.reader.duration(within).unwrap_or(Duration::from_secs(1)))
        }
        (given, _) => {
            let which =
                if given.is_some() { "both `ofLast` and `within`" } else { "neither `ofLast` nor `within`" };
            fields.reader.fault(node, format!("{which}: it takes exactly one of them"));
            Occurrences::within(at_least, Duration::from_secs(1))
        }
    };
    fields.end();
    Some(occurrences)
}

/// Writes the condition and the options that are not at their default.
pub(super) fn write(object: &mut Object<'_>, threshold: &Threshold) {
    write_condition(object, threshold.condition(), false);
    if let Some(rearm) = threshold.rearm() {
        object.number("rearm", rearm);
    }
    write_duration(object, "hold", Some(threshold.hold()));
    write_duration(object, "keep", Some(threshold.keep()));
    match threshold.occurrences() {
        Some(Occurrences::OfLast { at_least, of_last }) => object.object("occurrences", |object| {
            object.number("atLeast", f64::from(at_least));
            object.number("ofLast", f64::from(of_last));
        }),
        Some(Occurrences::Within { at_least, within }) => object.object("occurrences", |object| {
            object.number("atLeast", f64::from(at_least));
            object.text("within", &format_duration(within));
        }),
        None => {}
    }
    write_word(object, "onFirst", threshold.on_first(), &ON_FIRST);
    write_word(object, "onMissing", threshold.on_missing(), &ON_MISSING);
    write_duration(object, "staleAfter", threshold.stale_after());
    write_duration(object, "lateness", Some(threshold.lateness()));
    write_duration(object, "remindEvery", threshold.remind_every());
    if threshold.notify_cleared() {
        object.boolean("notifyCleared", true);
    }
}

/// Writes the condition; what is at its default only where it is asked for in full.
pub(super) fn write_condition(object: &mut Object<'_>, condition: Condition, full: bool) {
    let name = condition.name();
    match condition {
        Condition::Above(bound)
        | Condition::AtOrAbove(bound)
        | Condition::Below(bound)
        | Condition::AtOrBelow(bound) => object.number(name, bound),
        Condition::EntersRange(range) | Condition::LeavesRange(range) => object.object(name, |object| {
            object.number("low", range.low());
            object.number("high", range.high());
            for (name, include) in
                [("includeLow", range.include_low()), ("includeHigh", range.include_high())]
            {
                if full || !include {
                    object.boolean(name, include);
                }
            }
        }),
        Condition::ChangesBy(change) => object.object(name, |object| {
            object.number("amount", change.amount());
            if full || change.percent() {
                object.boolean("percent", change.percent());
            }
            let is_default = change.direction() == Direction::default();
            let word = DIRECTIONS.iter().find(|(_, direction)| *direction == change.direction());
            if let Some((word, _)) = word.filter(|_| full || !is_default) {
                object.text("direction", word);
            }
        }),
    }
}

/// Writes the duration, unless it is zero and so the default.
pub(super) fn write_duration(object: &mut Object<'_>, name: &'static str, duration: Option<Duration>) {
    if let Some(duration) = duration.filter(|duration| !duration.is_zero()) {
        object.text(name, &format_duration(duration));
    }
}

/// Writes the word, unless it is the first and so the default.
fn write_word<T: PartialEq>(object: &mut Object<'_>, name: &'static str, value: T, words: &[(&str, T)]) {
    let place = words.iter().position(|(_, meaning)| *meaning == value);
    if let Some((word, _)) = place.filter(|place| *place > 0).map(|place| &words[place]) {
        object.text(name, word);
    }
}
