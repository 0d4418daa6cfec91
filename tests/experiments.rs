//! The experiments of `sweeps/`, small: what each concludes at fixed seeds. Beside each check
//! stands how often it would alarm were the seed random.

use std::fs;
use std::path::{Path, PathBuf};

use super::{succeed, table};

/// Runs a config given as text; the run directory.
fn run(home: &Path, text: &str) -> PathBuf {
    fs::write(home.join("small.toml"), text).unwrap();
    succeed(home, "run small.toml -q");
    home.join("output/small")
}

/// Finding, statement, evidence, estimate of every sentence.
fn verdicts(run: &Path) -> Vec<(String, String, String, Option<f64>)> {
    let table = table(run, "verdicts.parquet");
    let text = |name: &str, row: usize| table.texts(name).unwrap()[row].clone().unwrap();
    (0..table.rows())
        .map(|row| {
            let estimate = table.floats("estimate").unwrap()[row];
            (text("finding", row), text("statement", row), text("evidence", row), estimate)
        })
        .collect()
}

/// The finding of the sentence that begins so.
fn finding(run: &Path, statement: &str) -> String {
    let all = verdicts(run);
    let found = all.iter().find(|v| v.1.starts_with(statement));
    found.unwrap_or_else(|| panic!("{statement}: {all:?}")).0.clone()
}

/// Needed samples of an algorithm and milestone whose further column has this value: `(T, samples)`
/// of the cells that reached.
fn needed(run: &Path, algorithm: &str, milestone: &str, key: &str, value: f64) -> Vec<(i64, i64)> {
    let table = table(run, "needed.parquet");
    let is = |name: &str, row: usize, text: &str| table.texts(name).unwrap()[row].as_deref() == Some(text);
    let at = |row: &usize| {
        is("algorithm", *row, algorithm)
            && is("milestone", *row, milestone)
            && table.floats(key).is_none_or(|cells| cells[*row] == Some(value))
    };
    let int = |name: &str, row: usize| table.ints(name).unwrap()[row].unwrap();
    (0..table.rows()).filter(at).map(|row| (int("T", row), int("needed_samples", row))).collect()
}

/// At the size of the paper 88 % of the runs of Algorithm 1 recover, so that 12 or more of 16 do in
/// 98 of 100 cases; of vanilla SGD none does. The interval of the mirrored share has its prediction
/// in it in 95 of 100 cases.
#[test]
fn convergence_algorithm_1_recovers_and_sgd_does_not() {
    let home = tempfile::tempdir().unwrap();
    let text = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../../sweeps/convergence.toml")).unwrap();
    let run = run(home.path(), &text.replace("replicates = 32", "replicates = 16"));
    assert_eq!(finding(&run, "Algorithm 1 recovers P and Q"), "confirmed");
    assert_eq!(finding(&run, "Vanilla SGD does not recover"), "confirmed");
    assert_ne!(finding(&run, "With small λ as many runs of Algorithm 1 are mirrored"), "refuted");
    let evidence = &verdicts(&run)[2].2;
    assert!(evidence.contains("λ = 1e-5: α_A") && !evidence.contains("α_A -,"), "{evidence}");
    for name in ["claim_convergence", "claim_convergence_sgd"] {
        assert!(run.join(format!("figures/{name}.svg")).is_file(), "{name}");
    }
}

/// Over ten other seeds the exponents of the two stages differed by 0.71 to 1.35.
#[test]
fn two_stages_the_second_depends_on_the_length_less() {
    let home = tempfile::tempdir().unwrap();
    let run = run(
        home.path(),
        "seed = 5\nreplicates = 30\n\
         [[grid]]\nN = 3\nQ = 1\nT = [32, 64, 128, 256, 512, 1024]\ninit_alpha_v = 0\ninit_alpha_a = 0\n\
         batch_size = [\"0.05*(T + 64)\", \"0.1*(T + 64)\", \"0.2*(T + 64)\", \"0.4*(T + 64)\"]\neta_boost = 0.1\nmax_samples = \"40*T + 6000\"\n\
         [[grid]]\nN = 3\nQ = 1\nT = [64, 128, 256, 512, 1024]\ninit_alpha_v = 0.5\ninit_alpha_a = 0.5\nbatch_size = [64, 90, 128, 180, 256, 362, 512, 724]\n\
         eta_sparse = 1\nattention_step = 1.25\nlambda = 0.0025\nmax_samples = \"8*batch_size\"\n\
         [task]\npersistence = 0.7\n[training]\nboost = { end_alpha = 0.5, end_share = 0.5 }\n\
         [answer]\nclaim = \"two_stages\"\n",
    );
    let verdicts = verdicts(&run);
    let exponent = |statement: &str| verdicts.iter().find(|v| v.1.starts_with(statement)).unwrap().3.unwrap();
    let (first, second) = (exponent("Stage 1, from nothing"), exponent("Stage 2 depends on T less"));
    assert!(second + 0.1 < first, "{verdicts:?}");
    assert_ne!(finding(&run, "Stage 2 depends on T less"), "refuted");
    assert!(run.join("figures/claim_two_stages.svg").is_file());
}

/// At T = 512 a perfect V saves samples, and a V of theta = -1 leads astray: over ten other seeds
/// it saved factors of 1.5 to 13, and 94 % or more of the runs ended mirrored.
#[test]
fn transfer_saves_samples_and_a_negative_correlation_leads_astray() {
    let home = tempfile::tempdir().unwrap();
    let run = run(
        home.path(),
        "seed = 5\nreplicates = 12\n\
         [[grid]]\nN = 3\nQ = 2\nT = [64, 128, 256, 512]\ntransfer = 1\ntheta = [-1, 1]\nbatch_size = [128, 512, 1024]\neta_sparse = [0.2, 0.4]\n\
         attention_step = [1, 3]\nmax_samples = 12000\n\
         [[grid]]\nN = 3\nQ = 2\nT = [64, 128, 256, 512]\ntransfer = 0\ntheta = 1\nbatch_size = [\"T/4 + 8\", \"T/2 + 8\"]\nmax_samples = \"80*T + 6000\"\n\
         [task]\npersistence = 0.7\n[training]\nboost = { end_alpha = 0.5, end_share = 0.5 }\n\
         [answer]\nclaim = \"transfer\"\n",
    );
    assert_eq!(
        finding(&run, "Beyond a threshold of θ"),
        "undecided",
        "no theta below 1 is positive: nothing was tried"
    );
    let scratch = needed(&run, "prox", "recovery", "transfer", 0.0);
    let runs = table(&run, "needed.parquet");
    let (mut transferred, mut rows) = (Vec::new(), 0);
    for row in 0..runs.rows() {
        let is = |name: &str, value: f64| runs.floats(name).unwrap()[row] == Some(value);
        let recovery = runs.texts("milestone").unwrap()[row].as_deref() == Some("recovery");
        if recovery && is("transfer", 1.0) {
            rows += 1;
            if is("theta", 1.0) {
                transferred.push(runs.ints("needed_samples").unwrap()[row].unwrap());
            }
        }
    }
    assert_eq!((scratch.len(), transferred.len(), rows), (4, 4, 8));
    assert!(scratch[3].0 == 512 && 5 * transferred[3] < 4 * scratch[3].1, "{scratch:?} {transferred:?}");
    let mirrored = |sign: f64| {
        let runs = table(&run, "runs.parquet");
        let of = |row: &usize| {
            runs.floats("theta").unwrap()[*row] == Some(sign) && runs.floats("transfer").unwrap()[*row] == Some(1.0)
        };
        let all: Vec<usize> = (0..runs.rows()).filter(of).collect();
        let bad = all.iter().filter(|&&row| runs.texts("status").unwrap()[row].as_deref() == Some("mirrored")).count();
        bad as f64 / all.len() as f64
    };
    assert!(mirrored(-1.0) > 0.5 && mirrored(1.0) < 0.1, "{} {}", mirrored(-1.0), mirrored(1.0));
    // 12 replicates, 4 lengths, 2 thetas; every setting shares them.
    assert_eq!(fs::read_dir(run.join("pretraining")).unwrap().count(), 12 * 4 * 2);
}

/// Both recover nearly always at these lengths: over ten other seeds in 11 or 12 of 12 runs. One
/// setting each: nothing is tuned.
#[test]
fn softmax_by_adam_learns_what_linear_attention_learns() {
    let home = tempfile::tempdir().unwrap();
    let run = run(
        home.path(),
        "seed = 5\nreplicates = 12\n\
         [[grid]]\nN = 3\nQ = 2\nT = [32, 64]\nbatch_size = \"T/4 + 8\"\n\
         [[grid]]\nN = 3\nQ = 2\nT = [32, 64]\nalgorithm = \"softmax_adam\"\nbatch_size = 16\neta_boost = 0.03\neta_sparse = \"eta_boost/4\"\n\
         attention_step = 1\n[training]\nmax_samples = \"60*T + 8000\"\n[answer]\nclaim = \"softmax\"\n",
    );
    assert_eq!(finding(&run, "linear, Algorithm 1: learns P and Q"), "confirmed", "{:?}", verdicts(&run));
    assert_eq!(finding(&run, "softmax, Adam: learns P and Q"), "confirmed", "{:?}", verdicts(&run));
    for name in ["needed", "training", "attention", "values"] {
        assert!(run.join(format!("figures/claim_softmax_{name}.svg")).is_file(), "{name}");
    }
    // Replays are of the runs that the tables hold: made again, they say the same.
    let before = fs::read(run.join("figures/claim_softmax_training.svg")).unwrap();
    succeed(home.path(), "report output/small");
    assert_eq!(fs::read(run.join("figures/claim_softmax_training.svg")).unwrap(), before);
}

/// The threshold that the chi-square limit predicts, and its growth: from T = 64 to T = 1024 the
/// moment estimator took 1.0 to 1.9 times as many samples over ten other seeds, prox 3.0 to 5.1
/// times, and at T = 1024 prox took 3.6 to 6.7 times as many as the estimator. The threshold was
/// confirmed in seven of them and undecided in three.
#[test]
fn moment_estimator_takes_as_many_samples_as_predicted_and_hardly_more_for_longer_sequences() {
    let home = tempfile::tempdir().unwrap();
    let run = run(
        home.path(),
        "seed = 5\nreplicates = 40\n\
         [[grid]]\nN = 3\nQ = 2\nT = [64, 256, 1024]\nalgorithm = \"moment\"\nbatch_size = 16\nmax_samples = 5000\n\
         [[grid]]\nN = 3\nQ = 2\nT = [64, 256, 1024]\nbatch_size = [\"T/8 + 8\", \"T/4 + 8\"]\nmax_samples = \"40*T + 6000\"\n\
         [training]\nresolution = 0.05\nboost = { end_alpha = 0.5, end_share = 0.5 }\n[answer]\nquantile = 0.75\nclaim = \"moment\"\n",
    );
    assert_eq!(finding(&run, "The finite-sample threshold"), "confirmed", "{:?}", verdicts(&run));
    let of = |algorithm: &str| needed(&run, algorithm, "support", "-", 0.0);
    let (moment, prox) = (of("moment"), of("prox"));
    assert!(moment[2].1 < 2 * moment[0].1 + 200, "{moment:?}");
    assert!(prox[2].1 > 2 * prox[0].1 && prox[2].1 > 2 * moment[2].1, "{prox:?} {moment:?}");
    assert!(fs::read_to_string(run.join("figures/claim_moment.svg")).unwrap().contains("predicted"));
}

/// Both tests are made at the 1 % level, so each alarms in one of 100 cases; so few runs need not
/// be enough to confirm.
#[test]
fn mirrored_runs_are_as_many_as_predicted_and_a_sign_flip_saves_them() {
    let home = tempfile::tempdir().unwrap();
    let run = run(
        home.path(),
        "seed = 5\nreplicates = 60\n[grid]\nN = 3\nQ = 2\nT = [256, 512, 1024]\neta_boost = 0.1\n\
         batch_size = [\"0.085*T\", \"0.12*T\", \"0.17*T\", \"0.24*T\"]\nflip = [0, 1.5]\n\
         [training]\nmax_samples = \"50*T + 6000\"\nboost = { end_alpha = 0.5, end_share = 0.5 }\n[answer]\nclaim = \"mirrored\"\n",
    );
    let verdicts = verdicts(&run);
    assert!(verdicts[0].0 != "refuted" && verdicts[1].0 != "refuted", "{verdicts:?}");
    // Observed over predicted: some 70 runs, so four standard deviations are a factor of 1.5.
    let ratio = verdicts[1].3.unwrap();
    assert!((0.6..1.5).contains(&ratio), "{verdicts:?}");
    let runs = table(&run, "runs.parquet");
    let mut mirrored = [0, 0];
    for row in 0..runs.rows() {
        let flips = usize::from(runs.floats("flip").unwrap()[row] != Some(0.0));
        mirrored[flips] += usize::from(runs.texts("status").unwrap()[row].as_deref() == Some("mirrored"));
    }
    // Of 720 runs each some 80 are mirrored as they are, by the prediction; with the sign flip next
    // to none.
    assert!(mirrored[0] > 40 && mirrored[1] < mirrored[0] / 5, "{mirrored:?}");
}
