//! What a process may do, as the kernel tells it.

/// User and group of the programs.
const NOBODY: &str = "65532";

/// Fails unless a process with these `/proc/PID/status` and `/proc/PID/mountinfo` has no rights at all: another user than root, no
/// capability, no way to get one, and a root that it cannot write.
pub(crate) fn judge(status: &str, mounts: &str) -> Result<(), String> {
    let field = |name: &str| -> Result<Vec<&str>, String> {
        let line = status.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
        Ok(line.ok_or_else(|| format!("its status lacks {name}"))?.split_whitespace().collect())
    };
    for (name, wanted) in [("Uid", NOBODY), ("Gid", NOBODY), ("NoNewPrivs", "1")] {
        let found = field(name)?;
        if found.is_empty() || found.iter().any(|value| *value != wanted) {
            return Err(format!("{name} should be {wanted}: it is {found:?}"));
        }
    }
    for name in ["CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"] {
        let found = field(name)?.concat();
        if found.is_empty() || found.bytes().any(|digit| digit != b'0') {
            return Err(format!("{name} should be empty: it is {found}"));
        }
    }
    // Number, parent, device, root of the file system, mount point, options.
    let root =
        mounts.lines().map(|line| line.split_whitespace().collect::<Vec<_>>()).find(|parts| parts.get(4) == Some(&"/"));
    match root.and_then(|parts| parts.get(5).copied()) {
        Some(options) if options.split(',').any(|option| option == "ro") => Ok(()),
        other => Err(format!("its root should be read-only: it is mounted with {other:?}")),
    }
}

/// Fails unless a process with this `/proc/PID/net/route` has a route to its own network, and no default route.
pub(crate) fn judge_routes(routes: &str) -> Result<(), String> {
    // Interface, destination, gateway ... below a heading.
    let destinations: Vec<&str> = routes.lines().skip(1).filter_map(|line| line.split_whitespace().nth(1)).collect();
    if destinations.is_empty() || destinations.contains(&"00000000") {
        return Err(format!("it should reach its own network only: its routes lead to {destinations:?}"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const STATUS: &str = "Name:\tagent\nUid:\t65532\t65532\t65532\t65532\nGid:\t65532\t65532\t65532\t65532\n\
        CapInh:\t0000000000000000\nCapPrm:\t0000000000000000\nCapEff:\t0000000000000000\nCapBnd:\t0000000000000000\n\
        CapAmb:\t0000000000000000\nNoNewPrivs:\t1\n";
    const MOUNTS: &str =
        "512 400 0:50 / / ro,relatime - overlay overlay rw,lowerdir=x\n513 512 0:51 / /proc rw - proc proc rw\n";

    #[test]
    fn a_confined_process_passes() {
        assert_eq!(judge(STATUS, MOUNTS), Ok(()));
    }

    #[test]
    fn every_right_is_found() {
        let fails = |status: &str, mounts: &str, with: &str| {
            let reason = judge(status, mounts).unwrap_err();
            assert!(reason.contains(with), "{reason}");
        };
        fails(&STATUS.replacen("65532", "0", 1), MOUNTS, "Uid should be 65532");
        fails(&STATUS.replace("Gid:\t65532", "Gid:\t0"), MOUNTS, "Gid should be 65532");
        fails(&STATUS.replace("NoNewPrivs:\t1", "NoNewPrivs:\t0"), MOUNTS, "NoNewPrivs should be 1");
        fails(&STATUS.replace("CapBnd:\t0000", "CapBnd:\t0400"), MOUNTS, "CapBnd should be empty");
        fails(&STATUS.replace("CapEff", "Cap"), MOUNTS, "lacks CapEff");
        fails(STATUS, &MOUNTS.replace("/ / ro,", "/ / rw,"), "read-only");
        fails(STATUS, "", "read-only");
    }

    #[test]
    fn a_default_route_is_a_way_out() {
        let heading = "Iface\tDestination\tGateway\n";
        let inside = format!("{heading}eth0\t0001590A\t00000000\n");
        assert_eq!(judge_routes(&inside), Ok(()));
        assert!(judge_routes(&format!("{inside}eth0\t00000000\t0101590A\n")).is_err());
        assert!(judge_routes(heading).is_err());
    }
}
