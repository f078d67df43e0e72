//! Random steps for a set of triggers.

use serde_json::{Value, json};

use super::left_out::Known;
use super::triggers::{World, condition, number, option, trigger};
use crate::model::rule::Rule;
use crate::model::{Ns, clock};
use crate::random::Random;

/// A whole case in the corpus's form, without what it should give.
pub(crate) fn case(seed: u64) -> Value {
    let mut r = Random(seed);
    let w = World::new(&mut r);
    let count = 1 + r.below(4);
    let triggers: Vec<Value> = (0..count).map(|n| trigger(&mut r, &w, &format!("t{n}"))).collect();
    let mut known = Known::new(&triggers);
    let mut maker = Maker { now: 0, observed: 0, named: count, sequences: r.percent(30), given: vec![] };
    let mut steps = Vec::new();
    for _ in 0..20 + r.below(41) {
        let step = maker.step(&mut r, &w, &known);
        if known.allows(&step) {
            known.note(&step);
            steps.push(step);
        }
    }
    if r.percent(60) {
        steps.push(json!({"flush": clock::words(maker.now + w.unit * Ns::from(r.between(0, 8)))}));
    }
    json!({"name": format!("seed {seed:#x}"), "triggers": triggers, "steps": steps})
}

struct Maker {
    /// The largest time so far, from the start of the corpus.
    now: Ns,
    observed: usize,
    named: usize,
    sequences: bool,
    given: Vec<Value>,
}

impl Maker {
    fn step(&mut self, r: &mut Random, w: &World, known: &Known) -> Value {
        match r.below(100) {
            0..80 => self.observation(r, w),
            80..87 => json!({"tick": self.moved(r, w)}),
            87..89 => json!({"flush": self.moved(r, w)}),
            89..93 => self.replacement(r, w, known),
            93..96 => {
                let id = known.some_id(r);
                if r.percent(60) { json!({"enable": id}) } else { json!({"disable": id}) }
            }
            96..98 => {
                self.named += 1;
                json!({"add": trigger(r, w, &format!("t{}", self.named - 1))})
            }
            _ => json!({"remove": known.some_id(r)}),
        }
    }

    /// A time a little after, or now and then before, the largest one so far.
    fn moved(&mut self, r: &mut Random, w: &World) -> Value {
        let units = if r.percent(10) { r.between(-3, 0) } else { r.pick(&[0, 1, 1, 2, 3, 6]) };
        let t = (self.now + Ns::from(units) * w.unit).max(0);
        self.now = self.now.max(t);
        json!(clock::words(t))
    }

    fn observation(&mut self, r: &mut Random, w: &World) -> Value {
        self.observed += 1;
        if r.percent(5) && !self.given.is_empty() {
            let mut again = r.pick(&self.given);
            if r.percent(50) {
                again["at"] = json!(clock::words(self.now));
                again["value"] = number(w.value(r));
            }
            return json!({"observe": again});
        }
        let series = r.pick(&w.series);
        let units = if r.percent(15) { r.between(-5, -1) } else { r.pick(&[0, 0, 0, 1, 1, 1, 2, 2, 3, 5]) };
        let nudge = if r.percent(5) { Ns::from(r.between(-1, 1)) } else { 0 };
        // A nudge is taken back by the next observation, so that the grid stays.
        let grid = self.now - self.now % w.unit;
        let base = if r.percent(70) { grid } else { self.now };
        let t = (base + Ns::from(units) * w.unit + nudge).max(0);
        self.now = self.now.max(t);
        let value = if r.percent(9) { Value::Null } else { number(w.value(r)) };
        let mut o = json!({"source": series.source, "name": series.name, "at": clock::words(t), "value": value,
            "id": format!("e{}", self.observed)});
        if value.is_number() && r.percent(1) {
            o["value"] = json!(r.pick(&["inf", "-inf"]));
        }
        if series.kind != "segment" {
            o["kind"] = json!(series.kind);
        }
        if !series.dimensions.is_empty() {
            let pairs = series.dimensions.iter().map(|(k, v)| (k.clone(), json!(v)));
            o["dimensions"] = Value::Object(pairs.collect());
        }
        if self.sequences && r.percent(60) {
            o["sequence"] = json!(r.between(1, 4));
        }
        if r.percent(25) {
            o["subject"] = json!(r.pick(&["x", "xy", "z"]));
        }
        if r.percent(25) {
            o["owners"] = r.pick(&[json!(["ana"]), json!(["bob", "ana"])]);
        }
        self.given.push(o.clone());
        json!({"observe": o})
    }

    fn replacement(&mut self, r: &mut Random, w: &World, known: &Known) -> Value {
        for _ in 0..20 {
            let Some(mut t) = known.some_trigger(r) else { break };
            let id = t["id"].as_str().unwrap_or_default().to_owned();
            if r.percent(8) {
                t = trigger(r, w, &id);
            } else if t["on"]["type"] == "noData" {
                t["on"]["within"] = w.span(r.between(1, 6));
            } else if r.percent(55) {
                condition(r, w, &mut t["on"]);
            }
            let names = [
                "hold",
                "keep",
                "remindEvery",
                "notifyCleared",
                "staleAfter",
                "lateness",
                "occurrences",
                "cooldown",
                "limit",
                "source",
                "where",
                "onFirst",
                "onMissing",
            ];
            for _ in 0..r.below(3) {
                let name = r.pick(&names);
                let is_outer = ["cooldown", "limit", "source", "where"].contains(&name);
                let members = if is_outer { &mut t } else { &mut t["on"] };
                if members.get(name).is_some() && r.percent(60) {
                    members.as_object_mut().map(|members| members.remove(name));
                } else if is_outer || t["on"]["type"] != "noData" {
                    option(r, w, &mut t, name);
                }
            }
            let apply_now = r.percent(30);
            let step = json!({"replace": t, "applyNow": apply_now});
            if Rule::parse(&t).is_ok() && known.allows(&step) {
                return step;
            }
        }
        json!({"tick": self.moved(r, w)})
    }
}
