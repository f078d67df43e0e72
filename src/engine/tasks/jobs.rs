//! The jobs whose ends are awaited or remembered.

use std::collections::BTreeMap;

use hashbrown::HashTable;

use crate::time::Nanos;

use super::super::hash::hash_text;
use super::phases::Phases;
use super::told::Told;

/// One job at one source.
#[derive(Debug, Clone)]
pub(in crate::engine) struct Job<T> {
    pub(in crate::engine) source: Box<str>,
    pub(in crate::engine) id: Box<str>,
    /// The clock when a unification first waited for it; `None` where none ever did.
    pub(in crate::engine) opened: Option<Nanos>,
    /// By number of the trigger.
    pub(in crate::engine) watchers: Vec<JobWatcher<T>>,
    serial: u64,
    /// Its place among the jobs that are done; `None` while a unification waits for it.
    pub(in crate::engine) done: Option<u64>,
}

/// One trigger on one job.
#[derive(Debug, Clone)]
pub(in crate::engine) struct JobWatcher<T> {
    pub(in crate::engine) trigger: u32,
    /// What a unification still waits for; `None` once nothing does.
    pub(in crate::engine) phases: Option<Box<Phases<T>>>,
    pub(in crate::engine) told: Told,
}

/// All jobs that are not forgotten: those some unification waits for, and
/// those that are done, so that nothing is told of them again.
#[derive(Debug, Clone)]
pub(in crate::engine) struct Jobs<T> {
    seed: u64,
    table: HashTable<u32>,
    jobs: Vec<Option<Job<T>>>,
    free: Vec<u32>,
    /// Those that a unification waited for, by the clock when they were opened, and their order.
    by_age: BTreeMap<(Nanos, u64), u32>,
    /// In the order in which they were done.
    done: BTreeMap<u64, u32>,
    next_done: u64,
    serial: u64,
}

impl<T> Jobs<T> {
    pub(in crate::engine) fn new(seed: u64) -> Self {
        Self {
            seed,
            table: HashTable::new(),
            jobs: Vec::new(),
            free: Vec::new(),
            by_age: BTreeMap::new(),
            done: BTreeMap::new(),
            next_done: 0,
            serial: 0,
        }
    }

    pub(in crate::engine) fn get(&self, number: u32) -> Option<&Job<T>> {
        self.jobs.get(number as usize)?.as_ref()
    }

    pub(in crate::engine) fn get_mut(&mut self, number: u32) -> Option<&mut Job<T>> {
        self.jobs.get_mut(number as usize)?.as_mut()
    }

    /// How many some unification waits for, those opened before `oldest` left out.
    pub(in crate::engine) fn open_since(&self, oldest: Nanos) -> usize {
        let is_open = |number: u32| self.get(number).is_some_and(|job| job.done.is_none());
        let old = self.by_age.range(..(oldest, 0)).filter(|(_, number)| is_open(**number));
        self.table.len() - self.done.len() - old.count()
    }

    pub(in crate::engine) fn find(&self, source: &str, id: &str) -> Option<u32> {
        let is = |&number: &u32| self.get(number).is_some_and(|job| *job.id == *id && *job.source == *source);
        self.table.find(hash(self.seed, source, id), is).copied()
    }

    /// The number of the job; it is kept from now on.
    pub(in crate::engine) fn find_or_insert(&mut self, source: &str, id: &str) -> u32 {
        self.find(source, id).unwrap_or_else(|| self.insert(source, id))
    }

    /// A job that is heard of for the first time; done as long as nothing waits for it.
    pub(in crate::engine) fn insert(&mut self, source: &str, id: &str) -> u32 {
        let serial = self.serial;
        self.serial += 1;
        let job = Job {
            source: source.into(),
            id: id.into(),
            opened: None,
            watchers: Vec::new(),
            serial,
            done: Some(self.next_done),
        };
        let number = match self.free.pop() {
            Some(number) => {
                self.jobs[number as usize] = Some(job);
                number
            }
            None => {
                self.jobs.push(Some(job));
                (self.jobs.len() - 1) as u32
            }
        };
        let (seed, jobs) = (self.seed, &self.jobs);
        let rehash = |&other: &u32| {
            let job = jobs.get(other as usize).and_then(Option::as_ref);
            job.map_or(0, |job| hash(seed, &job.source, &job.id))
        };
        self.table.insert_unique(hash(seed, source, id), number, rehash);
        self.done.insert(self.next_done, number);
        self.next_done += 1;
        number
    }

    /// A unification waits for the job, from `clock` on if it is the first.
    pub(in crate::engine) fn open(&mut self, number: u32, clock: Nanos) {
        let Some(job) = self.jobs.get_mut(number as usize).and_then(Option::as_mut) else { return };
        if job.opened.is_none() {
            job.opened = Some(clock);
            self.by_age.insert((clock, job.serial), number);
        }
    }

    /// The trigger's state on the job, made where it is not there yet.
    pub(in crate::engine) fn watcher(
        &mut self,
        number: u32,
        trigger: u32,
        unifies: bool,
    ) -> Option<&mut JobWatcher<T>> {
        let job = self.get_mut(number)?;
        let place = match job.watchers.binary_search_by_key(&trigger, |watcher| watcher.trigger) {
            Ok(place) => place,
            Err(place) => {
                let phases = unifies.then(Box::default);
                job.watchers.insert(place, JobWatcher { trigger, phases, told: Told::default() });
                self.settle(number);
                place
            }
        };
        self.get_mut(number)?.watchers.get_mut(place)
    }

    /// Notes whether anything still waits for the job.
    pub(in crate::engine) fn settle(&mut self, number: u32) {
        let Some(job) = self.jobs.get_mut(number as usize).and_then(Option::as_mut) else { return };
        let is_open = job.watchers.iter().any(|watcher| watcher.phases.is_some());
        match (is_open, job.done) {
            (true, Some(place)) => {
                job.done = None;
                self.done.remove(&place);
            }
            (false, None) => {
                job.done = Some(self.next_done);
                self.done.insert(self.next_done, number);
                self.next_done += 1;
            }
            _ => {}
        }
    }

    /// Forgets what was opened before `oldest`; says how many of those were open.
    pub(in crate::engine) fn forget_before(&mut self, oldest: Nanos) -> u64 {
        let mut open = 0;
        while let Some((&(opened, _), &number)) = self.by_age.first_key_value()
            && opened < oldest
        {
            open += u64::from(self.get(number).is_some_and(|job| job.done.is_none()));
            self.remove(number);
        }
        open
    }

    /// Forgets, of the done jobs, those over `most` that were done first.
    pub(in crate::engine) fn forget_done(&mut self, most: usize) {
        while self.done.len() > most
            && let Some((_, &number)) = self.done.first_key_value()
        {
            self.remove(number);
        }
    }

    /// Takes a trigger off all jobs.
    pub(in crate::engine) fn unwatch(&mut self, trigger: u32) {
        for number in 0..self.jobs.len() as u32 {
            let Some(job) = self.get_mut(number) else { continue };
            job.watchers.retain(|watcher| watcher.trigger != trigger);
            if job.watchers.is_empty() {
                self.remove(number);
            } else {
                self.settle(number);
            }
        }
    }

    /// All jobs, in the order in which they were first heard of.
    pub(in crate::engine) fn iter(&self) -> impl Iterator<Item = &Job<T>> {
        let mut jobs: Vec<_> = self.jobs.iter().flatten().collect();
        jobs.sort_unstable_by_key(|job| job.serial);
        jobs.into_iter()
    }

    /// The place among the done jobs that the next one gets.
    pub(in crate::engine) fn next_done(&self) -> u64 {
        self.next_done
    }

    pub(in crate::engine) fn start_done(&mut self, next: u64) {
        self.next_done = next;
    }

    /// Puts a job among the done ones where it was.
    pub(in crate::engine) fn put_done(&mut self, number: u32, place: u64) {
        let Some(job) = self.jobs.get_mut(number as usize).and_then(Option::as_mut) else { return };
        if let Some(was) = job.done.replace(place) {
            self.done.remove(&was);
        }
        self.done.insert(place, number);
    }

    /// Drops a job that no trigger has any state of.
    pub(in crate::engine) fn drop_unwatched(&mut self, number: u32) {
        if self.get(number).is_some_and(|job| job.watchers.is_empty()) {
            self.remove(number);
        }
    }

    fn remove(&mut self, number: u32) {
        let Some(job) = self.jobs.get_mut(number as usize).and_then(Option::take) else { return };
        let hash = hash(self.seed, &job.source, &job.id);
        if let Ok(entry) = self.table.find_entry(hash, |&other| other == number) {
            entry.remove();
        }
        if let Some(opened) = job.opened {
            self.by_age.remove(&(opened, job.serial));
        }
        if let Some(place) = job.done {
            self.done.remove(&place);
        }
        self.free.push(number);
    }
}

fn hash(seed: u64, source: &str, id: &str) -> u64 {
    hash_text(hash_text(seed, source), id)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn open(jobs: &mut Jobs<()>, id: &str, opened: Nanos) -> u32 {
        let number = jobs.insert("/s", id);
        jobs.open(number, opened);
        assert!(jobs.watcher(number, 3, true).is_some());
        number
    }

    fn finish(jobs: &mut Jobs<()>, number: u32) {
        jobs.watcher(number, 3, true).unwrap().phases = None;
        jobs.settle(number);
    }

    #[test]
    fn open_jobs_are_counted_and_old_ones_forgotten() {
        let mut jobs = Jobs::new(1);
        let first = open(&mut jobs, "a", 10);
        open(&mut jobs, "b", 20);
        assert_eq!((jobs.open_since(10), jobs.open_since(11), jobs.open_since(21)), (2, 1, 0));
        finish(&mut jobs, first);
        assert_eq!(jobs.open_since(0), 1);
        assert_eq!((jobs.forget_before(20), jobs.find("/s", "a")), (0, None));
        assert_eq!((jobs.forget_before(21), jobs.find("/s", "b")), (1, None));
        assert_eq!(open(&mut jobs, "c", 30), 1, "a place is used again");
    }

    #[test]
    fn of_the_done_jobs_those_done_first_are_forgotten_first() {
        let mut jobs = Jobs::new(1);
        let [a, b, c] = ["a", "b", "c"].map(|id| open(&mut jobs, id, 5));
        [b, a, c].into_iter().for_each(|number| finish(&mut jobs, number));
        jobs.forget_done(2);
        assert_eq!(["a", "b", "c"].map(|id| jobs.find("/s", id).is_some()), [true, false, true]);
        assert_eq!(jobs.iter().map(|job| &*job.id).collect::<Vec<_>>(), ["a", "c"]);
        jobs.unwatch(3);
        assert_eq!((jobs.iter().count(), jobs.find("/s", "c")), (0, None));
    }
}
