//! The series that are watched: one slot each, which answers most observations
//! alone, and what is rarely needed beside it.

use hashbrown::HashTable;

use crate::event::{Dimensions, Series, SeriesRef};
use crate::time::Nanos;

use super::cold::{Cold, NOTHING};
use super::hash::{Seeded, same_bytes};
use super::index::Index;
use super::numbers::{KINDS, NOBODY, kind_number};
use super::pages::Pages;
use super::slot::{Hot, Label, Solo};
use super::sources::Sources;

/// How many names a batch looks up together.
pub(super) const BLOCK: usize = 32;

/// What does not fit into a slot: a long name, or one with dimensions.
#[derive(Debug, Clone)]
struct Long {
    name: Box<str>,
    dimensions: Option<Box<Dimensions>>,
}

/// An index of more is so large that its lines are read ahead.
const FAR: usize = 1 << 13;

/// The series of each kind and name, whatever their sources and dimensions.
#[derive(Debug, Clone, Default)]
struct Namesakes {
    /// The latest of each.
    latest: HashTable<u32>,
    /// The one before each; [`NOBODY`] for none.
    before: Vec<u32>,
}

#[derive(Debug, Clone)]
pub(super) struct Slots {
    /// Names come from outside: the seed keeps anyone who cannot see it from
    /// choosing names that collide, and no result depends on it.
    hasher: Seeded,
    index: Index,
    pages: Pages,
    long: Vec<Long>,
    cold: Vec<Cold>,
    free_cold: Vec<u32>,
    /// Only once a trigger is added, replaced or removed while there are series.
    namesakes: Option<Namesakes>,
    sources: Sources,
}

/// What a look-up in a block came to.
#[derive(Debug, Clone, Copy)]
pub(super) struct Found {
    pub(super) number: u32,
    source: u32,
    /// A `u8`, in as much as makes this three words without gaps, which are copied as such.
    kind: u32,
}

impl Found {
    pub(super) const NOTHING: Self = Self { number: NOBODY, source: NOBODY, kind: u32::MAX };
}

/// The source and kind of series that follow one another in a block: texts at
/// the same place are the same, since all of them are borrowed at once.
struct Kin<'a> {
    source: &'a str,
    kind: &'a str,
    seed: u64,
    found: Found,
}

impl Kin<'_> {
    const NONE: Self = Self { source: "", kind: "", seed: 0, found: Found::NOTHING };

    #[inline(always)]
    fn has(&self, series: &SeriesRef<'_>) -> bool {
        std::ptr::eq(series.source(), self.source) && std::ptr::eq(series.kind(), self.kind)
    }
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
        let hasher = Seeded::new(seed);
        Self {
            hasher,
            index: Index::default(),
            pages: Pages::default(),
            long: Vec::new(),
            cold: Vec::new(),
            free_cold: Vec::new(),
            namesakes: None,
            sources: Sources::new(hasher),
        }
    }

    pub(super) fn len(&self) -> usize {
        self.pages.len()
    }

    #[inline]
    pub(super) fn hot(&self, number: u32) -> &Hot {
        self.pages.hot(number)
    }

    #[inline(always)]
    pub(super) fn hot_at(&mut self, number: usize) -> Option<&mut Hot> {
        self.pages.hot_at(number)
    }

    /// The number of a series, if there are so many.
    pub(super) fn number(&self, number: usize) -> Option<u32> {
        (number < self.len()).then_some(number as u32)
    }

    #[inline]
    pub(super) fn hot_mut(&mut self, number: u32) -> &mut Hot {
        self.pages.hot_mut(number)
    }

    /// A solo as it is; `None` where the series is none.
    pub(super) fn solo(&self, number: u32) -> Option<Solo> {
        self.hot(number).solo(self.label(number))
    }

    /// Moves a solo to its other side; see [`Hot::flip`].
    pub(super) fn flip(&mut self, number: u32, edges: Option<(i64, i64)>, at: Nanos, value: f64) -> bool {
        let (hot, label) = self.pages.both_mut(number);
        hot.flip(label, edges, at, value)
    }

    fn label(&self, number: u32) -> &Label {
        self.pages.label(number)
    }

    /// What is beside the slot; nothing for a solo.
    pub(super) fn cold(&self, number: u32) -> &Cold {
        self.hot(number).cold().map_or(NOTHING, |place| &self.cold[place as usize])
    }

    /// The same, to be changed. A solo is ended before.
    pub(super) fn cold_mut(&mut self, number: u32) -> &mut Cold {
        let place = match self.hot(number).cold() {
            Some(place) => place,
            None => {
                debug_assert!(false, "a solo has nothing beside its slot");
                self.add_cold(number)
            }
        };
        &mut self.cold[place as usize]
    }

    /// Makes a series a solo: what is beside its slot is dropped.
    pub(super) fn begin_solo(&mut self, number: u32, solo: &Solo) {
        self.drop_cold(number);
        let (hot, label) = self.pages.both_mut(number);
        hot.set_solo(label, solo);
    }

    /// Ends a solo; there is nothing beside its slot then.
    pub(super) fn end_solo(&mut self, number: u32) -> Option<Solo> {
        let solo = self.solo(number)?;
        self.add_cold(number);
        self.cold_mut(number).quiet = solo.quiet();
        Some(solo)
    }

    fn drop_cold(&mut self, number: u32) {
        if let Some(place) = self.hot(number).cold() {
            self.cold[place as usize] = Cold::NEW;
            self.free_cold.push(place);
        }
    }

    fn add_cold(&mut self, number: u32) -> u32 {
        let place = self.free_cold.pop().unwrap_or_else(|| {
            self.cold.push(Cold::NEW);
            (self.cold.len() - 1) as u32
        });
        self.hot_mut(number).set_cold(place);
        place
    }

    /// The number of a series with a short name and no dimensions, of the source
    /// that was asked for last, if it is found at once: most are such, and little
    /// is asked of them, so that one look-up goes on while the memory of the one
    /// before is awaited.
    #[inline(always)]
    pub(super) fn find_near(&self, series: &SeriesRef<'_>) -> Option<u32> {
        let kind = kind_number(series.kind())?;
        let (source, seed) = self.sources.latest(series.source(), kind)?;
        if !series.has_no_dimensions() {
            return None;
        }
        let number = self.index.guess(self.hasher.named(seed, series.name()));
        let label = self.pages.label_at(number)?;
        label.is(source, kind, series.name().as_bytes()).then_some(number)
    }

    /// The number of a series, if it is kept.
    pub(super) fn find(&mut self, series: &SeriesRef<'_>) -> Option<u32> {
        let kind = kind_number(series.kind())?;
        let source = self.sources.find(series.source())?;
        self.find_wanted(&self.wanted(kind, source, series))
    }

    /// The same, without noting which source was asked for.
    pub(super) fn peek(&self, series: &SeriesRef<'_>) -> Option<u32> {
        let kind = kind_number(series.kind())?;
        let source = self.sources.peek(series.source())?;
        self.find_wanted(&self.wanted(kind, source, series))
    }

    /// The number of a series that is made if it is not kept yet.
    pub(super) fn insert(&mut self, series: &SeriesRef<'_>, kind: u8) -> u32 {
        let source = self.sources.insert(series.source());
        let wanted = self.wanted(kind, source, series);
        if let Some(number) = self.find_wanted(&wanted) {
            return number;
        }
        let number = self.len() as u32;
        let (place, name) = (self.long.len() as u32, series.name());
        let inline = (series.has_no_dimensions() && Label::fits(name)).then_some(name);
        if inline.is_none() {
            let dimensions = (!series.has_no_dimensions()).then(|| Box::new(series.dimensions().collect()));
            self.long.push(Long { name: name.into(), dimensions });
        }
        self.pages.push(Hot::new(), Label::new(source, kind, inline, place));
        self.add_cold(number);
        let mut index = std::mem::take(&mut self.index);
        index.insert(wanted.hash, number, |other| self.hash(other));
        self.index = index;
        if let Some(mut namesakes) = self.namesakes.take() {
            self.enter_namesake(&mut namesakes, number);
            self.namesakes = Some(namesakes);
        }
        number
    }

    /// Every series of this kind and name.
    pub(super) fn namesakes(&mut self, kind: u8, name: &str) -> Vec<u32> {
        if self.len() == 0 {
            return Vec::new();
        }
        let namesakes = match self.namesakes.take() {
            Some(namesakes) => namesakes,
            None => {
                let mut namesakes = Namesakes::default();
                (0..self.len() as u32).for_each(|number| self.enter_namesake(&mut namesakes, number));
                namesakes
            }
        };
        let hash = self.hasher.plain(0, kind, name);
        let is_wanted = |&other: &u32| self.kind(other) == kind && self.name(other) == name;
        let latest = namesakes.latest.find(hash, is_wanted).copied();
        let before = |&number: &u32| Some(namesakes.before[number as usize]).filter(|&other| other != NOBODY);
        let found = std::iter::successors(latest, before).collect();
        self.namesakes = Some(namesakes);
        found
    }

    /// Enters the series that comes next.
    fn enter_namesake(&self, namesakes: &mut Namesakes, number: u32) {
        let hash = |&other: &u32| self.hasher.plain(0, self.kind(other), self.name(other));
        let (kind, name) = (self.kind(number), self.name(number));
        let is_same = |&other: &u32| self.kind(other) == kind && self.name(other) == name;
        let before = match namesakes.latest.find_mut(hash(&number), is_same) {
            Some(latest) => std::mem::replace(latest, number),
            None => {
                namesakes.latest.insert_unique(hash(&number), number, hash);
                NOBODY
            }
        };
        namesakes.before.push(before);
    }

    /// The series as a value of its own.
    pub(super) fn series(&self, number: u32) -> Series {
        let mut series = Series::new(
            self.source(number),
            KINDS[usize::from(self.kind(number))].clone(),
            self.name(number),
        );
        for (name, value) in self.dimensions(number).into_iter().flat_map(Dimensions::iter) {
            series = series.with_dimension(name, value);
        }
        series
    }

    pub(super) fn source(&self, number: u32) -> &str {
        self.sources.text(self.label(number).source)
    }

    pub(super) fn name(&self, number: u32) -> &str {
        match self.label(number).name() {
            // It was a text when it was put there.
            Ok(name) => std::str::from_utf8(name).unwrap_or_default(),
            Err(place) => &self.long[place as usize].name,
        }
    }

    pub(super) fn kind(&self, number: u32) -> u8 {
        self.label(number).kind()
    }

    fn dimensions(&self, number: u32) -> Option<&Dimensions> {
        let place = self.label(number).name().err()?;
        self.long[place as usize].dimensions.as_deref()
    }

    /// The order of series keys: source, kind, name, dimensions.
    pub(super) fn compare(&self, a: u32, b: u32) -> std::cmp::Ordering {
        let parts = |number: u32| {
            let kind = KINDS[usize::from(self.kind(number))].as_str();
            (self.source(number), kind, self.name(number), self.dimensions(number))
        };
        parts(a).cmp(&parts(b))
    }

    /// Keeps the series for which `keep` holds, in order, and says where each went.
    pub(super) fn retain(&mut self, keep: impl Fn(u32) -> bool) -> Vec<Option<u32>> {
        let mut moved = Vec::with_capacity(self.len());
        let mut next = 0;
        for number in 0..self.len() as u32 {
            let stays = keep(number);
            moved.push(stays.then_some(next));
            next += u32::from(stays);
            if !stays {
                self.drop_cold(number);
            }
        }
        let has_place = |label: &Label| label.name().is_err();
        let pages = &self.pages;
        let mut keeps_long =
            (0..pages.len() as u32).filter(|&number| has_place(pages.label(number))).map(&keep);
        self.long.retain(|_| keeps_long.next().unwrap_or(false));
        self.pages.retain(&moved);
        let mut place = 0;
        for number in 0..self.len() as u32 {
            let label = self.pages.label_mut(number);
            if has_place(label) {
                label.set_place(place);
                place += 1;
            }
        }
        self.namesakes = None;
        let mut index = std::mem::take(&mut self.index);
        index.clear();
        for number in 0..self.len() as u32 {
            index.insert(self.hash(number), number, |other| self.hash(other));
        }
        self.index = index;
        moved
    }

    fn hash(&self, number: u32) -> u64 {
        let (label, name) = (self.label(number), self.name(number));
        match self.dimensions(number) {
            None => self.hasher.plain(label.source, label.kind(), name),
            Some(dimensions) => self.hasher.parts(label.source, label.kind(), name, dimensions.iter()),
        }
    }

    /// Looks up a block of series, each by its hash alone; [`holds`](Slots::holds)
    /// tells whether what was found is the one asked for. Hashing, probing and
    /// reading are done for the whole block in turn, so that their misses overlap.
    #[inline(always)]
    pub(super) fn find_block<'a, T>(
        &mut self,
        block: &'a [T],
        series: impl Fn(&'a T) -> SeriesRef<'a>,
        found: &mut [Found; BLOCK],
    ) {
        let (mut hashes, count) = ([0; BLOCK], block.len().min(BLOCK));
        let mut all = block.iter().map(series).zip(&mut *found).zip(&mut hashes);
        let mut kin = Kin::NONE;
        loop {
            // Where the next is akin, nothing but its name is looked at.
            let other = loop {
                match all.next() {
                    Some(((series, found), hash)) if kin.has(&series) => {
                        (*found, *hash) = (kin.found, self.hash_within(&kin, series));
                    }
                    other => break other,
                }
            };
            let Some(((series, found), hash)) = other else { break };
            kin = self.kin(series, &kin);
            (*found, *hash) = (kin.found, self.hash_within(&kin, series));
        }
        // Each of these loops is a few instructions long, so that many of its misses are under way at once.
        let (hashes, found) = (&hashes[..count], &mut found[..count]);
        let mut touched = 0;
        if self.index.len() > FAR {
            for &hash in hashes {
                touched ^= self.index.touch(hash);
            }
        }
        for (found, &hash) in found.iter_mut().zip(hashes) {
            found.number = self.index.guess(hash);
        }
        for found in &*found {
            touched ^= self.pages.touch(found.number);
        }
        // Nothing is made of what was read but that it is near now.
        std::hint::black_box(touched);
    }

    /// What comes after `before`, and may be the same texts at another place.
    #[inline(never)]
    fn kin<'a>(&mut self, series: SeriesRef<'a>, before: &Kin<'_>) -> Kin<'a> {
        let (source, kind) = (series.source(), series.kind());
        if before.found.kind != Found::NOTHING.kind && before.source == source && before.kind == kind {
            return Kin { source, kind, ..*before };
        }
        let number = kind_number(kind).unwrap_or(u8::MAX);
        let owner = self.sources.find(source).unwrap_or(NOBODY);
        let found = Found { number: NOBODY, source: owner, kind: number.into() };
        Kin { source, kind, seed: self.hasher.seed(owner, number), found }
    }

    #[inline(always)]
    fn hash_within(&self, kin: &Kin<'_>, series: SeriesRef<'_>) -> u64 {
        match series.has_no_dimensions() {
            true => self.hasher.named(kin.seed, series.name()),
            false => self.hash_of_parts(kin.found, series),
        }
    }

    /// Takes the series by value: so it need not be in memory before it comes to this.
    #[inline(never)]
    fn hash_of_parts(&self, found: Found, series: SeriesRef<'_>) -> u64 {
        self.wanted(found.kind as u8, found.source, &series).hash
    }

    /// Was this series found?
    pub(super) fn holds(&self, found: &Found, series: &SeriesRef<'_>) -> bool {
        self.pages.label_at(found.number).is_some_and(|label| {
            let is_one = (label.source == found.source) & (u32::from(label.kind()) == found.kind);
            is_one && self.has_name(label, series)
        })
    }

    /// What is needed of it, if it was and has a short name and no dimensions.
    #[inline(always)]
    pub(super) fn plain_mut(&mut self, found: &Found, series: &SeriesRef<'_>) -> Option<&mut Hot> {
        let (hot, label) = self.pages.both_at(found.number)?;
        let is_one = label.is(found.source, found.kind as u8, series.name().as_bytes());
        (series.has_no_dimensions() && is_one).then_some(hot)
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
        self.index.find(wanted.hash, |number| {
            let label = self.label(number);
            (label.source == wanted.source) & (label.kind() == wanted.kind)
                && self.has_name(label, wanted.series)
        })
    }

    #[inline(always)]
    fn has_name(&self, label: &Label, series: &SeriesRef<'_>) -> bool {
        let name = series.name();
        match label.name() {
            Ok(inline) => same_bytes(inline, name.as_bytes()) && series.has_no_dimensions(),
            Err(place) => {
                let Long { name: kept, dimensions } = &self.long[place as usize];
                let dimensions = dimensions.as_deref().into_iter().flat_map(Dimensions::iter);
                **kept == *name && dimensions.eq(series.dimensions())
            }
        }
    }
}
