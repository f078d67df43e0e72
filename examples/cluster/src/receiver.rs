//! Who is told: counts, and remembers.

use std::collections::HashMap;
use std::io::{self, BufRead, BufReader, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use crate::actions::{Note, TAKEN};

/// A receiver on a port of its own, for as long as this process lives.
#[derive(Debug, Clone)]
pub struct Receiver {
    address: SocketAddr,
    /// How long a note takes.
    takes: Duration,
    received: Arc<Mutex<Received>>,
}

/// What has come.
#[derive(Debug, Default)]
pub struct Received {
    /// By its id, as it came first.
    pub notes: HashMap<String, Note>,
    /// How often one came that had come before.
    pub repeats: usize,
    /// Ids that came again with something else to say.
    pub changed: Vec<String>,
}

impl Receiver {
    /// Begins to listen on the loopback. It has a note at once, and says so after this time.
    ///
    /// # Errors
    ///
    /// As the system says.
    pub fn start(takes: Duration) -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        let this = Self { address: listener.local_addr()?, takes, received: Arc::default() };
        let receiver = this.clone();
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let receiver = receiver.clone();
                // Whoever is killed or paused in the middle holds up nobody else, and has told nothing.
                thread::spawn(move || drop(receiver.take(stream)));
            }
        });
        Ok(this)
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// What has come so far.
    pub fn received(&self) -> MutexGuard<'_, Received> {
        self.received.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn take(&self, mut stream: TcpStream) -> io::Result<()> {
        let mut line = String::new();
        BufReader::new(&stream).read_line(&mut line)?;
        if !line.ends_with('\n') {
            return Ok(());
        }
        let note: Note = serde_json::from_str(&line)?;
        self.received().note(note);
        thread::sleep(self.takes);
        stream.write_all(TAKEN)
    }
}

impl Received {
    fn note(&mut self, note: Note) {
        if let Some(first) = self.notes.get(&note.id) {
            self.repeats += 1;
            if *first != note {
                self.changed.push(note.id);
            }
            return;
        }
        self.notes.insert(note.id.clone(), note);
    }
}
