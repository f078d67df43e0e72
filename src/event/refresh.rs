//! `tripline.refresh.completed`: one task of a refresh ended (SPEC section 1).

use std::borrow::Cow;

use chrono::{DateTime, Utc};

use super::envelope::Stamp;
use super::members::{Faults, data_members, json_data};
use super::owners::Owners;
use super::text::{push_json_member, push_json_string, push_key};
use super::{Data, Event, Failure, Item, Outcome, Process};
use crate::error::Error;

/// What the data must hold, for messages.
const WANTED: &str = "process and outcome";

/// The data of a `tripline.refresh.completed` event: one task of a refresh ended.
///
/// ```
/// use tripline::event::{Outcome, Process, RefreshCompleted};
///
/// let refresh = RefreshCompleted::from_data_json(
///     r#"{"process":"ingestion","item":{"id":"ds-42","name":"Loyalty CSV"},"outcome":"failed","failure":{"kind":"retrying"}}"#,
/// )?;
/// assert_eq!((refresh.process(), refresh.outcome()), (&Process::INGESTION, &Outcome::FAILED));
/// assert_eq!(refresh.item().and_then(|item| item.name()), Some("Loyalty CSV"));
///
/// let error = RefreshCompleted::from_data_json(r#"{"process":"","item":{},"owners":["ana",7]}"#).unwrap_err();
/// let faults: Vec<_> = error.faults().iter().map(|fault| fault.path()).collect();
/// assert_eq!(faults, ["data.process", "data.item.id", "data.outcome", "data.owners[1]"]);
/// # Ok::<(), tripline::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct RefreshCompleted<'a> {
    process: Process,
    outcome: Outcome,
    item: Option<Item<'a>>,
    failure: Option<Failure<'a>>,
    job_id: Option<Cow<'a, str>>,
    ended_at: Option<Stamp>,
    owners: Owners<'a>,
}

impl<'a> RefreshCompleted<'a> {
    /// The type of the events that carry such data.
    pub const EVENT_TYPE: &'static str = "tripline.refresh.completed";

    /// A task that ended so.
    ///
    /// ```
    /// use tripline::event::{Outcome, Process, RefreshCompleted};
    /// assert_eq!(RefreshCompleted::new("map", "succeeded"), RefreshCompleted::new(Process::MAP, Outcome::SUCCEEDED));
    /// ```
    pub fn new(process: impl Into<Process>, outcome: impl Into<Outcome>) -> Self {
        Self {
            process: process.into(),
            outcome: outcome.into(),
            item: None,
            failure: None,
            job_id: None,
            ended_at: None,
            owners: Owners::None,
        }
    }

    /// The same task on an item.
    ///
    /// ```
    /// use tripline::event::{Item, RefreshCompleted};
    /// let refresh = RefreshCompleted::new("ingestion", "succeeded").with_item(Item::new("ds-42"));
    /// assert_eq!(refresh.item(), Some(&Item::new("ds-42")));
    /// ```
    #[must_use]
    pub fn with_item(mut self, item: Item<'a>) -> Self {
        self.item = Some(item);
        self
    }

    /// The same task with how it failed.
    ///
    /// ```
    /// use tripline::event::{Failure, RefreshCompleted};
    /// let refresh = RefreshCompleted::new("ingestion", "failed").with_failure(Failure::new().with_kind("retrying"));
    /// assert!(refresh.failure().is_some_and(Failure::is_retrying));
    /// ```
    #[must_use]
    pub fn with_failure(mut self, failure: Failure<'a>) -> Self {
        self.failure = Some(failure);
        self
    }

    /// The same task as part of a job; an empty id counts as none.
    ///
    /// ```
    /// use tripline::event::RefreshCompleted;
    /// assert_eq!(RefreshCompleted::new("map", "succeeded").with_job_id("j-9").job_id(), Some("j-9"));
    /// ```
    #[must_use]
    pub fn with_job_id(mut self, job_id: impl Into<Cow<'a, str>>) -> Self {
        self.job_id = Some(job_id.into()).filter(|job_id| !job_id.is_empty());
        self
    }

    /// The same task with its end.
    ///
    /// ```
    /// use chrono::DateTime;
    /// use tripline::event::RefreshCompleted;
    /// let refresh = RefreshCompleted::new("map", "succeeded").with_ended_at(DateTime::UNIX_EPOCH);
    /// assert_eq!(refresh.to_data_json(), r#"{"process":"map","outcome":"succeeded","endedAt":"1970-01-01T00:00:00Z"}"#);
    /// ```
    #[must_use]
    pub fn with_ended_at(mut self, time: DateTime<Utc>) -> Self {
        self.ended_at = Some(Stamp::from(time));
        self
    }

    /// The same with these owners.
    ///
    /// ```
    /// use tripline::event::RefreshCompleted;
    /// let refresh = RefreshCompleted::new("map", "succeeded").with_owners(["ana@contoso.example"]);
    /// assert_eq!(refresh.owners().collect::<Vec<_>>(), ["ana@contoso.example"]);
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
    /// the data and its path, such as `data.item.id`: no `process`, `outcome`
    /// or `item.id`, an empty one, an empty `jobId`, a value of another type, a
    /// time that is not RFC 3339. Words that are not known are no fault.
    ///
    /// ```
    /// use tripline::event::{Event, RefreshCompleted};
    /// assert_eq!(RefreshCompleted::from_event(&Event::new("1", "/s", "other")?)?, None);
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
    /// use tripline::event::RefreshCompleted;
    /// let refresh = RefreshCompleted::from_data_json(r#"{"process":"map","outcome":"succeeded","jobId":null}"#)?;
    /// assert_eq!(refresh, RefreshCompleted::new("map", "succeeded"));
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
    /// As [`Event::new`], and with every fault and its path where the process, the
    /// outcome or the item's id is empty or the end is outside the years 1677 to 2262.
    ///
    /// ```
    /// use tripline::event::RefreshCompleted;
    /// let event = RefreshCompleted::new("map", "succeeded").into_event("t-17", "/instances/contoso")?;
    /// assert_eq!(event.data().and_then(|data| data.as_json()), Some(r#"{"process":"map","outcome":"succeeded"}"#));
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
    #[inline]
    pub(crate) fn check(&self) -> Result<(), Error> {
        let is_whole = !self.process.as_str().is_empty() && !self.outcome.as_str().is_empty();
        let has_id = self.item.as_ref().is_none_or(|item| !item.id().is_empty());
        if is_whole && has_id && self.ended_at.is_none() { Ok(()) } else { self.check_all() }
    }

    #[inline(never)]
    fn check_all(&self) -> Result<(), Error> {
        let mut faults = Faults::default();
        faults.not_empty("data.process", self.process.as_str());
        if let Some(item) = &self.item {
            faults.not_empty("data.item.id", item.id());
        }
        faults.not_empty("data.outcome", self.outcome.as_str());
        faults.readable_time("data.endedAt", self.ended_at);
        faults.or(())
    }

    /// The data as JSON.
    ///
    /// ```
    /// use tripline::event::{Item, RefreshCompleted};
    /// let refresh = RefreshCompleted::new("ingestion", "succeeded").with_item(Item::new("ds-42"));
    /// assert_eq!(refresh.to_data_json(), r#"{"process":"ingestion","item":{"id":"ds-42"},"outcome":"succeeded"}"#);
    /// ```
    pub fn to_data_json(&self) -> String {
        let mut text = String::from(r#"{"process":"#);
        push_json_string(&mut text, self.process.as_str());
        if let Some(item) = &self.item {
            push_key(&mut text, "item");
            item.push_json(&mut text);
        }
        push_json_member(&mut text, "outcome", Some(self.outcome.as_str()));
        if let Some(failure) = &self.failure {
            push_key(&mut text, "failure");
            failure.push_json(&mut text);
        }
        push_json_member(&mut text, "jobId", self.job_id());
        push_json_member(&mut text, "endedAt", self.ended_at.map(Stamp::to_text).as_deref());
        self.owners.push_json(&mut text);
        text.push('}');
        text
    }

    /// What the task did.
    ///
    /// ```
    /// use tripline::event::{Process, RefreshCompleted};
    /// assert_eq!(RefreshCompleted::new("map", "succeeded").process(), &Process::MAP);
    /// ```
    pub fn process(&self) -> &Process {
        &self.process
    }

    /// How it ended.
    ///
    /// ```
    /// use tripline::event::{Outcome, RefreshCompleted};
    /// assert_eq!(RefreshCompleted::new("map", "timedOut").outcome(), &Outcome::TIMED_OUT);
    /// ```
    pub fn outcome(&self) -> &Outcome {
        &self.outcome
    }

    /// What it worked on; `None` for a process without items.
    ///
    /// ```
    /// use tripline::event::RefreshCompleted;
    /// assert_eq!(RefreshCompleted::new("map", "succeeded").item(), None);
    /// ```
    pub fn item(&self) -> Option<&Item<'a>> {
        self.item.as_ref()
    }

    /// How it failed, if the event says so.
    ///
    /// ```
    /// use tripline::event::RefreshCompleted;
    /// assert_eq!(RefreshCompleted::new("map", "failed").failure(), None);
    /// ```
    pub fn failure(&self) -> Option<&Failure<'a>> {
        self.failure.as_ref()
    }

    /// The job that it was part of.
    ///
    /// ```
    /// use tripline::event::RefreshCompleted;
    /// assert_eq!(RefreshCompleted::new("map", "succeeded").job_id(), None);
    /// ```
    pub fn job_id(&self) -> Option<&str> {
        self.job_id.as_deref()
    }

    /// When it ended, if the data says so.
    ///
    /// ```
    /// use tripline::event::RefreshCompleted;
    /// assert_eq!(RefreshCompleted::new("map", "succeeded").ended_at(), None);
    /// ```
    pub fn ended_at(&self) -> Option<DateTime<Utc>> {
        self.ended_at.map(Stamp::time)
    }

    /// Who owns what was refreshed.
    ///
    /// ```
    /// use tripline::event::RefreshCompleted;
    /// assert_eq!(RefreshCompleted::new("map", "succeeded").owners().count(), 0);
    /// ```
    pub fn owners(&self) -> impl Iterator<Item = Cow<'_, str>> {
        self.owners.iter()
    }

    /// Whether it says nothing beside which task ended, of what and how.
    pub(crate) fn is_bare(&self) -> bool {
        self.failure.is_none() && self.job_id.is_none() && matches!(self.owners, Owners::None)
    }
}

fn decode(raw: &str) -> Result<RefreshCompleted<'_>, Error> {
    let names = ["process", "item", "outcome", "failure", "jobId", "endedAt", "owners"];
    let [process, item, outcome, failure, job_id, ended_at, owners] = data_members(raw, WANTED, names)?;
    let mut faults = Faults::default();
    let refresh = RefreshCompleted {
        process: Process::from(&*faults.required_text("data.process", process)),
        item: Item::read(item, &mut faults),
        outcome: Outcome::from(&*faults.required_text("data.outcome", outcome)),
        failure: Failure::read(failure, &mut faults),
        job_id: faults.optional_text("data.jobId", job_id),
        ended_at: faults.optional_time("data.endedAt", ended_at),
        owners: faults.owners(owners),
    };
    faults.or(refresh)
}

#[cfg(test)]
mod tests {
    use super::*;

    const FULL: &str = concat!(
        r#"{"process":"ingestion","item":{"id":"ds-42","name":"Loyalty CSV"},"outcome":"failed","#,
        r#""failure":{"kind":"permanent","message":"login \"refused\""},"jobId":"j-9","#,
        r#""endedAt":"2026-03-01T02:00:07.5Z","owners":["ana@contoso.example"]}"#
    );

    fn faults(data: &str) -> Vec<String> {
        let error = RefreshCompleted::from_data_json(data).unwrap_err();
        error.faults().iter().map(ToString::to_string).collect()
    }

    #[test]
    fn every_member_is_read_and_written_in_one_order() {
        let refresh = RefreshCompleted::from_data_json(FULL).unwrap();
        assert_eq!((refresh.process(), refresh.outcome()), (&Process::INGESTION, &Outcome::FAILED));
        assert_eq!(refresh.item(), Some(&Item::new("ds-42").with_name("Loyalty CSV")));
        let failure = Failure::new().with_kind("permanent").with_message("login \"refused\"");
        assert_eq!(refresh.failure(), Some(&failure));
        assert_eq!(refresh.job_id(), Some("j-9"));
        assert_eq!(refresh.ended_at(), DateTime::from_timestamp(1_772_330_407, 500_000_000));
        assert_eq!(refresh.owners().collect::<Vec<_>>(), ["ana@contoso.example"]);
        assert_eq!(refresh.to_data_json(), FULL);
    }

    #[test]
    fn text_without_escapes_is_borrowed() {
        let refresh = RefreshCompleted::from_data_json(FULL).unwrap();
        assert!(matches!(refresh.job_id, Some(Cow::Borrowed("j-9"))));
        assert!(matches!(refresh.owners, Owners::Raw(_)));
    }

    #[test]
    fn what_is_null_is_absent_what_is_unknown_is_left_alone_and_words_are_kept() {
        let nulls = r#" { "process" : "dedup" , "outcome" : "half\u0044one" , "item" : null , "failure" : null , "jobId" : null ,
            "endedAt" : null , "owners" : null , "later" : { "more" : [ true ] } } "#;
        let refresh = RefreshCompleted::from_data_json(nulls).unwrap();
        assert_eq!(refresh, RefreshCompleted::new("dedup", "halfDone"));
        let inner = r#"{"process":"x","outcome":"y","item":{"id":"1","name":null,"z":1},"failure":{"kind":null,"message":null,"z":1}}"#;
        let refresh = RefreshCompleted::from_data_json(inner).unwrap();
        assert_eq!(
            (refresh.item(), refresh.failure()),
            (Some(&Item::new("1")), Some(&Failure::new())),
            "an empty failure is one that says nothing"
        );
    }

    #[test]
    fn every_fault_is_found_with_its_path_and_what_is_there() {
        assert_eq!(faults("{}"), ["data.process: is missing", "data.outcome: is missing"]);
        assert_eq!(
            faults(
                r#"{"process":null,"outcome":7,"item":"ds","failure":[],"jobId":{},"endedAt":5,"owners":"ana"}"#
            ),
            [
                "data.process: must be a string, found null",
                "data.item: must be an object with id and name, found a string",
                "data.outcome: must be a string, found a number",
                "data.failure: must be an object with kind and message, found an array",
                "data.jobId: must be a string, found an object",
                "data.endedAt: must be a string with an RFC 3339 time, found a number",
                "data.owners: must be an array of strings, found a string",
            ]
        );
        assert_eq!(
            faults(
                r#"{"process":"","outcome":"","item":{"id":"","name":1},"failure":{"kind":true,"message":{}},"jobId":"",
                    "endedAt":"2026-03-01 02:00:07Z","owners":["a",null,["b"]]}"#
            ),
            [
                "data.process: must not be empty",
                "data.item.id: must not be empty",
                "data.item.name: must be a string, found a number",
                "data.outcome: must not be empty",
                "data.failure.kind: must be a string, found a boolean",
                "data.failure.message: must be a string, found an object",
                "data.jobId: must not be empty",
                "data.endedAt: \"2026-03-01 02:00:07Z\" is not an RFC 3339 time: it is not of the form YYYY-MM-DDThh:mm:ssZ",
                "data.owners[1]: must be a string, found null",
                "data.owners[2]: must be a string, found an array",
            ]
        );
        assert_eq!(faults(r#"{"process":"x","outcome":"y","item":{}}"#), ["data.item.id: is missing"]);
        let far = faults(r#"{"process":"x","outcome":"y","endedAt":"2300-01-01T00:00:00Z"}"#);
        assert!(far[0].ends_with("it is outside the years 1677 to 2262"), "{far:?}");
    }

    #[test]
    fn data_that_is_no_object_is_said_to_be_what_it_is() {
        let event = Event::new("1", "/s", RefreshCompleted::EVENT_TYPE).unwrap();
        let said = |event: &Event<'_>| RefreshCompleted::from_event(event).unwrap_err().to_string();
        assert_eq!(said(&event), "data: must be a JSON object with process and outcome, found nothing");
        let list = event.clone().with_data(Data::json("[]").unwrap());
        assert!(said(&list).ends_with("found an array"));
        let bytes = event.clone().with_data(Data::Binary(b"{}".as_slice().into()));
        assert!(said(&bytes).ends_with("found binary data"));
        let text = event.with_data_content_type("text/plain").with_data(Data::Text("{}".into()));
        assert!(said(&text).ends_with("found text of another content type"));
    }

    #[test]
    fn what_no_reader_takes_becomes_no_event() {
        let far = DateTime::parse_from_rfc3339("2300-01-01T00:00:00Z").unwrap().to_utc();
        let refresh = RefreshCompleted::new("", "").with_item(Item::new("")).with_ended_at(far);
        let error = refresh.with_job_id("").into_event("1", "/s").unwrap_err();
        let paths: Vec<&str> = error.faults().iter().map(|fault| fault.path()).collect();
        assert_eq!(paths, ["data.process", "data.item.id", "data.outcome", "data.endedAt"]);
    }
}
