//! The bodies of the fuzz targets, without a fuzzer: over the corpus that is kept under `tests/data/fuzz`, and over
//! mutations of it that are the same in every run. `TRIPLINE_FUZZ` says how many of those each target gets.

pub(crate) mod bodies;
mod mutate;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

use bodies::Body;
use mutate::Mutator;

use crate::random::Random;

/// Holds the target's body against its corpus and so many mutations of it.
fn hold(name: &str, count: u64) {
    let (_, body) = bodies::ALL.iter().find(|(other, _)| *other == name).expect("a target of that name");
    let corpus = corpus(name);
    let given = std::env::var("TRIPLINE_FUZZ").ok().and_then(|text| text.parse().ok());
    if let Err((data, why)) = search(*body, &corpus, given.unwrap_or(count)) {
        let path = option_env!("CARGO_TARGET_TMPDIR")
            .map_or_else(std::env::temp_dir, PathBuf::from)
            .join(format!("fuzz-{name}"));
        std::fs::write(&path, &data).expect("the target folder can be written");
        panic!("{why}\nthe bytes are in {}; they begin with {:?}", path.display(), shown(&data));
    }
}

/// The first bytes at which the body panics, and with what.
fn search(body: Body, corpus: &[Vec<u8>], count: u64) -> Result<(), (Vec<u8>, String)> {
    let run = |data: &[u8]| {
        catch_unwind(|| body(data)).map_err(|panic| {
            let text = panic.downcast_ref::<String>().map(String::as_str);
            let why = text.or(panic.downcast_ref::<&str>().copied()).unwrap_or("it panics").to_owned();
            (data.to_vec(), why)
        })
    };
    corpus.iter().try_for_each(|data| run(data))?;
    let mut mutator = Mutator::new(corpus, Random(count));
    (0..count).try_for_each(|_| run(&mutator.next()))
}

fn corpus(name: &str) -> Vec<Vec<u8>> {
    let files = files(&folder().join(name));
    assert!(files.len() >= 3, "{name} has {} files in its corpus", files.len());
    files.iter().map(|path| std::fs::read(path).expect("a file of the corpus")).collect()
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/fuzz")
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let mut files: Vec<_> = entries.flatten().map(|entry| entry.path()).collect();
    files.sort();
    files
}

fn shown(data: &[u8]) -> String {
    String::from_utf8_lossy(&data[..data.len().min(400)]).into_owned()
}

#[test]
fn callback_urls_are_let_through_only_where_they_are_plain_and_public() {
    hold("callback_url", 20_000);
}

#[test]
fn engines_do_what_the_model_does_and_go_on_so_when_cut_off() {
    hold("engine_operations", 1_000);
}

#[test]
fn events_are_refused_with_a_place_or_written_as_they_were_read() {
    hold("event_json", 6_000);
}

#[test]
fn flat_triggers_are_refused_with_a_field_or_the_same_as_a_body_and_as_a_query() {
    hold("flat_trigger", 6_000);
}

#[cfg(feature = "flow")]
#[test]
fn flows_are_refused_with_a_place_or_written_as_they_were_read() {
    hold("flow_json", 3_000);
}

#[cfg(feature = "journal-file")]
#[test]
fn journals_lose_nothing_in_silence() {
    hold("journal_recovery", 1_000);
}

#[cfg(feature = "email")]
#[test]
fn mails_are_read_back_as_they_were_written() {
    hold("mime", 4_000);
}

#[test]
fn pauses_of_a_service_are_read_as_another_reader_does() {
    hold("retry_after", 10_000);
}

#[cfg(feature = "signing")]
#[test]
fn signatures_are_verified_where_nothing_was_changed_and_nowhere_else() {
    hold("signature", 6_000);
}

#[cfg(feature = "flow")]
#[test]
fn snapshots_are_restored_whole_or_refused() {
    hold("snapshot_restore", 2_000);
}

#[cfg(feature = "flow")]
#[test]
fn templates_are_bounded_and_data_never_becomes_one() {
    hold("template", 3_000);
}

#[test]
fn triggers_are_refused_with_a_place_or_written_as_they_were_read() {
    hold("trigger_json", 6_000);
}

#[test]
fn every_folder_of_the_corpus_is_that_of_a_target() {
    let names = files(&folder()).into_iter().filter_map(|path| Some(path.file_name()?.to_str()?.to_owned()));
    if cfg!(all(feature = "flow", feature = "signing", feature = "email", feature = "journal-file")) {
        assert!(names.eq(bodies::ALL.iter().map(|(name, _)| (*name).to_owned())));
    }
}

#[test]
fn a_fault_that_is_planted_is_found_with_the_bytes_that_show_it() {
    let planted: Body = |data| assert!(!data.windows(2).any(|pair| pair == b"}}"), "two braces");
    let corpus = [b"{\"a\":1}".to_vec(), b"{\"b\":[2]}".to_vec()];
    assert!(search(|_| {}, &corpus, 100).is_ok());
    let (data, why) = search(planted, &corpus, 10_000).unwrap_err();
    assert!(why.contains("two braces") && catch_unwind(AssertUnwindSafe(|| planted(&data))).is_err());
    let same = search(planted, &corpus, 10_000).unwrap_err();
    assert_eq!(same, (data, why), "the same in every run");
}
