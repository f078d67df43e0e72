//! A series drawn: its values over time, with bounds, re-arm levels and firings. Axes and lines are made by `plotters`; what has a
//! meaning of its own stands in groups with names, so that it can be found and spoken.

mod axis;
mod marks;
mod ticks;

use std::fmt::Write as _;
use std::ops::Range;

use askama::filters::{Html, escape};
use chrono::{DateTime, Utc};
use plotters::coord::Shift;
use plotters::prelude::*;

use crate::Failure;
use crate::page::words;
use crate::watch::Point;

use axis::Axis;

pub use marks::{Level, LevelKind, Mark};

/// Twice the pixels that it is shown with, for lines and marks stand at whole ones.
const SIZE: (u32, u32) = (880, 510);
/// The size in which the labels are written, and how wide one of their characters is about, in the widest of the fonts that
/// a browser draws `sans-serif` with (DejaVu Sans: a digit is 0.636 of the size, a space or a comma half of that).
const TEXT: u32 = 27;
const CHAR: u32 = 16;
const FONT: (&str, f64) = ("sans-serif", TEXT as f64 * 1.24); // `plotters` divides by that
const INK: RGBColor = RGBColor(55, 65, 81);
const GRID: RGBColor = RGBColor(229, 231, 235);
const LINE: RGBColor = RGBColor(31, 78, 121);

/// What is drawn.
#[derive(Debug, Default)]
pub struct Plot {
    pub title: String,
    /// What the values count.
    pub unit: String,
    pub points: Vec<Point>,
    pub levels: Vec<Level>,
    pub firings: Vec<Mark>,
}

/// The part of a chart that is drawn in.
type Area<'a, 'b> = ChartContext<'a, SVGBackend<'b>, Cartesian2d<Axis, Axis>>;

impl Plot {
    /// It as an SVG element to stand in a page, whose ids begin with `id`; `None` where there is nothing to draw.
    pub fn svg(&self, id: &str) -> Result<Option<String>, Failure> {
        let (Some(times), Some(numbers)) = (self.times(), self.numbers()) else { return Ok(None) };
        let mut drawn = String::new();
        let mut marks = String::new();
        {
            let root = SVGBackend::with_string(&mut drawn, SIZE).into_drawing_area();
            let area = self.axes(&root, times, numbers)?;
            marks::levels(&area, &self.levels, &mut marks)?;
            marks::firings(&area, &self.firings, &mut marks)?;
            root.present()?;
        }
        // The element is opened anew, with what it is called.
        let inside = drawn.split_once('>').and_then(|(_, rest)| rest.rsplit_once("</svg>"));
        let (inside, _) = inside.ok_or("the plot is no SVG")?;
        let (width, height) = SIZE;
        let mut svg = format!(
            r#"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" role="img" aria-labelledby="{id}-title {id}-desc">"#
        );
        write!(svg, r#"<title id="{id}-title">{}</title>"#, escape(&self.title, Html)?)?;
        write!(svg, r#"<desc id="{id}-desc">{}</desc>"#, escape(self.description(), Html)?)?;
        write!(svg, "{inside}{marks}</svg>")?;
        Ok(Some(svg))
    }

    /// What a person hears who does not see it.
    fn description(&self) -> String {
        let told = self.points.iter().filter_map(|point| Some((point.at, point.value?)));
        let told: Vec<(DateTime<Utc>, f64)> = told.collect();
        let mut words = vec![words::counted(told.len(), "value", "values")];
        if let (Some(first), Some(last)) = (told.first(), told.last()) {
            let one = |(at, value): &(DateTime<Utc>, f64)| {
                format!("{} at {}", words::number(*value), words::time(*at))
            };
            words.push(format!("the first {}, the last {}", one(first), one(last)));
        }
        words.extend(self.levels.iter().map(|level| level.label.clone()));
        words.push(words::counted(self.firings.len(), "firing", "firings"));
        words.join("; ")
    }

    fn times(&self) -> Option<Range<i64>> {
        let times = self.points.iter().map(|point| point.at).chain(self.firings.iter().map(|mark| mark.at));
        let times: Vec<i64> = times.map(|at| at.timestamp_millis()).collect();
        let (first, last) = (*times.iter().min()?, *times.iter().max()?);
        // A moment alone stands in the middle of an hour; else there is some air on both sides.
        let air = if first == last { 1_800_000 } else { (last - first) / 40 + 1 };
        Some(first.saturating_sub(air)..last.saturating_add(air))
    }

    fn numbers(&self) -> Option<Range<f64>> {
        let values = self.points.iter().filter_map(|point| point.value);
        let values = values.chain(self.firings.iter().filter_map(|mark| mark.value));
        let mut values = values.filter(|value| value.is_finite()).peekable();
        values.peek()?;
        let all = values.chain(self.levels.iter().map(|level| level.value));
        let (low, high) =
            all.fold((f64::MAX, f64::MIN), |(low, high), value| (low.min(value), high.max(value)));
        let span = high - low;
        let air = if span > 0.0 { span * 0.12 } else { (high.abs() * 0.1).max(1.0) };
        // What is too large to be drawn, or too close for doubles to tell apart, is not.
        let range = low - air..high + air;
        let is_fine = (range.end - range.start).is_finite() && air > high.abs().max(low.abs()) * 1e-12;
        is_fine.then_some(range)
    }

    fn axes<'a, 'b>(
        &self,
        root: &'a DrawingArea<SVGBackend<'b>, Shift>,
        times: Range<i64>,
        numbers: Range<f64>,
    ) -> Result<Area<'a, 'b>, Failure> {
        let (number_ticks, digits) = ticks::numbers(&numbers, 5);
        let written = |value: &f64| match value.abs() {
            large if large >= 1e9 => format!("{value:e}"),
            _ => words::rounded(*value, digits),
        };
        let widest = number_ticks.iter().map(|tick| written(tick).chars().count()).max().unwrap_or_default();
        let longest = self.levels.iter().map(|level| level.shown().chars().count()).max().unwrap_or_default();
        let left = 58 + CHAR * widest as u32;
        let right = (18 + CHAR * longest as u32).max(40);
        let time_ticks = ticks::times(&times, (SIZE.0.saturating_sub(left + right) / CHAR) as usize);
        let mut chart = ChartBuilder::on(root)
            .margin_top(16)
            .margin_left(6)
            .margin_right(right)
            .x_label_area_size(92)
            .y_label_area_size(left)
            .build_cartesian_2d(
                Axis {
                    range: millis(times.start)..millis(times.end),
                    ticks: time_ticks.ticks.into_iter().map(millis).collect(),
                },
                Axis { range: numbers, ticks: number_ticks },
            )?;
        let day = time_ticks.day.map_or(String::new(), |day| format!(", {day}"));
        chart
            .configure_mesh()
            .light_line_style(TRANSPARENT)
            .bold_line_style(GRID.stroke_width(2))
            .axis_style(GRID.stroke_width(3))
            .label_style(FONT.into_font().color(&INK))
            .x_labels(20)
            .y_labels(20)
            .x_label_formatter(&|at| ticks::written(*at as i64, time_ticks.format))
            .y_label_formatter(&written)
            .x_desc(format!("time (UTC){day}"))
            .y_desc(self.unit.clone())
            .draw()?;
        let few = self.points.len() <= 60;
        // No value is a gap.
        for piece in self.points.split(|point| !point.value.is_some_and(f64::is_finite)) {
            let line =
                piece.iter().filter_map(|point| Some((millis(point.at.timestamp_millis()), point.value?)));
            if few || piece.len() == 1 {
                chart.draw_series(line.clone().map(|at| Circle::new(at, 6, LINE.filled())))?;
            }
            if piece.len() > 1 {
                chart.draw_series(LineSeries::new(line, LINE.stroke_width(4)))?;
            }
        }
        Ok(chart)
    }
}

/// Milliseconds of any time that there is are exact as a double.
fn millis(at: i64) -> f64 {
    at as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn point(hour: i64, value: Option<f64>) -> Point {
        Point { at: DateTime::from_timestamp(3_600 * hour, 0).unwrap(), value }
    }

    fn plot(values: &[Option<f64>]) -> Plot {
        let points = (0..).zip(values).map(|(hour, value)| point(hour, *value)).collect();
        let level = |value, kind, label: &str| Level { value, kind, label: label.to_owned() };
        Plot {
            title: "segment vip".to_owned(),
            unit: "members".to_owned(),
            points,
            levels: vec![
                level(1_000.0, LevelKind::Bound, "above 1,000"),
                level(950.0, LevelKind::Rearm, "re-arms at 950"),
            ],
            firings: vec![Mark {
                at: point(1, None).at,
                value: Some(1_004.0),
                transition: "crossed",
                label: "vip-1000".to_owned(),
            }],
        }
    }

    #[test]
    fn values_bounds_and_firings_are_drawn_and_told() {
        let svg = plot(&[Some(998.0), Some(1_004.0), None, Some(940.0)]).svg("p1").unwrap().unwrap();
        for part in [
            r#"role="img" aria-labelledby="p1-title p1-desc""#,
            r#"<title id="p1-title">segment vip</title>"#,
            "3 values; the first 998 at 1970-01-01T00:00:00Z, the last 940 at 1970-01-01T03:00:00Z; above 1,000; re-arms at 950; 1 firing",
            r#"<g class="bound">"#,
            r#"<g class="rearm">"#,
            r#"<g class="firing">"#,
            "<title>vip-1000</title>",
            "time (UTC), 1970-01-01",
            "members",
        ] {
            assert!(svg.contains(part), "{part}: {svg}");
        }
        assert_eq!(svg.matches("<svg").count(), 1);
        assert_eq!(svg.matches("stroke=\"#1F4E79\"").count(), 1, "no value is a gap: {svg}");
    }

    #[test]
    fn hostile_names_are_text() {
        let mut plot = plot(&[Some(1.0)]);
        let hostile = "</title><script>alert(1)</script>";
        plot.title = hostile.to_owned();
        plot.unit = hostile.to_owned();
        plot.levels[0].label = hostile.to_owned();
        plot.firings[0].label = hostile.to_owned();
        assert!(!plot.svg("p1").unwrap().unwrap().contains("<script"));
    }

    #[test]
    fn numbers_of_every_size_are_drawn_or_left_out_and_never_panic() {
        for values in [
            vec![],
            vec![None],
            vec![Some(f64::INFINITY)],
            vec![Some(0.0)],
            vec![Some(f64::MAX), Some(f64::MIN)],
            vec![Some(f64::MIN_POSITIVE), Some(-f64::MIN_POSITIVE)],
            vec![Some(1e15), Some(1e15 + 0.125)],
            vec![Some(1e300), Some(2e300)],
            vec![Some(f64::NEG_INFINITY), Some(5.0), Some(f64::NAN)],
        ] {
            let mut plot = plot(&values);
            plot.firings.clear();
            let _ = plot.svg("p1").unwrap();
            plot.levels.clear();
            let svg = plot.svg("p1").unwrap();
            let finite = values.iter().flatten().any(|value| value.is_finite());
            assert!(svg.is_none() || finite, "{values:?}");
        }
    }
}
