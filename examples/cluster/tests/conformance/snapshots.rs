use std::cell::Cell;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use async_nats::jetstream::Context;
use async_nats::jetstream::stream::Stream;
use cluster::nats::NatsSnapshots;
use futures_util::TryStreamExt;
use tripline::ErrorKind;
use tripline::journal::{Chain, Lsn, Snapshot, Snapshots};
use tripline::testing::snapshots_conformance;

use crate::world::World;

const CLUSTER: &str = "tests";

fn open(world: &World) -> NatsSnapshots {
    NatsSnapshots::open(&world.link, CLUSTER, 3).unwrap()
}

/// In more than one piece.
fn snapshot(number: u64) -> Snapshot {
    of(number, 2_500_000)
}

/// A large one now and then: a kill meets the list as often as it meets pieces.
fn some(number: u64) -> Snapshot {
    of(number, if number.is_multiple_of(8) { 2_500_000 } else { 10 })
}

fn of(number: u64, bytes: usize) -> Snapshot {
    let mut state = vec![number.to_le_bytes()[0]; bytes];
    state.extend(number.to_le_bytes());
    Snapshot::new(Lsn::new(number), state).with_chain(Chain::from_bytes([7; 16])).with_configuration([9; 32])
}

async fn stream(context: &Context) -> Stream {
    context.get_stream("KV_tests_snapshots").await.unwrap()
}

/// All that lies in the bucket for the partition, by key.
fn keys(world: &World) -> Vec<String> {
    let mut keys = world.jetstream(async |context| {
        let subjects = stream(&context).await.info_with_subjects("$KV.tests_snapshots.3.>").await.unwrap();
        let subjects: Vec<(String, usize)> = subjects.try_collect().await.unwrap();
        subjects
            .into_iter()
            .map(|(subject, _)| subject.replace("$KV.tests_snapshots.", ""))
            .collect::<Vec<_>>()
    });
    keys.sort();
    keys
}

#[test]
fn the_snapshots_are_what_every_store_of_them_is() {
    let Some(world) = World::start("snapshots") else { return };
    let stores = Cell::new(0);
    snapshots_conformance(|| {
        let partition = stores.replace(stores.get() + 1);
        let link = world.link.clone();
        move || NatsSnapshots::open(&link, CLUSTER, partition)
    })
    .assert();
}

#[test]
fn two_are_kept_and_nothing_else_lies_about() {
    let Some(world) = World::start("two") else { return };
    let mut snapshots = open(&world);
    for number in 1..=4 {
        snapshots.put(&snapshot(number)).unwrap();
    }
    let keys = keys(&world);
    assert_eq!(keys.len(), 2 * 3 + 1, "{keys:?}");
    assert_eq!(open(&world).latest().unwrap().into_snapshot(), Some(snapshot(4)));
}

#[test]
fn a_damaged_latest_is_told_and_the_one_before_it_is_given() {
    let Some(world) = World::start("damaged") else { return };
    let mut snapshots = open(&world);
    snapshots.put(&snapshot(1)).unwrap();
    let older = keys(&world);
    snapshots.put(&snapshot(2)).unwrap();
    let newest = keys(&world).into_iter().filter(|key| !older.contains(key)).collect::<Vec<_>>();
    world.jetstream(async |context| {
        context
            .publish(format!("$KV.tests_snapshots.{}", newest[1]), "changed".into())
            .await
            .unwrap()
            .await
            .unwrap();
    });
    let latest = open(&world).latest().unwrap();
    assert_eq!(latest.snapshot(), Some(&snapshot(1)));
    assert_eq!(latest.damaged().len(), 1);
    assert_eq!(latest.damaged()[0].what(), "it has another length");
    // One that is whole, put behind it, is the latest again.
    let mut snapshots = open(&world);
    snapshots.put(&snapshot(3)).unwrap();
    assert_eq!(open(&world).latest().unwrap().damaged(), []);
}

#[test]
fn where_none_is_whole_or_the_list_is_gone_it_is_corrupt_and_not_none() {
    let Some(world) = World::start("none-whole") else { return };
    let mut snapshots = open(&world);
    snapshots.put(&snapshot(1)).unwrap();
    snapshots.put(&snapshot(2)).unwrap();
    let pieces = keys(&world).into_iter().filter(|key| key.ends_with(".0")).collect::<Vec<_>>();
    assert_eq!(pieces.len(), 2);
    world.jetstream(async |context| {
        for piece in &pieces {
            stream(&context).await.purge().filter(format!("$KV.tests_snapshots.{piece}")).await.unwrap();
        }
    });
    let error = open(&world).latest().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Corrupt);
    assert_eq!(error.to_string(), "no snapshot is whole; of the newest: a piece of it is missing");
    world.jetstream(async |context| {
        stream(&context).await.purge().filter("$KV.tests_snapshots.3.latest").await.unwrap();
    });
    let error = NatsSnapshots::open(&world.link, CLUSTER, 3).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Corrupt);
    // Another partition is none the wiser.
    assert!(NatsSnapshots::open(&world.link, CLUSTER, 4).unwrap().latest().unwrap().snapshot().is_none());
    world.jetstream(async |context| {
        context.publish("$KV.tests_snapshots.3.latest", "1 2.x 3 4 5\n".into()).await.unwrap().await.unwrap();
    });
    assert_eq!(NatsSnapshots::open(&world.link, CLUSTER, 3).unwrap_err().kind(), ErrorKind::Corrupt);
}

#[test]
fn an_owner_that_woke_late_is_fenced_and_what_it_wrote_is_cleaned_up() {
    let Some(world) = World::start("late") else { return };
    let mut late = open(&world);
    late.put(&snapshot(1)).unwrap();
    let mut heir = NatsSnapshots::open(&world.other(), CLUSTER, 3).unwrap();
    heir.put(&snapshot(5)).unwrap();
    heir.put(&snapshot(9)).unwrap();
    let error = late.put(&snapshot(2)).unwrap_err();
    assert!(error.is_fenced(), "{error}");
    assert!(late.put(&snapshot(2)).unwrap_err().is_fenced(), "and it stays so");
    assert_eq!(heir.latest().unwrap().into_snapshot(), Some(snapshot(9)));
    // Once it has looked it may.
    late.latest().unwrap();
    late.put(&snapshot(10)).unwrap();
    assert!(heir.put(&snapshot(11)).unwrap_err().is_fenced());
    assert_eq!(keys(&world).len(), 2 * 3 + 1);
}

#[test]
fn pieces_that_a_crash_has_left_are_removed_by_the_next_put_and_no_earlier() {
    let Some(world) = World::start("left") else { return };
    // A first put that has not come to its list.
    let piece = |revision: u64| format!("$KV.tests_snapshots.3.{revision}.left.0");
    open(&world);
    world.jetstream(async |context| {
        context.publish(piece(0), "left".into()).await.unwrap().await.unwrap();
    });
    let mut snapshots = open(&world);
    assert!(snapshots.latest().unwrap().snapshot().is_none(), "there has never been one");
    snapshots.put(&snapshot(1)).unwrap();
    assert_eq!(keys(&world).len(), 3 + 1);
    // One behind the list of now may still be on its way to the next.
    let revision = world.jetstream(async |context| {
        let list = stream(&context)
            .await
            .get_last_raw_message_by_subject("$KV.tests_snapshots.3.latest")
            .await
            .unwrap();
        context.publish(piece(list.sequence + 1_000_000), "under way".into()).await.unwrap().await.unwrap();
        list.sequence
    });
    snapshots.put(&snapshot(2)).unwrap();
    assert!(keys(&world).contains(&format!("3.{}.left.0", revision + 1_000_000)));
}

#[test]
fn a_server_that_is_killed_during_puts_leaves_the_one_before_or_the_new_one() {
    let Some(mut world) = World::start("kills-snapshots") else { return };
    let link = world.link.clone();
    let is_done = AtomicBool::new(false);
    let (put, doubts) = thread::scope(|scope| {
        let writer = scope.spawn(|| {
            let (mut number, mut doubts) = (0, 0);
            let mut snapshots = NatsSnapshots::open(&link, CLUSTER, 3).unwrap();
            while !is_done.load(Ordering::Relaxed) {
                if let Err(error) = snapshots.put(&some(number + 1)) {
                    assert_eq!(error.kind(), ErrorKind::Storage, "{error}");
                    doubts += 1;
                    let latest = snapshots.latest().unwrap();
                    assert_eq!(latest.damaged(), []);
                    let latest = latest.into_snapshot().map_or(0, |latest| {
                        assert_eq!(latest, some(latest.lsn().get()));
                        latest.lsn().get()
                    });
                    assert!(latest == number || latest == number + 1, "{latest} after {number}");
                    number = latest;
                } else {
                    number += 1;
                }
            }
            (number, doubts)
        });
        for kill in 0..12 {
            thread::sleep(Duration::from_millis(60 + 61 * kill));
            world.kill_server();
        }
        thread::sleep(Duration::from_millis(200));
        is_done.store(true, Ordering::Relaxed);
        writer.join().unwrap()
    });
    let latest = open(&world).latest().unwrap();
    assert_eq!(latest.damaged(), []);
    assert_eq!(latest.into_snapshot(), Some(some(put)));
    println!("{put} snapshots over 12 kills, {doubts} in doubt");
    assert!(put > 24);
}
