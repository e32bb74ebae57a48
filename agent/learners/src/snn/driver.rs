//! The spiking agent as a [`Learner`], its network as a [`Policy`], and a lane of it as a [`Driver`].

use ndarray::Array2;
use rand_chacha::ChaCha8Rng;

use super::error::NetworkError;
use super::{EpisodeSummary, Network, NetworkState, SpikingLearner, StepEnd};
use crate::activity::{Activity, Population, Watch};
use crate::arrays::NamedArray;
use crate::learner::{Driver, Learner, LearnerConfig, LearnerState, Memory, Policy};
use crate::op_count::{Operations, TrainingOperations};
use crate::random::some_of;

impl Learner for SpikingLearner {
    fn begin_phase(&mut self) {
        Self::begin_phase(self);
    }

    fn begin_again(&mut self) {
        Self::begin_again(self);
    }

    fn cut(&mut self, percent: usize, rng: &mut ChaCha8Rng) -> Result<(), NetworkError> {
        let neurons = self.network().layout().presynaptic();
        Self::cut(self, &some_of(neurons * percent / 100, neurons, rng))
    }

    fn begin_episode(&mut self, lane: usize) {
        Self::begin_episode(self, lane);
    }

    fn act(&mut self, lane: usize, observation: &[f32]) -> usize {
        Self::act(self, lane, observation)
    }

    fn reward(&mut self, lane: usize, reward: f64, end: Option<StepEnd>) {
        Self::reward(self, lane, reward, end);
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
        LearnerConfig::Snn(*self.network().config())
    }

    fn memory(&self) -> Memory {
        Memory::Critic(self.critic().clone())
    }

    fn state(&self) -> LearnerState {
        LearnerState::Snn(Box::new(Self::state(self)))
    }

    fn watch(&mut self, lane: usize, watch: Watch) {
        Self::watch(self, lane, watch);
    }

    fn activity(&self, lane: usize) -> Activity<'_> {
        Self::activity(self, lane)
    }

    fn populations(&self, watch: Watch) -> Vec<Population> {
        Self::populations(self, watch)
    }

    fn eligibility(&self, lane: usize) -> Option<Array2<f32>> {
        Some(Self::eligibility(self, lane))
    }
}

impl Policy for Network {
    fn arrays(&self) -> Vec<NamedArray> {
        Self::arrays(self)
    }

    fn synapses(&self) -> Option<&Array2<f32>> {
        Some(self.weights())
    }

    fn check_rays(&self, rays: usize) -> Result<(), NetworkError> {
        Self::check_rays(self, rays)
    }

    fn driver(&self, seed: u64, lane: u64) -> Box<dyn Driver + '_> {
        Box::new((self, NetworkState::new(self, seed, lane)))
    }
}

impl Driver for (&Network, NetworkState) {
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
        self.0.activity(&self.1)
    }
}
