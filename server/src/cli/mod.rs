//! The server's command line, shared by `spikedrive-server` and `spikedrive serve`.

mod limits;
mod security;

use std::io::{self, IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;
use std::{fs, thread};

use clap::{Args, ValueEnum};
use spikedrive_proto::DEFAULT_ADDRESS;
use spikedrive_proto::address::Address;
pub use spikedrive_proto::address::parse_listen;
use spikedrive_proto::client::ClientError;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tracing_subscriber::EnvFilter;

pub use self::limits::LimitArgs;
pub use self::security::{ClientArgs, SecurityArgs, SecurityError};
use crate::healthcheck::{Unhealthy, healthcheck};
use crate::listen::{ListenAddress, Listener};
use crate::serve::{ServeError, ServeOptions, serve};

/// Where metrics are served if nobody else listens there.
const DEFAULT_METRICS: &str = "127.0.0.1:9464";

/// Libraries that see whole requests: at their lower levels they would log headers, and a token is one.
const CARRIERS_OF_SECRETS: [&str; 4] = ["h2", "hyper", "tonic", "rustls"];

/// How to serve.
#[derive(Args, Clone, Debug)]
pub struct ServeArgs {
    /// Address to listen on: host:port, where port 0 takes any free one, or unix:/path.
    #[arg(long, value_name = "ADDRESS", default_value = DEFAULT_ADDRESS, env = "SPIKEDRIVE_LISTEN")]
    pub listen: ListenAddress,
    #[command(flatten)]
    limits: LimitArgs,
    #[command(flatten)]
    security: SecurityArgs,
    #[command(flatten)]
    operations: OperationArgs,
}

/// How the server is run.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Operations")]
pub struct OperationArgs {
    /// Address that /metrics is served on, for Prometheus, or "off". By default 127.0.0.1:9464, if nobody else listens there.
    #[arg(long, value_name = "HOST:PORT", value_parser = parse_metrics, env = "SPIKEDRIVE_METRICS")]
    metrics: Option<MetricsAddress>,
    /// Seconds that streams may go on after SIGTERM, while there are no new sessions; SIGINT and a second SIGTERM end them at once.
    #[arg(
        long,
        value_name = "SECONDS",
        default_value_t = 5,
        value_parser = clap::value_parser!(u64).range(0..=86_400),
        env = "SPIKEDRIVE_DRAIN"
    )]
    drain: u64,
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
    #[arg(long, value_name = "ADDRESS", default_value = DEFAULT_ADDRESS, env = "SPIKEDRIVE_SERVER")]
    pub server: Address,
    #[command(flatten)]
    security: ClientArgs,
}

/// Where metrics are served.
#[derive(Clone, Debug, PartialEq, Eq)]
enum MetricsAddress {
    Off,
    On(String),
}

fn parse_metrics(text: &str) -> Result<MetricsAddress, String> {
    if text == "off" {
        Ok(MetricsAddress::Off)
    } else {
        parse_listen(text)
            .map(MetricsAddress::On)
            .map_err(|_| "use host:port, such as 127.0.0.1:9464, or off".to_owned())
    }
}

/// Why the server ended.
#[derive(Debug, thiserror::Error)]
pub enum ServerError {
    /// The address cannot be listened on.
    #[error("cannot listen on {0}: {1}; choose another address with --listen (port 0 takes any free one)")]
    Listen(ListenAddress, io::Error),
    /// The address for metrics cannot be listened on.
    #[error("cannot serve metrics on {0}: {1}; choose another address with --metrics, or \"off\"")]
    Metrics(String, io::Error),
    /// Certificates or tokens cannot be used.
    #[error("{0}")]
    Security(#[from] SecurityError),
    /// So cannot those of a client.
    #[error("{0}")]
    Client(#[from] ClientError),
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
    let OperationArgs { metrics, drain, ready_file, stop_on_stdin_eof } = &args.operations;
    let security = args.security.read()?;
    tokio::runtime::Builder::new_multi_thread().enable_all().build()?.block_on(async {
        let (shutdown, hurry) = (CancellationToken::new(), CancellationToken::new());
        cancel_on_signal(&shutdown, &hurry)?;
        if *stop_on_stdin_eof {
            cancel_on_stdin_eof(&shutdown, &hurry)?;
        }
        let options = ServeOptions {
            limits: args.limits.limits(),
            security,
            metrics: listen_for_metrics(metrics.as_ref()).await?,
            max_message_bytes: args.limits.max_message_bytes as usize,
            drain: Duration::from_secs(*drain),
            hurry,
        };
        let listen_error = |error| ServerError::Listen(args.listen.clone(), error);
        let listener = Listener::bind(&args.listen).await.map_err(listen_error)?;
        let address = listener.address()?;
        options.security.check(&listener)?;
        writeln!(io::stdout(), "spikedrive-server {} listens on {address}", env!("CARGO_PKG_VERSION"))?;
        if let Some(path) = ready_file {
            write_ready_file(path, &address).map_err(|error| ServerError::ReadyFile { path: path.clone(), error })?;
        }
        serve(listener, options, shutdown).await?;
        tracing::info!("shut down");
        Ok(())
    })
}

/// The default address is taken if it is free; one that was asked for must be.
async fn listen_for_metrics(address: Option<&MetricsAddress>) -> Result<Option<TcpListener>, ServerError> {
    let (address, asked) = match address {
        Some(MetricsAddress::Off) => return Ok(None),
        Some(MetricsAddress::On(address)) => (address.as_str(), true),
        None => (DEFAULT_METRICS, false),
    };
    match TcpListener::bind(address).await {
        Ok(listener) => {
            tracing::info!(address = %listener.local_addr()?, "metrics at /metrics");
            Ok(Some(listener))
        }
        Err(error) if asked => Err(ServerError::Metrics(address.to_owned(), error)),
        Err(error) => {
            tracing::warn!(%address, %error, "no metrics are served: another server may; choose an address with --metrics");
            Ok(None)
        }
    }
}

/// Asks a server for its health.
pub fn run_healthcheck(args: &HealthcheckArgs) -> Result<(), ServerError> {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?
        .block_on(async { healthcheck(&args.security.target(args.server.clone())?).await })?;
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
    let asked = std::env::var("SPIKEDRIVE_LOG").unwrap_or_default();
    let is_safe = |directive: &&str| !CARRIERS_OF_SECRETS.iter().any(|library| directive.trim().starts_with(library));
    let asked = asked.split(',').filter(is_safe).collect::<Vec<_>>().join(",");
    let asked = if asked.is_empty() { default_level } else { &asked };
    let mut filter = EnvFilter::try_new(asked).unwrap_or_else(|_| EnvFilter::new(default_level));
    for library in CARRIERS_OF_SECRETS {
        // Such a directive is always understood.
        filter = format!("{library}=info")
            .parse()
            .map_or_else(|_| EnvFilter::new(default_level), |directive| filter.add_directive(directive));
    }
    let log = tracing_subscriber::fmt().with_env_filter(filter).with_writer(io::stderr);
    match format {
        LogFormat::Text => log.with_ansi(io::stderr().is_terminal()).init(),
        LogFormat::Json => log.json().flatten_event(true).init(),
    }
}

/// Whoever waits for the file finds it whole.
fn write_ready_file(path: &Path, address: &str) -> io::Result<()> {
    let mut temporary = path.as_os_str().to_owned();
    temporary.push(".tmp");
    fs::write(&temporary, format!("{address}\n"))?;
    fs::rename(&temporary, path)
}

/// On a thread of its own, which ends with the process: a runtime would wait for its read.
fn cancel_on_stdin_eof(shutdown: &CancellationToken, hurry: &CancellationToken) -> io::Result<()> {
    let (shutdown, hurry) = (shutdown.clone(), hurry.clone());
    let wait = move || {
        // An error is an end as well.
        let _ = io::copy(&mut io::stdin().lock(), &mut io::sink());
        shutdown.cancel();
        hurry.cancel();
    };
    thread::Builder::new().name("stdin".to_owned()).spawn(wait)?;
    Ok(())
}

/// SIGTERM lets streams go on for a while; SIGINT, or a second SIGTERM, does not.
fn cancel_on_signal(shutdown: &CancellationToken, hurry: &CancellationToken) -> io::Result<()> {
    use tokio::signal::unix::{SignalKind, signal};
    let (mut interrupt, mut terminate) = (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
    let (shutdown, hurry) = (shutdown.clone(), hurry.clone());
    tokio::spawn(async move {
        let patient = tokio::select! {
            _ = interrupt.recv() => false,
            _ = terminate.recv() => true,
        };
        shutdown.cancel();
        if patient {
            tokio::select! {
                _ = interrupt.recv() => {}
                _ = terminate.recv() => {}
            }
        }
        hurry.cancel();
    });
    Ok(())
}
