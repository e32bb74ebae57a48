//! The environment server and the dashboard inside this process, on loopback, each on a thread of its own.

use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::thread::{self, JoinHandle};

use spikedrive_dashboard::serve as dashboard;
use spikedrive_proto::address::Address;
use spikedrive_server::cli::ServerError;
use spikedrive_server::listen::ListenAddress;
use spikedrive_server::serve::{ServeOptions, serve};
use tokio::net::TcpListener;
use tokio::runtime::Runtime;
use tokio_util::sync::CancellationToken;

use crate::failure::Failure;

/// Ports that are tried, from the default on, when nobody asked for one.
const PORTS_TRIED: u16 = 100;
/// The first port that pages are shown on.
const PAGE_PORT: u16 = 8080;

/// A server that stops when this is dropped.
#[derive(Debug)]
pub struct EmbeddedServer {
    address: SocketAddr,
    _service: Service,
}

/// A dashboard that stops when this is dropped.
#[derive(Debug)]
pub struct EmbeddedDashboard {
    page: SocketAddr,
    ingest: SocketAddr,
    _service: Service,
}

/// Something that serves on a thread of its own until this is dropped.
#[derive(Debug)]
struct Service {
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
        Self::start(|| bind_from(first), &format!("127.0.0.1:{first}"))
    }

    fn start<B: Future<Output = io::Result<TcpListener>>>(
        bind: impl FnOnce() -> B,
        wanted: &str,
    ) -> Result<Self, Failure> {
        let runtime = runtime()?;
        let (address, listener) = runtime.block_on(bound(bind())).map_err(|error| cannot_listen(wanted, error))?;
        let service = Service::start("environment", runtime, |shutdown| async move {
            serve(listener, ServeOptions::default(), shutdown).await.map_err(|error| error.to_string())
        })?;
        Ok(Self { address, _service: service })
    }

    /// Where it listens.
    pub fn address(&self) -> Result<Address, Failure> {
        parsed(self.address)
    }
}

impl EmbeddedDashboard {
    /// Shows the runs in a directory on the first free port from 8080 on; whoever drives by hand does so on `server`.
    pub fn start(runs: PathBuf, server: Address) -> Result<Self, Failure> {
        let runtime = runtime()?;
        let wanted = format!("127.0.0.1:{PAGE_PORT}");
        let (page, web) =
            runtime.block_on(bound(bind_from(PAGE_PORT))).map_err(|error| cannot_listen(&wanted, error))?;
        let any = "127.0.0.1:0";
        let (ingest, agents) =
            runtime.block_on(bound(TcpListener::bind(any))).map_err(|error| cannot_listen(any, error))?;
        let options = dashboard::Options {
            runs,
            server: server.into(),
            token: None,
            insecure_network: false,
            allowed_origins: Vec::new(),
            allowed_hosts: Vec::new(),
        };
        let service = Service::start("dashboard", runtime, |shutdown| async move {
            dashboard::serve(agents, web, options, shutdown).await.map_err(|error| error.to_string())
        })?;
        Ok(Self { page, ingest, _service: service })
    }

    /// What a browser opens.
    pub fn page(&self) -> String {
        format!("http://{}/", self.page)
    }

    /// Where agents publish.
    pub fn ingest(&self) -> Result<Address, Failure> {
        parsed(self.ingest)
    }
}

impl Service {
    fn start<F: Future<Output = Result<(), String>>>(
        name: &'static str,
        runtime: Runtime,
        serve: impl FnOnce(CancellationToken) -> F + Send + 'static,
    ) -> Result<Self, Failure> {
        let shutdown = CancellationToken::new();
        let run = {
            let shutdown = shutdown.clone();
            move || {
                if let Err(error) = runtime.block_on(serve(shutdown)) {
                    tracing::error!(%error, "the embedded {name} stopped");
                }
            }
        };
        let thread = thread::Builder::new().name(name.to_owned()).spawn(run).map_err(ServerError::Start)?;
        Ok(Self { shutdown, thread: Some(thread) })
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        self.shutdown.cancel();
        if let Some(thread) = self.thread.take() {
            // A panic of that thread has been reported by the panic hook.
            let _ = thread.join();
        }
    }
}

fn runtime() -> Result<Runtime, Failure> {
    Ok(tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(ServerError::Start)?)
}

async fn bound(bind: impl Future<Output = io::Result<TcpListener>>) -> io::Result<(SocketAddr, TcpListener)> {
    let listener = bind.await?;
    Ok((listener.local_addr()?, listener))
}

async fn bind_from(first: u16) -> io::Result<TcpListener> {
    for port in first..first.saturating_add(PORTS_TRIED) {
        match TcpListener::bind(("127.0.0.1", port)).await {
            Err(error) if error.kind() == io::ErrorKind::AddrInUse => {}
            bound => return bound,
        }
    }
    Err(io::Error::new(io::ErrorKind::AddrInUse, format!("this port and the next {} are taken", PORTS_TRIED - 1)))
}

fn cannot_listen(wanted: &str, error: io::Error) -> Failure {
    ServerError::Listen(ListenAddress::Tcp(wanted.to_owned()), error).into()
}

fn parsed(address: SocketAddr) -> Result<Address, Failure> {
    address.to_string().parse().map_err(|error| Failure::System(format!("{error}")))
}
