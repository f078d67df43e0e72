//! Where the service is, and what every call to it has in common.

use http::{HeaderName, Method, Request};

use crate::action::{ActionError, AnswerLimits, Credential, HttpRequest, Rate, SecretRef};

/// Where the service is, from
/// [OData query examples](https://learn.microsoft.com/dynamics365/customer-insights/data/odata-examples).
pub const BASE: &str = "https://api.ci.ai.dynamics.com/v1";

/// How fast the service may be called over one connection: 100 calls in 60
/// seconds, from
/// [Dynamics 365 Customer Insights: throttling limits](https://learn.microsoft.com/connectors/customerinsights/#throttling-limits).
/// That it is a sliding window is this project's reading; under a fixed one it is never over the limit either.
///
/// ```
/// use tripline::action::Throttle;
/// use tripline::builtin::customer_insights;
/// let throttle = Throttle::new(customer_insights::RATE); // a key for each connection
/// ```
pub const RATE: Rate = Rate::fixed(100, 60);

/// The most bytes that are read of an answer to an action; 1 MiB, this project's own.
pub const MAX_ANSWER_BYTES: usize = 1 << 20;

/// The most bytes of an item that is written, as JSON; 256 KiB, this project's own.
pub const MAX_ITEM_BYTES: usize = 256 << 10;

/// The second login of the service: the key of a subscription, in the header
/// `Ocp-Apim-Subscription-Key`. The first is a bearer token.
///
/// ```
/// use tripline::action::{Credential, OverHttp, SecretRef, Transport};
/// use tripline::builtin::customer_insights::{GetItem, subscription_key};
///
/// fn over(client: impl Transport) -> OverHttp<GetItem, impl Transport> {
///     OverHttp::new(GetItem::new(), client)
///         .with_login(Credential::bearer(SecretRef::named("token")))
///         .with_login(subscription_key(SecretRef::named("subscriptionKey")))
/// }
/// ```
pub fn subscription_key(key: impl Into<SecretRef>) -> Credential {
    Credential::header(HeaderName::from_static("ocp-apim-subscription-key"), key)
}

/// A request about an instance, whose id came from the field `field`.
pub(super) fn about(method: Method, base: &str, field: &str, instance: &str) -> HttpRequest {
    HttpRequest::new(method, base)
        .with_header("accept", "", "application/json")
        .with_segment("", "instances")
        .with_segment(field, instance)
}

/// The request, with how much of its answer is read.
pub(super) fn reading(request: HttpRequest, bytes: usize) -> Result<Request<Vec<u8>>, ActionError> {
    let mut request = request.build()?;
    request.extensions_mut().insert(AnswerLimits::new().with_max_bytes(bytes));
    Ok(request)
}
