"""Defects of the protocol: errors, order, specs, properties."""

import queue
import threading

import grpc
from defects import changed_responses, defect, kind, success, tried_first
from dm_env_rpc.v1 import dm_env_rpc_pb2, tensor_utils
from dm_env_rpc.v1.extensions import properties_pb2
from proxy import Response, Stream

# Errors and order.
tried_first("Pipelining")


tried_first("Steps")


@defect
class RejectedStepSteps(Stream):
    def answer(self, request):
        response = self.send(request)
        if kind(request) == "step" and kind(response) == "error":
            self.step()
        return response


tried_first("Pipelining")


@defect
class ErrorIsSwallowed(Stream):
    def answer(self, request):
        response = self.send(request)
        return success(request) if kind(response) == "error" and kind(request) else response


@defect
class ErrorIsNotAnswered(Stream):
    def answer(self, request):
        response = self.send(request)
        return None if kind(response) == "error" else response


@defect
class ErrorEndsTheStream(Stream):
    def run(self, requests):
        for request in requests:
            response = self.send(request)
            yield response
            if kind(response) == "error":
                return


@defect
class ErrorLeavesTheWorld(Stream):
    def answer(self, request):
        response = self.send(request)
        if kind(response) == "error":
            self.ask(leave_world={})
        return response


def _no_digits(error):
    error.message = "".join(letter for letter in error.message if not letter.isdigit())


tried_first("Steps")
changed_responses("ErrorHasNoText", lambda error: error.ClearField("message"), "error")
changed_responses("ErrorQuotesNoUidAndNoValue", _no_digits, "error")
changed_responses("EveryErrorIsUnknown", lambda error: setattr(error, "code", 2), "error")


tried_first("Pipelining")


@defect
class ResponsesAreSwapped(Stream):
    def run(self, requests):
        waiting = queue.SimpleQueue()

        def read():
            try:
                for request in requests:
                    waiting.put(request)
            except grpc.RpcError:
                pass  # the client is gone
            waiting.put(None)

        threading.Thread(target=read, daemon=True).start()
        while request := waiting.get():
            responses = [self.send(request)]
            try:
                following = waiting.get(timeout=0.01)
            except queue.Empty:
                following = None
            if following:
                responses.insert(0, self.send(following))
            yield from responses


@defect
class StepIsAnsweredTwice(Stream):
    def run(self, requests):
        for request in requests:
            response = self.send(request)
            yield from [response] * (2 if kind(response) == "step" else 1)


@defect
class ResponseIsOfAnotherKind(Stream):
    def answer(self, request):
        response = self.send(request)
        return Response(leave_world={}) if kind(response) == "reset_world" else response


# Specs.
tried_first("Specs")


def _changed_specs(name, change, wanted="join_world"):
    return changed_responses(name, lambda response: change(response.specs), wanted)


def _two_of_one_name(specs):
    specs.observations[2].name = specs.observations[1].name


def _rename(specs):
    specs.observations[1].name = "rays"


for _name, _uid in (("Join", "join_world"), ("Reset", "reset")):
    _changed_specs(f"NoSpecsAt{_name}", lambda specs: specs.Clear(), _uid)
_changed_specs(
    "SensorsHaveNoBounds", lambda specs: (specs.observations[1].ClearField("min"), specs.observations[1].ClearField("max"))
)
_changed_specs("SteerHasNoBounds", lambda specs: (specs.actions[1].ClearField("min"), specs.actions[1].ClearField("max")))
_changed_specs("SteerHasTooWideBounds", lambda specs: specs.actions[1].max.int32s.array.__setitem__(0, 3))
_changed_specs("SteerIsOfAnotherType", lambda specs: setattr(specs.actions[1], "dtype", dm_env_rpc_pb2.INT64))
_changed_specs("SensorsAreOfAnotherShape", lambda specs: specs.observations[1].shape.append(1))
_changed_specs("TwoObservationsOfOneName", _two_of_one_name)
_changed_specs("SpecsDifferAtReset", _rename, "reset")


# Properties.
tried_first("Properties")


class _Properties(Stream):
    def answer(self, request):
        response = self.send(request)
        if kind(request) == "extension" and request.extension.Is(properties_pb2.PropertyRequest.DESCRIPTOR):
            asked, answered = properties_pb2.PropertyRequest(), properties_pb2.PropertyResponse()
            request.extension.Unpack(asked)
            response.extension.Unpack(answered)
            return self.tell(asked, answered, response)
        return response

    def tell(self, asked, answered, response):
        raise NotImplementedError

    @staticmethod
    def pack(answered):
        response = Response()
        response.extension.Pack(answered)
        return response


@defect
class PropertyWriteIsAccepted(_Properties):
    def tell(self, asked, answered, response):
        return self.pack(properties_pb2.PropertyResponse(write_property={})) if kind(asked) == "write_property" else response


@defect
class UnknownPropertyIsPermissionDenied(_Properties):
    def tell(self, asked, answered, response):
        return Response(error={"code": 7, "message": "no"}) if kind(response) == "error" else response


@defect
class ListOfAPropertyIsAccepted(_Properties):
    def tell(self, asked, answered, response):
        if kind(asked) == "list_property" and kind(response) == "error" and response.error.code == 3:
            return self.pack(properties_pb2.PropertyResponse(list_property={}))
        return response


@defect
class PropertiesAreNotListed(_Properties):
    def tell(self, asked, answered, response):
        if kind(answered) == "list_property":
            answered.list_property.ClearField("values")
            return self.pack(answered)
        return response


@defect
class PropertiesSeemWritable(_Properties):
    def tell(self, asked, answered, response):
        if kind(answered) == "list_property":
            for value in answered.list_property.values:
                value.is_writable = True
            return self.pack(answered)
        return response


@defect
class PropertyIsWrong(_Properties):
    def tell(self, asked, answered, response):
        if kind(answered) == "read_property" and asked.read_property.key == "horizon":
            answered.read_property.value.int64s.array[0] += 1
            return self.pack(answered)
        return response


@defect
class WorldPropertiesAreSeenFromOutside(_Properties):
    def tell(self, asked, answered, response):
        if kind(asked) == "read_property" and not self.joined:
            return self.pack(properties_pb2.PropertyResponse(read_property={"value": tensor_utils.pack_tensor(100)}))
        return response
