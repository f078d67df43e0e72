//! E-mail to the owners of the data.

mod graph;
#[cfg(feature = "email")]
mod smtp;

use tripline::action::ActionContext;
use tripline::action::HttpAction;
use tripline::builtin::Notice;
use tripline::builtin::email::{GraphMail, Mail};

use super::{at, context, failed_refresh, hostile_lines};

fn refusal(ctx: &ActionContext, mail: &Mail) -> String {
    GraphMail::new("alerts@contoso.example").encode(ctx, mail).unwrap_err().to_string()
}

#[test]
fn without_an_owner_the_error_names_the_resource() {
    let ctx = context(failed_refresh("Loyalty CSV", "login refused", &[]));
    let expected = "no owner of data source \"Loyalty CSV\" is known: the event and the catalogue name none, and `to` is empty";
    assert_eq!(refusal(&ctx, &Mail::default()), expected);
    let ctx = context(failed_refresh("Loyalty CSV", "login refused", &["the night shift"]));
    let expected =
        "no owner of data source \"Loyalty CSV\" has an e-mail address: \"the night shift\" is none";
    assert_eq!(refusal(&ctx, &Mail::default()), expected);
}

#[test]
fn every_recipient_that_is_none_is_told_with_its_place() {
    let ctx = ActionContext::new(at(0), "d-1");
    let mail =
        Mail::default().with_to("ana@contoso.example").with_to("bob").with_to("eve@evil.example\r\nBcc: x@y");
    let error = GraphMail::new("a@b").encode(&ctx, &mail).unwrap_err();
    let fields: Vec<_> = error.fields().iter().map(|fault| fault.path()).collect();
    assert_eq!(fields, ["to[1]", "to[2]", "title"], "{error}");
    let many = (0..501).fold(Mail::new(Notice::new("t")), |mail, n| mail.with_to(format!("a{n}@b")));
    assert_eq!(refusal(&ctx, &many), "to: are 501 recipients, the limit is 500");
}

#[test]
fn a_line_that_breaks_out_is_refused_wherever_it_is_given() {
    let ctx = ActionContext::new(at(0), "d-1");
    for hostile in hostile_lines() {
        let mail = Mail::new(Notice::new(&hostile))
            .with_to(format!("{hostile} <a@b>"))
            .with_to(format!("{hostile}@b"));
        let error = GraphMail::new("a@b").encode(&ctx, &mail).unwrap_err();
        let fields: Vec<_> = error.fields().iter().map(|fault| fault.path()).collect();
        assert_eq!(fields, ["to[0]", "to[1]", "title"], "{hostile:?}");
    }
}
