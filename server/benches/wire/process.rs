//! Servers in processes of their own, and clients for them.

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use spikedrive_env::{Course, Phase, Split, WorldConfig};
use spikedrive_proto::v1;
use spikedrive_proto::v1::environment_service_client::EnvironmentServiceClient;
use spikedrive_proto::v1::stream_request::Command as Request;
use spikedrive_proto::v1::stream_response::Outcome;
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tonic::Streaming;
use tonic::transport::{Channel, Endpoint};

pub(crate) type Client = EnvironmentServiceClient<Channel>;

/// A server; killed when dropped.
pub(crate) struct Server {
    child: Child,
    pub(crate) address: String,
}

impl Server {
    /// `spikedrive-server` with these flags.
    pub(crate) fn start(flags: &[&str]) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_spikedrive-server"));
        command.args(["--listen", "127.0.0.1:0"]).args(flags).env("SPIKEDRIVE_LOG", "warn");
        if !flags.contains(&"--metrics") {
            command.args(["--metrics", "off"]);
        }
        Self::spawn(command)
    }

    /// The echo among the examples, which `cargo xtask bench wire` has built.
    pub(crate) fn echo() -> Self {
        let programs = PathBuf::from(env!("CARGO_BIN_EXE_spikedrive-server")).with_file_name("examples");
        Self::spawn(Command::new(programs.join("echo")))
    }

    fn spawn(mut command: Command) -> Self {
        let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let address = line.trim_end().rsplit(' ').next().unwrap().to_owned();
        Self { child, address }
    }

    /// CPU time of all its threads, in seconds.
    pub(crate) fn cpu(&self) -> f64 {
        let tasks = fs::read_dir(format!("/proc/{}/task", self.child.id())).unwrap();
        let nanoseconds = |path: PathBuf| -> f64 {
            let text = fs::read_to_string(path).unwrap_or_default();
            text.split(' ').next().and_then(|first| first.parse().ok()).unwrap_or_default()
        };
        tasks.map(|task| nanoseconds(task.unwrap().path().join("schedstat"))).sum::<f64>() / 1e9
    }

    /// Memory that it holds, in MiB.
    pub(crate) fn resident_mib(&self) -> f64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
        line.trim().trim_end_matches(" kB").parse::<f64>().unwrap() / 1024.0
    }

    pub(crate) async fn client(&self) -> Client {
        let endpoint = Endpoint::new(format!("http://{}", self.address)).unwrap().tcp_nodelay(true);
        Client::new(endpoint.connect().await.unwrap()).max_decoding_message_size(64 << 20)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

/// The hardest phase, with the horizon of the benchmark.
pub(crate) fn config(lanes: usize) -> WorldConfig {
    let course = Course::Phase { phase: Phase::Complex, split: Split::Train };
    WorldConfig { seed: 1, ..WorldConfig::base(course, lanes, 100) }
}

/// Both ends of a stream.
pub(crate) struct Driving {
    requests: mpsc::Sender<v1::StreamRequest>,
    answers: Streaming<v1::StreamResponse>,
    session_id: String,
}

impl Driving {
    pub(crate) async fn open(client: &mut Client, session_id: String) -> Self {
        let (requests, receiver) = mpsc::channel(1);
        let answers = client.stream(ReceiverStream::new(receiver)).await.unwrap().into_inner();
        Self { requests, answers, session_id }
    }

    /// A new session, and the stream that drives it.
    pub(crate) async fn start(client: &mut Client, lanes: usize) -> (Self, Vec<u8>) {
        let session = client.create_session(v1::CreateSessionRequest::from(&config(lanes))).await.unwrap().into_inner();
        (Self::open(client, session.session_id).await, session.observations)
    }

    pub(crate) async fn ask(&mut self, command: Request) -> Outcome {
        let session_id = std::mem::take(&mut self.session_id);
        self.requests.send(v1::StreamRequest { session_id, command: Some(command) }).await.unwrap();
        self.answers.message().await.unwrap().unwrap().outcome.unwrap()
    }

    pub(crate) async fn step(&mut self, actions: Vec<u8>) -> v1::StepResult {
        match self.ask(Request::Actions(actions.into())).await {
            Outcome::Result(result) => result,
            other => panic!("{other:?}"),
        }
    }
}

/// Bang-bang: steers towards the side with more room, and stays on the road.
pub(crate) fn steer(observations: &[u8]) -> Vec<u8> {
    let distance = |bytes: &[u8]| f32::from_le_bytes(bytes.try_into().unwrap());
    let act = |seen: &[u8]| match distance(&seen[..4]) - distance(&seen[8..]) {
        difference if difference > 1.0 => 0,
        difference if difference < -1.0 => 2,
        _ => 1,
    };
    observations.chunks_exact(12).map(act).collect()
}
