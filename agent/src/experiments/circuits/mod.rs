//! `experiment circuits`: how trained networks drive whole laps of real circuits, scaled to fit and in real metres.

pub mod contender;
pub mod folder;
pub mod imagined;
pub mod laps;
pub mod report;
pub mod roads;
pub mod row;

use std::path::{Path, PathBuf};

use clap::Args;
use spikedrive_env::{Circuit, Phase};

use self::contender::{Condition, Contender, Lesson, Script};
use self::folder::{Entry, Folder, MODES};
use self::laps::{Laps, STARTS, Trained};
use self::report::Findings;
use self::roads::RoadsFactory;
use self::row::{Key, Row, Run};
use super::outcome::train_in;
use super::rows;
use super::store::{Measured, Record, Store, measure};
use super::study::StudyArgs;
use crate::benchmark::agents::Agent;
use crate::evaluate::FIRST_EVALUATION_LANE;
use crate::failure::Failure;
use crate::files::create_directory;
use crate::lesson;
use crate::report::{note, say};
use crate::stop::StopFlag;
use crate::train::TrainConfig;

/// Training episodes of each network.
const EPISODES: usize = 300;
/// Number of seeds.
const SEEDS: usize = 10;
/// Name of the files.
const NAME: &str = "circuits";

/// Arguments of `experiment circuits`.
#[derive(Args, Clone, Debug)]
pub struct CircuitsArgs {
    /// Directory of circuits, a CSV file each: x_m,y_m,w_tr_right_m,w_tr_left_m a row, a closed loop.
    #[arg(long, value_name = "DIR")]
    pub circuits: PathBuf,
    /// Agents that learn, separated by commas: presets, and variants of them.
    #[arg(
        long,
        value_name = "NAMES",
        value_delimiter = ',',
        default_value = "stdp,stdp-no-hidden,pathway,pathway-no-hidden,spikeless"
    )]
    pub presets: Vec<Agent>,
    /// What the networks are trained on, separated by commas.
    #[arg(
        long,
        value_name = "NAMES",
        value_delimiter = ',',
        default_value = "zero-shot,varying-width,wide-roads,imagined-circuits,other-circuits"
    )]
    pub conditions: Vec<Condition>,
    /// How it is measured; ten seeds, if nothing else is said.
    #[command(flatten)]
    pub study: StudyArgs,
}

/// Measures what is missing, then prints the tables.
pub fn circuits(args: &CircuitsArgs, stop: &StopFlag) -> Result<(), Failure> {
    let StudyArgs { seeds, first_seed, jobs, out } = &args.study;
    let folder = Folder::read(&args.circuits)?;
    args.conditions.iter().try_for_each(|condition| condition.lessons(&folder).map(drop))?;
    args.presets.iter().try_for_each(|agent| agent.trained().map(drop))?;
    let store = open(out)?;
    refuse_other_circuits(&store, &folder, args)?;
    create_directory(out)?;
    let seeds = *first_seed..first_seed.saturating_add(seeds.unwrap_or(SEEDS) as u64);
    let mut runs: Vec<(Contender, u64)> = Script::ALL.map(|script| (Contender::Script(script), 0)).to_vec();
    for &condition in &args.conditions {
        let with = |&agent: &Agent| seeds.clone().map(move |seed| (Contender::Network(condition, agent), seed));
        runs.extend(args.presets.iter().flat_map(with));
    }
    let store = measure(&runs, *jobs, store, stop, key, |&(contender, seed)| {
        run_one(contender, seed, EPISODES, &folder, stop)
    })?;
    let asked: Vec<Key> = runs.iter().map(key).collect();
    let runs: Vec<Run> = store.rows().iter().filter(|run| asked.contains(&run.run())).cloned().collect();
    let rows: Vec<Row> = store.points().iter().filter(|row| asked.contains(&row.run())).cloned().collect();
    let findings = Findings { runs: &runs, rows: &rows };
    say(findings.tables().iter().map(|table| table.markdown()).collect::<Vec<String>>().join("\n"));
    let [runs, rows] = store.paths();
    note(format!("raw data in {} and {}", rows.display(), runs.display()));
    Ok(())
}

fn key((contender, seed): &(Contender, u64)) -> Key {
    let [condition, preset] = contender.names();
    (condition, preset, *seed)
}

/// What is there already, but for runs of other settings.
fn open(directory: &Path) -> Result<Store<Run, Row>, Failure> {
    let [runs, laps] = ["_runs", ""].map(|suffix| directory.join(format!("{NAME}{suffix}.csv")));
    let is_of_today = |run: &Run| {
        Contender::of(&run.condition, &run.preset).is_some_and(|contender| contender.hash() == run.config_hash)
    };
    let kept = rows::read::<Run>(&runs)?.into_iter().filter(is_of_today).collect();
    let there = rows::read(&laps)?;
    Ok(Store::new(runs, laps, kept, there))
}

/// One table is of one set of circuits: what was measured on others is neither mixed with it nor lost.
fn refuse_other_circuits(store: &Store<Run, Row>, folder: &Folder, args: &CircuitsArgs) -> Result<(), Failure> {
    if store.rows().iter().all(|run| run.circuits == folder.hash) {
        return Ok(());
    }
    let [runs, laps] = store.paths();
    Err(Failure::Usage(format!(
        "{} holds laps of other circuits than those in {}: give another --out, or move it and {} away",
        laps.display(),
        args.circuits.display(),
        runs.display()
    )))
}

fn run_one(
    contender: Contender,
    seed: u64,
    episodes: usize,
    folder: &Folder,
    stop: &StopFlag,
) -> Result<Measured<Run, Row>, Failure> {
    let (mut rows, mut returns) = (Vec::new(), Vec::new());
    match contender {
        Contender::Script(script) => {
            for entry in &folder.circuits {
                rows.extend(test(contender, seed, entry, |circuit| laps::drive(circuit, |_| script.driver(), stop))?);
            }
        }
        Contender::Network(condition, agent) => {
            let config = TrainConfig::base(agent.trained()?, lesson::Lesson::Direct(Phase::Complex), episodes, seed);
            for Lesson { roads, tested } in condition.lessons(folder)? {
                train_in(config, &RoadsFactory(roads), stop, |trainer, outcome| {
                    returns.push(outcome.scores[0].mean);
                    let policy = trainer.learner().policy();
                    let driver = |start| policy.driver(seed, FIRST_EVALUATION_LANE + start);
                    for number in tested {
                        rows.extend(test(contender, seed, &folder.circuits[number], |circuit| {
                            laps::drive(circuit, |start| Box::new(Trained(driver(start))), stop)
                        })?);
                    }
                    Ok(())
                })?;
            }
        }
    }
    rows.sort_by_key(|row| folder.circuits.iter().position(|entry| entry.name == row.circuit));
    let [condition, preset] = contender.names();
    let return_h100 = (!returns.is_empty()).then(|| returns.iter().sum::<f64>() / returns.len() as f64);
    let line = format!("{contender} seed {seed}: {} laps", report::laps(&rows.iter().collect::<Vec<&Row>>()));
    let (config_hash, circuits) = (contender.hash(), folder.hash.clone());
    Ok((vec![Run { condition, preset, seed, config_hash, circuits, return_h100 }], rows, line))
}

/// A row for each mode of a circuit.
fn test(
    contender: Contender,
    seed: u64,
    entry: &Entry,
    drive: impl Fn(&Circuit) -> Result<Laps, Failure>,
) -> Result<Vec<Row>, Failure> {
    let row = |(circuit, (_, mode))| {
        let Laps { completed, steps, reward, crashes } = drive(circuit)?;
        let [condition, preset] = contender.names();
        Ok(Row {
            condition,
            preset,
            seed,
            circuit: entry.name.clone(),
            mode: str::to_owned(mode),
            starts: STARTS,
            laps: completed,
            steps,
            reward_per_step: reward / steps.max(1) as f64,
            crashed_at: crashes.iter().map(f64::to_string).collect::<Vec<String>>().join(" "),
        })
    };
    entry.modes.iter().zip(MODES).map(row).collect()
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    const EXAMPLE: &str = include_str!("../../../../circuits/example.csv");

    /// A directory with this many copies of the example.
    fn copies(count: usize) -> tempfile::TempDir {
        let directory = tempfile::tempdir().unwrap();
        for copy in 0..count {
            fs::write(directory.path().join(format!("example-{copy}.csv")), EXAMPLE).unwrap();
        }
        directory
    }

    #[test]
    fn a_network_drives_every_circuit_in_both_modes_after_every_training() {
        let directory = copies(2);
        let folder = Folder::read(directory.path()).unwrap();
        let agent: Agent = "frugal".parse().unwrap();
        let mut tested = Vec::new();
        for condition in [Condition::ZeroShot, Condition::WideRoads, Condition::OtherCircuits] {
            let one = || run_one(Contender::Network(condition, agent), 3, 20, &folder, &StopFlag::default()).unwrap();
            let (runs, rows, line) = one();
            let places: Vec<[&str; 2]> = rows.iter().map(|row| [row.circuit.as_str(), row.mode.as_str()]).collect();
            let expected = ["example-0", "example-1"].map(|name| [[name, "fit"], [name, "real"]]).concat();
            assert_eq!(places, expected, "{condition:?}");
            assert!(line.starts_with(&format!("{} frugal seed 3: ", condition.name())), "{line}");
            assert!(rows.iter().all(|row| row.starts == STARTS && row.laps <= STARTS && row.steps > 0));
            assert!(rows.iter().all(|row| row.laps + row.crashed_at.split_whitespace().count() <= STARTS));
            assert_eq!(one().1, rows, "the same seed");
            tested.push((runs[0].clone(), rows));
        }
        assert_ne!(tested[0].0.return_h100, tested[1].0.return_h100, "other roads teach other things");
        let (runs, rows): (Vec<Run>, Vec<Vec<Row>>) = tested.into_iter().unzip();
        let tables = Findings { runs: &runs, rows: &rows.concat() }.tables();
        assert_eq!(tables.iter().map(|table| table.rows.len()).collect::<Vec<usize>>(), [3, 2]);
        assert_eq!(tables[0].rows[0][..2], ["zero-shot", "`frugal`"]);
    }

    #[test]
    fn one_circuit_has_no_others() {
        let directory = copies(1);
        let folder = Folder::read(directory.path()).unwrap();
        let refusal = Condition::OtherCircuits.lessons(&folder).unwrap_err().to_string();
        assert!(refusal.contains("give a directory of two or more, or leave this condition out"), "{refusal}");
    }

    #[test]
    fn laps_of_other_circuits_are_refused_and_not_lost() {
        let (one, two, out) = (copies(1), copies(2), tempfile::tempdir().unwrap());
        let args = |circuits: &tempfile::TempDir| CircuitsArgs {
            circuits: circuits.path().to_owned(),
            presets: Vec::new(),
            conditions: vec![Condition::ZeroShot],
            study: StudyArgs { seeds: Some(1), first_seed: 1, jobs: 1, out: out.path().to_owned() },
        };
        let stop = StopFlag::default();
        circuits(&args(&one), &stop).unwrap();
        let laps = out.path().join("circuits.csv");
        let written = fs::read_to_string(&laps).unwrap();
        assert_eq!(written.lines().count(), 1 + 2 * Script::ALL.len(), "{written}");
        circuits(&args(&one), &stop).unwrap();
        let refusal = circuits(&args(&two), &stop).unwrap_err().to_string();
        assert!(refusal.contains("holds laps of other circuits than those in"), "{refusal}");
        assert!(circuits(&args(&out), &stop).is_err(), "no circuits");
        assert_eq!(fs::read_to_string(&laps).unwrap(), written);
    }
}
