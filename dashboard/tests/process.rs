//! The program itself: what it prints, how it ends, and with which status.
#![allow(clippy::unwrap_used, reason = "tests")]

use std::io::{BufRead, BufReader, Read};
use std::process::{Child, Command, Output, Stdio};

use tokio::net::TcpSocket;

fn program(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_spikedrive-dashboard"));
    command.args(args);
    for variable in ["INGEST", "DASHBOARD_LISTEN", "RUNS", "SERVER", "DASHBOARD_TOKEN_FILE", "LOG", "LOG_FORMAT"] {
        command.env_remove(format!("SPIKEDRIVE_{variable}"));
    }
    command
}

fn run(args: &[&str]) -> (Option<i32>, String) {
    let Output { status, stderr, .. } = program(args).output().unwrap();
    (status.code(), String::from_utf8(stderr).unwrap())
}

/// A running dashboard, killed when dropped.
struct Running(Child, String);

impl Running {
    fn start() -> Self {
        let args = ["--ingest", "127.0.0.1:0", "--listen", "127.0.0.1:0", "--runs", "/nonexistent/runs"];
        let mut child = program(&args).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let address = line.split("shows http://").nth(1).and_then(|rest| rest.split('/').next());
        let address = address.unwrap_or_else(|| panic!("{line:?}")).to_owned();
        assert!(line.contains("takes runs on 127.0.0.1:"), "{line:?}");
        Self(child, address)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn a_healthcheck_tells_a_serving_dashboard_from_none() {
    let running = Running::start();
    assert_eq!(run(&["healthcheck", "--dashboard", &running.1]).0, Some(0));

    // Bound, so that nobody else takes it, and not listening.
    let closed = TcpSocket::new_v4().unwrap();
    closed.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let address = closed.local_addr().unwrap().to_string();
    let (code, message) = run(&["healthcheck", "--dashboard", &address]);
    assert_eq!(code, Some(1));
    assert!(message.contains(&format!("no dashboard answers at {address}")), "{message}");
}

#[test]
fn a_signal_ends_the_dashboard_with_status_0() {
    for signal in ["-TERM", "-INT"] {
        let mut running = Running::start();
        assert!(Command::new("kill").args([signal, &running.0.id().to_string()]).status().unwrap().success());
        assert_eq!(running.0.wait().unwrap().code(), Some(0), "{signal}");
        let mut log = String::new();
        running.0.stderr.take().unwrap().read_to_string(&mut log).unwrap();
        assert!(log.contains("shut down"), "{log}");
    }
}

#[test]
fn what_cannot_be_served_is_named_with_the_remedy() {
    let occupant = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = occupant.local_addr().unwrap().to_string();
    for (flag, other) in [("--ingest", "--listen"), ("--listen", "--ingest")] {
        let (code, message) = run(&[flag, &address, other, "127.0.0.1:0"]);
        assert_eq!(code, Some(1));
        assert!(message.contains(&format!("cannot listen on {address}")), "{message}");
        assert!(message.contains(&format!("choose another address with {flag}")), "{message}");
    }
    let (code, message) = run(&["--ingest", "127.0.0.1:0", "--listen", "0.0.0.0:0"]);
    assert_eq!(code, Some(1));
    assert!(message.contains("can be reached from other machines"), "{message}");
    let (code, message) = run(&["--token-file", "/nonexistent/token"]);
    assert_eq!(code, Some(1));
    assert!(message.contains("cannot read the token in /nonexistent/token"), "{message}");
    let (code, message) = run(&["--token-file", "/dev/null"]);
    assert_eq!(code, Some(1));
    assert!(message.contains("openssl rand -hex 32"), "{message}");
}

#[test]
fn a_bad_command_line_exits_with_2() {
    for args in [
        &["--no-such-flag"][..],
        &["--server", "nowhere"],
        &["--listen", "x"],
        &["--allow-origin", "null"],
        &["--allow-host", "http://a"],
    ] {
        let (code, message) = run(args);
        assert_eq!(code, Some(2), "{args:?}: {message}");
        assert!(message.contains(args[args.len() - 1]), "{message}");
    }
}
