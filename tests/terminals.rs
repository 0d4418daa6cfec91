//! What is shown fits the terminal it is shown on, and one that can draw no bar gets lines.

use std::path::Path;
use std::process::Command;

use super::{command, succeed, with_small};

/// A sweep of a few seconds on one core that can be made as long as one likes.
const SLOW: &str = "replicates = 2000\n[grid]\nN = 3\nQ = 2\nT = 2048\nbatch_size = 64\n[training]\nmax_samples = 400000\nstop_at = \"budget\"\n";

/// What `sweep` with `arguments` shows on a terminal of so many columns, and its exit code; `None`
/// where there is no such program as `script` to make one. It ends after `seconds` at the latest.
fn on_a_terminal(directory: &Path, environment: &str, columns: usize, arguments: &str, seconds: u32) -> Option<String> {
    let program = env!("CARGO_BIN_EXE_sweep");
    let line = format!("stty rows 24 cols {columns}; {environment} timeout -s INT {seconds} {program} {arguments}");
    let mut script = Command::new("script");
    script.args(["-qc", &line, "/dev/null"]).current_dir(directory).env_remove("NO_COLOR").env("TERM", "xterm");
    match script.stdin(std::process::Stdio::null()).output() {
        Ok(output) => Some(String::from_utf8_lossy(&output.stdout).replace('\r', "")),
        Err(error) => {
            assert!(std::env::var_os("CI").is_none(), "script: {error}");
            eprintln!("skipped: there is no `script` here");
            None
        }
    }
}

fn plain(text: &str) -> String {
    anstream::adapter::strip_str(text).to_string()
}

#[test]
fn a_terminal_without_a_cursor_gets_lines() {
    let home = with_small();
    std::fs::write(home.path().join("slow.toml"), SLOW).unwrap();
    for terminal in ["TERM=dumb", "env -u TERM"] {
        let Some(shown) = on_a_terminal(home.path(), terminal, 80, "run slow.toml -j 1 -o dumb", 5) else { return };
        assert!(shown.contains("slow: ") && shown.contains(" % of work  ") && shown.contains(" left\n"), "{shown}");
    }
    let Some(shown) = on_a_terminal(home.path(), "TERM=xterm", 80, "run slow.toml -j 1 -o drawn", 2) else { return };
    assert!(shown.contains("slow [") && shown.contains('\u{1b}'), "a bar: {shown}");
}

#[test]
fn what_is_shown_fits_the_terminal() {
    let home = with_small();
    std::fs::write(home.path().join("bad.toml"), "[grid]\nN = 3\nT = [32, 64]\nQ = \"T/16\"\n").unwrap();
    succeed(home.path(), "run small.toml -o done");
    let wide =
        "[grid]\nN = 3\nQ = 1\nT = { lin = [1000, 7000], points = 7 }\nbatch_size = { lin = [100, 900], points = 9 }\n";
    std::fs::write(home.path().join("wide.toml"), wide).unwrap();
    for columns in [60, 80, 100] {
        for arguments in [
            "run small.toml -o done",
            "report done",
            "status done",
            "plan wide.toml",
            "run bad.toml",
            "run small.toml quantil=3",
            "plan bad.toml algorithm=adm",
        ] {
            let Some(shown) = on_a_terminal(home.path(), "", columns, arguments, 60) else { return };
            let shown = plain(&shown);
            assert!(shown.lines().count() > 2, "{arguments}: {shown}");
            assert!(shown.lines().all(|line| line.chars().count() <= columns), "{arguments} at {columns}:\n{shown}");
        }
    }
    for arguments in
        ["--help", "run --help", "plan -h", "report --help", "status --help", "merge --help", "slurm --help"]
    {
        let Some(shown) = on_a_terminal(home.path(), "", 80, arguments, 60) else { return };
        assert!(plain(&shown).lines().all(|line| line.chars().count() <= 80), "{arguments}:\n{shown}");
    }
}

#[test]
fn off_a_terminal_columns_are_those_that_are_told() {
    let home = with_small();
    let (out, _) = succeed(home.path(), "run small.toml -o done");
    let longest = |text: &str| text.lines().map(|line| line.chars().count()).max().unwrap_or(0);
    assert!(longest(&out) <= 100 && longest(&out) > 80, "{out}");
    for columns in [60, 72, 80, 120] {
        let output = command(home.path(), "report done").env("COLUMNS", columns.to_string()).output().unwrap();
        let out = String::from_utf8(output.stdout).unwrap();
        assert!(longest(&out) <= columns && out.contains("recover the truth"), "{out}");
    }
}
