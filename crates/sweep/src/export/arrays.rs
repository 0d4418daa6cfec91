//! What each exported array is called, its shape, type and meaning. The help of `sweep export` and
//! `meta.json` in the file say the same.

use std::fmt::Write;

/// One array.
#[derive(Debug, Clone, Copy)]
pub struct ArrayDeclaration {
    /// Its name in the file.
    pub name: &'static str,
    /// Its shape, in N, Q, T, the number of samples B and the number of checks C; `()` for a number.
    pub shape: &'static str,
    /// NumPy's name of its type.
    pub dtype: &'static str,
    /// What it is.
    pub meaning: &'static str,
}

const fn array(
    name: &'static str,
    shape: &'static str,
    dtype: &'static str,
    meaning: &'static str,
) -> ArrayDeclaration {
    ArrayDeclaration { name, shape, dtype, meaning }
}

/// Every array. A file has those that belong to what was exported.
pub const ARRAYS: &[ArrayDeclaration] = &[
    array("P", "(N, N)", "float64", "transition matrix: P[n, m] is the probability of state n after state m"),
    array("mu", "(N,)", "float64", "stationary distribution of P"),
    array("positions", "(N, Q)", "int64", "positions, from 0, that query token k attends to: row k"),
    array("weights", "(N, Q)", "float64", "their weights in q^(k): row k, which sums to 1"),
    array("V_start", "(N, N)", "float64", "V before the first step"),
    array("A_start", "(T, N)", "float32", "attention before the first step; column k is a^(k)"),
    array(
        "V",
        "(N, N)",
        "float64",
        "V at the end of the run; the prediction is V @ X @ A[:, k], with X of shape (N, T)",
    ),
    array("A", "(T, N)", "float32", "attention at the end of the run"),
    array("samples_to_signal", "()", "float64", "samples after which both correlations were at `signal`; NaN: never"),
    array(
        "samples_to_support",
        "()",
        "float64",
        "samples from which the Q largest entries stayed the true ones; NaN: never",
    ),
    array(
        "samples_to_recovery",
        "()",
        "float64",
        "samples after which the rounded model was within `epsilon`; NaN: never",
    ),
    array("trace_samples", "(C,)", "int64", "samples used at each check of the run"),
    array("trace_stage", "(C,)", "uint8", "stage of the next step: 0 boosting, 1 sparse, 2 rounding"),
    array("trace_alpha_v", "(C,)", "float64", "correlation of V with P at each check: <V - mu 1', P - mu 1'>_mu / K_P"),
    array("trace_alpha_a", "(C,)", "float64", "correlation of A with Q at each check: <A - 1/T, Q - 1/T>_mu / K_Q"),
    array("trace_loss", "(C,)", "float64", "expected loss at each check"),
    array("tokens", "(B, T)", "uint8", "tokens x_1 .. x_T of each sample, from 0"),
    array("queries", "(B,)", "uint8", "query token k = x_{T+1} of each sample, from 0"),
    array("outputs", "(B,)", "uint8", "output x_o of each sample, from 0"),
    array(
        "batch_loss_start",
        "()",
        "float64",
        "mean over the samples of 1/2 |e_{x_o} - V X a^(k)|^2, at V_start and A_start",
    ),
    array("gradient_V_start", "(N, N)", "float64", "its gradient with respect to V"),
    array("gradient_A_start", "(T, N)", "float32", "its gradient with respect to A; column k belongs to a^(k)"),
    array("batch_loss", "()", "float64", "the same mean at V and A; NaN if the run has diverged, as for the next two"),
    array("gradient_V", "(N, N)", "float64", "its gradient with respect to V"),
    array("gradient_A", "(T, N)", "float32", "its gradient with respect to A"),
];

/// The declaration of an array.
#[must_use]
pub fn declaration(name: &str) -> Option<&'static ArrayDeclaration> {
    ARRAYS.iter().find(|array| array.name == name)
}

/// The arrays as lines of a help text.
#[must_use]
pub fn help() -> String {
    let mut text = "Arrays (B samples, C checks of the run):\n".to_owned();
    for ArrayDeclaration { name, shape, dtype, meaning } in ARRAYS {
        let _ = writeln!(text, "  {name:<19} {shape:<6} {dtype:<7}  {meaning}");
    }
    text += "\nIn the same file, meta.json says what the run was: its settings, how it ended, what it measured,\n\
             and the shape, type and meaning of every array. In NumPy:\n\n  \
             run = np.load(\"run.npz\"); meta = json.loads(run[\"meta.json\"])\n  \
             x = np.eye(len(run[\"mu\"]))[run[\"tokens\"]]                    # (B, T, N), one-hot\n  \
             f = np.einsum(\"nm,btm,tb->bn\", run[\"V\"], x, run[\"A\"][:, run[\"queries\"]])";
    text
}
