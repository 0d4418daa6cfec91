//! The small matrix products between histograms and look-ups.

use crate::kernel::residuals::Residuals;
use crate::kernel::samples::Samples;
use crate::kernel::table::Table;

/// Takes in samples of a narrow layout: computes the residual of each, its part of dV, and the
/// look-up tables of all lines.
#[inline(always)]
pub(in crate::kernel) fn residuals(job: &mut Residuals, samples: &Samples<'_>, tables: &mut [Table]) {
    match job.width {
        4 => residuals_of::<4>(job, samples, tables),
        8 => residuals_of::<8>(job, samples, tables),
        _ => residuals_of::<16>(job, samples, tables),
    }
}

/// The version for vectors of `W` entries.
#[inline(always)]
fn residuals_of<const W: usize>(job: &mut Residuals, samples: &Samples<'_>, tables: &mut [Table]) {
    let (rows, columns) = (job.rows.as_chunks::<W>().0, job.columns.as_chunks::<W>().0);
    let (Some(rows), Some(columns)) = (rows.first_chunk::<W>(), columns.first_chunk::<W>()) else { return };
    let Some(gradient) = job.gradient.as_chunks_mut::<W>().0.first_chunk_mut::<W>() else { return };
    let histograms = samples.histograms.as_chunks::<W>().0;
    let mut v = Square { rows, columns, gradient: *gradient, weight: job.weight };
    let sequences = samples.sequences;
    for (line, (&filled, table)) in samples.filled.iter().zip(tables).enumerate() {
        let places = line * sequences..line * sequences + filled;
        let (h, outputs) = (&histograms[places.clone()], &samples.outputs[places]);
        // An index has one bit for each of four sequences, two for each of two, or four for one.
        match sequences {
            4 => {
                let [a, b, c, d] =
                    [v.take(h, outputs, 0), v.take(h, outputs, 1), v.take(h, outputs, 2), v.take(h, outputs, 3)];
                for (i, entry) in table.0.iter_mut().enumerate() {
                    *entry = (a[i & 1] + b[i >> 1 & 1]) + (c[i >> 2 & 1] + d[i >> 3]);
                }
            }
            2 => {
                let [a, b] = [v.take(h, outputs, 0), v.take(h, outputs, 1)];
                for (i, entry) in table.0.iter_mut().enumerate() {
                    *entry = a[i & 3] + b[i >> 2];
                }
            }
            _ => {
                let a = v.take(h, outputs, 0);
                table.0 = [0.0; 16];
                table.0[..W].copy_from_slice(&a);
            }
        }
    }
    *gradient = v.gradient;
}

/// V by rows and by columns, and dV so far.
struct Square<'a, const W: usize> {
    rows: &'a [[f64; W]; W],
    columns: &'a [[f64; W]; W],
    gradient: [[f64; W]; W],
    weight: f64,
}

impl<const W: usize> Square<'_, W> {
    /// Adds the part of sample `i` to dV and returns its look-up table, which is 0 if there is no
    /// such sample.
    #[inline(always)]
    fn take(&mut self, h: &[[f64; W]], outputs: &[usize], i: usize) -> [f32; W] {
        let (Some(h), Some(&output)) = (h.get(i), outputs.get(i)) else { return [0.0; W] };
        let mut r = [0.0; W];
        for j in 0..W {
            for i in 0..W {
                r[i] += self.columns[j][i] * h[j];
            }
        }
        // Not `r[output] -= 1`: writing to a part of a vector would move it from its register to
        // memory.
        for (r, e) in r.iter_mut().zip(unit::<W>(output)) {
            *r = (*r - e) * self.weight;
        }
        let mut sums = [0.0; W];
        for i in 0..W {
            for j in 0..W {
                self.gradient[i][j] += r[i] * h[j];
                sums[j] += self.rows[i][j] * r[i];
            }
        }
        sums.map(|sum| sum as f32)
    }
}

/// The unit vector of `state < 16`, without a branch that the processor would have to predict.
#[inline(always)]
pub(in crate::kernel) fn unit<const W: usize>(state: usize) -> &'static [f64; W] {
    static ONE: [f64; 31] = {
        let mut one = [0.0; 31];
        one[15] = 1.0;
        one
    };
    const { assert!(W <= 16) };
    ONE[15 - state % 16..].first_chunk().unwrap_or(&[0.0; W])
}
