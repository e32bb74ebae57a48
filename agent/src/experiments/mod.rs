//! Experiments: commands that measure, and the statistics that their tables need.

pub mod campaign;
pub mod chart;
pub mod circuits;
pub mod damage;
pub mod headline;
pub mod outcome;
pub mod plot;
mod progress;
pub mod q3;
pub mod q4;
pub mod reliable;
pub mod robustness;
pub mod rows;
pub mod seed_rule;
pub mod stats;
pub mod store;
pub mod study;
