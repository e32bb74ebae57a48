//! What a user can run, one file a command.

pub mod config;
pub mod evaluate;
pub mod oracle;
pub mod runs;
pub mod train;
