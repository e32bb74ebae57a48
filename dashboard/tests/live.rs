//! What a browser sees while a run goes on, and what it asks for.
#![allow(clippy::unwrap_used, reason = "tests")]

mod support;

use serde_json::json;
use spikedrive_proto::v1;
use spikedrive_proto::v1::publish_request::Event;
use support::{Arrival, Dashboard, frame, road, within};
use tonic::Code;

#[tokio::test]
async fn a_page_is_shown_what_is_and_then_what_comes() {
    let runs = tempfile::tempdir().unwrap();
    let dashboard = Dashboard::start(runs.path()).await;
    let mut waiting = dashboard.browser("/ws/live").await;
    let status = waiting.text(|_| true).await;
    assert_eq!(status, json!({ "run": null, "live": false, "control": null, "viewers": 0, "dropped": 0 }));

    let mut publisher = dashboard.publish("a").await;
    publisher.send(Event::Road(road(1))).await;
    publisher.send(Event::Frame(frame(1, 0))).await;
    let weights = Some(v1::Matrix { rows: 1, columns: 2, scale: 0.5, values: vec![1, 2] });
    publisher.send(Event::Weights(v1::Weights { episode: 1, weights, eligibility: None })).await;
    assert!(matches!(waiting.event().await, Event::Start(start) if start.run_id == "a"));

    // Once it has the weights, all that came before is there.
    while !matches!(waiting.event().await, Event::Weights(_)) {}
    let mut late = dashboard.browser("/ws/live?run=a").await;
    assert!(matches!(late.event().await, Event::Start(start) if start.populations.len() == 1));
    assert!(matches!(late.event().await, Event::Road(road) if road.episode == 1));
    assert!(matches!(late.event().await, Event::Frame(shown) if shown == frame(1, 0)));
    assert!(matches!(late.event().await, Event::Weights(weights) if weights.episode == 1));
    publisher.send(Event::Frame(frame(1, 1))).await;
    assert!(matches!(late.event().await, Event::Frame(shown) if shown == frame(1, 1)));
    publisher.send(Event::End(v1::RunEnd::default())).await;
    assert!(matches!(late.event().await, Event::End(_)));
    publisher.finish().await;
    let status = late.text(|status| status["live"] == false).await;
    assert_eq!(status["run"], "a");
    assert_eq!(dashboard.json("/api/runs").await[0]["finished"], false, "it was broken off");
}

#[tokio::test]
async fn a_page_without_a_run_follows_the_newest() {
    let runs = tempfile::tempdir().unwrap();
    let dashboard = Dashboard::start(runs.path()).await;
    let first = dashboard.publish("z-first").await;
    let mut browser = dashboard.browser("/ws/live").await;
    assert!(matches!(browser.event().await, Event::Start(start) if start.run_id == "z-first"));
    let _second = dashboard.publish("a-second").await;
    browser.text(|status| status["run"] == "z-first").await;
    first.finish().await;
    assert!(matches!(browser.event().await, Event::Start(start) if start.run_id == "a-second"));
}

#[tokio::test]
async fn pause_step_and_speed_reach_the_agent_and_every_page() {
    let runs = tempfile::tempdir().unwrap();
    let dashboard = Dashboard::start(runs.path()).await;
    let mut publisher = dashboard.publish("a").await;
    assert_eq!(publisher.control(|_| true).await, v1::Control::default(), "nobody looks");
    let mut browser = dashboard.browser("/ws/live?run=a").await;
    let looking = v1::Control { frames: true, weights: true, ..v1::Control::default() };
    assert_eq!(publisher.control(|control| control.frames).await, looking);
    let mut other = dashboard.browser("/ws/live?run=a").await;
    other.text(|status| status["viewers"] == 2).await;

    browser.say(r#"{"paused":true}"#).await;
    assert_eq!(publisher.control(|_| true).await, v1::Control { paused: true, ..looking });
    let status = other.text(|status| status["control"]["paused"] == true).await;
    let control = json!({ "frames": true, "weights": true, "paused": true, "steps": 0, "speed": 0.0 });
    assert_eq!(status, json!({ "run": "a", "live": true, "control": control, "viewers": 2, "dropped": 0 }));
    browser.say(r#"{"step":1}"#).await;
    assert_eq!(publisher.control(|_| true).await.steps, 1);
    other.say(r#"{"step":2}"#).await;
    assert_eq!(publisher.control(|_| true).await.steps, 3);
    browser.say(r#"{"speed":12.5}"#).await;
    assert_eq!(publisher.control(|_| true).await.speed, 12.5);
    browser.say(r#"{"paused":false}"#).await;
    assert!(!publisher.control(|_| true).await.paused);

    for (wrong, text) in [
        ("{", "say {\"paused\": bool}"),
        (r#"{"speed":-1}"#, "speed: -1 is outside"),
        (r#"{"step":0}"#, "step: 0 is outside 1..=1000"),
        (r#"{"fly":true}"#, "unknown field `fly`"),
    ] {
        browser.say(wrong).await;
        let refusal = browser.text(|value| value.get("error").is_some()).await;
        assert!(refusal["error"].as_str().unwrap().contains(text), "{refusal}");
    }
    drop((browser, other));
    let control = publisher.control(|control| !control.frames).await;
    assert_eq!((control.weights, control.speed), (false, 12.5));
    let released = publisher.control(|_| true).await;
    assert_eq!((released.paused, released.speed), (false, 0.0), "nobody is left who could make it faster");
}

#[tokio::test]
async fn what_the_agent_drops_is_counted() {
    let runs = tempfile::tempdir().unwrap();
    let dashboard = Dashboard::start(runs.path()).await;
    let mut publisher = dashboard.publish("a").await;
    publisher.dropping(5, Event::Frame(frame(1, 0))).await;
    publisher.dropping(2, Event::Frame(frame(1, 1))).await;
    let mut browser = dashboard.browser("/ws/live?run=a").await;
    browser.text(|status| status["dropped"] == 7).await;
}

/// As large as a kernel's buffers are not, after a few of them.
fn heavy(episode: u32) -> Event {
    let weights = Some(v1::Matrix { rows: 1024, columns: 1024, scale: 1.0, values: vec![7; 1 << 20] });
    Event::Weights(v1::Weights { episode, weights, eligibility: None })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_frozen_page_delays_nobody_and_wakes_up_to_the_present() {
    const LAST: u32 = 60;
    let runs = tempfile::tempdir().unwrap();
    let dashboard = Dashboard::start(runs.path()).await;
    let mut publisher = dashboard.publish("a").await;
    let mut frozen = dashboard.browser("/ws/live?run=a&from=0").await;
    let mut awake = dashboard.browser("/ws/live?run=a&from=0").await;
    publisher.control(|control| control.frames).await;
    for number in 1..=LAST {
        publisher.send(heavy(number)).await;
        publisher.episodes([number.into()]).await;
        // The awake page keeps up with every one, though the frozen one has taken none.
        while !matches!(awake.event().await, Event::Weights(weights) if weights.episode == number) {}
    }
    // 60 MiB are more than a socket holds.
    let (mut weights, mut episodes) = (Vec::new(), Vec::new());
    while weights.last() != Some(&LAST) || episodes.len() < LAST as usize {
        match frozen.event().await {
            Event::Weights(seen) => weights.push(seen.episode),
            Event::Episodes(seen) => episodes.extend(seen.json),
            _ => {}
        }
    }
    assert!(weights.len() < LAST as usize / 2, "{weights:?}");
    assert_eq!(episodes, (1..=LAST).map(|number| support::record(number.into())).collect::<Vec<_>>());
}

#[tokio::test]
async fn pictures_are_at_most_sixty_a_second() {
    let runs = tempfile::tempdir().unwrap();
    let dashboard = Dashboard::start(runs.path()).await;
    let mut publisher = dashboard.publish("a").await;
    let mut browser = dashboard.browser("/ws/live?run=a").await;
    publisher.control(|control| control.frames).await;
    let began = std::time::Instant::now();
    let sending = async {
        for step in 0..2000 {
            publisher.send(Event::Frame(frame(1, step))).await;
            tokio::task::yield_now().await;
        }
        publisher.send(Event::End(v1::RunEnd::default())).await;
    };
    let looking = async {
        let mut frames = 0;
        loop {
            match browser.event().await {
                Event::Frame(_) => frames += 1,
                Event::End(_) => return frames,
                _ => {}
            }
        }
    };
    let ((), frames) = tokio::join!(sending, looking);
    let most = began.elapsed().as_secs_f64() * 60.0 + 3.0;
    assert!(frames >= 1 && f64::from(frames) <= most, "{frames} frames, at most {most}");
}

#[tokio::test]
async fn a_shutdown_ends_streams_and_sockets() {
    let runs = tempfile::tempdir().unwrap();
    let dashboard = Dashboard::start(runs.path()).await;
    let mut publisher = dashboard.publish("a").await;
    let mut browser = dashboard.browser("/ws/live?run=a").await;
    let mut driver = dashboard.browser("/ws/drive").await;
    browser.event().await;
    let began = std::time::Instant::now();
    dashboard.shutdown.cancel();
    let (code, text) = publisher.end().await;
    assert_eq!((code, text.as_str()), (Code::Unavailable, "the dashboard is shutting down"));
    while !matches!(browser.next().await, Arrival::Closed) {}
    while !matches!(driver.next().await, Arrival::Closed) {}
    drop((browser, driver, publisher));
    within(dashboard.serving).await.unwrap().unwrap();
    assert!(began.elapsed().as_secs() < 5, "nothing had to be cut");
}
