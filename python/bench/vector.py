"""What a step of a vector costs in CPU time, client and server together: `cargo xtask bench python` on an idle machine.

Beside it, in rounds that alternate: (a) a bare echo of the same bytes over gRPC's Python library, (b) the same over the package's
own stream, and (c) the same steps in process, in Rust. The ratio that has a goal is to (a) + (c). The drivers steer towards the
side with more room, so that most episodes reach their horizon; what they do was recorded before.

    python vector.py [--rounds 9] [--out results/bench-python.json]
"""

import argparse
import json
import os
import platform
import queue
import statistics
import subprocess
import time
from pathlib import Path

import grpc
import gymnasium
import numpy as np

import spikedrive
from spikedrive._address import parse_address
from spikedrive._proto import environment_pb2 as pb
from spikedrive._proto import environment_pb2_grpc as rpc
from spikedrive._server import LocalServer
from spikedrive._session import METHOD
from spikedrive._stream import Stream

ROOT = Path(__file__).resolve().parents[2]
PROGRAMS = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target")) / "release"
STEPS = {64: 1000, 1024: 200}
GOALS_US = {64: 5.0, 1024: 1.5}
GOAL_RATIO = 1.5


def cpu_of(pid):
    """CPU seconds of all threads of a process, to the nanosecond."""
    tasks = Path(f"/proc/{pid}/task").iterdir()
    return sum(int((task / "schedstat").read_text().split()[0]) for task in tasks) / 1e9


def measured(pid, work):
    """CPU seconds of this process and of another one while something is done."""
    client, server = time.process_time(), cpu_of(pid)
    work()
    return time.process_time() - client, cpu_of(pid) - server


def steer(observations):
    """Towards the side with more room."""
    room = observations[:, 0] - observations[:, -1]
    return np.where(room > 1, 0, np.where(room < -1, 2, 1))


class Environment:
    """The package on a server of its own."""

    def __init__(self, lanes):
        self.server = LocalServer()
        self.env = gymnasium.make_vec("SpikeDrive-v1", num_envs=lanes, phase=4, server=self.server.address.text)
        observations, _ = self.env.reset(seed=1)
        self.actions = []
        for _ in range(STEPS[lanes]):
            self.actions.append(steer(observations))
            observations = self.env.step(self.actions[-1])[0]

    def round(self):
        """CPU seconds of client and server for all steps."""
        self.env.reset(seed=1)
        return measured(self.server._process.pid, self.drive)

    def drive(self):
        for actions in self.actions:
            self.env.step(actions)

    def close(self):
        self.env.close()
        self.server.stop()


class Echo:
    """The same bytes, to a server that simulates nothing and back."""

    def __init__(self, lanes):
        self.process = subprocess.Popen([PROGRAMS / "examples" / "echo"], stdout=subprocess.PIPE, text=True)
        self.channel = grpc.insecure_channel(self.process.stdout.readline().strip())
        self.requests = queue.SimpleQueue()
        self.answers = rpc.EnvironmentServiceStub(self.channel).Stream(iter(self.requests.get, None))
        self.lanes = lanes
        self.drive()

    def round(self):
        return measured(self.process.pid, self.drive)

    def drive(self):
        actions = bytes(self.lanes)
        for _ in range(STEPS[self.lanes]):
            self.requests.put(pb.StreamRequest(session_id="0" * 32, actions=actions))
            next(self.answers)

    def close(self):
        self.requests.put(None)
        self.channel.close()
        self.process.kill()
        self.process.wait()


class EchoOfStream:
    """The same bytes over the package's own stream."""

    def __init__(self, lanes):
        self.process = subprocess.Popen([PROGRAMS / "examples" / "echo"], stdout=subprocess.PIPE, text=True)
        self.stream = Stream(parse_address(self.process.stdout.readline().strip()), METHOD, 10)
        self.lanes = lanes
        self.drive()

    def round(self):
        return measured(self.process.pid, self.drive)

    def drive(self):
        actions = bytes(self.lanes)
        for _ in range(STEPS[self.lanes]):
            self.stream.exchange(pb.StreamRequest(session_id="0" * 32, actions=actions).SerializeToString(), 10)

    def close(self):
        self.stream.close()
        self.process.kill()
        self.process.wait()


class InProcess:
    """The same steps in Rust, without any wire."""

    def __init__(self, lanes):
        command = [PROGRAMS / "examples" / "step_cost", str(lanes), str(STEPS[lanes])]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.process.stdout.readline()
        self.round()

    def round(self):
        return 0.0, measured(self.process.pid, self.drive)[1]

    def drive(self):
        self.process.stdin.write("\n")
        self.process.stdin.flush()
        self.process.stdout.readline()

    def close(self):
        self.process.stdin.close()
        self.process.wait()


def measure(lanes, rounds):
    """Medians over rounds that alternate, in microseconds per step of a lane."""
    subjects = {
        "package": Environment(lanes),
        "echo": Echo(lanes),
        "echo_of_stream": EchoOfStream(lanes),
        "in_process": InProcess(lanes),
    }
    samples = {name: [] for name in subjects}
    for _ in range(rounds):
        for name, subject in subjects.items():
            samples[name].append(subject.round())
    for subject in subjects.values():
        subject.close()
    scale = 1e6 / (lanes * STEPS[lanes])
    result = {"lanes": lanes, "steps": STEPS[lanes], "rounds": rounds}
    for name, pairs in samples.items():
        client, server = (statistics.median(part) * scale for part in zip(*pairs, strict=True))
        totals = [scale * sum(pair) for pair in pairs]
        spread = {"median": statistics.median(totals), "min": min(totals), "max": max(totals)}
        result[name] = {"client_us": client, "server_us": server} | {f"{key}_us": value for key, value in spread.items()}
    for name, echo in {"ratio": "echo", "ratio_to_stream": "echo_of_stream"}.items():
        result[name] = result["package"]["median_us"] / (result[echo]["median_us"] + result["in_process"]["median_us"])
    result["goal_us"], result["goal_ratio"] = GOALS_US[lanes], GOAL_RATIO
    return result


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--out", type=Path, default=ROOT / "results" / "bench-python.json")
    args = parser.parse_args()
    os.environ.setdefault("SPIKEDRIVE_SERVER_BIN", str(PROGRAMS / "spikedrive-server"))
    versions = {"python": platform.python_version(), "grpcio": grpc.__version__, "spikedrive": spikedrive.__version__}
    document = {"schema_version": 1, "unit": "CPU microseconds per step of a lane", "versions": versions, "load": os.getloadavg()}
    document["vectors"] = [measure(lanes, args.rounds) for lanes in STEPS]
    text = json.dumps(document, indent=2)
    args.out.write_text(text + "\n")
    print(text)


if __name__ == "__main__":
    main()
