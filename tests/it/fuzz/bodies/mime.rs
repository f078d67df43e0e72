//! Messages of e-mail: what is written is parsed by a reader of our own here, and compared.

use chrono::DateTime;
use tripline::action::{ActionContext, async_trait};
use tripline::builtin::Notice;
use tripline::builtin::email::{Mail, MailError, MailMessage, MailTransport, Mailbox, SmtpMail};

use super::input::Input;

const HEADERS: [&str; 8] =
    ["Date", "From", "To", "Subject", "Message-ID", "Auto-Submitted", "MIME-Version", "Content-Type"];

struct Nowhere;

#[async_trait]
impl MailTransport for Nowhere {
    async fn send(&self, _: &MailMessage) -> Result<(), MailError> {
        Ok(())
    }
}

/// The texts that the input gives, in this order, each up to a zero byte.
struct Texts {
    key: String,
    sender: String,
    recipient: String,
    title: String,
    text: String,
    fact: (String, String),
    link: String,
}

pub(crate) fn body(data: &[u8]) {
    let mut input = Input(data);
    let mut text = || String::from_utf8_lossy(input.until(0)).into_owned();
    let texts = Texts {
        key: text(),
        sender: text(),
        recipient: text(),
        title: text(),
        text: text(),
        fact: (text(), text()),
        link: text(),
    };
    let Ok(from) = Mailbox::new("alerts@contoso.example").and_then(|from| from.with_name(&*texts.sender))
    else {
        return;
    };
    let action = SmtpMail::new(from.clone(), Nowhere);
    let ctx = ActionContext::new(DateTime::UNIX_EPOCH, &*texts.key);
    match action.message(&ctx, &mail(&texts)) {
        Ok(message) => {
            compare(&message, &from, &texts);
            assert_eq!(action.message(&ctx, &mail(&texts)).ok().as_ref(), Some(&message));
            // The same without a character that HTML has a meaning for has as many tags.
            let tame = |text: &str| text.replace(['<', '>', '&', '"', '\''], "x");
            let tame = Texts { text: tame(&texts.text), title: tame(&texts.title), ..texts };
            let tame = Texts { fact: (tame.fact.0.replace('<', "x"), tame.fact.1.replace('<', "x")), ..tame };
            let other = action.message(&ctx, &mail(&tame)).expect("as good as before");
            let tags = |message: &MailMessage| parts(message)[1].matches('<').count();
            assert_eq!(tags(&message), tags(&other));
        }
        Err(error) => {
            assert!(error.is_invalid_input() && !error.fields().is_empty(), "{error}");
            assert!(error.to_string().len() < 2_000, "{error}");
        }
    }
}

fn mail(texts: &Texts) -> Mail {
    let mut notice =
        Notice::new(&*texts.title).with_text(&*texts.text).with_fact(&*texts.fact.0, &*texts.fact.1);
    if !texts.link.is_empty() {
        notice = notice.with_link("Open", &*texts.link);
    }
    Mail::new(notice).with_to(&*texts.recipient).with_to("Bob <bob@contoso.example>")
}

fn compare(message: &MailMessage, from: &Mailbox, texts: &Texts) {
    let bytes = std::str::from_utf8(message.bytes()).expect("it is ASCII");
    assert!(bytes.is_ascii() && bytes.ends_with("\r\n"));
    for line in bytes.split("\r\n") {
        assert!(
            line.len() <= 998 && !line.contains(['\r', '\n', '\0']) && !line.starts_with('.'),
            "{line:?}"
        );
    }
    let (head, _) = bytes.split_once("\r\n\r\n").expect("headers and a body");
    let head = head.replace("\r\n ", " ");
    let headers: Vec<(&str, &str)> = head.split("\r\n").filter_map(|line| line.split_once(": ")).collect();
    assert_eq!(headers.iter().map(|(name, _)| *name).collect::<Vec<_>>(), HEADERS, "{head}");
    let recipient: Mailbox = texts.recipient.parse().expect("else it is refused");
    let mut to = vec![recipient];
    if !to[0].address().eq_ignore_ascii_case("bob@contoso.example") {
        to.push("Bob <bob@contoso.example>".parse().expect("an address"));
    }
    assert_eq!(mailboxes(headers[1].1), [named(from)]);
    assert_eq!(mailboxes(headers[2].1), to.iter().map(named).collect::<Vec<_>>());
    assert_eq!(message.to(), to.iter().map(Mailbox::address).collect::<Vec<_>>());
    assert_eq!(words(headers[3].1), texts.title.trim());
    assert_eq!(headers[4].1, message.message_id());
    let [text, html] = parts(message);
    let text = text.replace("\r\n", "\n");
    assert!(text.starts_with(&format!("{}\n", texts.title)), "{text}");
    for line in
        texts.text.split(['\r', '\n']).chain([&*format!("{}: {}", texts.fact.0, texts.fact.1), &texts.link])
    {
        assert!(text.contains(line), "{line:?} is not in {text:?}");
    }
    assert!(html.starts_with("<!DOCTYPE html>") && html.trim_end().ends_with("</html>"));
}

fn named(mailbox: &Mailbox) -> (String, String) {
    (mailbox.name().unwrap_or_default().to_owned(), mailbox.address().to_owned())
}

/// The two parts, decoded.
fn parts(message: &MailMessage) -> [String; 2] {
    let bytes = String::from_utf8_lossy(message.bytes()).into_owned();
    let (_, boundary) = bytes.split_once("boundary=\"").expect("a boundary");
    let (boundary, rest) = boundary.split_once('"').expect("its end");
    assert!(boundary.len() <= 70, "{boundary}");
    let line = format!("--{boundary}");
    let mut parts = rest.split(&line);
    assert_eq!(parts.next(), Some("\r\n\r\n"), "nothing stands before the first part");
    let mut part = |subtype: &str| {
        let part = parts.next().expect("a part").strip_prefix("\r\n").expect("on a line of its own");
        let (head, body) = part.split_once("\r\n\r\n").expect("headers and a body");
        assert!(head.contains(&format!("Content-Type: text/{subtype}; charset=utf-8")), "{head}");
        assert!(head.contains("Content-Transfer-Encoding: base64"), "{head}");
        assert!(body.split("\r\n").all(|line| line.len() <= 76));
        base64(&body.replace("\r\n", ""))
    };
    let found = [part("plain"), part("html")];
    assert_eq!((parts.next(), parts.next()), (Some("--\r\n"), None));
    found
}

/// Encoded words, or the text as it is.
fn words(text: &str) -> String {
    if !text.starts_with("=?") {
        return text.to_owned();
    }
    let word = |word: &str| {
        assert!(word.len() <= 75, "{word}");
        let inner = word.strip_prefix("=?UTF-8?B?").and_then(|word| word.strip_suffix("?="));
        base64(inner.expect("an encoded word"))
    };
    text.split(' ').map(word).collect()
}

/// Names and addresses, after RFC 5322.
fn mailboxes(mut text: &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    while !text.is_empty() {
        let mut name = String::new();
        if let Some(quoted) = text.strip_prefix('"') {
            let mut chars = quoted.char_indices();
            let end = loop {
                match chars.next().expect("a quoted string ends") {
                    (at, '"') => break at,
                    (_, '\\') => name.extend(chars.next().map(|(_, c)| c)),
                    (_, c) => name.push(c),
                }
            };
            text = quoted[end + 1..].trim_start_matches(' ');
        } else if text.starts_with("=?") && text.split(',').next().is_some_and(|one| one.contains(" <")) {
            let (encoded, rest) = text.split_once(" <").expect("an address behind the name");
            name = words(encoded);
            text = &text[text.len() - rest.len() - 1..];
        }
        let (one, rest) = text.split_once(',').unwrap_or((text, ""));
        let address = one.strip_prefix('<').and_then(|one| one.strip_suffix('>')).unwrap_or(one);
        found.push((name, address.to_owned()));
        text = rest.trim_start_matches(' ');
    }
    found
}

fn base64(text: &str) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    assert_eq!(text.len() % 4, 0, "{text}");
    let mut bytes = Vec::new();
    for four in text.as_bytes().chunks(4) {
        let pads = four.iter().rev().take_while(|byte| **byte == b'=').count();
        let value = |byte: &u8| LETTERS.iter().position(|letter| letter == byte);
        let bits =
            four[..4 - pads].iter().fold(0_usize, |bits, byte| bits << 6 | value(byte).expect("base64"));
        let bits = (bits << (6 * pads)).to_be_bytes();
        bytes.extend(&bits[bits.len() - 3..bits.len() - pads]);
    }
    String::from_utf8(bytes).expect("each word and part is UTF-8 by itself")
}
