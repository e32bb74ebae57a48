//! What must hold of images and running containers.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::PAGE;
use super::command::{output, until};
use super::rights;
use super::stack::{Container, IMAGES, Stack};

/// Bytes that an image may have.
const LARGEST_IMAGE: u64 = 25_000_000;
/// For a service to become healthy.
const START: Duration = Duration::from_secs(30);
/// For a training of 300 episodes, which takes seconds on an idle machine.
const TRAINING: Duration = Duration::from_secs(600);
/// For a service to end after SIGTERM.
const STOP: Duration = Duration::from_secs(3);
/// Percentage of the ceiling that the trained network must reach.
const MASTERY: u32 = 98;

/// Images are small.
pub(crate) fn images() -> Result<(), String> {
    for image in IMAGES {
        let size = output("podman", &["image", "inspect", "--format", "{{.Size}}", image])?;
        let bytes: u64 = size.parse().map_err(|_| format!("{image} has a size of {size:?}"))?;
        if bytes > LARGEST_IMAGE {
            return Err(format!("{image} has {bytes} bytes, more than {LARGEST_IMAGE}"));
        }
        tell(&format!("{image} has {:.1} MB", bytes as f64 / 1e6));
    }
    Ok(())
}

/// The health check of the compose file succeeds soon.
pub(crate) fn becomes_healthy(container: &Container) -> Result<(), String> {
    let start = Instant::now();
    until(START, || container.check_health())
        .map_err(|error| format!("{} is not healthy {error}", container.service))?;
    tell(&format!("{} is healthy after {:.1} s", container.service, start.elapsed().as_secs_f64()));
    Ok(())
}

/// The process itself has no rights: not root, no capability, no way to new ones, a root that it cannot write.
pub(crate) fn is_confined(container: &Container) -> Result<(), String> {
    let verdict = rights::judge(&container.kernel_file("status")?, &container.kernel_file("mountinfo")?);
    verdict.map_err(|reason| format!("{}: {reason}", container.service))?;
    tell(&format!("{} has no rights", container.service));
    Ok(())
}

/// Nothing leads from the process to the world outside.
pub(crate) fn has_no_way_out(container: &Container) -> Result<(), String> {
    let verdict = rights::judge_routes(&container.kernel_file("net/route")?);
    verdict.map_err(|reason| format!("{}: {reason}", container.service))?;
    tell(&format!("{} reaches its own network only", container.service));
    Ok(())
}

/// The agent ended with 0, once, without being started again.
pub(crate) fn ends_well(container: &Container) -> Result<(), String> {
    let start = Instant::now();
    let ended = until(TRAINING, || {
        let state = container.inspect("{{.State.Status}} {{.State.ExitCode}} {{.RestartCount}}")?;
        if state.starts_with("exited") { Ok(state) } else { Err(format!("{} is {state}", container.service)) }
    })?;
    if ended != "exited 0 0" {
        return Err(format!("{} should have exited with 0, without restarts: it is {ended}", container.service));
    }
    tell(&format!("{} has exited with 0 after {:.1} s", container.service, start.elapsed().as_secs_f64()));
    Ok(())
}

/// One port of all services can be reached from outside, from this machine only.
pub(crate) fn publishes_on_loopback_only(stack: &Stack) -> Result<(), String> {
    let page = json!({ "8080/tcp": [{ "HostIp": "127.0.0.1", "HostPort": "8080" }] });
    for (service, expected) in [("server", json!({})), ("dashboard", page), ("agent", json!({}))] {
        let text = stack.container(service)?.inspect("{{json .HostConfig.PortBindings}}")?;
        let mut published: Value =
            serde_json::from_str(&text).map_err(|error| format!("{service}: {error}: {text}"))?;
        // A port that the image exposes, and nobody publishes, is null.
        published.as_object_mut().into_iter().for_each(|ports| ports.retain(|_, hosts| !hosts.is_null()));
        if published != expected {
            return Err(format!("{service} should publish {expected}: it publishes {published}"));
        }
    }
    tell("the page is the only port that is published, on loopback");
    Ok(())
}

/// The page is there, and it lists one run, finished, which has mastered its task.
pub(crate) fn page_shows_a_mastered_run() -> Result<(), String> {
    let page = get("/")?;
    if !page.contains("SpikeDrive") {
        return Err(format!("{PAGE}/ does not look like the page of SpikeDrive: {page:.200}"));
    }
    let runs = until(START, || {
        let runs = get_json("/api/runs")?;
        match runs.as_array().map(Vec::as_slice) {
            Some([run]) if run["finished"] == true => Ok(run.clone()),
            _ => Err(format!("{PAGE}/api/runs should list one finished run: {runs}")),
        }
    })?;
    let id = runs["id"].as_str().ok_or_else(|| format!("a run without an id: {runs}"))?;
    let run = get_json(&format!("/api/runs/{id}"))?;
    let percent = judge_mastery(&runs, &run["summary"])?;
    tell(&format!("{id} has reached {percent:.1} % of the ceiling, and the page shows it"));
    Ok(())
}

/// A training that goes on is listed, and the agent tells the dashboard of it.
pub(crate) fn page_shows_a_live_run() -> Result<(), String> {
    until(START, || {
        let runs = get_json("/api/runs")?;
        let is_live = |run: &Value| run["finished"] == false && run["live"] == true;
        let is_listed = runs.as_array().is_some_and(|runs| runs.iter().any(is_live));
        if is_listed { Ok(()) } else { Err(format!("{PAGE}/api/runs should list a live run: {runs}")) }
    })
}

/// SIGTERM ends a service soon, and in order.
pub(crate) fn stops_at_once(container: &Container, exit_status: u8) -> Result<(), String> {
    let start = Instant::now();
    container.stop(10)?;
    let elapsed = start.elapsed();
    let state = container.inspect("{{.State.Status}} {{.State.ExitCode}}")?;
    if state != format!("exited {exit_status}") || elapsed > STOP {
        return Err(format!(
            "{} should have exited with {exit_status} within {} s of SIGTERM: it is {state} after {:.1} s",
            container.service,
            STOP.as_secs(),
            elapsed.as_secs_f64()
        ));
    }
    tell(&format!("{} has stopped with {exit_status} after {:.1} s", container.service, elapsed.as_secs_f64()));
    Ok(())
}

/// The share of the ceiling that the final weights reach on the test tracks of phase 4, if it is enough.
fn judge_mastery(row: &Value, summary: &Value) -> Result<f64, String> {
    let number = |value: &Value, what: &str| value.as_f64().ok_or_else(|| format!("{what} is {value}, not a number"));
    number(&summary["episodes_to"][MASTERY.to_string()], &format!("the episode that reached {MASTERY} %"))?;
    let score = &summary["final"]["4"]["100"];
    let percent = 100.0 * number(&score["mean"], "the final score")? / number(&row["ceiling"], "the ceiling")?;
    if percent < f64::from(MASTERY) || score["crash_rate"] != 0.0 {
        return Err(format!(
            "the final weights reach {percent:.1} % of the ceiling, and crash in {}",
            score["crash_rate"]
        ));
    }
    Ok(percent)
}

fn get_json(path: &str) -> Result<Value, String> {
    let text = get(path)?;
    serde_json::from_str(&text).map_err(|error| format!("{PAGE}{path} is no JSON: {error}: {text:.200}"))
}

fn get(path: &str) -> Result<String, String> {
    output("curl", &["--fail-with-body", "--silent", "--show-error", "--max-time", "10", &format!("{PAGE}{path}")])
}

fn tell(what: &str) {
    eprintln!("ok: {what}");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mastery_is_the_milestone_and_the_final_score() {
        let row = json!({ "ceiling": 200.0 });
        let summary = |episode: Value, mean: f64, crash_rate: f64| json!({ "episodes_to": { "98": episode }, "final": { "4": { "100": { "mean": mean, "crash_rate": crash_rate } } } });
        assert_eq!(judge_mastery(&row, &summary(json!(65), 198.0, 0.0)), Ok(99.0));
        assert!(judge_mastery(&row, &summary(json!(65), 195.0, 0.0)).unwrap_err().contains("97.5 %"));
        assert!(judge_mastery(&row, &summary(json!(65), 198.0, 0.02)).unwrap_err().contains("crash in 0.02"));
        assert!(judge_mastery(&row, &summary(Value::Null, 198.0, 0.0)).unwrap_err().contains("98 % is null"));
        assert!(judge_mastery(&row, &Value::Null).is_err());
    }
}
