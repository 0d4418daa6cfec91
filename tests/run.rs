//! `sweep run`, `plan` and `report` do what their help says.

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use super::{command, fail, succeed, sweep, table, with_small};

fn parts(run: &Path) -> Vec<std::path::PathBuf> {
    fs::read_dir(run.join("parts")).unwrap().map(|entry| entry.unwrap().path()).collect()
}

#[test]
fn a_sweep_writes_every_table_and_prints_the_answer() {
    let home = with_small();
    let (out, _) = succeed(home.path(), "run small.toml");
    assert!(out.contains("exponent of T") && out.contains("90 % of the runs recover the truth"), "{out}");
    assert!(!out.contains('\u{1b}'), "no colours off a terminal");
    let run = home.path().join("output/small");
    for name in [
        "figures/needed_samples_prox.svg",
        "config.toml",
        "manifest.json",
        "needed.parquet",
        "scaling.parquet",
        "success.parquet",
        "summary.parquet",
        "timings.parquet",
    ] {
        assert!(run.join(name).is_file(), "{name}");
    }
    let runs = table(&run, "runs.parquet");
    assert_eq!(runs.rows(), 24);
    // In the order of the grid, replicates fastest.
    let expected: Vec<Option<i64>> = [32, 48, 64].into_iter().flat_map(|t| [Some(t); 8]).collect();
    assert_eq!(runs.ints("T").unwrap(), expected);
    assert_eq!(runs.ints("replicate").unwrap()[..5], [Some(0), Some(1), Some(2), Some(3), Some(0)]);
    assert_eq!(table(&run, "timings.parquet").rows(), 24);
    assert_eq!(table(&run, "summary.parquet").rows(), 6);
    assert_eq!(table(&run, "needed.parquet").rows(), 3 * 4);
}

/// What the records say is what the core says when asked directly.
#[test]
fn records_hold_what_the_engine_computed() {
    let home = with_small();
    succeed(home.path(), "run small.toml -q");
    let runs = table(&home.path().join("output/small"), "runs.parquet");
    let text = fs::read_to_string(home.path().join("small.toml")).unwrap();
    let config = sweep::config::parse("small", "small.toml", text, &[]).unwrap();
    let jobs = sweep::job::jobs(&config).unwrap();
    let identity = sweep::job::Identity::new(&config);
    // The kernels by their definition; the sweep has used the fastest.
    scb_core::use_level(scb_core::Level::PORTABLE);
    for (row, job) in jobs.iter().enumerate() {
        use scb_core::{Task, random::stream, train::train};
        let mut task_stream = stream(identity.task_seed(job));
        let task = Task::draw(&job.task_spec(&config.shared), &mut task_stream).unwrap();
        let spec = job.train_spec(&config.shared);
        let outcome = train(&task, &spec, stream(identity.data_seed(job)), &mut ()).unwrap();
        assert_eq!(runs.texts("job_id").unwrap()[row], Some(job.id.to_string()));
        assert_eq!(runs.ints("samples").unwrap()[row], Some(outcome.samples as i64));
        assert_eq!(runs.ints("samples_to_recovery").unwrap()[row], outcome.milestones.recovery.map(|s| s as i64));
        assert_eq!(runs.floats("alpha_a").unwrap()[row], Some(outcome.alpha_a));
        assert_eq!(runs.floats("loss").unwrap()[row], Some(outcome.errors.loss));
        assert_eq!(runs.floats("k_p").unwrap()[row], Some(task.k_p()));
    }
}

#[test]
fn a_finished_job_is_never_run_twice() {
    let home = with_small();
    let run = home.path().join("output/small");
    succeed(home.path(), "run small.toml T=32,48");
    let before = parts(&run);
    let (_, err) = succeed(home.path(), "run small.toml");
    assert!(err.contains("16 of 24 jobs were done before"), "{err}");
    assert!(before.iter().all(|part| part.is_file()));
    let after = parts(&run);
    let (_, err) = succeed(home.path(), "run small.toml");
    assert!(err.contains("24 of 24 jobs were done before"), "{err}");
    assert_eq!(parts(&run).len(), after.len(), "nothing new was stored");
}

#[test]
fn a_plan_counts_and_touches_nothing() {
    let home = with_small();
    let (out, _) = succeed(home.path(), "plan small.toml");
    assert!(out.contains("small: 24 jobs") && out.contains("done 0, left 24") && out.contains("tokens"), "{out}");
    assert!(!home.path().join("output").exists());
    succeed(home.path(), "run small.toml T=32 -q");
    let (out, _) = succeed(home.path(), "plan small.toml");
    assert!(out.contains("done 8, left 16"), "{out}");
    let (out, _) = succeed(home.path(), "plan small.toml --list");
    assert_eq!(out.lines().count(), 24);
    assert_eq!(out.lines().filter(|line| line.contains(" done N=3 Q=1 T=32 ")).count(), 8);
}

#[test]
fn a_plan_of_huge_steps_takes_seconds() {
    let home = with_small();
    let start = Instant::now();
    let (out, _) = succeed(home.path(), "plan small.toml N=3,200 batch_size=1e6 T=1e6 training.max_samples=1e6");
    assert!(start.elapsed().as_secs() < 20, "{:?}", start.elapsed());
    assert!(out.contains("at most ") && out.contains("ns per token and core measured just now, on smaller"), "{out}");
}

/// Every algorithm and every way to start, with units that a grid varies; run again, it does
/// nothing and says the same.
#[test]
fn algorithms_starts_and_units_may_vary_together() {
    let home = with_small();
    let text = "replicates = 2\n[[grid]]\nN = 3\nQ = 1\nT = [32, 64]\nalgorithm = [\"prox\", \"sgd\", \"population\", \"softmax\", \
                \"softmax_adam\", \"moment\"]\nstep_scale = [\"normalised\", \"raw\"]\nflip = [0, 2]\n\
                [[grid]]\nN = 3\nQ = 1\nT = 64\ntransfer = [0.5, 1]\ntheta = [-1, 0.5]\nalgorithm = [\"prox\", \"population\"]\n\
                [training]\nmax_samples = 3000\n[pretraining]\nT = 32\nmax_samples = 20000\n";
    fs::write(home.path().join("all.toml"), text).unwrap();
    succeed(home.path(), "run all.toml");
    let run = home.path().join("output/all");
    let runs = table(&run, "runs.parquet");
    assert_eq!(runs.rows(), 6 * 2 * 2 * 2 * 2 + 2 * 2 * 2 * 2);
    // Two values of theta and two replicates; the weight and the algorithm share them.
    let pretrained: std::collections::BTreeSet<String> =
        runs.texts("pretraining").unwrap().into_iter().flatten().collect();
    assert_eq!((pretrained.len(), fs::read_dir(run.join("pretraining")).unwrap().count()), (4, 4));
    assert!(pretrained.iter().all(|id| run.join(format!("pretraining/{id}.parquet")).is_file()));
    assert_eq!(runs.texts("step_scale").unwrap().iter().flatten().filter(|s| *s == "raw").count(), 48);
    for row in 0..runs.rows() {
        let (name, flip) = (runs.texts("algorithm").unwrap()[row].clone().unwrap(), runs.floats("flip").unwrap()[row]);
        let there = |column: &str| runs.floats(column).unwrap()[row].is_some();
        let from_nothing = runs.floats("transfer").unwrap()[row] == Some(0.0);
        assert_eq!(there("flips"), flip == Some(2.0));
        assert_eq!(there("predicted_mirrored"), name == "prox" && from_nothing && flip == Some(0.0));
        assert_eq!(there("predicted_support_90"), name == "moment");
        assert_eq!(there("source_error"), !from_nothing);
    }
    let before = super::sha256(&run.join("runs.parquet"));
    fs::remove_dir_all(run.join("pretraining")).unwrap();
    let (_, err) = succeed(home.path(), "run all.toml");
    assert!(err.contains("112 of 112 jobs were done before"), "{err}");
    assert_eq!(super::sha256(&run.join("runs.parquet")), before);
}

#[test]
fn quiet_prints_nothing() {
    let home = with_small();
    assert_eq!(succeed(home.path(), "run small.toml -q"), (String::new(), String::new()));
}

#[test]
fn report_rebuilds_the_tables_byte_for_byte() {
    let home = with_small();
    let (first, _) = succeed(home.path(), "run small.toml -o here trace.enabled=true");
    let run = home.path().join("here");
    let names = ["runs.parquet", "timings.parquet", "summary.parquet", "needed.parquet", "traces.parquet"];
    let bytes = || names.map(|name| fs::read(run.join(name)).unwrap());
    let before = bytes();
    names.iter().for_each(|name| fs::remove_file(run.join(name)).unwrap());
    let (again, _) = succeed(home.path(), "report here");
    assert_eq!(before, bytes());
    assert_eq!(first.trim(), again.trim());
}

#[test]
fn a_job_that_fails_becomes_a_row_and_the_others_are_kept() {
    let home = with_small();
    // Persistence 0 with columns that hardly differ: K_P is too small to learn from.
    let err = fail(home.path(), "run small.toml T=32 persistence=0,0.5 task.concentration=1e7", 1);
    assert!(err.contains("failed: K_P = ") && err.contains("nothing to learn from"), "{err}");
    assert!(err.contains("(raise the persistence or lower the concentration)"), "P is drawn: {err}");
    assert!(err.contains("8 jobs failed"), "{err}");
    let runs = table(&home.path().join("output/small"), "runs.parquet");
    let (mut failed, mut others) = (0, 0);
    for row in 0..runs.rows() {
        let status = runs.texts("status").unwrap()[row].clone();
        let status = status.as_deref();
        if runs.floats("persistence").unwrap()[row] == Some(0.0) {
            assert_eq!(status, Some("failed"));
            assert!(runs.texts("error").unwrap()[row].as_deref().unwrap().contains("K_P"));
            assert_eq!(runs.ints("samples").unwrap()[row], None);
            failed += 1;
        } else {
            assert_ne!(status, Some("failed"));
            others += 1;
        }
    }
    assert_eq!((failed, others), (8, 8));
}

#[test]
fn a_damaged_part_is_set_aside_and_its_jobs_run_again() {
    let home = with_small();
    let run = home.path().join("output/small");
    succeed(home.path(), "run small.toml -q");
    let before = super::sha256(&run.join("runs.parquet"));
    let part = parts(&run).remove(0);
    let mut bytes = fs::read(&part).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::write(&part, bytes).unwrap();
    let (_, err) = succeed(home.path(), "run small.toml");
    assert!(err.contains("checksum") && err.contains("set aside"), "{err}");
    assert_eq!(super::sha256(&run.join("runs.parquet")), before);
    assert!(parts(&run).iter().any(|p| p.extension().is_some_and(|e| e == "damaged")));
}

#[test]
fn a_part_without_its_traces_is_set_aside() {
    let home = with_small();
    let run = home.path().join("output/small");
    succeed(home.path(), "run small.toml -q trace.enabled=true");
    let before = super::sha256(&run.join("traces.parquet"));
    let traces = parts(&run).into_iter().find(|p| p.to_string_lossy().ends_with(".traces.parquet")).unwrap();
    fs::remove_file(traces).unwrap();
    let (_, err) = succeed(home.path(), "run small.toml trace.enabled=true");
    assert!(err.contains("set aside"), "{err}");
    assert_eq!(super::sha256(&run.join("traces.parquet")), before);
    succeed(home.path(), "run small.toml -q");
    assert!(!run.join("traces.parquet").exists(), "untraced records have no traces");
}

#[test]
fn traces_whose_part_was_never_written_are_cleared_away() {
    let home = with_small();
    let run = home.path().join("output/small");
    succeed(home.path(), "run small.toml -q T=32 trace.enabled=true");
    let ending = |path: &Path, ending: &str| path.to_string_lossy().ends_with(ending);
    let orphan = run.join("parts/0123456789abcdef0123456789abcdef.traces.parquet");
    let traces = parts(&run).into_iter().find(|p| ending(p, ".traces.parquet")).unwrap();
    fs::copy(&traces, &orphan).unwrap();
    succeed(home.path(), "run small.toml -q T=32 trace.enabled=true");
    assert!(traces.exists() && !orphan.exists());
}

#[test]
fn a_full_disk_under_the_output_is_an_error_not_a_panic() {
    if !Path::new("/dev/full").exists() {
        eprintln!("skipped: there is no /dev/full here");
        return;
    }
    let home = with_small();
    let full = || std::process::Stdio::from(fs::OpenOptions::new().write(true).open("/dev/full").unwrap());
    let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_sweep"));
    command.args(["run", "small.toml"]).current_dir(home.path()).stdout(full()).stderr(full());
    assert_eq!(command.status().unwrap().code(), Some(1));
    assert!(home.path().join("output/small/runs.parquet").is_file());
}

#[test]
fn a_file_in_the_way_of_the_run_directory_is_refused() {
    let home = with_small();
    fs::write(home.path().join("taken"), "x").unwrap();
    for command in ["run small.toml -o taken", "plan small.toml -o taken", "run small.toml -o taken/within"] {
        let err = fail(home.path(), command, 2);
        assert!(err.contains("taken is no directory") && err.contains("choose another run directory with -o"), "{err}");
    }
}

#[test]
fn a_name_that_no_directory_may_have_is_made_one() {
    let home = with_small();
    fs::rename(home.path().join("small.toml"), home.path().join(".my sweep.toml")).unwrap();
    let output = std::process::Command::new(env!("CARGO_BIN_EXE_sweep"))
        .args(["run", ".my sweep.toml", "-q", "replicates=1"])
        .current_dir(home.path())
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(0));
    succeed(home.path(), "report output/my-sweep");
}

#[test]
fn traces_show_every_check_and_change_no_result() {
    let home = with_small();
    succeed(home.path(), "run small.toml -q -o plain");
    succeed(home.path(), "run small.toml -q -o traced trace.enabled=true");
    let (plain, traced) =
        (table(&home.path().join("plain"), "runs.parquet"), table(&home.path().join("traced"), "runs.parquet"));
    for (a, b) in plain.columns().iter().zip(traced.columns()).filter(|(a, _)| a.name != "job_id") {
        assert_eq!(a, b);
    }
    let traces = table(&home.path().join("traced"), "traces.parquet");
    let (ids, samples) = (traces.texts("job_id").unwrap(), traces.ints("samples").unwrap());
    for row in 0..traced.rows() {
        let id = &traced.texts("job_id").unwrap()[row];
        let mine: Vec<i64> = ids.iter().zip(&samples).filter(|(i, _)| *i == id).map(|(_, s)| s.unwrap()).collect();
        assert!(mine.windows(2).all(|w| w[0] < w[1]));
        assert_eq!((mine.first(), mine.last().copied()), (Some(&0), traced.ints("samples").unwrap()[row]));
    }
}

#[test]
fn the_population_algorithm_sweeps_too() {
    let home = with_small();
    succeed(home.path(), "run small.toml -q algorithm=population,prox training.max_samples=200*T");
    let run = home.path().join("output/small");
    let runs = table(&run, "runs.parquet");
    for row in 0..runs.rows() {
        if runs.texts("algorithm").unwrap()[row].as_deref() == Some("population") {
            assert_eq!(runs.texts("status").unwrap()[row].as_deref(), Some("recovered"));
        }
    }
    assert_eq!(table(&run, "needed.parquet").rows(), 2 * 3 * 4);
}

/// Interrupted in the middle, then continued: the same bytes as a run that was left alone.
#[cfg(unix)]
#[test]
fn an_interrupted_sweep_keeps_what_is_finished_and_says_how_to_continue() {
    use std::process::{Command, Stdio};
    let home = with_small();
    // Several seconds of work, in jobs of some milliseconds.
    let arguments = "run small.toml -j 1 T=256 batch_size=64 Q=1,2 replicates=200 training.stop_at=budget training.max_samples=500*T";
    let start = |output: &str| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_sweep"));
        command.args(arguments.split_whitespace()).args(["-o", output]).current_dir(home.path());
        command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
    };
    let child = start("stopped");
    // A first part is written after a second of several.
    let stored = home.path().join("stopped/parts");
    for _ in 0..600 {
        std::thread::sleep(Duration::from_millis(50));
        if fs::read_dir(&stored).is_ok_and(|entries| entries.count() > 0) {
            break;
        }
    }
    let killed = Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
    assert!(killed.success());
    let output = child.wait_with_output().unwrap();
    let err = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(130), "{err}");
    assert!(err.contains("of 400 jobs are done and kept") && err.contains("run small.toml -j 1 T=256"), "{err}");
    let run = home.path().join("stopped");
    assert!(!parts(&run).is_empty() && !run.join("runs.parquet").exists());
    let (_, err) = succeed(home.path(), &format!("{arguments} -o stopped"));
    assert!(err.contains("of 400 jobs were done before"), "{err}");
    succeed(home.path(), &format!("{arguments} -o whole -q"));
    assert_eq!(super::sha256(&run.join("runs.parquet")), super::sha256(&home.path().join("whole/runs.parquet")));
}

#[test]
fn the_config_in_the_readme_is_a_config_and_names_every_axis() {
    let readme = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md")).unwrap();
    let text = readme.split("```toml\n").nth(1).unwrap().split("```").next().unwrap();
    let config = sweep::config::parse("readme", "README.md", text.to_owned(), &[]).unwrap();
    // (N, Q) x (T, batch size) x step size; the two batch sizes are one where T/8 is 64.
    let points = 9 * (7 * 2 - 1) * 2;
    assert_eq!(sweep::job::jobs(&config).unwrap().len(), 40 * points);
    for axis in &sweep::axis::AXES {
        assert!(text.contains(&format!("{} =", axis.name)), "{}", axis.name);
    }
}

/// The sweeps that ship with the program.
#[test]
fn every_shipped_sweep_can_be_planned() {
    let sweeps = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../sweeps");
    let mut planned = 0;
    for entry in fs::read_dir(&sweeps).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|e| e == "toml") {
            let config = sweep::config::load(&path, &[]).unwrap();
            assert!(!sweep::job::jobs(&config).unwrap().is_empty());
            planned += 1;
        }
    }
    assert!(planned >= 2);
}

#[test]
fn a_run_can_be_watched_and_reported_on_while_it_works() {
    let home = with_small();
    // A few seconds on one core: sixteen jobs of 8e8 tokens.
    let arguments =
        "run small.toml -q -j 1 -o out T=2048 batch_size=64 replicates=16 max_samples=400000 training.stop_at=budget";
    let mut run = command(home.path(), arguments).spawn().unwrap();
    let begun = Instant::now();
    // Until something is done, and not all.
    let seen = loop {
        let output = sweep(home.path(), "status out");
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        if output.status.success() && text.contains("sweep report out") {
            break text;
        }
        assert!(begun.elapsed() < Duration::from_secs(60), "{text}");
        std::thread::sleep(Duration::from_millis(50));
    };
    assert!(seen.contains("run: running on"), "{seen}");
    let partial = sweep(home.path(), "report out");
    let said = String::from_utf8_lossy(&partial.stdout).into_owned();
    assert!(
        partial.status.code() == Some(1) && said.contains("PARTIAL") && said.contains("of 16 jobs have not run"),
        "{said}"
    );
    let page = fs::read_to_string(home.path().join("out/report.html")).unwrap();
    assert!(page.contains("of 16 jobs have not run"), "the page says how far it is");
    // It is shown again and again, and ends with the run.
    let (watched, _) = succeed(home.path(), "status out --watch");
    assert!(watched.matches("16 jobs in out").count() > 1 && watched.contains("done 16 (0 failed)"), "{watched}");
    assert!(run.wait().unwrap().success());
}

/// The smallest config of the front page is a search that can be run.
#[test]
fn the_smallest_config_of_the_front_page_can_be_run() {
    let readme = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../../README.md")).unwrap();
    let text = readme.split("```toml\n").nth(1).unwrap().split("```").next().unwrap();
    let home = with_small();
    fs::write(home.path().join("mine.toml"), text).unwrap();
    let (out, _) = succeed(home.path(), "run mine.toml T=16,32 replicates=4 search.rungs=[2,4] max_samples=3000");
    assert!(out.contains("persistence = 0.8") && out.contains("at N = 5, Q = 2"), "{out}");
}
