//! What has come of each flow so far.

use std::collections::{BTreeMap, VecDeque};

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::time::{Nanos, datetime};

/// The most bytes of a reason that are kept.
const MOST_OF_REASON: usize = 500;

/// What has come of a flow since it was defined: how often its trigger fired, and what became of its deliveries.
///
/// It outlives the firings and the runs that a pipeline remembers, and a restart.
///
/// ```
#[doc = include_str!("../../docs/snippets/pipeline.rs")]
/// assert!(pipeline.activity("vip-1000").is_none(), "nothing has fired");
/// let one = ValueObserved::new("segment", "vip", 998.0).into_event("t-16", "/s")?;
/// let other = ValueObserved::new("segment", "vip", 1004.0).into_event("t-17", "/s")?;
/// let _ = pipeline.handle_events(now, &[one, other])?;
/// let activity = pipeline.activity("vip-1000").unwrap();
/// assert_eq!((activity.fired(), activity.delivered()), (1, 0));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Activity {
    fired: u64,
    last_fired: Option<Nanos>,
    delivered: u64,
    last_delivered: Option<Nanos>,
    failed: u64,
    last_failed: Option<Nanos>,
    last_failure: Option<String>,
    /// What ended last was given up.
    has_failed: bool,
    /// The numbers of those of its firings that are remembered.
    #[serde(skip)]
    numbers: VecDeque<u64>,
}

macro_rules! getters {
    ($($(#[$doc:meta])* $name:ident -> $type:ty: $get:expr, $example:literal;)*) => {
        impl Activity {
            $(
                $(#[$doc])*
                ///
                /// ```
                #[doc = include_str!("../../docs/snippets/pipeline.rs")]
                /// let one = ValueObserved::new("segment", "vip", 998.0).into_event("t-16", "/s")?;
                /// let other = ValueObserved::new("segment", "vip", 1004.0).into_event("t-17", "/s")?;
                /// let _ = pipeline.handle_events(now, &[one, other])?;
                /// pipeline.persisted(pipeline.last()); // and written it down
                /// let work = pipeline.poll_send().unwrap();
                /// let _ = pipeline.complete(now, work.lease(), Ok(json!({})))?;
                /// let activity = pipeline.activity("vip-1000").unwrap();
                #[doc = concat!("assert!(", $example, ");")]
                /// # Ok::<(), Box<dyn std::error::Error>>(())
                /// ```
                pub fn $name(&self) -> $type {
                    let get: fn(&Self) -> $type = $get;
                    get(self)
                }
            )*
        }
    };
}

getters! {
    /// How often its trigger has fired.
    fired -> u64: |this| this.fired, "activity.fired() == 1";
    /// The time of its last firing, which is the event's.
    last_fired_at -> Option<DateTime<Utc>>: |this| this.last_fired.map(datetime), "activity.last_fired_at().is_some()";
    /// How many deliveries of it were made.
    delivered -> u64: |this| this.delivered, "activity.delivered() == 1";
    /// When the last was made.
    last_delivered_at -> Option<DateTime<Utc>>: |this| this.last_delivered.map(datetime), "activity.last_delivered_at() == Some(now)";
    /// How many deliveries of it were given up.
    failed -> u64: |this| this.failed, "activity.failed() == 0";
    /// When the last was given up.
    last_failed_at -> Option<DateTime<Utc>>: |this| this.last_failed.map(datetime), "activity.last_failed_at().is_none()";
    /// Whether the one that ended last was given up.
    has_failed_last -> bool: |this| this.has_failed, "!activity.has_failed_last()";
    /// Why the last was given up.
    last_failure -> Option<&str>: |this| this.last_failure.as_deref(), "activity.last_failure().is_none()";
}

/// Of every flow that has fired, by its id.
#[derive(Debug, Clone, Default)]
pub(super) struct Activities {
    of: BTreeMap<String, Activity>,
}

impl Activities {
    pub(super) fn get(&self, flow: &str) -> Option<&Activity> {
        self.of.get(flow)
    }

    pub(super) fn numbers(&self, flow: &str) -> impl DoubleEndedIterator<Item = u64> {
        self.of.get(flow).into_iter().flat_map(|activity| activity.numbers.iter().copied())
    }

    pub(super) fn remove(&mut self, flow: &str) {
        self.of.remove(flow);
    }

    pub(super) fn fired(&mut self, trigger: &str, at: Nanos, number: u64) {
        self.change(trigger, |activity| {
            activity.fired += 1;
            activity.last_fired = Some(at);
            activity.numbers.push_back(number);
        });
    }

    /// A firing is not remembered any more.
    pub(super) fn forgotten(&mut self, trigger: &str, number: u64) {
        if let Some(activity) = self.of.get_mut(trigger)
            && activity.numbers.front() == Some(&number)
        {
            activity.numbers.pop_front();
        }
    }

    pub(super) fn delivered(&mut self, flow: &str, at: Nanos) {
        self.change(flow, |activity| {
            activity.delivered += 1;
            activity.last_delivered = Some(at);
            activity.has_failed = false;
        });
    }

    pub(super) fn failed(&mut self, flow: &str, at: Nanos, why: &str) {
        let mut end = why.len().min(MOST_OF_REASON);
        while !why.is_char_boundary(end) {
            end -= 1;
        }
        let why = &why[..end];
        self.change(flow, |activity| {
            activity.failed += 1;
            activity.last_failed = Some(at);
            activity.has_failed = true;
            activity.last_failure = Some(why.to_owned());
        });
    }

    pub(super) fn to_list(&self) -> Vec<(String, Activity)> {
        self.of.iter().map(|(flow, activity)| (flow.clone(), activity.clone())).collect()
    }

    /// As a snapshot has them, and the firings that are remembered, by number.
    pub(super) fn read<'f>(
        list: Vec<(String, Activity)>,
        firings: impl Iterator<Item = (u64, &'f str)>,
    ) -> Self {
        let mut this = Self { of: list.into_iter().collect() };
        let mut firings: Vec<(u64, &str)> = firings.collect();
        // Of a flow that was removed and came again, the older ones belong to the one before.
        while let Some((number, trigger)) = firings.pop() {
            if let Some(activity) = this.of.get_mut(trigger)
                && (activity.numbers.len() as u64) < activity.fired
            {
                activity.numbers.push_front(number);
            }
        }
        this
    }

    fn change(&mut self, flow: &str, change: impl FnOnce(&mut Activity)) {
        if let Some(activity) = self.of.get_mut(flow) {
            return change(activity);
        }
        let mut activity = Activity::default();
        change(&mut activity);
        self.of.insert(flow.to_owned(), activity);
    }
}
