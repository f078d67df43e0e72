//! Who asks, and what he may do: the file of keys.
//!
//! A line for each key; what follows a `#` at a line's beginning is a remark.
//!
//! ```text
//! # subscribers may use the connector; ana may watch everything, bo two instances alone
//! subscriber ana k-1f5Yq0CrZ9wT2mUe
//! subscriber bo  sha256:4bf5122f344554c53bde2ebb8cd2b7e3d1600ad631c385a5d7cce23c7785459a /instances/contoso /instances/fabrikam
//! # a host's key is for those who run it: to hand events in, to look at the page and the metrics
//! host ops k-8sLp3Vt6XbNq1RdA
//! ```
//!
//! A key is 16 to 512 characters of ASCII, long and random, or `sha256:` and the digest of one in hex. A name is of
//! `a-z 0-9 -`, so that two subscribers never share a variable in the environment (see `actions.rs`).

use std::collections::BTreeMap;

use axum::http::HeaderMap;
use tripline::Trigger;
use tripline::connector::ApiKeys;
use tripline::trigger::Matcher;

use crate::Failure;
use crate::instance::is_meant;

/// The keys of both kinds.
#[derive(Debug, Default)]
pub struct Keys {
    subscribers: ApiKeys,
    hosts: ApiKeys,
    /// What a subscriber may watch, where that is not everything.
    sources: BTreeMap<String, Vec<String>>,
}

impl Keys {
    /// Reads a file of keys.
    pub fn read(text: &str) -> Result<Self, Failure> {
        let mut keys = Self::default();
        for (number, line) in (1..).zip(text.lines()) {
            let words: Vec<&str> = line.split_ascii_whitespace().collect();
            if !words.first().is_none_or(|word| word.starts_with('#')) {
                // Not with what stands there: it may be a key.
                keys = keys.with_line(&words).map_err(|error| format!("line {number}: {error}"))?;
            }
        }
        Ok(keys)
    }

    /// The subscriber whose key a request presents.
    pub fn subscriber(&self, headers: &HeaderMap) -> Option<&str> {
        self.subscribers.principal_of_headers(headers)
    }

    /// Who presents a key of the host's.
    pub fn host(&self, headers: &HeaderMap) -> Option<&str> {
        self.hosts.principal_of_headers(headers)
    }

    /// Whether a key is one of the host's.
    pub fn is_host(&self, key: &str) -> bool {
        self.hosts.principal_of(key).is_some()
    }

    /// What each subscriber may watch.
    pub fn access(&self) -> Access {
        Access { sources: self.sources.clone() }
    }

    fn with_line(mut self, words: &[&str]) -> Result<Self, Failure> {
        let [kind, name, key, sources @ ..] = words else {
            return Err("it takes a kind, a name and a key".into());
        };
        if !name.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-')) {
            return Err(format!("the name {name:?}: it takes a-z, 0-9 and -").into());
        }
        match *kind {
            "subscriber" => self.subscribers = with_key(self.subscribers, name, key)?,
            "host" if sources.is_empty() => self.hosts = with_key(self.hosts, name, key)?,
            "host" => return Err("a host's key takes no sources".into()),
            _ => return Err("it begins with subscriber or host".into()),
        }
        if !sources.is_empty() {
            let own = self.sources.entry((*name).to_owned()).or_default();
            own.extend(sources.iter().map(|source| (*source).to_owned()));
        }
        Ok(self)
    }
}

fn with_key(keys: ApiKeys, name: &str, key: &str) -> Result<ApiKeys, Failure> {
    let Some(digest) = key.strip_prefix("sha256:") else { return Ok(keys.with_key(name, key)?) };
    Ok(keys.with_digest(name, crate::secrets::bytes_of_hex(digest).ok_or("a digest is of 64 hex digits")?)?)
}

/// Which sources a subscriber may watch.
#[derive(Debug, Clone)]
pub struct Access {
    sources: BTreeMap<String, Vec<String>>,
}

impl Access {
    /// Whether a source may be seen; every one may where none is named.
    pub fn may_see(&self, subscriber: &str, source: &str) -> bool {
        self.sources.get(subscriber).is_none_or(|own| own.iter().any(|one| one == source))
    }

    /// Whether a trigger watches what may be seen, and nothing else.
    pub fn check(&self, subscriber: &str, trigger: &Trigger) -> Result<(), String> {
        let Some(own) = self.sources.get(subscriber) else { return Ok(()) };
        let names = trigger.source().and_then(Matcher::names);
        if names.is_some_and(|mut names| names.all(|name| own.iter().any(|one| is_meant(one, name)))) {
            return Ok(());
        }
        Err(format!("{subscriber} may watch one of these instances: {}", own.join(", ")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ANA: &str = "subscriber ana k-1f5Yq0CrZ9wT2mUe";

    fn presenting(key: &str) -> HeaderMap {
        HeaderMap::from_iter([(http::HeaderName::from_static("x-api-key"), key.parse().unwrap())])
    }

    #[test]
    fn a_key_opens_what_its_kind_is_for_and_nothing_else() {
        let digest = "sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"; // of "test"
        let text = format!(
            "# who\n\n{ANA}\nhost ops k-8sLp3Vt6XbNq1RdA\nsubscriber bo {digest} /instances/contoso\n"
        );
        let keys = Keys::read(&text).unwrap();
        let ana = presenting("k-1f5Yq0CrZ9wT2mUe");
        assert_eq!((keys.subscriber(&ana), keys.host(&ana)), (Some("ana"), None));
        let ops = presenting("k-8sLp3Vt6XbNq1RdA");
        assert_eq!((keys.subscriber(&ops), keys.host(&ops)), (None, Some("ops")));
        assert_eq!(keys.subscriber(&presenting("test")), Some("bo"));
        let access = keys.access();
        assert!(access.may_see("ana", "/instances/fabrikam") && access.may_see("bo", "/instances/contoso"));
        assert!(!access.may_see("bo", "/instances/fabrikam"));
    }

    #[test]
    fn a_faulty_line_is_told_by_its_number_and_without_what_stands_there() {
        for (line, why) in [
            ("subscriber ana", "takes a kind, a name and a key"),
            ("subscriber ana short-key", "an API key of 9 bytes"),
            ("subscriber Ana k-1f5Yq0CrZ9wT2mUe", "the name \"Ana\""),
            ("admin ana k-1f5Yq0CrZ9wT2mUe", "begins with subscriber or host"),
            ("host ops k-1f5Yq0CrZ9wT2mUf /instances/contoso", "takes no sources"),
            ("subscriber ana sha256:12", "of 64 hex digits"),
            (ANA, "there already"),
        ] {
            let error = Keys::read(&format!("{ANA}\n{line}")).unwrap_err().to_string();
            assert!(error.starts_with("line 2: ") && error.contains(why), "{line}: {error}");
            assert!(!error.contains("k-1f5Y"), "{error}");
        }
    }

    #[test]
    fn an_instance_of_ones_own_is_watched_by_its_source_and_by_its_id_and_no_other_is() {
        let digest = "sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08";
        let access = Keys::read(&format!("subscriber bo {digest} /instances/contoso")).unwrap().access();
        let profile = tripline::connector::Profile::named("unificationCompleted").unwrap();
        for (instance, wanted) in [
            ("/instances/contoso", true),
            ("contoso", true),
            ("fabrikam", false),
            ("/instances/fabrikam", false),
            ("*", false),
        ] {
            let trigger = profile.read("s-1", &format!(r#"{{"instance":"{instance}"}}"#)).unwrap();
            assert_eq!(access.check("bo", &trigger).is_ok(), wanted, "{instance}");
        }
    }
}
