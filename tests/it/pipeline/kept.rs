//! What is kept for the host, with its inputs.

use tripline::ErrorKind;
use tripline::engine::Replace;
use tripline::journal::{Journal, Lsn, MemoryJournal, MemorySnapshots, Snapshot, Snapshots};
use tripline::pipeline::{Keep, Limits, Pipeline, recover};

use super::golden::{read_back, text};
use super::{at, builder, crossed, members, persist, tell, vip};

const GOLDEN: &str = include_str!("../../data/pipeline/kept.txt");

fn all(pipeline: &Pipeline) -> Vec<(String, String)> {
    pipeline.kept_under("").map(|(key, value)| (key.to_owned(), value.to_owned())).collect()
}

/// Every way to keep something.
fn keeping() -> Pipeline {
    let mut pipeline = builder().build().unwrap();
    let owner = [Keep::put("owner/vip", "ana")];
    let _ = pipeline.define_keeping(at(0), vip(tell()), Replace::Quiet, &owner).unwrap();
    let events = [members("1", 1, 998.0), members("2", 2, 1004.0)];
    let cursor = [Keep::put("log/3", r#"{"offset":17}"#), Keep::remove("log/2")];
    let _ = pipeline.handle_events_keeping(at(2), &events, &cursor).unwrap();
    let _ = pipeline.keep(at(3), &[Keep::put("note", "line\nbreak and \"quotes\"")]).unwrap();
    let _ = pipeline.remove_keeping(at(4), "vip", &[Keep::remove("owner/vip")]).unwrap();
    pipeline
}

#[test]
fn what_is_kept_stands_in_the_batch_of_its_input_and_is_read_back() {
    let (mut pipeline, mut journal) = (keeping(), MemoryJournal::new());
    persist(&mut pipeline, &mut journal);
    let written = text(&journal);
    assert_eq!(written, GOLDEN, "the journal's records have changed:\n{written}");
    let read = read_back(GOLDEN);
    assert_eq!(read.snapshot(), pipeline.snapshot());
    assert_eq!(
        all(&read),
        [("log/3", r#"{"offset":17}"#), ("note", "line\nbreak and \"quotes\"")]
            .map(|(key, value)| (key.to_owned(), value.to_owned()))
    );
    assert_eq!(read.counts().keeps(), 5);
}

#[test]
fn a_cursor_and_its_events_are_there_together_or_not_at_all_wherever_the_process_ends() {
    // Four reads of two events each, the process ends after each number of appends.
    let reads = |pipeline: &mut Pipeline, from: usize| {
        for read in from..4 {
            let id = |n: usize| (2 * read + n).to_string();
            let events = [members(&id(0), 1, 900.0), members(&id(1), 2, 1100.0)];
            let cursor = Keep::put("cursor", (read + 1).to_string());
            let _ = pipeline.handle_events_keeping(at(9), &events, &[cursor]).unwrap();
        }
    };
    for ends_after in 0..=5_usize {
        let (mut journal, mut snapshots) = (MemoryJournal::new(), MemorySnapshots::new());
        let (mut pipeline, _) = recover(builder(), at(0), &journal, &mut snapshots).unwrap();
        pipeline.set_flows(at(0), [vip(tell())]).unwrap();
        reads(&mut pipeline, 0);
        for _ in 0..ends_after {
            pipeline.poll_persist().unwrap().append_to(&mut journal).unwrap();
        }
        journal.sync().unwrap();
        let journal = journal.reopen();
        let (mut after, _) = recover(builder(), at(10), &journal, &mut snapshots).unwrap();
        let cursor: usize = after.kept("cursor").map_or(0, |cursor| cursor.parse().unwrap());
        assert_eq!(cursor, ends_after.saturating_sub(1));
        assert_eq!(after.counts().events(), 2 * cursor as u64);
        after.set_flows(at(10), [vip(tell())]).unwrap();
        reads(&mut after, cursor);
        assert_eq!(after.kept("cursor"), Some("4"));
        assert_eq!((after.counts().events(), after.engine().counts().duplicates()), (8, 0), "none again");
    }
}

#[test]
fn a_snapshot_holds_what_is_kept_and_one_from_before_there_was_any_is_read() {
    let pipeline = keeping();
    let snapshot = pipeline.snapshot();
    let after = builder().restore(pipeline.last(), &snapshot).unwrap();
    assert_eq!((all(&after), after.snapshot()), (all(&pipeline), snapshot));
    let (before, _, _) = crossed(tell());
    let bytes = before.snapshot();
    assert_eq!(bytes["tripline/pipeline".len()..][..2], [1, 0], "a build that knows of none reads it");
    assert!(!String::from_utf8_lossy(&bytes).contains("\"kept\":[{\"key\""));
    assert_eq!(all(&builder().restore(before.last(), &bytes).unwrap()), []);
    assert_eq!(pipeline.snapshot()["tripline/pipeline".len()..][..2], [2, 0], "and refuses this one");
}

#[test]
fn a_recovery_from_a_snapshot_and_the_batches_after_it_has_what_is_kept() {
    let (mut pipeline, mut journal, mut snapshots) = crossed(tell());
    let _ = pipeline.keep(at(3), &[Keep::put("a", "1"), Keep::put("b", "1")]).unwrap();
    persist(&mut pipeline, &mut journal);
    let snapshot = Snapshot::new(pipeline.last(), pipeline.snapshot()).with_chain(journal.chain());
    snapshots.put(&snapshot).unwrap();
    let _ = pipeline.keep(at(4), &[Keep::put("b", "2"), Keep::remove("a")]).unwrap();
    persist(&mut pipeline, &mut journal);
    let (after, recovery) = recover(builder(), at(5), &journal.reopen(), &mut snapshots).unwrap();
    assert_eq!(recovery.batches(), 1);
    assert_eq!(all(&after), [("b".to_owned(), "2".to_owned())]);
}

#[test]
fn what_is_refused_keeps_nothing_and_what_is_kept_is_bounded() {
    let limits = Limits::default().with_kept(2).with_kept_value(4).with_kept_bytes(8).with_events(1);
    let mut pipeline = builder().with_limits(limits.clone()).build().unwrap();
    let mut refused = |keeps: &[Keep]| {
        let before = pipeline.last();
        let error = pipeline.keep(at(0), keeps).unwrap_err();
        assert_eq!(pipeline.last(), before);
        (error.kind(), error.to_string())
    };
    let limit = |text: &str| (ErrorKind::Limit, text.to_owned());
    let invalid = |text: &str| (ErrorKind::Invalid, text.to_owned());
    assert_eq!(refused(&[Keep::put("k", "12345")]), limit("the value of \"k\" has 5 bytes, the limit is 4"));
    let three = ["a", "b", "c"].map(|key| Keep::put(key, ""));
    assert_eq!(refused(&three), limit("3 values would be kept, the limit is 2"));
    let large = ["a", "b"].map(|key| Keep::put(key, "1234"));
    assert_eq!(refused(&large), limit("10 bytes would be kept, the limit is 8"));
    assert_eq!(refused(&[Keep::put("", "")]), invalid("a key of 0 bytes: it takes 1 to 512"));
    assert_eq!(refused(&[Keep::remove("k".repeat(513))]), invalid("a key of 513 bytes: it takes 1 to 512"));
    let twice = [Keep::put("a", "1"), Keep::remove("a")];
    assert_eq!(refused(&twice), invalid("the key \"a\" is given twice"));
    assert_eq!(pipeline.counts().refused(), 3, "what is over a bound is counted");

    let cursor = [Keep::put("a", "1")];
    let events = [members("1", 1, 1.0), members("2", 2, 1.0)];
    assert!(pipeline.handle_events_keeping(at(2), &events, &cursor).unwrap_err().is_limit());
    let unknown = vip(tripline::flow::Step::new("tell", "sendPigeon"));
    assert!(pipeline.define_keeping(at(2), unknown, Replace::Quiet, &cursor).is_err());
    let error = pipeline.remove_keeping(at(2), "vip", &cursor).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::UnknownFlow);
    assert_eq!((pipeline.last(), all(&pipeline).len()), (Lsn::ZERO, 0));

    let _ = pipeline.keep(at(3), &[Keep::put("a", "12"), Keep::put("b", "12")]).unwrap();
    let _ = pipeline.keep(at(3), &[Keep::put("c", "12"), Keep::remove("a")]).unwrap();
    // Under narrower bounds what is there stays, and can be let go of.
    let narrow = builder().with_limits(limits.with_kept(1).with_kept_bytes(1));
    let mut narrow = narrow.restore(pipeline.last(), &pipeline.snapshot()).unwrap();
    assert!(narrow.keep(at(4), &[Keep::put("d", "1")]).unwrap_err().is_limit());
    let _ = narrow.keep(at(4), &[Keep::remove("b")]).unwrap();
    assert_eq!(all(&narrow), [("c".to_owned(), "12".to_owned())]);
}

#[test]
fn what_lets_go_is_taken_in_while_too_much_waits() {
    let mut pipeline = builder().with_limits(Limits::default().with_unsafe_bytes(1)).build().unwrap();
    let _ = pipeline.keep(at(0), &[Keep::put("a", "1")]).unwrap();
    assert!(pipeline.is_full() && pipeline.keep(at(0), &[Keep::put("a", "2")]).unwrap_err().is_full());
    let _ = pipeline.keep(at(0), &[Keep::remove("a")]).unwrap();
    assert_eq!(pipeline.kept("a"), None);
}

#[test]
fn a_value_shows_its_size_alone() {
    let mut pipeline = builder().build().unwrap();
    let keep = Keep::put("cursor", "CANARY");
    let _ = pipeline.keep(at(0), std::slice::from_ref(&keep)).unwrap();
    let shown = format!("{keep:?} {pipeline:?} {:?}", pipeline.poll_persist().unwrap());
    assert!(shown.contains("cursor") && shown.contains("Some(6)") && !shown.contains("CANARY"), "{shown}");
}
