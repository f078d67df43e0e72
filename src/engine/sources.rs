//! Where series come from: few texts, each with a number.

use hashbrown::HashTable;

use super::hash::{Seeded, same_bytes};
use super::numbers::KINDS;

/// The sources, each by its number.
#[derive(Debug, Clone)]
pub(super) struct Sources {
    hasher: Seeded,
    texts: Vec<Box<str>>,
    table: HashTable<u32>,
    latest: Latest,
}

/// The source asked for last, which is most often the one asked for next, and
/// where the hashes of its series start, by their kind.
#[derive(Debug, Clone)]
struct Latest {
    number: u32,
    text: Box<str>,
    seeds: [u64; KINDS.len()],
}

impl Sources {
    /// With the empty text as number 0, so that there is always a latest.
    pub(super) fn new(hasher: Seeded) -> Self {
        let latest = Latest::new(hasher, 0, "");
        let mut sources = Self { hasher, texts: Vec::new(), table: HashTable::new(), latest };
        sources.add("");
        sources
    }

    pub(super) fn text(&self, number: u32) -> &str {
        &self.texts[number as usize]
    }

    /// The number of the source asked for last and the seed of its kind, if it is this one.
    #[inline(always)]
    pub(super) fn latest(&self, source: &str, kind: u8) -> Option<(u32, u64)> {
        let seed = *self.latest.seeds.get(usize::from(kind))?;
        same_bytes(self.latest.text.as_bytes(), source.as_bytes()).then_some((self.latest.number, seed))
    }

    /// The number of a source.
    #[inline(always)]
    pub(super) fn find(&mut self, source: &str) -> Option<u32> {
        if same_bytes(self.latest.text.as_bytes(), source.as_bytes()) {
            return Some(self.latest.number);
        }
        self.find_other(source)
    }

    #[inline(never)]
    fn find_other(&mut self, source: &str) -> Option<u32> {
        let number = self.peek(source)?;
        self.latest = Latest::new(self.hasher, number, source);
        Some(number)
    }

    /// The number of a source, which does not become the latest by that.
    pub(super) fn peek(&self, source: &str) -> Option<u32> {
        self.table.find(self.hasher.text(source), |&at| *self.texts[at as usize] == *source).copied()
    }

    pub(super) fn insert(&mut self, source: &str) -> u32 {
        self.find(source).unwrap_or_else(|| self.add(source))
    }

    fn add(&mut self, source: &str) -> u32 {
        let number = self.texts.len() as u32;
        self.texts.push(source.into());
        let (texts, hasher) = (&self.texts, self.hasher);
        self.table.insert_unique(hasher.text(source), number, |&at| hasher.text(&texts[at as usize]));
        number
    }
}

impl Latest {
    fn new(hasher: Seeded, number: u32, source: &str) -> Self {
        let seeds = std::array::from_fn(|kind| hasher.seed(number, kind as u8));
        Self { number, text: source.into(), seeds }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_source_has_one_number_whichever_was_asked_for_last() {
        let mut sources = Sources::new(Seeded::new(7));
        let texts = ["", "/a", "/b", "/instances/contoso-eu", "/a/"];
        assert_eq!(texts.map(|text| sources.find(text)), [Some(0), None, None, None, None]);
        assert_eq!(texts.map(|text| sources.insert(text)), [0, 1, 2, 3, 4]);
        for (number, text) in (0..).zip(texts) {
            assert_eq!((sources.find(text), sources.peek(text)), (Some(number), Some(number)));
            assert_eq!((sources.insert(text), sources.text(number)), (number, text));
            for other in texts {
                let seed = (other == text).then_some((number, Seeded::new(7).seed(number, 1)));
                assert_eq!(sources.latest(other, 1), seed, "{other:?} after {text:?}");
            }
            assert_eq!(sources.latest(text, KINDS.len() as u8), None);
        }
        assert_eq!(sources.peek("/c"), None);
    }
}
