//! Values of parameters as text: what a user may write, and what the program prints.

use serde_json::{Map, Value};

/// The word for what is absent: TOML has none of its own.
pub const NONE: &str = "none";

/// Key that tells which variant a table is of.
pub const KIND: &str = "kind";

/// Reads a value in TOML or JSON; words may go without quotes, as a shell takes these away.
pub fn read(text: &str) -> Result<Value, String> {
    if let Ok(value) = serde_json::from_str(text) {
        return Ok(absent(value));
    }
    let toml = |text: &str| format!("v = {text}").parse::<toml::Table>().ok().filter(|table| table.len() == 1);
    match toml(text).or_else(|| toml(&with_quotes(text))).and_then(|mut table| table.remove("v")) {
        Some(value) => of_toml(value),
        None => {
            let examples = "use a number, a word, none, or a table such as '{kind=\"phase-decay\", gamma=0.9}'";
            Err(format!("{text:?} is no value: {examples}"))
        }
    }
}

/// A value from a TOML file.
pub fn of_toml(value: toml::Value) -> Result<Value, String> {
    Ok(match value {
        toml::Value::String(text) => absent(Value::String(text)),
        toml::Value::Integer(number) => number.into(),
        toml::Value::Float(number) if number.is_finite() => number.into(),
        toml::Value::Float(number) => return Err(format!("{number} is no value: use a finite number")),
        toml::Value::Boolean(flag) => flag.into(),
        toml::Value::Datetime(moment) => moment.to_string().into(),
        toml::Value::Array(values) => Value::Array(values.into_iter().map(of_toml).collect::<Result<_, String>>()?),
        toml::Value::Table(table) => Value::Object(
            table.into_iter().map(|(key, value)| Ok((key, of_toml(value)?))).collect::<Result<Map<_, _>, String>>()?,
        ),
    })
}

/// A value as TOML on one line, the shortest that reads back to the same.
pub fn write(value: &Value) -> String {
    match value {
        Value::Null => format!("{NONE:?}"),
        Value::String(text) => toml::Value::String(text.clone()).to_string(),
        Value::Bool(flag) => flag.to_string(),
        Value::Number(number) => number.to_string(),
        Value::Array(values) => format!("[{}]", values.iter().map(write).collect::<Vec<_>>().join(", ")),
        Value::Object(table) => {
            let (kind, rest): (Vec<_>, Vec<_>) = table.iter().partition(|(key, _)| *key == KIND);
            let pair = |(key, value): (&String, &Value)| format!("{key} = {}", write(value));
            format!("{{ {} }}", kind.into_iter().chain(rest).map(pair).collect::<Vec<_>>().join(", "))
        }
    }
}

/// Whether a value is a table of parameters, not one variant of several.
pub fn as_parameters(value: &Value) -> Option<&Map<String, Value>> {
    value.as_object().filter(|table| !table.contains_key(KIND))
}

fn absent(value: Value) -> Value {
    match value {
        Value::String(text) if text == NONE => Value::Null,
        Value::Object(table) => table.into_iter().map(|(key, value)| (key, absent(value))).collect(),
        other => other,
    }
}

/// Puts quotes around the words that stand for values: at the beginning, and behind `=`.
fn with_quotes(text: &str) -> String {
    let quoted = text.split('=').map(|piece| {
        let piece = piece.trim_start();
        let end = piece.find(|c: char| !c.is_ascii_alphanumeric() && c != '-' && c != '_').unwrap_or(piece.len());
        let (word, rest) = piece.split_at(end);
        let is_word = word.starts_with(|c: char| c.is_ascii_alphabetic()) && !["true", "false"].contains(&word);
        if is_word { format!("{word:?}{rest}") } else { piece.to_owned() }
    });
    quoted.collect::<Vec<_>>().join("=")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn values_are_toml_or_json_or_words() {
        for (text, value) in [
            ("3", json!(3)),
            ("0.25", json!(0.25)),
            ("1e-3", json!(0.001)),
            ("true", json!(true)),
            ("A", json!("A")),
            ("\"every-fifth\"", json!("every-fifth")),
            ("every-fifth", json!("every-fifth")),
            ("none", Value::Null),
            ("\"none\"", Value::Null),
            ("null", Value::Null),
            ("{kind=fixed}", json!({"kind": "fixed"})),
            ("{kind = \"fixed\"}", json!({"kind": "fixed"})),
            ("{\"kind\": \"phase-decay\", \"gamma\": 0.9}", json!({"kind": "phase-decay", "gamma": 0.9})),
            ("{kind=phase-decay, gamma=0.9}", json!({"kind": "phase-decay", "gamma": 0.9})),
            ("{memory = 3, homeostasis = on}", json!({"memory": 3, "homeostasis": "on"})),
        ] {
            assert_eq!(read(text), Ok(value), "{text}");
        }
    }

    #[test]
    fn what_is_no_value_is_refused() {
        for text in ["", "{kind=", "1 2", "1\nw = 2", "a b", "[1", "{a=1,,}", "="] {
            assert!(read(text).unwrap_err().contains("is no value: use a number"), "{text}");
        }
        for text in ["+inf", "-inf", "+nan", "{gamma=+nan}"] {
            assert!(read(text).unwrap_err().contains("use a finite number"), "{text}");
        }
    }

    #[test]
    fn written_values_read_back_to_the_same() {
        let values =
            [json!({"a": {"b": 1e-6, "kind": "x"}, "c": null}), json!(0.2), json!(3), json!("a\"b"), Value::Null];
        assert_eq!(write(&values[0]), "{ a = { kind = \"x\", b = 1e-6 }, c = \"none\" }");
        for value in values {
            assert_eq!(read(&write(&value)), Ok(value));
        }
    }
}
