//! What a status says about what to do next.

use std::time::Duration;

use chrono::{DateTime, Utc};
use http::header::RETRY_AFTER;
use http::{HeaderMap, StatusCode};

use super::super::ActionError;
use super::date::http_date;

/// What an answer's status and `Retry-After` say about what to do next.
///
/// `now` is the attempt's time, which a date in `Retry-After` is counted from.
/// A longer pause than `cap` becomes `cap`; one in the past is no pause; one
/// that cannot be read is none at all.
///
/// | status | class | may it have been carried out? |
/// |---|---|---|
/// | 2xx | success | it was |
/// | 401 | [auth expired](super::super::ErrorClass::AuthExpired) | no |
/// | 408, 425 | transient | no |
/// | 410 | gone | no |
/// | 429 | throttled | no |
/// | 501, 505 | transient | no |
/// | other 5xx | transient | unknown: an intermediary may speak for a server that has done it |
/// | 3xx | permanent: redirects are not followed | no |
/// | the rest | permanent | no |
///
/// Statuses are those of RFC 9110, 425 of RFC 8470 and 429 of RFC 6585;
/// `Retry-After` is RFC 9110, section 10.2.3, in seconds or as any of the three
/// forms of a date.
///
/// # Errors
///
/// For every status but 2xx, as above.
///
/// ```
/// use std::time::Duration;
/// use chrono::DateTime;
/// use http::{HeaderMap, StatusCode};
/// use tripline::action::classify;
///
/// let (now, cap) = (DateTime::from_timestamp(784_111_777, 0).unwrap(), Duration::from_secs(3_600));
/// assert!(classify(StatusCode::ACCEPTED, &HeaderMap::new(), now, cap).is_ok());
///
/// let mut headers = HeaderMap::new();
/// headers.insert("retry-after", "Sun, 06 Nov 1994 08:50:07 GMT".parse()?);
/// let error = classify(StatusCode::TOO_MANY_REQUESTS, &headers, now, cap).unwrap_err();
/// assert!(error.is_throttled());
/// assert_eq!(error.retry_after(), Some(Duration::from_secs(30)));
/// # Ok::<(), http::header::InvalidHeaderValue>(())
/// ```
pub fn classify(
    status: StatusCode,
    headers: &HeaderMap,
    now: DateTime<Utc>,
    cap: Duration,
) -> Result<(), ActionError> {
    if status.is_success() {
        return Ok(());
    }
    let answered = format!("the service answered {}", said(status));
    let error = match status.as_u16() {
        401 => return Err(ActionError::auth_expired(answered)),
        410 => return Err(ActionError::gone(answered)),
        300..=399 => return Err(ActionError::permanent(format!("{answered}; redirects are not followed"))),
        408 | 425 => ActionError::transient(answered),
        429 => ActionError::throttled(answered),
        501 | 505 => ActionError::transient(answered),
        500..=599 => ActionError::transient(answered).with_outcome_unknown(true),
        _ => return Err(ActionError::permanent(answered)),
    };
    Err(match retry_after(headers, now) {
        Some(pause) => error.with_retry_after(pause.min(cap)),
        None => error,
    })
}

/// The number and, where it is a registered one, its name.
fn said(status: StatusCode) -> String {
    match status.canonical_reason() {
        Some(reason) => format!("{} {reason}", status.as_u16()),
        None => status.as_u16().to_string(),
    }
}

/// How long the first `Retry-After` that can be read asks to wait.
fn retry_after(headers: &HeaderMap, now: DateTime<Utc>) -> Option<Duration> {
    headers.get_all(RETRY_AFTER).iter().find_map(|value| {
        let text = value.to_str().ok()?.trim_matches([' ', '\t']);
        if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) {
            // More digits than a number holds are a very long time.
            return Some(text.parse().map_or(Duration::MAX, Duration::from_secs));
        }
        http_date(text, now).map(|then| (then - now).to_std().unwrap_or_default())
    })
}

#[cfg(test)]
mod tests {
    use super::super::super::{Effect, ErrorClass};
    use super::*;

    const CAP: Duration = Duration::from_secs(3_600);

    fn now() -> DateTime<Utc> {
        DateTime::from_timestamp(784_111_777, 500_000_000).unwrap() // 1994-11-06T08:49:37.5Z
    }

    fn class(status: u16) -> Option<(ErrorClass, bool)> {
        let status = StatusCode::from_u16(status).unwrap();
        let error = classify(status, &HeaderMap::new(), now(), CAP).err()?;
        assert!(error.to_string().contains(status.as_str()) && error.retry_after().is_none(), "{error}");
        Some((error.class(), error.is_outcome_unknown()))
    }

    fn pause(values: &[&str]) -> Option<Duration> {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(RETRY_AFTER, http::HeaderValue::from_bytes(value.as_bytes()).unwrap());
        }
        classify(StatusCode::SERVICE_UNAVAILABLE, &headers, now(), CAP).unwrap_err().retry_after()
    }

    #[test]
    fn every_status_there_can_be_has_one_class() {
        for status in 100..1000 {
            let expected = match status {
                200..=299 => None,
                401 => Some((ErrorClass::AuthExpired, false)),
                410 => Some((ErrorClass::Gone, false)),
                429 => Some((ErrorClass::Throttled, false)),
                408 | 425 | 501 | 505 => Some((ErrorClass::Transient, false)),
                500..=599 => Some((ErrorClass::Transient, true)),
                _ => Some((ErrorClass::Permanent, false)),
            };
            assert_eq!(class(status), expected, "{status}");
        }
    }

    #[test]
    fn a_refusal_for_sure_may_be_tried_again_by_an_unsafe_action_too() {
        for (status, may) in [(429, true), (408, true), (503, false), (500, false), (404, false)] {
            let status = StatusCode::from_u16(status).unwrap();
            let error = classify(status, &HeaderMap::new(), now(), CAP).unwrap_err();
            assert_eq!(error.may_retry(Effect::Unsafe), may, "{status}");
        }
    }

    #[test]
    fn a_pause_is_read_in_seconds_and_as_a_date_and_is_capped() {
        let seconds = |seconds| Some(Duration::from_secs(seconds));
        assert_eq!(pause(&["120"]), seconds(120));
        assert_eq!(pause(&["0"]), seconds(0));
        assert_eq!(pause(&[" 007\t"]), seconds(7));
        assert_eq!(pause(&["3601"]), Some(CAP));
        assert_eq!(pause(&["99999999999999999999999999"]), Some(CAP));
        for date in
            ["Sun, 06 Nov 1994 08:50:37 GMT", "Sunday, 06-Nov-94 08:50:37 GMT", "Sun Nov  6 08:50:37 1994"]
        {
            assert_eq!(pause(&[date]), Some(Duration::from_millis(59_500)), "{date}");
        }
        assert_eq!(pause(&["Sun, 06 Nov 1994 08:49:37 GMT"]), seconds(0), "it has passed");
        assert_eq!(pause(&["Fri, 31 Dec 9999 23:59:59 GMT"]), Some(CAP));
    }

    #[test]
    fn what_is_no_pause_asks_for_none() {
        for value in ["", "soon", "-1", "+1", "1.5", "1e3", "1 s", "PT1S", "0x10", "\u{663}", "1994-11-06"] {
            assert_eq!(pause(&[value]), None, "{value:?}");
        }
        assert_eq!(pause(&["soon", "5"]), Some(Duration::from_secs(5)));
        assert_eq!(pause(&[]), None);
    }
}
