//! Small multiples: panels side by side that share their axes, the one way in which every figure is laid out.
//!
//! A figure is one column of a paper wide, [`WIDTH`] units, with text of 7 points when printed at 85 mm. Everything is drawn
//! on a grid [`FINE`] times as fine, because the back end rounds to whole units.

use std::ops::Range;

use plotters::backend::SVGBackend;
use plotters::chart::{ChartBuilder, ChartContext};
use plotters::coord::Shift;
use plotters::coord::cartesian::Cartesian2d;
use plotters::coord::ranged1d::{DefaultFormatting, KeyPointHint, Ranged};
use plotters::drawing::{DrawingArea, IntoDrawingArea};
use plotters::element::{PathElement, Polygon, Rectangle, Text};
use plotters::style::text_anchor::{HPos, Pos, VPos};
use plotters::style::{BLACK, Color, FontTransform, IntoFont, RGBColor, ShapeStyle, TextStyle, WHITE};

/// Width of a figure.
const WIDTH: u32 = 360;
const FINE: u32 = 4;
const FONT: u32 = 10;
const LINE: u32 = 12;
/// Room for the labels of the left axis, of the lower one, and between panels.
const LEFT: u32 = 46;
const BOTTOM: u32 = 30;
const GAP: u32 = 9;
const GREY: RGBColor = RGBColor(130, 130, 130);

/// Drawing fails at nothing: the back end writes to a string.
pub(crate) type Drawn = Result<(), Box<dyn std::error::Error>>;

type Area<'a> = DrawingArea<SVGBackend<'a>, Shift>;

/// An axis as the library wants it, with our ticks.
struct Coordinates {
    ends: Range<f64>,
    ticks: Vec<f64>,
}

impl Ranged for Coordinates {
    type ValueType = f64;
    type FormatOption = DefaultFormatting;

    fn map(&self, place: &f64, (start, end): (i32, i32)) -> i32 {
        let share = (place - self.ends.start) / (self.ends.end - self.ends.start);
        start + (share * f64::from(end - start)).round() as i32
    }

    fn key_points<Hint: KeyPointHint>(&self, _: Hint) -> Vec<f64> {
        self.ticks.clone()
    }

    fn range(&self) -> Range<f64> {
        self.ends.clone()
    }
}

/// An axis that all panels share.
#[derive(Debug, Clone)]
pub(crate) struct Axis {
    pub(crate) label: String,
    pub(crate) low: f64,
    pub(crate) high: f64,
    pub(crate) logarithmic: bool,
    /// Values that are labelled.
    pub(crate) ticks: Vec<f64>,
}

impl Axis {
    /// Logarithmic, around these positive values, with at most so many labels.
    pub(crate) fn logarithmic(label: &str, values: impl Iterator<Item = f64> + Clone, room: f64, most: usize) -> Self {
        let (low, high) = ends(values);
        let (low, high) = (low / room, high * room);
        // Labels at the ends would run into those of the next panel.
        let margin = libm::pow(high / low, 0.06);
        // The finest of these with few enough labels.
        let steps: [&[f64]; 4] = [&[1.0, 1.5, 2.0, 3.0, 5.0, 7.0], &[1.0, 2.0, 5.0], &[1.0, 3.0], &[1.0]];
        let within = |steps: &[f64]| -> Vec<f64> {
            let decades = (-12..16).flat_map(|d| steps.iter().map(move |s| s * 10f64.powi(d)));
            decades.filter(|tick| (low * margin..=high / margin).contains(tick)).collect()
        };
        let mut ticks = steps.into_iter().map(within).find(|ticks| ticks.len() <= most).unwrap_or_else(|| {
            let decades = within(&[1.0]);
            decades.iter().copied().step_by(decades.len().div_ceil(most)).collect()
        });
        if ticks.len() < 2 {
            // Two digits, a fifth of the way from either end.
            let digits = |value: f64| {
                let unit = libm::pow(10.0, libm::floor(libm::log10(value)) - 1.0);
                (value / unit).round() * unit
            };
            ticks = [0.2, 0.8].map(|share| digits(low * libm::pow(high / low, share))).to_vec();
        }
        Self { label: label.to_owned(), low, high, logarithmic: true, ticks }
    }

    /// Logarithmic, with labels at the values themselves, as many as there is room for.
    pub(crate) fn of_values(label: &str, values: &[i64], room: f64, most: usize) -> Self {
        let (low, high) = ends(values.iter().map(|&v| v as f64));
        let step = values.len().div_ceil(most).max(1);
        let apart = libm::pow(high * room * room / low, 1.0 / (most as f64 + 1.5));
        let mut ticks: Vec<f64> = Vec::new();
        for value in values.iter().step_by(step).map(|&v| v as f64) {
            if ticks.last().is_none_or(|last| value >= last * apart) {
                ticks.push(value);
            }
        }
        Self { label: label.to_owned(), low: low / room, high: high * room, logarithmic: true, ticks }
    }

    /// Linear, with these labels.
    pub(crate) fn linear(label: &str, low: f64, high: f64, ticks: &[f64]) -> Self {
        Self { label: label.to_owned(), low, high, logarithmic: false, ticks: ticks.to_vec() }
    }

    fn place(&self, value: f64) -> f64 {
        self.unclamped(value.clamp(self.low, self.high))
    }

    fn unclamped(&self, value: f64) -> f64 {
        if self.logarithmic { libm::log10(value) } else { value }
    }

    fn value(&self, place: f64) -> f64 {
        if self.logarithmic { libm::pow(10.0, place) } else { place }
    }

    fn shown(&self, place: f64) -> String {
        let value = self.value(place);
        let rounded = |value: f64| {
            let digits = (2 - libm::floor(libm::log10(value.abs().max(1e-300))) as i32).clamp(0, 6) as usize;
            let text = format!("{value:.digits$}");
            if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').to_owned() } else { text }
        };
        match value.abs() {
            v if v >= 999_500.0 => rounded(value / 1e6) + "M",
            // Lengths of sequences are known by their four digits.
            v if v >= 9_999.5 || (v >= 999.5 && self.ticks.iter().all(|t| t % 1000.0 < 1.0 || *t < 1000.0)) => {
                rounded(value / 1e3) + "k"
            }
            0.0 => "0".to_owned(),
            _ => rounded(value),
        }
    }

    fn coordinates(&self) -> Coordinates {
        let ticks = self.ticks.iter().map(|&t| self.place(t)).collect();
        Coordinates { ends: self.place(self.low)..self.place(self.high), ticks }
    }
}

fn ends(values: impl Iterator<Item = f64> + Clone) -> (f64, f64) {
    (values.clone().fold(f64::INFINITY, f64::min), values.fold(f64::NEG_INFINITY, f64::max))
}

/// How a series is told from others, by colour-blind readers and on grey paper too.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mark {
    Disc,
    Triangle,
    Square,
    Diamond,
    Line,
    Dashes,
    Patch,
}

impl Mark {
    /// Of the `i`-th series.
    pub(crate) fn of(i: usize) -> Self {
        [Self::Disc, Self::Triangle, Self::Square, Self::Diamond][i % 4]
    }
}

/// A line of a legend or of a panel's heading.
pub(crate) struct Entry {
    pub(crate) ink: RGBColor,
    pub(crate) mark: Mark,
    pub(crate) text: String,
}

/// What the panels of a figure share.
pub(crate) struct Panels {
    pub(crate) x: Axis,
    pub(crate) y: Axis,
    pub(crate) columns: usize,
    /// Height of a panel's field.
    pub(crate) height: u32,
    /// Above all panels, from left to right.
    pub(crate) legend: Vec<Entry>,
    /// Title of each panel, and lines of its own below it.
    pub(crate) titles: Vec<(String, Vec<Entry>)>,
}

impl Panels {
    /// The SVG; `each` draws into the field of the panel of this index. `None` if there are no panels or an axis has no extent.
    pub(crate) fn draw(&self, mut each: impl FnMut(usize, &Panel<'_, '_>) -> Drawn) -> Option<String> {
        let sound = |a: &Axis| a.low.is_finite() && a.high.is_finite() && a.low < a.high;
        if self.titles.is_empty() || !(sound(&self.x) && sound(&self.y)) {
            return None;
        }
        let legend = self.legend_rows();
        let top = self.lift() + LINE * legend.len() as u32 + if legend.is_empty() { 0 } else { 4 };
        let entries = self.titles.iter().map(|t| t.1.len()).max().unwrap_or(0) as u32;
        let heading = LINE + self.entry_lift() + (LINE + self.entry_lift()) * entries + 3;
        let rows = self.titles.len().div_ceil(self.columns) as u32;
        let height = top + rows * (heading + self.height) + (rows - 1) * (GAP + 8) + BOTTOM;
        let mut svg = String::new();
        {
            let root = SVGBackend::with_string(&mut svg, (FINE * WIDTH, FINE * height)).into_drawing_area();
            // A back end that writes to a string fails at nothing but itself; then there is no figure.
            self.draw_on(&root, &legend, (top, heading), &mut each).ok()?;
            root.present().ok()?;
        }
        let svg = raised(&svg);
        // The size to show it at; the view box keeps the fine grid.
        let fine = format!("width=\"{}\" height=\"{}\"", FINE * WIDTH, FINE * height);
        Some(svg.replacen(&fine, &format!("width=\"{WIDTH}\" height=\"{height}\""), 1))
    }

    fn draw_on(
        &self,
        root: &Area<'_>,
        legend: &[Vec<(u32, &Entry)>],
        (top, heading): (u32, u32),
        each: &mut impl FnMut(usize, &Panel<'_, '_>) -> Drawn,
    ) -> Drawn {
        root.fill(&WHITE)?;
        for (row, entries) in legend.iter().enumerate() {
            for (x, entry) in entries {
                draw_entry(root, entry, (*x, self.lift() + LINE * row as u32 + 2))?;
            }
        }
        let columns = self.columns.min(self.titles.len()) as u32;
        let width = (WIDTH - LEFT - 4 - (columns - 1) * GAP) / columns;
        let rows = self.titles.len().div_ceil(self.columns) as u32;
        let pitch = heading + self.height + GAP + 8;
        for (i, (title, entries)) in self.titles.iter().enumerate() {
            let (column, row) = ((i % self.columns) as u32, (i / self.columns) as u32);
            let (left, up) = (LEFT + column * (width + GAP), top + row * pitch);
            let style = text_style(FONT + 1, HPos::Left);
            root.draw(&Text::new(title.clone(), fine((left, up + 1)), style))?;
            for (j, entry) in entries.iter().enumerate() {
                let lift = self.entry_lift();
                draw_entry(root, entry, (left, up + LINE + lift + (LINE + lift) * j as u32 + 1))?;
            }
            // The lowest panel of each column has the labels of the lower axis, the first of each row those of the left one.
            let last = i + self.columns >= self.titles.len();
            let (label_left, label_below) = (if column == 0 { LEFT } else { 0 }, if last { BOTTOM } else { 6 });
            let corner = fine((left - label_left, up + heading));
            let size = (FINE * (width + label_left), FINE * (self.height + label_below));
            let area = root.clone().shrink(corner, size);
            let mut chart = ChartBuilder::on(&area)
                .x_label_area_size(FINE * label_below)
                .y_label_area_size(FINE * label_left)
                .build_cartesian_2d(self.x.coordinates(), self.y.coordinates())?;
            let hairline = ShapeStyle::from(&GREY).stroke_width(FINE);
            let (labels, hidden) = (text_style(FONT, HPos::Left), ("sans-serif", 0));
            let mut mesh = chart.configure_mesh();
            mesh.disable_mesh().axis_style(hairline).label_style(labels.clone()).set_all_tick_mark_size(3 * FINE);
            let blank = |_: &f64| String::new();
            let (on_x, on_y) = (|place: &f64| self.x.shown(*place), |place: &f64| self.y.shown(*place));
            if last {
                mesh.x_label_formatter(&on_x);
            } else {
                mesh.x_label_formatter(&blank).x_label_style(hidden);
            }
            if column == 0 {
                mesh.y_label_formatter(&on_y);
            } else {
                mesh.y_label_formatter(&blank);
            }
            mesh.draw()?;
            each(i, &Panel { root: root.clone(), chart, x: &self.x, y: &self.y })?;
        }
        let centre = (LEFT + (WIDTH - LEFT) / 2, top + rows * pitch - (GAP + 8) + BOTTOM - FONT - 2);
        root.draw(&Text::new(self.x.label.clone(), fine(centre), text_style(FONT + 1, HPos::Center)))?;
        let upright = ("sans-serif", FINE * (FONT + 1)).into_font().transform(FontTransform::Rotate270);
        let style = TextStyle::from(upright).pos(Pos::new(HPos::Center, VPos::Center));
        let centre = (6, top + heading / 2 + (rows * pitch - GAP - 8) / 2);
        root.draw(&Text::new(self.y.label.clone(), fine(centre), style))?;
        Ok(())
    }

    /// Room above each entry of a panel for its exponent, which is raised.
    fn entry_lift(&self) -> u32 {
        if self.titles.iter().flat_map(|title| &title.1).any(|entry| entry.text.contains('^')) { 3 } else { 0 }
    }

    /// Room above the legend for exponents, which are raised.
    fn lift(&self) -> u32 {
        if self.legend.iter().any(|entry| entry.text.contains('^')) { 4 } else { 0 }
    }

    /// The legend broken into rows, with the place of each entry.
    fn legend_rows(&self) -> Vec<Vec<(u32, &Entry)>> {
        let mut rows: Vec<Vec<(u32, &Entry)>> = Vec::new();
        let mut x = 0;
        for entry in &self.legend {
            let width = 18 + (entry.text.chars().count() as u32) * 6;
            if rows.is_empty() || x + width > WIDTH {
                rows.push(Vec::new());
                x = LEFT;
            }
            if let Some(row) = rows.last_mut() {
                row.push((x, entry));
            }
            x += width + 4;
        }
        rows
    }
}

/// `T^0.78 ..` in a text, with the exponent raised.
fn raised(svg: &str) -> String {
    let mut parts = svg.split('^');
    let mut out = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (exponent, rest) = part.split_at(part.find(|c: char| c.is_whitespace() || c == '<').unwrap_or(part.len()));
        // The rest of the text goes down again.
        let (rest, after) = rest.split_at(rest.find("</text>").unwrap_or(rest.len()));
        let (up, size) = (FINE * 4, FINE * FONT * 4 / 5);
        out += &format!(
            "<tspan dy=\"-{up}\" font-size=\"{size}\">{exponent}</tspan><tspan dy=\"{up}\">{rest}</tspan>{after}"
        );
    }
    out
}

fn fine((x, y): (u32, u32)) -> (i32, i32) {
    ((FINE * x) as i32, (FINE * y) as i32)
}

fn text_style<'a>(size: u32, side: HPos) -> TextStyle<'a> {
    TextStyle::from(("sans-serif", FINE * size)).pos(Pos::new(side, VPos::Top))
}

/// A mark and its text, in the mark's colour, with the upper left corner here.
fn draw_entry(root: &Area<'_>, entry: &Entry, (x, y): (u32, u32)) -> Drawn {
    let centre = fine((x + 6, y + 5));
    let line =
        |from: u32, to: u32| PathElement::new([fine((x + from, y + 5)), fine((x + to, y + 5))], stroke(entry.ink, 1.5));
    match entry.mark {
        Mark::Line => root.draw(&line(0, 12))?,
        Mark::Dashes => [(0, 3), (5, 8), (10, 13)].into_iter().try_for_each(|(from, to)| root.draw(&line(from, to)))?,
        Mark::Patch => {
            root.draw(&Rectangle::new([fine((x + 1, y + 1)), fine((x + 11, y + 10))], entry.ink.filled()))?;
        }
        _ => root.draw(&shape(entry.mark, centre, 3.0, entry.ink.filled()))?,
    }
    // The colour of a patch may be too light to read.
    let ink = if entry.mark == Mark::Patch { &BLACK } else { &entry.ink };
    root.draw(&Text::new(entry.text.clone(), fine((x + 16, y)), text_style(FONT, HPos::Left).color(ink)))?;
    Ok(())
}

fn stroke(ink: RGBColor, width: f64) -> ShapeStyle {
    ShapeStyle::from(&ink).stroke_width((f64::from(FINE) * width) as u32)
}

/// A mark as a polygon around a place in pixels.
fn shape(mark: Mark, centre: (i32, i32), size: f64, style: ShapeStyle) -> Polygon<(i32, i32)> {
    Polygon::new(shape_corners(mark, centre, size), style)
}

fn shape_corners(mark: Mark, (x, y): (i32, i32), size: f64) -> Vec<(i32, i32)> {
    let radius = size * f64::from(FINE);
    let (corners, turn, scale) = match mark {
        Mark::Triangle => (3, -0.25, 1.35),
        Mark::Square => (4, 0.125, 1.25),
        Mark::Diamond => (4, 0.0, 1.35),
        _ => (24, 0.0, 1.0),
    };
    let corner = |i: i32| {
        let angle = std::f64::consts::TAU * (f64::from(i) / f64::from(corners) + turn);
        (x + (scale * radius * libm::cos(angle)).round() as i32, y + (scale * radius * libm::sin(angle)).round() as i32)
    };
    (0..corners).map(corner).collect()
}

/// The field of one panel. Places are in the units of the axes; what lies outside is moved to the edge.
pub(crate) struct Panel<'a, 'b> {
    root: Area<'b>,
    chart: ChartContext<'a, SVGBackend<'b>, Cartesian2d<Coordinates, Coordinates>>,
    x: &'a Axis,
    y: &'a Axis,
}

impl Panel<'_, '_> {
    fn pixel(&self, (x, y): (f64, f64)) -> (i32, i32) {
        self.chart.plotting_area().map_coordinate(&(self.x.place(x), self.y.place(y)))
    }

    fn pixels(&self, places: impl IntoIterator<Item = (f64, f64)>) -> Vec<(i32, i32)> {
        places.into_iter().map(|place| self.pixel(place)).collect()
    }

    /// A line through these places; what lies above or below the field is cut off.
    pub(crate) fn line(&self, places: impl IntoIterator<Item = (f64, f64)>, ink: RGBColor, width: f64) -> Drawn {
        for part in self.within(places) {
            self.root.draw(&PathElement::new(self.pixels(part), stroke(ink, width)))?;
        }
        Ok(())
    }

    /// The parts of a line that lie within the field's height.
    fn within(&self, places: impl IntoIterator<Item = (f64, f64)>) -> Vec<Vec<(f64, f64)>> {
        let inside = |y: f64| (self.y.low..=self.y.high).contains(&y);
        let mut parts: Vec<Vec<(f64, f64)>> = vec![Vec::new()];
        let mut before: Option<(f64, f64)> = None;
        for place in places {
            // Where the line crosses the edge, between a place inside and one outside.
            let edge = before.filter(|b| inside(b.1) != inside(place.1)).map(|b| {
                let y = if place.1.max(b.1) > self.y.high { self.y.high } else { self.y.low };
                let share =
                    (self.y.unclamped(y) - self.y.unclamped(b.1)) / (self.y.unclamped(place.1) - self.y.unclamped(b.1));
                let (from, to) = (self.x.unclamped(b.0), self.x.unclamped(place.0));
                (self.x.value(from + share * (to - from)), y)
            });
            if let Some(part) = parts.last_mut() {
                part.extend(edge);
                part.extend(inside(place.1).then_some(place));
            }
            if !inside(place.1) {
                parts.push(Vec::new());
            }
            before = Some(place);
        }
        parts.retain(|part| part.len() > 1);
        parts
    }

    /// A dashed line through these places.
    pub(crate) fn dashes(&self, places: impl IntoIterator<Item = (f64, f64)>, ink: RGBColor, width: f64) -> Drawn {
        let (dash, pitch) = (f64::from(4 * FINE), f64::from(7 * FINE));
        let (mut along, mut open) = (0.0, Vec::new());
        for pair in self.pixels(places).windows(2) {
            let ((x0, y0), (x1, y1)) = (pair[0], pair[1]);
            let length = libm::hypot(f64::from(x1 - x0), f64::from(y1 - y0));
            // In steps so short that the ends of dashes are where they should be.
            let steps = length.ceil().max(1.0);
            for i in 0..steps as u32 {
                let t = f64::from(i) / steps;
                let at = (x0 + (t * f64::from(x1 - x0)).round() as i32, y0 + (t * f64::from(y1 - y0)).round() as i32);
                if along % pitch < dash {
                    open.push(at);
                } else if open.len() > 1 {
                    self.root.draw(&PathElement::new(std::mem::take(&mut open), stroke(ink, width)))?;
                } else {
                    open.clear();
                }
                along += length / steps;
            }
        }
        if open.len() > 1 {
            self.root.draw(&PathElement::new(open, stroke(ink, width)))?;
        }
        Ok(())
    }

    /// The area between two lines, each from left to right, lightly.
    pub(crate) fn band(&self, low: &[(f64, f64)], high: &[(f64, f64)], ink: RGBColor) -> Drawn {
        let around = low.iter().chain(high.iter().rev()).copied();
        self.root.draw(&Polygon::new(self.pixels(around), ink.mix(0.18).filled()))?;
        Ok(())
    }

    /// A point, or a lower bound.
    pub(crate) fn reading(&self, place: (f64, f64), censored: bool, mark: Mark, ink: RGBColor) -> Drawn {
        if censored { self.bound(place, mark, ink) } else { self.mark(place, mark, ink) }
    }

    /// A point.
    pub(crate) fn mark(&self, place: (f64, f64), mark: Mark, ink: RGBColor) -> Drawn {
        self.root.draw(&shape(mark, self.pixel(place), 2.6, ink.filled()))?;
        Ok(())
    }

    /// An interval from below to above; where an end is open, it has an arrow.
    pub(crate) fn interval(&self, x: f64, low: Option<f64>, y: f64, high: Option<f64>, ink: RGBColor) -> Drawn {
        let (x, middle) = self.pixel((x, y));
        let open = (11 * FINE) as i32;
        let bottom = low.map_or(middle + open, |low| self.pixel((self.x.low, low)).1);
        let top = high.map_or(middle - open, |high| self.pixel((self.x.low, high)).1);
        self.root.draw(&PathElement::new([(x, bottom), (x, top)], stroke(ink, 1.0)))?;
        let head = (2 * FINE) as i32;
        let arrow = |tip: i32, back: i32| {
            PathElement::new([(x - head, tip + back), (x, tip), (x + head, tip + back)], stroke(ink, 1.0))
        };
        if high.is_none() {
            self.root.draw(&arrow(top, head + 2))?;
        }
        if low.is_none() {
            self.root.draw(&arrow(bottom, -head - 2))?;
        }
        Ok(())
    }

    /// A lower bound: an open mark with an arrow that points up.
    fn bound(&self, place: (f64, f64), mark: Mark, ink: RGBColor) -> Drawn {
        self.interval(place.0, Some(place.1), place.1, None, ink)?;
        let at = self.pixel(place);
        self.root.draw(&shape(mark, at, 2.9, WHITE.filled()))?;
        let outline: Vec<(i32, i32)> = shape_corners(mark, at, 2.9);
        self.root.draw(&PathElement::new(
            outline.iter().copied().chain(outline.first().copied()).collect::<Vec<_>>(),
            stroke(ink, 1.0),
        ))?;
        Ok(())
    }

    /// A filled rectangle between two corners.
    pub(crate) fn cell(&self, from: (f64, f64), to: (f64, f64), ink: RGBColor) -> Drawn {
        let ((x0, y0), (x1, y1)) = (self.pixel(from), self.pixel(to));
        // A little into its neighbours, or the paper shines through between them.
        let corners = [(x0.min(x1), y0.min(y1) - 2), (x0.max(x1) + 2, y0.max(y1))];
        self.root.draw(&Rectangle::new(corners, ink.filled()))?;
        Ok(())
    }
}
