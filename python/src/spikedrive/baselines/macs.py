"""Counts the multiply-accumulates that a policy's networks really do, where they are done.

A forward pass through a dense layer costs `in * out` MACs a sample, one step of an LSTM `4 * (in + hidden) * hidden`. A
backward pass costs the same once for the weights and once for what the layer was fed, the latter only where a gradient
is asked for: not at the first layer. Biases, activation functions and losses are left out, as NeuroBench does. A step
of Adam costs `ADAM_MACS` a parameter.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import nn

# First moment, second moment, the square of the gradient, and the step. As in `agent/learners/src/dense/adam.rs`.
ADAM_MACS = 4
# A target network that follows: one multiply-accumulate a parameter.
POLYAK_MACS = 1


class MacCounter:
    """Counts from its creation on: `macs`, but for what is done inside `aside()`."""

    def __init__(self, policy: nn.Module, optimizer: torch.optim.Optimizer) -> None:
        self.macs = 0
        for module in policy.modules():
            if isinstance(module, nn.Linear):
                module.register_forward_hook(self._dense)
            elif isinstance(module, nn.LSTM):
                module.register_forward_hook(self._lstm)
        optimizer.register_step_post_hook(self._step)

    @contextmanager
    def aside(self) -> Iterator[list[int]]:
        """What is done inside is counted in the list that this gives, and not in `macs`."""
        before, aside = self.macs, [0]
        try:
            yield aside
        finally:
            aside[0], self.macs = self.macs - before, before

    def _dense(self, layer: nn.Linear, inputs: tuple[torch.Tensor, ...], output: torch.Tensor) -> None:
        samples = output.numel() // layer.out_features
        forward = samples * layer.in_features * layer.out_features
        self.macs += forward
        if output.requires_grad:
            self.macs += forward * (2 if inputs[0].requires_grad else 1)

    def _lstm(self, layer: nn.LSTM, inputs: tuple[torch.Tensor, ...], output: tuple[torch.Tensor, Any]) -> None:
        sequence = output[0]
        samples = sequence.numel() // layer.hidden_size
        for level in range(layer.num_layers):
            in_features = layer.input_size if level == 0 else layer.hidden_size
            fed = samples * 4 * in_features * layer.hidden_size
            recurrent = samples * 4 * layer.hidden_size * layer.hidden_size
            self.macs += fed + recurrent
            if sequence.requires_grad:
                into_inputs = level > 0 or inputs[0].requires_grad
                self.macs += fed * (2 if into_inputs else 1) + recurrent * 2

    def _step(self, optimizer: torch.optim.Optimizer, _args: object, _kwargs: object) -> None:
        self.macs += ADAM_MACS * sum(p.numel() for group in optimizer.param_groups for p in group["params"] if p.grad is not None)
