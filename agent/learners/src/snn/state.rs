//! The state of one lane of a network.

use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};

use super::ahead::Expected;
use super::config::{NEURONS, Signal};
use super::encoder::{CodeMemory, FIRST_ACTION, SpikeEncoder};
use super::forward::Estimate;
use super::network::Network;
use super::population::Population;
use super::synapses::Layout;
use super::temporal::Heard;
use crate::ACTIONS;
use crate::activity::{Raster, Watch};
use crate::op_count::Operations;
use crate::random::{Purpose, stream};

/// What one lane remembers between ticks and steps of an episode: membranes, phases, spikes on their way.
#[derive(Clone, Debug, PartialEq)]
pub struct NetworkState {
    /// Whether there is anything to watch.
    spikes: bool,
    pub(super) streams: Streams,
    pub(super) encoder: SpikeEncoder,
    pub(super) memory: CodeMemory,
    pub(super) estimate: Estimate,
    pub(super) expected: Expected,
    /// What the car did in the step before.
    pub(super) last_action: usize,
    pub(super) hidden: Population,
    pub(super) motor: Population,
    /// Neurons that spiked in the last tick and are heard by others.
    pub(super) arriving: Vec<usize>,
    pub(super) rates: Vec<f32>,
    pub(super) counts: Vec<f32>,
    pub(super) motor_counts: Vec<f32>,
    /// What motor neurons hear of the past.
    pub(super) heard: Heard,
    pub(super) operations: Operations,
    pub(super) witnessed: Witnessed,
}

/// What is there for a watcher alone.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Witnessed {
    pub(super) watch: Watch,
    pub(super) raster: Raster,
    /// Motor neurons for his eyes only, where nothing else needs any.
    pub(super) motor: Option<Box<ShownMotor>>,
}

/// Motor neurons that nothing depends on.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct ShownMotor {
    pub(super) neurons: Population,
    pub(super) noise: ChaCha8Rng,
    pub(super) escape: ChaCha8Rng,
}

/// The random streams of a lane: all of its state that outlives an episode.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Streams {
    pub(super) encoder: ChaCha8Rng,
    pub(super) hidden: ChaCha8Rng,
    pub(super) motor: ChaCha8Rng,
    pub(super) escape: ChaCha8Rng,
    pub(super) ties: ChaCha8Rng,
}

impl Streams {
    /// The streams of a lane of a run with this seed, at their beginning.
    pub fn new(seed: u64, lane: u64) -> Self {
        let stream = |purpose| stream(seed, purpose, lane);
        Self {
            encoder: stream(Purpose::Encoder),
            hidden: stream(Purpose::HiddenNoise),
            motor: stream(Purpose::MotorNoise),
            escape: stream(Purpose::EscapeNoise),
            ties: stream(Purpose::Ties),
        }
    }
}

impl NetworkState {
    /// The state of a lane of a run with this seed, at the start of an episode.
    pub fn new(network: &Network, seed: u64, lane: u64) -> Self {
        let mut state = Self::between_episodes(network, Streams::new(seed, lane));
        state.reset(network);
        state
    }

    /// The state of a lane whose streams are given, to be [`reset`](Self::reset) before it is used.
    pub fn between_episodes(network: &Network, streams: Streams) -> Self {
        let (layout, config) = (network.layout(), network.config());
        let population = |neurons| Population::new(neurons, config.cells, layout);
        Self {
            spikes: config.signal == Signal::Spikes,
            streams,
            encoder: SpikeEncoder::new(config.code.spikes, layout.sensory().len()),
            memory: CodeMemory::default(),
            estimate: Estimate::default(),
            expected: Expected::default(),
            last_action: FIRST_ACTION,
            hidden: population(layout.hidden()),
            motor: population(layout.motor()),
            arriving: Vec::new(),
            rates: vec![0.0; layout.sensory().len()],
            counts: vec![0.0; layout.heard().end],
            motor_counts: vec![0.0; layout.motor().len()],
            heard: Heard::new(config.temporal, layout.afferents()),
            operations: Operations::NONE,
            witnessed: Witnessed { watch: Watch::Nothing, raster: Raster::new(NEURONS), motor: None },
        }
    }

    /// The start of another episode.
    pub fn reset(&mut self, network: &Network) {
        self.encoder.reset(&mut self.streams.encoder);
        self.hidden.reset();
        self.motor.reset();
        if let Some(layer) = &mut self.witnessed.motor {
            layer.neurons.reset();
        }
        self.arriving.clear();
        self.heard.reset();
        self.memory.reset(&network.config().code);
        self.estimate.reset();
        self.expected.reset();
        self.last_action = FIRST_ACTION;
    }

    /// Its random streams as they stand.
    pub fn streams(&self) -> &Streams {
        &self.streams
    }

    /// From the next step on, these spikes are noted. It changes no number that learning or driving uses.
    pub fn watch(&mut self, watch: Watch) {
        let watch = if self.spikes { watch } else { Watch::Nothing };
        self.witnessed.watch = watch;
        if watch == Watch::Everything && self.witnessed.motor.is_none() {
            let Streams { motor: noise, escape, .. } = self.streams.clone();
            self.witnessed.motor = Some(Box::new(ShownMotor { neurons: self.motor.clone(), noise, escape }));
        }
    }

    /// The spikes of the step just simulated, if they were watched.
    pub fn raster(&self) -> Option<&Raster> {
        (self.witnessed.watch != Watch::Nothing).then_some(&self.witnessed.raster)
    }

    /// Tells the network what the car did: the efference copy of the next step.
    pub fn note_action(&mut self, action: usize) {
        self.memory.note_action(action);
        self.last_action = action;
    }

    /// Spikes per tick of each neuron that others hear in the step just simulated, each in `[0, 1]`; without spikes, the rates.
    pub fn counts(&self) -> &[f32] {
        &self.counts
    }

    /// What the decision of the step just simulated cost.
    pub fn operations(&self) -> Operations {
        self.operations
    }

    /// x: those of the neurons that motor neurons and critic hear, as the temporal filter lets them hear.
    pub fn features(&self) -> &[f32] {
        self.heard.features(&self.counts)
    }

    /// Spikes of each pool in the step just simulated; 0 where motor neurons were left out.
    pub fn pool_spikes(&self, layout: &Layout) -> [f32; ACTIONS] {
        let first = layout.motor().start;
        std::array::from_fn(|action| layout.pool(action).map(|post| self.motor_counts[post - first]).sum())
    }
}
