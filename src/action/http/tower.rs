//! A `tower_service::Service` as a transport.

use std::error::Error as StdError;
use std::fmt;
use std::future::poll_fn;
use std::sync::{Mutex, PoisonError};

use async_trait::async_trait;
use http::{Request, Response, Uri};
use tower_service::Service;

use super::super::secret::scheme_and_host;
use super::{Transport, TransportError};

/// A `tower_service::Service` over whole requests and answers as a [`Transport`].
///
/// The service is cloned for every request, made ready and called once. What
/// fails before it is ready was not sent; what fails afterwards may have been
/// carried out. A service that knows better gives a [`TransportError`], which
/// is kept as it is. Of any other error the texts are kept and the error is
/// not, and URLs in it are cut to scheme and host, since clients like to print
/// them whole.
///
/// The rest of the [contract](Transport) is the service's: it follows no
/// redirects, reads no more than the [limits](super::AnswerLimits) say, and
/// connects to the [checked addresses](crate::action::CheckedAddresses) where there are any.
/// Both are in the request's extensions. For the clients that are around:
///
/// * **reqwest**: build it with `redirect(Policy::none())`, `no_proxy()` and
///   `retry(never())`. `reqwest::Request::try_from(request)` takes an
///   `http::Request<Vec<u8>>`; `timeout` takes [`AnswerLimits::time`](super::AnswerLimits::time);
///   read the answer with `chunk` until [`AnswerLimits::max_bytes`](super::AnswerLimits::max_bytes)
///   and no further. For checked addresses build a client per request with
///   `resolve_to_addrs(host, addresses)`; where there are none, one client serves all.
///   `error.is_connect()` and `error.is_builder()` are what was not sent.
/// * **hyper-util**: its legacy client is a service over another body; map
///   `Vec<u8>` to `http_body_util::Full`, and the answer with `Limited` and a
///   timeout of your runtime around both. For checked addresses give it a
///   connector that dials them and takes the name for TLS from the URL.
/// * **tower** layers (concurrency, tracing) go around either, below this type.
///
/// ```
/// # use std::pin::Pin;
/// # use std::task::{Context, Poll};
/// use http::{Request, Response};
/// use tower_service::Service;
/// use tripline::action::{AnswerLimits, TowerTransport, Transport, TransportError};
#[doc = include_str!("../../../docs/snippets/block_on.rs")]
/// # #[derive(Clone)] struct HttpClient;
/// # impl HttpClient {
/// #     async fn exchange(&self, _: Request<Vec<u8>>, _: usize) -> Result<Response<Vec<u8>>, std::io::Error> {
/// #         Ok(Response::new(b"hello".to_vec()))
/// #     }
/// # }
///
/// #[derive(Clone)]
/// struct MyClient(HttpClient); // of hyper, reqwest, …
///
/// impl Service<Request<Vec<u8>>> for MyClient {
///     type Response = Response<Vec<u8>>;
///     type Error = std::io::Error;
///     type Future = Pin<Box<dyn Future<Output = Result<Response<Vec<u8>>, std::io::Error>> + Send>>;
///
///     fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), std::io::Error>> {
///         Poll::Ready(Ok(()))
///     }
///
///     fn call(&mut self, request: Request<Vec<u8>>) -> Self::Future {
///         let client = self.0.clone();
///         let most = AnswerLimits::of(&request).max_bytes();
///         Box::pin(async move { client.exchange(request, most).await })
///     }
/// }
///
/// let transport = TowerTransport::new(MyClient(HttpClient));
/// let request = Request::get("https://example.com/").body(Vec::new())?;
/// assert_eq!(block_on(transport.send(request))?.body(), b"hello");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct TowerTransport<S> {
    /// Not every service is `Sync`; the lock is held for a clone alone.
    service: Mutex<S>,
}

impl<S> TowerTransport<S> {
    /// A transport over this service.
    ///
    /// ```
    /// # use http::{Request, Response};
    /// # use tower_service::Service;
    /// # use tripline::action::{TowerTransport, Transport, TransportError};
    /// fn over<S>(service: S) -> impl Transport
    /// where
    ///     S: Service<Request<Vec<u8>>, Response = Response<Vec<u8>>, Error = TransportError> + Clone + Send,
    ///     S::Future: Send,
    /// {
    ///     TowerTransport::new(service)
    /// }
    /// ```
    pub fn new(service: S) -> Self {
        Self { service: Mutex::new(service) }
    }
}

impl<S: Clone> TowerTransport<S> {
    fn service(&self) -> S {
        self.service.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl<S: Clone> Clone for TowerTransport<S> {
    fn clone(&self) -> Self {
        Self::new(self.service())
    }
}

impl<S> fmt::Debug for TowerTransport<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TowerTransport").finish_non_exhaustive()
    }
}

#[async_trait]
impl<S> Transport for TowerTransport<S>
where
    S: Service<Request<Vec<u8>>, Response = Response<Vec<u8>>> + Clone + Send,
    S::Error: Into<Box<dyn StdError + Send + Sync>>,
    S::Future: Send,
{
    async fn send(&self, request: Request<Vec<u8>>) -> Result<Response<Vec<u8>>, TransportError> {
        let mut service = self.service();
        let uri = request.uri().clone();
        poll_fn(|context| service.poll_ready(context))
            .await
            .map_err(|error| described(error.into(), &uri, TransportError::not_sent))?;
        service.call(request).await.map_err(|error| described(error.into(), &uri, TransportError::no_answer))
    }
}

fn described(
    error: Box<dyn StdError + Send + Sync>,
    uri: &Uri,
    otherwise: fn(String) -> TransportError,
) -> TransportError {
    let error = match error.downcast::<TransportError>() {
        Ok(own) => return *own,
        Err(error) => error,
    };
    let mut text = without_urls(&error.to_string(), uri);
    let mut next = error.source();
    while let Some(cause) = next {
        text.push_str(": ");
        text.push_str(&without_urls(&cause.to_string(), uri));
        next = cause.source();
    }
    otherwise(text)
}

/// A client's words with its URLs cut to scheme and host, and with what else
/// stands in them of this URL's path and query taken out.
fn without_urls(text: &str, uri: &Uri) -> String {
    let mut cut = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = ["http://", "https://"].iter().filter_map(|scheme| rest.find(scheme)).min() {
        let (before, url) = rest.split_at(at);
        let end = url.find(|c: char| c.is_whitespace() || "\"'<>()`{}".contains(c)).unwrap_or(url.len());
        cut.push_str(before);
        cut.push_str(&scheme_and_host(&url[..end]));
        rest = &url[end..];
    }
    cut.push_str(rest);
    let parts = [uri.path_and_query().map(|whole| whole.as_str()), uri.query(), Some(uri.path())];
    for part in parts.into_iter().flatten().filter(|part| part.len() > 1) {
        cut = cut.replace(part, "[redacted]");
    }
    cut
}

#[cfg(test)]
mod tests {
    use std::future::{Ready, ready};
    use std::io;
    use std::task::{Context, Poll};

    use super::super::super::ActionError;
    use super::super::super::testing::block_on;
    use super::*;

    /// Is ready, or not, and answers, or not.
    #[derive(Clone)]
    struct Client {
        is_ready: bool,
        answers: Option<fn() -> Box<dyn StdError + Send + Sync>>,
        was_ready: bool,
    }

    impl Service<Request<Vec<u8>>> for Client {
        type Response = Response<Vec<u8>>;
        type Error = Box<dyn StdError + Send + Sync>;
        type Future = Ready<Result<Response<Vec<u8>>, Self::Error>>;

        fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
            self.was_ready = true;
            Poll::Ready(if self.is_ready { Ok(()) } else { Err("no connection is free".into()) })
        }

        fn call(&mut self, request: Request<Vec<u8>>) -> Self::Future {
            assert!(self.was_ready, "called without being made ready");
            ready(match self.answers {
                Some(failure) => Err(failure()),
                None => Ok(Response::new(request.into_body())),
            })
        }
    }

    fn send(
        is_ready: bool,
        answers: Option<fn() -> Box<dyn StdError + Send + Sync>>,
    ) -> Result<Vec<u8>, TransportError> {
        let transport = TowerTransport::new(Client { is_ready, answers, was_ready: false });
        let request =
            Request::post("https://example.com:8443/KEY/hook?sig=KEY").body(b"hi".to_vec()).unwrap();
        block_on(transport.clone().send(request)).map(Response::into_body)
    }

    #[test]
    fn what_fails_before_it_is_ready_was_not_sent() {
        assert_eq!(send(true, None).unwrap(), b"hi");
        let error = send(false, None).unwrap_err();
        assert_eq!(
            (error.is_outcome_unknown(), error.to_string()),
            (false, "no connection is free".to_owned())
        );
        assert!(send(true, Some(|| "broken pipe".into())).unwrap_err().is_outcome_unknown());
    }

    #[test]
    fn a_service_that_knows_better_is_believed() {
        let error = send(true, Some(|| TransportError::refused("no address").into())).unwrap_err();
        assert!(error.is_refused() && error.to_string() == "no address");
    }

    #[test]
    fn a_url_in_what_a_client_says_is_cut() {
        let failures: [fn() -> Box<dyn StdError + Send + Sync>; 4] = [
            || "error sending request for url (https://example.com:8443/KEY/hook?sig=KEY): timed out".into(),
            || "POST /KEY/hook?sig=KEY was reset".into(),
            || "http://other/KEY and https://u:KEY@other/KEY\"".into(),
            || io::Error::other(io::Error::other("GET sig=KEY, to \"https://example.com/KEY\"")).into(),
        ];
        for failure in failures {
            let error = ActionError::from(send(true, Some(failure)).unwrap_err());
            assert!(!format!("{error:?} {}", error.reason()).contains("KEY"), "{error:?}");
        }
    }
}
