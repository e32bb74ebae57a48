//! The stream beside a bare echo of the same bytes, by turns.

use std::time::Instant;

use serde_json::{Value, json};

use crate::clock::{median, own_cpu, quantile};
use crate::process::{Driving, Server, steer};

const ROUNDS: usize = 11;

/// One side of the comparison, and what it measured.
struct Side {
    server: Server,
    driving: Driving,
    observations: Vec<u8>,
    p50_us: Vec<f64>,
    p99_us: Vec<f64>,
    client_us: Vec<f64>,
    server_us: Vec<f64>,
}

impl Side {
    async fn new(server: Server, lanes: usize, echo: bool) -> Self {
        let mut client = server.client().await;
        let (driving, observations) = if echo {
            (Driving::open(&mut client, "0".repeat(32)).await, vec![0; 12 * lanes])
        } else {
            Driving::start(&mut client, lanes).await
        };
        let (p50_us, p99_us, client_us, server_us) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        Self { server, driving, observations, p50_us, p99_us, client_us, server_us }
    }

    /// Microseconds of wall time of each message, and of CPU time of client and server for all of them.
    async fn round(&mut self, messages: usize) {
        let (client, server) = (own_cpu(), self.server.cpu());
        let mut times = Vec::with_capacity(messages);
        for _ in 0..messages {
            let actions = steer(&self.observations);
            let began = Instant::now();
            let result = self.driving.step(actions).await;
            times.push(began.elapsed().as_secs_f64() * 1e6);
            self.observations = result.observations.to_vec();
        }
        let per_message = 1e6 / messages as f64;
        self.client_us.push((own_cpu() - client) * per_message);
        self.server_us.push((self.server.cpu() - server) * per_message);
        self.p50_us.push(quantile(&mut times, 0.5));
        self.p99_us.push(quantile(&mut times, 0.99));
    }

    fn report(&self) -> Value {
        json!({
            "p50_us": median(self.p50_us.clone()),
            "p99_us": median(self.p99_us.clone()),
            "client_cpu_us": median(self.client_us.clone()),
            "server_cpu_us": median(self.server_us.clone()),
        })
    }
}

/// Latency and CPU time of a message with 1, 64 and 1,024 lanes.
pub(crate) async fn against_echo() -> Vec<Value> {
    let mut rows = Vec::new();
    for (lanes, messages) in [(1, 4000), (64, 2000), (1024, 300)] {
        let mut ours = Side::new(Server::start(&[]), lanes, false).await;
        let mut echo = Side::new(Server::echo(), lanes, true).await;
        // A first round warms both.
        for round in 0..=ROUNDS {
            ours.round(messages).await;
            echo.round(messages).await;
            if round == 0 {
                for side in [&mut ours, &mut echo] {
                    let Side { p50_us, p99_us, client_us, server_us, .. } = side;
                    [p50_us, p99_us, client_us, server_us].into_iter().for_each(Vec::clear);
                }
            }
        }
        let ratio = median(ours.p50_us.iter().zip(&echo.p50_us).map(|(ours, echo)| ours / echo).collect());
        let cpu = |side: &Side| median(side.client_us.iter().zip(&side.server_us).map(|(a, b)| a + b).collect());
        let rate = lanes as f64 / cpu(&ours) * 1e6;
        println!(
            "stream, {lanes:4} lanes: p50 {:.1} us, {ratio:.2} x an echo; server {:.1} us of CPU a message; {:.2} million env-steps per CPU-second, client and server",
            median(ours.p50_us.clone()),
            median(ours.server_us.clone()),
            rate / 1e6
        );
        rows.push(json!({
            "lanes": lanes, "messages": messages, "rounds": ROUNDS, "ours": ours.report(), "echo": echo.report(),
            "p50_ratio": ratio, "steps_per_cpu_second": rate,
        }));
    }
    rows
}
