//! The text cut into records, however it comes in pieces and whatever stands
//! around them: lines, arrays, `{"records":[…]}`. It holds one record and the
//! piece handed in last.
//!
//! Where a record cannot be told from what follows it, reading goes on at the
//! next line that starts with a bracket: the line after the one in which the
//! record starts, so that a line cut short does not cost the next.

use std::ops::Range;

use super::scan::{Scanned, Scanner, is_space};
use crate::error::{Error, ErrorKind};

/// For every byte of the text, how many may be read again after a fault. A text
/// made to be read again and again is read in time that grows with its length.
const READ_AGAIN: u64 = 16;

const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// Cuts a text into records.
#[derive(Debug, Clone)]
pub(super) struct Framer {
    max_bytes: usize,
    buffer: Vec<u8>,
    /// In the buffer, where what is being read starts.
    start: usize,
    /// In the buffer, the next byte to look at.
    at: usize,
    /// In the text, where `start` is.
    spot: Spot,
    ended: bool,
    state: State,
    array: Option<Spot>,
    wrapper: Option<Spot>,
    /// After a fault: commas and closing brackets of what it broke off stand between records.
    loose: bool,
    read_again: u64,
}

/// A place in the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Spot {
    /// Bytes before it.
    pub(super) offset: u64,
    line: u64,
    column: u64,
    /// Nothing but space stands before it in its line.
    leads: bool,
}

/// What the text holds next.
#[derive(Debug)]
pub(super) enum Frame {
    /// One element, whole: where in [`Framer::bytes`], until the next is asked for, and where in the text.
    Record(Range<usize>, Spot),
    /// Something that is no record.
    Refused(Refused),
}

/// A stretch of the text that gives nothing, and why.
#[derive(Debug)]
pub(super) struct Refused {
    pub(super) error: Error,
    /// What is wrong, in a word for the report.
    pub(super) name: &'static str,
    /// How many bytes were passed over, of which nobody knows what they held.
    pub(super) lost: u64,
}

#[derive(Debug, Clone)]
enum State {
    /// Between records. A value may come, where a comma is needed before it.
    Between {
        separated: bool,
    },
    Record(Scanner),
    /// In a record that is over the bound; it started at this spot.
    TooLong(Scanner, Spot),
    /// In what follows the records of a wrapper.
    Rest(Scanner),
    /// On the way to the next line that starts with a bracket.
    Lost {
        from: Spot,
        why: String,
    },
}

impl Framer {
    pub(super) fn new(max_bytes: usize) -> Self {
        Self {
            max_bytes,
            buffer: Vec::new(),
            start: 0,
            at: 0,
            spot: Spot::FIRST,
            ended: false,
            state: State::Between { separated: true },
            array: None,
            wrapper: None,
            loose: false,
            read_again: 0,
        }
    }

    pub(super) fn set_max_bytes(&mut self, bytes: usize) {
        self.max_bytes = bytes;
    }

    /// Takes the next piece of the text; of a new text, where the last has ended.
    pub(super) fn push(&mut self, piece: &[u8]) {
        if self.ended {
            let buffer = std::mem::take(&mut self.buffer);
            *self = Self { buffer, ..Self::new(self.max_bytes) };
            self.buffer.clear();
        }
        self.buffer.drain(..self.start);
        self.at -= self.start;
        self.start = 0;
        self.buffer.extend_from_slice(piece);
    }

    /// No more pieces come.
    pub(super) fn finish(&mut self) {
        self.ended = true;
    }

    /// Where in the text reading has come to: before what is not whole yet.
    pub(super) fn spot(&self) -> Spot {
        match &self.state {
            State::TooLong(_, from) | State::Lost { from, .. } => *from,
            _ => self.spot,
        }
    }

    /// The bytes of a [`Frame::Record`].
    pub(super) fn bytes(&self, range: Range<usize>) -> &[u8] {
        &self.buffer[range]
    }

    /// The next record or fault; `None` until more is pushed.
    pub(super) fn next(&mut self) -> Option<Frame> {
        loop {
            let step = match std::mem::replace(&mut self.state, State::Between { separated: true }) {
                State::Between { separated } => self.between(separated),
                State::Record(scanner) => self.record(scanner),
                State::TooLong(scanner, from) => self.too_long(scanner, from),
                State::Rest(scanner) => self.rest(scanner),
                State::Lost { from, why } => self.lost(from, why),
            };
            match step {
                Step::On => {}
                Step::Wait => return None,
                Step::Give(frame) => return Some(frame),
            }
        }
    }

    fn between(&mut self, separated: bool) -> Step {
        self.state = State::Between { separated };
        self.at += self.buffer[self.at..].iter().take_while(|&&byte| is_space(byte)).count();
        self.take();
        let rest = &self.buffer[self.at..];
        let Some(&byte) = rest.first() else { return self.end_between() };
        if self.spot.offset == 0 && byte == BYTE_ORDER_MARK[0] {
            if rest.len() < BYTE_ORDER_MARK.len() && BYTE_ORDER_MARK.starts_with(rest) && !self.ended {
                return Step::Wait;
            }
            if rest.starts_with(BYTE_ORDER_MARK) {
                self.skip(BYTE_ORDER_MARK.len());
                return Step::On;
            }
        }
        let listed = self.array.is_some() || self.wrapper.is_some();
        match byte {
            b']' if listed => {
                self.skip(1);
                if self.wrapper.take().is_some() {
                    self.state = State::Rest(Scanner::behind_member());
                } else {
                    self.array = None;
                }
            }
            b',' if listed => {
                self.state = State::Between { separated: true };
                self.skip(1);
            }
            b',' | b']' | b'}' if !listed && self.loose => self.skip(1),
            b'[' if !listed => {
                self.array = Some(self.spot);
                self.state = State::Between { separated: true };
                self.skip(1);
            }
            b'{' if !listed => self.state = State::Record(Scanner::new()),
            _ if listed && separated && !matches!(byte, b'}' | b':') => {
                self.state = State::Record(Scanner::new());
            }
            _ => {
                let expected = match (listed, separated) {
                    (false, _) => "a record",
                    (true, true) => "a record or `]`",
                    (true, false) => "`,` or `]`",
                };
                self.lose(self.spot, expected);
            }
        }
        Step::On
    }

    fn end_between(&mut self) -> Step {
        if !self.ended {
            return Step::Wait;
        }
        let open = match (self.array.take(), self.wrapper.take()) {
            (None, None) => return Step::Wait,
            (_, Some(spot)) => format!("the records that start at {}", spot.place()),
            (Some(spot), None) => format!("the array that starts at {}", spot.place()),
        };
        self.refuse(
            self.spot,
            ErrorKind::Syntax,
            format!("the text ends before `]` closes {open}"),
            SYNTAX,
            0,
        )
    }

    fn record(&mut self, mut scanner: Scanner) -> Step {
        let (read, scanned) = scanner.scan(&self.buffer[self.at..]);
        self.at += read;
        let length = self.at - self.start;
        match scanned {
            Scanned::Records if self.wrapper.is_none() => self.unwrap(),
            Scanned::Records => self.state = State::Record(scanner),
            Scanned::End if length <= self.max_bytes => {
                let frame = Frame::Record(self.start..self.at, self.spot);
                self.take();
                self.state = State::Between { separated: false };
                return Step::Give(frame);
            }
            Scanned::End => return self.refuse_length(self.spot),
            _ if length > self.max_bytes => {
                let from = self.spot;
                self.take();
                if let Scanned::Fault(expected) = scanned {
                    self.lose(from, expected);
                } else {
                    self.state = State::TooLong(scanner, from);
                }
            }
            Scanned::Fault(expected) => self.lose_record(expected),
            Scanned::More if self.ended => self.lose_record("the rest of a record"),
            Scanned::More => {
                self.state = State::Record(scanner);
                return Step::Wait;
            }
        }
        Step::On
    }

    fn too_long(&mut self, mut scanner: Scanner, from: Spot) -> Step {
        let (read, scanned) = scanner.scan(&self.buffer[self.at..]);
        self.at += read;
        self.take();
        match scanned {
            Scanned::Records if self.wrapper.is_none() => self.unwrap(),
            Scanned::Records => self.state = State::TooLong(scanner, from),
            Scanned::End => return self.refuse_length(from),
            Scanned::Fault(expected) => self.lose(from, expected),
            Scanned::More if self.ended => return self.refuse_length(from),
            Scanned::More => {
                self.state = State::TooLong(scanner, from);
                return Step::Wait;
            }
        }
        Step::On
    }

    /// What was read as a record is a wrapper, and its records come next.
    fn unwrap(&mut self) {
        self.wrapper = Some(self.spot);
        self.take();
        self.state = State::Between { separated: true };
    }

    fn rest(&mut self, mut scanner: Scanner) -> Step {
        let (read, scanned) = scanner.scan(&self.buffer[self.at..]);
        self.at += read;
        self.take();
        match scanned {
            Scanned::End => self.state = State::Between { separated: false },
            Scanned::Records => {
                self.state = State::Rest(scanner);
                let message =
                    "the key \"records\" comes twice in one object; the second array is passed over";
                return self.refuse(self.spot, ErrorKind::Invalid, message.to_owned(), "records", 0);
            }
            Scanned::Fault(expected) => self.lose(self.spot, expected),
            Scanned::More if self.ended => self.lose(self.spot, "the rest of the object around the records"),
            Scanned::More => {
                self.state = State::Rest(scanner);
                return Step::Wait;
            }
        }
        Step::On
    }

    /// The record that starts at `start` cannot end: the byte that comes next belongs to no value.
    fn lose_record(&mut self, expected: &str) {
        let from = self.spot;
        let (start, fault) = (self.start, self.at);
        let mut spot = from;
        spot.pass(&self.buffer[start..fault]);
        let why = self.why(spot, expected);
        let line = self.buffer[start..fault].iter().position(|&byte| byte == b'\n');
        if let Some(next) = line.map(|newline| start + newline + 1) {
            let again = self.read_again + (fault - next) as u64;
            if again <= READ_AGAIN * spot.offset {
                self.read_again = again;
                self.at = next;
            }
        }
        self.take();
        self.state = State::Lost { from, why };
    }

    /// The byte that comes next belongs to no value; what starts at `from` gives nothing.
    fn lose(&mut self, from: Spot, expected: &str) {
        let why = self.why(self.spot, expected);
        self.state = State::Lost { from, why };
    }

    fn why(&self, spot: Spot, expected: &str) -> String {
        let found = match self.buffer.get(self.at) {
            None => "the end of the text".to_owned(),
            Some(byte) if byte.is_ascii_graphic() => format!("{:?}", char::from(*byte)),
            Some(b'\n') => "the end of the line".to_owned(),
            Some(byte) => format!("the byte 0x{byte:02x}"),
        };
        format!("expected {expected} at {}, found {found}", spot.place())
    }

    fn lost(&mut self, from: Spot, why: String) -> Step {
        self.array = None;
        self.wrapper = None;
        loop {
            let rest = &self.buffer[self.at..];
            if !self.spot.leads {
                let line = rest.iter().position(|&byte| byte == b'\n').map(|newline| newline + 1);
                self.skip(line.unwrap_or(rest.len()));
            } else {
                self.skip(rest.iter().take_while(|&&byte| is_space(byte)).count());
            }
            match self.buffer.get(self.at) {
                None if !self.ended => {
                    self.state = State::Lost { from, why };
                    return Step::Wait;
                }
                Some(byte) if !(self.spot.leads && matches!(byte, b'{' | b'[')) => self.skip(1),
                _ => break,
            }
        }
        self.loose = true;
        let lost = self.spot.offset - from.offset;
        let message = match lost {
            0 => why,
            1 => format!("{why}; 1 byte is lost"),
            _ => format!("{why}; {lost} bytes are lost"),
        };
        self.refuse(from, ErrorKind::Syntax, message, SYNTAX, lost)
    }

    /// The record that starts at `from` and ends here, or with the text, is over the bound.
    fn refuse_length(&mut self, from: Spot) -> Step {
        self.take();
        self.state = State::Between { separated: false };
        let length = self.spot.offset - from.offset;
        let message = format!("the record has {length} bytes, over the limit of {}", self.max_bytes);
        self.refuse(from, ErrorKind::Limit, message, "bytes", length)
    }

    fn refuse(&self, at: Spot, kind: ErrorKind, message: String, name: &'static str, lost: u64) -> Step {
        let error = Error::new(kind, message).at(at.place());
        Step::Give(Frame::Refused(Refused { error, name, lost }))
    }

    /// Is done with `count` more bytes.
    fn skip(&mut self, count: usize) {
        self.at += count;
        self.take();
    }

    /// Is done with all before `at`.
    fn take(&mut self) {
        self.spot.pass(&self.buffer[self.start..self.at]);
        self.start = self.at;
    }
}

/// In a report: what is no JSON.
pub(super) const SYNTAX: &str = "JSON";

enum Step {
    On,
    Wait,
    Give(Frame),
}

impl Spot {
    const FIRST: Self = Self { offset: 0, line: 1, column: 1, leads: true };

    /// `line:column`, both from 1; columns count bytes.
    pub(super) fn place(self) -> String {
        format!("{}:{}", self.line, self.column)
    }

    /// Moves over `bytes`.
    pub(super) fn pass(&mut self, bytes: &[u8]) {
        self.offset += bytes.len() as u64;
        let line = match bytes.iter().rposition(|&byte| byte == b'\n') {
            None => bytes,
            Some(newline) => {
                self.line += bytes.iter().filter(|&&byte| byte == b'\n').count() as u64;
                self.column = 1;
                self.leads = true;
                &bytes[newline + 1..]
            }
        };
        self.column += line.len() as u64;
        self.leads &= line == BYTE_ORDER_MARK || line.iter().all(|&byte| is_space(byte));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_array_of_any_size_needs_memory_for_one_record_and_one_piece() {
        let (max_bytes, piece) = (4 << 10, 1 << 10);
        let mut text = b"{\"records\":[".to_vec();
        while text.len() < 4 << 20 {
            text.extend_from_slice(b"{\"a\":[1,{\"b\":\"c\"}]}, ");
            // Over the bound, and white space without end.
            text.extend_from_slice(&[b"{\"a\":\"", &[b'x'; 10_000][..], b"\"},"].concat());
            text.extend_from_slice(&[b' '; 10_000]);
        }
        let mut framer = Framer::new(max_bytes);
        let mut records = 0;
        for piece in text.chunks(piece) {
            framer.push(piece);
            records += std::iter::from_fn(|| framer.next()).count();
            assert!(
                framer.buffer.capacity() <= 2 * (max_bytes + piece.len()),
                "{}",
                framer.buffer.capacity()
            );
        }
        assert!(records > 400, "{records}");
    }

    #[test]
    fn a_text_made_to_be_read_again_is_read_again_only_so_often() {
        let text = "{\"a\":\n".repeat(30_000) + "\"\n{}";
        let mut framer = Framer::new(1 << 20);
        framer.push(text.as_bytes());
        framer.finish();
        let frames: Vec<Frame> = std::iter::from_fn(|| framer.next()).collect();
        assert!(
            matches!(frames.last(), Some(Frame::Record(range, _)) if range.len() == 2),
            "the last is found"
        );
        let again = framer.read_again;
        assert!(again > 0 && again <= READ_AGAIN * text.len() as u64, "{again} bytes were read again");
    }
}
