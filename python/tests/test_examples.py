"""The examples that need nothing but the package, as a user runs them."""

import os
import re
import subprocess
import sys

import pytest
from support import ROOT


def run(name, *arguments, directory, **environment):
    """What an example prints."""
    tools = str(ROOT / "target" / "tools" / "grpcio-tools")
    done = subprocess.run(
        [sys.executable, ROOT / "python" / "examples" / name, *arguments],
        cwd=directory,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, [os.environ.get("PYTHONPATH"), tools])), **environment},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_random_agent_crashes(tmp_path):
    lines = run("random_agent.py", directory=tmp_path).splitlines()
    assert len(lines) == 5
    assert all(re.fullmatch(r"episode \d: return +-\d+\.\d, crash", line) for line in lines), lines


def test_the_policy_gradient_learns_to_drive(tmp_path):
    lines = run("policy_gradient.py", "--episodes", "500", directory=tmp_path).splitlines()
    first, last = (float(re.search(r"return +(\S+),", line)[1]) for line in (lines[0], lines[-1]))
    assert first < 0
    assert last > 200
    assert lines[-1].endswith(" 0 % crashes")
    (directory,) = (tmp_path / "runs").iterdir()
    assert len((directory / "episodes.jsonl").read_text().splitlines()) == 512


def test_the_wire_needs_no_package(server, tmp_path):
    assert re.fullmatch(r"END_REASON_HORIZON after a return of 2\d\d\.\d\n", run("raw_grpc.py", server, directory=tmp_path))


def test_deepminds_client_drives_too(server, tmp_path):
    assert re.fullmatch(r"horizon after a return of 2\d\d\.\d\n", run("dm_env_agent.py", server, directory=tmp_path))


@pytest.mark.parametrize(("name", "start"), [("raw_grpc.py", "import queue"), ("dm_env_agent.py", "import grpc")])
def test_the_example_of_the_guide_is_the_one_that_runs(name, start):
    guide = (ROOT / "docs" / "plug-in.md").read_text()
    example = (ROOT / "python" / "examples" / name).read_text()
    assert example[example.index(start) :] in guide


def test_the_guides_snapshots_run(server, tmp_path, monkeypatch):
    guide = (ROOT / "docs" / "plug-in.md").read_text()
    code = guide.split("### Snapshots and forks")[1].split("```python")[1].split("```")[0]
    monkeypatch.setenv("SPIKEDRIVE_SERVER", server)
    names = {}
    exec(code, names)
    assert names["rewards"].shape == (20, 64)
    assert len(names["state"]) < 64 * 300
    names["envs"].close()


@pytest.mark.parametrize("name", ["random_agent.py", "policy_gradient.py", "raw_grpc.py", "sb3_ppo.py", "dm_env_agent.py"])
def test_the_guide_names_every_example(name):
    assert name in (ROOT / "docs" / "plug-in.md").read_text()
