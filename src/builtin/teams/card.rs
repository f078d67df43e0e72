//! A notice as an Adaptive Card.

use serde_json::{Value, json};

use super::escape_markdown;
use crate::action::ActionError;
use crate::builtin::Notice;

/// A notice as an [Adaptive Card](https://adaptivecards.io/explorer/) of
/// version 1.4: the title, the text, a table of the facts, and a button for the link.
///
/// All of it is shown as it is; Markdown in it means nothing.
///
/// # Errors
///
/// As [`Notice::check`].
///
/// ```
/// use tripline::builtin::{Notice, teams};
///
/// let card = teams::card(&Notice::new("VIPs *passed* 1,000").with_fact("Value", "1004"))?;
/// assert_eq!(card["version"], "1.4");
/// assert_eq!(card["body"][0]["text"], r"VIPs \*passed\* 1,000");
/// assert_eq!(card["body"][1]["facts"][0]["value"], "1004");
/// # Ok::<(), tripline::action::ActionError>(())
/// ```
pub fn card(notice: &Notice) -> Result<Value, ActionError> {
    notice.check()?;
    let title = escape_markdown(notice.title().unwrap_or_default());
    let mut body =
        vec![json!({"type": "TextBlock", "text": title, "size": "Large", "weight": "Bolder", "wrap": true})];
    if let Some(text) = notice.text() {
        // A single line break is a space in Markdown.
        let text = escape_markdown(&text.replace("\r\n", "\n").replace('\r', "\n")).replace('\n', "\n\n");
        body.push(json!({"type": "TextBlock", "text": text, "wrap": true}));
    }
    if !notice.facts().is_empty() {
        let facts: Vec<Value> = notice
            .facts()
            .iter()
            .map(
                |fact| json!({"title": escape_markdown(fact.name()), "value": escape_markdown(fact.value())}),
            )
            .collect();
        body.push(json!({"type": "FactSet", "facts": facts}));
    }
    let mut card = json!({
        "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
        "type": "AdaptiveCard",
        "version": "1.4",
        "body": body,
    });
    if let Some((title, url)) = notice.link() {
        card["actions"] = json!([{"type": "Action.OpenUrl", "title": title, "url": url}]);
    }
    Ok(card)
}
