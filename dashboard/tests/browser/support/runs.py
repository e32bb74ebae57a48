"""What a run leaves on the disk."""

import json


def episodes(run):
    """The records of `episodes.jsonl`; a torn last line is none."""
    path = run / "episodes.jsonl"
    lines = path.read_text().split("\n")[:-1] if path.exists() else []
    return [json.loads(line) for line in lines]


def summary(run):
    """`summary.json`."""
    return json.loads((run / "summary.json").read_text())


def weights(run):
    """The bytes of the last network."""
    return (run / "weights" / "last.npy").read_bytes()


def write(run, info, records, result=None):
    """A run as a foreign agent may have left it."""
    run.mkdir(parents=True)
    (run / "run.json").write_text(json.dumps(info))
    (run / "episodes.jsonl").write_text("".join(json.dumps(record) + "\n" for record in records))
    if result:
        (run / "summary.json").write_text(json.dumps(result))
