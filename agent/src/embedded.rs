//! The environment server inside this process, on loopback, on a thread of its own.

use std::io;
use std::net::SocketAddr;
use std::thread::{self, JoinHandle};

use spikedrive_proto::address::Address;
use spikedrive_server::cli::ServerError;
use spikedrive_server::serve::serve;
use spikedrive_server::sessions::SessionLimits;
use tokio::net::TcpListener;
use tokio::runtime::Runtime;
use tokio_util::sync::CancellationToken;

use crate::failure::Failure;

/// Ports that are tried, from the default on, when nobody asked for one.
const PORTS_TRIED: u16 = 100;

/// A server that stops when this is dropped.
#[derive(Debug)]
pub struct EmbeddedServer {
    address: SocketAddr,
    shutdown: CancellationToken,
    thread: Option<JoinHandle<()>>,
}

impl EmbeddedServer {
    /// Starts a server on any free port.
    pub fn on_free_port() -> Result<Self, Failure> {
        Self::start(|| TcpListener::bind("127.0.0.1:0"), "127.0.0.1:0")
    }

    /// Starts a server on `listen`, or says that it is taken.
    pub fn on(listen: &str) -> Result<Self, Failure> {
        Self::start(|| TcpListener::bind(listen.to_owned()), listen)
    }

    /// Starts a server on the first free port from `first` on.
    pub fn on_port_from(first: u16) -> Result<Self, Failure> {
        let bind = || async move {
            for port in first..first.saturating_add(PORTS_TRIED) {
                match TcpListener::bind(("127.0.0.1", port)).await {
                    Err(error) if error.kind() == io::ErrorKind::AddrInUse => {}
                    bound => return bound,
                }
            }
            Err(io::Error::new(
                io::ErrorKind::AddrInUse,
                format!("this port and the next {} are taken", PORTS_TRIED - 1),
            ))
        };
        Self::start(bind, &format!("127.0.0.1:{first}"))
    }

    fn start<B: Future<Output = io::Result<TcpListener>>>(
        bind: impl FnOnce() -> B,
        wanted: &str,
    ) -> Result<Self, Failure> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(ServerError::Start)?;
        let bound = runtime.block_on(async {
            let listener = bind().await?;
            Ok((listener.local_addr()?, listener))
        });
        let (address, listener) = bound.map_err(|error| ServerError::Listen(wanted.to_owned(), error))?;
        let shutdown = CancellationToken::new();
        let thread = thread::Builder::new().name("environment".to_owned()).spawn({
            let shutdown = shutdown.clone();
            move || run(&runtime, listener, shutdown)
        });
        Ok(Self { address, shutdown, thread: Some(thread.map_err(ServerError::Start)?) })
    }

    /// Where it listens.
    pub fn address(&self) -> Result<Address, Failure> {
        self.address.to_string().parse().map_err(|error| Failure::System(format!("{error}")))
    }
}

fn run(runtime: &Runtime, listener: TcpListener, shutdown: CancellationToken) {
    if let Err(error) = runtime.block_on(serve(listener, SessionLimits::default(), shutdown)) {
        tracing::error!(%error, "the embedded server stopped");
    }
}

impl Drop for EmbeddedServer {
    fn drop(&mut self) {
        self.shutdown.cancel();
        if let Some(thread) = self.thread.take() {
            // A panic of that thread has been reported by the panic hook.
            let _ = thread.join();
        }
    }
}
