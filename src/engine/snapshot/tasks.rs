//! Items, jobs and what was told of them, as bytes.

use crate::error::Error;
use crate::event::{Failure, Item, Outcome, Process};
use crate::firing::{EventRef, Facts};

use super::super::Engine;
use super::super::numbers::NOBODY;
use super::super::tasks::{End, Failed, Jobs, Phases, Report, Settling, Told, Waiter, Watcher, Work};
use super::codec::{Sink, Source};
use super::silence::{read_silence, write_silence};

pub(super) fn write(engine: &Engine, sink: &mut Sink, places: &[u64]) {
    let place = |trigger: u32| places.get(trigger as usize).copied().unwrap_or(u64::MAX);
    let items = &engine.tasks.items;
    let mut numbers: Vec<u32> = items.numbers().collect();
    numbers.sort_by(|&a, &b| items.compare(a, b));
    let kept: Vec<_> = numbers.into_iter().filter_map(|number| items.get(number)).collect();
    sink.list(kept.into_iter(), |sink, item| {
        sink.text(item.source());
        sink.text(item.process().as_str());
        sink.option(item.id.as_deref(), Sink::text);
        sink.option(item.name.as_deref(), Sink::text);
        sink.instant(item.newest);
        sink.list(item.watchers.iter(), |sink, watcher| {
            sink.number(place(watcher.trigger));
            sink.flag(watcher.by_id);
            sink.flag(watcher.by_name);
            write_told(sink, &watcher.told);
            sink.option(engine.waiter(watcher.instance), |sink, waiter| write_work(sink, &waiter.work));
        });
    });
    write_jobs(sink, &engine.tasks.jobs, &place);
    write_jobs(sink, &engine.tasks.ended, &place);
    let mut whole: Vec<_> =
        engine.tasks.whole.iter().map(|(&trigger, told)| (place(trigger), told)).collect();
    whole.sort_unstable_by_key(|(place, _)| *place);
    sink.list(whole.into_iter(), |sink, (place, told)| {
        sink.number(place);
        write_told(sink, told);
    });
}

pub(super) fn read(
    engine: &mut Engine,
    source: &mut Source<'_>,
    numbers: &[Option<u32>],
) -> Result<(), Error> {
    for _ in 0..source.number()? {
        let (of, process, id) = (source.text()?, Process::from(source.text()?), source.option(Source::text)?);
        let number = engine.tasks.items.insert(of, &process, id);
        let (name, newest) = (source.option(Source::text)?, source.instant()?);
        if let Some(item) = engine.tasks.items.get_mut(number) {
            (item.name, item.newest) = (name.map(Into::into), newest);
        }
        for _ in 0..source.number()? {
            let trigger = read_trigger(source, numbers)?;
            let (by_id, by_name, told) = (source.flag()?, source.flag()?, read_told(source)?);
            let work = source.option(read_work)?;
            let Some(trigger) = trigger else { continue };
            let instance =
                work.map_or(NOBODY, |work| engine.store_waiter(trigger, Waiter { item: number, work }));
            let watcher = Watcher { instance, by_id, by_name, told, ..Watcher::new(trigger) };
            engine.tasks.items.watch(number, watcher);
        }
        engine.tasks.items.drop_unwatched(number);
    }
    read_jobs(&mut engine.tasks.jobs, source, numbers)?;
    read_jobs(&mut engine.tasks.ended, source, numbers)?;
    for _ in 0..source.number()? {
        let (trigger, told) = (read_trigger(source, numbers)?, read_told(source)?);
        if let Some(trigger) = trigger {
            engine.tasks.whole.insert(trigger, told);
        }
    }
    Ok(())
}

fn write_jobs(sink: &mut Sink, jobs: &Jobs<Report>, place: &impl Fn(u32) -> u64) {
    sink.number(jobs.next_done());
    let all: Vec<_> = jobs.iter().collect();
    sink.list(all.iter(), |sink, job| {
        sink.text(&job.source);
        sink.text(&job.id);
        sink.option(job.opened, Sink::instant);
        sink.option(job.done, Sink::number);
        sink.list(job.watchers.iter(), |sink, watcher| {
            sink.number(place(watcher.trigger));
            write_told(sink, &watcher.told);
            sink.option(watcher.phases.as_deref(), |sink, phases| {
                for end in &phases.ends {
                    sink.option(end.as_ref(), |sink, end| {
                        sink.instant(end.at);
                        sink.text(end.outcome.as_str());
                        write_report(sink, &end.report);
                    });
                }
            });
        });
    });
}

fn read_jobs(jobs: &mut Jobs<Report>, source: &mut Source<'_>, numbers: &[Option<u32>]) -> Result<(), Error> {
    // Until they get their own, jobs have places beyond all those that the snapshot has.
    let next = source.number()?;
    jobs.start_done(next);
    for _ in 0..source.number()? {
        let (of, id) = (source.text()?, source.text()?);
        let number = jobs.insert(of, id);
        if let Some(opened) = source.option(Source::instant)? {
            jobs.open(number, opened);
        }
        let done = source.option(Source::number)?;
        for _ in 0..source.number()? {
            let (trigger, told) = (read_trigger(source, numbers)?, read_told(source)?);
            let phases = source.option(read_phases)?;
            let Some(trigger) = trigger else { continue };
            if let Some(watcher) = jobs.watcher(number, trigger, phases.is_some()) {
                (watcher.told, watcher.phases) = (told, phases.map(Box::new));
            }
        }
        jobs.settle(number);
        if let Some(done) = done {
            jobs.put_done(number, done);
        }
        jobs.drop_unwatched(number);
    }
    jobs.start_done(next);
    Ok(())
}

/// The number of the trigger at a place of the snapshot; `None` where it is gone.
fn read_trigger(source: &mut Source<'_>, numbers: &[Option<u32>]) -> Result<Option<u32>, Error> {
    let place = source.small()? as usize;
    numbers.get(place).copied().ok_or_else(|| source.fail("an unknown trigger"))
}

fn write_told(sink: &mut Sink, told: &Told) {
    sink.instant(told.latest);
    [told.at_latest, told.total, told.suppressed].into_iter().for_each(|count| sink.number(count.into()));
    sink.list(told.earlier(), |sink, (at, count)| {
        sink.instant(at);
        sink.number(count.into());
    });
}

fn read_told(source: &mut Source<'_>) -> Result<Told, Error> {
    let (latest, counts) = (source.instant()?, [source.small()?, source.small()?, source.small()?]);
    let earlier = source.list(|source| Ok((source.instant()?, source.small()?)))?;
    Ok(Told::new(latest, counts, earlier))
}

fn write_work(sink: &mut Sink, work: &Work) {
    match work {
        Work::Settling { settle, failures } => {
            sink.byte(0);
            sink.instant(*settle);
            sink.list(failures.failures.iter(), |sink, failed| {
                sink.instant(failed.at);
                sink.flag(failed.is_retrying);
                write_report(sink, &failed.report);
            });
            sink.list(failures.successes.iter(), |sink, &at| sink.instant(at));
            sink.option(failures.told, |sink, (first, due)| {
                sink.instant(first);
                sink.instant(due);
            });
        }
        Work::Silence { silence, last } => {
            sink.byte(1);
            write_silence(sink, silence);
            write_report(sink, last);
        }
    }
}

fn read_work(source: &mut Source<'_>) -> Result<Work, Error> {
    match source.byte()? {
        0 => Ok(Work::Settling {
            settle: source.instant()?,
            failures: Settling {
                failures: source.list(|source| {
                    let (at, is_retrying) = (source.instant()?, source.flag()?);
                    Ok(Failed { at, is_retrying, report: read_report(source)? })
                })?,
                successes: source.list(Source::instant)?,
                told: source.option(|source| Ok((source.instant()?, source.instant()?)))?,
            },
        }),
        1 => Ok(Work::Silence { silence: read_silence(source)?, last: Box::new(read_report(source)?) }),
        _ => Err(source.fail("an unknown kind of waiting")),
    }
}

fn read_phases(source: &mut Source<'_>) -> Result<Phases<Report>, Error> {
    let mut phases = Phases::default();
    for end in &mut phases.ends {
        *end = source.option(|source| {
            let (at, outcome) = (source.instant()?, Outcome::from(source.text()?));
            Ok(End { at, outcome, report: read_report(source)? })
        })?;
    }
    Ok(phases)
}

fn write_report(sink: &mut Sink, report: &Report) {
    sink.option(report.event.as_ref(), write_event);
    sink.list(report.owners.iter(), |sink, owner| sink.text(owner));
    write_facts(sink, &report.facts);
}

fn read_report(source: &mut Source<'_>) -> Result<Report, Error> {
    Ok(Report {
        event: source.option(read_event)?,
        owners: source.list(|source| Ok(source.text()?.into()))?.into_iter().collect(),
        facts: read_facts(source)?,
    })
}

pub(super) fn write_event(sink: &mut Sink, event: &EventRef) {
    sink.text(event.source());
    sink.text(event.id());
    sink.text(event.event_type());
    sink.instant(event.instant());
}

pub(super) fn read_event(source: &mut Source<'_>) -> Result<EventRef, Error> {
    let (of, id, event_type) = (source.text()?, source.text()?, source.text()?);
    Ok(EventRef::new(of, id, source.instant()?).with_type(event_type))
}

pub(super) fn write_facts(sink: &mut Sink, facts: &Facts) {
    sink.option(facts.process.as_ref(), |sink, process| sink.text(process.as_str()));
    sink.option(facts.item.as_ref(), |sink, item| {
        sink.text(item.id());
        sink.option(item.name(), Sink::text);
    });
    sink.option(facts.outcome.as_ref(), |sink, outcome| sink.text(outcome.as_str()));
    sink.option(facts.failure.as_ref(), |sink, failure| {
        sink.option(failure.kind(), |sink, kind| sink.text(kind.as_str()));
        sink.option(failure.message(), Sink::text);
    });
    sink.option(facts.job_id.as_deref(), Sink::text);
    sink.option(facts.scope.as_ref(), |sink, scope| sink.text(scope.as_str()));
    sink.option(facts.submission.as_ref(), |sink, submission| sink.text(submission.as_str()));
    sink.option(facts.operation.as_deref(), Sink::text);
    sink.option(facts.phases.as_ref(), |sink, phases| {
        for (process, outcome) in phases {
            sink.text(process.as_str());
            sink.text(outcome.as_str());
        }
    });
}

pub(super) fn read_facts(source: &mut Source<'_>) -> Result<Facts, Error> {
    Ok(Facts {
        process: source.option(|source| Ok(source.text()?.into()))?,
        item: source.option(|source| {
            let item = Item::new(source.text()?.to_owned());
            Ok(match source.option(Source::text)? {
                Some(name) => item.with_name(name.to_owned()),
                None => item,
            })
        })?,
        outcome: source.option(|source| Ok(source.text()?.into()))?,
        failure: source.option(|source| {
            let mut failure = Failure::new();
            if let Some(kind) = source.option(Source::text)? {
                failure = failure.with_kind(kind);
            }
            if let Some(message) = source.option(Source::text)? {
                failure = failure.with_message(message.to_owned());
            }
            Ok(failure)
        })?,
        job_id: source.option(|source| Ok(source.text()?.into()))?,
        scope: source.option(|source| Ok(source.text()?.into()))?,
        submission: source.option(|source| Ok(source.text()?.into()))?,
        operation: source.option(|source| Ok(source.text()?.into()))?,
        phases: source.option(|source| {
            let mut phase = || Ok((source.text()?.into(), source.text()?.into()));
            Ok([phase()?, phase()?, phase()?])
        })?,
    })
}
