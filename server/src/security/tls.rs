//! Certificates.

use std::path::{Path, PathBuf};
use std::time::Duration;
use std::{fs, io};

use tonic::transport::{Certificate, Identity, ServerTlsConfig};

/// A peer that has not greeted by then is hung up on.
const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(10);

/// The server's certificate and key, and whose clients it trusts.
#[derive(Clone)]
pub struct Tls {
    identity: Identity,
    client_ca: Option<Certificate>,
}

/// The key stays inside.
impl std::fmt::Debug for Tls {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Tls").field("mutual", &self.client_ca.is_some()).finish_non_exhaustive()
    }
}

/// Why certificates cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// A file cannot be read.
    #[error("cannot read {path}: {error}; name readable files with --tls-cert, --tls-key and --tls-client-ca", path = .0.display(), error = .1)]
    Read(PathBuf, io::Error),
    /// A file holds something else.
    #[error("{path} holds no {what} in PEM form (\"-----BEGIN {what}-----\")", path = .0.display(), what = .1)]
    NoPem(PathBuf, &'static str),
}

impl Tls {
    /// Reads a chain of certificates, the server's own first, and its key, in PEM form; with `client_ca`, clients must show a
    /// certificate that one of those signed.
    pub fn read(certificate: &Path, key: &Path, client_ca: Option<&Path>) -> Result<Self, TlsError> {
        let identity = Identity::from_pem(read_pem(certificate, "CERTIFICATE")?, read_pem(key, "PRIVATE KEY")?);
        let client_ca = client_ca.map(|path| read_pem(path, "CERTIFICATE").map(Certificate::from_pem)).transpose()?;
        Ok(Self { identity, client_ca })
    }

    pub(crate) fn config(&self) -> ServerTlsConfig {
        let config = ServerTlsConfig::new().identity(self.identity.clone()).timeout(HANDSHAKE_TIMEOUT);
        match &self.client_ca {
            Some(ca) => config.client_ca_root(ca.clone()),
            None => config,
        }
    }
}

fn read_pem(path: &Path, what: &'static str) -> Result<Vec<u8>, TlsError> {
    let pem = fs::read(path).map_err(|error| TlsError::Read(path.to_owned(), error))?;
    let text = String::from_utf8_lossy(&pem);
    // "RSA PRIVATE KEY" and "EC PRIVATE KEY" are keys as well.
    if text.lines().any(|line| line.starts_with("-----BEGIN ") && line.ends_with(&format!("{what}-----"))) {
        Ok(pem)
    } else {
        Err(TlsError::NoPem(path.to_owned(), what))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_certificate_is_told() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("cert.pem");
        fs::write(&path, "-----BEGIN CERTIFICATE-----\n").unwrap();
        let error = Tls::read(&path, &path, None).unwrap_err().to_string();
        assert!(error.ends_with("holds no PRIVATE KEY in PEM form (\"-----BEGIN PRIVATE KEY-----\")"), "{error}");
        let error = Tls::read(Path::new("/nowhere"), &path, None).unwrap_err().to_string();
        assert!(error.starts_with("cannot read /nowhere"), "{error}");
    }
}
