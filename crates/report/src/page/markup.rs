//! Numbers and exponents as a page shows them: with minus signs, and raised.

use maud::{Markup, html};

use crate::analysis::{Coefficient, WIDEST, two};

pub(super) fn none() -> String {
    "–".to_owned()
}

/// `T^0.78 ..` with the exponent raised.
pub(super) fn raised(text: &str) -> Markup {
    let mut parts = text.split('^');
    let first = parts.next().unwrap_or_default();
    html! {
        (signed(first))
        @for part in parts {
            @let end = part.find(|c: char| !(c.is_ascii_digit() || "-.".contains(c))).unwrap_or(part.len());
            // A full stop is no part of a number.
            @let end = part[..end].trim_end_matches('.').len();
            sup { (minus(&part[..end])) } (signed(&part[end..]))
        }
    }
}

/// A minus before numbers in brackets, where there was a hyphen.
fn signed(text: &str) -> String {
    text.replace("[-", "[−").replace(", -", ", −")
}

pub(super) fn interval(coefficient: Option<Coefficient>) -> String {
    match coefficient {
        None => none(),
        Some(Coefficient { estimate, interval: Some((low, high)), .. }) if high - low <= WIDEST => {
            minus(&format!("{} [{}, {}]", two(estimate), two(low), two(high)))
        }
        Some(_) => "unknown".to_owned(),
    }
}

pub(super) fn minus(text: &str) -> String {
    text.replace('-', "−")
}
