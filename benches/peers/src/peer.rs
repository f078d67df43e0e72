//! What a peer is asked: the questions of the workloads, in the words of a host
//! that would use the peer instead of tripline.

use chrono::{DateTime, Utc};

use crate::Failure;
use crate::cel_host::Cel;
use crate::data::Record;
use crate::host::Host;
use crate::meter::Sample;
use crate::rete::{Network, Node};
use crate::rhai_host::{Grain, Tree};
use crate::zen_host::Zen;

/// A number of a series.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Move<'a> {
    pub(crate) series: &'a str,
    pub(crate) at: DateTime<Utc>,
    pub(crate) value: f64,
}

/// How a task about an item ended.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Ended<'a> {
    pub(crate) id: &'a str,
    pub(crate) name: &'a str,
    pub(crate) at: DateTime<Utc>,
    pub(crate) failed: bool,
}

pub(crate) trait Peer {
    /// Triggers with their bounds on a series whose first value is `value`.
    fn watch(&mut self, series: &str, value: f64, triggers: &[(u32, f64)]) -> Result<(), Failure>;

    /// A trigger on how tasks about an item, by its id or its name, end.
    fn watch_outcome(&mut self, item: &str, trigger: u32, failed: bool) -> Result<(), Failure>;

    /// Judges the moves; the copies into the peer's own types are made before time is taken.
    fn judge(&mut self, moves: &[Move<'_>], fired: &mut Vec<Record>) -> Result<Sample, Failure>;

    /// Only remembers the values: what another lane or a shorter round leaves out.
    fn skip(&mut self, moves: &[Move<'_>]);

    fn judge_outcomes(&mut self, ended: &[Ended<'_>], fired: &mut Vec<Record>) -> Result<Sample, Failure>;
}

/// All of them, with nothing to watch yet.
pub(crate) fn all() -> Vec<(&'static str, Box<dyn Peer>)> {
    vec![
        ("rhai", Box::new(Host::new(Tree::new()))),
        ("rhai grain", Box::new(Host::new(Grain::new()))),
        ("cel", Box::new(Host::new(Cel::new()))),
        ("zen", Box::new(Host::new(Zen::new()))),
        ("rre node", Box::new(Host::new(Node::new()))),
        ("rre network", Box::new(Network::new())),
    ]
}
