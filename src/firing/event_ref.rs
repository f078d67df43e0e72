//! The event that a firing goes back to.

use std::borrow::Cow;

use chrono::{DateTime, Utc};

use crate::event::{JobCompleted, RefreshCompleted, ValueObserved};
use crate::time::{Nanos, datetime};

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
    /// The source, and the id behind it.
    text: Box<str>,
    /// The length of the source.
    source: usize,
    event_type: Cow<'static, str>,
    time: Nanos,
}

impl EventRef {
    pub(crate) fn new(source: &str, id: &str, time: Nanos) -> Self {
        let mut text = String::with_capacity(source.len() + id.len());
        text.push_str(source);
        text.push_str(id);
        Self { text: text.into(), source: source.len(), event_type: ValueObserved::EVENT_TYPE.into(), time }
    }

    /// The same for an event of another type than `tripline.value.observed`.
    pub(crate) fn with_type(mut self, event_type: &str) -> Self {
        if self.event_type != event_type {
            self.event_type = known_type(event_type);
        }
        self
    }

    pub(crate) fn instant(&self) -> Nanos {
        self.time
    }

    /// The event's source.
    ///
    /// ```
    #[doc = include_str!("../../docs/snippets/firing_of_event.rs")]
    /// assert_eq!(event.source(), "/instances/contoso");
    /// # Ok::<(), tripline::Error>(())
    /// ```
    pub fn source(&self) -> &str {
        &self.text[..self.source]
    }

    /// The event's id.
    ///
    /// ```
    #[doc = include_str!("../../docs/snippets/firing_of_event.rs")]
    /// assert_eq!(event.id(), "t-17");
    /// # Ok::<(), tripline::Error>(())
    /// ```
    pub fn id(&self) -> &str {
        &self.text[self.source..]
    }

    /// The event's type.
    ///
    /// ```
    #[doc = include_str!("../../docs/snippets/firing_of_event.rs")]
    /// assert_eq!(event.event_type(), "tripline.value.observed");
    /// # Ok::<(), tripline::Error>(())
    /// ```
    pub fn event_type(&self) -> &str {
        &self.event_type
    }

    /// The event's time (the caller's `now` where it had none).
    ///
    /// ```
    #[doc = include_str!("../../docs/snippets/firing_of_event.rs")]
    /// assert_eq!(event.time(), at(60));
    /// # Ok::<(), tripline::Error>(())
    /// ```
    pub fn time(&self) -> DateTime<Utc> {
        datetime(self.time)
    }
}

/// The types that have meaning here need no text of their own.
fn known_type(event_type: &str) -> Cow<'static, str> {
    let known = [ValueObserved::EVENT_TYPE, RefreshCompleted::EVENT_TYPE, JobCompleted::EVENT_TYPE];
    match known.into_iter().find(|known| *known == event_type) {
        Some(known) => Cow::Borrowed(known),
        None => Cow::Owned(event_type.to_owned()),
    }
}
