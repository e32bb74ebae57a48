//! The page's own files: inside the program in a release build, read from the source tree in a debug build.

use axum::extract::Path;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use rust_embed::{Embed, EmbeddedFile};

use super::answer::Refusal;

#[derive(Embed)]
#[folder = "assets/"]
struct Assets;

/// The page.
pub(crate) async fn index(headers: HeaderMap) -> Result<Response, Refusal> {
    serve("index.html", &headers)
}

/// What the page asks for.
pub(crate) async fn asset(Path(path): Path<String>, headers: HeaderMap) -> Result<Response, Refusal> {
    serve(&path, &headers)
}

/// A file; browsers keep it, and ask each time whether it is still the same.
fn serve(path: &str, headers: &HeaderMap) -> Result<Response, Refusal> {
    let missing = || Refusal::new(StatusCode::NOT_FOUND, format!("the page has no file {path:?}"));
    let EmbeddedFile { data, metadata } = Assets::get(path).ok_or_else(missing)?;
    let hash: String = metadata.sha256_hash()[..16].iter().map(|byte| format!("{byte:02x}")).collect();
    let tag = format!("\"{hash}\"");
    let caching = [(header::ETAG, tag.clone()), (header::CACHE_CONTROL, "no-cache".to_owned())];
    if headers.get(header::IF_NONE_MATCH).is_some_and(|known| known.as_bytes() == tag.as_bytes()) {
        return Ok((StatusCode::NOT_MODIFIED, caching).into_response());
    }
    let kind = metadata.mimetype();
    let charset = if kind.starts_with("text/") { "; charset=utf-8" } else { "" };
    Ok((caching, [(header::CONTENT_TYPE, format!("{kind}{charset}"))], data.into_owned()).into_response())
}
