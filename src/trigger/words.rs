//! Words for messages.

/// The most characters of a value that a message shows.
const MOST: usize = 60;

/// A text for a message, cut where it is long.
pub(crate) fn quoted(text: &str) -> String {
    match text.char_indices().nth(MOST) {
        Some((end, _)) => format!("{:?}…", &text[..end]),
        None => format!("{text:?}"),
    }
}

/// Digits or a path for a message, cut where they are long.
pub(crate) fn cut(text: &str) -> String {
    match text.char_indices().nth(MOST) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

/// Whether one was probably meant by the other: the same but for case, `_` and
/// `-`, or one slip of a finger away.
pub(crate) fn is_close(known: &str, given: &str) -> bool {
    let plain = |text: &str| text.replace(['_', '-'], "").to_lowercase();
    let (known, given) = (plain(known), plain(given));
    if known == given {
        return true;
    }
    let (mut a, mut b) = (known.as_bytes(), given.as_bytes());
    let shortest = a.len().min(b.len());
    while let ([x, rest_a @ ..], [y, rest_b @ ..]) = (a, b) {
        if x != y {
            break;
        }
        (a, b) = (rest_a, rest_b);
    }
    while let ([rest_a @ .., x], [rest_b @ .., y]) = (a, b) {
        if x != y {
            break;
        }
        (a, b) = (rest_a, rest_b);
    }
    let is_swap = matches!((a, b), ([p, q], [r, s]) if p == s && q == r);
    shortest >= 3 && (is_swap || (a.len() <= 1 && b.len() <= 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_is_recognised_and_another_word_is_not() {
        for (known, given) in [
            ("staleAfter", "stale_after"),
            ("rearm", "reArm"),
            ("rearm", "rarm"),
            ("above", "abvoe"),
            ("hold", "holds"),
            ("within", "witin"),
        ] {
            assert!(is_close(known, given), "{known} {given}");
        }
        for (known, given) in [("on", "in"), ("above", "below"), ("hold", "colour"), ("keep", "kelp!")] {
            assert!(!is_close(known, given), "{known} {given}");
        }
    }
}
