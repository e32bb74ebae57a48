//! The presets: complete settings that were measured, each under a name.

use std::fmt;
use std::str::FromStr;

use super::cell_types::CellTypes;
use super::change::ChangeCells;
use super::competition::Readout;
use super::config::{Firing, NEURONS, Plasticity, Signal, SnnConfig};
use super::credit::Credit;
use super::critic::CriticParams;
use super::divisive::Divisive;
use super::dopamine::Dopamine;
use super::encoder::{PopulationCode, Scale, SpikeTrain};
use super::eprop::{EProp, Feedback};
use super::escape::EscapeNoise;
use super::forward::ForwardModel;
use super::homeostasis::HomeostasisParams;
use super::lif::LifParams;
use super::relay::TopographicRelay;
use super::sleep::{SleepHomeostasis, SleepParams};
use super::stdp::StdpParams;
use super::synapses::{Inhibition, MotorInputs, SensoryHidden, WiringParams};
use super::temporal::TemporalFilter;
use super::tuning::Tuning;
use crate::Schedule;

/// A named [`SnnConfig`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Preset {
    /// Real pair STDP of spiking motor neurons × (chosen − share) × TD dopamine. The default: spikes teach.
    Stdp,
    /// The policy gradient of the pathway readout, seen as three factors, with a finer code, a cosine schedule and sleep. The
    /// fastest and the best, but its motor neurons need not spike: a twin without spikes would do as well.
    Pathway,
    /// The same gradient on a code that remembers: the last four actions and what each distance did lately. For worlds that answer
    /// late or drag behind; in a world without delay it gains nothing.
    Memory,
    /// A strict hierarchy: motor neurons and critic hear hidden neurons alone. These relay the senses nearly one to one; no hidden
    /// feature is learned.
    Strict,
    /// The same hierarchy, whose hidden neurons begin with random synapses and learn their features, by e-prop.
    EProp,
    /// Spikes decide and teach: the pool with most motor spikes acts, and a winner's burst is contrasted with own spikes.
    OwnSpike,
    /// `pathway` without its spikes: synapses hear the exact rates of the code. The twin that tells what spikes cost or give.
    Spikeless,
    /// Both at once: spikes decide and teach in a strict hierarchy.
    StrictOwnSpike,
    /// Learns a forward model of its senses, which tells noise from news, and hears with slow synapses beside fast ones. For noisy sensors.
    Predictive,
    /// As few operations as possible: one spike for each ray and decision, one motor neuron for each action. Plainly a look-up
    /// table whose entries are synapses: with a single tick there are no LIF dynamics in time.
    Frugal,
}

/// A text that names no preset.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "{0:?} is no preset: use stdp, pathway, spikeless, memory, strict, e-prop, own-spike, strict-own-spike, predictive or frugal"
)]
pub struct PresetError(String);

impl Preset {
    /// All presets.
    pub const ALL: [Self; 10] = [
        Self::Stdp,
        Self::Pathway,
        Self::Spikeless,
        Self::Memory,
        Self::Strict,
        Self::EProp,
        Self::OwnSpike,
        Self::StrictOwnSpike,
        Self::Predictive,
        Self::Frugal,
    ];

    /// Its name in flags and files.
    pub fn name(self) -> &'static str {
        match self {
            Self::Stdp => "stdp",
            Self::Pathway => "pathway",
            Self::Spikeless => "spikeless",
            Self::Memory => "memory",
            Self::Strict => "strict",
            Self::EProp => "e-prop",
            Self::OwnSpike => "own-spike",
            Self::StrictOwnSpike => "strict-own-spike",
            Self::Predictive => "predictive",
            Self::Frugal => "frugal",
        }
    }

    /// Its settings for three rays.
    pub fn config(self) -> SnnConfig {
        self.for_rays(3)
    }

    /// Its settings for 3, 5, 7 or 9 rays: the more rays, the fewer cells for each, so that 100 neurons suffice.
    pub fn for_rays(self, rays: usize) -> SnnConfig {
        match self {
            Self::Stdp => stdp(rays),
            Self::Pathway => pathway(rays),
            Self::Spikeless => spikeless(rays),
            Self::Memory => memory(rays),
            Self::Strict => strict(rays),
            Self::EProp => e_prop(rays),
            Self::OwnSpike => own_spike(rays),
            Self::StrictOwnSpike => strict_own_spike(rays),
            Self::Predictive => predictive(rays),
            Self::Frugal => frugal(rays),
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

/// The hidden neurons that code and motor neurons leave over.
fn rest(code: &PopulationCode, motor_neurons: usize) -> usize {
    NEURONS.saturating_sub(code.cells() + motor_neurons)
}

/// 69 sensory, 10 hidden, 21 motor neurons.
fn stdp(rays: usize) -> SnnConfig {
    let code = PopulationCode {
        rays,
        cells_per_sensor: 54 / rays,
        side_slope: 1.2,
        tuning: Tuning::Gaussian { width: 0.8 },
        difference_cells: 12,
        difference_slope: 0.7,
        change: None,
        efference_steps: 1,
        ahead: None,
        peak_rate: 0.5,
        scale: Scale::Sigmoid,
        spikes: SpikeTrain::Regular,
    };
    SnnConfig {
        ticks: 20,
        code,
        forward: None,
        signal: Signal::Spikes,
        hidden_neurons: rest(&code, 21),
        motor_neurons: 21,
        lif: LifParams::default(),
        cells: CellTypes::Uniform,
        wiring: WiringParams { motor_jitter: 0.02, ..WiringParams::default() },
        motor_gain: 3.0,
        motor_firing: Firing::Threshold,
        readout: Readout::Pathway { inverse_temperature: 10.0 },
        temporal: TemporalFilter::Step,
        plasticity: Plasticity::PairStdp(StdpParams::default()),
        eprop: None,
        credit: Credit::ChosenMinusShare,
        divisive: None,
        discount: 0.9,
        trace_decay: 0.9,
        learning_rate: 0.15,
        schedule: Schedule::WarmupCosine { warmup: 10, floor: 0.02 },
        dopamine: Dopamine::Td,
        dopamine_clip: 5.0,
        reward_floor: -10.0,
        novelty: None,
        critic: CriticParams { rate: 0.2, bias_rate: 0.3, initial_bias: 20.0, clip: 50.0 },
        homeostasis: HomeostasisParams { strength: 0.08, half_life: 100.0, share_floor: 0.01 },
        sleep: None,
    }
}

/// The same layers.
fn pathway(rays: usize) -> SnnConfig {
    SnnConfig {
        wiring: WiringParams::default(),
        motor_gain: 0.5,
        plasticity: Plasticity::PreCount,
        learning_rate: 0.04,
        reward_floor: -5.0,
        homeostasis: HomeostasisParams { strength: 0.2, half_life: 50.0, share_floor: 1e-6 },
        sleep: Some(SleepParams { memory: 3, replays: 2, homeostasis: SleepHomeostasis::On, crashes: None }),
        ..stdp(rays)
    }
}

/// The same sensory and motor neurons, no hidden ones.
fn spikeless(rays: usize) -> SnnConfig {
    SnnConfig { signal: Signal::Rates, hidden_neurons: 0, ..pathway(rays) }
}

/// The plain rule that `memory`, `strict` and `own-spike` vary: 48 sensory, 22 hidden, 30 motor neurons, a coarser code and a
/// fixed rate. Without sleep: where the world answers late, replay made runs of `memory` collapse.
fn plain(rays: usize) -> SnnConfig {
    let base = pathway(rays);
    let code = PopulationCode {
        cells_per_sensor: 45 / rays,
        side_slope: 2.0,
        tuning: Tuning::Gaussian { width: 0.7 },
        difference_cells: 0,
        ..base.code
    };
    SnnConfig {
        code,
        hidden_neurons: rest(&code, 30),
        motor_neurons: 30,
        wiring: WiringParams { motor_jitter: 0.02, ..WiringParams::default() },
        learning_rate: 0.02,
        schedule: Schedule::Fixed,
        reward_floor: -20.0,
        critic: CriticParams { initial_bias: 15.0, ..base.critic },
        homeostasis: HomeostasisParams { strength: 0.2, half_life: 100.0, share_floor: 1e-6 },
        sleep: None,
        ..base
    }
}

/// 57 sensory (10 for each ray, 5 for its change, 12 for the last four actions), 13 hidden, 30 motor neurons. More rays take the
/// place of hidden neurons too.
fn memory(rays: usize) -> SnnConfig {
    let base = plain(rays);
    let changes = (15 / rays).max(2);
    let code = PopulationCode {
        cells_per_sensor: if rays == 3 { 10 } else { 54 / rays - changes },
        change: Some(ChangeCells { cells_per_sensor: changes, rate: 0.3, scale: 1.5, tuning_width: 0.8 }),
        efference_steps: 4,
        ..base.code
    };
    SnnConfig {
        code,
        hidden_neurons: rest(&code, 30),
        divisive: Some(Divisive { gain: 1.0, offset: 0.1 }),
        dopamine_clip: 2.0,
        reward_floor: -10.0,
        critic: CriticParams { rate: 0.1, ..base.critic },
        homeostasis: HomeostasisParams { strength: 0.5, ..base.homeostasis },
        ..base
    }
}

/// 36 sensory, 36 hidden, 28 motor neurons.
fn strict(rays: usize) -> SnnConfig {
    let base = plain(rays);
    let code = PopulationCode { cells_per_sensor: (36 / rays).min(11), ..base.code };
    SnnConfig {
        code,
        hidden_neurons: code.cells(),
        motor_neurons: NEURONS - 2 * code.cells(),
        wiring: WiringParams {
            sensory_hidden: SensoryHidden::Relay(TopographicRelay { gain: 14.0, width: 0.7 }),
            hidden_hidden_probability: 0.0,
            inhibition: Inhibition::EveryFifthButSensory,
            motor_inputs: MotorInputs::Hidden,
            ..base.wiring
        },
        readout: Readout::Pathway { inverse_temperature: 15.0 },
        homeostasis: HomeostasisParams { share_floor: 0.01, ..base.homeostasis },
        sleep: pathway(rays).sleep,
        ..base
    }
}

/// The same layers. Twice the ticks, so that the counts of hidden neurons tell more.
fn e_prop(rays: usize) -> SnnConfig {
    let base = strict(rays);
    SnnConfig {
        ticks: 40,
        wiring: WiringParams { sensory_hidden: SensoryHidden::Random { probability: 0.3, gain: 6.0 }, ..base.wiring },
        readout: Readout::Pathway { inverse_temperature: 20.0 },
        eprop: Some(EProp { rate: 10.0, width: 0.6, limit: 6.0, feedback: Feedback::Symmetric }),
        learning_rate: 0.03,
        schedule: Schedule::WarmupCosine { warmup: 10, floor: 0.02 },
        ..base
    }
}

/// 48 sensory, 22 hidden, 30 motor neurons.
fn own_spike(rays: usize) -> SnnConfig {
    let base = plain(rays);
    SnnConfig {
        ticks: 40,
        motor_gain: 4.0,
        motor_firing: Firing::Escape(EscapeNoise { peak: 1.0, width: 0.1 }),
        readout: Readout::Vote,
        plasticity: Plasticity::ContrastiveStdp(StdpParams { a_plus: 0.05, ..StdpParams::default() }),
        learning_rate: 0.04,
        schedule: Schedule::WarmupCosine { warmup: 10, floor: 0.02 },
        reward_floor: -10.0,
        critic: pathway(rays).critic,
        homeostasis: HomeostasisParams { strength: 0.5, share_floor: 0.01, ..base.homeostasis },
        ..base
    }
}

/// The layers of `strict`. Hidden neurons spike more rarely than the senses that they relay, so that motor neurons hear each of their spikes twice as loud.
fn strict_own_spike(rays: usize) -> SnnConfig {
    let (base, strict) = (own_spike(rays), strict(rays));
    SnnConfig {
        code: strict.code,
        hidden_neurons: strict.hidden_neurons,
        motor_neurons: strict.motor_neurons,
        wiring: strict.wiring,
        motor_gain: 8.0,
        learning_rate: 0.06,
        homeostasis: HomeostasisParams { strength: 1.0, ..base.homeostasis },
        ..base
    }
}

/// 60 sensory, 21 motor neurons, no hidden ones: a coarser code, whose cells hear less of the noise, twice the ticks, so that the
/// counts of spikes add less of their own, and slow synapses, which average over steps.
fn predictive(rays: usize) -> SnnConfig {
    let base = pathway(rays);
    let code = PopulationCode {
        cells_per_sensor: 45 / rays,
        side_slope: 1.5,
        tuning: Tuning::Gaussian { width: 1.0 },
        difference_slope: 1.0,
        ..base.code
    };
    SnnConfig {
        ticks: 40,
        code,
        forward: Some(ForwardModel { gain: 0.6, rate: 0.02, clip: 6.0, offset: 0.1 }),
        hidden_neurons: 0,
        temporal: TemporalFilter::Slow { tau_steps: 2.0 },
        learning_rate: 0.02,
        schedule: Schedule::WarmupCosine { warmup: 20, floor: 0.02 },
        homeostasis: HomeostasisParams { strength: 0.3, half_life: 100.0, ..base.homeostasis },
        sleep: Some(SleepParams { memory: 1, replays: 1, homeostasis: SleepHomeostasis::Off, crashes: None }),
        ..base
    }
}

/// 78 sensory, 3 motor neurons.
fn frugal(rays: usize) -> SnnConfig {
    let base = pathway(rays);
    let code = PopulationCode {
        cells_per_sensor: 75 / rays,
        tuning: Tuning::OneHot,
        difference_cells: 0,
        peak_rate: 1.0,
        ..base.code
    };
    SnnConfig {
        ticks: 1,
        code,
        hidden_neurons: 0,
        motor_neurons: 3,
        readout: Readout::Pathway { inverse_temperature: 5.0 },
        learning_rate: 0.02,
        schedule: Schedule::WarmupCosine { warmup: 20, floor: 0.02 },
        critic: CriticParams { rate: 0.125, bias_rate: 1.2, ..base.critic },
        sleep: Some(SleepParams { memory: 1, replays: 1, homeostasis: SleepHomeostasis::Off, crashes: None }),
        ..base
    }
}

#[cfg(test)]
mod tests;
