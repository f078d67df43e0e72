//! The slots of all series, by their numbers.

use super::numbers::NOBODY;
use super::slot::{Hot, Label};

/// How many slots lie together.
const SLOTS: usize = 32;

/// The states of some series side by side, and behind them their labels: who
/// comes with a handle reads a few dense lines, and who comes with a name finds
/// both halves of a slot on the same page of memory, so that its address is
/// looked up but once.
#[derive(Debug, Clone)]
#[repr(align(64))]
struct Page {
    hot: [Hot; SLOTS],
    labels: [Label; SLOTS],
}

/// Slots, numbered from 0.
#[derive(Debug, Clone, Default)]
pub(super) struct Pages {
    pages: Vec<Page>,
    len: usize,
}

impl Page {
    /// Nobody's slots: no value is quiet to them, and no name is theirs.
    fn new() -> Self {
        Self {
            hot: std::array::from_fn(|_| Hot::new()),
            labels: std::array::from_fn(|_| Label::new(NOBODY, u8::MAX, None, 0)),
        }
    }
}

impl Pages {
    pub(super) fn len(&self) -> usize {
        self.len
    }

    pub(super) fn push(&mut self, hot: Hot, label: Label) {
        let at = self.len % SLOTS;
        if at == 0 {
            self.pages.push(Page::new());
        }
        if let Some(page) = self.pages.last_mut() {
            (page.hot[at], page.labels[at]) = (hot, label);
            self.len += 1;
        }
    }

    pub(super) fn hot(&self, number: u32) -> &Hot {
        &self.pages[page(number)].hot[place(number)]
    }

    pub(super) fn hot_mut(&mut self, number: u32) -> &mut Hot {
        &mut self.pages[page(number)].hot[place(number)]
    }

    pub(super) fn label(&self, number: u32) -> &Label {
        &self.pages[page(number)].labels[place(number)]
    }

    pub(super) fn label_mut(&mut self, number: u32) -> &mut Label {
        &mut self.pages[page(number)].labels[place(number)]
    }

    pub(super) fn both_mut(&mut self, number: u32) -> (&mut Hot, &mut Label) {
        let page = &mut self.pages[page(number)];
        let at = place(number);
        (&mut page.hot[at], &mut page.labels[at])
    }

    /// The state at a number that may be nobody's.
    #[inline(always)]
    pub(super) fn hot_at(&mut self, number: usize) -> Option<&mut Hot> {
        Some(&mut self.pages.get_mut(number / SLOTS)?.hot[number % SLOTS])
    }

    /// The label at a number that may be nobody's.
    #[inline(always)]
    pub(super) fn label_at(&self, number: u32) -> Option<&Label> {
        Some(&self.pages.get(page(number))?.labels[place(number)])
    }

    /// Both halves of a slot at a number that may be nobody's.
    #[inline(always)]
    pub(super) fn both_at(&mut self, number: u32) -> Option<(&mut Hot, &Label)> {
        let (page, at) = (self.pages.get_mut(page(number))?, place(number));
        Some((&mut page.hot[at], &page.labels[at]))
    }

    /// Reads both halves of a slot, and nothing else: they are then near.
    #[inline(always)]
    pub(super) fn touch(&self, number: u32) -> u32 {
        self.pages.get(page(number)).map_or(0, |page| {
            let at = place(number);
            page.labels[at].source ^ (page.hot[at].gate as u32)
        })
    }

    /// Keeps the slots to which `moved` gives a number, in their order.
    pub(super) fn retain(&mut self, moved: &[Option<u32>]) {
        let mut kept = 0;
        for (from, _) in moved.iter().enumerate().filter(|(_, moved)| moved.is_some()) {
            let (hot, label) = (self.hot(from as u32).clone(), self.label(from as u32).clone());
            let (to_hot, to_label) = self.both_mut(kept);
            (*to_hot, *to_label) = (hot, label);
            kept += 1;
        }
        let last = Page::new();
        for number in kept..self.len as u32 {
            let at = place(number);
            let (hot, label) = self.both_mut(number);
            (*hot, *label) = (last.hot[at].clone(), last.labels[at].clone());
        }
        self.len = kept as usize;
        self.pages.truncate(self.len.div_ceil(SLOTS));
    }
}

#[inline(always)]
fn page(number: u32) -> usize {
    number as usize / SLOTS
}

#[inline(always)]
fn place(number: u32) -> usize {
    number as usize % SLOTS
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slots_keep_their_order_and_what_is_beyond_is_nobodys() {
        let mut pages = Pages::default();
        assert!(pages.hot_at(0).is_none() && pages.label_at(0).is_none());
        let name = |number: u32| format!("s{number}");
        for number in 0..100 {
            let mut hot = Hot::new();
            hot.value = f64::from(number);
            pages.push(hot, Label::new(7, 0, Some(&name(number)), 0));
        }
        let moved: Vec<_> = (0..100).map(|number| (number % 3 == 0).then_some(number / 3)).collect();
        for kept in [1, 3] {
            for number in 0..100_u32.div_ceil(kept) {
                let own = name(number * kept);
                assert_eq!(pages.hot(number).value, f64::from(number * kept));
                assert!(pages.label(number).is(7, 0, own.as_bytes()));
            }
            pages.retain(&moved[..pages.len()]);
        }
        // Twice thinned: a ninth is left.
        assert_eq!((pages.len(), pages.pages.len()), (12, 1));
        for beyond in 12..32 {
            assert!(!pages.hot_at(beyond).unwrap().is_quiet(9, 0.0));
            assert_eq!(pages.label_at(beyond as u32).unwrap().source, NOBODY);
        }
        assert!(pages.label_at(32).is_none());
    }
}
