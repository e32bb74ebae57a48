//! A dashboard on free ports, with agents that publish to it and browsers that look at it.
#![allow(dead_code, reason = "each test file uses a part of it")]

pub(crate) mod fake_server;

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use http_body_util::{BodyExt, Empty};
use hyper::client::conn::http1;
use hyper::{HeaderMap, Request, StatusCode};
use hyper_util::rt::TokioIo;
use prost::Message as _;
use serde_json::Value;
use spikedrive_dashboard::serve::{Options, ServeError, serve};
use spikedrive_proto::address::Address;
use spikedrive_proto::v1;
use spikedrive_proto::v1::publish_request::Event;
use spikedrive_proto::v1::publish_response::Answer;
use spikedrive_proto::v1::telemetry_service_client::TelemetryServiceClient;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio_stream::wrappers::ReceiverStream;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::{self, Message};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream};
use tokio_util::sync::CancellationToken;
use tonic::{Code, Streaming};

/// What must come comes long before this.
const DEADLINE: Duration = Duration::from_secs(20);

pub(crate) async fn within<F: Future>(future: F) -> F::Output {
    tokio::time::timeout(DEADLINE, future).await.expect("what must come did not come")
}

/// A dashboard in this process, and its directory of runs.
pub(crate) struct Dashboard {
    pub(crate) ingest: SocketAddr,
    pub(crate) web: SocketAddr,
    pub(crate) runs: PathBuf,
    pub(crate) shutdown: CancellationToken,
    pub(crate) serving: JoinHandle<Result<(), ServeError>>,
}

/// Options for a directory of runs, without any guard.
pub(crate) fn options(runs: &Path) -> Options {
    Options {
        runs: runs.to_owned(),
        server: "127.0.0.1:1".parse::<Address>().unwrap().into(),
        token: None,
        insecure_network: false,
        allowed_origins: Vec::new(),
        allowed_hosts: Vec::new(),
    }
}

impl Dashboard {
    pub(crate) async fn start(runs: &Path) -> Self {
        Self::with(options(runs)).await
    }

    pub(crate) async fn with(options: Options) -> Self {
        let (ingest, web) = (bind().await, bind().await);
        let (ingest_address, web_address) = (ingest.local_addr().unwrap(), web.local_addr().unwrap());
        let (runs, shutdown) = (options.runs.clone(), CancellationToken::new());
        let serving = tokio::spawn(serve(ingest, web, options, shutdown.clone()));
        Self { ingest: ingest_address, web: web_address, runs, shutdown, serving }
    }

    /// Ends as on a signal.
    pub(crate) async fn stop(self) {
        self.shutdown.cancel();
        within(self.serving).await.unwrap().unwrap();
    }

    pub(crate) async fn get(&self, path: &str) -> Page {
        get(self.web, path, &[]).await
    }

    pub(crate) async fn json(&self, path: &str) -> Value {
        let page = self.get(path).await;
        assert_eq!(page.status, StatusCode::OK, "{path}: {}", page.text());
        page.json()
    }

    /// Numbers of the episodes of a run, as the page gets them.
    pub(crate) async fn episodes(&self, path: &str) -> Vec<u64> {
        let records = self.json(path).await;
        records.as_array().unwrap().iter().map(|record| record["episode"].as_u64().unwrap()).collect()
    }

    pub(crate) async fn browser(&self, path: &str) -> Browser {
        Browser::open(self.web, path, &[]).await.unwrap()
    }

    pub(crate) async fn publish(&self, run: &str) -> Publisher {
        let mut publisher = Publisher::connect(self.ingest).await;
        publisher.start(run, 0).await;
        publisher
    }
}

async fn bind() -> TcpListener {
    TcpListener::bind("127.0.0.1:0").await.unwrap()
}

/// What an HTTP request brought.
pub(crate) struct Page {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
}

impl Page {
    pub(crate) fn text(&self) -> String {
        String::from_utf8(self.body.clone()).unwrap()
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    pub(crate) fn error(&self) -> String {
        self.json()["error"].as_str().unwrap().to_owned()
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }
}

pub(crate) async fn get(address: SocketAddr, path: &str, headers: &[(&str, &str)]) -> Page {
    request("GET", address, path, headers).await
}

pub(crate) async fn request(method: &str, address: SocketAddr, path: &str, headers: &[(&str, &str)]) -> Page {
    let mut request = Request::builder().method(method).uri(path);
    if !headers.iter().any(|(name, _)| *name == "host") {
        request = request.header("host", address.to_string());
    }
    let request = headers.iter().fold(request, |request, (name, value)| request.header(*name, *value));
    let exchange = async {
        let stream = TcpStream::connect(address).await.unwrap();
        let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await.unwrap();
        tokio::spawn(connection);
        let response = sender.send_request(request.body(Empty::<&[u8]>::new()).unwrap()).await.unwrap();
        let (parts, body) = response.into_parts();
        let body = body.collect().await.unwrap().to_bytes().to_vec();
        Page { status: parts.status, headers: parts.headers, body }
    };
    within(exchange).await
}

/// A WebSocket of a page.
pub(crate) struct Browser(WebSocketStream<MaybeTlsStream<TcpStream>>);

/// What arrives on it.
#[derive(Debug)]
pub(crate) enum Arrival {
    Event(Event),
    Text(Value),
    Closed,
}

impl Browser {
    pub(crate) async fn open(
        address: SocketAddr,
        path: &str,
        headers: &[(&str, &str)],
    ) -> Result<Self, tungstenite::Error> {
        let mut request = format!("ws://{address}{path}").into_client_request().unwrap();
        for (name, value) in headers {
            let name: hyper::header::HeaderName = name.parse().unwrap();
            request.headers_mut().insert(name, value.parse().unwrap());
        }
        within(tokio_tungstenite::connect_async(request)).await.map(|(socket, _)| Self(socket))
    }

    pub(crate) async fn say(&mut self, text: &str) {
        within(self.0.send(Message::text(text))).await.unwrap();
    }

    pub(crate) async fn next(&mut self) -> Arrival {
        loop {
            match within(self.0.next()).await {
                Some(Ok(Message::Binary(bytes))) => {
                    let message = v1::PublishRequest::decode(bytes).unwrap();
                    assert_eq!((message.seq, message.dropped_before), (0, 0));
                    return Arrival::Event(message.event.unwrap());
                }
                Some(Ok(Message::Text(text))) => return Arrival::Text(serde_json::from_str(&text).unwrap()),
                Some(Ok(Message::Ping(_) | Message::Pong(_) | Message::Frame(_))) => {}
                Some(Ok(Message::Close(_)) | Err(_)) | None => return Arrival::Closed,
            }
        }
    }

    /// The next event, whatever is said between.
    pub(crate) async fn event(&mut self) -> Event {
        loop {
            match self.next().await {
                Arrival::Event(event) => return event,
                Arrival::Text(_) => {}
                Arrival::Closed => panic!("closed instead of an event"),
            }
        }
    }

    /// The next text for which `is` holds.
    pub(crate) async fn text(&mut self, is: impl Fn(&Value) -> bool) -> Value {
        loop {
            match self.next().await {
                Arrival::Text(value) if is(&value) => return value,
                Arrival::Closed => panic!("closed instead of a text"),
                Arrival::Text(_) | Arrival::Event(_) => {}
            }
        }
    }

    /// Numbers of episodes up to `last`, in the order in which they come.
    pub(crate) async fn episodes(&mut self, last: u64) -> Vec<u64> {
        let mut numbers = Vec::new();
        while numbers.last() != Some(&last) {
            if let Event::Episodes(episodes) = self.event().await {
                let number = |json: &String| serde_json::from_str::<Value>(json).unwrap()["episode"].as_u64().unwrap();
                numbers.extend(episodes.json.iter().map(number));
            }
        }
        numbers
    }
}

/// An agent that publishes a run.
pub(crate) struct Publisher {
    requests: mpsc::Sender<v1::PublishRequest>,
    responses: Streaming<v1::PublishResponse>,
    seq: u64,
}

impl Publisher {
    pub(crate) async fn connect(ingest: SocketAddr) -> Self {
        Self::connect_with(ingest, None).await.unwrap()
    }

    pub(crate) async fn connect_with(ingest: SocketAddr, token: Option<&str>) -> Result<Self, tonic::Status> {
        let mut client = within(TelemetryServiceClient::connect(format!("http://{ingest}"))).await.unwrap();
        let (requests, receiver) = mpsc::channel(64);
        let mut request = tonic::Request::new(ReceiverStream::new(receiver));
        if let Some(token) = token {
            request.metadata_mut().insert("authorization", format!("Bearer {token}").parse().unwrap());
        }
        let responses = within(client.publish(request)).await?.into_inner();
        Ok(Self { requests, responses, seq: 0 })
    }

    pub(crate) async fn send(&mut self, event: Event) {
        self.dropping(0, event).await;
    }

    pub(crate) async fn dropping(&mut self, dropped_before: u64, event: Event) {
        self.seq += 1;
        let request = v1::PublishRequest { seq: self.seq, dropped_before, event: Some(event) };
        // An error of the stream is told by `receive`.
        let _ = within(self.requests.send(request)).await;
    }

    pub(crate) async fn answer(&mut self) -> Answer {
        within(self.responses.message()).await.unwrap().unwrap().answer.unwrap()
    }

    /// Starts a run; returns how many of its episodes the dashboard has.
    pub(crate) async fn start(&mut self, run: &str, seed: u64) -> u64 {
        self.welcome(run, seed).await.episodes
    }

    /// The same; returns all that the dashboard has.
    pub(crate) async fn welcome(&mut self, run: &str, seed: u64) -> v1::Welcome {
        self.send(Event::Start(start(run, seed))).await;
        match self.answer().await {
            Answer::Welcome(welcome) => welcome,
            other => panic!("{other:?} instead of a welcome"),
        }
    }

    /// The next control for which `is` holds.
    pub(crate) async fn control(&mut self, is: impl Fn(&v1::Control) -> bool) -> v1::Control {
        loop {
            match self.answer().await {
                Answer::Control(control) if is(&control) => return control,
                Answer::Control(_) => {}
                other => panic!("{other:?} instead of a control"),
            }
        }
    }

    pub(crate) async fn episodes(&mut self, numbers: impl IntoIterator<Item = u64>) {
        let json = numbers.into_iter().map(record).collect();
        self.send(Event::Episodes(v1::Episodes { json })).await;
    }

    /// The status that ends the stream.
    pub(crate) async fn end(&mut self) -> (Code, String) {
        loop {
            match within(self.responses.message()).await {
                Ok(Some(_)) => {}
                Ok(None) => return (Code::Ok, String::new()),
                Err(status) => return (status.code(), status.message().to_owned()),
            }
        }
    }

    /// Says that no message follows, and waits until all are taken.
    pub(crate) async fn finish(mut self) {
        drop(self.requests);
        while within(self.responses.message()).await.unwrap().is_some() {}
    }
}

pub(crate) fn start(run: &str, seed: u64) -> v1::RunStart {
    v1::RunStart {
        run_id: run.to_owned(),
        run_json: format!(r#"{{"preset":"stdp","seed":{seed},"episodes":500,"started_at":"20260101T000000Z"}}"#),
        populations: vec![v1::Population { name: "hidden".to_owned(), first: 0, size: 100 }],
        initial_weights: None,
    }
}

pub(crate) fn record(number: u64) -> String {
    format!(r#"{{"episode":{number},"phase":1,"return":{number}.5,"evaluation":null}}"#)
}

pub(crate) fn road(episode: u32) -> v1::Road {
    let centre = floats(&[0.0, 0.0, 100.0, 0.0]);
    let half_widths = floats(&[4.0; 4]);
    v1::Road { episode, name: format!("road {episode}"), closed: false, centre, half_widths }
}

pub(crate) fn frame(episode: u32, step: u32) -> v1::Frame {
    let (observation, raster) = (floats(&[20.0, 4.0, 20.0]), vec![1; 26]);
    v1::Frame { episode, step, x: step.into(), observation, raster, ticks: 2, action: 1, ..v1::Frame::default() }
}

pub(crate) fn floats(numbers: &[f32]) -> Vec<u8> {
    numbers.iter().flat_map(|number| number.to_le_bytes()).collect()
}
