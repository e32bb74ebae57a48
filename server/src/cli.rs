//! The server's command line, shared by `spikedrive-server` and `spikedrive serve`.

use std::io::{self, IsTerminal, Write};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;
use std::{fs, thread};

use clap::{Args, ValueEnum};
use spikedrive_proto::DEFAULT_ADDRESS;
use spikedrive_proto::address::Address;
pub use spikedrive_proto::address::parse_listen;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tracing_subscriber::EnvFilter;

use crate::healthcheck::{Unhealthy, healthcheck};
use crate::serve::{ServeError, serve};
use crate::sessions::SessionLimits;

/// How to serve.
#[derive(Args, Clone, Debug)]
pub struct ServeArgs {
    /// Address to listen on; port 0 takes any free one.
    #[arg(long, value_name = "HOST:PORT", default_value = DEFAULT_ADDRESS, value_parser = parse_listen, env = "SPIKEDRIVE_LISTEN")]
    pub listen: String,
    /// Most sessions at a time.
    #[arg(
        long,
        value_name = "N",
        default_value_t = SessionLimits::default().max_sessions as u32,
        value_parser = clap::value_parser!(u32).range(1..=1_000_000),
        env = "SPIKEDRIVE_MAX_SESSIONS"
    )]
    pub max_sessions: u32,
    /// Seconds after which a session that no stream drives is freed.
    #[arg(
        long,
        value_name = "SECONDS",
        default_value_t = SessionLimits::default().lease.as_secs(),
        value_parser = clap::value_parser!(u64).range(1..=86_400),
        env = "SPIKEDRIVE_LEASE"
    )]
    pub lease: u64,
    /// File to write the address to, once it can be connected to; written whole, by way of PATH.tmp.
    #[arg(long, value_name = "PATH")]
    pub ready_file: Option<PathBuf>,
    /// Shut down when standard input ends: with the process that holds its other end, however that dies.
    #[arg(long)]
    pub stop_on_stdin_eof: bool,
}

/// Which server to ask.
#[derive(Args, Clone, Debug)]
pub struct HealthcheckArgs {
    /// Address of the server.
    #[arg(long, value_name = "HOST:PORT", default_value = DEFAULT_ADDRESS, env = "SPIKEDRIVE_SERVER")]
    pub server: Address,
}

/// Why the server ended.
#[derive(Debug, thiserror::Error)]
pub enum ServerError {
    /// The address cannot be listened on.
    #[error("cannot listen on {0}: {1}; choose another address with --listen (port 0 takes any free one)")]
    Listen(String, io::Error),
    /// The address cannot be told.
    #[error("cannot write --ready-file {path}: {error}; name a file in a directory that is there and can be written", path = path.display())]
    ReadyFile {
        /// The file.
        path: PathBuf,
        /// Why.
        error: io::Error,
    },
    /// The system refused a runtime, a signal handler or its output.
    #[error("cannot start: {0}")]
    Start(#[from] io::Error),
    /// The server stopped.
    #[error("{0}")]
    Serve(#[from] ServeError),
    /// The asked server is not healthy.
    #[error("{0}")]
    Unhealthy(#[from] Unhealthy),
}

/// Serves until SIGINT or SIGTERM, or, if so told, until standard input ends. Prints the address on standard output, and writes it to
/// the ready file, so that a script that asked for port 0 learns it.
pub fn run_serve(args: &ServeArgs) -> Result<(), ServerError> {
    let limits = SessionLimits {
        max_sessions: args.max_sessions as usize,
        lease: Duration::from_secs(args.lease),
        ..SessionLimits::default()
    };
    tokio::runtime::Builder::new_multi_thread().enable_all().build()?.block_on(async {
        let shutdown = CancellationToken::new();
        cancel_on_signal(&shutdown)?;
        if args.stop_on_stdin_eof {
            cancel_on_stdin_eof(&shutdown)?;
        }
        let listener =
            TcpListener::bind(&args.listen).await.map_err(|error| ServerError::Listen(args.listen.clone(), error))?;
        let address = listener.local_addr()?;
        writeln!(io::stdout(), "spikedrive-server {} listens on {address}", env!("CARGO_PKG_VERSION"))?;
        if let Some(path) = &args.ready_file {
            write_ready_file(path, address).map_err(|error| ServerError::ReadyFile { path: path.clone(), error })?;
        }
        serve(listener, limits, shutdown).await?;
        tracing::info!("shut down");
        Ok(())
    })
}

/// Asks a server for its health.
pub fn run_healthcheck(args: &HealthcheckArgs) -> Result<(), ServerError> {
    tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(healthcheck(&args.server))?;
    writeln!(io::stdout(), "{} is serving", args.server)?;
    Ok(())
}

/// Form of log lines.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum LogFormat {
    /// For people.
    #[default]
    Text,
    /// One JSON object a line.
    Json,
}

/// Sends log lines to standard error. The level (error, warn, info, debug, trace, or one for each module) comes from
/// SPIKEDRIVE_LOG, else it is `default_level`.
pub fn install_logging(default_level: &str, format: LogFormat) {
    let filter = EnvFilter::try_from_env("SPIKEDRIVE_LOG").unwrap_or_else(|_| EnvFilter::new(default_level));
    let log = tracing_subscriber::fmt().with_env_filter(filter).with_writer(io::stderr);
    match format {
        LogFormat::Text => log.with_ansi(io::stderr().is_terminal()).init(),
        LogFormat::Json => log.json().flatten_event(true).init(),
    }
}

/// Whoever waits for the file finds it whole.
fn write_ready_file(path: &Path, address: SocketAddr) -> io::Result<()> {
    let mut temporary = path.as_os_str().to_owned();
    temporary.push(".tmp");
    fs::write(&temporary, format!("{address}\n"))?;
    fs::rename(&temporary, path)
}

/// On a thread of its own, which ends with the process: a runtime would wait for its read.
fn cancel_on_stdin_eof(shutdown: &CancellationToken) -> io::Result<()> {
    let shutdown = shutdown.clone();
    let wait = move || {
        // An error is an end as well.
        let _ = io::copy(&mut io::stdin().lock(), &mut io::sink());
        shutdown.cancel();
    };
    thread::Builder::new().name("stdin".to_owned()).spawn(wait)?;
    Ok(())
}

fn cancel_on_signal(shutdown: &CancellationToken) -> io::Result<()> {
    use tokio::signal::unix::{SignalKind, signal};
    let (mut interrupt, mut terminate) = (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
    let shutdown = shutdown.clone();
    tokio::spawn(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
        shutdown.cancel();
    });
    Ok(())
}
