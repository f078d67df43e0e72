//! Triggers by number, in pieces.

use super::watch::Watch;

/// How many triggers a piece has room for.
const PIECE: usize = 64;

/// Triggers by the order in which they were added; removed ones leave a gap.
///
/// The pieces never move and are given back when all of a piece are gone: one
/// by one the triggers would cost an eighth more, in one list up to twice as
/// much, and numbers are never given out again.
#[derive(Debug, Clone, Default)]
pub(super) struct Shelf {
    pieces: Vec<Piece>,
    /// How many numbers have been given out.
    len: usize,
}

#[derive(Debug, Clone, Default)]
struct Piece {
    /// As many as there is room for, or none.
    watches: Box<[Option<Watch>]>,
    used: u32,
}

impl Shelf {
    pub(super) fn len(&self) -> usize {
        self.len
    }

    /// A new number, behind all others.
    pub(super) fn add(&mut self) -> u32 {
        self.len += 1;
        (self.len - 1) as u32
    }

    #[inline]
    pub(super) fn get(&self, number: u32) -> Option<&Watch> {
        let (piece, place) = place(number);
        self.pieces.get(piece)?.watches.get(place)?.as_ref()
    }

    #[inline]
    pub(super) fn get_mut(&mut self, number: u32) -> Option<&mut Watch> {
        let (piece, place) = place(number);
        self.pieces.get_mut(piece)?.watches.get_mut(place)?.as_mut()
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Watch> {
        self.pieces.iter().flat_map(|piece| &piece.watches).flatten()
    }

    /// Puts a trigger at a number that has none.
    pub(super) fn put(&mut self, number: u32, watch: Watch) {
        let (piece, place) = place(number);
        if piece >= self.pieces.len() {
            self.pieces.resize_with(piece + 1, Piece::default);
        }
        let piece = &mut self.pieces[piece];
        if piece.watches.is_empty() {
            piece.watches = std::iter::repeat_with(|| None).take(PIECE).collect();
        }
        if piece.watches[place].replace(watch).is_none() {
            piece.used += 1;
        }
    }

    /// Takes the trigger of a number out.
    pub(super) fn take(&mut self, number: u32) -> Option<Watch> {
        let (piece, place) = place(number);
        let piece = self.pieces.get_mut(piece)?;
        let watch = piece.watches.get_mut(place)?.take()?;
        piece.used -= 1;
        if piece.used == 0 {
            piece.watches = Box::default();
        }
        Some(watch)
    }
}

fn place(number: u32) -> (usize, usize) {
    (number as usize / PIECE, number as usize % PIECE)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::threshold::Threshold;
    use crate::trigger::Trigger;

    fn watch(id: u32) -> Watch {
        let trigger = Trigger::segment_threshold_crossed(format!("t{id}"), "vip", Threshold::above(1.0))
            .build()
            .unwrap();
        Watch::new(trigger)
    }

    fn ids(shelf: &Shelf) -> Vec<&str> {
        shelf.iter().map(|watch| watch.trigger.id()).collect()
    }

    #[test]
    fn triggers_keep_their_numbers_and_order_whatever_is_removed() {
        let mut shelf = Shelf::default();
        for id in 0..200 {
            let number = shelf.add();
            assert_eq!(number, id);
            shelf.put(number, watch(id));
        }
        let gone = |id: &u32| *id == 3 || (64..128).contains(id) || *id == 199;
        for id in (0..200).filter(gone) {
            assert_eq!(shelf.take(id).map(|watch| watch.trigger.id().to_owned()), Some(format!("t{id}")));
            assert!(shelf.take(id).is_none());
        }
        let left: Vec<String> = (0..200).filter(|id| !gone(id)).map(|id| format!("t{id}")).collect();
        assert_eq!(ids(&shelf), left);
        assert!(shelf.get(70).is_none() && shelf.get_mut(200).is_none() && shelf.get(u32::MAX).is_none());
        shelf.put(70, watch(70));
        assert_eq!(shelf.get(70).map(|watch| watch.trigger.id()), Some("t70"));
        assert_eq!((shelf.len(), shelf.add()), (200, 200));
    }

    #[test]
    fn a_piece_whose_triggers_are_all_gone_is_given_back() {
        let mut shelf = Shelf::default();
        for id in 0..10_000 {
            let number = shelf.add();
            shelf.put(number, watch(id));
            assert!(shelf.take(number).is_some());
        }
        assert!(shelf.pieces.iter().all(|piece| piece.watches.is_empty()));
    }
}
