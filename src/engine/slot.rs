//! What most observations need to know of a series, in one cache line.

use std::hint::select_unpredictable;

use crate::time::Nanos;

use super::ladder::{Quiet, WAKE_ALWAYS};

/// The time before any observation.
pub(super) const LONG_AGO: Nanos = Nanos::MIN;

/// Room for a name in the slot itself.
const INLINE: usize = 21;
const NOT_INLINE: u8 = u8::MAX;

/// There is more to ask than `gate` and the keys.
const SLOW: u8 = 1;
/// One plain trigger alone watches the series, and its whole state is here.
const SOLO: u8 = 2;
/// Of a solo: it waits for a value above `first`; else for one below.
const WAITS_UP: u8 = 4;
/// Of a solo: it is entered upwards.
const ENTERS_UP: u8 = 8;
/// Of a solo: inside, but not by a crossing.
const SPENT: u8 = 16;
/// Of a solo: it re-arms at its bound, so that one edge tells the other.
const TIGHT: u8 = 32;

#[derive(Debug, Clone)]
#[repr(align(64))]
pub(super) struct Slot {
    /// The last present value; NaN for none.
    pub(super) value: f64,
    /// The newest accepted observation, or the latest deadline that has gone
    /// off if that is later (then `Cold::exact` has both).
    pub(super) gate: Nanos,
    /// The lowest key that nobody notices; of a solo the one end that there is.
    first: i64,
    /// The highest key that nobody notices; of a solo the time of its latest firing.
    second: i64,
    /// Where the series' `Cold` is; of a solo the trigger.
    link: u32,
    pub(super) source: u32,
    form: u8,
    pub(super) kind: u8,
    length: u8,
    name: [u8; INLINE],
}

/// The whole state of a trigger that is alone on its series and has one bound,
/// one re-arm level and no other option.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Solo {
    pub(super) trigger: u32,
    pub(super) enters_up: bool,
    pub(super) inside: bool,
    /// Where inside: not by a crossing.
    pub(super) spent: bool,
    /// [`LONG_AGO`] for none.
    pub(super) last_firing: Nanos,
    /// The lowest key inside, or outside, whichever is the upper one.
    pub(super) quiet: Quiet,
    /// It re-arms at its bound.
    pub(super) tight: bool,
}

impl Slot {
    /// A series without instances yet; `name` where it goes by its name alone,
    /// else where its name is kept.
    pub(super) fn new(source: u32, kind: u8, name: Option<&str>, place: u32) -> Self {
        let (mut bytes, mut length) = ([0; INLINE], NOT_INLINE);
        match name.filter(|name| name.len() <= INLINE) {
            Some(name) => {
                bytes[..name.len()].copy_from_slice(name.as_bytes());
                length = name.len() as u8;
            }
            None => bytes[..4].copy_from_slice(&place.to_le_bytes()),
        }
        let (first, second) = WAKE_ALWAYS;
        let (value, gate, form) = (f64::NAN, LONG_AGO, 0);
        Self { value, gate, first, second, link: 0, source, form, kind, length, name: bytes }
    }

    /// The name is kept elsewhere now.
    pub(super) fn set_place(&mut self, place: u32) {
        self.name[..4].copy_from_slice(&place.to_le_bytes());
    }

    /// True where a name is kept in the slot itself.
    pub(super) fn fits(name: &str) -> bool {
        name.len() <= INLINE
    }

    /// The name, or the place where it is kept with the dimensions.
    #[inline]
    pub(super) fn name(&self) -> Result<&[u8], u32> {
        match self.name.get(..usize::from(self.length)) {
            Some(name) => Ok(name),
            None => Err(u32::from_le_bytes([self.name[0], self.name[1], self.name[2], self.name[3]])),
        }
    }

    /// True where nobody notices a value with this key at this time. Which way
    /// the value would have to go is as good as random from series to series,
    /// so nothing here branches on it.
    #[inline]
    pub(super) fn is_quiet(&self, at: Nanos, key: i64) -> bool {
        let (low, high) = self.quiet();
        (at > self.gate) & (self.form & SLOW == 0) & (low <= key) & (key <= high)
    }

    /// The keys that nobody notices.
    #[inline]
    pub(super) fn quiet(&self) -> Quiet {
        let (solo, up) = (self.form & SOLO != 0, self.form & WAITS_UP != 0);
        let high = select_unpredictable(up, self.first, i64::MAX);
        (select_unpredictable(solo & up, i64::MIN, self.first), select_unpredictable(solo, high, self.second))
    }

    /// Of a series that is no solo.
    pub(super) fn set_quiet(&mut self, (low, high): Quiet, slow: bool) {
        debug_assert!(!self.is_solo());
        (self.first, self.second) = (low, high);
        self.form = if slow { SLOW } else { 0 };
    }

    pub(super) fn set_slow(&mut self) {
        debug_assert!(!self.is_solo());
        self.form |= SLOW;
    }

    #[inline]
    pub(super) fn is_solo(&self) -> bool {
        self.form & SOLO != 0
    }

    /// Where the `Cold` of a series is that is no solo.
    pub(super) fn cold(&self) -> Option<u32> {
        (!self.is_solo()).then_some(self.link)
    }

    /// Gives the series a `Cold`; it is no solo (any more).
    pub(super) fn set_cold(&mut self, place: u32) {
        let quiet = self.quiet();
        (self.form, self.link) = (0, place);
        self.set_quiet(quiet, false);
    }

    pub(super) fn solo(&self) -> Option<Solo> {
        let has = |flag: u8| self.form & flag != 0;
        self.is_solo().then(|| Solo {
            trigger: self.link,
            enters_up: has(ENTERS_UP),
            inside: has(ENTERS_UP) != has(WAITS_UP),
            spent: has(SPENT),
            last_firing: self.second,
            quiet: self.quiet(),
            tight: has(TIGHT),
        })
    }

    pub(super) fn set_solo(&mut self, solo: &Solo) {
        let up = solo.enters_up != solo.inside;
        let flag = |on: bool, flag: u8| if on { flag } else { 0 };
        self.form = SOLO
            | flag(up, WAITS_UP)
            | flag(solo.enters_up, ENTERS_UP)
            | flag(solo.spent, SPENT)
            | flag(solo.tight, TIGHT);
        self.link = solo.trigger;
        self.first = if up { solo.quiet.1 } else { solo.quiet.0 };
        self.second = solo.last_firing;
    }

    /// The trigger of a solo, and whether its one edge tells the other.
    #[inline]
    pub(super) fn solo_trigger(&self) -> Option<(u32, bool)> {
        self.is_solo().then_some((self.link, self.form & TIGHT != 0))
    }

    /// Moves a solo to its other side by a value at `at`: where it waits now is
    /// told by the ends of its two sides, unless one tells the other. True
    /// where it entered, which fires.
    #[inline]
    pub(super) fn flip(&mut self, ends: Option<(i64, i64)>, at: Nanos, value: f64) -> bool {
        let (was_up, enters_up) = (self.form & WAITS_UP != 0, self.form & ENTERS_UP != 0);
        self.first = match ends {
            Some((highest_below, lowest_above)) => {
                if was_up {
                    lowest_above
                } else {
                    highest_below
                }
            }
            None if was_up => self.first + 1,
            None => self.first - 1,
        };
        let entered = was_up == enters_up;
        self.form = (self.form ^ WAITS_UP) & !SPENT;
        if entered {
            self.second = at;
        }
        (self.value, self.gate) = (value, at);
        entered
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slot_is_one_cache_line_and_keeps_names_of_21_bytes() {
        assert_eq!(size_of::<Slot>(), 64);
        let name = "customers-of-the-year";
        assert_eq!(Slot::new(0, 0, Some(name), 0).name(), Ok(name.as_bytes()));
        assert_eq!(Slot::new(0, 0, Some("customers-of-the-years"), 7).name(), Err(7));
        assert_eq!(Slot::new(0, 0, None, 70_000).name(), Err(70_000));
    }

    #[test]
    fn a_solo_is_what_it_was_made_of_and_flips_between_its_ends() {
        for (enters_up, inside) in [(true, true), (true, false), (false, true), (false, false)] {
            let up = enters_up != inside;
            // Outside is up to 9 and inside from 10 on, or the other way round; it re-arms at once or 5 later.
            for (below, above) in [(9, 10), (9, 5)] {
                let quiet = if up { (i64::MIN, below) } else { (above, i64::MAX) };
                let solo = Solo {
                    trigger: 3,
                    enters_up,
                    inside,
                    spent: inside,
                    last_firing: LONG_AGO,
                    quiet,
                    tight: above == below + 1,
                };
                let mut slot = Slot::new(0, 0, Some("vip"), 0);
                slot.set_solo(&solo);
                assert_eq!((slot.solo(), slot.quiet()), (Some(solo), quiet));
                let ends = (!solo.tight).then_some((below, above));
                assert_eq!(slot.flip(ends, 1, 0.5), !inside);
                let flipped = slot.solo().unwrap();
                assert_eq!((flipped.inside, flipped.spent), (!inside, false));
                assert_eq!(flipped.last_firing, if inside { LONG_AGO } else { 1 });
                assert_eq!(slot.flip(ends, 2, 1.5), inside);
                assert_eq!((slot.quiet(), slot.value, slot.gate), (quiet, 1.5, 2));
            }
        }
    }
}
