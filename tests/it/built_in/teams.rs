//! Messages to Teams.

use serde_json::{Value, json};
use tripline::Trigger;
use tripline::action::{
    ActionContext, DynAction, Effect, HttpAction, OverHttp, Secret, SecretUrl, Transport, TransportError,
    async_trait,
};
use tripline::builtin::Notice;
use tripline::builtin::teams::{self, ChannelMessage, TeamsChannelMessage, TeamsWebhook, card};
use tripline::event::ValueObserved;
use tripline::threshold::Threshold;
use tripline::webhook::Guard;

use super::{
    CANARY, assert_golden, at, context, crossed_segment, failed_refresh, fired, hostile_lines, shown,
};
use crate::oracle;

fn webhook() -> TeamsWebhook {
    let url = format!(
        "https://prod-12.westeurope.logic.azure.com/workflows/9f/triggers/manual/paths/invoke?sig={CANARY}"
    );
    TeamsWebhook::new(SecretUrl::new(url).unwrap())
}

fn body(ctx: &ActionContext, notice: &Notice) -> Value {
    serde_json::from_slice(webhook().encode(ctx, notice).unwrap().body()).unwrap()
}

#[test]
fn a_failed_refresh_goes_to_a_workflow_as_the_golden_file_has_it() {
    let ctx = context(failed_refresh("Loyalty CSV", "login refused for svc_crm", &[]));
    let notice =
        Notice::default().with_link("Open the data source", "https://ci.example.com/sources/ds-42#/now");
    let request = webhook().encode(&ctx, &notice).unwrap();
    assert_golden("teams/workflow.txt", &shown(&request).replace(CANARY, "…"));
    assert_eq!(shown(&request), shown(&webhook().encode(&ctx, &notice).unwrap()), "pure");
}

#[test]
fn a_crossed_segment_goes_to_a_channel_as_the_golden_file_has_it() {
    let ctx = context(crossed_segment("vip", &[]));
    let message =
        ChannelMessage::new("02bd9fd6-8f93", "19:4b6b@thread.tacv2", Notice::default().with_text("One\nTwo"));
    let request = TeamsChannelMessage::new().encode(&ctx, &message).unwrap();
    assert_golden("teams/channel.txt", &shown(&request));
}

/// Firings of every kind, and notices at the edge of what may be said.
fn messages() -> Vec<(ActionContext, Notice)> {
    let long = "\\*{\"<\u{1F600}".repeat(2_000);
    let mut value = ValueObserved::new("measure", long.clone(), 1e15);
    for n in 0..40 {
        value = value.with_dimension(format!("{n}{long}"), long.clone());
    }
    let step = Threshold::changes_by_percent(10.0);
    let trigger =
        Trigger::measure_threshold_crossed("m", &*long, step).with_each_dimensions().build().unwrap();
    let before = ValueObserved::new("measure", long.clone(), 1.0);
    let before = (0..40).fold(before, |value, n| value.with_dimension(format!("{n}{long}"), long.clone()));
    let events = [before.into_event("1", long.clone()), value.into_event("2", long.clone())];
    let measure = fired(trigger, events.map(|event| event.unwrap().into_owned()));

    let mut messages = vec![
        (context(failed_refresh("Loyalty CSV", "login refused", &[])), Notice::default()),
        (
            context(crossed_segment("vip", &[])),
            Notice::default().with_link("Open", "https://ci.example.com/#/a"),
        ),
        (context(measure), Notice::default()),
        (context(failed_refresh(&long, &long, &[])), Notice::default()),
        (context(crossed_segment("{{DATE(2026-03-01T02:00:00Z)}}", &[])), Notice::default()),
    ];
    for line in hostile_lines() {
        messages.push((context(failed_refresh(&line, &line, &[])), Notice::default()));
    }
    messages
}

#[test]
fn every_message_is_one_that_microsofts_schema_takes_and_fits() {
    let channel = TeamsChannelMessage::new();
    let mut lines = String::new();
    let mut count = 0;
    for (ctx, notice) in messages() {
        let for_channel = ChannelMessage::new("t", "19:c@thread.tacv2", notice.clone());
        for request in [webhook().encode(&ctx, &notice), channel.encode(&ctx, &for_channel)] {
            let body = String::from_utf8(request.expect("it fits").into_body()).unwrap();
            assert!(body.len() <= teams::MAX_BODY_BYTES, "{}", body.len());
            lines.push_str(&body);
            lines.push('\n');
            count += 1;
        }
    }
    let planted = r#"{"type":"message","attachments":[{"contentType":"application/vnd.microsoft.card.adaptive","contentUrl":null,"content":{"type":"AdaptiveCard","version":"1.4","body":[{"type":"TextBlok","text":"a"}]}}]}"#;
    lines.push_str(planted);
    let Some(answers) = oracle::python("adaptive_cards.py", &[], &lines) else { return };
    assert_eq!(answers.len(), count + 1);
    let (fault, answers) = answers.split_last().unwrap();
    assert_ne!(fault, "ok", "the planted fault is not seen");
    for answer in answers {
        assert_eq!(answer, "ok");
    }
}

#[test]
fn what_comes_from_outside_is_shown_as_it_is() {
    let evil = "[pay](https://evil.example) **now** <at>all</at> {{DATE(2026-03-01T02:00:00Z)}}";
    let escaped =
        r"\[pay\]\(https://evil.example\) \*\*now\*\* \<at\>all\</at\> \{\{DATE\(2026-03-01T02:00:00Z\)\}\}";
    let message = body(&context(failed_refresh(evil, evil, &[])), &Notice::default());
    let card = &message["attachments"][0]["content"];
    assert_eq!(card["body"][0]["text"], format!("Refresh of data source \"{escaped}\" failed"));
    assert_eq!(card["body"][1]["facts"][0]["value"], escaped);
    for hostile in hostile_lines() {
        let text = body(&context(failed_refresh(&hostile, &hostile, &[])), &Notice::default()).to_string();
        assert!(text.contains("a Bcc: eve@evil.example"), "{text}");
    }
}

#[test]
fn a_message_over_the_limit_is_not_sent_and_the_error_names_both() {
    let ctx = ActionContext::new(at(0), "d-1");
    let text = "x".repeat(19_000) + &"\u{1F600}".repeat(1_000);
    let long =
        Notice::new("t").with_text(text).with_fact("n", "y".repeat(2_000)).with_fact("n", "y".repeat(2_000));
    assert!(webhook().encode(&ctx, &long).is_ok());
    let too_long = long.with_fact("n", "y".repeat(2_000)).with_fact("n", "é".repeat(900));
    let error = webhook().encode(&ctx, &too_long).unwrap_err();
    assert!(error.is_invalid_input());
    let size: usize = error.to_string().split(' ').find_map(|word| word.parse().ok()).unwrap();
    assert!(size > 28_672, "{error}");
    assert_eq!(error.to_string(), format!("the message has {size} bytes, the limit of Teams is 28672"));
    let error =
        TeamsChannelMessage::new().encode(&ctx, &ChannelMessage::new("t", "c", too_long)).unwrap_err();
    assert!(error.to_string().ends_with("the limit of Teams is 28672"), "{error}");
}

#[test]
fn the_limit_is_exact() {
    let ctx = ActionContext::new(at(0), "d-1");
    let of = |extra: usize| {
        let full = (0..4).fold(Notice::new("t").with_text("x".repeat(19_000)), |notice, _| {
            notice.with_fact("n", "y".repeat(2_000))
        });
        full.with_fact("n", "z".repeat(extra))
    };
    let base = webhook().encode(&ctx, &of(0)).unwrap().body().len();
    let room = teams::MAX_BODY_BYTES - base;
    assert_eq!(webhook().encode(&ctx, &of(room)).unwrap().body().len(), 28_672);
    assert!(webhook().encode(&ctx, &of(room + 1)).is_err());
}

#[test]
fn an_input_with_control_characters_is_refused_field_by_field() {
    let ctx = ActionContext::new(at(0), "d-1");
    for hostile in hostile_lines() {
        let notice = Notice::new(&hostile)
            .with_fact(&hostile, &hostile)
            .with_link(&hostile, format!("https://a.example/{hostile}"));
        let error = webhook().encode(&ctx, &notice).unwrap_err();
        let fields: Vec<_> = error.fields().iter().map(|fault| fault.path()).collect();
        assert_eq!(fields, ["title", "facts[0].name", "facts[0].value", "linkTitle", "link"], "{hostile:?}");
        let message = ChannelMessage::new(&hostile, &hostile, Notice::new("t"));
        let is_control = hostile.chars().any(char::is_control);
        assert_eq!(TeamsChannelMessage::new().encode(&ctx, &message).is_err(), is_control, "{hostile:?}");
    }
    let error = webhook().encode(&ctx, &Notice::default()).unwrap_err();
    assert_eq!(error.to_string(), "title: is needed where nothing has fired");
    let error = TeamsChannelMessage::new()
        .encode(&ctx, &ChannelMessage::new("..", "", Notice::new("t")))
        .unwrap_err();
    assert_eq!(error.fields().len(), 2);
}

#[test]
fn a_url_that_the_guard_refuses_is_not_posted_to_and_not_shown() {
    for (url, kind) in [
        (format!("http://prod.example.com/{CANARY}"), "Scheme"),
        (format!("https://10.0.0.7/{CANARY}"), "Address"),
        (format!("https://169.254.169.254/{CANARY}"), "Metadata"),
        (format!("https://{CANARY}@prod.example.com/"), "UserInfo"),
        (format!("https://prod.example.com:8443/{CANARY}"), "Port"),
        (format!("https://{CANARY}.local/"), "LocalName"),
    ] {
        let ctx = ActionContext::new(at(0), "d-1");
        let by_name = ctx
            .clone()
            .with_secrets(std::collections::BTreeMap::from([("hook".to_owned(), Secret::new(&*url))]));
        for (webhook, ctx) in
            [(TeamsWebhook::new(SecretUrl::new(url).unwrap()), ctx), (TeamsWebhook::named("hook"), by_name)]
        {
            let error = webhook.encode(&ctx, &Notice::new("t")).unwrap_err();
            assert_eq!(error.to_string(), format!("the guard refuses the webhook's URL: {kind}"));
            assert!(!format!("{error:?}").contains(CANARY));
        }
    }
}

#[derive(Debug)]
struct Answers(u16, &'static str);

#[async_trait]
impl Transport for Answers {
    async fn send(&self, request: http::Request<Vec<u8>>) -> Result<http::Response<Vec<u8>>, TransportError> {
        assert!(request.uri().to_string().contains(CANARY));
        Ok(http::Response::builder().status(self.0).body(self.1.as_bytes().to_vec()).unwrap())
    }
}

#[test]
fn an_accepted_message_is_a_success_and_the_url_is_seen_nowhere() {
    let run = |status, answer: &'static str| {
        let action = OverHttp::new(webhook().with_guard(Guard::new()), Answers(status, answer));
        assert!(!format!("{:?} {action:?}", webhook()).contains(CANARY));
        assert!(format!("{:?}", webhook()).contains("https://prod-12.westeurope.logic.azure.com"));
        let action = DynAction::new(action);
        super::block_on(action.run(&context(crossed_segment("vip", &[])), json!({})))
    };
    assert_eq!(run(202, "").unwrap(), json!({"status": 202}));
    for status in [200, 302, 400, 401, 404, 410, 413, 429, 500, 503] {
        match run(status, CANARY) {
            Ok(output) => assert_eq!(output, json!({"status": 200})),
            Err(error) => {
                assert!(
                    !format!("{error:?} {error} {}", serde_json::to_string(&error).unwrap()).contains(CANARY)
                );
                // Teams knows no key: what may have been posted is not posted again.
                assert_eq!(error.may_retry(Effect::Unsafe), status == 429, "{status}");
            }
        }
    }
}

#[test]
fn what_graph_answers_is_read_and_a_broken_answer_is_a_posted_message_all_the_same() {
    let ctx = ActionContext::new(at(0), "d-1");
    let decode =
        |body: &str| TeamsChannelMessage::new().decode(&ctx, http::Response::new(body.as_bytes().to_vec()));
    let answer =
        r#"{"id":"1616990032035","webUrl":"https://teams.microsoft.com/l/message/1","attachments":[]}"#;
    let expected = json!({"messageId": "1616990032035", "webUrl": "https://teams.microsoft.com/l/message/1"});
    assert_eq!(decode(answer).unwrap(), expected);
    assert_eq!(decode("{\"id\":\"16").unwrap(), json!({}));
}

#[test]
fn what_they_say_about_themselves_holds() {
    webhook().metadata().validate().unwrap();
    TeamsChannelMessage::new().metadata().validate().unwrap();
    for effect in [webhook().metadata().effect(), TeamsChannelMessage::new().metadata().effect()] {
        assert_eq!(effect, Effect::Unsafe);
    }
    assert!(card(&Notice::new("a").with_link("b", "http://a.example/")).is_err());
}
