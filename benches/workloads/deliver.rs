//! `deliver`: a firing, through the dispatcher and the webhook built-in, to a
//! signed request that is answered at once; and the same through its flow,
//! which is told of the answer.
//!
//! The limit is given the same firings taken apart, and writes the ids, the body
//! and the signature by hand. It makes no request, keeps no state and would
//! lose what fails.

use std::pin::pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, Waker};

use chrono::{DateTime, Utc};
use hmac::{Hmac, KeyInit, Mac};
use http::{Request, Response, StatusCode};
use serde_json::Map;
use sha2::{Digest as _, Sha256};
use tripline::Trigger;
use tripline::action::{
    CheckedAddresses, Effect, OverHttp, Registry, SecretUrl, Transport, TransportError, async_trait,
};
use tripline::builtin::webhook::Webhook;
use tripline::dispatch::{Delivery, DeliveryId, Dispatcher, Outcome};
use tripline::engine::{Engine, Limits};
use tripline::event::Event;
use tripline::firing::Firing;
use tripline::flow::{Flow, Flows, Step};
use tripline::threshold::Threshold;
use tripline::webhook::{Signer, SigningSecret};

use crate::data::{self, instant, mix};
use crate::meter::{Rounds, Sample, measure};
use crate::report::{Report, Row};
use crate::spread::BOUND;
use crate::{Failure, Size};

const TARGET: f64 = 3.0;
const SECRET: [u8; 32] = [7; 32];
const URL: &str = "https://hooks.contoso.example/in?key=of-contoso";
const TARGET_NAME: &str = "webhook/contoso";
const ACTION: &str = "postWebhook";
/// What a delivery's id has behind its firing's: the first run, and the step.
const STEP: &str = "1_post";

/// A request as it counts: what was signed, and how.
struct Sent {
    id: Box<str>,
    timestamp: Box<str>,
    signature: Box<str>,
    body: Vec<u8>,
}

/// How many requests there were, and their sum in any order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Digest {
    count: usize,
    checksum: u64,
}

impl Digest {
    fn of<'a>(requests: impl Iterator<Item = [&'a [u8]; 4]>) -> Self {
        let mut digest = Self { count: 0, checksum: 0 };
        for parts in requests {
            digest.count += 1;
            let one = parts.iter().fold(0, |sum, part| {
                part.iter().fold(mix(sum ^ part.len() as u64), |sum, byte| mix(sum ^ u64::from(*byte)))
            });
            digest.checksum = digest.checksum.wrapping_add(one);
        }
        digest
    }

    fn of_requests(requests: &[Request<Vec<u8>>]) -> Self {
        let header = |request: &'_ Request<Vec<u8>>, name: &str| {
            request.headers().get(name).map(|value| value.as_bytes().to_vec())
        };
        let taken: Vec<_> = requests
            .iter()
            .map(|request| {
                ["webhook-id", "webhook-timestamp", "webhook-signature"]
                    .map(|name| header(request, name).unwrap_or_default())
            })
            .collect();
        Self::of(requests.iter().zip(&taken).map(|(request, [id, timestamp, signature])| {
            [&**id, &**timestamp, &**signature, &**request.body()]
        }))
    }

    fn of_sent(sent: &[Sent]) -> Self {
        Self::of(sent.iter().map(|sent| {
            [sent.id.as_bytes(), sent.timestamp.as_bytes(), sent.signature.as_bytes(), &*sent.body]
        }))
    }
}

/// A firing as the limit is given it.
struct Crossing {
    trigger: Box<str>,
    series: Box<str>,
    time: DateTime<Utc>,
    value: f64,
    previous: f64,
    event: Box<str>,
    owner: Box<str>,
}

impl Crossing {
    fn of(firing: &Firing) -> Option<Self> {
        Some(Self {
            trigger: firing.trigger().into(),
            series: firing.series()?.name().into(),
            time: firing.time(),
            value: firing.value()?,
            previous: firing.previous_value()?,
            event: firing.event()?.id().into(),
            owner: firing.owners().next()?.into(),
        })
    }
}

/// The limit: the body of a CloudEvent around a firing, and its signature after Standard Webhooks.
struct Limit {
    keyed: Hmac<Sha256>,
}

impl Limit {
    #[inline(never)]
    fn run(&self, now: DateTime<Utc>, crossings: &[Crossing], sent: &mut Vec<Sent>) {
        for crossing in crossings {
            let id = id(crossing);
            let body = body(&id, crossing);
            let timestamp = now.timestamp().to_string();
            let delivery = [&*id, "_", STEP].concat();
            let mut mac = self.keyed.clone();
            for part in [delivery.as_bytes(), b".", timestamp.as_bytes(), b".", &body] {
                mac.update(part);
            }
            let mut signature = String::with_capacity(47);
            signature.push_str("v1,");
            push_base64(&mut signature, &mac.finalize().into_bytes(), b"+/");
            let id = delivery.into();
            sent.push(Sent { id, timestamp: timestamp.into(), signature: signature.into(), body });
        }
    }
}

/// The first 16 bytes of a SHA-256 over what tells the firing from others, each part behind its length.
fn id(crossing: &Crossing) -> Box<str> {
    let (trigger, series) = (crossing.trigger.as_bytes(), crossing.series.as_bytes());
    let source = data::SOURCE.as_bytes();
    let key = source.len() + series.len() + "series".len() + "segment".len() + 16;
    let mut hash = Sha256::new();
    hash.update((trigger.len() as u32).to_be_bytes());
    hash.update(trigger);
    hash.update((key as u32).to_be_bytes());
    for part in [&b"series"[..], source, b"segment", series, b"crossed"] {
        hash.update((part.len() as u32).to_be_bytes());
        hash.update(part);
    }
    for number in [crossing.time.timestamp_nanos_opt().unwrap_or_default(), 0] {
        hash.update(8_u32.to_be_bytes());
        hash.update(number.to_be_bytes());
    }
    let digest = hash.finalize();
    let mut text = String::with_capacity(24);
    push_base64(&mut text, &digest[..16], b"-_");
    text.truncate(22);
    text.into()
}

/// No text of the data needs to be escaped, which is known to who writes by hand.
fn body(id: &str, crossing: &Crossing) -> Vec<u8> {
    let Crossing { trigger, series, time, value, previous, event, owner } = crossing;
    let mut text = String::with_capacity(900);
    let time = time_text(*time);
    let number = |text: &mut String, number: f64| {
        use std::fmt::Write;
        // Writing to a `String` does not fail.
        let _ = write!(text, "{number}");
    };
    for part in [r#"{"specversion":"1.0","id":""#, id, r#"","source":"/triggers/"#, trigger] {
        text.push_str(part);
    }
    for part in [r#"","type":"tripline.firing","time":""#, &time, r#"","subject":""#, trigger] {
        text.push_str(part);
    }
    for part in [
        r#"","datacontenttype":"application/json","data":{"id":""#,
        id,
        r#"","trigger":""#,
        trigger,
        r#"","type":"segmentThresholdCrossed","transition":"crossed","time":""#,
        &time,
        r#"","series":{"source":"/instances/contoso","kind":"segment","name":""#,
        series,
        r#""},"value":"#,
    ] {
        text.push_str(part);
    }
    number(&mut text, *value);
    text.push_str(r#","previousValue":"#);
    number(&mut text, *previous);
    for part in [
        r#","condition":{"above":50},"crossedAt":""#,
        &time,
        r#"","suppressed":0,"event":{"source":"/instances/contoso","id":""#,
        event,
        r#"","type":"tripline.value.observed","time":""#,
        &time,
        r#""},"owners":[""#,
        owner,
        r#""]}}"#,
    ] {
        text.push_str(part);
    }
    text.into_bytes()
}

/// `2023-11-14T22:13:20.123Z`, without a fraction at a whole second.
fn time_text(time: DateTime<Utc>) -> String {
    let (seconds, millis) = (time.timestamp(), time.timestamp_subsec_millis());
    // The day of the days since 1970 (Howard Hinnant's `civil_from_days`).
    let (days, of_day) = (seconds.div_euclid(86_400) + 719_468, seconds.rem_euclid(86_400));
    let (era, of_era) = (days.div_euclid(146_097), days.rem_euclid(146_097));
    let year = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let month = (5 * of_year + 2) / 153;
    let day = of_year - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    let year = era * 400 + year + i64::from(month <= 2);
    let mut text = *b"0000-00-00T00:00:00.000Z";
    let mut digits = |from: usize, to: usize, mut number: i64| {
        for digit in text[from..to].iter_mut().rev() {
            *digit = b'0' + (number % 10) as u8;
            number /= 10;
        }
    };
    for (from, to, number) in [
        (0, 4, year),
        (5, 7, month),
        (8, 10, day),
        (11, 13, of_day / 3_600),
        (14, 16, of_day / 60 % 60),
        (17, 19, of_day % 60),
        (20, 23, millis.into()),
    ] {
        digits(from, to, number);
    }
    let mut text = String::from_utf8_lossy(&text).into_owned();
    let end = text.trim_end_matches('Z').trim_end_matches('0').trim_end_matches('.').len();
    if millis == 0 || end < 23 {
        text.truncate(end.max(19));
        text.push('Z');
    }
    text
}

/// `others` are the last two letters, in which the alphabets differ.
fn push_base64(text: &mut String, bytes: &[u8], others: &[u8; 2]) {
    const LETTERS: &[u8; 62] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
    let letter = |bits: u32| {
        let place = (bits & 63) as usize;
        LETTERS.get(place).copied().unwrap_or_else(|| others[place - LETTERS.len()])
    };
    for chunk in bytes.chunks(3) {
        let byte = |at: usize| u32::from(chunk.get(at).copied().unwrap_or(0));
        let bits = byte(0) << 16 | byte(1) << 8 | byte(2);
        let mut group = [letter(bits >> 18), letter(bits >> 12), letter(bits >> 6), letter(bits)];
        group[chunk.len() + 1..].fill(b'=');
        text.push_str(std::str::from_utf8(&group).unwrap_or_default());
    }
}

/// Answers at once, and keeps what it was sent.
#[derive(Clone, Default)]
struct AtOnce(Arc<Mutex<Vec<Request<Vec<u8>>>>>);

impl AtOnce {
    fn reserve(&self, requests: usize) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).reserve(requests);
    }

    fn take(&self) -> Vec<Request<Vec<u8>>> {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

#[async_trait]
impl Transport for AtOnce {
    async fn send(&self, request: Request<Vec<u8>>) -> Result<Response<Vec<u8>>, TransportError> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(request);
        let mut response = Response::new(Vec::new());
        *response.status_mut() = StatusCode::NO_CONTENT;
        Ok(response)
    }
}

/// What a host has around the dispatcher.
struct Host {
    /// `None` where firings are handed on without one.
    flows: Option<Flows>,
    effect: Effect,
    dispatcher: Dispatcher,
    registry: Registry,
    addresses: CheckedAddresses,
    transport: AtOnce,
}

impl Host {
    fn new(has_flows: bool) -> Result<Self, Failure> {
        let transport = AtOnce::default();
        let signer = Signer::new([SigningSecret::from_bytes(&SECRET)?])?;
        let webhook = Webhook::new(SecretUrl::new(URL)?).with_signer(signer);
        let mut registry = Registry::new();
        registry.add(OverHttp::new(webhook, transport.clone()))?;
        let effect = registry.get(ACTION).ok_or("there is no such action")?.metadata().effect();
        let (flows, dispatcher) = (has_flows.then(|| Flows::new(registry.clone())), Dispatcher::new());
        let addresses = CheckedAddresses::new(["93.184.215.14".parse()?]);
        Ok(Self { flows, effect, dispatcher, registry, addresses, transport })
    }

    /// So many firings are pending at once; gives back how many were delivered.
    #[inline(never)]
    fn deliver_lane(
        &mut self,
        now: DateTime<Utc>,
        firings: Vec<Firing>,
        pending: usize,
    ) -> Result<usize, Failure> {
        let Self { flows, effect, dispatcher, registry, addresses, .. } = self;
        let (mut firings, mut delivered) = (firings.into_iter(), 0);
        let (target, action): (Arc<str>, Arc<str>) = (TARGET_NAME.into(), ACTION.into());
        loop {
            for firing in firings.by_ref().take(pending) {
                if let Some(flows) = flows {
                    let _ = flows.handle_firing(now, &firing)?;
                    continue;
                }
                let id = DeliveryId::of_firing(firing.id(), STEP)?;
                let delivery = Delivery::new(id, target.clone(), action.clone(), Map::new());
                let delivery = delivery.with_effect(*effect).with_firing(firing);
                let _ = dispatcher.handle_delivery(now, delivery)?;
            }
            while let Some(delivery) = flows.as_mut().and_then(Flows::poll_delivery) {
                let _ = dispatcher.handle_delivery(now, delivery)?;
            }
            if dispatcher.is_idle() {
                return Ok(delivered);
            }
            while let Some(work) = dispatcher.poll_work() {
                let work = work.with_checked_addresses(addresses.clone());
                let Poll::Ready(result) =
                    pin!(work.run(registry)).poll(&mut Context::from_waker(Waker::noop()))
                else {
                    return Err("the transport does not answer at once".into());
                };
                let _ = dispatcher.complete(now, work.lease(), result)?;
            }
            while let Some(outcome) = dispatcher.poll_outcome() {
                match outcome {
                    Outcome::Delivered { .. } => delivered += 1,
                    _ => return Err(format!("{outcome:?}").into()),
                }
                if let Some(flows) = flows {
                    let _ = flows.handle_outcome(now, &outcome)?;
                }
            }
        }
    }
}

/// Both sides, and what makes them firings.
pub(crate) struct Sides {
    n: usize,
    engine: Engine,
    number: i64,
    host: Host,
    limit: Limit,
}

impl Sides {
    pub(crate) fn new(n: usize, has_flows: bool) -> Result<Self, Failure> {
        let limits = Limits::default().with_triggers(n + 1).with_series(n + 1);
        let (mut engine, mut host) = (data::builder().with_limits(limits).build(), Host::new(has_flows)?);
        for series in 0..n {
            let (id, name) = (format!("t{series}"), data::name(series));
            let trigger = Trigger::segment_threshold_crossed(id, name, Threshold::above(BOUND)).build()?;
            if let Some(flows) = &mut host.flows {
                let post = Step::new("post", ACTION).with_connection(TARGET_NAME);
                let flow = Flow::builder(trigger.clone()).with_step(post).build()?;
                let _ = flows.define(instant(-1), flow)?;
            }
            engine.add(instant(-1), trigger)?;
        }
        let keyed = Hmac::new_from_slice(&SECRET)?;
        Ok(Self { n, engine, number: 0, host, limit: Limit { keyed } })
    }

    /// The next firings, of one trigger after the other.
    fn next(&mut self, count: usize) -> Result<(DateTime<Utc>, Vec<Firing>), Failure> {
        let mut firings = Vec::with_capacity(count);
        let mut now = instant(-1);
        while firings.len() < count {
            let series = self.number as usize / 2 % self.n;
            let value = if self.number % 2 == 0 { 49.5 } else { 50.25 + series as f64 };
            now = instant(self.number);
            let event = format!(
                r#"{{"specversion":"1.0","id":"obs-{number:012}","source":"{source}","type":"tripline.value.observed","time":"{time}","data":{{"kind":"segment","name":"segment/{series:06}","value":{value},"owners":["ana@contoso.example"]}}}}"#,
                number = self.number,
                source = data::SOURCE,
                time = time_text(now),
            );
            let _ = self.engine.handle_event(now, &Event::from_json(event.as_bytes())?)?;
            firings.extend(self.engine.poll_firing());
            self.number += 1;
        }
        Ok((now, firings))
    }

    pub(crate) fn round(
        &mut self,
        events: usize,
        pending: usize,
        limit_first: bool,
    ) -> Result<(Sample, Sample), Failure> {
        let (now, firings) = self.next(events)?;
        let crossings: Option<Vec<_>> = firings.iter().map(Crossing::of).collect();
        let crossings = crossings.ok_or("a firing lacks what an observation gives")?;
        let mut sent = Vec::with_capacity(events);
        let Self { host, limit, .. } = self;
        host.transport.reserve(events);
        let mut limit = || measure(events, || limit.run(now, &crossings, &mut sent)).1;
        let lane = || measure(events, || host.deliver_lane(now, firings, pending));
        let ((delivered, sample), limit) = if limit_first {
            let limit = limit();
            (lane(), limit)
        } else {
            (lane(), limit())
        };
        let requests = self.host.transport.take();
        let (of_lane, of_limit) = (Digest::of_requests(&requests), Digest::of_sent(&sent));
        if delivered? != events || of_lane != of_limit {
            return Err(format!("deliver: the flows sent {of_lane:?}, the limit {of_limit:?}").into());
        }
        Ok((sample, limit))
    }
}

pub(crate) fn run(size: Size, report: &mut Report) -> Result<(), Failure> {
    let n = size.pick(1_000, 1_000, 10);
    let (events, rounds) = (size.pick(250, 250, 20), size.pick(200, 40, 1));
    for (lane, has_flows, pending) in [
        ("dispatcher one", false, 1),
        ("dispatcher pending", false, events),
        ("flow one", true, 1),
        ("flow pending", true, events),
    ] {
        let mut sides = Sides::new(n, has_flows)?;
        let mut pairs = Rounds::default();
        for round in 0..rounds {
            let (sample, limit) = sides.round(events, pending, round % 2 == 0)?;
            pairs.push(sample, limit);
        }
        report.add(Row::timed(("deliver", n, lane), events, &pairs, Some(TARGET), 0.0));
    }
    Ok(())
}
