//! A server for one test.

use std::path::Path;
use std::process::Command;

use cluster::nats::Link;
use cluster::server::{Failure, Server};
use tokio::runtime::Runtime;
use tripline::journal::Batch;

pub struct World {
    pub server: Server,
    pub link: Link,
    pub runtime: Runtime,
}

impl Drop for World {
    fn drop(&mut self) {
        // What a failed test leaves is there to be looked at.
        if !std::thread::panicking() {
            let _ = self.server.kill();
            let _ = std::fs::remove_dir_all(self.server.folder());
        }
    }
}

impl World {
    /// An empty server, or nothing where none is installed.
    pub fn start(name: &str) -> Option<Self> {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("{name}-{}", std::process::id()));
        let _ = std::fs::remove_dir_all(&folder);
        let server = match Server::start_in(&folder) {
            Err(Failure::Missing) => {
                println!("skipped: nats-server is not installed");
                return None;
            }
            server => server.unwrap(),
        };
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        let link = Link::connect(runtime.handle(), &server.address()).unwrap();
        Some(Self { server, link, runtime })
    }

    /// SIGKILL, and back again.
    pub fn kill_server(&mut self) {
        self.server.kill().unwrap();
        self.server.start().unwrap();
    }

    /// SIGSTOP or SIGCONT.
    pub fn signal_server(&self, signal: &str) {
        let pid = self.server.pid().unwrap().to_string();
        assert!(Command::new("kill").args([signal, &pid]).status().unwrap().success());
    }

    /// As somebody else who has this server.
    pub fn other(&self) -> Link {
        Link::connect(self.runtime.handle(), &self.server.address()).unwrap()
    }

    /// What an operator does to a stream.
    pub fn jetstream<T>(&self, work: impl AsyncFnOnce(async_nats::jetstream::Context) -> T) -> T {
        self.runtime.block_on(async {
            let client = async_nats::connect(self.server.address()).await.unwrap();
            work(async_nats::jetstream::new(client)).await
        })
    }
}

/// A batch that can be told from every other.
pub fn batch(number: u64) -> Batch {
    let mut batch = Batch::new();
    batch.push(&number.to_le_bytes());
    batch.push(&vec![number.to_le_bytes()[0]; usize::try_from(number % 7).unwrap() * 1000]);
    batch
}
