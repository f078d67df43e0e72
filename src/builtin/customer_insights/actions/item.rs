//! One item of an entity: created, changed, read.

use http::{Method, Request, Response};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::{any_object, entity_field, instance_field, over_base};
use crate::action::{
    ActionContext, ActionError, Effect, Field, HttpAction, HttpRequest, Metadata, read_json,
};
use crate::builtin::customer_insights::error::explain;
use crate::builtin::customer_insights::service::{MAX_ANSWER_BYTES, MAX_ITEM_BYTES, about, reading};

over_base! {
    /// Creates an item on an entity: the action `createItem`,
    /// `POST /instances/{instance}/data/{entity}` with the item as its body.
    ///
    /// Microsoft names the operation, and publishes no path and no key that
    /// would make it safe to repeat: an item that is created twice may be there
    /// twice, so it is [unsafe](Effect::Unsafe).
    ///
    /// ```
    /// use chrono::DateTime;
    /// use tripline::action::{ActionContext, HttpAction};
    /// use tripline::builtin::customer_insights::{CreateItem, NewItem};
    ///
    /// let ctx = ActionContext::new(DateTime::UNIX_EPOCH, "d-17");
    /// let item = NewItem::new("contoso", "Leads", [("LeadId", "l-7")]);
    /// let request = CreateItem::new().encode(&ctx, &item)?;
    /// assert_eq!(request.method(), "POST");
    /// assert_eq!(request.uri(), "https://api.ci.ai.dynamics.com/v1/instances/contoso/data/Leads");
    /// assert_eq!(request.body(), br#"{"LeadId":"l-7"}"#);
    /// # Ok::<(), tripline::action::ActionError>(())
    /// ```
    CreateItem
}

over_base! {
    /// Changes the members that are given of an item: the action `updateItem`,
    /// `PATCH /instances/{instance}/data/{entity}/{id}`.
    ///
    /// To put the same values there twice is the same as once, so it is
    /// [idempotent](Effect::Idempotent). Microsoft names the operation and publishes no path.
    ///
    /// ```
    /// use chrono::DateTime;
    /// use tripline::action::{ActionContext, HttpAction};
    /// use tripline::builtin::customer_insights::{ItemChange, UpdateItem};
    ///
    /// let ctx = ActionContext::new(DateTime::UNIX_EPOCH, "d-17");
    /// let change = ItemChange::new("contoso", "Leads", "a/b", [("Stage", "won")]);
    /// let request = UpdateItem::new().encode(&ctx, &change)?;
    /// assert_eq!(request.method(), "PATCH");
    /// assert_eq!(request.uri(), "https://api.ci.ai.dynamics.com/v1/instances/contoso/data/Leads/a%2Fb");
    /// # Ok::<(), tripline::action::ActionError>(())
    /// ```
    UpdateItem
}

over_base! {
    /// Gets an item from an entity: the action `getItem`,
    /// `GET /instances/{instance}/data/{entity}/{id}`.
    ///
    /// Microsoft names the operation and publishes no path; what it documents
    /// is a query, which [`GetItems`](super::GetItems) makes.
    ///
    /// ```
    /// use chrono::DateTime;
    /// use tripline::action::{ActionContext, HttpAction};
    /// use tripline::builtin::customer_insights::{GetItem, ItemKey};
    ///
    /// let ctx = ActionContext::new(DateTime::UNIX_EPOCH, "d-17");
    /// let request = GetItem::new().encode(&ctx, &ItemKey::new("contoso", "Customer", "ce75"))?;
    /// assert_eq!(request.uri(), "https://api.ci.ai.dynamics.com/v1/instances/contoso/data/Customer/ce75");
    /// # Ok::<(), tripline::action::ActionError>(())
    /// ```
    GetItem
}

/// An item to be created: the input of [`CreateItem`].
///
/// ```
/// use tripline::builtin::customer_insights::NewItem;
/// let item: NewItem = serde_json::from_str(r#"{"instance":"contoso","entity":"Leads","item":{"LeadId":"l-7"}}"#)?;
/// assert_eq!(item, NewItem::new("contoso", "Leads", [("LeadId", "l-7")]));
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct NewItem {
    instance: String,
    entity: String,
    item: Map<String, Value>,
}

/// New values for members of an item: the input of [`UpdateItem`].
///
/// ```
/// use tripline::builtin::customer_insights::ItemChange;
/// let change: ItemChange =
///     serde_json::from_str(r#"{"instance":"contoso","entity":"Leads","id":"l-7","item":{"Stage":"won"}}"#)?;
/// assert_eq!(change, ItemChange::new("contoso", "Leads", "l-7", [("Stage", "won")]));
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ItemChange {
    instance: String,
    entity: String,
    id: String,
    item: Map<String, Value>,
}

/// Which item: the input of [`GetItem`].
///
/// ```
/// use tripline::builtin::customer_insights::ItemKey;
/// let key: ItemKey = serde_json::from_str(r#"{"instance":"contoso","entity":"Customer","id":"ce75"}"#)?;
/// assert_eq!(key, ItemKey::new("contoso", "Customer", "ce75"));
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ItemKey {
    instance: String,
    entity: String,
    id: String,
}

/// What became of an item that was written: the output of [`CreateItem`] and [`UpdateItem`].
///
/// ```
/// use tripline::builtin::customer_insights::Written;
/// let written: Written = serde_json::from_str(r#"{"status":201,"item":{"LeadId":"l-7"}}"#)?;
/// assert_eq!((written.status(), written.item().unwrap()["LeadId"].as_str()), (201, Some("l-7")));
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Written {
    status: u16,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    item: Option<Map<String, Value>>,
}

/// An item that was read: the output of [`GetItem`].
///
/// ```
/// use tripline::builtin::customer_insights::Item;
/// let item: Item = serde_json::from_str(r#"{"item":{"CustomerId":"ce75"}}"#)?;
/// assert_eq!(item.item()["CustomerId"], "ce75");
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Item {
    item: Map<String, Value>,
}

impl NewItem {
    /// An item with these members for an entity of an instance.
    ///
    /// ```
    /// # use tripline::builtin::customer_insights::NewItem;
    /// let item = NewItem::new("contoso", "Leads", [("LeadId", "l-7")]);
    /// ```
    pub fn new<N: Into<String>, V: Into<Value>>(
        instance: impl Into<String>,
        entity: impl Into<String>,
        members: impl IntoIterator<Item = (N, V)>,
    ) -> Self {
        Self { instance: instance.into(), entity: entity.into(), item: object(members) }
    }
}

impl ItemChange {
    /// These members for the item with this id.
    ///
    /// ```
    /// # use tripline::builtin::customer_insights::ItemChange;
    /// let change = ItemChange::new("contoso", "Leads", "l-7", [("Stage", "won")]);
    /// ```
    pub fn new<N: Into<String>, V: Into<Value>>(
        instance: impl Into<String>,
        entity: impl Into<String>,
        id: impl Into<String>,
        members: impl IntoIterator<Item = (N, V)>,
    ) -> Self {
        Self { instance: instance.into(), entity: entity.into(), id: id.into(), item: object(members) }
    }
}

impl ItemKey {
    /// The item with this id, of an entity of an instance.
    ///
    /// ```
    /// # use tripline::builtin::customer_insights::ItemKey;
    /// let key = ItemKey::new("contoso", "Customer", "ce759201f786d590bf2134bff576c369");
    /// ```
    pub fn new(instance: impl Into<String>, entity: impl Into<String>, id: impl Into<String>) -> Self {
        Self { instance: instance.into(), entity: entity.into(), id: id.into() }
    }
}

impl Written {
    /// The answer's status, such as 201 for something new.
    ///
    /// ```
    /// # use tripline::builtin::customer_insights::Written;
    /// let written: Written = serde_json::from_str(r#"{"status":204}"#)?;
    /// assert_eq!(written.status(), 204);
    /// # Ok::<(), serde_json::Error>(())
    /// ```
    pub fn status(&self) -> u16 {
        self.status
    }

    /// The item as the service has it now, if it says so.
    ///
    /// ```
    /// # use tripline::builtin::customer_insights::Written;
    /// let written: Written = serde_json::from_str(r#"{"status":204}"#)?;
    /// assert!(written.item().is_none());
    /// # Ok::<(), serde_json::Error>(())
    /// ```
    pub fn item(&self) -> Option<&Map<String, Value>> {
        self.item.as_ref()
    }

    fn read(response: &Response<Vec<u8>>) -> Self {
        // It was written, whatever becomes of the answer.
        Self { status: response.status().as_u16(), item: serde_json::from_slice(response.body()).ok() }
    }
}

impl Item {
    /// Its members.
    ///
    /// ```
    /// # use tripline::builtin::customer_insights::Item;
    /// let item: Item = serde_json::from_str(r#"{"item":{}}"#)?;
    /// assert!(item.item().is_empty());
    /// # Ok::<(), serde_json::Error>(())
    /// ```
    pub fn item(&self) -> &Map<String, Value> {
        &self.item
    }
}

impl HttpAction for CreateItem {
    type Input = NewItem;
    type Output = Written;

    fn metadata(&self) -> Metadata {
        writing(Metadata::new("createItem").with_input(instance_field()).with_input(entity_field()))
            .with_title("Create item")
            .with_description("Creates an item on an entity.")
            .with_effect(Effect::Unsafe)
            .with_sample(
                json!({"instance": "contoso", "entity": "Leads", "item": {"LeadId": "l-7", "Score": 42}}),
                json!({"status": 201, "item": {"LeadId": "l-7", "Score": 42}}),
            )
    }

    fn encode(&self, _: &ActionContext, input: &NewItem) -> Result<Request<Vec<u8>>, ActionError> {
        let to = data(Method::POST, &self.base, &input.instance, &input.entity);
        within_limit(reading(to.with_json(&input.item), MAX_ANSWER_BYTES)?)
    }

    fn decode(&self, _: &ActionContext, response: Response<Vec<u8>>) -> Result<Written, ActionError> {
        Ok(Written::read(&response))
    }

    fn explain(&self, ctx: &ActionContext, response: &Response<Vec<u8>>, error: ActionError) -> ActionError {
        explain(ctx, response, error)
    }

    fn needs_whole_answer(&self) -> bool {
        false
    }
}

impl HttpAction for UpdateItem {
    type Input = ItemChange;
    type Output = Written;

    fn metadata(&self) -> Metadata {
        writing(
            Metadata::new("updateItem")
                .with_input(instance_field())
                .with_input(entity_field())
                .with_input(id_field()),
        )
        .with_title("Update item")
        .with_description("Changes the members that are given of an item of an entity.")
        .with_effect(Effect::Idempotent)
        .with_sample(
            json!({"instance": "contoso", "entity": "Leads", "id": "l-7", "item": {"Stage": "won"}}),
            json!({"status": 200, "item": {"LeadId": "l-7", "Stage": "won"}}),
        )
    }

    fn encode(&self, _: &ActionContext, input: &ItemChange) -> Result<Request<Vec<u8>>, ActionError> {
        let to =
            data(Method::PATCH, &self.base, &input.instance, &input.entity).with_segment("id", &input.id);
        within_limit(reading(to.with_json(&input.item), MAX_ANSWER_BYTES)?)
    }

    fn decode(&self, _: &ActionContext, response: Response<Vec<u8>>) -> Result<Written, ActionError> {
        Ok(Written::read(&response))
    }

    fn explain(&self, ctx: &ActionContext, response: &Response<Vec<u8>>, error: ActionError) -> ActionError {
        explain(ctx, response, error)
    }

    fn needs_whole_answer(&self) -> bool {
        false
    }
}

impl HttpAction for GetItem {
    type Input = ItemKey;
    type Output = Item;

    fn metadata(&self) -> Metadata {
        Metadata::new("getItem")
            .with_title("Get item")
            .with_description("Gets an item from an entity.")
            .with_effect(Effect::Idempotent)
            .with_input(instance_field())
            .with_input(entity_field())
            .with_input(id_field())
            .with_output(any_object("item", "Item"))
            .with_sample(
                json!({"instance": "contoso", "entity": "Customer", "id": "ce759201f786d590bf2134bff576c369"}),
                json!({"item": {"CustomerId": "ce759201f786d590bf2134bff576c369", "FullName": "Ana Bowman"}}),
            )
    }

    fn encode(&self, _: &ActionContext, input: &ItemKey) -> Result<Request<Vec<u8>>, ActionError> {
        let from =
            data(Method::GET, &self.base, &input.instance, &input.entity).with_segment("id", &input.id);
        reading(from, MAX_ANSWER_BYTES)
    }

    fn decode(&self, _: &ActionContext, response: Response<Vec<u8>>) -> Result<Item, ActionError> {
        Ok(Item { item: read_json(&response)? })
    }

    fn explain(&self, ctx: &ActionContext, response: &Response<Vec<u8>>, error: ActionError) -> ActionError {
        explain(ctx, response, error)
    }
}

/// What both that write take and give besides.
fn writing(metadata: Metadata) -> Metadata {
    metadata
        .with_input(any_object("item", "Item").with_required(true))
        .with_output(Field::integer("status").with_title("Status").with_description("201: it is new."))
        .with_output(any_object("item", "Item").with_description("As the service has it now, if it says so."))
}

fn id_field() -> Field {
    Field::string("id")
        .with_title("Item id")
        .with_description("The value of the item's key.")
        .with_required(true)
        .with_min_length(1)
}

/// A request about the data of an entity.
fn data(method: Method, base: &str, instance: &str, entity: &str) -> HttpRequest {
    about(method, base, "instance", instance).with_segment("", "data").with_segment("entity", entity)
}

fn within_limit(request: Request<Vec<u8>>) -> Result<Request<Vec<u8>>, ActionError> {
    let size = request.body().len();
    if size > MAX_ITEM_BYTES {
        let message = format!("has {size} bytes as JSON, the limit is {MAX_ITEM_BYTES}");
        return Err(ActionError::invalid_input("item", message));
    }
    Ok(request)
}

fn object<N: Into<String>, V: Into<Value>>(members: impl IntoIterator<Item = (N, V)>) -> Map<String, Value> {
    members.into_iter().map(|(name, value)| (name.into(), value.into())).collect()
}
