//! `/ws/live`: what a run does now, and the wishes of who looks at it.
//!
//! Each viewer has a task of its own that asks the hub for what is new since it last looked. One that is slow gets fewer pictures; one
//! that takes nothing for a while is let go.

use std::sync::Arc;

use axum::extract::rejection::QueryRejection;
use axum::extract::ws::WebSocketUpgrade;
use axum::extract::ws::rejection::WebSocketUpgradeRejection;
use axum::extract::{Query, State};
use axum::response::Response;
use serde::Deserialize;
use serde_json::{Value, json};
use spikedrive_proto::v1;
use spikedrive_proto::v1::publish_request::Event;
use tokio::sync::watch;
use tokio::time::{Duration, Instant, sleep_until};

use super::Web;
use super::answer::Refusal;
use super::socket::{Closed, Socket, admit};
use crate::hub::{Asked, EpisodesFrom, LiveRun, Viewing, Wish, encode};
use crate::names::Name;
use crate::store::Store;

/// Longest message of a viewer, in bytes.
const MAX_MESSAGE: usize = 4096;
/// Pictures are this far apart at least: 60 a second.
const FRAME_INTERVAL: Duration = Duration::from_micros(16_667);
/// A count of dropped messages alone is told this often at most.
const COUNT_INTERVAL: Duration = Duration::from_secs(1);
/// Most records of episodes in a message.
const MAX_EPISODES: usize = 500;

/// What to look at.
#[derive(Deserialize)]
pub(crate) struct Target {
    /// The run; without it the newest that is live, and the next one when that has ended.
    run: Option<String>,
    /// How many of its episodes the viewer has already; without it those that are there now.
    from: Option<u64>,
}

/// What a viewer says.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Said {
    paused: Option<bool>,
    step: Option<u64>,
    speed: Option<f64>,
}

/// Opens the socket.
pub(crate) async fn live(
    State(web): State<Web>,
    target: Result<Query<Target>, QueryRejection>,
    upgrade: Result<WebSocketUpgrade, WebSocketUpgradeRejection>,
) -> Result<Response, Refusal> {
    let (Query(target), upgrade) = (target?, upgrade?);
    let run = target.run.map(|run| run.parse::<Name>()).transpose()?;
    let place = admit(&web.viewers)?;
    let upgrade = upgrade.max_message_size(MAX_MESSAGE);
    Ok(upgrade.on_upgrade(move |socket| async move {
        let hub = web.hub.changes();
        let viewer = Viewer { socket: Socket::new(socket), run, from: target.from, hub, web };
        viewer.look().await;
        drop(place);
    }))
}

/// Somebody who looks at one run, or at the newest.
struct Viewer {
    socket: Socket,
    run: Option<Name>,
    from: Option<u64>,
    hub: watch::Receiver<u64>,
    web: Web,
}

impl Viewer {
    /// Shows runs until the viewer is gone or the dashboard ends.
    async fn look(mut self) {
        let shutdown = self.web.shutdown.clone();
        let shown = shutdown.run_until_cancelled(self.show()).await;
        if shown.is_none() {
            self.socket.close("the dashboard is shutting down").await;
        }
    }

    /// Ends when the viewer is gone.
    async fn show(&mut self) -> Result<(), Closed> {
        loop {
            self.hub.borrow_and_update();
            match self.choose(None) {
                Some(run) => self.show_run(&run).await?,
                None => {
                    self.socket.text(&status(self.run.as_ref(), None, 0)).await?;
                    self.wait_for_run().await?;
                }
            }
        }
    }

    /// The run to look at, if it is another than `present`.
    fn choose(&self, present: Option<&Arc<LiveRun>>) -> Option<Arc<LiveRun>> {
        let chosen = match &self.run {
            Some(name) => self.web.hub.get(name),
            // Nobody is torn away from a run that goes on.
            None if present.is_some_and(|run| run.is_live()) => None,
            None => self.web.hub.newest_live(),
        };
        chosen.filter(|chosen| present.is_none_or(|present| !Arc::ptr_eq(chosen, present)))
    }

    async fn wait_for_run(&mut self) -> Result<(), Closed> {
        loop {
            tokio::select! {
                _ = self.hub.changed() => return Ok(()),
                said = self.socket.receive() => if said?.is_some() {
                    self.socket.text(&json!({ "error": "no run is live: start one with `spikedrive train`" })).await?;
                },
            }
        }
    }

    /// Shows one run until there is another one to look at.
    async fn show_run(&mut self, run: &Arc<LiveRun>) -> Result<(), Closed> {
        let mut viewing = run.watch();
        let news = viewing.news(0);
        let mut shown = Shown { version: 0, episodes: self.from.take().unwrap_or(news.episodes), status: None };
        let mut next_picture = Instant::now();
        self.show_news(&viewing, &mut shown).await?;
        loop {
            let news = async {
                sleep_until(next_picture).await;
                viewing.changed().await;
            };
            tokio::select! {
                () = news => {
                    next_picture = Instant::now() + FRAME_INTERVAL;
                    self.show_news(&viewing, &mut shown).await?;
                }
                said = self.socket.receive() => if let Some(text) = said? {
                    self.obey(&viewing, &text).await?;
                },
                _ = self.hub.changed() => if self.choose(Some(viewing.run())).is_some() {
                    return Ok(());
                },
            }
        }
    }

    async fn show_news(&mut self, viewing: &Viewing, shown: &mut Shown) -> Result<(), Closed> {
        let news = viewing.news(shown.version);
        shown.version = news.version;
        for message in news.messages {
            self.socket.binary(message).await?;
        }
        while shown.episodes < news.episodes {
            let (records, to) = episodes(&self.web.store, viewing, shown.episodes).await;
            // A log that somebody made shorter has fewer than were announced: they are gone.
            shown.episodes = if to > shown.episodes { to } else { news.episodes };
            if !records.is_empty() {
                self.socket.binary(encode(Event::Episodes(v1::Episodes { json: records }))).await?;
            }
        }
        self.show_status(viewing, shown, news.live, news.dropped).await
    }

    async fn show_status(
        &mut self,
        viewing: &Viewing,
        shown: &mut Shown,
        live: bool,
        dropped: u64,
    ) -> Result<(), Closed> {
        let (asked, name) = (viewing.asked(), viewing.run().name());
        let status = status(Some(name), live.then_some(&asked), dropped);
        if let Some((known, at)) = &shown.status {
            let is_count_alone = changed_fields(known, &status).all(|field| field == "dropped");
            if *known == status || (is_count_alone && at.elapsed() < COUNT_INTERVAL) {
                return Ok(());
            }
        }
        self.socket.text(&status).await?;
        shown.status = Some((status, Instant::now()));
        Ok(())
    }

    /// Passes on what a viewer wishes.
    async fn obey(&mut self, viewing: &Viewing, text: &str) -> Result<(), Closed> {
        let wishes = serde_json::from_str::<Said>(text).map(|said| {
            let wishes = [said.paused.map(Wish::Pause), said.step.map(Wish::Step), said.speed.map(Wish::Speed)];
            wishes.into_iter().flatten()
        });
        let refused = match wishes {
            Err(error) => {
                Some(format!("{error}: say {{\"paused\": bool}}, {{\"step\": 1}} or {{\"speed\": steps a second}}"))
            }
            Ok(mut wishes) => wishes.find_map(|wish| viewing.wish(wish).err()).map(|error| error.to_string()),
        };
        match refused {
            None => Ok(()),
            Some(error) => self.socket.text(&json!({ "error": error })).await,
        }
    }
}

/// Records of episodes after the first `from`, and how many there are up to the last of them.
async fn episodes(store: &Arc<Store>, viewing: &Viewing, from: u64) -> (Vec<String>, u64) {
    match viewing.episodes_from(from, MAX_EPISODES) {
        EpisodesFrom::Here(records) => {
            let to = from + records.len() as u64;
            (records, to)
        }
        EpisodesFrom::Log(until) => {
            let (store, run) = (Arc::clone(store), viewing.run().name().clone());
            let most = usize::try_from(until - from).unwrap_or(MAX_EPISODES).min(MAX_EPISODES);
            let read = tokio::task::spawn_blocking(move || store.episodes(&run, from, most)).await;
            let batch = read.ok().and_then(Result::ok).unwrap_or_default();
            (batch.records, batch.to.min(until))
        }
    }
}

/// How far a viewer is.
struct Shown {
    version: u64,
    episodes: u64,
    status: Option<(Value, Instant)>,
}

/// What a viewer is told about the run itself.
fn status(run: Option<&Name>, asked: Option<&Asked>, dropped: u64) -> Value {
    let control = asked.map(|asked| {
        let v1::Control { frames, weights, paused, steps, speed } = asked.control;
        json!({ "frames": frames, "weights": weights, "paused": paused, "steps": steps, "speed": speed })
    });
    json!({
        "run": run.map(Name::as_str),
        "live": asked.is_some(),
        "control": control,
        "viewers": asked.map_or(0, |asked| asked.viewers),
        "dropped": dropped,
    })
}

fn changed_fields<'a>(known: &'a Value, status: &'a Value) -> impl Iterator<Item = &'a str> {
    let fields = status.as_object().into_iter().flatten();
    fields.filter(|(field, value)| known.get(field) != Some(value)).map(|(field, _)| field.as_str())
}
