//! Hostile input: configs, overrides, expressions and parts that nobody would write. The answer is
//! a result or an error; never a panic, never a hang, and never more memory than a bound.
//!
//! Each target runs for two seconds, or for as many as `SWEEP_FUZZ_SECONDS` says (CI: a minute),
//! over bytes and over a grammar, from fixed seeds.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on says so by panicking")]

use std::alloc::{GlobalAlloc, Layout, System};
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use proptest::prelude::*;
use proptest::test_runner::{Config as Rounds, RngAlgorithm, TestRng, TestRunner};
use sweep::config;
use sweep::config::expression::{Expression, Kind};
use sweep::config::resolved;
use sweep::execution::Work;
use sweep::execution::training::Training;
use sweep::job;
use sweep::store::part;

/// What one input may make the program take, in bytes, whatever it says. The largest that is
/// honest: 200 000 values of ranges.
const BOUND: usize = 128 << 20;
/// How long one input may take.
const SLOWEST: Duration = Duration::from_secs(5);

/// The system's allocator with a tally.
struct Counting;

static NOW: AtomicUsize = AtomicUsize::new(0);
static MOST: AtomicUsize = AtomicUsize::new(0);

#[allow(unsafe_code, reason = "counting what is allocated needs an allocator")]
// SAFETY: every call goes to the system's allocator as it came.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let now = NOW.fetch_add(layout.size(), Ordering::Relaxed) + layout.size();
        MOST.fetch_max(now, Ordering::Relaxed);
        // Far above the bound it fails, so that a mistake ends this test and not the machine.
        if now > 16 * BOUND {
            return std::ptr::null_mut();
        }
        // SAFETY: as the caller promises.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        NOW.fetch_sub(layout.size(), Ordering::Relaxed);
        // SAFETY: as the caller promises.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// Memory is counted for the whole process.
static ALONE: Mutex<()> = Mutex::new(());

/// Feeds `target` from `inputs` until the time is over; what fails is shrunk and shown. It says
/// whether it took the input: one input in fifty at least must be taken, or all of them would end
/// at the door.
fn fuzz<T: std::fmt::Debug>(inputs: impl Strategy<Value = T>, target: impl Fn(&T) -> bool) {
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    let seconds = std::env::var("SWEEP_FUZZ_SECONDS").ok().and_then(|text| text.parse().ok()).unwrap_or(2.0);
    let (start, mut cases, mut peak) = (Instant::now(), 0u64, 0);
    let mut round = 0u64;
    let (worst, accepted) = (AtomicUsize::new(0), AtomicUsize::new(0));
    while start.elapsed().as_secs_f64() < seconds {
        round += 1;
        let mut seed = [0; 32];
        seed[..8].copy_from_slice(&round.to_le_bytes());
        let rounds = Rounds { cases: 64, failure_persistence: None, ..Rounds::default() };
        let mut runner = TestRunner::new_with_rng(rounds, TestRng::from_seed(RngAlgorithm::ChaCha, &seed));
        let outcome = runner.run(&inputs, |input| {
            let before = NOW.load(Ordering::Relaxed);
            MOST.store(before, Ordering::Relaxed);
            let begun = Instant::now();
            let done = sweep::platform::panics::caught(|| target(&input));
            prop_assert!(done.is_ok(), "{}", done.unwrap_err());
            accepted.fetch_add(usize::from(done.unwrap_or(false)), Ordering::Relaxed);
            let (took, taken) = (begun.elapsed(), MOST.load(Ordering::Relaxed).saturating_sub(before));
            worst.fetch_max(taken, Ordering::Relaxed);
            prop_assert!(took < SLOWEST, "took {took:?}");
            prop_assert!(taken < BOUND, "took {taken} bytes");
            Ok(())
        });
        if let Err(failure) = outcome {
            panic!("round {round}: {failure}");
        }
        cases += 64;
        peak = worst.load(Ordering::Relaxed);
    }
    let accepted = accepted.into_inner();
    eprintln!(
        "{cases} inputs, {accepted} of them taken, in {:.0} s, {} kB at most",
        start.elapsed().as_secs_f64(),
        peak / 1024
    );
    assert!(50 * accepted as u64 > cases, "{accepted} of {cases} inputs are taken");
}

/// Numbers as people write them, and as nobody does.
fn number() -> impl Strategy<Value = String> {
    prop_oneof![
        4 => (0i64..300).prop_map(|n| n.to_string()),
        2 => (-3.0f64..3.0).prop_map(|x| format!("{x:?}")),
        1 => any::<i64>().prop_map(|n| n.to_string()),
        1 => any::<f64>().prop_map(|x| format!("{x:?}")),
        1 => prop::sample::select(vec!["1e400", "-0", "0x7f", "1_000", "9".repeat(40).leak(), "inf", "nan", "1e15", ".5", "5."])
            .prop_map(str::to_owned),
    ]
}

fn name() -> impl Strategy<Value = String> {
    let known = [
        "N",
        "Q",
        "T",
        "batch_size",
        "eta_boost",
        "eta_sparse",
        "lambda",
        "algorithm",
        "max_samples",
        "persistence",
        "concentration",
        "init_alpha_v",
        "alpha_v",
        "alpha_a",
        "epsilon",
        "cut",
        "keep",
        "zip",
        "where",
        "name",
        "seed",
        "replicates",
        "max_jobs",
        "weights",
        "matrix",
        "step_scale",
        "steps",
        "stop_at",
        "signal",
        "resolution",
        "boost",
        "sparse",
        "enabled",
        "quantile",
        "end_steps",
        "end_share",
        "end_alpha",
        "end_kept_mass",
        "end_clear_mass",
        "dirichlet",
        "lin",
        "geom",
        "points",
        "grid",
        "task",
        "training",
    ];
    prop_oneof![9 => prop::sample::select(known.to_vec()).prop_map(str::to_owned), 1 => "[a-zA-Z_]{1,8}"]
}

/// Expressions by their grammar, and a little beside it.
fn expression() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![3 => name(), 3 => number()];
    leaf.prop_recursive(6, 40, 3, |inner| {
        let operator = prop::sample::select(vec![
            "+", "-", "*", "/", "^", "<", "<=", ">", ">=", "==", "!=", "&&", "||", ",", " ", "%",
        ]);
        let function = prop::sample::select(vec!["min", "max", "sqrt", "ln", "log2", "round", "floor", "ceil", "sin", ""]);
        prop_oneof![
            4 => (inner.clone(), operator, inner.clone()).prop_map(|(a, o, b)| format!("{a} {o} {b}")),
            2 => (function, prop::collection::vec(inner.clone(), 0..3)).prop_map(|(f, a)| format!("{f}({})", a.join(", "))),
            1 => (prop::sample::select(vec!["-", "!", "--", "("]), inner).prop_map(|(s, a)| format!("{s}{a}")),
        ]
    })
}

/// Values of a config.
fn value() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        4 => number(),
        2 => expression().prop_map(|text| format!("{text:?}")),
        1 => prop::sample::select(vec!["true", "false", "\"prox\"", "\"sgd\"", "\"equal\"", "\"budget\"", "1979-05-27", "\"\"", "'''"])
            .prop_map(str::to_owned),
        1 => (number(), number(), number(), any::<bool>()).prop_map(|(a, b, n, geometric)| {
            format!("{{ {} = [{a}, {b}], points = {n} }}", if geometric { "geom" } else { "lin" })
        }),
        1 => (name(), number()).prop_map(|(key, x)| format!("{{ {key} = {x} }}")),
    ];
    leaf.prop_recursive(3, 12, 4, |inner| {
        prop::collection::vec(inner, 0..5).prop_map(|items| format!("[{}]", items.join(", ")))
    })
}

/// Values that a whole number, a real one or a choice may have, on their own and as axes of a grid.
fn plausible(kind: &'static str) -> BoxedStrategy<String> {
    let whole = || (1i64..40).prop_map(|n| n.to_string());
    let real = || (1i64..100).prop_map(|n| format!("{:?}", n as f64 / 100.0));
    let number = move || if kind == "whole" { whole().boxed() } else { real().boxed() };
    let text = prop::sample::select(vec!["T/4", "2*N + Q", "min(T, 9*Q)", "max(1, sqrt(T))", "N^2", "ceil(ln(T))"]);
    let condition = prop::sample::select(vec!["Q < N", "T >= 4*Q && N != 3", "!(Q == 2) || T > 20"]);
    match kind {
        "number" => real().boxed(),
        "end" => prop_oneof![whole(), real(), Just("false".to_owned())].boxed(),
        "condition" => condition.prop_map(|text| format!("{text:?}")).boxed(),
        "whole" | "real" => prop_oneof![
            3 => number(),
            2 => prop::collection::vec(number(), 1..4).prop_map(|items| format!("[{}]", items.join(", "))),
            1 => (number(), number(), 2usize..5, any::<bool>()).prop_map(|(a, b, points, geometric)| {
                format!("{{ {} = [{a}, {b}], points = {points} }}", if geometric { "geom" } else { "lin" })
            }),
            1 => text.prop_map(|text| format!("{text:?}")),
        ]
        .boxed(),
        words => {
            prop::sample::select(words.split(' ').collect::<Vec<_>>()).prop_map(|word| format!("{word:?}")).boxed()
        }
    }
}

/// Section, key and value: mostly what belongs together.
fn setting() -> impl Strategy<Value = (&'static str, String, String)> {
    let known = prop::sample::select(vec![
        ("grid", "N", "whole"),
        ("grid", "Q", "whole"),
        ("grid", "T", "whole"),
        ("grid", "batch_size", "whole"),
        ("grid", "eta_boost", "real"),
        ("grid", "eta_sparse", "real"),
        ("grid", "lambda", "real"),
        ("grid", "persistence", "real"),
        ("grid", "algorithm", "prox sgd population"),
        ("grid", "where", "condition"),
        ("task", "concentration", "number"),
        ("task", "weights", "equal"),
        ("init", "alpha_v", "number"),
        ("init", "init_alpha_v", "number"),
        ("training", "epsilon", "number"),
        ("training", "max_samples", "whole"),
        ("training", "stop_at", "recovery budget"),
        ("training", "step_scale", "raw normalised"),
        ("training", "signal", "number"),
        ("training.boost", "end_steps", "end"),
        ("training.boost", "end_clear_mass", "end"),
        ("training.sparse", "end_share", "end"),
        ("answer", "quantile", "number"),
    ]);
    let sections = vec!["grid", "task", "init", "training", "training.boost", "training.sparse", "trace", "answer"];
    prop_oneof![
        12 => known.prop_flat_map(|(section, key, kind)| (Just(section), Just(key.to_owned()), plausible(kind))),
        1 => (prop::sample::select(sections), name(), value()),
    ]
}

fn configs() -> impl Strategy<Value = String> {
    let grid = (prop::collection::vec(plausible("whole"), 3), any::<bool>());
    (prop::collection::vec(grid, 1..3), prop::collection::vec(setting(), 0..5)).prop_map(|(grids, settings)| {
        // Keys of one section stand together, those of the grid in the last grid.
        let lines = |wanted: &str, but: &[&str]| -> String {
            let mine = settings.iter().filter(|(section, key, _)| *section == wanted && !but.contains(&key.as_str()));
            mine.map(|(_, key, value)| format!("{key} = {value}\n")).collect()
        };
        let mut text = "replicates = 2\n".to_owned();
        for (values, listed) in &grids {
            let list = *listed || grids.len() > 1;
            let (open, close) = if list { ("[[", "]]") } else { ("[", "]") };
            text += &format!(
                "{open}grid{close}\nN = 3\nQ = {}\nT = {}\nbatch_size = {}\n",
                values[0], values[1], values[2]
            );
        }
        text += &lines("grid", &["N", "Q", "T", "batch_size"]);
        for section in ["task", "init", "training", "training.boost", "training.sparse", "trace", "answer"] {
            text += &format!("[{section}]\n{}", lines(section, &[]));
        }
        text
    })
}

/// Anything that TOML might take.
fn wild_configs() -> impl Strategy<Value = String> {
    let header =
        prop::sample::select(vec!["", "[grid]", "[[grid]]", "[task]", "[training]", "[training.boost]", "[answer]"]);
    let section = (header, prop::collection::vec((name(), value()), 0..6)).prop_map(|(header, lines)| {
        let lines: String = lines.into_iter().map(|(key, value)| format!("{key} = {value}\n")).collect();
        format!("{header}\n{lines}")
    });
    prop::collection::vec(section, 0..5).prop_map(|sections| sections.concat())
}

/// All that is done with a config before a job runs; whether there are jobs.
fn plan(text: &str, overrides: &[String]) -> bool {
    // Whatever it allows itself, a few thousand jobs are enough to go through everything.
    let mut overrides = overrides.to_vec();
    overrides.push("max_jobs=2000".to_owned());
    let planned = config::parse("hostile", "hostile.toml", text.to_owned(), &overrides)
        .and_then(|config| job::jobs(&config).map(|jobs| (config, jobs)));
    match planned {
        Err(wrong) => {
            assert!(wrong.render().contains("error"));
            false
        }
        Ok((config, jobs)) => {
            // What a run directory says of it means the same jobs.
            let resolved = resolved::to_toml(&config).unwrap();
            let again = config::parse("hostile", "config.toml", resolved.clone(), &[])
                .and_then(|config| job::jobs(&config))
                .unwrap_or_else(|wrong| panic!("{}\n{resolved}", wrong.render()));
            assert!(jobs.iter().map(|job| job.id).eq(again.iter().map(|job| job.id)), "{resolved}");
            true
        }
    }
}

#[test]
fn no_bytes_and_no_grammar_break_the_config() {
    let bytes =
        prop::collection::vec(any::<u8>(), 0..300).prop_map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
    fuzz(prop_oneof![1 => bytes, 3 => wild_configs(), 8 => configs()], |text| plan(text, &[]));
}

#[test]
fn no_override_breaks_the_config() {
    const BASE: &str = "[[grid]]\nN = 3\nQ = 1\nT = [32, 64]\n[[grid]]\nN = 2\nQ = 1\nT = 16\n[training]\nboost = {}\n";
    let key = prop_oneof![
        3 => name(),
        2 => prop::collection::vec(name(), 1..6).prop_map(|names| names.join(".")),
        1 => any::<String>(),
    ];
    let values = prop_oneof![
        3 => prop::collection::vec(prop_oneof![number(), expression(), value()], 0..4).prop_map(|values| values.join(",")),
        1 => any::<String>(),
    ];
    let change = prop_oneof![
        9 => setting().prop_map(|(section, key, value)| format!("{section}.{key}={value}")),
        4 => (key, values).prop_map(|(key, values)| format!("{key}={values}")),
        1 => any::<String>(),
    ];
    fuzz(prop::collection::vec(change, 1..4), |changes| plan(BASE, changes));
}

#[test]
fn no_text_breaks_an_expression() {
    fuzz(prop_oneof![1 => any::<String>(), 1 => "[-+*/^()<>=!&|,. 0-9a-zA-Z]{0,60}", 6 => expression()], |text| {
        let mut taken = false;
        for kind in [Kind::Number, Kind::Condition] {
            match Expression::parse(text, kind) {
                Ok(expression) => {
                    let value = expression.evaluate(&|_| 2.0);
                    assert!(kind == Kind::Number || value == 0.0 || value == 1.0 || value.is_nan(), "{value}");
                    assert!(expression.names().iter().all(|name| text.contains(name)));
                    taken = true;
                }
                Err(error) => {
                    assert!(error.range.start <= error.range.end && error.range.end <= text.len());
                    assert!(text.is_char_boundary(error.range.start) && text.is_char_boundary(error.range.end));
                }
            }
        }
        taken
    });
}

/// The bytes of a real part.
fn real_part() -> Vec<u8> {
    let text =
        "replicates = 3\n[grid]\nN = 3\nQ = 1\nT = [32, 48]\npersistence = [0.4, 0.6]\n[training]\nmax_samples = 2000";
    let config = Arc::new(config::parse("real", "real.toml", text.to_owned(), &[]).unwrap());
    let training = Training::new(&config);
    let rows: Vec<part::Row> = job::jobs(&config)
        .unwrap()
        .iter()
        .map(|job| {
            let finished = training.run(job);
            (finished.record, finished.timing)
        })
        .collect();
    let home = tempfile::tempdir().unwrap();
    let part = part::write(home.path(), &rows, &[]).unwrap();
    std::fs::read(part.path).unwrap()
}

/// What an accident, or somebody, makes of a file.
#[derive(Debug, Clone)]
enum Change {
    Set(usize, u8),
    Cut(usize, usize),
    Double(usize, usize),
    End(usize),
}

#[test]
fn no_bytes_break_the_reader_of_parts() {
    let real = real_part();
    assert_eq!(part::decode(real.clone(), Path::new("real")).unwrap().len(), 12);
    let change = prop_oneof![
        8 => (any::<usize>(), any::<u8>()).prop_map(|(at, byte)| Change::Set(at, byte)),
        1 => (any::<usize>(), 1usize..40).prop_map(|(at, length)| Change::Cut(at, length)),
        1 => (any::<usize>(), 1usize..40).prop_map(|(at, length)| Change::Double(at, length)),
        1 => any::<usize>().prop_map(Change::End),
    ];
    // Most of the structure stands at the end.
    let near_end = any::<bool>();
    let inputs = prop_oneof![
        1 => prop::collection::vec(any::<u8>(), 0..300).prop_map(|bytes| (Some(bytes), Vec::new(), false)),
        12 => (prop::collection::vec(change, 1..6), near_end).prop_map(|(changes, end)| (None, changes, end)),
    ];
    fuzz(inputs, |(bytes, changes, near_end)| {
        let mut bytes = bytes.clone().unwrap_or_else(|| real.clone());
        for change in changes {
            let size = bytes.len().max(1);
            let place = |at: usize| if *near_end { size - 1 - at % size.min(9000) } else { at % size };
            match *change {
                Change::Set(at, byte) => bytes[place(at).min(size - 1)] = byte,
                Change::Cut(at, length) => drop(bytes.drain(place(at)..(place(at) + length).min(size))),
                Change::Double(at, length) => {
                    let piece = bytes[place(at)..(place(at) + length).min(size)].to_vec();
                    bytes.splice(place(at)..place(at), piece);
                }
                Change::End(at) => bytes.truncate(place(at)),
            }
            if bytes.is_empty() {
                break;
            }
        }
        match part::decode(bytes, Path::new("hostile")) {
            Ok(rows) => {
                assert!(rows.len() <= 1000);
                true
            }
            Err(reason) => {
                assert!(!reason.is_empty());
                false
            }
        }
    });
}

/// Files that anybody can make, of a size that says nothing of what is in them.
#[test]
fn a_part_that_claims_a_million_rows_is_refused_by_counting() {
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    let nulls = report::Table::new().text("job_id", "", std::iter::repeat_n(None::<&str>, 3_000_000));
    let bytes = nulls.to_parquet(&[]).unwrap();
    drop(nulls);
    assert!(bytes.len() < 100_000);
    let before = NOW.load(Ordering::Relaxed);
    MOST.store(before, Ordering::Relaxed);
    let wrong = part::decode(bytes, Path::new("bomb")).unwrap_err();
    assert!(wrong.contains("more than 100000 rows"), "{wrong}");
    assert!(MOST.load(Ordering::Relaxed) - before < BOUND);
}
