//! What distinguishes the kinds of triggers.

use std::time::Duration;

use super::{DimensionRule, Matcher, TriggerKind};
use crate::event::{Outcome, Process, SeriesKind, Submission};
use crate::threshold::Threshold;

/// What a kind knows beside the names it is about; `T` is its threshold, checked
/// or not. It is kept small: what takes more than a word is boxed.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Body<T> {
    Segment(T),
    Measure(Box<(DimensionRule, T)>),
    NoData(Box<Silence>),
    RefreshFailed(Box<Patience>),
    RefreshSucceeded,
    FullRefresh(Box<(Option<Submission>, Option<Outcome>)>),
    Unification(Box<Option<Outcome>>),
    Refresh(Box<(Option<Process>, Option<Outcome>)>),
    /// The event type is the name it is about.
    Event,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) struct Silence {
    pub(super) kind: SeriesKind,
    pub(super) within: Duration,
    pub(super) from_start: bool,
}

/// What a failure is given before it is told.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Patience {
    pub(super) include_retrying: bool,
    pub(super) settle: Duration,
}

impl<T> Body<T> {
    /// The name of the kind in JSON (`on.type`).
    pub(super) fn type_name(&self) -> &'static str {
        match self {
            Self::Segment(_) => "segmentThresholdCrossed",
            Self::Measure(_) => "measureThresholdCrossed",
            Self::NoData(_) => "noData",
            Self::RefreshFailed(_) => "dataSourceRefreshFailed",
            Self::RefreshSucceeded => "dataSourceRefreshSucceeded",
            Self::FullRefresh(_) => "fullRefreshCompleted",
            Self::Unification(_) => "unificationCompleted",
            Self::Refresh(_) => "refreshCompleted",
            Self::Event => "eventReceived",
        }
    }

    /// Where the names that it is about stand; nowhere for what is about jobs.
    pub(super) fn subject_path(&self) -> &'static str {
        match self {
            Self::Segment(_) => "on.segment",
            Self::Measure(_) => "on.measure",
            Self::NoData(_) => "on.name",
            Self::RefreshFailed(_) | Self::RefreshSucceeded => "on.dataSource",
            Self::FullRefresh(_) | Self::Unification(_) => "on",
            Self::Refresh(_) => "on.item",
            Self::Event => "on.eventType",
        }
    }

    /// The same with another threshold.
    pub(super) fn try_map<U, E>(self, change: impl FnOnce(T) -> Result<U, E>) -> Result<Body<U>, E> {
        Ok(match self {
            Self::Segment(threshold) => Body::Segment(change(threshold)?),
            Self::Measure(body) => {
                let (dimensions, threshold) = *body;
                Body::Measure(Box::new((dimensions, change(threshold)?)))
            }
            Self::NoData(body) => Body::NoData(body),
            Self::RefreshFailed(body) => Body::RefreshFailed(body),
            Self::RefreshSucceeded => Body::RefreshSucceeded,
            Self::FullRefresh(body) => Body::FullRefresh(body),
            Self::Unification(body) => Body::Unification(body),
            Self::Refresh(body) => Body::Refresh(body),
            Self::Event => Body::Event,
        })
    }
}

impl Body<Threshold> {
    /// What the trigger watches for, about these names.
    pub(super) fn view<'a>(&'a self, subject: &'a Matcher) -> TriggerKind<'a> {
        match self {
            Self::Segment(threshold) => TriggerKind::SegmentThresholdCrossed { segment: subject, threshold },
            Self::Measure(body) => {
                let (dimensions, threshold) = &**body;
                TriggerKind::MeasureThresholdCrossed { measure: subject, dimensions, threshold }
            }
            Self::NoData(silence) => {
                let Silence { kind, within, from_start } = &**silence;
                TriggerKind::NoData { kind, name: subject, within: *within, from_start: *from_start }
            }
            Self::RefreshFailed(patience) => {
                let Patience { include_retrying, settle } = **patience;
                TriggerKind::DataSourceRefreshFailed { data_source: subject, include_retrying, settle }
            }
            Self::RefreshSucceeded => TriggerKind::DataSourceRefreshSucceeded { data_source: subject },
            Self::FullRefresh(body) => {
                let (submission, outcome) = &**body;
                TriggerKind::FullRefreshCompleted {
                    submission: submission.as_ref(),
                    outcome: outcome.as_ref(),
                }
            }
            Self::Unification(outcome) => {
                TriggerKind::UnificationCompleted { outcome: Option::as_ref(outcome) }
            }
            Self::Refresh(body) => {
                let (process, outcome) = &**body;
                TriggerKind::RefreshCompleted {
                    process: process.as_ref(),
                    item: subject,
                    outcome: outcome.as_ref(),
                }
            }
            Self::Event => TriggerKind::EventReceived { event_type: subject.as_exact().unwrap_or_default() },
        }
    }

    pub(super) fn threshold(&self) -> Option<&Threshold> {
        match self {
            Self::Segment(threshold) => Some(threshold),
            Self::Measure(body) => Some(&body.1),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_distinguishes_the_kinds_takes_two_words() {
        assert_eq!(size_of::<Body<Threshold>>(), 16);
    }

    #[test]
    fn another_threshold_changes_nothing_else() {
        let outcome = Some(Outcome::FAILED);
        let bodies = [
            Body::Segment(1),
            Body::Measure(Box::new((DimensionRule::Each, 1))),
            Body::NoData(Box::new(Silence {
                kind: SeriesKind::MEASURE,
                within: Duration::MAX,
                from_start: true,
            })),
            Body::RefreshFailed(Box::new(Patience { include_retrying: true, settle: Duration::MAX })),
            Body::RefreshSucceeded,
            Body::FullRefresh(Box::new((Some(Submission::SCHEDULED), outcome.clone()))),
            Body::Unification(Box::new(outcome.clone())),
            Body::Refresh(Box::new((Some(Process::EXPORT), outcome))),
            Body::Event,
        ];
        for body in bodies {
            assert_eq!(body.clone().try_map(Ok::<i32, ()>), Ok(body.clone()));
            let refused = matches!(body, Body::Segment(_) | Body::Measure(_));
            assert_eq!(body.try_map(Err::<i32, i32>).is_err(), refused);
        }
    }
}
