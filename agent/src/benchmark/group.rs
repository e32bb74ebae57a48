//! Rows sorted by world and agent.

use std::collections::{BTreeMap, BTreeSet};

use super::energy::{Memory, picojoules};
use super::row::{Point, Row};
use super::world::BenchmarkWorld;
use crate::experiments::stats::iqm;

/// Everything that was measured in a world.
#[derive(Clone, Debug)]
pub struct WorldRuns {
    /// The world.
    pub world: BenchmarkWorld,
    /// Its agents, the best first.
    pub agents: Vec<AgentRuns>,
}

/// The runs of an agent in a world, at least one.
#[derive(Clone, Debug)]
pub struct AgentRuns {
    /// Name.
    pub name: String,
    /// Its place among all agents of all worlds, by name: it has one colour in every chart.
    pub colour: usize,
    /// Its runs, by seed.
    pub rows: Vec<Row>,
    /// The curves of those that have one.
    pub curves: Vec<Vec<Point>>,
}

/// Sorts rows and points; agents by the interquartile mean of their returns.
pub fn worlds(rows: Vec<Row>, points: Vec<Point>) -> Vec<WorldRuns> {
    let names: BTreeSet<String> = rows.iter().map(|row| row.agent.clone()).collect();
    let colour = |name: &str| names.iter().position(|known| known == name).unwrap_or_default();
    let mut runs: BTreeMap<BenchmarkWorld, BTreeMap<String, AgentRuns>> = BTreeMap::new();
    for row in rows {
        let agent = runs.entry(row.world).or_default().entry(row.agent.clone());
        let name = row.agent.clone();
        let blank = || AgentRuns { colour: colour(&name), name, rows: Vec::new(), curves: Vec::new() };
        agent.or_insert_with(blank).rows.push(row);
    }
    let mut curves: BTreeMap<(BenchmarkWorld, String, u64), Vec<Point>> = BTreeMap::new();
    for point in points {
        curves.entry((point.world, point.agent.clone(), point.seed)).or_default().push(point);
    }
    for ((world, agent, _), curve) in curves {
        if let Some(agent) = runs.get_mut(&world).and_then(|agents| agents.get_mut(&agent)) {
            agent.curves.push(curve);
        }
    }
    let sorted = |agents: BTreeMap<String, AgentRuns>| {
        let mut agents: Vec<AgentRuns> = agents.into_values().collect();
        agents.iter_mut().for_each(|agent| agent.rows.sort_by_key(|row| row.seed));
        agents.sort_by(|a, b| iqm(&b.returns()).total_cmp(&iqm(&a.returns())));
        agents
    };
    runs.into_iter().map(|(world, agents)| WorldRuns { world, agents: sorted(agents) }).collect()
}

impl AgentRuns {
    /// A number of each run.
    pub fn values(&self, value: impl Fn(&Row) -> f64) -> Vec<f64> {
        self.rows.iter().map(value).collect()
    }

    /// Its mean over the runs.
    pub fn mean(&self, value: impl Fn(&Row) -> f64) -> f64 {
        self.rows.iter().map(value).sum::<f64>() / self.rows.len() as f64
    }

    /// Returns of the test with horizon 100.
    pub fn returns(&self) -> Vec<f64> {
        self.values(|row| row.return_h100)
    }

    /// They as shares of the ceiling.
    pub fn scores(&self) -> Vec<f64> {
        self.values(|row| row.return_h100 / row.world.ceiling())
    }

    /// Whether it was trained.
    pub fn is_trained(&self) -> bool {
        self.rows.iter().any(|row| row.episodes > 0)
    }

    /// Mean ACs, MACs and neuron updates of a decision.
    pub fn per_decision(&self) -> [f64; 3] {
        [
            self.mean(|row| row.acs_per_decision),
            self.mean(|row| row.macs_per_decision),
            self.mean(|row| row.neuron_updates_per_decision),
        ]
    }

    /// Mean ACs, MACs and neuron updates of a training.
    pub fn training(&self) -> [f64; 3] {
        [
            self.mean(|row| row.training_acs as f64),
            self.mean(|row| row.training_macs as f64),
            self.mean(|row| row.training_neuron_updates as f64),
        ]
    }

    /// Energy of a decision by the model, in nJ.
    pub fn decision_nanojoules(&self, memory: Memory) -> f64 {
        picojoules(self.per_decision(), memory) / 1e3
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::benchmark::row::tests::row;

    /// Two agents in two worlds: `good` with returns of 230 and 240, `bad` with 100, 110 and 120.
    pub(crate) fn made_up() -> (Vec<Row>, Vec<Point>) {
        let (mut rows, mut points) = (Vec::new(), Vec::new());
        for world in BenchmarkWorld::ALL {
            for (agent, returns) in [("bad", &[100.0, 110.0, 120.0][..]), ("good", &[230.0, 240.0])] {
                for (seed, &mean) in (1..).zip(returns) {
                    rows.push(row(agent, world, seed, mean));
                    points.extend([5, 150, 300].map(|episode| Point {
                        agent: agent.to_owned(),
                        world,
                        seed,
                        episode,
                        env_steps: 50 * episode,
                        mean: mean - 1000.0 / episode as f64,
                        crash_rate: 0.05,
                    }));
                }
            }
        }
        rows.reverse();
        (rows, points)
    }

    #[test]
    fn rows_find_their_world_and_agent_and_the_best_comes_first() {
        let (rows, points) = made_up();
        let worlds = worlds(rows, points);
        assert_eq!(worlds.iter().map(|runs| runs.world).collect::<Vec<_>>(), BenchmarkWorld::ALL);
        for WorldRuns { agents, .. } in &worlds {
            let [good, bad] = &agents[..] else { panic!("{agents:?}") };
            assert_eq!((good.name.as_str(), good.returns()), ("good", vec![230.0, 240.0]));
            assert_eq!((bad.returns(), bad.curves.len()), (vec![100.0, 110.0, 120.0], 3));
            assert_eq!(bad.scores()[0], 100.0 / 243.6);
            // 100 ACs, 10 MACs, 1000 updates.
            assert!((bad.decision_nanojoules(Memory::Without) - 4.736).abs() < 1e-9);
        }
    }
}
