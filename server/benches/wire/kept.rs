//! Snapshots and forks of 256 lanes.

use std::time::Instant;

use serde_json::{Value, json};
use spikedrive_proto::v1;
use spikedrive_proto::v1::stream_request::Command;
use spikedrive_proto::v1::stream_response::Outcome;

use crate::clock::median;
use crate::process::{Driving, Server, steer};

const LANES: usize = 256;
const ROUNDS: usize = 50;

/// Milliseconds from request to answer.
pub(crate) async fn snapshots_and_forks() -> Value {
    let server = Server::start(&["--max-sessions", "100000", "--max-lane-steps", "1000000000"]);
    let mut client = server.client().await;
    let (mut driving, mut observations) = Driving::start(&mut client, LANES).await;
    let (mut fork, mut snapshot, mut restore, mut bytes) = (Vec::new(), Vec::new(), Vec::new(), 0);
    for _ in 0..ROUNDS {
        for _ in 0..7 {
            observations = driving.step(steer(&observations)).await.observations.to_vec();
        }
        let began = Instant::now();
        let Outcome::Fork(forked) = driving.ask(Command::Fork(v1::StreamFork {})).await else { panic!("no fork") };
        fork.push(began.elapsed().as_secs_f64() * 1e3);
        client.close_session(v1::CloseSessionRequest { session_id: forked.session_id }).await.unwrap();

        let began = Instant::now();
        let Outcome::Snapshot(taken) = driving.ask(Command::Snapshot(v1::StreamSnapshot {})).await else {
            panic!("no snapshot")
        };
        snapshot.push(began.elapsed().as_secs_f64() * 1e3);
        bytes = taken.state.len();
        let began = Instant::now();
        let Outcome::Result(back) = driving.ask(Command::Restore(taken.state.into())).await else {
            panic!("not restored")
        };
        restore.push(began.elapsed().as_secs_f64() * 1e3);
        assert_eq!(back.observations[..], observations[..]);
    }
    let (fork, snapshot, restore) = (median(fork), median(snapshot), median(restore));
    println!("{LANES} lanes: fork {fork:.3} ms, snapshot {snapshot:.3} ms ({bytes} bytes), restore {restore:.3} ms");
    json!({
        "lanes": LANES, "rounds": ROUNDS, "fork_ms": fork, "snapshot_ms": snapshot, "restore_ms": restore,
        "snapshot_bytes": bytes,
    })
}
