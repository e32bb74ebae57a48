//! `imagine DIR FIRST COUNT` writes imagined circuits as files, from number FIRST on: what `experiment circuits` is tuned on, if anything is.

use std::error::Error;
use std::path::Path;

use spikedrive_agent::experiments::circuits::imagined;

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [directory, first, count] = &arguments[..] else { return Err("imagine DIR FIRST COUNT".into()) };
    std::fs::create_dir_all(directory)?;
    let first: u64 = first.parse()?;
    for number in first..first + count.parse::<u64>()? {
        std::fs::write(Path::new(directory).join(format!("imagined-{number}.csv")), imagined::csv(number))?;
    }
    Ok(())
}
