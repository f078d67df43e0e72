//! A checked input read into the action's own type, with the field at fault named.

use std::cell::RefCell;

use serde::de::value::StrDeserializer;
use serde::de::{DeserializeOwned, DeserializeSeed, Deserializer, IntoDeserializer, MapAccess, Visitor};
use serde::forward_to_deserialize_any;
use serde_json::{Error, Map, Value, map};

use super::{ActionError, Field, FieldType, secret};

/// Reads an input that passed the metadata. What fails here is a type that asks
/// for more than the metadata says; the message is serde's, which holds the
/// value, so that of a secret field only what kind of fault it is can be told.
pub(super) fn read<I: DeserializeOwned>(
    fields: &[Field],
    input: Map<String, Value>,
) -> Result<I, ActionError> {
    let at = RefCell::new(String::new());
    I::deserialize(Members { input, at: &at }).map_err(|error| {
        let (at, said) = (at.take(), error.to_string());
        let is_secret =
            fields.iter().any(|field| (at.is_empty() || field.name() == at) && holds_secret(field));
        let said = if is_secret { without_values(&said) } else { said };
        ActionError::invalid_input(at, format!("does not fit the type that the action reads: {said}"))
    })
}

fn holds_secret(field: &Field) -> bool {
    field.is_secret()
        || match field.field_type() {
            FieldType::Object(members) => members.iter().any(holds_secret),
            FieldType::Array(element) => holds_secret(element),
            _ => false,
        }
}

/// What serde says, without the value that it says it about.
fn without_values(said: &str) -> String {
    // `invalid type: string "…", expected u8`, `invalid value: integer `-1`, expected u8`,
    // ``unknown variant `…`, expected one of …``. Anything else may be anybody's words.
    if secret::is_own_message(said) {
        return said.to_owned();
    }
    let kind = ["invalid type", "invalid value", "invalid length", "unknown variant", "unknown field"]
        .iter()
        .find(|kind| said.starts_with(**kind));
    match (kind, said.rfind(", expected ")) {
        (Some(kind), Some(expected)) => format!("{kind}{}", &said[expected..]),
        (Some(kind), None) => (*kind).to_owned(),
        (None, _) if said.starts_with("missing field") => said.to_owned(),
        (None, _) => "it is refused".to_owned(),
    }
}

/// The members of an object, telling which one is being read.
struct Members<'a> {
    input: Map<String, Value>,
    at: &'a RefCell<String>,
}

impl<'de> Deserializer<'de> for Members<'_> {
    type Error = Error;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_map(Access { members: self.input.into_iter(), value: None, at: self.at })
    }

    /// An action that takes nothing may say so with `()`.
    fn deserialize_unit<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        if self.input.is_empty() { visitor.visit_unit() } else { self.deserialize_any(visitor) }
    }

    fn deserialize_unit_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, Error> {
        self.deserialize_unit(visitor)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_some(self)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, Error> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        name: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        Value::Object(self.input).deserialize_enum(name, variants, visitor)
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf seq tuple
        tuple_struct map struct identifier ignored_any
    }
}

struct Access<'a> {
    members: map::IntoIter,
    value: Option<Value>,
    at: &'a RefCell<String>,
}

impl<'de> MapAccess<'de> for Access<'_> {
    type Error = Error;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, Error> {
        let Some((name, value)) = self.members.next() else {
            // What is refused from here on is the whole.
            self.at.take();
            return Ok(None);
        };
        self.value = Some(value);
        let key: StrDeserializer<'_, Error> = name.as_str().into_deserializer();
        let key = seed.deserialize(key);
        self.at.replace(name);
        key.map(Some)
    }

    fn next_value_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<T::Value, Error> {
        seed.deserialize(self.value.take().unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;
    use serde_json::json;

    use super::super::{Secret, SecretUrl};
    use super::*;

    #[derive(Debug, Deserialize)]
    #[allow(dead_code, reason = "they are read, which is the test")]
    struct Input {
        count: u8,
        colour: Option<Colour>,
        key: Option<Secret>,
        url: Option<SecretUrl>,
    }

    #[derive(Debug, Deserialize, PartialEq)]
    #[serde(rename_all = "lowercase")]
    enum Colour {
        Red,
        Green,
    }

    fn of(value: Value) -> Map<String, Value> {
        value.as_object().unwrap().clone()
    }

    fn refusal(fields: &[Field], input: Value) -> String {
        let error = read::<Input>(fields, of(input)).unwrap_err();
        error.to_string().replace("does not fit the type that the action reads: ", "")
    }

    #[test]
    fn the_field_that_the_type_refuses_is_named() {
        for (input, expected) in [
            (json!({"colour": "red", "count": 256}), "count: invalid value: integer `256`, expected u8"),
            (json!({"colour": "mauve"}), "colour: unknown variant `mauve`, expected `red` or `green`"),
            (json!({"colour": "green"}), "missing field `count`"),
        ] {
            assert_eq!(refusal(&[], input), expected);
        }
    }

    #[test]
    fn the_value_of_a_secret_is_not_shown() {
        let fields = [
            Field::object("colour", [Field::array("c", Field::secret("s"))]),
            Field::secret("key"),
            Field::uri("url").with_secret(true),
            Field::secret("count"),
        ];
        for (input, expected) in [
            (json!({"count": 4711}), "count: invalid value, expected u8"),
            (json!({"colour": "KEY", "count": 1}), "colour: unknown variant, expected `red` or `green`"),
            (json!({"colour": 3, "count": "KEY"}), "colour: invalid type, expected string or map"),
            (json!({"count": 1, "key": {"KEY": "KEY"}}), "key: it is refused"),
            (json!({"count": 1, "url": "KEY"}), "url: the URL does not start with https:// or http://"),
            (json!({"colour": "green"}), "missing field `count`"),
        ] {
            assert_eq!(refusal(&fields, input), expected);
        }
    }

    #[test]
    fn an_input_may_be_of_any_type_that_an_object_can_be() {
        #[derive(Deserialize)]
        struct Newtype(Input);
        #[derive(Debug, PartialEq, Deserialize)]
        #[serde(tag = "kind", rename_all = "lowercase")]
        enum Tagged {
            A { n: u8 },
        }
        #[derive(Debug, PartialEq, Deserialize)]
        #[serde(rename_all = "lowercase")]
        enum External {
            A { n: u8 },
        }
        #[derive(Deserialize)]
        struct Nothing;

        assert_eq!(read::<Newtype>(&[], of(json!({"count": 1}))).unwrap().0.count, 1);
        assert_eq!(read::<Option<Input>>(&[], of(json!({"count": 2}))).unwrap().unwrap().count, 2);
        assert_eq!(read::<Tagged>(&[], of(json!({"n": 1, "kind": "a"}))).unwrap(), Tagged::A { n: 1 });
        assert_eq!(read::<External>(&[], of(json!({"a": {"n": 1}}))).unwrap(), External::A { n: 1 });
        assert_eq!(read::<Value>(&[], of(json!({"a": [1, null]}))).unwrap(), json!({"a": [1, null]}));
        assert!(read::<()>(&[], Map::new()).is_ok() && read::<Nothing>(&[], Map::new()).is_ok());
        assert!(read::<()>(&[], of(json!({"a": 1}))).is_err() && read::<Vec<u8>>(&[], Map::new()).is_err());
    }
}
