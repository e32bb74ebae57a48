//! What the synapses watch while the network runs, so that a decision can be learned from.

use ndarray::{Axis, Slice};

use super::config::{Plasticity, SnnConfig};
use super::eprop::Sensitivity;
use super::state::NetworkState;
use super::stdp::PairStdp;
use super::synapses::Layout;
use super::three_factor::Local;

/// Who notes what while the network runs.
#[derive(Debug, Default)]
pub struct Witnesses<'a> {
    /// Pairs of spikes at the motor neurons.
    pub pairs: Option<&'a mut PairStdp>,
    /// Sensitivity of the hidden neurons.
    pub hidden: Option<&'a mut Sensitivity>,
}

/// The synapses' own memory of a step, as their kinds of plasticity need it.
#[derive(Clone, Debug, PartialEq)]
pub struct Witness {
    motor: MotorWitness,
    hidden: Option<Sensitivity>,
}

/// What synapses onto motor neurons remember of a step.
#[derive(Clone, Debug, PartialEq)]
enum MotorWitness {
    /// The counts, which the network keeps anyway, are enough.
    Counts,
    /// Pairs of spikes are watched.
    Pairs(PairStdp),
    /// The same, to be contrasted with a burst.
    Contrast(PairStdp),
}

impl Witness {
    /// A witness that has seen nothing.
    pub fn new(config: &SnnConfig, layout: &Layout) -> Self {
        let pairs = |params| PairStdp::new(params, layout.motor().len(), layout.heard().len());
        let motor = match config.plasticity {
            Plasticity::PreCount => MotorWitness::Counts,
            Plasticity::PairStdp(params) => MotorWitness::Pairs(pairs(params)),
            Plasticity::ContrastiveStdp(params) => MotorWitness::Contrast(pairs(params)),
        };
        let hidden = config.eprop.map(|eprop| Sensitivity::new(eprop, config.lif.tau_mem_ms, layout));
        Self { motor, hidden }
    }

    /// Forgets everything: the start of an episode.
    pub fn reset(&mut self) {
        let Witnesses { pairs, hidden } = self.all();
        pairs.into_iter().for_each(PairStdp::reset);
        hidden.into_iter().for_each(Sensitivity::reset);
    }

    /// Ready for a step; what the network shall show its spikes to.
    pub fn begin_step(&mut self) -> Witnesses<'_> {
        let Witnesses { mut pairs, mut hidden } = self.all();
        pairs.iter_mut().for_each(|pairs| pairs.begin_step());
        hidden.iter_mut().for_each(|hidden| hidden.begin_step());
        Witnesses { pairs, hidden }
    }

    /// What synapses onto motor neurons remember of the step just simulated.
    pub fn local<'a>(&'a self, state: &NetworkState, layout: &Layout) -> Local<'a> {
        let afferents = layout.afferents();
        match &self.motor {
            MotorWitness::Counts => Local::PreCount,
            MotorWitness::Pairs(pairs) => Local::Pairings(pairs.pairings().slice_axis(Axis(1), Slice::from(afferents))),
            MotorWitness::Contrast(pairs) => Local::Contrast {
                a_plus: pairs.params().a_plus,
                pre_trace: &pairs.pre_trace()[afferents.clone()],
                pairings: pairs.pairings().slice_axis(Axis(1), Slice::from(afferents)),
                motor_spikes: state.pool_spikes(layout).into_iter().sum(),
            },
        }
    }

    /// What synapses onto hidden neurons remember of it, if these learn.
    pub fn sensitivity(&self) -> Option<&Sensitivity> {
        self.hidden.as_ref()
    }

    fn all(&mut self) -> Witnesses<'_> {
        let pairs = match &mut self.motor {
            MotorWitness::Counts => None,
            MotorWitness::Pairs(pairs) | MotorWitness::Contrast(pairs) => Some(pairs),
        };
        Witnesses { pairs, hidden: self.hidden.as_mut() }
    }
}
