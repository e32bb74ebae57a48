"""DeepMind's own tests: the compliance tests of dm_env_rpc, and dm_env's of an environment, by way of its adaptor."""

from absl.testing import absltest
from dm_env import test_utils
from dm_env_rpc.v1 import compliance, dm_env_adaptor, dm_env_rpc_pb2, tensor_utils
from target import TARGET

_WORLD = {"phase": tensor_utils.pack_tensor(4), "seed": tensor_utils.pack_tensor(7), "horizon": tensor_utils.pack_tensor(25)}


class _Connected(absltest.TestCase):
    """A stream, and a world that is there."""

    def setUp(self):
        super().setUp()
        self._connection = TARGET.connect()
        self._world = self._connection.send(dm_env_rpc_pb2.CreateWorldRequest(settings=_WORLD)).world_name

    def tearDown(self):
        super().tearDown()
        self._connection.send(dm_env_rpc_pb2.LeaveWorldRequest())
        self._connection.send(dm_env_rpc_pb2.DestroyWorldRequest(world_name=self._world))
        self._connection.close()

    @property
    def connection(self):
        return self._connection

    @property
    def world_name(self):
        return self._world

    def join_world(self, **arguments):
        arguments = {"world_name": self._world} | arguments
        return self._connection.send(dm_env_rpc_pb2.JoinWorldRequest(**arguments)).specs


class CreateDestroyWorld(_Connected, compliance.CreateDestroyWorld):
    @property
    def required_world_settings(self):
        return {}

    @property
    def invalid_world_settings(self):
        return {
            "phase": tensor_utils.pack_tensor(5),
            "seed": tensor_utils.pack_tensor(-1),
            "horizon": tensor_utils.pack_tensor(0),
            "track": tensor_utils.pack_tensor("exam"),
            "colour": tensor_utils.pack_tensor("red"),
        }

    @property
    def has_multiple_world_support(self):
        return True


class JoinLeaveWorld(_Connected, compliance.JoinLeaveWorld):
    @property
    def invalid_join_settings(self):
        return {"colour": tensor_utils.pack_tensor("red")}


class Reset(_Connected, compliance.Reset):
    pass


class ResetWorld(_Connected, compliance.ResetWorld):
    pass


class Step(_Connected, compliance.Step):
    def setUp(self):
        super().setUp()
        self._specs = self.join_world()

    @property
    def specs(self):
        return self._specs


class DmEnv(test_utils.EnvironmentTestMixin, absltest.TestCase):
    def make_object_under_test(self):
        self._connection = TARGET.connect()
        environment, self._world = dm_env_adaptor.create_and_join_world(self._connection, {"horizon": 8, "seed": 7}, {})
        return environment

    def make_action_sequence(self):
        """Over two ends, at a horizon of 8."""
        for _ in range(20):
            yield {"steer": self.environment.action_spec()["steer"].dtype.type(0)}

    def tearDown(self):
        super().tearDown()
        self._connection.send(dm_env_rpc_pb2.DestroyWorldRequest(world_name=self._world))
        self._connection.close()


CASES = (CreateDestroyWorld, JoinLeaveWorld, Reset, ResetWorld, Step, DmEnv)
