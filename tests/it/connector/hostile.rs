//! Declarations of odd texts in odd places: where nothing is found, whoever checks must find nothing either.

use std::time::Duration;

use serde_json::{Value, json};
use tripline::action::{Choice, Field, Metadata, Visibility};
use tripline::connector::{Authentication, ChoiceList, Connector, Contact, OAuth2, Profile, Revision};

use super::declared;
use super::export::checker;
use super::lint::lint;
use crate::random::Random;

const TEXTS: [&str; 40] = [
    "",
    " ",
    "a",
    "A title that says it (all)",
    "Ends with a stop.",
    " spaced ",
    "Élan vital",
    "数据",
    "\u{0}",
    "\u{1f}\n",
    "\u{7f}\u{85}\u{2028}",
    "\u{202E}drow",
    "a/b",
    "{id}",
    "{",
    "?a=b",
    "#x",
    "..",
    "/v1",
    "/v1//x",
    "https://contoso.example",
    "http://contoso.example/a?b#c",
    "https://",
    "https://a b",
    "javascript:alert(1)",
    "ana@contoso.example",
    "ana@contoso",
    "contoso.example:443",
    "LOCALHOST",
    "localhost.contoso.example",
    "api",
    "The Connector",
    "power automate",
    "callbackUrl",
    "connectionId",
    "body",
    "getItems",
    "$ref",
    "\"quoted\" \\ back",
    "x-ms-notification-url",
];

fn text(random: &mut Random) -> String {
    match random.below(12) {
        0 => "x".repeat(random.below(600)),
        1 => format!("{}.", random.pick(&TEXTS).repeat(3)),
        _ => random.pick(&TEXTS).to_owned(),
    }
}

fn field(random: &mut Random, depth: u32) -> Field {
    let name = if random.below(3) == 0 { text(random) } else { format!("f{}", random.below(4)) };
    let field = match random.below(if depth > 2 { 6 } else { 8 }) {
        0 => Field::integer(name).with_default(random.pick(&[json!(1), json!(1.0), json!(-3), json!(0.5)])),
        1 => Field::number(name).with_choices([json!(1.0), json!(0.25), json!(1e300)]),
        2 => Field::boolean(name).with_default(random.below(2) == 0),
        3 => Field::secret(name),
        4 => Field::string(name).with_dynamic_choices("instances"),
        5 => Field::string(name)
            .with_choices([Choice::new("a").with_title(text(random)), Choice::new(text(random))]),
        6 => Field::array(name, self::field(random, depth + 1)),
        _ => Field::object(name, [self::field(random, depth + 1), self::field(random, depth + 1)]),
    };
    let visibility =
        random.pick(&[Visibility::Normal, Visibility::Important, Visibility::Advanced, Visibility::Internal]);
    let title = if random.below(4) == 0 { text(random) } else { "A field".to_owned() };
    let field = field.with_title(title).with_required(random.below(2) == 0).with_visibility(visibility);
    if random.below(4) == 0 { field.with_description(text(random)) } else { field }
}

/// A sound declaration with one or two things done to it.
fn odd(random: &mut Random) -> Connector {
    (0..=random.below(2)).fold(declared(), |connector, _| {
        let text = text(random);
        match random.below(17) {
            0 => connector.with_description(format!("{text} and what else there is to say of it.")),
            1 => connector.with_version(text),
            2 => connector.with_host(text),
            3 => connector.with_base_path(text),
            4 => connector.with_contact(Contact::new(text, "https://contoso.example", "ana@contoso.example")),
            5 => connector.with_contact(Contact::new("Ana", text, "ana@contoso.example")),
            6 => connector.with_contact(Contact::new("Ana", "https://contoso.example", text)),
            7 => connector.with_website(text),
            8 => connector.with_privacy_policy(text),
            9 => connector.with_publisher(text.clone()).with_stack_owner(text),
            10 => connector.with_authentication(Authentication::api_key(text)),
            11 => {
                let settings =
                    OAuth2::new("https://a.example/", "https://t.example/").with_client_id(text.clone());
                connector.with_authentication(settings.with_scope(text.clone(), text))
            }
            12 => connector.with_limit(text, 7, Duration::from_millis(1)),
            13 => connector.with_list(ChoiceList::new(text.clone(), text.clone()).with_parameter(text)),
            14 => connector.with_revision("PostTeamsChannelMessage", Revision::new(text, 7)),
            15 => connector.with_action(
                Metadata::new(if random.below(2) == 0 { "odd".to_owned() } else { text.clone() })
                    .with_title(text)
                    .with_description("Does something odd."),
            ),
            _ => connector.with_action(
                Metadata::new("odd")
                    .with_title("Odd")
                    .with_description("Does something odd.")
                    .with_input(field(random, 0))
                    .with_output(field(random, 0)),
            ),
        }
    })
}

#[test]
fn where_nothing_is_found_whoever_checks_finds_nothing_either() {
    let mut random = Random(0x0C0_77EC);
    let (mut sound, mut faulty, mut checked) = (0, 0, 0);
    for at in 0..400 {
        let connector = odd(&mut random);
        let findings = connector.validate();
        let export = connector.export();
        assert_eq!(export.is_ok(), findings.is_empty());
        if !findings.is_empty() {
            faulty += 1;
            assert!(findings.iter().all(|it| it.to_string().len() < 2_000), "{findings:?}");
            continue;
        }
        sound += 1;
        let export = export.unwrap();
        let value = |text: &str| -> Value { serde_json::from_str(text).unwrap() };
        let (definition, properties) = (value(export.definition()), value(export.properties()));
        assert_eq!(lint(&definition, &properties), [""; 0], "{at}");
        if checked < 20 && std::env::var_os("TRIPLINE_CONNECTOR_CHECK").is_some() {
            let Some(answer) = checker(&definition, &properties) else { continue };
            assert_eq!(answer, Ok(()), "{at}");
            checked += 1;
        }
    }
    assert!(sound > 50 && faulty > 50, "{sound} sound, {faulty} faulty");
}

#[test]
fn whatever_a_subscription_says_is_read_or_refused_by_fields_that_are_named() {
    let mut random = Random(0x5_0B5C);
    let values = [
        json!(null),
        json!(true),
        json!(-1),
        json!(1e-320),
        json!([]),
        json!({"a": 1}),
        json!("PT10M"),
        json!("*"),
    ];
    let (mut read, mut refused) = (0, 0);
    for _ in 0..4_000 {
        let profile = &Profile::all()[random.below(6_usize)];
        let mut body = json!({"instance": "contoso", "segment": "vip", "measure": "churn", "threshold": 7});
        for name in ["segment", "measure", "threshold"] {
            if profile.fields().iter().all(|field| field.name() != name) {
                body.as_object_mut().unwrap().remove(name);
            }
        }
        for _ in 0..random.below(3) {
            let fields = profile.fields();
            let name = fields[random.below(fields.len())].name();
            let name = if random.below(6) == 0 { text(&mut random) } else { name.to_owned() };
            let value = random.pick(&values);
            body[name] = if random.below(3) == 0 { json!(text(&mut random)) } else { value };
        }
        match profile.read("s-1", &body.to_string()) {
            Ok(trigger) => {
                read += 1;
                assert_eq!(tripline::Trigger::from_json(&trigger.to_json()).unwrap(), trigger);
            }
            Err(error) => {
                refused += 1;
                assert!(!error.faults().is_empty() && error.to_string().len() < 2_000, "{error}");
            }
        }
    }
    assert!(read > 500 && refused > 500, "{read} read, {refused} refused");
}
