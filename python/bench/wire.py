"""CPU time of a step, client and server together, beside dm_env_rpc's and RLMesh's: the second half of `cargo xtask bench wire`.

The sides take turns. Ours simulates cars and casts rays; theirs is Catch in Python, and a world that costs nothing. All is done
twice. First client and server share one core: this is the work of a step. Then they have all cores, and a step that waits for
the other side lets a core fall asleep; to wake it costs CPU time too, much of it in a virtual machine.

    python wire.py [--rounds 9] [--out results/bench-wire-peers.json]
"""

import argparse
import contextlib
import json
import multiprocessing
import os
import socket
import statistics
import subprocess
import sys
import time
from importlib.metadata import version
from pathlib import Path

import gymnasium
import numpy as np
from vector import PROGRAMS, cpu_of, measured, steer

import spikedrive  # noqa: F401 -- registers the environments
from spikedrive._server import LocalServer

PEERS = Path(__file__).parent / "peers"
STEPS = {1: 2000, 64: 500}
GOALS = {("package", 1): 3.5, ("package", 64): 4.0, ("rust", 1): 8.0}


def free_port():
    """One that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Package:
    """Our Python client."""

    def __init__(self, lanes):
        self.server, self.lanes = LocalServer(), lanes
        make = gymnasium.make_vec if lanes > 1 else gymnasium.make
        size = {"num_envs": lanes} if lanes > 1 else {"disable_env_checker": True}
        self.env = make("SpikeDrive-v1", phase=4, server=self.server.address.text, **size)
        self.seen, _ = self.env.reset(seed=1)

    def round(self):
        return measured(self.server._process.pid, self.drive)

    def drive(self):
        for _ in range(STEPS[self.lanes]):
            if self.lanes > 1:
                self.seen = self.env.step(steer(self.seen))[0]
                continue
            room = self.seen[0] - self.seen[2]
            self.seen, _, terminated, truncated, _ = self.env.step(0 if room > 1 else 2 if room < -1 else 1)
            if terminated or truncated:
                self.seen, _ = self.env.reset()

    def close(self):
        self.env.close()
        self.server.stop()


class Rust:
    """Our Rust client."""

    def __init__(self, lanes):
        self.server = LocalServer()
        command = [PROGRAMS / "examples" / "drive", self.server.address.text, str(lanes), str(STEPS[lanes])]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.process.stdout.readline()
        self.lanes = lanes

    def round(self):
        before = cpu_of(self.server._process.pid)
        self.process.stdin.write("\n")
        self.process.stdin.flush()
        client = float(self.process.stdout.readline()) * 1e-9 * self.lanes * STEPS[self.lanes]
        return client, cpu_of(self.server._process.pid) - before

    def close(self):
        self.process.kill()
        self.process.wait()
        self.server.stop()


class Peer:
    """A server of others in a process of its own."""

    def __init__(self, lanes, script, *arguments):
        self.lanes, self.port = lanes, free_port()
        # RLMesh wants to be told that it may float from one edition to the next.
        environment = os.environ | {"RLMESH_WORKFLOW_EDITION": ""}
        command = [sys.executable, PEERS / script, *arguments, str(self.port)]
        self.process = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        deadline = time.monotonic() + 30
        while True:
            try:
                socket.create_connection(("127.0.0.1", self.port), 1).close()
                break
            except OSError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.05)

    def round(self):
        return measured(self.process.pid, self.drive)

    def close(self):
        self.process.kill()
        self.process.wait()


class Rlmesh(Peer):
    """RLMesh's client and server."""

    def __init__(self, lanes):
        super().__init__(lanes, "trivial_rlmesh.py", str(lanes))
        import rlmesh.numpy  # noqa: PLC0415

        client = rlmesh.numpy.RemoteEnv if lanes == 1 else rlmesh.numpy.RemoteVectorEnv
        self.env = client(f"tcp://127.0.0.1:{self.port}")
        self.env.reset()
        self.actions = 1 if lanes == 1 else np.ones(lanes, np.int64)

    def drive(self):
        for _ in range(STEPS[self.lanes]):
            self.env.step(self.actions)


class Catch(Peer):
    """dm_env_rpc's client, its adaptor, and Catch in Python."""

    def __init__(self, lanes):
        super().__init__(lanes, "catch.py")
        import grpc  # noqa: PLC0415
        from dm_env_rpc.v1 import connection, dm_env_adaptor, dm_env_rpc_pb2  # noqa: PLC0415

        self.connection = connection.Connection(grpc.insecure_channel(f"127.0.0.1:{self.port}"))
        self.connection.send(dm_env_rpc_pb2.CreateWorldRequest())
        specs = self.connection.send(dm_env_rpc_pb2.JoinWorldRequest(world_name="catch")).specs
        self.env = dm_env_adaptor.DmEnvAdaptor(self.connection, specs)
        self.env.reset()

    def drive(self):
        for _ in range(STEPS[self.lanes]):
            self.env.step({"paddle": np.int8(0)})


def compare(lanes, rounds):
    """Microseconds per step of a lane, of each side: CPU time, and wall time."""
    sides = {"package": Package, "rust": Rust, "rlmesh": Rlmesh}
    if lanes == 1:
        sides["dm_env_rpc"] = Catch
    times, walls = {name: [] for name in sides}, {name: [] for name in sides}
    scale = 1e6 / (lanes * STEPS[lanes])
    with contextlib.ExitStack() as stack:
        sides = {name: stack.enter_context(contextlib.closing(side(lanes))) for name, side in sides.items()}
        for turn in range(rounds + 1):
            for name, side in sides.items():
                began = time.perf_counter()
                spent = sum(side.round())
                took = time.perf_counter() - began
                # The first one warms.
                if turn:
                    times[name].append(spent * scale)
                    walls[name].append(took * scale)
    medians = {name: statistics.median(values) for name, values in times.items()}
    wall = {name: statistics.median(values) for name, values in walls.items()}
    ratios = {
        f"{ours}/{peer}": statistics.median(b / a for a, b in zip(times[ours], times[peer], strict=True))
        for ours in ("package", "rust")
        for peer in times
        if peer not in ("package", "rust")
    }
    goals = {ours: goal for (ours, of), goal in GOALS.items() if of == lanes}
    measures = {"cpu_us": medians, "wall_us": wall, "times_fewer": ratios, "goals": goals}
    return {"lanes": lanes, "cores": len(os.sched_getaffinity(0)), "steps": STEPS[lanes], "rounds": rounds} | measures


def on_cores(usable, rounds):
    """All comparisons, in a process whose threads, and servers, have these cores."""
    with multiprocessing.get_context("spawn").Pool(1, os.sched_setaffinity, (0, usable)) as pool:
        for lanes in STEPS:
            row = pool.apply(compare, (lanes, rounds))
            print(f"{lanes} lanes, cores {sorted(usable)}, CPU us a step: {row['cpu_us']}; wall: {row['wall_us']}")
            print(f"  times fewer CPU us than theirs: {row['times_fewer']}; goals {row['goals']}", flush=True)
            yield row


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--out", type=Path)
    arguments = parser.parse_args()
    cores = os.sched_getaffinity(0)
    rows = [row for usable in ({min(cores)}, cores) for row in on_cores(usable, arguments.rounds)]
    names = ("spikedrive", "rlmesh", "dm-env-rpc", "grpcio")
    report = {
        "schema_version": 1,
        "unit": "microseconds per step of a lane, client and server",
        "versions": {name: version(name) for name in names},
        "load": os.getloadavg(),
        "comparisons": rows,
    }
    if arguments.out:
        arguments.out.write_text(json.dumps(report, indent=2) + "\n")


if __name__ == "__main__":
    main()
