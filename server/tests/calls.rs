//! What a session can be asked for beside steps, by unary calls and on its stream.
#![allow(clippy::unwrap_used, reason = "tests")]

mod support;

use std::time::Duration;

use spikedrive_env::{Action, Autoreset, Course, EndReason, Phase, Split, VectorWorld, WorldConfig, WorldPreset};
use spikedrive_proto::convert::{action_bytes, read_step, step_result};
use spikedrive_proto::v1::stream_request::Command;
use spikedrive_proto::v1::stream_response::Outcome;
use spikedrive_proto::{convert, v1};
use spikedrive_server::sessions::SessionLimits;
use support::{Client, Driving, Server, config, create, create_session, within};
use tonic::{Code, Status};

/// A world in which everything is on.
fn rough(lanes: usize, autoreset: Autoreset) -> WorldConfig {
    WorldConfig { options: WorldPreset::HardStorm.options(), autoreset, ..config(lanes) }
}

async fn ask(driving: &mut Driving, command: Command) -> Outcome {
    driving.command("", command).await;
    driving.receive().await.unwrap().unwrap()
}

async fn result(driving: &mut Driving, command: Command) -> v1::StepResult {
    match ask(driving, command).await {
        Outcome::Result(result) => result,
        other => panic!("{other:?}"),
    }
}

async fn rejection(driving: &mut Driving, command: Command) -> (Code, String, String) {
    match ask(driving, command).await {
        Outcome::Error(v1::StepError { code, field, message }) => (Code::from_i32(code as i32), field, message),
        other => panic!("{other:?}"),
    }
}

/// Some way to drive: lane 0 turns left for good.
fn actions(step: usize, lanes: usize) -> Vec<Action> {
    (0..lanes).map(|lane| if lane == 0 { Action::Left } else { Action::ALL[(step / 3 + lane) % 3] }).collect()
}

async fn unary_step(client: &mut Client, session_id: &str, actions: &[Action]) -> Result<v1::StepResult, Status> {
    let request = v1::StepRequest { session_id: session_id.to_owned(), actions: action_bytes(actions) };
    Ok(within(client.step(request)).await?.into_inner().result.unwrap())
}

#[tokio::test]
async fn several_steps_in_one_message_are_those_steps() {
    let mut client = Server::start().await.client().await;
    for autoreset in [Autoreset::NextStep, Autoreset::SameStep] {
        let config = rough(3, autoreset);
        let mut world = VectorWorld::new(config.clone()).unwrap();
        let session_id = create_session(&mut client, &config).await.unwrap().session_id;
        let mut driving = Driving::start(&mut client, &session_id, 3).await;
        world.step(&[Action::Straight; 3]).unwrap();
        let rows: Vec<Vec<Action>> = (0..60).map(|step| actions(step, 3)).collect();
        let bytes = action_bytes(&rows.concat());
        let answer = result(&mut driving, Command::ActionRows(bytes.into())).await;
        assert_eq!(answer.steps, 60);
        let rays = world.config().options.rays;
        let batch = read_step(&answer, 60 * 3, rays).unwrap();
        let (mut finished, mut last) = (Vec::new(), Vec::new());
        for (step, row) in rows.iter().enumerate() {
            let alone = world.step(row).unwrap();
            assert_eq!(batch.observations[step * 3 * rays..][..3 * rays], alone.observations);
            assert_eq!(batch.rewards[step * 3..][..3], alone.rewards);
            assert_eq!(batch.ends[step * 3..][..3], alone.ends);
            finished.extend(&alone.finished);
            last.extend(&alone.final_observations);
        }
        assert!(!finished.is_empty());
        assert_eq!((batch.finished, batch.final_observations), (finished, last));
    }
}

#[tokio::test]
async fn in_mode_disabled_the_step_that_ends_an_episode_is_the_last() {
    let mut client = Server::start().await.client().await;
    let config = WorldConfig { autoreset: Autoreset::Disabled, ..config(2) };
    let session_id = create_session(&mut client, &config).await.unwrap().session_id;
    let mut driving = Driving::start(&mut client, &session_id, 2).await;
    let answer = result(&mut driving, Command::ActionRows(vec![0; 200].into())).await;
    let steps = answer.steps as usize;
    assert!((1..24).contains(&steps), "{steps}");
    let ends = read_step(&answer, steps * 2, 3).unwrap().ends;
    assert!(
        ends[..2 * steps - 2].iter().all(Option::is_none) && ends[2 * steps - 2..].contains(&Some(EndReason::Crash))
    );
    let (code, field, _) = rejection(&mut driving, Command::ActionRows(vec![0; 2].into())).await;
    assert_eq!((code, field.as_str()), (Code::FailedPrecondition, "action_rows"));
}

#[tokio::test]
async fn rows_that_do_not_fit_are_refused_and_change_nothing() {
    let mut client = Server::start().await.client().await;
    let config = config(2);
    let mut world = VectorWorld::new(config.clone()).unwrap();
    let session_id = create_session(&mut client, &config).await.unwrap().session_id;
    let mut driving = Driving::start(&mut client, &session_id, 2).await;
    world.step(&[Action::Straight; 2]).unwrap();
    for (bytes, reason) in [
        (vec![], "0 actions are no whole number of steps of 2 lanes"),
        (vec![1; 3], "3 actions are no whole number of steps of 2 lanes"),
        (vec![1; 2 * 4097], "4097 steps of 2 lanes are more than one message may ask for, 4096"),
        (vec![1, 1, 1, 3], "step 1, lane 1: action 3 is outside Discrete(3): use 0 (left), 1 (straight) or 2 (right)"),
    ] {
        let (code, field, message) = rejection(&mut driving, Command::ActionRows(bytes.into())).await;
        assert_eq!((code, field.as_str(), message.as_str()), (Code::InvalidArgument, "action_rows", reason));
    }
    let expected = step_result(world.step(&[Action::Left; 2]).unwrap(), None);
    assert_eq!(driving.step(&[Action::Left; 2]).await, expected);

    let session_id = create_session(&mut client, &config.with_info(true)).await.unwrap().session_id;
    let mut driving = Driving::start(&mut client, &session_id, 2).await;
    let (_, _, message) = rejection(&mut driving, Command::ActionRows(vec![1; 4].into())).await;
    assert!(message.contains("send it one step at a time"), "{message}");
}

#[tokio::test]
async fn the_longest_answer_is_one_that_clients_take() {
    let mut client = Server::start().await.client().await;
    let course = Course::Phase { phase: Phase::Complex, split: Split::Train };
    let config = WorldConfig { autoreset: Autoreset::SameStep, ..WorldConfig::base(course, 1000, 1) };
    let session_id = create_session(&mut client, &config).await.unwrap().session_id;
    let mut driving = Driving::start(&mut client, &session_id, 1000).await;
    let (_, _, message) = rejection(&mut driving, Command::ActionRows(vec![1; 4000 * 1000].into())).await;
    let most: usize = message.rsplit_once(' ').unwrap().1.parse().unwrap();
    // Every step ends every episode: nothing is longer.
    let answer = result(&mut driving, Command::ActionRows(vec![1; most * 1000].into())).await;
    assert_eq!((answer.steps as usize, answer.finished_lengths.len()), (most, most * 1000 * 4));
}

#[tokio::test]
async fn a_restored_session_lives_the_same_future() {
    let mut client = Server::start().await.client().await;
    for autoreset in [Autoreset::NextStep, Autoreset::SameStep] {
        let config = rough(3, autoreset);
        let session_id = create_session(&mut client, &config).await.unwrap().session_id;
        for step in 0..40 {
            unary_step(&mut client, &session_id, &actions(step, 3)).await.unwrap();
        }
        let request = v1::SnapshotRequest { session_id: session_id.clone() };
        let state = within(client.snapshot(request)).await.unwrap().into_inner().state;
        let request = v1::RestoreRequest { state: state.clone(), lease_seconds: 60 };
        let restored = within(client.restore(request)).await.unwrap().into_inner();
        assert_ne!(restored.session_id, session_id);
        assert_eq!(restored.lease_seconds, 60);
        let forked = v1::ForkRequest { session_id: session_id.clone() };
        let forked = within(client.fork(forked)).await.unwrap().into_inner();
        assert_eq!((forked.observations.clone(), forked.options), (restored.observations, restored.options));

        let mut unbroken = Driving::start(&mut client, &session_id, 3).await;
        let mut others = Vec::new();
        for id in [&restored.session_id, &forked.session_id] {
            others.push(Driving::start(&mut client, id, 3).await);
        }
        let mut futures = Vec::new();
        for step in 0..1000 {
            let chosen = actions(step, 3);
            let expected = unbroken.step(&chosen).await;
            for other in &mut others {
                assert_eq!(other.step(&chosen).await, expected, "step {step}");
            }
            if step >= 990 {
                futures.push(expected);
            }
        }

        // And on the stream itself: back to the snapshot, as often as one likes.
        for _ in 0..2 {
            let back = result(&mut unbroken, Command::Restore(state.clone().into())).await;
            assert_eq!(back.observations, forked.observations);
            unbroken.step(&[Action::Straight; 3]).await;
            let replayed = (0..1000).map(|step| actions(step, 3)).collect::<Vec<_>>();
            let rows = result(&mut unbroken, Command::ActionRows(action_bytes(&replayed.concat()).into())).await;
            assert!(
                rows.rewards.ends_with(&futures[9].rewards) && rows.observations.ends_with(&futures[9].observations)
            );
        }
    }
}

#[tokio::test]
async fn snapshots_and_forks_are_had_in_the_midst_of_driving() {
    let mut client = Server::start().await.client().await;
    let session_id = create(&mut client, 2).await;
    let mut driving = Driving::start(&mut client, &session_id, 2).await;
    driving.step(&actions(0, 2)).await;
    let state = match ask(&mut driving, Command::Snapshot(v1::StreamSnapshot {})).await {
        Outcome::Snapshot(snapshot) => snapshot.state,
        other => panic!("{other:?}"),
    };
    let fork = match ask(&mut driving, Command::Fork(v1::StreamFork {})).await {
        Outcome::Fork(fork) => fork,
        other => panic!("{other:?}"),
    };
    let restored = v1::RestoreRequest { state, lease_seconds: 0 };
    let restored = within(client.restore(restored)).await.unwrap().into_inner();
    assert_eq!(restored.observations, fork.observations);
    let mut second = Driving::open(&mut client).await;
    second.send(&fork.session_id, action_bytes(&actions(1, 2))).await;
    let Outcome::Result(expected) = second.receive().await.unwrap().unwrap() else { panic!() };
    assert_eq!(driving.step(&actions(1, 2)).await, expected);
}

#[tokio::test]
async fn a_snapshot_of_another_kind_is_refused() {
    let mut client = Server::start().await.client().await;
    let session_id = create(&mut client, 2).await;
    let mut driving = Driving::start(&mut client, &session_id, 2).await;
    let easier = Course::Phase { phase: Phase::Gentle, split: Split::Train };
    let others = [
        WorldConfig { course: easier, ..config(2) },
        WorldConfig { options: WorldPreset::HardLag.options(), ..config(2) },
        WorldConfig { lanes: 3, ..config(2) },
        WorldConfig { horizon: 26, ..config(2) },
        WorldConfig { autoreset: Autoreset::SameStep, ..config(2) },
        config(2).with_info(true),
    ];
    for (other, what) in others.into_iter().zip(["course", "options", "lanes", "horizon", "autoreset_mode", "info"]) {
        let state = convert::snapshot_bytes(&VectorWorld::new(other).unwrap());
        let (code, field, message) = rejection(&mut driving, Command::Restore(state.into())).await;
        assert_eq!((code, field.as_str()), (Code::InvalidArgument, "restore"));
        assert!(message.starts_with(&format!("{what} of the snapshot differs")), "{message}");
    }
    let refused =
        within(client.restore(v1::RestoreRequest { state: vec![1; 50], lease_seconds: 0 })).await.unwrap_err();
    assert_eq!(refused.code(), Code::InvalidArgument);
    assert!(refused.message().starts_with("state: the checksum does not fit"), "{refused}");
    let state = convert::snapshot_bytes(&VectorWorld::new(config(1)).unwrap());
    let refused = within(client.restore(v1::RestoreRequest { state, lease_seconds: 601 })).await.unwrap_err();
    assert!(refused.message().starts_with("lease_seconds: 601 is more than"), "{refused}");
}

#[tokio::test]
async fn forks_and_restored_sessions_count() {
    let mut client = Server::with_room_for(2).await.client().await;
    let session_id = create(&mut client, 1).await;
    let fork = || v1::ForkRequest { session_id: session_id.clone() };
    within(client.fork(fork())).await.unwrap();
    let full = within(client.fork(fork())).await.unwrap_err();
    assert_eq!(full.code(), Code::ResourceExhausted);
    let state = convert::snapshot_bytes(&VectorWorld::new(config(1)).unwrap());
    let full = within(client.restore(v1::RestoreRequest { state, lease_seconds: 0 })).await.unwrap_err();
    assert_eq!(full.code(), Code::ResourceExhausted);

    let limits = SessionLimits { max_lanes: 2, max_horizon: 20, ..SessionLimits::default() };
    let mut client = Server::with_limits(limits).await.client().await;
    let state = convert::snapshot_bytes(&VectorWorld::new(config(3)).unwrap());
    let refused = within(client.restore(v1::RestoreRequest { state, lease_seconds: 0 })).await.unwrap_err();
    assert_eq!(refused.message(), "lanes: 3 is more than this server takes, 2");
    let refused = create_session(&mut client, &config(1)).await.unwrap_err();
    assert_eq!(refused.message(), "horizon: 25 is more than this server takes, 20");
}

#[tokio::test]
async fn a_lane_is_drawn_as_pixels_and_as_svg() {
    let mut client = Server::start().await.client().await;
    let session_id = create(&mut client, 2).await;
    let request = |settings| v1::RenderRequest { session_id: session_id.clone(), settings: Some(settings) };
    let settings = v1::RenderSettings { lane: 1, pixels: 64, ..Default::default() };
    let picture = within(client.render(request(settings))).await.unwrap().into_inner();
    assert_eq!((picture.pixels, picture.format(), picture.data.len()), (64, v1::PictureFormat::Rgb, 64 * 64 * 3));
    // The car is in the middle, and red.
    let is_red = |x: usize, y: usize| picture.data[3 * (64 * y + x)..].starts_with(&[196, 58, 49]);
    assert!((29..35).any(|x| (29..35).any(|y| is_red(x, y))) && !is_red(3, 3));
    let svg = v1::RenderSettings { format: v1::PictureFormat::Svg.into(), ..Default::default() };
    let picture = within(client.render(request(svg))).await.unwrap().into_inner();
    assert!(picture.pixels == 480 && String::from_utf8(picture.data).unwrap().starts_with("<svg "));
    for (bad, reason) in [
        (v1::RenderSettings { lane: 2, ..settings }, "lane: 2 is none of the 2 lanes, the first of which is 0"),
        (v1::RenderSettings { pixels: 15, ..settings }, "pixels: 15 is outside 16..=1024"),
        (v1::RenderSettings { format: 3, ..settings }, "format: 3 is no format: use 1 (RGB) or 2 (SVG)"),
    ] {
        let status = within(client.render(request(bad))).await.unwrap_err();
        assert_eq!((status.code(), status.message()), (Code::InvalidArgument, reason));
    }
    let mut driving = Driving::start(&mut client, &session_id, 2).await;
    assert!(matches!(ask(&mut driving, Command::Render(settings)).await, Outcome::Picture(_)));
}

#[tokio::test]
async fn a_session_asks_for_a_shorter_lease_and_is_told_when_it_is_over() {
    let mut client = Server::start().await.client().await;
    let request = v1::CreateSessionRequest { lease_seconds: 1, ..(&config(1)).into() };
    let session = create_session(&mut client, request).await.unwrap();
    assert_eq!(session.lease_seconds, 1);
    tokio::time::sleep(Duration::from_millis(1100)).await;
    let status = unary_step(&mut client, &session.session_id, &[Action::Left]).await.unwrap_err();
    assert_eq!(status.code(), Code::NotFound);
    assert!(status.message().contains("expired after 1 s without traffic: create a new one"), "{status}");
}

#[tokio::test]
async fn a_server_that_knows_nobody_lists_nothing() {
    let mut client = Server::start().await.client().await;
    let status = within(client.list_sessions(v1::ListSessionsRequest {})).await.unwrap_err();
    assert_eq!(status.code(), Code::PermissionDenied);
    assert!(status.message().contains("start it with --tokens"), "{status}");
}

#[tokio::test]
async fn worlds_that_are_being_made_count_as_well() {
    let limits = SessionLimits { max_lane_steps: 100_000, ..SessionLimits::default() };
    let client = Server::with_limits(limits).await.client().await;
    let course = Course::Phase { phase: Phase::Complex, split: Split::Train };
    let config = WorldConfig::base(course, 40, 1000);
    let creates = (0..8).map(|_| {
        let (mut client, config) = (client.clone(), config.clone());
        tokio::spawn(async move { create_session(&mut client, &config).await })
    });
    let mut made = 0;
    for create in creates.collect::<Vec<_>>() {
        match create.await.unwrap() {
            Ok(_) => made += 1,
            Err(status) => assert_eq!(status.code(), Code::ResourceExhausted, "{status}"),
        }
    }
    assert_eq!(made, 2);
}
