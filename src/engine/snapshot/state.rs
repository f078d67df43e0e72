//! The state of an instance as bytes.

use std::collections::VecDeque;

use crate::error::Error;
use crate::threshold::{Extra, Phase, Side, State, Waiting, Window};

use super::super::instance::{Body, Held, Instance, More, Origin};
use super::codec::{Sink, Source};
use super::silence::{read_silence, write_silence};

const SIDES: [Side; 3] = [Side::Unknown, Side::Inside, Side::Outside];
const PHASES: [Phase; 7] =
    [Phase::Unseen, Phase::Armed, Phase::Holding, Phase::Fired, Phase::Spent, Phase::Watching, Phase::Silent];

pub(super) fn write_instance(sink: &mut Sink, instance: &Instance) {
    sink.instant(instance.last_firing);
    sink.number(u64::from(instance.firings_then));
    sink.number(u64::from(instance.suppressed));
    sink.flag(instance.edge);
    sink.flag(instance.shown);
    match &instance.body {
        Body::Threshold(state) => {
            sink.byte(0);
            write_state(sink, state);
        }
        Body::Silence(silence) => {
            sink.byte(1);
            write_silence(sink, silence);
        }
        // Kept with the items.
        Body::Task(_) => sink.byte(2),
    }
    sink.option(instance.more.as_deref(), write_more);
}

/// An instance; its trigger and series are for the caller to say.
pub(super) fn read_instance(source: &mut Source<'_>, trigger: u32, series: u32) -> Result<Instance, Error> {
    let last_firing = source.instant()?;
    let (firings_then, suppressed) = (source.small()?, source.small()?);
    let (edge, shown) = (source.flag()?, source.flag()?);
    let body = match source.byte()? {
        0 => Body::Threshold(read_state(source)?),
        1 => Body::Silence(read_silence(source)?),
        _ => return Err(source.fail("an unknown kind of state")),
    };
    let more = source.option(read_more)?.map(Box::new);
    let mut instance = Instance::new(trigger, series, body, edge, more);
    (instance.last_firing, instance.firings_then, instance.suppressed) =
        (last_firing, firings_then, suppressed);
    instance.shown = shown;
    Ok(instance)
}

fn write_state(sink: &mut Sink, state: &State) {
    sink.byte(place(&SIDES, state.side));
    sink.byte(place(&PHASES, state.phase));
    sink.flag(state.told);
    sink.instant(state.since);
    sink.instant(state.fired_at);
    sink.option(state.extra.as_deref(), |sink, extra| {
        [extra.outside_since, extra.next_reminder, extra.stale_at]
            .into_iter()
            .for_each(|at| sink.instant(at));
        sink.float(extra.previous);
        sink.option(extra.window.as_ref(), write_window);
    });
}

fn read_state(source: &mut Source<'_>) -> Result<State, Error> {
    let side = *SIDES.get(usize::from(source.byte()?)).ok_or_else(|| source.fail("an unknown side"))?;
    let phase = *PHASES.get(usize::from(source.byte()?)).ok_or_else(|| source.fail("an unknown phase"))?;
    let (told, since, fired_at) = (source.flag()?, source.instant()?, source.instant()?);
    let extra = source.option(|source| {
        Ok(Box::new(Extra {
            outside_since: source.instant()?,
            next_reminder: source.instant()?,
            stale_at: source.instant()?,
            previous: source.float()?,
            window: source.option(read_window)?,
        }))
    })?;
    Ok(State { side, phase, told, since, fired_at, extra })
}

fn write_window(sink: &mut Sink, window: &Window) {
    match window {
        Window::Last { recent, .. } => {
            sink.byte(0);
            sink.list(recent.iter(), |sink, &inside| sink.flag(inside));
        }
        Window::Times(times) => {
            sink.byte(1);
            sink.list(times.iter(), |sink, &at| sink.instant(at));
        }
    }
}

fn read_window(source: &mut Source<'_>) -> Result<Window, Error> {
    match source.byte()? {
        0 => {
            let recent: VecDeque<bool> = source.list(Source::flag)?.into();
            let inside = recent.iter().map(|&inside| u32::from(inside)).sum();
            Ok(Window::Last { recent, inside })
        }
        1 => Ok(Window::Times(source.list(Source::instant)?.into())),
        _ => Err(source.fail("an unknown kind of window")),
    }
}

fn write_more(sink: &mut Sink, more: &More) {
    sink.float(more.value);
    sink.float(more.before);
    [more.reported, more.cooldown_from, more.newest, more.floor].into_iter().for_each(|at| sink.instant(at));
    sink.option(more.newest_sequence, Sink::instant);
    write_origin(sink, &more.origin);
    write_origin(sink, &more.outside);
    sink.count(more.waiting.len());
    for (at, sequence, held) in more.waiting.iter() {
        sink.instant(at);
        sink.option(sequence, Sink::instant);
        sink.float(held.value);
        write_origin(sink, &held.origin);
    }
}

fn read_more(source: &mut Source<'_>) -> Result<More, Error> {
    let (value, before) = (source.float()?, source.float()?);
    let (reported, cooldown_from) = (source.instant()?, source.instant()?);
    let (newest, floor) = (source.instant()?, source.instant()?);
    let newest_sequence = source.option(Source::instant)?;
    let (origin, outside) = (read_origin(source)?, read_origin(source)?);
    let mut waiting = Waiting::default();
    for _ in 0..source.number()? {
        let (at, sequence) = (source.instant()?, source.option(Source::instant)?);
        waiting.push(at, sequence, Held { value: source.float()?, origin: read_origin(source)? });
    }
    Ok(More {
        value,
        before,
        reported,
        cooldown_from,
        origin,
        outside,
        newest,
        newest_sequence,
        floor,
        waiting,
    })
}

pub(super) fn write_origin(sink: &mut Sink, origin: &Origin) {
    sink.text(&origin.source);
    sink.text(&origin.id);
    sink.instant(origin.time);
    sink.list(origin.owners.iter(), |sink, owner| sink.text(owner));
}

fn read_origin(source: &mut Source<'_>) -> Result<Origin, Error> {
    let (of, id) = (source.text()?.to_owned(), source.text()?.to_owned());
    let time = source.instant()?;
    let owners = source.list(|source| Ok(source.text()?.to_owned()))?;
    Ok(Origin { source: of, id, time, owners })
}

fn place<T: PartialEq>(all: &[T], one: T) -> u8 {
    all.iter().position(|other| *other == one).and_then(|place| u8::try_from(place).ok()).unwrap_or(u8::MAX)
}
