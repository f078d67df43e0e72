//! A connection to a mail server on which every command gets one reply.

use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::task::{Context, Poll};

use lettre::transport::smtp::client::AsyncTokioStream;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

/// Most bytes from one command to the next: a reply, or the server's part of a TLS handshake.
const MOST: usize = 64 << 10;

/// A connection to a mail server that may say no more than it is asked for.
///
/// What arrives together with the answer to `STARTTLS` was said by anybody: a client that keeps it takes it for the
/// answers to what it says over TLS, and believes that a message is delivered which nobody has (Poddebniak and others,
/// "Why TLS Is Better Without STARTTLS", 2021, section 5). And what never ends is not kept until memory does.
#[derive(Debug)]
pub(crate) struct SmtpStream {
    stream: TcpStream,
    /// Bytes read since something was written.
    read: usize,
    /// `None` as soon as TLS speaks: it sees for itself that nothing is put in.
    plain: Option<Plain>,
}

impl SmtpStream {
    pub(crate) fn new(stream: TcpStream) -> Self {
        Self { stream, read: 0, plain: Some(Plain::default()) }
    }
}

/// How far the reply has been read that is awaited.
#[derive(Debug, Default)]
struct Plain {
    /// Bytes of the line that is being read.
    column: usize,
    /// Whether more lines follow this one.
    goes_on: bool,
    is_over: bool,
    /// Whether what was asked for is TLS.
    is_upgrading: bool,
}

impl Plain {
    /// Whether it was asked for.
    fn reads(&mut self, bytes: &[u8]) -> bool {
        bytes.iter().all(|byte| {
            let is_due = !self.is_over;
            match byte {
                b'\n' => {
                    self.is_over = !self.goes_on;
                    (self.column, self.goes_on) = (0, false);
                }
                _ => {
                    // `250-` begins a line that is not the last (RFC 5321, section 4.2.1).
                    self.goes_on |= self.column == 3 && *byte == b'-';
                    self.column += 1;
                }
            }
            is_due
        })
    }
}

impl AsyncRead for SmtpStream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let polled = Pin::new(&mut self.stream).poll_read(context, buffer);
        let bytes = &buffer.filled()[before..];
        self.read += bytes.len();
        let is_due = self.plain.as_mut().is_none_or(|plain| plain.reads(bytes));
        if !is_due || self.read > MOST {
            let error =
                io::Error::new(io::ErrorKind::InvalidData, "the server says more than it is asked for");
            return Poll::Ready(Err(error));
        }
        polled
    }
}

impl AsyncWrite for SmtpStream {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let polled = Pin::new(&mut self.stream).poll_write(context, bytes);
        if matches!(polled, Poll::Ready(Ok(_))) {
            self.read = 0;
            let is_asking = bytes.starts_with(b"STARTTLS");
            self.plain = match self.plain.take() {
                Some(plain) if plain.is_upgrading && plain.is_over => None,
                plain => plain.map(|_| Plain { is_upgrading: is_asking, ..Plain::default() }),
            };
        }
        polled
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

impl AsyncTokioStream for SmtpStream {
    fn peer_addr(&self) -> io::Result<SocketAddr> {
        self.stream.peer_addr()
    }
}

#[cfg(test)]
mod tests {
    use super::Plain;

    #[test]
    fn a_reply_ends_with_its_last_line() {
        for reply in ["220 ready\r\n", "250\r\n", "250-a\r\n250-b-\r\n250 c\r\n", "250-a\n250 b\n"] {
            let mut plain = Plain::default();
            assert!(plain.reads(reply.as_bytes()) && plain.is_over, "{reply:?}");
            assert!(!plain.reads(b"2"), "{reply:?}");
            // In pieces it is the same.
            let mut plain = Plain::default();
            assert!(reply.bytes().all(|byte| plain.reads(&[byte])) && plain.is_over, "{reply:?}");
            assert!(!Plain::default().reads(format!("{reply}250 ok\r\n").as_bytes()), "{reply:?}");
        }
        assert!(Plain::default().reads(b"250-a\r\n25"));
    }
}
