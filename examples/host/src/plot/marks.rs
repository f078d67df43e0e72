//! What stands in a plot beside its line: bounds, re-arm levels and firings, each in a group with a name.

use std::borrow::Cow;
use std::fmt::Write as _;

use askama::filters::{Html, escape};
use chrono::{DateTime, Utc};

use super::{Area, SIZE, TEXT, millis};
use crate::Failure;

/// The most characters of a label that are shown; the whole of it stands in the plot's description.
const LABEL: usize = 24;
/// From one label's line of text to the next.
const LINE: i32 = TEXT as i32 + 5;

/// A value that something happens at.
#[derive(Debug, Clone, PartialEq)]
pub struct Level {
    pub value: f64,
    pub kind: LevelKind,
    pub label: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LevelKind {
    Bound,
    Rearm,
}

/// Something that has fired.
#[derive(Debug, Clone, PartialEq)]
pub struct Mark {
    pub at: DateTime<Utc>,
    pub value: Option<f64>,
    /// `crossed`, `cleared`, `reminder` or `occurred`.
    pub transition: &'static str,
    pub label: String,
}

impl Level {
    /// The label as there is room for it.
    pub fn shown(&self) -> Cow<'_, str> {
        match self.label.char_indices().nth(LABEL) {
            Some((end, _)) => format!("{}…", &self.label[..end]).into(),
            None => self.label.as_str().into(),
        }
    }
}

/// Writes a line for each level, with its label at the end.
pub fn levels(area: &Area<'_, '_>, levels: &[Level], out: &mut String) -> Result<(), Failure> {
    let (xs, _) = area.plotting_area().get_pixel_range();
    let start = area.plotting_area().get_x_range().start;
    let mut levels: Vec<(i32, &Level)> =
        levels.iter().map(|level| (area.backend_coord(&(start, level.value)).1, level)).collect();
    levels.sort_by_key(|(y, _)| *y);
    let labels = spread(levels.iter().map(|(y, _)| y + TEXT as i32 / 3).collect());
    for ((y, level), text) in levels.into_iter().zip(labels) {
        let (name, style) = match level.kind {
            LevelKind::Bound => ("bound", r##"stroke="#b45309" stroke-width="4""##),
            LevelKind::Rearm => ("rearm", r##"stroke="#b45309" stroke-width="3" stroke-dasharray="14 10""##),
        };
        let (x1, x2, x) = (xs.start, xs.end, xs.end + 12);
        write!(out, r#"<g class="{name}"><line x1="{x1}" x2="{x2}" y1="{y}" y2="{y}" {style}/>"#)?;
        write!(
            out,
            r##"<text x="{x}" y="{text}" font-family="sans-serif" font-size="{TEXT}" fill="#8a3f06">"##
        )?;
        write!(out, "{}</text></g>", escape(level.shown(), Html)?)?;
    }
    Ok(())
}

/// The places of lines of text, from the top, so moved that none stands on another and all are in the plot.
fn spread(mut places: Vec<i32>) -> Vec<i32> {
    let mut free = i32::MIN;
    for place in &mut places {
        *place = (*place).max(free);
        free = *place + LINE;
    }
    let mut free = SIZE.1 as i32 - 8;
    for place in places.iter_mut().rev() {
        *place = (*place).min(free);
        free = *place - LINE;
    }
    places
}

/// Writes a mark for each firing, which says what it was when it is pointed at.
pub fn firings(area: &Area<'_, '_>, firings: &[Mark], out: &mut String) -> Result<(), Failure> {
    let (_, ys) = area.plotting_area().get_pixel_range();
    let lowest = area.plotting_area().get_y_range().start;
    for mark in firings {
        let value = mark.value.filter(|value| value.is_finite());
        let (x, y) = area.backend_coord(&(millis(mark.at.timestamp_millis()), value.unwrap_or(lowest)));
        let y = if value.is_some() { y } else { ys.end - 14 };
        write!(out, r#"<g class="firing">"#)?;
        // Told apart by their form as well as by their colour.
        match mark.transition {
            "cleared" => {
                write!(
                    out,
                    r##"<circle cx="{x}" cy="{y}" r="12" fill="#fff" stroke="#15803d" stroke-width="5"/>"##
                )?;
            }
            "reminder" => {
                let top = y - 12;
                write!(
                    out,
                    r##"<path d="M{x},{top} l11,19 h-22 z" fill="#c5221f" stroke="#fff" stroke-width="4"/>"##
                )?;
            }
            _ => {
                write!(
                    out,
                    r##"<circle cx="{x}" cy="{y}" r="14" fill="#c5221f" stroke="#fff" stroke-width="4"/>"##
                )?;
            }
        }
        write!(out, "<title>{}</title></g>", escape(&mark.label, Html)?)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_stand_apart_and_within_the_plot() {
        let bottom = SIZE.1 as i32 - 8;
        assert_eq!(spread(vec![100, 300]), [100, 300]);
        assert_eq!(spread(vec![100, 101, 102]), [100, 100 + LINE, 100 + 2 * LINE]);
        assert_eq!(spread(vec![bottom - 1, bottom]), [bottom - LINE, bottom]);
        assert!(spread(vec![bottom; 12]).windows(2).all(|pair| pair[1] - pair[0] >= LINE));
    }

    #[test]
    fn a_long_label_is_cut_between_characters() {
        let level = |label: &str| Level { value: 0.0, kind: LevelKind::Bound, label: label.to_owned() };
        assert_eq!(level("above 1,000").shown(), "above 1,000");
        assert_eq!(level(&"ä".repeat(30)).shown(), format!("{}…", "ä".repeat(LABEL)));
    }
}
