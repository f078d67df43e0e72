//! The other format: the diagnostic log of Dynamics 365 Customer Insights, read as events.

use std::io::{self, Read};

use tripline::Error;
use tripline::builtin::customer_insights::{LogReader, LogReport};
use tripline::event::Event;

/// How much is read at once.
const PIECE: usize = 64 << 10;

/// A stream read piece by piece; what is kept of it is one record and one piece.
pub(crate) struct Log {
    bytes: Box<dyn Read>,
    reader: LogReader,
    piece: Vec<u8>,
    is_over: bool,
}

impl Log {
    pub(crate) fn new(bytes: Box<dyn Read>) -> Self {
        Self { bytes, reader: LogReader::new(), piece: vec![0; PIECE], is_over: false }
    }

    /// The next event, or why a record gives none; `None` at the end.
    pub(crate) fn next(&mut self) -> io::Result<Option<Result<Event<'static>, Error>>> {
        loop {
            if let Some(event) = self.reader.poll_event() {
                return Ok(Some(event));
            }
            if self.is_over {
                return Ok(None);
            }
            match self.bytes.read(&mut self.piece) {
                Ok(0) => {
                    self.reader.finish();
                    self.is_over = true;
                }
                Ok(length) => {
                    if let Err(error) = self.reader.push(&self.piece[..length]) {
                        return Ok(Some(Err(error)));
                    }
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
    }

    /// What came of the records.
    pub(crate) fn report(&self) -> &LogReport {
        self.reader.report()
    }
}
