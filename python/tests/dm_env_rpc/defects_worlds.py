"""Defects of worlds: their names, who is in them, settings."""

import random

from defects import changed_requests, defect, kind, success, tried_first
from dm_env_rpc.v1 import tensor_utils
from proxy import Response, Stream

# Worlds.
tried_first("Worlds")


@defect
class WorldsShareAName(Stream):
    def answer(self, request):
        if kind(request) == "create_world" and not request.create_world.settings and "name" in self.shared:
            return Response(create_world={"world_name": self.shared["name"]})
        response = self.send(request)
        if kind(response) == "create_world" and not request.create_world.settings:
            self.shared["name"] = response.create_world.world_name
        return response


@defect
class UnknownWorldIsJoined(Stream):
    def answer(self, request):
        response = self.send(request)
        if kind(request) == "join_world" and kind(response) == "error" and response.error.code == 5:
            created = self.ask(create_world={}).create_world.world_name
            return self.ask(join_world={"world_name": created})
        return response


@defect
class SecondJoinIsAccepted(Stream):
    def answer(self, request):
        if kind(request) == "join_world" and self.joined:
            self.ask(leave_world={})
        return self.send(request)


@defect
class JoinedWorldIsDestroyed(Stream):
    def answer(self, request):
        if kind(request) == "destroy_world" and self.joined == request.destroy_world.world_name:
            self.ask(leave_world={})
        return self.send(request)


@defect
class DestroyedWorldLivesOn(Stream):
    def answer(self, request):
        if kind(request) == "destroy_world":
            name = request.destroy_world.world_name
            if self.joined != name and kind(self.ask(reset_world={"world_name": name})) == "reset_world":
                return success(request)
        return self.send(request)


class _Accepts(Stream):
    request_kind = ""

    def answer(self, request):
        response = self.send(request)
        return success(request) if kind(request) == self.request_kind and kind(response) == "error" else response


for _name, _kind in (
    ("UnknownWorldIsDestroyed", "destroy_world"),
    ("UnknownWorldIsReset", "reset_world"),
    ("StepInNoWorldIsAccepted", "step"),
    ("ResetInNoWorldIsAccepted", "reset"),
):
    defect(type(_name, (_Accepts,), {"request_kind": _kind}))


@defect
class LeavingNothingIsAnError(Stream):
    def answer(self, request):
        if kind(request) == "leave_world" and not self.joined:
            return Response(error={"code": 9, "message": "in no world"})
        return self.send(request)


@defect
class LeaveDoesNothing(Stream):
    def answer(self, request):
        return success(request) if kind(request) == "leave_world" else self.send(request)


tried_first("Episodes")


@defect
class SecondAgentStartsOneEpisodeOn(Stream):
    def answer(self, request):
        response = self.send(request)
        if kind(response) == "join_world":
            name = request.join_world.world_name
            if name in self.shared:
                self.step()
                self.ask(reset={})
            self.shared[name] = True
        return response


@defect
class AgentsShareOneCar(Stream):
    def answer(self, request):
        response = self.send(request)
        if kind(response) == "join_world":
            self.shared.setdefault(request.join_world.world_name, self)
        owner = self.shared.get(self.joined)
        if kind(response) == "step" and owner is not None and owner is not self and owner.joined:
            return owner.send(request)
        return response


# Settings.
tried_first("Settings")


def _changed_settings(name, change, wanted="create_world"):
    return changed_requests(name, lambda request: change(request.settings), wanted)


def _put(settings, name, value):
    settings[name].CopyFrom(tensor_utils.pack_tensor(value))


def _random_seed(settings):
    if "seed" not in settings or settings["seed"].int64s.array != [-1]:
        _put(settings, "seed", random.randrange(2**31))


def _drop(*names):
    def change(settings):
        for name in names:
            settings.pop(name, None)

    return change


_KNOWN = {
    "phase",
    "track",
    "seed",
    "horizon",
    "rays",
    "circuit",
    "first_episode",
    "sensor_noise",
    "sensor_latency",
    "varying_width",
}
_KNOWN |= {"actuator_lag", "gust", "predictive_reward", "steering_gain", "left_ray_gain"}


def _drop_unknown(settings):
    for name in set(settings) - _KNOWN:
        del settings[name]


def _clip_horizon(settings):
    if kind(settings["horizon"]) == "int64s":
        _put(settings, "horizon", min(max(settings["horizon"].int64s.array[0], 1), 10_000))
    elif not kind(settings["horizon"]):
        del settings["horizon"]


def _accept_doubles(settings):
    for name in ("phase", "horizon"):
        if name in settings and kind(settings[name]) == "doubles":
            _put(settings, name, int(settings[name].doubles.array[0]))


def _accept_vectors(settings):
    for tensor in settings.values():
        tensor.ClearField("shape")


def _refuse_int32(settings):
    if any(kind(tensor) == "int32s" for tensor in settings.values()):
        _put(settings, "colour", "red")


def _accept_track_number(settings):
    if "track" in settings and kind(settings["track"]) == "int64s":
        _put(settings, "track", "validation")


_changed_settings("SeedIsRandom", _random_seed)
_changed_settings("UnknownSettingIsAccepted", _drop_unknown)
_changed_settings("HorizonIsClipped", _clip_horizon)
_changed_settings("DoublesAreTakenForIntegers", _accept_doubles)
_changed_settings("VectorsAreTakenForScalars", _accept_vectors)
_changed_settings("Int32IsRefused", _refuse_int32)
_changed_settings("TrackOfAnyTypeIsAccepted", _accept_track_number)
_changed_settings("JoinSettingsAreIgnored", lambda settings: settings.clear(), "join_world")
_changed_settings("ResetSettingsAreIgnored", lambda settings: settings.clear(), "reset")
_changed_settings("ResetWorldSettingsAreIgnored", lambda settings: settings.clear(), "reset_world")


tried_first("Episodes")


class _Ignores(Stream):
    """A setting that is checked, and has no effect."""

    setting = ""

    def answer(self, request):
        if kind(request) == "create_world" and self.setting in request.create_world.settings:
            response = self.send(request)
            if kind(response) == "error":
                return response
            del request.create_world.settings[self.setting]
        return self.send(request)


for _setting in sorted(_KNOWN):
    defect(type(f"{_setting.title().replace('_', '')}IsIgnored", (_Ignores,), {"setting": _setting}))
