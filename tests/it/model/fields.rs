//! Reading the members of a JSON object, each once, so that what is left over is unknown.

use serde_json::{Map, Value};

use super::rule::Fault;
use super::{Ns, clock};

pub(crate) fn number(v: &Value, place: &str) -> Result<f64, Fault> {
    let x = v.as_f64().ok_or_else(|| format!("{place}: not a number"))?;
    let digits = v.as_i64().map(i128::from).or(v.as_u64().map(i128::from));
    if digits.is_some_and(|n| x as i128 != n) {
        return Err(format!("{place}: {v} is not a double"));
    }
    Ok(x)
}

/// The members of an object; each is taken once, and `done` refuses what is left.
pub(crate) struct Fields {
    place: String,
    left: Map<String, Value>,
}

impl Fields {
    pub(crate) fn new(v: &Value, place: &str) -> Result<Fields, Fault> {
        let left = v.as_object().cloned().ok_or_else(|| format!("{place}: not an object"))?;
        Ok(Fields { place: place.to_owned(), left })
    }

    pub(crate) fn has(&self, name: &str) -> bool {
        self.left.contains_key(name)
    }

    pub(crate) fn take(&mut self, name: &str) -> Option<Value> {
        self.left.remove(name)
    }

    pub(crate) fn text(&mut self, name: &str) -> Result<Option<String>, Fault> {
        let place = format!("{}{name}: not a string", self.place);
        self.take(name).map(|v| v.as_str().map(str::to_owned).ok_or(place)).transpose()
    }

    pub(crate) fn word(&mut self, name: &str, allowed: &[&str]) -> Result<String, Fault> {
        let word = self.text(name)?.unwrap_or_else(|| allowed[0].to_owned());
        if allowed.contains(&word.as_str()) {
            Ok(word)
        } else {
            Err(format!("{}{name}: `{word}`", self.place))
        }
    }

    pub(crate) fn flag(&mut self, name: &str) -> Result<Option<bool>, Fault> {
        let place = format!("{}{name}: not a boolean", self.place);
        self.take(name).map(|v| v.as_bool().ok_or(place)).transpose()
    }

    pub(crate) fn number(&mut self, name: &str) -> Result<Option<f64>, Fault> {
        let place = format!("{}{name}", self.place);
        self.take(name).map(|v| number(&v, &place)).transpose()
    }

    pub(crate) fn count(&mut self, name: &str) -> Result<Option<usize>, Fault> {
        let place = format!("{}{name}: not a count", self.place);
        self.take(name).map(|v| v.as_u64().map(|n| n as usize).ok_or(place)).transpose()
    }

    pub(crate) fn span(&mut self, name: &str) -> Result<Option<Ns>, Fault> {
        let place = format!("{}{name}", self.place);
        let text = self.text(name)?;
        text.map(|s| clock::span(&s).ok_or(format!("{place}: `{s}` is not a duration"))).transpose()
    }

    pub(crate) fn done(&self) -> Result<(), Fault> {
        match self.left.keys().next() {
            Some(name) => Err(format!("{}{name}: unknown field", self.place)),
            None => Ok(()),
        }
    }
}
