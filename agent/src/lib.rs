//! The spiking agent and the `spikedrive` command: everything that puts the pure parts together.
//!
//! [`train`] is a synchronous loop over one trait, [`env::VectorEnv`], with two implementations: in process and over gRPC.
//! [`commands`] are what a user can run; [`cli`] is how they are asked for.

pub mod benchmark;
pub mod ceilings;
pub mod checkpoint;
pub mod cli;
pub mod commands;
pub mod config_file;
pub mod curriculum;
pub mod embedded;
pub mod env;
pub mod evaluate;
pub mod experiments;
pub mod failure;
pub mod files;
pub mod jobs;
pub mod lesson;
pub mod literal;
pub mod numpy;
pub mod overrides;
pub mod parameters;
pub mod recordings;
pub mod report;
pub mod round;
pub mod run;
pub mod run_dir;
pub mod seeds;
pub mod showing;
pub mod stop;
pub mod summary;
pub mod telemetry;
pub mod tensorboard;
mod thread_clock;
pub mod train;
pub mod watcher;
