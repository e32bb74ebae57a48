//! `experiment q3`: what temporal patterns emerge? Whether motor neurons of a pool spike together, how sparse activity is, and what inhibition does
//! to the actions that compete: in trained networks and in the same ones as they were born, each against what chance makes of the
//! same spikes.

pub mod correlation;
pub mod cut;
pub mod inhibition;
pub mod measures;
pub mod raster;
pub mod report;
pub mod row;
pub mod sparseness;
pub mod spikes;
pub mod surrogate;
pub mod watch;

use std::path::{Path, PathBuf};

use clap::Args;
use serde::Serialize;
use spikedrive_env::Phase;
use spikedrive_learners::random::{Purpose, stream};
use spikedrive_learners::snn::{Network, Signal, SnnConfig};
use spikedrive_learners::{LearnerConfig, Watch};

use self::cut::{Cuts, DRAWS, cuts};
use self::measures::measures;
use self::report::Findings;
use self::row::{Row, Run, State};
use self::spikes::Spikes;
use super::outcome::{Outcome, train_and_then};
use super::rows::{self, write_text};
use super::store::{Measured, Store, measure};
use super::study::StudyArgs;
use crate::benchmark::agents::Agent;
use crate::checkpoint::config_hash;
use crate::evaluate::Evaluator;
use crate::failure::Failure;
use crate::files::create_directory;
use crate::lesson::{HORIZON, Lesson};
use crate::report::{note, say};
use crate::stop::StopFlag;
use crate::train::TrainConfig;

/// Number of seeds.
const SEEDS: usize = 10;
/// Name of the files.
const NAME: &str = "q3";
/// Ticks of the picture.
const SHOWN_TICKS: usize = 320;
/// The first step of the picture.
const FIRST_SHOWN: usize = 20;

/// How much is measured.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
struct Plan {
    /// Training episodes of each run.
    episodes: usize,
    /// Test tracks that are watched.
    tracks: usize,
    /// How often each is shown.
    trials: usize,
    /// Surrogates of each kind.
    shuffles: usize,
}

/// What is measured.
const PLAN: Plan = Plan { episodes: 300, tracks: 10, trials: 4, shuffles: 20 };

/// Arguments of `experiment q3`.
#[derive(Args, Clone, Debug)]
pub struct Q3Args {
    /// Spiking networks and their twins, separated by commas: presets, and variants of them.
    #[arg(
        long,
        value_name = "NAMES",
        value_delimiter = ',',
        default_value = "stdp,stdp-no-hidden,pathway,pathway-no-hidden,spikeless,own-spike,own-spike-no-hidden,strict,e-prop,strict-own-spike"
    )]
    pub presets: Vec<Agent>,
    /// How it is measured; ten seeds, if nothing else is said.
    #[command(flatten)]
    pub study: StudyArgs,
}

/// Measures what is missing, then prints the tables and writes the page.
pub fn q3(args: &Q3Args, stop: &StopFlag) -> Result<(), Failure> {
    let StudyArgs { seeds, first_seed, jobs, out } = &args.study;
    let seeds = *first_seed..first_seed.saturating_add(seeds.unwrap_or(SEEDS) as u64);
    let mut runs: Vec<(Agent, SnnConfig, u64)> = Vec::new();
    for &preset in &args.presets {
        let config = network_of(preset)?;
        runs.extend(seeds.clone().map(|seed| (preset, config, seed)));
    }
    create_directory(out)?;
    let key = |(preset, _, seed): &(Agent, SnnConfig, u64)| (preset.name().to_owned(), *seed);
    let store = measure(&runs, *jobs, open(out)?, stop, key, |&(preset, config, seed)| {
        let picture = (seed == *first_seed).then(|| picture_path(out, preset.name()));
        run_one(preset, config, seed, &PLAN, picture.as_deref(), stop)
    })?;
    let asked =
        |preset: &str, seed: u64| seeds.contains(&seed) && args.presets.iter().any(|asked| asked.name() == preset);
    let networks: Vec<Row> = store.points().iter().filter(|row| asked(&row.preset, row.seed)).cloned().collect();
    let runs: Vec<Run> = store.rows().iter().filter(|run| asked(&run.preset, run.seed)).cloned().collect();
    let findings = Findings { runs: &runs, networks: &networks };
    say(findings.tables().iter().map(|table| table.markdown()).collect::<Vec<String>>().join("\n"));
    let page = out.join(format!("{NAME}.html"));
    write_text(&page, &findings.page(out)?)?;
    let [runs, networks] = store.paths();
    note(format!("raw data in {} and {}, charts in {}", networks.display(), runs.display(), page.display()));
    Ok(())
}

/// A spiking network that hears nothing but the step at hand, or the twin of one; others are refused.
fn network_of(preset: Agent) -> Result<SnnConfig, Failure> {
    let of_this_step = |agent: Agent| match agent.trained() {
        Ok(LearnerConfig::Snn(config)) if config.temporal.copies() == 1 => Some(config),
        _ => None,
    };
    of_this_step(preset).ok_or_else(|| {
        let known = Agent::beside().into_iter().filter(|&agent| of_this_step(agent).is_some());
        let known = known.map(Agent::name).collect::<Vec<&str>>().join(", ");
        Failure::Usage(format!("{preset} is no spiking network, or hears earlier steps: use one of {known}"))
    })
}

/// What is there already, but for runs of other settings.
fn open(directory: &Path) -> Result<Store<Run, Row>, Failure> {
    let [runs, networks] = ["_runs", ""].map(|suffix| directory.join(format!("{NAME}{suffix}.csv")));
    let is_of_today = |run: &Run| {
        let config = run.preset.parse().ok().and_then(|preset| network_of(preset).ok());
        config.is_some_and(|config| run_hash(&config, &PLAN) == run.config_hash)
    };
    let kept = rows::read::<Run>(&runs)?.into_iter().filter(is_of_today).collect();
    let there = rows::read(&networks)?;
    Ok(Store::new(runs, networks, kept, there))
}

/// What decides a run and its measures besides the seed.
fn run_hash(config: &SnnConfig, plan: &Plan) -> String {
    config_hash(&(config, plan, HORIZON, DRAWS))
}

/// Where the picture of a preset lies.
fn picture_path(directory: &Path, preset: &str) -> PathBuf {
    directory.join(format!("{NAME}-{preset}.svg"))
}

fn run_one(
    preset: Agent,
    config: SnnConfig,
    seed: u64,
    plan: &Plan,
    picture: Option<&Path>,
    stop: &StopFlag,
) -> Result<Measured<Run, Row>, Failure> {
    let training = TrainConfig::base(config, Lesson::Direct(Phase::Complex), plan.episodes, seed);
    train_and_then(training, stop, |trainer, outcome| {
        let trained = Network::with_arrays(config, &trainer.learner().policy().arrays())?;
        let untrained = Network::new(config, seed)?;
        // Without spikes there is nothing to be watched: the twin is tested and cut alone.
        let spiking = config.signal == Signal::Spikes;
        let drives = if spiking { watch::drive(&trained, seed, plan.tracks)? } else { Vec::new() };
        let watched = State::ALL.into_iter().zip([&trained, &untrained]).enumerate().filter(|_| spiking);
        let mut networks = Vec::new();
        for (lane, (state, network)) in watched {
            let spikes = watch::show(network, &drives, seed, plan.trials)?;
            if let (Some(path), State::Trained) = (picture, state) {
                write_text(path, &draw(preset, network, &spikes, seed))?;
            }
            let mut rng = stream(seed, Purpose::Surrogate, DRAWS + lane as u64);
            let values = measures(network, &spikes, plan.trials, plan.shuffles, &mut rng);
            networks.push(Row { preset: preset.name().to_owned(), seed, network: state, values });
        }
        let run = run_of(preset, [&trained, &untrained], seed, plan, &outcome, stop)?;
        let line = format!("{preset} seed {seed}: return {:.1}", run.return_h100);
        Ok((vec![run], networks, line))
    })
}

/// Tests the networks whole and cut.
fn run_of(
    preset: Agent,
    [trained, untrained]: [&Network; 2],
    seed: u64,
    plan: &Plan,
    outcome: &Outcome,
    stop: &StopFlag,
) -> Result<Run, Failure> {
    let evaluator = Evaluator::new(1)?;
    let Cuts { afferents: [inhibitory, excitatory], no_inhibition, less_excitation } =
        cuts(trained, &evaluator, seed, stop)?;
    Ok(Run {
        preset: preset.name().to_owned(),
        seed,
        config_hash: run_hash(trained.config(), plan),
        return_h100: outcome.scores[0].mean,
        crash_rate_h100: outcome.scores[0].crash_rate,
        untrained_return_h100: cut::test(untrained, &evaluator, seed, stop)?.mean,
        inhibitory_afferents: inhibitory,
        excitatory_afferents: excitatory,
        no_inhibition_return_h100: no_inhibition.mean,
        no_inhibition_crash_rate_h100: no_inhibition.crash_rate,
        less_excitation_return_h100: less_excitation[0],
        less_excitation_crash_rate_h100: less_excitation[1],
    })
}

/// A picture of a third of a second of the first track.
fn draw(preset: Agent, network: &Network, spikes: &Spikes, seed: u64) -> String {
    let steps = FIRST_SHOWN..FIRST_SHOWN + (SHOWN_TICKS / spikes.ticks()).max(1);
    let title = format!("{preset}, trained, seed {seed}: spikes on the first test track");
    raster::raster(&title, spikes, &network.populations(Watch::Everything, false), steps)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_is_watched_trained_and_untrained_and_told() {
        let directory = tempfile::tempdir().unwrap();
        let plan = Plan { episodes: 10, tracks: 2, trials: 2, shuffles: 2 };
        let preset: Agent = "stdp".parse().unwrap();
        let picture = picture_path(directory.path(), "stdp");
        let config = network_of(preset).unwrap();
        let one = || run_one(preset, config, 3, &plan, Some(&picture), &StopFlag::default()).unwrap();
        let (runs, networks, line) = one();
        assert_eq!(networks.iter().map(|row| row.network).collect::<Vec<State>>(), State::ALL);
        assert!(line.starts_with("stdp seed 3: return ") && runs[0].return_h100 != runs[0].untrained_return_h100);
        let [trained, untrained] = [0, 1].map(|k: usize| {
            let row = &networks[k];
            move |column: &str| row.get(column).unwrap()
        });
        // Both see what the trained one saw: what is fixed at birth does the same.
        assert_eq!((trained("steps"), trained("sensory_rate_hz")), (untrained("steps"), untrained("sensory_rate_hz")));
        assert_eq!(trained("hidden_rate_hz"), untrained("hidden_rate_hz"));
        assert_ne!(trained("motor_rate_hz"), untrained("motor_rate_hz"));
        let again = one();
        assert_eq!((&again.0, &again.1), (&runs, &networks), "the same seed");
        let findings = Findings { runs: &runs, networks: &networks };
        let page = findings.page(directory.path()).unwrap();
        assert!(page.contains("spikes on the first test track") && page.contains("within a pool"), "{page}");
    }

    #[test]
    fn twins_have_rows_where_they_have_something_to_show() {
        let directory = tempfile::tempdir().unwrap();
        let plan = Plan { episodes: 2, tracks: 1, trials: 2, shuffles: 1 };
        let (mut runs, mut networks) = (Vec::new(), Vec::new());
        for name in ["stdp-no-hidden", "spikeless"] {
            let twin: Agent = name.parse().unwrap();
            let (run, watched, _) =
                run_one(twin, network_of(twin).unwrap(), 3, &plan, None, &StopFlag::default()).unwrap();
            runs.extend(run);
            networks.extend(watched);
        }
        assert!(networks.iter().all(|row| row.preset == "stdp-no-hidden") && networks.len() == 2);
        let findings = Findings { runs: &runs, networks: &networks };
        let rows: Vec<Vec<String>> = findings.tables().into_iter().flat_map(|table| table.rows).collect();
        let of = |name: &str| rows.iter().filter(|row| row[0] == name).collect::<Vec<_>>();
        assert_eq!(of("spikeless").len(), 1, "it is cut, and not watched");
        assert!(of("stdp-no-hidden").iter().any(|row| row[2] == "sensory"));
        assert!(of("stdp-no-hidden").iter().all(|row| row[2] != "hidden"));
        assert!(findings.page(directory.path()).unwrap().contains("spikeless"));
    }

    #[test]
    fn what_is_no_network_of_the_step_at_hand_is_refused() {
        for name in ["predictive", "dqn", "seed", "planner"] {
            let refusal = network_of(name.parse().unwrap()).unwrap_err().to_string();
            assert!(
                refusal.starts_with(&format!("{name} is no spiking network, or hears earlier steps: use")),
                "{refusal}"
            );
            assert!(refusal.contains(" one of stdp, stdp-no-hidden, pathway, "), "{refusal}");
        }
        assert!(
            Agent::all().filter_map(|agent| network_of(agent).ok()).all(|config| config.ticks <= spikes::MOST_TICKS)
        );
    }
}
