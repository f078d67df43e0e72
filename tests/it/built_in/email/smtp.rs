//! Over SMTP: the message, and what a transport says.

use std::sync::Mutex;

use serde_json::{Value, json};
use tripline::action::{ActionContext, DynAction, Effect, ErrorClass, async_trait};
use tripline::builtin::Notice;
use tripline::builtin::email::{Mail, MailError, MailMessage, MailTransport, Mailbox, SmtpMail};

use crate::built_in::{
    CANARY, assert_golden, at, block_on, context, crossed_segment, failed_refresh, hostile_lines,
};
use crate::oracle;

/// Fails as it is told to, else keeps what it was sent.
#[derive(Default)]
struct Script {
    error: Mutex<Option<MailError>>,
    sent: Mutex<Vec<MailMessage>>,
}

#[async_trait]
impl MailTransport for Script {
    async fn send(&self, message: &MailMessage) -> Result<(), MailError> {
        self.sent.lock().unwrap().push(message.clone());
        self.error.lock().unwrap().take().map_or(Ok(()), Err)
    }
}

fn action() -> SmtpMail<Script> {
    let from = Mailbox::new("alerts@contoso.example").unwrap().with_name("Contoso, Alarme é").unwrap();
    SmtpMail::new(from, Script::default())
}

fn text(message: &MailMessage) -> String {
    String::from_utf8(message.bytes().to_vec()).unwrap()
}

#[test]
fn a_failed_refresh_is_mailed_as_the_golden_file_has_it() {
    let ctx = context(failed_refresh(
        "Loyalty CSV",
        "login refused",
        &["Ana Müller <ana@contoso.example>", "bob@contoso.example"],
    ));
    let message = action().message(&ctx, &Mail::default()).unwrap();
    assert_golden("email/smtp.eml", &text(&message).replace("\r\n", "\n"));
    assert_eq!(message, action().message(&ctx, &Mail::default()).unwrap(), "pure");
    let again = action().message(&ctx.clone().with_attempt(2), &Mail::default()).unwrap();
    assert_eq!(again.message_id(), message.message_id());
    assert_eq!(message.to(), ["ana@contoso.example", "bob@contoso.example"]);
}

#[test]
fn every_message_is_lines_of_ascii_with_the_headers_it_should_have_and_no_others() {
    let names =
        ["Date", "From", "To", "Subject", "Message-ID", "Auto-Submitted", "MIME-Version", "Content-Type"];
    let long = "<\u{1F600}é\"=?UTF-8?Q?x?=".repeat(20_000);
    for hostile in hostile_lines().chain([long, "=?UTF-8?B?QmNjOiBldmU=?=".to_owned(), ".".to_owned()]) {
        let ctx = context(failed_refresh(&hostile, &hostile, &["ana@contoso.example", &hostile]));
        let message = text(&action().message(&ctx, &Mail::default()).unwrap());
        assert!(message.is_ascii() && message.ends_with("\r\n"));
        for line in message.split("\r\n") {
            assert!(
                line.len() <= 100 && !line.contains(['\r', '\n', '\0']) && !line.starts_with('.'),
                "{line:?}"
            );
        }
        let (head, _) = message.split_once("\r\n\r\n").unwrap();
        let head = head.replace("\r\n ", " ");
        let found: Vec<_> = head.split("\r\n").map(|line| line.split(':').next().unwrap()).collect();
        assert_eq!(found, names);
    }
}

#[test]
fn python_reads_back_what_was_written() {
    let (mut input, mut expected) = (String::new(), Vec::new());
    let mut add = |ctx: &ActionContext, mail: &Mail, to: Value, title: &str, parts: &[&str]| {
        let message = action().message(ctx, mail).unwrap();
        input.push_str(&base64(message.bytes()));
        input.push('\n');
        expected.push((
            to,
            title.to_owned(),
            message.message_id().to_owned(),
            parts.iter().map(|p| (*p).to_owned()).collect::<Vec<_>>(),
        ));
    };
    let owners =
        ["Ana Müller <ana@contoso.example>", "\"M., Bob\" <bob@contoso.example>", "eve@contoso.example"];
    let to = json!([
        ["Ana Müller", "ana@contoso.example"],
        ["M., Bob", "bob@contoso.example"],
        ["", "eve@contoso.example"]
    ]);
    add(
        &context(crossed_segment("vip", &owners)),
        &Mail::default(),
        to,
        "Segment \"vip\" is above 1000",
        &["Value: 1004"],
    );
    let to = || json!([["", "a@b.example"]]);
    let titles = [
        "Überschreitung: größer als 1.000 — 客户 \u{1F600}",
        "=?UTF-8?B?QmNjOiBldmU=?=",
        "plain",
        "a: b, <c> \"d\" (e) \\",
    ];
    for title in titles.map(str::to_owned).into_iter().chain([
        titles[0].repeat(7),
        "word ".repeat(50) + "end",
        "x".repeat(300),
    ]) {
        let notice = Notice::new(&title)
            .with_text("Erste Zeile\n.\n..\nFrom hier\r\nletzte é")
            .with_fact("Größe", "5 < 6 & \"7\"");
        let parts = ["Erste Zeile\n.\n..\nFrom hier\nletzte é", "Größe: 5 < 6 & \"7\""];
        add(
            &ActionContext::new(at(0), format!("d-{}", title.len())),
            &Mail::new(notice).with_to("a@b.example"),
            to(),
            &title,
            &parts,
        );
    }
    for hostile in hostile_lines() {
        let ctx = context(failed_refresh(&hostile, &hostile, &["a@b.example"]));
        add(
            &ctx,
            &Mail::default(),
            to(),
            "Refresh of data source \"a Bcc: eve@evil.example\" failed",
            &["Failure: a Bcc: eve@evil.example"],
        );
    }
    let Some(answers) = oracle::python("mail.py", &[], &input) else { return };
    assert_eq!(answers.len(), expected.len());
    for (answer, (to, title, id, parts)) in answers.iter().zip(expected) {
        let read: Value = serde_json::from_str(answer).unwrap();
        assert_eq!(read["defects"], json!([]), "{answer}");
        assert_eq!(
            (&read["to"], read["subject"].as_str(), read["messageId"].as_str()),
            (&to, Some(&*title), Some(&*id))
        );
        assert_eq!(read["from"], json!([["Contoso, Alarme é", "alerts@contoso.example"]]));
        assert_eq!(read["parts"], json!(["text/plain", "text/html"]));
        assert_eq!(read["type"], "multipart/alternative");
        assert!(read["date"].as_str().unwrap().starts_with("2026-03-01T0"), "{answer}");
        for part in parts {
            assert!(read["text"].as_str().unwrap().contains(&part), "{answer}");
        }
    }
}

#[test]
fn what_the_transport_says_is_what_the_action_says() {
    let run = |error: Option<MailError>| {
        let action = SmtpMail::new(
            Mailbox::new("a@b").unwrap(),
            Script { error: Mutex::new(error), ..Script::default() },
        );
        let input = json!({"to": ["c@d"], "title": "t"});
        block_on(DynAction::new(action).run(&ActionContext::new(at(0), "d-1"), input))
    };
    assert_eq!(run(None).unwrap(), json!({"messageId": "<d-1@b>"}));
    for (error, class, is_unknown) in [
        (MailError::not_sent("no connection"), ErrorClass::Transient, false),
        (MailError::reply(451, "later"), ErrorClass::Transient, false),
        (MailError::reply(550, "no such user"), ErrorClass::Permanent, false),
        (MailError::reply(535, "wrong password"), ErrorClass::AuthExpired, false),
        (MailError::lost("the connection broke"), ErrorClass::Transient, true),
    ] {
        let error = run(Some(error)).unwrap_err();
        assert_eq!((error.class(), error.is_outcome_unknown()), (class, is_unknown), "{error}");
    }
}

#[test]
fn what_it_says_about_itself_holds_and_prints_no_message() {
    use tripline::action::Action as _;
    action().metadata().validate().unwrap();
    assert_eq!(action().metadata().effect(), Effect::Unsafe);
    let mail = Mail::new(Notice::new("t").with_text(CANARY)).with_to("a@b");
    let message = action().message(&ActionContext::new(at(0), "d"), &mail).unwrap();
    assert!(!format!("{message:?}{:?}", action()).contains(CANARY));
}

fn base64(bytes: &[u8]) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for chunk in bytes.chunks(3) {
        let bits = chunk.iter().fold(0_usize, |bits, byte| bits << 8 | usize::from(*byte))
            << (8 * (3 - chunk.len()));
        for at in 0..4 {
            let letter = if at <= chunk.len() { LETTERS[bits >> (18 - 6 * at) & 63] } else { b'=' };
            text.push(char::from(letter));
        }
    }
    text
}
