//! What an expression gives, as JSON, and no more of it than is allowed.

use minijinja::value::{Value as Given, ValueKind};
use serde_json::{Map, Number, Value};

use super::MAX_OUTPUT;

/// How deep a value may be nested.
const MAX_DEPTH: usize = 64;

/// What a float counts without leaving out any whole number.
const EXACT: f64 = 9_007_199_254_740_991.0;

/// How many bytes of JSON may still be made.
#[derive(Debug)]
pub(in crate::flow) struct Budget(usize);

impl Budget {
    pub(in crate::flow) fn new() -> Self {
        Self(MAX_OUTPUT)
    }

    /// Takes so many bytes.
    pub(in crate::flow) fn take(&mut self, bytes: usize) -> Result<(), String> {
        self.0 = self.0.checked_sub(bytes).ok_or_else(too_much)?;
        Ok(())
    }

    /// Takes what a value weighs as JSON, about.
    pub(in crate::flow) fn take_value(&mut self, value: &Value) -> Result<(), String> {
        match value {
            Value::Null | Value::Bool(_) | Value::Number(_) => self.take(4),
            Value::String(text) => self.take(text.len() + 2),
            Value::Array(values) => {
                self.take(values.len() + 2)?;
                values.iter().try_for_each(|value| self.take_value(value))
            }
            Value::Object(members) => {
                self.take(2)?;
                members.iter().try_for_each(|(name, value)| {
                    self.take(name.len() + 4)?;
                    self.take_value(value)
                })
            }
        }
    }
}

pub(super) fn too_much() -> String {
    format!("what is rendered is over the limit of {MAX_OUTPUT} bytes")
}

/// JSON as a value of the template engine.
pub(super) fn given(value: &Value) -> Given {
    match value {
        Value::Null => Given::from(()),
        Value::Bool(value) => Given::from(*value),
        Value::String(text) => Given::from(text.as_str()),
        Value::Array(values) => values.iter().map(given).collect::<Vec<_>>().into(),
        Value::Object(members) => {
            Given::from_pairs(members.iter().map(|(name, value)| (name.as_str(), given(value))))
        }
        Value::Number(number) => match (number.as_i64(), number.as_u64()) {
            (Some(number), _) => Given::from(number),
            (_, Some(number)) => Given::from(number),
            _ => Given::from(number.as_f64().unwrap_or_default()),
        },
    }
}

/// A value of the template engine as JSON.
pub(super) fn to_json(given: &Given, budget: &mut Budget) -> Result<Value, String> {
    convert(given, budget, MAX_DEPTH)
}

fn convert(given: &Given, budget: &mut Budget, depth: usize) -> Result<Value, String> {
    let inside =
        || depth.checked_sub(1).ok_or_else(|| format!("the value is nested deeper than {MAX_DEPTH}"));
    Ok(match given.kind() {
        ValueKind::None => {
            budget.take(4)?;
            Value::Null
        }
        ValueKind::Bool => {
            budget.take(4)?;
            Value::Bool(given.is_true())
        }
        ValueKind::Number => {
            budget.take(4)?;
            Value::Number(number(given)?)
        }
        ValueKind::String => {
            let text = given.as_str().unwrap_or_default();
            budget.take(text.len() + 2)?;
            Value::String(text.to_owned())
        }
        ValueKind::Seq | ValueKind::Iterable => {
            let depth = inside()?;
            budget.take(2)?;
            let mut values = Vec::new();
            for given in given.try_iter().map_err(|error| super::reason(&error))? {
                budget.take(1)?;
                values.push(convert(&given, budget, depth)?);
            }
            Value::Array(values)
        }
        ValueKind::Map => {
            let depth = inside()?;
            budget.take(2)?;
            let mut members = Map::new();
            for key in given.try_iter().map_err(|error| super::reason(&error))? {
                let name = key.to_string();
                budget.take(name.len() + 4)?;
                let member = given.get_item(&key).map_err(|error| super::reason(&error))?;
                members.insert(name, convert(&member, budget, depth)?);
            }
            Value::Object(members)
        }
        ValueKind::Undefined => return Err("the value is missing".to_owned()),
        other => return Err(format!("what it gives is {other}, which is no JSON")),
    })
}

/// A number as JSON: a whole one without a fraction, and nothing that is not finite.
fn number(given: &Given) -> Result<Number, String> {
    if given.is_integer() {
        let number = i64::try_from(given.clone()).map(Number::from);
        let number = number.or_else(|_| u64::try_from(given.clone()).map(Number::from));
        return number.map_err(|_| format!("{given} is a whole number beyond 64 bits"));
    }
    let float = f64::try_from(given.clone()).map_err(|error| super::reason(&error))?;
    finite(float)
}

fn finite(float: f64) -> Result<Number, String> {
    if float.fract() == 0.0 && float.abs() <= EXACT {
        return Ok(Number::from(float as i64));
    }
    Number::from_f64(float).ok_or_else(|| format!("{float} is not a finite number"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(given: impl Into<Given>) -> Result<Value, String> {
        to_json(&given.into(), &mut Budget::new())
    }

    #[test]
    fn numbers_are_whole_where_they_can_be_and_finite_always() {
        assert_eq!(read(5.0), Ok(json!(5)));
        assert_eq!(read(-0.5), Ok(json!(-0.5)));
        assert_eq!(read(u64::MAX), Ok(json!(u64::MAX)));
        assert!(read(i128::MAX).is_err() && read(f64::INFINITY).is_err() && read(f64::NAN).is_err());
    }

    #[test]
    fn what_is_too_much_or_too_deep_is_refused() {
        assert!(read("x".repeat(MAX_OUTPUT - 2)).is_ok());
        assert_eq!(read("x".repeat(MAX_OUTPUT - 1)), Err(too_much()));
        let shared = Given::from("x".repeat(1_000));
        assert_eq!(read(vec![shared; 1_000]), Err(too_much()));
        let nested = (0..65).fold(Given::from(1), |inner, _| Given::from(vec![inner]));
        assert!(read(nested).unwrap_err().contains("deeper than 64"));
    }
}
