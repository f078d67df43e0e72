//! One key, one effect: attempts repeated, dropped and run at a time.

use std::collections::BTreeSet;

use http::Request;
use serde_json::Value;

use super::Check;
use super::lab::{Attempt, KEY, Lab, difference};
use crate::action::{Action, Effect};
use crate::testing::Fate;

/// The key of another delivery.
const OTHER_KEY: &str = "tripline-1e28d1aabb6b5f32";

/// Everything about repeated attempts; `baseline` is an undisturbed one.
pub(super) fn check<A: Action + 'static>(lab: &Lab<'_, A>, baseline: &Attempt) {
    determinism(lab, baseline);
    key(lab, baseline);
    cancel(lab, baseline);
    together(lab, baseline);
}

fn determinism<A: Action + 'static>(lab: &Lab<'_, A>, baseline: &Attempt) {
    if !lab.wants(Check::Determinism) {
        return;
    }
    let bench = lab.bench();
    let same = lab.first(&bench, "the same again");
    if let Some(what) = difference(&baseline.sent, &same.sent) {
        lab.found(Check::Determinism, format!("the same context and input twice: {what} differs"));
    }
    let second = lab.again(&bench, "a second attempt");
    if let Some(what) = difference(&same.sent, &second.sent) {
        lab.found(
            Check::Determinism,
            format!("the first and the second attempt of a delivery: {what} differs"),
        );
    }
}

/// A receiver that drops what it has seen: by place and key.
fn receipts<A>(lab: &Lab<'_, A>, attempt: &Attempt, key: &str) -> Vec<(String, Option<String>)>
where
    A: Action + 'static,
{
    let own = lab.capabilities.key.as_ref();
    let presented =
        |request: &Request<Vec<u8>>| own.map_or_else(|| found_key(request, key), |own| own(request));
    attempt
        .effects()
        .map(|request| (format!("{} {}", request.method(), request.uri().path()), presented(request)))
        .collect()
}

fn key<A: Action + 'static>(lab: &Lab<'_, A>, baseline: &Attempt) {
    let is_told = lab.capabilities.key.is_some();
    if !(lab.metadata.effect() == Effect::Guarded || is_told) || !lab.wants(Check::Key) {
        return;
    }
    if baseline.effects().next().is_none() {
        lab.found(Check::Key, "it is guarded, and sends nothing over the transport that could carry a key");
        return;
    }
    let wanted = receipts(lab, baseline, KEY);
    for (place, key) in &wanted {
        if key.is_none() {
            lab.found(Check::Key, format!("{place}: the idempotency key is not in the request"));
            return;
        }
    }
    // Every answer is lost once: what arrives then must be what has arrived.
    let bench = lab.bench_under(|number, _| if number == 0 { Fate::lost_reply() } else { Fate::delivered() });
    let first = receipts(lab, &lab.first(&bench, "the answer is lost"), KEY);
    let second = receipts(lab, &lab.again(&bench, "the attempt after a lost answer"), KEY);
    let once: BTreeSet<_> = wanted.iter().collect();
    let both: BTreeSet<_> = first.iter().chain(&second).collect();
    if once != both {
        let message = format!(
            "a receiver that drops repeats sees {} effects of two attempts instead of {}: the key changes from attempt to attempt",
            both.len(),
            once.len()
        );
        lab.found(Check::Key, message);
    }
    let bench = lab.bench();
    let ctx = lab.context(&bench, OTHER_KEY, 1);
    let other = lab.attempt(&bench, "another delivery", &ctx, lab.input.clone(), usize::MAX);
    let other = receipts(lab, &other, OTHER_KEY);
    if other.iter().any(|receipt| receipt.1.is_none() || wanted.contains(receipt)) {
        lab.found(
            Check::Key,
            "two deliveries do not each present their own key: the second would be dropped",
        );
    }
}

/// Everything of a request in which the key stands, whole: a header's value, a
/// segment or parameter of the URL, a string of a JSON body, a line of another.
fn found_key(request: &Request<Vec<u8>>, key: &str) -> Option<String> {
    let mut found: Vec<String> = Vec::new();
    let mut take = |text: &str| {
        if text.contains(key) {
            found.push(text.to_owned());
        }
    };
    request.headers().values().filter_map(|value| value.to_str().ok()).for_each(&mut take);
    request.uri().to_string().split(['/', '?', '&']).for_each(&mut take);
    match serde_json::from_slice::<Value>(request.body()) {
        Ok(body) => strings(&body, &mut take),
        Err(_) => String::from_utf8_lossy(request.body()).lines().for_each(&mut take),
    }
    (!found.is_empty()).then(|| found.join("\n"))
}

fn strings(value: &Value, take: &mut impl FnMut(&str)) {
    match value {
        Value::String(text) => take(text),
        Value::Array(values) => values.iter().for_each(|value| strings(value, take)),
        Value::Object(members) => members.values().for_each(|value| strings(value, take)),
        _ => {}
    }
}

/// Dropped at every point where it waits, and then run again.
fn cancel<A: Action + 'static>(lab: &Lab<'_, A>, baseline: &Attempt) {
    if !lab.wants(Check::Cancel) {
        return;
    }
    for polls in 0..baseline.polls {
        let case = format!("dropped after {polls} of {} polls", baseline.polls);
        let bench = lab.bench();
        let ctx = lab.context(&bench, KEY, 1);
        let dropped = lab.attempt(&bench, &case, &ctx, lab.input.clone(), polls);
        let case = format!("{case} and run again");
        let again = lab.again(&bench, &case);
        if !again.is_done() {
            lab.found(Check::Cancel, format!("{case}: it ends in {}", again.told()));
            continue;
        }
        if let Some(what) = difference(&baseline.sent, &again.sent) {
            lab.found(Check::Cancel, format!("{case}: it does not do the whole: {what} differs"));
        }
        let count = |attempts: &[&Attempt]| -> usize {
            let all = attempts.iter().flat_map(|attempt| receipts(lab, attempt, KEY));
            all.collect::<BTreeSet<_>>().len()
        };
        if lab.metadata.effect() == Effect::Guarded && count(&[&dropped, &again]) > count(&[baseline]) {
            lab.found(Check::Cancel, format!("{case}: a receiver that drops repeats sees the effect twice"));
        }
        let ctx = lab.context(&bench, OTHER_KEY, 1);
        let case = format!("another delivery after one was {case}");
        let other = lab.attempt(&bench, &case, &ctx, lab.input.clone(), usize::MAX);
        if !other.is_done() {
            lab.found(Check::Cancel, format!("{case}: it ends in {}", other.told()));
        }
    }
}

/// Two deliveries at a time: neither waits for the other for ever.
fn together<A: Action + 'static>(lab: &Lab<'_, A>, baseline: &Attempt) {
    if !baseline.is_done() || !lab.wants(Check::Cancel) {
        return;
    }
    let bench = lab.bench();
    let contexts = (lab.context(&bench, KEY, 1), lab.context(&bench, OTHER_KEY, 1));
    match bench.run_both(&contexts.0, &contexts.1, &lab.input) {
        Some(2) => {}
        Some(done) => {
            lab.found(Check::Cancel, format!("two deliveries at a time: {done} of them ended well"))
        }
        None => lab.found(Check::Cancel, "two deliveries at a time: they panic or wait for each other"),
    }
}
