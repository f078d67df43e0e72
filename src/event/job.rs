//! `tripline.job.completed`: one whole run ended (SPEC section 1).

use std::borrow::Cow;

use chrono::{DateTime, Utc};

use super::envelope::Stamp;
use super::members::{Faults, data_members, json_data};
use super::owners::Owners;
use super::text::{push_json_member, push_json_string};
use super::{Data, Event, Outcome, Scope, Submission};
use crate::error::Error;

/// What the data must hold, for messages.
const WANTED: &str = "jobId, scope and outcome";

/// The data of a `tripline.job.completed` event: one whole run of a refresh ended.
///
/// ```
/// use tripline::event::{JobCompleted, Scope, Submission};
///
/// let job = JobCompleted::from_data_json(
///     r#"{"jobId":"j-9","scope":"full","submission":"scheduled","operation":"all","outcome":"succeeded"}"#,
/// )?;
/// assert_eq!((job.job_id(), job.scope()), ("j-9", &Scope::FULL));
/// assert_eq!(job.submission(), Some(&Submission::SCHEDULED));
///
/// let error = JobCompleted::from_data_json(r#"{"jobId":"","scope":"full","endedAt":"yesterday"}"#).unwrap_err();
/// let faults: Vec<_> = error.faults().iter().map(|fault| fault.path()).collect();
/// assert_eq!(faults, ["data.jobId", "data.outcome", "data.endedAt"]);
/// # Ok::<(), tripline::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct JobCompleted<'a> {
    job_id: Cow<'a, str>,
    scope: Scope,
    submission: Option<Submission>,
    operation: Option<Cow<'a, str>>,
    outcome: Outcome,
    started_at: Option<Stamp>,
    ended_at: Option<Stamp>,
    owners: Owners<'a>,
}

impl<'a> JobCompleted<'a> {
    /// The type of the events that carry such data.
    pub const EVENT_TYPE: &'static str = "tripline.job.completed";

    /// A job that ended so.
    ///
    /// ```
    /// use tripline::event::{JobCompleted, Outcome, Scope};
    /// let job = JobCompleted::new("j-9", "full", "succeeded");
    /// assert_eq!(job, JobCompleted::new("j-9", Scope::FULL, Outcome::SUCCEEDED));
    /// ```
    pub fn new(
        job_id: impl Into<Cow<'a, str>>,
        scope: impl Into<Scope>,
        outcome: impl Into<Outcome>,
    ) -> Self {
        Self {
            job_id: job_id.into(),
            scope: scope.into(),
            submission: None,
            operation: None,
            outcome: outcome.into(),
            started_at: None,
            ended_at: None,
            owners: Owners::None,
        }
    }

    /// The same job with how it was started.
    ///
    /// ```
    /// use tripline::event::{JobCompleted, Submission};
    /// let job = JobCompleted::new("j-9", "full", "succeeded").with_submission("onDemand");
    /// assert_eq!(job.submission(), Some(&Submission::ON_DEMAND));
    /// ```
    #[must_use]
    pub fn with_submission(mut self, submission: impl Into<Submission>) -> Self {
        self.submission = Some(submission.into());
        self
    }

    /// The same job with what it did: `all`, or the word of a [`Process`](super::Process).
    ///
    /// ```
    /// use tripline::event::JobCompleted;
    /// assert_eq!(JobCompleted::new("j-9", "full", "succeeded").with_operation("all").operation(), Some("all"));
    /// ```
    #[must_use]
    pub fn with_operation(mut self, operation: impl Into<Cow<'a, str>>) -> Self {
        self.operation = Some(operation.into());
        self
    }

    /// The same job with its start.
    ///
    /// ```
    /// use chrono::DateTime;
    /// use tripline::event::JobCompleted;
    /// let job = JobCompleted::new("j-9", "full", "succeeded").with_started_at(DateTime::UNIX_EPOCH);
    /// assert_eq!(job.started_at(), Some(DateTime::UNIX_EPOCH));
    /// ```
    #[must_use]
    pub fn with_started_at(mut self, time: DateTime<Utc>) -> Self {
        self.started_at = Some(Stamp::from(time));
        self
    }

    /// The same job with its end.
    ///
    /// ```
    /// use chrono::DateTime;
    /// use tripline::event::JobCompleted;
    /// let job = JobCompleted::new("j-9", "full", "succeeded").with_ended_at(DateTime::UNIX_EPOCH);
    /// assert_eq!(job.ended_at(), Some(DateTime::UNIX_EPOCH));
    /// ```
    #[must_use]
    pub fn with_ended_at(mut self, time: DateTime<Utc>) -> Self {
        self.ended_at = Some(Stamp::from(time));
        self
    }

    /// The same with these owners.
    ///
    /// ```
    /// use tripline::event::JobCompleted;
    /// let job = JobCompleted::new("j-9", "full", "succeeded").with_owners(["ana@contoso.example"]);
    /// assert_eq!(job.owners().collect::<Vec<_>>(), ["ana@contoso.example"]);
    /// ```
    #[must_use]
    pub fn with_owners<O: Into<Cow<'a, str>>>(mut self, owners: impl IntoIterator<Item = O>) -> Self {
        self.owners = owners.into_iter().collect();
        self
    }

    /// The data of `event`; `None` where it is of another type.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Invalid`](crate::ErrorKind::Invalid) with every fault of
    /// the data and its path, such as `data.jobId`: no `jobId`, `scope` or
    /// `outcome`, an empty one, a value of another type, a time that is not
    /// RFC 3339. Words that are not known are no fault.
    ///
    /// ```
    /// use tripline::event::{Event, JobCompleted};
    /// assert_eq!(JobCompleted::from_event(&Event::new("1", "/s", "other")?)?, None);
    /// # Ok::<(), tripline::Error>(())
    /// ```
    pub fn from_event(event: &'a Event<'_>) -> Result<Option<Self>, Error> {
        if event.event_type() != Self::EVENT_TYPE {
            return Ok(None);
        }
        decode(json_data(event, WANTED)?).map(Some)
    }

    /// Reads the data alone.
    ///
    /// # Errors
    ///
    /// As [`from_event`](Self::from_event), and where `text` is not JSON as [`Data::json`].
    ///
    /// ```
    /// use tripline::event::JobCompleted;
    /// let job = JobCompleted::from_data_json(r#"{"jobId":"j-9","scope":"full","outcome":"failed","owners":null}"#)?;
    /// assert_eq!(job, JobCompleted::new("j-9", "full", "failed"));
    /// # Ok::<(), tripline::Error>(())
    /// ```
    pub fn from_data_json(text: &'a str) -> Result<Self, Error> {
        Data::json(text)?;
        decode(text)
    }

    /// An event that carries this data. Whoever reads it gets the same data.
    ///
    /// # Errors
    ///
    /// As [`Event::new`], and with every fault and its path where the id, the scope or
    /// the outcome is empty or the start or the end is outside the years 1677 to 2262.
    ///
    /// ```
    /// use tripline::event::JobCompleted;
    /// let event = JobCompleted::new("j-9", "full", "failed").into_event("7", "/instances/contoso")?;
    /// assert_eq!(event.event_type(), "tripline.job.completed");
    /// # Ok::<(), tripline::Error>(())
    /// ```
    pub fn into_event(
        self,
        id: impl Into<String>,
        source: impl Into<String>,
    ) -> Result<Event<'static>, Error> {
        self.check()?;
        let event = Event::new(id.into(), source.into(), Self::EVENT_TYPE)?;
        Ok(event.with_data(Data::Json(Cow::Owned(self.to_data_json()))))
    }

    /// Finds what a reader would refuse in data that was built in code.
    fn check(&self) -> Result<(), Error> {
        let mut faults = Faults::default();
        faults.not_empty("data.jobId", &self.job_id);
        faults.not_empty("data.scope", self.scope.as_str());
        faults.not_empty("data.outcome", self.outcome.as_str());
        faults.readable_time("data.startedAt", self.started_at);
        faults.readable_time("data.endedAt", self.ended_at);
        faults.or(())
    }

    /// The data as JSON.
    ///
    /// ```
    /// use tripline::event::JobCompleted;
    /// let job = JobCompleted::new("j-9", "full", "failed");
    /// assert_eq!(job.to_data_json(), r#"{"jobId":"j-9","scope":"full","outcome":"failed"}"#);
    /// ```
    pub fn to_data_json(&self) -> String {
        let mut text = String::from(r#"{"jobId":"#);
        push_json_string(&mut text, &self.job_id);
        let (started_at, ended_at) = (self.started_at.map(Stamp::to_text), self.ended_at.map(Stamp::to_text));
        for (name, value) in [
            ("scope", Some(self.scope.as_str())),
            ("submission", self.submission().map(Submission::as_str)),
            ("operation", self.operation()),
            ("outcome", Some(self.outcome.as_str())),
            ("startedAt", started_at.as_deref()),
            ("endedAt", ended_at.as_deref()),
        ] {
            push_json_member(&mut text, name, value);
        }
        self.owners.push_json(&mut text);
        text.push('}');
        text
    }

    /// The identifier of the run.
    ///
    /// ```
    /// use tripline::event::JobCompleted;
    /// assert_eq!(JobCompleted::new("j-9", "full", "failed").job_id(), "j-9");
    /// ```
    pub fn job_id(&self) -> &str {
        &self.job_id
    }

    /// How much was refreshed.
    ///
    /// ```
    /// use tripline::event::{JobCompleted, Scope};
    /// assert_eq!(JobCompleted::new("j-9", "incremental", "failed").scope(), &Scope::INCREMENTAL);
    /// ```
    pub fn scope(&self) -> &Scope {
        &self.scope
    }

    /// How it was started, if the data says so.
    ///
    /// ```
    /// use tripline::event::JobCompleted;
    /// assert_eq!(JobCompleted::new("j-9", "full", "failed").submission(), None);
    /// ```
    pub fn submission(&self) -> Option<&Submission> {
        self.submission.as_ref()
    }

    /// What it did: `all`, the word of a [`Process`](super::Process), or any other.
    ///
    /// ```
    /// use tripline::event::JobCompleted;
    /// assert_eq!(JobCompleted::new("j-9", "full", "failed").operation(), None);
    /// ```
    pub fn operation(&self) -> Option<&str> {
        self.operation.as_deref()
    }

    /// How it ended.
    ///
    /// ```
    /// use tripline::event::{JobCompleted, Outcome};
    /// assert_eq!(JobCompleted::new("j-9", "full", "failed").outcome(), &Outcome::FAILED);
    /// ```
    pub fn outcome(&self) -> &Outcome {
        &self.outcome
    }

    /// When it started, if the data says so.
    ///
    /// ```
    /// use tripline::event::JobCompleted;
    /// assert_eq!(JobCompleted::new("j-9", "full", "failed").started_at(), None);
    /// ```
    pub fn started_at(&self) -> Option<DateTime<Utc>> {
        self.started_at.map(Stamp::time)
    }

    /// When it ended, if the data says so.
    ///
    /// ```
    /// use tripline::event::JobCompleted;
    /// assert_eq!(JobCompleted::new("j-9", "full", "failed").ended_at(), None);
    /// ```
    pub fn ended_at(&self) -> Option<DateTime<Utc>> {
        self.ended_at.map(Stamp::time)
    }

    /// Who owns what was refreshed.
    ///
    /// ```
    /// use tripline::event::JobCompleted;
    /// assert_eq!(JobCompleted::new("j-9", "full", "failed").owners().count(), 0);
    /// ```
    pub fn owners(&self) -> impl Iterator<Item = Cow<'_, str>> {
        self.owners.iter()
    }
}

fn decode(raw: &str) -> Result<JobCompleted<'_>, Error> {
    let names = ["jobId", "scope", "submission", "operation", "outcome", "startedAt", "endedAt", "owners"];
    let [job_id, scope, submission, operation, outcome, started_at, ended_at, owners] =
        data_members(raw, WANTED, names)?;
    let mut faults = Faults::default();
    let job = JobCompleted {
        job_id: faults.required_text("data.jobId", job_id),
        scope: Scope::from(&*faults.required_text("data.scope", scope)),
        submission: faults
            .optional_string("data.submission", submission)
            .map(|submission| Submission::from(&*submission)),
        operation: faults.optional_string("data.operation", operation),
        outcome: Outcome::from(&*faults.required_text("data.outcome", outcome)),
        started_at: faults.optional_time("data.startedAt", started_at),
        ended_at: faults.optional_time("data.endedAt", ended_at),
        owners: faults.owners(owners),
    };
    faults.or(job)
}

#[cfg(test)]
mod tests {
    use super::*;

    const FULL: &str = concat!(
        r#"{"jobId":"j-9","scope":"incremental","submission":"onDemand","operation":"segmentation","outcome":"canceled","#,
        r#""startedAt":"2026-03-01T02:00:00Z","endedAt":"2026-03-01T02:00:07.25Z","owners":["ana@contoso.example","b\"b"]}"#
    );

    fn faults(data: &str) -> Vec<String> {
        let error = JobCompleted::from_data_json(data).unwrap_err();
        error.faults().iter().map(ToString::to_string).collect()
    }

    #[test]
    fn every_member_is_read_and_written_in_one_order() {
        let job = JobCompleted::from_data_json(FULL).unwrap();
        assert_eq!(
            (job.job_id(), job.scope(), job.outcome()),
            ("j-9", &Scope::INCREMENTAL, &Outcome::CANCELED)
        );
        assert_eq!(job.submission(), Some(&Submission::ON_DEMAND));
        assert_eq!(job.operation(), Some("segmentation"));
        assert_eq!(job.started_at(), DateTime::from_timestamp(1_772_330_400, 0));
        assert_eq!(job.ended_at(), DateTime::from_timestamp(1_772_330_407, 250_000_000));
        assert_eq!(job.owners().collect::<Vec<_>>(), ["ana@contoso.example", "b\"b"]);
        assert_eq!(job.to_data_json(), FULL);
    }

    #[test]
    fn every_fault_is_found_with_its_path_and_what_is_there() {
        assert_eq!(
            faults("{}"),
            ["data.jobId: is missing", "data.scope: is missing", "data.outcome: is missing"]
        );
        assert_eq!(
            faults(
                r#"{"jobId":"","scope":"","submission":1,"operation":[],"outcome":"","startedAt":"2026-02-30T00:00:00Z",
                    "endedAt":{},"owners":[{}]}"#
            ),
            [
                "data.jobId: must not be empty",
                "data.scope: must not be empty",
                "data.submission: must be a string, found a number",
                "data.operation: must be a string, found an array",
                "data.outcome: must not be empty",
                "data.startedAt: \"2026-02-30T00:00:00Z\" is not an RFC 3339 time: there is no such day",
                "data.endedAt: must be a string with an RFC 3339 time, found an object",
                "data.owners[0]: must be a string, found an object",
            ]
        );
        let long =
            faults(&format!(r#"{{"jobId":"a","scope":"b","outcome":"c","endedAt":"{}"}}"#, "9".repeat(1000)));
        assert!(long[0].len() < 200 && long[0].contains("too long"), "{long:?}");
        assert_eq!(
            faults("7"),
            ["data: must be a JSON object with jobId, scope and outcome, found a number"]
        );
    }

    #[test]
    fn what_no_reader_takes_becomes_no_event() {
        let far = DateTime::<Utc>::MAX_UTC;
        let job = JobCompleted::new("", "", "").with_started_at(far).with_ended_at(far);
        let error = job.into_event("1", "/s").unwrap_err();
        let paths: Vec<&str> = error.faults().iter().map(|fault| fault.path()).collect();
        assert_eq!(paths, ["data.jobId", "data.scope", "data.outcome", "data.startedAt", "data.endedAt"]);
    }
}
