//! The service, as a process of its own.

use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

pub const SIGNING_SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

/// For whatever a test waits for that must come.
const PATIENCE: Duration = Duration::from_secs(60);

/// A folder for one test, empty at its beginning.
pub fn folder(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("{name}-{}", std::process::id()));
    let _ = std::fs::remove_dir_all(&folder);
    std::fs::create_dir_all(&folder).unwrap();
    folder
}

/// A running service; it is killed when this is dropped.
pub struct Service {
    child: Child,
    lines: mpsc::Receiver<String>,
    /// What it has said on stderr so far, as far as anyone has looked.
    pub said: Vec<String>,
}

/// The command for a service that delivers to the connection `board` at this address.
pub fn command(folder: &Path, flows: &str, board: SocketAddr) -> Command {
    let file = folder.join("flows.json");
    std::fs::write(&file, flows).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_service"));
    command
        .arg("--flows")
        .arg(file)
        .arg("--journal")
        .arg(folder.join("journal"))
        .args(["--allow-loopback", "--progress", "1"])
        .env("BOARD_URL", format!("http://{board}/in"))
        .env("BOARD_SIGNING_SECRET", SIGNING_SECRET)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped());
    command
}

impl Service {
    pub fn start(command: &mut Command) -> Self {
        let mut child = command.spawn().unwrap();
        let stderr = BufReader::new(child.stderr.take().unwrap());
        let (sender, lines) = mpsc::channel();
        thread::spawn(move || {
            for line in stderr.lines() {
                let _ = sender.send(line.unwrap());
            }
        });
        Self { child, lines, said: Vec::new() }
    }

    /// Waits for a line that begins so; the rest of it.
    pub fn wait_for(&mut self, beginning: &str) -> String {
        loop {
            match self.lines.recv_timeout(PATIENCE) {
                Ok(line) => {
                    self.said.push(line.clone());
                    if let Some(rest) = line.strip_prefix(beginning) {
                        return rest.to_owned();
                    }
                }
                Err(error) => panic!("it does not say {beginning:?}: {error}; {:?}", self.said),
            }
        }
    }

    /// Where it listens.
    pub fn address(&mut self) -> SocketAddr {
        self.wait_for("listening on http://").parse().unwrap()
    }

    /// SIGKILL.
    pub fn kill(mut self) -> Vec<String> {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
        self.heard()
    }

    /// SIGTERM, and how it ended.
    pub fn terminate(mut self) -> (ExitStatus, Vec<String>) {
        let pid = self.child.id().to_string();
        assert!(Command::new("kill").args(["-TERM", &pid]).status().unwrap().success());
        let status = self.child.wait().unwrap();
        (status, self.heard())
    }

    /// All that it has said, once it has ended.
    fn heard(&mut self) -> Vec<String> {
        let mut said = std::mem::take(&mut self.said);
        while let Ok(line) = self.lines.recv_timeout(PATIENCE) {
            said.push(line);
        }
        said
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
