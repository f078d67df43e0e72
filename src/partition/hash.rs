//! The hash that says who owns a key.

/// FNV-1a over the parts, each behind its length as four bytes (big end first),
/// and the finaliser of splitmix64 over that. It is settled for good: another
/// one would give keys to other partitions than those that have their state.
pub(super) struct PartitionHash(u64);

impl PartitionHash {
    pub(super) fn new() -> Self {
        Self(0xcbf2_9ce4_8422_2325)
    }

    pub(super) fn with(mut self, part: &str) -> Self {
        let length = u32::try_from(part.len()).unwrap_or(u32::MAX);
        length.to_be_bytes().iter().chain(part.as_bytes()).for_each(|byte| {
            self.0 = (self.0 ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
        });
        self
    }

    /// A number below `count`, each as likely as any other.
    pub(super) fn below(self, count: u32) -> u32 {
        let mut mixed = self.0;
        mixed = (mixed ^ mixed >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^= mixed >> 31;
        // The high half of the product: it is below `count`.
        ((u128::from(mixed) * u128::from(count)) >> 64) as u32
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hash_is_the_published_one_before_it_is_mixed() {
        // The test vectors of FNV-1a 64 for "" and, behind a length of one, "a".
        assert_eq!(PartitionHash::new().0, 0xcbf2_9ce4_8422_2325);
        let mut byte_by_byte = PartitionHash::new().0;
        for byte in [0, 0, 0, 1, b'a'] {
            byte_by_byte = (byte_by_byte ^ u64::from(byte)).wrapping_mul(1_099_511_628_211);
        }
        assert_eq!(PartitionHash::new().with("a").0, byte_by_byte);
    }

    #[test]
    fn parts_do_not_run_together_and_names_are_spread_evenly() {
        let of = |parts: &[&str]| parts.iter().fold(PartitionHash::new(), |hash, part| hash.with(part)).0;
        assert_ne!(of(&["ab", "c"]), of(&["a", "bc"]));
        assert_ne!(of(&["a", ""]), of(&["a"]));
        let mut counts = [0_u32; 16];
        for number in 0..16_000 {
            counts[PartitionHash::new().with(&format!("segment/{number:06}")).below(16) as usize] += 1;
        }
        assert!(counts.iter().all(|count| (850..1_150).contains(count)), "{counts:?}");
    }
}
