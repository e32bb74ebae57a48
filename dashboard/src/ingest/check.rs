//! What an agent sends, checked once: past this door nothing is out of range.

use serde::Deserialize;
use serde_json::Value;
use spikedrive_proto::v1;
use tonic::Status;

use crate::names::Name;

/// Largest `run.json` and `summary.json`, in bytes.
const MAX_DOCUMENT: usize = 1 << 20;
/// Longest record of an episode, in bytes.
const MAX_RECORD: usize = 1 << 16;
/// Most neurons.
const MAX_NEURONS: u32 = 1 << 20;
/// Most layers.
const MAX_POPULATIONS: usize = 256;
/// Longest text that is shown, in bytes.
const MAX_TEXT: usize = 200;
/// Most rays.
const MAX_RAYS: usize = 64;
/// Most ticks of a step.
const MAX_TICKS: u32 = 10_000;
/// Number of actions.
const ACTIONS: usize = 3;

/// A field that is out of its range.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{field}: {reason}")]
pub(crate) struct Invalid {
    field: &'static str,
    reason: String,
}

impl From<Invalid> for Status {
    fn from(invalid: Invalid) -> Self {
        Self::invalid_argument(invalid.to_string())
    }
}

fn invalid(field: &'static str, reason: impl Into<String>) -> Invalid {
    Invalid { field, reason: reason.into() }
}

/// A run that begins.
#[derive(Clone, Debug)]
pub(crate) struct Start {
    pub(crate) run: Name,
    pub(crate) info: Value,
    /// `info` as the agent wrote it.
    pub(crate) text: String,
    pub(crate) neurons: u32,
}

/// Checks the first message of a stream.
pub(crate) fn start(start: &v1::RunStart) -> Result<Start, Invalid> {
    let run = start.run_id.parse().map_err(|error| invalid("run_id", format!("{error}")))?;
    let info = document("run_json", &start.run_json)?;
    if let Some(missing) = ["preset", "seed", "episodes"].into_iter().find(|&key| info.get(key).is_none()) {
        return Err(invalid("run_json", format!("{missing:?} is missing: give at least preset, seed and episodes")));
    }
    let neurons = populations(&start.populations)?;
    start.initial_weights.iter().try_for_each(|weights| matrix("initial_weights", weights))?;
    Ok(Start { run, info, text: start.run_json.clone(), neurons })
}

/// Number of neurons of all layers.
fn populations(populations: &[v1::Population]) -> Result<u32, Invalid> {
    if populations.len() > MAX_POPULATIONS {
        return Err(invalid("populations", format!("{} are more than {MAX_POPULATIONS}", populations.len())));
    }
    let end = |population: &v1::Population| {
        text("populations.name", &population.name)?;
        let end = population.first.checked_add(population.size).filter(|&end| end <= MAX_NEURONS);
        end.ok_or_else(|| invalid("populations", format!("{:?} ends beyond {MAX_NEURONS} neurons", population.name)))
    };
    populations.iter().try_fold(0, |neurons, population| Ok(end(population)?.max(neurons)))
}

/// A record of an episode, which becomes a line of the log.
#[derive(Clone, Debug)]
pub(crate) struct Record {
    pub(crate) number: u64,
    pub(crate) line: String,
}

/// What every record holds at least.
#[derive(Deserialize)]
struct Least {
    episode: u64,
    #[serde(rename = "return")]
    episode_return: f64,
}

/// Checks records of episodes.
pub(crate) fn episodes(episodes: v1::Episodes) -> Result<Vec<Record>, Invalid> {
    episodes.json.into_iter().map(record).collect()
}

fn record(line: String) -> Result<Record, Invalid> {
    if line.len() > MAX_RECORD {
        return Err(invalid("episodes.json", format!("{} bytes are more than {MAX_RECORD}", line.len())));
    }
    if line.contains(['\n', '\r']) {
        return Err(invalid("episodes.json", "a record is one line: leave out the line ends"));
    }
    let least: Least = serde_json::from_str(&line).map_err(|error| {
        invalid("episodes.json", format!("{error}: give an object with at least episode and return"))
    })?;
    if least.episode == 0 || !least.episode_return.is_finite() {
        return Err(invalid("episodes.json", "episodes are numbered from 1, and returns are finite"));
    }
    Ok(Record { number: least.episode, line })
}

/// Checks a road.
pub(crate) fn road(road: &v1::Road) -> Result<(), Invalid> {
    text("road.name", &road.name)?;
    let points = floats("road.centre", &road.centre)?;
    if points < 4 || !points.is_multiple_of(2) {
        return Err(invalid("road.centre", format!("{points} numbers are not x and y of two points or more")));
    }
    if floats("road.half_widths", &road.half_widths)? != points {
        return Err(invalid("road.half_widths", "give two for each point of the centre line"));
    }
    Ok(())
}

/// Checks one step of an agent with so many neurons.
pub(crate) fn frame(frame: &v1::Frame, neurons: u32) -> Result<(), Invalid> {
    let optional = [frame.dopamine, frame.value].map(Option::unwrap_or_default);
    let [dopamine, value] = optional;
    for (field, number) in [
        ("frame.x", frame.x),
        ("frame.y", frame.y),
        ("frame.heading_rad", frame.heading_rad),
        ("frame.reward", frame.reward),
        ("frame.episode_return", frame.episode_return),
        ("frame.dopamine", dopamine),
        ("frame.value", value),
    ] {
        finite(field, number)?;
    }
    if floats("frame.observation", &frame.observation)? > MAX_RAYS {
        return Err(invalid("frame.observation", format!("more than {MAX_RAYS} rays")));
    }
    if frame.action as usize >= ACTIONS {
        return Err(invalid("frame.action", format!("{}: use 0 (left), 1 (straight) or 2 (right)", frame.action)));
    }
    if ![0, ACTIONS].contains(&floats("frame.action_shares", &frame.action_shares)?) {
        return Err(invalid("frame.action_shares", format!("give one for each of the {ACTIONS} actions, or none")));
    }
    if frame.ticks > MAX_TICKS {
        return Err(invalid("frame.ticks", format!("{} are more than {MAX_TICKS}", frame.ticks)));
    }
    let expected = frame.ticks as usize * neurons.div_ceil(8) as usize;
    if !frame.raster.is_empty() && frame.raster.len() != expected {
        let (bytes, ticks) = (frame.raster.len(), frame.ticks);
        let reason = format!("{bytes} bytes instead of {expected}: {ticks} ticks of {neurons} neurons, or none");
        return Err(invalid("frame.raster", reason));
    }
    Ok(())
}

/// Checks what is learned.
pub(crate) fn weights(weights: &v1::Weights) -> Result<(), Invalid> {
    let present = weights.weights.as_ref().ok_or_else(|| invalid("weights.weights", "missing"))?;
    matrix("weights.weights", present)?;
    weights.eligibility.iter().try_for_each(|eligibility| matrix("weights.eligibility", eligibility))
}

/// Checks a whole episode of a run, and returns the name of its file.
pub(crate) fn recording(recording: &v1::Recording, run: &Name) -> Result<Name, Invalid> {
    let name = recording.name.parse().map_err(|error| invalid("recording.name", format!("{error}")))?;
    if recording.run_id != run.as_str() {
        let given: String = recording.run_id.chars().take(MAX_TEXT).collect();
        return Err(invalid("recording.run_id", format!("{given:?} is not the run of this stream, {run}")));
    }
    finite("recording.episode_return", recording.episode_return)?;
    let neurons = populations(&recording.populations)?;
    recording.road.iter().try_for_each(road)?;
    recording.frames.iter().try_for_each(|step| frame(step, neurons))?;
    Ok(name)
}

/// Checks the result of a run, which may be missing.
pub(crate) fn end(end: &v1::RunEnd) -> Result<(), Invalid> {
    if end.summary_json.is_empty() { Ok(()) } else { document("summary_json", &end.summary_json).map(drop) }
}

fn document(field: &'static str, text: &str) -> Result<Value, Invalid> {
    if text.len() > MAX_DOCUMENT {
        return Err(invalid(field, format!("{} bytes are more than {MAX_DOCUMENT}", text.len())));
    }
    let value: Value = serde_json::from_str(text).map_err(|error| invalid(field, format!("no JSON: {error}")))?;
    if value.is_object() { Ok(value) } else { Err(invalid(field, "give a JSON object")) }
}

fn text(field: &'static str, text: &str) -> Result<(), Invalid> {
    if text.len() > MAX_TEXT {
        return Err(invalid(field, format!("{} bytes are more than {MAX_TEXT}", text.len())));
    }
    Ok(())
}

fn finite(field: &'static str, number: f64) -> Result<(), Invalid> {
    if number.is_finite() { Ok(()) } else { Err(invalid(field, format!("{number} is not finite"))) }
}

/// How many numbers there are.
fn floats(field: &'static str, bytes: &[u8]) -> Result<usize, Invalid> {
    let (numbers, rest) = bytes.as_chunks();
    if !rest.is_empty() {
        return Err(invalid(field, format!("{} bytes are no whole number of f32", bytes.len())));
    }
    numbers.iter().try_for_each(|&number| finite(field, f32::from_le_bytes(number).into()))?;
    Ok(numbers.len())
}

fn matrix(field: &'static str, matrix: &v1::Matrix) -> Result<(), Invalid> {
    let expected = u64::from(matrix.rows) * u64::from(matrix.columns);
    if matrix.values.len() as u64 != expected {
        let reason = format!("{} bytes instead of {} x {}", matrix.values.len(), matrix.rows, matrix.columns);
        return Err(invalid(field, reason));
    }
    finite(field, matrix.scale.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bytes(numbers: &[f32]) -> Vec<u8> {
        numbers.iter().flat_map(|number| number.to_le_bytes()).collect()
    }

    #[test]
    fn a_start_names_what_is_wrong_with_it() {
        let valid = v1::RunStart {
            run_id: "a".to_owned(),
            run_json: r#"{"preset":"stdp","seed":0,"episodes":9}"#.to_owned(),
            populations: vec![v1::Population { name: "all".to_owned(), first: 0, size: 100 }],
            initial_weights: None,
        };
        assert_eq!(start(&valid).unwrap().neurons, 100);
        let text = |start: v1::RunStart| super::start(&start).unwrap_err().to_string();
        assert!(
            text(v1::RunStart { run_id: "../a".to_owned(), ..valid.clone() }).starts_with("run_id: \"../a\" is no")
        );
        assert!(text(v1::RunStart { run_json: "{".to_owned(), ..valid.clone() }).starts_with("run_json: no JSON"));
        assert!(text(v1::RunStart { run_json: "{}".to_owned(), ..valid.clone() }).contains("\"preset\" is missing"));
        let populations = vec![v1::Population { name: "all".to_owned(), first: u32::MAX, size: 1 }];
        assert!(text(v1::RunStart { populations, ..valid.clone() }).contains("ends beyond"));
        let initial_weights = Some(v1::Matrix { rows: 2, columns: 2, scale: 1.0, values: vec![0; 3] });
        assert_eq!(text(v1::RunStart { initial_weights, ..valid }), "initial_weights: 3 bytes instead of 2 x 2");
    }

    #[test]
    fn a_frame_is_as_long_as_it_says() {
        let valid = v1::Frame { observation: bytes(&[1.0; 3]), raster: vec![0; 26], ticks: 2, ..v1::Frame::default() };
        assert_eq!(frame(&valid, 100), Ok(()));
        let text = |frame: v1::Frame| super::frame(&frame, 100).unwrap_err().to_string();
        assert!(text(v1::Frame { ticks: 3, ..valid.clone() }).contains("26 bytes instead of 39"));
        assert!(text(v1::Frame { x: f64::NAN, ..valid.clone() }).contains("frame.x: NaN is not finite"));
        assert!(text(v1::Frame { action: 3, ..valid.clone() }).contains("use 0 (left)"));
        assert!(text(v1::Frame { observation: vec![0; 5], ..valid.clone() }).contains("no whole number"));
        assert!(text(v1::Frame { action_shares: bytes(&[0.5; 2]), ..valid }).contains("one for each of the 3 actions"));
    }

    #[test]
    fn a_record_is_one_line_with_a_number() {
        let text = |line: &str| record(line.to_owned()).unwrap_err().to_string();
        assert_eq!(record(r#"{"episode":7,"return":-1}"#.to_owned()).unwrap().number, 7);
        assert!(text("{\"episode\":7,\n\"return\":1}").contains("one line"));
        assert!(text("[1]").contains("give an object"));
        assert!(text(r#"{"episode":0,"return":1}"#).contains("numbered from 1"));
        assert!(text(r#"{"episode":1,"return":null}"#).contains("at least episode and return"));
    }

    #[test]
    fn a_road_has_two_half_widths_a_point() {
        let valid = v1::Road { centre: bytes(&[0.0; 4]), half_widths: bytes(&[4.0; 4]), ..v1::Road::default() };
        assert_eq!(road(&valid), Ok(()));
        assert!(road(&v1::Road { half_widths: Vec::new(), ..valid.clone() }).is_err());
        assert!(road(&v1::Road { centre: bytes(&[f32::INFINITY; 4]), ..valid }).is_err());
    }
}
