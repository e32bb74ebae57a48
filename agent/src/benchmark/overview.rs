//! The short table: some agents, all worlds, what matters most.

use spikedrive_env::Phase;
use spikedrive_env::ceiling::ceiling;

use super::energy::{Memory, picojoules};
use super::format::{NOTHING, interval, significant};
use super::group::{AgentRuns, WorldRuns};
use super::row::Row;
use super::table::Table;
use super::tables::iqm_interval;

/// Before the names of the agents that an overview shows, with commas between.
const BEGIN: &str = "<!-- benchmark overview: ";
/// After them.
const NAMED: &str = " -->";
/// After the table.
const END: &str = "<!-- benchmark overview: end -->";

/// The document with another overview between its marks, of the agents that the first mark names; none if it has no marks.
pub fn renewed(document: &str, worlds: &[WorldRuns]) -> Option<String> {
    let (before, rest) = document.split_once(BEGIN)?;
    let (names, rest) = rest.split_once(NAMED)?;
    let (_, after) = rest.split_once(END)?;
    let table = table(worlds, &names.split(',').map(str::trim).collect::<Vec<_>>()).markdown();
    Some(format!("{before}{BEGIN}{names}{NAMED}\n\n{table}\n{END}{after}"))
}

/// Learning and results in the first world, results in the others, costs. Agents without a row are left out.
fn table(worlds: &[WorldRuns], names: &[&str]) -> Table {
    let Some((first, others)) = worlds.split_first() else { return Table::new("No rows.", &[]) };
    let named = |agent: &&AgentRuns| names.contains(&agent.name.as_str());
    let seeds = worlds.iter().flat_map(|runs| runs.agents.iter().filter(named)).map(|agent| agent.rows.len()).min();
    let returns = |runs: &WorldRuns| [format!("{}: return", runs.world), "worst seed".to_owned()];
    let mut header = ["agent", "sees", "episodes to 90 %", "to 98 %", "steps to 98 %"].map(str::to_owned).to_vec();
    header.extend(returns(first).into_iter().chain(["H = 140".to_owned()]));
    header.extend(others.iter().flat_map(returns));
    header.extend(["nJ a decision", "mJ a training"].map(str::to_owned));
    let caption = format!(
        "Phase 4 from nothing, 300 episodes, at least {} seeds; the final policy on 50 test tracks: IQM [95 % interval] of the return with a horizon \
         of 100, mean with 140. Ceiling {:.1} and {:.1}. Energy: the model with memory, in world {}.",
        seeds.unwrap_or_default(),
        first.world.ceiling(),
        ceiling(Phase::Complex, 140).unwrap_or(f64::NAN),
        first.world
    );
    let header: Vec<&str> = header.iter().map(String::as_str).collect();
    let mut table = Table::new(caption, &header);
    for agent in first.agents.iter().filter(named) {
        let mut cells = vec![format!("`{}`", agent.name), agent.rows[0].inputs.to_string()];
        cells.push(reached(agent, |row| row.episodes_to()[0]));
        cells.push(reached(agent, |row| row.episodes_to()[2]));
        cells.push(reached(agent, |row| row.env_steps_to()[2]));
        cells.extend(scores(Some(agent)));
        cells.push(interval(&agent.values(|row| row.return_h140), 1));
        for runs in others {
            cells.extend(scores(runs.agents.iter().find(|other| other.name == agent.name)));
        }
        cells.push(significant(agent.decision_nanojoules(Memory::With)));
        let training = significant(picojoules(agent.training(), Memory::With) / 1e9);
        cells.push(if agent.is_trained() { training } else { NOTHING.to_owned() });
        table.rows.push(cells);
    }
    table
}

/// Mean over the runs that got there, and how many did unless all.
fn reached(agent: &AgentRuns, to: impl Fn(&Row) -> Option<usize>) -> String {
    let values: Vec<f64> = agent.rows.iter().filter_map(to).map(|value| value as f64).collect();
    let mean = values.iter().sum::<f64>() / values.len() as f64;
    match (values.len(), agent.rows.len()) {
        _ if !agent.is_trained() => NOTHING.to_owned(),
        (0, _) => "never".to_owned(),
        (some, all) if some < all => format!("{mean:.0} ({some} of {all})"),
        _ => format!("{mean:.0}"),
    }
}

/// IQM [95 % interval] and the worst seed.
fn scores(agent: Option<&AgentRuns>) -> [String; 2] {
    let Some(agent) = agent else { return [NOTHING, NOTHING].map(str::to_owned) };
    let returns = agent.returns();
    let worst = returns.iter().copied().fold(f64::INFINITY, f64::min);
    [iqm_interval(&vec![returns], 1), format!("{worst:.1}")]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::benchmark::group::{tests::made_up, worlds};

    #[test]
    fn the_named_agents_stand_in_order_of_their_score() {
        let (rows, points) = made_up();
        let worlds = worlds(rows, points);
        let document = format!("# Title\n{BEGIN}bad, good, unknown{NAMED}\nold\n{END}\nThe end.\n");
        let new = renewed(&document, &worlds).unwrap();
        assert_eq!(renewed(&new, &worlds).as_ref(), Some(&new), "the same again");
        assert!(new.starts_with("# Title\n<!-- benchmark overview: bad, good, unknown -->\n\nPhase 4"), "{new}");
        assert!(new.ends_with("|\n\n<!-- benchmark overview: end -->\nThe end.\n") && !new.contains("old"), "{new}");
        let rows: Vec<&str> = new.lines().filter(|line| line.starts_with("| `")).collect();
        let [good, bad] = rows[..] else { panic!("{new}") };
        assert!(good.starts_with("| `good` |") && bad.starts_with("| `bad` |"), "{new}");
        assert!(good.contains("| 235.0 [230.0, 240.0] | 230.0 |"), "{good}");
        // 100 ACs, 10 MACs, 1000 updates: 90 + 46 + 4600 + 1100 + 20000 pJ.
        assert!(bad.contains("| 25.8 |"), "{bad}");
        assert_eq!(good.matches('|').count(), bad.matches('|').count());
        assert_eq!(renewed("# Title\n", &worlds), None);
    }
}
