//! What was given, held against a profile's fields.

use std::borrow::Cow;
use std::time::Duration;

use serde_json::value::RawValue;

use super::Profile;
use super::member::{Member, Value};
use crate::action::{Choices, Field, FieldType};
use crate::error::{Error, Fault};
use crate::event::strict::{float, shown};
use crate::time::parse_duration;
use crate::trigger::{Trigger, TriggerBuilder, is_close};

/// The most fields that are told as unknown; the last fault says how many more there are.
const MAX_UNKNOWN: usize = 100;

/// Fields being read, and every fault so far.
pub(super) struct Reading<'p, 't> {
    profile: &'p Profile,
    members: Vec<Member<'t>>,
    /// Names that are known beside those of the profile.
    beside: Vec<&'p str>,
    faults: Vec<Fault>,
}

impl<'p, 't> Reading<'p, 't> {
    pub(super) fn new(profile: &'p Profile, members: Vec<Member<'t>>) -> Self {
        Self { profile, members, beside: Vec::new(), faults: Vec::new() }
    }

    pub(super) fn fault(&mut self, field: &str, message: impl Into<String>) {
        self.faults.push(Fault::new(field, message));
    }

    fn is_faulty(&self, field: &str) -> bool {
        self.faults.iter().any(|fault| fault.path() == field)
    }

    /// The text of a field that is not the profile's.
    pub(super) fn beside(&mut self, field: &'p Field) -> Option<String> {
        self.beside.push(field.name());
        self.text_of(field)
    }

    /// The text of a field of the profile, or its default.
    pub(super) fn text(&mut self, name: &str) -> Option<String> {
        let field = self.profile.fields.iter().find(|field| field.name() == name)?;
        self.text_of(field)
    }

    /// The number of a field of the profile.
    pub(super) fn number(&mut self, name: &str) -> Option<f64> {
        let field = self.profile.fields.iter().find(|field| field.name() == name)?;
        let digits: Cow<'t, str> = match self.take(field)? {
            Value::Number(digits) => digits.into(),
            Value::Either(text) if is_number(&text) => text,
            other => return self.mistyped(field, &other),
        };
        float(&digits).map_err(|why| self.fault(name, why)).ok()
    }

    /// The duration of a field of the profile.
    pub(super) fn duration(&mut self, name: &str) -> Option<Duration> {
        let text = self.text(name)?;
        parse_duration(&text).map_err(|error| self.fault(name, error.to_string())).ok()
    }

    /// What is built of it, or every fault in the order of the fields, those of others at the end.
    ///
    /// `flat` says which fields a part of the trigger comes from, the one to name first.
    pub(super) fn finish(
        mut self,
        builder: TriggerBuilder,
        flat: for<'a> fn(&'a str) -> (&'a str, &'a str),
    ) -> Result<Trigger, Error> {
        let built = builder.build();
        let mut found = Vec::new();
        for fault in built.as_ref().err().map(Error::faults).unwrap_or_default() {
            let (field, other) = flat(fault.path());
            // A fault of what stands in for a faulty value says nothing new.
            if !self.is_faulty(field) && !self.is_faulty(other) {
                found.push(Fault::new(field, fault.message()));
            }
        }
        self.faults.extend(found);
        self.unknown();
        if self.faults.is_empty() {
            return built;
        }
        let fields = &self.profile.fields;
        let order: Vec<&str> = fields.iter().map(Field::name).chain(self.beside.iter().copied()).collect();
        self.faults
            .sort_by_key(|fault| order.iter().position(|name| *name == fault.path()).unwrap_or(order.len()));
        Err(Error::from_faults(self.faults))
    }

    fn text_of(&mut self, field: &Field) -> Option<String> {
        let text = match self.take(field) {
            Some(Value::Text(text) | Value::Either(text)) => text.into_owned(),
            Some(other) => return self.mistyped(field, &other),
            None => return field.default().and_then(|value| value.as_str()).map(str::to_owned),
        };
        let length = text.chars().count();
        if let Some(most) = field.max_length().filter(|most| length > *most) {
            self.fault(field.name(), format!("has {length} characters, the limit is {most}"));
            return None;
        }
        if let Some(Choices::Static(choices)) = field.choices()
            && !choices.iter().any(|choice| choice.value() == text.as_str())
        {
            let all: Vec<&str> = choices.iter().filter_map(|choice| choice.value().as_str()).collect();
            self.fault(field.name(), format!("{:?} is not one of {}", shown(&text), all.join(", ")));
            return None;
        }
        Some(text)
    }

    /// What was given for the field, and the faults that do not depend on its type.
    fn take(&mut self, field: &Field) -> Option<Value<'t>> {
        let name = field.name();
        let given = self.members.iter_mut().filter(|member| member.name == name);
        let mut values = given.map(|member| std::mem::replace(&mut member.value, Value::Nothing));
        let first = values.next();
        let again = values.count();
        if again > 0 {
            self.fault(name, format!("is there {} times", again + 1));
            return None;
        }
        match first {
            Some(Value::Faulty(why)) => self.fault(name, why),
            None | Some(Value::Nothing) if field.is_required() => self.fault(name, "is missing"),
            None | Some(Value::Nothing) => {}
            Some(value) => return Some(value),
        }
        None
    }

    fn mistyped<T>(&mut self, field: &Field, value: &Value<'_>) -> Option<T> {
        let is = match value {
            Value::Text(text) | Value::Either(text) => format!("{:?}", shown(text)),
            Value::Number(digits) => shown(digits),
            Value::Other(noun) => (*noun).to_owned(),
            Value::Nothing | Value::Faulty(_) => return None,
        };
        let wanted = if field.field_type() == &FieldType::Number { "a number" } else { "a string" };
        self.fault(field.name(), format!("{is} is not {wanted}"));
        None
    }

    fn unknown(&mut self) {
        let known: Vec<&str> =
            self.profile.fields.iter().map(Field::name).chain(self.beside.iter().copied()).collect();
        let unknown = self.members.iter().filter(|member| !known.contains(&&*member.name));
        let mut names: Vec<&str> = unknown.map(|member| &*member.name).collect();
        names.sort_unstable();
        names.dedup();
        let more = names.len().saturating_sub(MAX_UNKNOWN);
        let owner = self.profile.name;
        let told = names.iter().take(MAX_UNKNOWN).map(|name| {
            let close = known.iter().find(|known| is_close(known, name));
            let hint = close.map(|known| format!("; did you mean {known}?")).unwrap_or_default();
            Fault::new(shown(name), format!("is no field of {owner}{hint}"))
        });
        let told: Vec<Fault> = told.collect();
        self.faults.extend(told);
        if more > 0 {
            self.fault("", format!("{more} more unknown fields are not listed"));
        }
    }
}

/// Whether the text is a number as JSON writes it, and nothing else.
fn is_number(text: &str) -> bool {
    let starts = text.starts_with(|c: char| c == '-' || c.is_ascii_digit());
    starts && serde_json::from_str::<&RawValue>(text).is_ok_and(|raw| raw.get() == text)
}
