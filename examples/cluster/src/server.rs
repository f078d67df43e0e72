//! A `nats-server` of one's own, on the loopback.

use std::fmt;
use std::fs::{self, File};
use std::io::{self, Read};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

/// What a program ends with where there is no `nats-server`.
pub const MISSING: u8 = 3;

/// Where it may lie besides the folders of `PATH`: Debian's package puts it where only root looks.
const BESIDES: [&str; 3] = ["/usr/sbin", "/usr/local/sbin", "/usr/local/bin"];

/// The largest message, in bytes: a batch of the journal is one.
const MAX_PAYLOAD: usize = 8 << 20;

/// How long it may take until it answers, with all that it finds in its folder.
const PATIENCE: Duration = Duration::from_secs(30);

/// A server as a child of this process, with JetStream in a folder. It is killed when this is dropped.
#[derive(Debug)]
pub struct Server {
    binary: PathBuf,
    folder: PathBuf,
    port: u16,
    child: Option<Child>,
}

/// Why there is no server.
#[derive(Debug)]
#[non_exhaustive]
pub enum Failure {
    /// Nothing was started: the program is not on this machine.
    Missing,
    /// It is there and does not do what it should.
    Io(io::Error),
}

impl Server {
    /// Starts one in this folder, which is made where it is not there, and waits until it answers.
    ///
    /// # Errors
    ///
    /// [`Failure::Missing`] where there is no `nats-server`, before anything is made; [`Failure::Io`] where it cannot be started or does
    /// not answer.
    pub fn start_in(folder: impl AsRef<Path>) -> Result<Self, Failure> {
        let binary = find().ok_or(Failure::Missing)?;
        let folder = folder.as_ref().to_path_buf();
        fs::create_dir_all(&folder)?;
        // Free a moment ago, and nobody asks for a port by number here: the next ones are given out in turn.
        let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port();
        // No sync_interval: 2.9 refuses the word, and syncs every two minutes.
        let config = format!(
            "listen: \"127.0.0.1:{port}\"\nmax_payload: {MAX_PAYLOAD}\nwrite_deadline: \"10s\"\n\
             jetstream {{\n  store_dir: {:?}\n}}\n",
            folder.join("jetstream")
        );
        fs::write(folder.join("nats.conf"), config)?;
        let mut server = Self { binary, folder, port, child: None };
        server.start()?;
        Ok(server)
    }

    /// Where it keeps everything.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Where it listens, as [`Link::connect`](crate::nats::Link::connect) takes it.
    pub fn address(&self) -> String {
        SocketAddr::from((Ipv4Addr::LOCALHOST, self.port)).to_string()
    }

    /// The number of its process, where it runs.
    pub fn pid(&self) -> Option<u32> {
        self.child.as_ref().map(Child::id)
    }

    /// SIGKILL; it comes back with [`start`](Self::start).
    ///
    /// # Errors
    ///
    /// As the system says.
    pub fn kill(&mut self) -> io::Result<()> {
        let Some(mut child) = self.child.take() else { return Ok(()) };
        child.kill()?;
        child.wait().map(drop)
    }

    /// Starts it on the same port and folder, where it does not run, and waits until it answers.
    ///
    /// # Errors
    ///
    /// As the system says; with the end of what it has written where it ends by itself.
    pub fn start(&mut self) -> io::Result<()> {
        if self.child.is_some() {
            return Ok(());
        }
        let log = self.folder.join("nats.log");
        let output = File::options().create(true).append(true).open(&log)?;
        let child = Command::new(&self.binary)
            .arg("--config")
            .arg(self.folder.join("nats.conf"))
            .stdin(Stdio::null())
            .stdout(output.try_clone()?)
            .stderr(output)
            .spawn()?;
        let child = self.child.insert(child);
        let end = Instant::now() + PATIENCE;
        while !answers(self.port) {
            if let Some(status) = child.try_wait()? {
                self.child = None;
                let said = fs::read_to_string(&log).unwrap_or_default();
                let last = said.lines().last().unwrap_or("nothing");
                return Err(io::Error::other(format!("nats-server ended with {status}; it said: {last}")));
            }
            if Instant::now() > end {
                return Err(io::Error::new(io::ErrorKind::TimedOut, "nats-server does not answer"));
            }
            thread::sleep(Duration::from_millis(5));
        }
        Ok(())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It is a child of ours and ends with us, whatever the system says.
        let _ = self.kill();
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing => f.write_str(
                "nats-server is not installed, and nothing was started; on Debian and its kin: apt-get install nats-server",
            ),
            Self::Io(error) => write!(f, "nats-server: {error}"),
        }
    }
}

impl std::error::Error for Failure {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Missing => None,
            Self::Io(error) => Some(error),
        }
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

/// The program: what `TRIPLINE_NATS_SERVER` names, or the first in the folders of `PATH` and some more.
pub fn find() -> Option<PathBuf> {
    if let Some(named) = std::env::var_os("TRIPLINE_NATS_SERVER") {
        return Some(named.into()).filter(|program: &PathBuf| program.is_file());
    }
    let path = std::env::var_os("PATH").unwrap_or_default();
    find_in(std::env::split_paths(&path).chain(BESIDES.map(PathBuf::from)))
}

fn find_in(folders: impl IntoIterator<Item = PathBuf>) -> Option<PathBuf> {
    folders.into_iter().map(|folder| folder.join("nats-server")).find(|program| program.is_file())
}

/// Whether it greets whoever connects, as it does once its streams are there.
fn answers(port: u16) -> bool {
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    let Ok(mut stream) = TcpStream::connect_timeout(&address, Duration::from_millis(200)) else {
        return false;
    };
    let mut greeting = [0; 4];
    stream.set_read_timeout(Some(Duration::from_millis(200))).is_ok()
        && stream.read_exact(&mut greeting).is_ok()
        && &greeting == b"INFO"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_found_in_the_first_folder_that_has_it_and_nowhere_else() {
        let folder = std::env::temp_dir().join(format!("cluster-find-{}", std::process::id()));
        let [empty, one, other] = ["empty", "one", "other"].map(|name| folder.join(name));
        for folder in [&empty, &one, &other] {
            fs::create_dir_all(folder).unwrap();
        }
        fs::write(one.join("nats-server"), "").unwrap();
        fs::write(other.join("nats-server"), "").unwrap();
        assert_eq!(find_in([empty.clone(), one.clone(), other]), Some(one.join("nats-server")));
        assert_eq!(find_in([empty]), None);
        fs::remove_dir_all(folder).unwrap();
    }

    #[test]
    fn whoever_has_none_is_told_what_is_missing_how_to_get_it_and_that_nothing_was_started() {
        let told = Failure::Missing.to_string();
        for part in ["nats-server is not installed", "nothing was started", "apt-get install nats-server"] {
            assert!(told.contains(part), "{told}");
        }
    }
}
