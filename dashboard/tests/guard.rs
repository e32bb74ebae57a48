//! Who may see the pages, and what they say about themselves.
#![allow(clippy::unwrap_used, reason = "tests")]

mod support;

use hyper::StatusCode;
use spikedrive_dashboard::serve::{Options, ServeError, serve};
use spikedrive_dashboard::token::Token;
use support::{Browser, Dashboard, Page, Publisher, get, options, request, within};
use tokio::net::TcpListener;
use tokio_tungstenite::tungstenite::Error;
use tokio_util::sync::CancellationToken;
use tonic::Code;

const TOKEN: &str = "0123456789abcdef0123456789abcdef";

async fn upgrade(dashboard: &Dashboard, headers: &[(&str, &str)]) -> Result<(), StatusCode> {
    match Browser::open(dashboard.web, "/ws/live", headers).await {
        Ok(_) => Ok(()),
        Err(Error::Http(response)) => Err(response.status()),
        Err(error) => panic!("{error}"),
    }
}

#[tokio::test]
async fn every_answer_forbids_what_the_page_does_not_need() {
    let runs = tempfile::tempdir().unwrap();
    let dashboard = Dashboard::start(runs.path()).await;
    for path in ["/", "/api/runs", "/api/health", "/nothing"] {
        let page = dashboard.get(path).await;
        let policy = page.header("content-security-policy");
        for rule in ["default-src 'self';", "img-src 'self' data: blob:;", "frame-ancestors 'none'"] {
            assert!(policy.contains(rule), "{path}: {policy}");
        }
        assert!(!policy.contains("script-src"), "scripts are the dashboard's own: {policy}");
        assert_eq!(page.header("x-content-type-options"), "nosniff", "{path}");
        assert_eq!(page.header("referrer-policy"), "no-referrer", "{path}");
    }
    let page = dashboard.get("/").await;
    assert_eq!(page.header("content-type"), "text/html; charset=utf-8");
    let again = get(dashboard.web, "/", &[("if-none-match", page.header("etag"))]).await;
    assert_eq!((again.status, again.body.len()), (StatusCode::NOT_MODIFIED, 0));
    assert_eq!(dashboard.get("/api/runs").await.header("cache-control"), "no-store");
}

#[tokio::test]
async fn on_loopback_only_the_names_of_this_machine_are_served() {
    let runs = tempfile::tempdir().unwrap();
    let allowed_origins = vec!["http://dash.example".parse().unwrap()];
    let dashboard = Dashboard::with(Options { allowed_origins, ..options(runs.path()) }).await;
    for host in ["localhost:8080", "127.0.0.1", "[::1]:8080", "LOCALHOST", "dash.example"] {
        assert_eq!(get(dashboard.web, "/api/runs", &[("host", host)]).await.status, StatusCode::OK, "{host}");
    }
    for host in ["evil.example", "evil.example:8080", "localhost.evil.example", "127.0.0.2"] {
        let page = get(dashboard.web, "/api/runs", &[("host", host)]).await;
        assert_eq!(page.status, StatusCode::MISDIRECTED_REQUEST, "{host}");
        let name = host.split(':').next().unwrap();
        assert!(page.error().ends_with(&format!("--allow-host {name}")), "{}", page.error());
    }
}

#[tokio::test]
async fn in_a_closed_network_no_name_is_served_that_nobody_gave() {
    let runs = tempfile::tempdir().unwrap();
    let named = Options {
        insecure_network: true,
        allowed_origins: vec!["https://dash.example".parse().unwrap()],
        allowed_hosts: vec!["dashboard".parse().unwrap()],
        ..options(runs.path())
    };
    let (agents, pages) =
        (TcpListener::bind("127.0.0.1:0").await.unwrap(), TcpListener::bind("0.0.0.0:0").await.unwrap());
    let address = format!("127.0.0.1:{}", pages.local_addr().unwrap().port()).parse().unwrap();
    let shutdown = CancellationToken::new();
    let serving = tokio::spawn(serve(agents, pages, named, shutdown.clone()));
    let status = async |path, host: &str| get(address, path, &[("host", host)]).await.status;
    for host in [
        "localhost:8080",
        "127.0.0.1:8080",
        "[::1]",
        "192.0.2.7:8080",
        "[2001:db8::7]",
        "dashboard:8080",
        "dash.example",
    ] {
        assert_eq!(status("/api/runs", host).await, StatusCode::OK, "{host}");
    }
    for host in ["evil.example", "evil.example:8080", "dashboard.evil.example", "127.0.0.1.evil.example", "0x7f000001"]
    {
        for path in ["/", "/api/runs", "/api/health"] {
            assert_eq!(status(path, host).await, StatusCode::MISDIRECTED_REQUEST, "{host}{path}");
        }
        // To a browser such a page is one of the dashboard's own.
        let origin = format!("http://{host}");
        let socket = Browser::open(address, "/ws/live", &[("host", host), ("origin", &origin)]).await;
        let Err(Error::Http(response)) = socket else { panic!("{host} opens a socket") };
        assert_eq!(response.status(), StatusCode::MISDIRECTED_REQUEST, "{host}");
    }
    shutdown.cancel();
    within(serving).await.unwrap().unwrap();
}

#[tokio::test]
async fn only_own_pages_open_sockets_and_post() {
    let runs = tempfile::tempdir().unwrap();
    let allowed_origins = vec!["https://dash.example".parse().unwrap()];
    let dashboard = Dashboard::with(Options { allowed_origins, ..options(runs.path()) }).await;
    let own = format!("http://{}", dashboard.web);
    assert_eq!(upgrade(&dashboard, &[]).await, Ok(()), "a program that is no browser");
    assert_eq!(upgrade(&dashboard, &[("origin", &own)]).await, Ok(()));
    assert_eq!(upgrade(&dashboard, &[("origin", "https://dash.example")]).await, Ok(()));
    for origin in ["http://evil.example", "null", "http://127.0.0.1:1", "https://dash.example.evil.example"] {
        assert_eq!(upgrade(&dashboard, &[("origin", origin)]).await, Err(StatusCode::FORBIDDEN), "{origin}");
        let page = request("POST", dashboard.web, "/api/runs", &[("origin", origin)]).await;
        assert_eq!(page.status, StatusCode::FORBIDDEN, "{origin}");
    }
    let page = request("POST", dashboard.web, "/api/runs", &[("origin", &own)]).await;
    assert_eq!(
        (page.status, page.error().as_str()),
        (StatusCode::METHOD_NOT_ALLOWED, "/api/runs does not take POST: use GET")
    );
}

#[tokio::test]
async fn a_token_opens_pages_sockets_and_ingest() {
    let runs = tempfile::tempdir().unwrap();
    let token = Some(Token::parse(TOKEN).unwrap());
    let dashboard = Dashboard::with(Options { token, ..options(runs.path()) }).await;
    for path in ["/", "/api/runs", "/assets/index.html", "/?token=0123456789abcdef", "/api/runs?token=x"] {
        let page = dashboard.get(path).await;
        assert_eq!(page.status, StatusCode::UNAUTHORIZED, "{path}");
        assert!(page.error().contains("open /?token=TOKEN"), "{}", page.error());
    }
    assert_eq!(dashboard.get("/api/health").await.status, StatusCode::OK);
    let bearer = format!("Bearer {TOKEN}");
    assert_eq!(get(dashboard.web, "/api/runs", &[("authorization", &bearer)]).await.status, StatusCode::OK);

    let page: Page = dashboard.get(&format!("/?token={TOKEN}")).await;
    assert_eq!((page.status, page.header("location")), (StatusCode::SEE_OTHER, "/"));
    let cookie = page.header("set-cookie");
    assert!(cookie.contains("HttpOnly") && cookie.contains("SameSite=Strict"), "{cookie}");
    let cookie = cookie.split(';').next().unwrap();
    assert_eq!(get(dashboard.web, "/", &[("cookie", cookie)]).await.status, StatusCode::OK);
    assert_eq!(upgrade(&dashboard, &[("cookie", cookie)]).await, Ok(()));
    assert_eq!(upgrade(&dashboard, &[]).await, Err(StatusCode::UNAUTHORIZED));

    for wrong in [None, Some("another-token-0123456789")] {
        let status = Publisher::connect_with(dashboard.ingest, wrong).await.err().unwrap();
        assert_eq!(status.code(), Code::Unauthenticated);
        assert!(status.message().contains("authorization: Bearer"), "{}", status.message());
    }
    let mut publisher = Publisher::connect_with(dashboard.ingest, Some(TOKEN)).await.unwrap();
    assert_eq!(publisher.start("a", 0).await, 0);
}

#[tokio::test]
async fn other_machines_need_a_token_or_a_closed_network() {
    let runs = tempfile::tempdir().unwrap();
    for (ingest, web) in [("127.0.0.1:0", "0.0.0.0:0"), ("0.0.0.0:0", "127.0.0.1:0")] {
        let listen = async || (TcpListener::bind(ingest).await.unwrap(), TcpListener::bind(web).await.unwrap());
        let (agents, pages) = listen().await;
        let error = within(serve(agents, pages, options(runs.path()), CancellationToken::new())).await.unwrap_err();
        assert!(matches!(error, ServeError::Exposed(_)));
        assert!(error.to_string().contains("--token-file"), "{error}");
        for open in [
            Options { insecure_network: true, ..options(runs.path()) },
            Options { token: Some(Token::parse(TOKEN).unwrap()), ..options(runs.path()) },
        ] {
            let (agents, pages) = listen().await;
            let address = format!("127.0.0.1:{}", pages.local_addr().unwrap().port()).parse().unwrap();
            let shutdown = CancellationToken::new();
            let serving = tokio::spawn(serve(agents, pages, open, shutdown.clone()));
            assert_eq!(get(address, "/api/health", &[]).await.status, StatusCode::OK);
            shutdown.cancel();
            within(serving).await.unwrap().unwrap();
        }
    }
}
