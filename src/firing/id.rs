//! The idempotency key.

use std::fmt;
use std::hash::{Hash, Hasher};

use sha2::{Digest, Sha256};

use super::{Key, Parts};
use crate::base64::base64url;

/// The bytes of a length.
const LENGTH: usize = 4;

/// The idempotency key of a firing and of all that follows from it: 22
/// characters of base64url, the same for the same firing on any machine.
///
/// It is the first 16 bytes of the SHA-256 of, each preceded by its length as
/// four bytes (big end first): the trigger's id; the key (the word `series`,
/// the source, the kind, the name, then each dimension's name and value; or the
/// word `item`, the source, the process, and the item's id if there is one; or
/// the word `job`, the source and the job's id; or the word `whole`; each
/// framed likewise); the transition's word; the time in
/// nanoseconds since 1970 as eight bytes; and the ordinal among this trigger's
/// and key's firings at that instant as eight bytes.
///
/// ```
/// # use chrono::DateTime;
/// # use tripline::{engine::Engine, event::SeriesRef, threshold::Threshold, Trigger};
/// # let (mut engine, at) = (Engine::new(), DateTime::UNIX_EPOCH);
/// # engine.add(at, Trigger::segment_threshold_crossed("vip", "vip", Threshold::above(9.0)).build()?)?;
/// # let _ = engine.observe_series(at, &SeriesRef::segment("/s", "vip"), at, 2.0)?;
/// # let _ = engine.observe_series(at, &SeriesRef::segment("/s", "vip"), at, 12.0)?;
/// let id = engine.poll_firing().unwrap().id();
/// assert_eq!(id.as_str().len(), 22);
/// assert_eq!(id.to_string(), id.as_str());
/// # Ok::<(), tripline::Error>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct FiringId([u8; 22]);

impl FiringId {
    pub(super) fn of(trigger: &str, parts: &Parts) -> Self {
        let mut text = Vec::with_capacity(256);
        frame(&mut text, trigger.as_bytes());
        let before_key = text.len();
        // The length of the key is known when it is written.
        text.extend([0; LENGTH]);
        match &parts.key {
            Key::Series(series) => {
                frame_all(&mut text, ["series", series.source(), series.kind().as_str(), series.name()]);
                for (name, value) in series.dimensions().iter() {
                    frame_all(&mut text, [name, value]);
                }
            }
            Key::Item { source, process, id } => {
                frame_all(&mut text, ["item", source, process.as_str()]);
                frame_all(&mut text, id.as_deref());
            }
            Key::Job { source, id } => frame_all(&mut text, ["job", source, id]),
            Key::Whole => frame_all(&mut text, ["whole"]),
        }
        let key = before_key + LENGTH;
        let length = length(text.len() - key);
        text[before_key..key].copy_from_slice(&length);
        frame(&mut text, parts.transition.as_str().as_bytes());
        frame(&mut text, &parts.time.to_be_bytes());
        frame(&mut text, &parts.ordinal.to_be_bytes());
        Self(base64url(&Sha256::digest(&text)))
    }

    /// What 22 such characters name.
    #[cfg(feature = "flow")]
    pub(crate) fn of_letters(letters: [u8; 22]) -> Self {
        Self(letters)
    }

    /// The same of a text that may be no id.
    #[cfg(feature = "flow")]
    pub(crate) fn from_text(text: &str) -> Option<Self> {
        let bytes: &[u8; 22] = text.as_bytes().try_into().ok()?;
        let is_letter = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
        bytes.iter().all(is_letter).then_some(Self(*bytes))
    }

    /// The 22 characters.
    ///
    /// ```
    #[doc = include_str!("../../docs/snippets/firing.rs")]
    /// assert!(firing.id().as_str().bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte)));
    /// # Ok::<(), tripline::Error>(())
    /// ```
    pub fn as_str(&self) -> &str {
        // Base64url is ASCII, so the bytes are always text.
        std::str::from_utf8(&self.0).unwrap_or_default()
    }
}

impl Hash for FiringId {
    /// Eight letters at a time, the last of them twice.
    fn hash<H: Hasher>(&self, state: &mut H) {
        let [first, second] = [0, 8].map(|at| self.0[at..].first_chunk().copied().unwrap_or_default());
        let third = self.0.last_chunk().copied().unwrap_or_default();
        for eight in [first, second, third] {
            state.write_u64(u64::from_le_bytes(eight));
        }
    }
}

impl fmt::Display for FiringId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for FiringId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "FiringId({})", self.as_str())
    }
}

fn frame_all<'a>(out: &mut Vec<u8>, texts: impl IntoIterator<Item = &'a str>) {
    texts.into_iter().for_each(|text| frame(out, text.as_bytes()));
}

fn frame(out: &mut Vec<u8>, bytes: &[u8]) {
    out.extend(length(bytes.len()));
    out.extend(bytes);
}

fn length(bytes: usize) -> [u8; LENGTH] {
    u32::try_from(bytes).unwrap_or(u32::MAX).to_be_bytes()
}
