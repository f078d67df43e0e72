//! Subscriptions as they end: taken out, expired, or their receivers gone.

use http::StatusCode;

use super::ConnectorService;
use super::callbacks::TARGET;
use super::problem::{Answer, Problem};
use super::record::SUBSCRIPTIONS;
use super::subscribe::cannot;
use crate::error::{Error, ErrorKind};
use crate::pipeline::{Activity, Keep};
use crate::time::{Nanos, instant, nanos_of};

impl ConnectorService {
    /// What is there and this principal's goes; the answer is the same where there is nothing, or another's.
    pub(super) fn unsubscribe(&mut self, principal: &str, id: &str) -> Result<Answer, Problem> {
        if self.store.own(principal, id).is_some() {
            self.end(id).map_err(|error| cannot(&error.to_string()))?;
            self.counts.unsubscribed += 1;
        }
        Ok(Answer::empty(StatusCode::NO_CONTENT))
    }

    /// Ends those that nobody wanted anything of for long enough.
    pub(super) fn expire(&mut self) -> Result<(), Error> {
        while let Some((_, id)) = self.store.next_due().filter(|(at, _)| *at <= self.clock) {
            let due = self.expires_at(&id);
            if due > self.clock {
                self.store.postpone(&id, due);
                continue;
            }
            self.end(&id)?;
            self.counts.expired += 1;
        }
        Ok(())
    }

    /// When a subscription ends unless something is delivered, read or polled before.
    pub(super) fn expires_at(&self, id: &str) -> Nanos {
        let delivered = self.pipeline.activity(id).and_then(Activity::last_delivered_at);
        let delivered = delivered.and_then(|at| instant(at).ok()).unwrap_or(Nanos::MIN);
        let active = self.store.get(id).map_or(Nanos::MIN, |found| found.active);
        active.max(delivered).saturating_add(nanos_of(self.limits.expiry()))
    }

    /// Notes that a subscription was read or polled. It is written down where that is long enough after the last time.
    pub(super) fn touch(&mut self, id: &str) {
        let (clock, step) = (self.clock, nanos_of(self.limits.activity_step()));
        let Some(found) = self.store.get_mut(id) else { return };
        found.active = clock;
        if clock.saturating_sub(found.record.active) < step.max(1) {
            return;
        }
        let written = std::mem::replace(&mut found.record.active, clock);
        let keep = Keep::put(format!("{SUBSCRIPTIONS}{id}"), found.record.to_json());
        let now = self.now();
        if self.pipeline.keep(now, &[keep]).is_err()
            && let Some(found) = self.store.get_mut(id)
        {
            // Too much waits: the next time will do.
            found.record.active = written;
        }
    }

    /// Ends those whose receivers want no more; targets of subscriptions that are gone are forgotten with that.
    pub(super) fn forget_disabled(&mut self) -> Result<(), Error> {
        let disabled = self.pipeline.dispatcher().counts().targets_disabled();
        if disabled == self.disabled {
            return Ok(());
        }
        let targets = self.pipeline.dispatcher().disabled_targets();
        let ids: Vec<String> =
            targets.filter_map(|target| target.strip_prefix(TARGET)).map(str::to_owned).collect();
        for id in ids {
            if self.store.get(&id).is_some() {
                self.end(&id)?;
                self.counts.gone += 1;
            } else {
                let now = self.now();
                let _ = self.pipeline.enable_target(now, &format!("{TARGET}{id}"))?;
            }
        }
        self.disabled = disabled;
        Ok(())
    }

    /// Takes a subscription out, and calls off what is under way of it.
    fn end(&mut self, id: &str) -> Result<(), Error> {
        let (now, keep) = (self.now(), [Keep::remove(format!("{SUBSCRIPTIONS}{id}"))]);
        // Where its flow was taken out by somebody else, its record goes all the same.
        let removed = match self.pipeline.remove_keeping(now, id, &keep) {
            Err(error) if error.kind() == ErrorKind::UnknownFlow => self.pipeline.keep(now, &keep),
            other => other,
        };
        let _ = removed?;
        self.store.remove(id);
        self.callbacks.remove(id);
        let runs = self.pipeline.flows().live_runs().filter(|run| run.flow() == id);
        let runs: Vec<String> = runs.map(|run| run.id().to_string()).collect();
        for run in runs {
            let _ = self.pipeline.cancel_run(now, &run)?;
        }
        // Nothing will go there any more, so it need not be remembered that nothing may.
        let _ = self.pipeline.enable_target(now, &format!("{TARGET}{id}"))?;
        Ok(())
    }
}
