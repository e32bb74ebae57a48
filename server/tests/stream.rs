//! The service over real sockets: sessions, the stream, its errors and its ends.
#![allow(clippy::unwrap_used, reason = "tests")]

mod support;

use std::sync::Arc;
use std::time::Duration;

use spikedrive_env::{
    Action, Circuit, CircuitMode, Course, EndReason, Phase, Split, StepBatch, VectorWorld, WorldConfig,
};
use spikedrive_proto::v1::create_session_request::Course as WireCourse;
use spikedrive_proto::v1::stream_response::Outcome;
use spikedrive_proto::{convert, v1};
use spikedrive_server::sessions::SessionLimits;
use support::{Driving, Server, close, config, connect, create, create_session, within};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tonic::client::Grpc;
use tonic::codegen::http::uri::PathAndQuery;
use tonic::{Code, Request, Status};
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_check_response::ServingStatus;
use tonic_health::pb::health_client::HealthClient;

/// Well formed, but of no session.
const NOBODY: &str = "00000000000000000000000000000000";

fn phase_course(phase: u32, split: i32) -> Option<WireCourse> {
    Some(WireCourse::Phase(v1::PhaseCourse { phase, split }))
}

fn oval() -> String {
    let row = |i| {
        let (sin, cos) = (std::f64::consts::TAU * f64::from(i) / 100.0).sin_cos();
        format!("{},{},5,5\n", 100.0 * cos, 60.0 * sin)
    };
    (0..100).map(row).collect()
}

/// Lane 0 leaves the road, lane 1 drives straight ahead, and the others steer to the side with more room.
fn drive(observations: &[f32]) -> Vec<Action> {
    let steer = |(lane, rays): (usize, &[f32])| match (lane, rays[0] - rays[2]) {
        (0, _) => Action::Left,
        (1, _) => Action::Straight,
        (_, more_on_the_left) if more_on_the_left > 1.0 => Action::Left,
        (_, more_on_the_left) if more_on_the_left < -1.0 => Action::Right,
        _ => Action::Straight,
    };
    observations.chunks(3).enumerate().map(steer).collect()
}

fn status(result: Result<impl Sized, Status>) -> (Code, String) {
    let status = result.err().unwrap();
    (status.code(), status.message().to_owned())
}

#[tokio::test]
async fn the_spec_tells_versions_spaces_tracks_and_limits() {
    let limits = SessionLimits { max_sessions: 12, lease: Duration::from_secs(34), ..SessionLimits::default() };
    let mut client = Server::with_limits(limits).await.client().await;
    for protocol_major in [0, 1] {
        let spec = within(client.get_spec(v1::GetSpecRequest { protocol_major })).await.unwrap().into_inner();
        assert_eq!((spec.environment_id.as_str(), spec.protocol_major), ("SpikeDrive-v1", 1));
        assert_eq!(spec.server_version, env!("CARGO_PKG_VERSION"));
        let observations = spec.observation_space.unwrap();
        assert_eq!(observations.names, ["left", "center", "right"]);
        assert_eq!((observations.low, observations.high), (vec![0.0; 3], vec![20.0; 3]));
        assert_eq!(spec.action_space.unwrap().meanings, ["left", "straight", "right"]);
        assert_eq!(spec.phases.iter().map(|phase| phase.phase).collect::<Vec<_>>(), [1, 2, 3, 4]);
        let splits: Vec<_> = spec.splits.iter().map(|s| (s.split(), s.first_track, s.tracks)).collect();
        let expected = [(v1::Split::Train, 0, 200), (v1::Split::Validation, 20_000, 20), (v1::Split::Test, 30_000, 50)];
        assert_eq!(splits, expected);
        assert_eq!(spec.autoreset_modes, [1, 2, 3], "NEXT_STEP, DISABLED and SAME_STEP");
        let limits = spec.limits.unwrap();
        assert_eq!((limits.max_sessions, limits.lease_seconds), (12, 34));
        assert_eq!((limits.max_lanes, limits.max_horizon, limits.max_lane_steps), (4096, 10_000, 1_000_000));
    }
}

#[tokio::test]
async fn a_client_of_another_major_version_is_told_what_to_upgrade() {
    let mut client = Server::start().await.client().await;
    let refusal = status(within(client.get_spec(v1::GetSpecRequest { protocol_major: 2 })).await);
    assert_eq!(refusal, (Code::FailedPrecondition, "server speaks v1, client v2: upgrade the server".to_owned()));
}

#[tokio::test]
async fn a_new_session_tells_first_observations_and_what_the_defaults_became() {
    let mut client = Server::start().await.client().await;
    let request = v1::CreateSessionRequest { lanes: 4, course: phase_course(3, 2), seed: 9, ..Default::default() };
    let session = create_session(&mut client, request).await.unwrap();
    assert_eq!((session.horizon, session.autoreset_mode()), (100, v1::AutoresetMode::NextStep));
    assert_eq!((session.session_id.len(), session.lap_length), (32, 0.0));
    let course = Course::Phase { phase: Phase::Sharp, split: Split::Validation };
    let world = VectorWorld::new(WorldConfig { seed: 9, ..WorldConfig::base(course, 4, 100) }).unwrap();
    assert_eq!(session.observations, convert::observation_bytes(world.observations()));
}

#[tokio::test]
async fn bad_requests_name_field_value_and_range() {
    let server = Server::with_room_for(1).await;
    let mut client = server.client().await;
    let good = v1::CreateSessionRequest { lanes: 1, course: phase_course(4, 1), ..Default::default() };
    let circuit = |csv: &str| {
        Some(WireCourse::Circuit(v1::CircuitCourse { name: "bad".to_owned(), csv: csv.to_owned(), mode: 0 }))
    };
    for (bad, reason) in [
        (v1::CreateSessionRequest { lanes: 0, ..good.clone() }, "lanes: 0 is outside 1..=4096"),
        (v1::CreateSessionRequest { lanes: 4097, ..good.clone() }, "lanes: 4097 is outside 1..=4096"),
        (v1::CreateSessionRequest { horizon: 10_001, ..good.clone() }, "horizon: 10001 is outside 1..=10000 steps"),
        (
            v1::CreateSessionRequest { lanes: 200, horizon: 5001, ..good.clone() },
            "lanes: 200 lanes × horizon 5001 = 1000200 is more than 1000000: use fewer lanes or a shorter horizon",
        ),
        (
            v1::CreateSessionRequest { autoreset_mode: 7, ..good.clone() },
            "autoreset_mode: 7 is no mode: use 1 (NEXT_STEP), 2 (DISABLED) or 3 (SAME_STEP)",
        ),
        (
            v1::CreateSessionRequest { course: None, ..good.clone() },
            "course: missing: give a phase (with its split) or a circuit",
        ),
        (
            v1::CreateSessionRequest { course: phase_course(5, 1), ..good.clone() },
            "phase.phase: phase 5 does not exist: use 1 (straight), 2 (gentle curves), 3 (sharp turns) or 4 (complex)",
        ),
        (
            v1::CreateSessionRequest { course: phase_course(4, 0), ..good.clone() },
            "phase.split: 0 is no split: use 1 (TRAIN), 2 (VALIDATION) or 3 (TEST)",
        ),
        (
            v1::CreateSessionRequest { course: circuit("0,0,5,-5\n"), ..good.clone() },
            "circuit.csv: line 1: w_tr_left_m is -5: a width must be above 0 m",
        ),
    ] {
        let refusal = status(create_session(&mut client, bad).await);
        assert_eq!(refusal, (Code::InvalidArgument, reason.to_owned()));
    }
    create_session(&mut client, good).await.expect("refused requests take no room");
}

#[tokio::test]
async fn a_stream_gives_what_the_world_gives_bit_for_bit() {
    let mut client = Server::start().await.client().await;
    let config = config(5);
    let mut world = VectorWorld::new(config.clone()).unwrap();
    let session = create_session(&mut client, &config).await.unwrap();
    assert_eq!(session.observations, convert::observation_bytes(world.observations()));
    let mut driving = Driving::open(&mut client).await;
    let (mut crashes, mut horizons) = (0, 0);
    for step in 0..130 {
        let actions = drive(world.observations());
        let result = if step == 0 {
            driving.send(&session.session_id, convert::action_bytes(&actions)).await;
            match driving.receive().await {
                Ok(Some(Outcome::Result(result))) => result,
                other => panic!("{other:?}"),
            }
        } else {
            driving.step(&actions).await
        };
        let batch = world.step(&actions).unwrap();
        assert_eq!(result, convert::step_result(batch, None), "step {step}");
        crashes += batch.ends.iter().filter(|end| **end == Some(EndReason::Crash)).count();
        horizons += batch.ends.iter().filter(|end| **end == Some(EndReason::Horizon)).count();
    }
    assert!(crashes >= 10 && horizons >= 10, "{crashes} crashes, {horizons} horizons");
    driving.finish().await;
}

#[tokio::test]
async fn an_uploaded_circuit_is_driven_for_a_lap() {
    let mut client = Server::start().await.client().await;
    let circuit = Arc::new(Circuit::from_csv("oval", &oval(), CircuitMode::Fit).unwrap());
    let request = v1::CreateSessionRequest {
        lanes: 3,
        course: Some(WireCourse::Circuit(v1::CircuitCourse { name: "oval".to_owned(), csv: oval(), mode: 0 })),
        ..Default::default()
    };
    let session = create_session(&mut client, request).await.unwrap();
    assert_eq!(session.lap_length, circuit.track().length());
    assert_eq!(session.horizon as usize, circuit.lap_horizon());

    let mut driving = Driving::start(&mut client, &session.session_id, 3).await;
    let mut observations = convert::read_observations(&session.observations, 3, 3).unwrap();
    let mut steps = 1;
    let lap = loop {
        let batch = convert::read_step(&driving.step(&drive(&observations)).await, 3, 3).unwrap();
        steps += 1;
        observations = batch.observations.clone();
        if batch.ends[2].is_some() {
            break batch;
        }
    };
    assert_eq!(lap.ends[2], Some(EndReason::Lap));
    assert!((f64::from(steps) / circuit.track().length() - 1.0).abs() < 0.1, "{steps} steps");
}

#[tokio::test]
async fn pipelined_requests_are_answered_in_order() {
    let mut client = Server::start().await.client().await;
    let session_id = create(&mut client, 2).await;
    let mut world = VectorWorld::new(config(2)).unwrap();
    let driving = &mut Driving::open(&mut client).await;
    for i in 0..60 {
        let actions = if i % 3 == 1 { vec![1; 100 + i] } else { vec![(i % 2) as u8; 2] };
        driving.send(if i == 0 { &session_id } else { "" }, actions).await;
    }
    for i in 0..60 {
        match driving.receive().await.unwrap().unwrap() {
            Outcome::Error(error) => {
                assert_eq!(error.message, format!("{} values for 2 lanes: send one for each lane", 100 + i));
            }
            Outcome::Result(result) => {
                let expected = world.step(&[Action::ALL[i % 2]; 2]).unwrap();
                assert_eq!(result, convert::step_result(expected, None), "request {i}");
            }
            other => panic!("{other:?}"),
        }
    }
}

#[tokio::test]
async fn a_rejected_request_changes_nothing_and_the_stream_goes_on() {
    let mut client = Server::start().await.client().await;
    let (session_id, other_id) = (create(&mut client, 3).await, create(&mut client, 3).await);
    let mut world = VectorWorld::new(config(3)).unwrap();
    let mut driving = Driving::open(&mut client).await;
    let other_session = format!("{other_id:?} is not the session of this stream, {session_id}");
    for round in 0..40 {
        for (id, actions, field, message) in [
            (
                &session_id,
                vec![0, 1, 7],
                "actions",
                "lane 2: action 7 is outside Discrete(3): use 0 (left), 1 (straight) or 2 (right)",
            ),
            (&session_id, vec![0, 1], "actions", "2 values for 3 lanes: send one for each lane"),
            (&session_id, vec![], "actions", "0 values for 3 lanes: send one for each lane"),
            (&other_id, vec![0, 1, 2], "session_id", &other_session),
        ] {
            if round == 0 && id == &other_id {
                continue;
            }
            let error = driving.rejection(id, actions).await;
            assert_eq!((error.code, error.field.as_str()), (Code::InvalidArgument as u32, field));
            assert_eq!(error.message, message);
        }
        let actions = drive(world.observations());
        let expected = convert::step_result(world.step(&actions).unwrap(), None);
        assert_eq!(driving.step(&actions).await, expected, "round {round}");
    }
    close(&mut client, &other_id).await.expect("the other session was never driven");
}

#[tokio::test]
async fn an_unknown_session_ends_the_stream() {
    let mut client = Server::start().await.client().await;
    for (session_id, code, text) in [
        (NOBODY, Code::NotFound, "session 00000000000000000000000000000000 does not exist"),
        ("", Code::InvalidArgument, "session_id: \"\" is no session id"),
        ("nonsense", Code::InvalidArgument, "session_id: \"nonsense\" is no session id"),
    ] {
        let mut driving = Driving::open(&mut client).await;
        driving.send(session_id, vec![1]).await;
        let (ended_with, message) = driving.end().await;
        assert_eq!(ended_with, code, "{message}");
        assert!(message.starts_with(text), "{message}");
    }
}

#[tokio::test]
async fn a_session_has_one_stream() {
    let server = Server::start().await;
    let (mut client, mut rival) = (server.client().await, server.client().await);
    let session_id = create(&mut client, 1).await;
    let mut first = Driving::start(&mut client, &session_id, 1).await;
    let mut second = Driving::open(&mut rival).await;
    second.send(&session_id, vec![1]).await;
    let (code, message) = second.end().await;
    assert_eq!(code, Code::FailedPrecondition);
    assert!(message.contains("is driven by another stream or call: create a session for each stream"), "{message}");
    first.step(&[Action::Straight]).await;
}

#[tokio::test]
async fn a_full_server_says_so_and_the_end_of_a_stream_makes_room() {
    let server = Server::with_room_for(1).await;
    let mut client = server.client().await;
    for _ in 0..3 {
        let session_id = create(&mut client, 1).await;
        let (code, message) = status(create_session(&mut client, &config(1)).await);
        assert_eq!(code, Code::ResourceExhausted);
        let text =
            "the server holds 1 sessions, as many as it may: close some, or start it with a larger --max-sessions";
        assert_eq!(message, text);
        Driving::start(&mut client, &session_id, 1).await.finish().await;
        assert_eq!(status(close(&mut client, &session_id).await).0, Code::NotFound);
    }
}

#[tokio::test]
async fn a_client_that_vanishes_frees_its_session() {
    let server = Server::with_room_for(1).await;
    let mut vanishing = server.client().await;
    let session_id = create(&mut vanishing, 1).await;
    let driving = Driving::start(&mut vanishing, &session_id, 1).await;
    drop((driving, vanishing));
    let mut client = server.client().await;
    within(async {
        while create_session(&mut client, &config(1)).await.is_err() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    })
    .await;
}

#[tokio::test]
async fn closing_frees_a_session_that_no_stream_drives() {
    let mut client = Server::with_room_for(1).await.client().await;
    let session_id = create(&mut client, 1).await;
    close(&mut client, &session_id).await.unwrap();
    create(&mut client, 1).await;
    for (session_id, code) in
        [(session_id.as_str(), Code::NotFound), (NOBODY, Code::NotFound), ("x", Code::InvalidArgument)]
    {
        assert_eq!(status(close(&mut client, session_id).await).0, code, "{session_id}");
    }
}

#[tokio::test]
async fn closing_a_driven_session_ends_its_stream() {
    let mut client = Server::with_room_for(1).await.client().await;
    let session_id = create(&mut client, 1).await;
    let mut driving = Driving::start(&mut client, &session_id, 1).await;
    close(&mut client, &session_id).await.unwrap();
    assert_eq!(driving.end().await, (Code::NotFound, "the session was closed".to_owned()));
    create(&mut client, 1).await;
}

#[tokio::test]
async fn a_session_that_no_stream_drives_is_freed_when_its_lease_ends() {
    let lease = Duration::from_millis(50);
    let mut client =
        Server::with_limits(SessionLimits { max_sessions: 1, lease, ..SessionLimits::default() }).await.client().await;
    let session_id = create(&mut client, 1).await;
    tokio::time::sleep(lease).await;
    let mut driving = Driving::open(&mut client).await;
    driving.send(&session_id, vec![1]).await;
    assert_eq!(driving.end().await.0, Code::NotFound);
    create(&mut client, 1).await;
    tokio::time::sleep(lease).await;
    create(&mut client, 1).await;
}

#[tokio::test]
async fn a_message_that_cannot_be_read_ends_its_stream_and_nothing_else() {
    let server = Server::with_room_for(2).await;
    let mut client = server.client().await;
    let bystander_id = create(&mut client, 1).await;
    let mut bystander = Driving::start(&mut client, &bystander_id, 1).await;

    let session_id = create(&mut client, 1).await;
    let mut driving = Driving::start(&mut client, &session_id, 1).await;
    driving.send(&session_id, vec![1; 5 << 20]).await;
    let (code, message) = driving.end().await;
    assert_eq!(code, Code::OutOfRange, "{message}");
    assert!(message.contains("the limit is: 4194304 bytes"), "{message}");

    let csv = "#".repeat(5 << 20);
    let course = Some(WireCourse::Circuit(v1::CircuitCourse { name: "huge".to_owned(), csv, mode: 0 }));
    let request = v1::CreateSessionRequest { lanes: 1, course, ..Default::default() };
    assert_eq!(status(create_session(&mut client, request).await).0, Code::OutOfRange);

    assert_eq!(send_another_message_type(&server).await.code(), Code::Internal);
    create(&mut client, 1).await;
    bystander.step(&[Action::Straight]).await;
}

/// Sends a number where a stream request has its session id.
async fn send_another_message_type(server: &Server) -> Status {
    let mut client = Grpc::new(server.channel().await);
    client.ready().await.unwrap();
    let requests = tokio_stream::iter([v1::GetSpecRequest { protocol_major: 1 }]);
    let path = PathAndQuery::from_static("/spikedrive.v1.EnvironmentService/Stream");
    let codec = tonic_prost::ProstCodec::<v1::GetSpecRequest, v1::StreamResponse>::default();
    let mut responses = within(client.streaming(Request::new(requests), path, codec)).await.unwrap().into_inner();
    within(responses.message()).await.unwrap_err()
}

#[tokio::test]
async fn bytes_that_are_no_http_end_their_connection_and_nothing_else() {
    let server = Server::start().await;
    let mut client = server.client().await;
    let session_id = create(&mut client, 1).await;
    let mut driving = Driving::start(&mut client, &session_id, 1).await;
    for seed in 0..20u64 {
        let random = |i: u64| (seed + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15).wrapping_mul(2 * i + 1).to_be_bytes();
        let preface: &[u8] = if seed % 2 == 0 { b"" } else { b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" };
        let mut socket = TcpStream::connect(server.address).await.unwrap();
        let noise: Vec<u8> = preface.iter().copied().chain((0..512).flat_map(random)).collect();
        // Either side may already have hung up.
        let _ = socket.write_all(&noise).await;
        let _ = socket.shutdown().await;
        let _ = within(socket.read_to_end(&mut Vec::new())).await;
    }
    driving.step(&[Action::Straight]).await;
    create(&mut server.client().await, 1).await;
}

#[tokio::test]
async fn health_is_serving() {
    let server = Server::start().await;
    let mut client = HealthClient::new(server.channel().await);
    for service in ["", "spikedrive.v1.EnvironmentService"] {
        let answer = within(client.check(HealthCheckRequest { service: service.to_owned() })).await.unwrap();
        assert_eq!(answer.into_inner().status(), ServingStatus::Serving, "{service:?}");
    }
    let unknown = within(client.check(HealthCheckRequest { service: "other".to_owned() })).await;
    assert_eq!(status(unknown).0, Code::NotFound);
}

#[tokio::test]
async fn a_shutdown_ends_every_stream_and_serve_returns() {
    let server = Server::start().await;
    let mut client = server.client().await;
    let session_id = create(&mut client, 1).await;
    let mut driven = Driving::start(&mut client, &session_id, 1).await;
    let mut nameless = Driving::open(&mut client).await;
    server.shutdown.cancel();
    for stream in [&mut driven, &mut nameless] {
        assert_eq!(stream.end().await, (Code::Unavailable, "the server is shutting down".to_owned()));
    }
    within(server.serving).await.unwrap().unwrap();
    assert!(connect(&server.address.to_string()).await.is_err());
}

#[tokio::test]
async fn sessions_do_not_touch_each_other() {
    let mut client = Server::start().await.client().await;
    let mut sessions = Vec::new();
    for seed in 0..4 {
        let config = WorldConfig { seed, ..config(2) };
        let session_id = create_session(&mut client, &config).await.unwrap().session_id;
        let mut world = VectorWorld::new(config).unwrap();
        world.step(&[Action::Straight; 2]).unwrap();
        sessions.push((Driving::start(&mut client, &session_id, 2).await, world));
    }
    for step in 0..60 {
        for (driving, world) in &mut sessions {
            let actions = drive(world.observations());
            let expected: &StepBatch = world.step(&actions).unwrap();
            assert_eq!(driving.step(&actions).await, convert::step_result(expected, None), "step {step}");
        }
    }
}
