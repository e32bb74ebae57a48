//! Who may use the server: tokens, certificates, and the door that asks for them.

mod guard;
mod tls;
mod tokens;

pub use guard::GuardLayer;
pub use tls::{Tls, TlsError};
pub use tokens::{Tokens, TokensError};

use tonic::transport::Server;

use crate::listen::Listener;
use crate::serve::ServeError;

/// What the server asks of its callers. The default asks nothing.
#[derive(Clone, Debug, Default)]
pub struct Security {
    /// Certificates; without them everything goes in the clear.
    pub tls: Option<Tls>,
    /// Tokens; without them everybody may use the server.
    pub tokens: Option<Tokens>,
}

impl Security {
    /// Whether this can be served on a listener.
    pub fn check(&self, listener: &Listener) -> Result<(), ServeError> {
        match (listener.open_to_the_network(), &self.tokens, &self.tls) {
            (Some(address), Some(_), None) => Err(ServeError::TokensInTheClear(address)),
            (_, _, Some(_)) if matches!(listener, Listener::Unix(_)) => Err(ServeError::TlsOnUnix),
            (_, _, Some(tls)) => Server::builder().tls_config(tls.config()).map(drop).map_err(ServeError::Certificates),
            _ => Ok(()),
        }
    }
}
