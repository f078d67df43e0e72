//! What the receivers answer, and what they have seen.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use http::{HeaderMap, HeaderValue, StatusCode};
use serde_json::{Value, json};
use tripline::action::{ActionError, Effect, classify};
use tripline::dispatch::{Lease, Work};
use tripline::journal::Lsn;

use super::model::Model;
use super::setup::ATTEMPTS;
use crate::random::Random;

/// An attempt whose answer is on its way.
pub(super) struct InFlight {
    pub(super) lease: Lease,
    /// Its place among the arrivals.
    pub(super) arrival: usize,
    /// When the answer is there; none for one that never comes.
    pub(super) answers_at: Option<i64>,
    pub(super) result: Result<Value, ActionError>,
}

/// An attempt that a receiver has seen.
pub(super) struct Arrival {
    pub(super) id: String,
    /// Whether what it asks for was done.
    pub(super) is_executed: bool,
    /// Whether it is certain that it was not done.
    is_refused: bool,
    pub(super) pause: Option<i64>,
    /// How its owner was told of it in time: the batch, its time, whether it is delivered.
    pub(super) told: Option<(Lsn, DateTime<Utc>, bool)>,
    is_of_zombie: bool,
    /// Whether a fault explains that it is done once more: a reply that was lost or came too late, the end of its process.
    pub(super) is_explained: bool,
    /// How often its delivery had been sent again by then.
    redriven: usize,
}

#[derive(Default)]
pub(super) struct Receivers {
    pub(super) arrivals: Vec<Arrival>,
    of: BTreeMap<String, Vec<usize>>,
    /// The last firing of each flow whose runs go one after the other that has come here.
    newest: BTreeMap<usize, usize>,
    pub(super) crashes: usize,
}

impl Receivers {
    /// An attempt arrives. Says what is wrong with that.
    pub(super) fn take(
        &mut self,
        work: &Work,
        model: &Model,
        (millis, random): (i64, &mut Random),
        (is_calm, is_of_zombie): (bool, bool),
    ) -> Result<InFlight, String> {
        let (id, text) = (work.id().as_str(), work.input()["text"].as_str().unwrap_or_default());
        let run =
            id.rsplit_once('_').and_then(|(run, _)| model.run(run)).ok_or(format!("{id} is invented"))?;
        if run.text != text {
            return Err(format!("{id} says {text:?}, and should {:?}", run.text));
        }
        let redriven = model.redriven.get(id).copied().unwrap_or(0);
        let all = self.of.entry(id.to_owned()).or_default();
        if !is_of_zombie {
            let limit = ATTEMPTS * (1 + redriven) + self.crashes;
            if all.len() >= limit {
                return Err(format!("{id} comes for the {}th time, {limit} are explained", all.len() + 1));
            }
            let is_unsafe = work.delivery().effect() == Some(Effect::Unsafe);
            for before in all.iter().map(|at| &self.arrivals[*at]).filter(|before| !before.is_of_zombie) {
                check_repeat(work, before, is_unsafe, redriven)?;
            }
            if ["line", "plain"].contains(&work.target())
                && redriven == 0
                && let Some(place) = run.place
            {
                let newest = self.newest.entry(run.kind).or_default();
                if *newest > place {
                    return Err(format!("{id} comes after one that fired later"));
                }
                *newest = place;
            }
        }
        all.push(self.arrivals.len());
        let (is_executed, is_refused, pause, answer) = if is_calm { well() } else { answer(work, random) };
        let lasts = if is_calm { 50 } else { [50, 400, 3_000, 12_000, 30_000][random.below(5)] };
        let (answers_at, result) = match answer {
            Some(result) => (Some(millis + lasts), result),
            None => (None, Ok(Value::Null)),
        };
        let id = id.to_owned();
        let arrival = self.arrivals.len();
        let is_explained = is_of_zombie || answers_at.is_none() || result.is_err();
        self.arrivals.push(Arrival {
            id,
            is_executed,
            is_refused,
            pause,
            told: None,
            is_of_zombie,
            is_explained,
            redriven,
        });
        Ok(InFlight { lease: work.lease(), arrival, answers_at, result })
    }

    pub(super) fn of<'a>(&'a self, id: &str) -> impl Iterator<Item = &'a Arrival> {
        self.of.get(id).into_iter().flatten().map(|at| &self.arrivals[*at])
    }

    /// The batches after this one are gone, and what was told in them.
    pub(super) fn cut(&mut self, last: Lsn) {
        for arrival in &mut self.arrivals {
            if arrival.told.is_some_and(|(lsn, ..)| lsn > last) {
                (arrival.told, arrival.is_explained) = (None, true);
            }
        }
    }
}

/// What an earlier arrival of a delivery has to say against another one.
fn check_repeat(work: &Work, before: &Arrival, is_unsafe: bool, redriven: usize) -> Result<(), String> {
    let id = &before.id;
    match before.told {
        Some((_, _, true)) => return Err(format!("{id} comes again after it was delivered")),
        // Who sends a dead letter again does not wait.
        Some((_, told, false)) if before.redriven == redriven => {
            let from = told + chrono::TimeDelta::milliseconds(before.pause.unwrap_or(0));
            if work.context().now() < from {
                return Err(format!(
                    "{id} comes at {}, it was asked not to before {from}",
                    work.context().now()
                ));
            }
        }
        _ => {}
    }
    if is_unsafe && before.redriven == redriven && !(before.is_refused && before.told.is_some()) {
        return Err(format!("{id} is unsafe, its outcome was unknown, and it comes again"));
    }
    Ok(())
}

type Answer = (bool, bool, Option<i64>, Option<Result<Value, ActionError>>);

fn well() -> Answer {
    (true, false, None, Some(Ok(json!({"ok": true}))))
}

/// Whether it was done, whether it surely was not, the pause that is asked for, the answer if there is any.
fn answer(work: &Work, random: &mut Random) -> Answer {
    let classified = |status: u16, pause: Option<i64>| {
        let mut headers = HeaderMap::new();
        if let Some(pause) = pause {
            headers.insert("retry-after", HeaderValue::from(pause / 1_000));
        }
        let now = work.context().now();
        classify(StatusCode::from_u16(status).unwrap(), &headers, now, std::time::Duration::from_secs(3_600))
            .map(|()| Value::Null)
    };
    let pause = Some(1_000 * random.between(1, 90));
    match random.below(100) {
        0..50 => well(),
        50..55 => (false, true, None, Some(classified(random.pick(&[303, 400, 403, 404, 422]), None))),
        55..57 => (false, true, None, Some(classified(410, None))),
        57..64 => (false, true, pause, Some(classified(429, pause))),
        64..68 => (false, false, pause, Some(classified(503, pause))),
        68..75 => (random.percent(30), false, None, Some(classified(random.pick(&[500, 502, 504]), None))),
        75..80 => (false, true, None, Some(classified(408, None))),
        // Done, and the answer is lost on its way.
        80..90 => {
            let lost = ActionError::transient("the connection was reset").with_outcome_unknown(true);
            (true, false, None, Some(Err(lost)))
        }
        _ => (random.percent(50), false, None, None),
    }
}
