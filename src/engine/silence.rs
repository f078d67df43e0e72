//! `noData`: when nothing was reported for too long.

use crate::threshold::NEVER;
use crate::time::Nanos;

use super::slot::LONG_AGO;

/// `noData`: waits for reports.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Silence {
    /// The last report; [`LONG_AGO`] for none.
    pub(super) last: Nanos,
    /// When it fires; [`NEVER`] while it is silent or not armed.
    pub(super) due: Nanos,
    /// The due time that has fired; a report before it does not end the silence.
    pub(super) fired: Nanos,
}

impl Silence {
    pub(super) fn new() -> Self {
        Self { last: LONG_AGO, due: NEVER, fired: LONG_AGO }
    }

    /// Armed from `now` on, without a report.
    pub(super) fn from_start(now: Nanos, within: Nanos) -> Self {
        Self { last: now, due: now.saturating_add(within), fired: LONG_AGO }
    }

    /// A report at `at`; false where it is older than the silence that has
    /// fired, or than another report.
    pub(super) fn report(&mut self, at: Nanos, within: Nanos) -> bool {
        if at < self.last || (self.is_silent() && at < self.fired) {
            return false;
        }
        self.last = at;
        self.due = self.last.saturating_add(within);
        true
    }

    pub(super) fn is_silent(&self) -> bool {
        self.due == NEVER && self.fired != LONG_AGO
    }

    /// The silence has lasted: it fires once.
    pub(super) fn expire(&mut self) {
        self.fired = self.due;
        self.due = NEVER;
    }

    /// Under another `within`; one that is silent stays so.
    pub(super) fn retime(&mut self, old: Nanos, new: Nanos) {
        if self.due != NEVER {
            self.due = self.due.saturating_sub(old).saturating_add(new);
        }
    }
}
