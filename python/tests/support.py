"""What several tests need."""

import json
import os
import re
import subprocess
import urllib.request
from pathlib import Path

import gymnasium
import numpy as np

from spikedrive import SpikeDriveVectorEnv

ROOT = Path(__file__).resolve().parents[2]
PROGRAMS = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target")) / "release"
WORLD = {"phase": 4, "horizon": 25}


def steer(observation):
    """Steers towards the side with more room: stays on the road, so that episodes reach their horizon."""
    room = float(observation[0]) - float(observation[-1])
    return 0 if room > 1 else 2 if room < -1 else 1


def steer_all(observations):
    """The same for each lane; every third one drives straight on, and crashes now and then."""
    return np.array([1 if lane % 3 == 2 else steer(observation) for lane, observation in enumerate(observations)])


class LaneEnv(gymnasium.Env):
    """Lane k of a vector as an environment of its own: what Gymnasium's own vectors can be made of."""

    def __init__(self, lane, **arguments):
        self.vector = SpikeDriveVectorEnv(lane + 1, autoreset_mode="Disabled", **arguments)
        self.lane = lane
        self.observation_space = self.vector.single_observation_space
        self.action_space = self.vector.single_action_space
        self.metadata = {"render_modes": []}

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        observations, infos = self.vector.reset(seed=seed)
        return observations[self.lane], self.mine(infos)

    def step(self, action):
        actions = np.ones(self.lane + 1, dtype=np.int64)
        actions[self.lane] = action
        observations, rewards, terminated, truncated, infos = self.vector.step(actions)
        over = terminated | truncated
        result = observations[self.lane], rewards[self.lane], terminated[self.lane], truncated[self.lane], self.mine(infos)
        # The others only keep it company.
        over[self.lane] = False
        if over.any():
            self.vector.reset(options={"reset_mask": over})
        return result

    def mine(self, infos):
        """The info of the lane."""
        return {key: infos[key][self.lane] for key in infos if not key.startswith("_") and infos[f"_{key}"][self.lane]}

    def close(self):
        self.vector.close()


class Server:
    """A server of this checkout with flags of its own, on a free port unless they say another thing."""

    def __init__(self, *arguments, listen="127.0.0.1:0"):
        self.process = subprocess.Popen(
            [PROGRAMS / "spikedrive-server", "--listen", listen, "--metrics", "off", "--stop-on-stdin-eof", *map(str, arguments)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        self.address = re.search(r"listens on (\S+)", self.process.stdout.readline())[1]
        self.port = self.address.rpartition(":")[2]

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait(20)
        self.process.stdin.close()
        self.process.stdout.close()


class Dashboard:
    """A dashboard of this checkout, on free ports."""

    def __init__(self, runs, ingest="127.0.0.1:0", extra=()):
        self.process = subprocess.Popen(
            [PROGRAMS / "spikedrive-dashboard", "--ingest", ingest, "--listen", "127.0.0.1:0", "--runs", runs, *extra],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        self.runs = runs
        line = self.process.stdout.readline()
        self.page, self.ingest = re.search(r"shows http://(\S+?)/ and takes runs on (\S+)", line).groups()

    def get(self, path):
        """A document of its API."""
        with urllib.request.urlopen(f"http://{self.page}/api/{path}", timeout=10) as answer:
            return json.load(answer)

    def stop(self):
        """Ends it."""
        self.process.terminate()
        self.process.wait(20)
        self.process.stdout.close()
