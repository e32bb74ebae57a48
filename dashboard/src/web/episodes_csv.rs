//! Records of episodes as a table for spreadsheets.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

/// The columns of our own agent, in its order. Those of others follow, sorted.
const COLUMNS: [&str; 11] = [
    "episode",
    "phase",
    "return",
    "length",
    "crashed",
    "mean_dopamine",
    "learning_rate",
    "env_steps",
    "evaluation_mean",
    "evaluation_percent_of_ceiling",
    "evaluation_crash_rate",
];

/// One row a record, one column a field; `a: {b: 1}` becomes `a_b`, and what is null or missing an empty cell.
pub(crate) fn table(records: &[String]) -> Result<Vec<u8>, csv::Error> {
    let rows: Vec<BTreeMap<String, String>> = records.iter().map(|record| cells(record)).collect();
    let present: BTreeSet<&str> = rows.iter().flat_map(|row| row.keys().map(String::as_str)).collect();
    let others = present.iter().copied().filter(|column| !COLUMNS.contains(column));
    let columns: Vec<&str> = COLUMNS.into_iter().filter(|column| present.contains(column)).chain(others).collect();
    let mut table = csv::Writer::from_writer(Vec::new());
    if !columns.is_empty() {
        table.write_record(&columns)?;
    }
    for row in &rows {
        table.write_record(columns.iter().map(|&column| row.get(column).map_or("", String::as_str)))?;
    }
    table.into_inner().map_err(|error| error.into_error().into())
}

fn cells(record: &str) -> BTreeMap<String, String> {
    let mut cells = BTreeMap::new();
    if let Ok(Value::Object(fields)) = serde_json::from_str(record) {
        fields.into_iter().for_each(|(key, value)| flatten(key, value, &mut cells));
    }
    cells
}

fn flatten(key: String, value: Value, cells: &mut BTreeMap<String, String>) {
    match value {
        Value::Object(fields) => {
            fields.into_iter().for_each(|(inner, value)| flatten(format!("{key}_{inner}"), value, cells));
        }
        Value::Null => {}
        Value::String(text) => {
            cells.insert(key, text);
        }
        other => {
            cells.insert(key, other.to_string());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_has_the_fields_of_all_records() {
        let records = [
            r#"{"episode":1,"return":12.5,"evaluation":null,"note":"a, b"}"#,
            r#"{"evaluation":{"mean":3.0},"return":13,"episode":2}"#,
        ];
        let table = table(&records.map(str::to_owned)).unwrap();
        let text = "episode,return,evaluation_mean,note\n1,12.5,,\"a, b\"\n2,13,3.0,\n";
        assert_eq!(String::from_utf8(table).unwrap(), text);
    }

    #[test]
    fn no_episodes_are_an_empty_table() {
        assert!(table(&[]).unwrap().is_empty());
    }
}
