//! Who works on what.

use std::collections::BTreeMap;
use std::time::Duration;

use async_nats::jetstream::kv::{CreateErrorKind, Operation, Store, UpdateErrorKind};
use tripline::Error;
use tripline::journal::refuse;

use super::link::Link;

/// How long a lease lasts where nothing else is said; it is renewed four times as often.
const LASTS: Duration = Duration::from_secs(2);

/// Leases on partitions, in a key-value bucket whose entries go away by themselves.
///
/// They save work, and nothing else rests on them. Two workers may both think that they hold a partition: one was
/// paused, or the clock of the server has jumped. Both then work, and the journal's fencing lets one of them write.
#[derive(Debug)]
pub struct Leases {
    link: Link,
    store: Store,
    owner: String,
    /// The revision of each lease that we hold.
    held: BTreeMap<u32, u64>,
}

impl Leases {
    /// The leases of a cluster, in the bucket `CLUSTER_leases`, for a worker of this name. No two workers have one name.
    ///
    /// # Errors
    ///
    /// [`Storage`](tripline::ErrorKind::Storage) where the server refuses or does not answer.
    pub fn open(link: &Link, cluster: &str, owner: &str) -> Result<Self, Error> {
        let store = link.bucket(&format!("{cluster}_leases"), LASTS)?;
        Ok(Self { link: link.clone(), store, owner: owner.to_owned(), held: BTreeMap::new() })
    }

    /// How often to call [`renew`](Self::renew).
    pub fn every() -> Duration {
        LASTS / 4
    }

    /// Takes a partition that nobody holds; whether it is ours now.
    ///
    /// # Errors
    ///
    /// [`Storage`](tripline::ErrorKind::Storage) where the server refuses or does not answer. It may be
    /// ours then; a later claim finds that out.
    pub fn try_claim(&mut self, partition: u32) -> Result<bool, Error> {
        let key = partition.to_string();
        let what = format!("claim {key} in {}", self.store.name);
        let answer = self.link.run(self.link.once(self.store.create(&key, self.owner.clone().into())));
        match answer {
            Ok(Ok(revision)) => {
                self.held.insert(partition, revision);
                Ok(true)
            }
            Ok(Err(error)) if error.kind() == CreateErrorKind::AlreadyExists => match self.entry(&key)? {
                // Claimed before, without hearing so.
                Some((holder, revision)) if holder == self.owner => {
                    self.held.insert(partition, revision);
                    self.renew(partition)
                }
                _ => Ok(false),
            },
            Ok(Err(error)) => Err(refuse::storage(what, error)),
            Err(unclear) => Err(self.link.unclear(&what, unclear)),
        }
    }

    /// Holds on to a partition; whether it is still ours. It is not where it was not, or where the lease ran out.
    ///
    /// # Errors
    ///
    /// [`Storage`](tripline::ErrorKind::Storage) where the server refuses or does not answer; the work may go
    /// on, since a lease is no more than a hint.
    pub fn renew(&mut self, partition: u32) -> Result<bool, Error> {
        let Some(&revision) = self.held.get(&partition) else { return Ok(false) };
        let key = partition.to_string();
        let what = format!("renew {key} in {}", self.store.name);
        let value = self.owner.clone().into();
        match self.link.run(self.link.once(self.store.update(&key, value, revision))) {
            Ok(Ok(revision)) => {
                self.held.insert(partition, revision);
                Ok(true)
            }
            Ok(Err(error)) if error.kind() == UpdateErrorKind::WrongLastRevision => {
                self.held.remove(&partition);
                // Ours all the same where an earlier renewal arrived and its answer did not, or where it ran out
                // and nobody else was quicker.
                match self.holder(partition)? {
                    Some(holder) if holder != self.owner => Ok(false),
                    _ => self.try_claim(partition),
                }
            }
            Ok(Err(error)) => Err(refuse::storage(what, error)),
            Err(unclear) => Err(self.link.unclear(&what, unclear)),
        }
    }

    /// Lets go of a partition, so that another takes it at once. One that is not ours stays as it is.
    ///
    /// # Errors
    ///
    /// [`Storage`](tripline::ErrorKind::Storage) where the server refuses or does not answer; the lease then
    /// runs out.
    pub fn release(&mut self, partition: u32) -> Result<(), Error> {
        let Some(revision) = self.held.remove(&partition) else { return Ok(()) };
        let key = partition.to_string();
        let what = format!("release {key} in {}", self.store.name);
        match self.link.run(self.link.once(self.store.delete_expect_revision(&key, Some(revision)))) {
            Ok(Ok(())) => Ok(()),
            Ok(Err(error)) if error.kind() == UpdateErrorKind::WrongLastRevision => Ok(()),
            Ok(Err(error)) => Err(refuse::storage(what, error)),
            Err(unclear) => Err(self.link.unclear(&what, unclear)),
        }
    }

    /// The partitions that we hold, as far as we know.
    pub fn held(&self) -> Vec<u32> {
        self.held.keys().copied().collect()
    }

    /// Who holds a partition.
    ///
    /// # Errors
    ///
    /// [`Storage`](tripline::ErrorKind::Storage) where the server refuses or does not answer.
    pub fn holder(&self, partition: u32) -> Result<Option<String>, Error> {
        Ok(self.entry(&partition.to_string())?.map(|(holder, _)| holder))
    }

    fn entry(&self, key: &str) -> Result<Option<(String, u64)>, Error> {
        let what = format!("look at {key} in {}", self.store.name);
        let entry = self.link.ask(&what, async || self.store.entry(key).await)?;
        Ok(entry
            .filter(|entry| entry.operation == Operation::Put)
            .map(|entry| (String::from_utf8_lossy(&entry.value).into_owned(), entry.revision)))
    }
}
