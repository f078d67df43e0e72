//! The engine as bytes.

use crate::event::Series;
use crate::firing::{Firing, Key};

use super::super::Engine;
use super::super::cold::{Edge, Exact};
use super::super::emit::{Pending, Record};
use super::super::numbers::NOBODY;
use super::codec::Sink;
use super::state::write_instance;
use super::tasks;

pub(super) fn body(engine: &Engine, bytes: Vec<u8>) -> Vec<u8> {
    let mut sink = Sink(bytes);
    sink.instant(engine.clock);
    sink.instant(engine.flushed);
    let counts: Vec<_> = engine.counts.iter().collect();
    sink.list(counts.into_iter(), |sink, (name, count)| {
        sink.text(name);
        sink.number(count);
    });
    sink.count(engine.dedupe.len());
    for (source, id, time) in engine.dedupe.iter() {
        sink.bytes(&source);
        sink.bytes(&id);
        sink.instant(time);
    }
    let numbers = triggers(engine, &mut sink);
    series(engine, &mut sink, &numbers);
    tasks::write(engine, &mut sink, &numbers);
    sink.count(engine.pending.len());
    engine.pending.iter().for_each(|pending| match &pending {
        Pending::Full { firing: full, .. } => firing(&mut sink, full),
        Pending::Crossing(crossing) => waiting(engine, &mut sink, &crossing.record()),
        Pending::Record(record) => waiting(engine, &mut sink, record),
        Pending::Occurred(occurred) => {
            if let Some(full) = engine.build_occurred(occurred) {
                firing(&mut sink, &full);
            }
        }
        Pending::Parts { trigger, parts } => {
            if let Some(full) = engine.build_parts(*trigger, parts) {
                firing(&mut sink, &full);
            }
        }
    });
    sink.0
}

/// The triggers in their order; says which place each number has among them.
fn triggers(engine: &Engine, sink: &mut Sink) -> Vec<u64> {
    let mut places = vec![u64::MAX; engine.register.numbers()];
    sink.count(engine.register.len());
    let mut free = 0..;
    for (number, place) in (0..).zip(&mut places) {
        let Some(watch) = engine.watch(number) else { continue };
        *place = free.next().unwrap_or(u64::MAX);
        sink.text(&watch.trigger.to_json());
        sink.flag(watch.enabled());
        sink.list(watch.emitted().iter(), |sink, &at| sink.instant(at));
        let whole = watch.whole();
        let whole = (whole != NOBODY).then(|| &engine.instances[whole as usize]);
        sink.option(whole, write_instance);
    }
    places
}

fn series(engine: &Engine, sink: &mut Sink, places: &[u64]) {
    sink.count(engine.slots.len());
    for number in 0..engine.slots.len() as u32 {
        write_series(sink, &engine.slots.series(number));
        let (slot, cold) = (engine.slots.hot(number), engine.slots.cold(number));
        sink.float(slot.value);
        sink.instant(slot.gate);
        sink.option(cold.exact.as_deref(), |sink, Exact { newest, sequence, floor }| {
            sink.instant(*newest);
            sink.option(*sequence, Sink::instant);
            sink.instant(*floor);
        });
        sink.number(u64::from(cold.refused));
        if let Some(solo) = engine.solo(number) {
            sink.count(1);
            sink.number(places[solo.trigger as usize]);
            write_instance(sink, &solo);
            continue;
        }
        let mut instances = engine.instances_on(number);
        instances.retain(|&instance| engine.instances[instance as usize].series == number);
        instances.sort_unstable_by_key(|&instance| engine.instances[instance as usize].trigger);
        let mut lent: Vec<_> = match &cold.edge {
            Edge::Many(ladder) => ladder.lent().collect(),
            _ => Vec::new(),
        };
        lent.sort_unstable_by_key(|(number, _)| *number);
        sink.list(instances.iter(), |sink, &instance| {
            let kept = &engine.instances[instance as usize];
            sink.number(places[kept.trigger as usize]);
            match lent.binary_search_by_key(&instance, |(number, _)| *number) {
                Err(_) => write_instance(sink, kept),
                Ok(place) => {
                    let mut current = kept.clone();
                    lent[place].1.write_to(&mut current);
                    write_instance(sink, &current);
                }
            }
        });
    }
}

fn write_series(sink: &mut Sink, series: &Series) {
    sink.text(series.source());
    sink.text(series.kind().as_str());
    sink.text(series.name());
    sink.count(series.dimensions().len());
    for (name, value) in series.dimensions().iter() {
        sink.text(name);
        sink.text(value);
    }
}

fn waiting(engine: &Engine, sink: &mut Sink, record: &Record) {
    if let Some(full) = engine.build(record) {
        firing(sink, &full);
    }
}

fn firing(sink: &mut Sink, firing: &Firing) {
    let (trigger, parts) = firing.parts();
    sink.text(&trigger.to_json());
    match &parts.key {
        Key::Whole => sink.byte(0),
        Key::Series(series) => {
            sink.byte(1);
            write_series(sink, series);
        }
        Key::Item { source, process, id } => {
            sink.byte(2);
            sink.text(source);
            sink.text(process.as_str());
            sink.option(id.as_deref(), Sink::text);
        }
        Key::Job { source, id } => {
            sink.byte(3);
            sink.text(source);
            sink.text(id);
        }
    }
    sink.text(parts.transition.as_str());
    sink.instant(parts.time);
    sink.number(parts.ordinal);
    sink.option(parts.value, Sink::float);
    sink.option(parts.previous, Sink::float);
    sink.option(parts.crossed_at, Sink::instant);
    sink.option(parts.due_at, Sink::instant);
    sink.number(parts.suppressed);
    sink.option(parts.event.as_ref(), tasks::write_event);
    sink.list(parts.owners.iter(), |sink, owner| sink.text(owner));
    sink.option(parts.facts.as_deref(), tasks::write_facts);
}
