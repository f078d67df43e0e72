//! Random operations, and a naive model that says what must come of each.
//!
//! `TRIPLINE_SCHEDULES` says how many seeds, `TRIPLINE_SEED` where to begin.

use std::time::Duration;

use serde_json::Value;
use tripline::connector::Limits;

use super::host::{self, Host, Setup, delete, get, header, json, location, status, vip};
use crate::random::Random;

const PRINCIPALS: [&str; 3] = ["ana", "bo", "cy"];
const THRESHOLDS: [f64; 2] = [10.0, 20.0];
const CAP: usize = 4;
const PAGE: usize = 2;
/// Firings that a pipeline remembers.
const KEPT: usize = 8;
const MONTH: i64 = 30 * 86_400;

/// A subscription or a polled trigger.
struct Entry {
    principal: &'static str,
    threshold: f64,
    /// Where it is told, and what the receiver answers; of a polled trigger, nothing.
    hook: Option<(String, u16)>,
    path: String,
    is_inside: Option<bool>,
    active: i64,
    is_there: bool,
    /// Which of all firings are its own, and their values.
    firings: Vec<(usize, f64)>,
}

/// What a poller was handed.
#[derive(Clone)]
struct State {
    principal: &'static str,
    threshold: f64,
    path: String,
    entry: usize,
    cursor: usize,
}

#[derive(Default)]
struct Model {
    entries: Vec<Entry>,
    states: Vec<State>,
    fired: usize,
    now: i64,
    /// What must have been sent, by path.
    sent: Vec<(String, f64)>,
}

impl Model {
    fn count(&self, principal: &str) -> usize {
        self.entries.iter().filter(|entry| entry.is_there && entry.principal == principal).count()
    }

    fn polled(&self, principal: &str, threshold: f64) -> Option<usize> {
        self.entries.iter().position(|entry| {
            entry.is_there
                && entry.hook.is_none()
                && entry.principal == principal
                && entry.threshold == threshold
        })
    }

    fn add(
        &mut self,
        principal: &'static str,
        threshold: f64,
        hook: Option<(String, u16)>,
        path: String,
    ) -> usize {
        let (is_inside, firings) = (None, Vec::new());
        let (active, is_there) = (self.now, true);
        self.entries.push(Entry { principal, threshold, hook, path, is_inside, active, is_there, firings });
        self.entries.len() - 1
    }

    fn expire(&mut self) {
        for entry in &mut self.entries {
            entry.is_there &= entry.active + MONTH > self.now;
        }
    }

    fn observe(&mut self, value: f64) {
        for entry in self.entries.iter_mut().filter(|entry| entry.is_there) {
            let is_inside = value > entry.threshold;
            if is_inside && entry.is_inside == Some(false) {
                entry.firings.push((self.fired, value));
                self.fired += 1;
                if let Some((path, answer)) = &entry.hook {
                    self.sent.push((path.clone(), value));
                    match answer {
                        202 => entry.active = self.now,
                        410 => entry.is_there = false,
                        _ => {}
                    }
                }
            }
            entry.is_inside = Some(is_inside);
        }
    }

    /// What a poll with a cursor gives: values, how many were missed, and the next cursor.
    fn page(&self, entry: usize, cursor: usize) -> (Vec<f64>, usize, usize) {
        let firings = &self.entries[entry].firings;
        let oldest = self.fired.saturating_sub(KEPT);
        let first = firings.iter().position(|(number, _)| *number >= oldest).unwrap_or(firings.len());
        let from = cursor.max(first);
        let page: Vec<f64> = firings[from..].iter().take(PAGE).map(|(_, value)| *value).collect();
        let next = from + page.len();
        (page, from - cursor, next)
    }
}

struct Run {
    host: Host,
    model: Model,
    random: Random,
    counts: std::collections::BTreeMap<&'static str, usize>,
}

impl Run {
    fn new(seed: u64) -> Self {
        let limits =
            Limits::default().with_per_principal(CAP).with_poll_page(PAGE).with_activity_step(Duration::ZERO);
        let pipeline = tripline::pipeline::Limits::default().with_firings(KEPT);
        let host = Host::with(Setup { limits, pipeline, ..Setup::default() });
        Self { host, model: Model::default(), random: Random(seed), counts: Default::default() }
    }

    fn step(&mut self) -> &'static str {
        match self.random.below(100) {
            0..15 => self.subscribe(),
            15..22 => self.unsubscribe(),
            22..32 => self.read(),
            32..47 => self.poll(),
            47..50 => self.forge(),
            50..85 => self.observe(),
            85..95 => self.wait(),
            95..97 => self.checkpoint(),
            _ => self.restart(),
        }
    }

    fn subscribe(&mut self) -> &'static str {
        let (principal, threshold) = (self.random.pick(&PRINCIPALS), self.random.pick(&THRESHOLDS));
        let answer = self.random.pick(&[202, 202, 202, 410, 400]);
        let hook = format!("/h{}", self.model.entries.len());
        let is_inside = self.random.percent(15);
        let host = if is_inside { "inside.contoso.example" } else { "hooks.contoso.example" };
        let made = self.host.request(principal, vip(threshold, &format!("https://{host}{hook}")));
        if self.model.count(principal) >= CAP {
            assert_eq!(status(&made), 429);
            return "over the cap";
        }
        if is_inside {
            assert_eq!(status(&made), 400);
            return "inside";
        }
        assert_eq!(status(&made), 201);
        self.host.net.answers(&hook, answer);
        self.model.add(principal, threshold, Some((hook, answer)), location(&made));
        "subscribed"
    }

    /// Any subscription that ever was, mostly by the one whose it is.
    fn any(&mut self) -> Option<(usize, &'static str, String)> {
        let told: Vec<usize> =
            (0..self.model.entries.len()).filter(|at| self.model.entries[*at].hook.is_some()).collect();
        if told.is_empty() {
            return None;
        }
        let at = self.random.pick(&told);
        let entry = &self.model.entries[at];
        let (own, path) = (entry.principal, entry.path.clone());
        let principal = if self.random.percent(70) { own } else { self.random.pick(&PRINCIPALS) };
        Some((at, principal, path))
    }

    fn unsubscribe(&mut self) -> &'static str {
        let Some((at, principal, path)) = self.any() else { return "nothing" };
        assert_eq!(status(&self.host.request(principal, delete(&path))), 204);
        let entry = &mut self.model.entries[at];
        let is_own = entry.principal == principal;
        let was_there = entry.is_there;
        entry.is_there &= !is_own;
        if is_own && was_there { "unsubscribed" } else { "nothing removed" }
    }

    fn read(&mut self) -> &'static str {
        let Some((at, principal, path)) = self.any() else { return "nothing" };
        let answer = self.host.request(principal, get(&path));
        let now = self.model.now;
        let entry = &mut self.model.entries[at];
        if !entry.is_there || entry.principal != principal {
            assert_eq!(status(&answer), 404);
            return "not found";
        }
        entry.active = now;
        let shown = json(&answer);
        let side =
            entry.is_inside.map_or("unknown", |is_inside| if is_inside { "inside" } else { "outside" });
        assert_eq!((status(&answer), &shown["side"]), (200, &Value::from(side)), "{shown}");
        assert_eq!(shown["fired"], entry.firings.len());
        let expires =
            (host::at(now) + chrono::TimeDelta::seconds(MONTH)).format("%Y-%m-%dT%H:%M:%SZ").to_string();
        assert_eq!(shown["expiresAt"], expires);
        "read"
    }

    fn poll(&mut self) -> &'static str {
        if self.model.states.is_empty() || self.random.percent(30) {
            let (principal, threshold) = (self.random.pick(&PRINCIPALS), self.random.pick(&THRESHOLDS));
            let path =
                format!("/poll/segmentThresholdCrossed?instance=contoso&segment=vip&threshold={threshold}");
            return self.begin(principal, threshold, &path);
        }
        let state = self.random.pick(&self.model.states);
        let current = self.model.polled(state.principal, state.threshold);
        if current != Some(state.entry) {
            return self.begin(state.principal, state.threshold, &state.path);
        }
        let answer = self.host.request(state.principal, get(&state.path));
        self.model.entries[state.entry].active = self.model.now;
        let (values, missed, next) = self.model.page(state.entry, state.cursor);
        if values.is_empty() && missed == 0 {
            assert_eq!((status(&answer), location(&answer)), (202, state.path));
            return "nothing new";
        }
        assert_eq!(status(&answer), 200);
        let told = json(&answer);
        let told: Vec<f64> =
            told.as_array().unwrap().iter().map(|firing| firing["value"].as_f64().unwrap()).collect();
        assert_eq!(told, values);
        let missing = header(&answer, "tripline-missed");
        assert_eq!(missing, if missed == 0 { String::new() } else { missed.to_string() });
        let waits = next < self.model.entries[state.entry].firings.len();
        assert_eq!(header(&answer, "retry-after"), if waits { "0" } else { "60" });
        self.model.states.push(State { path: location(&answer), cursor: next, ..state });
        if missed > 0 { "missed" } else { "polled" }
    }

    /// A poll without a state, or with one of a trigger that has expired.
    fn begin(&mut self, principal: &'static str, threshold: f64, path: &str) -> &'static str {
        let answer = self.host.request(principal, get(path));
        let entry = match self.model.polled(principal, threshold) {
            Some(entry) => entry,
            None if self.model.count(principal) >= CAP => {
                assert_eq!(status(&answer), 429);
                return "over the cap";
            }
            None => self.model.add(principal, threshold, None, String::new()),
        };
        assert_eq!((status(&answer), header(&answer, "retry-after")), (202, "60"));
        self.model.entries[entry].active = self.model.now;
        let cursor = self.model.entries[entry].firings.len();
        self.model.states.push(State { principal, threshold, path: location(&answer), entry, cursor });
        "begun"
    }

    fn forge(&mut self) -> &'static str {
        if self.model.states.is_empty() {
            return "nothing";
        }
        let state = self.random.pick(&self.model.states);
        let (principal, path) = match self.random.below(3) {
            0 => (PRINCIPALS.into_iter().find(|other| *other != state.principal).unwrap(), state.path),
            1 => (state.principal, state.path.replace("threshold=", "rearm=1&threshold=")),
            _ => {
                let (before, mac) = state.path.rsplit_once('.').unwrap();
                (state.principal, format!("{before}.{}", mac.chars().rev().collect::<String>()))
            }
        };
        assert_eq!(status(&self.host.request(principal, get(&path))), 400);
        "forged"
    }

    fn observe(&mut self) -> &'static str {
        let value = self.random.between(0, 30) as f64;
        self.host.members("vip", value);
        self.model.observe(value);
        let paths = |sent: &[(String, f64)]| {
            let mut paths = sent.iter().map(|(path, value)| format!("{path} {value}")).collect::<Vec<_>>();
            paths.sort();
            paths
        };
        let sent = self.host.net.take_sent().into_iter().map(|request| {
            let firing: Value = serde_json::from_slice(request.body()).unwrap();
            (request.uri().path().to_owned(), firing["value"].as_f64().unwrap())
        });
        let (have, want) = (sent.collect::<Vec<_>>(), std::mem::take(&mut self.model.sent));
        assert_eq!(paths(&have), paths(&want));
        if have.is_empty() { "observed" } else { "told" }
    }

    fn wait(&mut self) -> &'static str {
        let seconds = self.random.pick(&[1, 3_600, 86_400, 10 * 86_400, 29 * 86_400]);
        self.host.wait(seconds);
        self.model.now += seconds;
        self.model.expire();
        "waited"
    }

    fn checkpoint(&mut self) -> &'static str {
        let pipeline = self.host.service.pipeline_mut();
        pipeline.checkpoint(&mut self.host.journal, &mut self.host.snapshots).unwrap();
        "checkpoints"
    }

    fn restart(&mut self) -> &'static str {
        self.host.restart(self.random.below(3_u64));
        "restarts"
    }

    fn verify(&self) {
        self.host.assert_whole();
        let there = self.model.entries.iter().filter(|entry| entry.is_there).count();
        assert_eq!(self.host.service.subscriptions(), there);
        assert!(self.host.service.pipeline().dispatcher().is_idle());
        assert_eq!(self.host.service.pipeline().dispatcher().disabled_targets().count(), 0);
    }
}

#[test]
fn random_operations_give_what_a_naive_model_says() {
    let number = |name: &str, default: u64| {
        std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(default)
    };
    let (first, many) = (number("TRIPLINE_SEED", 0), number("TRIPLINE_SCHEDULES", 400));
    let mut counts = std::collections::BTreeMap::<&str, usize>::new();
    for seed in first..first + many {
        let mut run = Run::new(seed);
        let done = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            for _ in 0..80 {
                let what = run.step();
                *run.counts.entry(what).or_default() += 1;
                run.verify();
            }
        }));
        assert!(done.is_ok(), "TRIPLINE_SEED={seed} TRIPLINE_SCHEDULES=1");
        for (what, n) in run.counts {
            *counts.entry(what).or_default() += n;
        }
    }
    for (what, least) in [
        ("subscribed", 2_000),
        ("unsubscribed", 300),
        ("nothing removed", 500),
        ("read", 500),
        ("not found", 500),
        ("begun", 800),
        ("polled", 200),
        ("missed", 30),
        ("nothing new", 500),
        ("forged", 500),
        ("over the cap", 300),
        ("inside", 200),
        ("told", 1_000),
        ("restarts", 700),
        ("checkpoints", 400),
    ] {
        let count = counts.get(what).copied().unwrap_or(0);
        assert!(count as u64 >= least * many / 400, "{what}: {count}, of {counts:#?}");
    }
}
