"""An agent that is not of this project: it has no neurons, and knows the dashboard by its messages alone."""

import json
import math
import queue
import struct

import grpc


def floats(*values):
    """Numbers as the wire packs them."""
    return struct.pack(f"<{len(values)}f", *values)


class ForeignAgent:
    """Publishes a run that is called "dqn"; it drives a circle at random."""

    def __init__(self, wire, address, run):
        self.telemetry = wire.telemetry
        self.seq = 0
        self.outgoing = queue.Queue(maxsize=1000)
        self.channel = grpc.insecure_channel(address)
        self.answers = wire.service.TelemetryServiceStub(self.channel).Publish(iter(self.outgoing.get, None))
        info = json.dumps({"preset": "dqn", "seed": 3, "episodes": 4})
        self.send(start=self.telemetry.RunStart(run_id=run, run_json=info))
        welcome = next(self.answers)
        assert welcome.WhichOneof("answer") == "welcome" and welcome.welcome.episodes == 0

    def send(self, **event):
        """One message."""
        self.seq += 1
        self.outgoing.put(self.telemetry.PublishRequest(seq=self.seq, **event), timeout=10)

    def road(self, episode):
        """A circle."""
        angles = [2 * math.pi * i / 60 for i in range(60)]
        centre = floats(*(50 * f(angle) for angle in angles for f in (math.cos, math.sin)))
        road = self.telemetry.Road(episode=episode, name="a circle", closed=True, centre=centre, half_widths=floats(*[4] * 120))
        self.send(road=road)

    def step(self, episode, step, total):
        """One step on it, with nothing but what every agent has."""
        angle = step / 50
        place = {"x": 50 * math.cos(angle), "y": 50 * math.sin(angle), "heading_rad": angle + math.pi / 2}
        frame = {"observation": floats(4, 20, 4), "action": step % 3, "reward": 2.5, "episode_return": total}
        self.send(frame=self.telemetry.Frame(episode=episode, step=step, phase=4, **place, **frame))

    def episode(self, number):
        """A whole episode of ten steps, and its record."""
        self.road(number)
        for step in range(10):
            self.step(number, step, 2.5 * (step + 1))
        self.send(episodes=self.telemetry.Episodes(json=[json.dumps({"episode": number, "return": 25.0})]))

    def close(self):
        """The end of the run."""
        self.send(end=self.telemetry.RunEnd())
        self.outgoing.put(None, timeout=10)
        for _ in self.answers:
            pass
        self.channel.close()
