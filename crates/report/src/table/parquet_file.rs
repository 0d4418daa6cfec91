//! Tables as Parquet files: the only place that knows Parquet.
//!
//! Files are zstd-compressed with dictionary-encoded strings. Each column carries its unit and
//! meaning as Arrow field metadata and, for readers that drop it, as file metadata `column:NAME`.
//! The same table gives the same bytes.
//!
//! # Schema versions
//! - 1: first version.
//! - 2: `flips`, `predicted_*`, `source_error` and `pretraining` in runs; keys whose values are
//!   names are strings.
//! - 3: `init_alpha_v`, `init_alpha_a` and `step_scale` name what an axis sets; `start_alpha_v` in
//!   runs; `settings`, `at_edge` and `refused` in needed samples; `quantity`, `smallest_effect` and
//!   `reason` in verdicts.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};
use std::path::Path;
use std::sync::Arc;

use arrow_array::RecordBatch;
use arrow_schema::{DataType, Field, Schema, TimeUnit};
use arrow_select::concat::concat_batches;
use bytes::Bytes;
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use parquet::basic::{Compression, ZstdLevel};
use parquet::errors::ParquetError;
use parquet::file::metadata::{KeyValue, RowGroupMetaData};
use parquet::file::properties::WriterProperties;

use super::columns::{Column, Table};
use super::file::write_whole;
use crate::error::ReportError;

/// Version of every table's schema, in the file metadata as `schema_version`.
pub const SCHEMA_VERSION: u32 = 3;

impl Table {
    /// The file's bytes; `metadata` is added to the file metadata.
    ///
    /// # Errors
    /// [`ParquetError`] when the columns differ in length, or two have one name, which many readers
    /// refuse.
    pub fn to_parquet(&self, metadata: &[(&str, String)]) -> Result<Vec<u8>, ParquetError> {
        let mut names = HashSet::new();
        if let Some(column) = self.columns().iter().find(|column| !names.insert(column.name.as_str())) {
            return Err(ParquetError::General(format!("two columns are called {}", column.name)));
        }
        let schema = Arc::new(Schema::new(self.columns().iter().map(field).collect::<Vec<_>>()));
        let arrays = self.columns().iter().map(|column| Arc::clone(&column.values)).collect();
        let batch = RecordBatch::try_new(Arc::clone(&schema), arrays)?;
        let mut pairs = vec![KeyValue::new("schema_version".to_owned(), SCHEMA_VERSION.to_string())];
        pairs.extend(metadata.iter().map(|(key, value)| KeyValue::new((*key).to_owned(), value.clone())));
        pairs.extend(self.columns().iter().map(|c| KeyValue::new(format!("column:{}", c.name), described(c))));
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
    /// [`ReportError`] naming the file; also if it has more than `max_rows` rows, of which a few
    /// bytes can hold any number.
    pub fn from_parquet(bytes: Vec<u8>, path: &Path, max_rows: i64) -> Result<Self, ReportError> {
        let wrong = |source| ReportError::Parquet { path: path.to_owned(), source };
        let builder = ParquetRecordBatchReaderBuilder::try_new(Bytes::from(bytes)).map_err(wrong)?;
        let metadata = builder.metadata();
        let groups = metadata.row_groups().iter().map(RowGroupMetaData::num_rows);
        let rows = metadata.file_metadata().num_rows().max(groups.fold(0, |sum, rows| sum.saturating_add(rows.max(0))));
        let other = |reason| ReportError::Schema { path: path.to_owned(), reason };
        if rows > max_rows {
            return Err(other(format!("more than {max_rows} rows")));
        }
        let schema = Arc::clone(builder.schema());
        schema.fields().iter().try_for_each(|field| expected(field)).map_err(other)?;
        let batches = builder.build().map_err(wrong)?.collect::<Result<Vec<_>, _>>().map_err(|e| wrong(e.into()))?;
        if batches.is_empty() {
            return Ok(Self::new());
        }
        let whole = concat_batches(&schema, &batches).map_err(|e| wrong(e.into()))?;
        Ok(schema.fields().iter().zip(whole.columns()).fold(Self::new(), |table, (field, values)| {
            let (unit, meaning) = (Cow::Borrowed(""), Cow::Borrowed(""));
            table.with(Column { name: field.name().clone(), unit, meaning, values: Arc::clone(values) })
        }))
    }
}

/// Whether tables have columns of this type.
fn expected(field: &Field) -> Result<(), String> {
    match field.data_type() {
        DataType::Int64 | DataType::Float64 | DataType::Boolean => Ok(()),
        DataType::Timestamp(TimeUnit::Millisecond, _) => Ok(()),
        DataType::Dictionary(key, value) if (&**key, &**value) == (&DataType::Int32, &DataType::Utf8) => Ok(()),
        DataType::Dictionary(..) => Err(format!("column {} holds no strings", field.name())),
        other => Err(format!("column {} has type {other}", field.name())),
    }
}

/// How a column stands in a file's schema. Every column may be null: the schema must not depend on
/// what happened to be missing.
fn field(column: &Column) -> Field {
    let metadata = [("unit", &column.unit), ("meaning", &column.meaning)];
    let metadata: HashMap<String, String> = metadata.map(|(key, text)| (key.to_owned(), text.to_string())).into();
    Field::new(&column.name, column.values.data_type().clone(), true).with_metadata(metadata)
}

fn described(column: &Column) -> String {
    let Column { unit, meaning, .. } = column;
    if unit.is_empty() { meaning.to_string() } else { format!("{meaning} [{unit}]") }
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
            assert_eq!((&mine.name, &mine.values), (&theirs.name, &theirs.values));
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
