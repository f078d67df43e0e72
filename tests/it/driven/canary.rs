//! One secret in every place that takes one, through every built-in action and a service that repeats all it hears:
//! it is sent where it belongs, and seen on no outward surface.

#[cfg(feature = "flow")]
mod pipeline;

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use http::{HeaderName, Request, Response};
use serde_json::{Value, json};
use tripline::action::{
    ActionError, CheckedAddresses, Credential, OverHttp, Registry, RetryPolicy, Secret, SecretRef,
    async_trait,
};
use tripline::builtin::email::GraphMail;
use tripline::builtin::teams::{TeamsChannelMessage, TeamsWebhook};
use tripline::builtin::webhook::Webhook;
use tripline::dispatch::{
    DeadLetter, Delivery, DeliveryId, Dispatcher, Outcome, Outlet, Prepare, Stop, Work, drive,
};
use tripline::testing::{Fate, ScriptedTransport, Sent, World};
use tripline::webhook::SigningSecret;

use super::WorldTimer;

const CANARY: &str = "CANARY-7f3a";

/// What is secret, each spelling of it.
fn forbidden() -> Vec<String> {
    vec![
        CANARY.to_owned(),
        signing().trim_start_matches("whsec_").to_owned(),
        format!("{:?}", CANARY.as_bytes()),
    ]
}

fn signing() -> String {
    SigningSecret::from_bytes(format!("{CANARY}-{CANARY}-{CANARY}").as_bytes()).unwrap().expose()
}

/// Gives every attempt what it may ask for, and writes down how the work is shown.
struct Vault {
    shown: Arc<Mutex<String>>,
}

#[async_trait]
impl Prepare for Vault {
    async fn prepare(&self, work: Work) -> Result<Work, ActionError> {
        let url = || Secret::new(format!("https://hooks.contoso.example/{CANARY}?sig={CANARY}"));
        let secrets = BTreeMap::from([
            ("url".to_owned(), url()),
            ("bad-url".to_owned(), Secret::new(format!("https://{CANARY}@hooks.contoso.example/#{CANARY}"))),
            ("signing".to_owned(), Secret::new(signing())),
            ("bad-signing".to_owned(), Secret::new(format!("whsec_{CANARY}"))),
            ("token".to_owned(), Secret::new(CANARY)),
            ("bad-token".to_owned(), Secret::new(format!("{CANARY}\r\nx: {CANARY}"))),
        ]);
        let address: IpAddr = [93, 184, 215, 14].into();
        let work = work.with_secrets(secrets).with_checked_addresses(CheckedAddresses::new([address]));
        self.shown.lock().unwrap().push_str(&format!("{work:?} {:?}\n", work.context()));
        Ok(work)
    }
}

/// Answers with all that it was sent, as malicious or careless services do.
fn parrot(number: &Mutex<u16>, request: &Request<Vec<u8>>) -> Response<Vec<u8>> {
    const STATUSES: [u16; 9] = [202, 400, 401, 403, 410, 429, 500, 302, 503];
    let mut number = number.lock().unwrap();
    let status = STATUSES[usize::from(*number) % STATUSES.len()];
    *number += 1;
    let heard =
        format!("{} {:?} {}", request.uri(), request.headers(), String::from_utf8_lossy(request.body()));
    let body =
        json!({"error": {"code": "heard", "message": heard}, "message": heard, "id": "m-1"}).to_string();
    Response::builder()
        .status(status)
        .header("location", format!("/{CANARY}"))
        .body(body.into_bytes())
        .unwrap()
}

fn registry(transport: &ScriptedTransport) -> Registry {
    let mut registry = Registry::new();
    let bearer = || Credential::bearer(SecretRef::named("token"));
    let key = || Credential::header(HeaderName::from_static("x-key"), SecretRef::named("token"));
    let webhook = Webhook::named("url").with_signing_secret(SecretRef::named("signing"));
    registry.add(OverHttp::new(webhook, transport.clone()).with_login(key())).unwrap();
    registry.add(OverHttp::new(TeamsWebhook::named("url"), transport.clone())).unwrap();
    registry.add(OverHttp::new(TeamsChannelMessage::new(), transport.clone()).with_login(bearer())).unwrap();
    registry
        .add(OverHttp::new(GraphMail::new("alerts@contoso.example"), transport.clone()).with_login(bearer()))
        .unwrap();
    #[cfg(feature = "email")]
    registry.add(smtp::action(transport)).unwrap();
    registry
}

/// The same with what cannot be used as it is.
fn misconfigured(transport: &ScriptedTransport) -> Registry {
    let mut registry = Registry::new();
    let bad = || Credential::bearer(SecretRef::named("bad-token"));
    let webhook = Webhook::named("url").with_signing_secret(SecretRef::named("bad-signing"));
    registry.add(OverHttp::new(webhook, transport.clone())).unwrap();
    registry.add(OverHttp::new(TeamsWebhook::named("bad-url"), transport.clone())).unwrap();
    registry.add(OverHttp::new(TeamsChannelMessage::new(), transport.clone()).with_login(bad())).unwrap();
    registry
        .add(OverHttp::new(GraphMail::new("alerts@contoso.example"), transport.clone()).with_login(bad()))
        .unwrap();
    registry
}

fn input(action: &str) -> Value {
    let notice = json!({"title": "VIPs passed 1000", "text": "Look!"});
    match action {
        "postWebhook" => json!({"payload": {"vips": 1004}}),
        "postTeamsWebhook" => notice,
        "postTeamsChannelMessage" => {
            json!({"teamId": "t-1", "channelId": "c-1", "title": "VIPs passed 1000"})
        }
        _ => json!({"to": ["ana@contoso.example"], "title": "VIPs passed 1000", "text": "Look!"}),
    }
}

/// All that a letter says of itself.
fn of_letter(letter: &DeadLetter) -> String {
    let mut text = format!("{letter} {letter:?}");
    for attempt in letter.attempts() {
        let error = attempt.error();
        let json = serde_json::to_string(error).unwrap();
        text.push_str(&format!(" {attempt:?} {error} {error:?} {} {json}", error.reason()));
        let mut cause = std::error::Error::source(error);
        while let Some(next) = cause {
            text.push_str(&format!(" {next} {next:?}"));
            cause = next.source();
        }
    }
    text
}

fn drive_all(make: fn(&ScriptedTransport) -> Registry) -> (String, BTreeSet<String>, ScriptedTransport) {
    let world = World::new(11);
    let number = Mutex::new(0);
    let transport = ScriptedTransport::new(&world, move |request| parrot(&number, request));
    let weather = world.clone();
    transport.set_weather(move |_| match weather.below(8) {
        0 => Fate::lost_reply(),
        1 => Fate::not_sent(),
        2 => Fate::silent(),
        3 => Fate::broken_off(),
        _ => Fate::delivered(),
    });
    let registry = make(&transport);
    let (mut dispatcher, outlet) = (Dispatcher::builder().with_seed(3).build().unwrap(), Outlet::new());
    let mut actions = BTreeSet::new();
    let mut seen = format!("{registry:?}");
    for action in registry.names() {
        seen.push_str(&format!("{:?} {:?}", registry.get(action), registry.get(action).unwrap().metadata()));
        for number in 0..30 {
            let id = DeliveryId::new(format!("{action}-{number}")).unwrap();
            // A target each: what switches one off leaves the rest alone.
            let delivery = Delivery::new(id, format!("{action}/{number}"), action, input(action))
                .with_retry(RetryPolicy::fixed(3, Duration::from_secs(5)).build().unwrap())
                .with_retry_unsafe(true);
            seen.push_str(&format!("{delivery:?}"));
            outlet.try_send(&delivery).unwrap();
        }
        actions.insert(action.to_owned());
    }
    let told = Mutex::new((String::new(), BTreeSet::new()));
    let note = |text: &str| told.lock().unwrap().0.push_str(text);
    let (vault, timer) = (Vault { shown: Arc::default() }, WorldTimer(world.clone()));
    outlet.request_snapshot();
    outlet.stop(Stop::WhenIdle);
    let driven = drive(&mut dispatcher, &registry, &timer)
        .with_outlet(&outlet)
        .with_prepare(&vault)
        .with_outcomes(|outcome| {
            note(&format!("{outcome:?}"));
            match &outcome {
                Outcome::Dead(letter) => note(&of_letter(letter)),
                Outcome::Delivered { id, output, .. } => {
                    note(&output.to_string());
                    told.lock().unwrap().1.insert(id.as_str().split('-').next().unwrap().to_owned());
                }
                _ => {}
            }
            outlet.request_snapshot();
        })
        .with_snapshots(|bytes| note(&String::from_utf8_lossy(&bytes)));
    seen.push_str(&format!("{driven:?} {outlet:?}"));
    world.block_on(driven.run()).unwrap();
    let (said, delivered) = told.into_inner().unwrap();
    seen.push_str(&said);
    seen.push_str(&vault.shown.lock().unwrap());
    seen.push_str(&format!("{dispatcher:?} {:?}", dispatcher.counts()));
    seen.push_str(&String::from_utf8_lossy(&dispatcher.snapshot()));
    for action in &actions {
        for number in 0..30 {
            seen.extend(dispatcher.explain(&format!("{action}-{number}")));
        }
    }
    seen.push_str(&format!("{transport:?}"));
    (seen, delivered, transport)
}

fn has_the_secret(sent: &Sent) -> bool {
    let request = sent.request();
    let mut headers = request.headers().values().map(|value| value.as_bytes());
    headers.any(|value| value.windows(CANARY.len()).any(|part| part == CANARY.as_bytes()))
        || request.uri().to_string().contains(CANARY)
}

fn assert_unseen(seen: &str) {
    for secret in forbidden() {
        if let Some(at) = seen.find(&secret) {
            let before: String =
                seen[..at].chars().rev().take(300).collect::<Vec<_>>().into_iter().rev().collect();
            panic!("{secret:?} is seen after: {before}");
        }
    }
}

#[test]
fn a_secret_that_is_seen_is_caught_in_every_spelling() {
    for secret in forbidden() {
        assert!(
            std::panic::catch_unwind(|| assert_unseen(&format!("Error(\"{secret}\")"))).is_err(),
            "{secret}"
        );
    }
    assert_unseen("Error(\"[redacted]\")");
}

#[test]
fn a_secret_is_sent_and_is_seen_nowhere_else() {
    let (seen, delivered, transport) = drive_all(registry);
    assert!(seen.len() > 100_000, "the surfaces were looked at: {}", seen.len());
    for class in ["gone", "throttled", "permanent", "401"] {
        assert!(seen.to_lowercase().contains(class), "no attempt ended in {class}");
    }
    assert!(delivered.len() >= 4, "every action came through at times: {delivered:?}");
    let sent = transport.sent();
    assert!(sent.iter().filter(|sent| has_the_secret(sent)).count() > 100, "it went where it belongs");
    assert_unseen(&seen);
}

#[test]
fn a_secret_that_cannot_be_used_is_refused_without_being_shown() {
    let (seen, delivered, transport) = drive_all(misconfigured);
    assert!(delivered.is_empty() && transport.sent().is_empty(), "{delivered:?}");
    assert_unseen(&seen);
}

#[cfg(feature = "email")]
mod smtp {
    use tripline::action::Action;
    use tripline::action::{Transport, async_trait};
    use tripline::builtin::email::{MailError, MailMessage, MailTransport, Mailbox, SmtpMail};
    use tripline::testing::ScriptedTransport;

    struct Adapter(ScriptedTransport);

    #[async_trait]
    impl MailTransport for Adapter {
        async fn send(&self, message: &MailMessage) -> Result<(), MailError> {
            let request =
                http::Request::post("https://smtp.example.com/").body(message.bytes().to_vec()).unwrap();
            match self.0.send(request).await {
                Ok(response) if response.status().is_success() => Ok(()),
                Ok(_) => Err(MailError::reply(450, "later")),
                Err(error) => Err(MailError::lost(error.to_string())),
            }
        }
    }

    pub(super) fn action(transport: &ScriptedTransport) -> impl Action + use<> {
        SmtpMail::new(Mailbox::new("alerts@contoso.example").unwrap(), Adapter(transport.clone()))
    }
}
