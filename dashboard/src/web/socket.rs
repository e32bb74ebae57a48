//! A WebSocket whose other side may be slow, frozen or gone.

use std::sync::Arc;

use axum::extract::ws::{CloseFrame, Message, WebSocket, close_code};
use axum::http::StatusCode;
use bytes::Bytes;
use serde_json::Value;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Duration, Instant, sleep_until, timeout};

use super::answer::Refusal;

/// A browser that takes nothing for so long is let go; its page connects again when it wakes up.
const SEND_TIMEOUT: Duration = Duration::from_secs(20);
/// How often a browser that says nothing is asked whether it is there.
const PING_INTERVAL: Duration = Duration::from_secs(20);
/// A browser that does not answer for so long is gone.
const SILENCE: Duration = Duration::from_secs(60);

/// The other side is gone.
#[derive(Debug)]
pub(crate) struct Closed;

/// A place among those who may be there at a time.
pub(crate) fn admit(places: &Arc<Semaphore>) -> Result<OwnedSemaphorePermit, Refusal> {
    let full = |_| {
        let text = "as many pages as may be are connected: close one and try again";
        Refusal::new(StatusCode::SERVICE_UNAVAILABLE, text)
    };
    Arc::clone(places).try_acquire_owned().map_err(full)
}

/// A WebSocket that notices when nobody is there.
#[derive(Debug)]
pub(crate) struct Socket {
    socket: WebSocket,
    heard: Instant,
    pinged: Instant,
}

impl Socket {
    pub(crate) fn new(socket: WebSocket) -> Self {
        let now = Instant::now();
        Self { socket, heard: now, pinged: now }
    }

    /// Sends JSON.
    pub(crate) async fn text(&mut self, value: &Value) -> Result<(), Closed> {
        self.send(Message::Text(value.to_string().into())).await
    }

    /// Sends an encoded message.
    pub(crate) async fn binary(&mut self, message: Bytes) -> Result<(), Closed> {
        self.send(Message::Binary(message)).await
    }

    async fn send(&mut self, message: Message) -> Result<(), Closed> {
        match timeout(SEND_TIMEOUT, self.socket.send(message)).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(_)) | Err(_) => Err(Closed),
        }
    }

    /// The next text, or `None` for anything else. May be cancelled without losing one.
    pub(crate) async fn receive(&mut self) -> Result<Option<String>, Closed> {
        loop {
            tokio::select! {
                message = self.socket.recv() => {
                    self.heard = Instant::now();
                    return match message {
                        None | Some(Err(_) | Ok(Message::Close(_))) => Err(Closed),
                        Some(Ok(Message::Text(text))) => Ok(Some(text.as_str().to_owned())),
                        Some(Ok(_)) => Ok(None),
                    };
                }
                () = sleep_until(self.pinged + PING_INTERVAL) => {
                    self.pinged = Instant::now();
                    if self.heard.elapsed() > SILENCE {
                        return Err(Closed);
                    }
                    self.send(Message::Ping(Bytes::new())).await?;
                }
            }
        }
    }

    /// Says goodbye.
    pub(crate) async fn close(&mut self, reason: &'static str) {
        let frame = CloseFrame { code: close_code::AWAY, reason: reason.into() };
        // Who is gone already need not be told.
        let _ = self.send(Message::Close(Some(frame))).await;
    }
}
