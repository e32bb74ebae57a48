"""Reads the event file of the newest run below a directory with TensorBoard itself and compares it with episodes.jsonl."""

import json
import pathlib
import sys

from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

run = max(pathlib.Path(sys.argv[1]).iterdir())
events = EventAccumulator(str(run / "tb"))
events.Reload()
episodes = [json.loads(line) for line in (run / "episodes.jsonl").read_text().splitlines()]
assert episodes, "the run has no episodes"
for tag, key in [("return", "return"), ("length", "length"), ("mean_dopamine", "mean_dopamine"), ("env_steps", "env_steps")]:
    scalars = [(event.step, event.value) for event in events.Scalars(f"train/{tag}")]
    assert [step for step, _ in scalars] == [record["episode"] for record in episodes], tag
    for (_, value), record in zip(scalars, episodes):
        assert abs(value - record[key]) <= 1e-5 * max(1.0, abs(record[key])), (tag, value, record)
evaluated = [record for record in episodes if record["evaluation"]]
returns = [(event.step, event.value) for event in events.Scalars("evaluation/return")]
assert [step for step, _ in returns] == [record["episode"] for record in evaluated]
print(f"TensorBoard reads {len(episodes)} episodes and {len(evaluated)} evaluations of {run}")
