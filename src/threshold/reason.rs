//! Why nothing fired, in words.

use crate::time::{Nanos, format_instant};

use super::machine::{NEVER, Rule, State, Why};
use super::{Phase, Side};

impl Why {
    /// A clause without a full stop, for explanations and `reason()`.
    pub(crate) fn words(&self) -> String {
        match *self {
            Self::FirstInside => {
                "the first value is inside: this episode is spent, the value must leave once".into()
            }
            Self::FirstOutside => "the first value is outside: armed".into(),
            Self::Outside => "outside: armed, the next entry fires".into(),
            Self::SameEpisode => "inside, and this episode has fired already".into(),
            Self::Spent => {
                "inside since it was first seen: the value must leave once before it can fire".into()
            }
            Self::Band => "between the re-arm level and the bound: nothing changes".into(),
            Self::HoldStarted { due } => format!("inside: fires at {} if it stays so", format_instant(due)),
            Self::HoldRuns { due } => {
                format!("still inside: fires at {} if it stays so", format_instant(due))
            }
            Self::HoldCancelled => "outside before the hold was over: the hold is cancelled".into(),
            Self::KeepStarted { due } | Self::KeepRuns { due } => {
                format!("outside: the episode ends at {} if it stays so", format_instant(due))
            }
            Self::Missing => "a missing value: nothing changes".into(),
            Self::MissingCancelledHold => "a missing value: the hold is cancelled and starts afresh".into(),
            Self::TooFew { inside, needed } => {
                format!("{inside} of the {needed} occurrences needed are inside")
            }
            Self::NothingToCompare => "there is no finite previous value to compare with".into(),
            Self::ChangedTooLittle => "the change is smaller than the amount".into(),
            Self::WrongDirection => "the change is in the other direction".into(),
            Self::Stale => "no report within staleAfter: the side is unknown".into(),
        }
    }
}

impl State {
    /// Why nothing fires now, in words.
    pub(crate) fn reason(&self, rule: &Rule) -> String {
        let until = instant_words;
        let outside_since = self.extra.as_ref().map_or(NEVER, |extra| extra.outside_since);
        match (self.phase, self.side) {
            (Phase::Unseen, _) => "no value yet".into(),
            (Phase::Watching, _) => "waits for the next value to compare with the last".into(),
            (Phase::Holding, _) => {
                format!(
                    "inside since {}: fires at {} if it stays so",
                    until(self.since),
                    until(self.deadline_of_hold(rule))
                )
            }
            (Phase::Armed, Side::Inside) => {
                "inside, but a missing value cancelled the hold: it starts afresh".into()
            }
            (Phase::Armed, Side::Unknown) => "the last value is stale; armed: an inside value fires".into(),
            (_, Side::Unknown) => {
                "the last value is stale, and its episode has fired: it must leave first".into()
            }
            (Phase::Fired | Phase::Spent, Side::Outside) if outside_since != NEVER => {
                let end = outside_since.saturating_add(rule.keep);
                format!(
                    "outside since {}: the episode ends at {} if it stays so",
                    until(outside_since),
                    until(end)
                )
            }
            (Phase::Fired, _) => {
                format!("the episode that began at {} has fired: it must end first", until(self.since))
            }
            (Phase::Spent, _) => Why::Spent.words(),
            _ => Why::Outside.words(),
        }
    }

    fn deadline_of_hold(&self, rule: &Rule) -> Nanos {
        self.since.saturating_add(rule.hold)
    }
}

fn instant_words(at: Nanos) -> String {
    if at == NEVER { "never".into() } else { format_instant(at) }
}
