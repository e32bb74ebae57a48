"""Defects of steps: states, observations, rewards, actions."""

import numpy as np
from defects import INTERRUPTED, RUNNING, TERMINATED, changed_requests, changed_responses, defect, kind, tried_first
from dm_env_rpc.v1 import dm_env_rpc_pb2, tensor_utils
from proxy import EVERYTHING, Response, Stream

# States.
tried_first("Episodes")


def _replace_state(old, new):
    def change(step):
        if step.state == old:
            step.state = new

    return change


changed_responses("HorizonTerminates", _replace_state(INTERRUPTED, TERMINATED))
changed_responses("CrashInterrupts", _replace_state(TERMINATED, INTERRUPTED))
changed_responses("CrashGoesUnnoticed", _replace_state(TERMINATED, RUNNING))
changed_responses("HorizonGoesUnnoticed", _replace_state(INTERRUPTED, RUNNING))
changed_responses("RunningIsInvalid", _replace_state(RUNNING, dm_env_rpc_pb2.INVALID_ENVIRONMENT_STATE))


@defect
class FirstStepIsInterrupted(Stream):
    def answer(self, request):
        first = not self.running
        response = self.send(request)
        if first and kind(response) == "step":
            response.step.state = INTERRUPTED
        return response


@defect
class NoNextEpisode(Stream):
    over = None

    def answer(self, request):
        if kind(request) == "step" and self.over:
            return self.over
        response = self.send(request)
        self.over = response if kind(response) == "step" and response.step.state != RUNNING else None
        return response


# Observations and rewards.


@defect
class FinalObservationIsFirstOfNextEpisode(Stream):
    kept = None

    def answer(self, request):
        if kind(request) != "step":
            self.kept = None
            return self.send(request)
        if self.kept:
            kept, self.kept = self.kept, None
            return kept
        response = self.send(request)
        if kind(response) == "step" and response.step.state != RUNNING:
            self.kept = self.step()
            for uid in response.step.observations:
                if uid == 1:
                    response.step.observations[1].CopyFrom(self.kept.step.observations[1])
        return response


class _Late(Stream):
    uid = None
    last = None

    def answer(self, request):
        response = self.send(request)
        if kind(response) == "step" and self.uid in response.step.observations:
            present = dm_env_rpc_pb2.Tensor()
            present.CopyFrom(response.step.observations[self.uid])
            if self.last:
                response.step.observations[self.uid].CopyFrom(self.last)
            self.last = present
        return response


defect(type("RewardOneStepLate", (_Late,), {"uid": 2}))
defect(type("ObservationOfTheStepBefore", (_Late,), {"uid": 1}))


def _no_final_reward(step):
    if step.state != RUNNING and 2 in step.observations:
        step.observations[2].doubles.array[0] = 0


def _as_type(uid, dtype):
    def change(step):
        if uid in step.observations:
            value = tensor_utils.unpack_tensor(step.observations[uid])
            step.observations[uid].CopyFrom(tensor_utils.pack_tensor(value, dtype=dtype))

    return change


def _reshape(uid, shape):
    def change(step):
        if uid in step.observations:
            step.observations[uid].shape[:] = shape

    return change


def _drop_reward(step):
    if len(step.observations) > 1:
        del step.observations[2]


def _scale(step):
    if 1 in step.observations:
        step.observations[1].floats.array[:] = [1.5 * value for value in step.observations[1].floats.array]


def _deduplicate_not(step):
    if len(set(step.requested_observations)) < len(step.requested_observations):
        step.requested_observations.append(0)


def _request_known(step):
    step.requested_observations[:] = [uid for uid in step.requested_observations if uid in EVERYTHING]


changed_responses("FinalRewardIsMissing", _no_final_reward)
tried_first("Specs")
changed_responses("SensorsAreDoubles", _as_type(1, np.float64))
tried_first("Episodes")
changed_responses("RewardIsFloat", _as_type(2, np.float32))
changed_responses("SensorsAreARow", _reshape(1, [1, 3]))
changed_responses("RewardIsAVector", _reshape(2, [1]))
changed_responses("ObservationsExceedTheirBounds", _scale)
changed_responses("RequestedRewardIsMissing", _drop_reward)
changed_requests("UnrequestedIsReturned", lambda step: step.requested_observations.__setitem__(slice(None), EVERYTHING))
changed_requests("DuplicatesAreRefused", _deduplicate_not)
tried_first("Steps")
changed_requests("UnknownObservationIsAccepted", _request_known)


# Actions.


def _set_action(change):
    def apply(step):
        if 1 in step.actions and len(step.actions[1].int32s.array) == 1:
            step.actions[1].int32s.array[0] = change(step.actions[1].int32s.array[0])

    return apply


def _accept_any_type(step):
    if 1 in step.actions and kind(step.actions[1]) in ("floats", "doubles", "int64s"):
        value = int(tensor_utils.unpack_proto(step.actions[1])[0])
        step.actions[1].int32s.array[:] = [value]


def _accept_unknown(step):
    for uid in set(step.actions) - {1}:
        del step.actions[uid]


tried_first("Episodes")
changed_requests("ActionIsIgnored", _set_action(lambda action: 1 if 0 <= action <= 2 else action))
tried_first("Steps")
changed_requests("ActionIsMirrored", _set_action(lambda action: 2 - action if 0 <= action <= 2 else action))
changed_requests("ActionIsClipped", _set_action(lambda action: min(max(action, 0), 2)))
changed_requests("ActionOfAnyTypeIsAccepted", _accept_any_type)
changed_requests("ActionOfAnyShapeIsAccepted", lambda step: 1 in step.actions and step.actions[1].ClearField("shape"))
changed_requests("UnknownActionIsAccepted", _accept_unknown)


tried_first("Episodes")


@defect
class FirstActionIsDriven(Stream):
    def answer(self, request):
        first = not self.running
        response = self.send(request)
        if first and kind(response) == "step" and 1 in request.step.actions:
            again = self.send(request)
            return again if kind(again) == "step" else response
        return response


tried_first("Steps")


@defect
class FirstActionIsChecked(Stream):
    def answer(self, request):
        if kind(request) == "step" and self.joined and not self.running and set(request.step.actions) - {1}:
            return Response(error={"code": 3, "message": "an unknown action"})
        return self.send(request)


tried_first("Episodes")


@defect
class ActionIsRequired(Stream):
    def answer(self, request):
        if kind(request) == "step" and self.running and not request.step.actions:
            return Response(error={"code": 3, "message": "an action is needed"})
        return self.send(request)
