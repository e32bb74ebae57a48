"""A man in the middle: passes dm_env_rpc through to a server, and lets one defect loose on it."""

import queue
import threading
from concurrent import futures

import grpc
from dm_env_rpc.v1 import dm_env_rpc_pb2, dm_env_rpc_pb2_grpc, tensor_utils

Response = dm_env_rpc_pb2.EnvironmentResponse
EVERYTHING = (1, 2)


class Stream:
    """One client's stream, passed through as it is. A defect overrides `answer`, or `run` if it is one of the stream's order."""

    def __init__(self, stub, shared):
        self._requests = queue.SimpleQueue()
        self._responses = stub.Process(iter(self._requests.get, None))
        # What all streams of the proxy know.
        self.shared = shared
        self.joined = None
        self.running = False

    def send(self, request):
        """What the server answers."""
        self._requests.put(request)
        response = next(self._responses)
        kind = response.WhichOneof("payload")
        if kind == "join_world":
            self.joined = request.join_world.world_name
        if kind == "step":
            self.running = response.step.state == dm_env_rpc_pb2.RUNNING
        if kind in ("join_world", "leave_world", "reset"):
            self.running = False
        if kind == "leave_world":
            self.joined = None
        return response

    def ask(self, **payload):
        """What the server answers to a request of the proxy's own."""
        return self.send(dm_env_rpc_pb2.EnvironmentRequest(**payload))

    def step(self, action=1):
        """A step of the proxy's own."""
        actions = {1: tensor_utils.pack_tensor(action, dtype="int32")}
        return self.ask(step={"actions": actions, "requested_observations": EVERYTHING})

    def answer(self, request):
        """What the client is answered."""
        return self.send(request)

    def run(self, requests):
        """What the client is answered to all of its requests."""
        for request in requests:
            response = self.answer(request)
            if response is not None:
                yield response

    def close(self):
        """Ends the stream to the server."""
        self._requests.put(None)


class _Threads(futures.Executor):
    """A thread for each stream; whatever a defect makes of one, the end of the process does not wait for it."""

    def submit(self, fn, /, *args, **kwargs):
        """Starts one."""
        future = futures.Future()

        def run():
            try:
                future.set_result(fn(*args, **kwargs))
            except BaseException as error:
                future.set_exception(error)

        threading.Thread(target=run, daemon=True).start()
        return future


class Proxy:
    """Listens on a free port."""

    def __init__(self, server, kind=Stream):
        self._channel = grpc.insecure_channel(server)
        self._stub = dm_env_rpc_pb2_grpc.EnvironmentStub(self._channel)
        self._kind, self._shared = kind, {}
        # Mistakes of the proxy itself, not of the server that it plays.
        self.faults = []
        self._server = grpc.server(_Threads())
        dm_env_rpc_pb2_grpc.add_EnvironmentServicer_to_server(self, self._server)
        self.address = f"127.0.0.1:{self._server.add_insecure_port('127.0.0.1:0')}"
        self._server.start()

    def Process(self, requests, context):  # noqa: N802 -- gRPC's name
        """Passes one stream through."""
        stream = self._kind(self._stub, self._shared)
        context.add_callback(stream.close)
        try:
            yield from stream.run(requests)
        except grpc.RpcError as error:
            # Either the server has ended its stream, or the client is gone.
            if isinstance(error, grpc.Call):
                context.abort(error.code(), error.details())
        except Exception as error:
            self.faults.append(error)
            raise
        finally:
            stream.close()

    def stop(self):
        """Ends all streams."""
        self._server.stop(None).wait(10)
        self._channel.close()
