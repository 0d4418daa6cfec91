//! One job can be looked at and taken elsewhere: `sweep show` and `sweep export`. That the arrays are
//! right is checked by `tests/exports.py`.

use std::fs;
use std::path::Path;

use super::{fail, succeed, table, with_small};

/// Runs `small.toml` and gives the id of one of its jobs.
fn with_run() -> (tempfile::TempDir, String) {
    let home = with_small();
    succeed(home.path(), "run small.toml -q");
    let ids = table(&home.path().join("output/small"), "runs.parquet").texts("job_id").unwrap();
    (home, ids[5].clone().unwrap())
}

fn unwritten(home: &Path) {
    assert!(!home.join("x.npz").exists());
}

#[test]
fn a_job_is_shown_by_its_id_and_by_its_values() {
    let (home, id) = with_run();
    let (shown, _) = succeed(home.path(), &format!("show output/small {}", &id[..10]));
    assert!(shown.starts_with(&format!("job {id} of output/small: ")), "{shown}");
    for said in ["K_P = ", "positions", "signal", "alpha_v", "sweep export output/small --job"] {
        assert!(shown.contains(said), "{said}: {shown}");
    }
    let by_values = format!("show output/small T={} batch_size={} replicate={}", 32, 16, 1);
    assert_eq!(succeed(home.path(), &by_values).0, shown);
    // The command that it prints runs the same job again, with a trace.
    let command = shown.lines().find_map(|line| line.trim().strip_prefix("sweep run ")).unwrap();
    succeed(home.path(), &format!("run {command} -q"));
    let again = home.path().join("output/again");
    let find = |name: &str| {
        let [ours, theirs] =
            [&home.path().join("output/small"), &again].map(|directory| table(directory, "runs.parquet"));
        let at = ours.texts("job_id").unwrap().iter().position(|other| other.as_deref() == Some(id.as_str())).unwrap();
        (ours.ints(name).unwrap()[at], *theirs.ints(name).unwrap().last().unwrap())
    };
    let (ours, theirs) = find("samples");
    assert_eq!(ours, theirs, "tracing changes the id and nothing else");
    assert!(again.join("traces.parquet").exists());
}

#[test]
fn what_chooses_no_job_or_several_is_a_mistake() {
    let (home, _) = with_run();
    for (words, said) in [
        ("show output/small T=32", "8 jobs match"),
        ("show output/small T=33", "no job has T=33"),
        ("show output/small replicates=3", "did you mean `replicate`?"),
        ("show output/small zz", "`zz` is no job"),
        ("show nowhere.toml T=32", "cannot read nowhere.toml"),
        ("export output/small T=32 -o x.npz", "cannot change it"),
        ("export output/small --job T=32 -o x.npz", "8 jobs match"),
        ("export output/small --job ffffffffffff -o x.npz", "no job here has an id"),
        ("export output/small --job T=32 batch_size=16 replicate=0 -o x", "does not end in .npz"),
        ("export output/small --job T=32 batch_size=16 replicate=0 -o no/x.npz", "there is no folder no"),
        ("export small.toml --samples 100000000 -o x.npz", "export at most"),
        (
            "export small.toml T=100000000 algorithm=population batch_size=1 --job replicate=1 -o x.npz",
            "export a job with fewer",
        ),
    ] {
        let err = fail(home.path(), words, 2);
        assert!(err.contains(said), "{words}: {err}");
        unwritten(home.path());
    }
}

#[test]
fn an_export_is_the_same_each_time_and_replaces_nothing_else() {
    let (home, id) = with_run();
    let path = home.path().join("x.npz");
    fs::write(&path, "mine").unwrap();
    let job = format!("export output/small --job {id} -o x.npz");
    assert!(fail(home.path(), &job, 2).contains("was not exported by sweep"));
    assert_eq!(fs::read_to_string(&path).unwrap(), "mine");
    fs::remove_file(&path).unwrap();
    let (said, _) = succeed(home.path(), &job);
    assert!(said.contains(&id) && said.contains("arrays and meta.json"), "{said}");
    let first = fs::read(&path).unwrap();
    assert_eq!(&first[..2], b"PK");
    succeed(home.path(), &job);
    assert_eq!(fs::read(&path).unwrap(), first);
    // A job can be exported before the sweep has run.
    succeed(home.path(), "export small.toml T=32 batch_size=16 --job replicate=1 -o y.npz");
    succeed(home.path(), "export small.toml --samples 50 -o y.npz");
}

#[test]
fn a_job_that_failed_is_shown_by_the_id_of_its_message() {
    let home = with_small();
    let text = "replicates = 2\n[grid]\nN = 3\nQ = 2\nT = 32\nkeep = 1\nepsilon = 0.01\n[task]\nweights = { dirichlet = 0.5 }\n";
    fs::write(home.path().join("bad.toml"), text).unwrap();
    let err = fail(home.path(), "run bad.toml", 1);
    let (before, _) = err.split_once(" failed: ").unwrap();
    let id = before.rsplit("job ").next().unwrap();
    let (shown, _) = succeed(home.path(), &format!("show output/bad {id}"));
    assert!(shown.starts_with(&format!("job {id}")) && shown.contains(": failed"), "{shown}");
    assert!(shown.contains("failed: the truth itself would not count as recovered"), "{shown}");
    assert!(fail(home.path(), &format!("export output/bad --job {id} -o x.npz"), 2).contains("fails: the truth"));
    unwritten(home.path());
}
