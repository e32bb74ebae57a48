//! Experiments: commands that measure, and the statistics that their tables need.

pub mod headline;
pub mod plot;
pub mod rows;
pub mod seed_rule;
pub mod stats;
