//! Columns in memory, and the only place that knows Parquet.
//!
//! Files are zstd-compressed with dictionary-encoded strings. Each column carries its unit and meaning
//! as Arrow field metadata and, for readers that drop it, as file metadata `column:NAME`. The same
//! table gives the same bytes.
//!
//! # Schema versions
//! - 1: first version.
//! - 2: `flips`, `predicted_*`, `source_error` and `pretraining` in runs; keys whose values are names are strings.
//! - 3: `init_alpha_v`, `init_alpha_a` and `step_scale` name what an axis sets; `start_alpha_v` in runs; `settings`, `at_edge` and `refused` in needed
//!   samples; `quantity`, `smallest_effect` and `reason` in verdicts.

use std::collections::{HashMap, HashSet};
use std::path::Path;
use std::sync::Arc;

use arrow_array::builder::StringDictionaryBuilder;
use arrow_array::cast::AsArray;
use arrow_array::types::{Float64Type, Int32Type, Int64Type};
use arrow_array::{ArrayRef, BooleanArray, Float64Array, Int64Array, RecordBatch};
use arrow_schema::{DataType, Field, Schema};
use bytes::Bytes;
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use parquet::basic::{Compression, ZstdLevel};
use parquet::errors::ParquetError;
use parquet::file::metadata::{KeyValue, RowGroupMetaData};
use parquet::file::properties::WriterProperties;

use super::file::write_whole;
use crate::error::ReportError;

/// Version of every table's schema, in the file metadata as `schema_version`.
pub const SCHEMA_VERSION: u32 = 3;

/// The cells of one column; `None` is null.
#[derive(Debug, Clone, PartialEq)]
pub enum Cells {
    /// 64-bit integers.
    Int(Vec<Option<i64>>),
    /// Doubles.
    Float(Vec<Option<f64>>),
    /// Strings, dictionary-encoded in files.
    Text(Vec<Option<String>>),
    /// Truth values.
    Bool(Vec<Option<bool>>),
}

/// One column.
#[derive(Debug, Clone, PartialEq)]
pub struct Column {
    /// Its name in the file.
    pub name: String,
    /// Unit, empty for pure numbers and names.
    pub unit: &'static str,
    /// What it means.
    pub meaning: &'static str,
    /// Its cells.
    pub cells: Cells,
}

/// Columns of equal length.
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
        cells: impl Iterator<Item = I>,
    ) -> Self {
        self.column(name, unit, meaning, Cells::Int(cells.map(Into::into).collect()))
    }

    /// With one more column of doubles.
    #[must_use]
    pub fn float<F: Into<Option<f64>>>(
        self,
        name: &str,
        unit: &'static str,
        meaning: &'static str,
        cells: impl Iterator<Item = F>,
    ) -> Self {
        self.column(name, unit, meaning, Cells::Float(cells.map(Into::into).collect()))
    }

    /// With one more column of strings.
    #[must_use]
    pub fn text<'s>(
        self,
        name: &str,
        meaning: &'static str,
        cells: impl Iterator<Item = impl Into<Option<&'s str>>>,
    ) -> Self {
        let cells = cells.map(|cell| cell.into().map(str::to_owned)).collect();
        self.column(name, "", meaning, Cells::Text(cells))
    }

    /// With one more column of truth values.
    #[must_use]
    pub fn bool(self, name: &str, meaning: &'static str, cells: impl Iterator<Item = bool>) -> Self {
        self.column(name, "", meaning, Cells::Bool(cells.map(Some).collect()))
    }

    fn column(mut self, name: &str, unit: &'static str, meaning: &'static str, cells: Cells) -> Self {
        self.columns.push(Column { name: name.to_owned(), unit, meaning, cells });
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
        self.columns.first().map_or(0, |column| match &column.cells {
            Cells::Int(cells) => cells.len(),
            Cells::Float(cells) => cells.len(),
            Cells::Text(cells) => cells.len(),
            Cells::Bool(cells) => cells.len(),
        })
    }

    /// The file's bytes; `metadata` is added to the file metadata.
    ///
    /// # Errors
    /// [`ParquetError`] when the columns differ in length, or two have one name, which many readers refuse.
    pub fn to_parquet(&self, metadata: &[(&str, String)]) -> Result<Vec<u8>, ParquetError> {
        let mut names = HashSet::new();
        if let Some(column) = self.columns.iter().find(|column| !names.insert(column.name.as_str())) {
            return Err(ParquetError::General(format!("two columns are called {}", column.name)));
        }
        let (fields, arrays): (Vec<_>, Vec<_>) = self.columns.iter().map(Column::to_arrow).unzip();
        let schema = Arc::new(Schema::new(fields));
        let batch = RecordBatch::try_new(Arc::clone(&schema), arrays)?;
        let mut pairs = vec![KeyValue::new("schema_version".to_owned(), SCHEMA_VERSION.to_string())];
        pairs.extend(metadata.iter().map(|(key, value)| KeyValue::new((*key).to_owned(), value.clone())));
        pairs.extend(
            self.columns.iter().map(|c| KeyValue::new(format!("column:{}", c.name), described(c.unit, c.meaning))),
        );
        let properties = WriterProperties::builder()
            .set_compression(Compression::ZSTD(ZstdLevel::default()))
            .set_key_value_metadata(Some(pairs))
            .build();
        let mut bytes = Vec::new();
        let mut writer = ArrowWriter::try_new(&mut bytes, schema, Some(properties))?;
        writer.write(&batch)?;
        writer.close()?;
        Ok(bytes)
    }

    /// Writes a Parquet file, whole or not at all.
    ///
    /// # Errors
    /// [`ReportError`] naming the file.
    pub fn write(&self, path: &Path, metadata: &[(&str, String)]) -> Result<(), ReportError> {
        let bytes =
            self.to_parquet(metadata).map_err(|source| ReportError::Parquet { path: path.to_owned(), source })?;
        write_whole(path, &bytes)
    }

    /// Reads a Parquet file written by [`Table::write`]. Units and meanings are not read back.
    ///
    /// # Errors
    /// [`ReportError`] naming the file.
    pub fn read(path: &Path) -> Result<Self, ReportError> {
        let bytes = std::fs::read(path);
        let bytes = bytes.map_err(|source| ReportError::File { action: "read", path: path.to_owned(), source })?;
        Self::from_parquet(bytes, path, i64::MAX)
    }

    /// Reads the bytes of a Parquet file; `path` is for error messages.
    ///
    /// # Errors
    /// [`ReportError`] naming the file; also if it has more than `most` rows, of which a few bytes can hold any number.
    pub fn from_parquet(bytes: Vec<u8>, path: &Path, most: i64) -> Result<Self, ReportError> {
        let wrong = |source| ReportError::Parquet { path: path.to_owned(), source };
        let builder = ParquetRecordBatchReaderBuilder::try_new(Bytes::from(bytes)).map_err(wrong)?;
        let metadata = builder.metadata();
        let groups = metadata.row_groups().iter().map(RowGroupMetaData::num_rows);
        let rows = metadata.file_metadata().num_rows().max(groups.fold(0, |sum, rows| sum.saturating_add(rows.max(0))));
        if rows > most {
            let reason = format!("more than {most} rows");
            return Err(ReportError::Schema { path: path.to_owned(), reason });
        }
        let mut table: Option<Self> = None;
        for batch in builder.build().map_err(wrong)? {
            let batch = batch.map_err(|e| wrong(e.into()))?;
            let part =
                Self::from_arrow(&batch).map_err(|reason| ReportError::Schema { path: path.to_owned(), reason })?;
            match &mut table {
                None => table = Some(part),
                Some(whole) => whole.append(part),
            }
        }
        Ok(table.unwrap_or_default())
    }

    fn from_arrow(batch: &RecordBatch) -> Result<Self, String> {
        let mut columns = Vec::new();
        for (field, array) in batch.schema().fields().iter().zip(batch.columns()) {
            let cells = match field.data_type() {
                DataType::Int64 => Cells::Int(array.as_primitive::<Int64Type>().iter().collect()),
                DataType::Float64 => Cells::Float(array.as_primitive::<Float64Type>().iter().collect()),
                DataType::Boolean => Cells::Bool(array.as_boolean().iter().collect()),
                DataType::Dictionary(..) => {
                    let words = array.as_dictionary_opt::<Int32Type>();
                    let words = words.and_then(arrow_array::DictionaryArray::downcast_dict::<arrow_array::StringArray>);
                    let words = words.ok_or_else(|| format!("column {} holds no strings", field.name()))?;
                    Cells::Text(words.into_iter().map(|word| word.map(str::to_owned)).collect())
                }
                other => return Err(format!("column {} has type {other}", field.name())),
            };
            columns.push(Column { name: field.name().clone(), unit: "", meaning: "", cells });
        }
        Ok(Self { columns })
    }

    fn append(&mut self, other: Self) {
        for (mine, theirs) in self.columns.iter_mut().zip(other.columns) {
            match (&mut mine.cells, theirs.cells) {
                (Cells::Int(a), Cells::Int(b)) => a.extend(b),
                (Cells::Float(a), Cells::Float(b)) => a.extend(b),
                (Cells::Text(a), Cells::Text(b)) => a.extend(b),
                (Cells::Bool(a), Cells::Bool(b)) => a.extend(b),
                _ => {}
            }
        }
    }

    /// A column of integers by name; `None` if there is none.
    #[must_use]
    pub fn ints(&self, name: &str) -> Option<&[Option<i64>]> {
        self.columns.iter().find(|c| c.name == name).and_then(|c| match &c.cells {
            Cells::Int(cells) => Some(cells.as_slice()),
            _ => None,
        })
    }

    /// A column of doubles by name; `None` if there is none.
    #[must_use]
    pub fn floats(&self, name: &str) -> Option<&[Option<f64>]> {
        self.columns.iter().find(|c| c.name == name).and_then(|c| match &c.cells {
            Cells::Float(cells) => Some(cells.as_slice()),
            _ => None,
        })
    }

    /// A column of strings by name; `None` if there is none.
    #[must_use]
    pub fn texts(&self, name: &str) -> Option<&[Option<String>]> {
        self.columns.iter().find(|c| c.name == name).and_then(|c| match &c.cells {
            Cells::Text(cells) => Some(cells.as_slice()),
            _ => None,
        })
    }
}

impl Column {
    fn to_arrow(&self) -> (Field, ArrayRef) {
        let array: ArrayRef = match &self.cells {
            Cells::Int(cells) => Arc::new(Int64Array::from(cells.clone())),
            Cells::Float(cells) => Arc::new(Float64Array::from(cells.clone())),
            Cells::Bool(cells) => Arc::new(BooleanArray::from(cells.clone())),
            Cells::Text(cells) => {
                let mut builder = StringDictionaryBuilder::<Int32Type>::new();
                cells.iter().for_each(|cell| builder.append_option(cell.as_ref()));
                Arc::new(builder.finish())
            }
        };
        // Every column may be null: the schema must not depend on what happened to be missing.
        let metadata =
            HashMap::from([("unit".to_owned(), self.unit.to_owned()), ("meaning".to_owned(), self.meaning.to_owned())]);
        (Field::new(&self.name, array.data_type().clone(), true).with_metadata(metadata), array)
    }
}

fn described(unit: &str, meaning: &str) -> String {
    if unit.is_empty() { meaning.to_owned() } else { format!("{meaning} [{unit}]") }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table() -> Table {
        Table::new()
            .int("n", "samples", "a count", [Some(1), None, Some(i64::MAX)].into_iter())
            .float("x", "", "a number", [0.1, f64::NEG_INFINITY, -0.0].into_iter())
            .text("word", "a word", [Some("a"), None, Some("a")].into_iter())
            .bool("yes", "a truth", [true, false, true].into_iter())
    }

    #[test]
    fn a_table_comes_back_as_it_was_written() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("table.parquet");
        table().write(&path, &[("seed", "7".to_owned())]).unwrap();
        let back = Table::read(&path).unwrap();
        assert_eq!(back.rows(), 3);
        for (mine, theirs) in table().columns().iter().zip(back.columns()) {
            assert_eq!((&mine.name, &mine.cells), (&theirs.name, &theirs.cells));
        }
        assert_eq!(std::fs::read_dir(directory.path()).unwrap().count(), 1, "no temporary file is left");
    }

    #[test]
    fn a_table_with_two_columns_of_one_name_is_refused() {
        let twice = table().float("n", "", "a number", [0.1, 0.2, 0.3].into_iter());
        assert!(twice.to_parquet(&[]).unwrap_err().to_string().contains("two columns are called n"));
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("twice.parquet");
        assert!(twice.write(&path, &[]).unwrap_err().to_string().contains("twice.parquet"));
        assert!(!path.exists());
    }

    #[test]
    fn the_same_table_gives_the_same_bytes() {
        let bytes = || table().to_parquet(&[("seed", "7".to_owned())]).unwrap();
        assert_eq!(bytes(), bytes());
    }

    #[test]
    fn a_file_that_is_no_table_is_an_error_that_names_it() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("broken.parquet");
        std::fs::write(&path, b"PAR1 but not really").unwrap();
        assert!(Table::read(&path).unwrap_err().to_string().contains("broken.parquet"));
    }
}
