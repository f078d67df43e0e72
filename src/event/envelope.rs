//! The event itself.

use std::borrow::Cow;

use chrono::{DateTime, SecondsFormat, Utc};

use super::attribute::{extension_name_fault, required};
use super::data::is_json_content_type;
use super::fields::RawFields;
use super::place::shown;
use super::{Data, ExtensionValue};
use crate::error::{Error, ErrorKind};
use crate::time::{Nanos, datetime, format_instant, instant, parse_instant};

/// A CloudEvents 1.0 event.
///
/// `source` and `id` together identify it. Its strings borrow from the text
/// it was read from, where nothing in them is escaped; [`into_owned`](Event::into_owned) lets
/// go of that text. Reading and writing loses nothing: extensions, their
/// order, the exact text of JSON data. (A `time` is kept as the instant it
/// means and is written in UTC.)
///
/// Attribute values may be any text. CloudEvents asks producers to leave out
/// control characters; like the official SDKs this reader carries them.
///
/// ```
/// use tripline::event::{Data, Event};
///
/// let event = Event::new("t-17", "/instances/contoso", "tripline.refresh.completed")?
///     .with_data(Data::json(r#"{"process":"ingestion","outcome":"failed"}"#)?)
///     .with_extension("partition", 3)?;
/// let text = event.to_json();
/// assert_eq!(Event::from_json(text.as_bytes())?, event);
/// # Ok::<(), tripline::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct Event<'a> {
    pub(super) id: Cow<'a, str>,
    pub(super) source: Cow<'a, str>,
    pub(super) event_type: Cow<'a, str>,
    pub(super) time: Option<Stamp>,
    pub(super) subject: Option<Cow<'a, str>>,
    pub(super) content_type: Option<Cow<'a, str>>,
    pub(super) schema: Option<Cow<'a, str>>,
    pub(super) extensions: Vec<(Cow<'a, str>, ExtensionValue<'a>)>,
    pub(super) data: Option<Data<'a>>,
    /// What a reader noted in the data on its way; it says nothing that `data` does not.
    pub(super) fields: RawFields<'a>,
    /// Of `fields`: nothing in the strings is escaped, and the owners are strings.
    pub(super) is_plain: bool,
}

/// An event's time: as the engine wants it, or where that cannot hold it, as the host gave it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stamp {
    Near(Nanos),
    Far(DateTime<Utc>),
}

impl<'a> Event<'a> {
    /// An event with the attributes that every event has.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Invalid`] where one of them is empty; the place is its name.
    ///
    /// ```
    /// use tripline::event::Event;
    /// let event = Event::new("7", "/instances/contoso", "com.example.happened")?;
    /// assert_eq!((event.id(), event.source()), ("7", "/instances/contoso"));
    /// assert_eq!(Event::new("7", "", "t").unwrap_err().place(), Some("source"));
    /// # Ok::<(), tripline::Error>(())
    /// ```
    pub fn new(
        id: impl Into<Cow<'a, str>>,
        source: impl Into<Cow<'a, str>>,
        event_type: impl Into<Cow<'a, str>>,
    ) -> Result<Self, Error> {
        Ok(Self {
            id: required("id", id.into())?,
            source: required("source", source.into())?,
            event_type: required("type", event_type.into())?,
            ..Self::empty()
        })
    }

    /// Where reading starts: no event yet, for what every event has is empty.
    pub(super) fn empty() -> Self {
        let none = Cow::Borrowed("");
        Self {
            id: none.clone(),
            source: none.clone(),
            event_type: none,
            time: None,
            subject: None,
            content_type: None,
            schema: None,
            extensions: Vec::new(),
            data: None,
            fields: [None; 6],
            is_plain: false,
        }
    }

    /// The same event at another time. A time outside the years 1677 to 2262
    /// can be written as JSON, but no engine takes it and no reader reads it back.
    ///
    /// ```
    /// use tripline::event::Event;
    /// use chrono::DateTime;
    /// let time = DateTime::from_timestamp_nanos(1_500_000_000);
    /// let event = Event::new("1", "/s", "t")?.with_time(time);
    /// assert_eq!(event.time(), Some(time));
    /// assert_eq!(event.attribute("time").as_deref(), Some("1970-01-01T00:00:01.5Z"));
    /// # Ok::<(), tripline::Error>(())
    /// ```
    #[must_use]
    pub fn with_time(mut self, time: DateTime<Utc>) -> Self {
        self.time = Some(Stamp::from(time));
        self
    }

    /// The same event about another subject; an empty one counts as none.
    ///
    /// ```
    /// use tripline::event::Event;
    /// assert_eq!(Event::new("1", "/s", "t")?.with_subject("vip").subject(), Some("vip"));
    /// # Ok::<(), tripline::Error>(())
    /// ```
    #[must_use]
    pub fn with_subject(mut self, subject: impl Into<Cow<'a, str>>) -> Self {
        self.subject = Some(subject.into()).filter(|subject| !subject.is_empty());
        self
    }

    /// The same event with another media type of its data; an empty one counts as none.
    ///
    /// Without one, data is JSON. A JSON string under a media type that is
    /// not JSON is text, and text under one that is JSON is a JSON string:
    /// the CloudEvents JSON format cannot tell them apart.
    ///
    /// ```
    /// use tripline::event::{Data, Event};
    /// let event = Event::new("1", "/s", "t")?.with_data_content_type("text/xml").with_data(Data::Text("<a/>".into()));
    /// assert!(event.to_json().ends_with(r#""datacontenttype":"text/xml","data":"<a/>"}"#));
    /// # Ok::<(), tripline::Error>(())
    /// ```
    #[must_use]
    pub fn with_data_content_type(mut self, content_type: impl Into<Cow<'a, str>>) -> Self {
        self.content_type = Some(content_type.into()).filter(|content_type| !content_type.is_empty());
        self.settle_data();
        self
    }

    /// The same event with the URI of another schema of its data; an empty one counts as none.
    ///
    /// ```
    /// use tripline::event::Event;
    /// let event = Event::new("1", "/s", "t")?.with_data_schema("https://schemas.example/vip.json");
    /// assert_eq!(event.data_schema(), Some("https://schemas.example/vip.json"));
    /// # Ok::<(), tripline::Error>(())
    /// ```
    #[must_use]
    pub fn with_data_schema(mut self, schema: impl Into<Cow<'a, str>>) -> Self {
        self.schema = Some(schema.into()).filter(|schema| !schema.is_empty());
        self
    }

    /// The same event with other data.
    ///
    /// ```
    /// use tripline::event::{Data, Event};
    /// let event = Event::new("1", "/s", "t")?.with_data(Data::Binary(vec![1, 2, 3].into()));
    /// assert!(event.to_json().ends_with(r#""data_base64":"AQID"}"#));
    /// # Ok::<(), tripline::Error>(())
    /// ```
    #[must_use]
    pub fn with_data(mut self, data: Data<'a>) -> Self {
        self.data = Some(data);
        self.settle_data();
        self
    }

    /// A JSON string under a media type that is not JSON is text, and the other way round.
    pub(super) fn settle_data(&mut self) {
        let is_json = self.content_type.as_deref().is_none_or(is_json_content_type);
        (self.fields, self.is_plain) = ([None; 6], false);
        if let Some(data) = &mut self.data {
            data.settle(is_json);
        }
    }

    /// The same event with an extension attribute added, or with another value for it.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Invalid`] where the name is empty, holds anything but
    /// `a-z` and `0-9`, or is one that CloudEvents has given a meaning. (More
    /// than 20 characters are against its advice and are taken.)
    ///
    /// ```
    /// use tripline::event::Event;
    /// let event = Event::new("1", "/s", "t")?.with_extension("partitionkey", "emea")?;
    /// assert!(event.clone().with_extension("partitionKey", "emea").is_err());
    /// assert!(event.with_extension("data", "emea").is_err());
    /// # Ok::<(), tripline::Error>(())
    /// ```
    pub fn with_extension(
        mut self,
        name: impl Into<Cow<'a, str>>,
        value: impl Into<ExtensionValue<'a>>,
    ) -> Result<Self, Error> {
        let (name, value) = (name.into(), value.into());
        if let Some(why) = extension_name_fault(&name) {
            let message = format!("{:?} cannot name an extension attribute: {why}", shown(&name));
            return Err(Error::new(ErrorKind::Invalid, message).at(shown(&name)));
        }
        match self.extensions.iter_mut().find(|(known, _)| *known == name) {
            Some((_, slot)) => *slot = value,
            None => self.extensions.push((name, value)),
        }
        Ok(self)
    }

    /// The identifier, unique among the events of its source.
    ///
    /// ```
    /// # use tripline::event::Event;
    /// assert_eq!(Event::new("1", "/s", "t")?.id(), "1");
    /// # Ok::<(), tripline::Error>(())
    /// ```
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Where it happened, a URI reference.
    ///
    /// ```
    /// # use tripline::event::Event;
    /// assert_eq!(Event::new("1", "/s", "t")?.source(), "/s");
    /// # Ok::<(), tripline::Error>(())
    /// ```
    pub fn source(&self) -> &str {
        &self.source
    }

    /// What kind of thing happened; `type` in CloudEvents.
    ///
    /// ```
    /// # use tripline::event::Event;
    /// assert_eq!(Event::new("1", "/s", "t")?.event_type(), "t");
    /// # Ok::<(), tripline::Error>(())
    /// ```
    pub fn event_type(&self) -> &str {
        &self.event_type
    }

    /// When it happened, if the event says so.
    ///
    /// ```
    /// # use tripline::event::Event;
    /// assert_eq!(Event::new("1", "/s", "t")?.time(), None);
    /// # Ok::<(), tripline::Error>(())
    /// ```
    pub fn time(&self) -> Option<DateTime<Utc>> {
        self.time.map(Stamp::time)
    }

    /// The time as the engine keeps it.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Limit`] where the time given in code is outside the years 1677 to 2262.
    pub(crate) fn instant(&self) -> Result<Option<Nanos>, Error> {
        self.time.map(Stamp::instant).transpose()
    }

    /// What of the source it is about, if the event says so.
    ///
    /// ```
    /// # use tripline::event::Event;
    /// assert_eq!(Event::new("1", "/s", "t")?.subject(), None);
    /// # Ok::<(), tripline::Error>(())
    /// ```
    pub fn subject(&self) -> Option<&str> {
        self.subject.as_deref()
    }

    /// The media type of the data; JSON where there is none.
    ///
    /// ```
    /// # use tripline::event::Event;
    /// assert_eq!(Event::new("1", "/s", "t")?.data_content_type(), None);
    /// # Ok::<(), tripline::Error>(())
    /// ```
    pub fn data_content_type(&self) -> Option<&str> {
        self.content_type.as_deref()
    }

    /// The URI of the data's schema.
    ///
    /// ```
    /// # use tripline::event::Event;
    /// assert_eq!(Event::new("1", "/s", "t")?.data_schema(), None);
    /// # Ok::<(), tripline::Error>(())
    /// ```
    pub fn data_schema(&self) -> Option<&str> {
        self.schema.as_deref()
    }

    /// The value of one extension attribute.
    ///
    /// ```
    /// # use tripline::event::{Event, ExtensionValue};
    /// let event = Event::new("1", "/s", "t")?.with_extension("sampled", true)?;
    /// assert_eq!(event.extension("sampled"), Some(&ExtensionValue::Boolean(true)));
    /// # Ok::<(), tripline::Error>(())
    /// ```
    pub fn extension(&self, name: &str) -> Option<&ExtensionValue<'a>> {
        self.extensions.iter().find(|(known, _)| known == name).map(|(_, value)| value)
    }

    /// The extension attributes in the order given.
    ///
    /// ```
    /// # use tripline::event::Event;
    /// let event = Event::new("1", "/s", "t")?.with_extension("b", 1)?.with_extension("a", 2)?;
    /// assert_eq!(event.extensions().map(|(name, _)| name).collect::<Vec<_>>(), ["b", "a"]);
    /// # Ok::<(), tripline::Error>(())
    /// ```
    pub fn extensions(&self) -> impl Iterator<Item = (&str, &ExtensionValue<'a>)> {
        self.extensions.iter().map(|(name, value)| (&**name, value))
    }

    /// The payload.
    ///
    /// ```
    /// # use tripline::event::Event;
    /// assert_eq!(Event::new("1", "/s", "t")?.data(), None);
    /// # Ok::<(), tripline::Error>(())
    /// ```
    pub fn data(&self) -> Option<&Data<'a>> {
        self.data.as_ref()
    }

    /// Any context attribute by its CloudEvents name, in its canonical string
    /// form: what filters compare.
    ///
    /// ```
    /// # use tripline::event::Event;
    /// let event = Event::new("1", "/s", "t")?.with_extension("sampled", true)?;
    /// assert_eq!(event.attribute("type").as_deref(), Some("t"));
    /// assert_eq!(event.attribute("sampled").as_deref(), Some("true"));
    /// assert_eq!(event.attribute("subject"), None);
    /// # Ok::<(), tripline::Error>(())
    /// ```
    pub fn attribute(&self, name: &str) -> Option<Cow<'_, str>> {
        match name {
            "specversion" => Some(Cow::Borrowed("1.0")),
            "id" => Some(Cow::Borrowed(&self.id)),
            "source" => Some(Cow::Borrowed(&self.source)),
            "type" => Some(Cow::Borrowed(&self.event_type)),
            "time" => self.time.map(|time| Cow::Owned(time.to_text())),
            "subject" => self.subject().map(Cow::Borrowed),
            "datacontenttype" => self.data_content_type().map(Cow::Borrowed),
            "dataschema" => self.data_schema().map(Cow::Borrowed),
            _ => self.extension(name).map(ExtensionValue::canonical),
        }
    }

    /// The same event with all its text its own.
    ///
    /// ```
    /// use tripline::event::Event;
    /// fn first(text: String) -> Result<Event<'static>, tripline::Error> {
    ///     Ok(Event::from_json(text.as_bytes())?.into_owned())
    /// }
    /// # assert!(first(String::new()).is_err());
    /// ```
    pub fn into_owned(self) -> Event<'static> {
        let owned = |text: Cow<'_, str>| Cow::Owned(text.into_owned());
        Event {
            id: owned(self.id),
            source: owned(self.source),
            event_type: owned(self.event_type),
            time: self.time,
            subject: self.subject.map(owned),
            content_type: self.content_type.map(owned),
            schema: self.schema.map(owned),
            extensions: self
                .extensions
                .into_iter()
                .map(|(name, value)| (owned(name), value.into_owned()))
                .collect(),
            data: self.data.map(Data::into_owned),
            fields: [None; 6],
            is_plain: false,
        }
    }
}

impl PartialEq for Event<'_> {
    fn eq(&self, other: &Self) -> bool {
        (&self.id, &self.source, &self.event_type, &self.time)
            == (&other.id, &other.source, &other.event_type, &other.time)
            && (&self.subject, &self.content_type, &self.schema)
                == (&other.subject, &other.content_type, &other.schema)
            && (&self.extensions, &self.data) == (&other.extensions, &other.data)
    }
}

impl Eq for Event<'_> {}

impl Stamp {
    /// Reads RFC 3339; the message names the text, cut where it is long.
    pub(super) fn read(text: &str) -> Result<Self, Error> {
        parse_instant(text).map(Self::Near).map_err(|error| match text.len() {
            0..=60 => error,
            _ => {
                let message = format!("{:?} is not an RFC 3339 time: it is too long", shown(text));
                Error::new(error.kind(), message)
            }
        })
    }

    pub(super) fn time(self) -> DateTime<Utc> {
        match self {
            Self::Near(nanos) => datetime(nanos),
            Self::Far(time) => time,
        }
    }

    /// The time as the engine keeps it, which must be able to.
    pub(super) fn instant(self) -> Result<Nanos, Error> {
        match self {
            Self::Near(nanos) => Ok(nanos),
            Self::Far(time) => instant(time),
        }
    }

    pub(super) fn to_text(self) -> String {
        match self {
            Self::Near(nanos) => format_instant(nanos),
            Self::Far(time) => time.to_rfc3339_opts(SecondsFormat::AutoSi, true),
        }
    }
}

impl From<DateTime<Utc>> for Stamp {
    fn from(time: DateTime<Utc>) -> Self {
        instant(time).map_or(Self::Far(time), Self::Near)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &[u8] = br#"{"specversion":"1.0","id":"7","source":"/s","type":"t","subject":"a","datacontenttype":"application/json",
        "dataschema":"https://x","b":"x","a":-1,"flag":false,"none":null,"time":"2026-03-01T03:00:07.50+01:00","data": {"k": [1]} }"#;

    #[test]
    fn text_without_escapes_is_borrowed() {
        let event = Event::from_json(TEXT).unwrap();
        let texts = [&event.id, &event.source, &event.event_type];
        let optional =
            [&event.subject, &event.content_type, &event.schema].map(|text| text.as_ref().unwrap());
        assert!(texts.iter().chain(&optional).all(|text| matches!(text, Cow::Borrowed(_))), "{event:?}");
        assert!(event.extensions.iter().all(|(name, _)| matches!(name, Cow::Borrowed(_))));
        assert!(matches!(event.extension("b"), Some(ExtensionValue::String(Cow::Borrowed("x")))));
        assert!(matches!(event.data, Some(Data::Json(Cow::Borrowed(r#"{"k": [1]}"#)))));
        let escaped =
            Event::from_json(br#"{"specversion":"1.0","id":"\u0037","source":"/s","type":"t"}"#).unwrap();
        assert_eq!(escaped.id, "7");
    }

    #[test]
    fn every_attribute_has_its_canonical_text() {
        let event = Event::from_json(TEXT).unwrap();
        let all = [
            "specversion",
            "id",
            "source",
            "type",
            "time",
            "subject",
            "datacontenttype",
            "dataschema",
            "b",
            "a",
            "flag",
        ];
        let texts = all.map(|name| event.attribute(name).unwrap().into_owned());
        let expected = [
            "1.0",
            "7",
            "/s",
            "t",
            "2026-03-01T02:00:07.5Z",
            "a",
            "application/json",
            "https://x",
            "x",
            "-1",
            "false",
        ];
        assert_eq!(texts, expected);
        assert_eq!(event.attribute("none"), None, "null is absent");
        assert_eq!(event.attribute("data"), None, "data is no attribute");
    }

    #[test]
    fn an_event_outlives_its_text_and_stays_equal() {
        let event = Event::from_json(TEXT).unwrap();
        let owned = event.clone().into_owned();
        assert_eq!(owned, event);
        assert_eq!(owned.to_json(), event.to_json());
    }

    #[test]
    fn an_attribute_that_is_null_or_set_to_nothing_is_absent() {
        let nulls = br#"{"specversion":"1.0","id":"7","source":"/s","type":"t","time":null,"subject":null,"datacontenttype":null,
            "dataschema":null,"ext":null,"data_base64":null}"#;
        let event = Event::from_json(nulls).unwrap();
        assert_eq!(event, Event::new("7", "/s", "t").unwrap());
        assert_eq!(event, event.clone().with_subject("").with_data_content_type("").with_data_schema(""));
    }

    #[test]
    fn data_that_is_null_is_data_unless_there_is_binary_data() {
        let read = |data: &str| {
            let text = format!(r#"{{"specversion":"1.0","id":"7","source":"/s","type":"t",{data}}}"#);
            Event::from_json(text.as_bytes()).unwrap().into_owned()
        };
        assert_eq!(read(r#""data":null"#).data().and_then(Data::as_json), Some("null"));
        assert_eq!(
            read(r#""data":null,"data_base64":"eA==""#).data().and_then(Data::as_binary),
            Some(&b"x"[..])
        );
        assert_eq!(read(r#""data":7,"data_base64":null"#).data().and_then(Data::as_json), Some("7"));
        assert_eq!(read(r#""data_base64":"""#).data().and_then(Data::as_binary), Some(&b""[..]));
    }

    #[test]
    fn a_string_is_text_where_the_media_type_says_so_wherever_it_stands() {
        for text in [
            &br#"{"data":"a\nb","datacontenttype":"text/plain","specversion":"1.0","id":"7","source":"/s","type":"t"}"#[..],
            br#"{"specversion":"1.0","id":"7","source":"/s","type":"t","datacontenttype":"text/plain","data":"a\nb"}"#,
        ] {
            let event = Event::from_json(text).unwrap();
            assert_eq!(event.data().and_then(Data::as_text), Some("a\nb"));
            let built = Event::new("7", "/s", "t").unwrap();
            assert_eq!(event, built.clone().with_data(Data::Text("a\nb".into())).with_data_content_type("text/plain"));
            assert_eq!(event, built.with_data_content_type("text/plain").with_data(Data::Text("a\nb".into())));
        }
    }

    #[test]
    fn members_may_be_escaped_and_spaced_and_come_in_any_order() {
        let text = " {\t\"d\\u0061ta\" : {\"a\" : 1 } ,\r\n\"t\\u0079pe\":\"t\",\"\\u0069d\" : \"7\" ,\"sourc\\u0065\":\"/s\",\"\\u0065xt\":1 ,\"specversion\":\"1.0\" } \n";
        let event = Event::from_json(text.as_bytes()).unwrap();
        assert_eq!((event.id(), event.source(), event.event_type()), ("7", "/s", "t"));
        assert_eq!(event.data().and_then(Data::as_json), Some("{\"a\" : 1 }"));
        assert_eq!(event.extension("ext"), Some(&ExtensionValue::Integer(1)));
    }

    #[test]
    fn a_time_that_no_engine_takes_is_still_written() {
        let far = DateTime::parse_from_rfc3339("2300-01-01T00:00:00Z").unwrap().to_utc();
        let event = Event::new("7", "/s", "t").unwrap().with_time(far);
        assert_eq!(
            (event.time(), event.attribute("time").as_deref()),
            (Some(far), Some("2300-01-01T00:00:00Z"))
        );
        assert_eq!(event.instant().unwrap_err().kind(), ErrorKind::Limit);
    }
}
