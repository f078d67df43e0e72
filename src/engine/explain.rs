//! Why something fired or did not: filled in by the real decision as it is
//! made, and not at all unless asked for.

use std::collections::VecDeque;

use chrono::{DateTime, Utc};

use crate::event::{Event, push_json_number, push_json_string};
use crate::firing::Key;
use crate::threshold::{Phase, Side, Transition};
use crate::time::{Nanos, datetime, format_instant, push_instant};

use super::Engine;
use super::input::Input;
use super::instance::{Body, Instance};
use super::ladder::Woken;
use super::numbers::NOBODY;
use super::verdict::Verdict;

/// One trigger judged (or an event that none could judge), and why it fired or did not.
///
/// ```
/// use chrono::DateTime;
/// use tripline::{engine::Engine, event::SeriesRef, threshold::Threshold, Trigger};
///
/// let mut engine = Engine::new();
/// let at = DateTime::UNIX_EPOCH;
/// engine.add(at, Trigger::segment_threshold_crossed("vip", "vip", Threshold::above(1000.0)).build()?)?;
/// engine.set_explain(true);
/// let _ = engine.observe_series(at, &SeriesRef::segment("/s", "vip"), at, 1200.0)?;
/// let explanation = engine.poll_explanation().unwrap();
/// assert_eq!(explanation.trigger(), Some("vip"));
/// assert!(explanation.reason().contains("first value is inside"));
/// # Ok::<(), tripline::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Explanation {
    event: Option<String>,
    trigger: Option<String>,
    key: Option<Key>,
    time: Nanos,
    value: Option<f64>,
    side: Option<Side>,
    phase: Option<Phase>,
    fired: Option<Transition>,
    reason: String,
}

/// What is being judged: an event's id, its time and its value.
pub(super) type Context = (Option<String>, Nanos, f64);

/// Explanations under way and those that wait to be polled.
#[derive(Debug, Clone, Default)]
pub(super) struct ExplainLog {
    context: Option<Context>,
    pub(super) waiting: VecDeque<Explanation>,
}

impl Engine {
    /// Notes a verdict on an instance; nothing unless explanations are asked for.
    pub(super) fn note(&mut self, number: u32, verdict: Verdict) {
        if self.explain.is_some() {
            self.explain_verdict(number, &verdict);
        }
    }

    fn explain_verdict(&mut self, number: u32, verdict: &Verdict) {
        self.explain_instance(number, verdict.words(), verdict.fired());
    }

    fn explain_instance(&mut self, number: u32, reason: String, fired: Option<Transition>) {
        let instance = &self.instances[number as usize];
        let Some(watch) = self.watch(instance.trigger) else { return };
        let (side, phase) = match &instance.body {
            Body::Threshold(state) => (state.side, state.phase),
            Body::Silence(silence) => {
                (Side::Unknown, if silence.is_silent() { Phase::Silent } else { Phase::Watching })
            }
            Body::Task(_) => (Side::Unknown, Phase::Watching),
        };
        let key = (instance.series != NOBODY).then(|| Key::Series(self.slots.series(instance.series)));
        let trigger = Some(watch.trigger.id().to_owned());
        let context = self.explain.as_ref().and_then(|log| log.context.clone());
        let (event, time, value) = context.unwrap_or((None, self.clock, f64::NAN));
        self.push_explanation(Explanation {
            event,
            trigger,
            key,
            time,
            value: (!value.is_nan()).then_some(value),
            side: Some(side),
            phase: Some(phase),
            fired,
            reason,
        });
    }

    /// What an event as a whole came to, where no trigger judged it.
    pub(super) fn explain_event(&mut self, series: Option<u32>, input: &Input<'_>, reason: String) {
        let explanation = Explanation {
            event: input.event.map(|event| event.id().to_owned()),
            trigger: None,
            key: series.map(|number| Key::Series(self.slots.series(number))),
            time: input.at,
            value: (!input.value.is_nan()).then_some(input.value),
            side: None,
            phase: None,
            fired: None,
            reason,
        };
        self.push_explanation(explanation);
    }

    /// An event without a value that no trigger judged.
    pub(super) fn explain_nobody(&mut self, event: Option<&Event<'_>>, time: Nanos, reason: String) {
        self.push_explanation(Explanation {
            event: event.map(|event| event.id().to_owned()),
            trigger: None,
            key: None,
            time,
            value: None,
            side: None,
            phase: None,
            fired: None,
            reason,
        });
    }

    /// What a task, a job or an event came to for a trigger; the context is open.
    pub(super) fn explain_key(&mut self, trigger: u32, key: Key, fired: Option<Transition>, reason: String) {
        let Some(watch) = self.watch(trigger) else { return };
        let trigger = Some(watch.trigger.id().to_owned());
        let context = self.explain.as_ref().and_then(|log| log.context.clone());
        let (event, time, _) = context.unwrap_or((None, self.clock, f64::NAN));
        self.push_explanation(Explanation {
            event,
            trigger,
            key: Some(key),
            time,
            value: None,
            side: None,
            phase: None,
            fired,
            reason,
        });
    }

    /// Opens the context in which verdicts are noted.
    pub(super) fn explain_context(&mut self, event: Option<&Event<'_>>, at: Nanos, value: f64) {
        if self.explain.is_some() {
            let _ = self.explain_enter(event.map_or("", Event::id), at, value);
        }
    }

    pub(super) fn explain_no_context(&mut self) {
        self.explain_leave(None);
    }

    /// Opens a context within another, which is given back to be restored.
    pub(super) fn explain_enter(&mut self, event: &str, at: Nanos, value: f64) -> Option<Context> {
        let log = self.explain.as_mut()?;
        let event = (!event.is_empty()).then(|| event.to_owned());
        log.context.replace((event, at, value))
    }

    pub(super) fn explain_leave(&mut self, context: Option<Context>) {
        if let Some(log) = &mut self.explain {
            log.context = context;
        }
    }

    /// The instances that the value did not concern: they stand where they stood.
    pub(super) fn explain_untouched(&mut self, series: u32, woken: &[Woken]) {
        if self.explain.is_none() {
            return;
        }
        let mut rest: Vec<u32> = self.slots.cold(series).edge.instances();
        rest.retain(|number| !woken.iter().any(|woken| woken.instance == *number));
        rest.sort_unstable_by_key(|&number| self.instances[number as usize].trigger);
        for number in rest {
            let reason = self.reason_of(&self.instances[number as usize]);
            self.explain_instance(number, reason, None);
        }
    }

    /// Why nothing fires now, in words.
    pub(super) fn reason_of(&self, instance: &Instance) -> String {
        let rule = self.watch(instance.trigger).and_then(super::watch::Watch::rule);
        match (&instance.body, rule) {
            (Body::Threshold(state), Some(rule)) => state.reason(&rule),
            (Body::Silence(silence), _) if silence.is_silent() => {
                "silent, and that has fired: waits for a report".into()
            }
            (Body::Silence(silence), _) if silence.due != crate::threshold::NEVER => {
                format!("fires at {} unless a report comes", format_instant(silence.due))
            }
            _ => "waits for the first report".into(),
        }
    }

    fn push_explanation(&mut self, explanation: Explanation) {
        let most = self.limits.explanations();
        let Some(log) = &mut self.explain else { return };
        if log.waiting.len() < most {
            log.waiting.push_back(explanation);
        } else {
            self.counts.explanations_dropped += 1;
        }
    }
}

impl Explanation {
    /// The event's id; `None` for a deadline or a bare observation.
    ///
    /// ```
    /// # use chrono::DateTime;
    /// # use tripline::{engine::Engine, event::SeriesRef, threshold::Threshold, Trigger};
    /// # let (mut engine, at) = (Engine::new(), DateTime::UNIX_EPOCH);
    /// # engine.add(at, Trigger::segment_threshold_crossed("vip", "vip", Threshold::above(9.0)).build()?)?;
    /// # engine.set_explain(true);
    /// let _ = engine.observe_series(at, &SeriesRef::segment("/s", "vip"), at, 12.0)?;
    /// assert_eq!(engine.poll_explanation().unwrap().event(), None);
    /// # Ok::<(), tripline::Error>(())
    /// ```
    pub fn event(&self) -> Option<&str> {
        self.event.as_deref()
    }

    /// The trigger's id; `None` where no trigger could judge the event.
    ///
    /// ```
    /// # use chrono::DateTime;
    /// # use tripline::{engine::Engine, event::SeriesRef, threshold::Threshold, Trigger};
    /// # let (mut engine, at) = (Engine::new(), DateTime::UNIX_EPOCH);
    /// # engine.add(at, Trigger::segment_threshold_crossed("vip", "vip", Threshold::above(9.0)).build()?)?;
    /// # engine.set_explain(true);
    /// let _ = engine.observe_series(at, &SeriesRef::segment("/s", "vip"), at, 12.0)?;
    /// assert_eq!(engine.poll_explanation().unwrap().trigger(), Some("vip"));
    /// # Ok::<(), tripline::Error>(())
    /// ```
    pub fn trigger(&self) -> Option<&str> {
        self.trigger.as_deref()
    }

    /// When it was judged: the observation's time, or the engine's clock.
    ///
    /// ```
    /// # use chrono::DateTime;
    /// # use tripline::{engine::Engine, event::SeriesRef, threshold::Threshold, Trigger};
    /// # let (mut engine, at) = (Engine::new(), DateTime::UNIX_EPOCH);
    /// # engine.add(at, Trigger::segment_threshold_crossed("vip", "vip", Threshold::above(9.0)).build()?)?;
    /// # engine.set_explain(true);
    /// let _ = engine.observe_series(at, &SeriesRef::segment("/s", "vip"), at, 12.0)?;
    /// assert_eq!(engine.poll_explanation().unwrap().time(), at);
    /// # Ok::<(), tripline::Error>(())
    /// ```
    pub fn time(&self) -> DateTime<Utc> {
        datetime(self.time)
    }

    /// What fired, if anything did.
    ///
    /// ```
    /// # use chrono::DateTime;
    /// # use tripline::{engine::Engine, event::SeriesRef, threshold::Threshold, Trigger};
    /// # let (mut engine, at) = (Engine::new(), DateTime::UNIX_EPOCH);
    /// # engine.add(at, Trigger::segment_threshold_crossed("vip", "vip", Threshold::above(9.0)).build()?)?;
    /// # engine.set_explain(true);
    /// let _ = engine.observe_series(at, &SeriesRef::segment("/s", "vip"), at, 12.0)?;
    /// assert_eq!(engine.poll_explanation().unwrap().fired(), None);
    /// # Ok::<(), tripline::Error>(())
    /// ```
    pub fn fired(&self) -> Option<Transition> {
        self.fired
    }

    /// Why, in words.
    ///
    /// ```
    /// # use chrono::DateTime;
    /// # use tripline::{engine::Engine, event::SeriesRef, threshold::Threshold, Trigger};
    /// # let (mut engine, at) = (Engine::new(), DateTime::UNIX_EPOCH);
    /// # engine.add(at, Trigger::segment_threshold_crossed("vip", "vip", Threshold::above(9.0)).build()?)?;
    /// # engine.set_explain(true);
    /// let _ = engine.observe_series(at, &SeriesRef::segment("/s", "vip"), at, 2.0)?;
    /// assert_eq!(engine.poll_explanation().unwrap().reason(), "the first value is outside: armed");
    /// # Ok::<(), tripline::Error>(())
    /// ```
    pub fn reason(&self) -> &str {
        &self.reason
    }

    /// One line of JSON, `{"explain":{…}}`.
    ///
    /// ```
    /// # use chrono::DateTime;
    /// # use tripline::{engine::Engine, event::SeriesRef, threshold::Threshold, Trigger};
    /// # let (mut engine, at) = (Engine::new(), DateTime::UNIX_EPOCH);
    /// # engine.add(at, Trigger::segment_threshold_crossed("vip", "vip", Threshold::above(9.0)).build()?)?;
    /// # engine.set_explain(true);
    /// let _ = engine.observe_series(at, &SeriesRef::segment("/s", "vip"), at, 2.0)?;
    /// let line = engine.poll_explanation().unwrap().to_json();
    /// assert!(line.starts_with(r#"{"explain":{"trigger":"vip","#), "{line}");
    /// # Ok::<(), tripline::Error>(())
    /// ```
    pub fn to_json(&self) -> String {
        let mut out = String::from("{\"explain\":{");
        let member = |out: &mut String, name: &str| {
            if !out.ends_with('{') {
                out.push(',');
            }
            push_json_string(out, name);
            out.push(':');
        };
        let mut text = |name: &str, value: Option<&str>| {
            if let Some(value) = value {
                member(&mut out, name);
                push_json_string(&mut out, value);
            }
        };
        text("event", self.event.as_deref());
        text("trigger", self.trigger.as_deref());
        if let Some((name, key)) = self.key.as_ref().and_then(Key::json) {
            member(&mut out, name);
            out.push_str(&key);
        }
        member(&mut out, "time");
        out.push('"');
        push_instant(&mut out, self.time);
        out.push('"');
        if let Some(value) = self.value {
            member(&mut out, "value");
            push_json_number(&mut out, value);
        }
        let words = [
            ("side", self.side.map(Side::as_str)),
            ("phase", self.phase.map(Phase::as_str)),
            ("fired", self.fired.map(Transition::as_str)),
            ("reason", Some(&*self.reason)),
        ];
        for (name, word) in words {
            if let Some(word) = word {
                member(&mut out, name);
                push_json_string(&mut out, word);
            }
        }
        out.push_str("}}");
        out
    }
}
