//! `Retry-After`, and the status that it comes with.

use std::time::Duration;

use chrono::{DateTime, NaiveDateTime, Utc};
use http::header::RETRY_AFTER;
use http::{HeaderMap, HeaderValue, StatusCode};
use tripline::action::classify;

use super::input::Input;

const CAP: Duration = Duration::from_secs(3_600);

pub(crate) fn body(data: &[u8]) {
    let mut input = Input(data);
    let status = StatusCode::from_u16(100 + input.u16() % 900).expect("100 to 999");
    let now = input.pick(&[1_772_330_400, 784_111_777, 0, -62_135_596_800, 253_402_300_799]);
    let now = DateTime::from_timestamp(now, 0).expect("a year from 1 to 9999");
    let (mut headers, mut expected) = (HeaderMap::new(), Expected::NoPause);
    while !input.is_empty() {
        let line = input.until(b'\n');
        let Ok(value) = HeaderValue::from_bytes(line) else { continue };
        if matches!(expected, Expected::NoPause) {
            expected = read(line, now);
        }
        headers.append(RETRY_AFTER, value);
    }
    let (told, again) = (classify(status, &headers, now, CAP), classify(status, &headers, now, CAP));
    assert_eq!(format!("{told:?}"), format!("{again:?}"));
    assert_eq!(told.is_ok(), status.is_success());
    let Err(error) = told else { return };
    let pause = error.retry_after();
    assert!(pause.is_none_or(|pause| pause <= CAP), "{pause:?}");
    assert!(error.to_string().contains(status.as_str()) && error.to_string().len() < 200, "{error}");
    let takes_pause = matches!(status.as_u16(), 408 | 425 | 429 | 500..=599);
    match expected {
        _ if !takes_pause => assert_eq!(pause, None, "{status}"),
        Expected::Pause(wanted) => assert_eq!(pause, Some(wanted.min(CAP)), "{headers:?}"),
        Expected::NoPause => assert_eq!(pause, None, "{headers:?}"),
        Expected::Unknown => {}
    }
}

enum Expected {
    NoPause,
    Pause(Duration),
    /// It has the look of a date.
    Unknown,
}

/// By another way than the library's: digits one by one, and dates by chrono, which is taken where it writes the same.
fn read(line: &[u8], now: DateTime<Utc>) -> Expected {
    let text = String::from_utf8_lossy(line);
    let text = text.trim_matches([' ', '\t']);
    if !text.is_empty() && text.chars().all(|c| c.is_ascii_digit()) {
        let seconds = text
            .bytes()
            .fold(0_u64, |sum, digit| sum.saturating_mul(10).saturating_add(u64::from(digit - b'0')));
        return Expected::Pause(Duration::from_secs(seconds));
    }
    for format in ["%a, %d %b %Y %H:%M:%S GMT", "%a %b %e %H:%M:%S %Y"] {
        let Ok(time) = NaiveDateTime::parse_from_str(text, format) else { continue };
        let time = time.and_utc();
        if time.format(format).to_string() == text {
            return Expected::Pause((time - now).to_std().unwrap_or_default());
        }
    }
    let has_clock = text.matches(':').count() == 2;
    let has_day = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"].iter().any(|day| text.starts_with(day));
    if has_clock && has_day { Expected::Unknown } else { Expected::NoPause }
}
