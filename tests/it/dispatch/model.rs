//! The dispatcher by the words of its contract, with lists, looking at everything each time.

use std::collections::{BTreeMap, BTreeSet};

use tripline::action::{ActionError, Effect};
use tripline::dispatch::Admission;

const MOST: usize = 12;
const TIMEOUT: i64 = 10;
const WAIT: i64 = 7;

#[derive(Debug, Clone)]
pub(crate) struct Plan {
    pub(crate) id: u64,
    pub(crate) lane: u64,
    pub(crate) key: Option<u64>,
    pub(crate) retries: u32,
    pub(crate) is_guarded: bool,
    pub(crate) retries_unsafe: bool,
    pub(crate) expires: Option<i64>,
}

#[derive(Debug, Clone)]
pub(crate) struct Pending {
    pub(crate) plan: Plan,
    pub(crate) attempts: u32,
    /// Attempts of this sending.
    round: u32,
    not_before: i64,
    deadline: Option<i64>,
}

#[derive(Debug, Default)]
pub(crate) struct Model {
    /// In the order in which they came.
    pub(crate) pending: Vec<Pending>,
    pub(crate) dead: BTreeMap<u64, Pending>,
    pub(crate) delivered: u64,
    /// How many were told since that was last asked.
    pub(crate) outcomes: usize,
    lanes: [Lane; 4],
    known: BTreeSet<u64>,
    /// When lanes 0 and 1 were called, and until when both are held back.
    calls: Vec<i64>,
    shared_hold: i64,
}

#[derive(Debug, Default)]
struct Lane {
    failures: u32,
    open_until: Option<i64>,
    opened: u32,
    probe: Option<u64>,
    held: i64,
    is_disabled: bool,
}

impl Model {
    pub(crate) fn new() -> Self {
        Self::default()
    }

    pub(crate) fn admit(&mut self, now: i64, plan: Plan) -> Option<Admission> {
        if self.pending.len() >= MOST {
            return None;
        }
        if self.pending.iter().any(|other| other.plan.id == plan.id) || self.dead.contains_key(&plan.id) {
            return Some(Admission::Duplicate);
        }
        let (lane, expires) = (plan.lane, plan.expires);
        self.known.insert(lane);
        self.pending.push(Pending { plan, attempts: 0, round: 0, not_before: now, deadline: None });
        if self.lanes[lane as usize].is_disabled || expires.is_some_and(|end| end <= now) {
            self.die(self.pending.len() - 1);
            return Some(Admission::Dead);
        }
        Some(Admission::Queued)
    }

    fn die(&mut self, place: usize) {
        let pending = self.pending.remove(place);
        self.dead.insert(pending.plan.id, pending);
        self.outcomes += 1;
    }

    /// All that is due by then, one instant after the other.
    pub(crate) fn advance(&mut self, now: i64) {
        while let Some((at, place)) = self
            .pending
            .iter()
            .enumerate()
            .filter_map(|(place, one)| {
                Some((one.deadline.or(one.plan.expires)?, one.deadline.is_none(), place))
            })
            .min()
            .map(|(at, _, place)| (at, place))
            .filter(|(at, _)| *at <= now)
        {
            if self.pending[place].deadline.is_some() {
                let lost = ActionError::transient("lost").with_outcome_unknown(true);
                let _ = self.fail(at, place, &lost);
            } else {
                self.die(place);
            }
        }
    }

    /// When it is tried again, if it is.
    pub(crate) fn complete(&mut self, now: i64, id: u64, error: Option<&ActionError>) -> Option<i64> {
        let place = self.pending.iter().position(|one| one.plan.id == id && one.deadline.is_some())?;
        if let Some(error) = error {
            return self.fail(now, place, error);
        }
        let lane = self.pending.remove(place).plan.lane as usize;
        self.lanes[lane].answered();
        self.delivered += 1;
        self.outcomes += 1;
        None
    }

    fn fail(&mut self, now: i64, place: usize, error: &ActionError) -> Option<i64> {
        let one = &mut self.pending[place];
        one.deadline = None;
        one.attempts += 1;
        one.round += 1;
        let (plan, round) = (one.plan.clone(), one.round);
        let lane = &mut self.lanes[plan.lane as usize];
        let asked = error.retry_after().map_or(0, |pause| pause.as_secs() as i64);
        if error.is_transient() {
            lane.failed(now, plan.id);
        } else {
            lane.answered();
            if error.is_throttled() {
                lane.held = lane.held.max(now + asked);
                if plan.lane < 2 {
                    self.shared_hold = self.shared_hold.max(now + asked);
                }
            }
        }
        let effect = if plan.is_guarded { Effect::Guarded } else { Effect::Unsafe };
        let next = now + WAIT.max(asked);
        let may = error.is_retryable()
            && !lane.is_disabled
            && (error.may_retry(effect) || plan.retries_unsafe)
            && round <= plan.retries
            && plan.expires.is_none_or(|end| next < end);
        if may {
            self.pending[place].not_before = next;
            return Some(next);
        }
        self.die(place);
        if error.is_gone() && !self.lanes[plan.lane as usize].is_disabled {
            self.lanes[plan.lane as usize].is_disabled = true;
            self.outcomes += 1;
            while let Some(place) =
                self.pending.iter().position(|one| one.plan.lane == plan.lane && one.deadline.is_none())
            {
                self.die(place);
            }
        }
        None
    }

    pub(crate) fn redrive(&mut self, now: i64, id: u64) -> bool {
        let may =
            |one: &Pending| !self.lanes[one.plan.lane as usize].is_disabled && self.pending.len() < MOST;
        if !self.dead.get(&id).is_some_and(may) {
            return false;
        }
        let mut one = self.dead.remove(&id).unwrap();
        (one.round, one.not_before, one.plan.expires) = (0, now, None);
        self.pending.push(one);
        true
    }

    pub(crate) fn cancel(&mut self, _: i64, id: u64) -> bool {
        let Some(place) = self.pending.iter().position(|one| one.plan.id == id) else { return false };
        let one = self.pending.remove(place);
        let lane = &mut self.lanes[one.plan.lane as usize];
        lane.probe = lane.probe.filter(|probe| *probe != id || one.deadline.is_none());
        self.outcomes += 1;
        true
    }

    pub(crate) fn enable(&mut self, lane: u64) -> bool {
        std::mem::take(&mut self.lanes[lane as usize].is_disabled)
    }

    /// Whether nothing but time, as far as it has not passed, is in the way of this one.
    fn could_start(&self, now: i64, one: &Pending) -> bool {
        let (plan, lane) = (&one.plan, &self.lanes[one.plan.lane as usize]);
        let in_flight =
            self.pending.iter().filter(|other| other.plan.lane == plan.lane && other.deadline.is_some());
        let most = if plan.lane == 3 { 1 } else { 2 };
        let place = self.pending.iter().position(|other| other.plan.id == plan.id).unwrap();
        let is_first = !self.pending[..place]
            .iter()
            .any(|other| other.plan.lane == plan.lane && plan.key.is_some() && other.plan.key == plan.key);
        let is_throttled = plan.lane < 2
            && (self.shared_hold > now || self.calls.iter().filter(|call| **call > now - 20).count() >= 3);
        one.deadline.is_none()
            && one.not_before <= now
            && is_first
            && in_flight.count() < most
            && lane.open_until.is_none_or(|until| until <= now)
            && lane.probe.is_none()
            && lane.held <= now
            && !is_throttled
    }

    /// Some delivery that should have been handed out.
    pub(crate) fn eligible(&self, now: i64) -> Option<u64> {
        self.pending.iter().find(|one| self.could_start(now, one)).map(|one| one.plan.id)
    }

    /// The next time at which something happens by itself.
    pub(crate) fn next_time(&self, now: i64) -> Option<i64> {
        let ends = self.pending.iter().filter_map(|one| one.deadline.or(one.plan.expires));
        let starts = (now + 1..now + 100).find(|at| self.eligible(*at).is_some());
        ends.chain(starts).min()
    }

    /// Starts this one, if it is the oldest of its lane that may start: its attempt and its deadline.
    pub(crate) fn start(&mut self, now: i64, id: u64) -> Option<(u32, i64)> {
        let lane = self.pending.iter().find(|one| one.plan.id == id)?.plan.lane;
        let oldest =
            self.pending.iter().position(|one| one.plan.lane == lane && self.could_start(now, one))?;
        if self.pending[oldest].plan.id != id {
            return None;
        }
        if lane < 2 {
            self.calls.push(now);
        }
        let state = &mut self.lanes[lane as usize];
        if state.open_until.is_some() {
            state.probe = Some(id);
        }
        let one = &mut self.pending[oldest];
        one.deadline = Some(now + TIMEOUT);
        Some((one.attempts + 1, now + TIMEOUT))
    }
}

impl Lane {
    fn answered(&mut self) {
        (self.failures, self.open_until, self.opened, self.probe) = (0, None, 0, None);
    }

    fn failed(&mut self, now: i64, id: u64) {
        if self.open_until.is_none() {
            self.failures += 1;
            if self.failures < 5 {
                return;
            }
        } else if self.probe != Some(id) {
            return;
        }
        self.opened += 1;
        self.open_until = Some(now + (15 << (self.opened - 1).min(9)).min(40));
        self.probe = None;
    }
}
