//! What a notice may hold.

use super::Notice;
use super::text::is_odd;
use crate::action::{ActionError, HttpRequest};

pub(super) const MAX_TITLE: usize = 300;
pub(super) const MAX_TEXT: usize = 20_000;
const MAX_FACTS: usize = 50;
const MAX_NAME: usize = 100;
const MAX_VALUE: usize = 2_000;
const MAX_LINK: usize = 2_048;

pub(super) fn check(notice: &Notice) -> Result<(), ActionError> {
    let mut faults = Faults(Vec::new());
    match notice.title() {
        None => faults.push("title", "is needed where nothing has fired"),
        Some(title) if title.trim().is_empty() => faults.push("title", "is empty"),
        Some(title) => faults.line("title", title, MAX_TITLE),
    }
    if let Some(text) = notice.text() {
        faults.text("text", text, MAX_TEXT, |c| is_odd(c) && !matches!(c, '\n' | '\r' | '\t'));
    }
    if notice.facts().len() > MAX_FACTS {
        faults.push("facts", format!("are {}, the limit is {MAX_FACTS}", notice.facts().len()));
    }
    for (at, fact) in notice.facts().iter().enumerate().take(MAX_FACTS) {
        faults.line(&format!("facts[{at}].name"), fact.name(), MAX_NAME);
        faults.line(&format!("facts[{at}].value"), fact.value(), MAX_VALUE);
    }
    if let Some((title, url)) = notice.link() {
        faults.line("linkTitle", title, MAX_NAME);
        if let Some(fault) = fault_of_link(url) {
            faults.push("link", fault);
        }
    } else if notice.link_title.is_some() {
        faults.push("linkTitle", "is given without a link");
    }
    faults.into_result()
}

struct Faults(Vec<(String, String)>);

impl Faults {
    fn push(&mut self, field: &str, message: impl Into<String>) {
        self.0.push((field.to_owned(), message.into()));
    }

    fn line(&mut self, field: &str, text: &str, most: usize) {
        self.text(field, text, most, is_odd);
    }

    fn text(&mut self, field: &str, text: &str, most: usize, is_refused: impl Fn(char) -> bool) {
        if let Some(odd) = text.chars().find(|c| is_refused(*c)) {
            self.push(field, format!("holds the control character U+{:04X}", u32::from(odd)));
        }
        let length = text.chars().count();
        if length > most {
            self.push(field, format!("has {length} characters, the limit is {most}"));
        }
    }

    fn into_result(self) -> Result<(), ActionError> {
        let mut faults = self.0.into_iter();
        let Some((field, message)) = faults.next() else { return Ok(()) };
        let first = ActionError::invalid_input(field, message);
        Err(faults.fold(first, |error, (field, message)| error.with_field(field, message)))
    }
}

/// What is wrong with a URL that people are to open, if anything is.
fn fault_of_link(url: &str) -> Option<String> {
    if url.len() > MAX_LINK {
        return Some(format!("has {} bytes, the limit is {MAX_LINK}", url.len()));
    }
    if !url.get(..8).is_some_and(|scheme| scheme.eq_ignore_ascii_case("https://")) {
        return Some("does not start with https://".to_owned());
    }
    if url.contains(['\\', '"', '<', '>', '`']) {
        return Some("holds a character that no URL has".to_owned());
    }
    // A fragment is for the reader's browser; everything before it is as in any other URL.
    let sent = url.split('#').next().unwrap_or(url);
    let error = HttpRequest::get(sent).build().err()?;
    error.fields().first().map(|fault| fault.message().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_leads_where_it_says_or_is_refused() {
        for good in ["https://a.example/", "HTTPS://a.example/x?y=1#/z", "https://a.example:8443"] {
            assert_eq!(fault_of_link(good), None, "{good}");
        }
        for bad in [
            "",
            "http://a.example/",
            "javascript:alert(1)",
            "https://",
            "https://good.example@evil.example/",
            "https://a.example/ x",
            "https://a.example/\r\nx",
            "https://a.example/\0",
            "https://a.example/\"onclick=\"",
            "https://a.example/é",
            "https://a.example\\@b.example",
            "https://a.example:99999/",
        ] {
            assert!(fault_of_link(bad).is_some(), "{bad:?}");
        }
        assert!(fault_of_link(&format!("https://a.example/{}", "x".repeat(3_000))).is_some());
    }

    #[test]
    fn every_fault_is_told() {
        let mut notice = Notice::new("x".repeat(301)).with_text("a\0").with_fact("n\n", "v".repeat(2_001));
        let fields = |notice: &Notice| {
            let error = notice.check().unwrap_err();
            error.fields().iter().map(|fault| fault.path().to_owned()).collect::<Vec<_>>()
        };
        assert_eq!(fields(&notice), ["title", "text", "facts[0].name", "facts[0].value"]);
        for _ in 0..50 {
            notice = notice.with_fact("n", "v");
        }
        assert!(fields(&notice).contains(&"facts".to_owned()));
        assert_eq!(fields(&Notice::default()), ["title"]);
        assert_eq!(fields(&Notice::new(" ")), ["title"]);
    }
}
