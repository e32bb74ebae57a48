//! The unary twins, autoreset modes DISABLED and SAME_STEP, the options of the world, and reflection: on real sockets.
#![allow(clippy::unwrap_used, reason = "tests")]

mod support;

use spikedrive_env::{Action, Autoreset, EndReason, VectorWorld, WorldConfig, WorldOptions, WorldPreset};
use spikedrive_proto::convert::{action_bytes, read_info, read_observations, read_step};
use spikedrive_proto::v1;
use spikedrive_proto::v1::stream_request::Command;
use spikedrive_proto::v1::stream_response::Outcome;
use support::{Client, Driving, Server, config, create_session, within};
use tonic::{Code, Status};

async fn step(client: &mut Client, session_id: &str, actions: &[Action]) -> Result<v1::StepResult, Status> {
    let request = v1::StepRequest { session_id: session_id.to_owned(), actions: action_bytes(actions) };
    within(client.step(request)).await.map(|response| response.into_inner().result.unwrap())
}

async fn reset(client: &mut Client, session_id: &str, reset_mask: Vec<u8>) -> Result<Vec<u8>, Status> {
    let request = v1::ResetRequest { session_id: session_id.to_owned(), reset_mask };
    within(client.reset(request)).await.map(|response| response.into_inner().observations)
}

fn disabled(lanes: usize) -> WorldConfig {
    WorldConfig { autoreset: Autoreset::Disabled, ..config(lanes) }
}

#[tokio::test]
async fn unary_steps_give_what_the_world_gives_bit_for_bit() {
    let server = Server::start().await;
    let mut client = server.client().await;
    let session = create_session(&mut client, &config(3)).await.unwrap().session_id;
    let mut world = VectorWorld::new(config(3)).unwrap();
    for k in 0..60 {
        let actions = [Action::ALL[k % 3], Action::Straight, Action::ALL[k / 2 % 3]];
        let result = step(&mut client, &session, &actions).await.unwrap();
        assert_eq!(&read_step(&result, 3, 3).unwrap(), world.step(&actions).unwrap());
    }
    let observations = reset(&mut client, &session, vec![]).await.unwrap();
    assert_eq!(read_observations(&observations, 3, 3).unwrap(), world.reset(&[true; 3]).unwrap().observations);
}

#[tokio::test]
async fn a_lane_whose_episode_is_over_waits_for_its_reset_in_mode_disabled() {
    let server = Server::start().await;
    let mut client = server.client().await;
    let session = create_session(&mut client, &disabled(2)).await.unwrap();
    assert_eq!(session.autoreset_mode(), v1::AutoresetMode::Disabled);
    let mut driving = Driving::open(&mut client).await;
    driving.send(&session.session_id, action_bytes(&[Action::Left; 2])).await;
    let mut world = VectorWorld::new(disabled(2)).unwrap();
    let mut batch = world.step(&[Action::Left; 2]).unwrap().clone();
    while batch.ends == [None, None] {
        assert!(matches!(driving.receive().await, Ok(Some(Outcome::Result(_)))));
        driving.send("", action_bytes(&[Action::Left; 2])).await;
        batch = world.step(&[Action::Left; 2]).unwrap().clone();
    }
    assert!(batch.ends.contains(&Some(EndReason::Crash)));
    assert!(matches!(driving.receive().await, Ok(Some(Outcome::Result(_)))));

    let error = driving.rejection("", action_bytes(&[Action::Left; 2])).await;
    assert_eq!(error.code, Code::FailedPrecondition as u32);
    assert!(error.message.contains("is over and autoreset is DISABLED: reset it first"), "{}", error.message);

    let mask: Vec<bool> = batch.ends.iter().map(Option::is_some).collect();
    driving.command("", Command::ResetMask(mask.iter().map(|&ended| u8::from(ended)).collect())).await;
    let Ok(Some(Outcome::Result(result))) = driving.receive().await else { panic!("no result") };
    assert_eq!(&read_step(&result, 2, 3).unwrap(), world.reset(&mask).unwrap());
    driving.command("", Command::ResetMask(vec![2, 0].into())).await;
    let Ok(Some(Outcome::Error(error))) = driving.receive().await else { panic!("no error") };
    assert!(error.field == "reset_mask" && error.message.contains("2 is neither 0 (keep) nor 1 (reset)"));
}

#[tokio::test]
async fn same_step_answers_an_end_with_the_final_and_the_next_observation() {
    let server = Server::start().await;
    let mut client = server.client().await;
    let config = WorldConfig { autoreset: Autoreset::SameStep, info: true, ..config(3) };
    let session = create_session(&mut client, &config).await.unwrap();
    assert_eq!(session.autoreset_mode(), v1::AutoresetMode::SameStep);
    let mut driving = Driving::start(&mut client, &session.session_id, 3).await;
    let mut world = VectorWorld::new(config).unwrap();
    world.step(&[Action::Straight; 3]).unwrap();
    let mut finals = 0;
    for k in 0..80 {
        let result = if k == 40 {
            driving.command("", Command::ResetMask(vec![0, 1, 0].into())).await;
            world.reset(&[false, true, false]).unwrap();
            let Ok(Some(Outcome::Result(result))) = driving.receive().await else { panic!("no result") };
            result
        } else {
            let actions = [Action::ALL[k % 3], Action::Straight, Action::ALL[k / 2 % 3]];
            world.step(&actions).unwrap();
            driving.step(&actions).await
        };
        let batch = read_step(&result, 3, 3).unwrap();
        assert_eq!(&batch, world.batch(), "step {k}");
        assert_eq!(Some(&read_info(&result.info.unwrap(), 3).unwrap()), world.info(), "step {k}");
        assert_eq!(batch.final_observations.len(), 3 * batch.ends.iter().flatten().count());
        finals += batch.final_observations.len();
    }
    assert!(finals >= 9, "an episode of 25 steps at most ends at least once in each lane");
}

#[tokio::test]
async fn unary_calls_that_do_not_fit_change_nothing() {
    let server = Server::start().await;
    let mut client = server.client().await;
    let session = create_session(&mut client, &config(2)).await.unwrap().session_id;
    let wrong = step(&mut client, &session, &[Action::Left]).await.unwrap_err();
    assert_eq!(wrong.code(), Code::InvalidArgument);
    assert!(wrong.message().contains("actions: 1 values for 2 lanes"), "{}", wrong.message());
    let wrong = reset(&mut client, &session, vec![1]).await.unwrap_err();
    assert!(wrong.message().contains("reset_mask: 1 values for 2 lanes"), "{}", wrong.message());
    let result = step(&mut client, &session, &[Action::Left; 2]).await.unwrap();
    let mut world = VectorWorld::new(config(2)).unwrap();
    assert_eq!(&read_step(&result, 2, 3).unwrap(), world.step(&[Action::Left; 2]).unwrap());

    let _driving = Driving::start(&mut client, &session, 2).await;
    assert_eq!(step(&mut client, &session, &[Action::Left; 2]).await.unwrap_err().code(), Code::FailedPrecondition);
    let unknown = "0".repeat(32);
    assert_eq!(step(&mut client, &unknown, &[Action::Left]).await.unwrap_err().code(), Code::NotFound);
}

#[tokio::test]
async fn options_are_echoed_and_in_force() {
    let server = Server::start().await;
    let mut client = server.client().await;
    let options = WorldOptions { rays: 5, varying_width: true, ..WorldPreset::HardStorm.options() };
    let config = WorldConfig { options, ..config(4) };
    let session = create_session(&mut client, &config).await.unwrap();
    assert_eq!(session.options.unwrap(), v1::WorldOptions::from(&options));
    assert_eq!(session.observation_space.unwrap().names.len(), 5);
    let mut world = VectorWorld::new(config).unwrap();
    assert_eq!(read_observations(&session.observations, 4, 5).unwrap(), world.observations());
    for _ in 0..40 {
        let result = step(&mut client, &session.session_id, &[Action::Straight; 4]).await.unwrap();
        assert_eq!(&read_step(&result, 4, 5).unwrap(), world.step(&[Action::Straight; 4]).unwrap());
    }
}

#[tokio::test]
async fn every_call_tells_where_the_cars_are_to_those_who_ask() {
    let server = Server::start().await;
    let mut client = server.client().await;
    let config = WorldConfig { info: true, ..config(2) };
    let mut world = VectorWorld::new(config.clone()).unwrap();
    let told = |info: Option<v1::LaneInfo>| read_info(&info.unwrap(), 2).unwrap();
    let session = create_session(&mut client, &config).await.unwrap();
    assert_eq!(Some(&told(session.info)), world.info());
    let result = step(&mut client, &session.session_id, &[Action::Left; 2]).await.unwrap();
    world.step(&[Action::Left; 2]).unwrap();
    assert_eq!(Some(&told(result.info)), world.info());
    let request = v1::ResetRequest { session_id: session.session_id.clone(), reset_mask: vec![0, 1] };
    let reset = within(client.reset(request)).await.unwrap().into_inner();
    world.reset(&[false, true]).unwrap();
    assert_eq!(Some(&told(reset.info)), world.info());
    let mut driving = Driving::start(&mut client, &session.session_id, 2).await;
    world.step(&[Action::Straight; 2]).unwrap();
    let result = driving.step(&[Action::Right; 2]).await;
    world.step(&[Action::Right; 2]).unwrap();
    assert_eq!(Some(&told(result.info)), world.info());
    assert_eq!(world.info().unwrap().roads, []);
}

#[tokio::test]
async fn nobody_else_is_told_anything() {
    let server = Server::start().await;
    let mut client = server.client().await;
    let session = create_session(&mut client, &config(2)).await.unwrap();
    let result = step(&mut client, &session.session_id, &[Action::Left; 2]).await.unwrap();
    let request = v1::ResetRequest { session_id: session.session_id, reset_mask: Vec::new() };
    let reset = within(client.reset(request)).await.unwrap().into_inner();
    assert_eq!((session.info, result.info, reset.info), (None, None, None));
}

#[tokio::test]
async fn absent_options_are_the_base_task_and_bad_ones_name_their_range() {
    let server = Server::start().await;
    let mut client = server.client().await;
    let request = v1::CreateSessionRequest { options: None, ..(&config(1)).into() };
    let session = create_session(&mut client, request.clone()).await.unwrap();
    assert_eq!(session.options.unwrap(), v1::WorldOptions::from(&WorldOptions::default()));
    for (options, text) in [
        (v1::WorldOptions { rays: 4, ..Default::default() }, "rays: 4 is none of 3, 5, 7, 9"),
        (v1::WorldOptions { gust: f64::NAN, ..Default::default() }, "gust: NaN is outside [0, 0.3]"),
        (v1::WorldOptions { actuator_lag: 1.5, ..Default::default() }, "actuator_lag: 1.5 is outside (0, 1]"),
        (v1::WorldOptions { sensor_latency: 99, ..Default::default() }, "sensor_latency: 99 is outside 0..=20"),
    ] {
        let bad = v1::CreateSessionRequest { options: Some(options), ..request.clone() };
        let status = create_session(&mut client, bad).await.unwrap_err();
        assert_eq!(status.code(), Code::InvalidArgument);
        assert!(status.message().contains(text), "{}", status.message());
    }
}

#[tokio::test]
async fn reflection_lists_the_services_in_both_versions() {
    use tonic_reflection::pb::{v1 as current, v1alpha};
    let server = Server::start().await;
    let ask = tokio_stream::once(current::ServerReflectionRequest {
        host: String::new(),
        message_request: Some(current::server_reflection_request::MessageRequest::ListServices(String::new())),
    });
    let mut client = current::server_reflection_client::ServerReflectionClient::new(server.channel().await);
    let mut answers = within(client.server_reflection_info(ask)).await.unwrap().into_inner();
    let answer = format!("{:?}", within(answers.message()).await.unwrap().unwrap());
    assert!(
        answer.contains("spikedrive.v1.EnvironmentService") && answer.contains("grpc.health.v1.Health"),
        "{answer}"
    );

    let ask = tokio_stream::once(v1alpha::ServerReflectionRequest {
        host: String::new(),
        message_request: Some(v1alpha::server_reflection_request::MessageRequest::FileContainingSymbol(
            "spikedrive.v1.CreateSessionRequest".to_owned(),
        )),
    });
    let mut client = v1alpha::server_reflection_client::ServerReflectionClient::new(server.channel().await);
    let mut answers = within(client.server_reflection_info(ask)).await.unwrap().into_inner();
    let answer = format!("{:?}", within(answers.message()).await.unwrap().unwrap());
    assert!(answer.contains("FileDescriptorResponse"), "{answer}");
}
