//! The program itself: what it prints, how it ends, and with which status.
#![allow(clippy::unwrap_used, reason = "tests")]

mod support;

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::time::Duration;

use support::{Client, Driving, connect, create, within};
use tokio::net::TcpSocket;
use tonic::Code;

fn program(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_spikedrive-server"));
    command.args(args);
    for variable in ["LISTEN", "MAX_SESSIONS", "LEASE", "SERVER", "LOG"] {
        command.env_remove(format!("SPIKEDRIVE_{variable}"));
    }
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
        let mut child = program(&["--listen", "127.0.0.1:0"]).stdout(Stdio::piped()).spawn().unwrap();
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
    for signal in ["-TERM", "-INT"] {
        let mut running = Running::start();
        let mut client = Client::new(connect(&running.address).await.unwrap());
        let session_id = create(&mut client, 1).await;
        let mut driving = Driving::start(&mut client, &session_id, 1).await;
        running.signal(signal);
        assert_eq!(driving.end().await.0, Code::Unavailable, "{signal}");
        assert_eq!(running.end().await.code(), Some(0), "{signal}");
    }
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
    let occupant = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
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
