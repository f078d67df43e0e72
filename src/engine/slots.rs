//! The series that are watched: one slot each, which answers most observations
//! alone, and what is rarely needed beside it.

use hashbrown::HashTable;

use crate::event::{Dimensions, Series, SeriesRef};
use crate::time::Nanos;

use super::cold::{Cold, NOTHING};
use super::hash::{Seeded, same_bytes};
use super::index::Index;
use super::numbers::{KINDS, NOBODY, kind_number};
use super::slot::{Hot, Label, Solo};

/// How many names a batch looks up together.
pub(super) const BLOCK: usize = 32;

/// What does not fit into a slot: a long name, or one with dimensions.
#[derive(Debug, Clone)]
struct Long {
    name: Box<str>,
    dimensions: Option<Box<Dimensions>>,
}

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
    /// Two halves of a slot: an observation by number reads one, by name both at once.
    hot: Vec<Hot>,
    labels: Vec<Label>,
    long: Vec<Long>,
    cold: Vec<Cold>,
    free_cold: Vec<u32>,
    /// Only once a trigger is added, replaced or removed while there are series.
    namesakes: Option<Namesakes>,
    sources: Vec<Box<str>>,
    source_table: HashTable<u32>,
    last_source: u32,
}

/// What a look-up in a block came to.
#[derive(Debug, Clone, Copy)]
pub(super) struct Found {
    pub(super) number: u32,
    source: u32,
    kind: u8,
}

impl Found {
    pub(super) const NOTHING: Self = Self { number: NOBODY, source: NOBODY, kind: u8::MAX };
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
            index: Index::default(),
            hot: Vec::new(),
            labels: Vec::new(),
            long: Vec::new(),
            cold: Vec::new(),
            free_cold: Vec::new(),
            namesakes: None,
            sources: Vec::new(),
            source_table: HashTable::new(),
            last_source: 0,
        }
    }

    pub(super) fn len(&self) -> usize {
        self.hot.len()
    }

    #[inline]
    pub(super) fn hot(&self, number: u32) -> &Hot {
        &self.hot[number as usize]
    }

    #[inline(always)]
    pub(super) fn hot_at(&mut self, number: u32) -> Option<&mut Hot> {
        self.hot.get_mut(number as usize)
    }

    #[inline]
    pub(super) fn hot_mut(&mut self, number: u32) -> &mut Hot {
        &mut self.hot[number as usize]
    }

    /// A solo as it is; `None` where the series is none.
    pub(super) fn solo(&self, number: u32) -> Option<Solo> {
        self.hot(number).solo(self.label(number))
    }

    /// Moves a solo to its other side; see [`Hot::flip`].
    pub(super) fn flip(&mut self, number: u32, edges: Option<(i64, i64)>, at: Nanos, value: f64) -> bool {
        let number = number as usize;
        self.hot[number].flip(&mut self.labels[number], edges, at, value)
    }

    fn label(&self, number: u32) -> &Label {
        &self.labels[number as usize]
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
        let number = number as usize;
        self.hot[number].set_solo(&mut self.labels[number], solo);
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
        let (source, kind) = (self.last_source, kind_number(series.kind())?);
        let last = self.sources.get(source as usize)?;
        if !series.has_no_dimensions() || !same_bytes(last.as_bytes(), series.source().as_bytes()) {
            return None;
        }
        let number = self.index.guess(self.hasher.plain(source, kind, series.name()));
        let label = self.labels.get(number as usize)?;
        label.is(source, kind, series.name().as_bytes()).then_some(number)
    }

    /// The number of a series, if it is kept.
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
        let number = self.hot.len() as u32;
        let (place, name) = (self.long.len() as u32, series.name());
        let inline = (series.has_no_dimensions() && Label::fits(name)).then_some(name);
        if inline.is_none() {
            let dimensions = (!series.has_no_dimensions()).then(|| Box::new(series.dimensions().collect()));
            self.long.push(Long { name: name.into(), dimensions });
        }
        self.hot.push(Hot::new());
        self.labels.push(Label::new(source, kind, inline, place));
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
        if self.hot.is_empty() {
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
        &self.sources[self.label(number).source as usize]
    }

    pub(super) fn name(&self, number: u32) -> &str {
        match self.label(number).name() {
            // It was a text when it was put there.
            Ok(name) => std::str::from_utf8(name).unwrap_or_default(),
            Err(place) => &self.long[place as usize].name,
        }
    }

    pub(super) fn kind(&self, number: u32) -> u8 {
        self.label(number).kind
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
        let mut long = self.labels.iter().zip(&moved).filter(|(label, _)| has_place(label));
        self.long.retain(|_| long.next().is_some_and(|(_, moved)| moved.is_some()));
        retain_by(&mut self.hot, &moved);
        retain_by(&mut self.labels, &moved);
        for (place, label) in (0..).zip(self.labels.iter_mut().filter(|label| has_place(label))) {
            label.set_place(place);
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
            None => self.hasher.plain(label.source, label.kind, name),
            Some(dimensions) => self.hasher.parts(label.source, label.kind, name, dimensions.iter()),
        }
    }

    /// Looks up a block of series, each by its hash alone; [`holds`](Slots::holds)
    /// tells whether what was found is the one asked for. Hashing, probing and
    /// reading are done for the whole block in turn, so that their misses overlap.
    pub(super) fn find_block<'a>(
        &mut self,
        block: impl Iterator<Item = &'a SeriesRef<'a>>,
        found: &mut [Found; BLOCK],
    ) {
        let (mut hashes, mut count) = ([0; BLOCK], 0);
        for ((found, hash), series) in found.iter_mut().zip(&mut hashes).zip(block) {
            let kind = kind_number(series.kind()).unwrap_or(u8::MAX);
            let source = self.find_source(series.source()).unwrap_or(NOBODY);
            *found = Found { number: NOBODY, source, kind };
            *hash = self.wanted(kind, source, series).hash;
            count += 1;
        }
        // Each of these loops is a few instructions long, so that many of its misses are under way at once.
        let (hashes, found) = (&hashes[..count], &mut found[..count]);
        let mut touched = 0;
        for &hash in hashes {
            touched ^= self.index.touch(hash);
        }
        for (found, &hash) in found.iter_mut().zip(hashes) {
            found.number = self.index.guess(hash);
        }
        for found in &*found {
            let number = found.number as usize;
            if let (Some(label), Some(hot)) = (self.labels.get(number), self.hot.get(number)) {
                touched ^= label.source ^ (hot.gate as u32);
            }
        }
        // Nothing is made of what was read but that it is near now.
        std::hint::black_box(touched);
    }

    /// Was this series found?
    #[inline(always)]
    pub(super) fn holds(&self, found: &Found, series: &SeriesRef<'_>) -> bool {
        self.labels.get(found.number as usize).is_some_and(|label| {
            let is_one = (label.source == found.source) & (label.kind == found.kind);
            is_one && self.has_name(label, series)
        })
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
            (label.source == wanted.source) & (label.kind == wanted.kind)
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

    /// Sources are few: the one asked for last is tried first.
    #[inline(always)]
    fn find_source(&mut self, source: &str) -> Option<u32> {
        let last = self.sources.get(self.last_source as usize);
        if last.is_some_and(|last| same_bytes(last.as_bytes(), source.as_bytes())) {
            return Some(self.last_source);
        }
        self.find_other_source(source)
    }

    #[inline(never)]
    fn find_other_source(&mut self, source: &str) -> Option<u32> {
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

fn retain_by<T>(list: &mut Vec<T>, moved: &[Option<u32>]) {
    let mut stays = moved.iter().map(Option::is_some);
    list.retain(|_| stays.next().unwrap_or(false));
}
