//! Snapshots in a key-value bucket.
//!
//! The bucket `CLUSTER_snapshots` is that of all partitions:
//!
//! ```text
//! PARTITION.latest                   the list: the two that are kept, the newest first
//! PARTITION.REVISION.NAME.PIECE      a piece of one, REVISION being that of the list it was written behind
//! ```
//!
//! What is not on the list is not there: a crash before the list is written leaves pieces and changes nothing.

mod list;

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use async_nats::jetstream::kv::{Store, UpdateErrorKind};
use async_nats::jetstream::stream::LastRawMessageErrorKind;
use bytes::Bytes;
use futures_util::TryStreamExt;
use tripline::Error;
use tripline::journal::{Chain, Damage, Latest, Lsn, Snapshot, Snapshots, refuse};

use self::list::{Kept, List};
use super::link::Link;

/// Number, chain and configuration, before the state.
const HEADER: usize = 8 + 16 + 32;

/// The largest piece, in bytes; the server may take less.
const PIECE: usize = 1 << 20;

/// For the subject and the headers of a message, in bytes.
const AROUND: usize = 1024;

/// [`Snapshots`] in a key-value bucket of JetStream, in pieces, behind a list of what is kept.
///
/// The list is replaced in one step, and only where it is still the one that this handle has seen: of two owners
/// one is [`Fenced`](tripline::ErrorKind::Fenced), and its pieces are nobody's. Those are removed by the next
/// [`put`](Snapshots::put) that succeeds, as are those that a crash has left: the revision in a piece's name says
/// behind which list it was written, so that no put that may still succeed loses any.
///
/// *Durability* is that of the journal, see [`NatsJournal`](super::NatsJournal).
#[derive(Debug)]
pub struct NatsSnapshots {
    link: Link,
    store: Store,
    partition: u32,
    /// The revision of the list as it was last looked at; 0 where there was none.
    seen: AtomicU64,
    /// One of which nobody knows whether it is on the list.
    doubtful: Option<Kept>,
}

impl NatsSnapshots {
    /// Opens those of a partition, in the bucket `CLUSTER_snapshots`, made where it is not there yet.
    ///
    /// # Errors
    ///
    /// [`Storage`](tripline::ErrorKind::Storage) where the server refuses or does not answer,
    /// [`Corrupt`](tripline::ErrorKind::Corrupt) where the list is damaged.
    pub fn open(link: &Link, cluster: &str, partition: u32) -> Result<Self, Error> {
        let store = link.bucket(&format!("{cluster}_snapshots"), Duration::ZERO)?;
        let opened = Self { link: link.clone(), store, partition, seen: AtomicU64::new(0), doubtful: None };
        opened.list()?;
        Ok(opened)
    }

    /// The list, which counts as seen from here on.
    fn list(&self) -> Result<List, Error> {
        let key = format!("{}.latest", self.partition);
        let (list, revision) = match self.get(&key)? {
            Some((bytes, revision)) => {
                let list = List::decode(&bytes).ok_or_else(|| {
                    refuse::corrupt(format!("{}: the list of snapshots {key} is damaged", self.store.name))
                })?;
                (list, revision)
            }
            // A first put that a crash has cut off leaves pieces, too; those that follow it come behind a list.
            None if self.pieces()?.iter().any(|piece| piece.revision > 0) => {
                return Err(refuse::corrupt(format!(
                    "{}: there are pieces and no list of snapshots {key}",
                    self.store.name
                )));
            }
            None => (List::default(), 0),
        };
        self.seen.store(revision, Ordering::Relaxed);
        Ok(list)
    }

    /// What is stored under a key, from whoever leads the stream: another replica may be behind.
    fn get(&self, key: &str) -> Result<Option<(Bytes, u64)>, Error> {
        let subject = format!("{}{key}", self.store.prefix);
        self.link.ask(&format!("get {key} from {}", self.store.name), async || {
            match self.store.stream.get_last_raw_message_by_subject(&subject).await {
                Ok(message) => Ok(Some((message.payload, message.sequence))),
                Err(error) if error.kind() == LastRawMessageErrorKind::NoMessageFound => Ok(None),
                Err(error) => Err(error),
            }
        })
    }

    fn key(&self, kept: &Kept, piece: u64) -> String {
        format!("{}.{}.{}.{piece}", self.partition, kept.revision, kept.name)
    }

    /// Whether it is whole, and as it was put.
    fn read(&self, kept: &Kept) -> Result<Result<Snapshot, &'static str>, Error> {
        let mut bytes = Vec::new();
        for piece in 0..kept.pieces {
            match self.get(&self.key(kept, piece))? {
                Some((piece, _)) => bytes.extend_from_slice(&piece),
                None => return Ok(Err("a piece of it is missing")),
            }
        }
        if bytes.len() as u64 != kept.bytes {
            return Ok(Err("it has another length"));
        }
        if crc32fast::hash(&bytes) != kept.checksum {
            return Ok(Err("its checksum does not fit"));
        }
        Ok(decode(&bytes).ok_or("it is too short"))
    }

    /// Whatever there is besides the list.
    fn pieces(&self) -> Result<BTreeSet<Piece>, Error> {
        let prefix = format!("{}{}.", self.store.prefix, self.partition);
        let filter = format!("{prefix}*.*.*");
        let subjects: Vec<(String, usize)> =
            self.link.ask(&format!("look at the pieces in {}", self.store.name), async || {
                self.store.stream.info_with_subjects(&filter).await?.try_collect().await
            })?;
        Ok(subjects.iter().filter_map(|(subject, _)| Piece::parse(subject.strip_prefix(&prefix)?)).collect())
    }

    /// Lets go of what no list has, or will have.
    fn clean(&self, list: &List, revision: u64) -> Result<(), Error> {
        let is_kept = |piece: &Piece| {
            list.kept.iter().any(|kept| (kept.revision, &kept.name) == (piece.revision, &piece.name))
        };
        for piece in self.pieces()?.iter().filter(|piece| piece.revision < revision && !is_kept(piece)) {
            let subject =
                format!("{}{}.{}.{}.*", self.store.prefix, self.partition, piece.revision, piece.name);
            self.link.ask(&format!("clean {}", self.store.name), async || {
                self.store.stream.purge().filter(&subject).await
            })?;
        }
        Ok(())
    }

    fn write(&self, list: &List, snapshot: &Snapshot) -> Result<Kept, Error> {
        let bytes = encode(snapshot);
        let most = self.link.max_payload().saturating_sub(AROUND).clamp(1, PIECE);
        let mut kept = Kept {
            number: list.kept.first().map_or(1, |newest| newest.number + 1),
            revision: self.seen.load(Ordering::Relaxed),
            name: self.link.unique(),
            pieces: 0,
            bytes: bytes.len() as u64,
            checksum: crc32fast::hash(&bytes),
        };
        for at in (0..bytes.len()).step_by(most) {
            let key = self.key(&kept, kept.pieces);
            let piece = bytes.slice(at..bytes.len().min(at + most));
            // Once more where the answer is lost: the same bytes under the same name.
            self.link.ask(&format!("put {key} in {}", self.store.name), async || {
                self.store.put(&key, piece.clone()).await
            })?;
            kept.pieces += 1;
        }
        Ok(kept)
    }
}

impl Snapshots for NatsSnapshots {
    fn put(&mut self, snapshot: &Snapshot) -> Result<(), Error> {
        let seen = self.seen.load(Ordering::Relaxed);
        let list = self.list()?;
        let now = self.seen.load(Ordering::Relaxed);
        // It counts as seen where it is ours: one that we have put without hearing so.
        if now != seen && self.doubtful.as_ref().is_none_or(|kept| list.kept.first() != Some(kept)) {
            self.seen.store(seen, Ordering::Relaxed);
            return Err(refuse::superseded());
        }
        self.doubtful = None;
        let kept = self.write(&list, snapshot)?;
        let list = list.with(kept.clone());
        let key = format!("{}.latest", self.partition);
        let what = format!("put {key} in {}", self.store.name);
        // One that arrives late finds another list, or writes the very list that was meant.
        let answer = self.link.run(self.link.once(self.store.update(&key, list.encode().into(), now)));
        let revision = match answer {
            Ok(Ok(revision)) => revision,
            Ok(Err(error)) if error.kind() == UpdateErrorKind::WrongLastRevision => {
                return Err(refuse::superseded());
            }
            Ok(Err(error)) => {
                self.doubtful = Some(kept);
                return Err(refuse::storage(what, error));
            }
            Err(unclear) => {
                self.doubtful = Some(kept);
                return Err(self.link.unclear(&what, unclear));
            }
        };
        self.seen.store(revision, Ordering::Relaxed);
        // It is put, whatever becomes of the rest: what is not removed now is removed next time.
        let _ = self.clean(&list, revision);
        Ok(())
    }

    fn latest(&self) -> Result<Latest, Error> {
        loop {
            let list = self.list()?;
            let seen = self.seen.load(Ordering::Relaxed);
            let mut damaged: Vec<Damage> = Vec::new();
            for kept in &list.kept {
                match self.read(kept)? {
                    Ok(snapshot) => return Ok(Latest::new(Some(snapshot)).with_damaged(damaged)),
                    Err(what) => damaged.push(Damage::new(kept.number, 0, what)),
                }
            }
            if damaged.is_empty() {
                return Ok(Latest::new(None));
            }
            self.list()?;
            if self.seen.load(Ordering::Relaxed) != seen {
                // Another owner has put one meanwhile, and removed what we were reading.
                continue;
            }
            return Err(refuse::corrupt(format!(
                "no snapshot is whole; of the newest: {}",
                damaged[0].what()
            )));
        }
    }
}

/// The place of some piece.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Piece {
    revision: u64,
    name: String,
}

impl Piece {
    /// Of `REVISION.NAME.PIECE`.
    fn parse(key: &str) -> Option<Self> {
        let (revision, rest) = key.split_once('.')?;
        let (name, _) = rest.split_once('.')?;
        Some(Self { revision: revision.parse().ok()?, name: name.to_owned() })
    }
}

fn encode(snapshot: &Snapshot) -> Bytes {
    let mut bytes = Vec::with_capacity(HEADER + snapshot.bytes().len());
    bytes.extend(snapshot.lsn().get().to_le_bytes());
    bytes.extend(snapshot.chain().to_bytes());
    bytes.extend(snapshot.configuration());
    bytes.extend(snapshot.bytes());
    bytes.into()
}

fn decode(bytes: &[u8]) -> Option<Snapshot> {
    let (lsn, rest) = bytes.split_first_chunk()?;
    let (chain, rest) = rest.split_first_chunk()?;
    let (configuration, state) = rest.split_first_chunk()?;
    Some(
        Snapshot::new(Lsn::new(u64::from_le_bytes(*lsn)), state.to_vec())
            .with_chain(Chain::from_bytes(*chain))
            .with_configuration(*configuration),
    )
}
