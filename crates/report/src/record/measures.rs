//! What a job measured.

/// Measures that only some runs have: name, unit and meaning.
pub const OPTIONAL: [(&str, &str, &str); 6] = [
    ("flips", "times", "how often both factors were turned over (with `flip`); null: not asked to"),
    (
        "predicted_mirrored",
        "",
        "probability that such a run of prox grows into the mirrored solution, by the Gaussian argument; null: none applies",
    ),
    (
        "predicted_support_50",
        "samples",
        "samples at which the moment estimator has the right support with probability 0.5, by the chi-square limit",
    ),
    ("predicted_support_90", "samples", "the same with probability 0.9"),
    ("source_error", "sqrt(K_P) of the source", "|V_src - P_src|_mu of the V that was transferred; null: none was"),
    ("start_alpha_v", "", "<Vc,Pc>_mu / K_P at the start of a run with a transferred V; null: none was transferred"),
];

/// What a job measured. Errors are relative: 1 is the uninformative start.
#[derive(Debug, Clone, PartialEq)]
pub struct Measures {
    /// Steps taken.
    pub steps: i64,
    /// Samples used, steps times batch size.
    pub samples: i64,
    /// First sample count with both correlations at the signal threshold.
    pub samples_to_signal: Option<i64>,
    /// First sample count from which on the support is right.
    pub samples_to_support: Option<i64>,
    /// First sample count with the rounded model within epsilon.
    pub samples_to_recovery: Option<i64>,
    /// `alpha_V` at the end.
    pub alpha_v: f64,
    /// `alpha_A` at the end.
    pub alpha_a: f64,
    /// `|V - P|_mu / sqrt(K_P)` at the end.
    pub value_error: f64,
    /// `|A - Q|_mu / sqrt(K_Q)` at the end.
    pub attention_error: f64,
    /// The value error of the rounded model at the end.
    pub rounded_value_error: f64,
    /// The attention error of the rounded model at the end.
    pub rounded_attention_error: f64,
    /// Expected loss at the end.
    pub loss: f64,
    /// Task constant `K_P`.
    pub k_p: f64,
    /// Task constant `K_Q`.
    pub k_q: f64,
    /// What only some runs have, in the order of [`OPTIONAL`].
    pub optional: [Option<f64>; OPTIONAL.len()],
}

impl Measures {
    /// A measure of [`OPTIONAL`] by name.
    #[must_use]
    pub fn optional(&self, name: &str) -> Option<f64> {
        self.optional[OPTIONAL.iter().position(|(n, ..)| *n == name)?]
    }

    fn counts(&self) -> (i64, i64, [Option<i64>; 3]) {
        let milestones = [self.samples_to_signal, self.samples_to_support, self.samples_to_recovery];
        (self.steps, self.samples, milestones)
    }

    /// Name and value of everything that is a real number.
    #[must_use]
    pub fn named_numbers(&self) -> [(&'static str, f64); 9] {
        [
            ("alpha_v", self.alpha_v),
            ("alpha_a", self.alpha_a),
            ("value_error", self.value_error),
            ("attention_error", self.attention_error),
            ("rounded_value_error", self.rounded_value_error),
            ("rounded_attention_error", self.rounded_attention_error),
            ("loss", self.loss),
            ("k_p", self.k_p),
            ("k_q", self.k_q),
        ]
    }

    /// Whether both say the same; numbers that are not finite are one.
    pub(super) fn agree(&self, other: &Self) -> bool {
        let same = |a: f64, b: f64| a.to_bits() == b.to_bits() || !(a.is_finite() || b.is_finite());
        self.counts() == other.counts()
            && self.numbers().into_iter().zip(other.numbers()).all(|(a, b)| same(a, b))
            // A row of the first version of the schema has none.
            && self.optional.iter().zip(other.optional).all(|(a, b)| a.zip(b).is_none_or(|(a, b)| same(a, b)))
    }

    fn numbers(&self) -> [f64; 9] {
        self.named_numbers().map(|(_, number)| number)
    }
}
