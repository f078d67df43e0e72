//! Input in the order of time, divided among partitions: together they fire what one engine fires.

use std::collections::BTreeMap;
use std::time::Duration;

use chrono::{DateTime, Utc};
use serde_json::Value;
use tripline::Trigger;
use tripline::engine::Engine;
use tripline::event::Event;
use tripline::partition::{Partition, Partitions, Router, Watermark};

use crate::corpus::observation;
use crate::differential::{seeds, steps};
use crate::engine_subject::event;
use crate::nights;
use crate::random::Random;

/// Triggers, and events in the order of their times.
pub(crate) struct Input {
    pub(crate) triggers: Vec<Trigger>,
    pub(crate) events: Vec<Event<'static>>,
}

/// How events come to the partitions' engines.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Way {
    Routed,
    /// Every event to every partition.
    ToAll,
    /// To engines that do not know which partition they are: wrong.
    ByTheRouterAlone,
}

/// Firings by trigger and key, each as a line of JSON, in their order.
pub(crate) type Fired = BTreeMap<(String, String), Vec<String>>;

impl Input {
    fn new(triggers: &Value, mut events: Vec<Event<'static>>) -> Self {
        let triggers = triggers.as_array().into_iter().flatten();
        events.sort_by_key(Event::time);
        Self {
            triggers: triggers.map(|json| Trigger::from_json(&json.to_string()).unwrap()).collect(),
            events,
        }
    }

    pub(crate) fn of_thresholds(seed: u64) -> Self {
        let case = steps::case(seed);
        let steps = case["steps"].as_array().into_iter().flatten();
        Self::new(&case["triggers"], steps.filter_map(|step| event(&observation(step, 1)?)).collect())
    }

    pub(crate) fn of_a_night(seed: u64) -> Self {
        let night = nights::timed_night(seed);
        let events = nights::events_of(&night);
        let owned = events.iter().map(|text| Event::from_json(text.as_bytes()).unwrap().into_owned());
        Self::new(&night["triggers"], owned.collect())
    }

    pub(crate) fn start(&self) -> DateTime<Utc> {
        self.events.first().and_then(Event::time).unwrap_or(DateTime::UNIX_EPOCH)
    }

    pub(crate) fn end(&self) -> DateTime<Utc> {
        let last = self.events.last().and_then(Event::time).unwrap_or(DateTime::UNIX_EPOCH);
        last + Duration::from_secs(3 * 3_600)
    }

    pub(crate) fn engine(&self, partition: Option<Partition>, is_told: bool) -> Engine {
        let builder = Engine::builder().with_skew(None).with_hash_seed(7);
        let mut engine = match partition.filter(|_| is_told) {
            Some(partition) => builder.with_partition(partition).build(),
            None => builder.build(),
        };
        let is_taken = |trigger: &&Trigger| partition.is_none_or(|partition| partition.takes(trigger));
        for trigger in self.triggers.iter().filter(is_taken) {
            engine.add(self.start(), trigger.clone()).unwrap();
        }
        engine
    }

    /// One engine takes all.
    fn by_one(&self) -> Fired {
        let mut engine = self.engine(None, false);
        for event in &self.events {
            let _ = engine.handle_event(event.time().unwrap(), event);
        }
        engine.flush(self.end()).unwrap();
        let mut fired = Fired::new();
        note(&mut engine, &mut fired);
        fired
    }

    /// Each partition takes what it is sent.
    fn by_many(&self, count: u32, way: Way) -> Fired {
        let partitions = Partitions::new(count).unwrap();
        let engine = |partition| self.engine(Some(partition), way != Way::ByTheRouterAlone);
        let mut engines: Vec<Engine> = partitions.iter().map(engine).collect();
        let router = Router::new(partitions, &self.triggers);
        let mut watermark = Watermark::new(Duration::ZERO);
        for event in &self.events {
            let at = event.time().unwrap();
            if let Some(told) = watermark.note(at).unwrap() {
                engines.iter_mut().for_each(|engine| engine.handle_timeout(told).unwrap());
            }
            let to = match way {
                Way::ToAll => (0..count).collect(),
                Way::Routed | Way::ByTheRouterAlone => router.route(event).unwrap_or_default(),
            };
            for place in to {
                let _ = engines[place as usize].handle_event(at, event);
            }
        }
        let mut fired = Fired::new();
        for engine in &mut engines {
            engine.flush(self.end()).unwrap();
            note(engine, &mut fired);
        }
        fired
    }
}

pub(crate) fn note(engine: &mut Engine, fired: &mut Fired) {
    while let Some(firing) = engine.poll_firing() {
        note_json(firing.to_json(), fired);
    }
}

/// Notes a firing under its trigger and what it is about.
pub(crate) fn note_json(text: String, fired: &mut Fired) {
    let json: Value = serde_json::from_str(&text).unwrap();
    let is_of_a_job =
        ["fullRefreshCompleted", "unificationCompleted"].iter().any(|kind| json["type"] == *kind);
    let names: &[&str] =
        if is_of_a_job { &["source", "jobId"] } else { &["source", "series", "process", "item"] };
    let key: Vec<String> = names.iter().map(|name| json[name].to_string()).collect();
    let key = key.join(" ");
    let trigger = json["trigger"].as_str().unwrap().to_owned();
    fired.entry((trigger, key)).or_default().push(text);
}

/// Holds one engine against several partitions, over random input; how many firings there were.
fn hold(share: u64, input: fn(u64) -> Input) {
    let mut firings = 0;
    for seed in seeds(share) {
        let input = input(seed);
        let want = input.by_one();
        let mut random = Random(!seed);
        let count = random.pick(&[1, 2, 3, 5, 16]);
        for way in [Way::Routed, Way::ToAll] {
            let have = input.by_many(count, way);
            let differs = want.keys().chain(have.keys()).find(|key| want.get(*key) != have.get(*key));
            if let Some(key) = differs {
                let shown =
                    |fired: &Fired| fired.get(key).map_or("nothing".to_owned(), |all| all.join("\n    "));
                let (want, have) = (shown(&want), shown(&have));
                panic!(
                    "seed {seed}, {count} partitions, {way:?}: {key:?}\n  one fires\n    {want}\n  {count} fire\n    {have}"
                );
            }
        }
        firings += want.values().map(Vec::len).sum::<usize>();
    }
    assert!(firings > 100, "{firings} firings");
}

#[test]
fn thresholds_divided_among_partitions_fire_as_in_one_engine() {
    hold(40, Input::of_thresholds);
}

#[test]
fn nights_divided_among_partitions_fire_as_in_one_engine() {
    hold(40, Input::of_a_night);
}

#[test]
fn a_partition_without_the_others_time_fires_late_or_not_at_all() {
    // The check above can fail: without the watermark, deadlines wait for the partition's own next event.
    let differs = seeds(200).filter(|&seed| {
        let input = Input::of_thresholds(seed);
        let (mut want, mut have) = (Fired::new(), Fired::new());
        let mut one = input.engine(None, false);
        for event in &input.events {
            let _ = one.handle_event(event.time().unwrap(), event);
        }
        note(&mut one, &mut want);
        let owners = Router::new(Partitions::new(3).unwrap(), &input.triggers);
        let mut alone: Vec<Engine> =
            Partitions::new(3).unwrap().iter().map(|partition| input.engine(Some(partition), true)).collect();
        for event in &input.events {
            for place in owners.route(event).unwrap_or_default() {
                let _ = alone[place as usize].handle_event(event.time().unwrap(), event);
            }
        }
        alone.iter_mut().for_each(|engine| note(engine, &mut have));
        want != have
    });
    assert!(differs.count() > 0);
}

#[test]
fn a_router_alone_is_not_enough_since_a_task_concerns_an_item_and_a_job() {
    // Nor does it hold where an engine judges what it happens to be sent.
    let differs = seeds(200).filter(|&seed| {
        let input = Input::of_a_night(seed);
        input.by_many(16, Way::ByTheRouterAlone) != input.by_one()
    });
    assert!(differs.count() > 0);
}

#[test]
fn who_owns_a_key_is_settled_for_good() {
    use tripline::event::{Process, SeriesRef};
    // Another owner here would be another than that whose journal has the state. Worked out apart, in Python.
    let partitions = Partitions::new(64).unwrap();
    let measure = SeriesRef::measure("/instances/contoso", "revenue");
    let dimensions = [("product", "chairs"), ("region", "EMEA")];
    let owners = [
        partitions.owner_of_series(&SeriesRef::segment("/instances/contoso", "vip")),
        partitions.owner_of_series(&measure),
        partitions.owner_of_series(&measure.with_dimensions(&dimensions)),
        partitions.owner_of_item("/instances/contoso", &Process::INGESTION, Some("crm")),
        partitions.owner_of_item("/instances/contoso", &Process::MAP, None),
        partitions.owner_of_job("/instances/contoso", "job-7"),
        partitions.owner_of_trigger("vip-1000"),
    ];
    assert_eq!(owners, [23, 18, 28, 24, 22, 61, 41]);
}
