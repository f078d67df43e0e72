//! Bytes as an engine, for the triggers that there are now.

use crate::error::Error;
use crate::event::{Dimensions, Series, SeriesRef};
use crate::firing::{Firing, Key, Parts};
use crate::threshold::{NEVER, Transition};
use crate::trigger::Trigger;

use super::super::Engine;
use super::super::cold::{Edge, Exact};
use super::super::emit::Pending;
use super::super::instance::{Body, Instance};
use super::super::ladder::Ladder;
use super::super::numbers::{NOBODY, kind_number};
use super::super::slot::LONG_AGO;
use super::super::watch::Watch;
use super::RestoreReport;
use super::codec::Source;
use super::state::read_instance;
use super::tasks;

/// A trigger as the snapshot has it.
struct Kept {
    trigger: Trigger,
    enabled: bool,
    emitted: Vec<i64>,
    whole: Option<Instance>,
}

pub(super) fn body(current: &Engine, bytes: &[u8]) -> Result<(Engine, RestoreReport), Error> {
    let mut source = Source::new(bytes);
    let mut engine =
        Engine::builder().with_limits(current.limits.clone()).with_hash_seed(current.seed).build();
    (engine.skew, engine.partition) = (current.skew, current.partition);
    engine.explain = current.explain.is_some().then(Box::default);
    engine.set_next(engine.next);
    (engine.clock, engine.flushed) = (source.instant()?, source.instant()?);
    for (name, count) in source.list(|source| Ok((source.text()?, source.number()?)))? {
        engine.counts.set(name, count);
    }
    for _ in 0..source.number()? {
        let (of, id, time) = (source.text()?, source.text()?, source.instant()?);
        let name = engine.dedupe.name(of, id);
        engine.dedupe.record(&name, time);
    }
    let mut next = 0;
    let kept = source.list(|source| read_trigger(source, current, &mut next))?;
    let (numbers, mut report) = place_triggers(&mut engine, current, &kept);
    report.series = read_series(&mut engine, &mut source, &numbers)?;
    tasks::read(&mut engine, &mut source, &numbers)?;
    let firings = source.list(|source| read_firing(source))?;
    source.end()?;
    for (place, kept) in kept.into_iter().enumerate() {
        if let Some(number) = numbers[place] {
            restore_whole(&mut engine, number, kept.whole);
        }
    }
    settle(&mut engine);
    catch_up(&mut engine, current, &report);
    engine.prune();
    // What catching up has fired comes after what the snapshot had waiting.
    let mut fired = std::mem::take(&mut engine.pending);
    for firing in firings {
        let waiting = pending(&engine, firing);
        engine.pending.push_back(waiting);
    }
    std::iter::from_fn(|| fired.pop_front()).for_each(|pending| engine.pending.push_back(pending));
    // A snapshot that was made under another bound may hold more series than this one's.
    engine.identity = super::super::Identity::new(engine.slots.len().max(engine.limits.series()));
    engine.set_next(engine.next);
    Ok((engine, report))
}

/// A trigger, which most often is the `next` of the current engine, letter for
/// letter: that one need not be made of its text again.
fn read_trigger(source: &mut Source<'_>, current: &Engine, next: &mut u32) -> Result<Kept, Error> {
    let text = source.text()?;
    let known = current.watch(*next).map(|watch| &watch.trigger).filter(|known| known.to_json() == text);
    let trigger = known.map_or_else(|| parse_trigger(source, text), |known| Ok(known.clone()))?;
    *next = current.register.number_of(trigger.id()).map_or(*next, |number| number + 1);
    let (enabled, emitted) = (source.flag()?, source.list(Source::instant)?);
    let whole = source.option(|source| read_instance(source, NOBODY, NOBODY))?;
    Ok(Kept { trigger, enabled, emitted, whole })
}

fn parse_trigger(source: &Source<'_>, text: &str) -> Result<Trigger, Error> {
    Trigger::from_json(text).map_err(|error| source.fail("a trigger does not read").caused_by(error))
}

/// Puts the triggers where the current engine has them, those that the
/// snapshot knows as it knows them; says which number each of its places got.
fn place_triggers(engine: &mut Engine, current: &Engine, kept: &[Kept]) -> (Vec<Option<u32>>, RestoreReport) {
    let (mut numbers, mut report) = (vec![None; kept.len()], RestoreReport::default());
    for _ in 0..current.register.numbers() {
        let _ = engine.register.new_number();
    }
    for (place, kept) in kept.iter().enumerate() {
        let Some(number) = current.register.number_of(kept.trigger.id()) else {
            report.dropped.push(kept.trigger.id().to_owned());
            continue;
        };
        numbers[place] = Some(number);
        match current.watch(number) {
            Some(watch) if watch.trigger == kept.trigger => report.kept += 1,
            _ => report.changed.push(kept.trigger.id().to_owned()),
        }
        let mut watch = Watch::new(kept.trigger.clone());
        watch.set_enabled(kept.enabled);
        if !kept.emitted.is_empty() {
            watch.emitted_mut().clone_from(&kept.emitted);
        }
        engine.register.put(number, watch);
    }
    let is_new = |trigger: &&Trigger| engine.register.number_of(trigger.id()).is_none();
    report.added = current.triggers().filter(is_new).map(|trigger| trigger.id().to_owned()).collect();
    (numbers, report)
}

fn read_series(
    engine: &mut Engine,
    source: &mut Source<'_>,
    numbers: &[Option<u32>],
) -> Result<usize, Error> {
    let count = source.number()?;
    for _ in 0..count {
        let series = series(source)?;
        let Some(kind) = kind_number(series.kind().as_str()) else {
            return Err(source.fail("an unknown kind of series"));
        };
        let number = engine.slots.insert(&SeriesRef::from(&series), kind);
        let (value, gate) = (source.float()?, source.instant()?);
        let exact = source.option(|source| {
            let (newest, sequence) = (source.instant()?, source.option(Source::instant)?);
            Ok(Box::new(Exact { newest, sequence, floor: source.instant()? }))
        })?;
        let refused = source.small()?;
        let slot = engine.slots.hot_mut(number);
        (slot.value, slot.gate) = (value, gate);
        let cold = engine.slots.cold_mut(number);
        (cold.exact, cold.refused) = (exact, refused);
        for _ in 0..source.number()? {
            let place = source.small()? as usize;
            let trigger = *numbers.get(place).ok_or_else(|| source.fail("an unknown trigger"))?;
            let instance = read_instance(source, trigger.unwrap_or(NOBODY), number)?;
            if trigger.is_some() {
                put(engine, number, instance);
            }
        }
    }
    Ok(usize::try_from(count).unwrap_or(usize::MAX))
}

/// Puts a restored instance on its series.
fn put(engine: &mut Engine, series: u32, instance: Instance) {
    let (trigger, edge) = (instance.trigger, instance.edge);
    engine.waiting += instance.more.as_ref().map_or(0, |more| more.waiting.len());
    let number = engine.store_instance(instance);
    if let Some(watch) = engine.watch_mut(trigger) {
        watch.series += 1;
    }
    let cold = engine.slots.cold_mut(series);
    match (&mut cold.edge, edge) {
        (_, false) => cold.always.push(number),
        (edge @ Edge::None, true) => *edge = Edge::One(number),
        (Edge::One(first), true) => {
            let mut ladder = Box::<Ladder>::default();
            ladder.add(*first);
            ladder.add(number);
            cold.edge = Edge::Many(ladder);
        }
        (Edge::Many(ladder), true) => ladder.add(number),
    }
}

fn restore_whole(engine: &mut Engine, number: u32, whole: Option<Instance>) {
    let Some(mut whole) = whole else { return };
    whole.trigger = number;
    let instance = engine.store_instance(whole);
    if let Some(watch) = engine.watch_mut(number) {
        watch.set_whole(instance);
        if watch.is_whole() {
            engine.attach_whole(number);
        }
    }
}

/// Brings slots and queues in line with the restored instances.
fn settle(engine: &mut Engine) {
    for series in 0..engine.slots.len() as u32 {
        engine.settle_slot(series);
    }
    for number in 0..engine.instances.len() as u32 {
        engine.requeue(number);
    }
}

/// Brings the triggers to what they are now.
fn catch_up(engine: &mut Engine, current: &Engine, report: &RestoreReport) {
    let clock = engine.clock;
    for number in 0..current.register.numbers() as u32 {
        let Some(watch) = current.watch(number) else { continue };
        if let Some(restored) = engine.watch(number) {
            let is_changed = restored.trigger != watch.trigger;
            engine.replace_numbered(number, watch.trigger.clone(), clock, false);
            // What is as it was waits since it was added then, and not since it was added anew.
            if clock == LONG_AGO && is_changed {
                keep_silence(engine, current, number);
            }
            continue;
        }
        let mut fresh = Watch::new(watch.trigger.clone());
        fresh.set_enabled(watch.enabled());
        engine.install(number, fresh, if clock == LONG_AGO { NEVER } else { clock });
        keep_silence(engine, current, number);
    }
    debug_assert_eq!(engine.register.len(), current.register.len(), "{report:?}");
}

/// From the start means from when the trigger was added, and that the current engine knows.
fn keep_silence(engine: &mut Engine, current: &Engine, number: u32) {
    let whole = |engine: &Engine| engine.watch(number).map_or(NOBODY, Watch::whole);
    let (fresh, known) = (whole(engine), whole(current));
    if fresh == NOBODY || known == NOBODY {
        return;
    }
    if let Body::Silence(silence) = &current.instances[known as usize].body {
        engine.instances[fresh as usize].body = Body::Silence(*silence);
    }
    engine.requeue(fresh);
}

fn pending(engine: &Engine, firing: Firing) -> Pending {
    let trigger = engine.register.number_of(firing.trigger()).unwrap_or(NOBODY);
    Pending::Full { trigger, firing: Box::new(firing) }
}

fn series(source: &mut Source<'_>) -> Result<Series, Error> {
    let (of, kind, name) = (source.text()?, source.text()?, source.text()?);
    let dimensions: Dimensions =
        source.list(|source| Ok((source.text()?, source.text()?)))?.into_iter().collect();
    Ok(Series::new(of, kind, name).with_dimensions(dimensions))
}

fn read_firing(source: &mut Source<'_>) -> Result<Firing, Error> {
    let text = source.text()?;
    let trigger = parse_trigger(source, text)?;
    let key = match source.byte()? {
        0 => Key::Whole,
        1 => Key::Series(series(source)?),
        2 => Key::Item {
            source: source.text()?.into(),
            process: source.text()?.into(),
            id: source.option(|source| Ok(source.text()?.into()))?,
        },
        3 => Key::Job { source: source.text()?.into(), id: source.text()?.into() },
        _ => return Err(source.fail("an unknown kind of key")),
    };
    let word = source.text()?;
    let transitions = [Transition::Crossed, Transition::Cleared, Transition::Reminder, Transition::Occurred];
    let transition = transitions.into_iter().find(|transition| transition.as_str() == word);
    let transition = transition.ok_or_else(|| source.fail("an unknown transition"))?;
    let parts = Parts {
        key,
        transition,
        time: source.instant()?,
        ordinal: source.number()?,
        value: source.option(Source::float)?,
        previous: source.option(Source::float)?,
        crossed_at: source.option(Source::instant)?,
        due_at: source.option(Source::instant)?,
        suppressed: source.number()?,
        event: source.option(tasks::read_event)?,
        owners: source.list(|source| Ok(source.text()?.into()))?.into_iter().collect(),
        facts: source.option(tasks::read_facts)?.map(Box::new),
    };
    Ok(Firing::new(trigger, parts))
}
