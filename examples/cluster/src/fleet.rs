//! Processes of this program: workers and a feeder, which can be killed and paused.

use std::ffi::OsString;
use std::io::{self, BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;

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
    said: Said,
}

/// The lines that processes have said so far.
#[derive(Debug, Clone, Default)]
pub struct Said(Arc<Mutex<Vec<String>>>);

impl Program {
    /// Starts it with these arguments; what it says is added to that.
    ///
    /// # Errors
    ///
    /// As the system says.
    pub fn start(&self, arguments: &[String], said: &Said) -> io::Result<Process> {
        let mut child = Command::new(&self.binary)
            .args(arguments)
            .envs(self.environment.iter().cloned())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        if let Some(stdout) = child.stdout.take() {
            let said = said.clone();
            thread::spawn(move || {
                BufReader::new(stdout).lines().map_while(Result::ok).for_each(|line| said.lines().push(line));
            });
        }
        Ok(Process { child, said: said.clone() })
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
    /// As the system says.
    pub fn stop(mut self) -> io::Result<ExitStatus> {
        drop(self.child.stdin.take());
        self.child.wait()
    }

    /// What it and all that share its lines have said.
    pub fn said(&self) -> &Said {
        &self.said
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
        self.lines().iter().filter(|line| line.split(' ').next() == Some(word)).count()
    }

    /// The lines, to be looked at.
    pub fn lines(&self) -> MutexGuard<'_, Vec<String>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
