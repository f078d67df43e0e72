//! A trigger as JSON, in one spelling.

use super::object::{document, write_object};
use super::{Limit, Trigger, matchers, on, thresholds};
use crate::threshold::Threshold;
use crate::time::format_duration;

/// The trigger as JSON; `on` is the name of the member that says what to watch for.
pub(crate) fn trigger_json(trigger: &Trigger, on_name: &'static str) -> String {
    document(|object| {
        object.text("id", trigger.id());
        if let Some(name) = trigger.name() {
            object.text("name", name);
        }
        if !trigger.enabled() {
            object.boolean("enabled", false);
        }
        object.object(on_name, |object| on::write(object, trigger));
        if let Some(source) = trigger.source() {
            matchers::write(object, "source", source);
        }
        if !trigger.filters().is_empty() {
            object.array("where", trigger.filters(), |out, filter| filter.push_json(out));
        }
        if let Some(cooldown) = trigger.cooldown() {
            object.text("cooldown", &format_duration(cooldown));
        }
        if let Some(Limit { max, per }) = trigger.limit() {
            object.object("limit", |object| {
                object.number("max", f64::from(max));
                object.text("per", &format_duration(per));
            });
        }
    })
}

/// The condition as a firing tells it: an object, in full.
pub(crate) fn condition_json(threshold: &Threshold) -> String {
    let mut text = String::new();
    push_condition_json(&mut text, threshold);
    text
}

/// Appends [`condition_json`]'s text.
pub(crate) fn push_condition_json(text: &mut String, threshold: &Threshold) {
    write_object(text, |object| thresholds::write_condition(object, threshold.condition(), true));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::threshold::{Direction, ThresholdBuilder};

    #[test]
    fn a_condition_is_written_in_full() {
        let json = |builder: ThresholdBuilder| condition_json(&builder.build().unwrap());
        assert_eq!(json(Threshold::above(1000.0).with_rearm(950.0)), r#"{"above":1000}"#);
        assert_eq!(json(Threshold::at_or_below(-0.0)), r#"{"atOrBelow":0}"#);
        assert_eq!(
            json(Threshold::enters_range(0.1..=2e300)),
            r#"{"entersRange":{"low":0.1,"high":2e300,"includeLow":true,"includeHigh":true}}"#,
        );
        assert_eq!(
            json(Threshold::leaves_range(1.0..2.0)),
            r#"{"leavesRange":{"low":1,"high":2,"includeLow":true,"includeHigh":false}}"#,
        );
        assert_eq!(
            json(Threshold::changes_by(10.0)),
            r#"{"changesBy":{"amount":10,"percent":false,"direction":"either"}}"#,
        );
        assert_eq!(
            json(Threshold::changes_by_percent(2.5).with_direction(Direction::Down)),
            r#"{"changesBy":{"amount":2.5,"percent":true,"direction":"down"}}"#,
        );
    }
}
