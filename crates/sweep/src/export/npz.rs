//! Arrays and their meanings in one `.npz` file.

use std::io::{Cursor, Read, Write};
use std::path::Path;

use ndarray::{Array, Dimension};
use ndarray_npy::{WritableElement, WriteNpyExt};
use serde_json::{Map, Value, json};
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

use crate::export::arrays::declaration;

/// The entry that says what the others are. It comes first.
const META: &str = "meta.json";
/// What the first entry of a file of this program says.
const PROGRAM: &str = env!("CARGO_PKG_NAME");

/// A file that is being put together in memory.
#[derive(Debug, Default)]
pub struct Npz {
    /// Names and contents, in the `.npy` format.
    arrays: Vec<(String, Vec<u8>)>,
    described: Map<String, Value>,
}

impl Npz {
    /// With one more array, one of [`ARRAYS`](crate::export::arrays::ARRAYS).
    ///
    /// # Errors
    /// When it cannot be written down, or nothing says what it is.
    pub fn with<T: WritableElement, D: Dimension>(mut self, name: &str, array: &Array<T, D>) -> std::io::Result<Self> {
        let Some(declared) = declaration(name) else {
            return Err(std::io::Error::other(format!("nothing says what the array {name} is")));
        };
        let mut bytes = Vec::new();
        array.write_npy(Cursor::new(&mut bytes)).map_err(std::io::Error::other)?;
        self.arrays.push((format!("{name}.npy"), bytes));
        let described = json!({
            "shape": array.shape(),
            "axes": declared.shape,
            "dtype": declared.dtype,
            "meaning": declared.meaning,
        });
        self.described.insert(name.to_owned(), described);
        Ok(self)
    }

    /// How many arrays it has.
    #[must_use]
    pub fn len(&self) -> usize {
        self.arrays.len()
    }

    /// Whether it has none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.arrays.is_empty()
    }

    /// The bytes of the file, compressed, the same for the same content. `meta` is what `meta.json`
    /// says besides the arrays.
    ///
    /// # Errors
    /// When it cannot be put together.
    pub fn into_bytes(self, mut meta: Map<String, Value>) -> std::io::Result<Vec<u8>> {
        meta.insert("program".to_owned(), PROGRAM.into());
        meta.insert("version".to_owned(), env!("CARGO_PKG_VERSION").into());
        meta.insert("arrays".to_owned(), self.described.into());
        let text = serde_json::to_string_pretty(&meta)? + "\n";
        let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
        // Without a time, so that the bytes are the same each time.
        let options = SimpleFileOptions::default().compression_method(CompressionMethod::Deflated);
        zip.start_file(META, options)?;
        zip.write_all(text.as_bytes())?;
        for (name, bytes) in &self.arrays {
            zip.start_file(name.as_str(), options.large_file(bytes.len() > (1 << 31)))?;
            zip.write_all(bytes)?;
        }
        Ok(zip.finish()?.into_inner())
    }
}

/// Whether the file is one that this program has exported.
#[must_use]
pub fn is_export(path: &Path) -> bool {
    let meta = || {
        let mut zip = zip::ZipArchive::new(std::fs::File::open(path).ok()?).ok()?;
        let mut text = String::new();
        zip.by_name(META).ok()?.take(1 << 26).read_to_string(&mut text).ok()?;
        serde_json::from_str::<Value>(&text).ok()
    };
    meta().is_some_and(|meta| meta["program"] == PROGRAM)
}

#[cfg(test)]
mod tests {
    use ndarray::{arr0, arr2};
    use ndarray_npy::ReadNpyExt;

    use super::*;

    #[test]
    fn arrays_come_back_and_bytes_are_the_same() {
        let made = || {
            let npz = Npz::default().with("P", &arr2(&[[0.9, 0.2], [0.1, 0.8]])).unwrap();
            npz.with("batch_loss", &arr0(0.25)).unwrap().into_bytes(Map::new()).unwrap()
        };
        let bytes = made();
        assert_eq!(bytes, made());
        let mut zip = zip::ZipArchive::new(Cursor::new(bytes)).unwrap();
        let read = ndarray::Array2::<f64>::read_npy(zip.by_name("P.npy").unwrap()).unwrap();
        assert_eq!(read, arr2(&[[0.9, 0.2], [0.1, 0.8]]));
        let meta: Value = serde_json::from_reader(zip.by_name(META).unwrap()).unwrap();
        assert_eq!(meta["arrays"]["P"]["shape"], json!([2, 2]));
        assert!(Npz::default().with("no such array", &arr0(0.0)).is_err());
    }
}
