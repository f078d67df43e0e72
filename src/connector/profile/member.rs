//! What was given for a trigger, before it is held against the fields.

use std::borrow::Cow;

use crate::error::{Error, ErrorKind, Fault};
use crate::event::strict::shown;
use crate::trigger::{Node, NodeValue};

/// The most bytes of a query. Servers take 8 KiB at most by default.
const MAX_QUERY: usize = 64 << 10;

/// One name with its value; a name may come more than once.
#[derive(Debug)]
pub(super) struct Member<'t> {
    pub(super) name: Cow<'t, str>,
    pub(super) value: Value<'t>,
}

#[derive(Debug)]
pub(super) enum Value<'t> {
    /// As good as left out.
    Nothing,
    Text(Cow<'t, str>),
    /// The digits, as they are written.
    Number(&'t str),
    /// Of a query: text, or a number that is written as one.
    Either(Cow<'t, str>),
    /// Of a type that no field has, as messages show it.
    Other(&'static str),
    /// What is wrong with it, before it is read.
    Faulty(String),
}

pub(super) fn of_json(text: &str) -> Result<Vec<Member<'_>>, Error> {
    let root = Node::parse(text)?;
    let noun = root.noun();
    let NodeValue::Object(members) = root.value else {
        let fault = Fault::new("", format!("the fields are {noun}, not an object"));
        return Err(Error::from_faults(vec![fault]));
    };
    let members = members.into_iter().map(|member| {
        let noun = member.node.noun();
        let value = match member.node.value {
            NodeValue::Null => Value::Nothing,
            NodeValue::Text(text) => Value::Text(text),
            NodeValue::Number(digits) => Value::Number(digits),
            NodeValue::Bool(true) => Value::Other("true"),
            NodeValue::Bool(false) => Value::Other("false"),
            NodeValue::Array(_) | NodeValue::Object(_) => Value::Other(noun),
        };
        Member { name: member.name, value }
    });
    Ok(members.collect())
}

/// The pairs of `application/x-www-form-urlencoded` (URL Standard, section 5.1),
/// but that what is not well-formed is a fault and not guessed at.
pub(super) fn of_query(query: &str) -> Result<Vec<Member<'_>>, Error> {
    if query.len() > MAX_QUERY {
        let message = format!("the query has {} bytes, the limit is {MAX_QUERY}", query.len());
        return Err(Error::new(ErrorKind::Limit, message));
    }
    let pairs = query.split('&').filter(|pair| !pair.is_empty()).map(|pair| {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        let value = match decoded(value) {
            Ok(text) if text.is_empty() => Value::Nothing,
            Ok(text) => Value::Either(text),
            Err(why) => Value::Faulty(why),
        };
        // A name that cannot be read is none that is known, which is told.
        Member { name: decoded(name).unwrap_or(Cow::Borrowed(name)), value }
    });
    Ok(pairs.collect())
}

fn decoded(text: &str) -> Result<Cow<'_, str>, String> {
    if !text.contains(['%', '+']) {
        return Ok(Cow::Borrowed(text));
    }
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, after @ ..] = rest {
        let digit = |at: usize| after.get(at).and_then(|digit| char::from(*digit).to_digit(16));
        (bytes, rest) = match (first, digit(0), digit(1)) {
            (b'%', Some(high), Some(low)) => (pushed(bytes, (high * 16 + low) as u8), &after[2..]),
            (b'%', ..) => {
                let sequence = String::from_utf8_lossy(&rest[..rest.len().min(3)]);
                let why = "a percent sign must be followed by two hexadecimal digits";
                return Err(format!("holds {sequence:?}; {why}"));
            }
            (b'+', ..) => (pushed(bytes, b' '), after),
            _ => (pushed(bytes, *first), after),
        };
    }
    let text = String::from_utf8(bytes).map_err(|_| format!("{:?} is not UTF-8", shown(text)))?;
    Ok(Cow::Owned(text))
}

fn pushed(mut bytes: Vec<u8>, byte: u8) -> Vec<u8> {
    bytes.push(byte);
    bytes
}
