//! One input as the journal has it: a header, what it was, what is kept with it, what fired, what was rendered.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::keep::Keep;
use crate::action::ActionError;
use crate::engine::Replace;
use crate::event::{Event, Reader};
use crate::firing::Firing;
use crate::flow::{Flow, Rendered};
use crate::journal::Batch;
use crate::time::{Nanos, format_instant, parse_instant};

/// The form of the records; a reader takes no other.
const VERSION: u32 = 1;

/// An input, borrowed from a host or from a batch.
#[derive(Debug)]
pub(super) enum Input<'a> {
    Events(&'a [Event<'a>]),
    /// Events of the partition's log, and the offset of what comes after them there.
    Log(&'a [Event<'a>], u64),
    Define(&'a Flow, Replace),
    Other(Other),
}

/// What a batch of a partition says of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Place {
    /// Which it is, and of how many.
    pub(super) partition: u32,
    pub(super) partitions: u32,
    /// The offset in its log from which it goes on after this batch.
    pub(super) next: u64,
    /// When the engine's next deadline is after it.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "due")]
    pub(super) due: Option<Nanos>,
}

impl Place {
    /// Which partition, and of how many.
    fn whose(self) -> (u32, u32) {
        (self.partition, self.partitions)
    }
}

/// Whether something is of the partition that is here; if not, what to say.
pub(super) fn check_place(of: Option<Place>, here: Option<Place>) -> Result<(), String> {
    let (of, here) = (of.map(Place::whose), here.map(Place::whose));
    if of == here {
        return Ok(());
    }
    let name = |whose: Option<(u32, u32)>| {
        whose.map_or("no partition".to_owned(), |(index, count)| format!("partition {index} of {count}"))
    };
    Err(format!("it is of {}, and this is {}", name(of), name(here)))
}

/// An input that is written as it is.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(tag = "input", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub(super) enum Other {
    Complete {
        lease: u64,
        /// What the attempt was of; none where it had been lost by then.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        delivery: Option<String>,
        result: Told,
    },
    Timeout {
        /// Whether the engine's clock stood still: a partition's does, and else that depends on what was not safe
        /// then, which no journal tells.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        is_full: bool,
    },
    Restart,
    /// Nothing but what is to be kept.
    Keep,
    Remove {
        id: String,
    },
    Resubmit {
        run: String,
    },
    CancelRun {
        run: String,
    },
    Redrive {
        delivery: String,
    },
    Discard {
        delivery: String,
    },
    EnableTarget {
        target: String,
    },
}

/// What was told of an attempt.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) enum Told {
    Output(Value),
    Error(ActionError),
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Header {
    v: u32,
    now: String,
    #[serde(flatten)]
    kind: Kind,
    #[serde(default, skip_serializing_if = "is_zero")]
    kept: usize,
    #[serde(default, skip_serializing_if = "is_zero")]
    firings: usize,
    /// How many renderings each call of the flows gave.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    rendered: Vec<usize>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    place: Option<Place>,
}

/// An instant as it is read by people.
mod due {
    use serde::de::Error;
    use serde::{Deserialize, Deserializer, Serializer};

    use crate::time::{Nanos, format_instant, parse_instant};

    #[expect(clippy::ref_option, reason = "serde passes a reference")]
    pub(super) fn serialize<S: Serializer>(due: &Option<Nanos>, to: S) -> Result<S::Ok, S::Error> {
        match due {
            Some(due) => to.serialize_str(&format_instant(*due)),
            None => to.serialize_none(),
        }
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Nanos>, D::Error> {
        let text = Option::<String>::deserialize(from)?;
        text.map(|text| parse_instant(&text).map_err(D::Error::custom)).transpose()
    }
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(untagged)]
enum Kind {
    Other(Other),
    Large(Large),
}

/// An input with records of its own.
#[derive(Debug, Serialize, Deserialize)]
#[serde(tag = "input", rename_all = "camelCase", rename_all_fields = "camelCase")]
enum Large {
    Events { events: usize },
    Log { events: usize },
    Define { apply_now: bool },
}

/// A batch that was read.
#[derive(Debug)]
pub(super) struct Record<'a> {
    pub(super) now: Nanos,
    pub(super) input: Owned<'a>,
    pub(super) keeps: Vec<Keep>,
    pub(super) firings: Vec<&'a [u8]>,
    pub(super) rendered: Vec<Vec<Rendered>>,
    pub(super) place: Option<Place>,
}

/// An input that was read.
#[derive(Debug)]
pub(super) enum Owned<'a> {
    Events(Vec<Event<'a>>),
    Log(Vec<Event<'a>>, u64),
    Define(Box<Flow>, Replace),
    Other(Other),
}

impl Owned<'_> {
    pub(super) fn as_input(&self) -> Input<'_> {
        match self {
            Self::Events(events) => Input::Events(events),
            Self::Log(events, next) => Input::Log(events, *next),
            Self::Define(flow, how) => Input::Define(flow, *how),
            Self::Other(other) => Input::Other(other.clone()),
        }
    }
}

/// Writes one input with what it has led to.
pub(super) fn encode(
    now: Nanos,
    input: Input<'_>,
    keeps: &[Keep],
    firings: &[Firing],
    rendered: &[Vec<Rendered>],
    place: Option<Place>,
) -> Batch {
    let written = |events: &[Event<'_>]| events.iter().map(Event::to_json).collect();
    let (large, own) = match input {
        Input::Events(events) => (Kind::Large(Large::Events { events: events.len() }), written(events)),
        Input::Log(events, _) => (Kind::Large(Large::Log { events: events.len() }), written(events)),
        Input::Define(flow, how) => {
            let apply_now = how == Replace::ApplyNow;
            (Kind::Large(Large::Define { apply_now }), vec![flow.to_json()])
        }
        Input::Other(other) => (Kind::Other(other), Vec::new()),
    };
    let mut counts: Vec<usize> = rendered.iter().map(Vec::len).collect();
    let last = counts.iter().rposition(|&count| count > 0).map_or(0, |last| last + 1);
    counts.truncate(last);
    let header = Header {
        v: VERSION,
        now: format_instant(now),
        kind: large,
        kept: keeps.len(),
        firings: firings.len(),
        rendered: counts,
        place,
    };
    let mut batch = Batch::new();
    batch.push(&to_json(&header));
    own.iter().for_each(|text| batch.push(text.as_bytes()));
    keeps.iter().for_each(|keep| batch.push(&to_json(keep)));
    firings.iter().for_each(|firing| batch.push(firing.to_json().as_bytes()));
    rendered.iter().flatten().for_each(|rendered| batch.push(&to_json(rendered)));
    batch
}

/// Reads what [`encode`] has written.
pub(super) fn decode(batch: &Batch) -> Result<Record<'_>, String> {
    let mut records = batch.records();
    let header = records.next().ok_or("it has no records")?;
    let header: Header =
        serde_json::from_slice(header).map_err(|error| format!("its header does not read: {error}"))?;
    if header.v != VERSION {
        return Err(format!("it is of version {}, and this build reads {VERSION}", header.v));
    }
    let now = parse_instant(&header.now).map_err(|error| error.to_string())?;
    let mut next = |what: &str| records.next().ok_or_else(|| format!("{what} is missing"));
    let input = match header.kind {
        Kind::Other(other) => Owned::Other(other),
        Kind::Large(Large::Events { events }) => Owned::Events(read_events(events, &mut next)?),
        Kind::Large(Large::Log { events }) => {
            let place = header.place.ok_or("it does not say which partition it is of")?;
            Owned::Log(read_events(events, &mut next)?, place.next)
        }
        Kind::Large(Large::Define { apply_now }) => {
            let text = std::str::from_utf8(next("the flow")?).map_err(|error| error.to_string())?;
            let flow = Flow::from_json(text).map_err(|error| error.to_string())?;
            let how = if apply_now { Replace::ApplyNow } else { Replace::Quiet };
            Owned::Define(Box::new(flow), how)
        }
    };
    let keep = |_| serde_json::from_slice(next("a kept value")?).map_err(|error| error.to_string());
    let keeps = (0..header.kept).map(keep).collect::<Result<_, _>>()?;
    let firings = (0..header.firings).map(|_| next("a firing")).collect::<Result<_, _>>()?;
    let mut rendered = Vec::with_capacity(header.rendered.len());
    for count in header.rendered {
        let read = |bytes| serde_json::from_slice(bytes).map_err(|error| error.to_string());
        rendered.push((0..count).map(|_| read(next("a rendering")?)).collect::<Result<_, _>>()?);
    }
    match records.next() {
        None => Ok(Record { now, input, keeps, firings, rendered, place: header.place }),
        Some(_) => Err("it has more records than its header says".to_owned()),
    }
}

fn read_events<'a>(
    count: usize,
    next: &mut impl FnMut(&str) -> Result<&'a [u8], String>,
) -> Result<Vec<Event<'a>>, String> {
    // They were taken in once, whatever the bounds are now.
    let reader = Reader::new().with_max_bytes(usize::MAX);
    (0..count).map(|_| reader.read(next("an event")?).map_err(|error| error.to_string())).collect()
}

/// Every key in it is a text and every number finite, so it is always written.
fn to_json(value: &impl Serialize) -> Vec<u8> {
    serde_json::to_vec(value).unwrap_or_default()
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
fn is_zero(count: &usize) -> bool {
    *count == 0
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read_back(input: Input<'_>) -> String {
        let keeps = [Keep::put("a", "1"), Keep::remove("b")];
        let batch = encode(7, input, &keeps, &[], &[], None);
        let record = decode(&batch).unwrap();
        assert_eq!(record.keeps, keeps);
        assert_eq!((record.now, record.firings.len(), record.rendered.len()), (7, 0, 0));
        format!("{:?}", record.input)
    }

    #[test]
    fn every_input_is_read_back() {
        let events = [Event::new("1", "/s", "t").unwrap(), Event::new("2", "/s", "t").unwrap()];
        assert_eq!(read_back(Input::Events(&events)), format!("Events({events:?})"));
        let error = ActionError::invalid_input("to", "is empty").with_outcome_unknown(true);
        for other in [
            Other::Complete { lease: 9, delivery: None, result: Told::Output(Value::Null) },
            Other::Complete {
                lease: 9,
                delivery: Some("d".into()),
                result: Told::Output(json!({"ok": [1.5, "x"]})),
            },
            Other::Complete { lease: 9, delivery: None, result: Told::Error(error) },
            Other::Timeout { is_full: false },
            Other::Timeout { is_full: true },
            Other::Restart,
            Other::Keep,
            Other::Remove { id: "f".into() },
            Other::Resubmit { run: "r".into() },
            Other::CancelRun { run: "r".into() },
            Other::Redrive { delivery: "d".into() },
            Other::Discard { delivery: "d".into() },
            Other::EnableTarget { target: "t".into() },
        ] {
            assert_eq!(read_back(Input::Other(other.clone())), format!("Other({other:?})"));
        }
    }

    #[test]
    fn what_is_cut_or_too_long_is_told() {
        let events = [Event::new("1", "/s", "t").unwrap()];
        let whole = encode(7, Input::Events(&events), &[Keep::put("a", "1")], &[], &[], None);
        let records: Vec<&[u8]> = whole.records().collect();
        let of = |records: &[&[u8]]| {
            let mut batch = Batch::new();
            records.iter().for_each(|record| batch.push(record));
            decode(&batch).unwrap_err()
        };
        assert_eq!(of(&[]), "it has no records");
        assert_eq!(of(&records[..1]), "an event is missing");
        assert_eq!(of(&records[..2]), "a kept value is missing");
        assert_eq!(
            of(&[records[0], records[1], records[2], b"{}"]),
            "it has more records than its header says"
        );
        assert!(
            of(&[b"{\"v\":2,\"now\":\"1970-01-01T00:00:00Z\",\"input\":\"timeout\"}"]).contains("version 2")
        );
        assert!(of(&[b"{"]).starts_with("its header does not read"));
    }
}
