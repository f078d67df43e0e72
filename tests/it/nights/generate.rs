//! Random nights: a few triggers, sources, items and jobs, and times on a small grid, so that what may coincide does.

use serde_json::{Value, json};

use super::trigger::PHASES;
use crate::model::{Ns, clock};
use crate::random::Random;

const TYPES: [&str; 7] = [
    "dataSourceRefreshFailed",
    "dataSourceRefreshSucceeded",
    "refreshCompleted",
    "fullRefreshCompleted",
    "unificationCompleted",
    "eventReceived",
    "noData",
];
const EVENT_TYPES: [&str; 4] =
    ["com.example.x", "tripline.refresh.completed", "tripline.job.completed", "tripline.value.observed"];

/// What a night turns on.
#[derive(Clone, Copy, PartialEq)]
enum Theme {
    Anything,
    DataSources,
    Jobs,
    /// So many tasks of one item that what is remembered of it runs over.
    Flood,
}

struct World {
    theme: Theme,
    unit: Ns,
    sources: Vec<&'static str>,
    items: Vec<Value>,
    jobs: usize,
}

pub(crate) fn night(seed: u64) -> Value {
    let mut r = Random(seed);
    let theme = match r.below(100) {
        0..40 => Theme::Anything,
        40..72 => Theme::DataSources,
        72..98 => Theme::Jobs,
        _ => Theme::Flood,
    };
    let named = |id: &str, name: &str| json!({"id": id, "name": name});
    let pool = [
        named("ds-1", "Loyalty"),
        named("ds-2", "Web"),
        named("ds-1", "Web"),
        json!({"id": "ds-1"}),
        json!({"id": "ds-2"}),
        named("Loyalty", "x"),
        Value::Null,
    ];
    let count = if theme == Theme::Flood { 1 } else { 1 + r.below(4) };
    let w = World {
        theme,
        unit: if r.percent(75) { 60_000_000_000 } else { 6 * 3_600_000_000_000 },
        sources: if r.percent(70) { vec!["/a"] } else { vec!["/a", "/b"] },
        items: (0..count).map(|_| r.pick(&pool)).collect(),
        jobs: 1 + r.below(3),
    };
    let count = 1 + r.below(5);
    let triggers: Vec<Value> = (0..count).map(|n| w.trigger(&mut r, &format!("t{n}"))).collect();
    let mut maker = Maker { now: 0, events: 0, named: count, given: vec![] };
    let length = if theme == Theme::Flood { 150 + r.below(150) } else { 10 + r.below(31) };
    let mut steps: Vec<Value> = (0..length).map(|_| maker.step(&mut r, &w)).collect();
    if r.percent(60) {
        steps.push(json!({"flush": clock::words(maker.now + w.unit * Ns::from(r.between(0, 8)))}));
    }
    let mut night = json!({"name": format!("seed {seed}"), "triggers": triggers, "steps": steps});
    if r.percent(50) {
        night["jobs"] = json!(r.between(1, 2));
    }
    night
}

impl World {
    fn trigger(&self, r: &mut Random, id: &str) -> Value {
        let word = match self.theme {
            Theme::Anything => r.pick(&TYPES),
            Theme::Jobs if r.percent(70) => {
                let words = [
                    "unificationCompleted",
                    "unificationCompleted",
                    "fullRefreshCompleted",
                    "refreshCompleted",
                ];
                r.pick(&words)
            }
            Theme::Jobs => r.pick(&TYPES),
            _ => {
                r.pick(&["dataSourceRefreshFailed", "dataSourceRefreshFailed", "noData", "refreshCompleted"])
            }
        };
        let mut on = json!({"type": word});
        match word {
            "dataSourceRefreshFailed" => {
                self.matcher(r, &mut on, "dataSource");
                if r.percent(75) {
                    let longest = if self.theme == Theme::Flood { 60 } else { 5 };
                    on["settle"] = self.span(r, longest);
                }
                if r.percent(40) {
                    on["includeRetrying"] = json!(r.percent(80));
                }
            }
            "dataSourceRefreshSucceeded" => self.matcher(r, &mut on, "dataSource"),
            "refreshCompleted" => {
                self.matcher(r, &mut on, "item");
                if r.percent(40) {
                    on["process"] = json!(r.pick(&["ingestion", "ingestion", "map", "search"]));
                }
            }
            "fullRefreshCompleted" if r.percent(40) => {
                on["submission"] = json!(r.pick(&["scheduled", "onDemand", "any"]));
            }
            "eventReceived" => on["eventType"] = json!(r.pick(&EVENT_TYPES)),
            "noData" => {
                self.matcher(r, &mut on, "name");
                if on.get("name").is_none() {
                    on["name"] = json!("*");
                }
                (on["kind"], on["within"]) = (json!("dataSource"), self.span(r, 6));
                if r.percent(30) {
                    on["fromStart"] = json!(true);
                }
            }
            _ => {}
        }
        if ["refreshCompleted", "fullRefreshCompleted", "unificationCompleted"].contains(&word)
            && r.percent(35)
        {
            on["outcome"] = json!(r.pick(&["any", "succeeded", "failed", "odd"]));
        }
        let mut t = json!({"id": id, "on": on});
        if r.percent(25) {
            t["cooldown"] = self.span(r, 6);
        }
        if r.percent(12) {
            t["limit"] = json!({"max": r.between(1, 3), "per": self.span(r, 8)});
        }
        if r.percent(10) {
            t["source"] = r.pick(&[json!("/a"), json!("*"), json!({"prefix": "/"}), json!("/b")]);
        }
        if r.percent(15) {
            t["where"] = json!([filter(r, 1)]);
        }
        if r.percent(6) {
            t["enabled"] = json!(false);
        }
        t
    }

    fn matcher(&self, r: &mut Random, on: &mut Value, name: &str) {
        let flood = if self.theme == Theme::Flood { 5 } else { 13 };
        match r.below(flood) {
            0..4 => {}
            4 => on[name] = json!("*"),
            5 | 6 => on[name] = json!(r.pick(&["ds-1", "ds-2"])),
            7..9 => on[name] = json!(r.pick(&["Loyalty", "Web"])),
            9 => on[name] = json!({"prefix": r.pick(&["ds", "L", "Web"])}),
            10 => on[name] = json!({"suffix": r.pick(&["-1", "b"])}),
            _ => on[name] = json!({"oneOf": r.pick(&[["ds-2", "Loyalty"], ["ds-1", "none"]])}),
        }
    }

    /// From 1 to `most` units; now and then a nanosecond more or less.
    fn span(&self, r: &mut Random, most: i64) -> Value {
        let nudge = if r.percent(3) { Ns::from(r.between(-1, 1)) } else { 0 };
        json!(clock::words(Ns::from(r.between(1, most)) * self.unit + nudge))
    }
}

fn filter(r: &mut Random, depth: usize) -> Value {
    let nested = |r: &mut Random| filter(r, 0);
    match r.below(if depth > 0 { 12 } else { 8 }) {
        0 => json!({"exact": {"subject": "x"}}),
        1 => json!({"prefix": {"subject": "x", "id": "e"}}),
        2 => json!({"data": {"path": "/jobId", "op": "exists", "value": r.percent(70)}}),
        3 => json!({"data": {"path": "/owners", "op": "contains", "value": "ana"}}),
        4 => json!({"data": {"path": "/item/id", "op": r.pick(&["eq", "ne"]), "value": "ds-1"}}),
        5 => json!({"data": {"path": "/outcome", "op": r.pick(&["eq", "ne", "lt"]), "value": "failed"}}),
        6 => json!({"data": {"path": "/item/name", "op": "contains", "value": "o"}}),
        7 => json!({"exact": {"source": r.pick(&["/a", "/b"])}}),
        8 => json!({"suffix": {"type": "completed"}}),
        9 => json!({"all": [nested(r), nested(r)]}),
        10 => json!({"any": [nested(r), nested(r)]}),
        _ => json!({"not": nested(r)}),
    }
}

struct Maker {
    /// The largest time so far, from the start of the corpus.
    now: Ns,
    events: usize,
    named: usize,
    given: Vec<Value>,
}

impl Maker {
    fn step(&mut self, r: &mut Random, w: &World) -> Value {
        let id = |r: &mut Random, maker: &Maker| json!(format!("t{}", r.below(maker.named)));
        match r.below(if w.theme == Theme::Flood { 900 } else { 100 }) {
            0..6 => json!({"tick": self.moved(r, w)}),
            6 => json!({"flush": self.moved(r, w)}),
            7 | 8 => json!({"enable": id(r, self)}),
            9 => json!({"disable": id(r, self)}),
            10 | 11 => {
                self.named += 1;
                json!({"add": w.trigger(r, &format!("t{}", self.named - 1))})
            }
            12 => {
                let id = format!("t{}", r.below(self.named));
                json!({"add": w.trigger(r, &id)})
            }
            13 => json!({"remove": id(r, self)}),
            14..18 if !self.given.is_empty() => self.again(r, w),
            _ => self.event(r, w),
        }
    }

    /// A time a little after the largest one so far, or before it.
    fn moved(&mut self, r: &mut Random, w: &World) -> Value {
        let far = if w.theme == Theme::Flood { -80 } else { -6 };
        let units = if r.percent(22) { r.between(far, -1) } else { r.pick(&[0, 0, 1, 1, 1, 2, 3, 5]) };
        let nudge = if r.percent(4) { Ns::from(r.between(-1, 1)) } else { 0 };
        // A nudge is taken back by the next time, so that the grid stays.
        let t = (self.now - self.now % w.unit + Ns::from(units) * w.unit + nudge).max(0);
        self.now = self.now.max(t);
        json!(clock::words(t))
    }

    /// An id that has been given before, with the same event or another one.
    fn again(&mut self, r: &mut Random, w: &World) -> Value {
        let mut again = r.pick(&self.given);
        let Some(members) = again.as_object_mut().and_then(|o| o.values_mut().next()) else { return again };
        if r.percent(40) {
            members["at"] = self.moved(r, w);
        }
        if r.percent(20) && members.get("outcome").is_some() {
            members["outcome"] = outcome(r);
        }
        again
    }

    fn event(&mut self, r: &mut Random, w: &World) -> Value {
        self.events += 1;
        let jobs = if w.theme == Theme::Jobs { 70 } else { 15 };
        let (word, mut event) = match r.below(100) {
            _ if w.theme == Theme::Flood => ("task", ingestion(r, w)),
            n if n < jobs => ("task", phase(r, w)),
            88..94 => ("job", run(r, w)),
            94 | 95 => ("value", json!({"name": "vip"})),
            96 | 97 => {
                ("event", json!({"type": r.pick(&["com.example.x", "com.example.y"]), "data": {"n": 1}}))
            }
            _ if w.theme == Theme::Jobs && r.percent(60) => ("job", run(r, w)),
            _ => ("task", ingestion(r, w)),
        };
        event["id"] = json!(format!("e{}", self.events));
        event["source"] = json!(r.pick(&w.sources));
        if r.percent(97) {
            event["at"] = self.moved(r, w);
        }
        if r.percent(20) {
            event["subject"] = json!(r.pick(&["x", "xy", "z"]));
        }
        if r.percent(20) && word != "event" {
            event["owners"] = r.pick(&[json!(["ana"]), json!(["bob", "ana"]), json!([])]);
        }
        if r.percent(4) && word != "event" {
            spoil(r, &mut event);
        }
        let step = json!({word: event});
        self.given.push(step.clone());
        step
    }
}

fn outcome(r: &mut Random) -> Value {
    let words =
        ["succeeded", "succeeded", "succeeded", "failed", "failed", "timedOut", "skipped", "canceled", "odd"];
    json!(r.pick(&words))
}

fn ingestion(r: &mut Random, w: &World) -> Value {
    let mut task = json!({"outcome": outcome(r)});
    if w.theme == Theme::Flood {
        task["outcome"] = json!(if r.percent(80) { "failed" } else { "succeeded" });
    }
    let item = r.pick(&w.items);
    if !item.is_null() {
        task["item"] = item;
    }
    if r.percent(30) {
        let kinds = [json!("permanent"), json!("retrying"), json!("retrying"), json!("else"), Value::Null];
        task["failure"] = json!({"kind": r.pick(&kinds)});
        if r.percent(50) {
            task["failure"]["message"] = json!("login \"refused\"");
        }
    }
    if r.percent(25) {
        task["jobId"] = job(r, w);
    }
    if r.percent(12) && w.theme != Theme::Flood {
        task["process"] = json!(r.pick(&["search", "map", "somethingNew"]));
    }
    task
}

/// One job more often than the others.
fn job(r: &mut Random, w: &World) -> Value {
    json!(format!("j{}", if r.percent(40) { 0 } else { r.below(w.jobs) }))
}

fn phase(r: &mut Random, w: &World) -> Value {
    let mut task = json!({"process": r.pick(&PHASES), "outcome": outcome(r)});
    if r.percent(95) {
        task["jobId"] = job(r, w);
    }
    if r.percent(10) {
        task["item"] = json!({"id": "ds-1"});
    }
    task
}

fn run(r: &mut Random, w: &World) -> Value {
    let scope = r.pick(&["full", "full", "full", "incremental"]);
    let mut job = json!({"jobId": job(r, w), "scope": scope, "outcome": outcome(r)});
    if r.percent(60) {
        job["submission"] = json!(r.pick(&["scheduled", "onDemand", "odd"]));
    }
    if r.percent(30) {
        job["operation"] = json!("all");
    }
    job
}

/// Makes the data faulty.
fn spoil(r: &mut Random, event: &mut Value) {
    let members = [("outcome", json!(1)), ("owners", json!(["ana", 2])), ("owners", json!("ana"))];
    let of_task = [
        ("process", json!("")),
        ("item", json!({"id": ""})),
        ("item", json!({"name": "x"})),
        ("jobId", json!("")),
        ("failure", json!({"kind": 1})),
        ("endedAt", json!("now")),
        ("outcome", Value::Null),
    ];
    for _ in 0..1 + r.below(2) {
        let is_task = event.get("process").is_some() || event.get("item").is_some();
        let (name, value) = if is_task { r.pick(&of_task) } else { r.pick(&members) };
        event[name] = value;
    }
}
