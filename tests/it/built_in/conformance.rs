//! Every built-in action under the suite that connector authors run on theirs.

use std::collections::BTreeMap;
use std::net::IpAddr;

use http::header::CONTENT_TYPE;
use http::{Request, Response, StatusCode};
use serde_json::{Value, json};
use tripline::action::{
    ActionContext, CheckedAddresses, Credential, HttpAction, OverHttp, Secret, SecretRef, SecretUrl,
};
use tripline::builtin::customer_insights as ci;
use tripline::builtin::teams::{TeamsChannelMessage, TeamsWebhook};
use tripline::builtin::webhook::{Form, Webhook};
#[cfg(feature = "email")]
use tripline::testing::Check;
use tripline::testing::{CANARY, Capabilities, conformance};

use super::{crossed_segment, failed_refresh};

fn checked(ctx: ActionContext) -> ActionContext {
    ctx.with_checked_addresses(CheckedAddresses::new([IpAddr::from([93, 184, 215, 14])]))
}

fn accepted(_: &Request<Vec<u8>>) -> Response<Vec<u8>> {
    let mut response = Response::new(Vec::new());
    *response.status_mut() = StatusCode::ACCEPTED;
    response
}

fn mail() -> Value {
    json!({"to": ["ana@contoso.example"], "title": "VIPs passed 1000", "text": "Look!",
           "facts": [{"name": "Value", "value": "1004"}], "link": "https://ci.example.com/", "linkTitle": "Look"})
}

fn secret_url() -> SecretUrl {
    SecretUrl::new(format!("https://hooks.contoso.example/in?sig={CANARY}")).unwrap()
}

/// With a secret of its own, that of the suite being no URL and no key.
fn with_secret(ctx: ActionContext, secret: &str) -> ActionContext {
    ctx.with_secrets(BTreeMap::from([("own".to_owned(), Secret::new(secret))]))
}

#[test]
fn a_message_to_a_workflow_of_teams_conforms() {
    let firing = failed_refresh("Loyalty", "no such table", &["ana@contoso.example"]);
    let capabilities = Capabilities::new()
        .with_debug()
        .with_service(accepted)
        .with_context(move |ctx| checked(ctx).with_firing(firing.clone()));
    conformance(|transport| OverHttp::new(TeamsWebhook::new(secret_url()), transport), capabilities).assert();
}

#[test]
fn a_message_to_a_channel_of_teams_conforms() {
    let firing = failed_refresh("Loyalty", "no such table", &["ana@contoso.example"]);
    let capabilities =
        Capabilities::new().with_debug().with_context(move |ctx| ctx.with_firing(firing.clone()));
    conformance(|transport| OverHttp::new(TeamsChannelMessage::new(), transport), capabilities).assert();
}

#[test]
fn a_webhook_conforms() {
    let firing = crossed_segment("vip", &["ana@contoso.example"]);
    let capabilities = Capabilities::new()
        .with_debug()
        .with_service(accepted)
        .with_context(move |ctx| checked(ctx).with_firing(firing.clone()));
    conformance(|transport| OverHttp::new(Webhook::new(secret_url()), transport), capabilities).assert();
}

#[test]
fn a_webhook_conforms_in_every_form_under_a_url_that_is_a_secret() {
    for form in [Form::StructuredEvent, Form::BinaryEvent, Form::Json] {
        let firing = crossed_segment("vip", &["ana@contoso.example"]);
        let capabilities = Capabilities::new().with_debug().with_service(accepted).with_context(move |ctx| {
            checked(with_secret(ctx, secret_url().expose())).with_firing(firing.clone())
        });
        let make = |transport| OverHttp::new(Webhook::named("own").with_form(form), transport);
        conformance(make, capabilities).assert();
    }
}

#[cfg(feature = "signing")]
#[test]
fn a_signed_webhook_conforms_with_a_key_of_its_own_or_by_name() {
    let secret = tripline::webhook::SigningSecret::from_bytes(&[7; 32]).unwrap();
    let text = secret.expose();
    let signer = tripline::webhook::Signer::new([secret]).unwrap();
    let webhook = Webhook::new(secret_url());
    for webhook in [webhook.clone().with_signer(signer), webhook.with_signing_secret(SecretRef::named("own"))]
    {
        let firing = crossed_segment("vip", &["ana@contoso.example"]);
        let capabilities = Capabilities::new().with_debug().with_service(accepted).with_context({
            let text = text.clone();
            move |ctx| checked(with_secret(ctx, &text)).with_firing(firing.clone())
        });
        conformance(|transport| OverHttp::new(webhook.clone(), transport), capabilities).assert();
    }
}

#[test]
fn a_message_to_a_workflow_whose_url_is_a_secret_conforms() {
    let firing = failed_refresh("Loyalty", "no such table", &["ana@contoso.example"]);
    let capabilities = Capabilities::new().with_debug().with_service(accepted).with_context(move |ctx| {
        checked(with_secret(ctx, secret_url().expose())).with_firing(firing.clone())
    });
    conformance(|transport| OverHttp::new(TeamsWebhook::named("own"), transport), capabilities).assert();
}

#[test]
fn a_mail_through_graph_conforms() {
    let firing = crossed_segment("vip", &["ana@contoso.example"]);
    let capabilities = Capabilities::new()
        .with_debug()
        .with_service(accepted)
        .with_input(mail())
        .with_context(move |ctx| ctx.with_firing(firing.clone()));
    let make = |transport| {
        OverHttp::new(tripline::builtin::email::GraphMail::new("alerts@contoso.example"), transport)
    };
    conformance(make, capabilities).assert();
}

#[cfg(feature = "email")]
#[test]
fn a_mail_over_smtp_conforms() {
    use tripline::action::{AnswerLimits, Transport, async_trait};
    use tripline::builtin::email::{MailError, MailMessage, MailTransport, Mailbox, SmtpMail};
    use tripline::testing::ScriptedTransport;

    /// Speaks mail over the suite's transport: an answer of HTTP stands for one of SMTP.
    struct Adapter(ScriptedTransport);

    #[async_trait]
    impl MailTransport for Adapter {
        async fn send(&self, message: &MailMessage) -> Result<(), MailError> {
            let mut request =
                Request::post("https://smtp.example.com/").body(message.bytes().to_vec()).unwrap();
            request.headers_mut().insert(CONTENT_TYPE, "message/rfc822".parse().unwrap());
            request.extensions_mut().insert(AnswerLimits::new().with_time(message.time()));
            match self.0.send(request).await {
                Ok(response) if response.status().is_success() => Ok(()),
                Ok(response) => {
                    let is_passing = response.status().is_server_error()
                        || [408, 425, 429].contains(&response.status().as_u16());
                    Err(MailError::reply(if is_passing { 450 } else { 550 }, response.status().as_str()))
                }
                Err(error) if error.is_outcome_unknown() => Err(MailError::lost(error.to_string())),
                Err(error) => Err(MailError::not_sent(error.to_string())),
            }
        }
    }

    let firing = crossed_segment("vip", &["ana@contoso.example"]);
    // SMTP has neither the statuses of HTTP nor its pauses, and its key stands within the message.
    let capabilities = Capabilities::new()
        .with_input(mail())
        .with_context(move |ctx| ctx.with_firing(firing.clone()))
        .without(Check::Statuses)
        .without(Check::RetryAfter);
    let from = Mailbox::new("alerts@contoso.example").unwrap();
    conformance(move |transport| SmtpMail::new(from.clone(), Adapter(transport)), capabilities).assert();
}

/// What Customer Insights is logged in with: a token that is held, and a key that is looked up.
fn customer_insights_conforms<A>(make: impl Fn() -> A, answer: &'static str)
where
    A: HttpAction + std::fmt::Debug + 'static,
{
    let logged_in = |transport| {
        OverHttp::new(make(), transport)
            .with_login(Credential::bearer(Secret::new(CANARY)))
            .with_login(ci::subscription_key(SecretRef::named("subscriptionKey")))
    };
    let service = move |_: &Request<Vec<u8>>| Response::new(answer.as_bytes().to_vec());
    conformance(logged_in, Capabilities::new().with_service(service)).assert();
}

#[test]
fn every_action_of_customer_insights_conforms() {
    let (item, list) = (r#"{"CustomerId":"ce75"}"#, r#"{"value":[{"CustomerId":"ce75"}]}"#);
    customer_insights_conforms(ci::CreateItem::new, item);
    customer_insights_conforms(ci::UpdateItem::new, "");
    customer_insights_conforms(ci::GetItem::new, item);
    customer_insights_conforms(ci::GetItems::new, list);
    customer_insights_conforms(ci::GetEntities::new, list);
    customer_insights_conforms(ci::GetPartitions::new, list);
    customer_insights_conforms(ci::GetPartitionsV2::new, r#"["p-0"]"#);
    customer_insights_conforms(ci::GetPartitionData::new, list);
    customer_insights_conforms(ci::SendStatusReport::new, "");
    customer_insights_conforms(ci::SendStatusReportV2::new, "");
}

#[test]
fn getting_page_after_page_from_customer_insights_conforms() {
    let service = |_: &Request<Vec<u8>>| Response::new(br#"[{"CustomerId":"ce75"}]"#.to_vec());
    let logged_in = |transport| {
        ci::GetAllItems::new(transport)
            .with_login(Credential::bearer(Secret::new(CANARY)))
            .with_login(ci::subscription_key(SecretRef::named("subscriptionKey")))
    };
    conformance(logged_in, Capabilities::new().with_debug().with_service(service)).assert();
}
