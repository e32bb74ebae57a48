//! Numpy files: one matrix as `.npy`, several named ones as `.npz`, as `numpy.savez` writes them. Files are not trusted.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Cursor, Read, Write};
use std::path::Path;

use ndarray::Array2;
use ndarray_npy::npy::header::Header;
use ndarray_npy::{ReadNpyError, ReadNpyExt, WriteNpyExt};
use spikedrive_learners::NamedArray;
use spikedrive_learners::learner::WEIGHTS;
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipArchive, ZipWriter};

use crate::checkpoint::WeightsError;

/// How the name of a file of one matrix ends.
pub const NPY: &str = "npy";
/// How the name of a file of several ends.
pub const NPZ: &str = "npz";

/// Most arrays of a file.
const MAX_ARRAYS: usize = 100;
/// A header opens a dictionary and a shape; the reader takes time that is exponential in nested brackets.
const MAX_BRACKETS: usize = 4;
/// A header's longest length: that of version 1.
const MAX_HEADER_BYTES: u64 = 1 << 16;
/// What is kept of an error that may quote a file, in characters.
const MAX_REASON: usize = 200;

/// What a weight file of this name must hold.
pub fn contents(path: &Path) -> &'static str {
    if is_npz(path) { "named arrays of numbers, uncompressed" } else { "100 × 100 numbers" }
}

/// Writes a spiking network's one matrix by itself, all else as an archive of named arrays. The same arrays make the same bytes.
pub fn write(arrays: &[NamedArray], file: &mut File) -> io::Result<()> {
    if let [NamedArray { name, values }] = arrays
        && name == WEIGHTS
    {
        return values.write_npy(file).map_err(io::Error::other);
    }
    let mut archive = ZipWriter::new(Cursor::new(Vec::new()));
    let stored = SimpleFileOptions::default().compression_method(CompressionMethod::Stored);
    for NamedArray { name, values } in arrays {
        archive.start_file(format!("{name}.{NPY}"), stored)?;
        values.write_npy(&mut archive).map_err(io::Error::other)?;
    }
    file.write_all(archive.finish()?.get_ref())
}

/// Reads the arrays of a file; the one of a `.npy` is named [`WEIGHTS`].
pub fn read(path: &Path) -> Result<Vec<NamedArray>, WeightsError> {
    let unreadable = |error| WeightsError::Unreadable { path: path.to_owned(), error };
    let unusable = |reason| WeightsError::NotAnArray { path: path.to_owned(), reason };
    let open = || File::open(path).map(BufReader::new);
    let bytes = std::fs::metadata(path).map_err(unreadable)?.len();
    if is_npz(path) {
        return read_archive(open().map_err(unreadable)?, bytes).map_err(unusable);
    }
    let header = read_header(open().map_err(unreadable)?).map_err(unreadable)?;
    let values = read_matrix(&header, open, bytes).map_err(unusable)?;
    Ok(vec![NamedArray { name: WEIGHTS.to_owned(), values }])
}

fn is_npz(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension == NPZ)
}

/// The matrices of an archive of so many bytes.
fn read_archive(file: BufReader<File>, bytes: u64) -> Result<Vec<NamedArray>, String> {
    let mut archive = ZipArchive::new(file).map_err(|error| shortened(&error))?;
    let arrays = archive.len();
    if arrays > MAX_ARRAYS {
        return Err(format!("it holds {arrays} arrays, and {MAX_ARRAYS} are the most"));
    }
    let read = |index| {
        let entry = archive.by_index(index).map_err(|error| shortened(&error))?;
        let name = entry.name().strip_suffix(&format!(".{NPY}")).unwrap_or(entry.name()).to_owned();
        let blame = |reason: String| format!("{}: {reason}", shortened(&name));
        let mut content = Vec::new();
        // Nothing is compressed: no entry is longer than the file.
        entry.take(bytes).read_to_end(&mut content).map_err(|error| blame(shortened(&error)))?;
        let header = read_header(&content[..]).map_err(|error| blame(shortened(&error)))?;
        let values = read_matrix(&header, || Ok(&content[..]), content.len() as u64).map_err(blame)?;
        Ok(NamedArray { name, values })
    };
    (0..arrays).map(read).collect()
}

/// The header of a numpy file: after magic string, version and length it ends with a newline.
fn read_header(file: impl BufRead) -> io::Result<Vec<u8>> {
    let (mut prefix, mut header) = ([0; 12], Vec::new());
    let mut file = file.take(MAX_HEADER_BYTES);
    let read = file.read(&mut prefix)?;
    file.read_until(b'\n', &mut header)?;
    Ok([&prefix[..read], &header].concat())
}

/// A matrix of float32 or float64, in C or Fortran order, from a file of so many bytes.
fn read_matrix<R: Read>(header: &[u8], open: impl Fn() -> io::Result<R>, bytes: u64) -> Result<Array2<f32>, String> {
    if header.iter().filter(|&&byte| b"([{".contains(&byte)).count() > MAX_BRACKETS {
        return Err("its header is no dictionary of a dtype, an order and a shape".to_owned());
    }
    let open = || open().map_err(|error| shortened(&error));
    // A reader makes room for what the header promises before it looks at the file: a forged one would exhaust the memory.
    let shape = Header::from_reader(&mut open()?).map_err(|error| shortened(&error))?.shape;
    let promised = shape.iter().try_fold(size_of::<f32>(), |bytes, &length| bytes.checked_mul(length));
    if promised.is_none_or(|promised| promised as u64 > bytes) {
        return Err(format!("its header promises the shape {shape:?}, more than its {bytes} bytes hold"));
    }
    let single = match Array2::<f32>::read_npy(open()?) {
        Err(ReadNpyError::WrongDescriptor(_)) => {
            Array2::<f64>::read_npy(open()?).map(|array| array.mapv(|weight| weight as f32))
        }
        single => single,
    };
    single.map_err(|error| shortened(&error))
}

/// The beginning of an error that may quote a file.
fn shortened(error: &impl ToString) -> String {
    error.to_string().chars().take(MAX_REASON).collect()
}
