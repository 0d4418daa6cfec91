//! `sweep new`: a commented config for a question of one's own.

use std::path::Path;
use std::process::ExitCode;

use report::table::write_whole;

use crate::SweepError;
use crate::args::NewArguments;
use crate::config;
use crate::config::diagnostic::Diagnostic;
use crate::explain::schema;
use crate::platform::shell::quoted_path;
use crate::platform::terminal::{answer_columns, fitted, print};

/// The config, with places for the name, the sizes and the task.
const TEMPLATE: &str = include_str!("template.toml");
/// The file that editors check configs by.
const SCHEMA: &str = "sweep.schema.json";

const SIZES: &str =
    "N = 3                   # states\nQ = [1, 2]              # positions that a query token attends to\n";
const TASK: &str = "# [task]                # without it P = 0.5 * permutation + 0.5 * Dirichlet columns
# matrix = \"p.npy\"      # a chain of your own: N rows of N numbers, .csv or .npy
";
/// What else may vary: of chains that are drawn, and of one that is given.
const VARIED: [&str; 2] = [
    "persistence = [0.2, 0.5, 0.8]       # any other key may vary too; this is the weight of the permutation in P",
    "epsilon = [0.25, 0.1]               # any other key may vary too; this is the error that counts as recovered",
];

pub(crate) fn new(arguments: &NewArguments) -> Result<ExitCode, SweepError> {
    let path = match arguments.name.extension() {
        Some(ending) if ending == "toml" => arguments.name.clone(),
        _ => arguments.name.with_added_extension("toml"),
    };
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    if !folder.is_dir() {
        return Err(Diagnostic::new(format!("there is no folder {}", folder.display())).help("make it first").into());
    }
    if path.exists() {
        return Err(Diagnostic::new(format!("{} exists", path.display())).help("choose another name").into());
    }
    let name = path.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
    if config::name_of(&name) != name {
        return Err(Diagnostic::new(format!("`{name}` cannot name a sweep"))
            .help("use letters, digits, - _ and dots that do not come first: it also names the run directory")
            .into());
    }
    let text = filled(&name, folder, arguments.matrix.as_deref())?;
    let schema_path = folder.join(SCHEMA);
    write_whole(&path, text.as_bytes())?;
    let beside = if schema_path.exists() {
        String::new()
    } else {
        write_whole(&schema_path, schema::text().as_bytes())?;
        format!(" (and {}, by which editors complete and check it)", schema_path.display())
    };
    let shown = quoted_path(&path);
    let said = format!(
        "{}{beside}. Read it, change the grid, then\n\n    sweep plan {shown}\n    sweep run {shown}\n",
        path.display()
    );
    print(&fitted(&said, Some(answer_columns())))?;
    Ok(ExitCode::SUCCESS)
}

/// The template for this name, in this folder, and for the chain of this file if one is given.
fn filled(name: &str, folder: &Path, matrix: Option<&Path>) -> Result<String, SweepError> {
    let (sizes, task) = match matrix {
        None => (SIZES.to_owned(), TASK.to_owned()),
        Some(file) => {
            // A path in a config is relative to it.
            let here = folder == Path::new(".") || file.is_absolute();
            let path =
                if here { file.to_owned() } else { std::path::absolute(file).unwrap_or_else(|_| file.to_owned()) };
            let written = toml::Value::from(path.display().to_string()).to_string();
            let n = states(&written)?;
            let sizes = format!(
                "N = {n:<20}# states of the chain\nQ = 2                   # positions that a query token attends to\n"
            );
            (sizes, format!("[task]\nmatrix = {written}\n"))
        }
    };
    let varied = VARIED[usize::from(matrix.is_some())];
    let filled = [("{name}", name), ("{sizes}", &sizes), ("{task}", &task), ("{varied}", varied)];
    Ok(filled.into_iter().fold(TEMPLATE.to_owned(), |text, (place, with)| text.replace(place, with)))
}

/// How many states the chain of a file has, which must be one.
fn states(written: &str) -> Result<usize, SweepError> {
    let text = format!("task.matrix = {written}\ngrid = {{ N = 2, Q = 1, T = 4 }}\n");
    let config = config::parse("new", "--matrix", text, &[])?;
    Ok(config.shared.matrix.map_or(0, |matrix| matrix.nrows()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::parse;

    #[test]
    fn the_template_is_a_config_that_can_be_run() {
        let text = filled("mine", Path::new("."), None).unwrap();
        let config = parse("mine", "mine.toml", text.clone(), &[]).unwrap_or_else(|wrong| panic!("{}", wrong.render()));
        assert!(config.is_search() && config.title.is_some());
        assert!(text.starts_with("#:schema ./sweep.schema.json\n") && !text.contains("{{"), "{text}");
        assert!(text.lines().all(|line| line.chars().count() <= 120), "{text}");
        // What is commented out in the grid holds too.
        let opened = text.replace("# persistence =", "persistence =").replace("# where =", "where =");
        assert_ne!(opened, text);
        let varied = parse("mine", "mine.toml", opened, &[]).unwrap_or_else(|wrong| panic!("{}", wrong.render()));
        assert!(varied.grids[0].axes.iter().any(|axis| axis.axis == crate::axis::PERSISTENCE && axis.listed));
    }
}
