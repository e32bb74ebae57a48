//! Ctrl-C and SIGTERM, as a flag that loops look at.

use std::process;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Exit status of an interrupted command.
pub const INTERRUPTED: i32 = 130;

/// Set when the user wants the command to stop.
#[derive(Clone, Debug, Default)]
pub struct StopFlag(Arc<AtomicBool>);

impl StopFlag {
    /// A flag that the first Ctrl-C or SIGTERM sets; the second ends the process at once.
    pub fn on_signal() -> Result<Self, ctrlc::Error> {
        let flag = Self::default();
        let handler = flag.clone();
        ctrlc::set_handler(move || {
            if handler.0.swap(true, Ordering::Relaxed) {
                process::exit(INTERRUPTED);
            }
        })?;
        Ok(flag)
    }

    /// Asks to stop.
    pub fn set(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    /// Whether somebody asked to stop.
    pub fn is_set(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}
