//! What `[task]` says besides axes: the weights of q, and a given transition matrix.

use ndarray::Array2;
use scb_core::{Chain, Task, TaskError, TaskSpec, Weights};

use crate::config::diagnostic::Diagnostic;
use crate::config::document::Value;
use crate::config::source::Span;
use crate::config::table_reader::{TableReader, number, wrong_kind, wrong_type};

/// How many states a given matrix may have.
const MAX_STATES: usize = 256;

pub(crate) fn weights(task: &mut TableReader) -> Result<Weights, Diagnostic> {
    let Some(entry) = task.take("weights") else { return Ok(Weights::Equal) };
    match entry.node.value {
        Value::Text(text) if text == "equal" => Ok(Weights::Equal),
        Value::Table(_) => {
            let mut table = TableReader::new("weights", entry.node.clone())?;
            table.check_keys(&["dirichlet"])?;
            match table.optional_real("dirichlet", 1e-3..1e6, "for example weights = { dirichlet = 1.0 }")? {
                Some(concentration) => Ok(Weights::Dirichlet(concentration)),
                None => Err(wrong_weights(entry.node.span)),
            }
        }
        _ => Err(wrong_weights(entry.node.span)),
    }
}

fn wrong_weights(span: Span) -> Diagnostic {
    Diagnostic::new("`weights` says how the attention weights are drawn")
        .at(span, "not a way to draw them")
        .help("write weights = \"equal\" or weights = { dirichlet = 1.0 }")
}

pub(crate) fn matrix(task: &mut TableReader) -> Result<Option<Array2<f64>>, Diagnostic> {
    let Some(entry) = task.take("matrix") else { return Ok(None) };
    let span = entry.node.span.clone();
    let Value::List(rows) = entry.node.value else {
        return Err(wrong_kind("matrix", "a list of rows", &entry.node.value, span));
    };
    let n = rows.len();
    if n > MAX_STATES {
        return Err(Diagnostic::new("`matrix` has too many rows")
            .at(span, format!("{n} rows"))
            .help(format!("N can be {MAX_STATES} at most")));
    }
    let mut matrix = Array2::zeros((n, n));
    for (i, row) in rows.iter().enumerate() {
        let Value::List(cells) = &row.value else {
            return Err(wrong_type("matrix", "a list of rows", &row.value, row.span.clone())
                .help("write N rows of N numbers, for example [[0.9, 0.2], [0.1, 0.8]]"));
        };
        if cells.len() != n {
            return Err(Diagnostic::new("`matrix` is not square")
                .at(row.span.clone(), format!("{} entries in a matrix of {n} rows", cells.len()))
                .help("entry [n][m] is the probability of state n after state m, N rows of N entries"));
        }
        for (j, cell) in cells.iter().enumerate() {
            matrix[[i, j]] = number("matrix", cell, "entry [n][m] is the probability of state n after state m")?;
        }
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
