//! Flags: certificates and tokens, of the server and of those who call it.

use std::path::PathBuf;

use clap::Args;
use spikedrive_proto::address::Address;
use spikedrive_proto::client::{ClientError, ClientFiles, ClientSecurity, Target};

use crate::security::{Security, Tls, TlsError, Tokens, TokensError};

/// Who may use the server.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Security")]
pub struct SecurityArgs {
    /// The server's certificate and those that it is signed with, in PEM form: TLS is spoken then.
    #[arg(long, value_name = "FILE", requires = "tls_key", env = "SPIKEDRIVE_SERVE_TLS_CERT")]
    pub tls_cert: Option<PathBuf>,
    /// The certificate's private key, in PEM form.
    #[arg(long, value_name = "FILE", requires = "tls_cert", env = "SPIKEDRIVE_SERVE_TLS_KEY")]
    pub tls_key: Option<PathBuf>,
    /// Certificates of which one must have signed that of every client, in PEM form: mutual TLS.
    #[arg(long, value_name = "FILE", requires = "tls_cert", env = "SPIKEDRIVE_SERVE_TLS_CLIENT_CA")]
    pub tls_client_ca: Option<PathBuf>,
    /// File with a name and a token on each line: who shows none of them is refused, and everyone has sessions of his own.
    #[arg(long, value_name = "FILE", env = "SPIKEDRIVE_SERVE_TOKENS")]
    pub tokens: Option<PathBuf>,
}

/// Why the server cannot be made safe.
#[derive(Debug, thiserror::Error)]
pub enum SecurityError {
    /// Certificates.
    #[error("{0}")]
    Tls(#[from] TlsError),
    /// Tokens.
    #[error("{0}")]
    Tokens(#[from] TokensError),
}

impl SecurityArgs {
    pub(super) fn read(&self) -> Result<Security, SecurityError> {
        let tls = match (&self.tls_cert, &self.tls_key) {
            (Some(certificate), Some(key)) => Some(Tls::read(certificate, key, self.tls_client_ca.as_deref())?),
            _ => None,
        };
        let tokens = self.tokens.as_deref().map(Tokens::read).transpose()?;
        Ok(Security { tls, tokens })
    }
}

/// How a client is known to a server, and the server to it.
#[derive(Args, Clone, Debug, Default)]
#[command(next_help_heading = "Security of the connection to the server")]
pub struct ClientArgs {
    /// Certificates to trust, in PEM form, where the server's address begins with https://.
    #[arg(long, value_name = "FILE", env = "SPIKEDRIVE_TLS_CA")]
    pub tls_ca: Option<PathBuf>,
    /// Certificate to show, in PEM form, where the server wants one.
    #[arg(long = "tls-client-cert", value_name = "FILE", requires = "tls_client_key", env = "SPIKEDRIVE_TLS_CERT")]
    pub tls_client_cert: Option<PathBuf>,
    /// Its private key, in PEM form.
    #[arg(long = "tls-client-key", value_name = "FILE", requires = "tls_client_cert", env = "SPIKEDRIVE_TLS_KEY")]
    pub tls_client_key: Option<PathBuf>,
    /// File with the token to show, alone.
    #[arg(long, value_name = "FILE", env = "SPIKEDRIVE_TOKEN_FILE")]
    pub token_file: Option<PathBuf>,
}

impl ClientArgs {
    /// A server, and what the files hold for it.
    pub fn target(&self, address: Address) -> Result<Target, ClientError> {
        let identity = self.tls_client_cert.clone().zip(self.tls_client_key.clone());
        let files = ClientFiles { ca: self.tls_ca.clone(), identity, token: self.token_file.clone() };
        Ok(Target { address, security: ClientSecurity::read(&files)? })
    }
}
