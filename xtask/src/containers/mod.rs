//! The images and the compose file, tried for real: built, brought up, used, stopped. Needs no engine of containers beforehand.

mod checks;
mod command;
mod packages;
mod rights;
mod stack;

use crate::{runner, tiers};
use stack::Stack;

/// Address of the page, as docker-compose.yml publishes it.
const PAGE: &str = "http://127.0.0.1:8080";

/// Builds the images and lets them do what users let them do. Whatever happens, nothing is left running.
pub(crate) fn test() -> Result<(), String> {
    packages::install()?;
    runner::run(tiers::CONTAINERS)?;
    let stack = Stack::new()?;
    let result = checks::images().and_then(|()| try_out(&stack));
    if result.is_err() {
        stack.show_logs();
    }
    result.and(stack.take_down())
}

fn try_out(stack: &Stack) -> Result<(), String> {
    // In the order that `depends_on` asks for: podman before 4.6 does not know how to wait for health.
    for service in ["server", "dashboard"] {
        stack.start(service)?;
        checks::becomes_healthy(&stack.container(service)?)?;
    }
    stack.start("agent")?;
    let agent = stack.container("agent")?;
    checks::is_confined(&agent)?;
    checks::has_no_way_out(&agent)?;
    checks::ends_well(&agent)?;
    for service in ["server", "dashboard"] {
        checks::is_confined(&stack.container(service)?)?;
    }
    checks::has_no_way_out(&stack.container("server")?)?;
    checks::publishes_on_loopback_only(stack)?;
    checks::page_shows_a_mastered_run()?;
    // An interrupted training says so by its status.
    stack.start("agent")?;
    checks::page_shows_a_live_run()?;
    for (service, exit_status) in [("agent", 130), ("dashboard", 0), ("server", 0)] {
        checks::stops_at_once(&stack.container(service)?, exit_status)?;
    }
    Ok(())
}
