"""Servers that are wrong in one way each, and how they are made. The name of a class says what is wrong."""

from dm_env_rpc.v1 import dm_env_rpc_pb2
from proxy import Response, Stream

RUNNING, TERMINATED, INTERRUPTED = dm_env_rpc_pb2.RUNNING, dm_env_rpc_pb2.TERMINATED, dm_env_rpc_pb2.INTERRUPTED
# Each with the name of the test case that is tried first.
REGISTRY = []
_case = ""


def tried_first(case):
    """The test case for the defects that follow."""
    global _case  # noqa: PLW0603 -- while this file is read
    _case = case


def defect(cls):
    """Registers a defect."""
    REGISTRY.append((cls, _case))
    return cls


def kind(message):
    """The name of its payload."""
    return message.WhichOneof("payload")


def changed_responses(name, change, wanted="step"):
    """A defect that changes every response of a kind."""

    def answer(self, request):
        response = self.send(request)
        if kind(response) == wanted:
            change(getattr(response, wanted))
        return response

    return defect(type(name, (Stream,), {"answer": answer}))


def changed_requests(name, change, wanted="step"):
    """A defect that changes every request of a kind before the server sees it."""

    def answer(self, request):
        if kind(request) == wanted:
            change(getattr(request, wanted))
        return self.send(request)

    return defect(type(name, (Stream,), {"answer": answer}))


def success(request):
    """The empty response to a request, as if it had been done."""
    response = Response()
    getattr(response, kind(request)).SetInParent()
    return response
