//! Which request it is.

use http::{HeaderMap, Method, StatusCode};

use super::problem::Problem;

/// What a request asks for.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Route<'a> {
    Subscribe(&'a str),
    Status(&'a str),
    Unsubscribe(&'a str),
    Poll(&'a str),
    Connection,
    Act(&'a str),
    List(&'a str),
}

impl<'a> Route<'a> {
    /// By method and path; `is_list` says of a name whether it is a list of choices.
    pub(super) fn of(
        method: &Method,
        path: &'a str,
        is_list: impl FnOnce(&str) -> bool,
    ) -> Result<Self, Problem> {
        let unknown = || Err(Problem::new(StatusCode::NOT_FOUND, "there is nothing at this path"));
        let Some(path) = path.strip_prefix('/') else { return unknown() };
        let (first, rest) = path.split_once('/').map_or((path, None), |(first, rest)| (first, Some(rest)));
        let name = rest.filter(|name| !name.is_empty() && !name.contains('/'));
        let other = |methods| Err(other_method(methods));
        match (first, rest, name) {
            ("subscriptions", _, Some(name)) => match *method {
                Method::POST => Ok(Self::Subscribe(name)),
                Method::GET => Ok(Self::Status(name)),
                Method::DELETE => Ok(Self::Unsubscribe(name)),
                _ => other("GET, POST, DELETE"),
            },
            ("poll", _, Some(name)) => match *method {
                Method::GET => Ok(Self::Poll(name)),
                _ => other("GET"),
            },
            ("actions", _, Some(name)) => match *method {
                Method::POST => Ok(Self::Act(name)),
                _ => other("POST"),
            },
            ("connection", None, _) => match *method {
                Method::GET => Ok(Self::Connection),
                _ => other("GET"),
            },
            (list, None, _) if is_list(list) => match *method {
                Method::GET => Ok(Self::List(list)),
                _ => other("GET"),
            },
            _ => unknown(),
        }
    }
}

/// The body of a request, which is JSON.
pub(super) fn json_body<'b>(headers: &HeaderMap, body: &'b [u8], most: usize) -> Result<&'b str, Problem> {
    if body.len() > most {
        let detail = format!("the body has {} bytes, the limit is {most}", body.len());
        return Err(Problem::new(StatusCode::PAYLOAD_TOO_LARGE, detail).with_limit(most));
    }
    let content_type = headers.get(http::header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let media_type = content_type.map(|text| text.split(';').next().unwrap_or_default().trim());
    if !media_type.is_some_and(|media_type| media_type.eq_ignore_ascii_case("application/json")) {
        let detail = "the body must be application/json, and its content-type must say so";
        return Err(Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, detail));
    }
    std::str::from_utf8(body)
        .map_err(|error| Problem::new(StatusCode::BAD_REQUEST, format!("the body is not UTF-8: {error}")))
}

fn other_method(methods: &'static str) -> Problem {
    Problem::new(StatusCode::METHOD_NOT_ALLOWED, format!("this path takes {methods}")).with_allow(methods)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_path_leads_to_one_thing_and_all_others_to_none() {
        let of = |method: Method, path| {
            Route::of(&method, path, |list| list == "segments").map_err(|p| p.status().as_u16())
        };
        assert_eq!(of(Method::POST, "/subscriptions/x"), Ok(Route::Subscribe("x")));
        assert_eq!(of(Method::GET, "/subscriptions/x"), Ok(Route::Status("x")));
        assert_eq!(of(Method::DELETE, "/subscriptions/x"), Ok(Route::Unsubscribe("x")));
        assert_eq!(of(Method::GET, "/poll/x"), Ok(Route::Poll("x")));
        assert_eq!(of(Method::POST, "/actions/x"), Ok(Route::Act("x")));
        assert_eq!(of(Method::GET, "/connection"), Ok(Route::Connection));
        assert_eq!(of(Method::GET, "/segments"), Ok(Route::List("segments")));
        for path in [
            "",
            "/",
            "x",
            "/x",
            "/subscriptions",
            "/subscriptions/",
            "/subscriptions/x/",
            "/subscriptions/x/y",
            "/poll",
            "/poll/",
            "/connection/",
            "/connection/x",
            "/segments/",
            "/segments/x",
            "//",
            "/Connection",
        ] {
            assert_eq!(of(Method::GET, path), Err(404), "{path}");
        }
        for path in ["/subscriptions/x", "/poll/x", "/actions/x", "/connection", "/segments"] {
            assert_eq!(of(Method::PUT, path), Err(405), "{path}");
        }
    }
}
