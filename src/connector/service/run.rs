//! Actions that are run for whoever asks, choices, and the connection's test.

use chrono::{DateTime, Utc};
use http::{HeaderMap, StatusCode};
use serde_json::{Value, json};

use super::super::Profile;
use super::effect::{Choose, Effect, RequestId, Run};
use super::problem::{Answer, Problem};
use super::query::parameters;
use super::subscribe::shared;
use super::{ConnectorService, Pending, Waits};
use crate::action::{ActionContext, ActionError, Choice, DynAction, ErrorClass};
use crate::error::{Error, Fault};
use crate::event::strict;
use crate::journal::Lsn;
use crate::time::{datetime, nanos_of};

/// The deepest that the JSON of a request may be.
const DEPTH: usize = 64;
/// The longest key that a caller may give a request.
const MAX_KEY: usize = 256;

impl ConnectorService {
    /// Tells what an action gave.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Limit`](crate::ErrorKind::Limit) where the time is outside the years 1677 to 2262.
    ///
    /// ```
    #[doc = include_str!("../../../docs/snippets/connector.rs")]
    /// service.ran(now, RequestId::new(7), Ok("in vain".into()))?;
    /// assert_eq!(service.counts().late(), 1);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn ran(
        &mut self,
        now: DateTime<Utc>,
        request: RequestId,
        result: Result<Value, ActionError>,
    ) -> Result<(), Error> {
        self.begin(now)?;
        if !self.ends(request, |waits| matches!(waits, Waits::Ran)) {
            return Ok(());
        }
        match result {
            Ok(output) => self.answer_from(Lsn::ZERO, request, Answer::json(StatusCode::OK, &output)),
            Err(error) => self.refuse(request, failed(&error)),
        }
        Ok(())
    }

    /// Tells the choices of a list, in the order in which they are to be shown.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Limit`](crate::ErrorKind::Limit) where the time is outside the years 1677 to 2262.
    ///
    /// ```
    #[doc = include_str!("../../../docs/snippets/connector.rs")]
    /// service.chosen(now, RequestId::new(7), Ok(Vec::new()))?;
    /// assert_eq!(service.counts().late(), 1);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn chosen(
        &mut self,
        now: DateTime<Utc>,
        request: RequestId,
        choices: Result<Vec<Choice>, ActionError>,
    ) -> Result<(), Error> {
        self.begin(now)?;
        if !self.ends(request, |waits| matches!(waits, Waits::Chosen)) {
            return Ok(());
        }
        match choices {
            Ok(choices) => {
                let most = self.limits.choices();
                let shown = choices.iter().take(most).map(|choice| {
                    let (id, name) = (choice.value(), choice.title());
                    let named = || id.as_str().map_or_else(|| id.to_string(), str::to_owned);
                    json!({"id": id, "name": name.map_or_else(named, str::to_owned)})
                });
                let mut body = json!({"value": shown.collect::<Vec<_>>()});
                if choices.len() > most {
                    self.counts.cut += 1;
                    body["truncated"] = true.into();
                    body["limit"] = most.into();
                }
                self.answer_from(Lsn::ZERO, request, Answer::json(StatusCode::OK, &body));
            }
            Err(error) => self.refuse(request, failed(&error)),
        }
        Ok(())
    }

    /// What tells a person that the connection works, and what it is good for.
    pub(super) fn connection(&self) -> Answer {
        let triggers: Vec<&str> = Profile::all().iter().map(Profile::name).collect();
        let actions: Vec<&str> = self.actions.names().collect();
        Answer::json(StatusCode::OK, &json!({"status": "ok", "triggers": triggers, "actions": actions}))
    }

    pub(super) fn offered(&self, name: &str) -> Result<DynAction, Problem> {
        let unknown = || Problem::new(StatusCode::NOT_FOUND, "there is no such action");
        self.actions.get(name).cloned().ok_or_else(unknown)
    }

    /// Has an action run, once its input is known to be one that it takes.
    pub(super) fn act(
        &mut self,
        principal: &str,
        request: RequestId,
        action: DynAction,
        headers: &HeaderMap,
        body: &str,
    ) -> Result<(), Problem> {
        let input = read(body)?;
        action.check(input.clone()).map_err(|error| failed(&error))?;
        let deadline = self.clock.saturating_add(nanos_of(self.limits.action_timeout()));
        let key = self.key_of(principal, request, action.metadata().name(), headers)?;
        let context = ActionContext::new(self.now(), key).with_deadline(datetime(deadline));
        let principal = shared(principal);
        let run = Run { request, principal: principal.clone(), action, input, context };
        self.wait(request, Pending { principal, deadline, waits: Waits::Ran }, Effect::Run(run));
        Ok(())
    }

    /// Has the choices of a list found.
    pub(super) fn list(
        &mut self,
        principal: &str,
        request: RequestId,
        list: &str,
        query: &str,
    ) -> Result<(), Problem> {
        let names = self.lists.get(list).map(Vec::as_slice).unwrap_or_default();
        let parameters = parameters(query, names)?;
        let deadline = self.clock.saturating_add(nanos_of(self.limits.action_timeout()));
        let principal = shared(principal);
        let choose = Choose { request, principal: principal.clone(), list: list.to_owned(), parameters };
        self.wait(request, Pending { principal, deadline, waits: Waits::Chosen }, Effect::Choose(choose));
        Ok(())
    }

    /// The same for two requests alone where their caller says that they are one.
    fn key_of(
        &self,
        principal: &str,
        request: RequestId,
        action: &str,
        headers: &HeaderMap,
    ) -> Result<String, Problem> {
        let (principal, action) = (principal.as_bytes(), action.as_bytes());
        let Some(given) = headers.get("idempotency-key") else {
            let parts = [principal, action, &self.clock.to_be_bytes(), &request.get().to_be_bytes()];
            return Ok(self.key.id("action", &parts));
        };
        if given.is_empty() || given.len() > MAX_KEY {
            let why = format!("{} bytes: it takes 1 to {MAX_KEY}", given.len());
            return Err(Problem::field("Idempotency-Key", why).with_limit(MAX_KEY));
        }
        Ok(self.key.id("action of a caller's key", &[principal, action, given.as_bytes()]))
    }

    /// Ends the wait of a request, where that is what it waits for; else counts what came too late.
    fn ends(&mut self, request: RequestId, is_meant: impl FnOnce(&Waits) -> bool) -> bool {
        let is_meant = self.pending.get(&request).is_some_and(|pending| is_meant(&pending.waits));
        if is_meant {
            let _ = self.take_pending(request);
        } else {
            self.counts.late += 1;
        }
        is_meant
    }
}

/// The JSON of a request: no key twice, no number that is not kept exactly, not too deep.
fn read(body: &str) -> Result<Value, Problem> {
    let invalid =
        |why: String| Problem::new(StatusCode::BAD_REQUEST, format!("the body cannot be read: {why}"));
    strict::verify(body, DEPTH)
        .map_err(|fault| invalid(format!("at byte {}: {}", fault.offset, fault.message)))?;
    serde_json::from_str(body).map_err(|error| invalid(error.to_string()))
}

/// What an action's failure means for whoever asked. What is worth another try has a status that is tried again.
fn failed(error: &ActionError) -> Problem {
    let problem = match error.class() {
        ErrorClass::InvalidInput => {
            let told = |problem: Problem, fault: &Fault| problem.with_field(fault.path(), fault.message());
            let faulty = Problem::new(StatusCode::BAD_REQUEST, "the input is not one that the action takes");
            return error.fields().iter().fold(faulty, told);
        }
        ErrorClass::Transient => Problem::new(StatusCode::SERVICE_UNAVAILABLE, error.reason()),
        ErrorClass::Throttled => Problem::new(StatusCode::TOO_MANY_REQUESTS, error.reason()),
        ErrorClass::AuthExpired => Problem::new(StatusCode::BAD_GATEWAY, error.reason()),
        _ => Problem::new(StatusCode::UNPROCESSABLE_ENTITY, error.reason()),
    };
    let problem = match error.retry_after() {
        Some(pause) => problem.with_retry_after(pause.as_secs() + u64::from(pause.subsec_nanos() > 0)),
        None => problem,
    };
    if error.is_outcome_unknown() { problem.with_member("outcomeUnknown", true) } else { problem }
}
