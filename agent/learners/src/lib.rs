//! The spiking network of SpikeDrive and its learning rules, and dense networks to measure them against.
//!
//! Everything here is pure and synchronous: no clock, no files, no sockets, no global random numbers. A learner gets
//! observations as `&[f32]`, answers with an action index, and is told the reward: it cannot peek at the world's state.
//! An observation holds the distances along 3, 5, 7 or 9 rays from left to right, in units, each in `[0, 20]`.
//!
//! Start at [`snn::SpikingLearner`]; each part of it has a file of its own under its own name. [`seed`] is the rule that the
//! project started from; [`dense`] has DQN and PPO; [`learner`] tells what all have in common.

pub mod activity;
pub mod arrays;
pub mod curriculum;
pub mod dense;
pub mod learner;
pub mod op_count;
pub mod preset;
pub mod random;
mod range;
pub mod schedule;
pub mod seed;
pub mod snn;

pub use activity::{Activity, Population, Raster, Watch};
pub use arrays::NamedArray;
pub use curriculum::Curriculum;
pub use learner::{Driver, Learner, LearnerConfig, LearnerState, Memory, Policy};
pub use op_count::{Operations, TrainingOperations};
pub use preset::Preset;
pub use schedule::Schedule;

/// Number of actions: 0 left, 1 straight, 2 right.
pub const ACTIONS: usize = 3;
