//! Firings handed to other programs.

use std::net::IpAddr;

use serde_json::{Value, json};
use tripline::action::{
    ActionContext, CheckedAddresses, DynAction, Effect, ErrorClass, HttpAction, OverHttp, SecretUrl,
    Transport, TransportError, Truncated, async_trait,
};
use tripline::builtin::webhook::{Form, Payload, Webhook};
use tripline::event::Event;
use tripline::event::http::Message;

use super::{
    CANARY, assert_golden, at, block_on, context, crossed_segment, failed_refresh, hostile_lines, shown,
};

fn webhook() -> Webhook {
    Webhook::new(SecretUrl::new(format!("https://hooks.contoso.example/in?key={CANARY}")).unwrap())
}

fn checked(ctx: ActionContext) -> ActionContext {
    ctx.with_checked_addresses(CheckedAddresses::new([IpAddr::from([93, 184, 215, 14])]))
}

#[test]
fn a_firing_is_posted_as_the_golden_files_have_it() {
    let ctx = checked(context(failed_refresh("Loyalty CSV", "login refused", &["ana@contoso.example"])));
    for (form, file) in [
        (Form::StructuredEvent, "webhook/structured.txt"),
        (Form::BinaryEvent, "webhook/binary.txt"),
        (Form::Json, "webhook/json.txt"),
    ] {
        let request = webhook().with_form(form).encode(&ctx, &Payload::default()).unwrap();
        assert_golden(file, &shown(&request).replace(CANARY, "…"));
    }
}

#[test]
fn a_structured_body_has_the_one_spelling_of_every_event() {
    for firing in [
        failed_refresh("Loyalty \"CSV\"\r\n", "login\trefused \u{1}", &["ana@contoso.example", "é"]),
        crossed_segment("v\\ip", &[]),
    ] {
        let request = webhook().encode(&checked(context(firing)), &Payload::default()).unwrap();
        let event = Event::from_json(request.body()).unwrap();
        assert_eq!(request.body(), event.to_json().as_bytes());
    }
}

#[test]
fn an_event_is_read_back_as_what_was_posted_in_both_modes() {
    for hostile in hostile_lines().chain(["plain".to_owned(), "é \u{1F600} \"quoted\" %0d%0a".to_owned()]) {
        let firing = failed_refresh(&hostile, &hostile, &[&hostile]);
        let (id, json) = (firing.id().to_string(), firing.to_json());
        let ctx = checked(context(firing));
        for form in [Form::StructuredEvent, Form::BinaryEvent] {
            let request = webhook().with_form(form).encode(&ctx, &Payload::default()).unwrap();
            let message = Message::read(request.headers(), request.body()).unwrap();
            let event = &message.events()[0];
            assert_eq!(
                (event.id(), event.source(), event.event_type()),
                (&*id, "/triggers/loyalty", "tripline.firing")
            );
            assert_eq!(event.data().unwrap().as_json(), Some(&*json));
        }
    }
}

#[test]
fn something_else_can_be_posted_and_nothing_at_all_cannot() {
    let ctx = checked(ActionContext::new(at(0), "d-17"));
    let request = webhook().encode(&ctx, &Payload::of(json!({"vips": 1004}))).unwrap();
    let event: Value = serde_json::from_slice(request.body()).unwrap();
    assert_eq!(
        (&event["id"], &event["type"], &event["data"]["vips"]),
        (&json!("d-17"), &json!("tripline.message"), &json!(1004))
    );
    let error = webhook().encode(&ctx, &Payload::default()).unwrap_err();
    assert_eq!(error.to_string(), "payload: is needed where nothing has fired");
    let error = webhook().encode(&ctx, &Payload::of(json!({"a": "x".repeat(300_000)}))).unwrap_err();
    assert!(
        error.to_string().starts_with("payload: has 300")
            && error.to_string().ends_with("the limit is 262144"),
        "{error}"
    );
}

#[test]
fn a_target_whose_addresses_nobody_checked_is_refused_unless_it_is_ones_own() {
    let ctx = context(crossed_segment("vip", &[]));
    let error = webhook().encode(&ctx, &Payload::default()).unwrap_err();
    assert!(error.is_permanent() && error.to_string().contains("not resolved and checked"), "{error}");
    assert!(webhook().with_own_target(true).encode(&ctx, &Payload::default()).is_ok());
    for (addresses, is_allowed) in [
        (&[[93, 184, 215, 14]][..], true),
        (&[[93, 184, 215, 14], [10, 0, 0, 7]], false),
        (&[[127, 0, 0, 1]], false),
        (&[[169, 254, 169, 254]], false),
        (&[], false),
    ] {
        let addresses = CheckedAddresses::new(addresses.iter().copied().map(IpAddr::from));
        let ctx = ctx.clone().with_checked_addresses(addresses.clone());
        for webhook in [webhook(), webhook().with_own_target(true)] {
            assert_eq!(webhook.encode(&ctx, &Payload::default()).is_ok(), is_allowed, "{addresses:?}");
        }
    }
    // A URL that names an address is its own answer.
    let by_address = Webhook::new(SecretUrl::new("https://93.184.215.14/in").unwrap());
    let request = by_address.encode(&ctx, &Payload::default()).unwrap();
    assert_eq!(CheckedAddresses::of(&request).unwrap().as_slice(), [IpAddr::from([93, 184, 215, 14])]);
}

#[derive(Debug)]
struct Answers(u16, usize);

#[async_trait]
impl Transport for Answers {
    async fn send(&self, request: http::Request<Vec<u8>>) -> Result<http::Response<Vec<u8>>, TransportError> {
        let addresses = CheckedAddresses::of(&request).expect("the checked addresses come with the request");
        assert_eq!(addresses.as_slice(), [IpAddr::from([93, 184, 215, 14])]);
        let mut response =
            http::Response::builder().status(self.0).body(CANARY.repeat(self.1).into_bytes()).unwrap();
        if self.1 > 1 {
            Truncated::mark(&mut response);
        }
        Ok(response)
    }
}

#[test]
fn every_2xx_is_a_success_however_long_its_answer_410_is_the_end_and_redirects_are_failures() {
    let run = |status, length| {
        let action = DynAction::new(OverHttp::new(webhook(), Answers(status, length)));
        block_on(action.run(&checked(context(crossed_segment("vip", &[]))), json!({})))
    };
    for status in [200, 202, 204] {
        assert_eq!(run(status, 5_000).unwrap(), json!({"status": status}));
    }
    for (status, class) in [
        (301, ErrorClass::Permanent),
        (307, ErrorClass::Permanent),
        (400, ErrorClass::Permanent),
        (401, ErrorClass::AuthExpired),
        (410, ErrorClass::Gone),
        (429, ErrorClass::Throttled),
        (503, ErrorClass::Transient),
    ] {
        let error = run(status, 1).unwrap_err();
        assert_eq!(error.class(), class, "{status}");
        assert!(!format!("{error:?} {error} {}", serde_json::to_string(&error).unwrap()).contains(CANARY));
    }
    assert_eq!(webhook().metadata().effect(), Effect::Guarded);
    webhook().metadata().validate().unwrap();
    assert!(!format!("{:?} {:?}", webhook(), OverHttp::new(webhook(), Answers(200, 1))).contains(CANARY));
}

#[cfg(feature = "signing")]
#[test]
fn what_is_signed_is_verified_under_every_live_key_and_the_keys_are_seen_nowhere() {
    use std::collections::BTreeMap;

    use tripline::action::{Secret, SecretRef};
    use tripline::webhook::{Signer, SigningSecret, Verifier};

    let keys = [SigningSecret::from_bytes(&[1; 32]).unwrap(), SigningSecret::from_bytes(&[2; 32]).unwrap()];
    let text = "whsec_AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE= whsec_AgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgI=";
    let secrets =
        BTreeMap::from([("key".to_owned(), Secret::new(text)), ("bad".to_owned(), Secret::new(CANARY))]);
    let ctx = checked(context(crossed_segment("vip", &[]))).with_secrets(secrets);
    let held = webhook().with_signer(Signer::new(keys.clone()).unwrap());
    let named = webhook().with_signing_secret(SecretRef::named("key"));
    for webhook in [&held, &named] {
        let request = webhook.encode(&ctx, &Payload::default()).unwrap();
        for key in &keys {
            let verified =
                Verifier::new([key.clone()]).unwrap().verify(at(3_600), request.headers(), request.body());
            assert_eq!(verified.unwrap().id(), ctx.idempotency_key());
        }
        assert!(!format!("{webhook:?}").contains("AQEB"));
    }
    let requests = [&held, &named].map(|webhook| webhook.encode(&ctx, &Payload::default()).unwrap());
    assert_eq!(shown(&requests[0]), shown(&requests[1]));
    assert_golden("webhook/signed.txt", &shown(&requests[0]).replace(CANARY, "…"));
    let later = ctx.clone().with_attempt(2);
    assert_eq!(
        held.encode(&later, &Payload::default()).unwrap().headers()["webhook-id"],
        ctx.idempotency_key()
    );

    let error =
        webhook().with_signing_secret(SecretRef::named("bad")).encode(&ctx, &Payload::default()).unwrap_err();
    assert!(error.is_permanent() && !format!("{error:?}").contains(CANARY), "{error:?}");
    let odd = checked(ActionContext::new(at(0), "d 17"));
    assert!(held.encode(&odd, &Payload::of(json!({}))).unwrap_err().is_permanent());
}

#[test]
fn a_key_that_breaks_out_of_its_header_is_refused() {
    for hostile in hostile_lines() {
        let ctx = checked(ActionContext::new(at(0), hostile.as_str()));
        let result = webhook().encode(&ctx, &Payload::of(json!({})));
        assert_eq!(result.is_err(), !hostile.contains('\t'), "{hostile:?}");
    }
}
