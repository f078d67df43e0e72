//! What actions say of themselves.

use serde_json::Value;

use super::{Findings, REFERENCE, quoted, texts};
use crate::action::{Choices, DynamicChoices, Field, FieldType, Visibility};
use crate::connector::Connector;

pub(super) fn check(connector: &Connector, findings: &mut Findings) {
    for action in &connector.actions {
        let place = format!("actions.{}", action.name());
        texts::summary(&format!("{place}.title"), action.title(), findings);
        let description = action.description().unwrap_or_default();
        texts::sentence(&format!("{place}.description"), description, action.title(), findings);
        if let Err(error) = action.validate() {
            for fault in error.faults() {
                let remedy = "mend the metadata, which no registry would take either";
                findings.add(&format!("{place}.{}", fault.path()), fault.message(), remedy);
            }
        }
        for (part, fields) in [("input", action.inputs()), ("output", action.outputs())] {
            references(&format!("{place}.{part}"), fields, findings);
        }
        let sample = action.samples().first();
        let values =
            sample.iter().flat_map(|sample| [("input", sample.input()), ("output", sample.output())]);
        for (part, _) in values.filter(|(_, value)| holds_reference(value)) {
            let remedy = "show another value, in which no member has this name";
            findings.add(
                &format!("{place}.samples[0].{part}"),
                "holds a member $ref, which is read as a reference",
                remedy,
            );
        }
        Inputs { connector, findings }.check(&format!("{place}.input"), action.inputs(), false);
    }
}

/// Members of a file that would be read as references.
fn references(place: &str, fields: &[Field], findings: &mut Findings) {
    for field in fields {
        let place = format!("{place}.{}", field.name());
        if field.name() == REFERENCE || field.default().is_some_and(holds_reference) {
            findings.add(
                &place,
                "would be read as a reference",
                "give the field another name, or another default",
            );
        }
        let mut inner = field.field_type();
        while let FieldType::Array(element) = inner {
            inner = element.field_type();
        }
        if let FieldType::Object(fields) = inner {
            references(&place, fields, findings);
        }
    }
}

fn holds_reference(value: &Value) -> bool {
    match value {
        Value::Object(members) => {
            members.iter().any(|(name, value)| name == REFERENCE || holds_reference(value))
        }
        Value::Array(elements) => elements.iter().any(holds_reference),
        _ => false,
    }
}

struct Inputs<'a> {
    connector: &'a Connector,
    findings: &'a mut Findings,
}

impl Inputs<'_> {
    fn check(&mut self, place: &str, fields: &[Field], is_in_array: bool) {
        for field in fields {
            let place = format!("{place}.{}", field.name());
            self.field(&place, field, is_in_array);
            if let Some(Choices::Dynamic(choices)) = field.choices() {
                self.sources(&format!("{place}.choices"), choices, fields);
            }
        }
    }

    fn field(&mut self, place: &str, field: &Field, is_in_array: bool) {
        let is_internal = field.visibility() == Visibility::Internal;
        let has_fields = matches!(field.field_type(), FieldType::Object(fields) if !fields.is_empty());
        if !is_internal && !has_fields {
            texts::label(&format!("{place}.title"), field.title(), self.findings);
        }
        if is_internal && field.is_required() && field.default().is_none() {
            let remedy = "give it a default: nobody is asked for it";
            self.findings.add(place, "is required and internal, and has no default", remedy);
        }
        if field.default().is_some_and(is_empty) {
            let remedy = "leave it out: nothing is what is sent without it";
            self.findings.add(&format!("{place}.default"), "is empty", remedy);
        }
        if let Some(Choices::Dynamic(choices)) = field.choices() {
            self.choices(&format!("{place}.choices"), choices, is_in_array);
        }
        match field.field_type() {
            FieldType::Object(fields) => self.check(place, fields, is_in_array),
            FieldType::Array(element) => self.element(&format!("{place}[]"), element),
            _ => {}
        }
    }

    /// What an array holds needs no title of its own.
    fn element(&mut self, place: &str, element: &Field) {
        match element.field_type() {
            FieldType::Object(fields) => self.check(place, fields, true),
            FieldType::Array(inner) => self.element(&format!("{place}[]"), inner),
            _ => {}
        }
        if let Some(Choices::Dynamic(choices)) = element.choices() {
            self.choices(&format!("{place}.choices"), choices, true);
        }
    }

    fn choices(&mut self, place: &str, choices: &DynamicChoices, is_in_array: bool) {
        let lists = &self.connector.lists;
        let Some(list) = lists.iter().find(|list| list.name() == choices.list()) else {
            let known: Vec<&str> = lists.iter().map(|list| list.name()).collect();
            let what = format!("there is no list {}", quoted(choices.list()));
            let remedy = format!("declare it with with_list, or write one of {}", known.join(", "));
            self.findings.add(place, what, remedy);
            return;
        };
        for missing in list.parameters().filter(|name| choices.parameters().all(|(given, _)| given != *name))
        {
            let what = format!("the list {:?} needs {missing}", list.name());
            self.findings.add(place, what, "say which field gives it");
        }
        for (unknown, _) in
            choices.parameters().filter(|(given, _)| list.parameters().all(|name| name != *given))
        {
            let what = format!("the list {:?} takes no {}", list.name(), quoted(unknown));
            self.findings.add(place, what, "take it away, or declare it with the list");
        }
        if is_in_array && choices.parameters().next().is_some() {
            let what = "depends on a field inside an array, which the platform cannot refer to";
            self.findings.add(place, what, "put the field before the array, or write the choices down");
        }
    }

    /// What the choices depend on stands in the query of the list.
    fn sources(&mut self, place: &str, choices: &DynamicChoices, beside: &[Field]) {
        let is_secret = |source: &str| beside.iter().any(|field| field.name() == source && field.is_secret());
        for (_, source) in choices.parameters().filter(|(_, source)| is_secret(source)) {
            let what = format!("depends on the secret {source}, which would stand in a URL");
            self.findings.add(place, what, "let it depend on something else, or write the choices down");
        }
    }
}

fn is_empty(value: &Value) -> bool {
    match value {
        Value::String(text) => text.is_empty(),
        Value::Array(elements) => elements.is_empty(),
        Value::Object(members) => members.is_empty(),
        _ => false,
    }
}
