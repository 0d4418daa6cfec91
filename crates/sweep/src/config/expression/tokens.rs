//! The numbers, names and signs of a text.

use std::ops::Range;

use crate::config::expression::tree::ExpressionError;

/// A token, and where it stands.
pub(super) type Token<'s> = (&'s str, Range<usize>);

pub(super) fn tokens(text: &str) -> Result<Vec<Token<'_>>, ExpressionError> {
    let mut tokens = Vec::new();
    let mut rest = text;
    loop {
        rest = rest.trim_start();
        let start = text.len() - rest.len();
        let Some(first) = rest.chars().next() else { break };
        // As other languages have it.
        for (foreign, ours) in [("**", "a power is written `^`"), ("//", "write floor(a/b) for whole division")] {
            if rest.starts_with(foreign) {
                return Err(ExpressionError { message: ours.to_owned(), range: start..start + foreign.len() });
            }
        }
        let length = if first.is_ascii_digit() || first == '.' {
            number_length(rest)
        } else if first.is_alphabetic() || first == '_' {
            rest.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(rest.len())
        } else if ["<=", ">=", "==", "!=", "&&", "||"].iter().any(|op| rest.starts_with(op)) {
            2
        } else if "+-*/^()<>,!".contains(first) {
            1
        } else {
            let range = start..start + first.len_utf8();
            return Err(ExpressionError { message: format!("`{first}` has no meaning here"), range });
        };
        tokens.push((&rest[..length], start..start + length));
        rest = &rest[length..];
    }
    Ok(tokens)
}

/// Digits, a point, an exponent.
fn number_length(text: &str) -> usize {
    let bytes = text.as_bytes();
    let digits = |from: usize| bytes[from..].iter().take_while(|b| b.is_ascii_digit() || **b == b'.').count();
    let mantissa = digits(0);
    if !matches!(bytes.get(mantissa), Some(b'e' | b'E')) {
        return mantissa;
    }
    let sign = usize::from(matches!(bytes.get(mantissa + 1), Some(b'+' | b'-')));
    let exponent = digits(mantissa + 1 + sign);
    if exponent == 0 { mantissa } else { mantissa + 1 + sign + exponent }
}

/// The text of an expression with other names in it.
pub(crate) fn renamed<'n>(text: &'n str, name: impl Fn(&'n str) -> &'n str) -> String {
    let Ok(tokens) = tokens(text) else { return text.to_owned() };
    let (mut renamed, mut at) = (String::new(), 0);
    for (token, range) in tokens {
        renamed += &text[at..range.start];
        renamed += name(token);
        at = range.end;
    }
    renamed + &text[at..]
}
