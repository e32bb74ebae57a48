//! How much of the world a dense network sees.

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};

use crate::ACTIONS;
use crate::range::in_range;
use crate::snn::Preset;
use crate::snn::encoder::{CodeMemory, PopulationCode};

/// What a dense network sees of the world, all of it about as large as 1. Distances d become `(d − 10)/10` ahead (the middle ray)
/// and `(d − 6)/6` at the sides: there, 6 units are the distance on which the spiking agent's code is centred, too.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "kind")]
pub enum Inputs {
    /// The distances.
    Sensors,
    /// The distances and the last action, one-hot; straight before the first.
    SensorsAction,
    /// The distances of the last k steps, the latest first; before the first step those of the first.
    Stack {
        /// Steps.
        k: usize,
    },
    /// What the encoder of the preset `stdp` would fire at: the rate of each of its cells, as a share of the highest. No spikes.
    Code,
}

/// The eyes of one lane.
#[derive(Clone, Debug)]
pub struct Eye {
    inputs: Inputs,
    rays: usize,
    code: PopulationCode,
    memory: CodeMemory,
    last_action: usize,
    /// The distances seen lately, the latest first, as the network takes them.
    past: VecDeque<f32>,
    seen: Vec<f32>,
}

/// The action before the first: straight.
const FIRST_ACTION: usize = 1;
/// Most steps that are stacked.
const MAX_STACK: usize = 32;

impl Inputs {
    /// Checks every parameter.
    pub fn validate(self) -> Result<(), String> {
        match self {
            Self::Stack { k } => in_range("k", k, 1..=MAX_STACK),
            Self::Sensors | Self::SensorsAction | Self::Code => Ok(()),
        }
    }

    /// How many numbers they are.
    pub fn width(self, rays: usize) -> usize {
        match self {
            Self::Sensors => rays,
            Self::SensorsAction => rays + ACTIONS,
            Self::Stack { k } => rays * k,
            Self::Code => code(rays).cells(),
        }
    }
}

/// Checks the number of rays.
pub(super) fn check_rays(rays: usize) -> Result<(), String> {
    if [3, 5, 7, 9].contains(&rays) { Ok(()) } else { Err(format!("rays: {rays} is impossible: use 3, 5, 7 or 9")) }
}

fn code(rays: usize) -> PopulationCode {
    Preset::Stdp.for_rays(rays).code
}

impl Eye {
    /// Eyes at the start of an episode.
    pub fn new(inputs: Inputs, rays: usize) -> Self {
        let mut eye = Self {
            inputs,
            rays,
            code: code(rays),
            memory: CodeMemory::default(),
            last_action: FIRST_ACTION,
            past: VecDeque::new(),
            seen: Vec::new(),
        };
        eye.reset();
        eye
    }

    /// The start of another episode.
    pub fn reset(&mut self) {
        self.memory.reset(&self.code);
        self.last_action = FIRST_ACTION;
        self.past.clear();
    }

    /// The network's inputs at an observation: a distance in units for each ray.
    pub fn see(&mut self, observation: &[f32]) -> &[f32] {
        self.seen.clear();
        match self.inputs {
            Inputs::Sensors => self.seen.extend(scaled(observation)),
            Inputs::SensorsAction => {
                self.seen.extend(scaled(observation));
                self.seen.extend((0..ACTIONS).map(|action| f32::from(u8::from(action == self.last_action))));
            }
            Inputs::Stack { k } => {
                for distance in scaled(observation).rev() {
                    self.past.push_front(distance);
                }
                while self.past.len() < k * self.rays {
                    self.past.extend(scaled(observation));
                }
                self.past.truncate(k * self.rays);
                self.seen.extend(&self.past);
            }
            Inputs::Code => {
                self.seen.resize(self.code.cells(), 0.0);
                self.code.rates(observation, &mut self.memory, &mut self.seen);
                self.seen.iter_mut().for_each(|rate| *rate /= self.code.peak_rate);
            }
        }
        &self.seen
    }

    /// Notes what the car did.
    pub fn note_action(&mut self, action: usize) {
        self.last_action = action;
        self.memory.note_action(action);
    }
}

fn scaled(observation: &[f32]) -> impl DoubleEndedIterator<Item = f32> {
    let middle = observation.len() / 2;
    observation.iter().enumerate().map(
        move |(ray, distance)| {
            if ray == middle { (distance - 10.0) / 10.0 } else { (distance - 6.0) / 6.0 }
        },
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn golden_inputs() {
        let mut eye = Eye::new(Inputs::SensorsAction, 3);
        assert_eq!(eye.see(&[0.0, 20.0, 12.0]), [-1.0, 1.0, 1.0, 0.0, 1.0, 0.0]);
        eye.note_action(2);
        assert_eq!(eye.see(&[6.0, 5.0, 3.0]), [0.0, -0.5, -0.5, 0.0, 0.0, 1.0]);
        eye.reset();
        assert_eq!(eye.see(&[6.0, 5.0, 3.0])[3..], [0.0, 1.0, 0.0]);
        assert_eq!(Eye::new(Inputs::Sensors, 5).see(&[6.0, 6.0, 10.0, 12.0, 0.0]), [0.0, 0.0, 0.0, 1.0, -1.0]);
    }

    #[test]
    fn a_stack_holds_the_latest_first_and_begins_with_the_first() {
        let mut eye = Eye::new(Inputs::Stack { k: 3 }, 3);
        assert_eq!(eye.see(&[6.0, 10.0, 0.0]), [0.0, 0.0, -1.0].repeat(3));
        assert_eq!(eye.see(&[12.0, 10.0, 0.0]), [1.0, 0.0, -1.0, 0.0, 0.0, -1.0, 0.0, 0.0, -1.0]);
        assert_eq!(eye.see(&[12.0, 20.0, 0.0])[..6], [1.0, 1.0, -1.0, 1.0, 0.0, -1.0]);
        eye.reset();
        assert_eq!(eye.see(&[0.0, 0.0, 0.0]), [-1.0; 9]);
    }

    #[test]
    fn the_code_is_the_spiking_agents_own() {
        let mut eye = Eye::new(Inputs::Code, 3);
        eye.note_action(0);
        let (mut rates, mut memory) = (vec![0.0; 69], CodeMemory::default());
        memory.reset(&code(3));
        memory.note_action(0);
        code(3).rates(&[5.0, 12.0, 7.0], &mut memory, &mut rates);
        let seen = eye.see(&[5.0, 12.0, 7.0]);
        assert!(seen.iter().zip(&rates).all(|(x, rate)| *x == rate / 0.5));
        assert_eq!(seen[66..], [1.0, 0.0, 0.0]);
    }

    #[test]
    fn there_are_as_many_as_is_said() {
        for inputs in [Inputs::Sensors, Inputs::SensorsAction, Inputs::Stack { k: 4 }, Inputs::Code] {
            for rays in [3, 5, 7, 9] {
                assert_eq!(Eye::new(inputs, rays).see(&vec![7.0; rays]).len(), inputs.width(rays), "{inputs:?}");
            }
        }
        assert!(Inputs::Stack { k: 0 }.validate().unwrap_err().starts_with("k: 0 is outside [1, 32]"));
    }
}
