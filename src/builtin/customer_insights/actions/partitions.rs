//! The partitions that the data of an entity lies in.

use http::{Method, Request, Response};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::page::List;
use super::{ItemPage, entity_field, instance_field, over_base};
use crate::action::{ActionContext, ActionError, Effect, Field, HttpAction, HttpRequest, Metadata};
use crate::builtin::customer_insights::error::explain;
use crate::builtin::customer_insights::service::{MAX_ANSWER_BYTES, about, reading};

over_base! {
    /// Retrieves the partitions for an entity: the action `getPartitions`,
    /// `GET /instances/{instance}/data/{entity}/partitions`.
    ///
    /// Microsoft names the operation; the path is this project's own.
    ///
    /// ```
    /// use chrono::DateTime;
    /// use tripline::action::{ActionContext, HttpAction};
    /// use tripline::builtin::customer_insights::{Entity, GetPartitions};
    ///
    /// let ctx = ActionContext::new(DateTime::UNIX_EPOCH, "d-17");
    /// let request = GetPartitions::new().encode(&ctx, &Entity::new("contoso", "Customer"))?;
    /// assert_eq!(request.uri().path(), "/v1/instances/contoso/data/Customer/partitions");
    /// # Ok::<(), tripline::action::ActionError>(())
    /// ```
    GetPartitions
}

over_base! {
    /// Retrieves the partitions for an entity, second version: the action
    /// `getPartitionsV2`, `GET /instances/{instance}/v2/data/{entity}/partitions`.
    ///
    /// Microsoft names the operation; the path is this project's own.
    ///
    /// ```
    /// use chrono::DateTime;
    /// use tripline::action::{ActionContext, HttpAction};
    /// use tripline::builtin::customer_insights::{Entity, GetPartitionsV2};
    ///
    /// let ctx = ActionContext::new(DateTime::UNIX_EPOCH, "d-17");
    /// let request = GetPartitionsV2::new().encode(&ctx, &Entity::new("contoso", "Customer"))?;
    /// assert_eq!(request.uri().path(), "/v1/instances/contoso/v2/data/Customer/partitions");
    /// # Ok::<(), tripline::action::ActionError>(())
    /// ```
    GetPartitionsV2
}

over_base! {
    /// Retrieves the data of a partition: the action `getPartitionData`,
    /// `GET /instances/{instance}/data/{entity}/partitions/{partition}`.
    ///
    /// Microsoft names the operation; the path is this project's own.
    ///
    /// ```
    /// use chrono::DateTime;
    /// use tripline::action::{ActionContext, HttpAction};
    /// use tripline::builtin::customer_insights::{GetPartitionData, Partition};
    ///
    /// let ctx = ActionContext::new(DateTime::UNIX_EPOCH, "d-17");
    /// let request = GetPartitionData::new().encode(&ctx, &Partition::new("contoso", "Customer", "p/0"))?;
    /// assert_eq!(request.uri().path(), "/v1/instances/contoso/data/Customer/partitions/p%2F0");
    /// # Ok::<(), tripline::action::ActionError>(())
    /// ```
    GetPartitionData
}

/// Which entity: the input of [`GetPartitions`] and [`GetPartitionsV2`].
///
/// ```
/// use tripline::builtin::customer_insights::Entity;
/// let entity: Entity = serde_json::from_str(r#"{"instance":"contoso","entity":"Customer"}"#)?;
/// assert_eq!(entity, Entity::new("contoso", "Customer"));
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entity {
    instance: String,
    entity: String,
}

/// Which partition: the input of [`GetPartitionData`].
///
/// ```
/// use tripline::builtin::customer_insights::Partition;
/// let partition: Partition = serde_json::from_str(r#"{"instance":"contoso","entity":"Customer","partition":"p-0"}"#)?;
/// assert_eq!(partition, Partition::new("contoso", "Customer", "p-0"));
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Partition {
    instance: String,
    entity: String,
    partition: String,
}

/// What is known of each partition: the output of [`GetPartitions`] and [`GetPartitionsV2`].
///
/// ```
/// use tripline::builtin::customer_insights::Partitions;
/// let partitions: Partitions = serde_json::from_str(r#"{"partitions":[{"name":"p-0"}]}"#)?;
/// assert_eq!(partitions.partitions()[0]["name"], "p-0");
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Partitions {
    partitions: Vec<Map<String, Value>>,
}

impl Entity {
    /// The entity of this name, of an instance.
    ///
    /// ```
    /// # use tripline::builtin::customer_insights::Entity;
    /// let entity = Entity::new("contoso", "Customer");
    /// ```
    pub fn new(instance: impl Into<String>, entity: impl Into<String>) -> Self {
        Self { instance: instance.into(), entity: entity.into() }
    }
}

impl Partition {
    /// The partition of this name, of an entity of an instance.
    ///
    /// ```
    /// # use tripline::builtin::customer_insights::Partition;
    /// let partition = Partition::new("contoso", "Customer", "p-0");
    /// ```
    pub fn new(instance: impl Into<String>, entity: impl Into<String>, partition: impl Into<String>) -> Self {
        Self { instance: instance.into(), entity: entity.into(), partition: partition.into() }
    }
}

impl Partitions {
    /// The partitions in the order of the service, each with what it says of
    /// them; of one that is a name alone, the member `name`.
    ///
    /// ```
    /// # use tripline::builtin::customer_insights::Partitions;
    /// let partitions: Partitions = serde_json::from_str(r#"{"partitions":[]}"#)?;
    /// assert!(partitions.partitions().is_empty());
    /// # Ok::<(), serde_json::Error>(())
    /// ```
    pub fn partitions(&self) -> &[Map<String, Value>] {
        &self.partitions
    }

    fn read(response: &Response<Vec<u8>>) -> Result<Self, ActionError> {
        Ok(Self { partitions: List::read(response)?.items })
    }

    fn described(metadata: Metadata) -> Metadata {
        metadata
            .with_effect(Effect::Idempotent)
            .with_input(instance_field())
            .with_input(entity_field())
            .with_output(Field::array("partitions", Field::object("partition", [])).with_title("Partitions"))
            .with_sample(
                json!({"instance": "contoso", "entity": "Customer"}),
                json!({"partitions": [{"name": "p-0"}]}),
            )
    }
}

impl HttpAction for GetPartitions {
    type Input = Entity;
    type Output = Partitions;

    fn metadata(&self) -> Metadata {
        Partitions::described(Metadata::new("getPartitions"))
            .with_title("Retrieve partitions for an entity")
            .with_description("Retrieves the partitions that the data of an entity lies in.")
    }

    fn encode(&self, _: &ActionContext, input: &Entity) -> Result<Request<Vec<u8>>, ActionError> {
        reading(partitions(&self.base, None, &input.instance, &input.entity), MAX_ANSWER_BYTES)
    }

    fn decode(&self, _: &ActionContext, response: Response<Vec<u8>>) -> Result<Partitions, ActionError> {
        Partitions::read(&response)
    }

    fn explain(&self, ctx: &ActionContext, response: &Response<Vec<u8>>, error: ActionError) -> ActionError {
        explain(ctx, response, error)
    }
}

impl HttpAction for GetPartitionsV2 {
    type Input = Entity;
    type Output = Partitions;

    fn metadata(&self) -> Metadata {
        Partitions::described(Metadata::new("getPartitionsV2"))
            .with_title("Retrieve partitions for an entity V2")
            .with_description("Retrieves the partitions that the data of an entity lies in, second version.")
    }

    fn encode(&self, _: &ActionContext, input: &Entity) -> Result<Request<Vec<u8>>, ActionError> {
        reading(partitions(&self.base, Some("v2"), &input.instance, &input.entity), MAX_ANSWER_BYTES)
    }

    fn decode(&self, _: &ActionContext, response: Response<Vec<u8>>) -> Result<Partitions, ActionError> {
        Partitions::read(&response)
    }

    fn explain(&self, ctx: &ActionContext, response: &Response<Vec<u8>>, error: ActionError) -> ActionError {
        explain(ctx, response, error)
    }
}

impl HttpAction for GetPartitionData {
    type Input = Partition;
    type Output = ItemPage;

    fn metadata(&self) -> Metadata {
        let metadata = Metadata::new("getPartitionData")
            .with_title("Retrieve data from a partition")
            .with_description("Retrieves the items that lie in a partition of an entity.")
            .with_effect(Effect::Idempotent)
            .with_input(instance_field())
            .with_input(entity_field())
            .with_input(
                Field::string("partition")
                    .with_title("Partition")
                    .with_description("The name of the partition.")
                    .with_required(true)
                    .with_min_length(1),
            );
        ItemPage::described(metadata).with_sample(
            json!({"instance": "contoso", "entity": "Customer", "partition": "p-0"}),
            json!({"items": [{"CustomerId": "ce759201f786d590bf2134bff576c369"}], "count": 1, "hasNext": false}),
        )
    }

    fn encode(&self, _: &ActionContext, input: &Partition) -> Result<Request<Vec<u8>>, ActionError> {
        let from = partitions(&self.base, None, &input.instance, &input.entity)
            .with_segment("partition", &input.partition);
        reading(from, MAX_ANSWER_BYTES)
    }

    fn decode(&self, _: &ActionContext, response: Response<Vec<u8>>) -> Result<ItemPage, ActionError> {
        ItemPage::read(&response)
    }

    fn explain(&self, ctx: &ActionContext, response: &Response<Vec<u8>>, error: ActionError) -> ActionError {
        explain(ctx, response, error)
    }
}

fn partitions(base: &str, version: Option<&str>, instance: &str, entity: &str) -> HttpRequest {
    let of = about(Method::GET, base, "instance", instance);
    let of = version.into_iter().fold(of, |of, version| of.with_segment("", version));
    of.with_segment("", "data").with_segment("entity", entity).with_segment("", "partitions")
}
