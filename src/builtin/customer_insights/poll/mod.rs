//! Asking the service what has happened: a machine that hands out requests, takes answers and gives events.
//!
//! A [`Poller`] asks in rounds: the workflow's status, its jobs, its history,
//! its segments and measures. What has ended since the last time, or has a new
//! value, becomes an event; the [`Cursor`] says what was told. Events and cursor come as one
//! [`PollBatch`] and are stored together, so that a crash at any point neither loses an event nor makes a new one.
//!
//! | I want to… | go to… |
//! |---|---|
//! | poll an instance | [`Poller::builder`], [`PollerBuilder`] |
//! | know what to do next | [`Poller::poll_effect`], [`PollEffect`] |
//! | store what came of it | [`PollBatch`], [`Cursor`] |
//! | see what it met and could not use | [`PollReport`], [`Counts`], [`Poller::trouble`] |
//! | bound it | [`Limits`] |
//!
//! # What becomes of what
//!
//! | asked | answer | event |
//! |---|---|---|
//! | `/workflows/main/status`, `…/jobs?top=&includeTasks=true`, `…/history?top=` | a task that has ended | [`RefreshCompleted`](crate::event::RefreshCompleted); of `map`, `match` and `merge` a trigger on unification is made |
//! | the same | a job that has ended | [`JobCompleted`](crate::event::JobCompleted) |
//! | `/manage/datasources`, if [asked for](PollerBuilder::with_data_sources) | a `refreshState` that is an end | [`RefreshCompleted`](crate::event::RefreshCompleted) of `ingestion`, instead of those of the jobs' tasks |
//! | `/manage/segments` | a count of a successful evaluation | [`ValueObserved`](crate::event::ValueObserved) |
//! | `/manage/measures`, and `…/{name}` where the list has no values | values of a completed evaluation, and of earlier ones in `outputHistory` | [`ValueObserved`](crate::event::ValueObserved), one for each combination of dimensions |
//!
//! Words are those of [`vocabulary`](super::vocabulary), in any case. An unknown one is not an end:
//! it is counted and named in the [`report`](Poller::report), and what it is about is looked at again.
//!
//! **What Microsoft documents, and what is this project's own.** The names of
//! the fields above, and of `jobId`, `jobType`, `jobSubmissionKind`, `jobStatus`, `operationType`,
//! `submittedTimestamp`, `endTimestamp`, `dataSourceId`, `lastRefresh`, `evaluationStatus` and
//! `latestEvaluation`, are those of the service. Not published, and this project's reading of it:
//!
//! - a task has `operationType`, `taskStatus`, and, where they are there, `identifier`, `friendlyName`,
//!   `endTimestamp` and `error`, as in the diagnostic logs, and `taskId`; the status and the history are jobs of the same form;
//! - a list is an array, or an object whose `value` is one;
//! - `values` of a measure is nested, a level for each of `definition.dimensions` in their order;
//!   without dimensions it has one member, or one of the measure's name;
//! - `evaluationDate` stands in `latestEvaluation` and in each entry of `outputHistory`, as it does of a segment;
//! - a time without a zone is UTC.
//!
//! # What has no event
//!
//! What ended before the first start has none, but for the latest value of each
//! segment and measure, which a threshold needs to begin with. Between two rounds
//! a segment may be evaluated twice: the service shows the last alone. A job that came
//! and went between two rounds is told from the history as far as that reaches; where it may not, that is counted as a
//! [gap](Counts::gaps).

mod answer;
mod builder;
mod cursor;
mod effect;
mod group;
mod id;
mod jobs;
mod limits;
mod measures;
mod named;
mod report;
mod round;
mod segments;
mod sources;
mod step;

pub use builder::PollerBuilder;
pub use cursor::Cursor;
pub use effect::{PollBatch, PollEffect, PollRequest};
pub use limits::{Counts, Limits};
pub use report::PollReport;

use std::collections::VecDeque;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use http::Response;

use self::group::Group;
use self::round::{Reply, Round};
use self::step::Step;
use crate::action::{ActionError, AnswerLimits, Jitter, Rate, RetryPolicy, Slot, Throttle};
use crate::error::Error;
use crate::time::instant;

/// The key of the one connection that a poller has.
const CONNECTION: &str = "";

/// Asks an instance of Customer Insights what has happened, in rounds.
///
/// # Contract
///
/// 1. *After every call, take all effects*: [`poll_effect`](Self::poll_effect) until there is none.
/// 2. *One thing at a time.* Every [`Send`](PollEffect::Send) is answered by
///    [`handle_response`](Self::handle_response) or [`handle_failure`](Self::handle_failure), every
///    [`Renew`](PollEffect::Renew) by [`handle_renewed`](Self::handle_renewed) or `handle_failure`,
///    every [`Commit`](PollEffect::Commit) by [`handle_committed`](Self::handle_committed) as soon as the batch is safe.
/// 3. *A batch is stored whole or not at all.* Whoever cannot store it now keeps
///    it and stores it later; nothing is asked meanwhile.
/// 4. *Call [`handle_timeout`](Self::handle_timeout) at [`poll_timeout`](Self::poll_timeout)*; earlier it is a no-op.
/// 5. *After a crash, build it with the cursor that was stored last.* What was
///    handed out and not stored is seen again, and has the same ids.
/// 6. Calls that nothing waits for change nothing and are counted. `now` may stand still, and counts as the latest time seen if it goes back.
///
/// ```
/// use chrono::{DateTime, TimeDelta};
/// use http::Response;
/// use tripline::builtin::customer_insights::poll::{Cursor, PollEffect, Poller};
///
/// let start = DateTime::from_timestamp(1_772_330_400, 0).unwrap(); // 2026-03-01T02:00:00Z, the host's clock
/// let mut poller = Poller::builder("contoso").build(start)?;
/// let mut stored: Vec<(Vec<String>, String)> = Vec::new(); // a journal, one record each
/// for minute in 0..3 {
///     let now = start + TimeDelta::minutes(minute);
///     poller.handle_timeout(now)?;
///     while let Some(effect) = poller.poll_effect() {
///         match effect {
///             PollEffect::Send(request) => {
///                 // A client would send it; here the service is made up.
///                 let members = 998 + 2 * minute;
///                 let body = match request.request().uri().path().rsplit('/').next() {
///                     Some("segments") => format!(
///                         r#"[{{"name":"vip","evaluationStatus":{{"jobStatus":"CompletedSuccess",
///                             "evaluationDate":"2026-03-01T02:0{minute}:00Z","entityCount":{members}}}}}]"#
///                     ),
///                     _ => "[]".to_owned(),
///                 };
///                 poller.handle_response(now, request.id(), &Response::new(body.into_bytes()))?;
///             }
///             PollEffect::Commit(batch) => {
///                 let events = batch.events().iter().map(|event| event.to_json()).collect();
///                 stored.push((events, batch.cursor().to_json()));
///                 poller.handle_committed(now)?;
///             }
///             _ => unreachable!("no token is refused here"),
///         }
///     }
/// }
/// let counts: Vec<usize> = stored.iter().map(|(events, _)| events.len()).collect();
/// assert_eq!(counts, [0, 1, 1, 1], "where to begin, and three values");
///
/// // After a crash it goes on behind what was stored.
/// let cursor = Cursor::from_json(&stored.last().unwrap().1)?;
/// let poller = Poller::builder("contoso").with_cursor(cursor).build(start)?;
/// assert_eq!(poller.counts().events(), 3);
/// # Ok::<(), tripline::Error>(())
/// ```
#[derive(Debug)]
pub struct Poller {
    config: Config,
    cursor: Cursor,
    counts: Counts,
    report: PollReport,
    throttle: Throttle,
    clock: DateTime<Utc>,
    round: Round,
    next_round: DateTime<Utc>,
    state: State,
    /// What an answer said, and is not told yet.
    groups: VecDeque<Group>,
    /// Whether the cursor has changed without an event.
    is_dirty: bool,
    next_id: u64,
    /// Attempts of the present question, and when the first was made.
    attempts: u32,
    first_at: DateTime<Utc>,
    has_renewed: bool,
    trouble: Option<ActionError>,
}

#[derive(Debug, Clone)]
struct Config {
    instance: String,
    source: String,
    base: String,
    interval: Duration,
    answer_time: Duration,
    retry: RetryPolicy,
    seed: u64,
    asks_sources: bool,
    limits: Limits,
}

#[derive(Debug, Clone, PartialEq)]
enum State {
    /// A batch is to be handed out, or was.
    Telling { is_out: bool },
    /// A request is to be handed out.
    Due(Step),
    /// A request was handed out.
    Sent { step: Step, id: u64, until: DateTime<Utc> },
    /// A token is to be asked for, or was.
    Renewing { step: Step, id: u64, is_out: bool },
    /// A question waits until then.
    Waiting(Step, DateTime<Utc>),
    /// Until the next round.
    Resting,
}

impl Poller {
    /// A poller of the instance with this id, in the making.
    ///
    /// ```
    /// # use chrono::DateTime;
    /// # use tripline::builtin::customer_insights::poll::Poller;
    /// let poller = Poller::builder("contoso").build(DateTime::UNIX_EPOCH)?;
    /// # Ok::<(), tripline::Error>(())
    /// ```
    pub fn builder(instance: impl Into<String>) -> PollerBuilder {
        PollerBuilder::new(instance.into())
    }

    fn starting(
        config: Config,
        rate: Rate,
        cursor: Cursor,
        counts: Counts,
        is_new: bool,
        now: DateTime<Utc>,
    ) -> Self {
        let mut poller = Self {
            config,
            cursor,
            counts,
            report: PollReport::default(),
            throttle: Throttle::new(rate),
            clock: now,
            round: Round::default(),
            next_round: now,
            state: State::Resting,
            groups: VecDeque::new(),
            // Where it begins must be stored first: else what ends before the next start would be taken for old.
            is_dirty: is_new,
            next_id: 0,
            attempts: 0,
            first_at: now,
            has_renewed: false,
            trouble: None,
        };
        poller.go_on();
        poller
    }

    /// The next thing to be done; nothing until more is handed in.
    ///
    /// ```
    /// # use chrono::DateTime;
    /// # use tripline::builtin::customer_insights::poll::{PollEffect, Poller};
    /// let mut poller = Poller::builder("contoso").build(DateTime::UNIX_EPOCH)?;
    /// assert!(matches!(poller.poll_effect(), Some(PollEffect::Commit(_))));
    /// assert!(poller.poll_effect().is_none(), "it waits for that");
    /// # Ok::<(), tripline::Error>(())
    /// ```
    #[must_use = "an effect is handed out once"]
    pub fn poll_effect(&mut self) -> Option<PollEffect> {
        match &mut self.state {
            State::Telling { is_out } if !*is_out => {
                *is_out = true;
                Some(PollEffect::Commit(self.batch()))
            }
            State::Renewing { id, is_out, .. } if !*is_out => {
                *is_out = true;
                Some(PollEffect::Renew(*id))
            }
            State::Due(step) => {
                let step = step.clone();
                self.send(step)
            }
            _ => None,
        }
    }

    /// Takes the answer to the request with this number, whatever its status.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Limit`](crate::ErrorKind::Limit) where `now` is outside the years 1677 to 2262; nothing has changed then.
    ///
    /// ```
    /// # use http::Response;
    #[doc = include_str!("../../../../docs/snippets/polled.rs")]
    /// poller.handle_response(at, request.id(), &Response::new(b"[]".to_vec()))?;
    /// assert_eq!(poller.counts().answers(), 1);
    /// # Ok::<(), tripline::Error>(())
    /// ```
    pub fn handle_response(
        &mut self,
        now: DateTime<Utc>,
        id: u64,
        response: &Response<Vec<u8>>,
    ) -> Result<(), Error> {
        self.pass(now)?;
        let Some(step) = self.answered(id, false) else { return Ok(()) };
        match self.reply(&step, response)? {
            Reply::Done => self.done(),
            Reply::Again(top) => {
                self.round.widen(step, top);
                self.done();
            }
            Reply::Refused(error) => self.failed(step, error)?,
        }
        Ok(())
    }

    /// Takes the word that the request with this number, or the renewal asked for with it, has failed. Its
    /// class says what follows: see [`ActionError`].
    ///
    /// # Errors
    ///
    /// As [`handle_response`](Self::handle_response).
    ///
    /// ```
    /// # use tripline::action::ActionError;
    #[doc = include_str!("../../../../docs/snippets/polled.rs")]
    /// poller.handle_failure(at, request.id(), &ActionError::transient("the connection broke"))?;
    /// assert!(poller.poll_timeout() > Some(at), "it asks again");
    /// # Ok::<(), tripline::Error>(())
    /// ```
    pub fn handle_failure(&mut self, now: DateTime<Utc>, id: u64, error: &ActionError) -> Result<(), Error> {
        self.pass(now)?;
        match self.answered(id, true) {
            Some(step) => self.failed(step, error.clone()),
            None => Ok(()),
        }
    }

    /// Takes the word that there is a new token: the request that was refused is made again.
    ///
    /// # Errors
    ///
    /// As [`handle_response`](Self::handle_response).
    ///
    /// ```
    /// # use http::{Response, StatusCode};
    /// # use tripline::builtin::customer_insights::poll::PollEffect as Effect;
    #[doc = include_str!("../../../../docs/snippets/polled.rs")]
    /// let mut refused = Response::new(Vec::new());
    /// *refused.status_mut() = StatusCode::UNAUTHORIZED;
    /// poller.handle_response(at, request.id(), &refused)?;
    /// assert!(matches!(poller.poll_effect(), Some(Effect::Renew(_))));
    /// poller.handle_renewed(at)?;
    /// assert!(matches!(poller.poll_effect(), Some(Effect::Send(_))));
    /// # Ok::<(), tripline::Error>(())
    /// ```
    pub fn handle_renewed(&mut self, now: DateTime<Utc>) -> Result<(), Error> {
        self.pass(now)?;
        if let State::Renewing { step, is_out: true, .. } = &self.state {
            let step = step.clone();
            self.ask(step)?;
        }
        Ok(())
    }

    /// Takes the word that the batch handed out last is stored, whole.
    ///
    /// # Errors
    ///
    /// As [`handle_response`](Self::handle_response).
    ///
    /// ```
    /// # use chrono::DateTime;
    /// # use tripline::builtin::customer_insights::poll::{PollEffect, Poller};
    /// let mut poller = Poller::builder("contoso").build(DateTime::UNIX_EPOCH)?;
    /// let _ = poller.poll_effect();
    /// poller.handle_committed(DateTime::UNIX_EPOCH)?;
    /// assert!(matches!(poller.poll_effect(), Some(PollEffect::Send(_))));
    /// # Ok::<(), tripline::Error>(())
    /// ```
    pub fn handle_committed(&mut self, now: DateTime<Utc>) -> Result<(), Error> {
        self.pass(now)?;
        if self.state == (State::Telling { is_out: true }) {
            self.state = State::Resting;
            self.done();
        }
        Ok(())
    }

    /// Takes the time, which may be any; see [`poll_timeout`](Self::poll_timeout).
    ///
    /// # Errors
    ///
    /// As [`handle_response`](Self::handle_response).
    ///
    /// ```
    /// # use chrono::DateTime;
    /// # use tripline::builtin::customer_insights::poll::Poller;
    /// let mut poller = Poller::builder("contoso").build(DateTime::UNIX_EPOCH)?;
    /// poller.handle_timeout(DateTime::UNIX_EPOCH)?;
    /// # Ok::<(), tripline::Error>(())
    /// ```
    pub fn handle_timeout(&mut self, now: DateTime<Utc>) -> Result<(), Error> {
        self.pass(now)?;
        match &self.state {
            State::Waiting(step, until) if *until <= self.clock => {
                let step = step.clone();
                self.ask(step)?;
            }
            State::Sent { step, until, .. } if *until <= self.clock => {
                let step = step.clone();
                self.failed(step, ActionError::transient("no answer came in time"))?;
            }
            State::Resting if self.next_round <= self.clock => self.go_on(),
            _ => {}
        }
        Ok(())
    }

    /// When [`handle_timeout`](Self::handle_timeout) is to be called; nothing while it waits for the host alone.
    ///
    /// ```
    #[doc = include_str!("../../../../docs/snippets/polled.rs")]
    /// assert_eq!(poller.poll_timeout(), Some(at + chrono::TimeDelta::seconds(40)), "when the request is lost");
    /// # Ok::<(), tripline::Error>(())
    /// ```
    pub fn poll_timeout(&self) -> Option<DateTime<Utc>> {
        match &self.state {
            State::Waiting(_, until) | State::Sent { until, .. } => Some(*until),
            State::Resting => Some(self.next_round),
            State::Telling { .. } | State::Due(_) | State::Renewing { .. } => None,
        }
    }

    /// The cursor as of the batch that was handed out last, and of what it has seen running since.
    ///
    /// ```
    /// # use chrono::DateTime;
    /// # use tripline::builtin::customer_insights::poll::Poller;
    /// let poller = Poller::builder("contoso").build(DateTime::UNIX_EPOCH)?;
    /// assert_eq!(poller.cursor().instance(), "contoso");
    /// # Ok::<(), tripline::Error>(())
    /// ```
    pub fn cursor(&self) -> &Cursor {
        &self.cursor
    }

    /// What it has done, as numbers.
    ///
    /// ```
    /// # use chrono::DateTime;
    /// # use tripline::builtin::customer_insights::poll::Poller;
    /// let poller = Poller::builder("contoso").build(DateTime::UNIX_EPOCH)?;
    /// assert_eq!(poller.counts().requests(), 0);
    /// # Ok::<(), tripline::Error>(())
    /// ```
    pub fn counts(&self) -> &Counts {
        &self.counts
    }

    /// What it met and could not use, by name, since it was built.
    ///
    /// ```
    /// # use chrono::DateTime;
    /// # use tripline::builtin::customer_insights::poll::Poller;
    /// let poller = Poller::builder("contoso").build(DateTime::UNIX_EPOCH)?;
    /// assert_eq!(poller.report().faulty().count(), 0);
    /// # Ok::<(), tripline::Error>(())
    /// ```
    pub fn report(&self) -> &PollReport {
        &self.report
    }

    /// Its bounds.
    ///
    /// ```
    /// # use chrono::DateTime;
    /// # use tripline::builtin::customer_insights::poll::Poller;
    /// let poller = Poller::builder("contoso").build(DateTime::UNIX_EPOCH)?;
    /// assert_eq!(poller.limits().top(), 50);
    /// # Ok::<(), tripline::Error>(())
    /// ```
    pub fn limits(&self) -> &Limits {
        &self.config.limits
    }

    /// Why the last question had no answer; nothing since one had.
    ///
    /// ```
    /// # use chrono::DateTime;
    /// # use tripline::builtin::customer_insights::poll::Poller;
    /// let poller = Poller::builder("contoso").build(DateTime::UNIX_EPOCH)?;
    /// assert!(poller.trouble().is_none());
    /// # Ok::<(), tripline::Error>(())
    /// ```
    pub fn trouble(&self) -> Option<&ActionError> {
        self.trouble.as_ref()
    }

    fn pass(&mut self, now: DateTime<Utc>) -> Result<(), Error> {
        instant(now)?;
        self.clock = self.clock.max(now);
        Ok(())
    }

    /// The question that the number belongs to, if its answer is waited for, or the failure of its renewal.
    fn answered(&mut self, id: u64, may_be_renewal: bool) -> Option<Step> {
        match &self.state {
            State::Sent { step, id: own, .. } if *own == id => Some(step.clone()),
            State::Renewing { step, id: own, is_out: true } if *own == id && may_be_renewal => {
                Some(step.clone())
            }
            _ => {
                self.counts.ignored_answers += 1;
                None
            }
        }
    }

    /// Hands a request out. One that cannot be written is a question that has no answer.
    fn send(&mut self, step: Step) -> Option<PollEffect> {
        let limits = self.config.answer();
        let request = step.request(&self.config.base, &self.config.instance, self.round.top(), limits);
        match request {
            Ok(request) => {
                self.next_id += 1;
                let id = self.next_id;
                self.state = State::Sent { step, id, until: after(self.clock, 2 * self.config.answer_time) };
                self.counts.requests += 1;
                Some(PollEffect::Send(PollRequest { id, request }))
            }
            // A measure whose name no path can hold: the next question is due.
            Err(error) => {
                self.give_up(error);
                self.poll_effect()
            }
        }
    }

    /// The next events, as whole groups, and the cursor behind them.
    fn batch(&mut self) -> PollBatch {
        let limits = &self.config.limits;
        let mut events = Vec::new();
        while let Some(group) = self.groups.front()
            && (events.is_empty() || events.len() + group.events.len() <= limits.events())
        {
            let Some(group) = self.groups.pop_front() else { break };
            events.extend(group.events);
            group.trace.leave(&mut self.cursor, limits);
        }
        self.is_dirty = false;
        self.counts.batches += 1;
        self.counts.events += events.len() as u64;
        let counts = self.counts.iter().filter(|(_, count)| *count > 0);
        self.cursor.counts = counts.map(|(name, count)| (name.to_owned(), count)).collect();
        PollBatch { events, cursor: self.cursor.clone() }
    }

    /// A question is over, with whatever result.
    fn done(&mut self) {
        self.attempts = 0;
        self.has_renewed = false;
        self.go_on();
    }

    /// Tells what there is to tell, asks what is to be asked, or rests.
    fn go_on(&mut self) {
        if !self.groups.is_empty() || self.is_dirty {
            self.state = State::Telling { is_out: false };
            return;
        }
        if self.round.is_over() && self.next_round <= self.clock {
            self.counts.rounds += 1;
            // A round that took longer than its time is followed by the next at once, and by no more than one.
            self.next_round = after(self.clock, self.config.interval);
            self.round = Round::new(self.config.asks_sources, self.config.limits.top());
        }
        match self.round.next() {
            // What the throttle refuses at a time that was checked is waited for.
            Some(step) => {
                if self.ask(step.clone()).is_err() {
                    self.state = State::Waiting(step, after(self.clock, self.config.interval));
                }
            }
            None => {
                self.state = State::Resting;
                self.forget();
            }
        }
    }

    /// Asks a question now, or when the throttle lets it.
    fn ask(&mut self, step: Step) -> Result<(), Error> {
        self.state = match self.throttle.take(self.clock, CONNECTION)? {
            Slot::Granted => {
                if self.attempts == 0 {
                    self.first_at = self.clock;
                }
                self.attempts += 1;
                State::Due(step)
            }
            Slot::NotBefore(at) => {
                self.counts.throttled += 1;
                State::Waiting(step, at)
            }
        };
        Ok(())
    }

    /// What follows a failure: another token, another attempt, or the next question.
    fn failed(&mut self, step: Step, error: ActionError) -> Result<(), Error> {
        self.counts.failed += 1;
        let was_renewing = matches!(self.state, State::Renewing { .. });
        // A renewal that has failed for now may be asked for again with the next attempt.
        self.has_renewed &= !was_renewing;
        if error.is_auth_expired() && !self.has_renewed && !was_renewing {
            self.has_renewed = true;
            self.counts.renewals += 1;
            let id = self.next_id;
            self.trouble = Some(error);
            self.state = State::Renewing { step, id, is_out: false };
            return Ok(());
        }
        if error.is_throttled() {
            self.counts.throttled += 1;
            if let Some(pause) = error.retry_after() {
                self.throttle.hold_back(self.clock, CONNECTION, after(self.clock, pause))?;
            }
        }
        let jitter = Jitter::new(self.config.seed, step.word());
        let next = self.config.retry.next_attempt(
            self.clock,
            self.first_at,
            self.attempts,
            error.retry_after(),
            &jitter,
        );
        match next.filter(|_| error.is_retryable()) {
            Some(at) => {
                self.trouble = Some(error);
                self.state = State::Waiting(step, at);
            }
            None => {
                // Without a token nothing else would be answered either.
                if error.is_auth_expired() || was_renewing {
                    self.round.end();
                }
                self.give_up(error);
            }
        }
        Ok(())
    }

    fn give_up(&mut self, error: ActionError) {
        self.counts.given_up += 1;
        self.trouble = Some(error);
        self.done();
    }
}

impl Config {
    fn answer(&self) -> AnswerLimits {
        AnswerLimits::new().with_max_bytes(self.limits.answer_bytes()).with_time(self.answer_time)
    }
}

fn after(time: DateTime<Utc>, pause: Duration) -> DateTime<Utc> {
    let pause = TimeDelta::from_std(pause).unwrap_or(TimeDelta::MAX);
    // The end of what instants can be, so that it is never before `time`.
    time.checked_add_signed(pause).filter(|at| instant(*at).is_ok()).unwrap_or(time)
}
