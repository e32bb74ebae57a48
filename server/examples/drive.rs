//! A client in Rust: `drive ADDRESS LANES STEPS` answers each line on its standard input by a round of steps on a stream, and tells
//! nanoseconds of its own CPU time per step of a lane. Between the lines others can be measured: `python/bench/wire.py`.

use std::error::Error;
use std::io::{self, Write};
use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};
use spikedrive_env::{Course, Phase, Split, WorldConfig};
use spikedrive_proto::v1;
use spikedrive_proto::v1::environment_service_client::EnvironmentServiceClient;
use spikedrive_proto::v1::stream_request::Command;
use spikedrive_proto::v1::stream_response::Outcome;
use tokio::runtime::Builder;
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tonic::transport::Endpoint;

/// Steers towards the side with more room.
fn steer(observations: &[u8]) -> Vec<u8> {
    let (distances, _) = observations.as_chunks();
    let distances: Vec<f32> = distances.iter().map(|&bytes| f32::from_le_bytes(bytes)).collect();
    let act = |seen: &[f32]| match seen[0] - seen[2] {
        difference if difference > 1.0 => 0,
        difference if difference < -1.0 => 2,
        _ => 1,
    };
    distances.chunks_exact(3).map(act).collect()
}

fn own_cpu() -> Duration {
    Duration::try_from(clock_gettime(ClockId::ProcessCPUTime)).unwrap_or_default()
}

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [address, lanes, steps] = &arguments[..] else { return Err("usage: drive ADDRESS LANES STEPS".into()) };
    let (lanes, steps): (usize, usize) = (lanes.parse()?, steps.parse()?);
    let course = Course::Phase { phase: Phase::Complex, split: Split::Train };
    let config = WorldConfig { seed: 1, ..WorldConfig::base(course, lanes, 100) };
    // In lock-step with one server, a runtime of this thread alone is three times as fast as one with threads of its own.
    Builder::new_current_thread().enable_all().build()?.block_on(async {
        let endpoint = Endpoint::new(format!("http://{address}"))?.tcp_nodelay(true);
        let mut client = EnvironmentServiceClient::new(endpoint.connect().await?);
        let session = client.create_session(v1::CreateSessionRequest::from(&config)).await?.into_inner();
        let (requests, receiver) = mpsc::channel(1);
        let mut answers = client.stream(ReceiverStream::new(receiver)).await?.into_inner();
        let (mut session_id, mut observations) = (session.session_id, session.observations);
        writeln!(io::stdout(), "ready")?;
        for line in io::stdin().lines() {
            line?;
            let began = own_cpu();
            for _ in 0..steps {
                let command = Some(Command::Actions(steer(&observations).into()));
                let request = v1::StreamRequest { session_id: std::mem::take(&mut session_id), command };
                requests.send(request).await?;
                match answers.message().await?.and_then(|answer| answer.outcome) {
                    Some(Outcome::Result(result)) => observations = result.observations.to_vec(),
                    other => return Err(format!("{other:?} instead of a result").into()),
                }
            }
            let nanoseconds = (own_cpu() - began).as_secs_f64() * 1e9 / (lanes * steps) as f64;
            writeln!(io::stdout(), "{nanoseconds:.1}")?;
        }
        Ok(())
    })
}
