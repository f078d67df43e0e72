//! Diagnostic logs in, events out.

mod fields;
mod frame;
mod id;
mod record;
mod report;
mod scan;

pub use report::{Ignored, LogReport, Tally};

use frame::{Frame, Framer};
use record::{Events, Reading};

use crate::error::{Error, ErrorKind};
use crate::event::Event;

/// Deeper than this the JSON parser does not go.
const DEEPEST: usize = 127;

/// Reads the diagnostic logs of Dynamics 365 Customer Insights: their
/// `WorkflowEvent` records become events that triggers understand.
///
/// It takes the text in pieces of any size and holds one record and the piece
/// handed in last, however large the text is. The text is any mix of JSON
/// lines (what Azure Monitor writes to storage), arrays, and Event Hubs
/// messages, `{"records":[…]}`; whatever else such a wrapper holds is passed
/// over. White space between records is free.
///
/// ```
/// use tripline::builtin::customer_insights::LogReader;
/// use tripline::event::{Event, Outcome, Process, RefreshCompleted};
///
/// let log = r#"{"records":[{"time":"2026-03-01T02:00:07.1234567Z","category":"Operational",
///     "operationName":"Ingestion.TaskCompleted","resultType":"Failure","properties":
///     {"eventType":"WorkflowEvent","instanceId":"contoso","workflowJobId":"j-9","identifier":"ds-42","error":"login refused"}}]}"#;
///
/// let mut reader = LogReader::new();
/// let mut events = Vec::new();
/// for piece in log.as_bytes().chunks(64) {
///     reader.push(piece)?;
///     while let Some(event) = reader.poll_event() {
///         events.push(event?);
///     }
/// }
/// reader.finish();
/// assert!(reader.poll_event().is_none(), "nothing was cut off");
///
/// let [event] = &events[..] else { panic!("one event") };
/// assert_eq!((event.source(), event.event_type()), ("/instances/contoso", "tripline.refresh.completed"));
/// let refresh = RefreshCompleted::from_event(event)?.expect("of this type");
/// assert_eq!((refresh.process(), refresh.outcome()), (&Process::INGESTION, &Outcome::FAILED));
/// assert_eq!(refresh.failure().and_then(|failure| failure.message()), Some("login refused"));
/// # Ok::<(), tripline::Error>(())
/// ```
///
/// # What a record gives
///
/// | `operationName` | event |
/// |---|---|
/// | `X.TaskCompleted` | [`RefreshCompleted`](crate::event::RefreshCompleted) |
/// | `Segmentation.TaskCompleted`, succeeded, with a member count | besides, a [`ValueObserved`](crate::event::ValueObserved) of that segment |
/// | `X.WorkflowCompleted` | [`JobCompleted`](crate::event::JobCompleted) |
/// | `X.TaskStarted`, `X.WorkflowStarted` | none; counted |
///
/// Calls of the API (`category` `Audit`, or `eventType` `ApiEvent`), results
/// that are not the end (`Running`) and words nobody here knows give no event
/// and are counted, see [`report`](Self::report). The log does not say whether
/// a `Failure` will be tried again, so it becomes `failed` without a kind.
///
/// # The fields
///
/// As documented in [Export diagnostic logs] (the record, and the operation
/// types) and [CIEventsOperational] (the same as a table). Words are read in
/// any case, see [`vocabulary`](super::vocabulary); names of fields are not. `null` and an empty string
/// count as absent. What is marked *refused* gives an error that names the
/// field, and no event; nothing else in the log is harmed.
///
/// | field | what it is | absent | of a wrong type | becomes |
/// |---|---|---|---|---|
/// | `time` | when the record was written (UTC) | refused | refused, and where it is not RFC 3339 | the event's `time` |
/// | `operationName` | `{OperationType}.` and `TaskStarted`, `TaskCompleted`, `WorkflowStarted` or `WorkflowCompleted` | refused | refused | the type of event; `process` |
/// | `resultType` | `Running`, `Skipped`, `Successful` or `Failure` | refused | refused | `outcome` |
/// | `category` | `Operational` for all workflow events, else `Audit` | as `Operational` | refused | |
/// | `resourceId` | the instance as a resource of Azure | see `instanceId` | refused | `source`, where there is no `instanceId` |
/// | `properties` | an object, or a string that holds one | refused where what follows is missed | refused | |
/// | `….eventType` | `WorkflowEvent` | as `WorkflowEvent` | refused | |
/// | `….instanceId` | the instance | the last part of `resourceId`, in lower case; refused without that | refused | `source`: `/instances/{instanceId}` |
/// | `….workflowJobId` | the run that all its tasks share | of a workflow refused | refused | `jobId` |
/// | `….operationType` | the operation, as in `operationName` | as in `operationName` | refused | of a workflow: `operation` (`all`, or a process) |
/// | `….workflowType` | `full` or `incremental` | of a workflow refused | refused | `scope` |
/// | `….workflowSubmissionKind` | `OnDemand` or `Scheduled` | harmless | refused | `submission` |
/// | `….startTimestamp` | when it started | harmless | refused; of a workflow and not RFC 3339: [set aside](LogReport::set_aside) | of a workflow: `startedAt` |
/// | `….endTimestamp` | when it ended | `time` instead | refused; not RFC 3339: set aside | `endedAt` |
/// | `….identifier` | a table or segment, the guid of an export or enrichment | `friendlyName` instead; of a segment with a count refused | refused | `item.id`, the segment's `name` |
/// | `….friendlyName` | its name for people | harmless | refused | `item.name` |
/// | `….error` | what went wrong | harmless | refused | `failure.message` |
/// | `….additionalInfo` | an object, or a string that holds one | harmless | refused | |
/// | `….additionalInfo.tableCount` | members of the segment; `entityCount` in older logs | harmless | refused where it would be read: what is no whole number from 0 on (also in a string), or none that a 64-bit float holds exactly | `value` |
///
/// `durationMs`, `level`, `correlationId`, `tasksCount`, `submittedBy`,
/// `submittedTimestamp`, `workflowStatus` and the rest of `additionalInfo`
/// are not read, whatever they hold; neither are fields that are not documented.
///
/// [Export diagnostic logs]: https://learn.microsoft.com/dynamics365/customer-insights/data/diagnostics
/// [CIEventsOperational]: https://learn.microsoft.com/azure/azure-monitor/reference/tables/cieventsoperational
///
/// # The event's id
///
/// It is a function of the record, so that a log read twice gives duplicates,
/// which an engine ignores: 22 characters of base64url, the first 16 bytes of
/// the SHA-256 of `time`, of every documented field beside `properties`, and
/// of the whole of `properties`, each framed by its kind and length. White
/// space, the order of members, escapes, members that are `null`, and whether
/// `properties` and `additionalInfo` are objects or strings make no
/// difference; any other difference makes another id. Fields that are not
/// documented (forwarders add some, each time others) do not count. The value
/// of a segment has the same id with `.value` behind it.
///
/// # Faults
///
/// A record is refused by itself, as an `Err` between the events: it is over
/// a bound, is not strict JSON (a key twice in one object, a number beyond a
/// 64-bit float, a lone surrogate, bytes that are not UTF-8), or has a faulty
/// field. Reading goes on with the next. Where the end of a record cannot be
/// told, because two values stand side by side, brackets do not match or a
/// string does not end in its line, reading goes on at the next line that
/// starts with `{` or `[`, the line after the one in which the record starts;
/// the error says how many bytes that costs. In an array that is all in one
/// line, that is the rest of it. A byte order mark is allowed at the very start.
///
/// ```
/// use tripline::builtin::customer_insights::LogReader;
///
/// let log = br#"{"time":"2026-03-01T02:0
/// {"time":"2026-03-01T02:00:07Z","operationName":"Map.TaskCompleted","resultType":"Successful","properties":{"instanceId":"contoso"}}
/// {"time":7,"operationName":"Map.TaskCompleted","properties":"{\"instanceId\":\"contoso\"}"}
/// "#;
/// let mut reader = LogReader::new();
/// reader.push(log)?;
/// reader.finish();
/// let mut said = Vec::new();
/// while let Some(event) = reader.poll_event() {
///     said.push(event.map_or_else(|error| error.to_string(), |event| event.event_type().to_owned()));
/// }
/// assert_eq!(said, [
///     "1:1: expected the end of the string at 1:25, found the end of the line; 25 bytes are lost",
///     "tripline.refresh.completed",
///     "3:1: resultType: is missing; time: must be a string, found a number",
/// ]);
/// # Ok::<(), tripline::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct LogReader {
    framer: Framer,
    max_depth: usize,
    /// The second event of a record, and where the record starts.
    waiting: Option<(Event<'static>, u64)>,
    /// Whether all that was handed in has been read.
    is_drained: bool,
    report: LogReport,
}

impl Default for LogReader {
    fn default() -> Self {
        Self::new()
    }
}

impl LogReader {
    /// A reader with the default bounds: 256 KiB a record, 64 levels deep.
    ///
    /// ```
    /// use tripline::builtin::customer_insights::LogReader;
    /// assert_eq!(LogReader::new().read(b"")?, []);
    /// # Ok::<(), tripline::Error>(())
    /// ```
    #[must_use]
    pub fn new() -> Self {
        Self {
            framer: Framer::new(256 << 10),
            max_depth: 64,
            waiting: None,
            is_drained: true,
            report: LogReport::default(),
        }
    }

    /// The most bytes that one record may have; 256 KiB if not set.
    ///
    /// ```
    /// use tripline::builtin::customer_insights::LogReader;
    /// let log = br#"[{"category":"Audit"},{"category":"Audit","level":"Informational"}]"#;
    /// let error = LogReader::new().with_max_bytes(20).read(log).unwrap_err();
    /// assert_eq!(error.to_string(), "1:23: the record has 44 bytes, over the limit of 20");
    /// ```
    #[must_use]
    pub fn with_max_bytes(mut self, bytes: usize) -> Self {
        self.framer.set_max_bytes(bytes);
        self
    }

    /// How deep objects and arrays may nest, the record itself being the first
    /// level, and so in a string that holds an object; 64 if not set, and at
    /// most 127, where the JSON parser stops.
    ///
    /// ```
    /// use tripline::builtin::customer_insights::LogReader;
    /// let log = br#"{"category":"Audit","identity":{"claims":{}}}"#;
    /// assert!(LogReader::new().with_max_depth(3).read(log).is_ok());
    /// assert!(LogReader::new().with_max_depth(2).read(log).unwrap_err().is_limit());
    /// ```
    #[must_use]
    pub fn with_max_depth(mut self, levels: usize) -> Self {
        self.max_depth = levels.clamp(1, DEEPEST);
        self
    }

    /// Hands in the next piece of the text, which may be cut anywhere; after
    /// [`finish`](Self::finish), the first piece of the next text.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Full`](crate::ErrorKind::Full) where what was handed in before has not been read:
    /// poll until there is nothing, and hand the same piece in again.
    ///
    /// ```
    /// use tripline::builtin::customer_insights::LogReader;
    /// let mut reader = LogReader::new();
    /// reader.push(br#"{"category":"#)?;
    /// assert!(reader.push(br#""Audit"}"#).unwrap_err().is_full());
    /// assert!(reader.poll_event().is_none());
    /// reader.push(br#""Audit"}"#)?;
    /// # Ok::<(), tripline::Error>(())
    /// ```
    pub fn push(&mut self, piece: &[u8]) -> Result<(), Error> {
        if !self.is_drained {
            let message = "what was handed in before has not been read: poll until there is no event";
            return Err(Error::new(ErrorKind::Full, message));
        }
        self.framer.push(piece);
        self.is_drained = false;
        Ok(())
    }

    /// Says that the text ends here. Poll once more: a record that was cut off is refused then.
    ///
    /// ```
    /// use tripline::builtin::customer_insights::LogReader;
    /// let mut reader = LogReader::new();
    /// reader.push(br#"{"time":"#)?;
    /// assert!(reader.poll_event().is_none());
    /// reader.finish();
    /// let error = reader.poll_event().expect("a record was begun").unwrap_err();
    /// assert_eq!(error.to_string(), "1:1: expected the rest of a record at 1:9, found the end of the text; 8 bytes are lost");
    /// # Ok::<(), tripline::Error>(())
    /// ```
    pub fn finish(&mut self) {
        self.framer.finish();
        self.is_drained = false;
    }

    /// The next event, or why a record gives none; `None` until more is handed in.
    ///
    /// ```
    /// use tripline::builtin::customer_insights::LogReader;
    /// assert!(LogReader::new().poll_event().is_none());
    /// ```
    #[must_use = "an event is handed out once"]
    pub fn poll_event(&mut self) -> Option<Result<Event<'static>, Error>> {
        if let Some((event, _)) = self.waiting.take() {
            self.report.give();
            return Some(Ok(event));
        }
        loop {
            let (range, spot) = match self.framer.next() {
                None => {
                    self.is_drained = true;
                    return None;
                }
                Some(Frame::Refused(refused)) => {
                    let place = || refused.error.place().unwrap_or_default().to_owned();
                    self.report.refuse(place, refused.name, refused.lost);
                    return Some(Err(refused.error));
                }
                Some(Frame::Record(range, spot)) => (range, spot),
            };
            match record::read(self.framer.bytes(range), spot, self.max_depth) {
                Ok(Reading::Events(events)) => {
                    let Events { event, value, set_aside } = *events;
                    for name in set_aside {
                        self.report.put_aside(|| spot.place(), name);
                    }
                    self.waiting = value.map(|value| (value, spot.offset));
                    self.report.tell();
                    self.report.give();
                    return Some(Ok(event));
                }
                Ok(Reading::Ignored(reason, name)) => {
                    self.report.ignore(reason, || spot.place(), name.as_deref());
                }
                Err(refused) => {
                    self.report.refuse(|| spot.place(), refused.name, refused.lost);
                    return Some(Err(refused.error));
                }
            }
        }
    }

    /// Reads `text` to its end: one record, or a whole log.
    ///
    /// # Errors
    ///
    /// The first refusal, with its place; the others are in the [`report`](Self::report).
    /// Whoever wants the events of a log with faults in it polls them one by one.
    /// [`ErrorKind::Full`](crate::ErrorKind::Full) as [`push`](Self::push).
    ///
    /// ```
    /// use tripline::builtin::customer_insights::LogReader;
    /// let events = LogReader::new().read(
    ///     br#"{"time":"2026-03-01T02:03:00Z","operationName":"Segmentation.TaskCompleted","resultType":"Successful",
    ///         "properties":{"instanceId":"contoso","identifier":"vip","additionalInfo":{"tableCount":1004}}}"#,
    /// )?;
    /// let types: Vec<_> = events.iter().map(|event| event.event_type()).collect();
    /// assert_eq!(types, ["tripline.refresh.completed", "tripline.value.observed"]);
    /// assert_eq!(events[1].id(), format!("{}.value", events[0].id()));
    /// # Ok::<(), tripline::Error>(())
    /// ```
    pub fn read(&mut self, text: &[u8]) -> Result<Vec<Event<'static>>, Error> {
        self.push(text)?;
        self.finish();
        let mut events = Vec::new();
        let mut refusal = None;
        while let Some(event) = self.poll_event() {
            match event {
                Ok(event) => events.push(event),
                Err(error) => drop(refusal.get_or_insert(error)),
            }
        }
        refusal.map_or(Ok(events), Err)
    }

    /// How many bytes of the text are read for good: what lies before has been
    /// given, ignored or refused, as far as it was polled.
    ///
    /// A log of JSON lines can be read on from there by another reader.
    ///
    /// ```
    /// use tripline::builtin::customer_insights::LogReader;
    /// let mut reader = LogReader::new();
    /// reader.push(b"{\"category\":\"Audit\"}\n{\"categ")?;
    /// assert!(reader.poll_event().is_none());
    /// assert_eq!(reader.offset(), 21);
    /// # Ok::<(), tripline::Error>(())
    /// ```
    pub fn offset(&self) -> u64 {
        self.waiting.as_ref().map_or_else(|| self.framer.spot().offset, |(_, offset)| *offset)
    }

    /// What was read so far, of all texts together, and what came of it.
    ///
    /// ```
    /// use tripline::builtin::customer_insights::LogReader;
    /// let mut reader = LogReader::new();
    /// reader.read(br#"{"operationName":"Map.TaskStarted"}"#)?;
    /// assert_eq!(reader.report().to_string(), "1 record, 0 events; ignored 1: 1 started");
    /// # Ok::<(), tripline::Error>(())
    /// ```
    pub fn report(&self) -> &LogReport {
        &self.report
    }
}
