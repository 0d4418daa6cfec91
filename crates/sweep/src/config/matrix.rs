//! A given transition matrix: rows of numbers, or a file of them, in CSV or in NumPy's format.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use ndarray::Array2;
use ndarray_npy::{ReadNpyError, ReadNpyExt};
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
        Value::Text(path) if path.to_lowercase().ends_with(".npy") => rows_of_npy(path, &span)?,
        Value::Text(path) => rows_of_file(path, &span)?,
        other => return Err(wrong_kind("matrix", "a list of rows or the name of a file, .csv or .npy", other, span)),
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
    normalise(&mut matrix);
    // Whether a task can be drawn from it, so that the error can show its place.
    let spec = TaskSpec { n, q: 1, t: 2, chain: Chain::Given(matrix.clone()), weights: Weights::Equal };
    match Task::draw(&spec, &mut scb_core::random::stream([0; 16])) {
        Ok(_) => Ok(Some(matrix)),
        Err(error) => Err(Diagnostic::new("`matrix` is no usable transition matrix")
            .at(span, error.to_string())
            .help(matrix_help(&error, &matrix))),
    }
}

/// How far the sum of a column may be from 1 because its entries were rounded to a few decimals.
const ROUNDED: f64 = 1e-4;
/// Sums this near to 1 are those of doubles: such a matrix is taken as it is.
const EXACT: f64 = 1e-9;

/// Divides columns by their sums, where these are 1 but for rounded decimals.
fn normalise(matrix: &mut Array2<f64>) {
    for mut column in matrix.columns_mut() {
        let sum = column.sum();
        if (EXACT..=ROUNDED).contains(&(sum - 1.0).abs()) && column.iter().all(|&p| p >= 0.0) {
            column.mapv_inplace(|p| p / sum);
        }
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
    let full = full_path(path, span);
    let text = read_text(&full).map_err(|error| unreadable(&full, &error.to_string(), span))?;
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

/// Where a file lies that is named at `span`.
fn full_path(path: &str, span: &Span) -> PathBuf {
    let folder = if span.source.is_command_line() { None } else { Path::new(&span.source.name).parent() };
    folder.map_or_else(|| Path::new(path).to_owned(), |folder| folder.join(path))
}

fn unreadable(full: &Path, why: &str, span: &Span) -> Diagnostic {
    let place = if span.source.is_command_line() { "the current folder" } else { "the folder of this config" };
    Diagnostic::new(format!("cannot read the matrix {}: {why}", full.display())).at(span.clone(), "named here").help(
        format!(
            "give rows, [[0.9, 0.2], [0.1, 0.8]], or a file, as np.save(\"p.npy\", P) or np.savetxt(\"p.csv\", P, \
         delimiter=\",\") write it; its path is relative to {place}"
        ),
    )
}

/// The largest `.npy` file that is read, in bytes: 256 x 256 doubles and more than a header.
const MAX_NPY_BYTES: u64 = 1 << 20;

/// The rows of a file in NumPy's format: a square array of doubles or singles.
fn rows_of_npy(path: &str, span: &Span) -> Result<Vec<Row>, Diagnostic> {
    let full = full_path(path, span);
    let read = || -> Result<Array2<f64>, String> {
        let mut bytes = Vec::new();
        let file = File::open(&full).map_err(|error| error.to_string())?;
        file.take(MAX_NPY_BYTES + 1).read_to_end(&mut bytes).map_err(|error| error.to_string())?;
        if bytes.len() as u64 > MAX_NPY_BYTES {
            return Err(format!("it is larger than a matrix of {MAX_STATES} x {MAX_STATES}"));
        }
        match Array2::<f64>::read_npy(&bytes[..]) {
            Err(ReadNpyError::WrongDescriptor(_)) => match Array2::<f32>::read_npy(&bytes[..]) {
                Err(ReadNpyError::WrongDescriptor(found)) => {
                    Err(format!("its type is {found}, and must be float64 or float32"))
                }
                singles => singles.map(|p| p.mapv(f64::from)).map_err(|error| error.to_string()),
            },
            doubles => doubles.map_err(|error| error.to_string()),
        }
    };
    let matrix = read().map_err(|why| unreadable(&full, &why, span))?;
    too_many_rows(span, matrix.nrows())?;
    if let Some(((row, column), value)) = matrix.indexed_iter().find(|(_, value)| !value.is_finite()) {
        let (row, column) = (row + 1, column + 1);
        return Err(Diagnostic::new(format!("entry {column} of row {row} of the matrix is {value}"))
            .at(span.clone(), "in this file")
            .help(MEANING));
    }
    Ok(matrix.rows().into_iter().map(|row| (span.clone(), row.to_vec())).collect())
}

/// What to change in a matrix that the core refuses.
fn matrix_help(error: &TaskError, matrix: &Array2<f64>) -> String {
    let transposed =
        |row: ndarray::ArrayView1<'_, f64>| (row.sum() - 1.0).abs() < ROUNDED && row.iter().all(|&p| p >= 0.0);
    match error {
        TaskError::NotStochastic { .. } if matrix.rows().into_iter().all(transposed) => {
            "its rows sum to 1: transpose it (P.T in NumPy), so that [n][m] is the probability of state n \
             after state m"
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
