//! Single values: of a column, and as fields of rows.

use arrow_array::Array;

use super::columns::Column;

/// The type of a column's values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// 64-bit integers.
    Whole,
    /// Doubles.
    Real,
    /// Strings.
    Text,
}

/// One value; `None` is null.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Value<'v> {
    /// Of a column of integers.
    Whole(Option<i64>),
    /// Of a column of doubles.
    Real(Option<f64>),
    /// Of a column of strings.
    Text(Option<&'v str>),
}

/// What a field of a row must be to have a column.
pub(crate) trait Tabulated {
    /// The type of the column.
    const KIND: Kind;

    /// The field as a value.
    fn value(&self) -> Value<'_>;

    /// Sets the field; gives whether the value can be one of this field.
    fn put(&mut self, value: Value<'_>) -> bool;
}

impl Tabulated for i64 {
    const KIND: Kind = Kind::Whole;

    fn value(&self) -> Value<'_> {
        Value::Whole(Some(*self))
    }

    fn put(&mut self, value: Value<'_>) -> bool {
        let Value::Whole(Some(number)) = value else { return false };
        *self = number;
        true
    }
}

impl Tabulated for Option<i64> {
    const KIND: Kind = Kind::Whole;

    fn value(&self) -> Value<'_> {
        Value::Whole(*self)
    }

    fn put(&mut self, value: Value<'_>) -> bool {
        let Value::Whole(number) = value else { return false };
        *self = number;
        true
    }
}

impl Tabulated for f64 {
    const KIND: Kind = Kind::Real;

    fn value(&self) -> Value<'_> {
        Value::Real(Some(*self))
    }

    fn put(&mut self, value: Value<'_>) -> bool {
        let Value::Real(Some(number)) = value else { return false };
        *self = number;
        true
    }
}

impl Tabulated for Option<f64> {
    const KIND: Kind = Kind::Real;

    fn value(&self) -> Value<'_> {
        Value::Real(*self)
    }

    fn put(&mut self, value: Value<'_>) -> bool {
        let Value::Real(number) = value else { return false };
        *self = number;
        true
    }
}

impl Tabulated for String {
    const KIND: Kind = Kind::Text;

    fn value(&self) -> Value<'_> {
        Value::Text(Some(self))
    }

    fn put(&mut self, value: Value<'_>) -> bool {
        let Value::Text(Some(text)) = value else { return false };
        text.clone_into(self);
        true
    }
}

impl Tabulated for Option<String> {
    const KIND: Kind = Kind::Text;

    fn value(&self) -> Value<'_> {
        Value::Text(self.as_deref())
    }

    fn put(&mut self, value: Value<'_>) -> bool {
        let Value::Text(text) = value else { return false };
        *self = text.map(str::to_owned);
        true
    }
}

impl Column {
    /// A value of a column of this kind; `None` if it is of another.
    pub(super) fn value(&self, row: usize, kind: Kind) -> Option<Value<'_>> {
        let null = self.values.is_null(row);
        match kind {
            Kind::Whole => self.ints().map(|values| Value::Whole((!null).then(|| values.value(row)))),
            Kind::Real => self.floats().map(|values| Value::Real((!null).then(|| values.value(row)))),
            Kind::Text => self.texts().map(|values| {
                let word = if null { None } else { values.keys().value(row).try_into().ok() };
                Value::Text(word.map(|word: usize| values.values().value(word)))
            }),
        }
    }
}
