//! Customer Insights as SPEC section 8 has it: a request in, a response out, and a life of its own.

use std::collections::{BTreeMap, VecDeque};

use chrono::{DateTime, TimeDelta, Utc};
use http::header::{AUTHORIZATION, CONTENT_TYPE, RETRY_AFTER};
use http::{Method, Request, Response};
use serde_json::{Map, Value, json};

use crate::random::Random;

pub(super) const KEY: &str = "subscription-7";

/// The service, with one instance, `contoso`.
pub(super) struct Fake {
    pub(super) now: DateTime<Utc>,
    random: Random,
    /// The token that it takes, and until when.
    token: (u64, DateTime<Utc>),
    calls: VecDeque<DateTime<Utc>>,
    /// The newest first.
    pub(super) jobs: Vec<Job>,
    next_job: u64,
    pub(super) segments: BTreeMap<String, Evaluated>,
    pub(super) measures: BTreeMap<String, Measure>,
    pub(super) sources: BTreeMap<String, Source>,
    pub(super) items: BTreeMap<String, Vec<Map<String, Value>>>,
    /// How many jobs each of the two lists reaches back.
    pub(super) depths: (usize, usize),
    /// Whether the list of measures holds their values.
    pub(super) lists_values: bool,
}

#[derive(Clone)]
pub(super) struct Job {
    pub(super) id: String,
    submitted: DateTime<Utc>,
    status: &'static str,
    pub(super) ended: Option<DateTime<Utc>>,
    pub(super) tasks: Vec<Task>,
    is_full: bool,
}

#[derive(Clone)]
pub(super) struct Task {
    pub(super) operation: &'static str,
    pub(super) identifier: String,
    pub(super) status: &'static str,
    pub(super) ended: Option<DateTime<Utc>>,
}

#[derive(Clone, Default)]
pub(super) struct Evaluated {
    state: &'static str,
    pub(super) last: Option<(DateTime<Utc>, u64)>,
}

#[derive(Clone, Default)]
pub(super) struct Measure {
    state: &'static str,
    pub(super) dimensions: &'static [&'static str],
    /// The oldest first.
    pub(super) evaluations: Vec<(DateTime<Utc>, Value)>,
}

#[derive(Clone)]
pub(super) struct Source {
    pub(super) state: &'static str,
    pub(super) last: Option<DateTime<Utc>>,
}

/// Statuses as the status page words them.
const PAGE: [(&str, &str); 6] = [
    ("successful", "Successful"),
    ("failed", "Failed (permanent)"),
    ("aborted", "Canceled"),
    ("skipped", "Skipped"),
    ("running", "Processing"),
    ("queued", "Queued"),
];

const OPERATIONS: [&str; 6] = ["Ingestion", "Map", "Match", "Merge", "Segmentation", "TableMeasures"];

impl Fake {
    pub(super) fn new(now: DateTime<Utc>, seed: u64) -> Self {
        let mut random = Random(seed);
        let depths = (random.between(3, 12) as usize, random.between(20, 60) as usize);
        let lists_values = random.percent(50);
        let measure = |dimensions| Measure { state: "none", dimensions, evaluations: Vec::new() };
        Self {
            now,
            random,
            token: (1, now + TimeDelta::minutes(20)),
            calls: VecDeque::new(),
            jobs: Vec::new(),
            next_job: 0,
            segments: ["vip", "churn/risk", "Größe"]
                .map(|name| (name.to_owned(), Evaluated::default()))
                .into(),
            measures: [("revenue", &[][..]), ("by region", &["region"]), ("a/b", &["region", "product"])]
                .map(|(name, dimensions)| (name.to_owned(), measure(dimensions)))
                .into(),
            sources: ["ds-1", "ds-2"]
                .map(|name| (name.to_owned(), Source { state: "notUpdated", last: None }))
                .into(),
            items: BTreeMap::new(),
            depths,
            lists_values,
        }
    }

    /// The token that it takes now: the host gets it where tokens are given out.
    pub(super) fn new_token(&mut self) -> String {
        self.token = (self.token.0 + 1, self.now + TimeDelta::minutes(self.random.between(2, 20)));
        format!("token-{}", self.token.0)
    }

    pub(super) fn first_token(&self) -> String {
        format!("token-{}", self.token.0)
    }

    /// Time passes, and something happens.
    pub(super) fn live(&mut self, now: DateTime<Utc>) {
        self.now = now;
        let running = self.jobs.iter().filter(|job| job.ended.is_none()).count();
        if running < 3 && self.random.percent(25) {
            self.start_job();
        }
        for at in 0..self.jobs.len() {
            if self.jobs[at].ended.is_none() {
                self.work(at);
            }
        }
        // What ended long ago is not listed for ever.
        self.jobs.truncate(100);
        let (random, now) = (&mut self.random, self.now);
        for segment in self.segments.values_mut() {
            if !random.percent(20) {
                continue;
            }
            segment.state =
                random.pick(&["Running", "CompletedSuccess", "CompletedFailure", "Interrupted", "Pondering"]);
            if segment.state == "CompletedSuccess" {
                segment.last = Some((now, random.below(2_000_u64)));
            }
        }
        for measure in self.measures.values_mut() {
            if !random.percent(20) {
                continue;
            }
            measure.state = random.pick(&["running", "completed", "failed"]);
            if measure.state == "completed" {
                let value = |random: &mut Random| json!(random.between(-500, 500) as f64 / 4.0);
                let values = match measure.dimensions.len() {
                    0 => json!({ "value": value(random) }),
                    1 => json!({"EMEA": value(random), "APAC|x": value(random), "": null}),
                    _ => {
                        json!({"EMEA": {"oil": value(random), "gas": value(random)}, "APAC": {"oil": value(random)}})
                    }
                };
                measure.evaluations.push((now, values));
            }
        }
        for source in self.sources.values_mut() {
            if !random.percent(20) {
                continue;
            }
            source.state = match source.state {
                "updating" => random.pick(&["updated", "updateFailed", "updateCancelled"]),
                _ => "updating",
            };
            if source.state == "updated" {
                source.last = Some(now);
            }
        }
    }

    fn start_job(&mut self) {
        self.next_job += 1;
        let count = self.random.between(1, 6) as usize;
        let task = |operation: &&'static str| Task {
            operation,
            identifier: if *operation == "Ingestion" { "ds-1".to_owned() } else { String::new() },
            status: "queued",
            ended: None,
        };
        let job = Job {
            id: format!("j-{}", self.next_job),
            submitted: self.now,
            status: "queued",
            ended: None,
            tasks: OPERATIONS[..count].iter().map(task).collect(),
            is_full: self.random.percent(50),
        };
        self.jobs.insert(0, job);
    }

    /// A running job gets on, one task or several at a time.
    fn work(&mut self, at: usize) {
        let (random, now, job) = (&mut self.random, self.now, &mut self.jobs[at]);
        job.status = "running";
        for task in job.tasks.iter_mut() {
            match task.status {
                "queued" if random.percent(60) => task.status = "running",
                "running" if random.percent(40) => {
                    task.status = random.pick(&[
                        "successful",
                        "successful",
                        "failed",
                        "skipped",
                        "timedOut",
                        "Thinking",
                    ]);
                    task.ended = Some(now);
                }
                "Thinking" => {
                    task.status = "successful";
                    task.ended = Some(now);
                }
                _ => {}
            }
        }
        let is_done = job.tasks.iter().all(|task| !["queued", "running", "Thinking"].contains(&task.status));
        if is_done || random.percent(3) {
            job.status = if is_done { random.pick(&["successful", "failed"]) } else { "aborted" };
            job.ended = Some(now);
            // What was not done yet is not done any more.
            for task in
                job.tasks.iter_mut().filter(|task| ["queued", "running", "Thinking"].contains(&task.status))
            {
                task.status = "aborted";
                task.ended = Some(now);
            }
        }
    }

    /// Stops at once: everything that runs has ended.
    pub(super) fn settle(&mut self) {
        while self.jobs.iter().any(|job| job.ended.is_none()) {
            for at in 0..self.jobs.len() {
                if self.jobs[at].ended.is_none() {
                    self.work(at);
                }
            }
        }
        for segment in self.segments.values_mut().filter(|segment| segment.last.is_some()) {
            segment.state = "CompletedSuccess";
        }
        for measure in self.measures.values_mut().filter(|measure| !measure.evaluations.is_empty()) {
            measure.state = "completed";
        }
    }

    pub(super) fn answer(&mut self, request: &Request<Vec<u8>>) -> Response<Vec<u8>> {
        let header =
            |name| request.headers().get(name).and_then(|value: &http::HeaderValue| value.to_str().ok());
        if header("ocp-apim-subscription-key") != Some(KEY) {
            return refusal(401, "user", "AccessDenied");
        }
        let (number, until) = self.token;
        if header(AUTHORIZATION.as_str()) != Some(&format!("Bearer token-{number}")) || until <= self.now {
            return refusal(401, "user", "TokenExpired");
        }
        while self.calls.front().is_some_and(|at| *at + TimeDelta::seconds(60) <= self.now) {
            self.calls.pop_front();
        }
        if let Some(oldest) = self.calls.front().filter(|_| self.calls.len() >= 100) {
            let pause = (*oldest + TimeDelta::seconds(60) - self.now).num_seconds() + 1;
            let mut response = refusal(429, "user", "TooManyRequests");
            response.headers_mut().insert(RETRY_AFTER, pause.into());
            return response;
        }
        self.calls.push_back(self.now);
        let path: Vec<String> = request.uri().path().split('/').skip(2).map(decoded).collect();
        let path: Vec<&str> = path.iter().map(String::as_str).collect();
        let ["instances", "contoso", rest @ ..] = path.as_slice() else {
            return refusal(404, "user", "InstanceNotFound");
        };
        let query = |name: &str| -> Option<String> {
            let pairs =
                request.uri().query().unwrap_or_default().split('&').filter_map(|pair| pair.split_once('='));
            pairs.into_iter().find(|(key, _)| *key == name).map(|(_, value)| decoded(value))
        };
        let top = query("top").and_then(|top| top.parse().ok()).unwrap_or(usize::MAX);
        match (request.method(), rest) {
            (&Method::GET, ["workflows", "main", "status"]) => self.status(),
            (&Method::GET, ["workflows", "main", "jobs"]) => {
                let all = self.jobs.iter().take(top.min(self.depths.0));
                found(json!(all.map(|job| shown(job, false)).collect::<Vec<_>>()))
            }
            (&Method::GET, ["workflows", "main", "history"]) => {
                let ended = self.jobs.iter().filter(|job| job.ended.is_some());
                let all = ended.take(top.min(self.depths.1)).map(|job| shown(job, false));
                found(json!({ "value": all.collect::<Vec<_>>() }))
            }
            (&Method::GET, ["manage", "datasources"]) => found(self.data_sources()),
            (&Method::GET, ["manage", "segments"]) => found(self.segment_list()),
            (&Method::GET, ["manage", "measures"]) => {
                let all =
                    self.measures.iter().map(|(name, measure)| measured(name, measure, self.lists_values));
                found(json!(all.collect::<Vec<_>>()))
            }
            (&Method::GET, ["manage", "measures", name]) => match self.measures.get(*name) {
                Some(measure) => found(measured(name, measure, true)),
                None => refusal(404, "user", "MeasureNotFound"),
            },
            (_, ["data", rest @ ..]) => self.data(request, rest, &query),
            (&Method::GET, ["manage", "entities"]) => found(json!({
                "value": self.items.keys().map(|name| json!({ "name": name })).collect::<Vec<_>>()
            })),
            (&Method::GET, ["v2", "data", entity, "partitions"]) => self.partitions(entity),
            (&Method::POST, ["reports", "refresh"] | ["v2", "reports", "refresh"]) => status(202),
            (&Method::POST, ["reports", _] | ["v2", "reports", _]) => {
                refusal(400, "user", "UnknownReportType")
            }
            _ => refusal(404, "user", "NotFound"),
        }
    }

    /// The run that is under way, or the last, in the words of the status page.
    fn status(&self) -> Response<Vec<u8>> {
        let is_shown = |job: &&Job| job.ended.is_none_or(|ended| self.now - ended < TimeDelta::minutes(2));
        match self.jobs.first().filter(is_shown) {
            Some(job) => found(shown(job, true)),
            None => status(204),
        }
    }

    fn data_sources(&self) -> Value {
        let shown = |(id, source): (&String, &Source)| {
            json!({"dataSourceId": id, "name": format!("Source {id}"), "friendlyName": format!("The source {id}"),
                   "refreshState": source.state, "lastRefresh": source.last.map(text)})
        };
        json!(self.sources.iter().map(shown).collect::<Vec<_>>())
    }

    fn segment_list(&self) -> Value {
        let shown = |(name, segment): (&String, &Evaluated)| {
            let status = (!segment.state.is_empty()).then(|| {
                json!({"jobStatus": segment.state, "evaluationDate": segment.last.map(|(at, _)| text(at)),
                       "entityCount": segment.last.map(|(_, count)| count)})
            });
            json!({"name": name, "friendlyName": name, "state": "active", "evaluationStatus": status})
        };
        json!(self.segments.iter().map(shown).collect::<Vec<_>>())
    }

    fn partitions(&self, entity: &str) -> Response<Vec<u8>> {
        match self.items.contains_key(entity) {
            true => found(json!(["p-0"])),
            false => refusal(404, "user", "EntityNotFound"),
        }
    }

    fn data(
        &mut self,
        request: &Request<Vec<u8>>,
        path: &[&str],
        query: &dyn Fn(&str) -> Option<String>,
    ) -> Response<Vec<u8>> {
        if let [entity, "partitions"] = path {
            return self.partitions(entity);
        }
        let number = |name: &str| query(name).map(|text| text.parse::<usize>());
        let Some(items) = path.first().and_then(|entity| self.items.get_mut(*entity)) else {
            return refusal(404, "user", "EntityNotFound");
        };
        let body = || serde_json::from_slice::<Map<String, Value>>(request.body());
        let place = path.get(1).and_then(|id| items.iter().position(|item| item["id"] == **id));
        match (request.method(), path) {
            (&Method::GET, [_]) => {
                let (Ok(top), Ok(skip)) =
                    (number("$top").unwrap_or(Ok(usize::MAX)), number("$skip").unwrap_or(Ok(0)))
                else {
                    return refusal(400, "user", "InvalidQuery");
                };
                // It gives 40 at once and no more, and says so.
                let page: Vec<_> = items.iter().skip(skip).take(top.min(40)).collect();
                let mut answer = json!({ "value": page });
                if page.len() < top && skip + page.len() < items.len() {
                    answer["@odata.nextLink"] = json!("https://api.ci.ai.dynamics.com/next");
                }
                found(answer)
            }
            (&Method::GET, [_, "partitions", "p-0"]) => found(json!(items)),
            (&Method::GET, [_, _]) => match place {
                Some(at) => found(json!(items[at])),
                None => refusal(404, "user", "ItemNotFound"),
            },
            (&Method::POST, [_]) => match body() {
                Ok(item) if items.iter().any(|other| other.get("id") == item.get("id")) => {
                    refusal(409, "user", "ItemExists")
                }
                Ok(item) => {
                    items.push(item.clone());
                    let mut response = found(json!(item));
                    *response.status_mut() = 201.try_into().unwrap();
                    response
                }
                Err(_) => refusal(400, "user", "InvalidItem"),
            },
            (&Method::PATCH, [_, _]) => match (place, body()) {
                (Some(at), Ok(change)) => {
                    items[at].extend(change);
                    status(204)
                }
                _ => refusal(404, "user", "ItemNotFound"),
            },
            _ => refusal(404, "user", "NotFound"),
        }
    }
}

fn shown(job: &Job, is_page: bool) -> Value {
    let word = |status: &'static str| {
        let page = PAGE.iter().find(|(own, _)| is_page && *own == status);
        page.map_or(status, |(_, word)| word)
    };
    let tasks = job.tasks.iter().map(|task| {
        json!({"operationType": task.operation, "taskStatus": word(task.status), "identifier": task.identifier,
               "friendlyName": task.operation, "endTimestamp": task.ended.map(text),
               "error": if task.status == "failed" { "it did not work" } else { "" }})
    });
    json!({"jobId": job.id, "jobType": if job.is_full { "full" } else { "incremental" }, "jobSubmissionKind": "onDemand",
           "jobStatus": word(job.status), "operationType": "all", "submittedTimestamp": text(job.submitted),
           "endTimestamp": job.ended.map(text), "tasks": tasks.collect::<Vec<_>>()})
}

fn measured(name: &str, measure: &Measure, has_values: bool) -> Value {
    let evaluation =
        |(at, values): &(DateTime<Utc>, Value)| json!({"evaluationDate": text(*at), "values": values});
    let dimensions: Vec<Value> = measure.dimensions.iter().map(|name| json!({ "name": name })).collect();
    let last = measure.evaluations.last();
    let mut shown = json!({
        "name": name, "definition": {"dimensions": dimensions},
        "latestEvaluation": {"state": measure.state, "evaluationDate": last.map(|(at, _)| text(*at))},
    });
    if let Some(last) = last.filter(|_| has_values) {
        shown["output"] = evaluation(last);
        shown["outputHistory"] = json!(measure.evaluations.iter().map(evaluation).collect::<Vec<_>>());
    }
    shown
}

fn text(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(chrono::SecondsFormat::AutoSi, true)
}

fn found(body: Value) -> Response<Vec<u8>> {
    let mut response = Response::new(body.to_string().into_bytes());
    response.headers_mut().insert(CONTENT_TYPE, "application/json; charset=utf-8".parse().unwrap());
    response
}

fn status(status: u16) -> Response<Vec<u8>> {
    let mut response = Response::new(Vec::new());
    *response.status_mut() = status.try_into().unwrap();
    response
}

/// An `ApiErrorResult`.
pub(super) fn refusal(status: u16, culprit: &str, code: &str) -> Response<Vec<u8>> {
    let body = json!({"httpStatusCode": status, "exceptionCulprit": culprit, "errorCode": code, "resultSeverity": "error",
                      "message": format!("no: {code}"), "params": [], "ciResults": []});
    let mut response = found(body);
    *response.status_mut() = status.try_into().unwrap();
    response
}

fn decoded(text: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'%' => {
                let digits: String = rest.by_ref().take(2).map(char::from).collect();
                u8::from_str_radix(&digits, 16).unwrap()
            }
            byte => byte,
        });
    }
    String::from_utf8(bytes).unwrap()
}
