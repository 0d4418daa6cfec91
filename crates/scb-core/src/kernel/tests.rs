//! Every kernel at every level that this processor supports, against a version that goes token by
//! token. The parts that both share have tests of their own: random words in `bits`, cells in
//! `states`, weights in `fixed_point`.

use rand::Rng;

use super::layout::ROUND;
use super::pieces::{PIECE, SHARED_ENTRIES};
use super::*;
use crate::random::Categorical;
use crate::random::{Stream, dirichlet, normal, stream};

/// Shapes for every special case, then random ones: N, T and the number of lines.
fn shapes() -> Vec<(usize, usize, usize)> {
    let mut shapes = Vec::new();
    for n in (2..=18).chain([31, 32, 33, 63, 64, 65, 127, 128, 129, 255, 256]) {
        for t in [1, 31, 32, 33, 64, 97, 128, 130] {
            shapes.push((n, t, 3));
        }
    }
    for n in [2, 3, 7, 40] {
        for t in [PIECE - 1, PIECE, PIECE + 1, 2 * PIECE, 2 * PIECE + 77] {
            shapes.push((n, t, 2));
        }
    }
    // Many sequences end here, so some of the words beyond their ends are escapes.
    shapes.extend([(2, 33, 2000), (4, 130, 3000), (16, 33, 3000), (20, 33, 1000)]);
    let mut s = stream([12; 16]);
    let mut random = |low: u64, high: u64| (low + s.next_u64() % (high - low + 1)) as usize;
    for case in 0..150 {
        let n = random(2, if case % 2 == 0 { 16 } else { 256 });
        shapes.push((n, random(1, if case % 10 == 0 { 10_000 } else { 400 }), random(1, 5)));
    }
    shapes
}

fn floats(s: &mut Stream, count: usize) -> Vec<f32> {
    (0..count).map(|_| normal(s) as f32).collect()
}

/// The results of drawing: tokens by place, histograms by place, and the two generators.
#[derive(Debug, PartialEq)]
struct Drawn {
    tokens: Vec<Vec<usize>>,
    histograms: Vec<Vec<u64>>,
    bits: Bits,
    escapes: Stream,
}

/// A random case of [`Sequences`].
struct Case {
    n: usize,
    t: usize,
    states: States,
    layout: Layout,
    filled: Vec<usize>,
    queries: Vec<usize>,
    attention: ndarray::Array2<f32>,
    bits: Bits,
    escapes: Stream,
}

impl Case {
    fn new((n, t, lines): (usize, usize, usize)) -> Self {
        let mut s = stream([(n + t) as u8; 16]);
        let layout = Layout::new(n, t);
        // From nearly equal probabilities to ones so unequal that some states have no cell at all.
        let concentration = [1e3, 1.0, 0.1, 0.02][t % 4];
        let states = States::new(&Categorical::new(&dirichlet(&mut s, concentration, n)), n);
        let filled = (0..lines).map(|_| 1 + (s.next_u64() as usize) % layout.sequences()).collect();
        let queries = (0..lines).map(|_| (s.next_u64() as usize) % n).collect();
        let attention = ndarray::Array2::from_shape_vec((n, t), floats(&mut s, n * t)).unwrap();
        Self { n, t, states, layout, filled, queries, attention, bits: Bits::new(&mut s), escapes: s }
    }

    fn places(&self) -> impl Iterator<Item = (usize, usize)> {
        self.filled.iter().enumerate().flat_map(|(line, &filled)| (0..filled).map(move |i| (line, i)))
    }

    /// Draws and weighs, in one pass or in two.
    fn fast(&self, level: Level, passes: usize) -> (Drawn, Vec<Block>) {
        let mut fixed = FixedPointAttention::at(level, self.n, self.t);
        fixed.set(&self.attention);
        let (mut bits, mut escapes) = (self.bits.clone(), self.escapes.clone());
        let (width, count) = (width(self.n), self.filled.len());
        // The result must not depend on the previous contents.
        let mut lines = vec![Block([0xffff; ROUND]); count * self.layout.blocks()];
        let mut histograms = vec![f64::NAN; count * self.layout.sequences() * width];
        let source = TokenSource { states: &self.states, bits: &mut bits, escapes: &mut escapes };
        let blank = FixedPointAttention::at(level, self.n, self.t);
        let mut sequences = Sequences {
            attention: if passes == 1 { &fixed } else { &blank },
            layout: self.layout,
            t: self.t,
            filled: &self.filled,
            queries: &self.queries,
            lines: &mut lines,
            histograms: &mut histograms,
            width,
        };
        if passes == 1 {
            sequences.draw(source);
        } else {
            sequences.draw_only(source);
            sequences.attention = &fixed;
            sequences.weigh();
        }
        let blocks = self.layout.blocks();
        let token = |line: usize, i: usize, p: usize| self.layout.token(&lines[line * blocks..][..blocks], i, p);
        let tokens = self.places().map(|(line, i)| (0..self.t).map(|p| token(line, i, p)).collect()).collect();
        let histogram = |(line, i)| {
            let h = &histograms[(line * self.layout.sequences() + i) * width..][..width];
            assert!(h[self.n..].iter().all(|&x| x == 0.0 || h[0].is_nan()), "padding stays 0");
            h[..self.n].iter().map(|h| h.to_bits()).collect()
        };
        let histograms = self.places().map(histogram).collect();
        (Drawn { tokens, histograms, bits, escapes }, lines)
    }

    /// Draws one token at a time and adds one weight at a time. Also returns the number of escapes,
    /// within sequences and in the rest of their last round.
    fn slow(&self) -> (Drawn, [usize; 2]) {
        let mut fixed = FixedPointAttention::at(Level::PORTABLE, self.n, self.t);
        fixed.set(&self.attention);
        let (mut bits, mut escapes) = (self.bits.clone(), self.escapes.clone());
        let (mut tokens, mut histograms, mut counts) = (Vec::new(), Vec::new(), [0, 0]);
        for (line, _) in self.places() {
            let mut sequence = Vec::new();
            for _ in 0..self.t.div_ceil(ROUND) {
                for h in bits.round() {
                    let escaped = h < self.states.escapes;
                    let beyond = sequence.len() == self.t;
                    counts[usize::from(beyond)] += usize::from(escaped);
                    if beyond {
                        continue;
                    }
                    let x = if escaped { self.states.draw_escapes(h, &mut escapes) } else { self.states.of(h) };
                    sequence.push(usize::from(x));
                }
            }
            let row = fixed.row(self.queries[line]);
            let mut h = vec![0.0; self.n];
            for (part, (tokens, scale)) in sequence.chunks(PIECE).zip(row.scales).enumerate() {
                let mut sums = vec![0i64; self.n];
                for (p, &x) in tokens.iter().enumerate() {
                    sums[x] += i64::from(fixed.form.at(row.weights.as_flattened(), part * PIECE + p));
                }
                h.iter_mut().zip(&sums).for_each(|(h, &sum)| *h += sum as f64 * scale.unit);
            }
            tokens.push(sequence);
            histograms.push(h.iter().map(|h| h.to_bits()).collect());
        }
        (Drawn { tokens, histograms, bits, escapes }, counts)
    }
}

#[test]
fn drawing_agrees_with_one_token_and_one_weight_at_a_time() {
    let mut escapes = [0, 0];
    for shape in shapes() {
        let case = Case::new(shape);
        let (slow, counts) = case.slow();
        // The second count is for narrow layouts only; wide ones have more words beyond the end.
        escapes = [escapes[0] + counts[0], escapes[1] + if shape.0 <= 16 { counts[1] } else { 0 }];
        for level in Level::available() {
            for passes in [1, 2] {
                assert_eq!(case.fast(level, passes).0, slow, "{shape:?} {level:?} {passes}");
            }
        }
    }
    assert!(escapes[0] > 100 && escapes[1] > 10, "only {escapes:?} escapes: the test sees none");
}

/// Rounding to integers loses at most half a unit per position. Here the exact sum is in double
/// precision.
#[test]
fn histograms_are_those_of_the_attention() {
    for shape in [(3, 5000, 2), (9, 3 * PIECE, 1), (30, 700, 3)] {
        let case = Case::new(shape);
        let (drawn, _) = case.fast(Level::best(), 1);
        for ((line, _), (tokens, h)) in case.places().zip(drawn.tokens.iter().zip(&drawn.histograms)) {
            let a = case.attention.row(case.queries[line]);
            let mut exact = vec![0.0; case.n];
            tokens.iter().zip(a).for_each(|(&x, &a)| exact[x] += f64::from(a));
            let magnitude: f64 = a.iter().map(|a| f64::from(a.abs())).sum();
            for (h, exact) in h.iter().zip(&exact) {
                let bound = magnitude * 2f64.powi(-29) * case.t.min(PIECE) as f64;
                assert!((f64::from_bits(*h) - exact).abs() < bound.min(1e-5 * magnitude), "{shape:?}");
            }
        }
    }
}

#[test]
fn look_ups_agree_with_one_addition_at_a_time() {
    for shape in shapes() {
        let case = Case::new(shape);
        let (n, t, lines) = (case.n, case.t, case.filled.len());
        let (drawn, blocks) = case.fast(Level::best(), 1);
        let mut s = stream([7; 16]);
        let size = table_size(n);
        let tables: Vec<Table> = floats(&mut s, lines * size * 16).as_chunks().0.iter().map(|&x| Table(x)).collect();
        let old = floats(&mut s, t);
        let mut slow = vec![0.0f32; t];
        let mut places = case.places().zip(&drawn.tokens).peekable();
        for line in 0..lines {
            // The tokens of all sequences of the line are one index.
            let mut index = vec![0; t];
            while let Some(((_, i), tokens)) = places.next_if(|((of, _), _)| *of == line) {
                let shift = case.layout.shift(i);
                index.iter_mut().zip(tokens).for_each(|(index, x)| *index |= x << shift);
            }
            for (slow, index) in slow.iter_mut().zip(index) {
                *slow += tables[line * size + index / 16].0[index % 16];
            }
        }
        for level in Level::available() {
            for add in [false, true] {
                let mut sums = old.clone();
                // Piece by piece.
                for (first, sums) in sums.chunks_mut(PIECE).enumerate() {
                    level.look_up(&case.layout, &blocks, first * PIECE, &tables, add, sums);
                }
                for ((got, slow), old) in sums.iter().zip(&slow).zip(&old) {
                    let expected = if add { old + slow } else { *slow };
                    assert_eq!(got.to_bits(), expected.to_bits(), "{shape:?} {level:?}");
                }
            }
        }
    }
}

/// Residuals, dV and tables from the definitions, in double precision; and the same bits at every
/// level.
#[test]
fn residuals_agree_with_plain_sums_at_every_level() {
    let few = (2..=20).map(|n| (n, 4));
    let more = [(64, 4), (100, 6), (256, 3), (17, 64), (20, 65), (33, 150)];
    for (n, lines) in few.chain([1, 2, 3, 5, 7, 8, 9].map(|lines| (40, lines))).chain(more) {
        let mut s = stream([n as u8; 16]);
        let layout = Layout::new(n, 1);
        let (sequences, width) = (layout.sequences(), width(n));
        let value = ndarray::Array2::from_shape_fn((n, n), |_| normal(&mut s));
        let filled: Vec<usize> = (0..lines).map(|line| 1 + line % sequences).collect();
        let outputs: Vec<usize> = (0..lines * sequences).map(|_| s.next_u64() as usize % n).collect();
        let mut histograms = vec![0.0; lines * sequences * width];
        for h in histograms.chunks_mut(width) {
            h[..n].fill_with(|| normal(&mut s));
        }
        let weight = 0.25;
        let run = |level: Level| {
            let mut residuals = Residuals::new(n);
            residuals.begin(level, &value, weight);
            let mut tables = vec![Table([f32::NAN; 16]); lines * table_size(n)];
            level.residuals(&mut residuals, &layout, &filled, &outputs, &histograms, &mut tables);
            let mut gradient = value.clone();
            residuals.finish(level, &mut gradient);
            (gradient, tables)
        };
        let (gradient, tables) = run(Level::PORTABLE);
        let mut exact = ndarray::Array2::<f64>::zeros((n, n));
        // What one rounding of every term may do: r has N terms and the output, dV one of each sample.
        let mut bounds = exact.clone();
        let magnitudes = value.mapv(f64::abs);
        let epsilon = if n > 16 { f64::from(f32::EPSILON) } else { f64::EPSILON };
        for line in 0..lines {
            let mut singles = vec![(vec![0.0; n], vec![0.0; n]); sequences];
            for (i, (single, limit)) in singles.iter_mut().enumerate().take(filled[line]) {
                let place = line * sequences + i;
                let h = ndarray::ArrayView1::from(&histograms[place * width..][..n]);
                let mut r = value.dot(&h);
                r[outputs[place]] -= 1.0;
                r *= weight;
                let terms = (magnitudes.dot(&h.mapv(f64::abs)) + 1.0) * weight;
                for ((i, j), x) in exact.indexed_iter_mut() {
                    *x += r[i] * h[j];
                    bounds[[i, j]] += epsilon * terms[i] * h[j].abs();
                }
                *single = value.t().dot(&r).to_vec();
                *limit = magnitudes.t().dot(&terms).to_vec();
            }
            let table: Vec<f32> = tables[line * table_size(n)..][..table_size(n)].iter().flat_map(|t| t.0).collect();
            // Every combination of tokens of the line.
            for index in 0..n.pow(filled[line] as u32) {
                let (mut rest, mut at, mut expected, mut limit) = (index, 0, 0.0, 0.0);
                for (i, (single, limits)) in singles.iter().enumerate().take(filled[line]) {
                    at |= (rest % n) << layout.shift(i);
                    expected += single[rest % n];
                    limit += limits[rest % n];
                    rest /= n;
                }
                let limit = limit * f64::from(f32::EPSILON) * (2 * n + 4) as f64;
                assert!((f64::from(table[at]) - expected).abs() < limit, "N = {n}: {} {expected}", table[at]);
            }
        }
        for ((index, x), y) in gradient.indexed_iter().zip(&exact) {
            let bound = bounds[index] * (n + lines * sequences + 4) as f64;
            assert!((x - y).abs() < bound, "N = {n}, {lines} lines, dV {index:?}: {x} {y} {bound:e}");
        }
        for level in Level::available() {
            let (other, others) = run(level);
            assert!(other.iter().zip(&gradient).all(|(x, y)| x.to_bits() == y.to_bits()), "{level:?}");
            let bits = |tables: &[Table]| tables.iter().flat_map(|t| t.0.map(f32::to_bits)).collect::<Vec<_>>();
            assert_eq!(bits(&others), bits(&tables), "{level:?}");
        }
    }
}

#[test]
fn reductions_agree_with_plain_ones_at_every_level() {
    for t in [1, 5, 16, 33, 63, 64, 65, 1000, 100_000] {
        let x = floats(&mut stream([t as u8; 16]), t);
        let exact: f64 = x.iter().map(|&v| f64::from(v)).sum();
        let magnitude: f64 = x.iter().map(|&v| f64::from(v).abs()).sum();
        let above: Vec<f64> = x.iter().filter(|&&v| v >= -0.5).map(|&v| f64::from(v)).collect();
        let close = |x: f64, y: f64| (x - y).abs() < 1e-6 * magnitude;
        let mut bits = Vec::new();
        for level in Level::available() {
            let (mass, square, count) = level.kept(&x, -0.5);
            assert!(close(level.sum(&x), exact) && close(level.magnitude(&x), magnitude));
            assert_eq!(level.largest(&x), x.iter().copied().fold(f32::NEG_INFINITY, f32::max));
            assert_eq!(count, above.len() as f64);
            assert!(close(mass, above.iter().sum()) && close(square, above.iter().map(|v| v * v).sum()));
            bits.push([level.sum(&x), level.magnitude(&x), mass, square].map(f64::to_bits));
        }
        assert!(bits.iter().all(|other| *other == bits[0]), "T = {t}");
    }
}

/// The lanes and the tree of a sum, written out: its bits must never change.
#[test]
fn a_sum_has_the_bits_of_its_definition() {
    let x = floats(&mut stream([3; 16]), 2 * PIECE + 77);
    let mut total = 0.0;
    for x in x.chunks(PIECE) {
        let mut lanes = [0.0f32; 64];
        x.iter().enumerate().for_each(|(t, &x)| lanes[t % 64] += x);
        for width in [32, 16, 8, 4, 2, 1] {
            (0..width).for_each(|i| lanes[i] += lanes[i + width]);
        }
        total += f64::from(lanes[0]);
    }
    assert_eq!(Level::best().sum(&x).to_bits(), total.to_bits());
}

#[test]
fn steps_of_the_attention_agree_with_one_entry_at_a_time() {
    for t in [1, 16, 63, 64, 65, 500] {
        let mut s = stream([t as u8; 16]);
        let (a, g) = (floats(&mut s, t), floats(&mut s, t));
        for level in Level::available() {
            for threshold in [0.0, 0.3] {
                let mut moved = a.clone();
                level.descend(&mut moved, &g, 0.7, 0.1, threshold);
                for ((got, a), g) in moved.iter().zip(&a).zip(&g) {
                    let stepped = a - 0.7 * (g - 0.1);
                    let shrunk = stepped.signum() * (stepped.abs() - threshold).max(0.0);
                    let expected = if threshold > 0.0 { shrunk } else { stepped };
                    assert_eq!(got.to_bits(), expected.to_bits());
                }
                let before = moved.clone();
                level.add_to_all(&mut moved, 0.2);
                assert!(moved.iter().zip(&before).all(|(got, before)| got.to_bits() == (before + 0.2).to_bits()));
                let mut wrong = vec![f32::NAN; t];
                level.descend(&mut wrong, &g, 0.7, 0.1, threshold);
                assert!(wrong.iter().all(|a| a.is_nan()), "what blew up stays visible");
            }
        }
    }
}

/// Every exponent from 0 to far below the least one: within 2^-22 of the exponential function in
/// double precision, never 0, the same bits at every level.
#[test]
fn exponentials_are_right_at_every_level() {
    let s: Vec<f32> = (0..400_001).map(|i| 3.0 - i as f32 / 4000.0).collect();
    let run = |level: Level| {
        let mut a = vec![0.0; s.len()];
        level.exponentials(&mut a, &s, 3.0);
        a
    };
    let a = run(Level::PORTABLE);
    let mut worst = 0.0f64;
    for (&a, &s) in a.iter().zip(&s) {
        let exact = f64::from(s - 3.0).max(-87.0).exp();
        worst = worst.max((f64::from(a) / exact - 1.0).abs());
    }
    assert!(worst < 2f64.powi(-22) && worst > 2f64.powi(-25), "{worst:e}");
    assert_eq!(a[0], 1.0);
    for level in Level::available() {
        assert!(run(level).iter().zip(&a).all(|(x, y)| x.to_bits() == y.to_bits()), "{level:?}");
        for wrong in [f32::NAN, f32::INFINITY] {
            let mut a = vec![0.0; 70];
            level.exponentials(&mut a, &[wrong; 70], if wrong.is_nan() { 1.0 } else { wrong });
            assert!(a.iter().all(|a| a.is_nan()), "what blew up stays visible");
        }
    }
}

/// `<a, g>` in 16 lanes, and the gradient of logits, by definition.
#[test]
fn gradients_of_logits_have_the_bits_of_their_definition() {
    for t in [1, 15, 16, 77, 1000] {
        let mut random = stream([t as u8; 16]);
        let (a, g) = (floats(&mut random, t), floats(&mut random, t));
        let mut lanes = [0.0; 16];
        for (i, (&a, &g)) in a.iter().zip(&g).enumerate() {
            lanes[i % 16] += f64::from(a) * f64::from(g);
        }
        let mean: f64 = lanes.iter().sum();
        for level in Level::available() {
            assert_eq!(level.inner(&a, &g).to_bits(), mean.to_bits(), "{level:?}");
            let mut ds = g.clone();
            level.to_logits(&mut ds, &a, mean as f32);
            let expected = |i: usize| a[i] * (g[i] - mean as f32);
            assert!((0..t).all(|i| ds[i].to_bits() == expected(i).to_bits()), "{level:?}");
            level.multiply_all(&mut ds, 0.3);
            assert!((0..t).all(|i| ds[i].to_bits() == (expected(i) * 0.3).to_bits()), "{level:?}");
        }
    }
}

/// Adam entry by entry, with the rounding of single precision, and of double precision for V.
#[test]
fn adam_has_the_bits_of_its_definition() {
    for t in [1, 33, 500] {
        let mut random = stream([t as u8; 16]);
        let (x, g, m) = (floats(&mut random, t), floats(&mut random, t), floats(&mut random, t));
        let s: Vec<f32> = floats(&mut random, t).into_iter().map(f32::abs).collect();
        for level in Level::available() {
            let (mut moved, mut first, mut second) = (x.clone(), m.clone(), s.clone());
            level.adam(&mut moved, &g, [&mut first, &mut second], [0.1, 0.001], [0.02, 1.5, 1e-8]);
            for i in 0..t {
                let first_moment = m[i] + 0.1 * (g[i] - m[i]);
                let second_moment = s[i] + 0.001 * (g[i] * g[i] - s[i]);
                let step = 0.02 * first_moment / (second_moment.sqrt() * 1.5 + 1e-8);
                let expected = [first_moment, second_moment, x[i] - step];
                assert_eq!([first[i], second[i], moved[i]].map(f32::to_bits), expected.map(f32::to_bits), "{level:?}");
            }
            let [x, g, m, s] = [&x, &g, &m, &s].map(|x| x.iter().map(|&x| f64::from(x)).collect::<Vec<_>>());
            let (mut moved, mut first, mut second) = (x.clone(), m.clone(), s.clone());
            level.adam_of_value(&mut moved, &g, [&mut first, &mut second], [0.1, 0.001], [0.02, 1.5, 1e-8]);
            for i in 0..t {
                let first_moment = m[i] + 0.1 * (g[i] - m[i]);
                let second_moment = s[i] + 0.001 * (g[i] * g[i] - s[i]);
                let step = 0.02 * first_moment / (second_moment.sqrt() * 1.5 + 1e-8);
                let expected = [first_moment, second_moment, x[i] - step];
                assert_eq!([first[i], second[i], moved[i]].map(f64::to_bits), expected.map(f64::to_bits), "{level:?}");
            }
        }
    }
}

/// Sequences of one line, copied to others one by one, are the tokens of the first; and sums of
/// fields are taken apart.
#[test]
fn tokens_are_copied_and_fields_counted_at_every_level() {
    for n in [2, 3, 4, 7, 16, 20, 256] {
        let case = Case::new((n, 300, 2));
        for level in Level::available() {
            let (drawn, lines) = case.fast(level, 1);
            let (blocks, sequences) = (case.layout.blocks(), case.layout.sequences());
            for ((line, i), tokens) in case.places().zip(&drawn.tokens) {
                for to in 0..sequences {
                    let mut copy = vec![Block::ZERO; blocks];
                    level.copy_tokens(&case.layout, &lines[line * blocks..][..blocks], &mut copy, [i, to]);
                    for (t, &token) in tokens.iter().enumerate() {
                        for other in 0..sequences {
                            let expected = if other == to { token } else { 0 };
                            assert_eq!(case.layout.token(&copy, other, t), expected, "N = {n}, {level:?}");
                        }
                    }
                }
            }
            let sums: Vec<f32> = (0..300).map(|i| (i * 6_781 % (1 << 21)) as f32).collect();
            for shift in [0, 7, 14] {
                let mut counts = vec![5; 300];
                counts[299] = u32::MAX;
                level.add_fields(&mut counts, &sums, shift, 7);
                assert!((0..299).all(|i| counts[i] == 5 + (sums[i] as u32 >> shift & 127)), "{level:?}");
                assert_eq!(counts[299], u32::MAX);
            }
        }
    }
}

/// Long enough to be shared among cores.
#[test]
fn any_number_of_cores_gives_the_same_bits() {
    let t = SHARED_ENTRIES + 12_345;
    let mut s = stream([5; 16]);
    let (a, g) = (floats(&mut s, t), floats(&mut s, t));
    let run = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| {
            let level = Level::best();
            let mut moved = a.clone();
            level.descend(&mut moved, &g, 0.7, 0.1, 0.3);
            level.add_to_all(&mut moved, 0.2);
            let mut fixed = FixedPointAttention::at(level, 1, t);
            fixed.set(&ndarray::Array2::from_shape_vec((1, t), moved.clone()).unwrap());
            let row = fixed.row(0);
            let weights: Vec<i32> = (0..t).map(|t| fixed.form.at(row.weights.as_flattened(), t)).collect();
            let (mass, square, count) = level.kept(&moved, -0.5);
            let sums = [level.sum(&a), mass, square, count].map(f64::to_bits);
            let scales: Vec<_> = row.scales.iter().map(|scale| (scale.unit.to_bits(), scale.total)).collect();
            let moved_bits = moved.iter().map(|a| a.to_bits()).collect::<Vec<_>>();
            (moved_bits, weights, scales, sums, level.largest(&moved).to_bits())
        })
    };
    assert!(run(1) == run(3));
}

#[test]
fn what_is_not_a_number_reaches_the_histograms_of_every_level() {
    for shape in [(3, 200, 2), (20, 70, 2)] {
        let mut case = Case::new(shape);
        case.attention.fill(f32::NAN);
        for level in Level::available() {
            for passes in [1, 2] {
                let (drawn, _) = case.fast(level, passes);
                assert!(drawn.histograms.iter().flatten().all(|&h| f64::from_bits(h).is_nan()), "{level:?}");
            }
        }
    }
}

#[test]
fn random_words_are_the_same_at_every_level() {
    let bits = Bits::new(&mut stream([1; 16]));
    let run = |level: Level| {
        let mut bits = bits.clone();
        let all = level.random_words(&mut bits, 1001);
        let mut words = [[0; GENERATORS]; 5];
        level.fill(&mut bits, &mut words);
        (all, words, bits)
    };
    let mut slow = bits.clone();
    let all = (0..1001).flat_map(|_| slow.advance()).fold(0, |all, word| all ^ word);
    let words = [(); 5].map(|()| slow.advance());
    for level in Level::available() {
        assert_eq!(run(level), (all, words, slow.clone()), "{level:?}");
    }
}

/// A state inside one 16-bit cell. Only escapes give it, so its frequency tests the low 48 bits. It
/// has 2^-17 of the mass; the tolerance is five standard errors.
#[test]
fn escapes_share_their_cells_in_proportion() {
    let cell = 1.0 / 65536.0;
    let inside = [0.5 + 0.25 * cell, 0.5 * cell, 0.5 - 0.75 * cell];
    let case = Case {
        states: States::new(&Categorical::new(&inside), 3),
        filled: vec![2; 16],
        queries: vec![0; 16],
        ..Case::new((3, 1 << 20, 1))
    };
    let (drawn, _) = case.fast(Level::best(), 1);
    let count = drawn.tokens.iter().flatten().filter(|&&x| x == 1).count();
    let expected = (32u64 << 20) as f64 * inside[1];
    assert!((count as f64 - expected).abs() < 5.0 * expected.sqrt(), "{count} of {expected}");
}

#[test]
fn levels_are_called_by_their_names() {
    let names: Vec<&str> = Level::available().into_iter().map(Level::name).collect();
    assert_eq!(names, ["portable", "avx2", "avx512"][..names.len()]);
    assert_eq!(Level::best(), *Level::available().last().unwrap());
}
