//! Parameters that belong to one algorithm.

/// A parameter of one algorithm: its name, default value, range and meaning.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Parameter {
    /// Its name. Values are stored under it, so it must be unique within an algorithm. The names of
    /// all [`PARAMETERS`](super::PARAMETERS) differ.
    pub name: &'static str,
    /// Its default value.
    pub default: f64,
    /// The values it can take.
    pub range: Range,
    /// Whether it is a hyperparameter that is to be tuned. If not, it defines the experiment, and
    /// runs with different values must not be pooled. Training itself does not use this.
    pub tuned: bool,
    /// A one-line description.
    pub meaning: &'static str,
}

/// A closed or half-open interval, with an optional extra value that switches the parameter off.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Range {
    /// Smallest value.
    pub min: f64,
    /// Whether the smallest value itself is excluded.
    pub open: bool,
    /// Largest value.
    pub max: f64,
    /// A value outside the interval that switches the parameter off.
    pub off: Option<f64>,
}

impl Range {
    /// From 0 to 1, both included.
    pub const UNIT: Self = Self { min: 0.0, open: false, max: 1.0, off: None };

    /// Whether `value` is allowed; NaN never is.
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

/// Values of parameters, by name. A parameter that is not set has its default value.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ParameterValues {
    set: Vec<(&'static str, f64)>,
}

impl ParameterValues {
    /// No values set: every parameter has its default.
    #[must_use]
    pub const fn defaults() -> Self {
        Self { set: Vec::new() }
    }

    /// The value of `parameter`.
    #[must_use]
    pub fn get(&self, parameter: &Parameter) -> f64 {
        self.set.iter().find(|(name, _)| *name == parameter.name).map_or(parameter.default, |(_, value)| *value)
    }

    /// The value of `parameter`, or `None` if it is switched off (its value is `range.off`).
    #[must_use]
    pub fn unless_off(&self, parameter: &Parameter) -> Option<f64> {
        let value = self.get(parameter);
        (parameter.range.off != Some(value)).then_some(value)
    }

    /// Sets the value of `parameter`. The range is checked by
    /// [`TrainSpec::check`](crate::train::TrainSpec::check), not here.
    pub fn set(&mut self, parameter: &Parameter, value: f64) {
        self.set.retain(|(name, _)| *name != parameter.name);
        self.set.push((parameter.name, value));
    }

    /// As [`ParameterValues::set`], by value, for chaining.
    #[must_use]
    pub fn with(mut self, parameter: &Parameter, value: f64) -> Self {
        self.set(parameter, value);
        self
    }
}

/// The parameters of all `lists`, in order. `COUNT` is their number.
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
