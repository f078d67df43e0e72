//! `hyper` as a `tower_service::Service`, which `TowerTransport` makes a `Transport`.

use std::future::Future;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::task::{Context, Poll};

use http::{Request, Response};
use http_body_util::{BodyExt as _, Full};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::client::legacy::connect::dns::{GaiResolver, Name};
use hyper_util::client::legacy::{Client, Error};
use hyper_util::rt::TokioExecutor;
use tower_service::Service;
use tripline::action::{AnswerLimits, CheckedAddresses, TransportError, Truncated};

type Body = Full<std::collections::VecDeque<u8>>;

/// `hyper` as a service over whole requests and answers: `TowerTransport::new(HyperClient::new())` is a `Transport`,
/// and so is one with layers of `tower` around it.
///
/// It follows no redirect, knows no proxy and sends nothing twice. One deadline is over everything, and of a body no
/// more is read than may be. A guarded request gets a client of its own whose resolver knows the checked addresses and
/// nothing else, while `Host` and the name in TLS stay those of the URL.
#[derive(Debug, Clone)]
pub struct HyperClient {
    /// For targets that nobody guards: its connections are shared.
    open: Client<HttpsConnector<HttpConnector<Resolver>>, Body>,
}

impl HyperClient {
    /// A client with the roots of the web's certificates.
    #[must_use]
    pub fn new() -> Self {
        Self { open: client(Resolver::System(GaiResolver::new())) }
    }

    async fn exchange(
        &self,
        request: Request<Vec<u8>>,
        most: usize,
    ) -> Result<Response<Vec<u8>>, TransportError> {
        let host = request.uri().host().ok_or_else(|| TransportError::refused("the URL has no host"))?;
        let client = match CheckedAddresses::of(&request) {
            Some(checked) => client(guarded(host, checked.as_slice())?),
            None => self.open.clone(),
        };
        let answer = client.request(request.map(|body| Full::new(body.into()))).await.map_err(told)?;
        let (parts, mut body) = answer.into_parts();
        let mut response = Response::from_parts(parts, Vec::new());
        while let Some(frame) = body.frame().await {
            let broke = |cause| TransportError::no_answer("the connection broke").with_source(cause);
            // Trailers are no part of the body.
            let Ok(piece) = frame.map_err(broke)?.into_data() else { continue };
            let room = most - response.body().len();
            response.body_mut().extend_from_slice(&piece[..piece.len().min(room)]);
            if piece.len() > room {
                Truncated::mark(&mut response);
                break;
            }
        }
        Ok(response)
    }
}

impl Default for HyperClient {
    fn default() -> Self {
        Self::new()
    }
}

impl Service<Request<Vec<u8>>> for HyperClient {
    type Response = Response<Vec<u8>>;
    type Error = TransportError;
    type Future = Pin<Box<dyn Future<Output = Result<Response<Vec<u8>>, TransportError>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), TransportError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Vec<u8>>) -> Self::Future {
        let (client, limits) = (self.clone(), AnswerLimits::of(&request));
        Box::pin(async move {
            tokio::time::timeout(limits.time(), client.exchange(request, limits.max_bytes()))
                .await
                .unwrap_or_else(|_| Err(TransportError::no_answer("it took too long")))
        })
    }
}

fn client(resolver: Resolver) -> Client<HttpsConnector<HttpConnector<Resolver>>, Body> {
    let mut connector = HttpConnector::new_with_resolver(resolver);
    // The connector around it speaks TLS where the URL says `https`.
    connector.enforce_http(false);
    let connector = HttpsConnectorBuilder::new()
        .with_webpki_roots()
        .https_or_http()
        .enable_http1()
        .wrap_connector(connector);
    // What became of a request is told exactly: none is sent again behind the caller's back.
    Client::builder(TokioExecutor::new()).retry_canceled_requests(false).build(connector)
}

/// What a guarded request may connect to. An address in the URL is not resolved, so it must be one of those checked.
fn guarded(host: &str, addresses: &[IpAddr]) -> Result<Resolver, TransportError> {
    let named = host.trim_start_matches('[').trim_end_matches(']');
    match named.parse::<IpAddr>() {
        Ok(address) if !addresses.contains(&address) => {
            Err(TransportError::refused("the URL's address is not one of those checked"))
        }
        _ if addresses.is_empty() => Err(TransportError::refused("no address of the target is allowed")),
        _ => Ok(Resolver::Checked(addresses.to_vec())),
    }
}

/// Where a name leads.
#[derive(Debug, Clone)]
enum Resolver {
    System(GaiResolver),
    Checked(Vec<IpAddr>),
}

impl Service<Name> for Resolver {
    type Response = std::vec::IntoIter<SocketAddr>;
    type Error = io::Error;
    type Future = Pin<Box<dyn Future<Output = io::Result<Self::Response>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self {
            Self::System(system) => system.poll_ready(context),
            Self::Checked(_) => Poll::Ready(Ok(())),
        }
    }

    fn call(&mut self, name: Name) -> Self::Future {
        // The port of the URL takes the place of 0.
        let addresses = match self {
            Self::Checked(addresses) => {
                addresses.iter().map(|address| SocketAddr::new(*address, 0)).collect()
            }
            Self::System(system) => {
                let found = system.call(name);
                return Box::pin(async move { Ok(found.await?.collect::<Vec<_>>().into_iter()) });
            }
        };
        Box::pin(std::future::ready(Ok(Vec::into_iter(addresses))))
    }
}

/// What has become of the request. The errors of `hyper` hold nothing of the URL.
fn told(error: Error) -> TransportError {
    let told = if error.is_connect() {
        TransportError::not_sent("no connection")
    } else {
        TransportError::no_answer("the connection broke")
    };
    told.with_source(error)
}
