//! The one thing that an embedder's HTTP client has to do.

use std::error::Error as StdError;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use http::{Request, Response};

use super::super::ActionError;

/// The most bytes of an answer's body that are read where nobody says otherwise.
const MAX_ANSWER: usize = 16 << 10;

/// How long an exchange may take where nobody says otherwise.
const USUAL_TIME: Duration = Duration::from_secs(20);

/// Sends one HTTP request and gives the answer: the embedder's HTTP client, seen from here.
///
/// With the feature `tower`, a `tower_service::Service` is one: see `TowerTransport`.
///
/// # Contract
///
/// 1. *One request, one exchange.* It is sent as it is, once. Redirects are not
///    followed and nothing is tried again; every answer is an answer, whatever
///    its status.
/// 2. *Bounded.* Of the body at most [`AnswerLimits::max_bytes`] are read; if
///    more comes, reading stops there, and the answer is
///    [marked](Truncated::mark). One deadline, [`AnswerLimits::time`], is over
///    everything from the look-up of the name to the last byte, so that an
///    answer that drips in slowly does not outlive it.
/// 3. *It can be dropped at every `.await`*, and the exchange ends with it.
/// 4. *Checked addresses are the only ones.* Where the request has
///    [`CheckedAddresses`](crate::action::CheckedAddresses), it connects to one
///    of these, never looks the name up, and uses no proxy; `Host` and the name
///    in TLS stay those of the URL. With none of them it [refuses](TransportError::refused).
/// 5. *Whether it left is told exactly*: [`not_sent`](TransportError::not_sent) is for
///    what is certain, [`no_answer`](TransportError::no_answer) for everything else.
/// 6. *No secret in an error*: nothing of the URL but scheme and host, no header, no body.
///
/// Wrong and right, over a client whose calls are much like any other's:
///
/// ```
/// # use std::net::IpAddr;
/// # use std::time::Duration;
/// use http::{Request, Response};
/// use tripline::action::{AnswerLimits, CheckedAddresses, Transport, TransportError, Truncated, async_trait};
/// # #[derive(Debug)] struct ClientError { connected: bool, url: String }
/// # struct Connection;
/// # impl Connection {
/// #     async fn send(self, _: &Request<Vec<u8>>) -> Result<Connection, ClientError> { Ok(self) }
/// #     async fn read(&mut self, most: usize) -> Result<(u16, Vec<u8>, bool), ClientError> { Ok((200, vec![b'x'; most.min(40_000)], most < 40_000)) }
/// # }
/// # struct Client;
/// # impl Client {
/// #     async fn get(&self, _: Request<Vec<u8>>) -> Result<Response<Vec<u8>>, ClientError> { Ok(Response::new(vec![b'x'; 40_000])) }
/// #     async fn connect(&self, _: &str, _: Option<&[IpAddr]>) -> Result<Connection, ClientError> { Ok(Connection) }
/// #     async fn within<T>(&self, _: Duration, work: impl Future<Output = T>) -> Option<T> { Some(work.await) }
/// # }
///
/// struct Wrong(Client);
///
/// #[async_trait]
/// impl Transport for Wrong {
///     async fn send(&self, request: Request<Vec<u8>>) -> Result<Response<Vec<u8>>, TransportError> {
///         // Looks the name up again (4), follows redirects (1), reads whatever comes for however long (2),
///         self.0.get(request).await.map_err(|error| {
///             // calls it unsent though it may have been carried out (5), and shows the URL with its signature (6).
///             TransportError::not_sent(format!("{error:?}"))
///         })
///     }
/// }
///
/// struct Right(Client);
///
/// #[async_trait]
/// impl Transport for Right {
///     async fn send(&self, request: Request<Vec<u8>>) -> Result<Response<Vec<u8>>, TransportError> {
///         let limits = AnswerLimits::of(&request);
///         let host = request.uri().host().ok_or_else(|| TransportError::refused("the URL has no host"))?;
///         let checked = CheckedAddresses::of(&request).map(CheckedAddresses::as_slice);
///         if checked.is_some_and(<[_]>::is_empty) {
///             return Err(TransportError::refused("no address of the target is allowed"));
///         }
///         let exchange = async {
///             let connection = self.0.connect(host, checked).await;
///             let connection = connection.map_err(|_| TransportError::not_sent("the connection was refused"))?;
///             let broke = |_| TransportError::no_answer("the connection broke");
///             let mut answer = connection.send(&request).await.map_err(broke)?;
///             let (status, body, is_more) = answer.read(limits.max_bytes()).await.map_err(broke)?;
///             let mut response = Response::new(body);
///             *response.status_mut() = status.try_into().map_err(|_| TransportError::no_answer("it has no status"))?;
///             if is_more {
///                 Truncated::mark(&mut response);
///             }
///             Ok(response)
///         };
///         let late = || Err(TransportError::no_answer("it took too long"));
///         self.0.within(limits.time(), exchange).await.unwrap_or_else(late)
///     }
/// }
/// #
#[doc = include_str!("../../../docs/snippets/block_on.rs")]
/// # let request = || Request::get("https://example.com/").body(Vec::new()).unwrap();
/// # let right = block_on(Right(Client).send(request())).unwrap();
/// # assert!(right.body().len() == 16 << 10 && Truncated::is_marked(&right));
/// # assert!(block_on(Wrong(Client).send(request())).unwrap().body().len() > 16 << 10);
/// ```
#[async_trait]
pub trait Transport: Send + Sync {
    /// Sends the request once and gives the answer, whatever its status.
    ///
    /// # Errors
    ///
    /// Where there is no answer, saying whether the request may have been carried out.
    async fn send(&self, request: Request<Vec<u8>>) -> Result<Response<Vec<u8>>, TransportError>;
}

#[async_trait]
impl<T: Transport + ?Sized> Transport for Arc<T> {
    async fn send(&self, request: Request<Vec<u8>>) -> Result<Response<Vec<u8>>, TransportError> {
        (**self).send(request).await
    }
}

#[async_trait]
impl<T: Transport + ?Sized> Transport for Box<T> {
    async fn send(&self, request: Request<Vec<u8>>) -> Result<Response<Vec<u8>>, TransportError> {
        (**self).send(request).await
    }
}

/// How much of an answer is read, and how long the exchange may take. It
/// travels in the request's extensions.
///
/// ```
/// use tripline::action::AnswerLimits;
///
/// let mut request = http::Request::get("https://example.com/").body(Vec::<u8>::new())?;
/// assert_eq!(AnswerLimits::of(&request).max_bytes(), 16 << 10, "where nobody says otherwise");
///
/// request.extensions_mut().insert(AnswerLimits::new().with_max_bytes(1 << 20));
/// assert_eq!(AnswerLimits::of(&request).max_bytes(), 1 << 20);
/// # Ok::<(), http::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AnswerLimits {
    max_bytes: usize,
    time: Duration,
}

impl AnswerLimits {
    /// 16 KiB and twenty seconds.
    ///
    /// ```
    /// # use tripline::action::AnswerLimits;
    /// assert_eq!(AnswerLimits::new().time().as_secs(), 20);
    /// ```
    #[must_use]
    pub fn new() -> Self {
        Self { max_bytes: MAX_ANSWER, time: USUAL_TIME }
    }

    /// The limits of a request; the usual ones where it has none.
    ///
    /// ```
    /// # use tripline::action::AnswerLimits;
    /// let request = http::Request::get("https://example.com/").body(Vec::<u8>::new())?;
    /// assert_eq!(AnswerLimits::of(&request), AnswerLimits::new());
    /// # Ok::<(), http::Error>(())
    /// ```
    pub fn of<B>(request: &Request<B>) -> Self {
        request.extensions().get().copied().unwrap_or_default()
    }

    /// The same with another length of the body.
    ///
    /// ```
    /// # use tripline::action::AnswerLimits;
    /// assert_eq!(AnswerLimits::new().with_max_bytes(64).max_bytes(), 64);
    /// ```
    #[must_use]
    pub fn with_max_bytes(mut self, max_bytes: usize) -> Self {
        self.max_bytes = max_bytes;
        self
    }

    /// The same with another time.
    ///
    /// ```
    /// # use std::time::Duration;
    /// # use tripline::action::AnswerLimits;
    /// assert_eq!(AnswerLimits::new().with_time(Duration::from_secs(5)).time().as_secs(), 5);
    /// ```
    #[must_use]
    pub fn with_time(mut self, time: Duration) -> Self {
        self.time = time;
        self
    }

    /// The most bytes of the body that are read.
    ///
    /// ```
    /// # use tripline::action::AnswerLimits;
    /// assert_eq!(AnswerLimits::new().max_bytes(), 16 << 10);
    /// ```
    pub fn max_bytes(&self) -> usize {
        self.max_bytes
    }

    /// How long the exchange may take, from the look-up of the name to the last byte.
    ///
    /// ```
    /// # use tripline::action::AnswerLimits;
    /// assert_eq!(AnswerLimits::new().time().as_secs(), 20);
    /// ```
    pub fn time(&self) -> Duration {
        self.time
    }
}

impl Default for AnswerLimits {
    fn default() -> Self {
        Self::new()
    }
}

/// The mark of an answer whose body was longer than it may be: it was cut there.
///
/// ```
/// use tripline::action::Truncated;
///
/// let mut response = http::Response::new(vec![b'x'; 16 << 10]);
/// Truncated::mark(&mut response);
/// assert!(Truncated::is_marked(&response));
/// ```
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct Truncated;

impl Truncated {
    /// Marks an answer. What is left of its body stays as it is.
    ///
    /// ```
    /// # use tripline::action::Truncated;
    /// Truncated::mark(&mut http::Response::new(Vec::<u8>::new()));
    /// ```
    pub fn mark<B>(response: &mut Response<B>) {
        response.extensions_mut().insert(Self);
    }

    /// Whether an answer was cut.
    ///
    /// ```
    /// # use tripline::action::Truncated;
    /// assert!(!Truncated::is_marked(&http::Response::new(Vec::<u8>::new())));
    /// ```
    pub fn is_marked<B>(response: &Response<B>) -> bool {
        response.extensions().get::<Self>().is_some()
    }
}

/// Why a request has no answer, and whether it may have been carried out.
///
/// As an [`ActionError`] it is transient, except that what a transport refuses is permanent.
///
/// ```
/// use tripline::action::{ActionError, TransportError};
///
/// let error = ActionError::from(TransportError::no_answer("the connection broke"));
/// assert!(error.is_transient() && error.is_outcome_unknown());
/// assert_eq!(error.reason(), "the request was not answered: the connection broke");
/// ```
#[derive(Debug)]
pub struct TransportError {
    kind: Kind,
    message: String,
    source: Option<Box<dyn StdError + Send + Sync>>,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Kind {
    NotSent,
    NoAnswer,
    Refused,
}

impl TransportError {
    /// Nothing of the request left, for sure: the name is not known, the
    /// connection was refused, TLS failed. It may work next time.
    ///
    /// ```
    /// # use tripline::action::TransportError;
    /// assert!(!TransportError::not_sent("the connection was refused").is_outcome_unknown());
    /// ```
    pub fn not_sent(message: impl Into<String>) -> Self {
        Self { kind: Kind::NotSent, message: message.into(), source: None }
    }

    /// Some of the request may have left, and there is no whole answer: it may
    /// have been carried out.
    ///
    /// ```
    /// # use tripline::action::TransportError;
    /// assert!(TransportError::no_answer("the connection broke").is_outcome_unknown());
    /// ```
    pub fn no_answer(message: impl Into<String>) -> Self {
        Self { kind: Kind::NoAnswer, message: message.into(), source: None }
    }

    /// This transport never sends such a request: trying again changes nothing.
    ///
    /// ```
    /// # use tripline::action::TransportError;
    /// assert!(TransportError::refused("the target has no checked address").is_refused());
    /// ```
    pub fn refused(message: impl Into<String>) -> Self {
        Self { kind: Kind::Refused, message: message.into(), source: None }
    }

    /// The same error with its cause, whose text is kept for the record: it
    /// must hold nothing of the URL but scheme and host.
    ///
    /// ```
    /// # use tripline::action::TransportError;
    /// use std::{error::Error, io};
    /// let error = TransportError::not_sent("no connection").with_source(io::Error::other("refused"));
    /// assert_eq!(error.source().unwrap().to_string(), "refused");
    /// ```
    #[must_use]
    pub fn with_source(mut self, source: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        self.source = Some(source.into());
        self
    }

    /// Whether the request may have been carried out.
    ///
    /// ```
    /// # use tripline::action::TransportError;
    /// assert!(!TransportError::refused("no").is_outcome_unknown());
    /// ```
    pub fn is_outcome_unknown(&self) -> bool {
        self.kind == Kind::NoAnswer
    }

    /// Whether the transport never sends such a request.
    ///
    /// ```
    /// # use tripline::action::TransportError;
    /// assert!(!TransportError::not_sent("no connection").is_refused());
    /// ```
    pub fn is_refused(&self) -> bool {
        self.kind == Kind::Refused
    }
}

impl fmt::Display for TransportError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl StdError for TransportError {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.source.as_deref().map(|source| source as _)
    }
}

impl From<TransportError> for ActionError {
    fn from(error: TransportError) -> Self {
        let own = match error.kind {
            Kind::NotSent => Self::transient("the request was not sent"),
            Kind::NoAnswer => Self::transient("the request was not answered").with_outcome_unknown(true),
            Kind::Refused => Self::permanent("the transport refuses the request"),
        };
        own.with_source(error)
    }
}

/// An answer within its limits, whatever the transport has read.
pub(super) fn within_limits(mut response: Response<Vec<u8>>, limits: AnswerLimits) -> Response<Vec<u8>> {
    if response.body().len() > limits.max_bytes {
        response.body_mut().truncate(limits.max_bytes);
        Truncated::mark(&mut response);
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_of_failure_says_what_to_do_next() {
        let cause = || std::io::Error::other("cause");
        for (error, is_transient, is_unknown) in [
            (TransportError::not_sent("m"), true, false),
            (TransportError::no_answer("m"), true, true),
            (TransportError::refused("m"), false, false),
        ] {
            let error = ActionError::from(error.with_source(cause()));
            assert_eq!(
                (error.is_transient(), error.is_outcome_unknown()),
                (is_transient, is_unknown),
                "{error}"
            );
            assert!(error.reason().ends_with(": m: cause"), "{}", error.reason());
        }
    }
}
