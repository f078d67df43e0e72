//! Numbers by hash in one flat table, so that a look-up reads one line of it.

/// A word that holds nothing: no number fills all bits of a word.
const EMPTY: u32 = u32::MAX;

/// How many words share a cache line.
const WORDS: usize = 16;

/// Open addressing by cache lines: a word is a number and, in the bits above
/// it, a piece of its hash; it lies in the line to which its hash belongs, or
/// where that is full in the next that is not. All words of a line are compared
/// at once, so that a look-up takes one way through the code whatever lies
/// there, and is not guessed wrong while memory is awaited.
///
/// Names come from outside, and a flood of chosen ones does no harm: the hashes
/// are keyed with a seed that nobody outside knows and that shows in no result;
/// entries are made only for what some trigger watches, to the bounds of the
/// engine; and a table is at most seven tenths full, so that a line that
/// overflows soon finds one that does not.
#[derive(Debug, Clone, Default)]
pub(super) struct Index {
    lines: Vec<Line>,
    len: usize,
    /// The bits of a word that are the number.
    bits: u32,
    mask: u32,
}

/// Words in use come first.
#[derive(Debug, Clone, Copy)]
#[repr(align(64))]
struct Line([u32; WORDS]);

impl Index {
    /// The first number entered under this hash for which `is` holds.
    #[inline(always)]
    pub(super) fn find(&self, hash: u64, mut is: impl FnMut(u32) -> bool) -> Option<u32> {
        let mut at = home(hash, self.lines.len());
        loop {
            let line = self.lines.get(at)?;
            let mut hits = line.hits(hash as u32, self.bits);
            while hits != 0 {
                let word = line.0[hits.trailing_zeros() as usize % WORDS];
                if word != EMPTY && is(word & self.mask) {
                    return Some(word & self.mask);
                }
                hits &= hits - 1;
            }
            if !line.is_full() {
                return None;
            }
            at = self.after(at);
        }
    }

    /// The number in the line to which this hash belongs whose piece of a hash
    /// agrees: nearly always the one that [`find`](Index::find) finds, and so few
    /// instructions away that the look-ups of several names overlap. Where none
    /// agrees, or several do, it gives any.
    #[inline(always)]
    pub(super) fn guess(&self, hash: u64) -> u32 {
        let Some(line) = self.lines.get(home(hash, self.lines.len())) else { return EMPTY };
        line.agreeing(hash as u32, self.bits) & self.mask
    }

    /// Reads where this hash belongs, and nothing else: the line is then near.
    #[inline]
    pub(super) fn touch(&self, hash: u64) -> u32 {
        self.lines.get(home(hash, self.lines.len())).map_or(EMPTY, |line| line.0[0])
    }

    pub(super) fn len(&self) -> usize {
        self.len
    }

    /// Enters a number; `hash_of` tells the hashes of those that are there.
    pub(super) fn insert(&mut self, hash: u64, number: u32, hash_of: impl Fn(u32) -> u64) {
        let words = self.lines.len() * WORDS;
        let is_full = (self.len + 1) * 10 > words * 7;
        if is_full || number >= self.mask {
            let lines = if is_full { (self.lines.len() * 3).div_ceil(2).max(1) } else { self.lines.len() };
            let (old, mask) = (std::mem::replace(&mut self.lines, vec![Line::NEW; lines]), self.mask);
            // Greater than any number, so that none is EMPTY; and so much memory as 2^31 would need there is not.
            let room = (lines * WORDS) as u32;
            self.mask = u32::MAX >> (number + 1).max(mask).max(room).leading_zeros();
            self.bits = self.mask.count_ones();
            for line in &old {
                for number in line.words().iter().map(|word| word & mask) {
                    self.place(hash_of(number), number);
                }
            }
        }
        self.place(hash, number);
        self.len += 1;
    }

    /// Takes a number out, and brings those home that a full line kept away.
    pub(super) fn remove(&mut self, hash: u64, number: u32, hash_of: impl Fn(u32) -> u64) {
        let Some(mut hole) = self.line_of(hash, number) else { return };
        let mask = self.mask;
        let mut was_full = self.lines[hole].take(|word| word & mask == number).unwrap_or(false);
        let (lines, mut at) = (self.lines.len(), hole);
        while was_full {
            at = self.after(at);
            if at == hole {
                break;
            }
            let from_hole = (at + lines - hole) % lines;
            let goes = |word: u32| (at + lines - home(hash_of(word & mask), lines)) % lines >= from_hole;
            was_full = self.lines[at].is_full();
            if let Some(word) = self.lines[at].words().iter().copied().find(|&word| goes(word)) {
                self.lines[hole].put(word);
                self.lines[at].take(|other| other == word);
                hole = at;
            }
        }
        self.len -= 1;
    }

    pub(super) fn clear(&mut self) {
        self.lines.fill(Line::NEW);
        self.len = 0;
    }

    #[inline(always)]
    fn after(&self, line: usize) -> usize {
        if line + 1 == self.lines.len() { 0 } else { line + 1 }
    }

    fn line_of(&self, hash: u64, number: u32) -> Option<usize> {
        let mut at = home(hash, self.lines.len());
        loop {
            let line = self.lines.get(at)?;
            if line.words().iter().any(|word| word & self.mask == number) {
                return Some(at);
            }
            if !line.is_full() {
                return None;
            }
            at = self.after(at);
        }
    }

    /// Puts a number into the first line that has room, from its own on; there is one.
    fn place(&mut self, hash: u64, number: u32) {
        let word = hash as u32 & !self.mask | number;
        let home = home(hash, self.lines.len());
        let (before, from) = self.lines.split_at_mut(home);
        if let Some(line) = from.iter_mut().chain(before).find(|line| !line.is_full()) {
            line.put(word);
        }
    }
}

impl Line {
    const NEW: Self = Self([EMPTY; WORDS]);

    /// A bit for each word that agrees with `wanted` in all but the lowest `bits`.
    #[inline(always)]
    fn hits(&self, wanted: u32, bits: u32) -> u32 {
        let (mut hits, wanted) = (0, wanted >> bits);
        for (place, word) in self.0.iter().enumerate() {
            hits |= u32::from(word >> bits == wanted) << place;
        }
        hits
    }

    /// The words that agree, laid over one another.
    #[inline(always)]
    fn agreeing(&self, wanted: u32, bits: u32) -> u32 {
        let (mut words, wanted) = (self.0, wanted >> bits);
        // Compilers see sixteen lanes that are alike.
        words.iter_mut().for_each(|word| *word = if *word >> bits == wanted { *word } else { 0 });
        words.iter().fold(0, |all, word| all | word)
    }

    #[inline(always)]
    fn is_full(&self) -> bool {
        self.0[WORDS - 1] != EMPTY
    }

    fn words(&self) -> &[u32] {
        let used = self.0.iter().position(|&word| word == EMPTY).unwrap_or(WORDS);
        &self.0[..used]
    }

    fn put(&mut self, word: u32) {
        if let Some(free) = self.0.iter_mut().find(|word| **word == EMPTY) {
            *free = word;
        }
    }

    /// Takes the first word out that `is` the one; true where the line was full.
    fn take(&mut self, is: impl Fn(u32) -> bool) -> Option<bool> {
        let was_full = self.is_full();
        let used = self.words().len();
        let place = self.words().iter().position(|&word| is(word))?;
        self.0[place] = self.0[used - 1];
        self.0[used - 1] = EMPTY;
        Some(was_full)
    }
}

/// The line to which a hash belongs in a table of so many: in proportion to its
/// upper half, so that there may be any number of them.
#[inline]
fn home(hash: u64, lines: usize) -> usize {
    (((hash >> 32) * lines as u64) >> 32) as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_entered_is_found_however_the_hashes_lie() {
        for spread in [0x9E37_79B9_7F4A_7C15, 1 << 32, 1, 0, u64::MAX] {
            let mut index = Index::default();
            let hash = |number: u32| u64::from(number).wrapping_mul(spread).rotate_left(number % 3);
            assert_eq!(index.find(hash(0), |_| true), None);
            for number in 0..500 {
                index.insert(hash(number), number, hash);
                for known in (0..=number).step_by(7) {
                    assert_eq!(index.find(hash(known), |other| other == known), Some(known));
                }
                assert_eq!(index.find(hash(number + 1), |other| other == number + 1), None);
            }
            index.insert(hash(70_000), 70_000, hash);
            for number in (0..500).filter(|number| number % 3 > 0) {
                index.remove(hash(number), number, hash);
                assert_eq!(index.find(hash(number), |other| other == number), None);
            }
            for number in (0..500).filter(|number| number % 3 == 0) {
                assert_eq!(index.find(hash(number), |other| other == number), Some(number));
            }
            assert_eq!(index.find(hash(70_000), |other| other == 70_000), Some(70_000));
            assert_eq!(index.len(), 168);
            index.clear();
            assert_eq!(index.find(hash(0), |_| true), None);
        }
    }

    #[test]
    fn a_guess_is_right_unless_a_line_is_full_or_pieces_of_hashes_agree() {
        let hash = |number: u32| u64::from(number + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15).rotate_left(17);
        let mut index = Index::default();
        assert_eq!(index.guess(hash(0)), EMPTY);
        for count in [10, 1_000, 50_000] {
            (index.len() as u32..count).for_each(|number| index.insert(hash(number), number, hash));
            let right = (0..count).filter(|&number| index.guess(hash(number)) == number).count();
            assert!(right * 100 >= count as usize * 94, "{right} of {count}");
            let strangers = (count..2 * count).filter(|&number| index.guess(hash(number)) >= count).count();
            assert!(
                strangers <= count as usize / 50,
                "a guess is a number that is there, or 0: {strangers} of {count}"
            );
        }
    }
}
