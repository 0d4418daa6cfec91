//! What `[task]` says of the weights of q.

use scb_core::Weights;

use crate::config::diagnostic::Diagnostic;
use crate::config::document::Value;
use crate::config::source::Span;
use crate::config::table_reader::TableReader;

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
