//! One run: the engine between its input and its output.

use tripline::builtin::customer_insights::LogReport;
use tripline::engine::{Counts, Engine};
use tripline::event::{Event, JobCompleted, RefreshCompleted, ValueObserved};
use tripline::{Error, Trigger};

use crate::Stop;
use crate::args::Args;
use crate::input::Item;
use crate::line::{BadLine, Line};
use crate::output::Output;
use crate::state;

pub(crate) struct Run {
    engine: Engine,
    output: Output,
    /// Not in the engine yet: they are added at the first time seen, for it is from then on that they watch.
    triggers: Vec<Trigger>,
    events_name: String,
    skip_invalid: bool,
    /// What the engine had counted before this run.
    before: Counts,
    events: u64,
    invalid: u64,
    firings: u64,
}

impl Run {
    /// A run from the snapshot that `args` name, or from nothing.
    pub(crate) fn new(args: &Args, triggers: Vec<Trigger>) -> Result<Self, Stop> {
        let mut output = Output::new();
        let restored = match &args.snapshot {
            Some(path) => state::load(path, &triggers)?,
            None => None,
        };
        let (engine, triggers) = match restored {
            Some((engine, changes)) => {
                for change in changes {
                    output.complain(&change)?;
                }
                (engine, Vec::new())
            }
            None => (state::engine(), triggers),
        };
        let mut run = Self {
            before: engine.counts().clone(),
            engine,
            output,
            triggers,
            events_name: args.events_name(),
            skip_invalid: args.skip_invalid,
            events: 0,
            invalid: 0,
            firings: 0,
        };
        run.engine.set_explain(args.explain);
        // There are none unless the snapshot was taken by somebody who had not polled them all.
        run.print()?;
        Ok(run)
    }

    pub(crate) fn flush_output(&mut self) -> Result<(), Stop> {
        self.output.flush()
    }

    /// Takes one event or tick; a bad one ends the run, or is reported and passed over.
    pub(crate) fn take(&mut self, item: &Item<'_>) -> Result<(), Stop> {
        let line = Line::read(item);
        self.events += u64::from(!matches!(line, Ok(Line::Tick(_))));
        let bad = match line {
            Ok(line) => match self.give(&line)? {
                Ok(()) => return Ok(()),
                Err(Refused::NoTime) => BadLine {
                    line: item.line,
                    reason: "the event has no time, and no time was seen before it".to_owned(),
                },
                Err(Refused::By(error)) => BadLine::new(item, &error),
            },
            Err(bad) => bad,
        };
        self.complain(&format!("{}:{}: {}", self.events_name, bad.line, bad.reason))
    }

    /// Takes an event of a log, or a record that gives none.
    pub(crate) fn take_logged(&mut self, event: Result<Event<'static>, Error>) -> Result<(), Stop> {
        self.events += 1;
        let report = match event {
            Ok(event) => {
                let line = Line::Event(event);
                match (self.give(&line)?, &line) {
                    (Ok(()), _) | (_, Line::Tick(_)) => return Ok(()),
                    (Err(Refused::By(error)), Line::Event(event)) => {
                        format!("{}: the event {}: {error}", self.events_name, event.id())
                    }
                    (Err(Refused::NoTime), Line::Event(event)) => {
                        format!("{}: the event {} has no time", self.events_name, event.id())
                    }
                }
            }
            Err(error) => {
                // The reader counts from the start of the log, so its place is the file's.
                let bad = BadLine::new(&Item { line: 0, column: 1, text: Ok(&[]) }, &error);
                format!("{}:{}: {}", self.events_name, bad.line, bad.reason)
            }
        };
        self.complain(&report)
    }

    /// A bad line, or record: the end of the run, unless such are skipped.
    fn complain(&mut self, report: &str) -> Result<(), Stop> {
        self.invalid += 1;
        if self.skip_invalid {
            return self.output.complain(report);
        }
        self.output.flush()?;
        Err(Stop::failed(report))
    }

    /// Ends the run: the clock moves to `--until`, the state is kept, the counts are told.
    pub(crate) fn finish(mut self, args: &Args, log: Option<&LogReport>) -> Result<(), Stop> {
        if let Some(until) = args.until {
            self.arm(until).map_err(|error| Stop::failed(error.to_string()))?;
            self.until_taken(|engine| engine.flush(until))?
                .map_err(|error| Stop::failed(error.to_string()))?;
        }
        // Firings first: should the snapshot fail, the next run prints them again, with the same ids. The other way
        // round they would be lost.
        self.output.flush()?;
        if let Some(path) = &args.snapshot {
            state::save(path, &self.engine.snapshot())?;
        }
        if let Some(report) = log {
            self.output.complain(&report.to_string())?;
        }
        let counts = self.counts();
        self.output.complain(&counts)
    }

    /// Hands a line to the engine and prints what comes of it.
    fn give(&mut self, line: &Line<'_>) -> Result<Result<(), Refused>, Stop> {
        let given = match line {
            Line::Tick(time) => match self.arm(*time) {
                Ok(()) => self.until_taken(|engine| engine.handle_timeout(*time))?,
                Err(error) => Err(error),
            },
            Line::Event(event) => {
                let Some(now) = self.engine.clock().or(event.time()) else { return Ok(Err(Refused::NoTime)) };
                let is_sound = match self.triggers.is_empty() {
                    true => Ok(()),
                    // One that will be refused is not the first time seen.
                    false => read_whole(event).and_then(|()| self.arm(now)),
                };
                match is_sound {
                    Ok(()) => self.until_taken(|engine| engine.handle_event(now, event).map(drop))?,
                    Err(error) => Err(error),
                }
            }
        };
        Ok(given.map_err(Refused::By))
    }

    /// Adds the triggers, where that is still to be done.
    fn arm(&mut self, now: chrono::DateTime<chrono::Utc>) -> Result<(), Error> {
        self.triggers.drain(..).try_for_each(|trigger| self.engine.add(now, trigger))
    }

    /// Repeats an input as long as firings must be read before it is taken.
    fn until_taken(
        &mut self,
        input: impl Fn(&mut Engine) -> Result<(), Error>,
    ) -> Result<Result<(), Error>, Stop> {
        loop {
            let result = input(&mut self.engine);
            self.print()?;
            match result {
                Err(error) if error.is_full() => {}
                result => return Ok(result),
            }
        }
    }

    fn print(&mut self) -> Result<(), Stop> {
        while let Some(explanation) = self.engine.poll_explanation() {
            self.output.line(&explanation.to_json())?;
        }
        while let Some(firing) = self.engine.poll_firing() {
            self.firings += 1;
            self.output.line(&firing.to_json())?;
        }
        Ok(())
    }

    /// The counts of this run; those after the firings only where there is something to tell.
    fn counts(&self) -> String {
        let now = self.engine.counts();
        let of = |name: &str| {
            let count =
                |counts: &Counts| counts.iter().find(|(other, _)| *other == name).map_or(0, |(_, n)| n);
            count(now).saturating_sub(count(&self.before))
        };
        let mut text = format!(
            "events {}, duplicates {}, late {}, invalid {}, ignored {}, firings {}",
            self.events,
            of("duplicates"),
            of("late"),
            self.invalid,
            of("ignored"),
            self.firings
        );
        let told = ["events", "duplicates", "late", "invalid", "ignored", "firings"];
        for (name, _) in now.iter().filter(|(name, _)| !told.contains(name) && of(name) > 0) {
            text.push_str(&format!(", {} {}", name.replace('_', " "), of(name)));
        }
        text
    }
}

/// Whether the data of the event is what its type promises.
fn read_whole(event: &Event<'_>) -> Result<(), Error> {
    ValueObserved::from_event(event)?;
    RefreshCompleted::from_event(event)?;
    JobCompleted::from_event(event)?;
    Ok(())
}

/// Why the engine did not get or did not take a line.
enum Refused {
    NoTime,
    By(Error),
}
