//! A given transition matrix: rows of numbers, or a file of them.

use std::path::Path;
use std::sync::Arc;

use ndarray::Array2;
use scb_core::{Chain, MAX_STATES, Task, TaskError, TaskSpec, Weights};

use crate::config::diagnostic::Diagnostic;
use crate::config::document::{Node, Value};
use crate::config::source::{Source, Span};
use crate::config::table_reader::{TableReader, number, wrong_kind, wrong_type};
use crate::platform::files::read_text;

/// What its entries mean.
const MEANING: &str = "entry [n][m] is the probability of state n after state m";

/// A row: where it stands, and its entries.
type Row = (Span, Vec<f64>);

/// `matrix` of the section `[task]`, if it is given.
pub(crate) fn matrix(task: &mut TableReader) -> Result<Option<Array2<f64>>, Diagnostic> {
    let Some(entry) = task.take("matrix") else { return Ok(None) };
    let span = entry.node.span.clone();
    let rows = match &entry.node.value {
        Value::List(rows) => rows_of_list(rows, &span)?,
        Value::Text(path) => rows_of_file(path, &span)?,
        other => return Err(wrong_kind("matrix", "a list of rows or the name of a CSV file", other, span)),
    };
    let n = rows.len();
    let mut matrix = Array2::zeros((n, n));
    for (i, (place, row)) in rows.iter().enumerate() {
        if row.len() != n {
            return Err(Diagnostic::new("`matrix` is not square")
                .at(place.clone(), format!("{} entries in a matrix of {n} rows", row.len()))
                .help(format!("{MEANING}, N rows of N entries")));
        }
        row.iter().enumerate().for_each(|(j, value)| matrix[[i, j]] = *value);
    }
    // Whether a task can be drawn from it, so that the error can show its place.
    let spec = TaskSpec { n, q: 1, t: 2, chain: Chain::Given(matrix.clone()), weights: Weights::Equal };
    match Task::draw(&spec, &mut scb_core::random::stream([0; 16])) {
        Ok(_) => Ok(Some(matrix)),
        Err(error) => Err(Diagnostic::new("`matrix` is no usable transition matrix")
            .at(span, error.to_string())
            .help(matrix_help(&error, &matrix))),
    }
}

fn too_many_rows(span: &Span, n: usize) -> Result<(), Diagnostic> {
    if n <= MAX_STATES {
        return Ok(());
    }
    Err(Diagnostic::new("`matrix` has too many rows")
        .at(span.clone(), format!("{n} rows"))
        .help(format!("N can be {MAX_STATES} at most")))
}

fn rows_of_list(rows: &[Node], span: &Span) -> Result<Vec<Row>, Diagnostic> {
    too_many_rows(span, rows.len())?;
    let of_row = |row: &Node| {
        let Value::List(cells) = &row.value else {
            return Err(wrong_type("matrix", "a list of rows", &row.value, row.span.clone())
                .help("write N rows of N numbers, for example [[0.9, 0.2], [0.1, 0.8]]"));
        };
        let cells = cells.iter().map(|cell| number("matrix", cell, MEANING)).collect::<Result<_, _>>()?;
        Ok((row.span.clone(), cells))
    };
    rows.iter().map(of_row).collect()
}

/// The rows of a CSV file: N lines of N numbers with commas between them; empty lines and those that
/// begin with `#` are passed over. Its path is relative to the file that names it, or to the
/// current folder if the command line does.
fn rows_of_file(path: &str, span: &Span) -> Result<Vec<Row>, Diagnostic> {
    let folder = if span.source.is_command_line() { None } else { Path::new(&span.source.name).parent() };
    let full = folder.map_or_else(|| Path::new(path).to_owned(), |folder| folder.join(path));
    let text = read_text(&full).map_err(|error| {
        Diagnostic::new(format!("cannot read the matrix {}: {error}", full.display()))
            .at(span.clone(), "named here")
            .help(format!(
                "give rows, [[0.9, 0.2], [0.1, 0.8]], or a CSV file, as np.savetxt(\"{}\", P, delimiter=\",\") writes \
                 it; its path is relative to {}",
                "p.csv",
                if folder.is_some() { "the folder of this config" } else { "the current folder" }
            ))
    })?;
    let source = Arc::new(Source { name: full.display().to_string(), text });
    let mut rows = Vec::new();
    let mut start = 0;
    for line in source.text.split_inclusive('\n') {
        let content = line.trim_end();
        let range = start..start + content.len();
        start += line.len();
        let content = content.trim_start_matches('\u{feff}').trim_start();
        if content.is_empty() || content.starts_with('#') {
            continue;
        }
        let row = Span { source: Arc::clone(&source), range };
        let mut entries = Vec::new();
        let mut at = row.range.end - content.len();
        for cell in content.split(',').take(MAX_STATES + 1) {
            let place = Span { source: Arc::clone(&source), range: at..at + cell.len() };
            at += cell.len() + 1;
            let number = cell.trim().parse::<f64>().ok().filter(|number| number.is_finite());
            entries.push(number.ok_or_else(|| {
                Diagnostic::new(format!(
                    "entry {} of row {} of the matrix is no number",
                    entries.len() + 1,
                    rows.len() + 1
                ))
                .at(place, "cannot be read")
                .help("write N lines of N numbers with commas between them, and nothing else")
            })?);
        }
        rows.push((row, entries));
        too_many_rows(span, rows.len())?;
    }
    Ok(rows)
}

/// What to change in a matrix that the core refuses.
fn matrix_help(error: &TaskError, matrix: &Array2<f64>) -> String {
    let transposed =
        |row: ndarray::ArrayView1<'_, f64>| (row.sum() - 1.0).abs() < 1e-6 && row.iter().all(|&p| p >= 0.0);
    match error {
        TaskError::NotStochastic { .. } if matrix.rows().into_iter().all(transposed) => {
            "its rows sum to 1: transpose it, so that [n][m] is the probability of state n after \
             state m"
                .to_owned()
        }
        TaskError::NotIrreducible { .. } => {
            "give every state a way to every other one; a small probability is enough".to_owned()
        }
        TaskError::RareState { state, .. } => {
            format!("raise the entries of row {state}, the probabilities of state {state}")
        }
        TaskError::NearlyIndependent { .. } => {
            "let its columns differ: they say what follows each state, and here the same follows \
             all"
            .to_owned()
        }
        _ => "entry [n][m] is the probability of state n after state m, so each column sums to 1".to_owned(),
    }
}
