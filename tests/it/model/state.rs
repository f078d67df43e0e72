//! What is kept for one trigger and one series, and when something of it is due.

use super::rule::{Occurrences, Threshold, Zone};
use super::{Ns, Obs, Series};

/// What lateness is judged by.
#[derive(Clone, Default)]
pub(crate) struct Newest {
    pub(crate) time: Option<Ns>,
    pub(crate) sequence: Option<i64>,
    /// The largest due time of a timer that has gone off.
    pub(crate) floor: Option<Ns>,
}

#[derive(Clone, Default)]
pub(crate) struct Cooling {
    pub(crate) last: Option<Ns>,
    pub(crate) suppressed: u64,
}

/// The event behind something.
#[derive(Clone, Default)]
pub(crate) struct Cause {
    pub(crate) event: Option<String>,
    pub(crate) owners: Vec<String>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Side {
    Unknown,
    Inside,
    Outside,
}

/// Where an episode, or a hold that may become one, began.
#[derive(Clone)]
pub(crate) struct Start {
    pub(crate) time: Ns,
    pub(crate) cause: Cause,
    pub(crate) previous: Option<f64>,
}

/// A silence: the last report, whether it has been fired at some time since, and what the firing will say.
#[derive(Clone)]
pub(crate) struct Silence {
    pub(crate) last: Ns,
    pub(crate) fired: Option<Ns>,
    pub(crate) cause: Cause,
    pub(crate) value: Option<f64>,
    pub(crate) cooling: Cooling,
}

#[derive(Clone)]
pub(crate) struct State {
    pub(crate) series: Series,
    pub(crate) seen: bool,
    pub(crate) side: Side,
    pub(crate) spent: bool,
    pub(crate) hold: Option<Start>,
    /// The running episode that crossed: its start and the firing's time; `None` for one that was inside from the first.
    pub(crate) episode: Option<(Start, Ns)>,
    pub(crate) told: bool,
    pub(crate) outside_since: Option<(Ns, Option<Cause>)>,
    /// No reminder before this.
    pub(crate) remind_from: Ns,
    pub(crate) last_report: Option<Ns>,
    pub(crate) stale_done: bool,
    /// The last present value.
    pub(crate) last: Option<f64>,
    /// For `changesBy`: the previous observation's value, if present.
    pub(crate) step_from: Option<f64>,
    pub(crate) window: Vec<(Ns, bool)>,
    pub(crate) cooling: Cooling,
    pub(crate) late: Newest,
    pub(crate) waiting: Vec<(Option<i64>, u64, Obs)>,
    /// For `noData` alone.
    pub(crate) silence: Option<Silence>,
}

impl Newest {
    pub(crate) fn is_late(&self, o: &Obs) -> bool {
        let behind = matches!((o.sequence, self.sequence), (Some(n), Some(newest)) if n < newest);
        Some(o.at) < self.floor || Some(o.at) < self.time || (Some(o.at) == self.time && behind)
    }

    pub(crate) fn saw(&mut self, o: &Obs) {
        if self.time <= Some(o.at) {
            self.time = Some(o.at);
            self.sequence = o.sequence;
        }
    }

    /// Nothing older than `t` from now on.
    pub(crate) fn raise(&mut self, t: Ns) {
        if self.time < Some(t) {
            self.time = Some(t);
            self.sequence = None;
        }
    }
}

impl Silence {
    pub(crate) fn new(last: Ns) -> Silence {
        Silence { last, fired: None, cause: Cause::default(), value: None, cooling: Cooling::default() }
    }

    pub(crate) fn due(&self, within: Ns) -> Option<Ns> {
        self.fired.is_none().then_some(self.last + within)
    }

    /// A report; one from before the firing is none.
    pub(crate) fn heard(&mut self, o: &Obs, cause: Cause, value: Option<f64>) {
        if self.fired.is_some_and(|due| o.at < due) {
            return;
        }
        self.fired = None;
        if o.at >= self.last {
            self.last = o.at;
            self.cause = cause;
            self.value = value.or(self.value);
        }
    }
}

impl State {
    pub(crate) fn new(series: &Series) -> State {
        State {
            series: series.clone(),
            seen: false,
            side: Side::Unknown,
            spent: false,
            hold: None,
            episode: None,
            told: false,
            outside_since: None,
            remind_from: 0,
            last_report: None,
            stale_done: false,
            last: None,
            step_from: None,
            window: vec![],
            cooling: Cooling::default(),
            late: Newest::default(),
            waiting: vec![],
            silence: None,
        }
    }

    /// A nanosecond after the last instant at which the last report still stands; none where nothing would change.
    pub(crate) fn stale_due(&self, t: &Threshold) -> Option<Ns> {
        let stands = if t.is_change() { self.step_from.is_some() } else { self.side != Side::Unknown };
        let due = self.last_report? + t.stale_after? + 1;
        (stands && !self.stale_done).then_some(due)
    }

    /// The first point of the grid, counted from the firing, that is not yet behind.
    pub(crate) fn reminder_due(&self, t: &Threshold) -> Option<Ns> {
        let (every, (_, fired)) = (t.remind_every?, self.episode.as_ref()?);
        let mut due = fired + every;
        while due < self.remind_from {
            due += every;
        }
        (self.told && self.side != Side::Unknown).then_some(due)
    }

    /// Side and phase in words.
    pub(crate) fn words(&self, threshold: Option<&Threshold>) -> (&'static str, &'static str) {
        let Some(threshold) = threshold else {
            return (
                "unknown",
                if self.silence.as_ref().is_some_and(|s| s.fired.is_some()) { "silent" } else { "watching" },
            );
        };
        let side = match self.side {
            Side::Unknown => "unknown",
            Side::Inside => "inside",
            Side::Outside => "outside",
        };
        let phase = match (threshold.is_change(), self.seen, &self.hold, self.spent, &self.episode) {
            (true, ..) => "watching",
            (_, false, ..) => "unseen",
            (_, _, Some(_), ..) => "holding",
            (_, _, _, false, _) => "armed",
            (_, _, _, true, Some(_)) => "fired",
            (_, _, _, true, None) => "spent",
        };
        (side, phase)
    }
}

/// The zone of the whole window at `now`, for `occurrences`.
pub(crate) fn composite(t: &Threshold, window: &[(Ns, bool)], now: Ns) -> Zone {
    let (enough, n) = match t.occurrences {
        Some(Occurrences::OfLast(m, n)) => {
            (m, window.iter().rev().take(n).filter(|(_, inside)| *inside).count())
        }
        Some(Occurrences::Within(m, d)) => {
            (m, window.iter().filter(|(s, inside)| *inside && now - s <= d).count())
        }
        None => (1, 0),
    };
    if n >= enough { Zone::In } else { Zone::Out }
}
