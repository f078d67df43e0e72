//! The series that are watched: one 64-byte slot each, which answers most
//! observations alone, and what is rarely needed beside it.

use std::hash::Hasher;

use foldhash::SharedSeed;
use foldhash::fast::FoldHasher;
use hashbrown::HashTable;

use crate::event::{Dimensions, Series, SeriesRef};
use crate::time::Nanos;

use super::ladder::{Ladder, Quiet, WAKE_ALWAYS};
use super::numbers::{KINDS, NOBODY, kind_number};

/// The time before any observation.
pub(super) const LONG_AGO: Nanos = Nanos::MIN;

/// How many names a batch looks up together.
pub(super) const BLOCK: usize = 32;

/// Room for a name in the slot itself.
const INLINE: usize = 20;
const NOT_INLINE: u8 = u8::MAX;

/// What most observations need to know of a series, in one cache line.
#[derive(Debug, Clone)]
#[repr(align(64))]
pub(super) struct Slot {
    /// The last present value; NaN for none.
    pub(super) value: f64,
    /// The newest accepted observation, or the latest deadline that has gone
    /// off if that is later (then [`Cold::exact`] has both).
    pub(super) gate: Nanos,
    /// The keys within which no instance notices a value.
    pub(super) quiet: Quiet,
    /// Low half of the name's hash.
    hash: u32,
    source: u32,
    /// There is more to ask than `gate` and `quiet`: [`Cold::exact`], or
    /// instances that must see every observation.
    pub(super) slow: bool,
    kind: u8,
    length: u8,
    name: [u8; INLINE],
}

/// What is beside the slot.
#[derive(Debug, Clone, Default)]
pub(super) struct Cold {
    pub(super) edge: Edge,
    /// Instances that are shown every observation, in trigger order.
    pub(super) always: Vec<u32>,
    pub(super) exact: Option<Box<Exact>>,
    /// Triggers that had no room for this series.
    pub(super) refused: u32,
    /// The next series of the same kind and name.
    next_namesake: Option<u32>,
}

/// Instances that only a value beyond their edges concerns.
#[derive(Debug, Clone, Default)]
pub(super) enum Edge {
    #[default]
    None,
    One(u32),
    Many(Box<Ladder>),
}

impl Edge {
    pub(super) fn instances(&self) -> Vec<u32> {
        match self {
            Self::None => Vec::new(),
            Self::One(number) => vec![*number],
            Self::Many(ladder) => ladder.instances().collect(),
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        match self {
            Self::None => true,
            Self::One(_) => false,
            Self::Many(ladder) => ladder.is_empty(),
        }
    }
}

/// How new an observation must be, where `gate` alone does not say it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Exact {
    pub(super) newest: Nanos,
    pub(super) sequence: Option<i64>,
    /// The latest deadline of the series that has gone off.
    pub(super) floor: Nanos,
}

/// A series as it is stored: its source is shared with others.
#[derive(Debug, Clone)]
struct Key {
    source: u32,
    kind: u8,
    name: Box<str>,
    dimensions: Option<Box<Dimensions>>,
}

#[derive(Debug, Clone)]
pub(super) struct Slots {
    /// Names come from outside: the seed keeps anyone who cannot see it from
    /// choosing names that collide, and no result depends on it.
    hasher: Seeded,
    /// Number and half the hash, so that a look-up meets the slot only to compare the name.
    table: HashTable<(u32, u32)>,
    /// The latest series of each kind and name.
    names: HashTable<u32>,
    slots: Vec<Slot>,
    cold: Vec<Cold>,
    keys: Vec<Key>,
    sources: Vec<Box<str>>,
    source_table: HashTable<u32>,
    last_source: u32,
}

/// The keyed hash of all tables.
#[derive(Debug, Clone, Copy)]
struct Seeded {
    seed: u64,
    shared: &'static SharedSeed,
}

/// A series to look for, with its hash.
#[derive(Debug, Clone, Copy)]
struct Wanted<'a> {
    kind: u8,
    source: u32,
    series: &'a SeriesRef<'a>,
    hash: u64,
}

impl Slots {
    pub(super) fn new(seed: u64) -> Self {
        Self {
            hasher: Seeded::new(seed),
            table: HashTable::new(),
            names: HashTable::new(),
            slots: Vec::new(),
            cold: Vec::new(),
            keys: Vec::new(),
            sources: Vec::new(),
            source_table: HashTable::new(),
            last_source: 0,
        }
    }

    pub(super) fn len(&self) -> usize {
        self.slots.len()
    }

    pub(super) fn slot(&self, number: u32) -> &Slot {
        &self.slots[number as usize]
    }

    pub(super) fn slot_mut(&mut self, number: u32) -> &mut Slot {
        &mut self.slots[number as usize]
    }

    pub(super) fn cold(&self, number: u32) -> &Cold {
        &self.cold[number as usize]
    }

    pub(super) fn cold_mut(&mut self, number: u32) -> &mut Cold {
        &mut self.cold[number as usize]
    }

    /// The number of a series, if it is kept.
    #[inline]
    pub(super) fn find(&mut self, series: &SeriesRef<'_>) -> Option<u32> {
        let kind = kind_number(series.kind())?;
        let source = self.find_source(series.source())?;
        self.find_wanted(&self.wanted(kind, source, series))
    }

    /// The same, without noting which source was asked for.
    pub(super) fn peek(&self, series: &SeriesRef<'_>) -> Option<u32> {
        let kind = kind_number(series.kind())?;
        let hash = self.hasher.text(series.source());
        let source = *self.source_table.find(hash, |&at| *self.sources[at as usize] == *series.source())?;
        self.find_wanted(&self.wanted(kind, source, series))
    }

    /// The number of a series that is made if it is not kept yet.
    pub(super) fn insert(&mut self, series: &SeriesRef<'_>, kind: u8) -> u32 {
        let source = self.insert_source(series.source());
        let wanted = self.wanted(kind, source, series);
        if let Some(number) = self.find_wanted(&wanted) {
            return number;
        }
        let number = self.slots.len() as u32;
        self.slots.push(Slot::new(&wanted));
        self.cold.push(Cold::default());
        let dimensions = (!series.has_no_dimensions()).then(|| Box::new(series.dimensions().collect()));
        self.keys.push(Key { source, kind, name: series.name().into(), dimensions });
        self.enter(number);
        number
    }

    /// Every series of this kind and name.
    pub(super) fn namesakes(&self, kind: u8, name: &str) -> impl Iterator<Item = u32> {
        let hash = self.hasher.plain(0, kind, name);
        let first =
            self.names.find(hash, |&other| self.kind(other) == kind && self.name(other) == name).copied();
        std::iter::successors(first, |&number| self.cold(number).next_namesake)
    }

    /// Enters a stored series into the tables.
    fn enter(&mut self, number: u32) {
        let (slots, keys, hasher) = (&self.slots, &self.keys, self.hasher);
        let full = |other: u32| hasher.full(&slots[other as usize], &keys[other as usize]);
        let hash = full(number);
        self.table.insert_unique(hash, (number, hash as u32), |&(other, _)| full(other));
        let name_hash = |&other: &u32| hasher.plain(0, keys[other as usize].kind, &keys[other as usize].name);
        let key = &keys[number as usize];
        let same =
            |&other: &u32| keys[other as usize].kind == key.kind && keys[other as usize].name == key.name;
        let next = match self.names.find_mut(name_hash(&number), same) {
            Some(latest) => Some(std::mem::replace(latest, number)),
            None => {
                self.names.insert_unique(name_hash(&number), number, name_hash);
                None
            }
        };
        self.cold[number as usize].next_namesake = next;
    }

    /// The series as a value of its own.
    pub(super) fn series(&self, number: u32) -> Series {
        let key = &self.keys[number as usize];
        let mut series = Series::new(self.source(number), KINDS[usize::from(key.kind)].clone(), &*key.name);
        if let Some(dimensions) = &key.dimensions {
            for (name, value) in dimensions.iter() {
                series = series.with_dimension(name, value);
            }
        }
        series
    }

    pub(super) fn source(&self, number: u32) -> &str {
        &self.sources[self.keys[number as usize].source as usize]
    }

    pub(super) fn name(&self, number: u32) -> &str {
        &self.keys[number as usize].name
    }

    pub(super) fn kind(&self, number: u32) -> u8 {
        self.keys[number as usize].kind
    }

    /// The order of series keys: source, kind, name, dimensions.
    pub(super) fn compare(&self, a: u32, b: u32) -> std::cmp::Ordering {
        let parts = |number: u32| {
            let key = &self.keys[number as usize];
            (
                self.source(number),
                KINDS[usize::from(key.kind)].as_str(),
                &*key.name,
                key.dimensions.as_deref(),
            )
        };
        parts(a).cmp(&parts(b))
    }

    /// Keeps the series for which `keep` holds, in order, and says where each went.
    pub(super) fn retain(&mut self, keep: impl Fn(u32) -> bool) -> Vec<Option<u32>> {
        let mut moved = Vec::with_capacity(self.slots.len());
        let mut next = 0;
        for number in 0..self.slots.len() as u32 {
            moved.push(keep(number).then(|| {
                next += 1;
                next - 1
            }));
        }
        retain_by(&mut self.slots, &moved);
        retain_by(&mut self.cold, &moved);
        retain_by(&mut self.keys, &moved);
        self.table.clear();
        self.names.clear();
        for number in 0..self.slots.len() as u32 {
            self.enter(number);
        }
        moved
    }

    /// Looks up a block of series, each by its hash alone; [`is_series`](Slots::is_series)
    /// tells whether the number found is the one asked for. Hashing, probing
    /// and reading are done for the whole block in turn, so that their misses overlap.
    pub(super) fn find_block<'a>(
        &mut self,
        block: impl Iterator<Item = &'a SeriesRef<'a>>,
        numbers: &mut [u32; BLOCK],
    ) {
        let mut hashes = [0; BLOCK];
        let mut count = 0;
        for (hash, series) in hashes.iter_mut().zip(block) {
            let source = self.find_source(series.source());
            *hash = match (kind_number(series.kind()), source) {
                (Some(kind), Some(source)) => self.wanted(kind, source, series).hash,
                _ => 0,
            };
            count += 1;
        }
        for (number, &hash) in numbers.iter_mut().zip(&hashes[..count]) {
            let found = self.table.find(hash, |&(_, half)| half == hash as u32);
            *number = found.map_or(NOBODY, |&(number, _)| number);
        }
        let mut touched = 0;
        for &number in numbers[..count].iter().filter(|&&number| number != NOBODY) {
            touched |= self.slots[number as usize].hash;
        }
        std::hint::black_box(touched);
    }

    /// Is this the series of that number?
    pub(super) fn is_series(&self, number: u32, series: &SeriesRef<'_>) -> bool {
        let slot = &self.slots[number as usize];
        kind_number(series.kind()) == Some(slot.kind)
            && *self.sources[slot.source as usize] == *series.source()
            && self.has_name(number, series)
    }

    #[inline]
    fn wanted<'a>(&self, kind: u8, source: u32, series: &'a SeriesRef<'a>) -> Wanted<'a> {
        let hash = match series.has_no_dimensions() {
            true => self.hasher.plain(source, kind, series.name()),
            false => self.hasher.parts(source, kind, series.name(), series.dimensions()),
        };
        Wanted { kind, source, series, hash }
    }

    #[inline]
    fn find_wanted(&self, wanted: &Wanted<'_>) -> Option<u32> {
        let half = wanted.hash as u32;
        let is_wanted = |&(number, other): &(u32, u32)| other == half && self.is(number, wanted);
        self.table.find(wanted.hash, is_wanted).map(|&(number, _)| number)
    }

    #[inline]
    fn is(&self, number: u32, wanted: &Wanted<'_>) -> bool {
        let slot = &self.slots[number as usize];
        slot.source == wanted.source && slot.kind == wanted.kind && self.has_name(number, wanted.series)
    }

    #[inline]
    fn has_name(&self, number: u32, series: &SeriesRef<'_>) -> bool {
        let (slot, name) = (&self.slots[number as usize], series.name());
        if slot.length != NOT_INLINE {
            let inline = &slot.name[..usize::from(slot.length)];
            return same_bytes(inline, name.as_bytes()) && series.has_no_dimensions();
        }
        let key = &self.keys[number as usize];
        let dimensions = key.dimensions.as_deref().into_iter().flat_map(Dimensions::iter);
        *key.name == *name && dimensions.eq(series.dimensions())
    }

    /// Sources are few: the one asked for last is tried first.
    #[inline]
    fn find_source(&mut self, source: &str) -> Option<u32> {
        let last = self.sources.get(self.last_source as usize);
        if last.is_some_and(|last| same_bytes(last.as_bytes(), source.as_bytes())) {
            return Some(self.last_source);
        }
        let found =
            *self.source_table.find(self.hasher.text(source), |&at| *self.sources[at as usize] == *source)?;
        self.last_source = found;
        Some(found)
    }

    fn insert_source(&mut self, source: &str) -> u32 {
        if let Some(found) = self.find_source(source) {
            return found;
        }
        let number = self.sources.len() as u32;
        self.sources.push(source.into());
        let (sources, hasher) = (&self.sources, self.hasher);
        self.source_table
            .insert_unique(hasher.text(source), number, |&at| hasher.text(&sources[at as usize]));
        number
    }
}

impl Slot {
    fn new(wanted: &Wanted<'_>) -> Self {
        let (mut name, mut length, text) = ([0; INLINE], NOT_INLINE, wanted.series.name());
        if wanted.series.has_no_dimensions() && text.len() <= INLINE {
            name[..text.len()].copy_from_slice(text.as_bytes());
            length = text.len() as u8;
        }
        Self {
            value: f64::NAN,
            gate: LONG_AGO,
            quiet: WAKE_ALWAYS,
            hash: wanted.hash as u32,
            source: wanted.source,
            slow: false,
            kind: wanted.kind,
            length,
            name,
        }
    }
}

fn retain_by<T>(list: &mut Vec<T>, moved: &[Option<u32>]) {
    let mut stays = moved.iter().map(Option::is_some);
    list.retain(|_| stays.next().unwrap_or(false));
}

/// Equal bytes; short ones are compared in words that overlap.
#[inline]
fn same_bytes(a: &[u8], b: &[u8]) -> bool {
    if a.len() != b.len() {
        return false;
    }
    match (a.first_chunk::<8>(), b.first_chunk::<8>(), a.last_chunk::<8>(), b.last_chunk::<8>()) {
        (Some(a_first), Some(b_first), Some(a_last), Some(b_last)) => {
            a_first == b_first && a_last == b_last && (a.len() <= 16 || a[8..] == b[8..])
        }
        _ => a == b,
    }
}

/// A keyed hash of one text, for the other tables.
pub(super) fn hash_text(seed: u64, text: &str) -> u64 {
    Seeded::new(seed).text(text)
}

impl Seeded {
    fn new(seed: u64) -> Self {
        Self { seed, shared: SharedSeed::global_random() }
    }

    #[inline]
    fn text(self, text: &str) -> u64 {
        let mut hasher = FoldHasher::with_seed(self.seed, self.shared);
        hasher.write(text.as_bytes());
        hasher.finish()
    }

    #[inline]
    fn plain(self, source: u32, kind: u8, name: &str) -> u64 {
        let mut hasher = FoldHasher::with_seed(self.seed, self.shared);
        hasher.write(name.as_bytes());
        hasher.write_u64(u64::from(source) << 8 | u64::from(kind));
        hasher.finish()
    }

    fn parts<'a>(
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

    fn full(self, slot: &Slot, key: &Key) -> u64 {
        match key.dimensions.as_deref() {
            None => self.plain(slot.source, slot.kind, &key.name),
            Some(dimensions) => self.parts(slot.source, slot.kind, &key.name, dimensions.iter()),
        }
    }
}
