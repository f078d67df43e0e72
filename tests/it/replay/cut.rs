//! A run cut in two anywhere gives what one run gives, byte for byte.

use super::generate::{TRIGGERS, lines};
use super::run::{Folder, Ran};

const LINES: usize = 500;
const UNTIL: [&str; 2] = ["--until", "2026-03-01T06:00:00Z"];

fn run(folder: &Folder, lines: &[String], more: &[&str]) -> Ran {
    folder.write("events.ndjson", lines.join("\n"));
    let arguments = ["--triggers", "triggers.json", "--events", "events.ndjson", "--skip-invalid"];
    folder.replay(&[&arguments, more].concat()).good()
}

/// The numbers of the last line of stderr, by name.
fn counts(ran: &Ran) -> Vec<(String, u64)> {
    let line = ran.stderr.lines().last().unwrap();
    let pairs = line.split(", ").map(|pair| pair.rsplit_once(' ').unwrap());
    pairs.map(|(name, number)| (name.to_owned(), number.parse().unwrap())).collect()
}

/// Cuts at each of `places` and compares with the uncut run.
fn cut_at(name: &str, places: impl Iterator<Item = usize>, more: &[&str]) {
    let folder = Folder::new(name);
    folder.write("triggers.json", TRIGGERS);
    let all = lines(LINES, 0x0072_1911);
    let snapshot = ["--snapshot", "state"];
    let whole = run(&folder, &all, &[more, &UNTIL].concat());
    assert!(whole.stdout.lines().count() > 200, "only {} firings", whole.stdout.lines().count());
    for place in places {
        let _ = std::fs::remove_file(folder.path("state"));
        let first = run(&folder, &all[..place], &[more, &snapshot].concat());
        let second = run(&folder, &all[place..], &[more, &snapshot, &UNTIL].concat());
        let both = first.stdout.clone() + &second.stdout;
        if let Some((at, (cut, uncut))) =
            both.lines().zip(whole.stdout.lines()).enumerate().find(|(_, (cut, uncut))| cut != uncut)
        {
            panic!("cut before line {}, output line {}:\n  cut   {cut}\n  uncut {uncut}", place + 1, at + 1);
        }
        assert_eq!(both.len(), whole.stdout.len(), "cut before line {}", place + 1);
        for (name, number) in counts(&whole) {
            let of = |ran: &Ran| counts(ran).iter().find(|(other, _)| *other == name).map_or(0, |(_, n)| *n);
            assert_eq!(of(&first) + of(&second), number, "{name}, cut before line {}", place + 1);
        }
    }
}

#[test]
fn a_run_cut_at_any_line_gives_the_same_firings_even_lines() {
    cut_at("cut-even", (0..=LINES).step_by(2), &[]);
}

#[test]
fn a_run_cut_at_any_line_gives_the_same_firings_odd_lines() {
    cut_at("cut-odd", (1..=LINES).step_by(2), &[]);
}

#[test]
fn a_run_cut_at_some_lines_gives_the_same_explanations_too() {
    cut_at("cut-explained", (0..=LINES).step_by(25), &["--explain"]);
}

#[test]
fn a_run_cut_at_every_line_at_once_gives_the_same_firings() {
    let folder = Folder::new("cut-all");
    folder.write("triggers.json", TRIGGERS);
    let all = lines(LINES, 0x0072_1912);
    let whole = run(&folder, &all, &[]);
    let parts: String = all
        .iter()
        .map(|line| run(&folder, std::slice::from_ref(line), &["--snapshot", "state"]).stdout)
        .collect();
    assert!(parts == whole.stdout, "{} bytes instead of {}", parts.len(), whole.stdout.len());
}

/// The stream must hold what the cuts are to be tried on.
#[test]
fn in_the_stream_everything_happens() {
    let folder = Folder::new("cut-stream");
    folder.write("triggers.json", TRIGGERS);
    let whole = run(&folder, &lines(LINES, 0x0072_1911), &UNTIL);
    for (name, number) in counts(&whole) {
        assert!(number > 4, "{name} {number}");
    }
    let names: Vec<String> = counts(&whole).into_iter().map(|(name, _)| name).collect();
    for name in ["duplicates", "late", "invalid", "ignored", "suppressed", "limited", "disabled"] {
        assert!(names.iter().any(|other| other == name), "{name} is not in {names:?}");
    }
    let triggers: Vec<&str> = TRIGGERS.lines().filter_map(|line| line.split('"').nth(3)).collect();
    for trigger in triggers.iter().filter(|trigger| **trigger != "off") {
        let word = format!(r#""trigger":"{trigger}""#);
        assert!(whole.stdout.contains(&word), "{trigger} never fires");
    }
    for transition in ["crossed", "cleared", "reminder", "occurred"] {
        assert!(whole.stdout.contains(&format!(r#""transition":"{transition}""#)), "{transition}");
    }
}
