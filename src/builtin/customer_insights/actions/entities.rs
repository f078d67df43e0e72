//! The entities of an instance.

use http::{Method, Request, Response};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::page::List;
use super::{instance_field, over_base};
use crate::action::{ActionContext, ActionError, Effect, Field, HttpAction, Metadata};
use crate::builtin::customer_insights::error::explain;
use crate::builtin::customer_insights::service::{MAX_ANSWER_BYTES, about, reading};

over_base! {
    /// Gets the entities of an instance: the action `getEntities`,
    /// `GET /instances/{instance}/manage/entities`.
    ///
    /// Microsoft names the operation, and documents that
    /// [`/manage/entities/UnifiedActivity`](https://learn.microsoft.com/dynamics365/customer-insights/data/activities)
    /// is one of them; that the path without a name lists them all is this project's own.
    ///
    /// ```
    /// use chrono::DateTime;
    /// use tripline::action::{ActionContext, HttpAction};
    /// use tripline::builtin::customer_insights::{GetEntities, Instance};
    ///
    /// let ctx = ActionContext::new(DateTime::UNIX_EPOCH, "d-17");
    /// let request = GetEntities::new().encode(&ctx, &Instance::new("contoso"))?;
    /// assert_eq!(request.uri(), "https://api.ci.ai.dynamics.com/v1/instances/contoso/manage/entities");
    /// # Ok::<(), tripline::action::ActionError>(())
    /// ```
    GetEntities
}

/// Which instance: the input of [`GetEntities`].
///
/// ```
/// use tripline::builtin::customer_insights::Instance;
/// let instance: Instance = serde_json::from_str(r#"{"instance":"contoso"}"#)?;
/// assert_eq!(instance, Instance::new("contoso"));
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Instance {
    instance: String,
}

/// What is known of each entity: the output of [`GetEntities`].
///
/// ```
/// use tripline::builtin::customer_insights::Entities;
/// let entities: Entities = serde_json::from_str(r#"{"entities":[{"name":"Customer"}]}"#)?;
/// assert_eq!(entities.entities()[0]["name"], "Customer");
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Entities {
    entities: Vec<Map<String, Value>>,
}

impl Instance {
    /// The instance with this id.
    ///
    /// ```
    /// # use tripline::builtin::customer_insights::Instance;
    /// let instance = Instance::new("contoso");
    /// ```
    pub fn new(instance: impl Into<String>) -> Self {
        Self { instance: instance.into() }
    }
}

impl Entities {
    /// The entities in the order of the service, each with what it says of
    /// them; of one that is a name alone, the member `name`.
    ///
    /// ```
    /// # use tripline::builtin::customer_insights::Entities;
    /// let entities: Entities = serde_json::from_str(r#"{"entities":[]}"#)?;
    /// assert!(entities.entities().is_empty());
    /// # Ok::<(), serde_json::Error>(())
    /// ```
    pub fn entities(&self) -> &[Map<String, Value>] {
        &self.entities
    }
}

impl HttpAction for GetEntities {
    type Input = Instance;
    type Output = Entities;

    fn metadata(&self) -> Metadata {
        Metadata::new("getEntities")
            .with_title("Get entities")
            .with_description("Gets the entities of an instance.")
            .with_effect(Effect::Idempotent)
            .with_input(instance_field())
            .with_output(Field::array("entities", Field::object("entity", [])).with_title("Entities"))
            .with_sample(
                json!({"instance": "contoso"}),
                json!({"entities": [{"name": "Customer"}, {"name": "UnifiedActivity"}]}),
            )
    }

    fn encode(&self, _: &ActionContext, input: &Instance) -> Result<Request<Vec<u8>>, ActionError> {
        let from = about(Method::GET, &self.base, "instance", &input.instance)
            .with_segment("", "manage")
            .with_segment("", "entities");
        reading(from, MAX_ANSWER_BYTES)
    }

    fn decode(&self, _: &ActionContext, response: Response<Vec<u8>>) -> Result<Entities, ActionError> {
        Ok(Entities { entities: List::read(&response)?.items })
    }

    fn explain(&self, ctx: &ActionContext, response: &Response<Vec<u8>>, error: ActionError) -> ActionError {
        explain(ctx, response, error)
    }
}
