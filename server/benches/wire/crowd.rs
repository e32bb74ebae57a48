//! Many sessions at once, and many that nobody closes.

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use spikedrive_proto::v1;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::process::{Driving, Server, config};

const CONCURRENT: usize = 1000;
const DROPPED: usize = 10_000;
const LEASE_SECONDS: u64 = 2;

/// 1,000 sessions that one process drives at the same time, then 10,000 that it makes and forgets.
pub(crate) async fn sessions() -> Value {
    let metrics = format!("127.0.0.1:{}", free_port());
    let server = Server::start(&["--max-sessions", "20000", "--metrics", &metrics]);
    let mut client = server.client().await;
    let empty_mib = server.resident_mib();
    let began = Instant::now();
    let mut crowd = Vec::with_capacity(CONCURRENT);
    for _ in 0..CONCURRENT {
        crowd.push(Driving::start(&mut client, 1).await.0);
    }
    let made = began.elapsed().as_secs_f64();
    let (began, rounds) = (Instant::now(), 20);
    for _ in 0..rounds {
        let steps = crowd.iter_mut().map(|driving| driving.step(vec![1]));
        for step in futures_util::future::join_all(steps).await {
            assert_eq!(step.rewards.len(), 8);
        }
    }
    let rate = (rounds * CONCURRENT) as f64 / began.elapsed().as_secs_f64();
    let crowd_mib = server.resident_mib();
    assert_eq!(held(&metrics).await, CONCURRENT);
    drop(crowd);

    // Again and again: an allocator keeps what it was given once, but a leak would grow.
    let (mut freed, mut after_mib) = (0.0, Vec::new());
    for _ in 0..3 {
        for _ in 0..DROPPED {
            let request = v1::CreateSessionRequest { lease_seconds: LEASE_SECONDS, ..(&config(1)).into() };
            client.create_session(request).await.unwrap();
        }
        let began = Instant::now();
        while held(&metrics).await > 0 {
            assert!(began.elapsed() < Duration::from_secs(30), "sessions are left after their lease");
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        freed = began.elapsed().as_secs_f64();
        after_mib.push(server.resident_mib());
    }
    println!(
        "{CONCURRENT} sessions: made in {made:.2} s, {rate:.0} steps a second, {:.1} KiB each; {DROPPED} dropped: none left {freed:.1} s after the last, then {after_mib:.0?} MiB in three turns (empty {empty_mib:.0})",
        (crowd_mib - empty_mib) * 1024.0 / CONCURRENT as f64,
    );
    json!({
        "concurrent": CONCURRENT, "made_s": made, "steps_per_second": rate, "empty_mib": empty_mib,
        "concurrent_mib": crowd_mib, "dropped": DROPPED, "lease_s": LEASE_SECONDS, "freed_after_s": freed,
        "after_mib": after_mib,
    })
}

fn free_port() -> u16 {
    std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// Sessions that the server says it holds.
async fn held(metrics: &str) -> usize {
    let mut stream = TcpStream::connect(metrics).await.unwrap();
    stream.write_all(b"GET /metrics HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n").await.unwrap();
    let mut page = String::new();
    stream.read_to_string(&mut page).await.unwrap();
    page.lines().find_map(|line| line.strip_prefix("spikedrive_sessions ")).unwrap().parse().unwrap()
}
