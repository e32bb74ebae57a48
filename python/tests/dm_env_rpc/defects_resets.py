"""Defects of Reset and ResetWorld."""

import numpy as np
from defects import INTERRUPTED, defect, kind, success, tried_first
from dm_env_rpc.v1 import tensor_utils
from proxy import Response, Stream

# Resets.
tried_first("Resets")


@defect
class ResetDoesNotInterrupt(Stream):
    specs = None

    def answer(self, request):
        if kind(request) == "reset" and self.running and not request.reset.settings:
            return Response(reset={"specs": self.specs})
        response = self.send(request)
        if kind(response) == "join_world":
            self.specs = response.join_world.specs
        return response


@defect
class ResetSkipsAnUnseenEpisode(Stream):
    seen = True

    def answer(self, request):
        if kind(request) == "reset" and self.joined and not self.seen:
            self.step()
        response = self.send(request)
        self.seen = kind(response) not in ("join_world", "reset") and (self.seen or kind(response) == "step")
        return response


@defect
class ResetRepeatsTheEpisode(Stream):
    def answer(self, request):
        response = self.send(request)
        if kind(response) == "reset":
            name = self.joined
            self.ask(leave_world={})
            self.ask(join_world={"world_name": name})
        return response


@defect
class ResetWorldInterruptsNobodyElse(Stream):
    def answer(self, request):
        if kind(request) == "reset_world" and self.joined == request.reset_world.world_name and not request.reset_world.settings:
            self.ask(reset={})
            return success(request)
        return self.send(request)


@defect
class ResetWorldFromOutsideDoesNothing(Stream):
    def answer(self, request):
        if kind(request) == "reset_world" and not self.joined and len(request.reset_world.world_name) == 32:
            known = self.ask(join_world={"world_name": request.reset_world.world_name})
            self.ask(leave_world={})
            return success(request) if kind(known) == "join_world" else known
        return self.send(request)


class _Interrupts(Stream):
    """Answers steps by one more INTERRUPTED."""

    pending = False

    def interrupted(self, request):
        self.pending = False
        response = Response(step={"state": INTERRUPTED})
        tensors = {1: np.zeros(3, np.float32), 2: 0.0}
        for uid in request.step.requested_observations:
            response.step.observations[uid].CopyFrom(tensor_utils.pack_tensor(tensors[uid]))
        return response


@defect
class ResetWorldInterruptsTheCaller(_Interrupts):
    def answer(self, request):
        if kind(request) == "step" and self.pending:
            return self.interrupted(request)
        response = self.send(request)
        if kind(response) == "reset_world":
            self.pending = self.running and self.joined == request.reset_world.world_name
        return response


@defect
class ResetWorldInterruptsTwice(_Interrupts):
    def answer(self, request):
        if kind(request) == "step" and self.pending:
            return self.interrupted(request)
        response = self.send(request)
        if kind(response) == "reset_world":
            self.shared[request.reset_world.world_name] = self
        if kind(response) == "step" and response.step.state == INTERRUPTED and self.shared.get(self.joined) not in (None, self):
            del self.shared[self.joined]
            self.pending = True
        return response


@defect
class ResetWorldInterruptsWhoDoesNotRun(_Interrupts):
    resets = 0

    def answer(self, request):
        resets = self.shared.get(self.joined, 0)
        if kind(request) == "step" and self.joined and resets != self.resets and not self.running:
            self.resets = resets
            return self.interrupted(request)
        self.resets = resets
        response = self.send(request)
        if kind(response) == "reset_world":
            name = request.reset_world.world_name
            self.shared[name] = self.resets = self.shared.get(name, 0) + 1
        return response
