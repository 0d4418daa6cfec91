//! `sweep completions` and `sweep man`: from the declarations of the command line.

use std::path::Path;
use std::process::ExitCode;

use clap::CommandFactory;
use clap_complete::{Shell, generate};
use report::table::write_whole;

use crate::SweepError;
use crate::args::Arguments;
use crate::config::diagnostic::Diagnostic;
use crate::platform::files::FileError;
use crate::platform::terminal::print;

/// Prints the script that completes commands in a shell.
pub(crate) fn completions(shell: Shell) -> Result<ExitCode, SweepError> {
    let mut script = Vec::new();
    generate(shell, &mut Arguments::command(), "sweep", &mut script);
    print(&String::from_utf8_lossy(&script))?;
    Ok(ExitCode::SUCCESS)
}

/// Writes `sweep.1` and a page for each command.
pub(crate) fn pages(folder: &Path) -> Result<ExitCode, SweepError> {
    if !folder.is_dir() {
        return Err(Diagnostic::new(format!("{} is no folder", folder.display()))
            .help("make it first; man looks for pages in ~/.local/share/man/man1")
            .into());
    }
    let mut command = Arguments::command();
    // Long names of commands come from this.
    command.build();
    let mut all = vec![("sweep".to_owned(), command.clone())];
    all.extend(
        command
            .get_subcommands()
            .filter(|c| c.get_name() != "help")
            .map(|c| (format!("sweep-{}", c.get_name()), c.clone())),
    );
    let mut written = Vec::new();
    for (name, command) in all {
        let path = folder.join(format!("{name}.1"));
        let mut page = Vec::new();
        clap_mangen::Man::new(command).title(name).render(&mut page).map_err(FileError::at("write", &path))?;
        write_whole(&path, &page)?;
        written.push(path);
    }
    print(&format!("{} pages in {}\n", written.len(), folder.display()))?;
    Ok(ExitCode::SUCCESS)
}
