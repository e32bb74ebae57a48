//! The worlds of the benchmark.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use spikedrive_env::ceiling::ceiling;
use spikedrive_env::{Phase, WorldOptions};

/// A world, the same in training, validation and test.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum BenchmarkWorld {
    /// The base task.
    #[serde(rename = "base")]
    Base,
    /// Noise of standard deviation 1 on each ray.
    #[serde(rename = "noise-1")]
    Noise1,
}

/// A text that names no world of the benchmark.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no world of the benchmark: use base or noise-1")]
pub struct BenchmarkWorldError(String);

impl BenchmarkWorld {
    /// All worlds.
    pub const ALL: [Self; 2] = [Self::Base, Self::Noise1];

    /// Its name in flags and files.
    pub fn name(self) -> &'static str {
        match self {
            Self::Base => "base",
            Self::Noise1 => "noise-1",
        }
    }

    /// Its options.
    pub fn options(self) -> WorldOptions {
        let base = WorldOptions::default();
        match self {
            Self::Base => base,
            Self::Noise1 => WorldOptions { sensor_noise: 1.0, ..base },
        }
    }

    /// What a planner with the true state attains on phase 4 with horizon 100: noise changes what is seen, not what can be attained.
    pub fn ceiling(self) -> f64 {
        ceiling(Phase::Complex, 100).unwrap_or(f64::INFINITY)
    }
}

impl fmt::Display for BenchmarkWorld {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for BenchmarkWorld {
    type Err = BenchmarkWorldError;

    fn from_str(text: &str) -> Result<Self, BenchmarkWorldError> {
        Self::ALL.into_iter().find(|world| world.name() == text).ok_or_else(|| BenchmarkWorldError(text.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ceilings::attainable;

    #[test]
    fn worlds_have_names_and_the_ceiling_of_the_task() {
        for world in BenchmarkWorld::ALL {
            assert_eq!(world.name().parse(), Ok(world));
            assert_eq!(world.ceiling(), attainable(Phase::Complex, 100, &world.options()).unwrap());
            assert_eq!(serde_json::to_string(&world).unwrap(), format!("\"{world}\""));
        }
        let message = "hard-lag".parse::<BenchmarkWorld>().unwrap_err().to_string();
        assert_eq!(message, "\"hard-lag\" is no world of the benchmark: use base or noise-1");
    }
}
