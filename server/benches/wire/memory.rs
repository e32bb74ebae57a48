//! Whether memory stays flat while a session is driven for long.

use serde_json::{Value, json};

use crate::process::{Driving, Server, steer};

const LANES: usize = 1024;
const MESSAGES: usize = 10_000_000 / LANES;

/// The server's memory after each tenth of ten million steps, in MiB.
pub(crate) async fn ten_million_steps() -> Value {
    let server = Server::start(&[]);
    let mut client = server.client().await;
    let (mut driving, mut observations) = Driving::start(&mut client, LANES).await;
    let mut resident_mib = Vec::new();
    for _ in 0..10 {
        for _ in 0..MESSAGES / 10 {
            observations = driving.step(steer(&observations)).await.observations.to_vec();
        }
        resident_mib.push(server.resident_mib());
    }
    println!(
        "memory over {} steps: {:.1} MiB after a tenth, {:.1} MiB after all",
        10 * (MESSAGES / 10) * LANES,
        resident_mib[0],
        resident_mib[9]
    );
    json!({ "lanes": LANES, "steps": 10 * (MESSAGES / 10) * LANES, "resident_mib": resident_mib })
}
