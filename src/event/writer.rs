//! JSON out: one spelling for every event.

use super::text::{push_json_string, push_key};
use super::{Data, Event, ExtensionValue};
use crate::base64;

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
        let data = match self.data() {
            None => 0,
            Some(Data::Json(text) | Data::Text(text)) => text.len(),
            Some(Data::Binary(bytes)) => bytes.len() / 3 * 4,
        };
        // Room for the attributes of most events, so that the text seldom has to move.
        let mut text = String::with_capacity(256 + data);
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

/// JSON holds line breaks only between its tokens: there they become spaces, so that an event stays one line.
fn push_on_one_line(text: &mut String, raw: &str) {
    let bytes = raw.as_bytes();
    if bytes.contains(&b'\n') || bytes.contains(&b'\r') {
        text.push_str(&raw.replace(['\n', '\r'], " "));
    } else {
        text.push_str(raw);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_come_in_one_order_whatever_order_they_were_set_in() {
        let event = Event::new("1", "/s", "t").unwrap().with_data(Data::json("{\r\n\"a\": 1}").unwrap());
        let event = event
            .with_extension("z", 1)
            .unwrap()
            .with_data_schema("https://x")
            .with_extension("b", true)
            .unwrap();
        let event = event
            .with_data_content_type("application/json")
            .with_subject("a\u{1}\"")
            .with_time(Default::default());
        assert_eq!(
            event.to_json(),
            concat!(
                r#"{"specversion":"1.0","id":"1","source":"/s","type":"t","time":"1970-01-01T00:00:00Z","subject":"a\u0001\"","#,
                r#""datacontenttype":"application/json","dataschema":"https://x","z":1,"b":true,"data":{  "a": 1}}"#
            )
        );
    }
}
