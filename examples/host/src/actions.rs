//! What is carried out: subscribers are told, and the actions of Customer Insights run for those who ask.

use std::io::Write as _;
use std::sync::Arc;

use notify::Client;
use serde_json::Value;
use tripline::Trigger;
use tripline::action::{
    ActionError, Credential, Effect, HttpAction, Metadata, OverHttp, Registry, Secret, SecretRef, Secrets,
    Transport, action_fn,
};
use tripline::builtin::customer_insights::{
    CreateItem, GetEntities, GetItem, GetItems, GetPartitionData, GetPartitions, GetPartitionsV2,
    SendStatusReport, SendStatusReportV2, UpdateItem, subscription_key,
};
use tripline::builtin::teams::TeamsChannelMessage;
use tripline::connector::{Callbacks, Notify};
use tripline::flow::{Flow, Step};

use crate::Failure;

type Http = Arc<dyn Transport>;

/// Writes a firing to stdout.
const PRINT: &str = "printFiring";

/// What the steps of the pipeline's flows run.
pub fn of_flows(callbacks: &Callbacks, http: Http) -> Result<Registry, Failure> {
    let mut registry = Registry::new();
    registry.add(OverHttp::new(Notify::new(callbacks.clone()), http))?;
    let print = Metadata::new(PRINT).with_title("Print what has fired").with_effect(Effect::Idempotent);
    registry.add(action_fn(print, |ctx, ()| async move {
        let firing = ctx.firing().ok_or_else(|| ActionError::permanent("nothing has fired"))?;
        // Nobody may read it any more; `println` would panic.
        let written = writeln!(std::io::stdout(), "{}", firing.to_json());
        written.map_err(|error| ActionError::transient("it cannot be printed").with_source(error))?;
        Ok(Value::Null)
    }))?;
    Ok(registry)
}

/// The flows of triggers whose firings are printed, of a file of triggers.
pub fn printing(triggers: &str) -> Result<Vec<Flow>, Failure> {
    let triggers = Trigger::list_from_json(triggers)?;
    let flows = triggers
        .into_iter()
        .map(|trigger| Flow::builder(trigger).with_step(Step::new("print", PRINT)).build());
    Ok(flows.collect::<Result<_, _>>()?)
}

/// What users run: the actions that `examples/export_connector` declares, of Customer Insights at `base` and Teams by Graph at `graph`.
pub fn of_connector(base: &str, graph: &str, http: &Http) -> Result<Registry, Failure> {
    let mut registry = Registry::new();
    registry.add(over(CreateItem::new().with_base(base), http))?;
    registry.add(over(GetItem::new().with_base(base), http))?;
    registry.add(over(GetEntities::new().with_base(base), http))?;
    registry.add(over(GetItems::new().with_base(base), http))?;
    registry.add(over(GetPartitionData::new().with_base(base), http))?;
    registry.add(over(GetPartitions::new().with_base(base), http))?;
    registry.add(over(GetPartitionsV2::new().with_base(base), http))?;
    registry.add(over(SendStatusReport::new().with_base(base), http))?;
    registry.add(over(SendStatusReportV2::new().with_base(base), http))?;
    registry.add(over(UpdateItem::new().with_base(base), http))?;
    let teams = OverHttp::new(TeamsChannelMessage::new().with_base(graph), Arc::clone(http));
    registry.add(teams.with_login(Credential::bearer(SecretRef::named("graph-token"))))?;
    Ok(registry)
}

/// The client that both go out by: it connects guarded requests to checked addresses alone.
pub fn http() -> Result<Http, Failure> {
    Ok(Arc::new(Client::new()?))
}

fn over<A: HttpAction>(action: A, http: &Http) -> OverHttp<A, Http> {
    OverHttp::new(action, Arc::clone(http))
        .with_login(Credential::bearer(SecretRef::named("token")))
        .with_login(subscription_key(SecretRef::named("subscription-key")))
}

/// What a subscriber logs in with: of `ana`, `ANA_TOKEN` and `ANA_SUBSCRIPTION_KEY` in the environment for Customer Insights,
/// `ANA_GRAPH_TOKEN` for Graph. In earnest, a vault; a login of the host's that all share would give each the rights of all.
#[derive(Debug)]
pub struct Environment {
    pub subscriber: String,
}

impl Secrets for Environment {
    fn secret(&self, name: &str) -> Option<Secret> {
        let variable = format!("{}_{name}", self.subscriber).to_uppercase().replace('-', "_");
        std::env::var(variable).ok().filter(|value| !value.is_empty()).map(Secret::new)
    }
}
