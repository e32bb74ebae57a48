//! Runs, as JSON. Files are read on threads that may wait, not on those of the network.

use std::sync::Arc;

use axum::Json;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Path, Query, State};
use axum::http::{StatusCode, header};
use axum::response::IntoResponse;
use serde::Deserialize;
use serde_json::{Value, json};

use super::Web;
use super::answer::Refusal;
use super::episodes_csv::table;
use crate::names::Name;
use crate::store::{RecordingHeader, RunRow, Store, StoreError};

/// Which episodes.
#[derive(Deserialize)]
pub(crate) struct Range {
    /// How many the caller has already.
    #[serde(default)]
    from: u64,
}

/// That the dashboard serves.
pub(crate) async fn health() -> Json<Value> {
    Json(json!({ "status": "serving", "version": env!("CARGO_PKG_VERSION") }))
}

/// All runs, newest first.
pub(crate) async fn runs(State(web): State<Web>) -> Result<Json<Vec<RunRow>>, Refusal> {
    let mut rows = read(&web.store, Store::rows).await?;
    for row in &mut rows {
        row.live = row.id.parse().is_ok_and(|run| web.hub.is_live(&run));
    }
    Ok(Json(rows))
}

/// One run: its description, its result, its neurons.
pub(crate) async fn run(State(web): State<Web>, Path(run): Path<String>) -> Result<Json<Value>, Refusal> {
    let run: Name = run.parse()?;
    let present = web.hub.get(&run);
    let live = present.as_ref().is_some_and(|run| run.is_live());
    let (document, populations) = read(&web.store, move |store| {
        let populations = store.recordings(&run)?.pop().map(|header| header.populations).unwrap_or_default();
        Ok((store.run(&run)?, populations))
    })
    .await?;
    // Without a recording they are known as long as the hub remembers the run.
    let populations = present.map(|run| run.populations()).filter(|known| !known.is_empty()).unwrap_or(populations);
    let populations: Vec<Value> = populations
        .iter()
        .map(|population| json!({ "name": population.name, "first": population.first, "size": population.size }))
        .collect();
    Ok(Json(json!({
        "info": document.info,
        "summary": document.summary,
        "live": live,
        "populations": populations,
    })))
}

/// The records after the first `from`, as they stand in the log.
pub(crate) async fn episodes(
    State(web): State<Web>,
    Path(run): Path<String>,
    range: Result<Query<Range>, QueryRejection>,
) -> Result<impl IntoResponse, Refusal> {
    let (run, Query(range)): (Name, _) = (run.parse()?, range?);
    let records = read(&web.store, move |store| store.episodes(&run, range.from, usize::MAX)).await?.records;
    Ok(([(header::CONTENT_TYPE, "application/json")], format!("[{}]", records.join(","))))
}

/// All records as a table.
pub(crate) async fn episodes_csv(
    State(web): State<Web>,
    Path(run): Path<String>,
) -> Result<impl IntoResponse, Refusal> {
    let run: Name = run.parse()?;
    let name = format!("attachment; filename=\"{run}.csv\"");
    let records = read(&web.store, move |store| store.episodes(&run, 0, usize::MAX)).await?.records;
    let table = table(&records).map_err(|error| Refusal::new(StatusCode::INTERNAL_SERVER_ERROR, error.to_string()))?;
    Ok(([(header::CONTENT_TYPE, "text/csv; charset=utf-8".to_owned()), (header::CONTENT_DISPOSITION, name)], table))
}

/// What was kept of a run's episodes.
pub(crate) async fn recordings(
    State(web): State<Web>,
    Path(run): Path<String>,
) -> Result<Json<Vec<RecordingHeader>>, Refusal> {
    let run: Name = run.parse()?;
    let headers = read(&web.store, move |store| store.recordings(&run)).await?;
    Ok(Json(headers))
}

/// One kept episode: an encoded `Recording`.
pub(crate) async fn recording(
    State(web): State<Web>,
    Path((run, name)): Path<(String, String)>,
) -> Result<impl IntoResponse, Refusal> {
    let (run, name): (Name, Name) = (run.parse()?, name.parse()?);
    let bytes = read(&web.store, move |store| store.recording(&run, &name)).await?;
    Ok(([(header::CONTENT_TYPE, "application/x-protobuf")], bytes))
}

async fn read<T: Send + 'static>(
    store: &Arc<Store>,
    look: impl FnOnce(&Store) -> Result<T, StoreError> + Send + 'static,
) -> Result<T, Refusal> {
    let store = Arc::clone(store);
    let found = tokio::task::spawn_blocking(move || look(&store)).await;
    Ok(found.map_err(|error| Refusal::new(StatusCode::INTERNAL_SERVER_ERROR, error.to_string()))??)
}
