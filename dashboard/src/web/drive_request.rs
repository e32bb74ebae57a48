//! What a driver says, checked as far as the environment server does not check it.

use serde::Deserialize;
use spikedrive_env::{Action, Phase, Split, WorldOptions};
use spikedrive_proto::v1;
use spikedrive_proto::v1::create_session_request::Course;

use super::spec::{DEFAULT_RATE, RATES};

/// What a driver says.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Said {
    /// Begin an episode.
    Start(Box<Ask>),
    /// The keys changed.
    Action(Action),
    /// Wait, or go on.
    Paused(bool),
    /// Break the episode off.
    Stop,
}

/// A message, of which one field is there.
#[derive(Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
enum Message {
    Start(Box<Ask>),
    Action(u8),
    Paused(bool),
    Stop(bool),
}

/// Where and how somebody wants to drive.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Ask {
    phase: Option<u32>,
    test_track: Option<u32>,
    circuit: Option<CircuitAsk>,
    options: Option<WorldOptions>,
    horizon: Option<u32>,
    rate: Option<f64>,
    seed: Option<u64>,
}

#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
struct CircuitAsk {
    name: String,
    csv: String,
    #[serde(default)]
    mode: Mode,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Mode {
    #[default]
    Fit,
    Real,
}

impl Said {
    /// Reads a message; the error says what may be said.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let usage = |error| {
            format!(
                "{error}: say {{\"start\": {{...}}}}, {{\"action\": 0..2}}, {{\"paused\": bool}} or {{\"stop\": true}}"
            )
        };
        match serde_json::from_str(text).map_err(usage)? {
            Message::Start(ask) => {
                ask.check()?;
                Ok(Self::Start(ask))
            }
            Message::Action(action) => Ok(Self::Action(Action::try_from(action).map_err(|error| error.to_string())?)),
            Message::Paused(paused) => Ok(Self::Paused(paused)),
            Message::Stop(true) => Ok(Self::Stop),
            Message::Stop(false) => Err("stop: say {\"stop\": true}, or nothing".to_owned()),
        }
    }
}

impl Ask {
    fn check(&self) -> Result<(), String> {
        match (self.phase, &self.circuit) {
            (None, None) => return Err("phase: missing: give a phase, 1 to 4, or a circuit".to_owned()),
            (Some(phase), None) => drop(Phase::try_from(phase).map_err(|error| format!("phase: {error}"))?),
            (_, Some(_)) => {}
        }
        let tracks = Split::Test.tracks();
        if let Some(track) = self.test_track.filter(|&track| u64::from(track) >= tracks) {
            return Err(format!("test_track: {track} is outside 0..{tracks}"));
        }
        let [slowest, fastest] = RATES;
        if !(slowest..=fastest).contains(&self.rate()) {
            return Err(format!("rate: {} is outside [{slowest}, {fastest}] steps a second", self.rate()));
        }
        self.options().validate().map_err(|error| format!("options.{error}"))
    }

    /// Steps a second.
    pub(crate) fn rate(&self) -> f64 {
        self.rate.unwrap_or(DEFAULT_RATE)
    }

    /// The phase; 0 on a circuit.
    pub(crate) fn phase(&self) -> u32 {
        if self.circuit.is_some() { 0 } else { self.phase.unwrap_or_default() }
    }

    /// Phase, test track and world, where a trained network may have driven as well.
    pub(crate) fn test_course(&self) -> Option<(u32, u32, WorldOptions)> {
        let test_track = self.test_track.filter(|_| self.circuit.is_none())?;
        Some((self.phase(), test_track, self.options()))
    }

    /// What the road is called, on a generated track of this seed.
    pub(crate) fn road_name(&self, track: u64) -> String {
        match (&self.circuit, self.test_track) {
            (Some(circuit), _) => circuit.name.chars().take(100).collect(),
            (None, Some(test_track)) => format!("phase {}, test track {test_track}", self.phase()),
            (None, None) => format!("phase {}, train track {track}", self.phase()),
        }
    }

    /// A session of one lane that tells poses and roads.
    pub(crate) fn session(&self) -> v1::CreateSessionRequest {
        // Lane 0 of the test split drives track `episode mod tracks`.
        let first_episode = self.test_course().map_or(0, |(_, test_track, _)| test_track.into());
        v1::CreateSessionRequest {
            lanes: 1,
            course: Some(self.course()),
            seed: self.seed.unwrap_or_else(rand::random),
            horizon: self.horizon.unwrap_or_default(),
            first_episode,
            autoreset_mode: v1::AutoresetMode::Disabled.into(),
            options: Some((&self.options()).into()),
            info: true,
            lease_seconds: 0,
        }
    }

    fn course(&self) -> Course {
        match &self.circuit {
            Some(CircuitAsk { name, csv, mode }) => {
                let mode = match mode {
                    Mode::Fit => v1::CircuitMode::Fit,
                    Mode::Real => v1::CircuitMode::Real,
                };
                Course::Circuit(v1::CircuitCourse { name: name.clone(), csv: csv.clone(), mode: mode.into() })
            }
            None => {
                let split = if self.test_track.is_some() { v1::Split::Test } else { v1::Split::Train };
                Course::Phase(v1::PhaseCourse { phase: self.phase(), split: split.into() })
            }
        }
    }

    fn options(&self) -> WorldOptions {
        self.options.unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ask(text: &str) -> Ask {
        match Said::parse(text).unwrap() {
            Said::Start(ask) => *ask,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_test_track_is_an_episode_of_the_test_split() {
        let ask = ask(r#"{"start":{"phase":3,"test_track":49,"options":{"rays":5},"horizon":140,"circuit":null}}"#);
        let session = ask.session();
        assert_eq!((session.first_episode, session.horizon, session.lanes, session.info), (49, 140, 1, true));
        assert_eq!(session.options.unwrap().rays, 5);
        let split = v1::Split::Test.into();
        assert_eq!(session.course, Some(Course::Phase(v1::PhaseCourse { phase: 3, split })));
        assert_eq!(ask.road_name(0), "phase 3, test track 49");
    }

    #[test]
    fn a_circuit_goes_before_a_phase() {
        let ask = ask(r#"{"start":{"phase":3,"test_track":4,"circuit":{"name":"Monza","csv":"x","mode":"real"}}}"#);
        assert_eq!((ask.phase(), ask.test_course(), ask.road_name(0).as_str()), (0, None, "Monza"));
        assert!(matches!(ask.session().course, Some(Course::Circuit(circuit)) if circuit.mode == 2));
    }

    #[test]
    fn what_is_wrong_is_named() {
        let text = |text: &str| Said::parse(text).unwrap_err();
        assert!(text("{}").contains("say {\"start\""));
        assert!(text(r#"{"start":{}}"#).starts_with("phase: missing"));
        assert!(text(r#"{"start":{"phase":5}}"#).starts_with("phase: phase 5 does not exist"));
        assert_eq!(text(r#"{"start":{"phase":1,"test_track":50}}"#), "test_track: 50 is outside 0..50");
        assert!(text(r#"{"start":{"phase":1,"rate":0}}"#).starts_with("rate: 0 is outside [0.5, 60]"));
        assert!(text(r#"{"start":{"phase":1,"options":{"rays":4}}}"#).starts_with("options.rays: 4 is none"));
        assert!(text(r#"{"start":{"phase":1,"fase":2}}"#).contains("unknown field"));
        assert!(text(r#"{"action":3}"#).contains('3'));
        assert_eq!(Said::parse(r#"{"stop":true}"#), Ok(Said::Stop));
    }
}
