//! From histograms to look-up tables: three small matrix products per sample.
//!
//! `r = (V h - e_{x_o}) / B`, `dV += r h'`, and the table `V' r`. Vectors of up to 16 states are
//! padded with zeros to a power of two, which the compiler keeps in registers.

use ndarray::Array2;

/// Number of samples of a wide layout that share one pass over V.
pub(super) const PANEL: usize = 4;

/// Number of entries of a vector over `n` states, padding included.
#[must_use]
pub const fn width(n: usize) -> usize {
    match n {
        0..=4 => 4,
        5..=8 => 8,
        9..=16 => 16,
        _ => n.next_multiple_of(16),
    }
}

/// The value matrix of a batch, and its gradient so far.
#[derive(Debug, Clone)]
pub struct Residuals {
    pub(super) width: usize,
    /// 1 / B.
    pub(super) weight: f64,
    /// V by rows, padded.
    pub(super) rows: Vec<f64>,
    /// V by columns, padded.
    pub(super) columns: Vec<f64>,
    /// dV by rows, padded.
    pub(super) gradient: Vec<f64>,
    /// `r` of a few samples.
    pub(super) residuals: Vec<f64>,
    /// `V' r` of a few samples.
    pub(super) sums: Vec<f64>,
}

impl Residuals {
    /// For `n` states.
    #[must_use]
    pub fn new(n: usize) -> Self {
        let width = width(n);
        let square = vec![0.0; width * width];
        let vectors = vec![0.0; PANEL * width];
        Self {
            width,
            weight: 0.0,
            rows: square.clone(),
            columns: square.clone(),
            gradient: square,
            residuals: vectors.clone(),
            sums: vectors,
        }
    }

    /// Begins a batch at the value matrix `value`, shape `(N, N)`, each sample counting `weight`.
    ///
    /// # Panics
    /// If `value` is not row-major.
    pub fn begin(&mut self, value: &Array2<f64>, weight: f64) {
        self.weight = weight;
        self.gradient.fill(0.0);
        let (n, width) = (value.ncols(), self.width);
        assert!(value.is_standard_layout());
        let Some(values) = value.as_slice() else { return };
        for i in 0..n {
            let from = &values[i * n..(i + 1) * n];
            self.rows[i * width..].iter_mut().zip(from).for_each(|(v, &from)| *v = from);
            let from = values[i..].iter().step_by(n);
            self.columns[i * width..].iter_mut().zip(from).for_each(|(v, &from)| *v = from);
        }
    }

    /// Writes dV, shape `(N, N)`.
    pub fn finish(&self, value: &mut Array2<f64>) {
        for (i, mut row) in value.rows_mut().into_iter().enumerate() {
            row.iter_mut().zip(&self.gradient[i * self.width..]).for_each(|(g, &from)| *g = from);
        }
    }
}

/// Samples by place, for [`Level::residuals`](super::Level::residuals).
pub(super) struct Samples<'a> {
    /// Number of places of a line.
    pub(super) sequences: usize,
    /// Number of samples in each line.
    pub(super) filled: &'a [usize],
    pub(super) outputs: &'a [usize],
    pub(super) histograms: &'a [f64],
}
