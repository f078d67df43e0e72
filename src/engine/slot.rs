//! What most observations need to know of a series: half a cache line that says
//! whether anybody notices a value, and another with its name.

use crate::threshold::from_key;
use crate::time::Nanos;

use super::hash::same_bytes;
use super::lent::{Quiet, WAKE_ALWAYS};

/// The time before any observation.
pub(super) const LONG_AGO: Nanos = Nanos::MIN;

/// Room for a name in the slot itself.
const INLINE: usize = 18;
const NOT_INLINE: usize = u8::MAX as usize;

/// One plain trigger alone watches the series, and its whole state is here.
const SOLO: u8 = 1;
/// Of a solo: it is entered upwards.
const ENTERS_UP: u8 = 2;
/// Of a solo: inside, but not by a crossing.
const SPENT: u8 = 4;
/// Of a solo: it re-arms at its bound, so that one edge tells the other.
const TIGHT: u8 = 8;
/// Of a solo: it waits for a value below its edge; else for one above. The
/// highest bit, so that it can stand for the sign of a float.
const WAITS_DOWN: u8 = 128;

/// What an observation by number needs.
#[derive(Debug, Clone)]
#[repr(align(32))]
pub(super) struct Hot {
    /// The last present value; NaN for none.
    pub(super) value: f64,
    /// The newest accepted observation, or the latest deadline that has gone
    /// off if that is later (then `Cold::exact` has both).
    pub(super) gate: Nanos,
    /// Of a solo the last value that it does not notice, with its sign turned
    /// where it waits for one below; else NaN, and `Cold` has more to say.
    edge: f64,
    /// Of a solo the trigger; else where the series' `Cold` is.
    link: u32,
    form: u8,
}

/// What a look-up by name needs besides.
#[derive(Debug, Clone)]
#[repr(align(32))]
pub(super) struct Label {
    /// Of a solo the time of its latest firing; [`LONG_AGO`] for none.
    last_firing: Nanos,
    pub(super) source: u32,
    /// The kind, and in the lower byte the length of the name.
    form: u16,
    name: [u8; INLINE],
}

/// The whole state of a trigger that is alone on its series and has one bound,
/// one re-arm level and no other option.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Solo {
    pub(super) trigger: u32,
    pub(super) enters_up: bool,
    pub(super) inside: bool,
    /// Where inside: not by a crossing.
    pub(super) spent: bool,
    /// [`LONG_AGO`] for none.
    pub(super) last_firing: Nanos,
    /// The last key that it does not notice, on the side where it waits.
    pub(super) edge: i64,
    /// It re-arms at its bound.
    pub(super) tight: bool,
}

impl Hot {
    pub(super) fn new() -> Self {
        Self { value: f64::NAN, gate: LONG_AGO, edge: f64::NAN, link: 0, form: 0 }
    }

    /// True where a solo does not notice a value at this time; NaN is always
    /// noticed. Which way a value would have to go is as good as random from
    /// series to series, so nothing here branches on it.
    #[inline(always)]
    pub(super) fn is_quiet(&self, at: Nanos, value: f64) -> bool {
        (at > self.gate) & (self.turned(value) <= self.edge)
    }

    /// It is of this value since then.
    #[inline(always)]
    pub(super) fn take(&mut self, at: Nanos, value: f64) {
        (self.gate, self.value) = (at, value);
    }

    /// With its sign turned where a solo waits for a value below.
    #[inline(always)]
    fn turned(&self, value: f64) -> f64 {
        f64::from_bits(value.to_bits() ^ (u64::from(self.form & WAITS_DOWN) << 56))
    }

    pub(super) fn is_solo(&self) -> bool {
        self.form & SOLO != 0
    }

    /// Where the `Cold` of a series is that is no solo.
    #[inline]
    pub(super) fn cold(&self) -> Option<u32> {
        (!self.is_solo()).then_some(self.link)
    }

    /// Gives the series a `Cold`; it is no solo (any more).
    pub(super) fn set_cold(&mut self, place: u32) {
        (self.form, self.link, self.edge) = (0, place, f64::NAN);
    }

    /// The trigger of a solo, and whether its one edge tells the other.
    pub(super) fn solo_trigger(&self) -> Option<(u32, bool)> {
        self.is_solo().then_some((self.link, self.form & TIGHT != 0))
    }

    pub(super) fn solo(&self, label: &Label) -> Option<Solo> {
        let has = |flag: u8| self.form & flag != 0;
        self.is_solo().then(|| Solo {
            trigger: self.link,
            enters_up: has(ENTERS_UP),
            inside: has(ENTERS_UP) == has(WAITS_DOWN),
            spent: has(SPENT),
            last_firing: label.last_firing,
            edge: crate::threshold::key(self.turned(self.edge)),
            tight: has(TIGHT),
        })
    }

    pub(super) fn set_solo(&mut self, label: &mut Label, solo: &Solo) {
        let flag = |on: bool, flag: u8| if on { flag } else { 0 };
        self.form = SOLO
            | flag(solo.enters_up == solo.inside, WAITS_DOWN)
            | flag(solo.enters_up, ENTERS_UP)
            | flag(solo.spent, SPENT)
            | flag(solo.tight, TIGHT);
        (self.link, label.last_firing) = (solo.trigger, solo.last_firing);
        self.edge = self.turned(from_key(solo.edge));
    }

    /// Moves a solo to its other side by a value at `at`: where it waits then
    /// is told by the edges of its two sides, unless one tells the other. True
    /// where it entered, which fires.
    pub(super) fn flip(
        &mut self,
        label: &mut Label,
        edges: Option<(i64, i64)>,
        at: Nanos,
        value: f64,
    ) -> bool {
        let was_down = self.form & WAITS_DOWN != 0;
        let edge = match edges {
            Some((waits_up, waits_down)) => {
                if was_down {
                    waits_up
                } else {
                    waits_down
                }
            }
            None => crate::threshold::key(self.turned(self.edge)) + if was_down { -1 } else { 1 },
        };
        let entered = was_down != (self.form & ENTERS_UP != 0);
        self.form = (self.form ^ WAITS_DOWN) & !SPENT;
        self.edge = self.turned(from_key(edge));
        (self.value, self.gate) = (value, at);
        if entered {
            label.last_firing = at;
        }
        entered
    }
}

impl Label {
    /// Of a series that goes by `name` alone, if that fits, else by what is kept at `place`.
    pub(super) fn new(source: u32, kind: u8, name: Option<&str>, place: u32) -> Self {
        let mut label =
            Self { last_firing: LONG_AGO, source, form: Self::form(kind, NOT_INLINE), name: [0; INLINE] };
        match name.filter(|name| Self::fits(name)) {
            Some(name) => {
                label.name[..name.len()].copy_from_slice(name.as_bytes());
                label.form = Self::form(kind, name.len());
            }
            None => label.set_place(place),
        }
        label
    }

    /// The name is kept elsewhere now.
    pub(super) fn set_place(&mut self, place: u32) {
        self.name[..4].copy_from_slice(&place.to_le_bytes());
    }

    /// True where a name needs no other place.
    pub(super) fn fits(name: &str) -> bool {
        name.len() <= INLINE
    }

    /// True where this is the label of a series with a short name and no dimensions.
    #[inline(always)]
    pub(super) fn is(&self, source: u32, kind: u8, name: &[u8]) -> bool {
        let is_one = (self.source == source) & (self.form == Self::form(kind, name.len()));
        is_one && self.name.get(..name.len()).is_some_and(|own| same_bytes(own, name))
    }

    #[inline(always)]
    fn form(kind: u8, length: usize) -> u16 {
        u16::from(kind) << 8 | length as u16 & 0xff
    }

    #[inline(always)]
    pub(super) fn kind(&self) -> u8 {
        (self.form >> 8) as u8
    }

    #[inline(always)]
    fn length(&self) -> usize {
        usize::from(self.form & 0xff)
    }

    #[inline]
    pub(super) fn name(&self) -> Result<&[u8], u32> {
        match self.name.get(..self.length()) {
            Some(name) => Ok(name),
            None => Err(u32::from_le_bytes([self.name[0], self.name[1], self.name[2], self.name[3]])),
        }
    }
}

impl Solo {
    /// The keys that it does not notice.
    pub(super) fn quiet(&self) -> Quiet {
        if self.enters_up == self.inside { (self.edge, WAKE_ALWAYS.0) } else { (WAKE_ALWAYS.1, self.edge) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::threshold::key;

    #[test]
    fn a_slot_is_one_cache_line_and_keeps_names_of_18_bytes() {
        assert_eq!((size_of::<Hot>(), size_of::<Label>()), (32, 32));
        let name = "customers-of-today";
        assert_eq!(Label::new(0, 0, Some(name), 0).name(), Ok(name.as_bytes()));
        assert_eq!(Label::new(0, 0, Some("customers-of-todays"), 7).name(), Err(7));
        assert_eq!(Label::new(0, 0, None, 70_000).name(), Err(70_000));
    }

    #[test]
    fn a_solo_is_what_it_was_made_of_and_flips_between_its_edges() {
        for (enters_up, inside) in [(true, true), (true, false), (false, true), (false, false)] {
            let down = enters_up == inside;
            // It waits upwards above -1.0, and downwards below the next float or below -2.0.
            for edges in [(key(-1.0), key(-1.0) + 1), (key(-1.0), key(-2.0))] {
                let edge = if down { edges.1 } else { edges.0 };
                let tight = edges.1 == edges.0 + 1;
                let last_firing = LONG_AGO;
                let solo = Solo { trigger: 3, enters_up, inside, spent: inside, last_firing, edge, tight };
                let (mut hot, mut label) = (Hot::new(), Label::new(0, 0, Some("vip"), 0));
                hot.set_solo(&mut label, &solo);
                assert_eq!(hot.solo(&label), Some(solo));
                let quiet = |hot: &Hot| [-3.0, -2.0, -1.0, -0.5, f64::NAN].map(|v| hot.is_quiet(9, v));
                let asleep = |down: bool| match (down, tight) {
                    (false, _) => [true, true, true, false, false],
                    (true, true) => [false, false, false, true, false],
                    (true, false) => [false, true, true, true, false],
                };
                assert_eq!(quiet(&hot), asleep(down));
                let told = (!tight).then_some(edges);
                assert_eq!(hot.flip(&mut label, told, 1, 0.5), !inside);
                assert_eq!(quiet(&hot), asleep(!down));
                let flipped = hot.solo(&label).unwrap();
                assert_eq!((flipped.inside, flipped.spent), (!inside, false));
                assert_eq!(flipped.last_firing, if inside { LONG_AGO } else { 1 });
                assert_eq!(hot.flip(&mut label, told, 2, 1.5), inside);
                assert_eq!((hot.solo(&label).unwrap().edge, hot.value, hot.gate), (edge, 1.5, 2));
                assert!(!hot.is_quiet(2, if down { 9.0 } else { -9.0 }), "not newer");
            }
        }
    }
}
