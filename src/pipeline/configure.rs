//! Flows as they come and go.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};

use super::Pipeline;
use super::receipt::Receipt;
use super::record::Input;
use crate::engine::Replace;
use crate::error::{Error, ErrorKind};
use crate::flow::Flow;
use crate::time::instant;

/// What [`Pipeline::set_flows`] has changed, by the flows' ids.
///
/// ```
#[doc = include_str!("../../docs/snippets/pipeline.rs")]
/// let changes = pipeline.set_flows(now, [])?;
/// assert_eq!((changes.removed().len(), changes.added().len()), (1, 0));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Changes {
    added: Vec<String>,
    replaced: Vec<String>,
    removed: Vec<String>,
}

impl Changes {
    /// Flows that were not there before.
    ///
    /// ```
    /// assert!(tripline::pipeline::Changes::default().added().is_empty());
    /// ```
    pub fn added(&self) -> &[String] {
        &self.added
    }

    /// Flows that were there, and otherwise.
    ///
    /// ```
    /// assert!(tripline::pipeline::Changes::default().replaced().is_empty());
    /// ```
    pub fn replaced(&self) -> &[String] {
        &self.replaced
    }

    /// Flows that are not there any more.
    ///
    /// ```
    /// assert!(tripline::pipeline::Changes::default().removed().is_empty());
    /// ```
    pub fn removed(&self) -> &[String] {
        &self.removed
    }
}

impl Pipeline {
    /// Defines a flow, behind those that are there or in place of the one with
    /// its id. `how` says what a new bound makes of the last value, see [`Replace`];
    /// runs that have begun go on with what they began with.
    ///
    /// # Errors
    ///
    /// All that [`Flow::validate`] refuses, [`ErrorKind::Limit`] where the engine
    /// has as many triggers as may, [`ErrorKind::Full`] where too much waits.
    /// Nothing has changed then.
    ///
    /// ```
    #[doc = include_str!("../../docs/snippets/pipeline.rs")]
    /// let flow = Flow::builder(Trigger::unification_completed("u").build()?)
    ///     .with_step(Step::new("tell", "postNote").with_input("text", "done"))
    ///     .build()?;
    /// let _ = pipeline.define(now, flow, tripline::engine::Replace::Quiet)?;
    /// assert_eq!(pipeline.flows().flows().count(), 2);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn define(&mut self, now: DateTime<Utc>, flow: Flow, how: Replace) -> Result<Receipt, Error> {
        self.define_keeping(now, flow, how, &[])
    }

    /// Takes a flow out and drops the state of its trigger. Runs that have begun go on.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::UnknownFlow`] where no flow has this id.
    ///
    /// ```
    #[doc = include_str!("../../docs/snippets/pipeline.rs")]
    /// let _ = pipeline.remove(now, "vip-1000")?;
    /// assert_eq!(pipeline.engine().triggers().count(), 0);
    /// assert_eq!(pipeline.remove(now, "vip-1000").unwrap_err().kind(), tripline::ErrorKind::UnknownFlow);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn remove(&mut self, now: DateTime<Utc>, id: &str) -> Result<Receipt, Error> {
        self.remove_keeping(now, id, &[])
    }

    /// Brings the flows in line with a list, as a host does after it has read
    /// its configuration: what is new is added, what has changed is replaced
    /// [quietly](Replace::Quiet), what is not in the list is taken out, and the rest is not touched.
    ///
    /// # Errors
    ///
    /// As [`define`](Self::define), and [`ErrorKind::Invalid`] where two have the
    /// same id. All are looked at before anything changes.
    ///
    /// ```
    #[doc = include_str!("../../docs/snippets/pipeline.rs")]
    /// let same = pipeline.flows().flow("vip-1000").unwrap().clone();
    /// assert_eq!(pipeline.set_flows(now, [same])?, Default::default());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn set_flows(
        &mut self,
        now: DateTime<Utc>,
        flows: impl IntoIterator<Item = Flow>,
    ) -> Result<Changes, Error> {
        let flows: Vec<Flow> = flows.into_iter().collect();
        let mut ids = BTreeSet::new();
        for flow in &flows {
            flow.validate(self.flows.registry()).map_err(|error| error.at(flow.id()))?;
            if !ids.insert(flow.id()) {
                let message = format!("there are two flows {:?}", flow.id());
                return Err(Error::new(ErrorKind::Invalid, message));
            }
        }
        let most = self.engine.limits().triggers();
        if flows.len() > most {
            let message = format!("{} flows, the engine takes {most} triggers", flows.len());
            return Err(Error::new(ErrorKind::Limit, message));
        }
        self.refuse_where_full()?;
        let gone = self.flows.flows().map(Flow::id).filter(|id| !ids.contains(id));
        let mut changes = Changes { removed: gone.map(str::to_owned).collect(), ..Changes::default() };
        for id in &changes.removed {
            let _ = self.remove(now, id)?;
        }
        for flow in flows {
            let old = self.flows.flow(flow.id());
            if old == Some(&flow) {
                continue;
            }
            let list = if old.is_some() { &mut changes.replaced } else { &mut changes.added };
            list.push(flow.id().to_owned());
            let _ = self.take(instant(now)?, Input::Define(&flow, Replace::Quiet), &[])?;
        }
        Ok(changes)
    }
}
