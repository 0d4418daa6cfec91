//! A directory that no run has made, and the config that is being read, are not written over.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use super::{fail, sha256, succeed, sweep, with_small};

/// Everything in a directory, by its path: bytes of files, nothing of directories.
fn everything(place: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut all = BTreeMap::new();
    for entry in fs::read_dir(place).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            all.extend(everything(&path));
            all.insert(path, Vec::new());
        } else {
            all.insert(path.clone(), fs::read(&path).unwrap());
        }
    }
    all
}

/// A directory `mine` with these files.
fn mine(home: &Path, files: &[&str]) {
    let place = home.join("mine");
    let _ = fs::remove_dir_all(&place);
    for file in files {
        fs::create_dir_all(place.join(file).parent().unwrap()).unwrap();
        fs::write(place.join(file), format!("# {file} of my own\n")).unwrap();
    }
}

/// A copied config beside files of the user's own, in a folder of whatever name, is no run
/// directory.
#[test]
fn a_copied_config_and_a_folder_make_no_run_directory() {
    let home = with_small();
    succeed(home.path(), "run small.toml -q -o whole replicates=1");
    for folder in ["json", "parquet", "figures", "slurm", "notes"] {
        mine(home.path(), &["runs.parquet", &format!("{folder}/note.txt")]);
        fs::copy(home.path().join("whole/config.toml"), home.path().join("mine/config.toml")).unwrap();
        let before = everything(&home.path().join("mine"));
        let err = fail(home.path(), "run small.toml -o mine", 2);
        assert!(err.contains("is no run directory"), "{folder}: {err}");
        assert_eq!(everything(&home.path().join("mine")), before, "{folder}");
    }
}

#[test]
fn a_directory_with_foreign_files_is_refused_by_every_command_that_writes_and_left_as_it_is() {
    let home = with_small();
    succeed(home.path(), "run small.toml -q -o whole replicates=1");
    let cases: [&[&str]; 8] = [
        &["config.toml"],
        &["runs.parquet"],
        &["notes.txt"],
        &["config.toml", "runs.parquet", "a.txt", "b.txt", "c.txt"],
        &["parts/wheel.step"],
        &["progress/run.json"],
        &["lock"],
        &["figures/needed_samples_prox.svg"],
    ];
    for files in cases {
        mine(home.path(), files);
        let before = everything(home.path());
        for command in [
            "run small.toml -o mine",
            "run small.toml -q -o mine --shard 1/2",
            "merge whole -o mine",
            "slurm small.toml --shards 2 -o mine",
            "slurm small.toml --shards 2 --dry-run -o mine",
        ] {
            let err = fail(home.path(), command, 2);
            let first = files[0].split('/').next().unwrap();
            assert!(err.contains("mine is no run directory: it holds ") && err.contains(first), "{command}: {err}");
            assert!(err.contains("choose another run directory with -o") && err.contains("--force"), "{err}");
            assert!(files.len() < 5 || err.contains("config.toml, runs.parquet, a.txt and 2 more"), "{err}");
            assert_eq!(everything(home.path()), before, "{command}");
        }
    }
    mine(home.path(), &["config.toml", "runs.parquet"]);
    let before = everything(home.path());
    for command in ["report mine", "status mine", "merge mine whole -o other"] {
        let err = fail(home.path(), command, 2);
        assert!(err.contains("mine is no run directory: no run has worked here"), "{command}: {err}");
        assert_eq!(everything(home.path()), before, "{command}");
    }
}

#[test]
fn what_a_run_leaves_that_is_killed_early_is_no_obstacle() {
    let home = with_small();
    succeed(home.path(), "run small.toml -q -o whole replicates=2");
    succeed(home.path(), "run small.toml -q -o early replicates=1");
    let early = home.path().join("early");
    for entry in fs::read_dir(&early).unwrap().map(|entry| entry.unwrap()) {
        let name = entry.file_name().into_string().unwrap();
        match name.as_str() {
            "lock" | "progress" | "parts" => {}
            "figures" => fs::remove_dir_all(entry.path()).unwrap(),
            _ => fs::remove_file(entry.path()).unwrap(),
        }
    }
    fs::write(early.join(".unfinished-x"), "half").unwrap();
    fs::write(early.join("parts/.unfinished-y"), "half").unwrap();
    fs::write(early.join("progress/1-of-2.json"), "").unwrap();
    let (_, err) = succeed(home.path(), "run small.toml -o early replicates=2");
    assert!(err.contains("6 of 12 jobs were done before"), "{err}");
    assert_eq!(sha256(&early.join("runs.parquet")), sha256(&home.path().join("whole/runs.parquet")));
    // An empty one neither, nor one that an earlier version has merged into.
    fs::create_dir(home.path().join("empty")).unwrap();
    succeed(home.path(), "run small.toml -q -o empty replicates=1");
    let config = home.path().join("empty/config.toml");
    let text = fs::read_to_string(&config).unwrap();
    let (_, body) = text.split_once('\n').unwrap();
    fs::write(&config, format!("# The union of merged run directories, every default written out.\n{body}")).unwrap();
    succeed(home.path(), "run small.toml -q -o empty replicates=1");
    // Whatever else lies in a run's own directory is the user's to keep there.
    fs::write(home.path().join("whole/notes.txt"), "mine").unwrap();
    succeed(home.path(), "run small.toml -q -o whole replicates=2");
}

#[test]
fn by_force_a_directory_is_used_and_what_is_in_the_way_is_renamed() {
    let home = with_small();
    succeed(home.path(), "run small.toml -q -o whole replicates=1");
    let files = [
        "config.toml",
        "runs.parquet",
        "report.html",
        "notes.txt",
        "figures/needed_samples_prox.svg",
        "parts/wheel.step",
        "progress/run.json",
        "lock/key",
        "config.toml.before",
    ];
    for command in ["run small.toml -o mine replicates=1 --force", "merge whole -o mine --force"] {
        mine(home.path(), &files);
        let (_, err) = succeed(home.path(), command);
        let place = home.path().join("mine");
        for (file, now) in [
            ("config.toml", "config.toml.before-2"),
            ("config.toml.before", "config.toml.before"),
            ("runs.parquet", "runs.parquet.before"),
            ("report.html", "report.html.before"),
            ("notes.txt", "notes.txt"),
            ("figures/needed_samples_prox.svg", "figures.before/needed_samples_prox.svg"),
            ("parts/wheel.step", "parts/wheel.step"),
            ("progress/run.json", "progress/run.json.before"),
            ("lock/key", "lock.before/key"),
        ] {
            assert_eq!(fs::read_to_string(place.join(now)).unwrap(), format!("# {file} of my own\n"), "{command}");
        }
        assert!(err.contains("mine/runs.parquet was in the way: it is now mine/runs.parquet.before"), "{err}");
        assert_eq!(sha256(&place.join("runs.parquet")), sha256(&home.path().join("whole/runs.parquet")));
        // It is a run directory from here on, and force changes nothing in one.
        let before = everything(&place);
        succeed(home.path(), "run small.toml -q -o mine replicates=1 --force");
        assert_eq!(everything(&place).keys().collect::<Vec<_>>(), before.keys().collect::<Vec<_>>());
    }
    // Finished jobs count whatever became of the config beside them.
    fs::write(home.path().join("whole/config.toml"), "# my own\n").unwrap();
    let (_, err) = succeed(home.path(), "run small.toml -o whole replicates=1 --force");
    assert!(err.contains("6 of 6 jobs were done before"), "{err}");
}

#[test]
fn the_config_that_is_read_is_never_written() {
    let home = with_small();
    let own = home.path().join("mine/config.toml");
    fs::create_dir(home.path().join("mine")).unwrap();
    fs::copy(home.path().join("small.toml"), &own).unwrap();
    let before = everything(home.path());
    for command in [
        "run mine/config.toml -o mine",
        "run mine/config.toml -o mine --force",
        "run mine/../mine/config.toml -o ./mine --shard 1/2 --force",
        "slurm mine/config.toml -o mine --shards 2 --force",
    ] {
        let err = fail(home.path(), command, 2);
        assert!(err.contains("mine/config.toml is the config that is read") && err.contains("-o"), "{err}");
        assert_eq!(everything(home.path()), before, "{command}");
    }
    // That of a run continues it, and cannot be changed on the way.
    succeed(home.path(), "run small.toml -q -o run replicates=1");
    succeed(home.path(), "run run/config.toml -q -o run");
    succeed(home.path(), "run run/config.toml -q -o run replicates=1 max_jobs=1000000");
    let before = everything(home.path());
    for command in ["run run/config.toml -o run replicates=9", "slurm run/config.toml -o run replicates=9 --shards 2"] {
        let err = fail(home.path(), command, 2);
        assert!(err.contains("these overrides would change run/config.toml, the config that is read"), "{err}");
        assert!(err.contains("choose another run directory with -o"), "{err}");
        assert_eq!(everything(home.path()), before, "{command}");
    }
    // What a user has written into it stays, as long as it says the same; else it is another sweep,
    // of which this is the config.
    let path = home.path().join("run/config.toml");
    let text = fs::read_to_string(&path).unwrap();
    let noted = text.replacen("replicates = 1", "replicates = 1 # one is enough", 1);
    assert_ne!(noted, text);
    fs::write(&path, &noted).unwrap();
    succeed(home.path(), "run run/config.toml -q -o run");
    succeed(home.path(), "run small.toml -q -o run replicates=1");
    succeed(home.path(), "report run");
    assert_eq!(fs::read_to_string(&path).unwrap(), noted);
    let more = noted.replacen("replicates = 1 #", "replicates = 2 #", 1);
    fs::write(&path, &more).unwrap();
    let (_, err) = succeed(home.path(), "run run/config.toml -o run");
    assert!(err.contains("6 of 12 jobs were done before"), "{err}");
    assert_eq!(fs::read_to_string(&path).unwrap(), more);
    fs::write(&path, &text).unwrap();
    // Another directory takes them, and a plan only looks.
    succeed(home.path(), "run run/config.toml -q -o more replicates=2");
    assert!(sweep(home.path(), "plan run/config.toml -o run replicates=9").status.success());
}

/// Who copies a run's config to begin a sweep of their own from it has made no run directory.
#[test]
fn a_copy_of_a_config_makes_no_run_directory() {
    let home = with_small();
    succeed(home.path(), "run small.toml -q -o run replicates=1");
    mine(home.path(), &["runs.parquet"]);
    fs::copy(home.path().join("run/config.toml"), home.path().join("mine/config.toml")).unwrap();
    let before = everything(home.path());
    for (command, refusal) in [
        ("run small.toml -o mine", "mine is no run directory: it holds config.toml, runs.parquet"),
        ("run mine/config.toml -o mine", "mine is no run directory: it holds runs.parquet"),
        ("report mine", "mine is no run directory"),
    ] {
        let err = fail(home.path(), command, 2);
        assert!(err.contains(refusal), "{command}: {err}");
        assert_eq!(everything(home.path()), before, "{command}");
    }
    // Parts of a run beside files of one's own make none either.
    fs::remove_file(home.path().join("mine/config.toml")).unwrap();
    fs::create_dir(home.path().join("mine/parts")).unwrap();
    for part in fs::read_dir(home.path().join("run/parts")).unwrap().map(|entry| entry.unwrap()) {
        fs::copy(part.path(), home.path().join("mine/parts").join(part.file_name())).unwrap();
    }
    let before = everything(home.path());
    let err = fail(home.path(), "run small.toml -o mine", 2);
    assert!(err.contains("mine is no run directory: it holds runs.parquet"), "{err}");
    // A plan says so too.
    let (_, err) = succeed(home.path(), "plan small.toml -o mine");
    assert!(err.contains("a run would be refused: mine is no run directory"), "{err}");
    assert_eq!(everything(home.path()), before);
    // A run that has lost its config continues all the same, and takes another one in by force.
    fs::copy(home.path().join("run/config.toml"), home.path().join("config.toml")).unwrap();
    for command in ["run small.toml -o run replicates=1", "merge whole -o run --force"] {
        succeed(home.path(), "run small.toml -q -o whole replicates=1");
        fs::remove_file(home.path().join("run/config.toml")).unwrap();
        let (out, err) = succeed(home.path(), command);
        assert!(err.contains("6 of 6 jobs were done before") || out.contains("6 runs"), "{out}{err}");
    }
    // As does one of which only the config is left, for the same sweep.
    for entry in fs::read_dir(home.path().join("run")).unwrap().map(|entry| entry.unwrap().path()) {
        match entry.file_name().unwrap().to_str().unwrap() {
            "config.toml" => {}
            _ if entry.is_dir() => fs::remove_dir_all(entry).unwrap(),
            _ => fs::remove_file(entry).unwrap(),
        }
    }
    let err = fail(home.path(), "run small.toml -o run replicates=2", 2);
    assert!(err.contains("run is no run directory: it holds config.toml"), "{err}");
    succeed(home.path(), "run run/config.toml -q -o run");
}

/// Whatever a run writes, and however its directory grows: nothing of the same name is written over
/// by force, and nothing that only looks like ours removed.
#[test]
fn by_force_nothing_is_lost_whatever_its_name() {
    let home = with_small();
    let all = "run small.toml -q replicates=2 trace.enabled=true answer.claim=mirrored";
    succeed(home.path(), &format!("{all} -o whole"));
    let whole = home.path().join("whole");
    // A file of each name that is there, also of those in folders.
    let names: Vec<PathBuf> = everything(&whole)
        .into_keys()
        .filter(|path| path.is_file())
        .map(|path| path.strip_prefix(&whole).unwrap().to_owned())
        .collect();
    assert!(names.len() > 15 && names.iter().any(|name| name.starts_with("figures")), "{names:?}");
    // The names of parts are checksums of what they hold, so one that holds something else is no
    // part: it may be set aside.
    let names: Vec<&str> =
        names.iter().filter(|name| !name.starts_with("parts")).map(|n| n.to_str().unwrap()).collect();
    let named_so = format!("parts/{}.part.parquet", "0123456789abcdef".repeat(2));
    let odd = ["parts/x.traces.parquet", "pretraining/poetry.lock", "pretraining/data.parquet", named_so.as_str()];
    mine(home.path(), &[&names[..], &odd[..]].concat());
    succeed(home.path(), &format!("{all} -o mine --force"));
    let kept: Vec<Vec<u8>> = everything(&home.path().join("mine")).into_values().collect();
    for name in names.iter().chain(&odd).filter(|name| **name != "lock") {
        let own = format!("# {name} of my own\n");
        assert!(kept.iter().any(|bytes| bytes == own.as_bytes()), "{name} is lost");
    }
    // Files that only end as ours do are nobody's leftovers.
    mine(home.path(), &["pretraining/data.parquet", "pretraining/poetry.lock"]);
    let err = fail(home.path(), "run small.toml -o mine", 2);
    assert!(err.contains("mine is no run directory: it holds pretraining"), "{err}");
}
