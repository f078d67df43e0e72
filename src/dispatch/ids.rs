//! Which pending delivery has which id.

use std::hash::BuildHasher;

use foldhash::fast::RandomState;
use hashbrown::HashTable;

/// The numbers of jobs by the hashes of their ids. The ids themselves stand in the jobs alone, and each is hashed once.
///
/// Looked up alone: its order, drawn anew by every process, is never seen.
#[derive(Debug, Clone, Default)]
pub(super) struct Ids {
    hasher: RandomState,
    table: HashTable<(u64, u64)>,
}

impl Ids {
    pub(super) fn hash(&self, id: &str) -> u64 {
        self.hasher.hash_one(id)
    }

    /// The number of the job whose id has this hash, and which `is` the one.
    pub(super) fn find(&self, hash: u64, is: impl Fn(u64) -> bool) -> Option<u64> {
        self.table.find(hash, |(other, number)| *other == hash && is(*number)).map(|(_, number)| *number)
    }

    /// Notes a job whose id nobody has.
    pub(super) fn insert(&mut self, hash: u64, number: u64) {
        self.table.insert_unique(hash, (hash, number), |(hash, _)| *hash);
    }

    pub(super) fn remove(&mut self, hash: u64, number: u64) {
        if let Ok(entry) = self.table.find_entry(hash, |(_, other)| *other == number) {
            entry.remove();
        }
    }
}
