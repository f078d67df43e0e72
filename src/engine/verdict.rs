//! What was decided, in the decision's own terms and in words.

use crate::threshold::{Transition, Why};
use crate::time::{Nanos, format_instant};

/// What was decided for one instance, in the decision's own terms.
#[derive(Debug, Clone, Copy)]
pub(super) enum Verdict {
    Quiet(Why),
    Ended,
    Heard,
    Fired(Transition),
    Disabled,
    CoolingDown { until: Nanos },
    Limited,
    Filtered,
    Late,
    Waits { until: Nanos },
}

impl Verdict {
    /// What fired, if anything did.
    pub(super) fn fired(&self) -> Option<Transition> {
        match self {
            Self::Fired(transition) => Some(*transition),
            _ => None,
        }
    }

    pub(super) fn words(&self) -> String {
        match self {
            Self::Quiet(why) => why.words(),
            Self::Ended => "the episode is over: armed again".into(),
            Self::Heard => "a report: the silence is measured from here".into(),
            Self::Fired(Transition::Crossed) => "fired: the condition has come to hold".into(),
            Self::Fired(Transition::Cleared) => "fired: the episode is over, armed again".into(),
            Self::Fired(Transition::Reminder) => "fired: the episode goes on".into(),
            Self::Fired(Transition::Occurred) => "fired: no report for the whole span".into(),
            Self::Disabled => "it would have fired, but the trigger is disabled".into(),
            Self::CoolingDown { until } => {
                format!("it would have fired, but the cooldown runs until {}", format_instant(*until))
            }
            Self::Limited => "it would have fired, but the trigger's limit is reached".into(),
            Self::Filtered => "the event does not pass where".into(),
            Self::Late => "late: older than what was judged already".into(),
            Self::Waits { until } => format!("waits for lateness: judged at {}", format_instant(*until)),
        }
    }
}
