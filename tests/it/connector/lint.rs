//! The rules of Microsoft's schemas and certification that an exported definition could break, written down again: what is
//! exported is held against them wherever the tests run, with nobody else's software.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};

const METHODS: [&str; 5] = ["get", "put", "post", "delete", "patch"];

/// Everything that is wrong, each with the name of its rule.
pub(super) fn lint(definition: &Value, properties: &Value) -> Vec<String> {
    let mut lint = Lint { definition, faults: Vec::new() };
    lint.info();
    let operations = lint.operations();
    lint.ids(&operations);
    for operation in &operations {
        lint.operation(operation, &operations);
    }
    lint.references(definition, "");
    lint.security(properties);
    lint.faults
}

struct Operation<'a> {
    path: &'a str,
    method: &'static str,
    item: &'a Value,
    op: &'a Value,
}

impl Operation<'_> {
    fn id(&self) -> &str {
        self.op["operationId"].as_str().unwrap_or("?")
    }

    fn is_internal(&self) -> bool {
        self.op["x-ms-visibility"] == "internal"
    }

    fn parameters(&self) -> &[Value] {
        self.op["parameters"].as_array().map(Vec::as_slice).unwrap_or_default()
    }

    fn body(&self) -> &Value {
        self.parameters().iter().find(|it| it["in"] == "body").map_or(&Value::Null, |it| &it["schema"])
    }

    fn responses(&self) -> impl Iterator<Item = (&String, &Value)> {
        self.op["responses"].as_object().into_iter().flatten()
    }
}

struct Lint<'a> {
    definition: &'a Value,
    faults: Vec<String>,
}

impl<'a> Lint<'a> {
    fn must(&mut self, is_so: bool, rule: &str, place: &str) {
        if !is_so {
            self.faults.push(format!("{rule}: {place}"));
        }
    }

    fn info(&mut self) {
        let definition = self.definition;
        fn text<'a>(definition: &'a Value, pointer: &str) -> &'a str {
            definition.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
        }
        let length = |pointer: &str| text(definition, pointer).chars().count();
        self.must(definition["swagger"] == "2.0", "SpecificationVersion", "swagger");
        self.must((1..=30).contains(&length("/info/title")), "TitleLength", text(definition, "/info/title"));
        self.must((30..=500).contains(&length("/info/description")), "DescriptionLength", "info");
        for part in ["version", "contact/name", "contact/url", "contact/email"] {
            self.must(length(&format!("/info/{part}")) > 0, "Missing", part);
        }
        let host = text(definition, "/host");
        self.must(!host.is_empty() && !host.contains('/'), "HostName", host);
        self.must(text(definition, "/basePath").starts_with('/'), "BasePath", text(definition, "/basePath"));
        for name in ["Website", "Privacy policy", "Categories"] {
            let entries = definition["x-ms-connector-metadata"].as_array();
            let is_there = entries.is_some_and(|all| all.iter().any(|it| it["propertyName"] == name));
            self.must(is_there, "ConnectorMetadata", name);
        }
    }

    fn operations(&self) -> Vec<Operation<'a>> {
        let paths = self.definition["paths"].as_object().into_iter().flatten();
        let of_path = |(path, item): (&'a String, &'a Value)| {
            METHODS.map(|method| Operation { path, method, item, op: &item[method] })
        };
        paths.flat_map(of_path).filter(|operation| operation.op.is_object()).collect()
    }

    fn ids(&mut self, operations: &[Operation<'_>]) {
        let (mut ids, mut paths) = (BTreeSet::new(), BTreeMap::new());
        for operation in operations {
            let id = operation.id();
            self.must(ids.insert(id.to_lowercase()), "OperationIdUnique", id);
            let is_plain = id.starts_with(|c: char| c.is_ascii_uppercase())
                && id.chars().all(|c| c.is_ascii_alphanumeric());
            self.must(is_plain, "OperationIdPascalCase", id);
            let path = operation.path;
            let first = paths.entry(path.to_lowercase()).or_insert(path);
            self.must(*first == path, "PathUnique", path);
            self.must(path.starts_with('/'), "PathStartsWithSlash", path);
        }
        self.must(!operations.is_empty(), "NoOperations", "paths");
    }

    fn operation(&mut self, operation: &Operation<'a>, all: &[Operation<'a>]) {
        let id = operation.id().to_owned();
        self.texts(operation, &id);
        self.parameters(operation, &id);
        self.answers(operation, &id);
        if operation.op.get("x-ms-trigger").is_some() {
            self.trigger(operation, all, &id);
        } else {
            self.must(count(operation.body(), "x-ms-notification-url") == 0, "TriggerMarkMissing", &id);
        }
        let mut choices = Vec::new();
        collect(operation.op, "x-ms-dynamic-values", &mut choices);
        collect(operation.op, "x-ms-dynamic-list", &mut choices);
        for choice in choices {
            self.choice(operation, choice, all, &id);
        }
        let annotation = &operation.op["x-ms-api-annotation"];
        let is_replaced = annotation.get("replacement").is_some();
        self.must(!is_replaced || operation.op["deprecated"] == true, "ReplacedIsDeprecated", &id);
    }

    fn texts(&mut self, operation: &Operation<'_>, id: &str) {
        let text = |name: &str| operation.op[name].as_str().unwrap_or_default().to_owned();
        let (summary, description) = (text("summary"), text("description"));
        self.must((1..=80).contains(&summary.chars().count()), "SummaryLength", id);
        let is_plain = |c: char| c.is_ascii_alphanumeric() || " ()-,.'&".contains(c);
        self.must(summary.chars().all(is_plain), "SummaryCharacters", id);
        self.must(description.ends_with(['.', '!', '?', ')']), "DescriptionPunctuation", id);
        self.must(description.trim_end_matches('.') != summary, "SummaryEqualsDescription", id);
    }

    fn parameters(&mut self, operation: &Operation<'_>, id: &str) {
        let mut names = BTreeSet::new();
        for parameter in operation.parameters() {
            let name = parameter["name"].as_str().unwrap_or_default();
            let place = format!("{id}({name})");
            self.must(names.insert((name, parameter["in"].as_str())), "ParameterUnique", &place);
            match parameter["in"].as_str() {
                Some("body") => {
                    self.must(operation.method != "get", "BodyInFetch", &place);
                    self.must(parameter["schema"].is_object(), "BodySchema", &place);
                    self.schema(&parameter["schema"], &place);
                    if !operation.is_internal() {
                        self.titles(&parameter["schema"], &place);
                    }
                    continue;
                }
                Some("path") => {
                    let is_there = operation.path.contains(&format!("{{{name}}}"));
                    self.must(is_there, "PathParameterInTemplate", &place);
                    self.must(parameter["required"] == true, "PathParameterRequired", &place);
                    self.must(parameter.get("x-ms-url-encoding").is_some(), "PathParameterEncoding", &place);
                }
                _ => self.must(parameter.get("x-ms-url-encoding").is_none(), "QueryEncoding", &place),
            }
            self.must(parameter["x-ms-summary"].is_string(), "ParameterSummary", &place);
            let description = parameter["description"].as_str().unwrap_or_default();
            self.must(description.ends_with(['.', '!', '?', ')']), "DescriptionPunctuation", &place);
            self.schema(parameter, &place);
        }
        let holes = operation.path.matches('{').count();
        let given = operation.parameters().iter().filter(|it| it["in"] == "path").count();
        self.must(holes == given, "PathParameterMissing", id);
    }

    fn titles(&mut self, schema: &Value, place: &str) {
        for (name, member) in schema["properties"].as_object().into_iter().flatten() {
            let place = format!("{place}.{name}");
            if member["x-ms-visibility"] == "internal" {
                continue;
            }
            if member.get("properties").is_some() {
                self.titles(member, &place);
            } else {
                self.must(member["x-ms-summary"].is_string(), "ParameterSummary", &place);
            }
        }
    }

    /// A schema, or a parameter, which has the same parts.
    fn schema(&mut self, schema: &Value, place: &str) {
        let members = schema["properties"].as_object();
        for name in schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str) {
            let is_there = members.is_some_and(|members| members.contains_key(name));
            self.must(is_there, "RequiredIsDefined", &format!("{place}.{name}"));
        }
        let is_array = schema["type"] == "array";
        self.must(!is_array || schema["items"].is_object(), "ArrayHasItems", place);
        if let Some(values) = schema["enum"].as_array() {
            self.must(!values.is_empty(), "EnumEmpty", place);
            self.must(values.iter().all(|value| fits(schema, value)), "EnumType", place);
            for shown in schema["x-ms-enum-values"].as_array().into_iter().flatten() {
                self.must(values.contains(&shown["value"]), "EnumValues", place);
            }
        }
        if let Some(default) = schema.get("default") {
            let is_empty = *default == "" || *default == Value::Object(Map::new());
            self.must(fits(schema, default) && !is_empty, "Default", place);
            let values = schema["enum"].as_array();
            self.must(values.is_none_or(|values| values.contains(default)), "DefaultInEnum", place);
        }
        for (name, member) in members.into_iter().flatten() {
            self.schema(member, &format!("{place}.{name}"));
        }
        if schema["items"].is_object() {
            self.schema(&schema["items"], &format!("{place}[]"));
        }
    }

    fn answers(&mut self, operation: &Operation<'a>, id: &str) {
        let good: Vec<_> = operation.responses().filter(|(code, _)| code.starts_with('2')).collect();
        self.must(!good.is_empty(), "SuccessfulResponse", id);
        let schemas: Vec<&Value> = good.iter().filter_map(|(_, it)| it.get("schema")).collect();
        self.must(schemas.len() <= 1, "ManyResponsesWithSchema", id);
        let needs = good.iter().any(|(code, _)| ["200", "201"].contains(&code.as_str()));
        self.must(!needs || !schemas.is_empty(), "ResponseSchema", id);
        for schema in schemas {
            self.must(!self.says_nothing(schema), "EmptyResponseSchema", id);
        }
        self.must(operation.op["responses"]["default"].get("schema").is_none(), "DefaultResponse", id);
        for (code, answer) in operation.responses() {
            self.schema(&answer["schema"], &format!("{id} {code}"));
        }
    }

    fn says_nothing(&self, schema: &Value) -> bool {
        let schema = self.resolved(schema);
        match schema["type"].as_str() {
            Some("array") => !schema["items"].is_object(),
            Some("object") | None => {
                let is_open = schema["additionalProperties"] == true;
                !is_open && schema["properties"].as_object().is_none_or(Map::is_empty)
            }
            _ => false,
        }
    }

    fn trigger(&mut self, operation: &Operation<'a>, all: &[Operation<'a>], id: &str) {
        let op = operation.op;
        self.must(!operation.is_internal(), "TriggerIsInternal", id);
        self.must(op["summary"].as_str().is_some_and(|it| it.starts_with("When ")), "TriggerSummary", id);
        self.must(op["x-ms-trigger-hint"].is_string(), "TriggerHint", id);
        let headers = |code: &str, names: &[&str]| {
            let headers = &op["responses"][code]["headers"];
            names.iter().all(|name| headers.get(name).is_some())
        };
        let Some(content) = operation.item.get("x-ms-notification-content") else {
            self.must(op["x-ms-trigger"] == "batch" && operation.method == "get", "PollingTrigger", id);
            for code in ["200", "202"] {
                self.must(headers(code, &["Location", "Retry-After"]), "PollingHeaders", id);
            }
            self.must(op["responses"]["200"]["schema"]["type"] == "array", "BatchIsArray", id);
            return;
        };
        self.must(op["x-ms-trigger"] == "single" && operation.method == "post", "WebhookTrigger", id);
        self.must(!self.says_nothing(&content["schema"]), "NotificationContentSchema", id);
        self.must(headers("201", &["Location"]), "WebhookLocation", id);
        let body = operation.body();
        self.must(count(body, "x-ms-notification-url") == 1, "NotificationUrlUnique", id);
        let url = &body["properties"]["callbackUrl"];
        self.must(url["x-ms-notification-url"] == true && url["type"] == "string", "NotificationUrl", id);
        self.must(url["x-ms-visibility"] == "internal", "NotificationUrlInternal", id);
        let required = body["required"].as_array();
        let is_required = required.is_some_and(|it| it.contains(&Value::from("callbackUrl")));
        self.must(is_required, "NotificationUrlRequired", id);
        let base = operation.path.rsplit_once('/').map_or("", |(base, _)| base);
        let is_removed = all
            .iter()
            .any(|other| other.method == "delete" && other.is_internal() && other.path.starts_with(base));
        self.must(is_removed, "WebhookDelete", id);
    }

    fn choice(&mut self, operation: &Operation<'_>, choice: &Value, all: &[Operation<'_>], id: &str) {
        let target = choice["operationId"].as_str().unwrap_or_default();
        let Some(list) = all.iter().find(|it| it.id() == target) else {
            return self.must(false, "ChoicesOperation", &format!("{id} -> {target}"));
        };
        let place = format!("{id} -> {target}");
        let given = choice["parameters"].as_object();
        for parameter in list.parameters().iter().filter(|it| it["required"] == true) {
            let name = parameter["name"].as_str().unwrap_or_default();
            self.must(given.is_some_and(|given| given.contains_key(name)), "ChoicesParameter", &place);
        }
        for (name, value) in given.into_iter().flatten() {
            let is_known = list.parameters().iter().any(|it| it["name"] == name.as_str());
            self.must(is_known, "ChoicesParameter", &place);
            let source = value["parameter"].as_str().or(value["parameterReference"].as_str());
            let source = source.unwrap_or_default();
            let in_query = operation.parameters().iter().any(|it| it["name"] == source);
            let path = source.strip_prefix("body/").unwrap_or(source).replace('/', "/properties/");
            let in_body = operation.body().pointer(&format!("/properties/{path}")).is_some();
            self.must(in_query || in_body, "ChoicesReference", &format!("{place}: {source}"));
        }
        let entries = self.resolved(&list.op["responses"]["200"]["schema"]);
        let collection =
            choice["value-collection"].as_str().or(choice["itemsPath"].as_str()).unwrap_or_default();
        let entries = self.resolved(&entries["properties"][collection]);
        self.must(entries["type"] == "array", "ChoicesArray", &place);
        let members = &entries["items"]["properties"];
        for name in ["value-path", "value-title", "itemValuePath", "itemTitlePath"] {
            if let Some(member) = choice[name].as_str() {
                self.must(members.get(member).is_some(), "ChoicesMember", &place);
            }
        }
    }

    fn references(&mut self, node: &Value, place: &str) {
        match node {
            Value::Object(members) => {
                if let Some(reference) = members.get("$ref").and_then(Value::as_str) {
                    let target = reference.strip_prefix('#').and_then(|it| self.definition.pointer(it));
                    self.must(target.is_some(), "Reference", reference);
                }
                for (name, member) in members {
                    self.references(member, &format!("{place}/{name}"));
                }
            }
            Value::Array(elements) => elements.iter().for_each(|it| self.references(it, place)),
            _ => {}
        }
    }

    fn resolved(&self, schema: &'a Value) -> &'a Value {
        let reference = schema["$ref"].as_str().and_then(|it| it.strip_prefix('#'));
        reference.and_then(|it| self.definition.pointer(it)).unwrap_or(schema)
    }

    fn security(&mut self, properties: &Value) {
        let definitions = self.definition["securityDefinitions"].as_object();
        for (name, _) in self.definition["security"]
            .as_array()
            .into_iter()
            .flatten()
            .flat_map(|it| it.as_object().unwrap())
        {
            self.must(definitions.is_some_and(|it| it.contains_key(name)), "SecurityDefined", name);
        }
        let properties = &properties["properties"];
        let parameters = properties["connectionParameters"].as_object();
        let kinds: Vec<&str> =
            parameters.into_iter().flatten().filter_map(|(_, it)| it["type"].as_str()).collect();
        for (name, scheme) in definitions.into_iter().flatten() {
            let wanted = if scheme["type"] == "oauth2" { "oauthSetting" } else { "securestring" };
            self.must(kinds.contains(&wanted), "ConnectionParameter", name);
        }
        self.must(!kinds.contains(&"string"), "SecretAsPlainString", "connectionParameters");
        for name in ["publisher", "stackOwner", "iconBrandColor"] {
            self.must(properties[name].as_str().is_some_and(|it| !it.is_empty()), "Missing", name);
        }
    }
}

fn fits(schema: &Value, value: &Value) -> bool {
    match schema["type"].as_str() {
        Some("string") => value.is_string(),
        Some("integer") => value.is_i64() || value.is_u64(),
        Some("number") => value.is_number(),
        Some("boolean") => value.is_boolean(),
        _ => true,
    }
}

/// How often an extension is set below a node.
fn count(node: &Value, name: &str) -> usize {
    match node {
        Value::Object(members) => {
            usize::from(members.get(name).is_some_and(|it| it == true))
                + members.values().map(|it| count(it, name)).sum::<usize>()
        }
        Value::Array(elements) => elements.iter().map(|it| count(it, name)).sum(),
        _ => 0,
    }
}

/// Every extension of that name below a node.
fn collect<'a>(node: &'a Value, name: &str, found: &mut Vec<&'a Value>) {
    match node {
        Value::Object(members) => {
            found.extend(members.get(name).filter(|it| it.is_object()));
            members.values().for_each(|it| collect(it, name, found));
        }
        Value::Array(elements) => elements.iter().for_each(|it| collect(it, name, found)),
        _ => {}
    }
}
