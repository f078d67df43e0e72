//! The form that the snapshots of every machine share: words that say of what it
//! is, the version as two bytes (little end first), the body, and the SHA-256 of all before it.

use std::ops::RangeInclusive;

use sha2::{Digest, Sha256};

use crate::error::{Error, ErrorKind};

const VERSION: usize = 2;
const DIGEST: usize = 32;

/// What the snapshots of one machine begin with.
pub(crate) struct Sealed {
    words: &'static str,
    /// The versions that this build reads.
    versions: RangeInclusive<u16>,
}

impl Sealed {
    pub(crate) const fn new(words: &'static str, versions: RangeInclusive<u16>) -> Self {
        Self { words, versions }
    }

    /// The snapshot with the body that is written after what it is given.
    pub(crate) fn seal(&self, version: u16, body: impl FnOnce(Vec<u8>) -> Vec<u8>) -> Vec<u8> {
        let mut bytes = Vec::from(self.words);
        bytes.extend(version.to_le_bytes());
        let mut bytes = body(bytes);
        let digest = Sha256::digest(&bytes);
        bytes.extend(&digest[..]);
        bytes
    }

    /// The body of a snapshot that is whole.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Snapshot`] where it is cut, damaged, or of another machine or version.
    pub(crate) fn open<'b>(&self, bytes: &'b [u8]) -> Result<&'b [u8], Error> {
        let fail = |message: String| Err(Error::new(ErrorKind::Snapshot, message));
        let (words, (first, last)) = (self.words, (*self.versions.start(), *self.versions.end()));
        if bytes.len() < words.len() + VERSION + DIGEST {
            return fail(format!("the snapshot is cut short: it has {} bytes", bytes.len()));
        }
        let (content, digest) = bytes.split_at(bytes.len() - DIGEST);
        let Some(rest) = content.strip_prefix(words.as_bytes()) else {
            return fail(format!("the snapshot does not begin with `{words}`"));
        };
        let (version, body) = rest.split_at(VERSION);
        let version = u16::from_le_bytes([version[0], version[1]]);
        if !self.versions.contains(&version) {
            let reads = if first == last { first.to_string() } else { format!("{first} to {last}") };
            return fail(format!("the snapshot is of version {version}, and this build reads {reads}"));
        }
        if Sha256::digest(content)[..] != *digest {
            return fail("the snapshot is damaged or cut short: its checksum does not fit".to_owned());
        }
        Ok(body)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SEALED: Sealed = Sealed::new("tripline/test", 2..=3);

    fn sealed(version: u16) -> Vec<u8> {
        SEALED.seal(version, |mut bytes| {
            bytes.extend(b"body");
            bytes
        })
    }

    fn refusal(bytes: &[u8]) -> String {
        let error = SEALED.open(bytes).expect_err("it is refused");
        assert_eq!(error.kind(), ErrorKind::Snapshot);
        error.to_string()
    }

    #[test]
    fn what_was_sealed_opens_in_every_version_that_is_read() {
        for version in [2, 3] {
            assert_eq!(SEALED.open(&sealed(version)).expect("it opens"), b"body");
        }
    }

    #[test]
    fn each_fault_is_named() {
        let whole = sealed(2);
        assert_eq!(refusal(&whole[..46]), "the snapshot is cut short: it has 46 bytes");
        assert_eq!(refusal(&whole[..50]), "the snapshot is damaged or cut short: its checksum does not fit");
        let other = Sealed::new("tripline/other", 2..=2).seal(2, |bytes| bytes);
        assert_eq!(refusal(&other), "the snapshot does not begin with `tripline/test`");
        assert_eq!(refusal(&sealed(4)), "the snapshot is of version 4, and this build reads 2 to 3");
    }

    #[test]
    fn no_bit_may_be_another() {
        let whole = sealed(2);
        for bit in 0..whole.len() * 8 {
            let mut bytes = whole.clone();
            bytes[bit / 8] ^= 1 << (bit % 8);
            refusal(&bytes);
        }
    }
}
