//! What agents publish: kept, and shown over HTTP.
#![allow(clippy::unwrap_used, reason = "tests")]

mod support;

use std::fs;

use hyper::StatusCode;
use prost::Message;
use serde_json::json;
use spikedrive_proto::v1;
use spikedrive_proto::v1::publish_request::Event;
use support::{Dashboard, Publisher, frame, record, road, start};
use tonic::Code;

fn recording(run: &str, name: &str) -> v1::Recording {
    v1::Recording {
        name: name.to_owned(),
        reasons: vec![v1::RecordingReason::Best.into(), v1::RecordingReason::Ghost.into()],
        run_id: run.to_owned(),
        episode: 2,
        phase: 4,
        episode_return: 2.5,
        test_track: Some(3),
        mode: v1::DriveMode::Driving.into(),
        populations: start(run, 0).populations,
        road: Some(road(2)),
        frames: vec![frame(2, 0), frame(2, 1)],
        ..v1::Recording::default()
    }
}

#[tokio::test]
async fn a_published_run_is_kept_and_survives_a_restart() {
    let runs = tempfile::tempdir().unwrap();
    let dashboard = Dashboard::start(runs.path()).await;
    let mut publisher = dashboard.publish("a-run").await;
    publisher.episodes(1..=3).await;
    publisher.send(Event::Recording(recording("a-run", "best"))).await;
    let summary_json = r#"{"preset":"stdp","env_steps":300}"#.to_owned();
    publisher.send(Event::End(v1::RunEnd { summary_json })).await;
    publisher.finish().await;

    let look = async |dashboard: &Dashboard| {
        let rows = dashboard.json("/api/runs").await;
        assert_eq!(rows.as_array().unwrap().len(), 1);
        let row = &rows[0];
        assert_eq!((&row["id"], &row["preset"], &row["seed"]), (&json!("a-run"), &json!("stdp"), &json!(0)));
        assert_eq!((&row["episodes"], &row["episodes_done"]), (&json!(500), &json!(3)));
        assert_eq!((&row["finished"], &row["live"]), (&json!(true), &json!(false)));
        assert_eq!((&row["lesson"], &row["best"]), (&json!(null), &json!(null)));
        let run = dashboard.json("/api/runs/a-run").await;
        assert_eq!(run["info"]["started_at"], "20260101T000000Z");
        assert_eq!(run["summary"]["env_steps"], 300);
        assert_eq!(run["populations"], json!([{ "name": "hidden", "first": 0, "size": 100 }]));
        assert_eq!(dashboard.episodes("/api/runs/a-run/episodes").await, [1, 2, 3]);
        assert_eq!(dashboard.episodes("/api/runs/a-run/episodes?from=2").await, [3]);
        let table = dashboard.get("/api/runs/a-run/episodes.csv").await.text();
        assert_eq!(table.lines().next(), Some("episode,phase,return"));
        assert_eq!(table.lines().last(), Some("3,1,3.5"));
        let listed = dashboard.json("/api/runs/a-run/recordings").await;
        let expected = json!({
            "name": "best", "episode": 2, "phase": 4, "return": 2.5, "crashed": false, "reasons": ["best", "ghost"],
            "mode": "driving", "test_track": 3, "frames": 2, "bytes": recording("a-run", "best").encoded_len(),
        });
        assert_eq!(listed, json!([expected]));
        let page = dashboard.get("/api/runs/a-run/recordings/best").await;
        assert_eq!(page.header("content-type"), "application/x-protobuf");
        assert_eq!(v1::Recording::decode(page.body.as_slice()).unwrap(), recording("a-run", "best"));
    };
    look(&dashboard).await;
    dashboard.stop().await;
    look(&Dashboard::start(runs.path()).await).await;
    let mut kept: Vec<_> =
        fs::read_dir(runs.path().join("a-run")).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    kept.sort();
    assert_eq!(kept, ["episodes.jsonl", "ingested", "recordings", "run.json", "summary.json"]);
}

#[tokio::test]
async fn after_a_reconnection_no_episode_is_lost_or_doubled() {
    let runs = tempfile::tempdir().unwrap();
    let dashboard = Dashboard::start(runs.path()).await;
    let mut browser = dashboard.browser("/ws/live?run=a&from=0").await;
    let mut publisher = dashboard.publish("a").await;
    publisher.episodes(1..=40).await;
    publisher.finish().await;

    let mut publisher = Publisher::connect(dashboard.ingest).await;
    assert_eq!(publisher.start("a", 0).await, 40);
    // An agent that is not sure sends more than was asked for.
    publisher.episodes(36..=60).await;
    publisher.finish().await;
    assert_eq!(dashboard.episodes("/api/runs/a/episodes").await, (1..=60).collect::<Vec<_>>());
    assert_eq!(browser.episodes(60).await, (1..=60).collect::<Vec<_>>());
    dashboard.stop().await;

    let log = runs.path().join("a/episodes.jsonl");
    fs::write(&log, fs::read_to_string(&log).unwrap() + "{\"episode\":61,\"ret").unwrap();
    let dashboard = Dashboard::start(runs.path()).await;
    let mut publisher = Publisher::connect(dashboard.ingest).await;
    assert_eq!(publisher.start("a", 0).await, 60, "a torn line is no episode");
    let mut browser = dashboard.browser("/ws/live?run=a&from=10").await;
    publisher.episodes(61..=62).await;
    assert_eq!(browser.episodes(62).await, (11..=62).collect::<Vec<_>>());
    assert_eq!(dashboard.episodes("/api/runs/a/episodes?from=59").await, [60, 61, 62]);
}

#[tokio::test]
async fn after_a_reconnection_no_recording_is_lost_or_doubled() {
    let runs = tempfile::tempdir().unwrap();
    let dashboard = Dashboard::start(runs.path()).await;
    let mut publisher = Publisher::connect(dashboard.ingest).await;
    assert_eq!(publisher.welcome("a", 0).await, v1::Welcome::default());
    publisher.send(Event::Recording(recording("a", "best"))).await;
    publisher.send(Event::Recording(recording("a", "ghost-p4-t03"))).await;
    publisher.finish().await;
    let mut publisher = Publisher::connect(dashboard.ingest).await;
    assert_eq!(publisher.welcome("a", 0).await.recordings, ["best", "ghost-p4-t03"]);
    // An agent that is not sure sends more than was asked for.
    publisher.send(Event::Recording(v1::Recording { episode: 7, ..recording("a", "best") })).await;
    publisher.finish().await;
    let listed = dashboard.json("/api/runs/a/recordings").await;
    let listed: Vec<_> = listed.as_array().unwrap().iter().map(|one| (&one["name"], &one["episode"])).collect();
    assert_eq!(listed, [(&json!("ghost-p4-t03"), &json!(2)), (&json!("best"), &json!(7))]);
}

#[tokio::test]
async fn a_run_directory_of_an_agent_is_never_written() {
    let runs = tempfile::tempdir().unwrap();
    let directory = runs.path().join("own");
    fs::create_dir(&directory).unwrap();
    fs::write(directory.join("run.json"), start("own", 0).run_json).unwrap();
    fs::write(directory.join("episodes.jsonl"), record(1) + "\n" + &record(2) + "\n").unwrap();
    let dashboard = Dashboard::start(runs.path()).await;
    let mut publisher = Publisher::connect(dashboard.ingest).await;
    assert_eq!(publisher.start("own", 0).await, 2);
    let mut browser = dashboard.browser("/ws/live?run=own").await;
    assert!(matches!(browser.event().await, Event::Start(_)));
    publisher.episodes(3..=3).await;
    publisher.send(Event::Recording(recording("own", "best"))).await;
    publisher.send(Event::End(v1::RunEnd { summary_json: "{}".to_owned() })).await;
    publisher.finish().await;
    assert_eq!(browser.episodes(3).await, [3], "it is shown all the same");
    let mut files: Vec<_> = fs::read_dir(&directory).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    files.sort();
    assert_eq!(files, ["episodes.jsonl", "run.json"]);
    assert_eq!(fs::read_to_string(directory.join("episodes.jsonl")).unwrap().lines().count(), 2);
}

#[tokio::test]
async fn what_cannot_be_published_is_named() {
    let runs = tempfile::tempdir().unwrap();
    let dashboard = Dashboard::start(runs.path()).await;
    let refused = async |event: Event| {
        let mut publisher = Publisher::connect(dashboard.ingest).await;
        publisher.send(event).await;
        publisher.end().await
    };
    let (code, text) = refused(Event::Road(road(1))).await;
    assert_eq!((code, text.as_str()), (Code::InvalidArgument, "event: the first message of a stream is `start`"));
    for run in ["", "..", "../escape", "a/b", ".hidden", &"x".repeat(129)] {
        let (code, text) = refused(Event::Start(start(run, 0))).await;
        assert_eq!(code, Code::InvalidArgument, "{run}");
        assert!(text.starts_with("run_id: ") && text.contains("letters, digits"), "{text}");
    }
    let run_json = "{\"preset\":".to_owned();
    let (code, text) = refused(Event::Start(v1::RunStart { run_json, ..start("a", 0) })).await;
    assert_eq!(code, Code::InvalidArgument);
    assert!(text.starts_with("run_json: no JSON"), "{text}");
    assert_eq!(fs::read_dir(runs.path()).unwrap().count(), 0, "nothing was made");

    let broken = async |event: Event| {
        let mut publisher = dashboard.publish("a").await;
        publisher.send(event).await;
        publisher.end().await
    };
    let (code, text) = broken(Event::Episodes(v1::Episodes { json: vec!["{}".to_owned()] })).await;
    assert_eq!(code, Code::InvalidArgument);
    assert!(text.starts_with("episodes.json: missing field `episode`"), "{text}");
    let (_, text) = broken(Event::Recording(recording("a", "../best"))).await;
    assert!(text.starts_with("recording.name: \"../best\" is no name"), "{text}");
    let values = vec![0; 17 << 20];
    let weights = Some(v1::Matrix { rows: 17, columns: 1 << 20, scale: 1.0, values });
    let (code, text) = broken(Event::Weights(v1::Weights { weights, ..v1::Weights::default() })).await;
    assert_eq!(code, Code::OutOfRange);
    assert!(text.contains("at most 16777216 bytes"), "{text}");

    let mut publisher = Publisher::connect(dashboard.ingest).await;
    publisher.send(Event::Start(start("a", 7))).await;
    let (code, text) = publisher.end().await;
    assert_eq!(code, Code::AlreadyExists);
    assert_eq!(text, "run_id: a is another run, whose seed is 0, not 7: choose another run_id");
}

#[tokio::test]
async fn a_second_stream_of_a_run_replaces_the_first() {
    let runs = tempfile::tempdir().unwrap();
    let dashboard = Dashboard::start(runs.path()).await;
    let mut first = dashboard.publish("a").await;
    first.episodes(1..=2).await;
    // Once it is told what is wanted, and shows it, the episodes are kept.
    let mut browser = dashboard.browser("/ws/live?run=a&from=0").await;
    assert_eq!(browser.episodes(2).await, [1, 2]);
    let mut second = Publisher::connect(dashboard.ingest).await;
    assert_eq!(second.start("a", 0).await, 2);
    let (code, text) = first.end().await;
    assert_eq!((code, text.as_str()), (Code::Aborted, "another stream publishes run a"));
    second.episodes(3..=3).await;
    assert_eq!(browser.episodes(3).await, [3]);
    assert_eq!(dashboard.json("/api/runs").await[0]["live"], true);
}

#[tokio::test]
async fn what_is_not_there_is_named() {
    let runs = tempfile::tempdir().unwrap();
    let dashboard = Dashboard::start(&runs.path().join("not-yet")).await;
    assert_eq!(dashboard.json("/api/runs").await, json!([]));
    for (path, status, text) in [
        ("/api/runs/none", StatusCode::NOT_FOUND, "there is no run none"),
        ("/api/runs/none/episodes", StatusCode::NOT_FOUND, "there is no run none"),
        ("/api/runs/none/recordings", StatusCode::NOT_FOUND, "there is no run none"),
        ("/api/runs/..%2F..%2Fetc", StatusCode::BAD_REQUEST, "is no name"),
        ("/api/runs/none/recordings/..%2Frun", StatusCode::BAD_REQUEST, "is no name"),
        ("/api/nothing", StatusCode::NOT_FOUND, "there is nothing at /api/nothing"),
        ("/api/runs/none/episodes?from=x", StatusCode::BAD_REQUEST, "invalid digit"),
        ("/ws/live?run=../x", StatusCode::BAD_REQUEST, "open this address as a WebSocket"),
        ("/ws/drive", StatusCode::BAD_REQUEST, "open this address as a WebSocket"),
        ("/assets/nothing.js", StatusCode::NOT_FOUND, "nothing.js"),
        ("/assets/..%2FCargo.toml", StatusCode::NOT_FOUND, "Cargo.toml"),
    ] {
        let page = dashboard.get(path).await;
        assert_eq!(page.status, status, "{path}");
        assert!(page.error().contains(text), "{path}: {}", page.error());
    }
}
