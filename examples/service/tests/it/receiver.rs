//! Who is delivered to: counts, and answers as badly as it is told to.

use std::collections::BTreeMap;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use chrono::Utc;
use http::{HeaderMap, HeaderName, HeaderValue};
use tripline::webhook::{SigningSecret, Verifier};

use crate::child::SIGNING_SECRET;

/// What becomes of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answer {
    Take,
    TakeSlowly,
    /// It is taken, and the connection ends without an answer.
    TakeAndSayNothing,
    /// 503, and it is not taken.
    Refuse,
}

#[derive(Debug, Default)]
pub struct Received {
    /// By its id: the body, and how often it came.
    pub by_id: BTreeMap<String, (Vec<u8>, usize)>,
    /// Taken, and nothing was said.
    pub lost_replies: usize,
    /// What must not be: a bad signature, other bytes under the same id.
    pub faults: Vec<String>,
    requests: u64,
}

impl Received {
    pub fn repeats(&self) -> usize {
        self.by_id.values().map(|(_, times)| times - 1).sum()
    }

    fn take(&mut self, headers: &HeaderMap, body: &[u8]) {
        let verifier = Verifier::new([SigningSecret::parse(SIGNING_SECRET).unwrap()]).unwrap();
        let id = match verifier.verify(Utc::now(), headers, body) {
            Ok(verified) => verified.id().to_owned(),
            Err(error) => return self.faults.push(format!("the signature: {error}")),
        };
        let (first, times) = self.by_id.entry(id.clone()).or_insert_with(|| (body.to_vec(), 0));
        *times += 1;
        if *first != body {
            self.faults.push(format!("{id} came with other bytes"));
        }
    }
}

/// A receiver on the loopback, for as long as the test's process runs.
#[derive(Clone)]
pub struct Receiver {
    pub address: SocketAddr,
    pub received: Arc<Mutex<Received>>,
}

impl Receiver {
    /// `answer` is given the number of the request.
    pub fn start(answer: impl Fn(u64) -> Answer + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let this = Self { address: listener.local_addr().unwrap(), received: Arc::default() };
        let (received, answer) = (Arc::clone(&this.received), Arc::new(answer));
        thread::spawn(move || {
            for connection in listener.incoming().flatten() {
                let (received, answer) = (Arc::clone(&received), Arc::clone(&answer));
                // A connection that breaks, as it does when the service is killed, is nobody's fault.
                thread::spawn(move || serve(&connection, &received, &*answer));
            }
        });
        this
    }
}

fn serve(
    connection: &TcpStream,
    received: &Mutex<Received>,
    answer: &dyn Fn(u64) -> Answer,
) -> io::Result<()> {
    let mut reader = BufReader::new(connection);
    while let Some((headers, body)) = request(&mut reader)? {
        let what = {
            let mut received = received.lock().unwrap();
            received.requests += 1;
            let what = answer(received.requests);
            if what != Answer::Refuse {
                received.take(&headers, &body);
            }
            received.lost_replies += usize::from(what == Answer::TakeAndSayNothing);
            what
        };
        let status = match what {
            Answer::TakeAndSayNothing => return Ok(()),
            Answer::Refuse => "503 Service Unavailable",
            Answer::Take => "204 No Content",
            Answer::TakeSlowly => {
                thread::sleep(Duration::from_millis(100));
                "204 No Content"
            }
        };
        let mut connection = connection;
        connection.write_all(format!("HTTP/1.1 {status}\r\ncontent-length: 0\r\n\r\n").as_bytes())?;
    }
    Ok(())
}

/// The next request of a connection that is kept: headers and body. One that is cut off is none.
fn request(reader: &mut BufReader<&TcpStream>) -> io::Result<Option<(HeaderMap, Vec<u8>)>> {
    let mut headers = HeaderMap::new();
    let mut line = String::new();
    if reader.read_line(&mut line)? == 0 {
        return Ok(None);
    }
    loop {
        line.clear();
        if reader.read_line(&mut line)? == 0 {
            return Ok(None);
        }
        let Some((name, value)) = line.trim_end().split_once(": ") else { break };
        headers.append(name.parse::<HeaderName>().unwrap(), HeaderValue::from_str(value).unwrap());
    }
    let length = headers.get("content-length").map_or("0", |length| length.to_str().unwrap());
    let mut body = vec![0; length.parse().unwrap()];
    reader.read_exact(&mut body)?;
    Ok(Some((headers, body)))
}
