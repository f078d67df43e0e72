//! Who may know whom. The table below is the whole of it, rooms to come
//! included; the source is held against it, word by word.

use std::collections::{BTreeMap, BTreeSet};

use crate::source::paths::{absolute, named_paths};
use crate::source::{self, SourceFile};

/// A room (a file or folder directly under `src/`) and the rooms it may import;
/// `room/FILE` is what files of that name in that room may import besides.
const TABLE: &str = "
    error:
    base64:
    bounds:
    few:
    sealed:    error
    time:      error
    event:     error time base64
    threshold: error time
    trigger:   error time event threshold
    firing:    error time event threshold trigger base64 few
    partition: error time event trigger

    engine:    error time event threshold trigger firing partition bounds few sealed

    action:    error time event trigger firing base64
    webhook:   error time base64
    dispatch:  error time event trigger firing action bounds sealed
    flow:      error time event trigger firing action dispatch bounds few sealed
    journal:   error

    pipeline:  error time event threshold trigger firing partition engine action dispatch flow journal bounds sealed
    shard:     error event flow dispatch action partition journal pipeline
    connector: error time event threshold trigger firing engine action dispatch flow journal pipeline webhook bounds
               base64
    builtin:   error time event trigger firing action webhook base64 bounds
    builtin/manifest.rs: connector

    testing:   error time event threshold trigger firing partition engine action dispatch flow journal pipeline shard
               webhook connector builtin
";

/// Code lines a file may have; blank lines, comments and tests do not count.
const LONGEST_FILE: usize = 400;

/// What the library does not do; time is an argument, effects are values.
const FORBIDDEN: &[&str] = &[
    "SystemTime::now",
    "Instant::now",
    "Utc::now",
    "Local::now",
    "thread::sleep",
    "unsafe",
    "todo!",
    "unimplemented!",
];

#[test]
fn no_room_imports_what_the_table_does_not_allow() {
    assert_none(&wrong_imports(&source::library()));
}

#[test]
fn no_imports_form_a_circle() {
    assert_none(&circles(&edges(&source::library())));
}

#[test]
fn the_table_itself_has_no_circle_and_names_only_rooms_it_lists() {
    assert_none(&table_faults(TABLE));
}

#[test]
fn the_reader_sees_the_imports_that_are_there() {
    let rooms: BTreeSet<(String, String)> = edges(&source::library())
        .into_iter()
        .filter(|edge| edge.below.is_empty())
        .map(|edge| (edge.from, edge.to))
        .collect();
    for (from, to) in
        [("trigger", "threshold"), ("firing", "trigger"), ("engine", "firing"), ("engine", "error")]
    {
        assert!(rooms.contains(&(from.to_owned(), to.to_owned())), "{from} imports {to}, and it is not seen");
    }
}

#[test]
fn no_import_ends_in_a_glob() {
    assert_none(&globs(&source::library()));
}

#[test]
fn no_file_is_longer_than_it_may_be() {
    assert_none(&long_files(&source::library(), LONGEST_FILE));
}

#[test]
fn the_library_reads_no_clock_never_sleeps_and_leaves_nothing_unfinished() {
    assert_none(&forbidden_words(&source::library()));
}

fn assert_none(faults: &[String]) {
    assert!(faults.is_empty(), "\n{}", faults.join("\n"));
}

fn modules(files: &[SourceFile]) -> BTreeSet<Vec<String>> {
    files.iter().map(|file| file.module.clone()).collect()
}

fn wrong_imports(files: &[SourceFile]) -> Vec<String> {
    let table = table(TABLE);
    let modules = modules(files);
    let mut faults = Vec::new();
    for file in files.iter().filter(|file| !file.module.is_empty()) {
        let room = file.module[0].as_str();
        let Some(allowed) = table.get(room) else {
            faults.push(format!("{}: the room {room} is not in the table", file.path));
            continue;
        };
        let name = file.path.rsplit('/').next().unwrap_or_default();
        let besides = table.get(format!("{room}/{name}").as_str());
        for named in named_paths(file) {
            let Some(target) = absolute(file, &named, &modules) else { continue };
            let place = format!("{}:{}", file.path, named.line);
            let target = target.first().map_or("the root of the crate", String::as_str);
            if !table.contains_key(target) {
                faults.push(format!(
                    "{place}: {target} is not a room; import from the room where the thing lives"
                ));
            } else if target != room
                && !allowed.iter().chain(besides.into_iter().flatten()).any(|to| *to == target)
            {
                faults.push(format!("{place}: {room} may not import {target}"));
            }
        }
    }
    faults.dedup();
    faults
}

/// One import between two modules that stand side by side in `below` (empty: two rooms).
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Edge {
    below: String,
    from: String,
    to: String,
    place: String,
}

/// Imports between siblings at every level. A parent and its children are one
/// thing told in several files and count as no edge.
fn edges(files: &[SourceFile]) -> Vec<Edge> {
    let modules = modules(files);
    let exports = exports(files, &modules);
    let mut edges = BTreeSet::new();
    for file in files.iter().filter(|file| !file.module.is_empty()) {
        for named in named_paths(file) {
            let Some(target) = absolute(file, &named, &modules) else { continue };
            let target = home(target, &exports, &modules);
            let shared = file.module.iter().zip(&target).take_while(|(a, b)| a == b).count();
            if let (Some(from), Some(to)) = (file.module.get(shared), target.get(shared)) {
                let place = format!("{}:{}", file.path, named.line);
                let below = file.module[..shared].join("::");
                edges.insert(Edge { below, from: from.clone(), to: to.clone(), place });
            }
        }
    }
    edges.into_iter().collect()
}

/// Names that a module has from elsewhere: the module and the name, and where it is from.
fn exports(
    files: &[SourceFile],
    modules: &BTreeSet<Vec<String>>,
) -> BTreeMap<(Vec<String>, String), Vec<String>> {
    let mut exports = BTreeMap::new();
    for file in files.iter().filter(|file| !file.module.is_empty()) {
        for named in named_paths(file).into_iter().filter(|named| named.inside.is_empty()) {
            let path = absolute(file, &named, modules);
            if let (Some(alias), Some(path)) = (named.alias, path) {
                exports.insert((file.module.clone(), alias), path);
            }
        }
    }
    exports
}

/// The module that `path` leads to, re-exports followed.
fn home(
    mut path: Vec<String>,
    exports: &BTreeMap<(Vec<String>, String), Vec<String>>,
    modules: &BTreeSet<Vec<String>>,
) -> Vec<String> {
    // More steps than any honest chain of re-exports has; a circle of them ends here.
    for _ in 0..16 {
        let depth = (0..=path.len()).rev().find(|depth| modules.contains(&path[..*depth])).unwrap_or(0);
        let module = path[..depth].to_vec();
        let Some(name) = path.get(depth).cloned() else { return module };
        let Some(real) = exports.get(&(module.clone(), name)) else { return module };
        path = real.iter().chain(&path[depth + 1..]).cloned().collect();
    }
    path
}

/// One line for every circle that a walk along the edges runs into.
fn circles(edges: &[Edge]) -> Vec<String> {
    let mut levels: BTreeMap<&str, BTreeMap<&str, BTreeMap<&str, &str>>> = BTreeMap::new();
    for edge in edges {
        let next = levels.entry(&edge.below).or_default().entry(&edge.from).or_default();
        next.entry(&edge.to).or_insert(&edge.place);
    }
    let mut faults = Vec::new();
    for (below, graph) in levels {
        let mut done = BTreeSet::new();
        for start in graph.keys() {
            walk(start, &graph, &mut Vec::new(), &mut done, &mut |trail: &[&str]| {
                let places: Vec<&str> =
                    trail.windows(2).filter_map(|pair| graph.get(pair[0])?.get(pair[1]).copied()).collect();
                let level = if below.is_empty() { "rooms" } else { below };
                faults.push(format!("circle in {level}: {} ({})", trail.join(" -> "), places.join(", ")));
            });
        }
    }
    faults
}

fn walk<'a>(
    node: &'a str,
    graph: &BTreeMap<&'a str, BTreeMap<&'a str, &'a str>>,
    trail: &mut Vec<&'a str>,
    done: &mut BTreeSet<&'a str>,
    report: &mut impl FnMut(&[&'a str]),
) {
    if let Some(start) = trail.iter().position(|name| *name == node) {
        trail.push(node);
        report(&trail[start..]);
        trail.pop();
    } else if !done.contains(node) {
        trail.push(node);
        for next in graph.get(node).into_iter().flat_map(BTreeMap::keys) {
            walk(next, graph, trail, done, report);
        }
        trail.pop();
        done.insert(node);
    }
}

/// The rows of the text: what stands before a colon, and the words up to the next colon.
fn table(text: &str) -> BTreeMap<&str, Vec<&str>> {
    let mut rows: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    let mut row = "";
    for word in text.split_whitespace() {
        if let Some(name) = word.strip_suffix(':') {
            assert!(rows.insert(name, Vec::new()).is_none(), "two rows for {name}");
            row = name;
        } else {
            rows.entry(row).or_default().push(word);
        }
    }
    rows
}

fn table_faults(text: &str) -> Vec<String> {
    let rows = table(text);
    let mut faults = Vec::new();
    let mut edges = Vec::new();
    for (from, imports) in &rows {
        for to in imports {
            if !rows.contains_key(to) {
                faults.push(format!("{from} imports {to}, which has no row"));
            }
            let from = from.split('/').next().unwrap_or_default();
            let (below, place) = (String::new(), "the table".to_owned());
            edges.push(Edge { below, from: from.to_owned(), to: (*to).to_owned(), place });
        }
    }
    faults.extend(circles(&edges));
    faults
}

fn globs(files: &[SourceFile]) -> Vec<String> {
    let mut faults = Vec::new();
    for file in files {
        for named in named_paths(file).into_iter().filter(|named| named.glob) {
            faults.push(format!(
                "{}:{}: glob import of {}",
                file.path,
                named.line,
                named.segments.join("::")
            ));
        }
    }
    faults
}

fn long_files(files: &[SourceFile], most: usize) -> Vec<String> {
    let long = files.iter().filter(|file| file.code_lines() > most);
    long.map(|file| format!("{}: {} lines of code, {most} allowed", file.path, file.code_lines())).collect()
}

fn forbidden_words(files: &[SourceFile]) -> Vec<String> {
    let mut faults = Vec::new();
    for word in FORBIDDEN {
        let pattern = source::tokens::read(word);
        let texts: Vec<&str> = pattern.iter().map(|token| token.text.as_str()).collect();
        for file in files {
            let code = file.code();
            for at in (0..code.len()).filter(|at| source::starts_with(&code[*at..], &texts)) {
                faults.push(format!("{}:{}: {word}", file.path, code[at].line));
            }
        }
    }
    faults
}

// Planted faults: each must be caught, and its honest neighbour must not.

fn planted(texts: &[(&str, &str)]) -> Vec<SourceFile> {
    source::files(texts)
}

#[test]
fn an_edge_that_is_not_in_the_table_is_caught_however_it_is_written() {
    for text in [
        "use crate::action::Action;",
        "pub use crate::{error::Error, action::Action};",
        "use crate::action;",
        "use crate::{action::{self, Action as A}};",
        "use super::action::Action;",
        "fn f() -> crate::action::Action { x }",
        "fn f() { let x = crate::action::make::<crate::error::Error>(); }",
        "mod inner { use super::super::action::Action; }",
        "mod inner { fn f() {} } fn g() { super::action::f() }",
        "type A = Vec<crate::action::Action>;",
        "impl self::super::action::Action for X {}",
        "pub(in crate::action) fn f() {}",
        "#[cfg(test)] mod tests { fn t() {} } use crate::action::Action;",
    ] {
        let faults = wrong_imports(&planted(&[("engine/mod.rs", text)]));
        assert_eq!(faults, ["src/engine/mod.rs:1: engine may not import action"], "{text}");
    }
}

#[test]
fn what_is_allowed_and_what_is_not_code_is_no_edge() {
    for text in [
        "use crate::trigger::Trigger; use std::fmt; use serde_json::Value;",
        "use crate::engine::index::Index; use super::engine::index; use self::index::Index; use index::Index;",
        "/// [`Action`](crate::action::Action)\nfn f() { \"crate::action::Action\"; } // crate::action::Action",
        "#[cfg(test)] mod tests { use crate::action::Action; }",
        "mod inner { use super::index::Index; } pub(crate) struct X; impl X { fn f(self) -> impl Sized + use<'_> {} }",
        "use action::Action; // a crate of that name, not the room",
    ] {
        let files = planted(&[("engine/mod.rs", text), ("engine/index.rs", "use super::Engine;")]);
        assert_eq!(wrong_imports(&files), [""; 0], "{text}");
    }
}

#[test]
fn the_error_room_imports_nothing_and_threshold_knows_no_events() {
    let texts =
        [("error.rs", "\nuse crate::time::Nanos;"), ("threshold/state.rs", "use crate::event::Event;")];
    let faults = wrong_imports(&planted(&texts));
    assert_eq!(
        faults,
        [
            "src/error.rs:2: error may not import time",
            "src/threshold/state.rs:1: threshold may not import event"
        ]
    );
}

#[test]
fn the_front_door_may_import_every_room_and_no_room_may_use_the_front_door() {
    let texts = [("lib.rs", "pub use crate::engine::Engine; pub use action::Action;"), ("engine.rs", "")];
    assert_eq!(wrong_imports(&planted(&texts)), [""; 0]);
    for text in
        ["use crate::Error;", "use super::Error;", "use crate as tripline;", "use crate::{self as tripline};"]
    {
        let faults = wrong_imports(&planted(&[("engine.rs", text)]));
        assert_eq!(faults.len(), 1, "{text}: {faults:?}");
        assert!(faults[0].contains("is not a room"), "{text}: {faults:?}");
    }
}

#[test]
fn a_room_without_a_row_is_caught() {
    let faults = wrong_imports(&planted(&[("util/mod.rs", "fn f() {}")]));
    assert_eq!(faults, ["src/util/mod.rs: the room util is not in the table"]);
}

#[test]
fn only_a_manifest_of_the_builtins_knows_the_connector() {
    let text = "use crate::connector::Manifest;";
    assert_eq!(wrong_imports(&planted(&[("builtin/teams/manifest.rs", text)])), [""; 0]);
    for path in ["builtin/teams/card.rs", "builtin/manifests.rs", "action/manifest.rs"] {
        assert_eq!(wrong_imports(&planted(&[(path, text)])).len(), 1, "{path}");
    }
}

#[test]
fn a_circle_of_rooms_is_caught() {
    let texts = [
        ("event/mod.rs", "use crate::trigger::Trigger;"),
        ("trigger.rs", "\n\nuse crate::firing::Firing;"),
        ("firing.rs", "use crate::event::Event;"),
    ];
    let faults = circles(&edges(&planted(&texts)));
    assert_eq!(
        faults,
        [
            "circle in rooms: event -> trigger -> firing -> event (src/event/mod.rs:1, src/trigger.rs:3, src/firing.rs:1)"
        ]
    );
}

#[test]
fn a_circle_of_siblings_in_a_room_is_caught_also_through_a_re_export() {
    for import in ["use super::series::Series;", "use super::Series;", "use crate::engine::Kept;"] {
        let texts = [
            ("engine/mod.rs", "mod index; mod series; pub use series::Series; pub use self::Series as Kept;"),
            ("engine/index.rs", import),
            ("engine/series.rs", "use super::index::Index;"),
        ];
        let faults = circles(&edges(&planted(&texts)));
        assert_eq!(faults.len(), 1, "{import}: {faults:?}");
        assert!(faults[0].starts_with("circle in engine: index -> series -> index"), "{faults:?}");
    }
}

#[test]
fn a_circle_between_a_folder_and_the_file_beside_it_is_caught() {
    let texts = [
        ("engine/mod.rs", ""),
        ("engine/state.rs", "use super::index::Index;"),
        ("engine/index/mod.rs", ""),
        ("engine/index/sorted.rs", "use super::super::state::State;"),
    ];
    let faults = circles(&edges(&planted(&texts)));
    assert_eq!(faults.len(), 1, "{faults:?}");
    assert!(faults[0].starts_with("circle in engine: index -> state -> index"), "{faults:?}");
}

#[test]
fn a_parent_and_its_children_are_no_circle() {
    let texts = [
        (
            "engine/mod.rs",
            "mod index; mod series; use index::Index; pub use series::Series; pub struct Engine;",
        ),
        ("engine/index.rs", "use super::{Engine, Series}; use super::series;"),
        ("engine/series.rs", "use super::Engine; use crate::error::Error;"),
        ("error.rs", ""),
    ];
    assert_eq!(circles(&edges(&planted(&texts))), [""; 0]);
}

#[test]
fn a_circle_in_the_table_and_a_room_without_a_row_are_caught() {
    let faults = table_faults("a: b  b/manifest.rs: c  b:  c: a d");
    assert_eq!(faults.len(), 2, "{faults:?}");
    assert_eq!(faults[0], "c imports d, which has no row");
    assert!(faults[1].contains("a -> b -> c -> a"), "{faults:?}");
}

#[test]
fn a_glob_import_is_caught_outside_tests() {
    for text in ["use super::*;", "pub use crate::event::{Event, filter::*};", "fn f() { use Side::*; }"] {
        assert_eq!(globs(&planted(&[("engine.rs", text)])).len(), 1, "{text}");
    }
    let honest = "fn f() { a * b } #[cfg(test)] mod tests { use super::*; } use x::{y, z};";
    assert_eq!(globs(&planted(&[("engine.rs", honest)])), [""; 0]);
}

#[test]
fn a_file_one_line_too_long_is_caught() {
    let text = "fn f() {}\n\n// why\n".repeat(4) + "#[cfg(test)]\nmod tests {\n}\n";
    assert_eq!(long_files(&planted(&[("engine.rs", &text)]), 4), [""; 0]);
    assert_eq!(
        long_files(&planted(&[("engine.rs", &text)]), 3),
        ["src/engine.rs: 4 lines of code, 3 allowed"]
    );
}

#[test]
fn every_forbidden_word_is_caught() {
    for word in FORBIDDEN {
        let text = format!("fn f() {{\n {word} ; }}");
        assert_eq!(forbidden_words(&planted(&[("engine.rs", &text)])), [format!("src/engine.rs:2: {word}")]);
    }
    let honest = "#![forbid(unsafe_code)]\n// todo! unsafe\nfn todo() { \"todo!\"; now() } #[cfg(test)] fn t() { todo!() }";
    assert_eq!(forbidden_words(&planted(&[("engine.rs", honest)])), [""; 0]);
}
