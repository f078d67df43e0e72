//! `reqwest` as a `Transport`.

use std::net::{IpAddr, SocketAddr};

use http::{Request, Response};
use reqwest::redirect::Policy;
use tripline::action::{AnswerLimits, CheckedAddresses, Transport, TransportError, Truncated, async_trait};

/// `reqwest` as a `Transport`.
///
/// Redirects are not followed, one deadline is over everything, and of a body no more is read than may be. A guarded
/// request connects to its checked addresses alone: the client is told that these *are* the host's, so it looks nothing
/// up, while `Host` and the name in TLS stay those of the URL.
#[derive(Debug, Clone)]
pub struct Client {
    /// For targets that nobody guards: its connections are shared.
    open: reqwest::Client,
}

impl Client {
    /// A client with the roots of the web's certificates.
    ///
    /// # Errors
    ///
    /// Where TLS cannot be set up.
    pub fn new() -> Result<Self, reqwest::Error> {
        Ok(Self { open: reqwest::Client::builder().redirect(Policy::none()).build()? })
    }

    /// A client for one guarded request. It shares no connection: one that was opened before was not checked now.
    fn guarded(host: &str, addresses: &[IpAddr]) -> Result<reqwest::Client, TransportError> {
        let named = host.trim_start_matches('[').trim_end_matches(']');
        match named.parse::<IpAddr>() {
            Ok(address) if !addresses.contains(&address) => {
                return Err(TransportError::refused("the URL's address is not one of those checked"));
            }
            _ if addresses.is_empty() => {
                return Err(TransportError::refused("no address of the target is allowed"));
            }
            _ => {}
        }
        // The port of the URL takes the place of 0.
        let addresses: Vec<_> = addresses.iter().map(|address| SocketAddr::new(*address, 0)).collect();
        reqwest::Client::builder()
            .redirect(Policy::none())
            .no_proxy()
            .resolve_to_addrs(host, &addresses)
            .build()
            .map_err(told)
    }

    async fn exchange(
        &self,
        request: Request<Vec<u8>>,
        most: usize,
    ) -> Result<Response<Vec<u8>>, TransportError> {
        let host = request.uri().host().ok_or_else(|| TransportError::refused("the URL has no host"))?;
        let client = match CheckedAddresses::of(&request) {
            Some(checked) => Self::guarded(host, checked.as_slice())?,
            None => self.open.clone(),
        };
        let request = reqwest::Request::try_from(request).map_err(told)?;
        let mut answer = client.execute(request).await.map_err(told)?;
        let mut response = Response::new(Vec::new());
        *response.status_mut() = answer.status();
        *response.headers_mut() = std::mem::take(answer.headers_mut());
        while let Some(piece) = answer.chunk().await.map_err(told)? {
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

#[async_trait]
impl Transport for Client {
    async fn send(&self, request: Request<Vec<u8>>) -> Result<Response<Vec<u8>>, TransportError> {
        let limits = AnswerLimits::of(&request);
        tokio::time::timeout(limits.time(), self.exchange(request, limits.max_bytes()))
            .await
            .unwrap_or_else(|_| Err(TransportError::no_answer("it took too long")))
    }
}

/// What has become of the request, without its URL, which may be a secret.
fn told(error: reqwest::Error) -> TransportError {
    let error = error.without_url();
    let told = if error.is_connect() {
        TransportError::not_sent("no connection")
    } else if error.is_builder() {
        TransportError::refused("the client does not take the request")
    } else {
        TransportError::no_answer("the connection broke")
    };
    told.with_source(error)
}
