use std::cell::Cell;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use cluster::nats::NatsJournal;
use tripline::ErrorKind;
use tripline::journal::{Entry, Journal, Lsn};
use tripline::testing::journal_conformance;

use crate::world::{World, batch};

const CLUSTER: &str = "tests";

fn filled(world: &World, count: u64) -> NatsJournal {
    let mut journal = NatsJournal::open(&world.link, CLUSTER, 3).unwrap();
    for number in 1..=count {
        journal.append(journal.last(), &batch(number)).unwrap();
    }
    journal
}

fn read(journal: &NatsJournal) -> Vec<Entry> {
    journal.read(journal.first()).unwrap().collect::<Result<_, _>>().unwrap()
}

#[test]
fn the_journal_is_what_every_journal_is() {
    let Some(world) = World::start("journal") else { return };
    let stores = Cell::new(0);
    journal_conformance(|| {
        let partition = stores.replace(stores.get() + 1);
        let link = world.link.clone();
        move || NatsJournal::open(&link, CLUSTER, partition)
    })
    .assert();
}

#[test]
fn of_two_owners_one_is_fenced_and_nothing_of_it_is_stored() {
    let Some(world) = World::start("owners") else { return };
    let mut ours = filled(&world, 2);
    let mut theirs = NatsJournal::open(&world.other(), CLUSTER, 3).unwrap();
    theirs.append(Lsn::new(2), &batch(30)).unwrap();
    let error = ours.append(Lsn::new(2), &batch(31)).unwrap_err();
    assert!(error.is_fenced(), "{error}");
    assert_eq!(error.to_string(), "the journal ends with batch 3, not with 2: another owner has written");
    assert_eq!(ours.last(), Lsn::new(2));
    // Fenced is no failure of the store: the handle still reads.
    assert_eq!(read(&ours).len(), 2);
    let stored: Vec<_> = read(&theirs).into_iter().map(Entry::into_batch).collect();
    assert_eq!(stored, [batch(1), batch(2), batch(30)]);
}

#[test]
fn two_owners_who_write_at_once_share_one_order_without_a_gap() {
    let Some(world) = World::start("at-once") else { return };
    filled(&world, 0);
    let write = |link, tag: u64| {
        let mut journal = NatsJournal::open(&link, CLUSTER, 3).unwrap();
        let mut written = Vec::new();
        for number in 0..50 {
            let batch = batch(tag + number);
            match journal.append(journal.last(), &batch) {
                Ok(lsn) => written.push((lsn, batch)),
                Err(error) => {
                    assert!(error.is_fenced(), "{error}");
                    journal = NatsJournal::open(&link, CLUSTER, 3).unwrap();
                }
            }
        }
        written
    };
    let mut written = thread::scope(|scope| {
        let one = scope.spawn(|| write(world.other(), 1000));
        let mut written = write(world.other(), 2000);
        written.extend(one.join().unwrap());
        written
    });
    written.sort_by_key(|(lsn, _)| *lsn);
    let stored = read(&NatsJournal::open(&world.link, CLUSTER, 3).unwrap());
    let stored: Vec<_> = stored.into_iter().map(|entry| (entry.lsn(), entry.into_batch())).collect();
    assert_eq!(stored, written);
}

#[test]
fn a_batch_that_was_deleted_from_the_middle_is_reported() {
    let Some(world) = World::start("deleted") else { return };
    let before = filled(&world, 5);
    world.jetstream(async |context| {
        let stream = context.get_stream("tests_journal_3").await.unwrap();
        assert!(stream.delete_message(3).await.unwrap());
    });
    for journal in [before, NatsJournal::open(&world.other(), CLUSTER, 3).unwrap()] {
        assert_eq!((journal.first(), journal.last()), (Lsn::FIRST, Lsn::new(5)));
        let read: Vec<_> = journal.read(Lsn::FIRST).unwrap().collect();
        assert_eq!(read.len(), 3, "two batches, and the fault");
        let error = read[2].as_ref().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Corrupt);
        assert_eq!(error.to_string(), "tests_journal_3, batch 3: it is missing");
        assert_eq!(journal.read(Lsn::new(4)).unwrap().count(), 2);
    }
}

#[test]
fn a_last_batch_that_was_deleted_is_reported_when_the_journal_is_opened() {
    let Some(world) = World::start("deleted-last") else { return };
    let mut journal = filled(&world, 5);
    // Also where it is the only one that is kept.
    for kept in [5, 1] {
        journal.trim(Lsn::new(journal.last().get() + 1 - kept)).unwrap();
        let last = journal.last();
        world.jetstream(async |context| {
            let stream = context.get_stream("tests_journal_3").await.unwrap();
            assert!(stream.delete_message(last.get()).await.unwrap());
        });
        let error = NatsJournal::open(&world.link, CLUSTER, 3).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Corrupt);
        assert_eq!(error.to_string(), format!("tests_journal_3, batch {last}: it is missing"));
        journal.append(last, &batch(6)).unwrap();
    }
}

#[test]
fn what_is_no_batch_of_this_journal_is_reported() {
    let Some(world) = World::start("foreign") else { return };
    filled(&world, 2);
    // The whole of the last message once more, in the next place; and then one with a bit changed.
    world.jetstream(async |context| {
        let stream = context.get_stream("tests_journal_3").await.unwrap();
        let last = stream.get_raw_message(2).await.unwrap();
        context.publish("tests.journal.3", last.payload).await.unwrap().await.unwrap();
    });
    let error = NatsJournal::open(&world.link, CLUSTER, 3).unwrap_err();
    assert_eq!(error.to_string(), "tests_journal_3, batch 3: its checksum does not fit");
    world.jetstream(async |context| {
        context.publish("tests.journal.3", "hello".into()).await.unwrap().await.unwrap();
    });
    let error = NatsJournal::open(&world.link, CLUSTER, 3).unwrap_err();
    assert_eq!(error.to_string(), "tests_journal_3, batch 4: a message that is too short for one");
}

#[test]
fn a_batch_from_another_history_is_reported() {
    let Some(world) = World::start("history") else { return };
    filled(&world, 2);
    // As restored by hand from two others: each message is whole and at its place, and the second is of another chain.
    let second = world.jetstream(async |context| {
        let stream = context.get_stream("tests_journal_3").await.unwrap();
        let second = stream.get_raw_message(2).await.unwrap();
        context.delete_stream("tests_journal_3").await.unwrap();
        second.payload
    });
    let mut journal = NatsJournal::open(&world.link, CLUSTER, 3).unwrap();
    journal.append(Lsn::ZERO, &batch(71)).unwrap();
    world.jetstream(async |context| {
        context.publish("tests.journal.3", second).await.unwrap().await.unwrap();
    });
    let journal = NatsJournal::open(&world.link, CLUSTER, 3).unwrap();
    let read: Vec<_> = journal.read(Lsn::FIRST).unwrap().collect();
    assert_eq!(read.len(), 2, "a batch, and the fault");
    let error = read[1].as_ref().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Corrupt);
    assert_eq!(error.to_string(), "tests_journal_3, batch 2: it does not follow the one before");
}

#[test]
fn bytes_that_were_changed_on_the_disk_are_reported() {
    let Some(mut world) = World::start("changed") else { return };
    filled(&world, 5);
    world.server.kill().unwrap();
    let changed = change(&world.server.folder().join("jetstream"), &batch(3).as_bytes()[..8]);
    assert_eq!(changed, 1, "the third batch is in one file");
    world.server.start().unwrap();
    // The server may notice by itself, and leave out the batch or all from there on; it must be told in every case.
    let told = match NatsJournal::open(&world.other(), CLUSTER, 3) {
        Ok(journal) if journal.last() == Lsn::new(5) => {
            journal.read(Lsn::FIRST).unwrap().find_map(Result::err).map(|error| error.kind())
        }
        Ok(journal) => panic!("the server has cut the journal to {} batches", journal.last()),
        Err(error) => Some(error.kind()),
    };
    assert_eq!(told, Some(ErrorKind::Corrupt));
}

/// Flips a bit wherever these bytes are found below a folder; how often.
fn change(folder: &std::path::Path, wanted: &[u8]) -> usize {
    let mut changed = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            changed += change(&path, wanted);
            continue;
        }
        let mut bytes = std::fs::read(&path).unwrap();
        while let Some(at) = bytes.windows(wanted.len()).position(|window| window == wanted) {
            bytes[at + 4] ^= 1;
            changed += 1;
        }
        std::fs::write(&path, bytes).unwrap();
    }
    changed
}

#[test]
fn a_batch_that_the_server_does_not_take_is_refused_before_it_is_sent() {
    let Some(world) = World::start("large") else { return };
    let mut journal = filled(&world, 1);
    let mut large = tripline::journal::Batch::new();
    large.push(&vec![0; world.link.max_payload()]);
    assert!(journal.append(Lsn::FIRST, &large).unwrap_err().is_limit());
    // One that just fits is stored, and the handle is as good as before.
    let mut fits = tripline::journal::Batch::new();
    fits.push(&vec![0; world.link.max_payload() - 600]);
    journal.append(Lsn::FIRST, &fits).unwrap();
    assert_eq!(read(&NatsJournal::open(&world.other(), CLUSTER, 3).unwrap()).len(), 2);
}

#[test]
fn a_server_that_is_gone_is_a_storage_error_within_the_deadline_and_the_handle_is_done_for() {
    let Some(mut world) = World::start("gone") else { return };
    let link = world.other().with_deadline(Duration::from_millis(300));
    let mut journal = NatsJournal::open(&link, CLUSTER, 3).unwrap();
    journal.append(Lsn::ZERO, &batch(1)).unwrap();
    world.server.kill().unwrap();
    let began = Instant::now();
    assert_eq!(journal.append(Lsn::FIRST, &batch(2)).unwrap_err().kind(), ErrorKind::Storage);
    assert!(began.elapsed() < Duration::from_secs(2), "{:?}", began.elapsed());
    assert_eq!(journal.append(Lsn::FIRST, &batch(2)).unwrap_err().kind(), ErrorKind::Poisoned);
    assert_eq!(journal.sync().unwrap_err().kind(), ErrorKind::Poisoned);
    assert_eq!(NatsJournal::open(&link, CLUSTER, 3).unwrap_err().kind(), ErrorKind::Storage);
    world.server.start().unwrap();
    let journal = NatsJournal::open(&world.other(), CLUSTER, 3).unwrap();
    let stored: Vec<_> = read(&journal).into_iter().map(Entry::into_batch).collect();
    assert!(stored == [batch(1)] || stored == [batch(1), batch(2)], "{} batches", stored.len());
}

#[test]
fn an_append_that_was_given_up_and_arrives_late_is_the_next_batch_or_none() {
    let Some(world) = World::start("given-up") else { return };
    let hasty = world.other().with_deadline(Duration::from_millis(300));
    let mut journal = NatsJournal::open(&hasty, CLUSTER, 3).unwrap();
    journal.append(Lsn::ZERO, &batch(1)).unwrap();
    world.signal_server("-STOP");
    let error = journal.append(Lsn::FIRST, &batch(2)).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Storage);
    assert_eq!(error.to_string(), "append batch 2 to tests_journal_3: no answer within 300ms");
    world.signal_server("-CONT");
    // The next owner may meet it before it is there, and is fenced by it then: once.
    let mut fenced = 0;
    let last = loop {
        let mut journal = NatsJournal::open(&world.link, CLUSTER, 3).unwrap();
        match journal.append(journal.last(), &batch(3)) {
            Ok(last) => break last,
            Err(error) => assert!(error.is_fenced(), "{error}"),
        }
        fenced += 1;
    };
    assert!(fenced <= 1);
    let stored = read(&NatsJournal::open(&world.link, CLUSTER, 3).unwrap());
    let stored: Vec<_> = stored.into_iter().map(Entry::into_batch).collect();
    match last.get() {
        2 => assert_eq!(stored, [batch(1), batch(3)]),
        _ => assert_eq!(stored, [batch(1), batch(2), batch(3)]),
    }
}

#[test]
fn what_was_acknowledged_is_there_after_the_server_was_killed_at_any_moment() {
    let Some(mut world) = World::start("kills") else { return };
    let link = world.link.clone();
    let is_done = AtomicBool::new(false);
    let (written, doubts, longest) = thread::scope(|scope| {
        let writer = scope.spawn(|| {
            let (mut written, mut doubts) = (Vec::new(), 0);
            let (mut answered, mut longest) = (Instant::now(), Duration::ZERO);
            let mut journal = NatsJournal::open(&link, CLUSTER, 3).unwrap();
            while !is_done.load(Ordering::Relaxed) {
                let number = written.len() as u64 + 1;
                match journal.append(journal.last(), &batch(number)) {
                    Ok(_) => {
                        written.push(batch(number));
                        longest = longest.max(answered.elapsed());
                        answered = Instant::now();
                    }
                    Err(error) => {
                        assert!(error.is_fenced() || error.kind() == ErrorKind::Storage, "{error}");
                        doubts += 1;
                        journal = NatsJournal::open(&link, CLUSTER, 3).unwrap();
                        let last = journal.last().get();
                        assert!(
                            last == number - 1 || last == number,
                            "{number} was under way, and {last} is the last"
                        );
                        if last == number {
                            written.push(batch(number));
                        }
                    }
                }
                if number.is_multiple_of(50) {
                    // Trimming comes in between, as it does behind a snapshot.
                    let _ = journal.trim(Lsn::new(number - 20));
                }
            }
            (written, doubts, longest)
        });
        for kill in 0..12 {
            thread::sleep(Duration::from_millis(40 + 37 * kill));
            world.kill_server();
        }
        thread::sleep(Duration::from_millis(200));
        is_done.store(true, Ordering::Relaxed);
        writer.join().unwrap()
    });
    let journal = NatsJournal::open(&world.other(), CLUSTER, 3).unwrap();
    assert_eq!(journal.last().get(), written.len() as u64);
    for entry in journal.read(journal.first()).unwrap() {
        let entry = entry.unwrap();
        let at = usize::try_from(entry.lsn().get()).unwrap() - 1;
        assert_eq!(*entry.batch(), written[at], "batch {}", entry.lsn());
    }
    println!(
        "{} batches over 12 kills, {doubts} appends in doubt, {} kept, at most {longest:.0?} without an answer",
        written.len(),
        journal.found().batches()
    );
    assert!(written.len() > 100 && doubts > 0);
}
