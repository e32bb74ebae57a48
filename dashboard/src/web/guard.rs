//! Who may see a page, and what a browser may do with it.

use std::sync::Arc;

use axum::extract::{Query, Request, State};
use axum::http::header::{self, HeaderName};
use axum::http::uri::Authority;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Redirect, Response};
use serde::Deserialize;

use super::answer::Refusal;
use crate::host::{HostName, Hosts};
use crate::origin::Origin;
use crate::token::Token;

/// The page that health checks ask for: nothing of it is secret.
pub(crate) const HEALTH: &str = "/api/health";
/// The cookie that holds the token.
const COOKIE: &str = "spikedrive_token";

/// What every answer says about itself.
const HEADERS: [(HeaderName, HeaderValue); 5] = [
    (
        header::CONTENT_SECURITY_POLICY,
        HeaderValue::from_static(
            "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; object-src 'none'; \
             base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
        ),
    ),
    (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
    (header::REFERRER_POLICY, HeaderValue::from_static("no-referrer")),
    (HeaderName::from_static("cross-origin-opener-policy"), HeaderValue::from_static("same-origin")),
    (HeaderName::from_static("cross-origin-resource-policy"), HeaderValue::from_static("same-origin")),
];

/// Who may see the pages.
#[derive(Debug)]
pub(crate) struct Guard {
    /// What a visitor must know.
    pub(crate) token: Option<Token>,
    /// Origins that are welcome beside the dashboard's own.
    pub(crate) allowed_origins: Vec<Origin>,
    /// The names under which pages are served.
    pub(crate) hosts: Hosts,
    /// Names that are served as well, as the hosts of allowed origins are.
    pub(crate) allowed_hosts: Vec<HostName>,
}

/// The token as it comes in an address.
#[derive(Deserialize)]
struct TokenQuery {
    token: String,
}

/// Checks a request before it reaches its page, and marks the answer.
pub(crate) async fn guard(State(guard): State<Arc<Guard>>, request: Request, next: Next) -> Response {
    let mut response = match guard.check(&request) {
        Err(refusal) => refusal.into_response(),
        Ok(Some(cookie)) => {
            // The token leaves the address, and with it the history of the browser.
            ([(header::SET_COOKIE, cookie)], Redirect::to("/")).into_response()
        }
        Ok(None) => next.run(request).await,
    };
    let headers = response.headers_mut();
    HEADERS.into_iter().for_each(|(name, value)| drop(headers.insert(name, value)));
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    response
}

impl Guard {
    /// Whether the request may pass, or which cookie its token becomes.
    fn check(&self, request: &Request) -> Result<Option<HeaderValue>, Refusal> {
        let host = host(request)?;
        self.check_host(&host)?;
        let headers = request.headers();
        let changes = !matches!(*request.method(), Method::GET | Method::HEAD) || headers.contains_key(header::UPGRADE);
        if changes {
            self.check_origin(headers, &host)?;
        }
        match &self.token {
            Some(token) if request.uri().path() != HEALTH => admit(token, request),
            _ => Ok(None),
        }
    }

    fn check_host(&self, host: &Authority) -> Result<(), Refusal> {
        let name = host.host();
        let is_known = self.hosts.admit(name)
            || self.allowed_hosts.iter().any(|allowed| allowed.is(name))
            || self.allowed_origins.iter().any(|origin| name.eq_ignore_ascii_case(origin.host()));
        if is_known {
            return Ok(());
        }
        let text = match self.hosts {
            Hosts::Loopback => format!("the host {name:?} is not this machine: open http://localhost, or"),
            _ => format!("the host {name:?} is no name of this dashboard: open it by its IP address, or"),
        } + &format!(" allow the name with --allow-host {name}");
        Err(Refusal::new(StatusCode::MISDIRECTED_REQUEST, text))
    }

    /// A browser names the page that opens a WebSocket or posts; a program that is no browser names none.
    fn check_origin(&self, headers: &HeaderMap, host: &Authority) -> Result<(), Refusal> {
        let Some(given) = headers.get(header::ORIGIN) else { return Ok(()) };
        let origin = given.to_str().ok().and_then(|text| text.parse::<Origin>().ok());
        if origin.is_some_and(|origin| origin.is_of_host(host) || self.allowed_origins.contains(&origin)) {
            return Ok(());
        }
        let text = format!("pages of {given:?} may not use this dashboard: allow them with --allow-origin");
        Err(Refusal::new(StatusCode::FORBIDDEN, text))
    }
}

/// The host that the request is for.
fn host(request: &Request) -> Result<Authority, Refusal> {
    let header = request.headers().get(header::HOST).and_then(|host| host.to_str().ok()?.parse().ok());
    header
        .or_else(|| request.uri().authority().cloned())
        .ok_or_else(|| Refusal::new(StatusCode::BAD_REQUEST, "the request names no host: send a Host header"))
}

/// Lets in who knows the token: from the header, the cookie, or the address, from which it becomes a cookie.
fn admit(token: &Token, request: &Request) -> Result<Option<HeaderValue>, Refusal> {
    let headers = request.headers();
    let authorization = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    if token.admits_header(authorization) || cookies(headers).any(|cookie| token.admits(cookie)) {
        return Ok(None);
    }
    let query = Query::<TokenQuery>::try_from_uri(request.uri()).ok().filter(|_| request.uri().path() == "/");
    if let Some(Query(TokenQuery { token: given })) = query
        && token.admits(given.trim())
    {
        let cookie = format!("{COOKIE}={}; Path=/; HttpOnly; SameSite=Strict", given.trim());
        let cookie = HeaderValue::from_str(&cookie);
        return cookie.map(Some).map_err(|error| Refusal::new(StatusCode::BAD_REQUEST, error.to_string()));
    }
    let text = "this dashboard wants its token: open /?token=TOKEN once, or send `Authorization: Bearer TOKEN`";
    Err(Refusal::new(StatusCode::UNAUTHORIZED, text))
}

fn cookies(headers: &HeaderMap) -> impl Iterator<Item = &str> {
    let lines = headers.get_all(header::COOKIE).into_iter().filter_map(|line| line.to_str().ok());
    let pairs = lines.flat_map(|line| line.split(';')).filter_map(|pair| pair.trim().split_once('='));
    pairs.filter(|(name, _)| *name == COOKIE).map(|(_, value)| value)
}
