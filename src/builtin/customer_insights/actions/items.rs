//! The items of an entity, one page at a time.

use http::{Method, Request, Response};
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::{ItemPage, entity_field, instance_field, over_base};
use crate::action::{
    ActionContext, ActionError, Effect, Field, HttpAction, HttpRequest, Metadata, Visibility,
};
use crate::builtin::customer_insights::error::explain;
use crate::builtin::customer_insights::service::{MAX_ANSWER_BYTES, about, reading};

/// The most items of one page that can be asked for; this project's own bound.
pub(super) const MAX_TOP: u32 = 1_000;

over_base! {
    /// Gets items from an entity, one page of them: the action `getItems`,
    /// `GET /instances/{instance}/data/{entity}` with the query options of OData.
    ///
    /// The path and the options stand in
    /// [OData query examples](https://learn.microsoft.com/dynamics365/customer-insights/data/odata-examples),
    /// and so does what cannot be asked: `$filter` on tables of a data source, for one.
    /// [`GetAllItems`](super::GetAllItems) gets page after page. To find the
    /// pages whole, say an order: without one the service may list differently each time.
    ///
    /// ```
    /// use chrono::DateTime;
    /// use tripline::action::{ActionContext, HttpAction};
    /// use tripline::builtin::customer_insights::{GetItems, ItemQuery};
    ///
    /// let ctx = ActionContext::new(DateTime::UNIX_EPOCH, "d-17");
    /// let query = ItemQuery::new("contoso", "Customer")
    ///     .with_filter("CustomerId eq 'ce75&$top=9'")
    ///     .with_orderby("CustomerId asc")
    ///     .with_top(100)
    ///     .with_skip(200);
    /// assert_eq!(
    ///     GetItems::new().encode(&ctx, &query)?.uri().query().unwrap(),
    ///     "$filter=CustomerId%20eq%20%27ce75%26%24top%3D9%27&$top=100&$skip=200&$orderby=CustomerId%20asc"
    /// );
    /// # Ok::<(), tripline::action::ActionError>(())
    /// ```
    GetItems
}

/// Which items: the input of [`GetItems`]. Options that are empty are not sent.
///
/// ```
/// use tripline::builtin::customer_insights::ItemQuery;
/// let query: ItemQuery = serde_json::from_str(r#"{"instance":"contoso","entity":"Customer","$top":100}"#)?;
/// assert_eq!(query, ItemQuery::new("contoso", "Customer").with_top(100));
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ItemQuery {
    instance: String,
    entity: String,
    #[serde(rename = "$filter", default, skip_serializing_if = "Option::is_none")]
    filter: Option<String>,
    #[serde(rename = "$select", default, skip_serializing_if = "Option::is_none")]
    select: Option<String>,
    #[serde(rename = "$top", default, skip_serializing_if = "Option::is_none")]
    top: Option<u32>,
    #[serde(rename = "$skip", default, skip_serializing_if = "Option::is_none")]
    skip: Option<u64>,
    #[serde(rename = "$orderby", default, skip_serializing_if = "Option::is_none")]
    orderby: Option<String>,
}

impl ItemQuery {
    /// All items of an entity, as many as the service gives at once.
    ///
    /// ```
    /// # use tripline::builtin::customer_insights::ItemQuery;
    /// let query = ItemQuery::new("contoso", "Customer");
    /// ```
    pub fn new(instance: impl Into<String>, entity: impl Into<String>) -> Self {
        Self {
            instance: instance.into(),
            entity: entity.into(),
            filter: None,
            select: None,
            top: None,
            skip: None,
            orderby: None,
        }
    }

    /// Those alone that pass a filter of OData.
    ///
    /// ```
    /// # use tripline::builtin::customer_insights::ItemQuery;
    /// let query = ItemQuery::new("contoso", "Customer").with_filter("CustomerId eq 'ce75'");
    /// ```
    #[must_use]
    pub fn with_filter(mut self, filter: impl Into<String>) -> Self {
        self.filter = Some(filter.into());
        self
    }

    /// These attributes alone, parted by commas.
    ///
    /// ```
    /// # use tripline::builtin::customer_insights::ItemQuery;
    /// let query = ItemQuery::new("contoso", "Customer").with_select("CustomerId,FullName");
    /// ```
    #[must_use]
    pub fn with_select(mut self, select: impl Into<String>) -> Self {
        self.select = Some(select.into());
        self
    }

    /// So many at most: 1 to 1,000.
    ///
    /// ```
    /// # use tripline::builtin::customer_insights::ItemQuery;
    /// let query = ItemQuery::new("contoso", "Customer").with_top(100);
    /// ```
    #[must_use]
    pub fn with_top(mut self, top: u32) -> Self {
        self.top = Some(top);
        self
    }

    /// Without the first so many.
    ///
    /// ```
    /// # use tripline::builtin::customer_insights::ItemQuery;
    /// let query = ItemQuery::new("contoso", "Customer").with_skip(200);
    /// ```
    #[must_use]
    pub fn with_skip(mut self, skip: u64) -> Self {
        self.skip = Some(skip);
        self
    }

    /// In this order: attributes with `asc` or `desc`, parted by commas.
    ///
    /// ```
    /// # use tripline::builtin::customer_insights::ItemQuery;
    /// let query = ItemQuery::new("contoso", "UnifiedActivity").with_orderby("ActivityTime desc");
    /// ```
    #[must_use]
    pub fn with_orderby(mut self, orderby: impl Into<String>) -> Self {
        self.orderby = Some(orderby.into());
        self
    }

    pub(super) fn skip(&self) -> u64 {
        self.skip.unwrap_or(0)
    }

    pub(super) fn request(&self, base: &str) -> HttpRequest {
        let from = about(Method::GET, base, "instance", &self.instance)
            .with_segment("", "data")
            .with_segment("entity", &self.entity);
        let (top, skip) = (self.top.map(|top| top.to_string()), self.skip.map(|skip| skip.to_string()));
        let options = [
            ("$filter", &self.filter),
            ("$select", &self.select),
            ("$top", &top),
            ("$skip", &skip),
            ("$orderby", &self.orderby),
        ];
        let given = options.into_iter().filter_map(|(name, value)| Some((name, value.as_deref()?)));
        given
            .filter(|(_, value)| !value.is_empty())
            .fold(from, |from, (name, value)| from.with_query(name, value))
    }

    pub(super) fn described(metadata: Metadata) -> Metadata {
        let option = |name: &str, title: &str, description: &str| {
            Field::string(name).with_title(title).with_description(description)
        };
        metadata
            .with_input(instance_field())
            .with_input(entity_field())
            .with_input(option("$filter", "Filter", "A filter of OData, such as CustomerId eq '17'."))
            .with_input(option("$select", "Select", "Attributes, parted by commas."))
            .with_input(
                option("$orderby", "Order by", "Attributes with asc or desc, parted by commas.")
                    .with_visibility(Visibility::Advanced),
            )
    }

    pub(super) fn skip_field() -> Field {
        Field::integer("$skip").with_title("Skip").with_minimum(0.0).with_maximum(1e15)
    }
}

impl HttpAction for GetItems {
    type Input = ItemQuery;
    type Output = ItemPage;

    fn metadata(&self) -> Metadata {
        let metadata = ItemQuery::described(Metadata::new("getItems"))
            .with_title("Get items from an entity")
            .with_description("Gets one page of the items of an entity.")
            .with_effect(Effect::Idempotent)
            .with_input(Field::integer("$top").with_title("Top").with_range(1.0, f64::from(MAX_TOP)))
            .with_input(ItemQuery::skip_field());
        ItemPage::described(metadata).with_sample(
            json!({"instance": "contoso", "entity": "Customer", "$filter": "Country eq 'NZ'", "$select": "CustomerId",
                   "$orderby": "CustomerId asc", "$top": 1, "$skip": 0}),
            json!({"items": [{"CustomerId": "ce759201f786d590bf2134bff576c369"}], "count": 1, "hasNext": true}),
        )
    }

    fn encode(&self, _: &ActionContext, input: &ItemQuery) -> Result<Request<Vec<u8>>, ActionError> {
        reading(input.request(&self.base), MAX_ANSWER_BYTES)
    }

    fn decode(&self, _: &ActionContext, response: Response<Vec<u8>>) -> Result<ItemPage, ActionError> {
        ItemPage::read(&response)
    }

    fn explain(&self, ctx: &ActionContext, response: &Response<Vec<u8>>, error: ActionError) -> ActionError {
        explain(ctx, response, error)
    }
}
