//! The two files: what is in them, and what others make of them.

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Value, json};
use tripline::action::Metadata;
use tripline::builtin::customer_insights;
use tripline::connector::{Authentication, Connector, Export, OAuth2, Profile};

use super::lint::lint;
use super::{declared, definition};
use crate::oracle;

/// Of each way to say who one is, one connector; and one with a single trigger, and one with actions alone.
fn connectors() -> Vec<(&'static str, Connector)> {
    let settings =
        OAuth2::new("https://login.contoso.example/authorize", "https://login.contoso.example/token")
            .with_client_id("tripline")
            .with_scope("flows", "Subscribe to triggers and run actions.")
            .with_scope("read:all", "Read lists.");
    let polite = Metadata::new("ping").with_title("Ping").with_description("Does nothing, politely.");
    vec![
        ("key", declared()),
        ("basic", declared().with_authentication(Authentication::Basic)),
        ("none", declared().with_authentication(Authentication::None).with_http(true)),
        ("oauth2", declared().with_authentication(settings)),
        ("one", customer_insights_of_contoso().with_triggers(["segmentThresholdCrossed"])),
        ("actions", customer_insights_of_contoso().with_triggers([""; 0]).with_action(polite)),
    ]
}

fn customer_insights_of_contoso() -> Connector {
    let contact = tripline::connector::Contact::new(
        "Contoso Data",
        "https://contoso.example/support",
        "data@contoso.example",
    );
    customer_insights::connector()
        .with_host("hooks.contoso.example:8443")
        .with_contact(contact)
        .with_website("https://contoso.example/insights")
        .with_privacy_policy("https://contoso.example/privacy")
        .with_publisher("Contoso")
}

fn values(export: &Export) -> (Value, Value) {
    let value = |text| serde_json::from_str(text).unwrap();
    (value(export.definition()), value(export.properties()))
}

/// Held byte for byte. `TRIPLINE_GOLDEN=write` writes the file, to be read before it is committed.
fn assert_golden(file: &str, text: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/connector").join(file);
    if std::env::var_os("TRIPLINE_GOLDEN").is_some() {
        std::fs::write(&path, text).unwrap();
    }
    let expected = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(expected == text, "{file} is not what is exported");
}

#[test]
fn both_files_are_what_they_always_were() {
    let export = declared().export().unwrap();
    assert_golden(Export::DEFINITION, export.definition());
    assert_golden(Export::PROPERTIES, export.properties());
    for (name, connector) in
        connectors().into_iter().filter(|(name, _)| ["basic", "none", "oauth2"].contains(name))
    {
        assert_golden(&format!("properties.{name}.json"), connector.export().unwrap().properties());
    }
}

#[test]
fn the_same_declaration_gives_the_same_bytes() {
    assert_eq!(declared().export().unwrap(), declared().export().unwrap());
}

#[test]
fn nothing_is_found_in_what_is_exported() {
    for (name, connector) in connectors() {
        let (definition, properties) = values(&connector.export().unwrap());
        assert_eq!(lint(&definition, &properties), [""; 0], "{name}");
    }
}

#[test]
fn every_trigger_is_there_as_a_webhook_and_to_be_polled_and_every_field_in_the_order_of_the_form() {
    let export = declared().export().unwrap();
    let definition = definition(&declared());
    for profile in Profile::all() {
        let path = format!("/subscriptions/{}", profile.name());
        let webhook = &definition["paths"][&path]["post"];
        assert_eq!(
            (&webhook["x-ms-trigger"], &webhook["operationId"]),
            (&json!("single"), &json!(profile.operation()))
        );
        let polling = &definition["paths"][format!("/poll/{}", profile.name())]["get"];
        assert_eq!(polling["x-ms-trigger"], "batch");
        let names: Vec<&str> =
            polling["parameters"].as_array().unwrap().iter().map(|it| it["name"].as_str().unwrap()).collect();
        let fields: Vec<&str> =
            profile.fields().iter().map(|field| field.name()).chain(["triggerState"]).collect();
        assert_eq!(names, fields);
        let text = &export.definition()[export.definition().find(&format!("\"{path}\"")).unwrap()..];
        let places: Vec<usize> = fields[..fields.len() - 1]
            .iter()
            .map(|name| text.find(&format!("\"{name}\": {{")).unwrap())
            .collect();
        assert!(places.is_sorted(), "{places:?}");
    }
}

#[test]
fn the_surface_is_that_of_the_contract() {
    let definition = definition(&declared());
    let codes = |path: &str, method: &str| -> Vec<String> {
        definition["paths"][path][method]["responses"].as_object().unwrap().keys().cloned().collect()
    };
    assert_eq!(
        codes("/subscriptions/unificationCompleted", "post"),
        ["201", "400", "401", "403", "429", "503"]
    );
    assert_eq!(codes("/poll/unificationCompleted", "get"), ["200", "202", "400", "401", "403", "429", "503"]);
    assert_eq!(codes("/subscriptions/{id}", "delete"), ["204", "401", "429", "503"]);
    assert_eq!(codes("/subscriptions/{id}", "get"), ["200", "401", "404", "429", "503"]);
    for list in ["/instances", "/datasources", "/segments", "/measures", "/entities", "/connection"] {
        assert!(codes(list, "get").contains(&"200".to_owned()), "{list}");
    }
    for action in ["postTeamsChannelMessage", "getItems", "getItemsV2"] {
        let expected = ["200", "400", "401", "422", "429", "502", "503", "504"];
        assert_eq!(codes(&format!("/actions/{action}"), "post"), expected, "{action}");
    }
    assert_eq!(definition["x-ms-capabilities"]["testConnection"]["operationId"], "TestConnection");
}

#[test]
fn fields_of_actions_are_said_as_they_are() {
    let definition = definition(&declared());
    let get_items = &definition["paths"]["/actions/getItemsV2"]["post"];
    let body = &get_items["parameters"][0]["schema"];
    assert_eq!(
        body["required"],
        json!(["instance", "entity", "mode"]),
        "what is hidden is sent all the same"
    );
    let field = |name: &str| &body["properties"][name];
    assert_eq!(
        (&field("top")["default"], &field("top")["minimum"]),
        (&json!(50), &json!(1)),
        "whole, as integers are"
    );
    assert_eq!(field("share")["enum"], json!([0.5, 1]));
    assert_eq!(field("key")["format"], "password");
    assert_eq!(field("fields")["maxItems"], 20);
    assert_eq!(field("extra")["additionalProperties"], true);
    let nested = &field("scope")["properties"]["segment"];
    assert_eq!(nested["x-ms-dynamic-list"]["parameters"]["instance"]["parameterReference"], "body/scope/of");
    assert!(nested.get("x-ms-dynamic-values").is_none(), "it cannot refer to what lies deep in a body");
    assert_eq!(
        get_items["x-ms-api-annotation"],
        json!({"family": "GetItems", "revision": 2, "status": "Preview"})
    );
    let old = &definition["paths"]["/actions/getItems"]["post"];
    assert_eq!(old["deprecated"], true);
    assert_eq!(old["summary"], "Get items from an entity (deprecated)");
    assert_eq!(old["description"], "Gets items from an entity, as many as there are (deprecated).");
    assert_eq!(get_items["summary"], "Get items from an entity");
    assert_eq!(old["x-ms-api-annotation"]["replacement"], json!({"operationId": "GetItemsV2"}));
}

#[test]
fn what_is_secret_in_a_sample_is_in_no_file() {
    let export = declared().export().unwrap();
    assert!(export.definition().contains("\"CustomerId\": \"c-1\""), "samples are there");
    assert!(!export.definition().contains("CANARY") && !export.properties().contains("CANARY"));
}

#[test]
fn a_definition_that_is_too_large_is_refused_with_its_size() {
    let long = "A sentence that says much. ".repeat(200);
    let many = (0..300).fold(declared(), |connector, n| {
        connector
            .with_action(Metadata::new(format!("say{n}")).with_title("Say it").with_description(long.trim()))
    });
    let error = many.export().unwrap_err();
    assert_eq!(error.faults()[0].path(), "definition");
    assert!(error.to_string().contains("the limit is 1048576"), "{error}");
}

#[test]
fn jsonschema_takes_both_files_by_microsofts_schemas() {
    let (mut input, mut expected) = (String::new(), Vec::new());
    let mut line = |definition: &Value, properties: &Value, is_good: bool| {
        input += &format!("{}\n", json!({"definition": definition, "properties": properties}));
        expected.push(is_good);
    };
    for (_, connector) in connectors() {
        let (mut definition, mut properties) = values(&connector.export().unwrap());
        line(&definition, &properties, true);
        definition["paths"]["/connection"]["get"]["colour"] = json!("red");
        line(&definition, &properties, false);
        definition["paths"]["/connection"]["get"].as_object_mut().unwrap().remove("colour");
        properties["properties"]["colour"] = json!("red");
        line(&definition, &properties, false);
    }
    let Some(answers) = oracle::python("connector_schemas.py", &["files"], &input) else { return };
    assert_eq!(answers.len(), expected.len());
    for (answer, is_good) in answers.iter().zip(expected) {
        assert_eq!(answer == "ok", is_good, "{answer}");
    }
}

#[test]
fn swagger_parser_takes_the_definition() {
    if !oracle::has_node_package("@apidevtools/swagger-parser") {
        return;
    }
    let mut input = String::new();
    let mut expected = Vec::new();
    for (_, connector) in connectors() {
        let (mut definition, _) = values(&connector.export().unwrap());
        input += &format!("{definition}\n");
        expected.push(true);
        definition["paths"]["/connection"]["get"]["responses"] = json!({});
        input += &format!("{definition}\n");
        expected.push(false);
    }
    let Some(answers) = oracle::node("swagger_parser.js", &[], &input) else { return };
    assert_eq!(answers.len(), expected.len());
    for (answer, is_good) in answers.iter().zip(expected) {
        assert_eq!(answer == "ok", is_good, "{answer}");
    }
}

/// What a checker of the two files answers; `None` where `TRIPLINE_CONNECTOR_CHECK` names none, or no Python is named.
pub(super) fn checker(definition: &Value, properties: &Value) -> Option<Result<(), String>> {
    let variables = ["TRIPLINE_CONNECTOR_CHECK", "TRIPLINE_PYTHON"].map(std::env::var_os);
    let [Some(script), Some(python)] = variables else {
        println!("skipped: TRIPLINE_CONNECTOR_CHECK or TRIPLINE_PYTHON is not set");
        return None;
    };
    let folder: PathBuf =
        Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("connector-{:?}", std::thread::current().id()));
    std::fs::create_dir_all(&folder).unwrap();
    let paths = [(Export::DEFINITION, definition), (Export::PROPERTIES, properties)].map(|(name, value)| {
        let path = folder.join(name);
        std::fs::write(&path, value.to_string()).unwrap();
        path
    });
    let output = Command::new(python).arg(script).arg("--strict").args(paths).output().unwrap();
    std::fs::remove_dir_all(&folder).unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert_ne!(output.status.code(), Some(2), "{}", String::from_utf8_lossy(&output.stderr));
    Some(if output.status.success() { Ok(()) } else { Err(said) })
}

#[test]
fn the_checker_of_connectors_takes_both_files_without_a_warning() {
    for (name, connector) in connectors() {
        let (definition, properties) = values(&connector.export().unwrap());
        let Some(answer) = checker(&definition, &properties) else { return };
        assert_eq!(answer, Ok(()), "{name}");
    }
}
