//! Processes of this program: workers and a feeder, which can be killed and paused.

use std::ffi::OsString;
use std::io::{self, BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

/// How long the end of a process may take.
const PATIENCE: Duration = Duration::from_secs(30);

/// Between two looks at whether it has ended.
const LOOK: Duration = Duration::from_millis(10);

/// Where the program is, and how it is started.
#[derive(Debug, Clone)]
pub struct Program {
    pub binary: PathBuf,
    pub environment: Vec<(OsString, OsString)>,
}

/// A process, which is killed when this is dropped.
#[derive(Debug)]
pub struct Process {
    child: Child,
}

/// The lines that processes have said so far, each with the name of who said it.
#[derive(Debug, Clone, Default)]
pub struct Said(Arc<Mutex<Vec<(String, String)>>>);

impl Program {
    /// Starts it with these arguments; what it says is added to that, each line behind this name.
    ///
    /// # Errors
    ///
    /// As the system says.
    pub fn start(&self, name: &str, arguments: &[String], said: &Said) -> io::Result<Process> {
        let mut child = Command::new(&self.binary)
            .args(arguments)
            .envs(self.environment.iter().cloned())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        if let Some(stdout) = child.stdout.take() {
            let (said, name) = (said.clone(), name.to_owned());
            thread::spawn(move || {
                let lines = BufReader::new(stdout).lines().map_while(Result::ok);
                lines.for_each(|line| said.lines().push((name.clone(), line)));
            });
        }
        Ok(Process { child })
    }
}

impl Process {
    /// SIGKILL.
    ///
    /// # Errors
    ///
    /// As the system says.
    pub fn kill(mut self) -> io::Result<()> {
        self.child.kill()?;
        self.child.wait().map(drop)
    }

    /// SIGSTOP: it stands still, and does not know.
    ///
    /// # Errors
    ///
    /// As the system says.
    pub fn pause(&self) -> io::Result<()> {
        self.signal("-STOP")
    }

    /// SIGCONT.
    ///
    /// # Errors
    ///
    /// As the system says.
    pub fn wake(&self) -> io::Result<()> {
        self.signal("-CONT")
    }

    /// How it has ended; none where it runs.
    ///
    /// # Errors
    ///
    /// As the system says.
    pub fn ended(&mut self) -> io::Result<Option<ExitStatus>> {
        self.child.try_wait()
    }

    /// Closes its stdin, which ends a worker, and waits for that.
    ///
    /// # Errors
    ///
    /// As the system says, and where it does not end within half a minute.
    pub fn stop(mut self) -> io::Result<ExitStatus> {
        drop(self.child.stdin.take());
        let end = Instant::now() + PATIENCE;
        loop {
            if let Some(status) = self.child.try_wait()? {
                return Ok(status);
            }
            if Instant::now() > end {
                let what = format!("process {} does not end", self.child.id());
                return Err(io::Error::new(io::ErrorKind::TimedOut, what));
            }
            thread::sleep(LOOK);
        }
    }

    fn signal(&self, signal: &str) -> io::Result<()> {
        let status = Command::new("kill").args([signal, &self.child.id().to_string()]).status()?;
        if status.success() { Ok(()) } else { Err(io::Error::other(format!("kill {signal}: {status}"))) }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Said {
    /// How many lines begin with a word.
    pub fn count(&self, word: &str) -> usize {
        self.with(word).len()
    }

    /// How many lines of one of them do.
    pub fn count_of(&self, name: &str, word: &str) -> usize {
        self.with(word).iter().filter(|line| line.0 == name).count()
    }

    /// The lines that begin with a word.
    pub fn with(&self, word: &str) -> Vec<(String, String)> {
        let is_with = |line: &&(String, String)| line.1.split(' ').next() == Some(word);
        self.lines().iter().filter(is_with).cloned().collect()
    }

    fn lines(&self) -> MutexGuard<'_, Vec<(String, String)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
