//! Definitions broken on purpose: whoever checks must see it.

use serde_json::{Value, json};

use super::declared;
use super::export::checker;
use super::lint::lint;

type Break = fn(&mut Value, &mut Value);

const WEBHOOK: &str = "/paths/~1subscriptions~1segmentThresholdCrossed/post";
const POLLING: &str = "/paths/~1poll~1segmentThresholdCrossed/get";
const ACTION: &str = "/paths/~1actions~1getItems/post";

fn at<'a>(definition: &'a mut Value, pointer: &str) -> &'a mut Value {
    definition.pointer_mut(pointer).unwrap_or_else(|| panic!("{pointer}"))
}

fn of<'a>(definition: &'a mut Value, operation: &str, part: &str) -> &'a mut Value {
    at(definition, &format!("{operation}/{part}"))
}

fn remove(definition: &mut Value, pointer: &str, name: &str) {
    let removed = at(definition, pointer).as_object_mut().and_then(|members| members.remove(name));
    assert!(removed.is_some(), "{pointer} has no {name}");
}

/// Each breaks one rule, which is named.
const BREAKS: &[(&str, Break)] = &[
    ("OperationIdUnique", |it, _| *of(it, POLLING, "operationId") = json!("SegmentThresholdCrossed")),
    ("OperationIdUnique", |it, _| *of(it, POLLING, "operationId") = json!("SEGMENTThresholdCrossed")),
    ("OperationIdPascalCase", |it, _| *of(it, POLLING, "operationId") = json!("pollSegments")),
    ("SummaryLength", |it, _| *of(it, ACTION, "summary") = json!("x".repeat(81))),
    ("SummaryCharacters", |it, _| *of(it, ACTION, "summary") = json!("Éléments")),
    ("DescriptionPunctuation", |it, _| *of(it, ACTION, "description") = json!("Gets items")),
    ("SummaryEqualsDescription", |it, _| {
        *of(it, ACTION, "description") = json!("Get items from an entity (deprecated).")
    }),
    ("NotificationUrlInternal", |it, _| {
        remove(it, &format!("{WEBHOOK}/parameters/0/schema/properties/callbackUrl"), "x-ms-visibility");
    }),
    ("NotificationUrlUnique", |it, _| {
        remove(it, &format!("{WEBHOOK}/parameters/0/schema/properties/callbackUrl"), "x-ms-notification-url");
    }),
    ("NotificationUrlUnique", |it, _| {
        let segment = of(it, WEBHOOK, "parameters/0/schema/properties/segment");
        segment["x-ms-notification-url"] = json!(true);
        segment["x-ms-visibility"] = json!("internal");
    }),
    ("NotificationUrlRequired", |it, _| {
        *of(it, WEBHOOK, "parameters/0/schema/required") = json!(["instance", "segment", "threshold"]);
    }),
    ("NotificationContentSchema", |it, _| {
        let path = at(it, "/paths/~1subscriptions~1segmentThresholdCrossed/x-ms-notification-content");
        *path = json!({"schema": {"type": "object"}});
    }),
    ("WebhookDelete", |it, _| remove(it, "/paths/~1subscriptions~1{id}", "delete")),
    ("TriggerSummary", |it, _| *of(it, WEBHOOK, "summary") = json!("Segment passes a threshold")),
    ("TriggerHint", |it, _| remove(it, WEBHOOK, "x-ms-trigger-hint")),
    ("TriggerMarkMissing", |it, _| remove(it, WEBHOOK, "x-ms-trigger")),
    ("TriggerIsInternal", |it, _| at(it, WEBHOOK)["x-ms-visibility"] = json!("internal")),
    ("PollingHeaders", |it, _| {
        for code in ["200", "202"] {
            remove(it, &format!("{POLLING}/responses/{code}/headers"), "Location");
        }
    }),
    ("ManyResponsesWithSchema", |it, _| {
        of(it, POLLING, "responses/202")["schema"] = json!({"type": "array", "items": {"type": "string"}});
    }),
    ("EmptyResponseSchema", |it, _| of(it, ACTION, "responses/200")["schema"] = json!({"type": "object"})),
    ("ResponseSchema", |it, _| remove(it, &format!("{ACTION}/responses/200"), "schema")),
    ("SuccessfulResponse", |it, _| remove(it, &format!("{ACTION}/responses"), "200")),
    ("ParameterSummary", |it, _| {
        remove(it, &format!("{ACTION}/parameters/0/schema/properties/entity"), "x-ms-summary");
    }),
    ("ParameterSummary", |it, _| remove(it, &format!("{POLLING}/parameters/2"), "x-ms-summary")),
    ("PathParameterEncoding", |it, _| {
        let operation = "/paths/~1subscriptions~1{id}/get/parameters/0";
        remove(it, operation, "x-ms-url-encoding");
    }),
    ("PathParameterMissing", |it, _| *at(it, "/paths/~1subscriptions~1{id}/get/parameters") = json!([])),
    ("QueryEncoding", |it, _| of(it, POLLING, "parameters/0")["x-ms-url-encoding"] = json!("single")),
    ("ChoicesOperation", |it, _| {
        of(it, POLLING, "parameters/1/x-ms-dynamic-values")["operationId"] = json!("ListNothing");
    }),
    ("ChoicesParameter", |it, _| {
        remove(it, &format!("{POLLING}/parameters/1/x-ms-dynamic-values"), "parameters");
    }),
    ("ChoicesReference", |it, _| {
        let value = of(it, POLLING, "parameters/1/x-ms-dynamic-values/parameters/instance");
        *value = json!({"parameter": "tenant"});
    }),
    ("ChoicesArray", |it, _| {
        of(it, POLLING, "parameters/1/x-ms-dynamic-values")["value-collection"] = json!("values");
    }),
    ("ChoicesMember", |it, _| {
        of(it, POLLING, "parameters/1/x-ms-dynamic-values")["value-path"] = json!("key");
    }),
    ("Reference", |it, _| remove(it, "/definitions", "SegmentThresholdCrossedFiring")),
    ("RequiredIsDefined", |it, _| {
        of(it, ACTION, "parameters/0/schema/required").as_array_mut().unwrap().push(json!("colour"));
    }),
    ("Default", |it, _| of(it, ACTION, "parameters/0/schema/properties/top")["default"] = json!("50")),
    ("Default", |it, _| of(it, ACTION, "parameters/0/schema/properties/mode")["default"] = json!("")),
    ("DefaultInEnum", |it, _| {
        of(it, WEBHOOK, "parameters/0/schema/properties/condition")["default"] = json!("over");
    }),
    ("EnumValues", |it, _| {
        let values = of(it, WEBHOOK, "parameters/0/schema/properties/condition/x-ms-enum-values");
        values[0]["value"] = json!("over");
    }),
    ("EnumEmpty", |it, _| of(it, ACTION, "parameters/0/schema/properties/share")["enum"] = json!([])),
    ("ArrayHasItems", |it, _| {
        remove(it, &format!("{ACTION}/parameters/0/schema/properties/fields"), "items")
    }),
    ("ReplacedIsDeprecated", |it, _| remove(it, ACTION, "deprecated")),
    ("TitleLength", |it, _| *at(it, "/info/title") = json!("x".repeat(31))),
    ("DescriptionLength", |it, _| *at(it, "/info/description") = json!("Short.")),
    ("Missing", |it, _| remove(it, "/info/contact", "email")),
    ("HostName", |it, _| *at(it, "/host") = json!("https://hooks.contoso.example")),
    ("ConnectorMetadata", |it, _| *at(it, "/x-ms-connector-metadata/0/propertyName") = json!("Site")),
    ("SecurityDefined", |it, _| *at(it, "/security") = json!([{"key": []}])),
    ("ConnectionParameter", |_, it| *at(it, "/properties/connectionParameters") = json!({})),
    ("SecretAsPlainString", |_, it| {
        *at(it, "/properties/connectionParameters/api_key/type") = json!("string")
    }),
    ("Missing", |_, it| remove(it, "/properties", "publisher")),
];

fn broken() -> impl Iterator<Item = (&'static str, Value, Value)> {
    let export = declared().export().unwrap();
    let value = |text: &str| -> Value { serde_json::from_str(text).unwrap() };
    let (definition, properties) = (value(export.definition()), value(export.properties()));
    BREAKS.iter().map(move |(rule, breaks)| {
        let (mut definition, mut properties) = (definition.clone(), properties.clone());
        breaks(&mut definition, &mut properties);
        (*rule, definition, properties)
    })
}

#[test]
fn every_rule_that_is_broken_is_told_by_its_name() {
    for (at, (rule, definition, properties)) in broken().enumerate() {
        let found = lint(&definition, &properties);
        assert!(found.iter().any(|found| found.starts_with(rule)), "{at} {rule}: {found:?}");
    }
}

#[test]
fn the_checker_of_connectors_refuses_whatever_is_broken() {
    for (at, (rule, definition, properties)) in broken().enumerate() {
        let Some(answer) = checker(&definition, &properties) else { return };
        assert!(answer.is_err(), "{at} {rule} was taken");
    }
}
