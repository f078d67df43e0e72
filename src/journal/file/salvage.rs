//! What can be kept of a damaged journal, kept.

use std::error::Error as _;

use super::format::HEADER;
use super::open::{self, acknowledged, check_follows, judge, lock, next_segment, read_to_end, read_up_to};
use super::segment::{self, Reader, unreadable, unwritable};
use super::storage::{Storage, read_full};
use crate::error::{Error, ErrorKind};
use crate::journal::chain::Chain;
use crate::journal::found::{Damage, Found};
use crate::journal::lsn::Lsn;

const SET_ASIDE: &str = ".damaged";

/// What [`FileJournal::salvage`](super::FileJournal::salvage) kept, and what it gave up.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Salvage {
    kept: Lsn,
    acknowledged: Lsn,
    damage: Option<Damage>,
    set_aside: Vec<String>,
}

impl Salvage {
    /// The last batch that was kept; the journal goes on behind it. Where not even its front could be read, nothing
    /// was kept, and the numbers go on behind the highest that was seen.
    ///
    /// ```
    /// # use tripline::journal::{FileJournal, Lsn};
    /// # let folder = std::env::temp_dir().join(format!("tripline-doc-kept-{}", std::process::id()));
    /// assert_eq!(FileJournal::salvage(&folder)?.kept(), Lsn::ZERO); // an empty folder
    /// # std::fs::remove_dir_all(folder).unwrap();
    /// # Ok::<(), tripline::Error>(())
    /// ```
    pub fn kept(&self) -> Lsn {
        self.kept
    }

    /// The last batch of which what is left says that it was acknowledged. Those from [`kept`](Self::kept) to here are
    /// lost; later ones may be.
    ///
    /// ```
    /// # use tripline::journal::{FileJournal, Lsn};
    /// # let folder = std::env::temp_dir().join(format!("tripline-doc-acknowledged-{}", std::process::id()));
    /// assert_eq!(FileJournal::salvage(&folder)?.acknowledged(), Lsn::ZERO);
    /// # std::fs::remove_dir_all(folder).unwrap();
    /// # Ok::<(), tripline::Error>(())
    /// ```
    pub fn acknowledged(&self) -> Lsn {
        self.acknowledged
    }

    /// The first damage; `None` where there was none, and so nothing was changed.
    ///
    /// ```
    /// # use tripline::journal::FileJournal;
    /// # let folder = std::env::temp_dir().join(format!("tripline-doc-damage-{}", std::process::id()));
    /// assert!(FileJournal::salvage(&folder)?.damage().is_none());
    /// # std::fs::remove_dir_all(folder).unwrap();
    /// # Ok::<(), tripline::Error>(())
    /// ```
    pub fn damage(&self) -> Option<&Damage> {
        self.damage.as_ref()
    }

    /// The files that are no longer part of the journal, under their new names.
    ///
    /// ```
    /// # use tripline::journal::FileJournal;
    /// # let folder = std::env::temp_dir().join(format!("tripline-doc-aside-{}", std::process::id()));
    /// assert!(FileJournal::salvage(&folder)?.set_aside().is_empty());
    /// # std::fs::remove_dir_all(folder).unwrap();
    /// # Ok::<(), tripline::Error>(())
    /// ```
    pub fn set_aside(&self) -> &[String] {
        &self.set_aside
    }
}

pub(super) fn salvage(storage: &dyn Storage, segment_bytes: u64) -> Result<Salvage, Error> {
    let _lock = lock(storage)?;
    let numbers = open::numbers(storage)?;
    let Kept { front, damage, lost_from, mut high_water } = walk(storage, &numbers)?;
    let kept = front.as_ref().map_or(Lsn::ZERO, |front| front.last);
    let mut report = Salvage { kept, acknowledged: high_water.max(kept), damage, set_aside: Vec::new() };
    if report.damage.is_none() {
        return Ok(report);
    }
    let lost = &numbers[lost_from..];
    for &number in lost {
        high_water = high_water.max(highest_mark(storage, number)?);
    }
    report.acknowledged = high_water;
    let found = Found::new(kept.next(), kept);
    // The newest first: until the last step what is left is a journal that ends too early, and says so.
    for &number in lost.iter().rev() {
        report.set_aside.push(set_aside(storage, number)?);
    }
    match front {
        Some(mut front) => {
            front.write_again(HEADER as u64, front.at)?;
            next_segment(storage, segment_bytes, front.header.number + 1, front.last, front.chain, found)?;
        }
        None => {
            let number = numbers.first().copied().unwrap_or(1);
            next_segment(storage, segment_bytes, number, high_water, Chain::START, found)?;
        }
    }
    Ok(report)
}

/// What of a journal can be read from its front.
struct Kept {
    /// The last segment of which anything is kept, read as far as it goes.
    front: Option<Reader>,
    damage: Option<Damage>,
    /// Of the segments from this place on nothing is kept.
    lost_from: usize,
    high_water: Lsn,
}

fn walk(storage: &dyn Storage, numbers: &[u64]) -> Result<Kept, Error> {
    let mut kept = Kept { front: None, damage: None, lost_from: numbers.len(), high_water: Lsn::ZERO };
    for (at, &number) in numbers.iter().enumerate() {
        kept.lost_from = at;
        let reader = Reader::open(storage, number).and_then(|reader| {
            kept.front.as_ref().map_or(Ok(()), |before| check_follows(before, &reader))?;
            Ok(reader)
        });
        let mut reader = match reader {
            Ok(reader) => reader,
            Err(error) => {
                kept.damage = Some(damage_of(error)?);
                return Ok(kept);
            }
        };
        kept.high_water = kept.high_water.max(reader.header.high_water);
        let next = match numbers.get(at + 1).map(|&next| Reader::open(storage, next)) {
            Some(Ok(next)) => Some(next),
            Some(Err(error)) => damage_of(error).map(|_| None)?,
            None => None,
        };
        let whole = match next {
            Some(next) => read_up_to(&mut reader, next.header.first),
            None => read_to_end(&mut reader).and_then(|end| {
                // With a segment behind it that cannot be read, what ends this one is no matter.
                if at + 1 == numbers.len() { judge(&mut reader, &end).map(drop) } else { Ok(()) }
            }),
        };
        kept.lost_from = at + 1;
        let damage = whole.err().map(damage_of).transpose()?;
        if damage.is_some() {
            let mark = acknowledged(&reader.rest()?, reader.last);
            kept.high_water = kept.high_water.max(mark.unwrap_or(Lsn::ZERO));
        }
        kept.high_water = kept.high_water.max(reader.last);
        kept.front = Some(reader);
        if damage.is_some() {
            kept.damage = damage;
            return Ok(kept);
        }
    }
    Ok(kept)
}

/// The damage that an error tells of; any other error stays one.
fn damage_of(error: Error) -> Result<Damage, Error> {
    let damage = error.source().and_then(|source| source.downcast_ref::<Damage>()).cloned();
    match damage {
        Some(damage) if error.kind() == ErrorKind::Corrupt => Ok(damage),
        _ => Err(error),
    }
}

/// What a segment that is given up says of what was acknowledged.
fn highest_mark(storage: &dyn Storage, number: u64) -> Result<Lsn, Error> {
    let mut file = storage.open(&segment::name(number)).map_err(unreadable)?;
    let length = usize::try_from(file.length().map_err(unreadable)?).unwrap_or(usize::MAX);
    let mut bytes = vec![0; length];
    let read = read_full(&mut *file, 0, &mut bytes).map_err(unreadable)?;
    let far = Lsn::new(u64::from(u32::MAX) << 16);
    Ok(acknowledged(&bytes[..read], far).unwrap_or(Lsn::ZERO))
}

/// Gives a segment a name under which it is no part of the journal.
fn set_aside(storage: &dyn Storage, number: u64) -> Result<String, Error> {
    let renamed = || {
        let names = storage.list()?;
        let name = segment::name(number);
        let mut aside = format!("{name}{SET_ASIDE}");
        let mut times = 1;
        while names.contains(&aside) {
            times += 1;
            aside = format!("{name}.{times}{SET_ASIDE}");
        }
        storage.rename(&name, &aside)?;
        segment::sync_folder(storage)?;
        Ok(aside)
    };
    renamed().map_err(unwritable)
}
