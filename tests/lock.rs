//! Two processes, one directory.

use std::fs;
use std::path::Path;
use std::process::{Child, Stdio};
use std::time::Duration;

use super::{command, fail, succeed, with_small};

/// A run of minutes in `here`, at work.
fn long_run(home: &Path, flags: &str) -> Child {
    let arguments = format!("run small.toml -o here training.stop_at=budget training.max_samples=1e8 {flags}");
    let mut child = command(home, &arguments).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let at_work = || {
        let owners = fs::read_dir(home.join("here/progress"));
        owners.is_ok_and(|files| files.flatten().any(|file| file.path().extension().is_some_and(|e| e == "json")))
    };
    let started = (0..600).any(|_| {
        std::thread::sleep(Duration::from_millis(10));
        at_work()
    });
    if !started {
        child.kill().unwrap();
        child.wait().unwrap();
        panic!("it does not start");
    }
    child
}

#[test]
fn a_second_process_is_refused_with_the_owner_and_a_dead_owner_is_no_obstacle() {
    let home = with_small();
    let mut owner = long_run(home.path(), "");
    let who = format!("here is in use by process {} on {}", owner.id(), sweep::platform::machine::host());
    for arguments in ["run small.toml -o here", "run small.toml -o here --shard 1/2", "merge here -o here"] {
        let err = fail(home.path(), arguments, 2);
        assert!(err.contains(&who) && err.contains("training.max_samples=1e8") && err.contains("-o"), "{err}");
    }
    // Looking is always allowed.
    let (out, _) = succeed(home.path(), "status here");
    assert!(out.contains("left 24") && out.contains(&format!("process {}", owner.id())), "{out}");
    owner.kill().unwrap();
    owner.wait().unwrap();
    let (out, _) = succeed(home.path(), "status here");
    assert!(out.contains("gone: no sign of life"), "{out}");
    succeed(home.path(), "run small.toml -o here");
}

#[test]
fn shards_share_a_directory_that_a_run_without_shards_must_wait_for() {
    let home = with_small();
    let mut owner = long_run(home.path(), "--shard 1/2");
    let err = fail(home.path(), "run small.toml -o here", 2);
    assert!(err.contains(&format!("process {} on", owner.id())) && err.contains("shard 1/2"), "{err}");
    let mut second = long_run(home.path(), "--shard 2/2");
    std::thread::sleep(Duration::from_millis(300));
    assert!(second.try_wait().unwrap().is_none(), "it is let in");
    let (out, _) = succeed(home.path(), "status here");
    assert!(
        out.contains("shard 1/2: 0 of 12 done, running on") && out.contains("shard 2/2: 0 of 12 done, running on"),
        "{out}"
    );
    for child in [&mut owner, &mut second] {
        child.kill().unwrap();
        child.wait().unwrap();
    }
    succeed(home.path(), "run small.toml -o here");
}
