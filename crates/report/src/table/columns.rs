//! Columns in memory: Arrow arrays with a name, a unit and a meaning.

use std::borrow::Cow;
use std::sync::Arc;

use arrow_array::builder::StringDictionaryBuilder;
use arrow_array::cast::AsArray;
use arrow_array::types::{Float64Type, Int32Type, Int64Type};
use arrow_array::{
    Array, ArrayRef, BooleanArray, Float64Array, Int64Array, StringArray, TimestampMillisecondArray,
    TypedDictionaryArray,
};

/// One column.
#[derive(Debug, Clone)]
pub struct Column {
    /// Its name in the file.
    pub name: String,
    /// Unit, empty for pure numbers and names.
    pub unit: Cow<'static, str>,
    /// What it means.
    pub meaning: Cow<'static, str>,
    /// Its values: 64-bit integers, doubles, truth values, times or dictionary-encoded strings.
    pub values: ArrayRef,
}

// A derived one would move the array out of its reference.
impl PartialEq for Column {
    fn eq(&self, other: &Self) -> bool {
        (&self.name, &self.unit, &self.meaning) == (&other.name, &other.unit, &other.meaning)
            && *self.values == *other.values
    }
}

/// Columns of equal length. They come one after the other, and an Arrow `RecordBatch` must be whole
/// at once; it is made when the table is written.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Table {
    columns: Vec<Column>,
}

impl Table {
    /// No columns.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// With one more column of integers.
    #[must_use]
    pub fn int<I: Into<Option<i64>>>(
        self,
        name: &str,
        unit: &'static str,
        meaning: &'static str,
        values: impl Iterator<Item = I>,
    ) -> Self {
        self.column(name, (unit, meaning), Arc::new(values.map(Into::into).collect::<Int64Array>()))
    }

    /// With one more column of doubles.
    #[must_use]
    pub fn float<F: Into<Option<f64>>>(
        self,
        name: &str,
        unit: &'static str,
        meaning: &'static str,
        values: impl Iterator<Item = F>,
    ) -> Self {
        self.column(name, (unit, meaning), Arc::new(values.map(Into::into).collect::<Float64Array>()))
    }

    /// With one more column of strings.
    #[must_use]
    pub fn text<'s>(
        self,
        name: &str,
        meaning: &'static str,
        values: impl Iterator<Item = impl Into<Option<&'s str>>>,
    ) -> Self {
        let mut builder = StringDictionaryBuilder::<Int32Type>::new();
        values.for_each(|value| builder.append_option(value.into()));
        self.column(name, ("", meaning), Arc::new(builder.finish()))
    }

    /// With one more column of truth values.
    #[must_use]
    pub fn bool<B: Into<Option<bool>>>(
        self,
        name: &str,
        meaning: &'static str,
        values: impl Iterator<Item = B>,
    ) -> Self {
        self.column(name, ("", meaning), Arc::new(values.map(Into::into).collect::<BooleanArray>()))
    }

    /// With one more column of times, of seconds since 1970.
    #[must_use]
    pub(crate) fn time(self, name: &str, meaning: &'static str, seconds: impl Iterator<Item = i64>) -> Self {
        // Parquet has no seconds. Without a zone, which readers want further modules for.
        let times: TimestampMillisecondArray = seconds.map(|s| Some(s.saturating_mul(1000))).collect();
        self.column(name, ("UTC", meaning), Arc::new(times))
    }

    fn column(self, name: &str, (unit, meaning): (&'static str, &'static str), values: ArrayRef) -> Self {
        self.with(Column { name: name.to_owned(), unit: unit.into(), meaning: meaning.into(), values })
    }

    /// With one more column.
    #[must_use]
    pub(crate) fn with(mut self, column: Column) -> Self {
        self.columns.push(column);
        self
    }

    /// With the columns of another table of the same length.
    #[must_use]
    pub fn beside(mut self, other: Self) -> Self {
        self.columns.extend(other.columns);
        self
    }

    /// Without the column of this name.
    #[must_use]
    pub fn without(mut self, name: &str) -> Self {
        self.columns.retain(|column| column.name != name);
        self
    }

    /// Its columns.
    #[must_use]
    pub fn columns(&self) -> &[Column] {
        &self.columns
    }

    /// Number of rows.
    #[must_use]
    pub fn rows(&self) -> usize {
        self.columns.first().map_or(0, |column| column.values.len())
    }

    /// The column of this name; of two, as parts of the second schema may have, the last, which is
    /// what was measured.
    pub(super) fn of_name(&self, name: &str) -> Option<&Column> {
        self.columns.iter().rfind(|column| column.name == name)
    }

    /// The values of a column of integers; `None` if there is none of this name.
    #[must_use]
    pub fn ints(&self, name: &str) -> Option<Vec<Option<i64>>> {
        self.of_name(name)?.ints().map(|values| values.iter().collect())
    }

    /// The values of a column of doubles; `None` if there is none of this name.
    #[must_use]
    pub fn floats(&self, name: &str) -> Option<Vec<Option<f64>>> {
        self.of_name(name)?.floats().map(|values| values.iter().collect())
    }

    /// The values of a column of strings; `None` if there is none of this name.
    #[must_use]
    pub fn texts(&self, name: &str) -> Option<Vec<Option<String>>> {
        let values = self.of_name(name)?.texts()?;
        Some(values.into_iter().map(|value| value.map(str::to_owned)).collect())
    }
}

impl Column {
    /// The value in a row, as JSON has it; null also for a double that is not finite.
    #[must_use]
    pub fn json(&self, row: usize) -> serde_json::Value {
        use serde_json::Value::Null;
        if self.values.is_null(row) {
            return Null;
        }
        if let Some(values) = self.ints() {
            return values.value(row).into();
        }
        if let Some(values) = self.floats() {
            return values.value(row).into();
        }
        if let Some(values) = self.values.as_boolean_opt() {
            return values.value(row).into();
        }
        self.texts().and_then(|values| values.into_iter().nth(row)?).map_or(Null, Into::into)
    }

    /// Its values, if they are integers.
    pub(crate) fn ints(&self) -> Option<&Int64Array> {
        self.values.as_primitive_opt::<Int64Type>()
    }

    /// Its values, if they are doubles.
    pub(crate) fn floats(&self) -> Option<&Float64Array> {
        self.values.as_primitive_opt::<Float64Type>()
    }

    /// Its values, if they are strings.
    pub(crate) fn texts(&self) -> Option<TypedDictionaryArray<'_, Int32Type, StringArray>> {
        self.values.as_dictionary_opt::<Int32Type>()?.downcast_dict::<StringArray>()
    }
}
