//! Files that are written whole or not at all.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use serde::de::DeserializeOwned;

use crate::failure::Failure;

/// Writes a file under a temporary name beside `path`, syncs it, and renames it into place.
pub fn write_whole(path: &Path, write: impl FnOnce(&mut File) -> io::Result<()>) -> Result<(), Failure> {
    let attempt = || {
        let directory = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let mut file = tempfile::Builder::new().prefix(".tmp-").tempfile_in(directory)?;
        write(file.as_file_mut())?;
        file.as_file_mut().flush()?;
        file.as_file().set_permissions(readable_by_all()).and_then(|()| file.as_file().sync_all())?;
        file.persist(path)?;
        File::open(directory)?.sync_all()
    };
    attempt().map_err(|error| Failure::Write { path: path.to_owned(), error })
}

/// Makes a directory and those above it.
pub fn create_directory(path: &Path) -> Result<(), Failure> {
    fs::create_dir_all(path).map_err(|error| Failure::Write { path: path.to_owned(), error })
}

/// Reads a text file.
pub fn read_text(path: &Path) -> Result<String, Failure> {
    fs::read_to_string(path).map_err(|error| Failure::Read { path: path.to_owned(), error })
}

/// Reads a JSON document.
pub fn read_json<T: DeserializeOwned>(path: &Path) -> Result<T, Failure> {
    serde_json::from_str(&read_text(path)?)
        .map_err(|error| Failure::Read { path: path.to_owned(), error: error.into() })
}

/// The entries of a directory, sorted by name; none where there is no such directory.
pub fn sorted_entries(directory: &Path) -> Result<Vec<PathBuf>, Failure> {
    let entries = match fs::read_dir(directory) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries.and_then(|entries| entries.map(|entry| Ok(entry?.path())).collect::<io::Result<Vec<_>>>()),
    };
    let mut paths = entries.map_err(|error| Failure::Read { path: directory.to_owned(), error })?;
    paths.sort();
    Ok(paths)
}

/// Temporary files are private to their owner; finished ones are not.
fn readable_by_all() -> fs::Permissions {
    use std::os::unix::fs::PermissionsExt;
    fs::Permissions::from_mode(0o644)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_written_whole_or_not_at_all() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("a.txt");
        write_whole(&path, |file| file.write_all(b"first")).unwrap();
        let torn = write_whole(&path, |file| file.write_all(b"sec").and(Err(io::Error::other("disk full"))));
        assert!(torn.unwrap_err().to_string().contains("a.txt: disk full; choose another place"));
        assert_eq!(read_text(&path).unwrap(), "first");
        assert_eq!(sorted_entries(directory.path()).unwrap(), [path]);
    }

    #[test]
    fn a_place_that_cannot_be_written_is_named() {
        let error = write_whole(Path::new("/proc/nowhere/a.txt"), |_| Ok(())).unwrap_err().to_string();
        assert!(error.starts_with("cannot write /proc/nowhere/a.txt"), "{error}");
    }
}
