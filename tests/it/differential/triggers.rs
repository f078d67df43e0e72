//! Random triggers: every option, over small grids on which bounds, bands and instants coincide.

use serde_json::{Value, json};

use crate::model::rule::Rule;
use crate::model::{Ns, Series, clock};
use crate::random::Random;

/// What the triggers and the steps of one case have in common.
pub(crate) struct World {
    pub(crate) unit: Ns,
    pub(crate) decimal: bool,
    pub(crate) series: Vec<Series>,
}

impl World {
    pub(crate) fn new(r: &mut Random) -> World {
        let text = str::to_owned;
        let make = |source: &str, kind: &str, name: &str, pairs: &[(&str, &str)]| Series {
            source: text(source),
            kind: text(kind),
            name: text(name),
            dimensions: pairs.iter().map(|(k, v)| (text(k), text(v))).collect(),
        };
        let segments = [make("/a", "segment", "vip", &[]), make("/b", "segment", "vip", &[])];
        let more = [make("/a", "segment", "vip-x", &[]), make("/b", "segment", "gold", &[])];
        let measures = [make("/a", "measure", "rev", &[]), make("/a", "measure", "rev", &[("r", "1")])];
        let others = [
            make("/a", "measure", "rev", &[("r", "2")]),
            make("/b", "measure", "rev", &[("r", "1"), ("s", "x")]),
        ];
        let pool = match r.below(4) {
            0 => segments.to_vec(),
            1 => [segments, more].concat(),
            2 => [measures, others].concat(),
            _ => [segments, more, measures, others].concat(),
        };
        let mut series: Vec<Series> = Vec::new();
        for _ in 0..1 + r.below(4) {
            let one = r.pick(&pool);
            if !series.contains(&one) {
                series.push(one);
            }
        }
        let unit = if r.percent(80) { 60_000_000_000 } else { 6 * 3_600_000_000_000 };
        World { unit, decimal: r.percent(30), series }
    }

    pub(crate) fn span(&self, units: i64) -> Value {
        json!(clock::words(Ns::from(units) * self.unit))
    }

    /// From 1 to `most` units; now and then a nanosecond more or less.
    fn some_span(&self, r: &mut Random, most: i64) -> Value {
        let units = Ns::from(r.between(1, most)) * self.unit;
        let nudge = if r.percent(4) { Ns::from(r.between(-1, 1)) } else { 0 };
        json!(clock::words(units + nudge))
    }

    pub(crate) fn value(&self, r: &mut Random) -> f64 {
        if self.decimal {
            r.pick(&[0.0, 0.1, 0.2, 0.1 + 0.2, 0.3, 0.4, 0.7 - 0.1, 0.6, 0.7, 0.8, 1.1, -0.1])
        } else if r.percent(2) {
            -0.0
        } else {
            r.between(-2, 9) as f64
        }
    }

    fn bound(&self, r: &mut Random) -> f64 {
        if self.decimal { r.pick(&[0.0, 0.2, 0.1 + 0.2, 0.3, 0.4, 0.6, 0.7]) } else { r.between(1, 7) as f64 }
    }

    fn margin(&self, r: &mut Random) -> f64 {
        if self.decimal {
            r.pick(&[0.0, 0.1, 0.2, 0.1 + 0.2 - 0.2, 0.3 - 0.1, 0.3])
        } else {
            r.between(0, 3) as f64
        }
    }
}

/// A number as people write it: without a fraction where there is none.
pub(crate) fn number(v: f64) -> Value {
    if v.fract() == 0.0 && v.abs() < 1e15 && !(v == 0.0 && v.is_sign_negative()) {
        json!(v as i64)
    } else {
        json!(v)
    }
}

pub(crate) fn trigger(r: &mut Random, w: &World, id: &str) -> Value {
    loop {
        let mut t = json!({"id": id, "on": {}});
        subject(r, w, &mut t);
        if t["on"]["type"] == "noData" {
            silence(r, w, &mut t);
        } else {
            threshold(r, w, &mut t);
        }
        around(r, w, &mut t);
        if Rule::parse(&t).is_ok() {
            return t;
        }
    }
}

fn subject(r: &mut Random, w: &World, t: &mut Value) {
    let series = r.pick(&w.series);
    let name = match r.below(10) {
        0..6 => json!(series.name),
        6 => json!("*"),
        7 => json!({"prefix": series.name[..2]}),
        8 => json!({"suffix": series.name[1..]}),
        _ => json!({"oneOf": [series.name, "vip-y"]}),
    };
    let on = &mut t["on"];
    if r.percent(18) {
        on["type"] = json!("noData");
        (on["kind"], on["name"]) = (json!(series.kind), name);
    } else if series.kind == "segment" {
        (on["type"], on["segment"]) = (json!("segmentThresholdCrossed"), name);
    } else {
        (on["type"], on["measure"]) = (json!("measureThresholdCrossed"), name);
        if r.percent(30) {
            on["dimensions"] = json!("each");
        } else if !series.dimensions.is_empty() && r.percent(90) {
            let pairs = series.dimensions.iter().map(|(k, v)| (k.clone(), json!(v)));
            on["dimensions"] = Value::Object(pairs.collect());
        }
    }
}

fn silence(r: &mut Random, w: &World, t: &mut Value) {
    t["on"]["within"] = w.some_span(r, 6);
    if r.percent(35) {
        t["on"]["fromStart"] = json!(true);
    }
}

fn threshold(r: &mut Random, w: &World, t: &mut Value) {
    if condition(r, w, &mut t["on"]) {
        if r.percent(40) {
            t["on"]["onMissing"] = json!(r.pick(&["keep", "outside", "inside"]));
        }
        if r.percent(25) {
            t["on"]["onFirst"] = json!(r.pick(&["fire", "fire", "fire", "quiet"]));
        }
        for name in ["hold", "keep", "remindEvery", "notifyCleared", "occurrences"] {
            if r.percent(if name == "occurrences" { 18 } else { 38 }) {
                option(r, w, t, name);
            }
        }
    }
    for (name, percent) in [("staleAfter", 35), ("lateness", 20)] {
        if r.percent(percent) {
            option(r, w, t, name);
        }
    }
}

/// Writes another condition, with its rearm; false for `changesBy`.
pub(crate) fn condition(r: &mut Random, w: &World, on: &mut Value) -> bool {
    let Some(on) = on.as_object_mut() else { return false };
    let words = ["above", "atOrAbove", "below", "atOrBelow", "entersRange", "leavesRange", "changesBy"];
    for word in words.iter().chain(&["rearm"]) {
        on.remove(*word);
    }
    let word = r.pick(&words);
    if word == "changesBy" {
        let percent = r.percent(50);
        let amount = if percent { r.pick(&[10.0, 25.0, 50.0, 100.0, 200.0]) } else { w.margin(r).max(0.1) };
        let mut change = json!({"amount": number(amount), "direction": r.pick(&["up", "down", "either"])});
        if percent {
            change["percent"] = json!(true);
        }
        on.insert(word.to_owned(), change);
        return false;
    }
    let bound = w.bound(r);
    if word.ends_with("Range") {
        let high = if r.percent(15) { bound } else { bound + w.margin(r).max(0.1) + w.margin(r) };
        let mut range = json!({"low": number(bound), "high": number(high)});
        for side in ["includeLow", "includeHigh"] {
            if r.percent(30) {
                range[side] = json!(false);
            }
        }
        on.insert(word.to_owned(), range);
    } else {
        on.insert(word.to_owned(), number(bound));
    }
    if r.percent(45) && !on.contains_key("occurrences") {
        let margin = w.margin(r);
        let rearm = match word {
            "above" | "atOrAbove" => bound - margin,
            "below" | "atOrBelow" => bound + margin,
            _ => margin,
        };
        on.insert("rearm".to_owned(), number(rearm));
    }
    true
}

/// Writes another value of an option.
pub(crate) fn option(r: &mut Random, w: &World, t: &mut Value, name: &str) {
    let on = &mut t["on"];
    match name {
        "hold" | "keep" => on[name] = w.some_span(r, 4),
        "remindEvery" => on[name] = w.span(r.between(1, 4)),
        "notifyCleared" => on[name] = json!(true),
        "staleAfter" | "lateness" => on[name] = w.some_span(r, 5),
        "occurrences" => {
            let at_least = r.between(1, 3);
            on[name] = if r.percent(50) {
                json!({"atLeast": at_least, "ofLast": at_least + r.between(0, 2)})
            } else {
                json!({"atLeast": at_least, "within": w.some_span(r, 5)})
            };
            if let Some(on) = on.as_object_mut() {
                on.remove("rearm");
            }
        }
        "cooldown" => t[name] = w.some_span(r, 6),
        "limit" => t[name] = json!({"max": r.between(1, 3), "per": w.some_span(r, 8)}),
        "source" => t[name] = r.pick(&[json!("/a"), json!("*"), json!({"prefix": "/"}), json!("/b")]),
        "where" => t[name] = json!([filter(r, w, 1)]),
        _ => {}
    }
}

/// What stands beside `on`.
fn around(r: &mut Random, w: &World, t: &mut Value) {
    for (name, percent) in [("cooldown", 25), ("limit", 15), ("source", 15), ("where", 20)] {
        if r.percent(percent) {
            option(r, w, t, name);
        }
    }
    if r.percent(6) {
        t["enabled"] = json!(false);
    }
}

/// At the top also filters that look at nothing but the series; nested ones look at the event.
fn filter(r: &mut Random, w: &World, depth: usize) -> Value {
    let nested = |r: &mut Random| filter(r, w, 0);
    match r.below(if depth > 0 { 12 } else { 7 }) {
        0 => json!({"exact": {"subject": "x"}}),
        1 => json!({"prefix": {"subject": "x", "id": "e"}}),
        2 => json!({"data": {"path": "/sequence", "op": "exists"}}),
        3 => json!({"data": {"path": "/owners", "op": "contains", "value": "ana"}}),
        4..7 => {
            let op = r.pick(&["eq", "ne", "lt", "le", "gt", "ge", "exists"]);
            let value = if op == "exists" { json!(true) } else { number(w.value(r)) };
            json!({"data": {"path": "/value", "op": op, "value": value}})
        }
        7 => json!({"prefix": {"source": "/"}}),
        8 => json!({"exact": {"source": r.pick(&["/a", "/b"])}}),
        9 => json!({"all": [nested(r), nested(r)]}),
        10 => json!({"any": [nested(r), nested(r)]}),
        _ => json!({"not": nested(r)}),
    }
}

/// Members of a trigger that may be left out of it.
pub(crate) fn optional(t: &Value) -> Vec<(&'static str, String)> {
    let members = |v: &Value| v.as_object().cloned().unwrap_or_default();
    let needed = ["id", "on", "type", "segment", "measure", "kind", "name"];
    let outer = members(t).into_iter().map(|(name, _)| ("", name));
    let inner = members(&t["on"]).into_iter().map(|(name, _)| ("on", name));
    outer.chain(inner).filter(|(_, name)| !needed.contains(&name.as_str())).collect()
}
