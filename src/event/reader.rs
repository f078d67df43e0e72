//! Structured JSON in.

use std::borrow::Cow;

use super::json::{Depth, each_element, verify, verify_raw};
use super::place::{Refusal, place};
use super::{Event, parse};
use crate::error::{Error, ErrorKind};

/// Deeper than this `serde_json` itself does not go.
const DEEPEST: usize = 127;

/// Reads events from structured JSON, within bounds.
///
/// It refuses whatever two readers could understand differently: a key twice
/// in one object (inside the data too), numbers beyond a 64-bit float, lone
/// surrogates, a byte order mark, bytes that are not UTF-8, anything after the
/// event. An attribute that is `null` is absent.
///
/// ```
/// use tripline::event::Reader;
///
/// let reader = Reader::new().with_first_line(12);
/// let error = reader.read(br#"{"specversion":"1.0","id":7}"#).unwrap_err();
/// assert_eq!(error.to_string(), "12:27: `id` must be a string, found a number");
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reader {
    max_bytes: usize,
    max_depth: usize,
    max_batch: usize,
    first_line: u64,
}

impl Default for Reader {
    fn default() -> Self {
        Self::new()
    }
}

impl Reader {
    /// A reader with the default bounds: 256 KiB an event, 64 levels deep, 10,000 events a batch.
    ///
    /// ```
    /// use tripline::event::Reader;
    /// assert!(Reader::new().read_batch(b"[]")?.is_empty());
    /// # Ok::<(), tripline::Error>(())
    /// ```
    #[must_use]
    pub fn new() -> Self {
        Self { max_bytes: 256 << 10, max_depth: Depth::DEFAULT, max_batch: 10_000, first_line: 1 }
    }

    /// The most bytes that one event may have, white space around it included; 256 KiB if not set.
    ///
    /// ```
    /// use tripline::event::Reader;
    /// let event = br#"{"specversion":"1.0","id":"1","source":"/s","type":"t"}"#;
    /// assert!(Reader::new().with_max_bytes(54).read(event).unwrap_err().is_limit());
    /// assert!(Reader::new().with_max_bytes(55).read(event).is_ok());
    /// ```
    #[must_use]
    pub fn with_max_bytes(mut self, bytes: usize) -> Self {
        self.max_bytes = bytes;
        self
    }

    /// How deep objects and arrays may nest, the event itself being the first
    /// level; 64 if not set, and at most 127, where the JSON parser stops.
    ///
    /// ```
    /// use tripline::event::Reader;
    /// let event = br#"{"specversion":"1.0","id":"1","source":"/s","type":"t","data":[[]]}"#;
    /// assert!(Reader::new().with_max_depth(2).read(event).unwrap_err().is_limit());
    /// assert!(Reader::new().with_max_depth(3).read(event).is_ok());
    /// ```
    #[must_use]
    pub fn with_max_depth(mut self, levels: usize) -> Self {
        self.max_depth = levels.clamp(1, DEEPEST);
        self
    }

    /// The most events that a batch may hold; 10,000 if not set.
    ///
    /// ```
    /// use tripline::event::Reader;
    /// let two = br#"[{"specversion":"1.0","id":"1","source":"/s","type":"t"},
    ///                {"specversion":"1.0","id":"2","source":"/s","type":"t"}]"#;
    /// assert!(Reader::new().with_max_batch(2).read_batch(two).is_ok());
    /// assert!(Reader::new().with_max_batch(1).read_batch(two).unwrap_err().is_limit());
    /// ```
    #[must_use]
    pub fn with_max_batch(mut self, events: usize) -> Self {
        self.max_batch = events;
        self
    }

    /// The number of the text's first line in the places of errors; 1 if not
    /// set. A host that reads a file line by line sets the line it is at.
    ///
    /// ```
    /// use tripline::event::Reader;
    /// assert_eq!(Reader::new().with_first_line(7).read(b"nonsense").unwrap_err().place(), Some("7:1"));
    /// ```
    #[must_use]
    pub fn with_first_line(mut self, line: u64) -> Self {
        self.first_line = line;
        self
    }

    /// Reads one event.
    ///
    /// # Errors
    ///
    /// With the line and column: [`ErrorKind::Syntax`] where the bytes are not
    /// JSON or a time is not RFC 3339, [`ErrorKind::Invalid`] where they are
    /// no CloudEvents 1.0 event, [`ErrorKind::Limit`] over a bound.
    ///
    /// ```
    /// use tripline::event::Reader;
    /// let event = Reader::new().read(br#"{"specversion":"1.0","id":"1","source":"/s","type":"t"}"#)?;
    /// assert_eq!(event.id(), "1");
    /// # Ok::<(), tripline::Error>(())
    /// ```
    pub fn read<'a>(&self, bytes: &'a [u8]) -> Result<Event<'a>, Error> {
        if bytes.len() > self.max_bytes {
            let place = place(bytes, self.max_bytes, self.first_line);
            return Err(Error::new(ErrorKind::Limit, self.too_long(bytes.len())).at(place));
        }
        let text = self.text(bytes)?;
        // An event is large: it is read into its place, and not handed from one to the next.
        let mut event = Event::empty();
        match parse::event(text, self.depth(), &mut event) {
            Ok(()) => Ok(event),
            Err(refusal) => Err(refusal.into_error(text, self.first_line)),
        }
    }

    /// Reads a JSON array of events. One bad event refuses the whole batch; its
    /// place tells which.
    ///
    /// # Errors
    ///
    /// As [`read`](Reader::read), and [`ErrorKind::Limit`] where the batch holds too many events.
    ///
    /// ```
    /// use tripline::event::Reader;
    /// let events = br#"[{"specversion":"1.0","id":"1","source":"/s","type":"t"},
    ///                   {"specversion":"1.0","id":"2","source":"/s","type":"t"}]"#;
    /// assert_eq!(Reader::new().read_batch(events)?.len(), 2);
    /// # Ok::<(), tripline::Error>(())
    /// ```
    pub fn read_batch<'a>(&self, bytes: &'a [u8]) -> Result<Vec<Event<'a>>, Error> {
        let text = self.text(bytes)?;
        let mut events = Vec::new();
        each_element(text, |raw| {
            if events.len() == self.max_batch {
                let message = format!("the batch holds more events than the limit of {}", self.max_batch);
                return Err(Refusal::new(ErrorKind::Limit, raw, message));
            }
            if raw.len() > self.max_bytes {
                return Err(Refusal::new(ErrorKind::Limit, raw, self.too_long(raw.len())));
            }
            let mut event = Event::empty();
            parse::event(raw, self.depth(), &mut event)?;
            events.push(event);
            Ok(())
        })
        .map_err(|refusal| refusal.into_error(text, self.first_line))?;
        Ok(events)
    }

    pub(super) fn max_bytes(&self) -> usize {
        self.max_bytes
    }

    /// Reads JSON that is the data of an event, without the space around it.
    pub(super) fn read_json<'a>(&self, bytes: &'a [u8]) -> Result<Cow<'a, str>, Error> {
        let text = self.text(bytes)?;
        let raw = text.trim_ascii();
        let depth = self.depth().inside();
        let is_too_deep = raw.starts_with(['{', '[']) && !depth.is_left();
        let verified = if is_too_deep { verify_raw(raw, depth) } else { verify(text, depth) };
        verified.map_err(|refusal| refusal.into_error(text, self.first_line))?;
        Ok(Cow::Borrowed(raw))
    }

    fn text<'a>(&self, bytes: &'a [u8]) -> Result<&'a str, Error> {
        let refused = |offset, message: String| {
            Error::new(ErrorKind::Syntax, message).at(place(bytes, offset, self.first_line))
        };
        let text = std::str::from_utf8(bytes).map_err(|error| {
            let at = error.valid_up_to();
            refused(at, format!("the byte 0x{:02x} is not UTF-8 here", bytes[at]))
        })?;
        if text.starts_with('\u{feff}') {
            return Err(refused(0, "the text starts with a byte order mark; JSON has none".to_owned()));
        }
        Ok(text)
    }

    pub(super) fn too_long(&self, bytes: usize) -> String {
        format!("the event has {bytes} bytes, over the limit of {}", self.max_bytes)
    }

    fn depth(&self) -> Depth {
        Depth::new(self.max_depth)
    }
}

impl<'a> Event<'a> {
    /// Reads one event of structured JSON with the bounds of [`Reader::new`].
    ///
    /// # Errors
    ///
    /// As [`Reader::read`].
    ///
    /// ```
    /// use tripline::event::Event;
    /// let event = Event::from_json(br#"{"specversion":"1.0","id":"1","source":"/s","type":"t"}"#)?;
    /// assert_eq!(event.event_type(), "t");
    /// # Ok::<(), tripline::Error>(())
    /// ```
    pub fn from_json(bytes: &'a [u8]) -> Result<Self, Error> {
        Reader::new().read(bytes)
    }

    /// Reads a JSON array of events with the bounds of [`Reader::new`].
    ///
    /// # Errors
    ///
    /// As [`Reader::read_batch`].
    ///
    /// ```
    /// use tripline::event::Event;
    /// assert!(Event::batch_from_json(b"[]")?.is_empty());
    /// # Ok::<(), tripline::Error>(())
    /// ```
    pub fn batch_from_json(bytes: &'a [u8]) -> Result<Vec<Self>, Error> {
        Reader::new().read_batch(bytes)
    }
}
