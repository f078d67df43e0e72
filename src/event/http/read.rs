//! Events in: headers and a body, within the bounds of a reader.

use std::borrow::Cow;

use http::header::{CONTENT_TYPE, HeaderMap};

use super::media::{self, MediaType};
use super::{Message, Mode, value};
use crate::error::{Error, ErrorKind, Fault};
use crate::event::attribute::{Member, extension_name_fault};
use crate::event::data::is_json_content_type;
use crate::event::envelope::Stamp;
use crate::event::place::shown;
use crate::event::{Data, Event, ExtensionValue, Reader};

const PREFIX: &str = "ce-";

impl Reader {
    /// Reads the events of an HTTP message, a request or a response.
    ///
    /// In binary mode data is JSON under a media type that is JSON, text under
    /// `text/…`, XML or a type that names the character set UTF-8, else bytes;
    /// without a content type it is JSON if it can be. Extension attributes are
    /// strings and come sorted by name, whatever the order of the headers. Time and
    /// data are judged, and the size is bounded (headers included), as in JSON.
    /// In the structured modes the `ce-` headers are not looked at.
    ///
    /// # Errors
    ///
    /// For the headers [`ErrorKind::Invalid`] with every fault, each with the
    /// header's name as its path: an attribute that is missing, empty or there
    /// twice, a name that is no attribute's, a value that is not
    /// printable ASCII or whose percent sequences are broken or not UTF-8; a
    /// content type that announces a format other than JSON or a character set
    /// other than UTF-8. For the body as [`read`](Reader::read) and
    /// [`read_batch`](Reader::read_batch), with its line and column.
    ///
    /// ```
    /// use http::Response;
    /// use tripline::event::Reader;
    ///
    /// let response = Response::builder()
    ///     .header("ce-specversion", "1.0")
    ///     .header("ce-id", "7")
    ///     .header("ce-source", "/instances/contoso")
    ///     .header("ce-type", "com.example.happened")
    ///     .header("ce-Euro", "%E2%82%AC")
    ///     .body(b"[1, 2]".to_vec())?;
    /// let message = Reader::new().with_max_bytes(1024).read_http(response.headers(), response.body())?;
    /// let event = &message.events()[0];
    /// assert_eq!(event.attribute("euro").as_deref(), Some("\u{20ac}"));
    /// assert_eq!(event.data().and_then(|data| data.as_json()), Some("[1, 2]"));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn read_http<'a>(&self, headers: &'a HeaderMap, body: &'a [u8]) -> Result<Message<'a>, Error> {
        let mode = Mode::of(headers).unwrap_or(Mode::Binary);
        let events = match mode {
            Mode::Binary => vec![self.read_binary(headers, body)?],
            Mode::Structured => {
                announced(headers, media::SINGLE_JSON)?;
                vec![self.read(body)?]
            }
            Mode::Batch => {
                announced(headers, media::BATCH_JSON)?;
                self.read_batch(body)?
            }
        };
        Ok(Message { mode, events })
    }

    fn read_binary<'a>(&self, headers: &'a HeaderMap, body: &'a [u8]) -> Result<Event<'a>, Error> {
        let bytes = body.len()
            + headers
                .iter()
                .filter(|(name, _)| is_of_event(name.as_str()))
                .fold(0, |bytes: usize, (name, value)| {
                    bytes.saturating_add(name.as_str().len() + value.len())
                });
        if bytes > self.max_bytes() {
            return Err(Error::new(ErrorKind::Limit, self.too_long(bytes)));
        }
        let mut draft = Draft { event: Event::empty(), has_version: false, faults: Vec::new() };
        let mut names: Vec<&str> =
            headers.keys().filter_map(|name| name.as_str().strip_prefix(PREFIX)).collect();
        // The order of a header map is nobody's promise.
        names.sort_unstable();
        for name in names {
            draft.read(headers, name);
        }
        match content_type(headers) {
            Ok(content_type) => draft.event.content_type = content_type.map(Cow::Borrowed),
            Err(fault) => draft.faults.push(fault),
        }
        let mut event = draft.finish()?;
        event.data = self.data(event.data_content_type(), body)?;
        Ok(event)
    }

    fn data<'a>(&self, content_type: Option<&str>, body: &'a [u8]) -> Result<Option<Data<'a>>, Error> {
        if body.is_empty() {
            return Ok(None);
        }
        let Some(content_type) = content_type else {
            let json = self.read_json(body).map(Data::Json);
            return Ok(Some(json.unwrap_or(Data::Binary(Cow::Borrowed(body)))));
        };
        let media_type = MediaType::parse(content_type);
        let is_utf_8 = media_type.as_ref().map_or(true, MediaType::is_utf_8);
        if is_utf_8 && is_json_content_type(content_type) {
            return self.read_json(body).map(Data::Json).map(Some);
        }
        let is_text = is_utf_8 && media_type.is_ok_and(|media_type| media_type.is_text());
        Ok(Some(match std::str::from_utf8(body) {
            Ok(text) if is_text => Data::Text(Cow::Borrowed(text)),
            _ => Data::Binary(Cow::Borrowed(body)),
        }))
    }
}

/// An event as far as its headers are read.
struct Draft<'a> {
    event: Event<'a>,
    has_version: bool,
    faults: Vec<Fault>,
}

impl<'a> Draft<'a> {
    /// Takes in the attribute `name`, which some header of the event has.
    fn read(&mut self, headers: &'a HeaderMap, name: &'a str) {
        let header = format!("{PREFIX}{name}");
        let read = value_of(headers, &header, name).and_then(|value| self.set(name, value));
        if let Err(message) = read {
            self.faults.push(Fault::new(shown(&header), message));
        }
    }

    fn set(&mut self, name: &'a str, value: Cow<'a, str>) -> Result<(), String> {
        let Some(member) = Member::named(name) else {
            self.event.extensions.push((Cow::Borrowed(name), ExtensionValue::String(value)));
            return Ok(());
        };
        if value.is_empty() {
            return Err("must not be empty".to_owned());
        }
        let event = &mut self.event;
        match member {
            Member::Id => event.id = value,
            Member::Source => event.source = value,
            Member::Type => event.event_type = value,
            Member::Subject => event.subject = Some(value),
            Member::DataSchema => event.schema = Some(value),
            Member::Time => event.time = Some(Stamp::read(&value).map_err(|error| error.to_string())?),
            Member::SpecVersion if value == "1.0" => self.has_version = true,
            Member::SpecVersion => return Err(format!("is {:?}; only \"1.0\" is read", shown(&value))),
            // Refused by their names before.
            Member::DataContentType | Member::Data | Member::DataBase64 => {}
        }
        Ok(())
    }

    fn finish(mut self) -> Result<Event<'a>, Error> {
        for (header, is_there) in [
            ("ce-specversion", self.has_version),
            ("ce-id", !self.event.id.is_empty()),
            ("ce-source", !self.event.source.is_empty()),
            ("ce-type", !self.event.event_type.is_empty()),
        ] {
            if !is_there && self.faults.iter().all(|fault| fault.path() != header) {
                self.faults.push(Fault::new(header, "is missing"));
            }
        }
        if self.faults.is_empty() { Ok(self.event) } else { Err(Error::from_faults(self.faults)) }
    }
}

/// The one value of `header`, decoded; `name` is the attribute that it stands for.
fn value_of<'a>(headers: &'a HeaderMap, header: &str, name: &str) -> Result<Cow<'a, str>, String> {
    match Member::named(name) {
        Some(Member::DataContentType) => {
            return Err("must not be there: the header content-type stands for it".to_owned());
        }
        None | Some(Member::Data | Member::DataBase64) => {
            if let Some(why) = extension_name_fault(name) {
                return Err(format!("cannot name an attribute: {why}"));
            }
        }
        Some(_) => {}
    }
    let mut values = headers.get_all(header).iter();
    match (values.next(), values.count()) {
        (None, _) => Err("is missing".to_owned()),
        (Some(value), 0) => value::decode(value.as_bytes()),
        (Some(_), more) => Err(format!("comes {} times; an attribute has one value", more + 1)),
    }
}

/// The content type, as the attribute that it stands for.
fn content_type(headers: &HeaderMap) -> Result<Option<&str>, Fault> {
    let refused = |message: String| Fault::new(CONTENT_TYPE.as_str(), message);
    let mut values = headers.get_all(CONTENT_TYPE).iter();
    match (values.next(), values.count()) {
        (None, _) => Ok(None),
        (Some(value), 0) => match value.to_str().map(str::trim_ascii) {
            Ok("") => Err(refused("must not be empty".to_owned())),
            Ok(content_type) => Ok(Some(content_type)),
            Err(_) => Err(refused("holds bytes that are not printable ASCII".to_owned())),
        },
        (Some(_), more) => Err(refused(format!("comes {} times; a body has one type", more + 1))),
    }
}

/// Fails where the content type, which starts as one of CloudEvents does, is not `wanted`.
fn announced(headers: &HeaderMap, wanted: &str) -> Result<(), Error> {
    let refused = |message: String| Err(Error::from_faults(vec![Fault::new(CONTENT_TYPE.as_str(), message)]));
    let content_type = content_type(headers).map_err(|fault| Error::from_faults(vec![fault]))?.unwrap_or("");
    match MediaType::parse(content_type) {
        Err(why) => refused(format!("{:?} {why}", shown(content_type))),
        Ok(media_type) if !media_type.essence.eq_ignore_ascii_case(wanted) => refused(format!(
            "{:?} is a format of CloudEvents that is not read here; {wanted} is",
            shown(media_type.essence)
        )),
        Ok(media_type) if !media_type.is_utf_8() => {
            let charset = media_type.charset.unwrap_or_default();
            refused(format!("the character set is {:?}; JSON is UTF-8", shown(&charset)))
        }
        Ok(_) => Ok(()),
    }
}

fn is_of_event(header: &str) -> bool {
    header.starts_with(PREFIX) || header == CONTENT_TYPE.as_str()
}
