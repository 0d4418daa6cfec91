//! What one axis is: its key, its values, its part.

use scb_core::learn::ALGORITHMS;

use report::record::written;

/// What values an axis takes.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Domain {
    /// Whole numbers; results of expressions are rounded.
    Whole {
        /// Smallest.
        min: f64,
        /// Largest.
        max: f64,
    },
    /// Real numbers.
    Real {
        /// Lower end.
        min: f64,
        /// Whether the lower end itself is excluded.
        open: bool,
        /// Upper end.
        max: f64,
        /// A value below all of these that means "never".
        off: Option<f64>,
    },
    /// The name of an algorithm; its value is the index in [`ALGORITHMS`].
    Algorithm,
    /// One of these names; its value is the index.
    Name(&'static [&'static str]),
}

/// A value that an axis has where none is given.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum DefaultValue {
    /// A number, a name or an expression, as a config would have it.
    Text(&'static str),
    /// A number.
    Number(f64),
    /// The value of the axis of this name, which comes earlier.
    Of(&'static str),
}

/// What part an axis plays when needed samples are computed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// Names the cell and has a column in every table.
    Cell,
    /// A hyperparameter: the best value is chosen.
    Tuned,
    /// Part of the task or the milestone: never chosen, a column of its own when a grid names it.
    Condition,
}

/// One parameter of a job.
#[derive(Debug, Clone, Copy)]
pub struct Axis {
    /// Its key, which is also the name of its column. It is that of no other column.
    pub name: &'static str,
    /// Another spelling of the key: short in its own section, and taken wherever a key is.
    pub alias: Option<&'static str>,
    /// The section that may set it for the whole grid; `None`: only `[grid]`.
    pub section: Option<&'static str>,
    /// Its values.
    pub domain: Domain,
    /// Its part.
    pub role: Role,
    /// Where none is given; `None`: one must be given.
    pub default: Option<DefaultValue>,
    /// Whether the tables always have its column.
    pub fixed_column: bool,
    /// What it is.
    pub meaning: &'static str,
}

pub(crate) const LARGE: f64 = 1e15;

impl Axis {
    /// Whether a search may move it: it is a hyperparameter, and no budget.
    #[must_use]
    pub fn can_be_searched(&self) -> bool {
        self.role == Role::Tuned && self.name != "max_samples"
    }

    /// The nearest value this axis can take: whole axes round.
    #[must_use]
    pub fn rounded(&self, value: f64) -> f64 {
        match self.domain {
            // Adding zero makes -0 into 0, so that both have one identity.
            Domain::Whole { .. } => value.round() + 0.0,
            _ => value + 0.0,
        }
    }

    /// Why `value` is not allowed, if it is not.
    #[must_use]
    pub fn complaint(&self, value: f64) -> Option<String> {
        let (min, open, max, off) = match self.domain {
            Domain::Whole { min, max } => (min, false, max, None),
            Domain::Real { min, open, max, off } => (min, open, max, off),
            Domain::Algorithm | Domain::Name(_) => return None,
        };
        let low = if open { value <= min } else { value < min };
        let kind = if matches!(self.domain, Domain::Whole { .. }) { "a whole number" } else { "a number" };
        if !value.is_finite() {
            return Some(format!("{} must be {kind}, and finite", self.name));
        }
        if !(low || value > max) || off == Some(value) {
            return None;
        }
        let bound = match (open, max >= LARGE && value <= max) {
            (true, true) => format!("above {min}"),
            (false, true) => format!("of at least {min}"),
            (true, false) => format!("above {min} and at most {max}"),
            (false, false) => format!("from {min} to {max}"),
        };
        let or_off = off.map_or_else(String::new, |off| format!("{off} for never, or "));
        Some(format!("{} must be {or_off}{kind} {bound}", self.name))
    }

    /// What it is and how to set it, for the help of an error.
    #[must_use]
    pub fn example(&self) -> String {
        let value = match (self.default_text(), self.name) {
            // The default says nothing of values that do something.
            _ if let Domain::Real { min, off: Some(_), .. } = self.domain => (2.0 * min).to_string(),
            (Some(default), _) if default.parse::<f64>().is_ok() => default,
            (Some(default), _) => format!("\"{default}\""),
            (None, "T") => "[64, 256]".to_owned(),
            (None, _) => "[2, 3]".to_owned(),
        };
        format!("it is the {}; for example {} = {value}", self.meaning, self.name)
    }

    /// [`default`](Self::default) as a config would have it.
    #[must_use]
    pub fn default_text(&self) -> Option<String> {
        self.default.map(|default| match default {
            DefaultValue::Text(text) | DefaultValue::Of(text) => text.to_owned(),
            DefaultValue::Number(number) => self.canonical(number),
        })
    }

    /// [`default`](Self::default) as a value, if it is one that depends on nothing else.
    #[must_use]
    pub fn default_value(&self) -> Option<f64> {
        let text = self.default_text()?;
        match self.names() {
            Some(names) => names.iter().position(|name| *name == text).map(|at| at as f64),
            None => text.parse().ok(),
        }
    }

    /// Its values by name, if they have names: the index is the value.
    #[must_use]
    pub fn names(&self) -> Option<Vec<&'static str>> {
        match self.domain {
            Domain::Algorithm => Some(ALGORITHMS.iter().map(|a| a.name).collect()),
            Domain::Name(names) => Some(names.to_vec()),
            _ => None,
        }
    }

    /// A value for people to read.
    #[must_use]
    pub fn written(&self, value: f64) -> String {
        if self.names().is_some() { self.canonical(value) } else { written(value) }
    }

    /// A value in canonical forms, which must not change: numbers without exponents, with all their
    /// zeros.
    #[must_use]
    pub fn canonical(&self, value: f64) -> String {
        match self.domain {
            Domain::Algorithm => ALGORITHMS[value as usize].name.to_owned(),
            Domain::Name(names) => names[value as usize].to_owned(),
            _ => format!("{value}"),
        }
    }
}
