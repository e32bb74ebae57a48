//! The dashboard's command line, shared by `spikedrive-dashboard` and `spikedrive dashboard`.

use std::io::{self, Write};
use std::path::PathBuf;

use clap::Args;
use spikedrive_proto::DEFAULT_ADDRESS;
use spikedrive_proto::address::{Address, parse_listen};
use spikedrive_proto::client::{ClientError, ClientFiles, ClientSecurity, Target};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::healthcheck::{Unhealthy, healthcheck};
use crate::host::HostName;
use crate::origin::Origin;
use crate::serve::{Options, ServeError, serve};
use crate::token::{Token, TokenError};

/// Address that agents publish to by default.
pub const DEFAULT_INGEST: &str = "127.0.0.1:50052";
/// Address that browsers open by default.
pub const DEFAULT_LISTEN: &str = "127.0.0.1:8080";

/// How to serve.
#[derive(Args, Clone, Debug)]
pub struct DashboardArgs {
    /// Address that agents publish to, over gRPC; port 0 takes any free one.
    #[arg(long, value_name = "HOST:PORT", default_value = DEFAULT_INGEST, value_parser = parse_listen, env = "SPIKEDRIVE_INGEST")]
    pub ingest: String,
    /// Address that browsers open; port 0 takes any free one.
    #[arg(long, value_name = "HOST:PORT", default_value = DEFAULT_LISTEN, value_parser = parse_listen, env = "SPIKEDRIVE_DASHBOARD_LISTEN")]
    pub listen: String,
    /// Directory of the runs: those in it are shown, and those that agents publish from elsewhere are kept in it.
    #[arg(long, value_name = "DIRECTORY", default_value = "runs", env = "SPIKEDRIVE_RUNS")]
    pub runs: PathBuf,
    /// Environment server for driving by hand.
    #[arg(long, value_name = "ADDRESS", default_value = DEFAULT_ADDRESS, env = "SPIKEDRIVE_SERVER")]
    pub server: Address,
    /// Certificates to trust, in PEM form, where the environment server's address begins with https://.
    #[arg(long, value_name = "FILE", env = "SPIKEDRIVE_TLS_CA")]
    pub server_tls_ca: Option<PathBuf>,
    /// File with the token to show to the environment server, alone.
    #[arg(long, value_name = "FILE", env = "SPIKEDRIVE_TOKEN_FILE")]
    pub server_token_file: Option<PathBuf>,
    /// File with the token that browsers and agents must know. Needed to listen to other machines.
    #[arg(long, value_name = "FILE", env = "SPIKEDRIVE_DASHBOARD_TOKEN_FILE")]
    pub token_file: Option<PathBuf>,
    /// Listen to other machines without a token: whoever reaches the address may look, pause and drive. For closed networks. Pages
    /// are served under `localhost`, IP addresses, and names given by --allow-host.
    #[arg(long)]
    pub insecure_network: bool,
    /// Origin of pages that may use this dashboard beside its own, such as `https://dashboard.example`. May be given again.
    #[arg(long, value_name = "ORIGIN")]
    pub allow_origin: Vec<Origin>,
    /// Name under which browsers may open this dashboard, such as `dashboard.example`. May be given again; in the variable, with
    /// commas between.
    #[arg(long, value_name = "NAME", env = "SPIKEDRIVE_ALLOW_HOSTS", value_delimiter = ',')]
    pub allow_host: Vec<HostName>,
}

/// Which dashboard to ask.
#[derive(Args, Clone, Debug)]
pub struct HealthcheckArgs {
    /// Address of the dashboard's pages.
    #[arg(long, value_name = "HOST:PORT", default_value = DEFAULT_LISTEN)]
    pub dashboard: Address,
}

/// Why the dashboard ended.
#[derive(Debug, thiserror::Error)]
pub enum DashboardError {
    /// An address cannot be listened on.
    #[error("cannot listen on {0}: {1}; choose another address with {2} (port 0 takes any free one)")]
    Listen(String, io::Error, &'static str),
    /// The token cannot be read.
    #[error("cannot read the token in {0}: {1}; name a readable file with --token-file")]
    ReadToken(PathBuf, io::Error),
    /// The file holds no token.
    #[error("{0}: {1}")]
    Token(PathBuf, TokenError),
    /// The files for the environment server cannot be used.
    #[error("{0}")]
    Client(#[from] ClientError),
    /// The system refused a runtime, a signal handler or its output.
    #[error("cannot start: {0}")]
    Start(#[from] io::Error),
    /// The dashboard stopped.
    #[error("{0}")]
    Serve(#[from] ServeError),
    /// The asked dashboard is not healthy.
    #[error("{0}")]
    Unhealthy(#[from] Unhealthy),
}

impl DashboardArgs {
    /// What they say beside the addresses; reads the token's file.
    pub fn options(&self) -> Result<Options, DashboardError> {
        let token = match &self.token_file {
            None => None,
            Some(path) => {
                let text =
                    std::fs::read_to_string(path).map_err(|error| DashboardError::ReadToken(path.clone(), error))?;
                Some(Token::parse(&text).map_err(|error| DashboardError::Token(path.clone(), error))?)
            }
        };
        let files = ClientFiles {
            ca: self.server_tls_ca.clone(),
            token: self.server_token_file.clone(),
            ..ClientFiles::default()
        };
        let server = Target { address: self.server.clone(), security: ClientSecurity::read(&files)? };
        Ok(Options {
            runs: self.runs.clone(),
            server,
            token,
            insecure_network: self.insecure_network,
            allowed_origins: self.allow_origin.clone(),
            allowed_hosts: self.allow_host.clone(),
        })
    }
}

/// Serves until SIGINT or SIGTERM. Prints both addresses on standard output, so that a script that asked for port 0 learns them.
pub fn run_dashboard(args: &DashboardArgs) -> Result<(), DashboardError> {
    let options = args.options()?;
    tokio::runtime::Builder::new_multi_thread().enable_all().build()?.block_on(async {
        let shutdown = CancellationToken::new();
        cancel_on_signal(&shutdown)?;
        let ingest = bind(&args.ingest, "--ingest").await?;
        let web = bind(&args.listen, "--listen").await?;
        writeln!(
            io::stdout(),
            "spikedrive-dashboard {} shows http://{}/ and takes runs on {}",
            env!("CARGO_PKG_VERSION"),
            web.local_addr()?,
            ingest.local_addr()?
        )?;
        serve(ingest, web, options, shutdown).await?;
        tracing::info!("shut down");
        Ok(())
    })
}

/// Asks a dashboard for its health.
pub fn run_healthcheck(args: &HealthcheckArgs) -> Result<(), DashboardError> {
    tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(healthcheck(&args.dashboard))?;
    writeln!(io::stdout(), "{} is serving", args.dashboard)?;
    Ok(())
}

async fn bind(address: &str, flag: &'static str) -> Result<TcpListener, DashboardError> {
    TcpListener::bind(address).await.map_err(|error| DashboardError::Listen(address.to_owned(), error, flag))
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
