//! Who may use the server: tokens, certificates, and the door that asks for them.

mod guard;
mod tls;
mod tokens;

pub use guard::GuardLayer;
pub use tls::{Tls, TlsError};
pub use tokens::{Tokens, TokensError};

/// What the server asks of its callers. The default asks nothing.
#[derive(Clone, Debug, Default)]
pub struct Security {
    /// Certificates; without them everything goes in the clear.
    pub tls: Option<Tls>,
    /// Tokens; without them everybody may use the server.
    pub tokens: Option<Tokens>,
}
