//! `/ws/drive`: a person at the wheel. The world waits for nobody: it takes the keys as they are, so many times a second.

use std::sync::Arc;

use axum::extract::State;
use axum::extract::ws::WebSocketUpgrade;
use axum::extract::ws::rejection::WebSocketUpgradeRejection;
use axum::response::Response;
use serde_json::{Value, json};
use spikedrive_env::{Action, EndReason};
use spikedrive_proto::v1;
use spikedrive_proto::v1::publish_request::Event;
use tokio::time::{Duration, Instant, Interval, MissedTickBehavior, interval_at};

use super::Web;
use super::answer::Refusal;
use super::drive_request::{Ask, Said};
use super::socket::{Closed, Socket, admit};
use crate::driving::{Beginning, Outlook, Session, Sight};
use crate::hub::encode;
use crate::store::Ghost;

/// Longest message of a driver, in bytes: a circuit file, with every character escaped.
const MAX_MESSAGE: usize = 4 << 20;

/// Opens the socket.
pub(crate) async fn drive(
    State(web): State<Web>,
    upgrade: Result<WebSocketUpgrade, WebSocketUpgradeRejection>,
) -> Result<Response, Refusal> {
    let upgrade = upgrade?;
    let place = admit(&web.drivers)?;
    let upgrade = upgrade.max_message_size(MAX_MESSAGE);
    Ok(upgrade.on_upgrade(move |socket| async move {
        let shutdown = web.shutdown.clone();
        let mut driver = Driver { socket: Socket::new(socket), web, episodes: 0, driving: None };
        if shutdown.run_until_cancelled(driver.drive()).await.is_none() {
            driver.socket.close("the dashboard is shutting down").await;
        }
        drop(place);
    }))
}

/// A person at the wheel, or about to take it.
struct Driver {
    socket: Socket,
    web: Web,
    /// Number of episodes that were begun.
    episodes: u32,
    driving: Option<Driving>,
}

/// An episode that goes on.
struct Driving {
    session: Session,
    ticks: Interval,
    paused: bool,
    /// What the keys say.
    action: Action,
    /// What was shown last.
    frame: v1::Frame,
    ghosts: Value,
    horizon: u32,
    lap_length: f64,
}

impl Driver {
    /// Ends when the driver is gone.
    async fn drive(&mut self) -> Result<(), Closed> {
        loop {
            let tick = async {
                match &mut self.driving {
                    Some(driving) if !driving.paused => drop(driving.ticks.tick().await),
                    _ => std::future::pending().await,
                }
            };
            tokio::select! {
                said = self.socket.receive() => if let Some(text) = said? {
                    self.obey(&text).await?;
                },
                () = tick => self.step().await?,
            }
        }
    }

    async fn obey(&mut self, text: &str) -> Result<(), Closed> {
        let said = match Said::parse(text) {
            Ok(said) => said,
            Err(error) => return self.refuse(&error).await,
        };
        match (said, &mut self.driving) {
            (Said::Start(ask), _) => self.start(&ask).await,
            (Said::Action(action), Some(driving)) => {
                driving.action = action;
                Ok(())
            }
            (Said::Paused(paused), Some(driving)) => {
                driving.paused = paused;
                driving.ticks.reset();
                self.tell(None).await
            }
            (Said::Stop, Some(_)) => self.end("stopped").await,
            // The keys may go on a moment longer than the car.
            (Said::Action(_) | Said::Paused(_) | Said::Stop, None) => Ok(()),
        }
    }

    /// Begins an episode.
    async fn start(&mut self, ask: &Ask) -> Result<(), Closed> {
        // The session of an episode that is broken off is freed first.
        self.driving = None;
        let (session, beginning) = match Session::open(&self.web.server, ask.session()).await {
            Ok(opened) => opened,
            Err(error) => return self.refuse(&error).await,
        };
        self.episodes += 1;
        let ghosts = self.ghosts(ask).await;
        let v1::LaneRoad { track, closed, centre, half_widths, .. } = beginning.road;
        let road = v1::Road { episode: self.episodes, name: ask.road_name(track), closed, centre, half_widths };
        let frame = v1::Frame {
            episode: self.episodes,
            phase: ask.phase(),
            action: Action::Straight as u32,
            mode: v1::DriveMode::Driving.into(),
            ..v1::Frame::default()
        };
        let period = Duration::from_secs_f64(1.0 / ask.rate());
        let mut ticks = interval_at(Instant::now() + period, period);
        // After a stall the world goes on at its pace: nobody could follow what was missed.
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let frame = seen(frame, beginning.sight);
        self.socket.binary(encode(Event::Road(road))).await?;
        self.socket.binary(encode(Event::Frame(frame.clone()))).await?;
        let ghosts = json!(ghosts);
        let Beginning { horizon, lap_length, .. } = beginning;
        let action = Action::Straight;
        self.driving = Some(Driving { session, ticks, paused: false, action, frame, ghosts, horizon, lap_length });
        if !beginning.warnings.is_empty() {
            self.socket.text(&json!({ "warnings": beginning.warnings })).await?;
        }
        self.tell(None).await
    }

    async fn ghosts(&mut self, ask: &Ask) -> Vec<Ghost> {
        let Some((phase, test_track, options)) = ask.test_course() else { return Vec::new() };
        let store = Arc::clone(&self.web.store);
        let found = tokio::task::spawn_blocking(move || store.ghosts(phase, test_track, &options)).await;
        // Without a ghost one can drive as well.
        found.ok().and_then(Result::ok).unwrap_or_default()
    }

    /// One step of the world with the keys as they are, and what the driver sees then.
    async fn step(&mut self) -> Result<(), Closed> {
        let Some(driving) = &mut self.driving else { return Ok(()) };
        let action = driving.action;
        let Outlook { sight, reward, end } = match driving.session.step(action).await {
            Ok(outlook) => outlook,
            Err(error) => {
                self.refuse(&error).await?;
                return self.end("lost").await;
            }
        };
        let mut frame = seen(driving.frame.clone(), sight);
        frame.step += 1;
        frame.action = action as u32;
        frame.reward = reward;
        frame.episode_return += reward;
        driving.frame = frame.clone();
        self.socket.binary(encode(Event::Frame(frame))).await?;
        match end {
            None => Ok(()),
            Some(EndReason::Crash) => self.end("crash").await,
            Some(EndReason::Horizon) => self.end("horizon").await,
            Some(EndReason::Lap) => self.end("lap").await,
        }
    }

    async fn end(&mut self, reason: &'static str) -> Result<(), Closed> {
        let told = self.tell(Some(reason)).await;
        self.driving = None;
        told
    }

    /// How the episode stands.
    async fn tell(&mut self, over: Option<&str>) -> Result<(), Closed> {
        let Some(Driving { paused, frame, ghosts, horizon, lap_length, .. }) = &self.driving else { return Ok(()) };
        let state = json!({
            "state": if over.is_some() { "over" } else { "driving" },
            "reason": over,
            "paused": paused,
            "return": frame.episode_return,
            "steps": frame.step,
            "horizon": horizon,
            "lap_length": lap_length,
            "ghosts": ghosts,
        });
        self.socket.text(&state).await
    }

    async fn refuse(&mut self, error: &impl ToString) -> Result<(), Closed> {
        self.socket.text(&json!({ "error": error.to_string() })).await
    }
}

fn seen(frame: v1::Frame, Sight { x, y, heading_rad, observation }: Sight) -> v1::Frame {
    v1::Frame { x, y, heading_rad, observation, ..frame }
}
