"""The server under test, DeepMind's client for it, and what the car's own protocol says that must come."""

import unittest
from pathlib import Path

import grpc
import numpy as np
import pytest
from dm_env_rpc.v1 import connection, dm_env_rpc_pb2, error, tensor_utils
from google.rpc import code_pb2

from spikedrive._proto import environment_pb2, environment_pb2_grpc

RUNNING = dm_env_rpc_pb2.EnvironmentStateType.RUNNING
TERMINATED = dm_env_rpc_pb2.EnvironmentStateType.TERMINATED
INTERRUPTED = dm_env_rpc_pb2.EnvironmentStateType.INTERRUPTED
LEFT, STRAIGHT, RIGHT = range(3)
SENSORS, REWARD = 1, 2
BOTH = (SENSORS, REWARD)
CIRCUIT = Path(__file__).resolve().parents[3] / "circuits" / "example.csv"


class _Deadline(grpc.StreamStreamClientInterceptor):
    def __init__(self, seconds):
        self._seconds = seconds

    def intercept_stream_stream(self, continuation, client_call_details, request_iterator):
        return continuation(client_call_details._replace(timeout=self._seconds), request_iterator)


class Target:
    """Addresses: of the server under test, which may stand in for another, and of the server itself."""

    def __init__(self):
        self._channels = {}
        self.address = self.server = ""
        self.deadline = 0.0

    def point_at(self, address, server, deadline=60.0):
        """Tests what listens on `address`, against what `server` does. A stream that takes longer does not answer."""
        self.address, self.server, self.deadline = address, server, deadline

    def channel(self, address):
        """A channel that all tests share."""
        if address not in self._channels:
            self._channels[address] = grpc.insecure_channel(address)
        return self._channels[address]

    def connect(self):
        """A new agent: DeepMind's client, on a stream that ends in time."""
        return connection.Connection(grpc.intercept_channel(self.channel(self.address), _Deadline(self.deadline)))

    def reference(self, **settings):
        """The same world over the project's own protocol."""
        return Reference(environment_pb2_grpc.EnvironmentServiceStub(self.channel(self.server)), **settings)

    def forget(self, address):
        """Closes the channel to a server that will be gone."""
        self._channels.pop(address).close()


TARGET = Target()


class Reference:
    """A session of one lane; it autoresets as dm_env_rpc does."""

    _SPLITS = ("train", "validation", "test")

    def __init__(self, stub, *, phase=4, track="train", seed=0, horizon=100, first_episode=0, circuit=None, **options):
        if circuit is None:
            course = {"phase": environment_pb2.PhaseCourse(phase=phase, split=1 + self._SPLITS.index(track))}
        else:
            course = {"circuit": environment_pb2.CircuitCourse(name="c", csv=circuit)}
        request = environment_pb2.CreateSessionRequest(
            lanes=1,
            seed=seed,
            horizon=horizon,
            first_episode=first_episode,
            options=environment_pb2.WorldOptions(**options),
            **course,
        )
        self._stub, session = stub, stub.CreateSession(request, timeout=5)
        self._id = session.session_id
        self.first = (RUNNING, np.frombuffer(session.observations, "<f4").tolist(), 0.0)

    def step(self, action):
        """State, sensors and reward."""
        result = self._stub.Step(environment_pb2.StepRequest(session_id=self._id, actions=bytes([action])), timeout=5).result
        state = TERMINATED if result.terminated[0] else INTERRUPTED if result.truncated[0] else RUNNING
        return state, np.frombuffer(result.observations, "<f4").tolist(), float(np.frombuffer(result.rewards, "<f8")[0])

    def reset(self):
        """The first observation of the next episode."""
        reset = self._stub.Reset(environment_pb2.ResetRequest(session_id=self._id), timeout=5)
        return RUNNING, np.frombuffer(reset.observations, "<f4").tolist(), 0.0

    def close(self):
        """Frees it."""
        self._stub.CloseSession(environment_pb2.CloseSessionRequest(session_id=self._id), timeout=5)


def steer(sensors):
    """Towards the side with more room: stays on the road."""
    room = sensors[0] - sensors[-1]
    return LEFT if room > 1 else RIGHT if room < -1 else STRAIGHT


def tensors(values):
    """Plain values as tensors."""
    return {
        key: value if isinstance(value, dm_env_rpc_pb2.Tensor) else tensor_utils.pack_tensor(value) for key, value in values.items()
    }


class Agent:
    """One stream of DeepMind's client, and short words for its messages."""

    def __init__(self):
        self.connection = TARGET.connect()

    def send(self, request):
        """What is answered; an error is raised."""
        return self.connection.send(request)

    def create(self, **settings):
        """The name of a new world."""
        return self.send(dm_env_rpc_pb2.CreateWorldRequest(settings=tensors(settings))).world_name

    def join(self, name, **settings):
        """The specs."""
        return self.send(dm_env_rpc_pb2.JoinWorldRequest(world_name=name, settings=tensors(settings))).specs

    def step(self, action=None, observations=BOTH):
        """State, sensors and reward; None for what did not come."""
        actions = {} if action is None else {1: tensor_utils.pack_tensor(action, dtype=np.int32)}
        response = self.send(dm_env_rpc_pb2.StepRequest(actions=actions, requested_observations=observations))
        return unpack(response)

    def reset(self):
        """The specs."""
        return self.send(dm_env_rpc_pb2.ResetRequest()).specs

    def reset_world(self, name):
        """Ends the episodes of all."""
        self.send(dm_env_rpc_pb2.ResetWorldRequest(world_name=name))

    def leave(self):
        """Leaves, if it is in a world."""
        self.send(dm_env_rpc_pb2.LeaveWorldRequest())

    def destroy(self, name):
        """Frees a world."""
        self.send(dm_env_rpc_pb2.DestroyWorldRequest(world_name=name))


def unpack(response):
    """State, sensors and reward of a response to a step."""
    sensors, reward = (
        tensor_utils.unpack_tensor(response.observations[uid]) if uid in response.observations else None for uid in BOTH
    )
    return response.state, None if sensors is None else sensors.tolist(), None if reward is None else float(reward)


class Case(unittest.TestCase):
    """A test with agents, worlds and references, all of which are freed."""

    def setUp(self):
        self._worlds = []

    def tearDown(self):
        for agent, name in self._worlds:
            try:
                agent.leave()
                agent.destroy(name)
            except (error.DmEnvRpcError, grpc.RpcError, ValueError, StopIteration):
                pass  # destroyed by the test, or by a defect

    def agent(self):
        """A new one."""
        agent = Agent()
        self.addCleanup(agent.connection.close)
        return agent

    def world(self, agent, **settings):
        """The name of a new world."""
        name = agent.create(**settings)
        self._worlds.append((agent, name))
        return name

    def driver(self, **settings):
        """An agent in a world of its own."""
        agent = self.agent()
        agent.join(self.world(agent, **settings))
        return agent

    def reference(self, **settings):
        """A session of the same world."""
        reference = TARGET.reference(**settings)
        self.addCleanup(reference.close)
        return reference


def rejected(code, *texts):
    """A context in which DeepMind's client raises an error of this code that tells each of the texts."""
    return _Rejected(code, texts)


class _Rejected:
    def __init__(self, code, texts):
        self._code, self._texts = code, texts
        self._raises = pytest.raises(error.DmEnvRpcError)

    def __enter__(self):
        self._raised = self._raises.__enter__()

    def __exit__(self, *info):
        swallowed = self._raises.__exit__(*info)
        if swallowed:
            told = self._raised.value
            assert code_pb2.Code.Name(told.code) == self._code, told
            assert all(text in told.message for text in self._texts), told.message
        return swallowed
