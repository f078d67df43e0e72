//! `apiDefinition.swagger.json`.

use super::answers::problem;
use super::json::{Json, Object};
use super::{actions, firing, triggers};
use crate::connector::declaration::operation::{self, DEPRECATED, Kind, Operation};
use crate::connector::{Authentication, Connector, Contact, Revision};
use crate::time::format_duration;

pub(super) fn definition(connector: &Connector) -> Object {
    let schemes: &[&str] = if connector.allows_http { &["https", "http"] } else { &["https"] };
    let operations = operation::all(connector);
    let definition = Object::new()
        .with("swagger", "2.0")
        .with("info", info(connector))
        .with("host", &*connector.host)
        .with("basePath", &*connector.base_path)
        .with("schemes", Json::array(schemes.iter().copied()))
        .with("consumes", Json::array(["application/json"]))
        .with("produces", Json::array(["application/json"]))
        .with("paths", paths(connector, &operations))
        .with("definitions", definitions(connector));
    with_security(definition, &connector.authentication)
        .with("x-ms-connector-metadata", metadata(connector))
        .with("x-ms-capabilities", capabilities())
        .with_some("x-throttling-limits", limits(connector))
}

fn info(connector: &Connector) -> Object {
    let contact = |contact: &Contact| {
        Object::new().with("name", contact.name()).with("url", contact.url()).with("email", contact.email())
    };
    Object::new()
        .with("title", &*connector.title)
        .with("description", &*connector.description)
        .with("version", &*connector.version)
        .with_some("contact", connector.contact.as_ref().map(contact))
}

/// Operations of one path stand together, in the order in which the first of them comes.
fn paths(connector: &Connector, operations: &[Operation<'_>]) -> Object {
    let mut paths: Vec<(&str, Object)> = Vec::new();
    for operation in operations {
        let described = identified(connector, operation, described(connector, operation));
        let at = paths.iter().position(|(path, _)| *path == operation.path).unwrap_or_else(|| {
            paths.push((&operation.path, Object::new()));
            paths.len() - 1
        });
        let path = &mut paths[at].1;
        if let Kind::Webhook(profile) = operation.kind {
            path.put("x-ms-notification-content", triggers::notification(profile));
        }
        path.put(operation.method, described);
    }
    let mut object = Object::new();
    paths.into_iter().for_each(|(path, operations)| object.put(path, operations));
    object
}

fn described(connector: &Connector, operation: &Operation<'_>) -> Object {
    match operation.kind {
        Kind::Webhook(profile) => triggers::webhook(connector, profile),
        Kind::Polling(profile) => triggers::polling(connector, profile),
        Kind::Status => triggers::status(),
        Kind::Unsubscribe => triggers::unsubscribe(),
        Kind::List(list) => actions::list(list),
        Kind::Test => actions::test(),
        Kind::Action(action) => actions::action(connector, action),
    }
}

/// The operation with its id first, and with its revision.
fn identified(connector: &Connector, operation: &Operation<'_>, described: Object) -> Object {
    let revision = connector.revisions.iter().find(|(id, _)| *id == operation.id);
    let identified = Object::new().with("operationId", &*operation.id).followed_by(described);
    let Some((_, revision)) = revision else { return identified };
    let identified = identified.with("x-ms-api-annotation", annotation(revision));
    if !revision.is_deprecated() {
        return identified;
    }
    // As Microsoft asks for it: https://learn.microsoft.com/connectors/custom-connectors/deprecate-operation
    identified
        .with("deprecated", true)
        .reworded("summary", |text| format!("{text}{DEPRECATED}"))
        .reworded("description", |text| format!("{}{DEPRECATED}.", text.trim_end_matches('.')))
}

fn annotation(revision: &Revision) -> Object {
    let replacement = revision.replacement().map(|id| Object::new().with("operationId", id));
    Object::new()
        .with("family", revision.family())
        .with("revision", revision.number())
        .with_some("status", revision.is_preview().then_some("Preview"))
        .with_some("replacement", replacement)
}

fn definitions(connector: &Connector) -> Object {
    let mut definitions = Object::new();
    for profile in connector.profiles() {
        let schema = firing::schema(profile).with("example", firing::sample(profile));
        definitions.put(firing::definition_name(profile), schema);
    }
    definitions
        .with("Subscription", triggers::subscription())
        .with("SubscriptionStatus", triggers::subscription_status())
        .with("Problem", problem())
}

fn with_security(definition: Object, authentication: &Authentication) -> Object {
    let (name, scheme) = match authentication {
        Authentication::None => return definition,
        Authentication::ApiKey(header) => {
            ("api_key", Object::new().with("type", "apiKey").with("in", "header").with("name", &**header))
        }
        Authentication::Basic => ("basic", Object::new().with("type", "basic")),
        Authentication::OAuth2(settings) => {
            let mut scopes = Object::new();
            settings.scopes().for_each(|(scope, description)| scopes.put(scope, description));
            let scheme = Object::new()
                .with("type", "oauth2")
                .with("flow", "accessCode")
                .with("authorizationUrl", settings.authorization_url())
                .with("tokenUrl", settings.token_url())
                .with("scopes", scopes);
            ("oauth2", scheme)
        }
    };
    let asked: Vec<Json> = match authentication {
        Authentication::OAuth2(settings) => settings.scopes().map(|(scope, _)| scope.into()).collect(),
        _ => Vec::new(),
    };
    definition
        .with("securityDefinitions", Object::new().with(name, scheme))
        .with("security", Json::array([Object::new().with(name, Json::Array(asked))]))
}

fn metadata(connector: &Connector) -> Json {
    let categories = connector.categories.join(";");
    let entries = [
        ("Website", &connector.website),
        ("Privacy policy", &connector.privacy_policy),
        ("Categories", &categories),
    ];
    Json::array(
        entries.map(|(name, value)| Object::new().with("propertyName", name).with("propertyValue", &**value)),
    )
}

fn capabilities() -> Object {
    let test = Object::new().with("operationId", "TestConnection").with("parameters", Object::new());
    Object::new().with("testConnection", test)
}

fn limits(connector: &Connector) -> Option<Json> {
    let limits = connector.limits.iter().map(|limit| {
        Object::new()
            .with("name", &*limit.name)
            .with("calls", limit.calls)
            .with("renewalPeriod", format_duration(limit.per))
    });
    (!connector.limits.is_empty()).then(|| Json::array(limits))
}
