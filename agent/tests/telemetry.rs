//! A run that is watched: by a dashboard that listens, is absent, frozen, lost or found again, and by recordings.
#![allow(clippy::unwrap_used, reason = "tests")]

mod support;

use std::collections::BTreeMap;
use std::fs;
use std::net::TcpListener as PlainListener;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use prost::Message;
use serde_json::Value;
use spikedrive_agent::embedded::EmbeddedServer;
use spikedrive_agent::failure::Failure;
use spikedrive_agent::lesson::{CurriculumPreset, Lesson};
use spikedrive_agent::run::{Place, Run, Watch};
use spikedrive_agent::run_dir::RunInfo;
use spikedrive_agent::stop::StopFlag;
use spikedrive_agent::summary::Summary;
use spikedrive_agent::telemetry::Dashboard;
use spikedrive_agent::train::TrainConfig;
use spikedrive_agent::watcher::Onlookers;
use spikedrive_env::Phase;
use spikedrive_learners::Preset;
use spikedrive_learners::snn;
use spikedrive_proto::address::Address;
use spikedrive_proto::v1;
use spikedrive_proto::v1::publish_request::Event;
use spikedrive_proto::v1::publish_response::Answer;
use spikedrive_proto::v1::telemetry_service_server::{TelemetryService, TelemetryServiceServer};
use spikedrive_server::serve::{ServeOptions, serve};
use spikedrive_server::sessions::SessionLimits;
use support::wait_until;
use tokio::net::TcpListener;
use tokio::sync::{mpsc, watch};
use tokio_stream::wrappers::{ReceiverStream, TcpListenerStream};
use tokio_util::sync::CancellationToken;
use tonic::{Request, Response, Status, Streaming};

/// What a dashboard was told, over all its lives.
#[derive(Debug, Default)]
struct Told {
    starts: Vec<v1::RunStart>,
    episodes: Vec<String>,
    roads: Vec<v1::Road>,
    frames: Vec<v1::Frame>,
    weights: Vec<v1::Weights>,
    recordings: BTreeMap<String, v1::Recording>,
    ends: Vec<v1::RunEnd>,
    tokens: Vec<Option<String>>,
    seqs: Vec<u64>,
}

/// A dashboard that only listens and asks.
#[derive(Clone)]
struct Ears {
    told: Arc<Mutex<Told>>,
    control: watch::Receiver<v1::Control>,
    /// It reads nothing after the start.
    frozen: bool,
    /// What begins the names of recordings that it loses once, and the stream with them.
    loses: Arc<Mutex<Vec<&'static str>>>,
}

#[tonic::async_trait]
impl TelemetryService for Ears {
    type PublishStream = ReceiverStream<Result<v1::PublishResponse, Status>>;

    async fn publish(
        &self,
        request: Request<Streaming<v1::PublishRequest>>,
    ) -> Result<Response<Self::PublishStream>, Status> {
        let token = request.metadata().get("authorization").map(|token| token.to_str().unwrap().to_owned());
        let mut requests = request.into_inner();
        let (answers, receiver) = mpsc::channel(16);
        let answer = |answer| Ok(v1::PublishResponse { answer: Some(answer) });
        let Some(v1::PublishRequest { seq: 1, event: Some(Event::Start(start)), .. }) = requests.message().await?
        else {
            return Err(Status::invalid_argument("no start"));
        };
        let welcome = {
            let mut told = self.told.lock().unwrap();
            told.starts.push(start);
            told.tokens.push(token);
            told.seqs = vec![1];
            v1::Welcome { episodes: told.episodes.len() as u64, recordings: told.recordings.keys().cloned().collect() }
        };
        answers.send(answer(Answer::Welcome(welcome))).await.unwrap();
        let mut ears = self.clone();
        tokio::spawn(async move {
            loop {
                let control = *ears.control.borrow_and_update();
                let _ = answers.send(answer(Answer::Control(control))).await;
                loop {
                    tokio::select! {
                        changed = ears.control.changed() => if changed.is_ok() { break } else { return },
                        request = requests.message(), if !ears.frozen => match request {
                            Ok(Some(request)) if !ears.loses(&request) => ears.hear(request),
                            _ => return,
                        },
                    }
                }
            }
        });
        Ok(Response::new(ReceiverStream::new(receiver)))
    }
}

impl Ears {
    fn loses(&self, request: &v1::PublishRequest) -> bool {
        let Some(Event::Recording(recording)) = &request.event else { return false };
        let mut loses = self.loses.lock().unwrap();
        let lost = loses.iter().position(|name| recording.name.starts_with(name));
        lost.map(|lost| loses.remove(lost)).is_some()
    }

    fn hear(&self, request: v1::PublishRequest) {
        let mut told = self.told.lock().unwrap();
        told.seqs.push(request.seq);
        match request.event.unwrap() {
            Event::Start(_) => panic!("another start"),
            Event::Episodes(episodes) => told.episodes.extend(episodes.json),
            Event::Road(road) => told.roads.push(road),
            Event::Frame(frame) => told.frames.push(frame),
            Event::Weights(weights) => told.weights.push(weights),
            Event::Recording(recording) => _ = told.recordings.insert(recording.name.clone(), recording),
            Event::End(end) => told.ends.push(end),
        }
    }
}

/// A fake dashboard on a thread of its own. Dropping it cuts all connections.
struct Fake {
    address: Address,
    told: Arc<Mutex<Told>>,
    control: watch::Sender<v1::Control>,
    loses: Arc<Mutex<Vec<&'static str>>>,
    shutdown: CancellationToken,
    thread: Option<thread::JoinHandle<()>>,
}

impl Fake {
    fn start(control: v1::Control) -> Self {
        Self::on("127.0.0.1:0", Arc::default(), control, false)
    }

    fn on(address: &str, told: Arc<Mutex<Told>>, control: v1::Control, frozen: bool) -> Self {
        let (control, receiver) = watch::channel(control);
        let loses = Arc::default();
        let ears = Ears { told: Arc::clone(&told), control: receiver, frozen, loses: Arc::clone(&loses) };
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let listener = runtime.block_on(TcpListener::bind(address)).unwrap();
        let address = listener.local_addr().unwrap().to_string().parse().unwrap();
        let shutdown = CancellationToken::new();
        let until = shutdown.clone();
        let thread = thread::spawn(move || {
            runtime.block_on(async {
                let serving = tonic::transport::Server::builder()
                    .add_service(TelemetryServiceServer::new(ears))
                    .serve_with_incoming(TcpListenerStream::new(listener));
                let _ = until.run_until_cancelled(serving).await;
            });
            runtime.shutdown_background();
        });
        Self { address, told, control, loses, shutdown, thread: Some(thread) }
    }

    fn ask(&self, change: impl FnOnce(&mut v1::Control)) {
        self.control.send_modify(change);
    }

    fn dashboard(&self) -> Option<Dashboard> {
        Some(Dashboard { address: self.address.clone(), token: None })
    }

    /// Number of frames, once no more come.
    fn frames_at_rest(&self) -> usize {
        let mut frames = usize::MAX;
        wait_until(|| {
            thread::sleep(Duration::from_millis(700));
            std::mem::replace(&mut frames, self.count(|told| &told.frames)) == frames
        });
        frames
    }

    fn count<T>(&self, of: impl Fn(&Told) -> &Vec<T>) -> usize {
        of(&self.told.lock().unwrap()).len()
    }
}

impl Drop for Fake {
    fn drop(&mut self) {
        self.shutdown.cancel();
        self.thread.take().map(thread::JoinHandle::join);
    }
}

/// A directory for runs, and a server to drive on.
struct Ground {
    directory: tempfile::TempDir,
    server: EmbeddedServer,
}

impl Ground {
    fn new() -> Self {
        let directory = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
        Self { directory, server: EmbeddedServer::on_free_port().unwrap() }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    fn run(&self, name: &str, config: TrainConfig, preset: Preset, onlookers: Onlookers) -> Run {
        Run {
            info: RunInfo::new(preset, &config, "here"),
            place: Place::In(self.path(name)),
            server: self.server.address().unwrap().into(),
            threads: 1,
            watch: Watch::FromAfar,
            onlookers,
        }
    }

    /// Trains to the end.
    fn train(&self, name: &str, config: TrainConfig, preset: Preset, onlookers: Onlookers) -> Summary {
        self.run(name, config, preset, onlookers).perform(&StopFlag::default()).unwrap()
    }

    /// Trains on another thread, until it is told to stop.
    fn start(&self, name: &str, config: TrainConfig, onlookers: Onlookers) -> Started {
        let (run, stop) = (self.run(name, config, stdp(), onlookers), StopFlag::default());
        let until = stop.clone();
        Started {
            thread: thread::spawn(move || run.perform(&until)),
            stop,
            log: self.path(name).join("episodes.jsonl"),
        }
    }
}

struct Started {
    thread: thread::JoinHandle<Result<Summary, Failure>>,
    stop: StopFlag,
    log: PathBuf,
}

impl Started {
    fn episodes(&self) -> usize {
        fs::read_to_string(&self.log).unwrap_or_default().lines().count()
    }

    fn end(self) -> Result<Summary, Failure> {
        self.thread.join().unwrap()
    }

    fn interrupt(self) {
        self.stop.set();
        assert!(matches!(self.end(), Err(Failure::Interrupted)));
    }
}

fn stdp() -> Preset {
    Preset::Snn(snn::Preset::Stdp)
}

fn direct(preset: Preset, episodes: usize) -> TrainConfig {
    TrainConfig { horizon: 60, ..TrainConfig::base(preset.config(), Lesson::Direct(Phase::Complex), episodes, 3) }
}

fn everything(dashboard: Option<Dashboard>) -> Onlookers {
    Onlookers { dashboard, recordings: true }
}

fn lines(log: &Path) -> Vec<String> {
    fs::read_to_string(log).unwrap().lines().map(str::to_owned).collect()
}

/// All that a run left whose bytes may not depend on who looked.
fn outcome(run: &Path) -> Vec<Vec<u8>> {
    let mut summary: Value = serde_json::from_slice(&fs::read(run.join("summary.json")).unwrap()).unwrap();
    summary["run"] = Value::Null;
    let files = ["episodes.jsonl", "weights/last.npy", "weights/last.json", "state.cbor"];
    files.iter().map(|file| fs::read(run.join(file)).unwrap()).chain([summary.to_string().into_bytes()]).collect()
}

fn recordings(run: &Path) -> BTreeMap<String, v1::Recording> {
    let files = fs::read_dir(run.join("recordings")).unwrap().map(|entry| entry.unwrap().path());
    let decode = |path: PathBuf| v1::Recording::decode(fs::read(path).unwrap().as_slice()).unwrap();
    files.map(|path| (path.file_stem().unwrap().to_str().unwrap().to_owned(), decode(path))).collect()
}

#[test]
fn whoever_looks_changes_no_number_of_a_run() {
    let ground = Ground::new();
    let looked_at = v1::Control { frames: true, weights: true, ..v1::Control::default() };
    let fake = Fake::start(looked_at);
    // Nobody accepts what connects here.
    let deaf = PlainListener::bind("127.0.0.1:0").unwrap();
    let deaf_address: Address = deaf.local_addr().unwrap().to_string().parse().unwrap();
    let stuck = Fake::on("127.0.0.1:0", Arc::default(), looked_at, true);
    let absent: Address = "127.0.0.1:1".parse().unwrap();
    let at = |address: &Address| everything(Some(Dashboard { address: address.clone(), token: Some("secret".into()) }));
    let told = ("told", at(&fake.address));
    let many = vec![told.clone(), ("absent", at(&absent)), ("deaf", at(&deaf_address)), ("stuck", at(&stuck.address))];
    for (preset, lanes, all) in [(stdp(), 1, many), (Preset::Snn(snn::Preset::Pathway), 3, vec![told])] {
        let lesson = Lesson::from(CurriculumPreset::Ceiling);
        let config = TrainConfig { lanes, lesson, horizon: 100, ..direct(preset, 15) };
        ground.train("unseen", config, preset, Onlookers::default());
        assert!(!ground.path("unseen/recordings").exists());
        for (name, onlookers) in all {
            ground.train(name, config, preset, onlookers);
            assert_eq!(outcome(&ground.path(name)), outcome(&ground.path("unseen")), "{preset} {name}");
            assert_recordings_match_the_log(&ground.path(name));
            let ghosts =
                recordings(&ground.path(name)).into_values().filter(|recording| recording.test_track.is_some());
            assert_eq!(ghosts.count(), 200, "four phases were taught");
            fs::remove_dir_all(ground.path(name)).unwrap();
        }
        fs::remove_dir_all(ground.path("unseen")).unwrap();
    }
    let told = fake.told.lock().unwrap();
    assert!(!told.frames.is_empty() && !told.weights.is_empty() && told.ends.len() == 2);
    assert_eq!(told.tokens, vec![Some("Bearer secret".to_owned()); 2]);
    assert!(stuck.count(|told| &told.starts) == 1 && stuck.count(|told| &told.ends) == 0);
}

#[test]
fn a_dashboard_is_told_all_that_the_run_leaves_on_disk() {
    let ground = Ground::new();
    let fake = Fake::start(v1::Control { frames: true, weights: true, speed: 2000.0, ..v1::Control::default() });
    let run = ground.path("20260101T000000Z-stdp-s3");
    ground.train("20260101T000000Z-stdp-s3", direct(stdp(), 6), stdp(), everything(fake.dashboard()));
    let told = fake.told.lock().unwrap();
    let [start] = &told.starts[..] else { panic!("{} starts", told.starts.len()) };
    assert_eq!(start.run_id, "20260101T000000Z-stdp-s3");
    assert_eq!(start.run_json, fs::read_to_string(run.join("run.json")).unwrap());
    let names: Vec<_> = start.populations.iter().map(|shown| (shown.name.as_str(), shown.first, shown.size)).collect();
    let motor = [("motor left", 79, 7), ("motor straight", 86, 7), ("motor right", 93, 7)];
    assert_eq!(names, [&[("sensory", 0, 69), ("hidden", 69, 10)][..], &motor].concat());
    assert_eq!(start.initial_weights.as_ref().unwrap().values.len(), 10_000);
    assert_eq!(told.episodes, lines(&run.join("episodes.jsonl")));
    assert_eq!(told.recordings, recordings(&run));
    assert_eq!(told.ends[0].summary_json, fs::read_to_string(run.join("summary.json")).unwrap());
    assert_eq!(told.seqs, (1..=told.seqs.len() as u64).collect::<Vec<_>>());
    for frame in &told.frames {
        assert_eq!((frame.observation.len(), frame.action_shares.len()), (12, 12));
        assert_eq!((frame.raster.len(), frame.ticks > 0), (13 * frame.ticks as usize, true));
        assert_eq!((frame.value.is_some(), frame.dopamine.is_some()), (true, frame.step > 0));
        assert!(told.roads.iter().any(|road| road.episode == frame.episode));
    }
    assert_eq!(told.weights[0].eligibility.as_ref().unwrap().values.len(), 10_000);
}

/// Checks the recordings of training episodes against the log; returns the names.
fn assert_recordings_match_the_log(run: &Path) -> Vec<String> {
    let log: Vec<Value> =
        lines(&run.join("episodes.jsonl")).iter().map(|line| serde_json::from_str(line).unwrap()).collect();
    let mut recordings = recordings(run);
    recordings.retain(|_, recording| recording.test_track.is_none());
    let (mut best, mut crashes) = (f64::NEG_INFINITY, Vec::new());
    for record in &log {
        let (number, sum) = (record["episode"].as_u64().unwrap(), record["return"].as_f64().unwrap());
        let crashed = record["crashed"].as_bool().unwrap();
        let kept = recordings.values().find(|recording| u64::from(recording.episode) == number);
        assert_eq!(kept.is_some_and(|kept| kept.name.contains("best")), number > 1 && sum > best, "episode {number}");
        assert_eq!(kept.is_some_and(|kept| kept.name.contains("first")), number == 1);
        assert_eq!(kept.is_some_and(|kept| kept.name.contains("periodic")), number % 50 == 0);
        if crashed {
            crashes.push(kept.is_some());
        }
        best = best.max(sum);
        let Some(kept) = kept else { continue };
        assert_eq!((kept.episode_return, kept.frames.len() as u64), (sum, record["length"].as_u64().unwrap()));
        assert_eq!((kept.crashed, u64::from(kept.phase)), (crashed, record["phase"].as_u64().unwrap()));
        assert_eq!(kept.frames.last().unwrap().episode_return, sum);
        assert_eq!(kept.frames.iter().map(|frame| frame.reward).sum::<f64>(), sum);
        let neurons = kept.populations.iter().map(|shown| shown.first + shown.size).max().unwrap();
        let bytes = |ticks: u32| (ticks * neurons.div_ceil(8)) as usize;
        assert!(kept.frames.iter().all(|frame| frame.raster.len() == bytes(frame.ticks) && frame.ticks > 0));
        for pair in kept.frames.windows(2) {
            let moved = (pair[1].x - pair[0].x).hypot(pair[1].y - pair[0].y);
            assert!((moved - 1.0).abs() < 1e-9, "a car drives one unit a step: {moved}");
        }
        assert!(kept.road.as_ref().unwrap().centre.len() > 200 * 8);
    }
    assert!(crashes.iter().rev().take(20).all(|&kept| kept), "the latest crashes are kept");
    recordings.into_keys().collect()
}

#[test]
fn recordings_match_the_log_and_ghosts_the_test() {
    let ground = Ground::new();
    let summary = ground.train("run", direct(stdp(), 52), stdp(), everything(None));
    let names = assert_recordings_match_the_log(&ground.path("run"));
    assert!(names[0].starts_with("ep00001-first"), "{names:?}");
    assert!(names.iter().any(|name| name.starts_with("ep00050-periodic")), "{names:?}");
    let mut ghosts: Vec<_> = recordings(&ground.path("run")).into_values().collect();
    ghosts.retain(|recording| recording.test_track.is_some());
    assert_eq!(ghosts.len(), 50, "one for each test track of the phase that was taught");
    let mean = ghosts.iter().map(|ghost| ghost.episode_return).sum::<f64>() / 50.0;
    assert!((mean - summary.score(Phase::Complex, 60).unwrap().mean).abs() < 1e-9);
    for (ghost, track) in ghosts.iter().zip(0..) {
        assert_eq!((ghost.test_track, ghost.name.clone()), (Some(track), format!("ghost-p4-t{track:02}")));
        assert_eq!(ghost.road.as_ref().unwrap().name, format!("phase 4, test track {track}"));
        assert_eq!(ghost.frames.last().unwrap().episode_return, ghost.episode_return);
        assert!(ghost.encoded_len() < 10_000, "{}", ghost.encoded_len());
    }
}

#[test]
fn a_dashboard_that_was_lost_misses_no_episode() {
    let ground = Ground::new();
    let first = Fake::start(v1::Control::default());
    let (address, told) = (first.address.to_string(), Arc::clone(&first.told));
    let run = ground.start("run", direct(stdp(), 400), everything(first.dashboard()));
    wait_until(|| first.count(|told| &told.episodes) > 10);
    drop(first);
    let before = run.episodes();
    wait_until(|| run.episodes() > before + 20);
    let second = Fake::on(&address, told, v1::Control::default(), false);
    wait_until(|| second.count(|told| &told.starts) == 2);
    let log = run.log.clone();
    run.end().unwrap();
    let told = second.told.lock().unwrap();
    assert_eq!(told.episodes, lines(&log));
    assert_eq!((told.episodes.len(), told.ends.len()), (400, 1));
}

#[test]
fn a_recording_that_was_lost_on_its_way_is_sent_again() {
    let ground = Ground::new();
    let fake = Fake::start(v1::Control::default());
    fake.loses.lock().unwrap().extend(["ep00001-first", "ghost-p1-t07"]);
    let config = TrainConfig { lesson: Lesson::Direct(Phase::Straight), ..direct(stdp(), 6) };
    ground.train("run", config, stdp(), everything(fake.dashboard()));
    let told = fake.told.lock().unwrap();
    assert_eq!((told.starts.len(), fake.loses.lock().unwrap().len()), (3, 0));
    let kept = recordings(&ground.path("run"));
    assert_eq!(told.recordings.keys().collect::<Vec<_>>(), kept.keys().collect::<Vec<_>>());
    assert!(told.recordings == kept);
    let summary = fs::read_to_string(ground.path("run/summary.json")).unwrap();
    assert_eq!(told.ends.last().unwrap().summary_json, summary);
}

#[test]
fn a_run_that_ends_while_the_dashboard_is_given_time_to_come_is_told_to_its_end() {
    let ground = Ground::new();
    let port = PlainListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let dashboard = Dashboard { address: port.to_string().parse().unwrap(), token: None };
    let onlookers = Onlookers { dashboard: Some(dashboard), recordings: false };
    let run = ground.start("run", direct(stdp(), 100_000), onlookers);
    wait_until(|| run.episodes() > 5);
    // By now it is looked for every 1.6 s or less often.
    thread::sleep(Duration::from_secs(2));
    let late = Fake::on(&port.to_string(), Arc::default(), v1::Control::default(), false);
    run.interrupt();
    let told = late.told.lock().unwrap();
    assert_eq!(told.episodes, lines(&ground.path("run/episodes.jsonl")));
    assert_eq!(told.ends.len(), 1);
}

#[test]
fn a_finished_run_is_told_as_finished_whatever_follows_it() {
    let ground = Ground::new();
    let broken = || Failure::System("the showing broke".to_owned());
    for (name, failure, succeeds) in [("seen", Failure::Interrupted, true), ("broken", broken(), false)] {
        let fake = Fake::start(v1::Control::default());
        let onlookers = Onlookers { dashboard: fake.dashboard(), recordings: false };
        let run = ground.run(name, direct(stdp(), 2), stdp(), onlookers);
        let ended = run.perform_and(&StopFlag::default(), |_, _, _| Err(failure));
        assert_eq!(ended.is_ok(), succeeds, "{name}");
        let summary = fs::read_to_string(ground.path(name).join("summary.json")).unwrap();
        let told = fake.told.lock().unwrap();
        assert_eq!(told.ends.iter().map(|end| end.summary_json.as_str()).collect::<Vec<_>>(), [summary]);
    }
}

#[test]
fn a_dashboard_that_comes_late_is_told_of_every_episode() {
    let ground = Ground::new();
    let port = PlainListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let dashboard = Dashboard { address: port.to_string().parse().unwrap(), token: None };
    let run = ground.start("run", direct(stdp(), 300), Onlookers { dashboard: Some(dashboard), recordings: false });
    wait_until(|| run.episodes() > 30);
    let late = Fake::on(&port.to_string(), Arc::default(), v1::Control::default(), false);
    wait_until(|| late.count(|told| &told.episodes) > 60);
    run.interrupt();
    wait_until(|| late.count(|told| &told.ends) == 1);
    let told = late.told.lock().unwrap();
    assert_eq!(told.episodes, lines(&ground.path("run/episodes.jsonl")));
    assert_eq!(told.ends[0].summary_json, "", "it was broken off");
}

#[test]
fn viewers_pause_step_and_pace_a_run() {
    let ground = Ground::new();
    let fake = Fake::start(v1::Control { frames: true, paused: true, ..v1::Control::default() });
    let run =
        ground.start("run", direct(stdp(), 100_000), Onlookers { dashboard: fake.dashboard(), recordings: false });
    wait_until(|| fake.count(|told| &told.starts) == 1);
    let frames = fake.frames_at_rest();
    let episodes = run.episodes();
    for steps in 1..=5 {
        fake.ask(|control| control.steps = steps);
        wait_until(|| fake.count(|told| &told.frames) == frames + steps as usize);
    }
    assert_eq!(fake.frames_at_rest(), frames + 5, "it waits");
    // Five steps end one episode at most: even those that crash at once are longer.
    assert!((episodes..=episodes + 1).contains(&run.episodes()), "{episodes} and then {}", run.episodes());
    {
        let told = fake.told.lock().unwrap();
        let steps: Vec<_> = told.frames[frames..].iter().map(|frame| frame.step).collect();
        assert!(steps.windows(2).all(|pair| pair[1] == pair[0] + 1 || pair[1] == 0), "{steps:?}");
    }
    fake.ask(|control| (control.paused, control.speed) = (false, 10.0));
    let start = Instant::now();
    wait_until(|| fake.count(|told| &told.frames) >= frames + 15);
    assert!(start.elapsed() > Duration::from_millis(700), "10 steps took {:?}", start.elapsed());
    fake.ask(|control| control.paused = true);
    thread::sleep(Duration::from_millis(200));
    let start = Instant::now();
    run.interrupt();
    assert!(start.elapsed() < Duration::from_secs(5), "Ctrl-C took {:?}", start.elapsed());
}

#[test]
fn a_lost_dashboard_lets_go_of_a_paused_run() {
    let ground = Ground::new();
    let fake = Fake::start(v1::Control { paused: true, ..v1::Control::default() });
    let run =
        ground.start("run", direct(stdp(), 100_000), Onlookers { dashboard: fake.dashboard(), recordings: false });
    wait_until(|| fake.count(|told| &told.starts) == 1);
    let mut before = usize::MAX;
    wait_until(|| {
        thread::sleep(Duration::from_millis(700));
        std::mem::replace(&mut before, run.episodes()) == before
    });
    drop(fake);
    wait_until(|| run.episodes() > before + 3);
    run.interrupt();
}

/// A server that gives up on a connection which answers no ping for five seconds: the agent answers every second.
fn impatient_server() -> (Address, CancellationToken, thread::JoinHandle<()>) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
    let address = listener.local_addr().unwrap().to_string().parse().unwrap();
    let shutdown = CancellationToken::new();
    let until = shutdown.clone();
    let limits = SessionLimits { lease: Duration::from_secs(5), ..SessionLimits::default() };
    let options = ServeOptions { limits, ..ServeOptions::default() };
    let serving = thread::spawn(move || runtime.block_on(serve(listener, options, until)).unwrap());
    (address, shutdown, serving)
}

#[test]
fn a_pause_longer_than_the_lease_loses_no_session() {
    let ground = Ground::new();
    let fake = Fake::start(v1::Control { frames: true, paused: true, ..v1::Control::default() });
    let (address, shutdown, serving) = impatient_server();
    let stop = StopFlag::default();
    let onlookers = Onlookers { dashboard: fake.dashboard(), recordings: false };
    let run = Run { server: address.into(), ..ground.run("run", direct(stdp(), 100_000), stdp(), onlookers) };
    let until = stop.clone();
    let running = thread::spawn(move || run.perform(&until));
    let frames = fake.frames_at_rest();
    // The server pings every 20 s, and gives up after its lease.
    thread::sleep(Duration::from_secs(26));
    fake.ask(|control| control.steps = 1);
    wait_until(|| fake.count(|told| &told.frames) == frames + 1);
    fake.ask(|control| control.paused = false);
    let log = ground.path("run/episodes.jsonl");
    let before = lines(&log).len();
    wait_until(|| lines(&log).len() > before + 2);
    stop.set();
    assert!(matches!(running.join().unwrap(), Err(Failure::Interrupted)));
    shutdown.cancel();
    serving.join().unwrap();
}

#[test]
fn flags_say_who_may_look() {
    let place = support::Place::new();
    place.write("token", "a secret of many letters\n");
    let fake = Fake::start(v1::Control::default());
    let dashboard = format!("--dashboard {} --dashboard-token-file token", fake.address);
    place.run(&format!("train --phase 1 --episodes 2 --recordings off --out run {dashboard}")).done();
    assert!(!place.path("run/recordings").exists());
    {
        let told = fake.told.lock().unwrap();
        assert_eq!(told.tokens, [Some("Bearer a secret of many letters".to_owned())]);
        assert_eq!((told.episodes.len(), told.ends.len(), told.recordings.len()), (2, 1, 0));
    }
    place.run("train --dashboard nowhere").refuses(2, &["nowhere", "use host:port"]);
    place.run("train --dashboard-token-file absent").refuses(1, &["absent"]);
    place.run("train --recordings perhaps").refuses(2, &["perhaps", "on", "off"]);
}
