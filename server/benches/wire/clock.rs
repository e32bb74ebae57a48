//! CPU time, and what is said about many measurements.

use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};

/// CPU time of this process, in seconds.
pub(crate) fn own_cpu() -> f64 {
    Duration::try_from(clock_gettime(ClockId::ProcessCPUTime)).unwrap().as_secs_f64()
}

/// The value that a share `q` of the values is below.
pub(crate) fn quantile(values: &mut [f64], q: f64) -> f64 {
    values.sort_by(f64::total_cmp);
    values[((values.len() - 1) as f64 * q).round() as usize]
}

pub(crate) fn median(mut values: Vec<f64>) -> f64 {
    quantile(&mut values, 0.5)
}
