//! JSON out: one spelling for every event.

use std::borrow::Cow;
use std::fmt::Write as _;

use super::{Data, Event, ExtensionValue, base64};

impl Event<'_> {
    /// The event as one line of structured JSON. Its members come in a fixed
    /// order: `specversion`, `id`, `source`, `type`, `time`, `subject`,
    /// `datacontenttype`, `dataschema`, the extensions as given, the data.
    ///
    /// ```
    /// use tripline::event::Event;
    /// let event = Event::new("1", "/s", "t")?;
    /// assert_eq!(event.to_json(), r#"{"specversion":"1.0","id":"1","source":"/s","type":"t"}"#);
    /// # Ok::<(), tripline::Error>(())
    /// ```
    pub fn to_json(&self) -> String {
        let mut text = String::new();
        self.push_json(&mut text);
        text
    }

    /// Events as one JSON array, the CloudEvents batch format.
    ///
    /// ```
    /// use tripline::event::Event;
    /// let text = Event::batch_to_json(&[Event::new("1", "/s", "t")?, Event::new("2", "/s", "t")?]);
    /// assert_eq!(Event::batch_from_json(text.as_bytes())?.len(), 2);
    /// # Ok::<(), tripline::Error>(())
    /// ```
    pub fn batch_to_json(events: &[Event<'_>]) -> String {
        let mut text = String::from("[");
        for (i, event) in events.iter().enumerate() {
            if i > 0 {
                text.push(',');
            }
            event.push_json(&mut text);
        }
        text.push(']');
        text
    }

    fn push_json(&self, text: &mut String) {
        text.push_str(r#"{"specversion":"1.0""#);
        let time = self.attribute("time");
        for (name, value) in [
            ("id", Some(self.id())),
            ("source", Some(self.source())),
            ("type", Some(self.event_type())),
            ("time", time.as_deref()),
            ("subject", self.subject()),
            ("datacontenttype", self.data_content_type()),
            ("dataschema", self.data_schema()),
        ] {
            if let Some(value) = value {
                push_key(text, name);
                push_json_string(text, value);
            }
        }
        for (name, value) in self.extensions() {
            push_key(text, name);
            match value {
                ExtensionValue::String(value) => push_json_string(text, value),
                ExtensionValue::Boolean(_) | ExtensionValue::Integer(_) => text.push_str(&value.canonical()),
            }
        }
        match self.data() {
            None => {}
            Some(Data::Json(raw)) => {
                push_key(text, "data");
                push_on_one_line(text, raw);
            }
            Some(Data::Text(data)) => {
                push_key(text, "data");
                push_json_string(text, data);
            }
            Some(Data::Binary(bytes)) => {
                push_key(text, "data_base64");
                text.push('"');
                base64::push(text, bytes);
                text.push('"');
            }
        }
        text.push('}');
    }
}

/// Appends a number as JSON: an integral value below 2^53 without a fraction,
/// what JSON has no number for (NaN, infinities) as `null`.
pub(crate) fn push_json_number(text: &mut String, number: f64) {
    const EXACT: f64 = 9_007_199_254_740_992.0;
    // Writing to a `String` does not fail.
    let _ = if !number.is_finite() {
        text.write_str("null")
    } else if number.fract() == 0.0 && number.abs() < EXACT {
        write!(text, "{}", number as i64)
    } else {
        write!(text, "{number:?}")
    };
}

/// Appends a string as JSON, quotes included.
pub(crate) fn push_json_string(text: &mut String, value: &str) {
    text.push('"');
    let mut plain = 0;
    for (at, byte) in value.bytes().enumerate() {
        if byte >= b' ' && byte != b'"' && byte != b'\\' {
            continue;
        }
        text.push_str(&value[plain..at]);
        plain = at + 1;
        match byte {
            b'"' => text.push_str("\\\""),
            b'\\' => text.push_str("\\\\"),
            b'\n' => text.push_str("\\n"),
            b'\r' => text.push_str("\\r"),
            b'\t' => text.push_str("\\t"),
            0x08 => text.push_str("\\b"),
            0x0c => text.push_str("\\f"),
            // Writing to a `String` does not fail.
            _ => drop(write!(text, "\\u{byte:04x}")),
        }
    }
    text.push_str(&value[plain..]);
    text.push('"');
}

/// Appends pairs as a JSON object of strings.
pub(super) fn push_json_object<'a>(text: &mut String, pairs: impl Iterator<Item = (&'a str, &'a str)>) {
    text.push('{');
    for (i, (name, value)) in pairs.enumerate() {
        if i > 0 {
            text.push(',');
        }
        push_json_string(text, name);
        text.push(':');
        push_json_string(text, value);
    }
    text.push('}');
}

fn push_key(text: &mut String, name: &str) {
    text.push_str(",\"");
    text.push_str(name);
    text.push_str("\":");
}

/// JSON holds line breaks only between its tokens: there they become spaces, so that an event stays one line.
fn push_on_one_line(text: &mut String, raw: &str) {
    let raw = if raw.contains(['\n', '\r']) {
        Cow::Owned(raw.replace(['\n', '\r'], " "))
    } else {
        Cow::Borrowed(raw)
    };
    text.push_str(&raw);
}
