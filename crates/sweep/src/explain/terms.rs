//! Words of the field, of reports and of messages that are no keys and no columns.

/// Words and what they mean.
pub const TERMS: &[(&str, &str)] = &[
    ("mu", "stationary distribution of the transition matrix P: how often each state occurs"),
    (
        "K_P",
        "|P - mu 1'|_mu^2: how far the next state depends on the current one; |M|_mu^2 is the sum over columns k of mu_k |M_k|^2",
    ),
    (
        "K_Q",
        "|Q - 1/T|_mu^2, where Q is the (T, N) matrix of the attention patterns q^(k): about 1/Q for long sequences",
    ),
    (
        "alpha_V",
        "correlation of V with P: <V - mu 1', P - mu 1'>_mu / K_P; 0 at the start, 1 at the truth, -1 in the mirrored solution",
    ),
    (
        "alpha_A",
        "correlation of the attention with the patterns: <A - 1/T, Q - 1/T>_mu / K_Q; 0 at the start, 1 at the truth",
    ),
    (
        "rounded model",
        "entries of the attention below `keep` times the largest of their row are dropped, the others are divided by their sum, and V - mu 1' is multiplied by that sum (its mean over query tokens)",
    ),
    (
        "clear mass",
        "how far the attention rises above 1/T on the entries that stand out, those at least `keep` times as far from 1/T as the farthest of the row, minus how far it falls below on those of the other side",
    ),
    ("cell", "one N, Q, T, algorithm and value of every condition; its needed samples are one number"),
    ("setting", "a value of every hyperparameter, such as batch_size, eta_boost and lambda"),
    (
        "condition",
        "a key that is part of the question and no hyperparameter, such as persistence or epsilon: never chosen, always compared",
    ),
    (
        "replicate",
        "one run of a setting: a task and samples of its own; the same task for every setting and algorithm. Those of races are numbered from 1 000 000 on",
    ),
    (
        "needed samples",
        "samples by which the share `answer.quantile` of the runs reaches a milestone, at hyperparameters that were chosen on other runs",
    ),
    (
        "lower bound",
        "needed samples of a cell in which too few runs are known to arrive: shown with >, and a bound to the laws too",
    ),
    (
        "edge",
        "a chosen value that is the largest or smallest of its tuning grid, or lies at a bound of the search: wider grids may need fewer samples, so nothing is decided there",
    ),
    ("race", "in a search, settings run on the same tasks; one that cannot win leaves after a few runs"),
    ("settled", "a search whose best setting has no better neighbour on the lattice"),
    ("reference", "what others are compared with: the first algorithm, or the default of a condition"),
    ("sum law", "needed samples as the sum of those to the signal and of the rest, each a power of T, N and Q"),
    (
        "AICc",
        "Akaike's criterion for few cells: the law with the smaller one describes them better; a difference of 2 counts",
    ),
    (
        "confirmed",
        "a sentence of a claim whose interval lies within what it says, in cells that are tuned within their ranges",
    ),
    ("refuted", "a sentence whose interval lies outside of what it says"),
    ("undecided", "a sentence whose interval meets the limit, or that rests on a cell at an edge"),
    ("measured", "a number of which nothing is claimed"),
];
