//! Tail probabilities of the chi-square distribution, central and not, with the same bits on every machine.

/// Terms of a series or a continued fraction at most; far fewer are needed.
const MOST_TERMS: usize = 10_000_000;

/// `ln (x^a e^-x / Gamma(a + 1))`.
fn log_term(a: f64, x: f64) -> f64 {
    a * libm::log(x) - x - libm::lgamma(a + 1.0)
}

/// The probability that a chi-square variable with `df > 0` degrees of freedom exceeds `x`: the upper regularised incomplete gamma
/// function at `df/2`, `x/2`, by its series or Lentz's continued fraction (Press et al., Numerical Recipes, section 6.2).
#[must_use]
pub fn exceeds(df: f64, x: f64) -> f64 {
    let (a, x) = (0.5 * df, 0.5 * x);
    if x <= 0.0 {
        return 1.0;
    }
    if x < a + 1.0 {
        let (mut term, mut sum) = (1.0, 1.0);
        for i in 1..MOST_TERMS {
            term *= x / (a + i as f64);
            sum += term;
            if term < 1e-17 * sum {
                break;
            }
        }
        return (1.0 - sum * libm::exp(log_term(a, x))).max(0.0);
    }
    let mut b = x + 1.0 - a;
    let (mut c, mut d) = (1e300, 1.0 / b);
    let mut h = d;
    for i in 1..MOST_TERMS {
        let i = i as f64;
        let numerator = -i * (i - a);
        b += 2.0;
        d = 1.0 / nonzero(numerator * d + b);
        c = nonzero(b + numerator / c);
        h *= d * c;
        if (d * c - 1.0).abs() < 1e-15 {
            break;
        }
    }
    // x^a e^-x / Gamma(a) = a times the term of a.
    h * a * libm::exp(log_term(a, x))
}

fn nonzero(x: f64) -> f64 {
    if x.abs() < 1e-300 { 1e-300 } else { x }
}

/// The same for a noncentral variable with noncentrality `shift >= 0`: the mixture of central ones with `df + 2 j` degrees of freedom, j Poisson
/// with mean `shift / 2`.
#[must_use]
pub fn exceeds_shifted(df: f64, shift: f64, x: f64) -> f64 {
    if x <= 0.0 {
        return 1.0;
    }
    if shift <= 0.0 {
        return exceeds(df, x);
    }
    // So far away that nothing is left: the tails fall off faster than those of a normal variable of half the distance.
    let distance = (x - df - shift) / (2.0 * (df + 2.0 * shift)).sqrt();
    if distance.abs() > FAR {
        return f64::from(distance < 0.0);
    }
    // Around its mean the Poisson distribution has all but 1e-20 of its mass.
    let (mean, a, half) = (0.5 * shift, 0.5 * df, 0.5 * x);
    let reach = 10.0 * mean.sqrt() + 40.0;
    let first = (mean - reach).max(0.0).floor();
    let mut tail = exceeds(df + 2.0 * first, x);
    let mut sum = 0.0;
    for i in 0..(2.0 * reach) as usize + 1 {
        let j = first + i as f64;
        sum += libm::exp(log_term(j, mean)) * tail;
        // Q(a + 1, x) = Q(a, x) + x^a e^-x / Gamma(a + 1).
        tail = (tail + libm::exp(log_term(a + j, half))).min(1.0);
    }
    sum.min(1.0)
}

/// Standard deviations beyond which a tail is 0 or 1.
const FAR: f64 = 40.0;

#[cfg(test)]
mod tests {
    use statrs::distribution::{ChiSquared, ContinuousCDF};

    use super::*;

    #[test]
    fn tails_agree_with_a_library() {
        for df in [1.0, 4.0, 9.0, 25.0, 225.0] {
            let library = ChiSquared::new(df).unwrap();
            for share in [0.01, 0.3, 0.9, 1.0, 1.1, 2.0, 4.0] {
                let (ours, theirs) = (exceeds(df, share * df), library.sf(share * df));
                assert!((ours - theirs).abs() < 1e-10 + 1e-8 * theirs, "{df} {share}: {ours} {theirs}");
            }
        }
        assert_eq!((exceeds(4.0, 0.0), exceeds_shifted(4.0, 3.0, -1.0)), (1.0, 1.0));
        assert!((exceeds_shifted(9.0, 0.0, 12.0) - exceeds(9.0, 12.0)).abs() < 1e-14);
    }

    /// With one degree of freedom a noncentral variable is `(z + d)^2`, z normal, so its tail is `Phi(d - s) + Phi(-d - s)`, `s = sqrt(x)`.
    #[test]
    fn one_degree_of_freedom_has_a_closed_form() {
        let phi = |z: f64| 0.5 * libm::erfc(-z / std::f64::consts::SQRT_2);
        for d in [0.0f64, 0.1, 1.0, 3.0, 10.0, 100.0, 200.0, 1000.0, 3000.0] {
            for x in [0.5f64, 4.0, 30.0, 120.0, (d + 1.5) * (d + 1.5), (d - 0.5) * (d - 0.5)] {
                let exact = phi(d - x.sqrt()) + phi(-d - x.sqrt());
                // Logarithms of terms are as large as d^2 ln d^2, and as exact as a double of that size.
                let room = 1e-9 + 1e-14 * d * d;
                assert!((exceeds_shifted(1.0, d * d, x) - exact).abs() < room, "{d} {x}");
            }
        }
    }
}
