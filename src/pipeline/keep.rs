//! Small values of a host, committed with the inputs that they belong to.

use std::collections::BTreeMap;
use std::fmt;
use std::ops::Bound;

use serde::{Deserialize, Serialize};

/// One change to what a [`Pipeline`](super::Pipeline) keeps for its host: a text under a key.
///
/// What an input carries is committed with it: a reader's cursor with the events that it gave, the next offset of
/// a log with those that were read from it. So neither is there without the other after a crash.
///
/// A key is 1 to 512 bytes and the host's own, but for those that begin with `tripline.`, which are this library's;
/// a value is any text, and no secret unless it is sealed, for it stands in the journal as it is.
///
/// ```
#[doc = include_str!("../../docs/snippets/pipeline.rs")]
/// use tripline::pipeline::Keep;
/// let event = ValueObserved::new("segment", "vip", 998.0).into_event("t-16", "/s")?;
/// let _ = pipeline.handle_events_keeping(now, &[event], &[Keep::put("log/3", "offset 17")])?;
/// assert_eq!(pipeline.kept("log/3"), Some("offset 17"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Keep {
    key: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    value: Option<String>,
}

impl Keep {
    /// Keeps a value, in the place of the one that is there.
    ///
    /// ```
    /// use tripline::pipeline::Keep;
    /// assert_eq!(Keep::put("cursor", "17").value(), Some("17"));
    /// ```
    pub fn put(key: impl Into<String>, value: impl Into<String>) -> Self {
        Self { key: key.into(), value: Some(value.into()) }
    }

    /// Lets go of a value. One that is not there is a no-op.
    ///
    /// ```
    /// use tripline::pipeline::Keep;
    /// assert_eq!(Keep::remove("cursor").value(), None);
    /// ```
    pub fn remove(key: impl Into<String>) -> Self {
        Self { key: key.into(), value: None }
    }

    /// The key.
    ///
    /// ```
    /// # use tripline::pipeline::Keep;
    /// assert_eq!(Keep::put("cursor", "17").key(), "cursor");
    /// ```
    pub fn key(&self) -> &str {
        &self.key
    }

    /// The value; `None` where it is let go of.
    ///
    /// ```
    /// # use tripline::pipeline::Keep;
    /// assert_eq!(Keep::put("cursor", "17").value(), Some("17"));
    /// ```
    pub fn value(&self) -> Option<&str> {
        self.value.as_deref()
    }

    pub(super) fn bytes(&self) -> usize {
        self.value.as_ref().map_or(0, |value| self.key.len() + value.len())
    }
}

impl fmt::Debug for Keep {
    /// Without the value, which is the host's.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bytes = self.value.as_ref().map(String::len);
        f.debug_struct("Keep").field("key", &self.key).field("bytes", &bytes).finish()
    }
}

/// What is kept.
#[derive(Debug, Clone, Default)]
pub(super) struct Kept {
    values: BTreeMap<String, String>,
    /// Of all keys and values.
    bytes: usize,
}

impl Kept {
    pub(super) fn apply(&mut self, keep: &Keep) {
        let old = match &keep.value {
            Some(value) => self.values.insert(keep.key.clone(), value.clone()),
            None => self.values.remove(&keep.key),
        };
        self.bytes -= old.map_or(0, |old| keep.key.len() + old.len());
        self.bytes += keep.bytes();
    }

    pub(super) fn get(&self, key: &str) -> Option<&str> {
        self.values.get(key).map(String::as_str)
    }

    pub(super) fn under<'a>(&'a self, prefix: &'a str) -> impl Iterator<Item = (&'a str, &'a str)> {
        let from = self.values.range::<str, _>((Bound::Included(prefix), Bound::Unbounded));
        from.take_while(move |(key, _)| key.starts_with(prefix)).map(|(key, value)| (&**key, &**value))
    }

    pub(super) fn len(&self) -> usize {
        self.values.len()
    }

    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }

    pub(super) fn is_empty(&self) -> bool {
        self.values.is_empty()
    }

    pub(super) fn to_list(&self) -> Vec<Keep> {
        self.values.iter().map(|(key, value)| Keep::put(key.as_str(), value.as_str())).collect()
    }
}
