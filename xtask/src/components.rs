//! Parts of the toolchain that a minimal installation lacks. Asked for first, since cargo's own words do not tell the remedy.

use crate::stage::{Stage, cargo};

/// Each with a command that works when it is there.
const COMPONENTS: [(&str, Stage); 2] = [("rustfmt", cargo("fmt --version")), ("clippy", cargo("clippy --version"))];

/// Fails when a component is missing, and tells how to get it.
pub(crate) fn check() -> Result<(), String> {
    let missing: Vec<_> = COMPONENTS.iter().filter(|(_, probe)| !probe.succeeds()).map(|&(name, _)| name).collect();
    judge(&missing)
}

fn judge(missing: &[&str]) -> Result<(), String> {
    match missing {
        [] => Ok(()),
        names => {
            Err(format!("the toolchain lacks {}: run `rustup component add {}`", names.join(" and "), names.join(" ")))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_component_is_named_with_the_remedy() {
        assert_eq!(judge(&[]), Ok(()));
        let message = "the toolchain lacks rustfmt and clippy: run `rustup component add rustfmt clippy`";
        assert_eq!(judge(&["rustfmt", "clippy"]), Err(message.to_owned()));
    }
}
