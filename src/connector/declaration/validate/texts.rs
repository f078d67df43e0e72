//! The rules that texts for people keep to.

use super::{Findings, quoted};

/// Names of products, which neither titles nor descriptions may hold.
const PRODUCTS: [&str; 9] = [
    "Power Apps",
    "PowerApps",
    "Power Automate",
    "PowerAutomate",
    "Power Platform",
    "Power Virtual Agents",
    "Copilot Studio",
    "Power BI",
    "Logic Apps",
];

/// What the title of a connector may not say, since all of them are that.
const OBVIOUS: [&str; 2] = ["API", "Connector"];

const MAX_TITLE: usize = 30;
/// The most characters of an operation's title, or a field's.
pub(super) const MAX_SUMMARY: usize = 80;

/// The title of a connector.
pub(super) fn title(text: &str, findings: &mut Findings) {
    let place = "title";
    if text.trim().is_empty() {
        findings.add(place, "is missing", "give it a title of at most 30 characters");
        return;
    }
    at_most(place, text, MAX_TITLE, findings);
    ends_with_a_letter(place, text, findings);
    for word in OBVIOUS.into_iter().filter(|word| holds(text, word)) {
        let what = format!("{} holds the word {word:?}, which a title may not", quoted(text));
        findings.add(place, what, "say what it connects to");
    }
    products(place, text, findings);
}

/// The title of an operation.
pub(super) fn summary(place: &str, text: &str, findings: &mut Findings) {
    if text.trim().is_empty() {
        findings.add(place, "is missing", "say in a few words what it does");
        return;
    }
    at_most(place, text, MAX_SUMMARY, findings);
    let is_allowed = |c: &char| c.is_ascii_alphanumeric() || " ()-,.'&".contains(*c);
    if let Some(other) = text.chars().find(|c| !is_allowed(c)) {
        let what = format!("{} holds {other:?}", quoted(text));
        findings.add(place, what, "keep to ASCII letters, digits, spaces and ( ) - , . ' &");
    }
    ends_with_a_letter(place, text, findings);
    products(place, text, findings);
}

/// The title of a field.
pub(super) fn label(place: &str, text: Option<&str>, findings: &mut Findings) {
    match text.filter(|text| !text.trim().is_empty()) {
        None => findings.add(place, "is missing", "say in a word or two what is filled in"),
        Some(text) => at_most(place, text, MAX_SUMMARY, findings),
    }
}

/// The description of an operation.
pub(super) fn sentence(place: &str, text: &str, title: &str, findings: &mut Findings) {
    if text.trim().is_empty() {
        findings.add(place, "is missing", "say in a sentence what it does");
        return;
    }
    if !text.ends_with(['.', '!', '?', ')']) {
        let end: String = text.chars().rev().take(20).collect::<Vec<_>>().into_iter().rev().collect();
        findings.add(place, format!("ends with {end:?}"), "write sentences, and end the last one");
    }
    if text.trim().trim_end_matches('.') == title.trim() {
        findings.add(place, "says what the title says", "say more than the title does");
    }
    products(place, text, findings);
}

pub(super) fn products(place: &str, text: &str, findings: &mut Findings) {
    for word in PRODUCTS.into_iter().filter(|word| holds(text, word)) {
        let what = format!("names the product {word:?}");
        findings.add(place, what, "leave out where it runs: people see that");
    }
}

fn at_most(place: &str, text: &str, most: usize, findings: &mut Findings) {
    let length = text.chars().count();
    if length > most {
        findings.add(place, format!("has {length} characters, the limit is {most}"), "shorten it");
    }
}

fn ends_with_a_letter(place: &str, text: &str, findings: &mut Findings) {
    if !text.ends_with(|c: char| c.is_alphanumeric() || c == ')') {
        let what = format!("{} does not end with a letter, a digit or )", quoted(text));
        findings.add(place, what, "take off what stands at its end");
    }
}

/// Whether the text holds the word by itself, whatever the case.
fn holds(text: &str, word: &str) -> bool {
    let (text, word) = (text.to_lowercase(), word.to_lowercase());
    let is_part = |c: Option<char>| c.is_some_and(|c| c.is_alphanumeric() || c == '_');
    text.match_indices(&word).any(|(at, _)| {
        !is_part(text[..at].chars().next_back()) && !is_part(text[at + word.len()..].chars().next())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_is_found_by_itself_and_in_any_case() {
        for (text, is_held) in [
            ("Contoso API", true),
            ("api of Contoso", true),
            ("(API)", true),
            ("Capital", false),
            ("APIs", false),
            ("_api", false),
            ("my-api", true),
            ("çapi", false),
        ] {
            assert_eq!(holds(text, "API"), is_held, "{text}");
        }
        assert!(
            holds("Made for power automate.", "Power Automate")
                && !holds("Power  Automate", "Power Automate")
        );
    }
}
