//! Dense networks that drive and do not learn.

use super::inputs::{Eye, Inputs, check_rays};
use super::mlp::{Mlp, Tape};
use super::reward::RewardParams;
use crate::ACTIONS;
use crate::activity::{Activity, Watch};
use crate::arrays::NamedArray;
use crate::learner::{Driver, Policy};
use crate::op_count::Operations;
use crate::snn::error::NetworkError;
use crate::snn::readout::{greedy, shares};

/// What a network sees, and how it was rewarded.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sight {
    /// What it sees.
    pub inputs: Inputs,
    /// Of how many rays.
    pub rays: usize,
    /// What it learned from a reward: its values are to be shown in units of reward.
    pub reward: RewardParams,
}

/// A network of Q(s, a), the return that is expected of each action.
#[derive(Clone, Debug, PartialEq)]
pub struct QPolicy {
    /// What it sees.
    pub sight: Sight,
    /// Q.
    pub network: Mlp,
}

/// A network of logits, `π = softmax z(s)`, and one of V(s), which has no say in driving.
#[derive(Clone, Debug, PartialEq)]
pub struct ActorCritic {
    /// What they see.
    pub sight: Sight,
    /// z.
    pub actor: Mlp,
    /// V.
    pub critic: Mlp,
}

/// A network on one lane. It drives greedily, by the largest output, of equal ones the first.
#[derive(Debug)]
pub struct DenseDriver<'a> {
    reward: RewardParams,
    network: &'a Mlp,
    /// None where the outputs are values themselves.
    critic: Option<&'a Mlp>,
    eye: Eye,
    tape: Tape,
    watch: Watch,
    shown: Activity<'static>,
}

impl Sight {
    /// Checks that an observation of `rays` distances is what the network takes.
    pub fn check_rays(&self, rays: usize) -> Result<(), NetworkError> {
        if rays == self.rays { Ok(()) } else { Err(NetworkError::Rays { world: rays, network: self.rays }) }
    }

    /// Checks every parameter.
    pub(super) fn validate(&self) -> Result<(), String> {
        check_rays(self.rays)?;
        crate::range::part("inputs", self.inputs.validate())?;
        crate::range::part("reward", self.reward.validate())
    }

    /// How many numbers the network sees.
    pub(super) fn width(&self) -> usize {
        self.inputs.width(self.rays)
    }

    /// Eyes at the start of an episode.
    pub(super) fn eye(&self) -> Eye {
        Eye::new(self.inputs, self.rays)
    }
}

impl Policy for QPolicy {
    fn arrays(&self) -> Vec<NamedArray> {
        Self::arrays(self)
    }

    fn check_rays(&self, rays: usize) -> Result<(), NetworkError> {
        self.sight.check_rays(rays)
    }

    /// It draws no random number.
    fn driver(&self, _seed: u64, _lane: u64) -> Box<dyn Driver + '_> {
        Box::new(DenseDriver::new(self.sight, &self.network, None))
    }
}

impl Policy for ActorCritic {
    fn arrays(&self) -> Vec<NamedArray> {
        Self::arrays(self)
    }

    fn check_rays(&self, rays: usize) -> Result<(), NetworkError> {
        self.sight.check_rays(rays)
    }

    /// It draws no random number.
    fn driver(&self, _seed: u64, _lane: u64) -> Box<dyn Driver + '_> {
        Box::new(DenseDriver::new(self.sight, &self.actor, Some(&self.critic)))
    }
}

impl<'a> DenseDriver<'a> {
    fn new(sight: Sight, network: &'a Mlp, critic: Option<&'a Mlp>) -> Self {
        let (tape, watch, shown) = (Tape::default(), Watch::Nothing, Activity::default());
        Self { reward: sight.reward, network, critic, eye: sight.eye(), tape, watch, shown }
    }
}

impl Driver for DenseDriver<'_> {
    /// Sees, and takes the best action.
    fn act_greedily(&mut self, observation: &[f32]) -> usize {
        let input = self.eye.see(observation);
        let outputs = outputs(self.network.forward(input, &mut self.tape));
        let action = greedy(outputs);
        if self.watch != Watch::Nothing {
            let (shares, value) = match self.critic {
                None => (std::array::from_fn(|k| f32::from(u8::from(k == action))), outputs[action]),
                Some(critic) => (shares(outputs), critic.forward(input, &mut self.tape)[0]),
            };
            let value = Some(self.reward.unscaled(value));
            self.shown = Activity { shares: Some(shares), value, ..Activity::default() };
        }
        self.eye.note_action(action);
        action
    }

    /// A forward pass; what a watcher sees of the critic is not counted.
    fn operations(&self) -> Operations {
        Operations { macs: self.network.forward_macs(), ..Operations::NONE }
    }

    /// Whether somebody looks.
    fn watch(&mut self, watch: Watch) {
        self.watch = watch;
        self.shown = Activity::default();
    }

    /// If it was watched: the probability of each action (1 for the best where outputs are values), and the value of what was seen.
    fn activity(&self) -> Activity<'_> {
        self.shown
    }
}

/// The outputs for one row.
pub(super) fn outputs(row: &[f32]) -> [f32; ACTIONS] {
    std::array::from_fn(|action| row[action])
}
