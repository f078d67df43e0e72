//! Events that are no observations, and tasks that come without an event.

use chrono::{DateTime, Utc};

use crate::error::Error;
use crate::event::{Event, JobCompleted, RefreshCompleted};
use crate::time::{DayTime, Nanos};

use super::super::Engine;
use super::super::receipt::Receipt;
use super::input::{Subject, Task};

impl Engine {
    /// A task, a job, or an event of a type without a meaning of its own.
    pub(in crate::engine) fn take_other(&mut self, at: Nanos, event: &Event<'_>) -> Result<Receipt, Error> {
        self.explain_context(Some(event), at, f64::NAN);
        let task = Task { at, source: event.source(), event: Some(event), subject: Subject::Other };
        if let Some(refresh) =
            RefreshCompleted::from_event(event).inspect_err(|_| self.counts.invalid += 1)?
        {
            return self.take_task(&Task { subject: Subject::Refresh(&refresh), ..task });
        }
        if let Some(job) = JobCompleted::from_event(event).inspect_err(|_| self.counts.invalid += 1)? {
            return self.take_task(&Task { subject: Subject::Job(&job), ..task });
        }
        self.take_task(&task)
    }

    /// Takes one task of a refresh that came without an event: it has no id, so
    /// it is not checked for duplicates, and `eventReceived` does not hear of it.
    ///
    /// # Errors
    ///
    /// As [`handle_event`](Engine::handle_event).
    ///
    /// ```
    /// use chrono::DateTime;
    /// use tripline::{engine::Engine, event::{Item, RefreshCompleted}, Trigger};
    ///
    /// let (mut engine, at) = (Engine::new(), DateTime::UNIX_EPOCH);
    /// engine.add(at, Trigger::data_source_refresh_failed("loyalty", "ds-42").build()?)?;
    /// let task = RefreshCompleted::new("ingestion", "failed").with_item(Item::new("ds-42"));
    /// let _ = engine.observe_refresh(at, "/instances/contoso", at, &task)?;
    /// assert_eq!(engine.poll_firing().unwrap().item().map(|item| item.id()), Some("ds-42"));
    /// # Ok::<(), tripline::Error>(())
    /// ```
    pub fn observe_refresh(
        &mut self,
        now: DateTime<Utc>,
        source: &str,
        time: DateTime<Utc>,
        task: &RefreshCompleted<'_>,
    ) -> Result<Receipt, Error> {
        self.observe_task((now.into(), time.into()), source, task, Self::take_quickly)
    }

    /// One task, in the way of few instructions that is given, if it can go that, else in the other.
    #[inline(always)]
    pub(super) fn observe_task(
        &mut self,
        (now, time): (DayTime, DayTime),
        source: &str,
        task: &RefreshCompleted<'_>,
        take_quickly: impl FnOnce(&mut Self, &Task<'_>, &RefreshCompleted<'_>) -> Option<Receipt>,
    ) -> Result<Receipt, Error> {
        self.has_room()?;
        let at = self.arrival(now, time)?;
        task.check().inspect_err(|_| self.counts.invalid += 1)?;
        let refresh = Task { at, source, event: None, subject: Subject::Refresh(task) };
        let receipt = match take_quickly(self, &refresh, task) {
            Some(receipt) => receipt,
            None => {
                self.explain_context(None, at, f64::NAN);
                self.take_with_thought(&refresh)?
            }
        };
        self.counts.events += 1;
        self.counts.ignored += u64::from(receipt == Receipt::Ignored);
        Ok(receipt)
    }
}
