//! A stream cut into events, one at a time: lines, or the elements of one array. What is kept of it is one event,
//! however long the stream or one of its lines is.

use std::io::{self, BufRead, BufReader, Read};

/// The most bytes of one event; the library's own bound.
const MAX_BYTES: usize = 256 << 10;

pub(crate) struct Input<R> {
    bytes: BufReader<R>,
    shape: Shape,
    /// Where the next byte stands; both from 1, columns in bytes.
    line: u64,
    column: u64,
    /// The text of the event under way, as far as it is within the bound, and how long it really is.
    text: Vec<u8>,
    length: usize,
}

#[derive(Clone, Copy, PartialEq)]
enum Shape {
    Unknown,
    Lines,
    /// Before the first element, and behind a comma.
    ArrayStart,
    Array,
    ArrayEnd,
    Over,
}

/// The text of one event, or why there is none.
pub(crate) struct Item<'a> {
    /// Where it starts.
    pub(crate) line: u64,
    pub(crate) column: u64,
    pub(crate) text: Result<&'a [u8], String>,
}

impl<R: Read> Input<R> {
    pub(crate) fn new(bytes: R) -> Self {
        let bytes = BufReader::with_capacity(64 << 10, bytes);
        Self { bytes, shape: Shape::Unknown, line: 1, column: 1, text: Vec::new(), length: 0 }
    }

    /// The next event, blank lines left out.
    pub(crate) fn next(&mut self) -> io::Result<Option<Item<'_>>> {
        if self.shape == Shape::Unknown {
            self.shape = match self.skip_space()? {
                Some(b'[') => {
                    self.step(b'[');
                    Shape::ArrayStart
                }
                _ => Shape::Lines,
            };
        }
        self.text.clear();
        self.length = 0;
        match self.shape {
            Shape::Lines => self.next_line(),
            _ => self.next_element(),
        }
    }

    fn next_line(&mut self) -> io::Result<Option<Item<'_>>> {
        loop {
            let (line, column) = (self.line, self.column);
            let is_last = self.read_line()?;
            if self.text.ends_with(b"\r") && self.length == self.text.len() {
                self.text.pop();
                self.length -= 1;
            }
            if self.length > MAX_BYTES {
                let why = format!("the line has {} bytes, over the limit of {MAX_BYTES}", self.length);
                return Ok(Some(Item { line, column, text: Err(why) }));
            }
            if !self.text.trim_ascii().is_empty() {
                return Ok(Some(Item { line, column, text: Ok(&self.text) }));
            }
            if is_last {
                return Ok(None);
            }
            self.text.clear();
            self.length = 0;
        }
    }

    /// Takes in the rest of the line; true where the stream ends with it.
    fn read_line(&mut self) -> io::Result<bool> {
        loop {
            let chunk = fill(&mut self.bytes)?;
            if chunk.is_empty() {
                return Ok(true);
            }
            let end = chunk.iter().position(|&byte| byte == b'\n');
            let part = &chunk[..end.unwrap_or(chunk.len())];
            // One byte more than the bound: the carriage return before a line feed does not count.
            let room = (MAX_BYTES + 1).saturating_sub(self.text.len());
            self.text.extend_from_slice(&part[..part.len().min(room)]);
            self.length += part.len();
            let used = part.len() + usize::from(end.is_some());
            self.bytes.consume(used);
            if end.is_some() {
                (self.line, self.column) = (self.line + 1, 1);
                return Ok(false);
            }
        }
    }

    /// Everything up to the next comma or bracket that belongs to the array itself. Whether it is an event, and JSON
    /// at all, is for the reader to say.
    fn next_element(&mut self) -> io::Result<Option<Item<'_>>> {
        if matches!(self.shape, Shape::ArrayEnd | Shape::Over) {
            return self.after_array();
        }
        let is_first = self.shape == Shape::ArrayStart;
        self.shape = Shape::Array;
        self.skip_space()?;
        let (line, column) = (self.line, self.column);
        let item = |why: String| Ok(Some(Item { line, column, text: Err(why) }));
        let Some(end) = self.read_element()? else {
            self.shape = Shape::Over;
            return item(match self.length {
                0 => "the array is not closed".to_owned(),
                _ => "the element that starts here does not end".to_owned(),
            });
        };
        if end == b']' {
            self.shape = Shape::ArrayEnd;
        }
        match self.length {
            0 if end == b']' && is_first => self.after_array(),
            0 => item(format!("an event is missing before the {:?}", end as char)),
            1..=MAX_BYTES => Ok(Some(Item { line, column, text: Ok(&self.text) })),
            length => item(format!("the event has {length} bytes, over the limit of {MAX_BYTES}")),
        }
    }

    /// Takes in an element; gives the comma or bracket behind it, `None` where the stream ends first.
    fn read_element(&mut self) -> io::Result<Option<u8>> {
        let (mut depth, mut is_string, mut is_escaped) = (0_u64, false, false);
        loop {
            let chunk = fill(&mut self.bytes)?;
            if chunk.is_empty() {
                return Ok(None);
            }
            let mut end = None;
            let mut used = 0;
            for &byte in chunk {
                used += 1;
                match byte {
                    _ if is_escaped => is_escaped = false,
                    b'\\' if is_string => is_escaped = true,
                    b'"' => is_string = !is_string,
                    _ if is_string => {}
                    b'{' | b'[' => depth += 1,
                    b',' | b']' if depth == 0 => end = Some(byte),
                    b'}' | b']' => depth = depth.saturating_sub(1),
                    _ => {}
                }
                if byte == b'\n' {
                    (self.line, self.column) = (self.line + 1, 0);
                }
                self.column += 1;
                if end.is_some() {
                    break;
                }
                if self.text.len() < MAX_BYTES {
                    self.text.push(byte);
                }
                self.length += 1;
            }
            self.bytes.consume(used);
            if end.is_some() {
                self.drop_space_behind();
                return Ok(end);
            }
        }
    }

    /// White space behind an element is no part of it.
    fn drop_space_behind(&mut self) {
        if self.length == self.text.len() {
            self.text.truncate(self.text.trim_ascii_end().len());
            self.length = self.text.len();
        }
    }

    /// Only white space may follow the array.
    fn after_array(&mut self) -> io::Result<Option<Item<'_>>> {
        if self.shape == Shape::Over {
            return Ok(None);
        }
        self.shape = Shape::Over;
        let why = "something follows the end of the array; it is not read".to_owned();
        let follows = self.skip_space()?.is_some();
        Ok(follows.then_some(Item { line: self.line, column: self.column, text: Err(why) }))
    }

    /// The next byte that is no white space, left where it is; `None` at the end.
    fn skip_space(&mut self) -> io::Result<Option<u8>> {
        loop {
            match fill(&mut self.bytes)?.first() {
                Some(&byte) if matches!(byte, b' ' | b'\t' | b'\r' | b'\n') => self.step(byte),
                other => return Ok(other.copied()),
            }
        }
    }

    /// Goes past a byte that was looked at.
    fn step(&mut self, byte: u8) {
        self.bytes.consume(1);
        match byte {
            b'\n' => (self.line, self.column) = (self.line + 1, 1),
            _ => self.column += 1,
        }
    }
}

/// What is there to be read, at least a byte of it unless the stream is over.
fn fill(bytes: &mut BufReader<impl Read>) -> io::Result<&[u8]> {
    // A signal may interrupt a read; that is no error. (Asked twice, for the borrow checker does not see that what
    // is returned early is not held on to.)
    while let Err(error) = bytes.fill_buf() {
        if error.kind() != io::ErrorKind::Interrupted {
            return Err(error);
        }
    }
    bytes.fill_buf()
}
