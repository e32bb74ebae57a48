//! What browsers see.

mod answer;
mod api;
mod assets;
mod drive;
mod drive_request;
mod episodes_csv;
mod guard;
mod live;
mod socket;
mod spec;

use std::sync::Arc;

use axum::Router;
use axum::middleware::from_fn_with_state;
use axum::routing::get;
use spikedrive_proto::client::Target;
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

use crate::hub::Hub;
use crate::store::Store;
pub(crate) use guard::Guard;

/// What the pages are made from.
#[derive(Clone)]
pub(crate) struct Web {
    pub(crate) store: Arc<Store>,
    pub(crate) hub: Arc<Hub>,
    /// Environment server for driving by hand.
    pub(crate) server: Target,
    pub(crate) guard: Arc<Guard>,
    /// Places for those who look at live runs.
    pub(crate) viewers: Arc<Semaphore>,
    /// Places for those who drive.
    pub(crate) drivers: Arc<Semaphore>,
    pub(crate) shutdown: CancellationToken,
}

/// Every page, behind the guard.
pub(crate) fn router(web: Web) -> Router {
    Router::new()
        .route("/", get(assets::index))
        .route("/assets/{*path}", get(assets::asset))
        .route(guard::HEALTH, get(api::health))
        .route("/api/spec", get(spec::spec))
        .route("/api/runs", get(api::runs))
        .route("/api/runs/{run}", get(api::run))
        .route("/api/runs/{run}/episodes", get(api::episodes))
        .route("/api/runs/{run}/episodes.csv", get(api::episodes_csv))
        .route("/api/runs/{run}/recordings", get(api::recordings))
        .route("/api/runs/{run}/recordings/{name}", get(api::recording))
        .route("/ws/live", get(live::live))
        .route("/ws/drive", get(drive::drive))
        .fallback(answer::no_such_page)
        .method_not_allowed_fallback(answer::no_such_method)
        .layer(from_fn_with_state(Arc::clone(&web.guard), guard::guard))
        .with_state(web)
}
