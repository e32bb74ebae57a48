//! What a user can run, one file a command.

pub mod evaluate;
pub mod runs;
pub mod train;
