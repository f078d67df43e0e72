//! What the rules leave open, and the cases therefore leave out.

use serde_json::{Value, json};

use crate::model::rule::{Rule, What};
use crate::random::Random;

/// The triggers as they stand while steps are gone through.
pub(crate) struct Known {
    triggers: Vec<Value>,
    gone: Vec<Value>,
}

/// Whether some step of the case is one of those left out.
pub(crate) fn is_left_out(case: &Value) -> bool {
    let triggers = case["triggers"].as_array().map_or(&[][..], Vec::as_slice);
    let mut known = Known::new(triggers);
    let is_refused = |t: &Value| Rule::parse(t).is_err();
    triggers.iter().any(is_refused)
        || case["steps"].as_array().into_iter().flatten().any(|step| {
            let allowed = known.allows(step);
            known.note(step);
            !allowed || step.get("add").is_some_and(is_refused)
        })
}

impl Known {
    pub(crate) fn new(triggers: &[Value]) -> Known {
        Known { triggers: triggers.to_vec(), gone: vec![] }
    }

    pub(crate) fn some_trigger(&self, r: &mut Random) -> Option<Value> {
        (!self.triggers.is_empty()).then(|| r.pick(&self.triggers))
    }

    pub(crate) fn some_id(&self, r: &mut Random) -> Value {
        self.some_trigger(r).map_or(json!("none"), |t| t["id"].clone())
    }

    pub(crate) fn note(&mut self, step: &Value) {
        if let Some(t) = step.get("add") {
            self.triggers.push(t.clone());
        }
        if let Some(t) = step.get("replace")
            && let Some(known) = self.triggers.iter_mut().find(|known| known["id"] == t["id"])
        {
            *known = t.clone();
        }
        if let Some(id) = step.get("remove") {
            self.gone.extend(self.triggers.extract_if(.., |t| t["id"] == *id));
        }
    }

    pub(crate) fn allows(&self, step: &Value) -> bool {
        if let Some(t) = step.get("add") {
            // An id that comes back; a series that nobody watched in between.
            return self.gone.iter().all(|gone| gone["id"] != t["id"])
                && self.triggers.iter().all(|other| other["id"] != t["id"]);
        }
        let Some(t) = step.get("replace") else { return true };
        let Some(old) = self.triggers.iter().find(|old| old["id"] == t["id"]) else {
            return false;
        };
        let (Ok(was), Ok(is)) = (Rule::parse(old), Rule::parse(t)) else { return false };
        // What a new limit or cooldown knows of before.
        let raised = is.limit.is_some_and(|(max, _)| was.limit.is_none_or(|(before, _)| before < max));
        let cools = is.cooldown > 0 && was.cooldown == 0;
        if raised || cools {
            return false;
        }
        // What a series that has reported is to a silence counted from the start only now.
        let from_start = |rule: &Rule| matches!(rule.what, What::Silence { from_start: true, .. });
        let is_other = was.is_whole() != is.is_whole();
        if from_start(&was) != from_start(&is) || from_start(&is) && is_other {
            return false;
        }
        let (What::Threshold(a), What::Threshold(b)) = (&was.what, &is.what) else { return true };
        let rejudges = a.condition != b.condition
            || a.rearm != b.rearm
            || a.occurrences != b.occurrences
            || a.on_missing != b.on_missing;
        // Two ways to write one condition: above 0.3 is at or above the next number.
        if rejudges
            && (a.numbers().iter())
                .any(|x| b.numbers().iter().any(|y| x.next_up() == *y || y.next_up() == *x))
        {
            return false;
        }
        let either = |word: &str| a.on_missing == word || b.on_missing == word;
        let has_sides_from_nulls = either("outside") || either("inside");
        let has_stale = a.stale_after.is_some() || b.stale_after.is_some();
        let lateness_switched = (was.lateness == 0) != (is.lateness == 0);
        !(rejudges && has_sides_from_nulls
            || either("outside") && has_stale
            || a.is_change() && b.is_change() && rejudges
            || step["applyNow"] == true && (was.lateness > 0 || is.lateness > 0)
            || lateness_switched)
    }
}
