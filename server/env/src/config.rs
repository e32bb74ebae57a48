//! What a world is made from, checked once.

use std::sync::Arc;

use crate::{Circuit, Drive, Phase, Split, WorldOptions};

/// Most lanes of one world.
pub const MAX_LANES: usize = 4096;
/// Longest horizon, in steps.
pub const MAX_HORIZON: usize = 10_000;
/// Most lanes × horizon of one world on generated tracks: each lane holds a road half as long again as its horizon.
pub const MAX_LANE_STEPS: usize = 1_000_000;
/// Most units of road of one world that tells where the cars are: what the roads of all lanes take in one message.
pub const MAX_INFO_UNITS: usize = 200_000;
/// Horizon where none is asked for, in steps.
pub const DEFAULT_HORIZON: usize = 100;

/// Where the cars drive.
#[derive(Clone, Debug)]
pub enum Course {
    /// Generated tracks of a phase.
    Phase {
        /// How hard.
        phase: Phase,
        /// Which track seeds.
        split: Split,
    },
    /// A closed circuit; an episode is one lap at most.
    Circuit(Arc<Circuit>),
}

/// Everything that decides what a [`VectorWorld`](crate::VectorWorld) does.
#[derive(Clone, Debug)]
pub struct WorldConfig {
    /// Where the cars drive.
    pub course: Course,
    /// Number of independent cars, 1 to 4096.
    pub lanes: usize,
    /// Seed of the lanes' random streams. On held-out splits it does not matter: track and start are fixed.
    pub seed: u64,
    /// Steps after which an episode is truncated, 1 to 10000.
    pub horizon: usize,
    /// Number of the first episode of every lane: a resumed run goes on where the first one stopped.
    pub first_episode: u64,
    /// What happens after the end of an episode.
    pub autoreset: Autoreset,
    /// What differs from the base task.
    pub options: WorldOptions,
    /// Whether the world tells where the cars are, for pictures: see [`LaneInfo`](crate::LaneInfo). It changes nothing else.
    pub info: bool,
}

/// What happens after the end of an episode.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Autoreset {
    /// The step after the end ignores the lane's action and returns the first observation of its next episode with reward 0.
    #[default]
    NextStep,
    /// A lane whose episode is over must be reset before it is stepped.
    Disabled,
    /// A step that ends an episode begins the lane's next one as well, and returns the first observation of that.
    SameStep,
}

/// A value that is out of its range.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{field}: {reason}")]
pub struct ConfigError {
    /// Name of the field.
    pub field: &'static str,
    /// The value, its range and the remedy.
    pub reason: String,
}

impl WorldConfig {
    /// Checks every range.
    pub fn validate(&self) -> Result<(), ConfigError> {
        let error = |field, reason| Err(ConfigError { field, reason });
        if !(1..=MAX_LANES).contains(&self.lanes) {
            return error("lanes", format!("{} is outside 1..={MAX_LANES}", self.lanes));
        }
        if !(1..=MAX_HORIZON).contains(&self.horizon) {
            return error("horizon", format!("{} is outside 1..={MAX_HORIZON} steps", self.horizon));
        }
        let lane_steps = self.lanes * self.horizon;
        if matches!(self.course, Course::Phase { .. }) && lane_steps > MAX_LANE_STEPS {
            return error(
                "lanes",
                format!(
                    "{} lanes × horizon {} = {lane_steps} is more than {MAX_LANE_STEPS}: use fewer lanes or a shorter horizon",
                    self.lanes, self.horizon
                ),
            );
        }
        if self.options.varying_width && matches!(self.course, Course::Circuit(_)) {
            return error("varying_width", "a circuit has widths of its own: use it on phases only".to_owned());
        }
        let units = self.info_units();
        if units > MAX_INFO_UNITS {
            return error(
                "info",
                format!(
                    "the roads of {} lanes are {units} units long, more than {MAX_INFO_UNITS}: use fewer lanes or a shorter horizon, or leave it off",
                    self.lanes
                ),
            );
        }
        self.options.validate()
    }

    /// The same world, which tells where the cars are if that is wanted and not too much for one message.
    pub fn with_info(self, wanted: bool) -> Self {
        let info = wanted && Self { info: true, ..self.clone() }.info_units() <= MAX_INFO_UNITS;
        Self { info, ..self }
    }

    /// Length of all roads that are told, in units.
    fn info_units(&self) -> usize {
        let road = match &self.course {
            _ if !self.info => 0.0,
            Course::Phase { .. } => Drive::road_length(self.horizon),
            Course::Circuit(circuit) => circuit.track().length(),
        };
        self.lanes.saturating_mul(libm::ceil(road) as usize)
    }

    /// A world without options or info, with seed 0, from episode 0 on, in mode NEXT_STEP.
    pub fn base(course: Course, lanes: usize, horizon: usize) -> Self {
        Self {
            course,
            lanes,
            seed: 0,
            horizon,
            first_episode: 0,
            autoreset: Autoreset::NextStep,
            options: WorldOptions::default(),
            info: false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_range_is_named() {
        let valid = WorldConfig::base(Course::Phase { phase: Phase::Complex, split: Split::Train }, 1, 100);
        assert_eq!(valid.validate(), Ok(()));
        let text = |config: WorldConfig| config.validate().unwrap_err().to_string();
        assert_eq!(text(WorldConfig { lanes: 0, ..valid.clone() }), "lanes: 0 is outside 1..=4096");
        assert_eq!(text(WorldConfig { horizon: 20_000, ..valid.clone() }), "horizon: 20000 is outside 1..=10000 steps");
        assert!(
            text(WorldConfig { lanes: 4096, horizon: 10_000, ..valid })
                .contains("use fewer lanes or a shorter horizon")
        );
    }
}
