//! What the synapses watch while the network runs, so that a decision can be learned from.

use ndarray::{Axis, Slice};

use super::config::Plasticity;
use super::network::NetworkState;
use super::stdp::PairStdp;
use super::synapses::Layout;
use super::three_factor::Local;

/// The synapses' own memory of a step, as their kind of plasticity needs it.
#[derive(Clone, Debug, PartialEq)]
pub enum Witness {
    /// The counts, which the network keeps anyway, are enough.
    Counts,
    /// Pairs of spikes are watched.
    Pairs(PairStdp),
    /// The same, to be contrasted with a burst.
    Contrast(PairStdp),
}

impl Witness {
    /// A witness that has seen nothing.
    pub fn new(plasticity: Plasticity, layout: &Layout) -> Self {
        let pairs = |params| PairStdp::new(params, layout.motor().len(), layout.presynaptic());
        match plasticity {
            Plasticity::PreCount => Self::Counts,
            Plasticity::PairStdp(params) => Self::Pairs(pairs(params)),
            Plasticity::ContrastiveStdp(params) => Self::Contrast(pairs(params)),
        }
    }

    /// Forgets everything: the start of an episode.
    pub fn reset(&mut self) {
        if let Some(pairs) = self.pairs() {
            pairs.reset();
        }
    }

    /// Ready for a step; what the network shall show its spikes to.
    pub fn begin_step(&mut self) -> Option<&mut PairStdp> {
        let mut pairs = self.pairs();
        if let Some(pairs) = &mut pairs {
            pairs.begin_step();
        }
        pairs
    }

    /// What there is to remember of the step just simulated.
    pub fn local<'a>(&'a self, state: &NetworkState, layout: &Layout) -> Local<'a> {
        let afferents = layout.afferents();
        match self {
            Self::Counts => Local::PreCount,
            Self::Pairs(pairs) => Local::Pairings(pairs.pairings().slice_axis(Axis(1), Slice::from(afferents))),
            Self::Contrast(pairs) => Local::Contrast {
                a_plus: pairs.params().a_plus,
                pre_trace: &pairs.pre_trace()[afferents.clone()],
                pairings: pairs.pairings().slice_axis(Axis(1), Slice::from(afferents)),
                motor_spikes: state.pool_spikes(layout).into_iter().sum(),
            },
        }
    }

    fn pairs(&mut self) -> Option<&mut PairStdp> {
        match self {
            Self::Counts => None,
            Self::Pairs(pairs) | Self::Contrast(pairs) => Some(pairs),
        }
    }
}
