//! The tables of the report.

use super::energy::{Memory, picojoules};
use super::format::{NOTHING, interval, significant, value_in};
use super::group::{AgentRuns, WorldRuns};
use super::row::Row;
use super::table::Table;
use crate::experiments::reliable::{Scores, aggregate_iqm, intervals, probability_of_improvement};

/// How fast agents learn.
pub fn learning(runs: &WorldRuns) -> Table {
    let mut table = Table::new(
        format!(
            "World {}, learning: training episodes and steps to 90, 95 and 98 % of the ceiling, mean [95 % interval] over the seeds that got there.",
            runs.world
        ),
        &[
            "agent",
            "source",
            "inputs",
            "seeds",
            "episodes to 90 %",
            "to 95 %",
            "to 98 %",
            "env steps to 90 %",
            "to 95 %",
            "to 98 %",
            "training crashes",
        ],
    );
    for agent in &runs.agents {
        let row = &agent.rows[0];
        let mut cells =
            vec![agent.name.clone(), row.source.clone(), row.inputs.to_string(), agent.rows.len().to_string()];
        for k in 0..3 {
            cells.push(reached(agent, 1, |row| row.episodes_to()[k]));
        }
        for k in 0..3 {
            cells.push(reached(agent, 0, |row| row.env_steps_to()[k]));
        }
        cells.push(if agent.is_trained() {
            interval(&agent.values(|row| row.training_crashes as f64), 1)
        } else {
            NOTHING.to_owned()
        });
        table.rows.push(cells);
    }
    table
}

/// Mean over the runs that got there, and how many these are unless all are.
fn reached(agent: &AgentRuns, decimals: usize, to: impl Fn(&Row) -> Option<usize>) -> String {
    let values: Vec<f64> = agent.rows.iter().filter_map(to).map(|value| value as f64).collect();
    match (values.len(), agent.rows.len()) {
        _ if !agent.is_trained() => NOTHING.to_owned(),
        (0, all) => format!("never (0 of {all})"),
        (some, all) if some < all => format!("{} ({some} of {all})", interval(&values, decimals)),
        _ => interval(&values, decimals),
    }
}

/// What the final policies score.
pub fn results(runs: &WorldRuns) -> Table {
    let mut table = Table::new(
        format!(
            "World {}, the final policy on the 50 test tracks, with horizons of 100 (ceiling {:.1}) and 140 steps: mean and interquartile mean (IQM) [95 % interval] over seeds, the worst seed, and the share of tests that crashed.",
            runs.world,
            runs.world.ceiling()
        ),
        &[
            "agent",
            "seeds",
            "return, H = 100",
            "IQM",
            "worst seed",
            "crashes",
            "return, H = 140",
            "IQM",
            "worst seed",
            "crashes",
        ],
    );
    for agent in &runs.agents {
        let mut cells = vec![agent.name.clone(), agent.rows.len().to_string()];
        for (returns, crash_rate) in [
            (agent.returns(), agent.mean(|row| row.crash_rate_h100)),
            (agent.values(|row| row.return_h140), agent.mean(|row| row.crash_rate_h140)),
        ] {
            let worst = returns.iter().copied().fold(f64::INFINITY, f64::min);
            cells.extend([interval(&returns, 1), iqm_interval(&vec![returns], 1), format!("{worst:.1}")]);
            cells.push(format!("{} %", significant(100.0 * crash_rate)));
        }
        table.rows.push(cells);
    }
    table
}

/// IQM [95 % interval].
pub fn iqm_interval(scores: &Scores, decimals: usize) -> String {
    let bounds = intervals(&[scores], |agents| vec![aggregate_iqm(&agents[0])]);
    value_in(aggregate_iqm(scores), bounds[0], decimals)
}

/// What a decision and a training cost.
pub fn costs(runs: &WorldRuns) -> Table {
    let mut table = Table::new(
        format!(
            "World {}, cost: operations of a decision (mean over the test) and of a training (evaluations left out), and their energy by the model, as arithmetic alone and with memory; CPU time of a training on the machine that measured it.",
            runs.world
        ),
        &[
            "agent",
            "ACs a decision",
            "MACs",
            "neuron updates",
            "nJ",
            "with memory",
            "ACs of a training",
            "MACs",
            "neuron updates",
            "mJ",
            "with memory",
            "CPU s",
        ],
    );
    for agent in &runs.agents {
        let mut cells = vec![agent.name.clone()];
        for (operations, unit) in [(agent.per_decision(), 1e3), (agent.training(), 1e9)] {
            let energy = [Memory::Without, Memory::With].map(|memory| picojoules(operations, memory) / unit);
            cells.extend(operations.into_iter().chain(energy).map(significant));
        }
        cells.push(significant(agent.mean(|row| row.cpu_seconds)));
        table.rows.push(cells);
    }
    table
}

/// How surely one agent is better than each other; none where it was not measured.
pub fn improvement(runs: &WorldRuns, reference: &str) -> Option<Table> {
    let x = vec![runs.agents.iter().find(|agent| agent.name == reference)?.scores()];
    let mut table = Table::new(
        format!(
            "World {}: probability that a run of {reference} scores higher than one of another agent [95 % interval].",
            runs.world
        ),
        &["Y", &format!("P({reference} > Y)")],
    );
    for agent in runs.agents.iter().filter(|agent| agent.name != reference) {
        table.rows.push(vec![agent.name.clone(), improvement_over(&x, &vec![agent.scores()])]);
    }
    Some(table)
}

fn improvement_over(x: &Scores, y: &Scores) -> String {
    let bounds = intervals(&[x, y], |agents| vec![probability_of_improvement(&agents[0], &agents[1])]);
    value_in(probability_of_improvement(x, y), bounds[0], 2)
}

/// All worlds as one: the agents that were measured in each of them.
pub fn together(worlds: &[WorldRuns], reference: &str) -> Table {
    let mut table = Table::new(
        "All worlds together: IQM of the share of the ceiling with horizon 100 [95 % interval, by stratified bootstrap] and probability of improvement, over the agents that were measured in every world.",
        &["agent", "IQM of the score", &format!("P({reference} > agent)")],
    );
    let agents = in_every_world(worlds);
    let of_reference = agents.iter().find(|agent| agent.name == reference).map(|agent| &agent.scores);
    for Everywhere { name, scores, .. } in &agents {
        let improvement = of_reference.filter(|_| name != reference).map(|x| improvement_over(x, scores));
        table.rows.push(vec![name.clone(), iqm_interval(scores, 3), improvement.unwrap_or(NOTHING.to_owned())]);
    }
    table
}

/// An agent's scores in every world.
#[derive(Clone, Debug)]
pub struct Everywhere {
    /// Name.
    pub name: String,
    /// Number of its colour.
    pub colour: usize,
    /// Scores, world by world.
    pub scores: Scores,
}

/// The agents that were measured in every one of these worlds, the best first.
pub fn in_every_world(worlds: &[WorldRuns]) -> Vec<Everywhere> {
    let Some((first, others)) = worlds.split_first() else { return Vec::new() };
    let everywhere = |agent: &AgentRuns| {
        let elsewhere =
            others.iter().map(|runs| runs.agents.iter().find(|other| other.name == agent.name).map(AgentRuns::scores));
        let scores: Scores = std::iter::once(Some(agent.scores())).chain(elsewhere).collect::<Option<_>>()?;
        Some(Everywhere { name: agent.name.clone(), colour: agent.colour, scores })
    };
    let mut all: Vec<Everywhere> = first.agents.iter().filter_map(everywhere).collect();
    all.sort_by(|a, b| aggregate_iqm(&b.scores).total_cmp(&aggregate_iqm(&a.scores)));
    all
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::benchmark::group::{tests::made_up, worlds};
    use crate::benchmark::world::BenchmarkWorld;

    fn worlds_of() -> Vec<WorldRuns> {
        let (mut rows, points) = made_up();
        rows.retain(|row| (row.world, row.agent.as_str()) != (BenchmarkWorld::Noise1, "bad"));
        let is_first = |row: &&mut Row| row.agent == "good" && row.seed == 1;
        rows.iter_mut()
            .filter(is_first)
            .for_each(|row| (row.episodes_to_98, row.env_steps_to_98) = (Some(40), Some(4000)));
        worlds(rows, points)
    }

    #[test]
    fn seeds_that_never_got_there_are_told() {
        let worlds = worlds_of();
        let table = learning(&worlds[0]);
        assert_eq!(
            table.rows[0][..7],
            [
                "good",
                "someone 1.0",
                "sensors",
                "2",
                "10.0 [10.0, 10.0]",
                "20.0 [20.0, 20.0]",
                "40.0 [40.0, 40.0] (1 of 2)"
            ]
        );
        assert_eq!((table.rows[1][6].as_str(), table.rows[1][9].as_str()), ("never (0 of 3)", "never (0 of 3)"));
        assert!(table.rows.iter().all(|row| row.len() == table.header.len()));
    }

    #[test]
    fn scores_costs_and_comparisons_of_made_up_runs() {
        let worlds = worlds_of();
        let table = results(&worlds[0]);
        assert_eq!(table.rows[1][..6], ["bad", "3", "110.0 [100.0, 120.0]", "110.0 [100.0, 120.0]", "100.0", "0 %"]);
        let table = costs(&worlds[0]);
        let expected = ["good", "100", "10", "1000", "4.74", "25.8", "3 M", "2 M", "30 M", "0.15", "0.8", "1.5"];
        assert_eq!((&table.rows[0][..], table.header.len()), (&expected.map(str::to_owned)[..], expected.len()));
        let table = improvement(&worlds[0], "good").unwrap();
        assert_eq!(table.rows, [["bad", "1.00 [1.00, 1.00]"]]);
        assert_eq!(improvement(&worlds[0], "stdp"), None);
    }

    #[test]
    fn all_worlds_hold_the_agents_that_drove_in_each() {
        let table = together(&worlds_of(), "good");
        assert_eq!(table.rows.len(), 1);
        assert_eq!((table.rows[0][0].as_str(), table.rows[0][2].as_str()), ("good", "-"));
        assert!(table.rows[0][1].starts_with("0.965 [0.944, 0.985]"), "{:?}", table.rows);
    }
}
