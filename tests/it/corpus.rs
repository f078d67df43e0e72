//! The corpus: cases in data files, run by anything that decides. A file is
//! `{"about", "cases": [{"name", "triggers", "steps", "firings"}]}`.
//!
//! Times are RFC 3339 or offsets from 2026-01-01T00:00:00Z. The triggers are added at the time of the first step that has
//! one. A step is one of
//! - `[at, value]` or `[at, value, name]`: an observation, in short;
//! - `{"observe": {"at", "value", "name"?: "vip", "kind"?: "segment", "source"?: "/s", "dimensions"?, "sequence"?, "id"?,
//!   "subject"?, "owners"?}}`; ids not given are `e1`, `e2`, … counting observations; `"inf"`, `"-inf"`, `"nan"` are values;
//! - `{"tick": at}`, `{"flush": at}`;
//! - `{"add": trigger}`, `{"remove": id}`, `{"replace": trigger, "applyNow"?: false}`, `{"enable": id}`, `{"disable": id}`;
//! - `{"receipt": "accepted|ignored|duplicate|late"}`: what the observation before got;
//! - `{"state": {"trigger", "name"?, …}, "side", "phase"}`, `phase` null where nothing is kept for that series;
//! - `{"timeout": at or null}`: the next time at which the clock matters;
//! - `{"refused": trigger, "place": "rearm"}`: such a trigger is an error that names the place.
//!
//! `firings` holds all firings in order; of each, the members given are compared, null meaning absent.

use std::fs;
use std::path::Path;

use serde_json::{Value, json};

use crate::model::rule::pairs;
use crate::model::{Model, ModelFiring, Ns, Obs, Receipt, Series, clock};

/// 2026-01-01T00:00:00Z.
pub(crate) const BASE: Ns = 1_767_225_600_000_000_000;

/// Something that decides. `now` is the clock so far; for an observation at least its own time.
pub(crate) trait Subject {
    fn observe(&mut self, now: Ns, o: &Obs) -> Receipt;
    fn tick(&mut self, t: Ns);
    fn flush(&mut self, until: Ns);
    fn add(&mut self, now: Ns, trigger: &Value) -> Result<(), String>;
    fn replace(&mut self, now: Ns, trigger: &Value, apply_now: bool) -> Result<(), String>;
    fn remove(&mut self, now: Ns, id: &str);
    fn enable(&mut self, id: &str, on: bool);
    fn firings(&mut self) -> Vec<ModelFiring>;
    fn state(&self, trigger: &str, series: &Series) -> Option<(String, String)>;
    fn timeout(&self) -> Option<Ns>;
}

#[derive(Default)]
pub(crate) struct ModelSubject {
    pub(crate) model: Model,
}

impl Subject for ModelSubject {
    fn observe(&mut self, _: Ns, o: &Obs) -> Receipt {
        self.model.observe(o)
    }

    fn tick(&mut self, t: Ns) {
        self.model.tick(t);
    }

    fn flush(&mut self, until: Ns) {
        self.model.flush(until);
    }

    fn add(&mut self, now: Ns, trigger: &Value) -> Result<(), String> {
        self.model.add(trigger, now)
    }

    fn replace(&mut self, now: Ns, trigger: &Value, apply_now: bool) -> Result<(), String> {
        self.model.replace(trigger, now, apply_now)
    }

    fn remove(&mut self, _: Ns, id: &str) {
        self.model.remove(id);
    }

    fn enable(&mut self, id: &str, on: bool) {
        self.model.enable(id, on);
    }

    fn firings(&mut self) -> Vec<ModelFiring> {
        self.model.take_firings()
    }

    fn state(&self, trigger: &str, series: &Series) -> Option<(String, String)> {
        self.model.state(trigger, series).map(|(side, phase)| (side.to_owned(), phase.to_owned()))
    }

    fn timeout(&self) -> Option<Ns> {
        self.model.poll_timeout()
    }
}

pub(crate) fn time(v: &Value) -> Ns {
    let text = v.as_str().unwrap_or_else(|| panic!("{v} is not a time"));
    let offset = clock::span(text).map(|d| BASE + d);
    offset.or_else(|| clock::instant(text)).unwrap_or_else(|| panic!("{text} is not a time"))
}

fn text(v: &Value, name: &str, default: &str) -> String {
    v[name].as_str().unwrap_or(default).to_owned()
}

fn series(v: &Value) -> Series {
    Series {
        source: text(v, "source", "/s"),
        kind: text(v, "kind", "segment"),
        name: text(v, "name", "vip"),
        dimensions: v["dimensions"].as_object().map(pairs).unwrap_or_default(),
    }
}

/// The observation a step stands for; `n` is its number, counted from one.
pub(crate) fn observation(step: &Value, n: usize) -> Option<Obs> {
    let v = match step.as_array().map(Vec::as_slice) {
        Some([at, value]) => json!({"at": at, "value": value}),
        Some([at, value, name]) => json!({"at": at, "value": value, "name": name}),
        _ => step.get("observe")?.clone(),
    };
    let value = match v["value"].as_str() {
        Some("inf") => Some(f64::INFINITY),
        Some("-inf") => Some(f64::NEG_INFINITY),
        Some(_) => Some(f64::NAN),
        None => v["value"].as_f64(),
    };
    let owners = v["owners"].as_array().cloned().unwrap_or_default();
    Some(Obs {
        series: series(&v),
        at: time(&v["at"]),
        value,
        sequence: v["sequence"].as_i64(),
        id: Some(text(&v, "id", &format!("e{n}"))),
        subject: v["subject"].as_str().map(str::to_owned),
        owners: owners.iter().filter_map(|o| o.as_str().map(str::to_owned)).collect(),
    })
}

/// Runs one case; says at which step what was otherwise than written.
pub(crate) fn run_case(case: &Value, subject: &mut dyn Subject) -> Result<(), String> {
    let mut now = case["steps"].as_array().into_iter().flatten().find_map(moved_to).unwrap_or(BASE);
    let mut observed = 0;
    let mut receipt = None;
    let mut fired = Vec::new();
    for trigger in case["triggers"].as_array().into_iter().flatten() {
        subject.add(now, trigger)?;
    }
    for (i, step) in case["steps"].as_array().into_iter().flatten().enumerate() {
        if let Some(o) = observation(step, observed + 1) {
            observed += 1;
            let given = subject.observe(now.max(o.at), &o);
            if matches!(given, Receipt::Accepted | Receipt::Ignored) {
                now = now.max(o.at);
            }
            receipt = Some(given);
        } else if let Some(problem) = other_step(step, subject, &mut now, receipt) {
            return Err(format!("step {} {step}: {problem}", i + 1));
        }
        fired.extend(subject.firings());
    }
    let expected = case["firings"].as_array().cloned().unwrap_or_default();
    for (n, (want, have)) in expected.iter().zip(&fired).enumerate() {
        let have = shown(have);
        for (member, want) in want.as_object().into_iter().flatten() {
            if !same(member, want, &have[member]) {
                return Err(format!(
                    "firing {}: {member} should be {want}, is {}\n  of {have}",
                    n + 1,
                    have[member]
                ));
            }
        }
    }
    let all: Vec<String> = fired.iter().map(|f| shown(f).to_string()).collect();
    if expected.len() == fired.len() {
        Ok(())
    } else {
        Err(format!("{} firings, should be {}:\n  {}", fired.len(), expected.len(), all.join("\n  ")))
    }
}

/// The time of a step that has one.
pub(crate) fn moved_to(step: &Value) -> Option<Ns> {
    let at = step.get("tick").or(step.get("flush")).map(time);
    at.or_else(|| observation(step, 1).map(|o| o.at))
}

fn other_step(
    step: &Value,
    subject: &mut dyn Subject,
    now: &mut Ns,
    receipt: Option<Receipt>,
) -> Option<String> {
    let object = step.as_object()?;
    let has = |word: &str| object.get(word);
    let name = |v: &Value| v.as_str().unwrap_or_default().to_owned();
    if let Some(at) = has("tick") {
        *now = time(at).max(*now);
        subject.tick(time(at));
    } else if let Some(at) = has("flush") {
        *now = time(at).max(*now);
        subject.flush(time(at));
    } else if let Some(trigger) = has("add") {
        return subject.add(*now, trigger).err();
    } else if let Some(trigger) = has("replace") {
        return subject.replace(*now, trigger, step["applyNow"] == true).err();
    } else if let Some(id) = has("remove") {
        subject.remove(*now, &name(id));
    } else if let Some(id) = has("enable") {
        subject.enable(&name(id), true);
    } else if let Some(id) = has("disable") {
        subject.enable(&name(id), false);
    } else if let Some(want) = has("receipt") {
        let have = receipt.map(|r| format!("{r:?}").to_lowercase()).unwrap_or_default();
        return (*want != have).then(|| format!("is {have}"));
    } else if let Some(of) = has("state") {
        let have = subject.state(&name(&of["trigger"]), &series(of));
        let want = step["phase"].as_str().map(|phase| (name(&step["side"]), phase.to_owned()));
        return (have != want).then(|| format!("is {have:?}"));
    } else if let Some(want) = has("timeout") {
        let have = subject.timeout();
        let want = (!want.is_null()).then(|| time(want));
        return (have != want).then(|| format!("is {:?}", have.map(|t| clock::words(t - BASE))));
    } else if let Some(trigger) = has("refused") {
        let place = name(&step["place"]);
        return match subject.add(*now, trigger) {
            Ok(()) => Some("was accepted".to_owned()),
            Err(message) => {
                (!message.contains(&place)).then(|| format!("does not name `{place}`: {message}"))
            }
        };
    } else {
        return Some("unknown step".to_owned());
    }
    None
}

/// A firing in the corpus's own words.
pub(crate) fn shown(f: &ModelFiring) -> Value {
    let at = |t: Ns| json!(clock::words(t - BASE));
    let series = f.series.as_ref();
    let dimensions = series.filter(|s| !s.dimensions.is_empty());
    let dimensions = dimensions
        .map(|s| s.dimensions.iter().map(|(k, v)| (k.clone(), json!(v))).collect::<serde_json::Map<_, _>>());
    let value = |v: Option<f64>| v.map(|v| if v.is_finite() { json!(v) } else { json!(v.to_string()) });
    json!({
        "trigger": f.trigger, "transition": f.transition, "at": at(f.time),
        "crossedAt": f.crossed_at.map(at), "dueAt": f.due_at.map(at), "length": f.length.map(clock::words),
        "value": value(f.value), "previousValue": value(f.previous), "suppressed": f.suppressed,
        "source": series.map(|s| &s.source), "kind": series.map(|s| &s.kind), "name": series.map(|s| &s.name),
        "dimensions": dimensions, "event": f.event, "owners": f.owners, "id": f.id,
    })
}

fn same(member: &str, want: &Value, have: &Value) -> bool {
    match member {
        _ if want.is_null() || have.is_null() => want == have,
        "at" | "crossedAt" | "dueAt" => time(want) == time(have),
        "length" => clock::span(want.as_str().unwrap_or_default()) == have.as_str().and_then(clock::span),
        "value" | "previousValue" if want.is_number() => want.as_f64() == have.as_f64(),
        _ => want == have,
    }
}

pub(crate) fn cases() -> Vec<(String, Value)> {
    cases_in("tests/it/corpus")
}

/// Every case of every file of a folder, with its file's name, in the order of the names.
pub(crate) fn cases_in(folder: &str) -> Vec<(String, Value)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
    let entries = fs::read_dir(folder).unwrap_or_else(|e| panic!("the corpus: {e}"));
    let mut files: Vec<_> = entries.flatten().map(|file| file.path()).collect();
    files.sort();
    let mut all = Vec::new();
    for path in files {
        let file = path.file_stem().map(|s| s.to_string_lossy().into_owned()).unwrap_or_default();
        let bytes = fs::read(&path).unwrap_or_else(|e| panic!("{file}: {e}"));
        let parsed: Value = serde_json::from_slice(&bytes).unwrap_or_else(|e| panic!("{file}: {e}"));
        all.extend(parsed["cases"].as_array().into_iter().flatten().map(|case| (file.clone(), case.clone())));
    }
    all
}

/// Runs the whole corpus, each case on a subject of its own, and lists every case that differs.
pub(crate) fn run_all(mut fresh: impl FnMut() -> Box<dyn Subject>) {
    let all = cases();
    let mut problems = Vec::new();
    for (file, case) in &all {
        if let Err(problem) = run_case(case, fresh().as_mut()) {
            problems.push(format!("{file}: {}\n  {problem}", case["name"].as_str().unwrap_or("?")));
        }
    }
    assert!(problems.is_empty(), "{} of {} cases differ\n{}", problems.len(), all.len(), problems.join("\n"));
}

#[test]
fn the_model_gives_what_the_corpus_says() {
    run_all(|| Box::new(ModelSubject::default()));
}

#[test]
fn the_corpus_is_large_and_its_names_are_unique() {
    let all = cases();
    let mut names: Vec<_> = all.iter().map(|(_, case)| case["name"].to_string()).collect();
    names.sort();
    let count = names.len();
    names.dedup();
    assert!(count >= 120 && names.len() == count, "{count} cases, {} names", names.len());
}
