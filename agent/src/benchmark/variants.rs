//! DQN and PPO with other inputs, or other widths, than their presets have, and spiking networks without their hidden layer.

use spikedrive_learners::LearnerConfig;
use spikedrive_learners::dense::{DqnConfig, Inputs, PpoConfig, Widths};
use spikedrive_learners::snn::{Preset, SnnConfig};

/// A preset with one change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Variant {
    /// Its name in rows.
    pub name: &'static str,
    of: Of,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Of {
    Dense(Algorithm, Change),
    /// Its twin whose hidden layer is cut.
    WithoutHidden(Preset),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Algorithm {
    Dqn,
    Ppo,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Change {
    Inputs(Inputs),
    /// Units of each of the two hidden layers.
    Width(usize),
}

/// Steps of [`Inputs::Stack`] in the benchmark.
pub const STACK: usize = 4;

impl Variant {
    /// All variants.
    pub const ALL: [Self; 16] = [
        Self::new("dqn-sensors", Algorithm::Dqn, Change::Inputs(Inputs::Sensors)),
        Self::new("dqn-x4", Algorithm::Dqn, Change::Inputs(Inputs::Stack { k: STACK })),
        Self::new("dqn-code", Algorithm::Dqn, Change::Inputs(Inputs::Code)),
        Self::new("dqn-w8", Algorithm::Dqn, Change::Width(8)),
        Self::new("dqn-w16", Algorithm::Dqn, Change::Width(16)),
        Self::new("dqn-w32", Algorithm::Dqn, Change::Width(32)),
        Self::new("ppo-sensors", Algorithm::Ppo, Change::Inputs(Inputs::Sensors)),
        Self::new("ppo-x4", Algorithm::Ppo, Change::Inputs(Inputs::Stack { k: STACK })),
        Self::new("ppo-code", Algorithm::Ppo, Change::Inputs(Inputs::Code)),
        Self::new("ppo-w8", Algorithm::Ppo, Change::Width(8)),
        Self::new("ppo-w16", Algorithm::Ppo, Change::Width(16)),
        Self::new("ppo-w32", Algorithm::Ppo, Change::Width(32)),
        Self { name: "stdp-no-hidden", of: Of::WithoutHidden(Preset::Stdp) },
        Self { name: "pathway-no-hidden", of: Of::WithoutHidden(Preset::Pathway) },
        Self { name: "memory-no-hidden", of: Of::WithoutHidden(Preset::Memory) },
        Self { name: "own-spike-no-hidden", of: Of::WithoutHidden(Preset::OwnSpike) },
    ];

    const fn new(name: &'static str, algorithm: Algorithm, change: Change) -> Self {
        Self { name, of: Of::Dense(algorithm, change) }
    }

    /// The preset of which it is the twin without hidden layer.
    pub fn without_hidden_of(self) -> Option<Preset> {
        match self.of {
            Of::WithoutHidden(preset) => Some(preset),
            Of::Dense(..) => None,
        }
    }

    /// Its settings for so many rays.
    pub fn for_rays(self, rays: usize) -> Result<LearnerConfig, String> {
        Ok(match self.of {
            Of::Dense(Algorithm::Dqn, change) => {
                let base = DqnConfig::for_rays(rays);
                let (inputs, hidden) = change.of(base.inputs, base.hidden)?;
                DqnConfig { inputs, hidden, ..base }.into()
            }
            Of::Dense(Algorithm::Ppo, change) => {
                let base = PpoConfig::for_rays(rays);
                let (inputs, hidden) = change.of(base.inputs, base.hidden)?;
                PpoConfig { inputs, hidden, ..base }.into()
            }
            Of::WithoutHidden(preset) => SnnConfig { hidden_neurons: 0, ..preset.for_rays(rays) }.into(),
        })
    }
}

impl Change {
    fn of(self, inputs: Inputs, hidden: Widths) -> Result<(Inputs, Widths), String> {
        match self {
            Self::Inputs(inputs) => Ok((inputs, hidden)),
            Self::Width(width) => Ok((inputs, Widths::new(&[width, width])?)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_has_a_name_and_settings_of_its_own() {
        let configs: Vec<LearnerConfig> = Variant::ALL.iter().map(|variant| variant.for_rays(3).unwrap()).collect();
        for (k, variant) in Variant::ALL.iter().enumerate() {
            assert!(Variant::ALL[..k].iter().all(|other| other.name != variant.name));
            assert!(configs[..k].iter().all(|other| *other != configs[k]), "{}", variant.name);
            assert!(configs[k].learner(1, 10, 1).is_ok());
        }
    }
}
