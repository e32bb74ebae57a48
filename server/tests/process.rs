//! The program itself: what it prints, how it ends, and with which status.
#![allow(clippy::unwrap_used, reason = "tests")]

mod support;

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::time::Duration;

use spikedrive_env::Action;
use spikedrive_proto::client::{ClientFiles, ClientSecurity};
use spikedrive_proto::dm_env_rpc::v1::environment_client::EnvironmentClient;
use spikedrive_proto::dm_env_rpc::v1::{CreateWorldRequest, EnvironmentRequest, environment_request};
use spikedrive_proto::v1;
use spikedrive_proto::v1::environment_service_client::EnvironmentServiceClient;
use spikedrive_proto::v1::stream_request::Command as WireCommand;
use support::{Client, Driving, config, connect, create, create_session, within};
use tokio::net::TcpSocket;
use tonic::Code;
use tonic::transport::Endpoint;

fn program(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_spikedrive-server"));
    command.args(args);
    for (variable, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("SPIKEDRIVE_")) {
        command.env_remove(variable);
    }
    // Servers of other tests listen at the default address.
    command.env("SPIKEDRIVE_METRICS", "off");
    command
}

fn run(args: &[&str]) -> (Option<i32>, String) {
    let Output { status, stderr, .. } = program(args).output().unwrap();
    (status.code(), String::from_utf8(stderr).unwrap())
}

/// A running server, killed when dropped.
struct Running {
    child: Child,
    address: String,
}

impl Running {
    fn start() -> Self {
        Self::start_with(&[])
    }

    fn start_with(args: &[&str]) -> Self {
        Self::spawn(program(&[&["--listen", "127.0.0.1:0"], args].concat()))
    }

    fn spawn(mut command: Command) -> Self {
        let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let prefix = format!("spikedrive-server {} listens on ", env!("CARGO_PKG_VERSION"));
        let address = line.trim_end().strip_prefix(&prefix).unwrap_or_else(|| panic!("{line:?}")).to_owned();
        Self { child, address }
    }

    fn signal(&self, name: &str) {
        assert!(Command::new("kill").args([name, &self.child.id().to_string()]).status().unwrap().success());
    }

    async fn end(&mut self) -> ExitStatus {
        within(async {
            loop {
                if let Some(status) = self.child.try_wait().unwrap() {
                    break status;
                }
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        })
        .await
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn a_healthcheck_tells_a_serving_server_from_none() {
    let running = Running::start();
    assert_ne!(running.address, "127.0.0.1:0");
    assert_eq!(run(&["healthcheck", "--server", &running.address]).0, Some(0));

    // Bound, so that nobody else takes it, and not listening.
    let closed = TcpSocket::new_v4().unwrap();
    closed.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let address = closed.local_addr().unwrap().to_string();
    let (code, message) = run(&["healthcheck", "--server", &address]);
    assert_eq!(code, Some(1));
    assert!(message.contains(&format!("no server answers at {address}")), "{message}");
}

#[tokio::test]
async fn a_signal_ends_the_streams_and_then_the_server_with_status_0() {
    for (signal, drain) in [("-TERM", "0"), ("-INT", "60")] {
        let mut running = Running::start_with(&["--drain", drain]);
        let mut client = Client::new(connect(&running.address).await.unwrap());
        let session_id = create(&mut client, 1).await;
        let mut driving = Driving::start(&mut client, &session_id, 1).await;
        running.signal(signal);
        assert_eq!(driving.end().await.0, Code::Unavailable, "{signal}");
        assert_eq!(running.end().await.code(), Some(0), "{signal}");
    }
}

#[tokio::test]
async fn after_sigterm_streams_go_on_and_nothing_new_begins() {
    let mut running = Running::start_with(&["--drain", "60"]);
    let mut client = Client::new(connect(&running.address).await.unwrap());
    let session_id = create(&mut client, 1).await;
    let mut driving = Driving::start(&mut client, &session_id, 1).await;
    running.signal("-TERM");
    let refused = within(async {
        loop {
            match create_session(&mut client, &config(1)).await {
                Ok(_) => tokio::time::sleep(Duration::from_millis(5)).await,
                Err(status) => break status,
            }
        }
    })
    .await;
    assert_eq!(refused.code(), Code::Unavailable);
    assert!(refused.message().contains("the server is shutting down"), "{refused}");
    let (code, message) = run(&["healthcheck", "--server", &running.address]);
    assert!(code == Some(1) && message.contains("is NotServing"), "{message}");
    for _ in 0..30 {
        driving.step(&[Action::Straight]).await;
    }
    driving.finish().await;
    assert_eq!(running.end().await.code(), Some(0), "as soon as nobody drives");
}

#[tokio::test]
async fn the_drain_has_a_deadline_and_a_second_signal_ends_it() {
    for (drain, signals) in [("1", 1), ("60", 2)] {
        let mut running = Running::start_with(&["--drain", drain]);
        let mut client = Client::new(connect(&running.address).await.unwrap());
        let session_id = create(&mut client, 1).await;
        let mut driving = Driving::start(&mut client, &session_id, 1).await;
        for _ in 0..signals {
            running.signal("-TERM");
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        assert_eq!(driving.end().await.0, Code::Unavailable);
        assert_eq!(running.end().await.code(), Some(0));
    }
}

/// A page of the server, over HTTP/1.
fn get(address: &str, path: &str) -> String {
    let mut stream = TcpStream::connect(address).unwrap();
    write!(stream, "GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n").unwrap();
    let mut page = String::new();
    stream.read_to_string(&mut page).unwrap();
    page
}

fn free_address() -> String {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string()
}

#[tokio::test]
async fn prometheus_is_told_what_goes_on() {
    let metrics = free_address();
    let running = Running::start_with(&["--metrics", &metrics]);
    let mut client = Client::new(connect(&running.address).await.unwrap());
    let session_id = create(&mut client, 3).await;
    let request = v1::CreateSessionRequest { lease_seconds: 1, ..(&config(1)).into() };
    create_session(&mut client, request).await.unwrap();
    assert!(create_session(&mut client, v1::CreateSessionRequest::default()).await.is_err());
    let mut driving = Driving::start(&mut client, &session_id, 3).await;
    driving.step(&[Action::Left; 3]).await;
    driving.rejection("", vec![1]).await;
    // A reset is no step.
    driving.command("", WireCommand::ResetMask(vec![1; 3].into())).await;
    driving.receive().await.unwrap();
    let page = within(async {
        loop {
            let page = get(&metrics, "/metrics");
            if page.contains("spikedrive_lease_expiries_total 1") {
                break page;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    })
    .await;
    assert!(page.starts_with("HTTP/1.1 200 OK") && page.contains("text/plain; version=0.0.4"), "{page}");
    for line in [
        "spikedrive_sessions 1",
        "spikedrive_lanes 3",
        "spikedrive_steps_total 6",
        "spikedrive_step_seconds_count 2",
        "spikedrive_sessions_created_total 2",
        "spikedrive_errors_total{code=\"InvalidArgument\"} 2",
    ] {
        assert!(page.lines().any(|found| found == line), "{line} in {page}");
    }
    assert!(get(&metrics, "/").starts_with("HTTP/1.1 404"));
    let (code, message) = run(&["--listen", "127.0.0.1:0", "--metrics", &metrics]);
    assert_eq!(code, Some(1));
    assert!(message.contains(&format!("cannot serve metrics on {metrics}")), "{message}");
}

#[tokio::test]
async fn a_world_that_nobody_joins_is_counted_when_it_expires() {
    let metrics = free_address();
    let running = Running::start_with(&["--metrics", &metrics, "--lease", "1"]);
    let mut client = EnvironmentClient::new(connect(&running.address).await.unwrap());
    let payload = Some(environment_request::Payload::CreateWorld(CreateWorldRequest::default()));
    let requests = tokio_stream::iter([EnvironmentRequest { payload }]);
    let mut answers = client.process(requests).await.unwrap().into_inner();
    assert!(answers.message().await.unwrap().unwrap().payload.is_some());
    within(async {
        while !get(&metrics, "/metrics").contains("spikedrive_lease_expiries_total 1\n") {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    })
    .await;
}

#[tokio::test]
async fn a_unix_socket_is_served_and_removed() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("server.sock");
    let address = format!("unix:{}", path.display());
    // The file of a server that died is in nobody's way.
    drop(std::os::unix::net::UnixListener::bind(&path).unwrap());
    let mut running = Running::spawn(program(&["--listen", &address]));
    assert_eq!(running.address, address);
    assert_eq!(run(&["healthcheck", "--server", &address]).0, Some(0));
    let (code, message) = run(&["--listen", &address]);
    assert!(code == Some(1) && message.contains(&format!("cannot listen on {address}")), "{message}");
    let mut client = Client::new(within(Endpoint::new(address.clone()).unwrap().connect()).await.unwrap());
    let session_id = create(&mut client, 1).await;
    Driving::start(&mut client, &session_id, 1).await.finish().await;

    // One that drains does not take the file of its successor along.
    let driven = create(&mut client, 1).await;
    let driving = Driving::start(&mut client, &driven, 1).await;
    running.signal("-TERM");
    std::fs::remove_file(&path).unwrap();
    let mut successor = Running::spawn(program(&["--listen", &address]));
    driving.finish().await;
    running.end().await;
    assert_eq!(run(&["healthcheck", "--server", &address]).0, Some(0));
    successor.signal("-INT");
    assert_eq!(successor.end().await.code(), Some(0));
    assert!(!path.exists());
}

#[tokio::test]
async fn no_log_shows_a_token() {
    let directory = tempfile::tempdir().unwrap();
    let (tokens, token) = (directory.path().join("tokens"), directory.path().join("token"));
    let (right, wrong) = ("right-0123456789abcdef", "wrong-0123456789abcdef");
    std::fs::write(&tokens, format!("ann {right}\n")).unwrap();
    let mut command = program(&["--listen", "127.0.0.1:0", "--tokens", tokens.to_str().unwrap()]);
    let mut running = Running::spawn({
        command.env("SPIKEDRIVE_LOG", "trace").stderr(std::fs::File::create(directory.path().join("log")).unwrap());
        command
    });
    for (secret, code) in [(right, Code::Ok), (wrong, Code::Unauthenticated)] {
        std::fs::write(&token, secret).unwrap();
        let files = ClientFiles { token: Some(token.clone()), ..ClientFiles::default() };
        let security = ClientSecurity::read(&files).unwrap();
        let channel = connect(&running.address).await.unwrap();
        let mut client = EnvironmentServiceClient::with_interceptor(channel, security);
        let answer = within(client.create_session(v1::CreateSessionRequest::from(&config(1)))).await;
        assert_eq!(answer.err().map_or(Code::Ok, |status| status.code()), code);
    }
    running.signal("-INT");
    running.end().await;
    let log = std::fs::read_to_string(directory.path().join("log")).unwrap();
    assert!(log.contains("session created") && !log.contains("0123456789abcdef"), "{log}");
}

#[tokio::test]
async fn whoever_started_it_learns_the_address_from_a_file_and_takes_it_along() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("address");
    let mut command = program(&["--listen", "127.0.0.1:0", "--stop-on-stdin-eof", "--ready-file"]);
    let child = command.arg(&file).stdin(Stdio::piped()).stdout(Stdio::null()).spawn().unwrap();
    let mut running = Running { child, address: String::new() };
    let address = within(async {
        loop {
            match std::fs::read_to_string(&file) {
                Ok(text) => break text,
                Err(_) => tokio::time::sleep(Duration::from_millis(5)).await,
            }
        }
    })
    .await;
    let mut client = Client::new(connect(address.strip_suffix('\n').unwrap()).await.unwrap());
    let session_id = create(&mut client, 1).await;
    let mut driving = Driving::start(&mut client, &session_id, 1).await;
    assert_eq!(std::fs::read_dir(directory.path()).unwrap().count(), 1);

    drop(running.child.stdin.take());
    assert_eq!(driving.end().await.0, Code::Unavailable);
    assert_eq!(running.end().await.code(), Some(0));
}

#[test]
fn a_ready_file_that_cannot_be_written_is_named() {
    let (code, message) = run(&["--listen", "127.0.0.1:0", "--ready-file", "/nowhere/address"]);
    assert_eq!(code, Some(1));
    assert!(message.contains("cannot write --ready-file /nowhere/address: "), "{message}");
}

#[test]
fn an_occupied_address_is_named_with_the_remedy() {
    let occupant = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = occupant.local_addr().unwrap().to_string();
    let (code, message) = run(&["--listen", &address]);
    assert_eq!(code, Some(1));
    assert!(message.contains(&format!("cannot listen on {address}")), "{message}");
    assert!(message.contains("choose another address with --listen (port 0 takes any free one)"), "{message}");
}

#[test]
fn a_bad_command_line_exits_with_2() {
    for args in [
        &["--no-such-flag"][..],
        &["--max-sessions", "many"],
        &["--lease", "-1"],
        &["healthcheck", "--server", "nowhere"],
    ] {
        let (code, message) = run(args);
        assert_eq!(code, Some(2), "{args:?}: {message}");
        assert!(message.contains(args[args.len() - 1]), "{message}");
    }
}
