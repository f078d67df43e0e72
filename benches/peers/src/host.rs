//! The host of an expression engine: it knows which conditions concern a series
//! or an item, and remembers the last value, so that the engine is asked only
//! about the candidates, with the two values as variables.

use foldhash::fast::RandomState;
use hashbrown::HashMap;
use smallvec::SmallVec;

use crate::Failure;
use crate::data::Record;
use crate::meter::{Sample, measure};
use crate::peer::{Ended, Move, Peer};

/// A compiled condition and its trigger.
pub(crate) struct Watcher<C> {
    pub(crate) trigger: u32,
    pub(crate) condition: C,
}

/// An engine that compiles a condition once and evaluates it often.
pub(crate) trait Language {
    /// A number as the engine holds it.
    type Number: Copy;
    type Condition;

    fn number(value: f64) -> Result<Self::Number, Failure>;

    /// `previous <= bound and value > bound`.
    fn above(&mut self, bound: f64) -> Result<Self::Condition, Failure>;

    /// `failed`, or `not failed`.
    fn outcome(&mut self, failed: bool) -> Result<Self::Condition, Failure>;

    /// Tells which conditions hold; the variables are set once for all of them.
    fn on_move(
        &mut self,
        previous: Self::Number,
        value: Self::Number,
        watchers: &[Watcher<Self::Condition>],
        fired: impl FnMut(u32),
    ) -> Result<(), Failure>;

    fn on_outcome(
        &mut self,
        failed: bool,
        watchers: &[Watcher<Self::Condition>],
        fired: impl FnMut(u32),
    ) -> Result<(), Failure>;
}

/// With one condition, as in `spread`, nothing lies between the entry and it.
type Watchers<C> = SmallVec<[Watcher<C>; 1]>;

struct Series<L: Language> {
    previous: L::Number,
    watchers: Watchers<L::Condition>,
}

pub(crate) struct Host<L: Language> {
    language: L,
    series: HashMap<Box<str>, Series<L>, RandomState>,
    items: HashMap<Box<str>, Watchers<L::Condition>, RandomState>,
}

impl<L: Language> Host<L> {
    pub(crate) fn new(language: L) -> Self {
        Self { language, series: HashMap::default(), items: HashMap::default() }
    }
}

/// A move whose value the engine can take as it is.
struct Own<'a, N> {
    of: Move<'a>,
    value: N,
}

impl<L: Language> Peer for Host<L> {
    fn watch(&mut self, series: &str, value: f64, triggers: &[(u32, f64)]) -> Result<(), Failure> {
        let mut watchers = Watchers::with_capacity(triggers.len());
        for &(trigger, bound) in triggers {
            watchers.push(Watcher { trigger, condition: self.language.above(bound)? });
        }
        self.series.insert(series.into(), Series { previous: L::number(value)?, watchers });
        Ok(())
    }

    fn watch_outcome(&mut self, item: &str, trigger: u32, failed: bool) -> Result<(), Failure> {
        let watcher = Watcher { trigger, condition: self.language.outcome(failed)? };
        self.items.entry(item.into()).or_default().push(watcher);
        Ok(())
    }

    fn judge<'a>(&mut self, moves: &[Move<'a>], fired: &mut Vec<Record>) -> Result<Sample, Failure> {
        let own = |&of: &Move<'a>| L::number(of.value).map(|value| Own { of, value });
        let moves: Vec<Own<'a, L::Number>> = moves.iter().map(own).collect::<Result<_, _>>()?;
        let Self { language, series, .. } = self;
        let (done, sample) = measure(moves.len(), || moves_of(language, series, &moves, fired));
        done?;
        Ok(sample)
    }

    fn skip(&mut self, moves: &[Move<'_>]) {
        for of in moves {
            if let (Some(series), Ok(value)) = (self.series.get_mut(of.series), L::number(of.value)) {
                series.previous = value;
            }
        }
    }

    fn judge_outcomes(&mut self, ended: &[Ended<'_>], fired: &mut Vec<Record>) -> Result<Sample, Failure> {
        let Self { language, items, .. } = self;
        let (done, sample) = measure(ended.len(), || outcomes_of(language, items, ended, fired));
        done?;
        Ok(sample)
    }
}

#[inline(never)]
fn moves_of<L: Language>(
    language: &mut L,
    series: &mut HashMap<Box<str>, Series<L>, RandomState>,
    moves: &[Own<'_, L::Number>],
    fired: &mut Vec<Record>,
) -> Result<(), Failure> {
    for Own { of, value } in moves {
        let Some(series) = series.get_mut(of.series) else { continue };
        let record = |trigger| fired.push(Record { trigger, time: of.at });
        language.on_move(series.previous, *value, &series.watchers, record)?;
        series.previous = *value;
    }
    Ok(())
}

#[inline(never)]
fn outcomes_of<L: Language>(
    language: &mut L,
    items: &HashMap<Box<str>, Watchers<L::Condition>, RandomState>,
    ended: &[Ended<'_>],
    fired: &mut Vec<Record>,
) -> Result<(), Failure> {
    for task in ended {
        for watchers in [items.get(task.id), items.get(task.name)].into_iter().flatten() {
            let record = |trigger| fired.push(Record { trigger, time: task.at });
            language.on_outcome(task.failed, watchers, record)?;
        }
    }
    Ok(())
}
