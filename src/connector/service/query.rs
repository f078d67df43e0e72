//! The query of a request, as far as no profile reads it.

use std::collections::BTreeMap;

use http::StatusCode;

use super::problem::Problem;

/// The most bytes of a query that a list is asked for with.
const MAX_QUERY: usize = 8 << 10;

/// The parameters of a list, each of which is there once.
pub(super) fn parameters(query: &str, names: &[String]) -> Result<BTreeMap<String, String>, Problem> {
    if query.len() > MAX_QUERY {
        return Err(too_long(query.len(), MAX_QUERY));
    }
    let (mut found, mut faults) = (BTreeMap::new(), Vec::new());
    for (name, value) in pairs(query) {
        match (decoded(name), decoded(value)) {
            (Some(name), Some(value)) if names.contains(&name) => {
                if found.insert(name.clone(), value).is_some() {
                    faults.push((name, "is there more than once"));
                }
            }
            (Some(name), Some(_)) => faults.push((shown(&name), "is no parameter of this list")),
            _ => faults.push((shown(name), "is not well-formed: percent signs, or not UTF-8")),
        }
    }
    for name in names {
        if found.get(name).is_none_or(String::is_empty) {
            faults.push((name.clone(), "is missing"));
        }
    }
    if faults.is_empty() {
        return Ok(found);
    }
    let problem = Problem::new(StatusCode::BAD_REQUEST, "the query is faulty");
    Err(faults.iter().fold(problem, |problem, (name, why)| problem.with_field(name, *why)))
}

/// A query as it came, but for one parameter.
pub(super) fn without(query: &str, parameter: &str) -> String {
    let kept = query.split('&').filter(|pair| {
        let name = pair.split_once('=').map_or(*pair, |(name, _)| name);
        !pair.is_empty() && decoded(name).as_deref() != Some(parameter)
    });
    kept.collect::<Vec<_>>().join("&")
}

pub(super) fn too_long(length: usize, most: usize) -> Problem {
    let detail = format!("the query has {length} bytes, the limit is {most}");
    Problem::new(StatusCode::URI_TOO_LONG, detail).with_limit(most)
}

fn pairs(query: &str) -> impl Iterator<Item = (&str, &str)> {
    let pairs = query.split('&').filter(|pair| !pair.is_empty());
    pairs.map(|pair| pair.split_once('=').unwrap_or((pair, "")))
}

/// What a part of `application/x-www-form-urlencoded` stands for; `None` where it is not well-formed.
fn decoded(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'+' => b' ',
            b'%' => {
                let mut digit = || char::from(rest.next()?).to_digit(16);
                u8::try_from(digit()? * 16 + digit()?).ok()?
            }
            other => other,
        });
    }
    String::from_utf8(bytes).ok()
}

fn shown(name: &str) -> String {
    name.chars().take(64).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_parameter_is_taken_out_however_it_is_spelled() {
        let query = "a=1&triggerState=x&b=%20&tr%69ggerState=y&triggerStates=z&triggerState&&c";
        assert_eq!(without(query, "triggerState"), "a=1&b=%20&triggerStates=z&c");
    }

    #[test]
    fn every_parameter_is_there_once() {
        let names = ["instance".to_owned()];
        assert_eq!(parameters("instance=a+b%2F", &names).unwrap()["instance"], "a b/");
        for (query, count) in
            [("", 1), ("instance=", 1), ("instance=a&instance=b&x=1", 2), ("instance=%f&%zz=1", 3)]
        {
            let answer = parameters(query, &names).unwrap_err().into_answer().into_response();
            let body: serde_json::Value = serde_json::from_slice(answer.body()).unwrap();
            assert_eq!(body["errors"].as_array().map(Vec::len), Some(count), "{query}: {body}");
        }
    }
}
