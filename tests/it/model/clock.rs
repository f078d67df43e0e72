//! Times and durations in text, read and written the long way round.

use super::Ns;

const SECOND: Ns = 1_000_000_000;

/// `P1DT2H3M4.5S`, days to seconds.
pub(crate) fn span(text: &str) -> Option<Ns> {
    let mut total = 0;
    let mut in_time = false;
    let mut digits = String::new();
    let rest = text.strip_prefix('P')?;
    if rest.is_empty() || rest.ends_with('T') {
        return None;
    }
    for c in rest.chars() {
        match (c, in_time) {
            ('T', false) if digits.is_empty() => in_time = true,
            ('0'..='9' | '.', _) => digits.push(c),
            ('D', false) => total += decimal(&mut digits, 86_400 * SECOND)?,
            ('H', true) => total += decimal(&mut digits, 3_600 * SECOND)?,
            ('M', true) => total += decimal(&mut digits, 60 * SECOND)?,
            ('S', true) => total += decimal(&mut digits, SECOND)?,
            _ => return None,
        }
    }
    digits.is_empty().then_some(total)
}

/// Takes the digits gathered so far as so many units.
fn decimal(digits: &mut String, unit: Ns) -> Option<Ns> {
    let text = std::mem::take(digits);
    let (whole, fraction) = text.split_once('.').unwrap_or((&text, ""));
    let parts: Ns = if fraction.is_empty() { 0 } else { fraction.parse().ok()? };
    Some(whole.parse::<Ns>().ok()? * unit + parts * unit / (10 as Ns).pow(fraction.len() as u32))
}

/// `2026-01-01T00:10:00.5Z`, UTC only.
pub(crate) fn instant(text: &str) -> Option<Ns> {
    let (date, time) = text.strip_suffix('Z')?.split_once('T')?;
    let number = |s: &str| s.parse::<Ns>().ok();
    let [year, month, day]: [Ns; 3] =
        date.split('-').filter_map(number).collect::<Vec<_>>().try_into().ok()?;
    let (time, fraction) = time.split_once('.').unwrap_or((time, "0"));
    let [hour, minute, second]: [Ns; 3] =
        time.split(':').filter_map(number).collect::<Vec<_>>().try_into().ok()?;
    let mut days = 0;
    for y in 1970..year {
        days += if leap(y) { 366 } else { 365 };
    }
    for m in 1..month {
        days += length(year, m);
    }
    days += day - 1;
    let parts = number(fraction)? * SECOND / (10 as Ns).pow(fraction.len() as u32);
    Some((((days * 24 + hour) * 60 + minute) * 60 + second) * SECOND + parts)
}

fn leap(y: Ns) -> bool {
    y % 4 == 0 && (y % 100 != 0 || y % 400 == 0)
}

fn length(y: Ns, m: Ns) -> Ns {
    match m {
        2 if leap(y) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// The duration in words of the corpus: hours, minutes, seconds and what is left of a second.
pub(crate) fn words(span: Ns) -> String {
    let (sign, n) = if span < 0 { ("-", -span) } else { ("", span) };
    let (h, m, s, parts) = (n / (3600 * SECOND), n / (60 * SECOND) % 60, n / SECOND % 60, n % SECOND);
    let mut text = format!("{sign}PT");
    if h > 0 {
        text += &format!("{h}H");
    }
    if m > 0 {
        text += &format!("{m}M");
    }
    if parts > 0 {
        text += format!("{s}.{parts:09}").trim_end_matches('0');
        text += "S";
    } else if s > 0 || n == 0 {
        text += &format!("{s}S");
    }
    text
}
