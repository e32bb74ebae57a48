//! The raw data of Q3: a line for each network that was watched, with all measures as columns, and one for each run.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::LazyLock;

use serde::de::Error as _;
use serde::ser::SerializeStruct;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::experiments::store::Record;

/// Whether pairs of motor neurons are of one pool or of two.
pub const PAIRS: [&str; 2] = ["within", "between"];
/// Bins of spike counts.
pub const BINS: [&str; 3] = ["1ms", "5ms", "step"];
/// What a correlation is compared with.
pub const NULLS: [&str; 3] = ["times_shuffled", "steps_shuffled", "other_trials"];
/// Whose activity it is.
pub const LAYERS: [&str; 4] = ["all", "sensory", "hidden", "motor"];

/// The measures, in the order of the columns.
pub static COLUMNS: LazyLock<Vec<String>> = LazyLock::new(|| {
    let mut columns = vec!["steps".to_owned()];
    for (pairs, bin) in PAIRS.into_iter().flat_map(|pairs| BINS.map(|bin| (pairs, bin))) {
        columns.push(format!("{pairs}_{bin}"));
        // Shuffled within the step, the count of the step is what it was.
        let nulls = NULLS.iter().skip(usize::from(bin == "step"));
        columns.extend(nulls.map(|null| format!("{pairs}_{bin}_{null}")));
    }
    for layer in LAYERS {
        columns.push(format!("{layer}_rate_hz"));
        for measure in ["active_per_step_percent", "population_sparseness", "lifetime_sparseness"] {
            columns.extend(["", "_thrown"].map(|null| format!("{layer}_{measure}{null}")));
        }
    }
    for signs in ["excitation", "inhibition"] {
        columns.extend(["", "_labels_shuffled"].map(|null| format!("{signs}_lead{null}")));
    }
    columns.extend(["inhibition_share_percent", "inhibitory_spikes_percent"].map(str::to_owned));
    columns
});

/// Which network of a seed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum State {
    /// After its training.
    Trained,
    /// As it was born.
    Untrained,
}

impl State {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Trained, Self::Untrained];
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Trained => "trained",
            Self::Untrained => "untrained",
        })
    }
}

/// What was measured of one network.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    /// Its preset.
    pub preset: String,
    /// Its seed.
    pub seed: u64,
    /// Trained or not.
    pub network: State,
    /// By column; a column that is missing is empty, as is one whose measure does not exist, such as that of a layer without neurons.
    pub values: BTreeMap<String, f64>,
}

impl Row {
    /// One of [`COLUMNS`].
    pub fn get(&self, column: &str) -> Option<f64> {
        self.values.get(column).copied()
    }
}

impl Serialize for Row {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut row = serializer.serialize_struct("Row", 3 + COLUMNS.len())?;
        row.serialize_field("preset", &self.preset)?;
        row.serialize_field("seed", &self.seed)?;
        row.serialize_field("network", &self.network)?;
        for column in COLUMNS.iter() {
            row.serialize_field(column, &self.get(column))?;
        }
        row.end()
    }
}

impl<'de> Deserialize<'de> for Row {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut cells: BTreeMap<String, String> = BTreeMap::deserialize(deserializer)?;
        let mut take = |column: &str| cells.remove(column).ok_or_else(|| D::Error::custom(format!("no {column}")));
        let (preset, seed, network) = (take("preset")?, take("seed")?, take("network")?);
        let seed = seed.parse().map_err(D::Error::custom)?;
        let network = State::ALL.into_iter().find(|state| state.to_string() == network);
        let network = network.ok_or_else(|| D::Error::custom("network: neither trained nor untrained"))?;
        let mut values = BTreeMap::new();
        for column in COLUMNS.iter() {
            let cell = take(column)?;
            if !cell.is_empty() {
                values.insert(column.clone(), cell.parse().map_err(D::Error::custom)?);
            }
        }
        Ok(Self { preset, seed, network, values })
    }
}

/// One run: a training, and the tests of what it made. Returns and crash rates are of the 50 test tracks of phase 4, horizon 100.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Run {
    /// Its preset.
    pub preset: String,
    /// Its seed.
    pub seed: u64,
    /// What decides it besides.
    pub config_hash: String,
    /// Of the trained network.
    pub return_h100: f64,
    /// The same.
    pub crash_rate_h100: f64,
    /// As it was born.
    pub untrained_return_h100: f64,
    /// Inhibitory neurons that motor neurons hear.
    pub inhibitory_afferents: usize,
    /// Excitatory ones.
    pub excitatory_afferents: usize,
    /// Trained, the synapses of all inhibitory neurons onto motor neurons cut.
    pub no_inhibition_return_h100: f64,
    /// The same.
    pub no_inhibition_crash_rate_h100: f64,
    /// Trained, those of as many excitatory neurons cut; mean over draws.
    pub less_excitation_return_h100: f64,
    /// The same.
    pub less_excitation_crash_rate_h100: f64,
}

impl Record for Run {
    type Run = (String, u64);

    fn run(&self) -> Self::Run {
        (self.preset.clone(), self.seed)
    }
}

impl Record for Row {
    type Run = (String, u64);

    fn run(&self) -> Self::Run {
        (self.preset.clone(), self.seed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::experiments::rows;

    #[test]
    fn rows_survive_the_disk_with_what_is_missing() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("a.csv");
        let values = BTreeMap::from([("within_1ms".to_owned(), 0.1 + 0.2), ("motor_rate_hz".to_owned(), 7.0)]);
        let row = |network| Row { preset: "stdp".to_owned(), seed: 7, network, values: values.clone() };
        let written = State::ALL.map(row);
        rows::write(&path, &written).unwrap();
        assert_eq!(rows::read::<Row>(&path).unwrap(), written);
        let text = std::fs::read_to_string(&path).unwrap();
        assert!(text.starts_with("preset,seed,network,steps,within_1ms,within_1ms_times_shuffled,"), "{text}");
        std::fs::write(&path, "preset,seed,network\nstdp,7,trained\n").unwrap();
        assert!(rows::read::<Row>(&path).unwrap_err().to_string().ends_with("move it away"));
    }
}
