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
    /// Until when its answer is waited for.
    deadline: DateTime<Utc>,
    /// Whether its process ended before a batch that is still there told of its answer.
    pub(super) is_cut_off: bool,
    /// Whether its delivery came again, and why it could.
    pub(super) is_repeated: bool,
    /// How often its delivery had been sent again by then.
    redriven: usize,
}

#[derive(Default)]
pub(super) struct Receivers {
    pub(super) arrivals: Vec<Arrival>,
    of: BTreeMap<String, Vec<usize>>,
    /// The last firing of each flow whose runs go one after the other that has come here.
    newest: BTreeMap<usize, usize>,
    /// Why deliveries came again, and how often.
    pub(super) causes: BTreeMap<&'static str, u64>,
}

impl Arrival {
    /// Whether it is known why what it did may be done once more.
    pub(super) fn may_be_repeated(&self) -> bool {
        self.is_repeated || self.is_of_zombie || self.is_cut_off
    }
}

impl Receivers {
    /// An attempt arrives. Says what is wrong with that.
    pub(super) fn take(
        &mut self,
        (work, input): (&Work, &Value),
        model: &Model,
        (millis, random): (i64, &mut Random),
        (is_calm, is_of_zombie): (bool, bool),
    ) -> Result<InFlight, String> {
        let id = work.id().as_str();
        let run =
            id.rsplit_once('_').and_then(|(run, _)| model.run(run)).ok_or(format!("{id} is invented"))?;
        if *input != json!({"text": run.text}) {
            return Err(format!("{id} says {input}, and should {:?}", run.text));
        }
        let redriven = model.redriven.get(id).copied().unwrap_or(0);
        let all = self.of.entry(id.to_owned()).or_default();
        if !is_of_zombie {
            let is_unsafe = work.delivery().effect() == Some(Effect::Unsafe);
            let mut counted = 0;
            for at in all.iter() {
                let before = &mut self.arrivals[*at];
                if before.is_of_zombie {
                    continue;
                }
                let cause = check_repeat(work, before, is_unsafe, redriven)?;
                if !std::mem::replace(&mut before.is_repeated, true) {
                    *self.causes.entry(cause).or_default() += 1;
                }
                counted += usize::from(!before.is_cut_off && before.redriven == redriven);
            }
            // What the end of a process cuts off does not count against its policy.
            if counted >= ATTEMPTS {
                return Err(format!("{id} is tried again after {counted} attempts that count"));
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
        self.arrivals.push(Arrival {
            id,
            is_executed,
            is_refused,
            pause,
            told: None,
            is_of_zombie,
            deadline: work.deadline(),
            is_cut_off: false,
            is_repeated: false,
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
                (arrival.told, arrival.is_cut_off) = (None, true);
            }
        }
    }
}

/// Why a delivery comes again after an earlier arrival of it, or what that one has to say against it.
///
/// Three things explain it: the answer said that it failed; the process ended
/// before it had told of an answer; no answer was there by the deadline.
fn check_repeat(
    work: &Work,
    before: &Arrival,
    is_unsafe: bool,
    redriven: usize,
) -> Result<&'static str, String> {
    let (id, now) = (&before.id, work.context().now());
    let cause = match before.told {
        Some((_, _, true)) => return Err(format!("{id} comes again after it was delivered")),
        Some((_, told, false)) => {
            let from = told + chrono::TimeDelta::milliseconds(before.pause.unwrap_or(0));
            // Who sends a dead letter again does not wait.
            if before.redriven == redriven && now < from {
                return Err(format!("{id} comes at {now}, it was asked not to before {from}"));
            }
            "again after a failure"
        }
        None if before.is_cut_off => "again after the end of a process",
        None if now < before.deadline => {
            return Err(format!(
                "{id} comes again at {now}, and its answer is waited for until {}",
                before.deadline
            ));
        }
        None => "again after no answer in time",
    };
    if is_unsafe && before.redriven == redriven && !(before.is_refused && before.told.is_some()) {
        return Err(format!("{id} is unsafe, its outcome was unknown, and it comes again"));
    }
    Ok(cause)
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
