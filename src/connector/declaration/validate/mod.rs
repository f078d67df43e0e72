//! What the platform or its certification would refuse.

mod actions;
mod operations;
mod texts;
mod top;

use super::Connector;
use crate::connector::Finding;
use crate::event::strict::shown;

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
    findings.0
}

/// A text as a finding shows it.
fn quoted(text: &str) -> String {
    format!("{:?}", shown(text))
}
