//! What the library brings with it: the tree of a user, without anything that
//! only tests, examples and benches need.

use std::process::Command;

/// Every package that may stand in the tree; after the first line, who asks for it.
const ALLOWED: &str = "
    tripline async-trait chrono foldhash hashbrown http minijinja serde serde_json sha2 tower-service
    async-trait:  proc-macro2 quote syn unicode-ident
    chrono:       num-traits
    hashbrown:    allocator-api2 equivalent
    http:         bytes
    serde:        serde_core serde_derive
    serde_json:   itoa memchr zmij
    sha2:         block-buffer cfg-if cpufeatures crypto-common digest hybrid-array typenum
    signing:      hmac ctutils cmov
    journal-file: crc32fast
    cpufeatures:  libc
";

/// What must not stand in the tree, whoever asks for it and whatever the list above says.
const FORBIDDEN: &str = "
    actix-rt async-global-executor async-io async-std futures-executor mio polling smol socket2 tokio tokio-util
    attohttpc curl h2 hyper hyper-util isahc reqwest rustls surf ureq url
    fastrand getrandom oorandom rand rand_chacha rand_core uuid
    backoff backon governor
    iana-time-zone time
";

/// Features that let a package read the clock.
const FORBIDDEN_FEATURES: &[(&str, &[&str])] = &[("chrono", &["clock", "default", "now", "wasmbind"])];

#[test]
fn the_tree_holds_only_what_is_allowed_whatever_the_features() {
    for features in [&[][..], &["--no-default-features"], &["--all-features"]] {
        let tree = tree(features);
        assert!(tree.lines().count() > 5, "too short for a tree:\n{tree}");
        let faults = faults(&tree);
        assert!(faults.is_empty(), "with {features:?}:\n{}", faults.join("\n"));
    }
}

#[test]
fn nothing_is_both_allowed_and_forbidden() {
    let both: Vec<&str> =
        names(ALLOWED).filter(|name| names(FORBIDDEN).any(|other| other == *name)).collect();
    assert_eq!(both, [""; 0]);
}

/// `NAME VERSION …|FEATURE,FEATURE`, a line for every edge.
fn tree(features: &[&str]) -> String {
    let output = Command::new(env!("CARGO"))
        .args(["tree", "-e", "normal", "--offline", "--prefix", "none", "--no-dedupe", "--format", "{p}|{f}"])
        .args(features)
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// The packages of a list above; what ends in a colon says who asks for them.
fn names(list: &'static str) -> impl Iterator<Item = &'static str> {
    list.split_whitespace().filter(|word| !word.ends_with(':'))
}

fn faults(tree: &str) -> Vec<String> {
    let mut faults = Vec::new();
    for line in tree.lines().filter(|line| !line.trim().is_empty()) {
        let (package, features) = line.split_once('|').unwrap_or((line, ""));
        let name = package.split(' ').next().unwrap_or_default();
        if names(FORBIDDEN).any(|other| other == name) {
            faults.push(format!("{name} must not be in the tree"));
        } else if names(ALLOWED).all(|other| other != name) {
            faults.push(format!("{name} is not on the list of what is allowed"));
        }
        let (_, forbidden) =
            FORBIDDEN_FEATURES.iter().find(|(owner, _)| *owner == name).unwrap_or(&("", &[]));
        for feature in features.split(',').filter(|feature| forbidden.contains(feature)) {
            faults.push(format!("{name} must be without its feature {feature}"));
        }
    }
    faults.sort();
    faults.dedup();
    faults
}

// Planted faults: each must be caught, and its honest neighbour must not.

const HONEST: &str = "tripline v0.1.0 (/x)|default\nchrono v0.4.42|alloc,serde,std\nserde_derive v1.0.0 (proc-macro)|default\n";

#[test]
fn an_honest_tree_passes() {
    assert_eq!(faults(HONEST), [""; 0]);
}

#[test]
fn every_forbidden_package_is_caught() {
    for name in names(FORBIDDEN) {
        let tree = format!("{HONEST}{name} v1.0.0|default\n{name} v1.0.0|default\n");
        assert_eq!(faults(&tree), [format!("{name} must not be in the tree")]);
    }
}

#[test]
fn a_package_that_nobody_allowed_is_caught() {
    assert_eq!(faults("serde-json v1.0.0|\n"), ["serde-json is not on the list of what is allowed"]);
}

#[test]
fn a_clock_that_is_switched_on_is_caught() {
    let tree = HONEST.replace("alloc,", "alloc,clock,iana-time-zone,now,");
    assert_eq!(
        faults(&tree),
        ["chrono must be without its feature clock", "chrono must be without its feature now"]
    );
}
