//! The services of docker-compose.yml, as a project of the test's own.

use std::fs;

use super::command::{output, run};

const COMPOSE: &str = "target/tools/python/bin/podman-compose";
/// Keeps containers, networks and volumes of the test apart from those that a user may have.
const PROJECT: &str = "spikedrive-test";
const DOWN: [&str; 6] = ["--project-name", PROJECT, "down", "--volumes", "--timeout", "5"];

/// Its images.
pub(crate) const IMAGES: [&str; 3] =
    ["localhost/spikedrive-server", "localhost/spikedrive-agent", "localhost/spikedrive-dashboard"];

/// The project.
pub(crate) struct Stack(());

impl Stack {
    /// Begins from nothing, even where an earlier test was killed.
    pub(crate) fn new() -> Result<Self, String> {
        if !leftovers()?.is_empty() {
            run(COMPOSE, &DOWN)?;
        }
        Ok(Self(()))
    }

    /// Starts a service from the image that is there.
    pub(crate) fn start(&self, service: &str) -> Result<(), String> {
        run(COMPOSE, &["--project-name", PROJECT, "up", "--detach", "--no-build", service])
    }

    /// The container of a service, by its id.
    pub(crate) fn container(&self, service: &str) -> Result<Container, String> {
        let project = format!("label=io.podman.compose.project={PROJECT}");
        let label = format!("label=com.docker.compose.service={service}");
        let ids = output("podman", &["ps", "--all", "--quiet", "--filter", &project, "--filter", &label])?;
        match ids.lines().collect::<Vec<_>>().as_slice() {
            &[id] => Ok(Container { service: service.to_owned(), id: id.to_owned() }),
            other => Err(format!("{service} has {} containers, it should have one", other.len())),
        }
    }

    /// What all services said last.
    pub(crate) fn show_logs(&self) {
        for service in ["server", "dashboard", "agent"] {
            if let Ok(container) = self.container(service) {
                eprintln!("\nlog of {service}:");
                let _ = run("podman", &["logs", "--tail", "50", &container.id]);
            }
        }
    }

    /// Removes containers, networks, volumes and images of the project.
    pub(crate) fn take_down(self) -> Result<(), String> {
        run(COMPOSE, &DOWN)?;
        run("podman", &[["rmi", "--force"].as_slice(), &IMAGES].concat())?;
        match leftovers()?.as_slice() {
            [] => Ok(()),
            left => Err(format!("`podman-compose down` has left {}", left.join(", "))),
        }
    }
}

/// What there is of the project, beside its images.
fn leftovers() -> Result<Vec<String>, String> {
    let project = format!("label=io.podman.compose.project={PROJECT}");
    let mut left = Vec::new();
    for kind in ["container", "network", "volume"] {
        let names = output("podman", &[kind, "ls", "--quiet", "--filter", &project])?;
        left.extend(names.lines().map(|name| format!("{kind} {name}")));
    }
    Ok(left)
}

/// One container.
pub(crate) struct Container {
    /// What it is of.
    pub(crate) service: String,
    id: String,
}

impl Container {
    /// A part of what podman knows of it, by a template.
    pub(crate) fn inspect(&self, template: &str) -> Result<String, String> {
        output("podman", &["container", "inspect", "--format", template, &self.id])
    }

    /// What the kernel says of its process, below /proc/PID.
    pub(crate) fn kernel_file(&self, name: &str) -> Result<String, String> {
        let path = format!("/proc/{}/{name}", self.inspect("{{.State.Pid}}")?);
        fs::read_to_string(&path).map_err(|error| format!("{}: cannot read {path}: {error}", self.service))
    }

    /// Runs its health check.
    pub(crate) fn check_health(&self) -> Result<(), String> {
        output("podman", &["healthcheck", "run", &self.id]).map(drop)
    }

    /// Sends SIGTERM, and SIGKILL after so many seconds.
    pub(crate) fn stop(&self, patience: u32) -> Result<(), String> {
        output("podman", &["stop", "--time", &patience.to_string(), &self.id]).map(drop)
    }
}
