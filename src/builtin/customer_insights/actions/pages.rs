//! The items of an entity, page after page.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use chrono::{DateTime, Utc};
use http::{Response, StatusCode};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::items::MAX_TOP;
use super::{ItemPage, ItemQuery};
use crate::action::{
    Action, ActionContext, ActionError, Caller, Effect, Field, Login, Metadata, Slot, Throttle, Transport,
    Truncated, Visibility, async_trait,
};
use crate::builtin::customer_insights::error::explain;
use crate::builtin::customer_insights::service::{BASE, reading};

/// Items that are got where nobody says how many.
const USUAL_LIMIT: u32 = 1_000;

/// Items that can be asked for at once.
const MAX_LIMIT: u32 = 10_000;

/// Items of a page where nobody says how many.
const USUAL_PAGE: u32 = 100;

/// Gets items from an entity, page after page: the action `getAllItems`, made
/// of the requests of [`GetItems`](super::GetItems).
///
/// It goes on until the service has no more, or until a bound says stop; then
/// it gives what it has, with `nextSkip`, at which the next run goes on, and says what [`Stopped`] it:
///
/// | bound | default | |
/// |---|---|---|
/// | `limit` | 1,000 items, 10,000 at most | the input's |
/// | [`with_max_pages`](Self::with_max_pages) | 20 requests | of one run |
/// | [`with_max_bytes`](Self::with_max_bytes) | 256 KiB | of all answers together |
/// | [`with_throttle`](Self::with_throttle) | none | and the service's own 429 behind the first page: `notBefore` says when to go on |
///
/// At the first page a throttle is an error with its pause, as for every
/// action. Any other failure, at whatever page, is that of the whole run, which
/// may be repeated: it reads.
///
/// Pages are stable only in an order: say one with `$orderby`.
///
/// ```
/// use chrono::DateTime;
/// # use http::{Request, Response};
/// # use tripline::action::{ActionContext, Transport, TransportError, async_trait};
/// use tripline::action::Action;
/// use tripline::builtin::customer_insights::{GetAllItems, ItemSearch, Stopped};
#[doc = include_str!("../../../../docs/snippets/block_on.rs")]
/// # struct Client;
/// # #[async_trait]
/// # impl Transport for Client {
/// #     async fn send(&self, request: Request<Vec<u8>>) -> Result<Response<Vec<u8>>, TransportError> {
/// #         let is_first = request.uri().query().unwrap().contains("$skip=0");
/// #         Ok(Response::new(if is_first { br#"[{"n":0},{"n":1}]"#.to_vec() } else { br#"[{"n":2}]"#.to_vec() }))
/// #     }
/// # }
///
/// let action = GetAllItems::new(Client);
/// let search = ItemSearch::new("contoso", "Customer").with_orderby("CustomerId asc").with_page_size(2);
/// let ctx = ActionContext::new(DateTime::UNIX_EPOCH, "d-17");
/// let items = block_on(action.run(&ctx, search))?;
/// assert_eq!((items.items().len(), items.pages(), items.stopped()), (3, 2, Stopped::End));
/// # Ok::<(), tripline::action::ActionError>(())
/// ```
#[derive(Clone)]
pub struct GetAllItems<T> {
    base: String,
    caller: Caller<T>,
    max_pages: u32,
    max_bytes: usize,
    throttle: Option<(Arc<Mutex<Throttle>>, String)>,
}

/// Which items, and how many: the input of [`GetAllItems`].
///
/// ```
/// use tripline::builtin::customer_insights::ItemSearch;
/// let search: ItemSearch = serde_json::from_str(r#"{"instance":"contoso","entity":"Customer","limit":500}"#)?;
/// assert_eq!(search, ItemSearch::new("contoso", "Customer").with_limit(500));
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ItemSearch {
    #[serde(flatten)]
    query: ItemQuery,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    limit: Option<u32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    page_size: Option<u32>,
}

/// Items, and where to go on: the output of [`GetAllItems`].
///
/// ```
/// use tripline::builtin::customer_insights::{Items, Stopped};
/// let items: Items = serde_json::from_str(
///     r#"{"items":[{"CustomerId":"ce75"}],"pages":1,"stopped":"throttle","nextSkip":1,"notBefore":"2026-03-01T02:00:30Z"}"#,
/// )?;
/// assert_eq!((items.stopped(), items.next_skip()), (Stopped::Throttle, Some(1)));
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Items {
    items: Vec<Map<String, Value>>,
    pages: u32,
    stopped: Stopped,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    next_skip: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    not_before: Option<DateTime<Utc>>,
}

/// Why no further page was got.
///
/// ```
/// use tripline::builtin::customer_insights::Stopped;
/// assert_eq!(serde_json::to_string(&Stopped::Bytes)?, r#""bytes""#);
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub enum Stopped {
    /// There is none.
    End,
    /// There are as many items as were asked for.
    Limit,
    /// One run asks for so many pages.
    Pages,
    /// The answers of one run may have so many bytes.
    Bytes,
    /// The service takes no further call yet.
    Throttle,
}

impl<T: Transport> GetAllItems<T> {
    /// Over a transport, without logins and without a throttle.
    ///
    /// ```
    /// # use tripline::action::Transport;
    /// # use tripline::builtin::customer_insights::GetAllItems;
    /// fn over(client: impl Transport) {
    ///     let action = GetAllItems::new(client);
    /// }
    /// ```
    pub fn new(transport: T) -> Self {
        Self {
            base: BASE.to_owned(),
            caller: Caller::new(transport),
            max_pages: 20,
            max_bytes: 256 << 10,
            throttle: None,
        }
    }

    /// At another address, as in [`GetItems::with_base`](super::GetItems::with_base).
    ///
    /// ```
    /// # use tripline::action::Transport;
    /// # use tripline::builtin::customer_insights::GetAllItems;
    /// fn over(client: impl Transport) {
    ///     let action = GetAllItems::new(client).with_base("https://ci.contoso.example/v1");
    /// }
    /// ```
    #[must_use]
    pub fn with_base(mut self, base: impl Into<String>) -> Self {
        self.base = base.into();
        self
    }

    /// With one more login, as in [`OverHttp::with_login`](crate::action::OverHttp::with_login).
    ///
    /// ```
    /// # use tripline::action::{Credential, SecretRef, Transport};
    /// # use tripline::builtin::customer_insights::{GetAllItems, subscription_key};
    /// fn over(client: impl Transport) {
    ///     let action = GetAllItems::new(client)
    ///         .with_login(Credential::bearer(SecretRef::named("token")))
    ///         .with_login(subscription_key(SecretRef::named("subscriptionKey")));
    /// }
    /// ```
    #[must_use]
    pub fn with_login(mut self, login: impl Into<Login>) -> Self {
        self.caller = self.caller.with_login(login);
        self
    }

    /// With another number of requests that one run makes, at least one.
    ///
    /// ```
    /// # use tripline::action::Transport;
    /// # use tripline::builtin::customer_insights::GetAllItems;
    /// fn over(client: impl Transport) {
    ///     let action = GetAllItems::new(client).with_max_pages(5);
    /// }
    /// ```
    #[must_use]
    pub fn with_max_pages(mut self, pages: u32) -> Self {
        self.max_pages = pages.max(1);
        self
    }

    /// With another number of bytes that all answers of one run may have.
    ///
    /// ```
    /// # use tripline::action::Transport;
    /// # use tripline::builtin::customer_insights::GetAllItems;
    /// fn over(client: impl Transport) {
    ///     let action = GetAllItems::new(client).with_max_bytes(1 << 20);
    /// }
    /// ```
    #[must_use]
    pub fn with_max_bytes(mut self, bytes: usize) -> Self {
        self.max_bytes = bytes;
        self
    }

    /// With a throttle that all calls of a connection share, and the connection's key.
    /// Calls count from the attempt's `now`, since nothing here knows a later one.
    ///
    /// ```
    /// # use std::sync::{Arc, Mutex};
    /// # use tripline::action::{Throttle, Transport};
    /// # use tripline::builtin::customer_insights::{GetAllItems, RATE};
    /// fn over(client: impl Transport) {
    ///     let throttle = Arc::new(Mutex::new(Throttle::new(RATE)));
    ///     let action = GetAllItems::new(client).with_throttle(throttle, "connection-7");
    /// }
    /// ```
    #[must_use]
    pub fn with_throttle(mut self, throttle: Arc<Mutex<Throttle>>, key: impl Into<String>) -> Self {
        self.throttle = Some((throttle, key.into()));
        self
    }

    /// Takes a call from the throttle; else when the next may be made.
    fn not_before(&self, now: DateTime<Utc>) -> Result<Option<DateTime<Utc>>, ActionError> {
        let Some((throttle, key)) = &self.throttle else { return Ok(None) };
        let slot = throttle.lock().unwrap_or_else(PoisonError::into_inner).take(now, key);
        match slot {
            Ok(Slot::Granted) => Ok(None),
            Ok(Slot::NotBefore(at)) => Ok(Some(at)),
            Err(error) => Err(ActionError::transient("the throttle takes no call").with_source(error)),
        }
    }

    fn hold_back(&self, now: DateTime<Utc>, until: DateTime<Utc>) {
        if let Some((throttle, key)) = &self.throttle {
            // What it does not take is another call's refusal later.
            let _ = throttle.lock().unwrap_or_else(PoisonError::into_inner).hold_back(now, key, until);
        }
    }

    /// The answer to one page, whose status is a success.
    async fn page(
        &self,
        ctx: &ActionContext,
        query: &ItemQuery,
        bytes: usize,
    ) -> Result<Response<Vec<u8>>, ActionError> {
        let response = self.caller.exchange(ctx, reading(query.request(&self.base), bytes)?).await?;
        match self.caller.classify(ctx, &response) {
            Ok(()) => Ok(response),
            Err(error) => {
                let error = explain(ctx, &response, error);
                if response.status() == StatusCode::TOO_MANY_REQUESTS
                    && let Some(until) = resumes(ctx, &error)
                {
                    self.hold_back(ctx.now(), until);
                }
                Err(error)
            }
        }
    }
}

impl<T> fmt::Debug for GetAllItems<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GetAllItems")
            .field("base", &self.base)
            .field("caller", &self.caller)
            .field("max_pages", &self.max_pages)
            .field("max_bytes", &self.max_bytes)
            .field("throttle", &self.throttle.as_ref().map(|(_, key)| key))
            .finish()
    }
}

#[async_trait]
impl<T: Transport> Action for GetAllItems<T> {
    type Input = ItemSearch;
    type Output = Items;

    fn metadata(&self) -> Metadata {
        ItemQuery::described(Metadata::new("getAllItems"))
            .with_title("Get all items from an entity")
            .with_description("Gets the items of an entity, page after page, and says where to go on.")
            .with_effect(Effect::Idempotent)
            .with_input(ItemQuery::skip_field())
            .with_input(
                Field::integer("limit")
                    .with_title("Limit")
                    .with_description("How many items at most.")
                    .with_range(1.0, f64::from(MAX_LIMIT))
                    .with_default(USUAL_LIMIT),
            )
            .with_input(
                Field::integer("pageSize")
                    .with_title("Page size")
                    .with_range(1.0, f64::from(MAX_TOP))
                    .with_default(USUAL_PAGE)
                    .with_visibility(Visibility::Advanced),
            )
            .with_output(Field::array("items", Field::object("item", [])).with_title("Items"))
            .with_output(Field::integer("pages").with_title("Pages").with_description("Pages that were got."))
            .with_output(
                Field::string("stopped")
                    .with_title("Stopped by")
                    .with_choices(["end", "limit", "pages", "bytes", "throttle"]),
            )
            .with_output(
                Field::integer("nextSkip")
                    .with_title("Next skip")
                    .with_description("The $skip to go on with; absent at the end."),
            )
            .with_output(
                Field::date_time("notBefore")
                    .with_title("Not before")
                    .with_description("When the service takes the next call, where it said so."),
            )
            .with_sample(
                json!({"instance": "contoso", "entity": "Customer", "$filter": "Country eq 'NZ'", "$select": "CustomerId",
                       "$orderby": "CustomerId asc", "$skip": 200, "limit": 300, "pageSize": 100}),
                json!({"items": [{"CustomerId": "ce759201f786d590bf2134bff576c369"}], "pages": 1, "stopped": "end"}),
            )
    }

    async fn run(&self, ctx: &ActionContext, input: ItemSearch) -> Result<Items, ActionError> {
        let (limit, page_size) =
            (input.limit.unwrap_or(USUAL_LIMIT) as usize, input.page_size.unwrap_or(USUAL_PAGE));
        let start = input.query.skip();
        let mut query = input.query;
        let mut got = Items::none();
        let mut bytes = self.max_bytes;
        loop {
            let skip = start.saturating_add(got.items.len() as u64);
            if got.pages >= self.max_pages {
                return Ok(got.stopped_by(Stopped::Pages, skip));
            }
            if let Some(at) = self.not_before(ctx.now())? {
                if got.pages == 0 {
                    let pause = (at - ctx.now()).to_std().unwrap_or_default();
                    let message = "the connection has made all the calls that the service takes";
                    return Err(ActionError::throttled(message).with_retry_after(pause));
                }
                got.not_before = Some(at);
                return Ok(got.stopped_by(Stopped::Throttle, skip));
            }
            // No page is asked for more than is wanted, so that nothing is got twice.
            let wanted = u32::try_from(limit - got.items.len()).unwrap_or(page_size).min(page_size);
            query = query.with_skip(skip).with_top(wanted);
            let response = match self.page(ctx, &query, bytes).await {
                Err(error) if got.pages > 0 && error.is_throttled() => {
                    got.not_before = resumes(ctx, &error);
                    return Ok(got.stopped_by(Stopped::Throttle, skip));
                }
                response => response?,
            };
            if Truncated::is_marked(&response) {
                if got.pages == 0 {
                    let message = format!("a page of {wanted} items has more than {bytes} bytes");
                    return Err(ActionError::invalid_input("pageSize", message));
                }
                return Ok(got.stopped_by(Stopped::Bytes, skip));
            }
            bytes -= response.body().len().min(bytes);
            let page = ItemPage::read(&response)?;
            let (count, has_next) = (page.count(), page.has_next());
            got.pages += 1;
            got.items.extend(page.into_items());
            let is_end = count == 0 || !has_next && count < wanted as usize;
            if is_end {
                return Ok(got);
            }
            if got.items.len() >= limit {
                let skip = start.saturating_add(got.items.len() as u64);
                return Ok(got.stopped_by(Stopped::Limit, skip));
            }
        }
    }
}

impl ItemSearch {
    /// The first 1,000 items of an entity.
    ///
    /// ```
    /// # use tripline::builtin::customer_insights::ItemSearch;
    /// let search = ItemSearch::new("contoso", "Customer");
    /// ```
    pub fn new(instance: impl Into<String>, entity: impl Into<String>) -> Self {
        Self { query: ItemQuery::new(instance, entity), limit: None, page_size: None }
    }

    /// Those alone that pass a filter of OData.
    ///
    /// ```
    /// # use tripline::builtin::customer_insights::ItemSearch;
    /// let search = ItemSearch::new("contoso", "Customer").with_filter("CustomerId eq 'ce75'");
    /// ```
    #[must_use]
    pub fn with_filter(mut self, filter: impl Into<String>) -> Self {
        self.query = self.query.with_filter(filter);
        self
    }

    /// These attributes alone, parted by commas.
    ///
    /// ```
    /// # use tripline::builtin::customer_insights::ItemSearch;
    /// let search = ItemSearch::new("contoso", "Customer").with_select("CustomerId,FullName");
    /// ```
    #[must_use]
    pub fn with_select(mut self, select: impl Into<String>) -> Self {
        self.query = self.query.with_select(select);
        self
    }

    /// In this order: attributes with `asc` or `desc`, parted by commas.
    ///
    /// ```
    /// # use tripline::builtin::customer_insights::ItemSearch;
    /// let search = ItemSearch::new("contoso", "Customer").with_orderby("CustomerId asc");
    /// ```
    #[must_use]
    pub fn with_orderby(mut self, orderby: impl Into<String>) -> Self {
        self.query = self.query.with_orderby(orderby);
        self
    }

    /// From this one on: the `nextSkip` of the run before.
    ///
    /// ```
    /// # use tripline::builtin::customer_insights::ItemSearch;
    /// let search = ItemSearch::new("contoso", "Customer").with_skip(1_000);
    /// ```
    #[must_use]
    pub fn with_skip(mut self, skip: u64) -> Self {
        self.query = self.query.with_skip(skip);
        self
    }

    /// So many at most: 1 to 10,000.
    ///
    /// ```
    /// # use tripline::builtin::customer_insights::ItemSearch;
    /// let search = ItemSearch::new("contoso", "Customer").with_limit(500);
    /// ```
    #[must_use]
    pub fn with_limit(mut self, limit: u32) -> Self {
        self.limit = Some(limit);
        self
    }

    /// So many to a page: 1 to 1,000.
    ///
    /// ```
    /// # use tripline::builtin::customer_insights::ItemSearch;
    /// let search = ItemSearch::new("contoso", "Customer").with_page_size(50);
    /// ```
    #[must_use]
    pub fn with_page_size(mut self, items: u32) -> Self {
        self.page_size = Some(items);
        self
    }
}

impl Items {
    fn none() -> Self {
        Self { items: Vec::new(), pages: 0, stopped: Stopped::End, next_skip: None, not_before: None }
    }

    fn stopped_by(mut self, stopped: Stopped, next_skip: u64) -> Self {
        self.stopped = stopped;
        self.next_skip = Some(next_skip);
        self
    }

    /// The items, in the order of the service.
    ///
    /// ```
    /// # use tripline::builtin::customer_insights::Items;
    /// let items: Items = serde_json::from_str(r#"{"items":[],"pages":1,"stopped":"end"}"#)?;
    /// assert!(items.items().is_empty());
    /// # Ok::<(), serde_json::Error>(())
    /// ```
    pub fn items(&self) -> &[Map<String, Value>] {
        &self.items
    }

    /// How many pages they came in.
    ///
    /// ```
    /// # use tripline::builtin::customer_insights::Items;
    /// let items: Items = serde_json::from_str(r#"{"items":[],"pages":1,"stopped":"end"}"#)?;
    /// assert_eq!(items.pages(), 1);
    /// # Ok::<(), serde_json::Error>(())
    /// ```
    pub fn pages(&self) -> u32 {
        self.pages
    }

    /// Why no further page was got.
    ///
    /// ```
    /// # use tripline::builtin::customer_insights::{Items, Stopped};
    /// let items: Items = serde_json::from_str(r#"{"items":[],"pages":1,"stopped":"end"}"#)?;
    /// assert_eq!(items.stopped(), Stopped::End);
    /// # Ok::<(), serde_json::Error>(())
    /// ```
    pub fn stopped(&self) -> Stopped {
        self.stopped
    }

    /// The `$skip` to go on with; nothing at the end.
    ///
    /// ```
    /// # use tripline::builtin::customer_insights::Items;
    /// let items: Items = serde_json::from_str(r#"{"items":[],"pages":1,"stopped":"end"}"#)?;
    /// assert_eq!(items.next_skip(), None);
    /// # Ok::<(), serde_json::Error>(())
    /// ```
    pub fn next_skip(&self) -> Option<u64> {
        self.next_skip
    }

    /// When the service takes the next call, where that is known.
    ///
    /// ```
    /// # use tripline::builtin::customer_insights::Items;
    /// let items: Items = serde_json::from_str(r#"{"items":[],"pages":1,"stopped":"end"}"#)?;
    /// assert_eq!(items.not_before(), None);
    /// # Ok::<(), serde_json::Error>(())
    /// ```
    pub fn not_before(&self) -> Option<DateTime<Utc>> {
        self.not_before
    }
}

/// When the service, by its own word, takes the next call.
fn resumes(ctx: &ActionContext, error: &ActionError) -> Option<DateTime<Utc>> {
    let pause = chrono::TimeDelta::from_std(error.retry_after()?).ok()?;
    ctx.now().checked_add_signed(pause)
}
