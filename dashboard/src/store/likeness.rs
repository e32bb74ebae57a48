//! Which runs are alike: those that differ in nothing that decides how a run goes, but for the seed.

use serde_json::Value;
use sha2::{Digest, Sha256};

/// What may differ between like runs: the seed, and what tells when, where and by which version a run was made.
const APART: [&str; 5] = ["schema_version", "seed", "server", "started_at", "version"];

/// The first 16 hexadecimal digits of the SHA-256 of a run's description without what may differ between like runs.
pub(super) fn likeness(info: &Value) -> String {
    let mut settings = info.clone();
    if let Some(fields) = settings.as_object_mut() {
        fields.retain(|name, _| !APART.contains(&name.as_str()));
    }
    Sha256::digest(settings.to_string())[..8].iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn runs_are_alike_if_nothing_but_seed_time_and_place_differs() {
        let base =
            json!({ "preset": "stdp", "seed": 1, "horizon": 100, "lanes": 1, "world": { "gust": 0.0 }, "gamma": 0.9 });
        let with = |name: &str, value: Value| {
            let mut info = base.clone();
            info[name] = value;
            likeness(&info)
        };
        let same = likeness(&base);
        assert_eq!(same.len(), 16);
        for (name, value) in [("seed", json!(2)), ("started_at", json!("20260101T000000Z")), ("server", json!("a:1"))] {
            assert_eq!(with(name, value), same, "{name}");
        }
        for (name, value) in [
            ("horizon", json!(200)),
            ("lanes", json!(4)),
            ("world", json!({ "gust": 0.1 })),
            ("preset", json!("own-spike")),
            ("episodes", json!(9)),
            ("lesson", json!({ "phase": 2 })),
            ("config_hash", json!("0123456789abcdef")),
            ("gamma", json!(0.8)),
        ] {
            assert_ne!(with(name, value), same, "{name}");
        }
        let turned = json!({ "gamma": 0.9, "world": { "gust": 0.0 }, "lanes": 1, "horizon": 100, "preset": "stdp" });
        assert_eq!(likeness(&turned), same, "the order of fields says nothing");
    }
}
