//! One trigger on one series.

use crate::event::ValueObserved;
use crate::threshold::{NEVER, Rule, State, Waiting};
use crate::time::Nanos;

use super::numbers::NOBODY;
use super::silence::Silence;
use super::slot::LONG_AGO;
use super::tasks::Waiter;

/// The state of one (trigger, series), or of a trigger as a whole.
#[derive(Debug, Clone)]
pub(super) struct Instance {
    /// [`NOBODY`] where the instance is free.
    pub(super) trigger: u32,
    /// [`NOBODY`] where it belongs to no series.
    pub(super) series: u32,
    /// Its earliest entry in the deadline queue; [`NEVER`] for none.
    pub(super) queued: Nanos,
    pub(super) body: Body,
    /// `time` of the latest emitted firing, and how many there were at it.
    pub(super) last_firing: Nanos,
    pub(super) firings_then: u32,
    pub(super) suppressed: u32,
    /// It is shown only the values that leave its quiet interval.
    pub(super) edge: bool,
    /// It has been shown an observation; before that it is as if it were not there.
    pub(super) shown: bool,
    pub(super) more: Option<Box<More>>,
}

#[derive(Debug, Clone)]
pub(super) enum Body {
    Threshold(State),
    Silence(Silence),
    Task(Box<Waiter>),
}

/// What only some options need.
#[derive(Debug, Clone)]
pub(super) struct More {
    /// The last present value that this instance was shown; NaN for none.
    pub(super) value: f64,
    /// The last present value before the episode began.
    pub(super) before: f64,
    /// When it was last shown an observation.
    pub(super) reported: Nanos,
    /// `time` of the latest emitted crossing, from which `cooldown` runs.
    pub(super) cooldown_from: Nanos,
    /// The event that began the episode (or, for a silence, the last report).
    pub(super) origin: Origin,
    /// The first outside event of an episode that `keep` holds open.
    pub(super) outside: Origin,
    /// With `lateness`: how new an observation must be, and those that wait.
    pub(super) newest: Nanos,
    pub(super) newest_sequence: Option<i64>,
    pub(super) floor: Nanos,
    pub(super) waiting: Waiting<Held>,
}

/// An observation that waits for `lateness` to pass.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Held {
    pub(super) value: f64,
    pub(super) origin: Origin,
}

/// Which event it was. The buffers are used again, so that noting an event
/// does not allocate once they are large enough.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Origin {
    /// Only where no series tells it.
    pub(super) source: String,
    /// Empty where there was no event (the `observe` lanes).
    pub(super) id: String,
    pub(super) time: Nanos,
    pub(super) owners: Vec<String>,
}

impl Instance {
    pub(super) fn new(trigger: u32, series: u32, body: Body, edge: bool, more: Option<Box<More>>) -> Self {
        Self {
            trigger,
            series,
            queued: NEVER,
            body,
            last_firing: LONG_AGO,
            firings_then: 0,
            suppressed: 0,
            edge,
            shown: false,
            more,
        }
    }

    /// The next deadline on the trigger's own time, waiting observations included.
    pub(super) fn deadline(&self, rule: Option<&Rule>) -> Nanos {
        let own = match (&self.body, rule) {
            (Body::Threshold(state), Some(rule)) => state.deadline(rule),
            (Body::Silence(silence), _) => silence.due,
            (Body::Task(waiter), _) => waiter.due(),
            _ => NEVER,
        };
        let waiting = self.more.as_ref().and_then(|more| more.waiting.next_at());
        own.min(waiting.unwrap_or(NEVER))
    }

    pub(super) fn is_free(&self) -> bool {
        self.trigger == NOBODY
    }
}

impl Default for More {
    fn default() -> Self {
        Self {
            value: f64::NAN,
            before: f64::NAN,
            reported: NEVER,
            cooldown_from: LONG_AGO,
            origin: Origin::default(),
            outside: Origin::default(),
            newest: LONG_AGO,
            newest_sequence: None,
            floor: LONG_AGO,
            waiting: Waiting::default(),
        }
    }
}

impl Origin {
    pub(super) fn set(&mut self, from: &OriginRef<'_>) {
        self.source.clear();
        self.source.push_str(from.source);
        self.id.clear();
        self.id.push_str(from.id);
        self.time = from.time;
        let mut count = 0;
        from.owners.each(|owner| {
            match self.owners.get_mut(count) {
                Some(place) => {
                    place.clear();
                    place.push_str(owner);
                }
                None => self.owners.push(owner.to_owned()),
            }
            count += 1;
        });
        self.owners.truncate(count);
    }

    pub(super) fn clear(&mut self) {
        self.id.clear();
        self.owners.clear();
    }

    /// The event, unless there was none.
    pub(super) fn known(&self) -> Option<&Self> {
        (!self.id.is_empty()).then_some(self)
    }

    pub(super) fn borrowed(&self) -> OriginRef<'_> {
        OriginRef { source: &self.source, id: &self.id, time: self.time, owners: Owners::Kept(&self.owners) }
    }
}

/// The event at hand, borrowed.
#[derive(Debug, Clone, Copy)]
pub(super) struct OriginRef<'a> {
    /// Empty where a series tells it.
    pub(super) source: &'a str,
    pub(super) id: &'a str,
    pub(super) time: Nanos,
    pub(super) owners: Owners<'a>,
}

/// The owners that an event named.
#[derive(Debug, Clone, Copy)]
pub(super) enum Owners<'a> {
    Nobody,
    Observed(&'a ValueObserved<'a>),
    Kept(&'a [String]),
    Told(&'a [Box<str>]),
}

impl Owners<'_> {
    fn each(&self, mut take: impl FnMut(&str)) {
        match self {
            Self::Nobody => {}
            Self::Observed(observed) => observed.owners().for_each(|owner| take(&owner)),
            Self::Kept(owners) => owners.iter().for_each(|owner| take(owner)),
            Self::Told(owners) => owners.iter().for_each(|owner| take(owner)),
        }
    }
}

impl OriginRef<'_> {
    pub(super) fn to_origin(self) -> Origin {
        let mut origin = Origin::default();
        origin.set(&self);
        origin
    }
}
