//! The root of the crate in `fuzz/`, which takes the bodies of its targets from here, and what they lean on.
#![allow(dead_code, unused_imports, reason = "the rest of these modules is for tests")]
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a target may panic")]

mod corpus;
mod differential;
mod engine_subject;
mod fuzz;
mod model;
mod properties;
mod random;

/// Runs the body of the target of this name.
///
/// # Panics
///
/// Where something does not hold, which is what a fuzzer looks for, and where there is no such target.
pub fn run(name: &str, data: &[u8]) {
    let (_, body) =
        fuzz::bodies::ALL.iter().find(|(other, _)| *other == name).expect("a target of that name");
    body(data);
}
