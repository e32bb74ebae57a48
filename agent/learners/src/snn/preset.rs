//! The presets: complete settings that were measured, each under a name.

use std::fmt;
use std::str::FromStr;

use super::config::{Plasticity, SnnConfig};
use super::critic::CriticParams;
use super::encoder::PopulationCode;
use super::homeostasis::HomeostasisParams;
use super::lif::LifParams;
use super::sleep::SleepParams;
use super::stdp::StdpParams;
use super::synapses::WiringParams;
use crate::Schedule;

/// A named [`SnnConfig`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Preset {
    /// Real pair STDP of spiking motor neurons × (chosen − share) × TD dopamine. The default: spikes teach.
    Stdp,
    /// The policy gradient of the pathway readout, seen as three factors, with a finer code, a cosine schedule and sleep. The
    /// fastest and the best, but its motor neurons need not spike: a twin without spikes would do as well.
    Pathway,
}

/// A text that names no preset.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no preset: use stdp or pathway")]
pub struct PresetError(String);

impl Preset {
    /// All presets.
    pub const ALL: [Self; 2] = [Self::Stdp, Self::Pathway];

    /// Its name in flags and files.
    pub fn name(self) -> &'static str {
        match self {
            Self::Stdp => "stdp",
            Self::Pathway => "pathway",
        }
    }

    /// Its settings.
    pub fn config(self) -> SnnConfig {
        match self {
            Self::Stdp => stdp(),
            Self::Pathway => pathway(),
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
        Self::ALL.into_iter().find(|preset| preset.name() == text).ok_or_else(|| PresetError(text.to_owned()))
    }
}

/// 69 sensory, 10 hidden, 21 motor neurons.
fn stdp() -> SnnConfig {
    SnnConfig {
        ticks: 20,
        code: PopulationCode {
            cells_per_sensor: 18,
            side_slope: 1.2,
            tuning_width: 0.8,
            difference_cells: 12,
            difference_slope: 0.7,
            peak_rate: 0.5,
        },
        motor_neurons: 21,
        lif: LifParams::default(),
        wiring: WiringParams { motor_jitter: 0.02, ..WiringParams::default() },
        motor_gain: 3.0,
        inverse_temperature: 10.0,
        plasticity: Plasticity::PairStdp(StdpParams::default()),
        discount: 0.9,
        trace_decay: 0.9,
        learning_rate: 0.15,
        schedule: Schedule::WarmupCosine { warmup: 10, floor: 0.02 },
        dopamine_clip: 5.0,
        reward_floor: -10.0,
        critic: CriticParams { rate: 0.2, bias_rate: 0.3, initial_bias: 20.0, clip: 50.0 },
        homeostasis: HomeostasisParams { strength: 0.08, half_life: 100.0, share_floor: 0.01 },
        sleep: None,
    }
}

/// The same layers.
fn pathway() -> SnnConfig {
    SnnConfig {
        wiring: WiringParams::default(),
        motor_gain: 0.5,
        plasticity: Plasticity::PreCount,
        learning_rate: 0.04,
        reward_floor: -5.0,
        homeostasis: HomeostasisParams { strength: 0.2, half_life: 50.0, share_floor: 1e-6 },
        sleep: Some(SleepParams { memory: 3, replays: 2 }),
        ..stdp()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_settings_are_valid() {
        for preset in Preset::ALL {
            assert_eq!(preset.name().parse(), Ok(preset));
            assert_eq!(preset.config().validate(), Ok(()));
        }
        assert_eq!("stpd".parse::<Preset>().unwrap_err().to_string(), "\"stpd\" is no preset: use stdp or pathway");
        let neurons = |preset: Preset| (preset.config().sensory_neurons(), preset.config().hidden_neurons());
        assert_eq!((neurons(Preset::Stdp), neurons(Preset::Pathway)), ((69, 10), (69, 10)));
    }

    #[test]
    fn an_impossible_network_is_refused() {
        let text = |config: SnnConfig| config.validate().unwrap_err();
        assert!(text(SnnConfig { motor_neurons: 31, ..stdp() }).contains("three equal pools"));
        assert!(text(SnnConfig { ticks: 0, ..stdp() }).contains("outside 1..=1000"));
        assert!(text(SnnConfig { sleep: pathway().sleep, ..stdp() }).contains("pre-count"));
        let crowd = PopulationCode { cells_per_sensor: usize::MAX, ..stdp().code };
        assert!(text(SnnConfig { code: crowd, ..stdp() }).contains("do not fit"));
    }
}
