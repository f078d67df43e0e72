//! What must hold after every step.

use std::collections::BTreeMap;

use serde_json::Value;
use tripline::flow::{RunRecord, RunStatus, StepOutcome};

use super::fault;
use super::model::Run;
use super::setup::{self, DEAD_LETTERS, DELIVERIES, HISTORY, UNSAFE_BYTES};
use super::world::{Stop, World};

/// How far the firings and the runs of the model have been looked at.
#[derive(Default)]
pub(super) struct Looked {
    firings: usize,
    runs: usize,
    /// Places of runs that had not ended.
    open: Vec<usize>,
}

impl Looked {
    pub(super) fn clear(&mut self) {
        *self = Self::default();
    }
}

impl World {
    pub(super) fn verify(&mut self) -> Result<(), Stop> {
        self.same_firings()?;
        self.every_run_is_accounted_for()?;
        if self.pipeline.kept(setup::CURSOR) != self.model.cursor.as_deref() {
            let (have, want) = (self.pipeline.kept(setup::CURSOR), &self.model.cursor);
            return fault(format!("the cursor is {have:?} where the events have come to {want:?}"));
        }
        let pending = self.pipeline.dispatcher().pending();
        if pending > DELIVERIES {
            return fault(format!("{pending} deliveries are pending"));
        }
        self.every_failure_has_its_letter()?;
        self.bounds_hold()?;
        // In one of eight schedules after every step. What was cut last has not moved since.
        if self.is_cut_everywhere && !self.latest_cut.is_empty() {
            let cut = std::mem::take(&mut self.latest_cut);
            let same = self.same_as(&cut);
            self.latest_cut = cut;
            if same.is_err() {
                self.same_states()?;
            }
            same?;
        }
        if self.random.percent(4) { self.same_states() } else { Ok(()) }
    }

    fn same_firings(&mut self) -> Result<(), Stop> {
        let from = self.looked.firings;
        let mut have = self.pipeline.firings_from(from as u64);
        for want in &self.model.firings[from..] {
            let have = have.next().map(|(_, firing)| firing.to_json());
            if have.as_ref() != Some(&want.to_json()) {
                return fault(format!("instead of {}\n  {have:?} has fired", want.to_json()));
            }
        }
        if let Some((_, invented)) = have.next() {
            return fault(format!("{} is invented", invented.to_json()));
        }
        drop(have);
        self.looked.firings = self.model.firings.len();
        Ok(())
    }

    fn every_run_is_accounted_for(&mut self) -> Result<(), Stop> {
        let mut open = std::mem::take(&mut self.looked.open);
        open.extend(self.looked.runs..self.model.runs.len());
        self.looked.runs = self.model.runs.len();
        let mut left = Vec::new();
        // Of those that have ended the oldest make room, and are counted.
        let dropped = usize::try_from(self.pipeline.flows().counts().history_dropped()).unwrap();
        for at in open {
            let run = &self.model.runs[at];
            let Some(record) = self.pipeline.flows().run(&run.id) else {
                if dropped > 0 {
                    continue;
                }
                return fault(format!("nothing has come of {}", run.id));
            };
            self.check_run(run, record).map_err(|why| Stop::Fault(format!("{}: {why}", run.id)))?;
            if !record.status().has_ended() {
                left.push(at);
            }
        }
        self.looked.open = left;
        let (have, want) = (self.pipeline.flows().runs().count(), self.model.runs.len());
        if have + dropped != want {
            return fault(format!("{have} runs and {dropped} forgotten, there should be {want}"));
        }
        Ok(())
    }

    /// What was given up is a dead letter, until somebody sends it again or throws it away, or newer ones need
    /// its room.
    fn every_failure_has_its_letter(&self) -> Result<(), Stop> {
        let (dispatcher, model) = (self.pipeline.dispatcher(), &self.model);
        let counts = dispatcher.counts();
        let letters = dispatcher.dead_letters().len() as u64;
        let redriven = model.redriven.values().sum::<usize>() as u64;
        let gone = redriven + model.discarded.len() as u64 + counts.dead_dropped();
        if counts.dead() != letters + gone {
            return fault(format!(
                "{} were given up, there are {letters} letters and {gone} are gone",
                counts.dead()
            ));
        }
        let mut missing = Vec::new();
        for run in self.pipeline.flows().runs() {
            for step in run.steps().iter().filter(|step| step.outcome() == Some(StepOutcome::Failed)) {
                let id = format!("{}_{}", run.id(), step.name());
                // It never was a delivery, or a person has called it off.
                let is_given_up = !step.reason().is_some_and(|why| why.starts_with("its delivery was "));
                let is_delivered =
                    || self.receivers.of(&id).any(|arrival| arrival.told.is_some_and(|(.., is)| is));
                let is_there = || {
                    dispatcher.dead_letter(&id).is_some()
                        || model.discarded.contains(&id)
                        || (model.redriven.contains_key(&id)
                            && (dispatcher.explain(&id).is_some() || is_delivered()))
                };
                if is_given_up && !is_there() {
                    missing.push(id);
                }
            }
        }
        if missing.len() as u64 > counts.dead_dropped() {
            return fault(format!(
                "given up without a dead letter: {missing:?}, {} made room",
                counts.dead_dropped()
            ));
        }
        Ok(())
    }

    fn bounds_hold(&mut self) -> Result<(), Stop> {
        let (flows, dispatcher) = (self.pipeline.flows(), self.pipeline.dispatcher());
        let ended = flows.runs().count() - flows.live();
        let letters = dispatcher.dead_letters().len();
        if ended > HISTORY || letters > DEAD_LETTERS {
            return fault(format!("{ended} ended runs and {letters} dead letters are remembered"));
        }
        let safe = usize::try_from(self.scratch.last().get()).unwrap();
        let waiting: usize = self.archive[safe..].iter().map(|batch| batch.as_bytes().len()).sum();
        if waiting >= UNSAFE_BYTES && !self.pipeline.is_full() {
            return fault(format!("{waiting} bytes are not safe, and more is taken in"));
        }
        if waiting >= UNSAFE_BYTES {
            self.count("full of unsafe bytes");
        }
        if ended == HISTORY {
            self.count("full histories");
        }
        if letters == DEAD_LETTERS {
            self.count("full of dead letters");
        }
        Ok(())
    }

    fn check_run(&self, run: &Run, record: &RunRecord) -> Result<(), String> {
        let steps = record.steps();
        if (record.status() == RunStatus::Cancelled) != (run.is_cancelled && is_called_off(record)) {
            return Err(format!("it is {}", record.status().as_str()));
        }
        let dispatcher = self.pipeline.dispatcher();
        for step in steps {
            let id = format!("{}_{}", run.id, step.name());
            match step.outcome() {
                Some(StepOutcome::Succeeded) => {
                    let is_told =
                        |told: Option<(_, _, bool)>| told.is_some_and(|(.., is_delivered)| is_delivered);
                    if !self.receivers.of(&id).any(|arrival| arrival.is_executed && is_told(arrival.told)) {
                        return Err(format!("{} succeeded, and nobody has done it", step.name()));
                    }
                }
                Some(_) if step.reason().is_none() => return Err(format!("{} has no reason", step.name())),
                None if step.is_running() => {
                    let is_pending =
                        dispatcher.dead_letter(&id).is_none() && dispatcher.explain(&id).is_some();
                    if !is_pending && !dispatcher.is_full() {
                        return Err(format!("{} is under way, and nobody has it", step.name()));
                    }
                }
                _ => {}
            }
        }
        let is_over = steps.iter().all(|step| step.outcome().is_some());
        match record.status() {
            RunStatus::Succeeded | RunStatus::Failed if !is_over => {
                Err("it ended before its steps".to_owned())
            }
            RunStatus::Running if is_over => Err("its steps have ended, and it has not".to_owned()),
            _ => Ok(()),
        }
    }

    /// A machine that went on, one that was made of all batches, and one that was cut on the way are the same.
    fn same_states(&mut self) -> Result<(), Stop> {
        self.count("states held against each other");
        let (cut, all) = (self.cut.snapshot(), self.scratch.snapshot());
        same("a snapshot has changed what came later", &cut, &all)?;
        self.same_as(&all)
    }

    /// Where all is safe, the machine is what its batches give.
    fn same_as(&mut self, batches: &[u8]) -> Result<(), Stop> {
        if !self.pipeline.is_safe() || self.scratch.last() != self.pipeline.last() {
            return Ok(());
        }
        self.count("safe states held against all batches");
        same("the batches do not give the state that led to them", &self.pipeline.snapshot(), batches)
    }

    /// All has ended: what was delivered was done, and nothing was done more often than faults explain.
    pub(super) fn settled(&mut self) -> Result<(), String> {
        self.verify().and_then(|()| self.same_states()).map_err(|stop| format!("{stop:?}"))?;
        let mut done: BTreeMap<&str, usize> = BTreeMap::new();
        for arrival in self.receivers.arrivals.iter().filter(|arrival| arrival.is_executed) {
            *done.entry(&arrival.id).or_default() += 1;
        }
        // Each time but one it is known why it was done once more, or it was done by an owner that was taken over.
        let mut explained: BTreeMap<&str, usize> = BTreeMap::new();
        for arrival in self.receivers.arrivals.iter().filter(|one| one.is_executed && one.may_be_repeated()) {
            *explained.entry(&arrival.id).or_default() += 1;
        }
        for (id, times) in &done {
            let explained = explained.get(id).copied().unwrap_or(0);
            if *times > 1 + explained {
                return Err(format!("{id} was done {times} times, and {explained} repeats are explained"));
            }
        }
        let repeats: usize = done.values().map(|times| times - 1).sum();
        let delivered = done.len() as u64;
        self.counts.extend([("delivered", delivered), ("repeated", repeats as u64)]);
        self.counts.extend(std::mem::take(&mut self.receivers.causes));
        *self.counts.entry("firings").or_default() += self.model.firings.len() as u64;
        Ok(())
    }
}

fn is_called_off(record: &RunRecord) -> bool {
    record.status() == RunStatus::Cancelled
}

/// A pipeline's state but for the count of refusals, which no journal holds.
pub(super) fn state(snapshot: &[u8]) -> (String, &[u8]) {
    let start = b"tripline/pipeline".len() + 2;
    let len: [u8; 8] = snapshot[start..start + 8].try_into().unwrap();
    let (header, parts) = snapshot[start + 8..snapshot.len() - 32].split_at(u64::from_le_bytes(len) as usize);
    let mut header: Value = serde_json::from_slice(header).unwrap();
    header["counts"].as_array_mut().unwrap().retain(|count| count[0] != "refused");
    let len = header.as_object_mut().unwrap().remove("parts").unwrap();
    debug_assert!(len.is_array());
    (header.to_string(), parts)
}

/// Whether two snapshots hold the same state, and where they differ.
pub(super) fn same(what: &str, have: &[u8], want: &[u8]) -> Result<(), Stop> {
    if have == want {
        return Ok(());
    }
    let (have, want) = (state(have), state(want));
    if have == want {
        return Ok(());
    }
    let (have, want) =
        if have.0 == want.0 { (have.1, want.1) } else { (have.0.as_bytes(), want.0.as_bytes()) };
    let at = have.iter().zip(want).position(|(have, want)| have != want).unwrap_or(0);
    let around = |bytes: &[u8]| {
        String::from_utf8_lossy(&bytes[at.saturating_sub(200)..(at + 200).min(bytes.len())]).into_owned()
    };
    fault(format!("{what}:\n  {}\n  {}", around(have), around(want)))
}
