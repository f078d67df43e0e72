//! What the host remembers for people who look at it: the values of each series, and why events made nothing fire. The library keeps
//! where things stand, not how they came there.
//!
//! All of it is bounded and in memory; after a restart it begins anew with the firings that the pipeline remembers.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use chrono::{DateTime, Utc};
use tripline::engine::Explanation;
use tripline::event::{Event, Series, ValueObserved};
use tripline::firing::Firing;
use tripline::pipeline::{Pipeline, Receipt};

/// Most series whose values are remembered; the one that was not heard of for longest makes room.
const SERIES: usize = 500;
/// Most values of one series; the oldest makes room.
const VALUES: usize = 500;
/// Most words on why nothing fired.
const WORDS: usize = 100;

/// A value that was told, or word that there is none.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Point {
    pub at: DateTime<Utc>,
    pub value: Option<f64>,
}

/// A clone is the same one.
#[derive(Debug, Clone, Default)]
pub struct Watch {
    seen: Arc<Mutex<Seen>>,
}

#[derive(Debug, Default)]
struct Seen {
    series: BTreeMap<Series, Values>,
    unfired: VecDeque<Explanation>,
    /// How many values came so far, to tell which series was not heard of for longest.
    heard: u64,
}

#[derive(Debug, Default)]
struct Values {
    points: VecDeque<Point>,
    heard: u64,
}

impl Watch {
    /// With what a pipeline still knows.
    pub fn of(pipeline: &Pipeline) -> Self {
        let this = Self::default();
        let mut seen = this.seen();
        pipeline.firings_from(0).for_each(|(_, firing)| seen.firing(firing));
        drop(seen);
        this
    }

    /// Takes note of what came in with events, and of why they made nothing fire, where that is explained.
    pub fn took(&self, events: &[Event<'_>], receipt: &Receipt, now: DateTime<Utc>, pipeline: &mut Pipeline) {
        let mut seen = self.seen();
        let refused: BTreeSet<usize> = receipt.refused().iter().map(|(place, _)| *place).collect();
        for (_, event) in events.iter().enumerate().filter(|(place, _)| !refused.contains(place)) {
            if let Ok(Some(observed)) = ValueObserved::from_event(event) {
                let series = Series::from(observed.series(event.source()));
                seen.value(series, Point { at: event.time().unwrap_or(now), value: observed.value() });
            }
        }
        while let Some(explanation) = pipeline.poll_explanation() {
            if explanation.fired().is_none() {
                seen.unfired.push_back(explanation);
            }
        }
        while seen.unfired.len() > WORDS {
            seen.unfired.pop_front();
        }
    }

    /// The values of a series, by their times.
    pub fn values(&self, series: &Series) -> Vec<Point> {
        let seen = self.seen();
        seen.series.get(series).map_or_else(Vec::new, |values| values.points.iter().copied().collect())
    }

    /// The last words on why something did not fire, the newest first.
    pub fn unfired(&self) -> Vec<Explanation> {
        self.seen().unfired.iter().rev().cloned().collect()
    }

    fn seen(&self) -> MutexGuard<'_, Seen> {
        // Nothing in here can panic halfway.
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Seen {
    fn firing(&mut self, firing: &Firing) {
        if let (Some(series), Some(value)) = (firing.series(), firing.value()) {
            self.value(series.clone(), Point { at: firing.time(), value: Some(value) });
        }
    }

    fn value(&mut self, series: Series, point: Point) {
        self.heard += 1;
        if self.series.len() >= SERIES && !self.series.contains_key(&series) {
            let oldest = self.series.iter().min_by_key(|(_, values)| values.heard);
            if let Some(series) = oldest.map(|(series, _)| series.clone()) {
                self.series.remove(&series);
            }
        }
        let values = self.series.entry(series).or_default();
        values.heard = self.heard;
        let place = values.points.partition_point(|other| other.at <= point.at);
        // An event that was sent twice is one.
        if place.checked_sub(1).and_then(|last| values.points.get(last)) != Some(&point) {
            values.points.insert(place, point);
        }
        if values.points.len() > VALUES {
            values.points.pop_front();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn point(minute: i64, value: f64) -> Point {
        Point { at: DateTime::from_timestamp(60 * minute, 0).unwrap(), value: Some(value) }
    }

    #[test]
    fn values_stand_in_the_order_of_their_times_each_once_and_the_oldest_go() {
        let (watch, vip) = (Watch::default(), Series::new("/s", "segment", "vip"));
        for (minute, value) in [(2, 2.0), (1, 1.0), (2, 2.0), (3, 3.0)] {
            watch.seen().value(vip.clone(), point(minute, value));
        }
        assert_eq!(watch.values(&vip), [point(1, 1.0), point(2, 2.0), point(3, 3.0)]);
        for minute in 4..4 + VALUES as i64 {
            watch.seen().value(vip.clone(), point(minute, 0.0));
        }
        assert_eq!((watch.values(&vip).len(), watch.values(&vip)[0]), (VALUES, point(4, 0.0)));
    }

    #[test]
    fn the_series_that_was_not_heard_of_for_longest_makes_room() {
        let watch = Watch::default();
        let series = |n: usize| Series::new("/s", "segment", format!("{n:04}"));
        (0..SERIES).for_each(|n| watch.seen().value(series(n), point(0, 0.0)));
        watch.seen().value(series(0), point(1, 0.0));
        watch.seen().value(series(SERIES), point(0, 0.0));
        assert_eq!(watch.seen().series.len(), SERIES);
        assert_eq!((watch.values(&series(0)).len(), watch.values(&series(1)).len()), (2, 0));
    }
}
