//! The chart that a reader can look into: needed samples against T, with a trace for the cells and
//! one for the law of each N, Q, milestone and algorithm. Which of them are seen is chosen on the
//! page.

use std::collections::BTreeSet;

use plotly::color::Rgb;
use plotly::common::{DashType, ErrorData, ErrorType, HoverInfo, Line, Marker, MarkerSymbol, Mode, Visible};
use plotly::layout::{Axis, AxisType, HoverMode, Legend, Margin};
use plotly::{Configuration, Layout, Plot, Scatter};

use crate::analysis::{Group, Milestone, Needed, Term, thinned};
use crate::figure::categorical;

/// What `page.js` needs to draw it.
pub(super) struct Chart {
    /// `{"plot": {data, layout, config}, "tags": [..]}`, a tag for each trace.
    pub(super) data: String,
    /// Values of N.
    pub(super) states: BTreeSet<i64>,
    /// Values of Q.
    pub(super) sparsities: BTreeSet<i64>,
    /// Curves for which there was no room.
    pub(super) left_out: usize,
}

/// plotly.js in a script element. The crate gives it together with MathJax, which nothing here
/// needs.
pub(super) fn library() -> String {
    const END: &str = "</script>";
    let sources = Plot::offline_js_sources();
    let end = sources.find(END).map_or(sources.len(), |at| at + END.len());
    sources[..end].to_owned()
}

/// More traces than this make a browser slow.
const MAX_TRACES: usize = 2000;

/// Full ones for cells, hollow ones for lower bounds.
const SYMBOLS: [(MarkerSymbol, MarkerSymbol); 6] = [
    (MarkerSymbol::Circle, MarkerSymbol::CircleOpen),
    (MarkerSymbol::Square, MarkerSymbol::SquareOpen),
    (MarkerSymbol::Diamond, MarkerSymbol::DiamondOpen),
    (MarkerSymbol::TriangleUp, MarkerSymbol::TriangleUpOpen),
    (MarkerSymbol::Cross, MarkerSymbol::CrossOpen),
    (MarkerSymbol::Star, MarkerSymbol::StarOpen),
];
const DASHES: [fn() -> DashType; 4] = [|| DashType::Solid, || DashType::Dash, || DashType::Dot, || DashType::DashDot];

/// The chart; `None` if there is nothing in it.
pub(super) fn chart(groups: &[Group<'_>]) -> Option<Chart> {
    let of = |get: fn(&Needed) -> i64| groups.iter().flat_map(|g| &g.needed).map(|c| get(c)).collect::<BTreeSet<i64>>();
    let (states, sparsities) = (of(|c| c.n), of(|c| c.q));
    let mut plot = Plot::new();
    let (mut tags, mut left_out) = (Vec::new(), 0);
    // What is seen first comes first, should there be too much.
    for milestone in [Milestone::Recovery, Milestone::Signal, Milestone::Support, Milestone::SignalToRecovery] {
        for (g, group) in groups.iter().enumerate() {
            let cells = group.cells(milestone);
            for (i, &n) in states.iter().enumerate() {
                for (j, &q) in sparsities.iter().enumerate() {
                    let cells: Vec<&Needed> =
                        cells.iter().copied().filter(|c| (c.n, c.q) == (n, q) && c.samples > 0).collect();
                    if cells.is_empty() {
                        continue;
                    }
                    if tags.len() >= MAX_TRACES {
                        left_out += 1;
                        continue;
                    }
                    let visible = milestone == Milestone::Recovery && g == 0;
                    let tag = serde_json::json!({
                        "group": group.name(), "milestone": milestone.name(), "n": n.to_string(), "q": q.to_string(),
                    });
                    let law = group
                        .scaling(milestone)
                        .and_then(|s| s.of_pair(n, q))
                        .filter(|law| law.coefficient(Term::T).is_some_and(|c| c.is_known()));
                    let exponent = law.and_then(|law| law.coefficient(Term::T));
                    let name = match exponent {
                        Some(c) => format!("N = {n}, Q = {q}: T^{:.2}", c.estimate),
                        None => format!("N = {n}, Q = {q}"),
                    };
                    let look = Look { i, j, visible, name };
                    // Lower bounds have a trace of their own, because a trace has one symbol.
                    let (bounds, reached): (Vec<&Needed>, Vec<&Needed>) = cells.iter().partition(|c| c.censored);
                    for (k, part) in [&reached, &bounds].into_iter().filter(|part| !part.is_empty()).enumerate() {
                        plot.add_trace(points(part, &look).show_legend(k == 0));
                        tags.push(tag.clone());
                    }
                    if let Some(law) = law {
                        let ends = [cells.first(), cells.last()].into_iter().flatten().map(|c| c.t as f64);
                        let (x, y) = ends.map(|t| (t, law.predict(n as f64, q as f64, t))).unzip();
                        plot.add_trace(look.line(x, y));
                        tags.push(tag);
                    }
                }
            }
        }
    }
    if tags.is_empty() {
        return None;
    }
    let ticks: Vec<f64> = thinned(of(|c| c.t), 9).into_iter().map(|t| t as f64).collect();
    let axis = |title: &str| Axis::new().type_(AxisType::Log).title(title).auto_margin(true);
    plot.set_layout(
        Layout::new()
            .x_axis(
                axis("sequence length T")
                    .tick_values(ticks.clone())
                    .tick_text(ticks.iter().map(f64::to_string).collect()),
            )
            .y_axis(
                axis("needed samples (hollow: lower bounds)")
                    .n_ticks(6)
                    .exponent_format(plotly::common::ExponentFormat::SI),
            )
            .hover_mode(HoverMode::Closest)
            .legend(Legend::new().orientation(plotly::common::Orientation::Horizontal).y(-0.22))
            .margin(Margin::new().left(60).right(15).top(15).bottom(45))
            .paper_background_color("rgba(0,0,0,0)")
            .plot_background_color("rgba(0,0,0,0)"),
    );
    plot.set_configuration(Configuration::new().responsive(true).display_logo(false));
    let data = serde_json::json!({ "plot": plot, "tags": tags }).to_string();
    Some(Chart { data, states, sparsities, left_out })
}

/// How a pair of N and Q looks: N has a colour, Q a symbol and a dash.
struct Look {
    i: usize,
    j: usize,
    visible: bool,
    name: String,
}

impl Look {
    fn ink(&self) -> Rgb {
        let ink = categorical(self.i);
        Rgb::new(ink.0, ink.1, ink.2)
    }

    fn visible(&self) -> Visible {
        if self.visible { Visible::True } else { Visible::False }
    }

    fn line(&self, x: Vec<f64>, y: Vec<f64>) -> Box<Scatter<f64, f64>> {
        let dash = DASHES[self.j % DASHES.len()]();
        Scatter::new(x, y)
            .mode(Mode::Lines)
            .line(Line::new().color(self.ink()).dash(dash).width(1.5))
            .visible(self.visible())
            .show_legend(false)
            .hover_info(HoverInfo::Skip)
    }
}

fn points(cells: &[&Needed], look: &Look) -> Box<Scatter<f64, f64>> {
    let distance = |low: Option<i64>, high: Option<i64>| low.zip(high).map_or(0.0, |(low, high)| (high - low) as f64);
    let whiskers = ErrorData::new(ErrorType::Data)
        .symmetric(false)
        .array(cells.iter().map(|c| distance(Some(c.samples), c.ci_high)).collect())
        .array_minus(cells.iter().map(|c| distance(c.ci_low, Some(c.samples))).collect())
        .thickness(1.0)
        .width(0)
        .color(look.ink());
    let (full, hollow) = &SYMBOLS[look.j % SYMBOLS.len()];
    let symbol = if cells.iter().any(|c| c.censored) { hollow } else { full }.clone();
    let mut trace =
        Scatter::new(cells.iter().map(|c| c.t as f64).collect(), cells.iter().map(|c| c.samples as f64).collect());
    trace = trace.mode(Mode::Markers).name(&look.name).visible(look.visible()).error_y(whiskers);
    trace = trace.marker(Marker::new().color(look.ink()).size(8).symbol(symbol));
    let text = |c: &&Needed| {
        let bound = if c.censored { "more than " } else { "" };
        let end = |end: Option<i64>| end.map_or_else(|| "open".to_owned(), |s| s.to_string());
        format!(
            "N = {}, Q = {}, T = {}<br>{bound}{} samples<br>95 %: {} to {}<br>reached by {} of \
             {}<br>B = {}, η = {}",
            c.n,
            c.q,
            c.t,
            c.samples,
            end(c.ci_low),
            end(c.ci_high),
            c.reached,
            c.replicates,
            c.batch_size,
            c.eta_boost
        )
    };
    trace.hover_info(HoverInfo::Text).hover_text_array(cells.iter().map(text).collect())
}
