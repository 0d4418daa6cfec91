//! Axes and their labels.

use std::ops::Range;

use plotters::coord::ranged1d::{DefaultFormatting, KeyPointHint, Ranged};

/// An axis as the library wants it, with our ticks.
pub(super) struct Coordinates {
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
    /// Logarithmic, from the least to the largest of these positive values and by the factor
    /// `widening` beyond, with at most `max_labels` labels.
    pub(crate) fn logarithmic(
        label: &str,
        values: impl Iterator<Item = f64> + Clone,
        widening: f64,
        max_labels: usize,
    ) -> Self {
        let (low, high) = ends(values);
        let (low, high) = (low / widening, high * widening);
        // Labels at the ends would run into those of the next panel.
        let margin = libm::pow(high / low, 0.06);
        // The finest of these with few enough labels.
        let steps: [&[f64]; 4] = [&[1.0, 1.5, 2.0, 3.0, 5.0, 7.0], &[1.0, 2.0, 5.0], &[1.0, 3.0], &[1.0]];
        let within = |steps: &[f64]| -> Vec<f64> {
            let decades = (-12..16).flat_map(|d| steps.iter().map(move |s| s * 10f64.powi(d)));
            decades.filter(|tick| (low * margin..=high / margin).contains(tick)).collect()
        };
        let mut ticks = steps.into_iter().map(within).find(|ticks| ticks.len() <= max_labels).unwrap_or_else(|| {
            let decades = within(&[1.0]);
            decades.iter().copied().step_by(decades.len().div_ceil(max_labels)).collect()
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

    /// Logarithmic, with labels at the values themselves, at most `max_labels` of them; the axis
    /// reaches beyond them by the factor `widening`.
    pub(crate) fn of_values(label: &str, values: &[i64], widening: f64, max_labels: usize) -> Self {
        let (low, high) = ends(values.iter().map(|&v| v as f64));
        let step = values.len().div_ceil(max_labels).max(1);
        let apart = libm::pow(high * widening * widening / low, 1.0 / (max_labels as f64 + 1.5));
        let mut ticks: Vec<f64> = Vec::new();
        for value in values.iter().step_by(step).map(|&v| v as f64) {
            if ticks.last().is_none_or(|last| value >= last * apart) {
                ticks.push(value);
            }
        }
        Self { label: label.to_owned(), low: low / widening, high: high * widening, logarithmic: true, ticks }
    }

    /// Linear, with these labels.
    pub(crate) fn linear(label: &str, low: f64, high: f64, ticks: &[f64]) -> Self {
        Self { label: label.to_owned(), low, high, logarithmic: false, ticks: ticks.to_vec() }
    }

    pub(super) fn place(&self, value: f64) -> f64 {
        self.unclamped(value.clamp(self.low, self.high))
    }

    pub(super) fn unclamped(&self, value: f64) -> f64 {
        if self.logarithmic { libm::log10(value) } else { value }
    }

    pub(super) fn value(&self, place: f64) -> f64 {
        if self.logarithmic { libm::pow(10.0, place) } else { place }
    }

    pub(super) fn shown(&self, place: f64) -> String {
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

    pub(super) fn coordinates(&self) -> Coordinates {
        let ticks = self.ticks.iter().map(|&t| self.place(t)).collect();
        Coordinates { ends: self.place(self.low)..self.place(self.high), ticks }
    }
}

fn ends(values: impl Iterator<Item = f64> + Clone) -> (f64, f64) {
    (values.clone().fold(f64::INFINITY, f64::min), values.fold(f64::NEG_INFINITY, f64::max))
}
