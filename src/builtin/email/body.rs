//! A notice as the text of an e-mail.

use crate::builtin::Notice;

/// As HTML, everything in it escaped.
pub(super) fn html(notice: &Notice) -> String {
    let mut html = String::from("<!DOCTYPE html>\n<html><body style=\"font-family:sans-serif\">\n");
    html.push_str("<h2>");
    push_escaped(&mut html, notice.title().unwrap_or_default());
    html.push_str("</h2>\n");
    if let Some(text) = notice.text() {
        html.push_str("<p>");
        for (at, line) in lines(text).enumerate() {
            html.push_str(if at > 0 { "<br>\n" } else { "" });
            push_escaped(&mut html, line);
        }
        html.push_str("</p>\n");
    }
    if !notice.facts().is_empty() {
        html.push_str("<table>\n");
        for fact in notice.facts() {
            html.push_str("<tr><th align=\"left\">");
            push_escaped(&mut html, fact.name());
            html.push_str("</th><td>");
            push_escaped(&mut html, fact.value());
            html.push_str("</td></tr>\n");
        }
        html.push_str("</table>\n");
    }
    if let Some((title, url)) = notice.link() {
        html.push_str("<p><a href=\"");
        push_escaped(&mut html, url);
        html.push_str("\">");
        push_escaped(&mut html, title);
        html.push_str("</a></p>\n");
    }
    html.push_str("</body></html>\n");
    html
}

/// As plain text.
#[cfg(feature = "email")]
pub(super) fn text(notice: &Notice) -> String {
    let mut text = format!("{}\n", notice.title().unwrap_or_default());
    if let Some(said) = notice.text() {
        text.push('\n');
        for line in lines(said) {
            text.push_str(line);
            text.push('\n');
        }
    }
    if !notice.facts().is_empty() {
        text.push('\n');
        for fact in notice.facts() {
            text.push_str(&format!("{}: {}\n", fact.name(), fact.value()));
        }
    }
    if let Some((title, url)) = notice.link() {
        text.push_str(&format!("\n{title}: {url}\n"));
    }
    text
}

/// Lines, whichever way they end.
fn lines(text: &str) -> impl Iterator<Item = &str> {
    text.split('\n').map(|line| line.strip_suffix('\r').unwrap_or(line)).flat_map(|line| line.split('\r'))
}

fn push_escaped(html: &mut String, text: &str) {
    for c in text.chars() {
        match c {
            '&' => html.push_str("&amp;"),
            '<' => html.push_str("&lt;"),
            '>' => html.push_str("&gt;"),
            '"' => html.push_str("&quot;"),
            '\'' => html.push_str("&#39;"),
            _ => html.push(c),
        }
    }
}
