//! What the platform or its certification would refuse.

mod actions;
mod operations;
mod texts;
mod top;

use super::{Connector, export};
use crate::connector::Finding;
use crate::event::strict::shown;

/// The most bytes of a definition that the platform takes.
const MAX_BYTES: usize = 1 << 20;

/// What was found so far.
#[derive(Default)]
struct Findings(Vec<Finding>);

impl Findings {
    fn add(&mut self, place: &str, what: impl Into<String>, remedy: impl Into<String>) {
        self.0.push(Finding::new(place, what, remedy));
    }
}

pub(super) fn findings(connector: &Connector) -> Vec<Finding> {
    let mut findings = Findings::default();
    top::check(connector, &mut findings);
    operations::check(connector, &mut findings);
    actions::check(connector, &mut findings);
    if findings.0.is_empty() {
        size(connector, &mut findings);
    }
    findings.0
}

/// What is sound in its parts may be too much as a whole.
fn size(connector: &Connector, findings: &mut Findings) {
    match export::export(connector) {
        Ok(export) if export.definition().len() <= MAX_BYTES => {}
        Ok(export) => {
            let what = format!("has {} bytes, the limit is {MAX_BYTES}", export.definition().len());
            findings.add("definition", what, "offer fewer actions, or describe them in fewer words");
        }
        Err(error) => findings.add("definition", error.to_string(), "mend the values that it holds"),
    }
}

/// What a name may not be, wherever it becomes the name of a member: all after it would be read as a reference.
const REFERENCE: &str = "$ref";

/// A text as a finding shows it.
fn quoted(text: &str) -> String {
    format!("{:?}", shown(text))
}
