//! What an owner does when its ports fail, and when they are another's.

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::Value;
use tripline::action::{Effect, Field, Metadata, Registry, action_fn};
use tripline::engine::{Engine, Limits};
use tripline::event::{Event, RefreshCompleted, ValueObserved};
use tripline::flow::{Flow, Step};
use tripline::journal::{Journal, Lsn, MemoryJournal, MemorySnapshots};
use tripline::partition::{Partition, Partitions, Watermark};
use tripline::pipeline::{Commit, Pipeline, PipelineBuilder, recover};
use tripline::shard::{Input, Inputs, MemoryInputs, Shard};
use tripline::threshold::Threshold;
use tripline::{Error, ErrorKind, Trigger};

fn at(second: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(1_772_330_400, 0).unwrap() + TimeDelta::seconds(second)
}

fn partition(index: u32, count: u32) -> Partition {
    Partitions::new(count).unwrap().get(index).unwrap()
}

fn builder(engine: tripline::engine::EngineBuilder) -> PipelineBuilder {
    let metadata = Metadata::new("postNote")
        .with_effect(Effect::Guarded)
        .with_input(Field::string("text").with_required(true));
    let mut registry = Registry::new();
    registry.add(action_fn(metadata, |_, _: Value| async { Ok(()) })).unwrap();
    Pipeline::builder(registry).with_engine(engine)
}

fn of(index: u32, count: u32) -> PipelineBuilder {
    builder(Engine::builder().with_partition(partition(index, count)))
}

fn flow(trigger: Trigger) -> Flow {
    Flow::builder(trigger).with_step(Step::new("tell", "postNote").with_input("text", "hi")).build().unwrap()
}

fn above() -> Flow {
    flow(Trigger::segment_threshold_crossed("big", "*", Threshold::above(1000.0)).build().unwrap())
}

fn members(id: &str, second: i64, members: f64) -> Event<'static> {
    ValueObserved::new("segment", "vip", members)
        .into_event(id.to_owned(), "/s")
        .unwrap()
        .with_time(at(second))
}

/// The ports in memory, and what opens them.
#[derive(Default)]
struct Ports(MemoryInputs, MemoryJournal, MemorySnapshots);

type MemoryShard = Shard<MemoryInputs, MemoryJournal, MemorySnapshots>;

impl Ports {
    fn open(&self) -> Result<MemoryShard, Error> {
        self.open_as(of(0, 1))
    }

    fn open_as(&self, builder: PipelineBuilder) -> Result<MemoryShard, Error> {
        Shard::open(builder, at(0), self.0.clone(), self.1.reopen(), self.2.clone())
    }

    /// An owner with one flow that has taken an event below its bound.
    fn opened(&self) -> MemoryShard {
        let mut shard = self.open().unwrap();
        shard.set_flows(at(0), [above()]).unwrap();
        self.0.push(members("1", 0, 998.0).to_json());
        assert_eq!(shard.take(at(0)).unwrap().inputs(), 1);
        shard
    }
}

#[test]
fn a_store_that_fails_ends_the_owner_and_loses_nothing() {
    let ports = Ports::default();
    let mut shard = ports.opened();
    ports.0.push(members("2", 1, 1004.0).to_json());
    ports.1.fail_next();
    assert_eq!(shard.take(at(1)).unwrap_err().kind(), ErrorKind::Storage);
    assert!(shard.poll_send().is_none(), "it is not written down");
    let error = shard.take(at(1)).unwrap_err();
    assert_eq!(error.to_string(), "the journal must be opened anew: an append failed before");
    let mut heir = ports.open().unwrap();
    let taken = heir.take(at(1)).unwrap();
    assert_eq!((taken.inputs(), taken.receipt().firings().len()), (1, 1));
    assert!(heir.poll_send().is_some());

    ports.2.fail_next();
    assert_eq!(heir.checkpoint().unwrap_err().kind(), ErrorKind::Storage);
    assert_eq!(heir.checkpoint().unwrap_err().kind(), ErrorKind::Poisoned);
    assert!(heir.poll_send().is_none());
}

#[test]
fn a_log_that_fails_ends_nothing() {
    struct Failing(MemoryInputs, u32);
    impl Inputs for Failing {
        fn read(&mut self, from: u64, most: usize) -> Result<Vec<Input>, Error> {
            self.1 += 1;
            match self.1 {
                1 => Err(tripline::journal::refuse::storage("read", std::io::Error::other("away"))),
                2 => Ok(vec![Input::new(7, b"{}".to_vec()), Input::new(7, b"{}".to_vec())]),
                _ => self.0.read(from, most),
            }
        }
    }
    let inputs = MemoryInputs::new();
    inputs.push(members("1", 0, 998.0).to_json());
    let ports = (Failing(inputs, 0), MemoryJournal::new(), MemorySnapshots::new());
    let mut shard = Shard::open(of(0, 1), at(0), ports.0, ports.1, ports.2).unwrap();
    assert_eq!(shard.take(at(0)).unwrap_err().to_string(), "read: away");
    let error = shard.take(at(0)).unwrap_err();
    assert_eq!(
        (error.kind(), error.to_string().as_str()),
        (ErrorKind::Corrupt, "the log gives the input at 7 where 8 or more is next")
    );
    assert_eq!(shard.take(at(0)).unwrap().inputs(), 1);
}

#[test]
fn what_is_no_event_is_told_with_its_offset_and_passed_over() {
    let ports = Ports::default();
    let mut shard = ports.opened();
    ports.0.push("garbage");
    ports.0.push(members("2", 1, 1004.0).to_json());
    ports.0.push(
        r#"{"specversion":"1.0","id":"3","source":"/s","type":"tripline.value.observed","data":{"kind":"segment"}}"#,
    );
    let taken = shard.take(at(1)).unwrap();
    let refused: Vec<(u64, ErrorKind)> =
        taken.refused().iter().map(|(offset, error)| (*offset, error.kind())).collect();
    assert_eq!(refused, [(1, ErrorKind::Syntax), (3, ErrorKind::Invalid)]);
    assert_eq!((taken.inputs(), taken.receipt().firings().len()), (3, 1));
    assert_eq!(ports.open().unwrap().pipeline().next_offset(), 4, "nobody reads them again");
}

#[test]
fn a_look_at_the_journal_from_before_another_owner_wrote_mends_nothing() {
    let ports = Ports::default();
    drop(ports.opened());
    let early = ports.1.reopen();
    let mut heir = ports.open().unwrap();
    heir.checkpoint().unwrap();
    let (last, seen) = (heir.pipeline().last(), early.last());
    let error = Shard::open(of(0, 1), at(0), ports.0.clone(), early, ports.2.clone()).unwrap_err();
    let wanted = format!("the journal ends with batch {seen} and there is a snapshot of {last}");
    assert_eq!((error.kind(), error.to_string()), (ErrorKind::Corrupt, wanted));
    ports.0.push(members("2", 1, 1004.0).to_json());
    assert_eq!(heir.take(at(1)).unwrap().receipt().firings().len(), 1, "nobody has disturbed the owner");
    heir.checkpoint().unwrap();
    assert_eq!(ports.open().unwrap().recovery().snapshot(), Some(heir.pipeline().last()));
}

#[test]
fn an_event_without_a_time_has_that_of_the_log_and_never_that_of_the_host() {
    let ports = Ports::default();
    let mut shard = ports.open().unwrap();
    shard.set_flows(at(0), [above()]).unwrap();
    let untimed = |id: &'static str, members| {
        ValueObserved::new("segment", "vip", members).into_event(id, "/s").unwrap().to_json()
    };
    ports.0.push(untimed("1", 998.0));
    let taken = shard.take(at(500)).unwrap();
    let (offset, error) = &taken.refused()[0];
    let wanted = r#"the event "1" has no time, and the log has told none before it"#;
    assert_eq!((*offset, error.to_string().as_str()), (0, wanted));
    ports.0.push(members("2", 7, 998.0).to_json());
    ports.0.push(untimed("3", 1004.0));
    let taken = shard.take(at(500)).unwrap();
    assert!(taken.refused().is_empty());
    assert_eq!(taken.receipt().firings()[0].time(), at(7));
}

#[test]
fn batches_and_snapshots_of_another_partition_are_refused() {
    let ports = Ports::default();
    let mut shard = ports.open_as(of(3, 16)).unwrap();
    shard.set_flows(at(0), [above()]).unwrap();
    for (other, name) in [(of(4, 16), "partition 4 of 16"), (of(3, 8), "partition 3 of 8")] {
        let error = ports.open_as(other).unwrap_err();
        let wanted = format!("batch 1: it is of partition 3 of 16, and this is {name}");
        assert_eq!((error.kind(), error.to_string()), (ErrorKind::Corrupt, wanted));
    }
    let none = builder(Engine::builder());
    let error = recover(none.clone(), at(0), &ports.1.reopen(), &mut ports.2.clone()).unwrap_err();
    assert_eq!(error.to_string(), "batch 1: it is of partition 3 of 16, and this is no partition");

    let mut shard = ports.open_as(of(3, 16)).unwrap();
    shard.checkpoint().unwrap();
    let error = ports.open_as(of(4, 16)).unwrap_err();
    let wanted = "the snapshot cannot be read: it is of partition 3 of 16, and this is partition 4 of 16";
    assert_eq!((error.kind(), error.to_string().as_str()), (ErrorKind::Snapshot, wanted));
    let error = Ports::default().open_as(none).unwrap_err();
    assert_eq!(error.to_string(), "the engine of a shard is one partition's, and this is of none");
}

#[test]
fn the_time_of_the_host_moves_no_trigger() {
    let held = Threshold::above(1000.0).with_hold(std::time::Duration::from_secs(60));
    let trigger = Trigger::segment_threshold_crossed("held", "*", held).build().unwrap();
    let ports = Ports::default();
    let mut shard = ports.open().unwrap();
    shard.set_flows(at(0), [flow(trigger)]).unwrap();
    for (id, second, value) in [("1", 0, 998.0), ("2", 10, 1004.0)] {
        ports.0.push(members(id, second, value).to_json());
    }
    let _ = shard.take(at(0)).unwrap();
    let commit = Commit::read(ports.1.reopen().read(Lsn::new(2)).unwrap().next().unwrap().unwrap()).unwrap();
    assert_eq!(commit.next_deadline(), Some(at(70)));
    let header = String::from_utf8(commit.batch().records().next().unwrap().to_vec()).unwrap();
    assert_eq!(
        header,
        r#"{"v":1,"now":"2026-03-01T02:00:00Z","input":"log","events":2,"place":{"partition":0,"partitions":1,"next":2,"due":"2026-03-01T02:01:10Z"}}"#
    );
    assert_eq!(shard.poll_timeout(), None, "the log ends it, not the host");
    shard.handle_timeout(at(10_000)).unwrap();
    assert_eq!(shard.pipeline().counts().firings(), 0);
    for (told, fired) in [(69, 0), (70, 1)] {
        ports.0.push(Watermark::event(at(told)).unwrap().to_json());
        let taken = shard.take(at(20_000)).unwrap();
        let firings: Vec<_> = taken.receipt().firings().iter().map(|firing| firing.due_at()).collect();
        assert_eq!(firings, vec![Some(at(70)); fired]);
    }
}

#[test]
fn more_that_fires_at_once_than_an_engine_keeps_waiting_is_lost_by_nobody() {
    let silent = |name: &str| {
        let within = std::time::Duration::from_secs(60);
        flow(Trigger::no_data(name.to_owned(), "segment", name.to_owned(), within).build().unwrap())
    };
    let names: Vec<String> = (0..9).map(|number| format!("s-{number}")).collect();
    let engine = || Engine::builder().with_limits(Limits::default().with_pending(2));
    let (journal, mut snapshots) = (MemoryJournal::new(), MemorySnapshots::new());
    for by_event in [false, true] {
        let mut pipeline = builder(engine()).build().unwrap();
        pipeline.set_flows(at(0), names.iter().map(|name| silent(name))).unwrap();
        let told = |(second, name): (i64, &String)| {
            let event = ValueObserved::new("segment", name.clone(), 1.0).into_event(name.clone(), "/s");
            event.unwrap().with_time(at(second))
        };
        let _ = pipeline.handle_events(at(0), &(0..).zip(&names).map(told).collect::<Vec<_>>()).unwrap();
        let receipt = if by_event {
            let other =
                RefreshCompleted::new("map", "succeeded").into_event("r", "/s").unwrap().with_time(at(100));
            pipeline.handle_event(at(100), &other)
        } else {
            pipeline.handle_timeout(at(100))
        };
        assert_eq!(receipt.unwrap().firings().len(), 9);
        let mut journal = journal.reopen();
        if !by_event {
            while let Some(persist) = pipeline.poll_persist() {
                persist.append_to(&mut journal).unwrap();
            }
            let (again, _) = recover(builder(engine()), at(100), &journal, &mut snapshots).unwrap();
            assert_eq!(again.engine().snapshot(), pipeline.engine().snapshot());
        }
    }
}
