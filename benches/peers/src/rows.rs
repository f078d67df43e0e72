//! The rows: tripline and its limit as the main bench runs them, and beside them
//! the peers with what they observed.

use crate::data::{self, Digest, Record};
use crate::meter::{Rounds, Sample, live_bytes};
use crate::peer::{self, Ended, Move, Peer};
use crate::report::{Report, Row};
use crate::spread::Lane;
use crate::{Failure, Size, selective, spread, stacked};

/// A peer in a workload.
struct Side {
    name: &'static str,
    peer: Box<dyn Peer>,
    bytes: f64,
    rounds: Rounds,
}

/// All peers, prepared by `watch`, with the memory that took.
fn sides(watch: impl Fn(&mut dyn Peer) -> Result<(), Failure>) -> Result<Vec<Side>, Failure> {
    let mut sides = Vec::new();
    for (name, mut peer) in peer::all() {
        let before = live_bytes();
        watch(peer.as_mut())?;
        sides.push(Side { name, peer, bytes: live_bytes() - before, rounds: Rounds::default() });
    }
    Ok(sides)
}

/// Runs all of them, beginning with another one each round, and verifies that
/// each gave those of the limit's firings that are due within its events.
fn each(
    what: &str,
    sides: &mut [Side],
    round: usize,
    due: &[Record],
    run: impl Fn(&mut dyn Peer, &mut Vec<Record>) -> Result<Sample, Failure>,
) -> Result<Vec<Sample>, Failure> {
    let mut samples: Vec<Option<Sample>> = sides.iter().map(|_| None).collect();
    let mut fired = Vec::with_capacity(due.len() + 1);
    for turn in 0..sides.len() {
        let place = (turn + round) % sides.len();
        let Side { name, peer, .. } = &mut sides[place];
        fired.clear();
        samples[place] = Some(run(peer.as_mut(), &mut fired)?);
        data::verify(&format!("{what} {name}"), Digest::of_records(&fired), Digest::of_records(due))?;
    }
    Ok(samples.into_iter().flatten().collect())
}

fn push(sides: &mut [Side], samples: Vec<Sample>, limit: Sample) {
    for (side, sample) in sides.iter_mut().zip(samples) {
        side.rounds.push(sample, limit);
    }
}

fn add(report: &mut Report, (workload, n): (&'static str, usize), events: usize, sides: &[Side]) {
    for Side { name, bytes, rounds, .. } in sides {
        report.add(Row::timed((workload, n, name), events, rounds, None, bytes / n as f64));
    }
}

/// The firings before the event with this number.
fn until<'a>(records: &'a [Record], end: Option<&Move<'_>>) -> &'a [Record] {
    end.map_or(records, |end| &records[..records.partition_point(|record| record.time < end.at)])
}

/// Judges the first of the moves and brings the rest along.
fn judge_some(
    moves: &[Move<'_>],
    timed: usize,
) -> impl Fn(&mut dyn Peer, &mut Vec<Record>) -> Result<Sample, Failure> {
    move |peer, fired| {
        let sample = peer.judge(&moves[..timed], fired)?;
        peer.skip(&moves[timed..]);
        Ok(sample)
    }
}

pub(crate) fn spread(size: Size, report: &mut Report) -> Result<(), Failure> {
    let sizes: &[usize] = size.pick(&[1_000, 100_000], &[1_000, 100_000], &[10, 100]);
    let (events, rounds) = (size.pick(1_000_000, 200_000, 2_500), size.pick(6, 2, 1));
    let timed = events / 10;
    for &n in sizes {
        let mut ours = spread::Sides::new(n, events)?;
        let walks = &ours.walks;
        let mut sides = sides(|peer| {
            (0..n).try_for_each(|series| {
                peer.watch(&data::name(series), walks.value(series), &[(series as u32, spread::BOUND)])
            })
        })?;
        let what = format!("spread n={n}");
        let (mut by_name, mut by_handle) = (Rounds::default(), Rounds::default());
        for round in 0..rounds {
            let mut samples = Vec::new();
            let (sample, limit) = ours.round(Lane::Name, events, round % 2 == 0, |ticks, records| {
                let moves = moves(ticks);
                let due = until(records, moves.get(timed));
                samples = each(&what, &mut sides, round, due, judge_some(&moves, timed))?;
                Ok(())
            })?;
            by_name.push(sample, limit);
            push(&mut sides, samples, limit);
            let (sample, limit) = ours.round(Lane::Handle, events, round % 2 == 0, |ticks, _| {
                let moves = moves(ticks);
                sides.iter_mut().for_each(|side| side.peer.skip(&moves));
                Ok(())
            })?;
            by_handle.push(sample, limit);
        }
        let bytes = ours.engine_bytes / n as f64;
        for (lane, rounds) in [("by name", &by_name), ("by handle", &by_handle)] {
            report.add(Row::timed(("spread", n, lane), events, rounds, None, bytes));
        }
        add(report, ("spread", n), timed, &sides);
    }
    Ok(())
}

fn moves<'a>(ticks: &[spread::Tick<'a>]) -> Vec<Move<'a>> {
    ticks.iter().map(|tick| Move { series: tick.name, at: tick.at, value: tick.value }).collect()
}

pub(crate) fn stacked(size: Size, report: &mut Report) -> Result<(), Failure> {
    let sizes: &[usize] = size.pick(&[100, 10_000, 100_000], &[100, 10_000], &[10, 100]);
    let (events, rounds) = (size.pick(100_000, 50_000, 2_500), size.pick(7, 3, 1));
    for &n in sizes {
        // As many conditions at every n: a peer judges all of them at every event.
        let timed = size.pick(1_000_000, 200_000, 10_000) / n;
        let (bounds, mut walk) = stacked::bounds(n);
        let mut ours = stacked::Sides::new(&bounds, false)?;
        let triggers: Vec<(u32, f64)> = (0..).zip(bounds).collect();
        let start = stacked::scaled(stacked::START);
        let mut sides = sides(|peer| peer.watch(stacked::NAME, start, &triggers))?;
        let what = format!("stacked n={n}");
        let mut by_handle = Rounds::default();
        for round in 0..rounds {
            let ticks = walk.next(events);
            let (sample, limit) = ours.round(&ticks, round % 2 == 0)?;
            by_handle.push(sample, limit);
            data::verify(&what, Digest::of_briefs(&ours.fired), Digest::of_records(&ours.records))?;
            let one = |tick: &stacked::Tick| Move { series: stacked::NAME, at: tick.at, value: tick.value };
            let moves: Vec<Move<'_>> = ticks.iter().map(one).collect();
            let due = until(&ours.records, moves.get(timed));
            let samples = each(&what, &mut sides, round, due, judge_some(&moves, timed))?;
            push(&mut sides, samples, limit);
        }
        let bytes = ours.bytes / n as f64;
        report.add(Row::timed(("stacked", n, "by handle"), events, &by_handle, None, bytes));
        add(report, ("stacked", n), timed, &sides);
    }
    Ok(())
}

pub(crate) fn selective(size: Size, report: &mut Report) -> Result<(), Failure> {
    let sizes: &[usize] = size.pick(&[1_000, 100_000], &[1_000, 100_000], &[10, 100]);
    let (events, rounds) = (size.pick(1_000_000, 200_000, 2_500), size.pick(6, 2, 1));
    let timed = events / 5;
    for &n in sizes {
        let mut ours = selective::Sides::new(n, events)?;
        let (asks, _) = selective::asks(n);
        let mut sides = sides(|peer| {
            (0..)
                .zip(&asks)
                .try_for_each(|(trigger, ask)| peer.watch_outcome(&ask.name(), trigger, ask.failed))
        })?;
        let what = format!("selective n={n}");
        let mut refresh = Rounds::default();
        for round in 0..rounds {
            let mut samples = Vec::new();
            let (sample, limit) = ours.round(selective::Lane::Refresh, events, round % 2 == 0, |ticks, records| {
                let ended: Vec<Ended<'_>> = ticks[..timed].iter().filter_map(ended).collect();
                let end = ticks.get(timed).map(|tick| tick.at);
                let due = records.partition_point(|record| end.is_none_or(|end| record.time < end));
                let judge = |peer: &mut dyn Peer, fired: &mut Vec<Record>| peer.judge_outcomes(&ended, fired);
                samples = each(&what, &mut sides, round, &records[..due], judge)?;
                Ok(())
            })?;
            refresh.push(sample, limit);
            push(&mut sides, samples, limit);
        }
        let bytes = ours.engine_bytes / n as f64;
        report.add(Row::timed(("selective", n, "refresh"), events, &refresh, None, bytes));
        add(report, ("selective", n), timed, &sides);
    }
    Ok(())
}

fn ended<'a>(tick: &'a selective::Tick<'a>) -> Option<Ended<'a>> {
    let item = tick.task.item()?;
    Some(Ended { id: item.id(), name: item.name()?, at: tick.at, failed: tick.failed })
}
