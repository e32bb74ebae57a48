//! What the server tells Prometheus. All counters are atomic: the loop of a step takes no lock for them.

use std::time::Duration;

use prometheus::{Encoder, Histogram, HistogramOpts, IntCounter, IntCounterVec, IntGauge, Opts, Registry, TextEncoder};
use tonic::Code;

/// Upper bounds of the buckets of a step's time, in seconds: from a microsecond, which is one lane, to what nobody should see.
const STEP_SECONDS: [f64; 14] = [1e-6, 2e-6, 5e-6, 1e-5, 2e-5, 5e-5, 1e-4, 2e-4, 5e-4, 1e-3, 2e-3, 5e-3, 1e-2, 0.1];

/// The server's metrics.
#[derive(Clone, Debug)]
pub struct Metrics {
    registry: Registry,
    sessions: IntGauge,
    lanes: IntGauge,
    steps: IntCounter,
    step_seconds: Histogram,
    errors: IntCounterVec,
    lease_expiries: IntCounter,
    sessions_created: IntCounter,
}

/// What a server holds.
#[derive(Clone, Copy, Debug)]
pub struct Held {
    /// Sessions.
    pub sessions: usize,
    /// Their lanes.
    pub lanes: usize,
    /// Sessions, and worlds of dm_env_rpc, that were ever freed by their lease.
    pub expiries: u64,
}

impl Metrics {
    /// All at 0.
    pub fn new() -> Result<Self, prometheus::Error> {
        let registry = Registry::new();
        let buckets = HistogramOpts::new(
            "spikedrive_step_seconds",
            "Time from a request of a stream to its answer, in seconds: the steps of all lanes, without the network",
        )
        .buckets(STEP_SECONDS.to_vec());
        let errors =
            Opts::new("spikedrive_errors_total", "Calls and commands that were refused or failed, by gRPC code");
        let metrics = Self {
            sessions: IntGauge::new("spikedrive_sessions", "Sessions that are held")?,
            lanes: IntGauge::new("spikedrive_lanes", "Lanes of all sessions")?,
            steps: IntCounter::new("spikedrive_steps_total", "Steps of all lanes")?,
            step_seconds: Histogram::with_opts(buckets)?,
            errors: IntCounterVec::new(errors, &["code"])?,
            lease_expiries: IntCounter::new(
                "spikedrive_lease_expiries_total",
                "Sessions, and worlds of dm_env_rpc, that were freed by their lease",
            )?,
            sessions_created: IntCounter::new("spikedrive_sessions_created_total", "Sessions that were made")?,
            registry,
        };
        let Self { registry, sessions, lanes, steps, step_seconds, errors, lease_expiries, sessions_created } =
            &metrics;
        registry.register(Box::new(sessions.clone()))?;
        registry.register(Box::new(lanes.clone()))?;
        registry.register(Box::new(steps.clone()))?;
        registry.register(Box::new(step_seconds.clone()))?;
        registry.register(Box::new(errors.clone()))?;
        registry.register(Box::new(lease_expiries.clone()))?;
        registry.register(Box::new(sessions_created.clone()))?;
        Ok(metrics)
    }

    /// A request of a stream was answered.
    pub fn stepped(&self, lane_steps: u64, time: Duration) {
        self.steps.inc_by(lane_steps);
        self.step_seconds.observe(time.as_secs_f64());
    }

    /// A call or a command was refused, or failed.
    pub fn failed(&self, code: Code) {
        self.errors.with_label_values(&[&format!("{code:?}")]).inc();
    }

    /// A session was made.
    pub fn created(&self) {
        self.sessions_created.inc();
    }

    /// All metrics in Prometheus' text format, with what is held now.
    pub fn text(&self, held: Held) -> Result<Vec<u8>, prometheus::Error> {
        self.sessions.set(i64::try_from(held.sessions).unwrap_or(i64::MAX));
        self.lanes.set(i64::try_from(held.lanes).unwrap_or(i64::MAX));
        self.lease_expiries.inc_by(held.expiries.saturating_sub(self.lease_expiries.get()));
        let mut text = Vec::new();
        TextEncoder::new().encode(&self.registry.gather(), &mut text)?;
        Ok(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_happened_is_counted() {
        let metrics = Metrics::new().unwrap();
        metrics.stepped(64, Duration::from_micros(30));
        metrics.stepped(64, Duration::from_micros(70));
        metrics.failed(Code::NotFound);
        metrics.created();
        let text = String::from_utf8(metrics.text(Held { sessions: 3, lanes: 96, expiries: 2 }).unwrap()).unwrap();
        for line in [
            "spikedrive_sessions 3",
            "spikedrive_lanes 96",
            "spikedrive_steps_total 128",
            "spikedrive_step_seconds_bucket{le=\"0.00005\"} 1",
            "spikedrive_step_seconds_count 2",
            "spikedrive_errors_total{code=\"NotFound\"} 1",
            "spikedrive_lease_expiries_total 2",
            "spikedrive_sessions_created_total 1",
        ] {
            assert!(text.lines().any(|found| found == line), "{line} in {text}");
        }
    }
}
