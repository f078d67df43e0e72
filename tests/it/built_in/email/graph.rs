//! Through Microsoft Graph.

use serde_json::{Value, json};
use tripline::action::{ActionContext, Effect, HttpAction};
use tripline::builtin::Notice;
use tripline::builtin::email::{GraphMail, Mail};

use crate::built_in::{assert_golden, at, context, crossed_segment, failed_refresh, hostile_lines, shown};

fn action() -> GraphMail {
    GraphMail::new("alerts@contoso.example")
}

fn message(ctx: &ActionContext, mail: &Mail) -> Value {
    serde_json::from_slice::<Value>(action().encode(ctx, mail).unwrap().body()).unwrap()["message"].clone()
}

#[test]
fn a_crossed_segment_is_mailed_to_its_owners_as_the_golden_file_has_it() {
    let ctx = context(crossed_segment(
        "vip",
        &["Ana Müller <ana@contoso.example>", "bob@contoso.example", "BOB@contoso.example"],
    ));
    let mail = Mail::new(
        Notice::default().with_text("One\nTwo & three").with_link("Open", "https://ci.example.com/?a=1&b=2"),
    );
    let request = action().encode(&ctx, &mail).unwrap();
    assert_golden("email/graph.txt", &shown(&request));
    assert_eq!(shown(&request), shown(&action().encode(&ctx, &mail).unwrap()), "pure");
}

#[test]
fn those_who_are_named_go_before_the_owners() {
    let ctx = context(crossed_segment("vip", &["ana@contoso.example"]));
    let message = message(&ctx, &Mail::default().with_to("bob@contoso.example"));
    assert_eq!(message["toRecipients"], json!([{"emailAddress": {"address": "bob@contoso.example"}}]));
}

#[test]
fn an_owner_without_an_address_does_not_keep_the_others_from_being_told() {
    let ctx = context(crossed_segment("vip", &["the <night> shift", "ana@contoso.example"]));
    let message = message(&ctx, &Mail::default());
    assert_eq!(message["toRecipients"].as_array().unwrap().len(), 1);
    let html = message["body"]["content"].as_str().unwrap();
    assert!(html.contains("Owners without an e-mail address</th><td>the &lt;night&gt; shift</td>"), "{html}");
}

#[test]
fn nothing_that_comes_from_outside_becomes_html() {
    let evil = "<script>alert('1')</script>\"><img src=x onerror=1>&amp;";
    for hostile in hostile_lines().chain([evil.to_owned(), evil.repeat(20_000)]) {
        let hostile = format!("{hostile}{evil}");
        let message = message(&context(failed_refresh(&hostile, &hostile, &["a@b"])), &Mail::default());
        let html = message["body"]["content"].as_str().unwrap();
        assert!(!html.contains("<script") && !html.contains("<img") && !html.contains("'1'"), "{html}");
        assert!(html.contains("&lt;script") && html.len() < 20_000, "{html}");
        assert!(!message["subject"].as_str().unwrap().contains(char::is_control));
    }
}

#[test]
fn an_odd_key_breaks_no_header_and_stays_one_id() {
    let id = |key: &str| {
        let message = message(&ActionContext::new(at(0), key), &Mail::new(Notice::new("t")).with_to("a@b"));
        message["internetMessageHeaders"][0]["value"].as_str().unwrap().to_owned()
    };
    assert_eq!(id("d-17_x"), "d-17_x");
    for hostile in
        hostile_lines().chain([String::new(), "x".repeat(500), "é".to_owned(), "a.b@c>".to_owned()])
    {
        let shown = id(&hostile);
        assert!(
            shown.len() == 22 && shown.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_".contains(&b)),
            "{shown}"
        );
        assert_eq!(shown, id(&hostile));
    }
}

#[test]
fn a_sender_stays_in_its_place() {
    let ctx = ActionContext::new(at(0), "d-1");
    let mail = Mail::new(Notice::new("t")).with_to("a@b");
    let uri = |sender: &str| Some(GraphMail::new(sender).encode(&ctx, &mail).ok()?.uri().to_string());
    assert_eq!(uri("../x?y#z").unwrap(), "https://graph.microsoft.com/v1.0/users/..%2Fx%3Fy%23z/sendMail");
    assert_eq!((uri(".."), uri(""), uri("a\r\nb")), (None, None, None));
}

#[test]
fn what_it_says_about_itself_holds() {
    action().metadata().validate().unwrap();
    assert_eq!(action().metadata().effect(), Effect::Unsafe);
    let accepted = http::Response::builder().status(202).body(Vec::new()).unwrap();
    assert_eq!(action().decode(&ActionContext::new(at(0), "d"), accepted).unwrap(), json!({"status": 202}));
}
