"""The baselines by name: an algorithm, what it is told, and its hyper-parameters."""

from __future__ import annotations

from dataclasses import dataclass, replace
from types import ModuleType
from typing import Any

import sb3_contrib
import stable_baselines3

from spikedrive.baselines import dqn, ppo, qrdqn, recurrent_ppo

STABLE_BASELINES3 = f"stable-baselines3 {stable_baselines3.__version__}"
SB3_CONTRIB = f"sb3-contrib {sb3_contrib.__version__}"


@dataclass(frozen=True)
class Agent:
    """A baseline."""

    name: str
    # Its module: `build`, `SPACE`, `PARAMS`.
    algorithm: ModuleType
    # A name of `inputs.KINDS`.
    inputs: str
    # An instance of the module's `Params`.
    params: Any
    source: str

    def tuned_for(self, world: str) -> Agent:
        """The same, with what was tuned in this world, where anything was: the module's `WORLD_PARAMS`."""
        tuned = getattr(self.algorithm, "WORLD_PARAMS", {}).get((self.inputs, world))
        return self if tuned is None else replace(self, params=replace(tuned, width=self.params.width))


def _agent(name: str, algorithm: ModuleType, inputs: str, source: str = STABLE_BASELINES3, **changes: int) -> Agent:
    return Agent(name, algorithm, inputs, replace(algorithm.PARAMS[inputs], **changes), source)


# In the order in which they are run and listed. Width 64 is that of the agents without a width in their name.
_AGENTS = [
    _agent("sb3-ppo", ppo, "sensors"),
    _agent("sb3-dqn", dqn, "sensors"),
    _agent("sb3-ppo-action", ppo, "sensors+action"),
    _agent("sb3-dqn-action", dqn, "sensors+action"),
    _agent("sb3-ppo-x4", ppo, "sensors-x4"),
    _agent("sb3-ppo-code", ppo, "code"),
    _agent("sb3-dqn-code", dqn, "code"),
    _agent("sb3-qrdqn-action", qrdqn, "sensors+action", SB3_CONTRIB),
    _agent("sb3-rppo", recurrent_ppo, "sensors", SB3_CONTRIB),
    *(_agent(f"sb3-ppo-action-w{width}", ppo, "sensors+action", width=width) for width in (8, 16, 32)),
    *(_agent(f"sb3-dqn-action-w{width}", dqn, "sensors+action", width=width) for width in (8, 16, 32)),
]
AGENTS: dict[str, Agent] = {agent.name: agent for agent in _AGENTS}
