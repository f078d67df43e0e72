//! What people do: flows come and go, runs are called off and submitted again, dead letters sent again.

use tripline::ErrorKind;
use tripline::engine::Replace;

use super::fault;
use super::model::Said;
use super::setup::{self, KINDS};
use super::world::{Stop, World};

impl World {
    pub(super) fn define(&mut self, kind: usize) -> Result<(), Stop> {
        let how = self.random.pick(&[Replace::Quiet, Replace::ApplyNow]);
        let (version, now, is_full) = (self.versions, self.now(), self.pipeline.is_full());
        self.versions += 1;
        let given = self.pipeline.define(now, setup::flow(kind, version), how);
        match self.note(Said::Define(kind, version, how), given)? {
            Some(error) if !(is_full && error.kind() == ErrorKind::Full) => {
                fault(format!("a flow is refused: {error}"))
            }
            _ => Ok(()),
        }
    }

    pub(super) fn configure(&mut self) -> Result<(), Stop> {
        let kind = self.random.below(KINDS.len());
        match self.random.below(10) {
            0..5 => self.define(kind),
            5..7 if self.model.version(kind).is_some() => {
                let now = self.now();
                let given = self.pipeline.remove(now, KINDS[kind]);
                match self.note(Said::Remove(kind), given)? {
                    Some(error) => fault(format!("a flow is not removed: {error}")),
                    None => Ok(()),
                }
            }
            _ => self.set_flows(),
        }
    }

    fn set_flows(&mut self) -> Result<(), Stop> {
        let (mut flows, mut versions) = (Vec::new(), Vec::new());
        for kind in 0..KINDS.len() {
            let version = match self.model.version(kind) {
                Some(same) if self.random.percent(80) => Some(same),
                _ if self.random.percent(80) => {
                    self.versions += 1;
                    Some(self.versions - 1)
                }
                _ => None,
            };
            if let Some(version) = version {
                versions.push((kind, version));
                flows.push(setup::flow(kind, version));
            }
        }
        let (now, is_full, mut lsn) = (self.now(), self.pipeline.is_full(), self.pipeline.last());
        match self.pipeline.set_flows(now, flows) {
            Ok(changes) => {
                let gone =
                    changes.removed().iter().map(|id| KINDS.iter().position(|kind| kind == id).unwrap());
                let gone: Vec<Said> = gone.map(Said::Remove).collect();
                let changed = |kind: &usize| {
                    let is_it = |id: &String| *id == KINDS[*kind];
                    changes.added().iter().any(is_it) || changes.replaced().iter().any(is_it)
                };
                let new = versions.iter().filter(|(kind, _)| changed(kind));
                let new = new.map(|(kind, version)| Said::Define(*kind, *version, Replace::Quiet));
                for said in gone.into_iter().chain(new) {
                    lsn = lsn.next();
                    self.model.take(lsn, now, said);
                }
                if lsn != self.pipeline.last() {
                    return fault("flows were set in other batches than were told");
                }
                self.count("flows set");
                Ok(())
            }
            Err(error) if is_full && error.kind() == ErrorKind::Full => Ok(()),
            Err(error) => fault(format!("flows are refused: {error}")),
        }
    }

    /// A host that thinks nobody wants dead letters.
    pub(super) fn tidy_up(&mut self) -> Result<(), Stop> {
        let now = self.now();
        let dead =
            self.pipeline.dispatcher().dead_letters().next().map(|letter| letter.delivery().id().to_string());
        let Some(letter) = dead else { return Ok(()) };
        let given = self.pipeline.discard(now, &letter);
        self.note(Said::Other, given).map(drop)
    }

    /// A host that thinks its process has ended.
    pub(super) fn restart_unasked(&mut self) -> Result<(), Stop> {
        let now = self.now();
        let given = self.pipeline.handle_restart(now);
        self.note(Said::Other, given).map(drop)
    }

    /// What a person does.
    pub(super) fn operate(&mut self) -> Result<(), Stop> {
        let now = self.now();
        let runs: Vec<(String, bool)> = {
            let all = self.pipeline.flows().runs();
            all.map(|run| (run.id().to_string(), run.status().has_ended())).collect()
        };
        let dead: Vec<String> = self
            .pipeline
            .dispatcher()
            .dead_letters()
            .map(|letter| letter.delivery().id().to_string())
            .collect();
        let (run, letter) = (!runs.is_empty(), !dead.is_empty());
        let (said, given) = match self.random.below(10) {
            0..2 if run => {
                let (run, _) = self.random.pick(&runs);
                self.count("cancelled");
                (Said::Cancel(run.clone()), self.pipeline.cancel_run(now, &run))
            }
            2..5 if run => {
                let (run, _) = self.random.pick(&runs);
                (Said::Resubmit(run.clone()), self.pipeline.resubmit(now, &run))
            }
            5..8 if letter => {
                let letter = self.random.pick(&dead);
                (Said::Redrive(letter.clone()), self.pipeline.redrive(now, &letter))
            }
            8 if letter => {
                let letter = self.random.pick(&dead);
                (Said::Discard(letter.clone()), self.pipeline.discard(now, &letter))
            }
            _ => {
                let target = self.random.pick(&["note", "first", "line", "charge", "plain", "sorry"]);
                (Said::Other, self.pipeline.enable_target(now, target))
            }
        };
        let refused = self.note(said, given)?.map(|error| error.kind());
        match refused {
            // The run has not ended, its flow is gone, its target is switched off, or there is no room.
            None
            | Some(
                ErrorKind::Invalid | ErrorKind::UnknownFlow | ErrorKind::TargetDisabled | ErrorKind::Full,
            ) => Ok(()),
            Some(other) => fault(format!("a person is refused: {other:?}")),
        }
    }
}
