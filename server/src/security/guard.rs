//! The door of every service: it asks who calls, and counts what is refused.

use std::convert::Infallible;
use std::fmt::Write;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use sha2::{Digest, Sha256};
use tonic::Status;
use tonic::body::Body;
use tonic::codegen::http::{self, Extensions, HeaderMap, header::AUTHORIZATION};
use tonic::transport::server::{TcpConnectInfo, TlsConnectInfo};
use tower::{Layer, Service};

use super::Tokens;
use crate::caller::Caller;
use crate::metrics::Metrics;

/// Health is asked by what keeps containers alive: it has no token.
const OPEN_TO_ALL: &str = "/grpc.health.v1.Health/";

/// Puts the door in front of services. They find the [`Caller`] among a request's extensions.
#[derive(Clone, Debug)]
pub struct GuardLayer {
    tokens: Option<Tokens>,
    metrics: Metrics,
}

impl GuardLayer {
    /// A door that wants one of the tokens, if there are any.
    pub fn new(tokens: Option<Tokens>, metrics: Metrics) -> Self {
        Self { tokens, metrics }
    }

    /// Who calls.
    fn admit(&self, path: &str, headers: &HeaderMap, extensions: &Extensions) -> Result<Caller, Status> {
        let Some(tokens) = &self.tokens else { return Ok(by_connection(extensions)) };
        if path.starts_with(OPEN_TO_ALL) {
            return Ok(by_connection(extensions));
        }
        let header = headers.get(AUTHORIZATION).ok_or_else(|| {
            Status::unauthenticated("this server wants a token: send the metadata `authorization: Bearer TOKEN`")
        })?;
        let token = header.to_str().ok().and_then(|text| {
            let (scheme, token) = text.split_once(' ')?;
            scheme.eq_ignore_ascii_case("bearer").then_some(token)
        });
        let name = token.and_then(|token| tokens.name(token));
        let refused = || Status::unauthenticated("the token is none of this server's: ask whoever runs it for one");
        name.map(Caller::Token).ok_or_else(refused)
    }
}

/// The holder of a client certificate, or anybody at an address.
fn by_connection(extensions: &Extensions) -> Caller {
    let tls = extensions.get::<TlsConnectInfo<TcpConnectInfo>>();
    let certificates = tls.and_then(TlsConnectInfo::peer_certs);
    if let Some(certificate) = certificates.as_ref().and_then(|certificates| certificates.first()) {
        let digest: [u8; 32] = Sha256::digest(certificate.as_ref()).into();
        let hex = digest.iter().fold(String::with_capacity(64), |mut hex, byte| {
            // Writing to a string cannot fail.
            let _ = write!(hex, "{byte:02x}");
            hex
        });
        return Caller::Certificate(hex.into());
    }
    let tcp = tls.map(TlsConnectInfo::get_ref).or_else(|| extensions.get::<TcpConnectInfo>());
    let address = tcp.and_then(TcpConnectInfo::remote_addr).map(|address| address.ip().to_string());
    Caller::Anybody(address.map_or_else(|| Arc::from("the Unix socket"), Into::into))
}

impl<S> Layer<S> for GuardLayer {
    type Service = Guard<S>;

    fn layer(&self, inner: S) -> Guard<S> {
        Guard { inner, layer: self.clone() }
    }
}

/// A service behind the door.
#[derive(Clone, Debug)]
pub struct Guard<S> {
    inner: S,
    layer: GuardLayer,
}

impl<S> Service<http::Request<Body>> for Guard<S>
where
    S: Service<http::Request<Body>, Response = http::Response<Body>, Error = Infallible>,
    S::Future: Send + 'static,
{
    type Response = http::Response<Body>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Infallible>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, mut request: http::Request<Body>) -> Self::Future {
        let metrics = self.layer.metrics.clone();
        match self.layer.admit(request.uri().path(), request.headers(), request.extensions()) {
            Ok(caller) => {
                request.extensions_mut().insert(caller);
                let answer = self.inner.call(request);
                Box::pin(async move {
                    let answer = answer.await?;
                    // A call that fails at once says so in its headers; streams count their own ends.
                    if let Some(status) = Status::from_header_map(answer.headers()) {
                        count(&metrics, &status);
                    }
                    Ok(answer)
                })
            }
            Err(status) => {
                count(&metrics, &status);
                Box::pin(async move { Ok(status.into_http()) })
            }
        }
    }
}

fn count(metrics: &Metrics, status: &Status) {
    if status.code() != tonic::Code::Ok {
        metrics.failed(status.code());
    }
}
