//! What a server offers.

use spikedrive_env::config;
use spikedrive_env::sensors::{RANGE, RAYS, ray_names};
use spikedrive_env::{ENVIRONMENT_ID, Phase, Split};
use tonic::Status;

use super::session::wire_split;
use super::{MAX_CIRCUIT_BYTES, saturating_u32};
use crate::{PROTOCOL_MAJOR, v1};

const AUTORESET_MODES: [v1::AutoresetMode; 3] =
    [v1::AutoresetMode::NextStep, v1::AutoresetMode::Disabled, v1::AutoresetMode::SameStep];

/// Bounds of one lane's observation with `rays` rays.
pub fn observation_space(rays: usize) -> v1::ObservationSpace {
    v1::ObservationSpace {
        names: ray_names(rays),
        low: vec![0.0; rays],
        high: vec![RANGE; rays],
        unit: "units of length (1 unit = 1 step of the car)".to_owned(),
    }
}

/// The actions of one lane.
pub fn action_space() -> v1::ActionSpace {
    v1::ActionSpace { meanings: ["left", "straight", "right"].map(str::to_owned).to_vec() }
}

/// What this version of the world offers, within the given server's limits.
pub fn spec(server_version: &str, limits: v1::Limits) -> v1::GetSpecResponse {
    v1::GetSpecResponse {
        environment_id: ENVIRONMENT_ID.to_owned(),
        server_version: server_version.to_owned(),
        protocol_major: PROTOCOL_MAJOR,
        observation_space: Some(observation_space(RAYS)),
        action_space: Some(action_space()),
        phases: Phase::ALL.map(|phase| v1::PhaseSpec { phase: phase.number(), name: phase.name().to_owned() }).to_vec(),
        splits: Split::ALL
            .map(|split| v1::SplitSpec {
                split: wire_split(split).into(),
                first_track: split.first_track(),
                tracks: split.tracks(),
            })
            .to_vec(),
        autoreset_modes: AUTORESET_MODES.map(i32::from).to_vec(),
        limits: Some(limits),
    }
}

/// The limits of the world itself; those of a server on sessions and leases are 0.
pub fn world_limits() -> v1::Limits {
    v1::Limits {
        max_sessions: 0,
        max_lanes: saturating_u32(config::MAX_LANES),
        max_horizon: saturating_u32(config::MAX_HORIZON),
        max_lane_steps: config::MAX_LANE_STEPS as u64,
        max_circuit_bytes: MAX_CIRCUIT_BYTES as u64,
        lease_seconds: 0,
    }
}

/// Checks that a client of major version `client` (0: this one) understands this server.
pub fn check_protocol(client: u32) -> Result<(), Status> {
    if client == 0 || client == PROTOCOL_MAJOR {
        Ok(())
    } else {
        let older = if client < PROTOCOL_MAJOR { "client" } else { "server" };
        Err(Status::failed_precondition(format!(
            "server speaks v{PROTOCOL_MAJOR}, client v{client}: upgrade the {older}"
        )))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn other_major_versions_are_told_what_to_upgrade() {
        assert!(check_protocol(0).is_ok() && check_protocol(1).is_ok());
        assert_eq!(check_protocol(2).unwrap_err().message(), "server speaks v1, client v2: upgrade the server");
    }
}
