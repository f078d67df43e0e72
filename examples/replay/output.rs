//! Firings to stdout, complaints to stderr, in the order in which they happen.

use std::io::{self, BufWriter, ErrorKind, StdoutLock, Write};

use crate::Stop;

pub(crate) struct Output(BufWriter<StdoutLock<'static>>);

impl Output {
    pub(crate) fn new() -> Self {
        Self(BufWriter::with_capacity(64 << 10, io::stdout().lock()))
    }

    pub(crate) fn line(&mut self, text: &str) -> Result<(), Stop> {
        self.0.write_all(text.as_bytes()).and_then(|()| self.0.write_all(b"\n")).map_err(stop)
    }

    pub(crate) fn flush(&mut self) -> Result<(), Stop> {
        self.0.flush().map_err(stop)
    }

    /// A line to stderr, after all that was printed before it.
    pub(crate) fn complain(&mut self, text: &str) -> Result<(), Stop> {
        self.flush()?;
        // Where stderr is closed there is nowhere left to complain.
        let _ = writeln!(io::stderr(), "{text}");
        Ok(())
    }
}

/// A text to stdout, and that is all.
pub(crate) fn print_once(text: &str) -> Result<(), Stop> {
    let mut output = Output::new();
    output.line(text.trim_end())?;
    output.flush()
}

fn stop(error: io::Error) -> Stop {
    match error.kind() {
        ErrorKind::BrokenPipe => Stop::Closed,
        _ => Stop::failed(format!("stdout: {error}")),
    }
}
