//! Parameters that one algorithm alone has.

/// A parameter, declared in the file of the algorithm that it belongs to. Everything that reads, checks,
/// explains or stores its values takes what it needs from here.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Parameter {
    /// What a user types, which is also the name of its column. No other parameter has it.
    pub name: &'static str,
    /// Its value where none is given.
    pub default: f64,
    /// Which values it may have.
    pub range: Range,
    /// Whether it is a hyperparameter, of which the best value is chosen; otherwise runs with different
    /// values answer different questions and are never pooled.
    pub tuned: bool,
    /// One line for the list of keys.
    pub meaning: &'static str,
}

/// The values from `min` to `max`, and perhaps one more that turns the parameter off.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Range {
    /// Smallest value.
    pub min: f64,
    /// Whether the smallest value itself is excluded.
    pub open: bool,
    /// Largest value.
    pub max: f64,
    /// A value below `min` that means "not at all".
    pub off: Option<f64>,
}

impl Range {
    /// From 0 to 1, both included.
    pub const UNIT: Self = Self { min: 0.0, open: false, max: 1.0, off: None };

    /// Whether it holds `value`; never a not-a-number.
    #[must_use]
    pub fn contains(&self, value: f64) -> bool {
        let above = if self.open { value > self.min } else { value >= self.min };
        (above && value <= self.max) || self.off == Some(value)
    }
}

impl std::fmt::Display for Range {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if let Some(off) = self.off {
            write!(f, "{off} for never, or ")?;
        }
        let low = if self.open { "above" } else { "from" };
        write!(f, "{low} {} to {}", self.min, self.max)
    }
}

/// Values of parameters by name; those that are not set have their default.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ParameterValues {
    set: Vec<(&'static str, f64)>,
}

impl ParameterValues {
    /// All defaults.
    #[must_use]
    pub const fn defaults() -> Self {
        Self { set: Vec::new() }
    }

    /// The value of `parameter`.
    #[must_use]
    pub fn get(&self, parameter: &Parameter) -> f64 {
        self.set.iter().find(|(name, _)| *name == parameter.name).map_or(parameter.default, |(_, value)| *value)
    }

    /// The value of `parameter`; `None` if it turns the parameter off.
    #[must_use]
    pub fn unless_off(&self, parameter: &Parameter) -> Option<f64> {
        let value = self.get(parameter);
        (parameter.range.off != Some(value)).then_some(value)
    }

    /// Sets the value of `parameter`, whatever it was.
    pub fn set(&mut self, parameter: &Parameter, value: f64) {
        self.set.retain(|(name, _)| *name != parameter.name);
        self.set.push((parameter.name, value));
    }

    /// As [`ParameterValues::set`], for an expression.
    #[must_use]
    pub fn with(mut self, parameter: &Parameter, value: f64) -> Self {
        self.set(parameter, value);
        self
    }
}

/// Lists of parameters, one after the other. There are `COUNT` in all.
pub(super) const fn flattened<const COUNT: usize>(lists: &[&[Parameter]]) -> [Parameter; COUNT] {
    const NONE: Parameter = Parameter { name: "", default: 0.0, range: Range::UNIT, tuned: false, meaning: "" };
    let mut all = [NONE; COUNT];
    let (mut at, mut list) = (0, 0);
    while list < lists.len() {
        let mut i = 0;
        while i < lists[list].len() {
            all[at] = lists[list][i];
            (at, i) = (at + 1, i + 1);
        }
        list += 1;
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    const FACTOR: Parameter = Parameter {
        name: "factor",
        default: 0.0,
        range: Range { min: 1.0, open: false, max: 9.0, off: Some(0.0) },
        tuned: false,
        meaning: "a factor",
    };

    #[test]
    fn ranges_hold_their_ends_and_the_value_that_means_never() {
        let inside = |range: Range, value: f64| range.contains(value);
        assert!([0.0, 1.0, 9.0].iter().all(|&x| inside(FACTOR.range, x)));
        assert!([-1.0, 0.5, 9.5, f64::NAN].iter().all(|&x| !inside(FACTOR.range, x)));
        assert!(!inside(Range { open: true, ..Range::UNIT }, 0.0) && inside(Range::UNIT, 0.0));
        assert_eq!(FACTOR.range.to_string(), "0 for never, or from 1 to 9");
    }

    #[test]
    fn values_that_are_not_set_have_their_default() {
        let mut values = ParameterValues::defaults();
        assert_eq!((values.get(&FACTOR), values.unless_off(&FACTOR)), (0.0, None));
        values.set(&FACTOR, 3.0);
        values.set(&FACTOR, 2.0);
        assert_eq!((values.get(&FACTOR), values.unless_off(&FACTOR)), (2.0, Some(2.0)));
        assert_eq!(values, ParameterValues::defaults().with(&FACTOR, 2.0));
    }
}
