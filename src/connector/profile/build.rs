//! The trigger that flat fields mean.

use super::kinds::Kind;
use super::read::Reading;
use crate::threshold::{Condition, ThresholdBuilder};
use crate::trigger::{Matcher, Trigger, TriggerBuilder};

type OfBound = (&'static str, fn(f64) -> Condition);

const CONDITIONS: [OfBound; 4] = [
    ("above", Condition::Above),
    ("atOrAbove", Condition::AtOrAbove),
    ("below", Condition::Below),
    ("atOrBelow", Condition::AtOrBelow),
];

/// What stands in for a name that is missing or faulty, so that the rest is judged.
const STAND_IN: &str = "-";

/// Every field is asked for, so that every fault is noted.
pub(super) fn builder(kind: Kind, id: &str, reading: &mut Reading<'_, '_>) -> TriggerBuilder {
    let source = reading.text("instance").map(source_of);
    let builder = match kind {
        Kind::RefreshFailed => Trigger::data_source_refresh_failed(id, data_source(reading)),
        Kind::RefreshSucceeded => Trigger::data_source_refresh_succeeded(id, data_source(reading)),
        Kind::Segment => {
            let segment = required(reading, "segment");
            Trigger::segment_threshold_crossed(id, segment, threshold(reading))
        }
        Kind::Measure => {
            let measure = required(reading, "measure");
            Trigger::measure_threshold_crossed(id, measure, threshold(reading))
        }
        Kind::FullRefresh => {
            let submission = reading.text("submission");
            let builder = with_outcome(Trigger::full_refresh_completed(id), reading);
            match submission {
                Some(way) => builder.with_submission(&*way),
                None => builder,
            }
        }
        Kind::Unification => with_outcome(Trigger::unification_completed(id), reading),
    };
    match source {
        Some(source) => builder.with_source(source),
        None => builder,
    }
}

/// The flat fields that a part of the trigger comes from, the one to name first.
pub(super) fn flat(path: &str) -> (&str, &str) {
    let path = path.strip_prefix("on.").unwrap_or(path);
    let first = path.split(['.', '[']).next().unwrap_or(path);
    match first {
        "source" => ("instance", "instance"),
        bound if CONDITIONS.iter().any(|(name, _)| *name == bound) => ("threshold", "condition"),
        other => (other, other),
    }
}

/// An id alone is the instance of that id as well, so that people need not know how events name it.
fn source_of(instance: String) -> Matcher {
    if instance.is_empty() || instance == "*" || instance.contains('/') {
        Matcher::from(instance)
    } else {
        Matcher::one_of([format!("/instances/{instance}"), instance])
    }
}

fn data_source(reading: &mut Reading<'_, '_>) -> Matcher {
    reading.text("dataSource").map_or(Matcher::Any, Matcher::from)
}

fn required(reading: &mut Reading<'_, '_>, name: &str) -> Matcher {
    Matcher::from(reading.text(name).unwrap_or_else(|| STAND_IN.to_owned()))
}

fn threshold(reading: &mut Reading<'_, '_>) -> ThresholdBuilder {
    let bound = reading.number("threshold");
    let word = reading.text("condition");
    let condition = CONDITIONS.iter().find(|(name, _)| word.as_deref() == Some(name));
    // With NaN every comparison is false, so that no fault follows from another.
    let mut builder = match (bound, condition) {
        (Some(bound), Some((_, condition))) => ThresholdBuilder::new(condition(bound)),
        _ => ThresholdBuilder::new(Condition::Above(f64::NAN)),
    };
    if let Some(rearm) = reading.number("rearm") {
        builder = builder.with_rearm(rearm);
    }
    if let Some(hold) = reading.duration("hold") {
        builder = builder.with_hold(hold);
    }
    builder
}

fn with_outcome(builder: TriggerBuilder, reading: &mut Reading<'_, '_>) -> TriggerBuilder {
    match reading.text("outcome") {
        Some(outcome) => builder.with_outcome(&*outcome),
        None => builder,
    }
}
