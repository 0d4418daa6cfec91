//! Tail probabilities of the chi-square distribution, central and not, with the same bits on every machine.

/// Terms of a series or a continued fraction at most; far fewer are needed.
const MOST_TERMS: usize = 10_000;

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
    let (mean, a, half) = (0.5 * shift, 0.5 * df, 0.5 * x);
    let mut tail = exceeds(df, x);
    let (mut sum, mut passed) = (0.0, 0.0);
    for j in 0..MOST_TERMS {
        let weight = if mean > 0.0 { libm::exp(log_term(j as f64, mean)) } else { f64::from(j == 0) };
        sum += weight * tail;
        passed += weight;
        if passed > 1.0 - 1e-12 {
            break;
        }
        // Q(a + 1, x) = Q(a, x) + x^a e^-x / Gamma(a + 1).
        tail = (tail + libm::exp(log_term(a + j as f64, half))).min(1.0);
    }
    sum
}

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
        for d in [0.1f64, 1.0, 3.0, 10.0] {
            for x in [0.5f64, 4.0, 30.0, 120.0] {
                let exact = phi(d - x.sqrt()) + phi(-d - x.sqrt());
                assert!((exceeds_shifted(1.0, d * d, x) - exact).abs() < 1e-9, "{d} {x}");
            }
        }
    }
}
