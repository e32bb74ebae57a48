"""A run that is kept and told of: its files, a real dashboard, one that is absent, frozen, lost or comes late."""

import json
import logging
import math
import os
import signal
import socket
import time

import gymnasium
import numpy as np
import pytest
from support import Dashboard, steer

import spikedrive
from spikedrive.telemetry import Run


def wait_for(condition):
    """Waits until something is there, and returns it."""
    deadline = time.monotonic() + 20
    while not (found := condition()):
        assert time.monotonic() < deadline, "what must come did not come"
        time.sleep(0.02)
    return found


def records(run):
    return [json.loads(line) for line in (run.directory / "episodes.jsonl").read_text().splitlines()]


def test_a_run_is_kept_as_the_project_keeps_its_own(tmp_path):
    with Run("dqn", seed=3, episodes=2, runs=tmp_path, phase=4, config={"learning_rate": 0.1}) as run:
        run.episode(np.float32(1.5), length=10, crashed=True)
        run.episode(
            240, length=np.int64(100), crashed=False, evaluation={"mean": 239.0, "percent_of_ceiling": 98.1, "crash_rate": 0}
        )
    info = json.loads((run.directory / "run.json").read_text())
    assert {key: info[key] for key in ("schema_version", "preset", "seed", "episodes", "lesson", "config")} == {
        "schema_version": 1,
        "preset": "dqn",
        "seed": 3,
        "episodes": 2,
        "lesson": {"phase": 4},
        "config": {"learning_rate": 0.1},
    }
    first, second = records(run)
    assert first == {
        "episode": 1,
        "phase": 4,
        "return": 1.5,
        "length": 10,
        "crashed": True,
        "env_steps": 10,
        "evaluation": None,
    }
    assert (second["episode"], second["env_steps"], second["evaluation"]["mean"]) == (2, 110, 239.0)
    summary = json.loads((run.directory / "summary.json").read_text())
    assert (summary["run"], summary["env_steps"], summary["training_crashes"]) == (run.directory.name, 110, 1)
    assert sorted(path.name for path in run.directory.iterdir()) == ["episodes.jsonl", "run.json", "summary.json"]
    # A dashboard on the same disk shows it, and leaves it as it is.
    dashboard = Dashboard(tmp_path)
    try:
        (row,) = dashboard.get("runs")
        assert (row["preset"], row["episodes_done"], row["finished"], row["best"]) == ("dqn", 2, True, 239.0)
    finally:
        dashboard.stop()
    assert len(list(run.directory.iterdir())) == 3


def test_a_run_that_breaks_off_has_no_result(tmp_path):
    with pytest.raises(ZeroDivisionError), Run("dqn", seed=1, episodes=2, directory=tmp_path / "a") as run:
        run.episode(1.0)
        raise ZeroDivisionError
    assert len(records(run)) == 1
    assert not (run.directory / "summary.json").exists()
    with pytest.raises(spikedrive.InvalidArgumentError, match="holds a run already: choose another"):
        Run("dqn", seed=1, episodes=2, directory=tmp_path / "a")
    with pytest.raises(spikedrive.InvalidArgumentError, match="is no name of a run"):
        Run("dqn", seed=1, episodes=2, directory=tmp_path / "a b")
    with Run("dqn", seed=1, episodes=2, directory=tmp_path / "b") as run:
        for bad, more in ((math.nan, {}), (1.0, {"loss": math.inf}), (1.0, {"loss": object()}), (1.0, {"text": "x" * 70_000})):
            with pytest.raises(spikedrive.InvalidArgumentError):
                run.episode(bad, **more)
        run.finish(final={"4": {"100": {"mean": 1.0}}})
        with pytest.raises(spikedrive.InvalidArgumentError, match="over already"):
            run.finish()
    assert records(run) == []
    assert json.loads((run.directory / "summary.json").read_text())["final"]["4"]["100"]["mean"] == 1.0


def test_two_runs_of_a_second_get_names_of_their_own(tmp_path):
    runs = [Run("dqn", seed=1, episodes=1, runs=tmp_path) for _ in range(3)]
    assert len({run.directory for run in runs}) == 3
    for run in runs:
        run.close()
        run.close()


def test_a_dashboard_shows_a_run_live(dashboard, server, tmp_path):
    with Run("dqn", seed=3, episodes=5, runs=tmp_path, dashboard=dashboard.ingest, phase=4) as run:
        row = wait_for(lambda: next((row for row in dashboard.get("runs") if row["live"]), None))
        assert (row["id"], row["preset"], row["live"], row["finished"]) == (run.directory.name, "dqn", True, False)
        with gymnasium.make("SpikeDrive-v1", server=server, info=True, horizon=20) as env:
            for _ in range(5):
                drive(env, run)
        wait_for(lambda: shown(dashboard, run) == 5)
    assert dashboard.get(f"runs/{run.directory.name}/episodes") == records(run)
    row = wait_for(lambda: next((row for row in dashboard.get("runs") if row["finished"] and not row["live"]), None))
    assert row["episodes_done"] == 5


def shown(dashboard, run):
    """Episodes that a dashboard has."""
    return len(dashboard.get(f"runs/{run.directory.name}/episodes"))


def drive(env, run):
    """An episode that is told of."""
    observation, info = env.reset()
    run.road(info["road"], "phase 4")
    total, length, over = 0.0, 0, False
    while not over:
        before, seen, action = info["pose"], observation, steer(observation)
        observation, reward, terminated, truncated, info = env.step(action)
        run.frame(before, seen, action, reward, action_shares=[0.2, 0.3, 0.5], value=1.0)
        total, length, over = total + reward, length + 1, terminated or truncated
    run.episode(total, length=length, crashed=terminated)


def test_a_viewer_gets_frames_and_roads(dashboard, server, tmp_path):
    websocket = Viewer(dashboard.page)
    with Run("dqn", seed=3, episodes=5, runs=tmp_path, dashboard=dashboard.ingest, phase=4) as run:
        wait_for(lambda: run.frames_wanted)
        with gymnasium.make("SpikeDrive-v1", server=server, info=True, horizon=20) as env:
            kinds = set()
            deadline = time.monotonic() + 20
            while not {"start", "road", "frame", "episodes"} <= kinds:
                assert time.monotonic() < deadline, kinds
                drive(env, run)
                kinds |= {message.WhichOneof("event") for message in websocket.messages()}
    websocket.close()


class Viewer:
    """A browser's socket, as far as it must be."""

    def __init__(self, page):
        host, port = page.split(":")
        self.socket = socket.create_connection((host, int(port)), timeout=10)
        request = (
            f"GET /ws/live HTTP/1.1\r\nHost: {page}\r\nOrigin: http://{page}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
        )
        self.socket.sendall(request.encode())
        self.data = b""
        while b"\r\n\r\n" not in self.data:
            self.data += self.socket.recv(65536)
        head, self.data = self.data.split(b"\r\n\r\n", 1)
        assert b" 101 " in head, head

    def messages(self):
        """The binary messages that came."""
        from spikedrive._proto import telemetry_pb2 as pb

        self.socket.settimeout(0.2)
        try:
            while True:
                self.data += self.socket.recv(1 << 20)
        except TimeoutError:
            pass
        found = []
        while len(self.data) >= 2:
            size, start = self.data[1] & 127, 2
            if size == 126:
                size, start = int.from_bytes(self.data[2:4], "big"), 4
            elif size == 127:
                size, start = int.from_bytes(self.data[2:10], "big"), 10
            if len(self.data) < start + size:
                break
            if self.data[0] & 15 == 2:
                found.append(pb.PublishRequest.FromString(self.data[start : start + size]))
            self.data = self.data[start + size :]
        return found

    def close(self):
        self.socket.close()


def test_an_absent_dashboard_costs_nothing_and_is_told_when_it_comes(tmp_path, caplog):
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{bound.getsockname()[1]}"
    run = Run("dqn", seed=1, episodes=500, runs=tmp_path / "a", dashboard=address)
    for _ in range(450):
        run.episode(1.0, length=1)
    wait_for(lambda: [record for record in caplog.records if record.levelno == logging.WARNING])
    assert f"no dashboard at {address}" in caplog.text
    dashboard = Dashboard(tmp_path / "b", ingest=address)
    try:
        wait_for(lambda: dashboard.get("runs") and shown(dashboard, run) == 450)
        # Lost, and back with what it has on its disk.
        dashboard.stop()
        run.episode(2.0, length=1)
        dashboard = Dashboard(tmp_path / "b", ingest=address)
        wait_for(lambda: dashboard.get("runs") and shown(dashboard, run) == 451)
        run.finish()
        assert dashboard.get(f"runs/{run.directory.name}/episodes") == records(run)
    finally:
        dashboard.stop()
    assert caplog.text.count("no dashboard at") <= 2


def test_a_frozen_dashboard_holds_the_end_up_for_a_moment_only(tmp_path, dashboard):
    run = Run("dqn", seed=1, episodes=1, runs=tmp_path / "a", dashboard=dashboard.ingest)
    wait_for(lambda: dashboard.get("runs"))
    os.kill(dashboard.process.pid, signal.SIGSTOP)
    for _ in range(1000):
        run.episode(1.0)
    started = time.monotonic()
    run.finish()
    assert time.monotonic() - started < 10
    os.kill(dashboard.process.pid, signal.SIGCONT)
    assert len(records(run)) == 1000


def test_mistakes_in_addresses(tmp_path):
    with pytest.raises(spikedrive.InvalidArgumentError, match="token_file: '/nowhere' cannot be read"):
        Run("dqn", seed=1, episodes=1, runs=tmp_path, dashboard="127.0.0.1:1", token_file="/nowhere")
    with pytest.raises(spikedrive.InvalidArgumentError, match="is no server address"):
        Run("dqn", seed=1, episodes=1, runs=tmp_path, dashboard="nowhere")


def test_a_token_is_sent(tmp_path):
    token = tmp_path / "token"
    token.write_text("0123456789abcdef0123456789abcdef\n")
    dashboard = Dashboard(tmp_path / "b", extra=["--token-file", token])
    try:
        with Run("dqn", seed=1, episodes=1, runs=tmp_path / "a", dashboard=dashboard.ingest, token_file=token) as run:
            run.episode(1.0)
            wait_for((tmp_path / "b" / run.directory.name / "episodes.jsonl").exists)
    finally:
        dashboard.stop()
