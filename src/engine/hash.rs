//! The keyed hash of names, and their comparison.

use std::hash::Hasher;

use foldhash::SharedSeed;
use foldhash::fast::FoldHasher;

/// An odd number without a pattern: 2^64 over the golden ratio.
const PARTING: u64 = 0x9E37_79B9_7F4A_7C15;

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
    match a.len() {
        8..=16 => ends::<8>(a) == ends(b),
        17..=32 => ends::<16>(a) == ends(b),
        _ => a == b,
    }
}

/// The first and the last bytes, which may overlap.
#[inline(always)]
fn ends<const N: usize>(bytes: &[u8]) -> Option<(&[u8; N], &[u8; N])> {
    Some((bytes.first_chunk()?, bytes.last_chunk()?))
}

/// A keyed hash of one text, for the other tables.
pub(super) fn hash_text(seed: u64, text: &str) -> u64 {
    Seeded::new(seed).text(text)
}

/// One multiplication leaves texts that differ in a digit side by side; another parts them.
#[inline(always)]
fn parted(hash: u64) -> u64 {
    let product = u128::from(hash) * u128::from(PARTING);
    product as u64 ^ (product >> 64) as u64
}

impl Seeded {
    pub(super) fn new(seed: u64) -> Self {
        Self { seed, shared: SharedSeed::global_random() }
    }

    #[inline]
    pub(super) fn text(self, text: &str) -> u64 {
        let mut hasher = FoldHasher::with_seed(self.seed, self.shared);
        hasher.write(text.as_bytes());
        parted(hasher.finish())
    }

    /// Where the hashes of the names of a source and kind start.
    #[inline]
    pub(super) fn seed(self, source: u32, kind: u8) -> u64 {
        let mut hasher = FoldHasher::with_seed(self.seed, self.shared);
        hasher.write_u64(u64::from(source) << 8 | u64::from(kind));
        hasher.finish()
    }

    /// A name's hash, from its [`seed`](Self::seed) on.
    #[inline(always)]
    pub(super) fn named(self, seed: u64, name: &str) -> u64 {
        let mut hasher = FoldHasher::with_seed(seed, self.shared);
        hasher.write(name.as_bytes());
        parted(hasher.finish())
    }

    #[inline]
    pub(super) fn plain(self, source: u32, kind: u8, name: &str) -> u64 {
        self.named(self.seed(source, kind), name)
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
