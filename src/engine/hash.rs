//! The keyed hash of names, and their comparison.

use std::hash::Hasher;

use foldhash::SharedSeed;
use foldhash::fast::FoldHasher;

/// The keyed hash of all tables.
#[derive(Debug, Clone, Copy)]
pub(super) struct Seeded {
    seed: u64,
    shared: &'static SharedSeed,
}

/// Equal bytes; short ones are compared in words that overlap.
#[inline(always)]
pub(super) fn same_bytes(a: &[u8], b: &[u8]) -> bool {
    if a.len() != b.len() {
        return false;
    }
    let half = |a: &[u8], b: &[u8]| match (
        a.first_chunk::<8>(),
        b.first_chunk::<8>(),
        a.last_chunk::<8>(),
        b.last_chunk::<8>(),
    ) {
        (Some(a_first), Some(b_first), Some(a_last), Some(b_last)) => {
            Some((a_first == b_first) & (a_last == b_last))
        }
        _ => None,
    };
    match a.len() {
        8..=16 => half(a, b).unwrap_or(false),
        17..=32 => {
            let (first, last) = (half(&a[..16], &b[..16]), half(&a[a.len() - 16..], &b[b.len() - 16..]));
            first.unwrap_or(false) & last.unwrap_or(false)
        }
        _ => a == b,
    }
}

/// A keyed hash of one text, for the other tables.
pub(super) fn hash_text(seed: u64, text: &str) -> u64 {
    Seeded::new(seed).text(text)
}

impl Seeded {
    pub(super) fn new(seed: u64) -> Self {
        Self { seed, shared: SharedSeed::global_random() }
    }

    #[inline]
    pub(super) fn text(self, text: &str) -> u64 {
        let mut hasher = FoldHasher::with_seed(self.seed, self.shared);
        hasher.write(text.as_bytes());
        hasher.finish()
    }

    #[inline]
    pub(super) fn plain(self, source: u32, kind: u8, name: &str) -> u64 {
        let mut hasher = FoldHasher::with_seed(self.seed, self.shared);
        hasher.write(name.as_bytes());
        hasher.write_u64(u64::from(source) << 8 | u64::from(kind));
        hasher.finish()
    }

    pub(super) fn parts<'a>(
        self,
        source: u32,
        kind: u8,
        name: &str,
        dimensions: impl Iterator<Item = (&'a str, &'a str)>,
    ) -> u64 {
        let mut hasher = FoldHasher::with_seed(self.plain(source, kind, name), self.shared);
        for (key, value) in dimensions {
            hasher.write(key.as_bytes());
            hasher.write_u8(0xff);
            hasher.write(value.as_bytes());
            hasher.write_u8(0xfe);
        }
        hasher.finish()
    }
}
