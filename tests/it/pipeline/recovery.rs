//! After a crash.

use serde_json::json;
use tripline::action::Registry;
use tripline::dispatch::{DeadReason, Dispatcher, LanePolicy};
use tripline::flow::{Flow, Step};
use tripline::journal::{Batch, Journal, Lsn, MemoryJournal, MemorySnapshots, Snapshots};
use tripline::pipeline::{Pipeline, recover};
use tripline::threshold::Threshold;
use tripline::{ErrorKind, Trigger};

use super::{at, builder, crossed, members, persist, tell, vip};

#[test]
fn what_was_not_sent_and_what_was_not_answered_is_sent_after_a_crash_under_the_same_id() {
    for was_sent in [false, true] {
        let (mut pipeline, journal, mut snapshots) = crossed(tell());
        let sent = was_sent.then(|| pipeline.poll_send().unwrap());
        drop(pipeline);
        let mut journal = journal.reopen();
        let (mut after, recovery) = recover(builder(), at(100), &journal, &mut snapshots).unwrap();
        assert_eq!((recovery.batches(), recovery.firings(), recovery.cut_off()), (2, 1, 1));
        assert!(after.poll_send().is_none(), "the restart is not written down yet");
        let works = persist(&mut after, &mut journal);
        assert_eq!(works.len(), 1);
        assert_eq!(works[0].input(), &json!({"text": "VIPs: 1004"}));
        assert_eq!(works[0].attempt(), 2, "the first may have been made");
        assert!(sent.is_none_or(|sent| sent.id() == works[0].id()));
        let _ = after.complete(at(101), works[0].lease(), Ok(json!({}))).unwrap();
        assert!(after.dispatcher().is_idle() && after.flows().live() == 0);
    }
}

#[test]
fn what_may_not_be_repeated_becomes_a_dead_letter_that_says_so() {
    let (pipeline, journal, mut snapshots) =
        crossed(Step::new("tell", "callBell").with_input("text", "ring"));
    drop(pipeline);
    let (after, recovery) = recover(builder(), at(9), &journal.reopen(), &mut snapshots).unwrap();
    assert_eq!(recovery.cut_off(), 1);
    let letter = after.dispatcher().dead_letters().next().unwrap();
    assert_eq!(letter.reason(), DeadReason::OutcomeUnknown);
    assert!(letter.attempts()[0].error().reason().contains("the process that made the attempt ended"));
}

#[test]
fn an_event_whose_batch_was_lost_is_no_duplicate_and_fires_when_it_comes_again() {
    let (mut pipeline, mut journal, mut snapshots) = crossed(tell());
    let _ = pipeline.handle_events(at(3), &[members("3", 3, 900.0), members("4", 4, 1100.0)]).unwrap();
    while let Some(persist) = pipeline.poll_persist() {
        persist.append_to(&mut journal).unwrap();
    }
    journal.crash(0); // before the sync
    let journal = journal.reopen();
    let (mut after, _) = recover(builder(), at(5), &journal, &mut snapshots).unwrap();
    let receipt = after.handle_events(at(5), &[members("3", 3, 900.0), members("4", 4, 1100.0)]).unwrap();
    assert_eq!((receipt.duplicates(), receipt.firings().len()), (0, 1));
    let receipt = after.handle_events(at(5), &[members("2", 2, 1004.0)]).unwrap();
    assert_eq!(receipt.duplicates(), 1);
}

#[test]
fn a_checkpoint_shortens_the_way_and_the_one_before_it_is_still_a_beginning() {
    let (mut pipeline, mut journal, mut snapshots) = crossed(tell());
    let mut id = 10;
    for _ in 0..3 {
        for _ in 0..5 {
            id += 1;
            let value = if id % 2 == 0 { 1100.0 } else { 900.0 };
            let _ = pipeline.handle_event(at(id), &members(&id.to_string(), id, value)).unwrap();
            for work in persist(&mut pipeline, &mut journal) {
                let _ = pipeline.complete(at(id), work.lease(), Ok(json!({}))).unwrap();
            }
        }
        persist(&mut pipeline, &mut journal);
        pipeline.checkpoint(&mut journal, &mut snapshots).unwrap();
    }
    let _ = pipeline.handle_event(at(id + 1), &members("last", id + 1, 5.0)).unwrap();
    persist(&mut pipeline, &mut journal);
    let (whole, recovery) = recover(builder(), at(100), &journal.reopen(), &mut snapshots).unwrap();
    assert_eq!((recovery.batches(), recovery.damaged().len()), (1, 0));
    snapshots.damage_latest();
    let (older, recovery) = recover(builder(), at(100), &journal.reopen(), &mut snapshots).unwrap();
    assert!(recovery.batches() > 5 && recovery.damaged().len() == 1);
    assert!(journal.first() > Lsn::FIRST, "what is in both snapshots is gone");
    assert_eq!(whole.snapshot(), older.snapshot());
}

#[test]
fn a_batch_that_leads_to_something_else_is_told_with_its_number() {
    let (pipeline, journal, mut snapshots) = crossed(tell());
    drop(pipeline);
    // The same journal, but for one value.
    let mut other = MemoryJournal::new();
    for entry in journal.read(Lsn::FIRST).unwrap() {
        let entry = entry.unwrap();
        let mut batch = Batch::new();
        for record in entry.batch().records() {
            batch.push(
                String::from_utf8_lossy(record).replace("\"value\":1004}", "\"value\":999}").as_bytes(),
            );
        }
        other.append(other.last(), &batch).unwrap();
    }
    let error = recover(builder(), at(9), &other, &mut snapshots).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Diverged);
    assert!(error.to_string().starts_with("batch 2: "), "{error}");
}

#[test]
fn under_other_policies_nobodys_completion_passes_for_anothers() {
    let slow = builder().with_dispatcher(
        Dispatcher::builder().with_default_policy(LanePolicy::default().with_concurrency(1)),
    );
    let (mut journal, mut snapshots) = (MemoryJournal::new(), MemorySnapshots::new());
    let mut pipeline = builder().build().unwrap();
    // Of two deliveries to one target, another concurrency would have handed out but one.
    let flow = |id: &str, target: &str| {
        let trigger =
            Trigger::segment_threshold_crossed(id, "vip", Threshold::above(1000.0)).build().unwrap();
        Flow::builder(trigger).with_step(tell().with_connection(target)).build().unwrap()
    };
    pipeline.set_flows(at(0), [flow("a", "t1"), flow("b", "t1"), flow("c", "t2")]).unwrap();
    let _ = pipeline.handle_events(at(2), &[members("1", 1, 998.0), members("2", 2, 1004.0)]).unwrap();
    let works = persist(&mut pipeline, &mut journal);
    assert_eq!(works.len(), 3);
    for work in works.iter().rev() {
        let _ = pipeline.complete(at(3), work.lease(), Ok(json!({}))).unwrap();
    }
    persist(&mut pipeline, &mut journal);
    let error = recover(slow.clone(), at(9), &journal, &mut snapshots).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Diverged);
    assert!(error.to_string().contains("are the dispatcher's bounds and policies those of then?"), "{error}");
    // As they were, it comes back, and after a checkpoint under others too.
    let (mut same, _) = recover(builder(), at(9), &journal, &mut snapshots).unwrap();
    persist(&mut same, &mut journal);
    same.checkpoint(&mut journal, &mut snapshots).unwrap();
    assert!(recover(slow, at(9), &journal, &mut snapshots).is_ok());
}

#[test]
fn an_action_that_is_gone_is_told_with_its_flow() {
    let (pipeline, journal, mut snapshots) = crossed(tell());
    drop(pipeline);
    let error = recover(Pipeline::builder(Registry::new()), at(9), &journal, &mut snapshots).unwrap_err();
    assert!(error.to_string().contains("vip: steps[0].action: there is no action \"postNote\""), "{error}");
}

#[test]
fn a_second_owner_fences_the_first() {
    let (mut first, journal, mut snapshots) = crossed(tell());
    let mut others = journal.reopen();
    let (mut second, _) = recover(builder(), at(3), &others, &mut snapshots).unwrap();
    assert_eq!(persist(&mut second, &mut others).len(), 1);
    let mut own = journal;
    let _ = first.handle_event(at(4), &members("3", 4, 900.0)).unwrap();
    let error = first.poll_persist().unwrap().append_to(&mut own).unwrap_err();
    assert!(error.is_fenced(), "{error}");
}

#[test]
fn snapshots_and_journals_that_do_not_belong_together_are_refused() {
    let (mut pipeline, mut journal, mut snapshots) = crossed(tell());
    let length = journal.last().get();
    pipeline.checkpoint(&mut journal, &mut snapshots).unwrap();
    // Another journal of the same length.
    let mut foreign = MemoryJournal::new();
    for _ in 0..length {
        foreign.append(foreign.last(), &Batch::new()).unwrap();
    }
    let error = recover(builder(), at(9), &foreign, &mut snapshots).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Corrupt);
    assert_eq!(error.to_string(), "the journal has another batch 2 than the one that came before");
    // A journal that begins too late.
    let (mut pipeline, mut journal, _) = crossed(tell());
    let mut thrown_away = MemorySnapshots::new();
    for second in 3..6 {
        let _ = pipeline.handle_event(at(second), &members(&second.to_string(), second, 1.0)).unwrap();
        persist(&mut pipeline, &mut journal);
        pipeline.checkpoint(&mut journal, &mut thrown_away).unwrap();
    }
    let error = recover(builder(), at(9), &journal, &mut MemorySnapshots::new()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Corrupt);
    assert!(error.to_string().starts_with("the batches from 1 to before "), "{error}");
}

#[test]
fn a_journal_that_lost_its_end_goes_on_with_what_the_snapshot_knows() {
    let (mut pipeline, mut journal, mut snapshots) = crossed(tell());
    let mut short = MemoryJournal::new();
    for entry in journal.read(Lsn::FIRST).unwrap() {
        short.append(short.last(), entry.unwrap().batch()).unwrap();
    }
    let _ = pipeline.handle_event(at(4), &members("3", 4, 900.0)).unwrap();
    persist(&mut pipeline, &mut journal);
    pipeline.checkpoint(&mut journal, &mut snapshots).unwrap();
    let mut journal = short;
    let cut = journal.last();
    let (mut after, recovery) = recover(builder(), at(5), &journal, &mut snapshots).unwrap();
    assert_eq!(recovery.tail_lost(), Some(cut.next()));
    // The crossing below re-armed, which only the snapshot knows.
    assert_eq!(after.handle_event(at(5), &members("4", 5, 1100.0)).unwrap().firings().len(), 1);
    assert_eq!(persist(&mut after, &mut journal).len(), 2);
    let (again, recovery) = recover(builder(), at(6), &journal.reopen(), &mut snapshots).unwrap();
    assert_eq!((recovery.snapshot(), recovery.tail_lost()), (Some(cut), None));
    assert_eq!(again.flows().counts(), after.flows().counts());
}

#[test]
fn a_recovery_that_ends_while_it_puts_its_snapshot_is_begun_again() {
    let (mut pipeline, mut journal, mut snapshots) = crossed(tell());
    let mut journal_cut = MemoryJournal::new();
    for entry in journal.read(Lsn::FIRST).unwrap() {
        journal_cut.append(journal_cut.last(), entry.unwrap().batch()).unwrap();
    }
    let cut = journal_cut.sync().unwrap();
    let _ = pipeline.handle_event(at(4), &members("3", 4, 900.0)).unwrap();
    persist(&mut pipeline, &mut journal);
    let last = pipeline.checkpoint(&mut journal, &mut snapshots).unwrap();
    // Before the snapshot is there: nothing has changed.
    snapshots.fail_next();
    let error = recover(builder(), at(5), &journal_cut, &mut snapshots).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Storage);
    let latest = snapshots.latest().unwrap();
    assert_eq!((latest.snapshot().unwrap().lsn(), journal_cut.last()), (last, cut));
    let (first, recovery) = recover(builder(), at(5), &journal_cut, &mut snapshots).unwrap();
    assert_eq!((recovery.snapshot(), recovery.tail_lost()), (Some(last), Some(cut.next())));
    // And right behind it, before anything is written: the same once more.
    let (mut second, recovery) = recover(builder(), at(5), &journal_cut.reopen(), &mut snapshots).unwrap();
    assert_eq!((recovery.snapshot(), recovery.tail_lost()), (Some(cut), None));
    assert!(first.snapshot() == second.snapshot());
    assert_eq!(second.handle_event(at(5), &members("4", 5, 1100.0)).unwrap().firings().len(), 1);
}

#[test]
fn every_place_of_a_damaged_snapshot_is_noticed() {
    let (pipeline, _, _) = crossed(tell());
    let whole = pipeline.snapshot();
    for place in 0..whole.len() {
        let mut bytes = whole.clone();
        bytes[place] ^= 1 << (place % 8);
        assert_eq!(
            builder().restore(Lsn::new(2), &bytes).unwrap_err().kind(),
            ErrorKind::Snapshot,
            "{place}"
        );
    }
    for length in 0..whole.len() {
        let error = builder().restore(Lsn::new(2), &whole[..length]).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Snapshot, "{length}");
    }
    assert_eq!(builder().restore(Lsn::new(2), &whole).unwrap().snapshot(), whole);
}

#[test]
fn a_flow_that_waits_for_a_time_of_its_own_does_so_over_a_crash() {
    let held = Threshold::above(1000.0).with_hold(std::time::Duration::from_secs(600));
    let trigger = Trigger::segment_threshold_crossed("vip", "vip", held).build().unwrap();
    let flow = Flow::builder(trigger).with_step(tell()).build().unwrap();
    let (mut journal, mut snapshots) = (MemoryJournal::new(), MemorySnapshots::new());
    let mut pipeline = builder().build().unwrap();
    pipeline.set_flows(at(0), [flow, vip(tell().with_input("text", "x")).clone()][..1].to_vec()).unwrap();
    let _ = pipeline.handle_events(at(2), &[members("1", 1, 998.0), members("2", 2, 1004.0)]).unwrap();
    persist(&mut pipeline, &mut journal);
    let (mut after, _) = recover(builder(), at(5_000), &journal.reopen(), &mut snapshots).unwrap();
    assert_eq!(after.poll_timeout(), Some(at(602)));
    let receipt = after.handle_timeout(at(5_000)).unwrap();
    assert_eq!(receipt.firings()[0].due_at(), Some(at(602)), "once, with its true time");
}

#[test]
fn a_silence_that_is_waited_for_since_before_any_event_keeps_its_time_over_a_checkpoint() {
    let within = std::time::Duration::from_secs(60);
    let trigger = Trigger::no_data("quiet", "segment", "vip", within).with_from_start(true).build().unwrap();
    let flow = Flow::builder(trigger).with_step(tell()).build().unwrap();
    let (mut journal, mut snapshots) = (MemoryJournal::new(), MemorySnapshots::new());
    let mut pipeline = builder().build().unwrap();
    pipeline.set_flows(at(0), [flow]).unwrap();
    persist(&mut pipeline, &mut journal);
    pipeline.checkpoint(&mut journal, &mut snapshots).unwrap();
    let (mut after, _) = recover(builder(), at(30), &journal.reopen(), &mut snapshots).unwrap();
    assert_eq!(after.engine().poll_timeout(), Some(at(60)));
    assert_eq!(after.handle_timeout(at(59)).unwrap().firings().len(), 0);
    assert_eq!(after.handle_timeout(at(60)).unwrap().firings()[0].due_at(), Some(at(60)));
}
