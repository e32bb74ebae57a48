//! Who drives: networks, by what they were trained on, and scripts to compare them with.

use std::fmt;
use std::sync::Arc;

use clap::ValueEnum;
use serde::Serialize;
use spikedrive_env::oracle::{BangBang, Driver, Planner};
use spikedrive_env::{Drive, Phase, Split, Track};
use spikedrive_learners::LearnerConfig;

use super::folder::Folder;
use super::imagined;
use super::laps::STARTS;
use super::{EPISODES, NAME};
use crate::benchmark::agents::Agent;
use crate::checkpoint::config_hash;
use crate::failure::Failure;
use crate::lesson::HORIZON;

/// Parts of the circuits of `other-circuits`: a network learns on all but one, and is tested on that.
const PARTS: usize = 4;

/// What a network was trained on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub enum Condition {
    /// Phase 4, as ever.
    ZeroShot,
    /// Phase 4 with the world option `varying_width`: half-widths of 3 to 4 units.
    VaryingWidth,
    /// Phase 4 with widths like those of real circuits: half-widths of 3.5 to 9 units, each side for itself.
    WideRoads,
    /// Circuits drawn by chance, in metres: straights, corners of any radius, half-widths of 4 to 12 m.
    ImaginedCircuits,
    /// The other circuits in real metres: of four parts, all but the one that is tested.
    OtherCircuits,
}

/// A driver that does not learn.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Script {
    /// Sees what networks see; its settings are those of phase 4.
    BangBang,
    /// Knows the true state and compares every future six steps ahead.
    Planner,
}

/// Who drives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Contender {
    /// A network.
    Network(Condition, Agent),
    /// A script.
    Script(Script),
}

/// A training, and the circuits that its network is tested on, by number.
#[derive(Clone, Debug)]
pub struct Lesson {
    /// Roads of the training; none for the tracks of phase 4.
    pub roads: Vec<Arc<Track>>,
    /// Circuits of the test.
    pub tested: Vec<usize>,
}

impl Condition {
    /// The trainings that it needs.
    pub fn lessons(self, folder: &Folder) -> Result<Vec<Lesson>, Failure> {
        let all = folder.circuits.len();
        let length = Drive::road_length(HORIZON);
        let tracks = |track: fn(Phase, u64, f64) -> Track| {
            let seeds = Split::Train.first_track()..Split::Train.first_track() + Split::Train.tracks();
            seeds.map(|seed| Arc::new(track(Phase::Complex, seed, length))).collect()
        };
        let roads = match self {
            Self::ZeroShot => Vec::new(),
            Self::VaryingWidth => tracks(Phase::track_of_varying_width),
            Self::WideRoads => tracks(Phase::wide_track),
            Self::ImaginedCircuits => imagined::roads(imagined::TRAINED),
            Self::OtherCircuits => return other_circuits(folder),
        };
        Ok(vec![Lesson { roads, tested: (0..all).collect() }])
    }

    /// Its name in flags and files.
    pub fn name(self) -> String {
        self.to_possible_value().map(|value| value.get_name().to_owned()).unwrap_or_default()
    }
}

/// A circuit belongs to the part of its number modulo the number of parts.
fn other_circuits(folder: &Folder) -> Result<Vec<Lesson>, Failure> {
    let count = folder.circuits.len();
    if count < 2 {
        return Err(Failure::Usage(format!(
            "other-circuits: a single circuit has no others to learn from: give a directory of two or more, or leave this condition out of --conditions of experiment {NAME}"
        )));
    }
    let parts = PARTS.min(count);
    let lesson = |part| {
        let (tested, taught): (Vec<usize>, Vec<usize>) = (0..count).partition(|number| number % parts == part);
        let roads = taught.into_iter().map(|number| Arc::clone(folder.circuits[number].modes[1].track())).collect();
        Lesson { roads, tested }
    };
    Ok((0..parts).map(lesson).collect())
}

impl Script {
    /// Both.
    pub const ALL: [Self; 2] = [Self::BangBang, Self::Planner];

    /// Its name in files.
    pub fn name(self) -> &'static str {
        match self {
            Self::BangBang => "bang-bang",
            Self::Planner => "planner",
        }
    }

    /// The driver, for one lap.
    pub fn driver(self) -> Box<dyn Driver> {
        match self {
            Self::BangBang => Box::new(BangBang::tuned(Phase::Complex)),
            Self::Planner => Box::new(Planner::exhaustive(6)),
        }
    }
}

impl Contender {
    /// Condition and preset, as in files.
    pub fn names(self) -> [String; 2] {
        match self {
            Self::Network(condition, agent) => [condition.name(), agent.name().to_owned()],
            Self::Script(script) => ["script".to_owned(), script.name().to_owned()],
        }
    }

    /// The contender of these names, if there is one.
    pub fn of(condition: &str, preset: &str) -> Option<Self> {
        if condition == "script" {
            return Script::ALL.into_iter().find(|script| script.name() == preset).map(Self::Script);
        }
        let condition = Condition::from_str(condition, false).ok()?;
        let agent: Agent = preset.parse().ok()?;
        agent.trained().is_ok().then_some(Self::Network(condition, agent))
    }

    /// What decides a run and its laps besides seed and circuits.
    pub fn hash(self) -> String {
        let learner: Option<LearnerConfig> = match self {
            Self::Network(_, agent) => agent.trained().ok(),
            Self::Script(_) => None,
        };
        config_hash(&(self.names(), learner, EPISODES, HORIZON, STARTS, PARTS))
    }
}

impl fmt::Display for Contender {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [condition, preset] = self.names();
        write!(f, "{condition} {preset}")
    }
}
