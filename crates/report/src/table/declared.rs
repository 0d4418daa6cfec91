//! Columns declared once: what a column is called, its unit and meaning, and how its values are
//! read from rows and put back.
//!
//! A table that is read back, or of which another table is made, is a list of [`Declared`] columns.
//! A new column is a line in that list and a field of the row. A column may also be made at run
//! time, where its values are kept by a key.

use std::borrow::Cow;
use std::path::Path;
use std::sync::Arc;

use arrow_array::builder::StringDictionaryBuilder;
use arrow_array::types::Int32Type;
use arrow_array::{ArrayRef, Float64Array, Int64Array};

use super::columns::{Column, Table};
use super::value::{Kind, Tabulated, Value};
use crate::error::ReportError;

/// What another table, of means over rows, says of a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Summary {
    /// Nothing.
    None,
    /// The mean of the finite values, in a column `mean_NAME` of this meaning.
    Mean(&'static str),
    /// The median, null counting as later than all, in a column `median_NAME` of this meaning.
    Median(&'static str),
}

type Get<R> = Box<dyn for<'r> Fn(&'r R) -> Value<'r> + Send + Sync>;
type Put<R> = Box<dyn Fn(&mut R, Value<'_>) -> bool + Send + Sync>;

/// A column of a table whose rows are `R`.
pub(crate) struct Declared<R> {
    /// Its name in the file.
    pub(crate) name: Cow<'static, str>,
    /// Unit, empty for pure numbers and names.
    pub(crate) unit: Cow<'static, str>,
    /// What it means.
    pub(crate) meaning: Cow<'static, str>,
    /// The type of its values.
    pub(crate) kind: Kind,
    /// What a summary of the table says of it.
    pub(crate) summary: Summary,
    /// Whether tables of an earlier schema lack it. A row that is read from one of those keeps what
    /// it had.
    may_lack: bool,
    /// Whether values that are not finite are null in the table, and null is read as NaN.
    finite_or_null: bool,
    get: Get<R>,
    put: Put<R>,
}

/// The two ways to a field of a row: to read it and to set it.
pub(crate) type Field<R, C> = (fn(&R) -> &C, fn(&mut R) -> &mut C);

/// Makes a [`Field`]: `field!(steps)` is `(|row| &row.steps, |row| &mut row.steps)`.
macro_rules! field {
    ($($name:ident).+) => {
        (|row| &row.$($name).+, |row| &mut row.$($name).+)
    };
}

pub(crate) use field;

impl<R: 'static> Declared<R> {
    /// Of a field of the row.
    pub(crate) fn new<C: Tabulated + 'static>(
        name: impl Into<Cow<'static, str>>,
        unit: impl Into<Cow<'static, str>>,
        meaning: impl Into<Cow<'static, str>>,
        (field, field_mut): Field<R, C>,
    ) -> Self {
        let put = move |row: &mut R, value: Value<'_>| field_mut(row).put(value);
        Self::made((name.into(), unit.into(), meaning.into()), C::KIND, move |row| field(row).value(), put)
    }

    /// Of doubles that a row keeps by an index or a key; for columns that are made at run time.
    pub(crate) fn real(
        name: impl Into<Cow<'static, str>>,
        unit: impl Into<Cow<'static, str>>,
        meaning: impl Into<Cow<'static, str>>,
        get: impl Fn(&R) -> Option<f64> + Send + Sync + 'static,
        put: impl Fn(&mut R, Option<f64>) + Send + Sync + 'static,
    ) -> Self {
        Self::made(
            (name.into(), unit.into(), meaning.into()),
            Kind::Real,
            move |row| Value::Real(get(row)),
            move |row, value| {
                let Value::Real(number) = value else { return false };
                put(row, number);
                true
            },
        )
    }

    /// Of anything that can be read from a row and put back.
    pub(crate) fn made(
        (name, unit, meaning): (Cow<'static, str>, Cow<'static, str>, Cow<'static, str>),
        kind: Kind,
        get: impl for<'r> Fn(&'r R) -> Value<'r> + Send + Sync + 'static,
        put: impl Fn(&mut R, Value<'_>) -> bool + Send + Sync + 'static,
    ) -> Self {
        let (get, put) = (Box::new(get), Box::new(put));
        Self { name, unit, meaning, kind, summary: Summary::None, may_lack: false, finite_or_null: false, get, put }
    }

    /// The same, of doubles that may be infinite or NaN: a table has nulls for them, and null is
    /// read as NaN.
    pub(crate) fn finite_or_null(self) -> Self {
        Self { finite_or_null: true, ..self }
    }

    /// The same, which tables of an earlier schema lack.
    pub(crate) fn may_lack(self) -> Self {
        Self { may_lack: true, ..self }
    }

    /// The same, with what a summary says of it.
    pub(crate) fn summary(self, summary: Summary) -> Self {
        Self { summary, ..self }
    }

    /// The value of a row, which may be a double that is not finite.
    pub(crate) fn value<'r>(&self, row: &'r R) -> Value<'r> {
        (self.get)(row)
    }

    /// The number of a row, if this is a column of doubles that every row has.
    pub(crate) fn number(&self, row: &R) -> Option<f64> {
        match self.value(row) {
            Value::Real(number) if !self.may_lack => number,
            _ => None,
        }
    }

    /// Whether two rows say the same here, to the bit. Doubles that are not finite are one, and a
    /// value that tables of an earlier schema lack agrees with any.
    pub(crate) fn agrees(&self, one: &R, other: &R) -> bool {
        match (self.value(one), self.value(other)) {
            (Value::Real(Some(a)), Value::Real(Some(b))) => {
                a.to_bits() == b.to_bits() || !(a.is_finite() || b.is_finite())
            }
            (a, b) => a == b || self.may_lack,
        }
    }

    fn tabulated(&self, value: Value<'_>) -> Option<f64> {
        let Value::Real(number) = value else { return None };
        number.filter(|x| x.is_finite() || !self.finite_or_null)
    }

    /// The column of these rows.
    fn of<'r>(&self, rows: impl Iterator<Item = Option<&'r R>>) -> Column {
        let values = rows.map(|row| row.map(|row| self.value(row)));
        let values: ArrayRef = match self.kind {
            Kind::Whole => Arc::new(
                values.map(|value| if let Some(Value::Whole(x)) = value { x } else { None }).collect::<Int64Array>(),
            ),
            Kind::Real => Arc::new(values.map(|value| self.tabulated(value?)).collect::<Float64Array>()),
            Kind::Text => {
                let mut builder = StringDictionaryBuilder::<Int32Type>::new();
                values.for_each(|value| builder.append_option(if let Some(Value::Text(x)) = value { x } else { None }));
                Arc::new(builder.finish())
            }
        };
        let (unit, meaning) = (self.unit.clone(), self.meaning.clone());
        Column { name: self.name.clone().into_owned(), unit, meaning, values }
    }

    /// Puts the values of the column of this name into the rows, of which there are as many; a row
    /// without this part is left as it is.
    fn read<S>(
        &self,
        table: &Table,
        rows: &mut [S],
        part: impl Fn(&mut S) -> Option<&mut R>,
        path: &Path,
    ) -> Result<(), ReportError> {
        let unusable =
            || ReportError::Schema { path: path.to_owned(), reason: format!("no usable column {}", self.name) };
        let Some(column) = table.of_name(&self.name) else {
            return if self.may_lack { Ok(()) } else { Err(unusable()) };
        };
        rows.iter_mut().enumerate().try_for_each(|(at, row)| match part(row) {
            None => Ok(()),
            Some(row) => self.put(row, column, at).ok_or_else(unusable),
        })
    }

    /// Puts a value of a column into a row; `None` if it cannot be one of this column.
    pub(crate) fn put(&self, row: &mut R, column: &Column, at: usize) -> Option<()> {
        let value = match column.value(at, self.kind)? {
            Value::Real(None) if self.finite_or_null => Value::Real(Some(f64::NAN)),
            value => value,
        };
        (self.put)(row, value).then_some(())
    }
}

impl Table {
    /// The table of these columns and rows.
    pub(crate) fn of<'r, R: 'static>(columns: &[Declared<R>], rows: &(impl Iterator<Item = &'r R> + Clone)) -> Self {
        Self::of_parts(columns, &rows.clone().map(Some))
    }

    /// As [`Table::of`], of rows some of which have none of these columns: their values are null.
    pub(crate) fn of_parts<'r, R: 'static>(
        columns: &[Declared<R>],
        rows: &(impl Iterator<Item = Option<&'r R>> + Clone),
    ) -> Self {
        columns.iter().fold(Self::new(), |table, column| table.with(column.of(rows.clone())))
    }

    /// Puts what the columns say into a part of each of these rows, of which there are as many as
    /// the table has; rows that lack the part are left as they are. `path` is for error messages.
    ///
    /// # Errors
    /// [`ReportError::Schema`] when a column is missing or of another type, or a value that must be
    /// there is null.
    pub(crate) fn fill<S, R: 'static>(
        &self,
        columns: &[Declared<R>],
        rows: &mut [S],
        part: impl Fn(&mut S) -> Option<&mut R>,
        path: &Path,
    ) -> Result<(), ReportError> {
        columns.iter().try_for_each(|column| column.read(self, rows, &part, path))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, Default, PartialEq)]
    struct Row {
        steps: i64,
        loss: f64,
        by_key: Vec<(String, f64)>,
    }

    fn columns() -> [Declared<Row>; 3] {
        let key = "cut";
        let get = move |row: &Row| row.by_key.iter().find(|(name, _)| name == key).map(|(_, value)| *value);
        let put = move |row: &mut Row, number: Option<f64>| row.by_key.extend(number.map(|x| (key.to_owned(), x)));
        [
            Declared::new("steps", "steps", "steps taken", field!(steps)),
            Declared::<Row>::new("loss", "", "expected loss", field!(loss)).finite_or_null(),
            Declared::real(key.to_owned(), "share", "made at run time", get, put).may_lack(),
        ]
    }

    #[test]
    fn rows_come_back_from_their_columns() {
        let rows = [
            Row { steps: 7, loss: 0.5, by_key: vec![("cut".to_owned(), 0.2)] },
            Row { steps: 8, loss: 0.25, by_key: Vec::new() },
        ];
        let table = Table::of(&columns(), &rows.iter());
        let cut = &table.columns()[2];
        assert_eq!((&*cut.name, &*cut.unit, &*cut.meaning), ("cut", "share", "made at run time"));
        let read = |table: &Table| {
            let mut back = [Row::default(), Row::default()];
            table.fill(&columns(), &mut back, |row| Some(row), Path::new("x")).map(|()| back)
        };
        assert_eq!(read(&table).unwrap(), rows);
        assert_eq!(read(&table.clone().without("cut")).unwrap()[0].by_key, []);
        // What every row has must be there, and of its type.
        let complaint = |table: &Table| read(table).unwrap_err().to_string();
        assert!(complaint(&table.clone().without("steps")).contains("no usable column steps"));
        let nulls = table.clone().without("steps").int("steps", "", "", [Some(1), None].into_iter());
        assert!(complaint(&nulls).contains("no usable column steps"));
        let floats = table.without("steps").float("steps", "", "", [1.0, 2.0].into_iter());
        assert!(complaint(&floats).contains("no usable column steps"));
    }

    #[test]
    fn numbers_that_are_not_finite_are_null_and_agree() {
        let row = |loss| Row { steps: 7, loss, by_key: Vec::new() };
        let columns = columns();
        assert_eq!(Table::of(&columns, &[row(f64::INFINITY)].iter()).floats("loss").unwrap(), [None]);
        let agree = |a: &Row, b: &Row| columns.iter().all(|column| column.agrees(a, b));
        assert!(agree(&row(f64::INFINITY), &row(f64::NAN)) && !agree(&row(0.1), &row(f64::NAN)));
        assert!(!agree(&row(0.1), &row(0.1 * (1.0 + f64::EPSILON))));
        let with_cut = Row { by_key: vec![("cut".to_owned(), 0.2)], ..row(0.1) };
        assert!(agree(&with_cut, &row(0.1)), "an older row does not say");
    }
}
