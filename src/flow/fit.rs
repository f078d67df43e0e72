//! A flow held against the actions that there are.

use std::collections::BTreeSet;

use serde_json::Value;

use super::step::Step;
use super::template::Gives;
use crate::action::{Field, FieldType, Registry, join_path};
use crate::error::Fault;
use crate::event::strict::shown;

/// Every fault, in the order of the steps.
pub(super) fn faults(steps: &[Step], registry: &Registry) -> Vec<Fault> {
    let mut faults = Vec::new();
    for (at, step) in steps.iter().enumerate() {
        let Some(action) = registry.get(&step.action) else {
            let message =
                format!("there is no action {:?}{}", shown(&step.action), hint(registry, &step.action));
            faults.push(Fault::new(format!("steps[{at}].action"), message));
            continue;
        };
        let metadata = action.metadata();
        let Err(error) = metadata.check_input(&Value::Object(step.inputs.clone())) else { continue };
        let mut excused = Excused::default();
        for (name, value) in &step.inputs {
            excused.note(&join_path("", name), field_of(metadata.inputs(), name), value);
        }
        let wrong = error.fields().iter().filter(|fault| !excused.0.contains(fault.path()));
        faults.extend(wrong.map(|fault| fault.clone().under(&format!("steps[{at}].inputs"))));
    }
    faults
}

/// The places whose value is not known before it is rendered.
#[derive(Default)]
struct Excused(BTreeSet<String>);

impl Excused {
    fn note(&mut self, path: &str, field: Option<&Field>, value: &Value) {
        match value {
            Value::String(text) => {
                let is_text = field.is_none_or(|field| matches!(field.field_type(), FieldType::String(_)));
                let is_excused = match Gives::of(text) {
                    Gives::Itself => false,
                    Gives::Text => is_text,
                    Gives::Anything => true,
                };
                // A field that is not there is at fault whatever its value.
                if is_excused && field.is_some() {
                    self.0.insert(path.to_owned());
                }
            }
            Value::Array(values) => {
                let element = match field.map(Field::field_type) {
                    Some(FieldType::Array(element)) => Some(&**element),
                    _ => None,
                };
                let all = values.iter().enumerate();
                all.for_each(|(at, value)| self.note(&format!("{path}[{at}]"), element, value));
            }
            Value::Object(members) => {
                let fields = match field.map(Field::field_type) {
                    Some(FieldType::Object(fields)) => &fields[..],
                    _ => &[],
                };
                for (name, value) in members {
                    self.note(&join_path(path, name), field_of(fields, name), value);
                }
            }
            _ => {}
        }
    }
}

fn field_of<'f>(fields: &'f [Field], name: &str) -> Option<&'f Field> {
    fields.iter().find(|field| field.name() == name)
}

fn hint(registry: &Registry, name: &str) -> String {
    let close = registry.names().find(|known| known.eq_ignore_ascii_case(name));
    close.map_or_else(String::new, |known| format!("; did you mean {known:?}?"))
}
