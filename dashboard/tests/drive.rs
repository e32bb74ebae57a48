//! Driving by hand, against a server that is as small as can be.
#![allow(clippy::unwrap_used, reason = "tests")]

mod support;

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use prost::Message;
use serde_json::{Value, json};
use spikedrive_dashboard::serve::Options;
use spikedrive_proto::address::Address;
use spikedrive_proto::v1;
use spikedrive_proto::v1::publish_request::Event;
use support::fake_server::FakeServer;
use support::{Arrival, Browser, Dashboard, options, start};

async fn dashboard(runs: &Path, fake: &FakeServer) -> Dashboard {
    let server: Address = fake.clone().start().await.to_string().parse().unwrap();
    Dashboard::with(Options { server: server.into(), ..options(runs) }).await
}

fn fake() -> FakeServer {
    FakeServer { tells_info: true, ..FakeServer::default() }
}

/// All that comes until the episode is over: frames, and how it ended.
async fn drive_to_the_end(browser: &mut Browser) -> (Vec<v1::Frame>, Value) {
    let mut frames = Vec::new();
    loop {
        match browser.next().await {
            Arrival::Event(Event::Frame(frame)) => frames.push(frame),
            Arrival::Text(value) if value["state"] == "over" => return (frames, value),
            Arrival::Closed => panic!("closed instead of an end"),
            Arrival::Text(_) | Arrival::Event(_) => {}
        }
    }
}

#[tokio::test]
async fn the_world_is_stepped_in_real_time_and_ends_at_the_horizon() {
    let (runs, fake) = (tempfile::tempdir().unwrap(), fake());
    let dashboard = dashboard(runs.path(), &fake).await;
    let mut browser = dashboard.browser("/ws/drive").await;
    let began = Instant::now();
    browser.say(r#"{"start":{"phase":2,"horizon":5,"rate":20,"seed":9}}"#).await;
    let Event::Road(road) = browser.event().await else { panic!("no road") };
    assert_eq!((road.name.as_str(), road.episode), ("phase 2, train track 77", 1));
    let (frames, over) = drive_to_the_end(&mut browser).await;
    assert!(began.elapsed() >= Duration::from_millis(250), "{:?}", began.elapsed());
    let seen: Vec<_> = frames.iter().map(|frame| (frame.step, frame.x, frame.episode_return)).collect();
    assert_eq!(seen, [(0, 0.0, 0.0), (1, 1.0, 1.5), (2, 2.0, 3.0), (3, 3.0, 4.5), (4, 4.0, 6.0), (5, 5.0, 7.5)]);
    assert!(frames.iter().all(|frame| frame.phase == 2 && frame.action == 1 && frame.mode() == v1::DriveMode::Driving));
    let expected = json!({
        "state": "over", "reason": "horizon", "paused": false, "return": 7.5, "steps": 5, "horizon": 5,
        "lap_length": 0.0, "ghosts": [],
    });
    assert_eq!(over, expected);
    let sessions = fake.sessions.lock().unwrap().clone();
    assert_eq!(sessions.len(), 1);
    let v1::CreateSessionRequest { lanes, seed, info, .. } = sessions[0];
    assert_eq!((lanes, seed, info, sessions[0].autoreset_mode()), (1, 9, true, v1::AutoresetMode::Disabled));
}

#[tokio::test]
async fn the_keys_steer_and_a_pause_holds_the_world() {
    let (runs, fake) = (tempfile::tempdir().unwrap(), fake());
    let dashboard = dashboard(runs.path(), &fake).await;
    let mut browser = dashboard.browser("/ws/drive").await;
    browser.say(r#"{"start":{"phase":1,"rate":50}}"#).await;
    browser.say(r#"{"paused":true}"#).await;
    browser.text(|value| value["paused"] == true).await;
    let steps = || fake.actions.lock().unwrap().len();
    let held = steps();
    tokio::time::sleep(Duration::from_millis(150)).await;
    assert_eq!(steps(), held, "nothing moves");

    browser.say(r#"{"action":2}"#).await;
    browser.say(r#"{"paused":false}"#).await;
    while !matches!(browser.event().await, Event::Frame(frame) if frame.action == 2) {}
    browser.say(r#"{"action":0}"#).await;
    let (frames, over) = drive_to_the_end(&mut browser).await;
    assert_eq!((&over["reason"], frames.last().unwrap().action), (&json!("crash"), 0));

    browser.say(r#"{"start":{"phase":1,"rate":50}}"#).await;
    browser.say(r#"{"stop":true}"#).await;
    let (_, over) = drive_to_the_end(&mut browser).await;
    assert_eq!(over["reason"], "stopped");
}

#[tokio::test]
async fn a_ghost_is_a_recording_of_the_same_track() {
    let (runs, fake) = (tempfile::tempdir().unwrap(), fake());
    let directory = runs.path().join("trained/recordings");
    fs::create_dir_all(&directory).unwrap();
    fs::write(runs.path().join("trained/run.json"), start("trained", 0).run_json).unwrap();
    let keep = |name: &str, reason: v1::RecordingReason, phase, test_track, episode_return| {
        let reasons = vec![reason.into()];
        let recording = v1::Recording { reasons, phase, test_track, episode_return, ..v1::Recording::default() };
        fs::write(directory.join(format!("{name}.pb")), recording.encode_to_vec()).unwrap();
    };
    keep("good", v1::RecordingReason::Ghost, 4, Some(3), 200.5);
    keep("better", v1::RecordingReason::Ghost, 4, Some(3), 240.0);
    keep("another-track", v1::RecordingReason::Ghost, 4, Some(4), 240.0);
    keep("another-phase", v1::RecordingReason::Ghost, 3, Some(3), 240.0);
    keep("no-ghost", v1::RecordingReason::Best, 4, Some(3), 240.0);
    let dashboard = dashboard(runs.path(), &fake).await;
    let mut browser = dashboard.browser("/ws/drive").await;
    let ghosts = async |browser: &mut Browser, ask: &str| {
        browser.say(ask).await;
        browser.text(|value| value["state"] == "driving").await["ghosts"].clone()
    };
    let ghost = |recording: &str, episode_return: f64, same_world: bool| json!({ "run": "trained", "recording": recording, "return": episode_return, "same_world": same_world });
    let found = ghosts(&mut browser, r#"{"start":{"phase":4,"test_track":3}}"#).await;
    assert_eq!(found, json!([ghost("better", 240.0, true), ghost("good", 200.5, true)]));
    let found = ghosts(&mut browser, r#"{"start":{"phase":4,"test_track":3,"options":{"gust":0.1}}}"#).await;
    assert_eq!(found, json!([ghost("better", 240.0, false), ghost("good", 200.5, false)]));
    let wide = r#"{"start":{"phase":4,"test_track":3,"options":{"varying_width":true}}}"#;
    assert_eq!(ghosts(&mut browser, wide).await, json!([]), "it drove on another road");
    assert_eq!(ghosts(&mut browser, r#"{"start":{"phase":4}}"#).await, json!([]));
    assert_eq!(fake.sessions.lock().unwrap()[0].first_episode, 3);
}

#[tokio::test]
async fn what_cannot_be_driven_is_named() {
    let (runs, fake) = (tempfile::tempdir().unwrap(), fake());
    let refusal = async |dashboard: &Dashboard, said: &str| {
        let mut browser = dashboard.browser("/ws/drive").await;
        browser.say(said).await;
        browser.text(|value| value.get("error").is_some()).await["error"].as_str().unwrap().to_owned()
    };
    let served = dashboard(runs.path(), &fake).await;
    for (said, text) in [
        (r#"{"start":{"phase":9}}"#, "phase 9 does not exist"),
        (r#"{"start":{"phase":1,"horizon":20000}}"#, "horizon: 20000 is outside 1..=10000"),
        (r#"{"start":{"circuit":{"name":"c","csv":"1,2"}}}"#, "circuit.csv"),
        ("fly", "say {\"start\""),
    ] {
        let error = refusal(&served, said).await;
        assert!(error.contains(text), "{said}: {error}");
    }
    let silent = FakeServer { tells_info: false, ..FakeServer::default() };
    let error = refusal(&dashboard(runs.path(), &silent).await, r#"{"start":{"phase":1}}"#).await;
    assert!(error.contains("tells no poses and roads: use the same version"), "{error}");
    let alone = Dashboard::start(runs.path()).await;
    let error = refusal(&alone, r#"{"start":{"phase":1}}"#).await;
    assert!(error.starts_with("no environment server answers at 127.0.0.1:1"), "{error}");
    assert!(error.contains("spikedrive serve"), "{error}");
}
