//! The circuits of a directory, all of them read before anything is measured.

use std::path::Path;

use spikedrive_env::{Circuit, CircuitMode};

use crate::checkpoint::config_hash;
use crate::failure::Failure;
use crate::files::{read_text, sorted_entries};
use crate::report::note;

/// Both modes, in the order of the tables.
pub const MODES: [(CircuitMode, &str); 2] = [(CircuitMode::Fit, "fit"), (CircuitMode::Real, "real")];

/// A circuit, in both modes.
#[derive(Clone, Debug)]
pub struct Entry {
    /// Name of the file, without its end.
    pub name: String,
    /// In the order of [`MODES`].
    pub modes: [Circuit; 2],
}

/// All circuits of a directory, sorted by name.
#[derive(Clone, Debug)]
pub struct Folder {
    /// The circuits.
    pub circuits: Vec<Entry>,
    /// Hash of their names and texts: laps of other circuits are not taken for laps of these.
    pub hash: String,
}

impl Folder {
    /// Reads every `.csv` file of a directory. One that is no circuit is refused, with line and remedy, and so is a directory without
    /// any.
    pub fn read(directory: &Path) -> Result<Self, Failure> {
        let is_csv = |path: &&std::path::PathBuf| path.extension().is_some_and(|end| end.eq_ignore_ascii_case("csv"));
        let paths = sorted_entries(directory)?;
        let circuits: Vec<Entry> = paths.iter().filter(is_csv).map(|path| read(path)).collect::<Result<_, _>>()?;
        if circuits.is_empty() {
            let what = if directory.is_dir() { "holds no .csv file" } else { "is no directory" };
            return Err(Failure::Usage(format!(
                "--circuits: {} {what}: give a directory of circuits, x_m,y_m,w_tr_right_m,w_tr_left_m a row, such as the tracks of {SOURCE}",
                directory.display()
            )));
        }
        let texts: Vec<(&str, &str)> =
            circuits.iter().map(|entry| (entry.name.as_str(), entry.modes[0].csv())).collect();
        let hash = config_hash(&texts);
        Ok(Self { circuits, hash })
    }
}

/// Where real circuits are to be had.
pub const SOURCE: &str = "https://github.com/TUMFTM/racetrack-database";

fn read(path: &Path) -> Result<Entry, Failure> {
    let name = path.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
    let text = read_text(path)?;
    let circuit =
        |mode| Circuit::from_csv(&name, &text, mode).map_err(|error| Failure::Circuit { path: path.to_owned(), error });
    let modes = [circuit(MODES[0].0)?, circuit(MODES[1].0)?];
    modes.iter().filter_map(Circuit::warning).for_each(|warning| note(format!("warning: {warning}")));
    Ok(Entry { name, modes })
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn what_is_no_circuit_is_refused_with_its_place() {
        let directory = tempfile::tempdir().unwrap();
        let refusal = || Folder::read(directory.path()).unwrap_err().to_string();
        assert!(refusal().contains("holds no .csv file: give a directory of circuits"), "{}", refusal());
        let nowhere = Folder::read(&directory.path().join("nowhere")).unwrap_err().to_string();
        assert!(nowhere.contains("nowhere is no directory: give"), "{nowhere}");
        let example = include_str!("../../../../circuits/example.csv");
        fs::write(directory.path().join("a.csv"), example).unwrap();
        fs::write(directory.path().join("notes.txt"), "no circuit").unwrap();
        let folder = Folder::read(directory.path()).unwrap();
        assert_eq!(folder.circuits.iter().map(|entry| entry.name.as_str()).collect::<Vec<_>>(), ["a"]);
        fs::write(directory.path().join("b.csv"), example.replacen("4.500", "wide", 1)).unwrap();
        assert!(refusal().contains("b.csv: line 3: w_tr_right_m is \"wide\""), "{}", refusal());
    }
}
