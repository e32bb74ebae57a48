//! Every parameter of the spiking agent. Serialised beside each weight file, so that a network can be rebuilt.

use serde::{Deserialize, Serialize};

use super::cell_types::CellTypes;
use super::competition::Readout;
use super::credit::Credit;
use super::critic::CriticParams;
use super::divisive::Divisive;
use super::dopamine::Dopamine;
use super::encoder::{PopulationCode, SpikeTrain};
use super::eprop::EProp;
use super::escape::EscapeNoise;
use super::forward::ForwardModel;
use super::homeostasis::HomeostasisParams;
use super::lif::LifParams;
use super::novelty::Novelty;
use super::sleep::SleepParams;
use super::stdp::StdpParams;
use super::synapses::{MotorInputs, WiringParams};
use super::temporal::TemporalFilter;
use crate::range::{above, in_range, part};
use crate::{ACTIONS, Schedule};

/// Number of neurons of every network.
pub const NEURONS: usize = 100;

/// The parameters of network and learning rule.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct SnnConfig {
    /// Ticks of 1 ms in a step of the car.
    pub ticks: usize,
    /// How distances become spikes; its cells are the sensory neurons.
    pub code: PopulationCode,
    /// What the senses should tell, so that the code encodes an estimate and not the noise.
    #[serde(default)]
    pub forward: Option<ForwardModel>,
    /// What neurons tell each other.
    #[serde(default)]
    pub signal: Signal,
    /// Number of hidden neurons.
    pub hidden_neurons: usize,
    /// Number of motor neurons, at least three: pools left, straight, right. Neurons that are left over have no synapse.
    pub motor_neurons: usize,
    /// Membranes of hidden and motor neurons.
    pub lif: LifParams,
    /// Which of them are of which type.
    #[serde(default)]
    pub cells: CellTypes,
    /// Synapses at birth.
    pub wiring: WiringParams,
    /// Factor of the synaptic current into motor neurons.
    pub motor_gain: f32,
    /// When a motor neuron spikes.
    pub motor_firing: Firing,
    /// How the pools compete.
    pub readout: Readout,
    /// Which part of the past motor neurons and critic hear.
    #[serde(default)]
    pub temporal: TemporalFilter,
    /// What a synapse contributes to its eligibility.
    pub plasticity: Plasticity,
    /// How hidden neurons learn; without it, their synapses stay as they were born.
    #[serde(default)]
    pub eprop: Option<EProp>,
    /// Which pools have a part in a decision.
    #[serde(default)]
    pub credit: Credit,
    /// Normalisation of the presynaptic counts that eligibility and homeostasis use.
    pub divisive: Option<Divisive>,
    /// Discount γ per step.
    pub discount: f32,
    /// Decay λ of the traces per step, beside the discount.
    pub trace_decay: f32,
    /// Peak learning rate η.
    pub learning_rate: f32,
    /// How it changes over the run.
    pub schedule: Schedule,
    /// Where dopamine comes from.
    #[serde(default)]
    pub dopamine: Dopamine,
    /// Largest magnitude of dopamine that reaches the synapses.
    pub dopamine_clip: f32,
    /// Rewards below this count as this in learning, so that one crash does not drown all else. Scores use the true reward.
    pub reward_floor: f32,
    /// A bonus for what is new to the network.
    #[serde(default)]
    pub novelty: Option<Novelty>,
    /// The critic.
    pub critic: CriticParams,
    /// Pool homeostasis.
    pub homeostasis: HomeostasisParams,
    /// Replay after each episode.
    pub sleep: Option<SleepParams>,
}

/// What neurons tell each other.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Signal {
    /// Spikes: what is read out and learned from is how many there were in a step.
    #[default]
    Spikes,
    /// The rates of the code as they are, without a spike: what spikes cost or give is the difference. There is nothing that could make
    /// hidden or motor neurons spike.
    Rates,
}

/// When a motor neuron spikes.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "kind")]
pub enum Firing {
    /// When its potential reaches the threshold.
    Threshold,
    /// By chance, the more likely the higher its potential.
    Escape(EscapeNoise),
}

impl Firing {
    /// Checks every parameter.
    pub fn validate(&self) -> Result<(), String> {
        match self {
            Self::Threshold => Ok(()),
            Self::Escape(escape) => escape.validate(),
        }
    }
}

/// The pre- and postsynaptic factors of the learning rule: what a synapse remembers of a decision.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "kind")]
pub enum Plasticity {
    /// Spike pairs of the synapse × the pool's (chosen − share): pair STDP of spiking motor neurons.
    PairStdp(StdpParams),
    /// Spike count of the presynaptic neuron × the pool's (chosen − share): the exact policy gradient of the pathway readout.
    PreCount,
    /// Spike pairs of the winner's burst − pairs of the neuron's own spikes.
    ContrastiveStdp(StdpParams),
}

impl Plasticity {
    /// Checks every parameter.
    pub fn validate(&self) -> Result<(), String> {
        match self {
            Self::PreCount => Ok(()),
            Self::PairStdp(stdp) | Self::ContrastiveStdp(stdp) => stdp.validate(),
        }
    }
}

impl SnnConfig {
    /// Number of sensory neurons.
    pub fn sensory_neurons(&self) -> usize {
        self.code.cells()
    }

    /// Checks every parameter that a file could hold.
    pub fn validate(&self) -> Result<(), String> {
        self.validate_parts()?;
        self.validate_numbers()?;
        self.validate_layers()?;
        let by_pathway = matches!(self.readout, Readout::Pathway { .. });
        if self.sleep.is_some() && !(self.plasticity == Plasticity::PreCount && by_pathway) {
            return Err(
                "sleep replays spike counts: it needs the plasticity pre-count and the readout pathway".to_owned()
            );
        }
        if self.sleep.is_some() && self.dopamine != Dopamine::Td {
            return Err("sleep replays TD errors: it needs dopamine of kind td, or sleep = none".to_owned());
        }
        if self.divisive.is_some() && self.plasticity != Plasticity::PreCount {
            return Err(
                "divisive: pairs of spikes are no counts: use the plasticity pre-count, or divisive = none".to_owned()
            );
        }
        if self.credit != Credit::default() && matches!(self.plasticity, Plasticity::ContrastiveStdp(_)) {
            return Err(
                "credit: contrastive-stdp has a factor of its own: use another plasticity, or leave credit".to_owned()
            );
        }
        if self.temporal.copies() > 1 && !(self.plasticity == Plasticity::PreCount && by_pathway) {
            return Err(
                "temporal: what is heard of the past is no spike: use the plasticity pre-count and the readout pathway, or temporal of kind step"
                    .to_owned(),
            );
        }
        if let Plasticity::ContrastiveStdp(StdpParams { a_minus, .. }) = self.plasticity
            && a_minus != 0.0
        {
            return Err(format!(
                "plasticity.a_minus: {a_minus} is impossible: contrastive-stdp takes own spikes away, whose depression would strengthen: use 0"
            ));
        }
        if self.eprop.is_some() && self.hidden_neurons == 0 {
            return Err(
                "eprop: there are no hidden neurons to learn: use hidden_neurons > 0, or eprop = none".to_owned()
            );
        }
        if let Some(eprop) = self.eprop {
            self.validate_eprop(eprop)?;
        }
        if self.signal == Signal::Rates {
            self.validate_rates(by_pathway)?;
        }
        Ok(())
    }

    /// Checks that its formulas hold: plain membranes, and features that are the counts of the step.
    fn validate_eprop(&self, eprop: EProp) -> Result<(), String> {
        if self.cells != CellTypes::Uniform {
            return Err("eprop: it knows no adaptation: use cells = uniform, or eprop = none".to_owned());
        }
        if self.temporal != TemporalFilter::Step {
            return Err("eprop: it teaches for the step at hand: use temporal of kind step, or eprop = none".to_owned());
        }
        let largest = self.wiring.sensory_hidden.largest();
        if eprop.limit < largest {
            let (limit, enough) = (eprop.limit, (1000.0 * largest).ceil() / 1000.0);
            return Err(format!("eprop.limit: {limit} is below the largest weight at birth: use at least {enough}"));
        }
        Ok(())
    }

    /// Checks that nothing needs a spike.
    fn validate_rates(&self, by_pathway: bool) -> Result<(), String> {
        if self.plasticity != Plasticity::PreCount {
            return Err(
                "signal: rates make no pairs of spikes: use the plasticity pre-count, or signal = spikes".to_owned()
            );
        }
        if !by_pathway {
            return Err(
                "signal: rates have no spikes for a vote: use the readout pathway, or signal = spikes".to_owned()
            );
        }
        if self.code.spikes != SpikeTrain::default() {
            return Err("signal: rates make no spike trains: use code.spikes = regular, or signal = spikes".to_owned());
        }
        if self.temporal.needs_spikes() || self.wiring.motor_inputs == MotorInputs::All {
            return Err(
                "signal: rates have no single spikes, which temporal or wiring.motor_inputs ask for: use temporal of kind step or slow and other \
                 motor inputs, or signal = spikes"
                    .to_owned(),
            );
        }
        if self.hidden_neurons > 0 {
            return Err(format!(
                "signal: rates make no hidden neuron spike, and there are {}: use hidden_neurons = 0, or signal = spikes",
                self.hidden_neurons
            ));
        }
        Ok(())
    }

    fn validate_parts(&self) -> Result<(), String> {
        part("code", self.code.validate())?;
        self.forward.map_or(Ok(()), |forward| part("forward", forward.validate()))?;
        part("lif", self.lif.validate())?;
        part("wiring", self.wiring.validate())?;
        part("motor_firing", self.motor_firing.validate())?;
        part("readout", self.readout.validate())?;
        part("temporal", self.temporal.validate())?;
        part("plasticity", self.plasticity.validate())?;
        self.eprop.map_or(Ok(()), |eprop| part("eprop", eprop.validate()))?;
        self.novelty.map_or(Ok(()), |novelty| part("novelty", novelty.validate()))?;
        self.divisive.map_or(Ok(()), |divisive| part("divisive", divisive.validate()))?;
        part("dopamine", self.dopamine.validate())?;
        part("schedule", self.schedule.validate())?;
        part("critic", self.critic.validate())?;
        part("homeostasis", self.homeostasis.validate())?;
        self.sleep.map_or(Ok(()), |sleep| part("sleep", sleep.validate()))
    }

    fn validate_numbers(&self) -> Result<(), String> {
        in_range("ticks", self.ticks, 1..=1000)?;
        in_range("motor_gain", self.motor_gain, 0.0..=1000.0)?;
        in_range("discount", self.discount, 0.0..=1.0)?;
        in_range("trace_decay", self.trace_decay, 0.0..=1.0)?;
        in_range("learning_rate", self.learning_rate, 0.0..=100.0)?;
        in_range("dopamine_clip", self.dopamine_clip, above(0.0, 1e5))?;
        in_range("reward_floor", self.reward_floor, -1000.0..=0.0)
    }

    fn validate_layers(&self) -> Result<(), String> {
        let Self { code, hidden_neurons, motor_neurons, wiring, .. } = self;
        let neurons = code.cells().saturating_add(*hidden_neurons).saturating_add(*motor_neurons);
        if *motor_neurons < ACTIONS || neurons > NEURONS {
            let cells = code.cells();
            return Err(format!(
                "{cells} sensory, {hidden_neurons} hidden and {motor_neurons} motor neurons do not fit {NEURONS} neurons with three pools: \
                 use at least {ACTIONS} motor neurons and {NEURONS} neurons in all"
            ));
        }
        if wiring.motor_inputs == MotorInputs::Hidden && *hidden_neurons == 0 {
            return Err("the motor neurons hear hidden neurons alone, and there are none".to_owned());
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::snn::Preset;
    use crate::snn::change::ChangeCells;
    use crate::snn::eprop::Feedback;
    use crate::snn::relay::TopographicRelay;
    use crate::snn::sleep::SleepHomeostasis;
    use crate::snn::synapses::SensoryHidden;
    use crate::snn::tuning::Tuning;

    #[test]
    fn no_number_may_be_nan_or_infinite_or_far_out() {
        let refuses = |config: SnnConfig, words: &str| {
            let reason = config.validate().unwrap_err();
            assert!(reason.starts_with(words), "{words} is not the start of {reason:?}");
        };
        let [stdp, pathway, memory, own_spike, predictive] =
            [Preset::Stdp, Preset::Pathway, Preset::Memory, Preset::OwnSpike, Preset::Predictive].map(Preset::config);
        for bad in [f32::NAN, f32::INFINITY, -f32::INFINITY, -1e6] {
            refuses(SnnConfig { learning_rate: bad, ..stdp }, &format!("learning_rate: {bad} is outside [0, 100]"));
            refuses(SnnConfig { reward_floor: bad, ..stdp }, "reward_floor: ");
            refuses(SnnConfig { lif: LifParams { noise_sd: bad, ..stdp.lif }, ..stdp }, "lif.noise_sd: ");
            let tuning = Tuning::Gaussian { width: bad };
            refuses(SnnConfig { code: PopulationCode { tuning, ..stdp.code }, ..stdp }, "code.tuning.width: ");
            let wiring = WiringParams { motor_weight: bad, ..stdp.wiring };
            refuses(SnnConfig { wiring, ..stdp }, "wiring.motor_weight: ");
            refuses(SnnConfig { schedule: Schedule::PhaseDecay { gamma: bad }, ..stdp }, "schedule.gamma: ");
            refuses(SnnConfig { readout: Readout::Pathway { inverse_temperature: bad }, ..stdp }, "readout.inverse_");
            refuses(SnnConfig { critic: CriticParams { rate: bad, ..stdp.critic }, ..stdp }, "critic.rate: ");
            let motor_firing = Firing::Escape(EscapeNoise { peak: 1.0, width: bad });
            refuses(SnnConfig { motor_firing, ..own_spike }, "motor_firing.width: ");
            let plasticity = Plasticity::PairStdp(StdpParams { tau_ms: bad, ..StdpParams::default() });
            refuses(SnnConfig { plasticity, ..stdp }, "plasticity.tau_ms: ");
            let divisive = Some(Divisive { gain: 1.0, offset: bad });
            refuses(SnnConfig { divisive, ..memory }, "divisive.offset: ");
            let change = memory.code.change.map(|change| ChangeCells { rate: bad, ..change });
            refuses(SnnConfig { code: PopulationCode { change, ..memory.code }, ..memory }, "code.change.rate: ");
            let relay = SensoryHidden::Relay(TopographicRelay { gain: bad, width: 0.7 });
            let wiring = WiringParams { sensory_hidden: relay, ..stdp.wiring };
            refuses(SnnConfig { wiring, ..stdp }, "wiring.sensory_hidden.gain: ");
            let homeostasis = HomeostasisParams { half_life: bad, ..stdp.homeostasis };
            refuses(SnnConfig { homeostasis, ..stdp }, "homeostasis.half_life: ");
        }
        let sleep = Some(SleepParams { memory: 0, replays: 1, homeostasis: SleepHomeostasis::On, crashes: None });
        refuses(SnnConfig { sleep, ..pathway }, "sleep.memory: 0 is outside [1, 1000]");
        let spikeless = Preset::Spikeless.config();
        refuses(
            SnnConfig { plasticity: stdp.plasticity, sleep: None, ..spikeless },
            "signal: rates make no pairs of spikes",
        );
        let votes = SnnConfig { readout: Readout::Vote, sleep: None, ..spikeless };
        refuses(votes, "signal: rates have no spikes for a vote: use the readout pathway, or signal = spikes");
        refuses(
            SnnConfig { hidden_neurons: 10, ..spikeless },
            "signal: rates make no hidden neuron spike, and there are 10: use hidden_neurons = 0",
        );
        refuses(SnnConfig { signal: Signal::Rates, ..own_spike }, "signal: rates make no pairs");
        let code = PopulationCode { spikes: SpikeTrain::Poisson, ..spikeless.code };
        refuses(SnnConfig { code, ..spikeless }, "signal: rates make no spike trains");
        refuses(SnnConfig { divisive: memory.divisive, ..stdp }, "divisive: pairs of spikes are no counts");
        refuses(SnnConfig { credit: Credit::Chosen, ..own_spike }, "credit: contrastive-stdp has a factor of its own");
        refuses(SnnConfig { dopamine: Dopamine::Absent, ..pathway }, "sleep replays TD errors");
        refuses(SnnConfig { dopamine: Dopamine::Reward { rate: 2.0 }, ..stdp }, "dopamine.rate: 2 is outside (0, 1]");
        let forward = predictive.forward.map(|forward| ForwardModel { gain: 0.0, ..forward });
        refuses(SnnConfig { forward, ..predictive }, "forward.gain: 0 is outside (0, 1]");
        let temporal = TemporalFilter::Slow { tau_steps: 0.0 };
        refuses(SnnConfig { temporal, ..pathway }, "temporal.tau_steps: 0 is outside (0, 10000]");
        let slow = SnnConfig { temporal: TemporalFilter::Slow { tau_steps: 2.0 }, ..spikeless };
        assert_eq!(slow.validate(), Ok(()));
        refuses(SnnConfig { temporal: slow.temporal, ..stdp }, "temporal: what is heard of the past is no spike");
        refuses(
            SnnConfig { temporal: TemporalFilter::Window { ticks: 9 }, ..spikeless },
            "signal: rates have no single",
        );
        let all = WiringParams { motor_inputs: MotorInputs::All, ..stdp.wiring };
        refuses(SnnConfig { wiring: all, ..spikeless }, "signal: rates have no single spikes");
        let eprop = Some(EProp { rate: 1.0, width: 0.5, limit: 0.01, feedback: Feedback::Random });
        refuses(SnnConfig { eprop, ..stdp }, "eprop.limit: 0.01 is outside (0.01, 1000]");
        let eprop = Some(EProp { rate: 1.0, width: 0.5, limit: 2.0, feedback: Feedback::Random });
        refuses(SnnConfig { eprop, ..stdp }, "eprop.limit: 2 is below the largest weight at birth: use at least 2.7");
        let eprop = Some(EProp { rate: 1.0, width: 0.5, limit: 3.0, feedback: Feedback::Random });
        refuses(SnnConfig { eprop, cells: CellTypes::Mixed, ..stdp }, "eprop: it knows no adaptation");
        refuses(SnnConfig { eprop, temporal: slow.temporal, ..pathway }, "eprop: it teaches for the step at hand");
        let depression = StdpParams { a_minus: 0.1, ..StdpParams::default() };
        refuses(
            SnnConfig { plasticity: Plasticity::ContrastiveStdp(depression), ..own_spike },
            "plasticity.a_minus: 0.1 is impossible",
        );
        refuses(SnnConfig { eprop, ..predictive }, "eprop: there are no hidden neurons to learn");
        let novelty = Some(Novelty { strength: 1.0, rate: 0.0 });
        refuses(SnnConfig { novelty, ..stdp }, "novelty.rate: 0 is outside (0, 1]");
        let lif = LifParams { v_reset: 1.0, ..stdp.lif };
        refuses(SnnConfig { lif, ..stdp }, "lif.v_reset: 1 is outside [-100, 1)");
    }
}
