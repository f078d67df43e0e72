//! The host, as a process of its own.

use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

/// Two subscribers, the second of which may watch one instance alone, and the host's own key.
pub const KEYS: &str = "\
subscriber ana k-1f5Yq0CrZ9wT2mUe
subscriber bo k-8sLp3Vt6XbNq1RdA /instances/contoso
host ops k-Zt5Gm2Qw7Hc4Ks9P
";
pub const ANA: &str = "k-1f5Yq0CrZ9wT2mUe";
pub const BO: &str = "k-8sLp3Vt6XbNq1RdA";
pub const OPS: &str = "k-Zt5Gm2Qw7Hc4Ks9P";

/// For whatever a test waits for that must come.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// A folder for one test, empty at its beginning.
pub fn folder(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("{name}-{}", std::process::id()));
    let _ = std::fs::remove_dir_all(&folder);
    std::fs::create_dir_all(&folder).unwrap();
    folder
}

/// The command for a host over the journal of this folder, whose callbacks may lead to this machine.
pub fn command(folder: &Path) -> Command {
    let keys = folder.join("keys");
    std::fs::write(&keys, KEYS).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_host"));
    command
        .arg("--journal")
        .arg(folder.join("journal"))
        .arg("--keys")
        .arg(keys)
        .args(["--listen", "127.0.0.1:0", "--allow-loopback"])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped());
    command
}

/// A running host; it is killed when this is dropped.
pub struct Host {
    child: Child,
    lines: mpsc::Receiver<String>,
    /// What it has said on stderr so far, as far as anyone has looked.
    pub said: Vec<String>,
    pub address: SocketAddr,
}

impl Host {
    pub fn start(command: &mut Command) -> Self {
        let mut child = command.stderr(Stdio::piped()).spawn().unwrap();
        let stderr = BufReader::new(child.stderr.take().unwrap());
        let (sender, lines) = mpsc::channel();
        thread::spawn(move || {
            for line in stderr.lines() {
                let _ = sender.send(line.unwrap());
            }
        });
        let mut host = Self { child, lines, said: Vec::new(), address: ([0, 0, 0, 0], 0).into() };
        host.address = host.wait_for("listening on http://").parse().unwrap();
        host
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

    /// SIGKILL.
    pub fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// SIGTERM, and how it ended.
    pub fn terminate(mut self) -> (ExitStatus, Vec<String>) {
        let pid = self.child.id().to_string();
        assert!(Command::new("kill").args(["-TERM", &pid]).status().unwrap().success());
        let status = self.child.wait().unwrap();
        let mut said = std::mem::take(&mut self.said);
        while let Ok(line) = self.lines.recv_timeout(PATIENCE) {
            said.push(line);
        }
        (status, said)
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
