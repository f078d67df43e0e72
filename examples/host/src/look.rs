//! Who may look at the page and the metrics: whoever has a key of the host's, in `X-Api-Key` or as the password of HTTP Basic, which is
//! what browsers ask for. With `--open` everyone on this machine.

use axum::http::uri::Authority;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;

use crate::server::{App, problem};

/// Of every answer that shows something of the host.
pub const HEADERS: [(HeaderName, &str); 3] = [
    (header::CACHE_CONTROL, "no-store"),
    (header::REFERRER_POLICY, "no-referrer"),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
];

/// What to answer where whoever asks may not look.
pub fn refusal(app: &App, headers: &HeaderMap) -> Option<Response> {
    if app.is_open {
        // A name of somebody else's may be made to lead here, so that his pages could read this one.
        let foreign = || problem(StatusCode::FORBIDDEN, "it is asked for by another name");
        return (!is_local(headers)).then(foreign);
    }
    if app.keys.host(headers).is_some() || password(headers).is_some_and(|key| app.keys.is_host(&key)) {
        return None;
    }
    let refusal =
        problem(StatusCode::UNAUTHORIZED, "it takes a key of the host's, in X-Api-Key or as a password");
    Some(([(header::WWW_AUTHENTICATE, "Basic realm=\"host\", charset=\"UTF-8\"")], refusal).into_response())
}

fn is_local(headers: &HeaderMap) -> bool {
    let host = headers.get(header::HOST).and_then(|host| Authority::try_from(host.as_bytes()).ok());
    host.is_some_and(|host| matches!(host.host(), "127.0.0.1" | "[::1]" | "localhost"))
}

fn password(headers: &HeaderMap) -> Option<String> {
    let basic = headers.get(header::AUTHORIZATION).map(HeaderValue::to_str)?.ok()?;
    let (scheme, encoded) = basic.split_once(' ')?;
    let decoded =
        BASE64_STANDARD.decode(encoded.trim()).ok().filter(|_| scheme.eq_ignore_ascii_case("basic"))?;
    let (_, password) = std::str::from_utf8(&decoded).ok()?.split_once(':')?;
    Some(password.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(name: HeaderName, value: &str) -> HeaderMap {
        HeaderMap::from_iter([(name, value.parse().unwrap())])
    }

    #[test]
    fn only_names_of_this_machine_are_local() {
        for (host, is_it) in [
            ("127.0.0.1:8080", true),
            ("localhost", true),
            ("[::1]:80", true),
            ("127.0.0.1.contoso.example", false),
            ("contoso.example:8080", false),
            ("", false),
        ] {
            assert_eq!(is_local(&with(header::HOST, host)), is_it, "{host}");
        }
        assert!(!is_local(&HeaderMap::new()));
    }

    #[test]
    fn the_password_of_basic_is_read() {
        let read = |value| password(&with(header::AUTHORIZATION, value));
        assert_eq!(read("Basic b3BzOmstOHM6THA="), Some("k-8s:Lp".to_owned()));
        assert_eq!(read("basic OmtleQ=="), Some("key".to_owned()));
        for other in ["Bearer b3BzOmst", "Basic", "Basic ???", "Basic b3Bz", "Basic /w=="] {
            assert_eq!(read(other), None, "{other}");
        }
    }
}
