//! A host in a simulated world: it polls the fake service, stores what comes of it, and dies at any step.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use http::header::{AUTHORIZATION, CONTENT_TYPE, RETRY_AFTER};
use http::{Request, Response};
use serde_json::Value;
use tripline::action::{ActionError, Truncated};
use tripline::builtin::customer_insights::poll::{Cursor, Limits, PollEffect, Poller};
use tripline::event::Event;
#[cfg(feature = "flow")]
use tripline::journal::{MemoryJournal, MemorySnapshots};
#[cfg(feature = "flow")]
use tripline::pipeline::{Keep, Pipeline, recover};

use super::super::fake::{Fake, KEY, refusal};
use super::model::{Key, key_of_event, keys_of_answer};
use crate::random::Random;

/// A mistake that a host can make.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Plant {
    None,
    /// It says that it has stored what it has not.
    AcknowledgesTooSoon,
    /// The cursor is stored by itself, and then the events.
    CursorFirst,
    /// The events are stored by themselves, and then the cursor.
    EventsFirst,
}

/// When the process ends.
#[derive(Debug, Clone, Copy)]
pub(super) enum Crashes {
    Never,
    /// In so many of a hundred steps.
    Percent(usize),
    /// Once, at this step.
    At(usize),
}

/// A pipeline over a journal, which keeps the cursor with the events.
#[cfg(feature = "flow")]
pub(super) struct Stored {
    journal: MemoryJournal,
    snapshots: MemorySnapshots,
    pub(super) pipeline: Pipeline,
}

#[cfg(feature = "flow")]
impl Stored {
    fn new(now: DateTime<Utc>) -> Self {
        let (journal, mut snapshots) = (MemoryJournal::new(), MemorySnapshots::new());
        let builder = Pipeline::builder(tripline::action::Registry::new());
        let (pipeline, _) = recover(builder, now, &journal, &mut snapshots).unwrap();
        Self { journal, snapshots, pipeline }
    }

    /// What another process makes of the journal: the cursor that is kept there.
    fn recover(&mut self, now: DateTime<Utc>) -> Option<String> {
        let builder = Pipeline::builder(tripline::action::Registry::new());
        (self.pipeline, _) = recover(builder, now, &self.journal, &mut self.snapshots).unwrap();
        self.append();
        self.pipeline.kept("customerInsights/contoso").map(str::to_owned)
    }

    fn take(&mut self, now: DateTime<Utc>, events: &[Event<'static>], cursor: &Cursor) {
        let keep = Keep::put("customerInsights/contoso", cursor.to_json());
        let receipt = self.pipeline.handle_events_keeping(now, events, &[keep]).unwrap();
        assert!(receipt.refused().is_empty());
    }

    fn append(&mut self) {
        while let Some(persist) = self.pipeline.poll_persist() {
            let lsn = persist.append_to(&mut self.journal).unwrap();
            self.pipeline.persisted(lsn);
        }
    }
}

pub(super) struct Host {
    pub(super) fake: Fake,
    pub(super) poller: Poller,
    random: Random,
    token: String,
    /// The cursor that was stored last, and all events.
    pub(super) cursor: Option<String>,
    pub(super) events: Vec<Event<'static>>,
    /// What answers have said that were dealt with to the end.
    pub(super) expected: BTreeSet<Key>,
    /// What any answer has ever said.
    pub(super) shown: BTreeSet<Key>,
    /// What the answer says that is being dealt with.
    pending: BTreeSet<Key>,
    pub(super) start: DateTime<Utc>,
    pub(super) has_faults: bool,
    asks_sources: bool,
    batch_events: usize,
    crashes: Crashes,
    plant: Plant,
    #[cfg(feature = "flow")]
    pub(super) stored: Option<Stored>,
    steps: usize,
    pub(super) steps_before_it_settled: usize,
    pub(super) met: BTreeMap<&'static str, u64>,
}

impl Host {
    pub(super) fn new(seed: u64, crashes: Crashes, plant: Plant, asks_sources: bool) -> Self {
        let mut now = DateTime::from_timestamp(1_772_330_400, 0).unwrap();
        let mut fake = Fake::new(now, seed);
        // It was there before anybody asked.
        for _ in 0..20 {
            now += TimeDelta::seconds(30);
            fake.live(now);
        }
        now += TimeDelta::milliseconds(1);
        fake.live(now);
        let mut random = Random(seed ^ 0x00C0_FFEE);
        let batch_events = random.pick(&[1, 3, 1_000]);
        Self {
            poller: build(now, None, asks_sources, batch_events, seed),
            token: fake.first_token(),
            fake,
            random,
            cursor: None,
            events: Vec::new(),
            expected: BTreeSet::new(),
            shown: BTreeSet::new(),
            pending: BTreeSet::new(),
            start: now,
            has_faults: true,
            asks_sources,
            batch_events,
            crashes,
            plant,
            #[cfg(feature = "flow")]
            stored: None,
            steps: 0,
            steps_before_it_settled: 0,
            met: BTreeMap::new(),
        }
    }

    /// The same with a pipeline in place of a list.
    #[cfg(feature = "flow")]
    pub(super) fn with_pipeline(mut self) -> Self {
        self.stored = Some(Stored::new(self.now()));
        self
    }

    /// Goes on until the clock has passed so many minutes.
    pub(super) fn run(&mut self, minutes: i64) {
        let end = self.fake.now + TimeDelta::minutes(minutes);
        while self.fake.now < end {
            self.step();
        }
    }

    fn now(&self) -> DateTime<Utc> {
        self.fake.now
    }

    fn count(&mut self, what: &'static str) {
        *self.met.entry(what).or_default() += 1;
    }

    /// Whether the process ends here.
    fn dies(&mut self) -> bool {
        self.steps += 1;
        let dies = match self.crashes {
            Crashes::Never => false,
            Crashes::Percent(percent) => self.random.percent(percent),
            Crashes::At(step) => step == self.steps,
        };
        if dies {
            self.count("crash");
            self.pending.clear();
            if self.cursor.is_none() {
                self.start = self.now();
            }
            #[cfg(feature = "flow")]
            if let Some(stored) = &mut self.stored {
                let kept = stored.recover(self.fake.now);
                assert_eq!(kept, self.cursor, "what was appended is there, and nothing else");
                self.cursor = kept;
            }
            let seed = self.random.next();
            let cursor = self.cursor.as_deref().map(|text| Cursor::from_json(text).unwrap());
            self.poller = build(self.now(), cursor, self.asks_sources, self.batch_events, seed);
        }
        dies
    }

    fn step(&mut self) {
        if self.dies() {
            return;
        }
        match self.poller.poll_effect() {
            Some(PollEffect::Commit(batch)) => {
                let (events, cursor) = batch.into_parts();
                self.commit(events, &cursor);
            }
            Some(PollEffect::Send(request)) => {
                self.dealt_with();
                if !self.dies() {
                    self.send(request.id(), request.into_request());
                }
            }
            Some(PollEffect::Renew(id)) => {
                self.count("renewal");
                if self.has_faults && self.random.percent(20) {
                    let error = ActionError::transient("the tokens are out");
                    self.poller.handle_failure(self.fake.now, id, &error).unwrap();
                } else {
                    self.token = self.fake.new_token();
                    self.poller.handle_renewed(self.fake.now).unwrap();
                }
            }
            Some(_) => panic!("nothing else is asked for"),
            None => {
                self.dealt_with();
                self.wait();
            }
        }
    }

    /// The poller has gone on, so that what was said is told.
    fn dealt_with(&mut self) {
        let told = std::mem::take(&mut self.pending);
        self.expected.extend(told);
    }

    fn commit(&mut self, events: Vec<Event<'static>>, cursor: &Cursor) {
        if self.dies() {
            return;
        }
        #[cfg(feature = "flow")]
        if self.stored.is_some() {
            let now = self.fake.now;
            self.stored.iter_mut().for_each(|stored| stored.take(now, &events, cursor));
            if self.dies() {
                return;
            }
            self.stored.iter_mut().for_each(Stored::append);
        }
        match self.plant {
            Plant::AcknowledgesTooSoon if self.random.percent(10) => {
                self.poller.handle_committed(self.fake.now).unwrap();
                return;
            }
            Plant::CursorFirst => {
                self.cursor = Some(cursor.to_json());
                if self.dies() {
                    return;
                }
                self.events.extend(events);
            }
            Plant::EventsFirst => {
                self.events.extend(events);
                if self.dies() {
                    return;
                }
                self.cursor = Some(cursor.to_json());
            }
            Plant::None | Plant::AcknowledgesTooSoon => {
                self.cursor = Some(cursor.to_json());
                self.events.extend(events);
            }
        }
        if !self.dies() {
            self.poller.handle_committed(self.fake.now).unwrap();
        }
    }

    /// Until something is due, or a little less, or more.
    fn wait(&mut self) {
        let due = self.poller.poll_timeout().expect("it waits for the clock").max(self.now());
        let at = match self.random.below(10) {
            0 => self.now() + (due - self.now()) / 2,
            1 => due + TimeDelta::seconds(self.random.between(1, 90)),
            _ => due,
        };
        if self.has_faults {
            self.fake.live(at);
        } else {
            self.fake.now = at;
        }
        self.poller.handle_timeout(at).unwrap();
    }

    fn send(&mut self, id: u64, mut request: Request<Vec<u8>>) {
        let headers = request.headers_mut();
        headers.insert(AUTHORIZATION, format!("Bearer {}", self.token).parse().unwrap());
        headers.insert("ocp-apim-subscription-key", KEY.parse().unwrap());
        let fate = if self.has_faults { self.random.below(48) } else { 99 };
        let paused = |mut response: Response<Vec<u8>>, seconds: u64| {
            response.headers_mut().insert(RETRY_AFTER, seconds.into());
            response
        };
        let response = match fate {
            0 => {
                self.count("lost");
                let error = ActionError::transient("the connection broke");
                return self.poller.handle_failure(self.fake.now, id, &error).unwrap();
            }
            1 => {
                self.count("silence");
                return;
            }
            2 => refusal(500, "system", "InternalError"),
            3 => paused(refusal(503, "external", "Maintenance"), 30),
            4 => paused(refusal(429, "user", "TooManyRequests"), 20),
            5 => paused(refusal(403, "user", "Quota"), 20),
            6 => refusal(400, "user", "BadRequest"),
            7 => refusal(400, "system", "Broken"),
            8 => refusal(410, "user", "Gone"),
            9 => typed("text/html", "<html>please log in</html>"),
            10 => typed("application/json", "[{\"jobId\":\"j-1\",\"job"),
            11 => typed("application/json", ""),
            12 => refusal(401, "user", "TokenRevoked"),
            13 | 14 => {
                // An answer that comes when nobody waits for it any more.
                let late = self.fake.answer(&request);
                let late_id = id.wrapping_sub(1);
                self.poller.handle_response(self.fake.now, late_id, &late).unwrap();
                self.fake.answer(&request)
            }
            _ => self.fake.answer(&request),
        };
        self.count(match response.status().as_u16() {
            200 => "answer",
            204 => "nothing",
            401 => "401",
            403 => "403",
            429 => "429",
            _ => "refusal",
        });
        let mut response = response;
        if fate == 15 {
            self.count("wrong type");
            response.headers_mut().insert(CONTENT_TYPE, "text/html".parse().unwrap());
        } else if fate == 16 {
            self.count("cut");
            Truncated::mark(&mut response);
        } else if response.status() == 200
            && let Ok(body) = serde_json::from_slice::<Value>(response.body())
        {
            self.pending = keys_of_answer(request.uri().path(), &body, self.start);
            if self.asks_sources {
                self.pending.retain(|key| !key.contains(" ingestion "));
            }
            self.shown.extend(self.pending.iter().cloned());
        }
        self.poller.handle_response(self.fake.now, id, &response).unwrap();
    }

    /// Without faults, crashes and news, until all is told.
    pub(super) fn settle(&mut self) {
        self.has_faults = false;
        self.steps_before_it_settled = self.steps;
        self.crashes = Crashes::Never;
        self.fake.settle();
        self.run(7);
    }

    /// Everything that does not hold.
    pub(super) fn faults(&self) -> Vec<String> {
        let mut faults = Vec::new();
        let mut ids = BTreeSet::new();
        let mut told = BTreeSet::new();
        for event in &self.events {
            let key = key_of_event(event);
            if !ids.insert(event.id()) {
                faults.push(format!("told twice: {key}"));
            }
            if key.starts_with("source ") {
                continue;
            }
            if !self.shown.contains(&key) {
                faults.push(format!("made up: {key}"));
            }
            if !told.insert(key.clone()) {
                faults.push(format!("told twice under two ids: {key}"));
            }
        }
        for key in self.expected.difference(&told) {
            faults.push(format!("lost: {key}"));
        }
        // What the service itself knows, as far back as it tells.
        let history = self.fake.jobs.iter().filter(|job| job.ended.is_some()).take(self.fake.depths.1);
        for job in history.filter(|job| job.ended >= Some(self.start)) {
            let key = format!("job {}", job.id);
            if !told.contains(&key) {
                faults.push(format!("never told: {key}"));
            }
            for task in job.tasks.iter().filter(|task| task.ended >= Some(self.start)) {
                let process = task.operation.to_lowercase().replace("tablemeasures", "entitymeasures");
                let key = format!("task {} {process} {}", job.id, task.ended.unwrap());
                let is_left_out = self.asks_sources && process == "ingestion";
                if !is_left_out && !told.contains(&key) {
                    faults.push(format!("never told: {key}"));
                }
            }
        }
        for (name, segment) in &self.fake.segments {
            if let Some((at, count)) = segment.last
                && !told.contains(&format!("segment {name} {at} {count}"))
            {
                faults.push(format!("never told: segment {name} {at} {count}"));
            }
        }
        for (name, measure) in &self.fake.measures {
            for (at, _) in measure.evaluations.iter().filter(|(at, _)| *at >= self.start) {
                let beginning = format!("measure {name} {at} ");
                if !told.iter().any(|key| key.starts_with(&beginning)) {
                    faults.push(format!("never told: {beginning}"));
                }
            }
        }
        faults
    }
}

fn build(
    now: DateTime<Utc>,
    cursor: Option<Cursor>,
    asks_sources: bool,
    batch_events: usize,
    seed: u64,
) -> Poller {
    let limits = Limits::default().with_top(8).with_max_top(64).with_events(batch_events);
    let mut builder = Poller::builder("contoso")
        .with_limits(limits)
        .with_interval(Duration::from_secs(60))
        .with_retry(tripline::action::RetryPolicy::default(), seed)
        .with_data_sources(asks_sources);
    if let Some(cursor) = cursor {
        builder = builder.with_cursor(cursor);
    }
    builder.build(now).unwrap()
}

fn typed(content: &str, body: &str) -> Response<Vec<u8>> {
    let mut response = Response::new(body.as_bytes().to_vec());
    response.headers_mut().insert(CONTENT_TYPE, content.parse().unwrap());
    response
}
