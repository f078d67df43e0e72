//! Answers, and the requests that wait for one.

use http::{Response, StatusCode};

use super::effect::{Effect, RequestId};
use super::problem::{Answer, Problem};
use super::{ConnectorService, Pending, Waits};
use crate::journal::Lsn;

impl ConnectorService {
    /// The next answer whose ground is safe, with the request that it answers.
    ///
    /// ```
    #[doc = include_str!("../../../docs/snippets/connector.rs")]
    /// let request = http::Request::get("/connection").body(Vec::new())?;
    /// service.handle_request(now, "ana", RequestId::new(1), request)?;
    /// assert_eq!(service.poll_response().unwrap().1.status(), http::StatusCode::OK);
    /// assert!(service.poll_response().is_none());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use = "whoever asked waits for it"]
    pub fn poll_response(&mut self) -> Option<(RequestId, Response<Vec<u8>>)> {
        if let Some(ready) = self.ready.pop_front() {
            return Some(ready);
        }
        let safe = self.pipeline.safe();
        self.waiting.front().filter(|(lsn, ..)| *lsn <= safe)?;
        self.waiting.pop_front().map(|(_, id, response)| (id, response))
    }

    /// Answers with what there is: once that is safe.
    pub(super) fn answer(&mut self, id: RequestId, answer: Answer) {
        self.answer_from(self.pipeline.last(), id, answer);
    }

    /// Answers with what rests on a batch, or on none.
    pub(super) fn answer_from(&mut self, lsn: Lsn, id: RequestId, answer: Answer) {
        let response = answer.into_response();
        if lsn <= self.pipeline.safe() {
            self.ready.push_back((id, response));
        } else {
            self.waiting.push_back((lsn, id, response));
        }
    }

    /// Answers with a refusal, and counts it.
    pub(super) fn refuse(&mut self, id: RequestId, problem: Problem) {
        let status = problem.status();
        let count = match status {
            StatusCode::BAD_REQUEST => Some(&mut self.counts.faulty),
            StatusCode::PAYLOAD_TOO_LARGE => Some(&mut self.counts.too_large),
            StatusCode::TOO_MANY_REQUESTS => Some(&mut self.counts.over_cap),
            StatusCode::SERVICE_UNAVAILABLE => Some(&mut self.counts.busy),
            _ => None,
        };
        if let Some(count) = count {
            *count += 1;
        }
        // That something is not there may rest on its having been taken out a moment ago.
        let rests = matches!(status, StatusCode::NOT_FOUND | StatusCode::TOO_MANY_REQUESTS);
        let lsn = if rests { self.pipeline.last() } else { Lsn::ZERO };
        self.answer_from(lsn, id, problem.into_answer());
    }

    pub(super) fn wait(&mut self, id: RequestId, pending: Pending, effect: Effect) {
        if self.effects.len() >= self.limits.requests() {
            // Those that nobody waits for any more are usually dropped as they are polled.
            let mut effects = std::mem::take(&mut self.effects);
            effects.retain(|effect| self.is_wanted(effect));
            self.effects = effects;
        }
        self.deadlines.insert((pending.deadline, id));
        self.pending.insert(id, pending);
        self.effects.push_back(effect);
    }

    /// A request that does not wait any more; its place among the subscriptions is free.
    pub(super) fn take_pending(&mut self, id: RequestId) -> Option<Pending> {
        let pending = self.pending.remove(&id)?;
        self.deadlines.remove(&(pending.deadline, id));
        if let Waits::Resolved(_) = pending.waits {
            self.store.release(&pending.principal);
        }
        Some(pending)
    }

    pub(super) fn is_wanted(&self, effect: &Effect) -> bool {
        let (id, is_meant): (_, fn(&Waits) -> bool) = match effect {
            Effect::Persist(_) => return true,
            Effect::Resolve(resolve) => (resolve.request, |waits| matches!(waits, Waits::Resolved(_))),
            Effect::Run(run) => (run.request, |waits| matches!(waits, Waits::Ran)),
            Effect::Choose(choose) => (choose.request, |waits| matches!(waits, Waits::Chosen)),
        };
        self.pending.get(&id).is_some_and(|pending| is_meant(&pending.waits))
    }

    /// Answers those whose time is over.
    pub(super) fn time_out(&mut self) {
        while let Some((_, id)) = self.deadlines.first().copied().filter(|(at, _)| *at <= self.clock) {
            let Some(pending) = self.take_pending(id) else { return };
            self.counts.timed_out += 1;
            let problem = match pending.waits {
                Waits::Resolved(_) => Problem::new(
                    StatusCode::SERVICE_UNAVAILABLE,
                    "the callback's host could not be resolved in time",
                )
                .with_field("callbackUrl", "its host could not be resolved in time")
                .with_retry_after(10),
                Waits::Ran => Problem::new(StatusCode::GATEWAY_TIMEOUT, "the action took too long")
                    .with_member("outcomeUnknown", true),
                Waits::Chosen => {
                    Problem::new(StatusCode::GATEWAY_TIMEOUT, "the choices took too long to be found")
                }
            };
            self.refuse(id, problem);
        }
    }
}
