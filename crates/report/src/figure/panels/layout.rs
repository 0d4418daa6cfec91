//! Small multiples: panels side by side that share their axes, the one way in which every figure is
//! laid out.
//!
//! A figure is one column of a paper wide, [`WIDTH`] units, with text of 7 points when printed at
//! 85 mm. Everything is drawn on a grid [`FINE`] times as fine, because the back end rounds to
//! whole units.

use plotters::backend::SVGBackend;
use plotters::chart::ChartBuilder;
use plotters::drawing::IntoDrawingArea;
use plotters::element::Text;
use plotters::style::text_anchor::{HPos, Pos, VPos};
use plotters::style::{FontTransform, IntoFont, ShapeStyle, TextStyle, WHITE};

use super::axis::Axis;
use super::grid::{AXIS_GREY, Area, BOTTOM, Drawn, FINE, FONT, GAP, LEFT, LINE, WIDTH, WITHIN, fine, text_style};
use super::mark::{Entry, draw_entry};
use super::panel::Panel;

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
    /// The SVG; `each` draws into the field of the panel of this index. `None` if there are no
    /// panels or an axis has no extent.
    pub(crate) fn draw(&self, each: impl FnMut(usize, &Panel<'_, '_>) -> Drawn) -> Option<String> {
        self.draw_with(&[], each)
    }

    /// As [`Self::draw`], but each panel has a left axis of its own, of which the label is not
    /// shown; if there are none, all share one.
    pub(crate) fn draw_with(
        &self,
        own: &[Axis],
        mut each: impl FnMut(usize, &Panel<'_, '_>) -> Drawn,
    ) -> Option<String> {
        let sound = |a: &Axis| a.low.is_finite() && a.high.is_finite() && a.low < a.high;
        if self.titles.is_empty() || !(sound(&self.x) && sound(&self.y) && own.iter().all(sound)) {
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
            // Writing to a string does not fail; if the back end reports an error nevertheless,
            // there is no figure.
            self.draw_on(&root, &legend, (top, heading), own, &mut each).ok()?;
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
        own: &[Axis],
        each: &mut impl FnMut(usize, &Panel<'_, '_>) -> Drawn,
    ) -> Drawn {
        root.fill(&WHITE)?;
        for (row, entries) in legend.iter().enumerate() {
            for (x, entry) in entries {
                draw_entry(root, entry, (*x, self.lift() + LINE * row as u32 + 2))?;
            }
        }
        let columns = self.columns.min(self.titles.len()) as u32;
        // Panels with axes of their own have room for its labels between them.
        let between = if own.is_empty() { GAP } else { GAP + WITHIN };
        let width = (WIDTH - LEFT - 4 - (columns - 1) * between) / columns;
        let rows = self.titles.len().div_ceil(self.columns) as u32;
        let pitch = heading + self.height + GAP + 8;
        for (i, (title, entries)) in self.titles.iter().enumerate() {
            let (column, row) = ((i % self.columns) as u32, (i / self.columns) as u32);
            let (left, up) = (LEFT + column * (width + between), top + row * pitch);
            let style = text_style(FONT + 1, HPos::Left);
            root.draw(&Text::new(title.clone(), fine((left, up + 1)), style))?;
            for (j, entry) in entries.iter().enumerate() {
                let lift = self.entry_lift();
                draw_entry(root, entry, (left, up + LINE + lift + (LINE + lift) * j as u32 + 1))?;
            }
            // The lowest panel of each column has the labels of the lower axis, the first of each
            // row those of the left one.
            let last = i + self.columns >= self.titles.len();
            let y = own.get(i).unwrap_or(&self.y);
            let labelled = column == 0 || !own.is_empty();
            let label_left = if column == 0 { LEFT } else { between - GAP };
            let label_below = if last { BOTTOM } else { 6 };
            let corner = fine((left - label_left, up + heading));
            let size = (FINE * (width + label_left), FINE * (self.height + label_below));
            let area = root.clone().shrink(corner, size);
            let mut chart = ChartBuilder::on(&area)
                .x_label_area_size(FINE * label_below)
                .y_label_area_size(FINE * label_left)
                .build_cartesian_2d(self.x.coordinates(), y.coordinates())?;
            let hairline = ShapeStyle::from(&AXIS_GREY).stroke_width(FINE);
            let (labels, hidden) = (text_style(FONT, HPos::Left), ("sans-serif", 0));
            let mut mesh = chart.configure_mesh();
            mesh.disable_mesh().axis_style(hairline).label_style(labels.clone()).set_all_tick_mark_size(3 * FINE);
            let blank = |_: &f64| String::new();
            let (on_x, on_y) = (|place: &f64| self.x.shown(*place), |place: &f64| y.shown(*place));
            if last {
                mesh.x_label_formatter(&on_x);
            } else {
                mesh.x_label_formatter(&blank).x_label_style(hidden);
            }
            if labelled {
                mesh.y_label_formatter(&on_y);
            } else {
                mesh.y_label_formatter(&blank);
            }
            mesh.draw()?;
            each(i, &Panel { root: root.clone(), chart, x: &self.x, y })?;
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
            "<tspan dy=\"-{up}\" font-size=\"{size}\">{exponent}</tspan><tspan \
             dy=\"{up}\">{rest}</tspan>{after}"
        );
    }
    out
}
