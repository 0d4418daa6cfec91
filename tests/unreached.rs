//! Where no run of a cell arrives, the first line of the answer says why and what to change.

use super::{succeed, with_small};

/// The answer in the terminal to the small sweep with these overrides.
fn answer(overrides: &str) -> String {
    let home = with_small();
    succeed(home.path(), &format!("run small.toml {overrides}")).0.trim_start().to_owned()
}

#[test]
fn a_sweep_that_diverges_says_so_first() {
    let text = answer("batch_size=16 eta_boost=30");
    let first = text.lines().next().unwrap();
    assert!(first.starts_with("prox: all 12 runs at T = 32, 48, 64 diverged: lower eta_boost, now 30, or"), "{text}");
}

#[test]
fn a_budget_that_ends_before_the_signal_is_named_first() {
    // T = 32 recovers, T = 64 has no time to.
    let text = answer("T=32,64 batch_size=20 training.max_samples=4000-60*T");
    let first = text.lines().next().unwrap();
    assert!(
        first.starts_with("prox: all 4 runs at T = 64 ended before the signal: raise max_samples, now 160"),
        "{text}"
    );
}

#[test]
fn a_sweep_in_which_some_runs_arrive_says_nothing_of_it() {
    for overrides in ["", "T=32 batch_size=20 training.max_samples=1300 replicates=8"] {
        let text = answer(overrides);
        assert!(text.contains("exhausted") || overrides.is_empty(), "some must fail: {text}");
        assert!(text.starts_with("Samples by which 90 % of the runs recover"), "{text}");
    }
}
