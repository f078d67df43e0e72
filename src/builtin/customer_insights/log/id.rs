//! The id of a record's event: a function of what the record says, not of how it is written.

use std::borrow::Cow;

use sha2::{Digest, Sha256};

use crate::base64::base64url;
use crate::event::strict;
use crate::time::Nanos;

/// What of a record goes into the id; raw JSON where nothing else is said.
pub(super) struct Identity<'a> {
    pub(super) time: Nanos,
    /// `operationName`, `resultType`, `category`, `resourceId`, `durationMs`, `level`, `correlationId`.
    pub(super) envelope: [Option<&'a str>; 7],
    /// An object.
    pub(super) properties: Option<&'a str>,
    /// The object of `properties.additionalInfo`.
    pub(super) info: Option<&'a str>,
}

impl Identity<'_> {
    /// 22 characters of base64url.
    pub(super) fn id(&self) -> String {
        let mut hash = Hash(Sha256::new());
        hash.framed(b't', b"customerInsights.log.1");
        hash.framed(b'i', &self.time.to_be_bytes());
        for raw in self.envelope {
            hash.value(raw.unwrap_or("null"));
        }
        match self.properties {
            None => hash.value("null"),
            Some(properties) => hash.object(properties, self.info),
        }
        base64url(&hash.0.finalize()).map(char::from).into_iter().collect()
    }
}

struct Hash(Sha256);

impl Hash {
    fn framed(&mut self, kind: u8, bytes: &[u8]) {
        self.0.update([kind]);
        self.0.update((bytes.len() as u64).to_be_bytes());
        self.0.update(bytes);
    }

    fn count(&mut self, kind: u8, count: usize) {
        self.0.update([kind]);
        self.0.update((count as u64).to_be_bytes());
    }

    fn value(&mut self, raw: &str) {
        match raw.as_bytes().first() {
            Some(b'{') => self.object(raw, None),
            Some(b'[') => {
                let mut elements = Vec::new();
                strict::each_element(raw, |element| elements.push(element));
                self.count(b'a', elements.len());
                for element in elements {
                    self.value(element);
                }
            }
            Some(b'"') => self.framed(b's', strict::string(raw).unwrap_or_default().as_bytes()),
            _ => self.framed(b'w', raw.as_bytes()),
        }
    }

    /// The members sorted by name, those that are `null` left out; `info` stands for what `additionalInfo` holds.
    fn object(&mut self, raw: &str, info: Option<&str>) {
        let mut members: Vec<(Cow<'_, str>, &str)> = Vec::new();
        strict::each_member(raw, |name, value| members.push((name, value)));
        members.retain(|(_, value)| *value != "null");
        members.sort();
        self.count(b'o', members.len());
        for (name, value) in members {
            self.framed(b's', name.as_bytes());
            self.value(info.filter(|_| name == "additionalInfo").unwrap_or(value));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(properties: &str) -> String {
        let envelope = [Some(r#""Segmentation.TaskCompleted""#), None, None, None, None, None, None];
        Identity { time: 7, envelope, properties: Some(properties), info: None }.id()
    }

    #[test]
    fn only_what_is_written_differently_but_says_the_same_has_the_same_id() {
        let record = r#"{"identifier":"vip","additionalInfo":{"tableCount":1004,"x":[1,"a/b"]}}"#;
        let same = r#" { "additionalInfo" : {"x":[ 1,"a\/\u0062"],"tableCount":1004}, "error":null,"identi\u0066ier":"vip" } "#;
        assert_eq!(id(record), id(same));
        for other in [
            r#"{"identifier":"vip","additionalInfo":{"tableCount":1004,"x":[1,"a/c"]}}"#,
            r#"{"identifier":"vip","additionalInfo":{"tableCount":1004,"x":[1]}}"#,
            r#"{"identifier":"vip","additionalInfo":{"tableCount":1004,"x":["a/b",1]}}"#,
            r#"{"identifier":"vip","additionalInfo":{"tableCount":"1004","x":[1,"a/b"]}}"#,
            r#"{"identifier":"vip","additionalInfo":{"tableCount":1004.0,"x":[1,"a/b"]}}"#,
            r#"{"identifier":"vip","additionalInfo":{"tableCount":1004,"x":[1,"a/b",null]}}"#,
            r#"{"identifier":"vip","additionalInfo":[{"tableCount":1004,"x":[1,"a/b"]}]}"#,
            r#"{"identifier":"vip","additionalInfo":{"tableCount":1004},"x":[1,"a/b"]}"#,
            r#"{"identifier":"vip"}"#,
            r#"{"identifier":"vip","additionalInfo":{}}"#,
            r#"{"identifier":"","vip":""}"#,
            "{}",
        ] {
            assert_ne!(id(record), id(other), "{other}");
        }
    }
}
