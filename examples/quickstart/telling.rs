//! Two of these firings, on their way to people: a message in a Teams channel, an e-mail to the data's owners.
//!
//! An action makes an HTTP request; whoever embeds it sends it, with the client of their choice. Here the requests are
//! shown instead. (`examples/notify` sends them.)

use std::error::Error;

use http::Request;
use serde_json::Value;
use tripline::action::{ActionContext, HttpAction, SecretUrl};
use tripline::builtin::Notice;
use tripline::builtin::email::{GraphMail, Mail};
use tripline::builtin::teams::TeamsWebhook;
use tripline::firing::Firing;

pub(crate) fn run(firings: &[Firing]) -> Result<(), Box<dyn Error>> {
    let of = |trigger: &str| firings.iter().find(|firing| firing.trigger() == trigger).cloned();
    let failed = of("source-failed").ok_or("a refresh has failed")?;
    let crossed = of("vip-1000").ok_or("a threshold was crossed")?;

    // What has fired says it all; a link for those who want to look is added. The URL of the workflow in Teams is a
    // secret: whoever knows it can post.
    let url = SecretUrl::new("https://prod-12.westeurope.logic.azure.com/workflows/9f/invoke?sig=s3cr3t")?;
    let notice = Notice::default().with_link("Open the data sources", "https://ci.contoso.example/sources");
    let request = TeamsWebhook::new(url.clone()).encode(&attempt(failed), &notice)?;
    println!("A message to a Teams channel: the data source's refresh has failed\n");
    show(&url.to_string(), &request)?;

    // The log does not say whose the segment is; the host's catalogue does.
    let crossed = crossed.with_owners_if_none(["Ana Müller <ana@contoso.example>"]);
    let mail = Mail::new(Notice::default().with_text("Time to open the champagne."));
    let request = GraphMail::new("alerts@contoso.example").encode(&attempt(crossed), &mail)?;
    println!("\nAn e-mail to the segment's owners: the threshold was crossed\n");
    show(&request.uri().to_string(), &request)
}

/// What an action is told about its attempt: the time, by the host's clock, and the key, which stays the same if it has to be
/// tried again.
fn attempt(firing: Firing) -> ActionContext {
    ActionContext::new(firing.time(), firing.id().to_string()).with_firing(firing)
}

fn show(url: &str, request: &Request<Vec<u8>>) -> Result<(), Box<dyn Error>> {
    let body: Value = serde_json::from_slice(request.body())?;
    println!("{} {url}\n{}", request.method(), serde_json::to_string_pretty(&body)?);
    Ok(())
}
