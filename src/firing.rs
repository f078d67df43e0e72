//! What was noticed: a firing, its id, and its JSON form.

use std::fmt;
use std::time::Duration;

use chrono::{DateTime, Utc};
use sha2::{Digest, Sha256};

use crate::event::{Series, ValueObserved, push_json_number, push_json_string};
use crate::threshold::{Condition, Threshold, Transition};
use crate::time::{Nanos, datetime, format_duration, push_instant};
use crate::trigger::{Trigger, TriggerKind, condition_json};

/// A trigger has fired: which one, on what, when and why.
///
/// Its JSON form ([`to_json`](Firing::to_json)) is what replay prints and what
/// everything that follows is handed.
///
/// ```
/// use chrono::DateTime;
/// use tripline::{engine::Engine, event::SeriesRef, threshold::Threshold, Trigger};
///
/// let (mut engine, at) = (Engine::new(), |second| DateTime::from_timestamp(second, 0).unwrap());
/// engine.add(at(0), Trigger::segment_threshold_crossed("vip-1000", "vip", Threshold::above(1000.0)).build()?)?;
/// let vip = SeriesRef::segment("/instances/contoso", "vip");
/// for (second, members) in [(0, 998.0), (60, 1004.0)] {
///     let _ = engine.observe_series(at(second), &vip, at(second), members)?;
/// }
/// let firing = engine.poll_firing().unwrap();
/// assert_eq!((firing.trigger(), firing.value(), firing.previous_value()), ("vip-1000", Some(1004.0), Some(998.0)));
/// # Ok::<(), tripline::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Firing {
    /// As it was when it fired.
    trigger: Trigger,
    parts: Parts,
}

/// What distinguishes one firing of a trigger from another; the engine fills it in.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Parts {
    pub(crate) key: Key,
    pub(crate) transition: Transition,
    pub(crate) time: Nanos,
    pub(crate) ordinal: u64,
    pub(crate) value: Option<f64>,
    pub(crate) previous: Option<f64>,
    pub(crate) crossed_at: Option<Nanos>,
    pub(crate) due_at: Option<Nanos>,
    pub(crate) suppressed: u64,
    pub(crate) event: Option<EventRef>,
    pub(crate) owners: Vec<String>,
}

/// What a trigger's state is kept by.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Key {
    Series(Series),
    /// One state for all that the trigger watches.
    Whole,
}

/// The idempotency key of a firing and of all that follows from it: 22
/// characters of base64url, the same for the same firing on any machine.
///
/// It is the first 16 bytes of the SHA-256 of, each preceded by its length as
/// four bytes (big end first): the trigger's id; the key (the word `series`,
/// the source, the kind, the name, then each dimension's name and value, each
/// framed likewise; or the framed word `whole`); the transition's word; the time in
/// nanoseconds since 1970 as eight bytes; and the ordinal among this trigger's
/// and key's firings at that instant as eight bytes.
///
/// ```
/// # use chrono::DateTime;
/// # use tripline::{engine::Engine, event::SeriesRef, threshold::Threshold, Trigger};
/// # let (mut engine, at) = (Engine::new(), DateTime::UNIX_EPOCH);
/// # engine.add(at, Trigger::segment_threshold_crossed("vip", "vip", Threshold::above(9.0)).build()?)?;
/// # let _ = engine.observe_series(at, &SeriesRef::segment("/s", "vip"), at, 2.0)?;
/// # let _ = engine.observe_series(at, &SeriesRef::segment("/s", "vip"), at, 12.0)?;
/// let id = engine.poll_firing().unwrap().id();
/// assert_eq!(id.as_str().len(), 22);
/// assert_eq!(id.to_string(), id.as_str());
/// # Ok::<(), tripline::Error>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct FiringId([u8; 22]);

/// The event that a firing goes back to.
///
/// ```
/// # use chrono::DateTime;
/// use tripline::{engine::Engine, event::ValueObserved, threshold::Threshold, Trigger};
///
/// let (mut engine, at) = (Engine::new(), DateTime::UNIX_EPOCH);
/// engine.add(at, Trigger::segment_threshold_crossed("vip", "vip", Threshold::above(9.0)).build()?)?;
/// for (id, members) in [("t-1", 2.0), ("t-2", 12.0)] {
///     let event = ValueObserved::new("segment", "vip", members).into_event(id, "/s")?;
///     let _ = engine.handle_event(at, &event)?;
/// }
/// let firing = engine.poll_firing().unwrap();
/// assert_eq!(firing.event().unwrap().id(), "t-2");
/// # Ok::<(), tripline::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EventRef {
    source: Box<str>,
    id: Box<str>,
    time: Nanos,
}

impl Firing {
    pub(crate) fn new(trigger: Trigger, parts: Parts) -> Self {
        Self { trigger, parts }
    }

    /// What it was made of.
    pub(crate) fn parts(&self) -> (&Trigger, &Parts) {
        (&self.trigger, &self.parts)
    }

    /// The idempotency key; computed at each call.
    ///
    /// ```
    #[doc = include_str!("../docs/snippets/firing.rs")]
    /// assert_eq!(firing.id(), firing.clone().id());
    /// # Ok::<(), tripline::Error>(())
    /// ```
    pub fn id(&self) -> FiringId {
        let mut key = Vec::new();
        match &self.parts.key {
            Key::Series(series) => {
                frame(&mut key, b"series");
                frame(&mut key, series.source().as_bytes());
                frame(&mut key, series.kind().as_str().as_bytes());
                frame(&mut key, series.name().as_bytes());
                for (name, value) in series.dimensions().iter() {
                    frame(&mut key, name.as_bytes());
                    frame(&mut key, value.as_bytes());
                }
            }
            Key::Whole => frame(&mut key, b"whole"),
        }
        let mut text = Vec::with_capacity(key.len() + self.trigger().len() + 48);
        frame(&mut text, self.trigger().as_bytes());
        frame(&mut text, &key);
        frame(&mut text, self.parts.transition.as_str().as_bytes());
        frame(&mut text, &self.parts.time.to_be_bytes());
        frame(&mut text, &self.parts.ordinal.to_be_bytes());
        FiringId(base64url(&Sha256::digest(&text)))
    }

    /// The id of the trigger.
    ///
    /// ```
    #[doc = include_str!("../docs/snippets/firing.rs")]
    /// assert_eq!(firing.trigger(), "vip-1000");
    /// # Ok::<(), tripline::Error>(())
    /// ```
    pub fn trigger(&self) -> &str {
        self.trigger.id()
    }

    /// The type of the trigger, as in its JSON.
    ///
    /// ```
    #[doc = include_str!("../docs/snippets/firing.rs")]
    /// assert_eq!(firing.trigger_type(), "segmentThresholdCrossed");
    /// # Ok::<(), tripline::Error>(())
    /// ```
    pub fn trigger_type(&self) -> &'static str {
        self.trigger.type_name()
    }

    /// What happened.
    ///
    /// ```
    #[doc = include_str!("../docs/snippets/firing.rs")]
    /// assert_eq!(firing.transition(), tripline::threshold::Transition::Crossed);
    /// # Ok::<(), tripline::Error>(())
    /// ```
    pub fn transition(&self) -> Transition {
        self.parts.transition
    }

    /// When: the due time of a hold or another deadline, else the event's time.
    ///
    /// ```
    #[doc = include_str!("../docs/snippets/firing.rs")]
    /// assert_eq!(firing.time(), at(60));
    /// # Ok::<(), tripline::Error>(())
    /// ```
    pub fn time(&self) -> DateTime<Utc> {
        datetime(self.parts.time)
    }

    /// The series; `None` where one silence stands for all that is watched.
    ///
    /// ```
    #[doc = include_str!("../docs/snippets/firing.rs")]
    /// assert_eq!(firing.series().unwrap().name(), "vip");
    /// # Ok::<(), tripline::Error>(())
    /// ```
    pub fn series(&self) -> Option<&Series> {
        match &self.parts.key {
            Key::Series(series) => Some(series),
            Key::Whole => None,
        }
    }

    /// The value: of the observation that fired it, or the last one known at a deadline.
    ///
    /// ```
    #[doc = include_str!("../docs/snippets/firing.rs")]
    /// assert_eq!(firing.value(), Some(1004.0));
    /// # Ok::<(), tripline::Error>(())
    /// ```
    pub fn value(&self) -> Option<f64> {
        self.parts.value
    }

    /// For a crossing: the last value before the one that crossed.
    ///
    /// ```
    #[doc = include_str!("../docs/snippets/firing.rs")]
    /// assert_eq!(firing.previous_value(), Some(998.0));
    /// # Ok::<(), tripline::Error>(())
    /// ```
    pub fn previous_value(&self) -> Option<f64> {
        self.parts.previous
    }

    /// The condition that came to hold; `None` for a trigger without one.
    ///
    /// ```
    #[doc = include_str!("../docs/snippets/firing.rs")]
    /// assert_eq!(firing.condition(), Some(tripline::threshold::Condition::Above(1000.0)));
    /// # Ok::<(), tripline::Error>(())
    /// ```
    pub fn condition(&self) -> Option<Condition> {
        self.trigger.threshold().map(Threshold::condition)
    }

    /// When the episode began.
    ///
    /// ```
    #[doc = include_str!("../docs/snippets/firing.rs")]
    /// assert_eq!(firing.crossed_at(), Some(at(60)));
    /// # Ok::<(), tripline::Error>(())
    /// ```
    pub fn crossed_at(&self) -> Option<DateTime<Utc>> {
        self.parts.crossed_at.map(datetime)
    }

    /// For what a deadline brought about: when it was due, which is its `time`.
    ///
    /// ```
    #[doc = include_str!("../docs/snippets/firing.rs")]
    /// assert_eq!(firing.due_at(), None);
    /// # Ok::<(), tripline::Error>(())
    /// ```
    pub fn due_at(&self) -> Option<DateTime<Utc>> {
        self.parts.due_at.map(datetime)
    }

    /// For a cleared episode: how long it was, from its crossing to its end.
    ///
    /// ```
    #[doc = include_str!("../docs/snippets/firing.rs")]
    /// assert_eq!(firing.length(), None);
    /// # Ok::<(), tripline::Error>(())
    /// ```
    pub fn length(&self) -> Option<Duration> {
        let crossed_at = self.parts.crossed_at.filter(|_| self.parts.transition == Transition::Cleared)?;
        u64::try_from(i128::from(self.parts.time) - i128::from(crossed_at)).ok().map(Duration::from_nanos)
    }

    /// How many firings of this trigger and series the cooldown has swallowed since the last one.
    ///
    /// ```
    #[doc = include_str!("../docs/snippets/firing.rs")]
    /// assert_eq!(firing.suppressed(), 0);
    /// # Ok::<(), tripline::Error>(())
    /// ```
    pub fn suppressed(&self) -> u64 {
        self.parts.suppressed
    }

    /// The event it goes back to: the one that fired it, or for a deadline the
    /// one that set it. `None` for the `observe` lanes, which carry no events.
    ///
    /// ```
    #[doc = include_str!("../docs/snippets/firing.rs")]
    /// assert_eq!(firing.event(), None);
    /// # Ok::<(), tripline::Error>(())
    /// ```
    pub fn event(&self) -> Option<&EventRef> {
        self.parts.event.as_ref()
    }

    /// The owners that this event named.
    ///
    /// ```
    #[doc = include_str!("../docs/snippets/firing.rs")]
    /// assert_eq!(firing.owners().count(), 0);
    /// # Ok::<(), tripline::Error>(())
    /// ```
    pub fn owners(&self) -> impl Iterator<Item = &str> {
        self.parts.owners.iter().map(String::as_str)
    }

    /// The firing with the owners that a catalogue names, where its event named none.
    ///
    /// ```
    #[doc = include_str!("../docs/snippets/firing.rs")]
    /// let firing = firing.with_owners_if_none(["ana@contoso.example"]);
    /// assert_eq!(firing.owners().next(), Some("ana@contoso.example"));
    /// # Ok::<(), tripline::Error>(())
    /// ```
    #[must_use]
    pub fn with_owners_if_none<O: Into<String>>(mut self, owners: impl IntoIterator<Item = O>) -> Self {
        if self.parts.owners.is_empty() {
            self.parts.owners = owners.into_iter().map(Into::into).collect();
        }
        self
    }

    /// The firing as one line of JSON. What is absent is left out; an infinite value is `null`.
    ///
    /// ```
    #[doc = include_str!("../docs/snippets/firing.rs")]
    /// assert!(firing.to_json().contains(r#""value":1004,"previousValue":998,"condition":{"above":1000}"#));
    /// # Ok::<(), tripline::Error>(())
    /// ```
    pub fn to_json(&self) -> String {
        let parts = &self.parts;
        let mut line = Line(String::with_capacity(512));
        line.text("id", self.id().as_str());
        line.text("trigger", self.trigger());
        line.text("type", self.trigger_type());
        line.text("transition", parts.transition.as_str());
        line.instant("time", Some(parts.time));
        match (&parts.key, self.trigger.kind()) {
            (Key::Series(series), _) => line.with("series", |out| series.push_json(out)),
            (Key::Whole, TriggerKind::NoData { kind, name, .. }) => line.object("series", |series| {
                series.text("kind", kind.as_str());
                series.text("name", name.as_exact().unwrap_or("*"));
            }),
            (Key::Whole, _) => {}
        }
        for (name, value) in [("value", parts.value), ("previousValue", parts.previous)] {
            if let Some(value) = value {
                line.with(name, |out| push_json_number(out, value));
            }
        }
        match self.trigger.kind() {
            TriggerKind::NoData { within, .. } => {
                line.object("condition", |condition| condition.text("within", &format_duration(within)));
            }
            TriggerKind::SegmentThresholdCrossed { threshold, .. }
            | TriggerKind::MeasureThresholdCrossed { threshold, .. } => {
                line.with("condition", |out| out.push_str(&condition_json(threshold)));
            }
            _ => {}
        }
        line.instant("crossedAt", parts.crossed_at);
        line.instant("dueAt", parts.due_at);
        if let Some(length) = self.length() {
            line.text("length", &format_duration(length));
        }
        line.with("suppressed", |out| out.push_str(&parts.suppressed.to_string()));
        if let Some(event) = &parts.event {
            line.object("event", |line| {
                line.text("source", &event.source);
                line.text("id", &event.id);
                line.text("type", event.event_type());
                line.instant("time", Some(event.time));
            });
        }
        if !parts.owners.is_empty() {
            line.with("owners", |out| {
                for (at, owner) in parts.owners.iter().enumerate() {
                    out.push(if at == 0 { '[' } else { ',' });
                    push_json_string(out, owner);
                }
                out.push(']');
            });
        }
        line.0.push('}');
        line.0
    }
}

impl FiringId {
    /// The 22 characters.
    ///
    /// ```
    #[doc = include_str!("../docs/snippets/firing.rs")]
    /// assert!(firing.id().as_str().bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte)));
    /// # Ok::<(), tripline::Error>(())
    /// ```
    pub fn as_str(&self) -> &str {
        // Base64url is ASCII, so the bytes are always text.
        std::str::from_utf8(&self.0).unwrap_or_default()
    }
}

impl fmt::Display for FiringId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for FiringId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "FiringId({})", self.as_str())
    }
}

impl EventRef {
    pub(crate) fn new(source: &str, id: &str, time: Nanos) -> Self {
        Self { source: source.into(), id: id.into(), time }
    }

    pub(crate) fn instant(&self) -> Nanos {
        self.time
    }

    /// The event's source.
    ///
    /// ```
    #[doc = include_str!("../docs/snippets/firing_of_event.rs")]
    /// assert_eq!(event.source(), "/instances/contoso");
    /// # Ok::<(), tripline::Error>(())
    /// ```
    pub fn source(&self) -> &str {
        &self.source
    }

    /// The event's id.
    ///
    /// ```
    #[doc = include_str!("../docs/snippets/firing_of_event.rs")]
    /// assert_eq!(event.id(), "t-17");
    /// # Ok::<(), tripline::Error>(())
    /// ```
    pub fn id(&self) -> &str {
        &self.id
    }

    /// The event's type.
    ///
    /// ```
    #[doc = include_str!("../docs/snippets/firing_of_event.rs")]
    /// assert_eq!(event.event_type(), "tripline.value.observed");
    /// # Ok::<(), tripline::Error>(())
    /// ```
    pub fn event_type(&self) -> &str {
        ValueObserved::EVENT_TYPE
    }

    /// The event's time (the caller's `now` where it had none).
    ///
    /// ```
    #[doc = include_str!("../docs/snippets/firing_of_event.rs")]
    /// assert_eq!(event.time(), at(60));
    /// # Ok::<(), tripline::Error>(())
    /// ```
    pub fn time(&self) -> DateTime<Utc> {
        datetime(self.time)
    }
}

/// One line of JSON under construction.
struct Line(String);

impl Line {
    fn with(&mut self, name: &str, write: impl FnOnce(&mut String)) {
        // A value is never written without a member before it, so an object that
        // is just beginning is where the text is empty or ends with a colon.
        let begins = self.0.is_empty() || self.0.ends_with(':');
        self.0.push(if begins { '{' } else { ',' });
        push_json_string(&mut self.0, name);
        self.0.push(':');
        write(&mut self.0);
    }

    fn text(&mut self, name: &str, value: &str) {
        self.with(name, |out| push_json_string(out, value));
    }

    fn object(&mut self, name: &str, write: impl FnOnce(&mut Self)) {
        self.with(name, |out| {
            let mut inner = Self(std::mem::take(out));
            write(&mut inner);
            inner.0.push('}');
            *out = inner.0;
        });
    }

    fn instant(&mut self, name: &str, value: Option<Nanos>) {
        if let Some(value) = value {
            self.with(name, |out| {
                out.push('"');
                push_instant(out, value);
                out.push('"');
            });
        }
    }
}

fn frame(out: &mut Vec<u8>, bytes: &[u8]) {
    let length = u32::try_from(bytes.len()).unwrap_or(u32::MAX);
    out.extend(length.to_be_bytes());
    out.extend(bytes);
}

/// The first 16 bytes of a digest as base64url without padding.
fn base64url(digest: &[u8]) -> [u8; 22] {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    std::array::from_fn(|at| {
        let byte = |place: usize| if place < 16 { u32::from(digest[place]) } else { 0 };
        let (first, shift) = (at / 4 * 3, 18 - at % 4 * 6);
        let group = byte(first) << 16 | byte(first + 1) << 8 | byte(first + 2);
        ALPHABET[(group >> shift & 63) as usize]
    })
}
