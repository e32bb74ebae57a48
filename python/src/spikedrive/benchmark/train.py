"""One training run of a baseline by the protocol."""

from __future__ import annotations

import time
from contextlib import closing
from dataclasses import dataclass, field

import torch
import torch._dynamo  # The first step of an optimiser imports it: seconds that are no training.
from gymnasium.vector import VectorEnv
from stable_baselines3.common.base_class import BaseAlgorithm
from stable_baselines3.common.callbacks import BaseCallback
from stable_baselines3.common.logger import Logger

from spikedrive.baselines.agents import Agent
from spikedrive.baselines.inputs import Inputs, InputsEnv
from spikedrive.baselines.macs import POLYAK_MACS, MacCounter
from spikedrive.baselines.training import LearningReward, Meter, total_steps
from spikedrive.benchmark import lanes
from spikedrive.benchmark.evaluate import drive
from spikedrive.benchmark.protocol import EVALUATE_EVERY, HORIZON, PHASE, VALIDATION_TRACKS, Evaluation, Milestones


@dataclass
class Trained:
    """A finished training run."""

    model: BaseAlgorithm
    counter: MacCounter
    meter: Meter
    training_macs: int
    # Process CPU time of this process, evaluations left out; the server's share is not in it.
    cpu_seconds: float
    curve: list[Evaluation] = field(default_factory=list)
    milestones: Milestones = field(default_factory=Milestones)


class Evaluations(BaseCallback):
    """Evaluates whenever at least five more episodes are finished, and ends the run after its last episode."""

    def __init__(
        self, meter: Meter, validation: VectorEnv, inputs: Inputs, counter: MacCounter, episodes: int, evaluate_from: int
    ) -> None:
        super().__init__()
        self.curve: list[Evaluation] = []
        self.milestones = Milestones()
        # CPU time that went into evaluations.
        self.aside_seconds = 0.0
        self._meter = meter
        self._validation = validation
        self._inputs = inputs
        self._counter = counter
        self._episodes = episodes
        self._evaluate_from = evaluate_from
        self._evaluated = 0

    def _on_step(self) -> bool:
        if self._meter.episodes - self._evaluated >= EVALUATE_EVERY:
            self._evaluated = self._meter.episodes
            if self._meter.episodes >= self._evaluate_from:
                self._evaluate()
        return self._meter.episodes < self._episodes

    def _evaluate(self) -> None:
        start = time.process_time()
        with self._counter.aside():
            driven = drive(self.model, self._validation, self._inputs)
        evaluation = Evaluation(self._meter.episodes, self._meter.env_steps, driven.mean_return, driven.crash_rate)
        self.curve.append(evaluation)
        self.milestones.note(evaluation)
        self.aside_seconds += time.process_time() - start


def train(
    agent: Agent, world: str, seed: int, episodes: int, server: str | None, phase: int = PHASE, evaluate_from: int = 0
) -> Trained:
    """Trains on the train split, evaluates on the validation split. The test tracks are not touched.

    Evaluations before the episode `evaluate_from` are left out, which changes nothing but milestones and the curve.
    """
    # More threads change the order of sums, and gain nothing on networks as small as these.
    torch.set_num_threads(1)
    params = agent.params
    course = lanes.training(world, params.lanes, seed, server, phase)
    try:
        meter = Meter(course)
        env = LearningReward(InputsEnv(meter, agent.inputs), params.reward_scale, params.reward_floor)
        steps = total_steps(episodes, HORIZON)
        model = agent.algorithm.build(env, params, seed, steps)
        model.set_logger(Logger(folder=None, output_formats=[]))
        counter = MacCounter(model.policy, model.policy.optimizer)
        with closing(lanes.held_out(world, "validation", VALIDATION_TRACKS, HORIZON, server, phase)) as validation:
            evaluations = Evaluations(meter, validation, Inputs(agent.inputs, VALIDATION_TRACKS), counter, episodes, evaluate_from)
            start = time.process_time()
            model.learn(steps, callback=evaluations, log_interval=None)
            cpu_seconds = time.process_time() - start - evaluations.aside_seconds
    finally:
        course.close()
    macs = counter.macs + _polyak_macs(model)
    return Trained(model, counter, meter, macs, cpu_seconds, evaluations.curve, evaluations.milestones)


def _polyak_macs(model: BaseAlgorithm) -> int:
    """A target network, if there is one, follows once a step of the vector."""
    target = getattr(model, "q_net_target", None) or getattr(model, "quantile_net_target", None)
    if target is None:
        return 0
    parameters = sum(parameter.numel() for parameter in target.parameters())
    steps = int(vars(model)["_n_calls"])
    return POLYAK_MACS * int(parameters) * steps
