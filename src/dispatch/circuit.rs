//! Leaving a target alone that fails again and again.

use serde::{Deserialize, Serialize};

use super::policy::LanePolicy;
use crate::time::{Nanos, nanos_of};

/// The circuit breaker of one lane.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) enum Circuit {
    /// All is well, but for so many failures in a row.
    Closed { failures: u32 },
    /// Nothing is tried until then; it has opened so many times in a row.
    Open { until: Nanos, times: u32 },
    /// One attempt is made, the lease of which this is.
    HalfOpen { probe: Option<u64>, times: u32 },
}

impl Circuit {
    pub(super) const NEW: Self = Self::Closed { failures: 0 };

    /// Until when nothing may be tried.
    pub(super) fn closed_until(self, now: Nanos) -> Option<Nanos> {
        match self {
            Self::Open { until, .. } if until > now => Some(until),
            _ => None,
        }
    }

    pub(super) fn is_probing(self) -> bool {
        matches!(self, Self::HalfOpen { probe: Some(_), .. })
    }

    /// An attempt begins.
    pub(super) fn begin(&mut self, lease: u64) {
        if let Self::Open { times, .. } | Self::HalfOpen { times, .. } = *self {
            *self = Self::HalfOpen { probe: Some(lease), times };
        }
    }

    /// An attempt has told that the target is there.
    pub(super) fn answered(&mut self) {
        *self = Self::NEW;
    }

    /// An attempt has told that it is unwell; whether that opened the circuit.
    pub(super) fn failed(&mut self, now: Nanos, lease: u64, policy: &LanePolicy) -> bool {
        let times = match *self {
            Self::Closed { failures } if failures + 1 < policy.failures => {
                *self = Self::Closed { failures: failures + 1 };
                return false;
            }
            Self::Closed { .. } => 1,
            Self::HalfOpen { probe: Some(probe), times } if probe == lease => times.saturating_add(1),
            // An attempt from before it opened tells nothing new.
            Self::Open { .. } | Self::HalfOpen { .. } => return false,
        };
        let pause = policy.cool_down.saturating_mul(1 << (times - 1).min(31)).min(policy.max_cool_down);
        *self = Self::Open { until: now.saturating_add(nanos_of(pause)), times };
        true
    }

    /// An attempt was called off before anything was known.
    pub(super) fn called_off(&mut self, lease: u64) {
        if let Self::HalfOpen { probe, .. } = self
            && *probe == Some(lease)
        {
            *probe = None;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn it_opens_after_so_many_in_a_row_and_each_failed_probe_doubles_the_pause() {
        let nano = Duration::from_nanos(1);
        let policy = LanePolicy::default().with_circuit_failures(2).with_cool_down(nano * 10, nano * 35);
        let mut circuit = Circuit::NEW;
        assert!(!circuit.failed(0, 1, &policy));
        circuit.answered();
        assert!(!circuit.failed(0, 2, &policy), "the row was ended");
        assert!(circuit.failed(5, 3, &policy));
        assert_eq!((circuit.closed_until(14), circuit.closed_until(15)), (Some(15), None));
        for (lease, now, until) in [(10, 15, 35), (11, 35, 70), (12, 70, 105)] {
            circuit.begin(lease);
            assert!(circuit.is_probing());
            assert!(!circuit.failed(now, 9, &policy), "an old attempt");
            assert!(circuit.failed(now, lease, &policy));
            assert_eq!(circuit.closed_until(now), Some(until));
        }
        circuit.begin(13);
        circuit.called_off(9);
        assert!(circuit.is_probing());
        circuit.called_off(13);
        assert!(!circuit.is_probing());
        circuit.answered();
        assert_eq!(circuit, Circuit::NEW);
    }
}
