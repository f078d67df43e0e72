//! Tasks in batches, held against the same tasks one at a time.

use chrono::{DateTime, TimeDelta, Utc};
use tripline::Trigger;
use tripline::engine::{BatchReport, Engine, Limits, Receipt, RefreshObservation};
use tripline::event::{Item, RefreshCompleted};

use crate::random::Random;

struct Told {
    source: &'static str,
    time: DateTime<Utc>,
    task: RefreshCompleted<'static>,
}

const TRIGGERS: [&str; 9] = [
    r#"{"id":"each","on":{"type":"dataSourceRefreshFailed","dataSource":"ds-3"}}"#,
    r#"{"id":"same","on":{"type":"dataSourceRefreshFailed","dataSource":"ds-3"},"cooldown":"PT10M"}"#,
    r#"{"id":"again","on":{"type":"dataSourceRefreshSucceeded","dataSource":"ds-4"}}"#,
    r#"{"id":"long","on":{"type":"dataSourceRefreshFailed","dataSource":"ds-long-long-long-long-long-long-long-long-long-long-long-long-long"}}"#,
    r#"{"id":"one","on":{"type":"dataSourceRefreshFailed","dataSource":{"oneOf":["ds-3","ds-5","ds-6"]}},"source":"/a"}"#,
    r#"{"id":"all","on":{"type":"dataSourceRefreshFailed","settle":"PT7M"}}"#,
    r#"{"id":"night","on":{"type":"refreshCompleted","process":"map"}}"#,
    r#"{"id":"union","on":{"type":"unificationCompleted"}}"#,
    r#"{"id":"full","on":{"type":"fullRefreshCompleted"}}"#,
];

fn start() -> DateTime<Utc> {
    DateTime::from_timestamp(1_772_330_400, 0).unwrap()
}

fn engine(hash_seed: u64, wanted: usize, limits: Limits) -> Engine {
    let mut engine = Engine::builder().with_limits(limits).with_skew(None).with_hash_seed(hash_seed).build();
    for text in &TRIGGERS[..wanted] {
        engine.add(start(), Trigger::from_json(text).unwrap()).unwrap();
    }
    engine
}

/// Tasks that many triggers know and many do not, some of them late, with names that change and names that are missing.
fn told(r: &mut Random) -> Vec<Told> {
    let mut time = start();
    (0..r.between(1, 200))
        .map(|_| {
            time += TimeDelta::seconds(r.between(0, 200));
            let process = r.pick(&[
                "ingestion",
                "ingestion",
                "ingestion",
                "ingestion",
                "map",
                "match",
                "merge",
                "export",
            ]);
            let outcome = r.pick(&["failed", "failed", "succeeded", "partiallySucceeded", "canceled"]);
            let mut task = RefreshCompleted::new(process, outcome);
            if !r.percent(8) {
                let long = format!("ds-{}", ["long"; 13].join("-"));
                let id = if r.percent(10) { long } else { format!("ds-{}", r.below(9_u64)) };
                let item = Item::new(id);
                let item =
                    if r.percent(40) { item.with_name(r.pick(&["Loyalty", "Web", "Shop"])) } else { item };
                task = task.with_item(item);
            }
            if r.percent(30) {
                task = task.with_job_id(r.pick(&["job-1", "job-2", "job-3"]));
            }
            let late =
                if r.percent(10) { TimeDelta::seconds(r.between(0, 2_000)) } else { TimeDelta::zero() };
            Told { source: r.pick(&["/a", "/a", "/a", "/b"]), time: time - late, task }
        })
        .collect()
}

fn observation(told: &Told) -> RefreshObservation<'_> {
    RefreshObservation::new(told.source, told.time, &told.task)
}

/// What is pending, as JSON.
fn fired(engine: &mut Engine) -> Vec<String> {
    std::iter::from_fn(|| engine.poll_firing()).map(|firing| firing.to_json()).collect()
}

/// What `take` makes of all of it, a part at a time, and what it fired. What is not taken is handed in again.
fn in_batches(
    engine: &mut Engine,
    told: &[Told],
    r: &mut Random,
    take: fn(&mut Engine, &[Told]) -> BatchReport,
) -> (Vec<String>, usize, Vec<String>) {
    let (mut out, mut late, mut refused, mut from) = (vec![], 0, vec![], 0);
    while from < told.len() {
        let part = &told[from..told.len().min(from + r.between(1, 80) as usize)];
        let report = take(engine, part);
        assert!(report.is_full() || report.taken() == part.len(), "{report:?}");
        late += report.late();
        refused.extend(report.refused().iter().map(|(at, e)| format!("{} {e}", from + at)));
        from += report.taken();
        out.extend(fired(engine));
    }
    (out, late, refused)
}

fn of_observations(engine: &mut Engine, told: &[Told]) -> BatchReport {
    engine.observe_refreshes(start(), &told.iter().map(observation).collect::<Vec<_>>())
}

fn of_items(engine: &mut Engine, told: &[Told]) -> BatchReport {
    engine.observe_refreshes_of(start(), told, observation)
}

fn alike(limits: &Limits, small: &Limits, is_refused: bool) {
    let (mut firings, mut refusals, mut lates) = (0, 0, 0);
    for seed in 0..150 {
        let r = &mut Random(seed);
        let (all, wanted) = (told(r), r.between(0, TRIGGERS.len() as i64) as usize);
        let mut plain = engine(1, wanted, limits.clone());
        let (mut out, mut late, mut refused) = (vec![], 0, vec![]);
        for (at, one) in all.iter().enumerate() {
            match plain.observe_refresh(start(), one.source, one.time, &one.task) {
                Ok(receipt) => late += usize::from(receipt == Receipt::Late),
                Err(e) => refused.push(format!("{at} {e}")),
            }
            out.extend(fired(&mut plain));
        }
        for take in [of_observations, of_items] {
            let mut batched = engine(seed, wanted, small.clone());
            let have = in_batches(&mut batched, &all, r, take);
            assert_eq!(have, (out.clone(), late, refused.clone()), "seed {seed}");
            let mut twin = plain.clone();
            let end = plain.clock().unwrap_or(start()) + TimeDelta::days(9);
            twin.handle_timeout(end).unwrap();
            // Where there is little room, what is due comes out a part at a time.
            let mut rest = vec![];
            while batched.handle_timeout(end).is_err() {
                rest.extend(fired(&mut batched));
            }
            rest.extend(fired(&mut batched));
            assert_eq!(rest, fired(&mut twin), "seed {seed}");
            assert!(batched.snapshot() == twin.snapshot(), "seed {seed}");
        }
        (firings, refusals, lates) = (firings + out.len(), refusals + refused.len(), lates + late);
    }
    println!("{firings} firings, {lates} late, {refusals} refused");
    assert!(firings > 500, "{firings} firings");
    assert_eq!(refusals > 100, is_refused, "{refusals}");
}

#[test]
fn tasks_in_batches_fire_as_one_by_one() {
    alike(&Limits::default(), &Limits::default(), false);
}

#[test]
fn a_full_batch_of_tasks_goes_on_where_it_stopped() {
    alike(&Limits::default(), &Limits::default().with_pending(1), false);
}

#[test]
fn tasks_in_batches_are_refused_where_each_would_be() {
    let limits = Limits::default().with_series(4).with_series_per_trigger(2);
    alike(&limits, &limits, true);
}
