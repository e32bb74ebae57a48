//! How clients reach a server: certificates and a token, read from files.

use std::path::{Path, PathBuf};
use std::{fs, io};

use tonic::metadata::{Ascii, MetadataValue};
use tonic::service::Interceptor;
use tonic::transport::{Certificate, ClientTlsConfig, Endpoint, Identity};
use tonic::{Request, Status};

use crate::address::Address;

/// What a client trusts, and shows. The default trusts nobody and shows nothing: it is enough for plain connections.
#[derive(Clone, Default)]
pub struct ClientSecurity {
    ca: Option<Certificate>,
    identity: Option<Identity>,
    token: Option<MetadataValue<Ascii>>,
}

/// A server, and how to reach it.
#[derive(Clone, Debug)]
pub struct Target {
    /// Where it is.
    pub address: Address,
    /// What is trusted and shown there.
    pub security: ClientSecurity,
}

impl From<Address> for Target {
    fn from(address: Address) -> Self {
        Self { address, security: ClientSecurity::default() }
    }
}

impl Target {
    /// Its endpoint.
    pub fn endpoint(&self) -> Result<Endpoint, ClientError> {
        self.security.endpoint(&self.address)
    }
}

/// Keys and tokens stay inside.
impl std::fmt::Debug for ClientSecurity {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ClientSecurity").finish_non_exhaustive()
    }
}

/// Where a client's secrets are.
#[derive(Clone, Debug, Default)]
pub struct ClientFiles {
    /// Certificates that sign servers' certificates, in PEM form.
    pub ca: Option<PathBuf>,
    /// The client's own certificate and key, in PEM form.
    pub identity: Option<(PathBuf, PathBuf)>,
    /// A file with the token alone.
    pub token: Option<PathBuf>,
}

/// Why a client cannot be made. No text holds a secret.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// A file cannot be read.
    #[error("cannot read {path}: {error}", path = .0.display(), error = .1)]
    Read(PathBuf, io::Error),
    /// A file holds no token.
    #[error("{path} holds no token: write it there alone, in one line", path = .0.display())]
    NoToken(PathBuf),
    /// A server with TLS, and nobody to trust.
    #[error("{0} is spoken to over TLS: name the certificates to trust with --tls-ca")]
    NoCa(Address),
    /// Whoever listens on the network would read the token.
    #[error("the token would travel in the clear to {0}: use https://, unix:, or 127.0.0.1")]
    TokenInTheClear(Address),
    /// The address or the certificates do not fit.
    #[error("{0}: {reason}", reason = root_cause(.1))]
    Transport(Address, tonic::transport::Error),
}

/// The innermost error: "connection refused", not "transport error".
pub fn root_cause<'a>(error: &'a (dyn std::error::Error + 'static)) -> &'a (dyn std::error::Error + 'static) {
    let mut cause = error;
    while let Some(source) = cause.source() {
        cause = source;
    }
    cause
}

impl ClientSecurity {
    /// Reads what the files hold.
    pub fn read(files: &ClientFiles) -> Result<Self, ClientError> {
        let read = |path: &Path| fs::read(path).map_err(|error| ClientError::Read(path.to_owned(), error));
        let ca = files.ca.as_deref().map(read).transpose()?.map(Certificate::from_pem);
        let identity = files
            .identity
            .as_ref()
            .map(|(certificate, key)| Ok::<_, ClientError>(Identity::from_pem(read(certificate)?, read(key)?)));
        let token = files.token.as_deref().map(|path| bearer(path, &read(path)?)).transpose()?;
        Ok(Self { ca, identity: identity.transpose()?, token })
    }

    /// The endpoint of a server.
    pub fn endpoint(&self, address: &Address) -> Result<Endpoint, ClientError> {
        let transport = |error| ClientError::Transport(address.clone(), error);
        if self.token.is_some() && !address.keeps_secrets() {
            return Err(ClientError::TokenInTheClear(address.clone()));
        }
        let endpoint = Endpoint::from_shared(address.uri()).map_err(transport)?;
        let Address::Tls(_) = address else { return Ok(endpoint) };
        let ca = self.ca.clone().ok_or_else(|| ClientError::NoCa(address.clone()))?;
        let config = ClientTlsConfig::new().ca_certificate(ca);
        let config = match &self.identity {
            Some(identity) => config.identity(identity.clone()),
            None => config,
        };
        endpoint.tls_config(config).map_err(transport)
    }
}

/// The header that shows a token.
fn bearer(path: &Path, bytes: &[u8]) -> Result<MetadataValue<Ascii>, ClientError> {
    let no_token = || ClientError::NoToken(path.to_owned());
    let token = std::str::from_utf8(bytes).map_err(|_| no_token())?.trim();
    if token.is_empty() || token.contains(char::is_whitespace) {
        return Err(no_token());
    }
    let mut value: MetadataValue<Ascii> = format!("Bearer {token}").parse().map_err(|_| no_token())?;
    // So that no log shows it.
    value.set_sensitive(true);
    Ok(value)
}

/// Shows the token with every call.
impl Interceptor for ClientSecurity {
    fn call(&mut self, mut request: Request<()>) -> Result<Request<()>, Status> {
        if let Some(token) = &self.token {
            request.metadata_mut().insert("authorization", token.clone());
        }
        Ok(request)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_read_whole_and_kept_from_the_clear() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("token");
        let read = |text: &str| {
            fs::write(&path, text).unwrap();
            ClientSecurity::read(&ClientFiles { token: Some(path.clone()), ..ClientFiles::default() })
        };
        let security = read("0123456789abcdef\n").unwrap();
        assert!(!format!("{security:?}").contains("0123"));
        let endpoint = |text: &str| security.endpoint(&text.parse().unwrap());
        assert!(endpoint("127.0.0.1:1").is_ok() && endpoint("unix:/s").is_ok());
        let error = endpoint("10.0.0.1:1").unwrap_err().to_string();
        assert_eq!(error, "the token would travel in the clear to 10.0.0.1:1: use https://, unix:, or 127.0.0.1");
        let error = endpoint("https://10.0.0.1:1").unwrap_err().to_string();
        assert!(error.contains("name the certificates to trust with --tls-ca"), "{error}");
        for text in ["", "\n", "two words", "\u{7f}x"] {
            assert!(read(text).unwrap_err().to_string().contains("holds no token"), "{text:?}");
        }
    }
}
