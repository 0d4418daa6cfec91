//! From histograms to look-up tables: three small matrix products per sample.
//!
//! `r = (V h - e_{x_o}) / B`, `dV += r h'`, and the table `V' r`. Vectors of up to 16 states are
//! padded with zeros to a power of two, which the compiler keeps in registers, and everything is in
//! double precision. For more states see [`wide`](super::wide).

use ndarray::Array2;

use super::level::Level;
use super::wide::{WIDE_TILE, Wide};

/// Number of entries of a vector over `n` states, padding included.
#[must_use]
pub const fn width(n: usize) -> usize {
    match n {
        0..=4 => 4,
        5..=8 => 8,
        9..=16 => 16,
        _ => n.next_multiple_of(WIDE_TILE),
    }
}

/// The value matrix of a batch, and its gradient so far.
#[derive(Debug, Clone)]
pub struct Residuals {
    pub(super) width: usize,
    /// 1 / B.
    pub(super) weight: f64,
    /// V by rows, padded; empty for more than 16 states.
    pub(super) rows: Vec<f64>,
    /// V by columns, padded; empty for more than 16 states.
    pub(super) columns: Vec<f64>,
    /// dV by rows, padded.
    pub(super) gradient: Vec<f64>,
    /// For more than 16 states.
    pub(super) wide: Option<Wide>,
}

impl Residuals {
    /// For `n` states.
    #[must_use]
    pub fn new(n: usize) -> Self {
        let width = width(n);
        let wide = (n > 16).then(|| Wide::new(n, width));
        let square = if wide.is_some() { Vec::new() } else { vec![0.0; width * width] };
        Self { width, weight: 0.0, rows: square.clone(), columns: square.clone(), gradient: square, wide }
    }

    /// Begins a batch at the value matrix `value`, shape `(N, N)`, each sample counting `weight`.
    ///
    /// # Panics
    /// If `value` is not row-major.
    pub fn begin(&mut self, level: Level, value: &Array2<f64>, weight: f64) {
        self.weight = weight;
        let Some(values) = value.as_slice() else { panic!("{}", super::ROW_MAJOR) };
        if let Some(wide) = &mut self.wide {
            wide.begin(level, values);
            return;
        }
        self.gradient.fill(0.0);
        let (n, width) = (value.ncols(), self.width);
        for (i, values) in values.chunks_exact(n).enumerate() {
            for (j, &v) in values.iter().enumerate() {
                self.rows[i * width + j] = v;
                self.columns[j * width + i] = v;
            }
        }
    }

    /// Writes dV, shape `(N, N)`.
    ///
    /// # Panics
    /// If `value` is not row-major.
    pub fn finish(&self, level: Level, value: &mut Array2<f64>) {
        let n = value.ncols();
        let Some(values) = value.as_slice_mut() else { panic!("{}", super::ROW_MAJOR) };
        match &self.wide {
            Some(wide) => wide.finish(level, values),
            None => {
                for (row, from) in values.chunks_exact_mut(n).zip(self.gradient.chunks_exact(self.width)) {
                    row.copy_from_slice(&from[..n]);
                }
            }
        }
    }
}
