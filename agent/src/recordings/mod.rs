//! Whole episodes that are kept: `recordings/NAME.pb` in a run's directory, each an encoded `Recording`.
//!
//! Kept are the first episode of the run, every fiftieth, each new best and the latest crashes (`recorder` decides), and what the
//! trained network drives on the test tracks ([`ghosts`]). A thread of its own writes them (`writer`) and drops those that the
//! folder has no room for (`folder`).

mod folder;
pub mod ghosts;
mod recorder;
mod writer;

use std::path::Path;

pub use recorder::Recorder;
pub use writer::Writer;

/// The folder in a run's directory.
pub const FOLDER: &str = "recordings";

/// The training episode that the name of a file tells; ghosts tell none.
fn episode_of(path: &Path) -> Option<u64> {
    let name = path.file_name()?.to_str()?;
    name.strip_prefix("ep")?.split('-').next()?.parse().ok()
}
