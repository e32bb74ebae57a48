//! The first design as a [`Learner`], its network as a [`Policy`], and a lane of it as a [`Driver`].

use ndarray::Array2;
use rand_chacha::ChaCha8Rng;

use super::{SeedLearner, SeedNetwork, SeedState};
use crate::activity::{Activity, Population, Watch};
use crate::arrays::NamedArray;
use crate::learner::{Driver, Learner, LearnerConfig, LearnerState, Memory, Policy, WEIGHTS};
use crate::op_count::{Operations, TrainingOperations};
use crate::snn::error::NetworkError;
use crate::snn::{EpisodeSummary, StepEnd};

impl Learner for SeedLearner {
    /// Its learning rate follows no schedule.
    fn begin_phase(&mut self) {}

    /// Nor does anything else of it.
    fn begin_again(&mut self) {}

    /// Its rule moves the weights of all neurons.
    fn cut(&mut self, _percent: usize, _rng: &mut ChaCha8Rng) -> Result<(), NetworkError> {
        Err(NetworkError::Config("the first design cannot lose neurons and go on".to_owned()))
    }

    fn begin_episode(&mut self, lane: usize) {
        Self::begin_episode(self, lane);
    }

    fn act(&mut self, lane: usize, observation: &[f32]) -> usize {
        Self::act(self, lane, observation)
    }

    /// An episode is one sum to this learner: how it ended does not matter.
    fn reward(&mut self, lane: usize, reward: f64, _end: Option<StepEnd>) {
        Self::reward(self, lane, reward);
    }

    fn end_episode(&mut self, lane: usize) -> EpisodeSummary {
        Self::end_episode(self, lane)
    }

    fn operations(&self) -> TrainingOperations {
        Self::operations(self)
    }

    fn lanes(&self) -> usize {
        Self::lanes(self)
    }

    fn episode(&self) -> usize {
        Self::episode(self)
    }

    fn policy(&self) -> &dyn Policy {
        self.network()
    }

    fn config(&self) -> LearnerConfig {
        LearnerConfig::Seed(*self.network().config())
    }

    fn memory(&self) -> Memory {
        Memory::Baseline(self.baseline())
    }

    fn state(&self) -> LearnerState {
        LearnerState::Seed(Self::state(self))
    }

    fn watch(&mut self, lane: usize, watch: Watch) {
        Self::watch(self, lane, watch);
    }

    fn activity(&self, lane: usize) -> Activity<'_> {
        Self::activity(self, lane)
    }

    fn populations(&self, _watch: Watch) -> Vec<Population> {
        SeedNetwork::populations()
    }

    fn eligibility(&self, lane: usize) -> Option<Array2<f32>> {
        Some(Self::eligibility(self, lane))
    }
}

impl Policy for SeedNetwork {
    fn arrays(&self) -> Vec<NamedArray> {
        vec![NamedArray { name: WEIGHTS.to_owned(), values: self.weights().clone() }]
    }

    fn synapses(&self) -> Option<&Array2<f32>> {
        Some(self.weights())
    }

    fn check_rays(&self, rays: usize) -> Result<(), NetworkError> {
        Self::check_rays(self, rays)
    }

    fn driver(&self, seed: u64, lane: u64) -> Box<dyn Driver + '_> {
        Box::new((self, SeedState::new(seed, lane)))
    }
}

impl Driver for (&SeedNetwork, SeedState) {
    fn act_greedily(&mut self, observation: &[f32]) -> usize {
        self.0.act_greedily(&mut self.1, observation)
    }

    fn operations(&self) -> Operations {
        self.1.operations()
    }

    fn watch(&mut self, watch: Watch) {
        self.1.watch(watch);
    }

    fn activity(&self) -> Activity<'_> {
        self.1.activity()
    }
}
