//! What one event, or one deadline, does to one trigger.

use super::event::Event;
use super::model::{Key, Model};
use super::told::{self, Members};
use super::trigger::{is_any, under};
use crate::model::Ns;

/// How much is remembered of one item.
const MOST: usize = 64;

/// A `dataSourceRefreshFailed` with `settle` on one item.
#[derive(Default)]
pub(crate) struct Settling {
    /// Those that no success has answered yet, by time and arrival.
    failures: Vec<Event>,
    successes: Vec<Ns>,
    /// The last window that fired: its first failure and its end.
    told: Option<(Ns, Ns)>,
}

impl Settling {
    pub(super) fn due(&self, settle: Ns) -> Option<Ns> {
        self.failures.first().map(|f| f.at + settle)
    }

    /// How many failures wait for their deadline.
    pub(super) fn waiting(&self) -> usize {
        self.failures.len()
    }

    /// Says how many failures are dropped for want of room.
    fn fail(&mut self, e: &Event, settle: Ns) -> u64 {
        let f = e.at;
        let answered = self.successes.iter().any(|&s| f < s && s <= f + settle);
        let covered = self.told.is_some_and(|(g, due)| {
            f <= due && g <= f + settle && !self.successes.iter().any(|&s| g <= s && s <= f)
        });
        if answered || covered {
            return 0;
        }
        let is_full = self.failures.len() == MOST;
        if is_full && f >= self.failures[0].at {
            return 1;
        }
        if is_full {
            self.failures.pop();
        }
        self.failures.push(e.clone());
        self.failures.sort_by_key(|e| e.at);
        u64::from(is_full)
    }

    fn succeed(&mut self, s: Ns, settle: Ns) {
        self.failures.retain(|f| !(f.at <= s && s <= f.at + settle));
        self.successes.push(s);
        self.successes.sort();
        let too_many = self.successes.len().saturating_sub(MOST);
        self.successes.drain(..too_many);
    }

    /// The first of the failures that this deadline stands for.
    fn go_off(&mut self, due: Ns) -> Event {
        let first = self.failures[0].clone();
        if self.told.is_none_or(|(_, before)| due >= before) {
            self.told = Some((first.at, due));
        }
        self.failures.retain(|f| f.at > due);
        first
    }
}

/// A `noData` on one item, or for all that the trigger watches.
pub(crate) struct Silence {
    last: Ns,
    /// The due time at which it fired, if it has since the last report.
    fired: Option<Ns>,
    event: Option<Event>,
}

impl Silence {
    pub(super) fn new(last: Ns) -> Silence {
        Silence { last, fired: None, event: None }
    }

    pub(super) fn due(&self, within: Ns) -> Option<Ns> {
        self.fired.is_none().then_some(self.last + within)
    }

    fn hear(&mut self, e: &Event) {
        if e.at >= self.last && self.fired.is_none_or(|due| e.at >= due) {
            *self = Silence { last: e.at, fired: None, event: Some(e.clone()) };
        }
    }
}

impl Model {
    pub(super) fn judge(&mut self, ti: usize, e: &Event) {
        let t = &mut self.triggers[ti];
        let outcome = e.data("outcome");
        let succeeded = outcome == Some("succeeded");
        let (item, job) = (e.item_key().unwrap_or(Key::Whole), e.job_key().unwrap_or(Key::Whole));
        match t.kind() {
            "dataSourceRefreshFailed" => {
                let is_retrying = e.json["data"]["failure"]["kind"] == "retrying";
                let is_failure = matches!(outcome, Some("failed" | "timedOut"))
                    && (!is_retrying || t.json["on"]["includeRetrying"] == true);
                let settle = t.settle;
                if settle == 0 && is_failure {
                    return self.emit(ti, &item, e.at, Some(e), told::task(e));
                }
                if settle == 0 || !(is_failure || succeeded) {
                    return;
                }
                let settling = under(&mut t.settling, &item, Settling::default);
                if is_failure {
                    let dropped = settling.fail(e, settle);
                    self.count("waiting_dropped", dropped);
                } else {
                    settling.succeed(e.at, settle);
                }
            }
            "dataSourceRefreshSucceeded" if succeeded => {
                self.emit(ti, &item, e.at, Some(e), told::task(e));
            }
            "refreshCompleted" if t.asks("outcome", outcome) => {
                self.emit(ti, &item, e.at, Some(e), told::task(e));
            }
            "noData" if succeeded => {
                let key = if is_any(t.matcher()) { Key::Whole } else { item };
                t.silences.retain(|(k, _)| key == Key::Whole || *k != Key::Whole);
                under(&mut t.silences, &key, || Silence::new(e.at)).hear(e);
            }
            "fullRefreshCompleted" => {
                let is_asked = e.data("scope") == Some("full")
                    && t.asks("submission", e.data("submission"))
                    && t.asks("outcome", outcome);
                if is_asked {
                    self.emit(ti, &job, e.at, Some(e), told::job(e));
                }
            }
            "unificationCompleted" => self.unify(ti, e),
            "eventReceived" => self.emit(ti, &Key::Whole, e.at, Some(e), Members::default()),
            _ => {}
        }
    }

    pub(super) fn deadline(&mut self, ti: usize, key: &Key, due: Ns) {
        let t = &mut self.triggers[ti];
        if let Some((_, silence)) = t.silences.iter_mut().find(|(k, _)| k == key) {
            silence.fired = Some(due);
            let event = silence.event.clone();
            let members = told::silence(key, event.as_ref(), t, due);
            self.emit(ti, key, due, event.as_ref(), members);
        } else if let Some((_, settling)) = t.settling.iter_mut().find(|(k, _)| k == key) {
            let first = settling.go_off(due);
            self.emit(ti, key, due, Some(&first), told::task(&first).with_due(due));
        }
    }
}
