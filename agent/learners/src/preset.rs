//! All presets under one roof: those of the spiking agent, the first design, and the dense networks.

use std::fmt;
use std::str::FromStr;

use crate::LearnerConfig;
use crate::dense::{DqnConfig, PpoConfig};
use crate::seed::{Mode, Reading, SeedConfig};
use crate::snn;
use crate::snn::error::NetworkError;

/// A named [`LearnerConfig`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Preset {
    /// A preset of the spiking agent.
    Snn(snn::Preset),
    /// The first design. It does not learn.
    Seed(Reading),
    /// Deep Q-learning.
    Dqn,
    /// Proximal policy optimisation.
    Ppo,
}

/// Name of [`Preset::Seed`].
const SEED: &str = "seed";

/// The reading of [`Preset::Seed`] where none is given: the scale of the first design's public code.
pub const DEFAULT_READING: Reading = Reading::B;

/// A text that names no preset.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no preset: use {names}, dqn, ppo or {SEED}", names = snn::Preset::ALL.map(snn::Preset::name).join(", "))]
pub struct PresetError(String);

impl Preset {
    /// All presets.
    pub fn all() -> impl Iterator<Item = Self> {
        snn::Preset::ALL.into_iter().map(Self::Snn).chain([Self::Dqn, Self::Ppo, Self::Seed(DEFAULT_READING)])
    }

    /// Its name in flags and files.
    pub fn name(self) -> &'static str {
        match self {
            Self::Snn(preset) => preset.name(),
            Self::Seed(_) => SEED,
            Self::Dqn => "dqn",
            Self::Ppo => "ppo",
        }
    }

    /// Its settings for 3, 5, 7 or 9 rays; the first design has three sensors and refuses any other number.
    pub fn for_rays(self, rays: usize) -> Result<LearnerConfig, NetworkError> {
        match self {
            Self::Snn(preset) => Ok(preset.for_rays(rays).into()),
            Self::Seed(_) => SeedConfig::check_rays(rays).map(|()| self.config()),
            Self::Dqn => Ok(DqnConfig::for_rays(rays).into()),
            Self::Ppo => Ok(PpoConfig::for_rays(rays).into()),
        }
    }

    /// Its settings for three rays.
    pub fn config(self) -> LearnerConfig {
        match self {
            Self::Snn(preset) => preset.config().into(),
            Self::Seed(reading) => SeedConfig::new(reading, Mode::Dopamine).into(),
            Self::Dqn => DqnConfig::for_rays(3).into(),
            Self::Ppo => PpoConfig::for_rays(3).into(),
        }
    }
}

impl fmt::Display for Preset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Preset {
    type Err = PresetError;

    fn from_str(text: &str) -> Result<Self, PresetError> {
        Self::all().find(|preset| preset.name() == text).ok_or_else(|| PresetError(text.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_lead_back_to_presets() {
        for preset in Preset::all() {
            assert_eq!(preset.name().parse(), Ok(preset));
        }
        let message = "stpd".parse::<Preset>().unwrap_err().to_string();
        assert!(message.starts_with("\"stpd\" is no preset: use stdp, pathway") && message.ends_with(" or seed"));
    }
}
