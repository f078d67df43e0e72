//! Tokens asked for with client credentials: RFC 6749, sections 4.4 and 5.

use async_trait::async_trait;
use chrono::{DateTime, TimeDelta, Utc};
use http::header::{ACCEPT, CONTENT_TYPE};
use http::{HeaderValue, Request, Response};
use serde::Deserialize;
use serde_json::Value;

use super::super::{ActionContext, ActionError, Secret};
use super::caller::MAX_PAUSE;
use super::request::push_encoded;
use super::transport::within_limits;
use super::{
    AccessToken, AnswerLimits, ClientCredentials, Credential, Refresh, Transport, classify, read_json,
};

/// Asks a token endpoint for tokens, with the client credentials that the
/// login has.
///
/// ```
/// # use chrono::DateTime;
/// # use http::{Request, Response};
/// # use tripline::action::{Caller, ActionContext, Transport, TransportError, async_trait};
/// use tripline::action::{ClientCredentials, Credential, Login, Secret, SecretUrl, TokenEndpoint};
#[doc = include_str!("../../../docs/snippets/block_on.rs")]
/// # #[derive(Clone)] struct Client;
/// # #[async_trait]
/// # impl Transport for Client {
/// #     async fn send(&self, request: Request<Vec<u8>>) -> Result<Response<Vec<u8>>, TransportError> {
/// #         if request.uri().host() == Some("login.example.com") {
/// #             assert_eq!(request.body(), b"grant_type=client_credentials&client_id=app-1&client_secret=s3cr3t");
/// #             return Ok(Response::new(br#"{"access_token":"t-1","token_type":"Bearer","expires_in":3600}"#.to_vec()));
/// #         }
/// #         assert_eq!(request.headers()["authorization"], "Bearer t-1");
/// #         Ok(Response::new(Vec::new()))
/// #     }
/// # }
///
/// let app = ClientCredentials::new(SecretUrl::new("https://login.example.com/token")?, "app-1", Secret::new("s3cr3t"));
/// let login = Login::new(Credential::client_credentials(app)).with_refresh(TokenEndpoint::new(Client));
/// # let caller = Caller::new(Client).with_login(login);
/// # let ctx = ActionContext::new(DateTime::UNIX_EPOCH, "d-17");
/// # block_on(caller.call(&ctx, Request::get("https://example.com/").body(Vec::new())?))?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
pub struct TokenEndpoint<T> {
    transport: T,
}

impl<T: Transport> TokenEndpoint<T> {
    /// Asks over this transport.
    ///
    /// ```
    /// # use tripline::action::{TokenEndpoint, Transport};
    /// fn asks_over(client: impl Transport) {
    ///     let endpoint = TokenEndpoint::new(client);
    /// }
    /// ```
    pub fn new(transport: T) -> Self {
        Self { transport }
    }
}

#[async_trait]
impl<T: Transport> Refresh for TokenEndpoint<T> {
    async fn refresh(
        &self,
        ctx: &ActionContext,
        credential: &Credential,
    ) -> Result<AccessToken, ActionError> {
        let Some(credentials) = credential.as_client_credentials() else {
            return Err(ActionError::permanent("only client credentials can be sent to a token endpoint"));
        };
        let request = encode(ctx, credentials)?;
        let limits = AnswerLimits::of(&request);
        let response = within_limits(self.transport.send(request).await?, limits);
        decode(ctx.now(), &response)
    }
}

fn encode(ctx: &ActionContext, credentials: &ClientCredentials) -> Result<Request<Vec<u8>>, ActionError> {
    let secret = credentials.client_secret().resolve(ctx)?;
    let mut form = "grant_type=client_credentials&client_id=".to_owned();
    push_encoded(&mut form, credentials.client_id());
    form.push_str("&client_secret=");
    push_encoded(&mut form, secret.expose());
    if let Some(scope) = credentials.scope() {
        form.push_str("&scope=");
        push_encoded(&mut form, scope);
    }
    let url = credentials.token_url().expose();
    let mut request = Request::post(url)
        .body(form.into_bytes())
        .map_err(|_| ActionError::permanent("the URL of the token endpoint cannot be read"))?;
    let headers = request.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/x-www-form-urlencoded"));
    headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
    request.extensions_mut().insert(AnswerLimits::new().with_time(ctx.time_left()));
    Ok(request)
}

fn decode(now: DateTime<Utc>, response: &Response<Vec<u8>>) -> Result<AccessToken, ActionError> {
    #[derive(Deserialize)]
    struct Granted {
        access_token: Secret,
        expires_in: Option<Value>,
    }

    if let status @ (400 | 401 | 403) = response.status().as_u16() {
        // RFC 6749, section 5.2: invalid_client, invalid_grant, unauthorized_client and the like.
        let message =
            format!("the token endpoint answered {status}: the application or its secret is refused");
        return Err(ActionError::auth_expired(message));
    }
    classify(response.status(), response.headers(), now, MAX_PAUSE)?;
    let granted: Granted = read_json(response)?;
    // Some write the number as a string.
    let seconds = granted.expires_in.and_then(|value| match value {
        Value::String(text) => text.parse().ok(),
        value => value.as_i64(),
    });
    let end = seconds.and_then(TimeDelta::try_seconds).and_then(|length| now.checked_add_signed(length));
    let token = AccessToken::new(granted.access_token);
    Ok(match end {
        Some(end) => token.with_expires_at(end),
        None => token,
    })
}

#[cfg(test)]
mod tests {
    use super::super::super::{ErrorClass, SecretRef, SecretUrl};
    use super::*;

    fn answer(status: u16, body: &str) -> Result<AccessToken, ActionError> {
        let mut response = Response::new(body.as_bytes().to_vec());
        *response.status_mut() = status.try_into().unwrap();
        decode(DateTime::UNIX_EPOCH, &response)
    }

    #[test]
    fn what_is_asked_is_a_form_in_which_nothing_breaks_out() {
        let url = SecretUrl::new("https://login.example.com/t").unwrap();
        let credentials =
            ClientCredentials::new(url, "a&b=c d", Secret::new("k+/=&\r\n\u{e9}")).with_scope("x y");
        let ctx = ActionContext::new(DateTime::UNIX_EPOCH, "d");
        let request = encode(&ctx, &credentials).unwrap();
        assert_eq!(
            String::from_utf8_lossy(request.body()),
            "grant_type=client_credentials&client_id=a%26b%3Dc%20d&client_secret=k%2B%2F%3D%26%0D%0A%C3%A9&scope=x%20y"
        );
        assert_eq!(request.headers()["content-type"], "application/x-www-form-urlencoded");
        assert_eq!(AnswerLimits::of(&request).time().as_secs(), 20);
        let url = SecretUrl::new("https://login.example.com/t").unwrap();
        let unknown = ClientCredentials::new(url, "a", SecretRef::named("none"));
        assert!(encode(&ctx, &unknown).unwrap_err().is_permanent());
    }

    #[test]
    fn what_is_granted_is_read() {
        let token =
            answer(200, r#"{"access_token":"KEY","token_type":"Bearer","expires_in":3599,"x":1}"#).unwrap();
        assert_eq!(token.expires_at(), DateTime::from_timestamp(3_599, 0));
        assert_eq!((token.token().expose(), format!("{token:?}").contains("KEY")), ("KEY", false));
        let token = answer(200, r#"{"access_token":"KEY","expires_in":"60"}"#).unwrap();
        assert_eq!(token.expires_at(), DateTime::from_timestamp(60, 0));
        for odd in ["null", "1e300", "\"soon\"", "9223372036854775807"] {
            let token = answer(200, &format!(r#"{{"access_token":"KEY","expires_in":{odd}}}"#)).unwrap();
            assert_eq!(token.expires_at(), None, "{odd}");
        }
    }

    #[test]
    fn what_is_refused_says_what_to_do_next_and_holds_no_token() {
        for (status, body, class) in [
            (400, r#"{"error":"invalid_client"}"#, ErrorClass::AuthExpired),
            (401, "KEY", ErrorClass::AuthExpired),
            (403, "KEY", ErrorClass::AuthExpired),
            (429, "KEY", ErrorClass::Throttled),
            (503, "KEY", ErrorClass::Transient),
            (302, "KEY", ErrorClass::Permanent),
            (200, r#"{"access_token":{"KEY":1}}"#, ErrorClass::Permanent),
            (200, r#"{"token":"KEY"}"#, ErrorClass::Permanent),
            (200, "KEY", ErrorClass::Permanent),
        ] {
            let error = answer(status, body).unwrap_err();
            assert_eq!(error.class(), class, "{status} {body}");
            assert!(!format!("{error:?}").contains("KEY"), "{error:?}");
        }
    }
}
