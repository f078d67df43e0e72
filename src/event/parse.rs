//! The text of one event, read in one pass into an [`Event`].

use std::borrow::Cow;
use std::fmt;

use serde::Deserializer as _;
use serde::de::{MapAccess, Visitor};
use serde_json::value::RawValue;

use super::attribute::{Member, extension_name_fault};
use super::envelope::Stamp;
use super::fields::{Fields, FieldsWalk, between, bracket};
use super::json::{
    Depth, Key, Keys, Walk, key_at, parse, stop, string, twice, type_name, value_at, verify_raw,
};
use super::place::{Refusal, shown};
use super::{Data, Event, ExtensionValue, ValueObserved, usual};
use crate::base64;

/// Reads `text`, where containers may nest `depth` deep, into an empty event.
#[inline]
pub(super) fn event<'a>(text: &'a str, depth: Depth, event: &mut Event<'a>) -> Result<(), Refusal<'a>> {
    if usual::event(text, depth, event).is_some() {
        return Ok(());
    }
    *event = Event::empty();
    carefully(text, depth, event)
}

/// The same for texts of every shape.
#[inline(never)]
fn carefully<'a>(text: &'a str, depth: Depth, event: &mut Event<'a>) -> Result<(), Refusal<'a>> {
    let mut draft = Draft::new(event);
    parse(text, "an event is a JSON object", |json, slot| {
        let walk = Walk { text, depth, slot }.inside();
        json.deserialize_map(EventVisitor { walk, draft: &mut draft })
    })?;
    draft.finish(text)
}

/// The members seen so far. A required one that is still empty is missing:
/// empty ones are refused where they stand.
struct Draft<'e, 'de> {
    event: &'e mut Event<'de>,
    /// The [`Member::bit`]s of those that were there.
    seen: u16,
    has_version: bool,
    data: Option<&'de str>,
    /// The data from its start on, as long as its end is not known.
    open: Option<&'de str>,
    fields: Fields<'de>,
    /// What `data_base64` holds, and where.
    binary: Option<(Vec<u8>, &'de str)>,
}

impl<'e, 'de> Draft<'e, 'de> {
    fn new(event: &'e mut Event<'de>) -> Self {
        Self {
            event,
            seen: 0,
            has_version: false,
            data: None,
            open: None,
            fields: Fields::default(),
            binary: None,
        }
    }

    /// Notes the member; false where it was there before.
    fn is_first(&mut self, member: Member) -> bool {
        let seen = self.seen;
        self.seen |= member.bit();
        seen & member.bit() == 0
    }

    /// The data is over where `until` starts.
    fn close_data(&mut self, until: &str) {
        if let Some(start) = self.open.take() {
            let raw = between(start, until);
            self.fields.end(raw);
            self.data = Some(raw);
        }
    }

    /// Takes in a string member other than `data`, which stands at `at`.
    fn set(
        &mut self,
        member: Member,
        name: &str,
        text: Cow<'de, str>,
        at: &'de str,
    ) -> Result<(), Refusal<'de>> {
        if text.is_empty() && member != Member::DataBase64 {
            return Err(Refusal::invalid(at, format!("`{name}` must not be empty")));
        }
        let event = &mut *self.event;
        match member {
            Member::Id => event.id = text,
            Member::Source => event.source = text,
            Member::Type => event.event_type = text,
            Member::Subject => event.subject = Some(text),
            Member::DataContentType => event.content_type = Some(text),
            Member::DataSchema => event.schema = Some(text),
            Member::Time => event.time = Some(stamp(&text, at)?),
            Member::DataBase64 => self.binary = Some((bytes(&text, at)?, at)),
            Member::SpecVersion if text == "1.0" => self.has_version = true,
            Member::SpecVersion | Member::Data => {
                let message = format!("`{name}` is {:?}; only \"1.0\" is read", shown(&text));
                return Err(Refusal::invalid(at, message));
            }
        }
        Ok(())
    }

    fn finish(self, text: &'de str) -> Result<(), Refusal<'de>> {
        let Self { event, has_version, data, fields, binary, .. } = self;
        for (member, is_there) in [
            ("specversion", has_version),
            ("id", !event.id.is_empty()),
            ("source", !event.source.is_empty()),
            ("type", !event.event_type.is_empty()),
        ] {
            if !is_there {
                let message = format!("`{member}` is missing; every event has one");
                return Err(Refusal::invalid(text.trim_ascii_start(), message));
            }
        }
        match (data, binary) {
            (None, None) => {}
            (None | Some("null"), Some((bytes, _))) => event.data = Some(Data::Binary(Cow::Owned(bytes))),
            (Some(_), Some((_, at))) => {
                return Err(Refusal::invalid(at, "`data` and `data_base64` exclude each other"));
            }
            (Some(raw), None) => {
                event.data = Some(Data::Json(Cow::Borrowed(raw)));
                event.settle_data();
                if event.event_type == ValueObserved::EVENT_TYPE && raw.starts_with('{') {
                    event.fields = fields.raw();
                }
            }
        }
        Ok(())
    }
}

fn stamp<'de>(text: &str, at: &'de str) -> Result<Stamp, Refusal<'de>> {
    Stamp::read(text).map_err(|error| Refusal::new(error.kind(), at, format!("`time`: {error}")))
}

struct EventVisitor<'w, 'd, 'e, 'de> {
    walk: Walk<'w, 'de>,
    draft: &'d mut Draft<'e, 'de>,
}

impl<'de> Visitor<'de> for EventVisitor<'_, '_, '_, 'de> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an event")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let Self { walk, draft } = self;
        let refuse = |refusal| stop(walk.slot, refusal);
        let mut keys = Keys::default();
        while let Some(key) = map.next_key_seed(Key)? {
            let member = Member::named(&key);
            // Strings and data are read where they stand, the rest is short and taken raw.
            let (start, raw) = match value_at(walk.text, &key) {
                Some(start) if start.starts_with('"') || member == Some(Member::Data) => (start, None),
                _ => {
                    let raw = map.next_value::<&RawValue>()?.get();
                    (raw, Some(raw))
                }
            };
            if draft.open.is_some() {
                draft.close_data(key_at(walk.text, &key, start));
            }
            if !member.map_or_else(|| keys.insert(key.clone()), |member| draft.is_first(member)) {
                return Err(refuse(twice(walk.text, &key, start)));
            }
            if member == Some(Member::Data) {
                draft.open = Some(start);
                match raw {
                    None => data(walk, &mut map, start, &mut draft.fields)?,
                    Some(raw) => verify_raw(raw, walk.depth).map_err(refuse)?,
                }
                continue;
            }
            let text = match raw {
                None => Some(map.next_value_seed(Key)?),
                Some(raw) => string(raw).map_err(refuse)?,
            };
            match (member, text) {
                (Some(member), Some(text)) => draft.set(member, &key, text, start).map_err(refuse)?,
                (Some(_), None) if raw == Some("null") => {}
                (Some(_), None) => {
                    let message = format!("`{key}` must be a string, found {}", type_name(start));
                    return Err(refuse(Refusal::invalid(start, message)));
                }
                (None, text) => {
                    let value = extension(walk.text, &key, text, start, raw).map_err(refuse)?;
                    draft.event.extensions.extend(value.map(|value| (key, value)));
                }
            }
        }
        draft.close_data(bracket(walk.text));
        Ok(())
    }
}

/// Walks the data, which starts at `start`.
fn data<'de, A: MapAccess<'de>>(
    walk: Walk<'_, 'de>,
    map: &mut A,
    start: &'de str,
    fields: &mut Fields<'de>,
) -> Result<(), A::Error> {
    if start.starts_with('{') && walk.depth.is_left() {
        map.next_value_seed(FieldsWalk { walk, fields })
    } else {
        walk.member(map)
    }
}

/// The value of an extension attribute; `None` where it is null and so absent.
fn extension<'de>(
    event: &'de str,
    name: &Cow<'de, str>,
    text: Option<Cow<'de, str>>,
    at: &'de str,
    raw: Option<&'de str>,
) -> Result<Option<ExtensionValue<'de>>, Refusal<'de>> {
    if let Some(why) = extension_name_fault(name) {
        let message = format!("{:?} cannot name an extension attribute: {why}", shown(name));
        return Err(Refusal::invalid(key_at(event, name, at), message));
    }
    if let Some(text) = text {
        return Ok(Some(ExtensionValue::String(text)));
    }
    let raw = raw.unwrap_or_default();
    Ok(Some(match (raw, raw.parse()) {
        ("null", _) => return Ok(None),
        ("true", _) => ExtensionValue::Boolean(true),
        ("false", _) => ExtensionValue::Boolean(false),
        (_, Ok(number)) => ExtensionValue::Integer(number),
        (_, Err(_)) => {
            let found = if raw.starts_with(['{', '[']) { type_name(raw).to_owned() } else { shown(raw) };
            let message = format!(
                "the extension `{}` must be a boolean, a string or an integer of 32 bits, found {found}",
                shown(name)
            );
            return Err(Refusal::invalid(at, message));
        }
    }))
}

fn bytes<'de>(text: &Cow<'de, str>, at: &'de str) -> Result<Vec<u8>, Refusal<'de>> {
    base64::decode(text).map_err(|(offset, why)| {
        // In an escaped text the fault has no place of its own.
        let at = if matches!(text, Cow::Borrowed(_)) { &at[offset + 1..] } else { at };
        Refusal::invalid(at, format!("`data_base64`: {why}"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const SEEDS: [&str; 5] = [
        r#"{"specversion":"1.0","id":"t-17","source":"/instances/contoso","type":"tripline.value.observed","time":"2026-03-01T02:00:07Z","datacontenttype":"application/json","data":{"kind":"segment","name":"vip","value":-49.35,"dimensions":{"a":"b"},"sequence":7,"owners":["ana@contoso.example","b"]}}"#,
        r#"{"specversion":"1.0","id":"obs-1","source":"/instances/contoso","type":"tripline.value.observed","time":"2023-11-14T22:13:20.123Z","subject":"segment/000001","data":{"name":"segment/000001","value":-49.35,"kind":"segment","owners":["ana@contoso.example"]}}"#,
        r#" { "id" : "é" , "data" : { "process":"ingestion", "item":{"id":"1","name":""}, "x":[[],{},true,false,null,0,-0.5] } , "specversion" : "1.0", "source":"s", "type":"tripline.refresh.completed", "traceparent":"00", "subject":"a", "dataschema":"x" } "#,
        r#"{"specversion":"1.0","id":"1","source":"/s","type":"tripline.value.observed","data":{}}"#,
        r#"{"specversion":"1.0","id":"1","source":"/s","type":"t"}"#,
    ];

    fn read_by_both(text: &str, taken: &mut usize) {
        let depth = Depth::new(Depth::DEFAULT);
        let (mut event, mut careful) = (Event::empty(), Event::empty());
        if usual::event(text, depth, &mut event).is_none() {
            return;
        }
        *taken += 1;
        assert!(carefully(text, depth, &mut careful).is_ok(), "only one reader takes {text}");
        assert_eq!(event, careful, "{text}");
        assert_eq!(event.fields, careful.fields, "{text}");
        let observed = |event| format!("{:?}", ValueObserved::from_event(event));
        assert_eq!(observed(&event), observed(&careful), "{text}");
        let raw = |event: &Event<'_>| event.data().and_then(Data::as_json).map(str::to_owned);
        assert_eq!(raw(&event), raw(&careful), "{text}");
    }

    #[test]
    fn what_is_usual_is_taken() {
        let is_taken = |text, depth| usual::event(text, Depth::new(depth), &mut Event::empty()).is_some();
        for text in SEEDS {
            assert!(is_taken(text, Depth::DEFAULT), "{text}");
            assert!(!is_taken(text, 5), "bounds that small are left to the other reader");
        }
    }

    #[test]
    fn whatever_is_taken_the_other_reader_takes_alike() {
        let mut state = 7_u64;
        let mut below = |n: usize| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            ((state >> 33) as usize) % n
        };
        let pieces = [
            "\"",
            "\\",
            "{",
            "}",
            "[",
            "]",
            ",",
            ":",
            " ",
            "\n",
            "\u{1}",
            "\u{7f}",
            "é",
            "0",
            "1",
            "-",
            ".",
            "e",
            "null",
            "true",
            "\"id\":\"x\",",
            "\"data\":1,",
            "\"value\":1,",
            "\"a\":\"\",",
            "\"A\":\"\",",
            "\\u0041",
            "01",
            "1.",
            "\"time\":\"x\",",
            "[[[[[]]]]],",
            "\"data_base64\":\"\",",
            "\"datacontenttype\":\"text/plain\",",
            "\"owners\":[],",
            "\"owners\":null,",
            "\"owners\":[\"a\",1],",
            "\"name\":\"\",",
            "\"kind\":7,",
            "\"value\":null,",
            "\"value\":0.1,",
            "\"value\":9007199254740993,",
            "\"value\":true,",
        ];
        let mut taken = 0;
        for round in 0..40_000 {
            let mut text = SEEDS[round % SEEDS.len()].to_owned();
            for _ in 0..=below(2) {
                let mut place = || (0..).map(|_| below(text.len() + 1)).find(|&at| text.is_char_boundary(at));
                let (Some(from), Some(to)) = (place(), place()) else { continue };
                let to = if from <= to && to - from < 12 { to } else { from };
                let piece = if below(4) == 0 { "" } else { pieces[below(pieces.len())] };
                text.replace_range(from..to, piece);
            }
            read_by_both(&text, &mut taken);
        }
        assert!(taken > 2_000, "{taken}");
    }
}
