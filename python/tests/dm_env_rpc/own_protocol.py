"""The stream, the specs, the properties, and what dm_env sees."""

import dm_env
import numpy as np
import pytest
from dm_env import specs as dm_env_specs
from dm_env_rpc.v1 import dm_env_adaptor, dm_env_rpc_pb2, dm_env_rpc_pb2_grpc, spec_manager
from dm_env_rpc.v1.extensions import properties
from google.rpc import code_pb2
from target import BOTH, INTERRUPTED, LEFT, RUNNING, SENSORS, STRAIGHT, TARGET, Case, rejected, steer, tensors, unpack


class Pipelining(Case):
    def exchange(self, requests):
        """Sends all before it reads the first response."""
        requests = [dm_env_rpc_pb2.EnvironmentRequest(**request) for request in requests]
        stub = dm_env_rpc_pb2_grpc.EnvironmentStub(TARGET.channel(TARGET.address))
        return list(stub.Process(iter(requests), timeout=TARGET.deadline))

    def test_responses_come_in_the_order_of_the_requests(self):
        owner, agent = self.agent(), self.driver(seed=3, horizon=7)
        name = self.world(owner, seed=3, horizon=7)
        step = {"actions": tensors({1: np.int32(STRAIGHT)}), "requested_observations": BOTH}
        responses = self.exchange([{"join_world": {"world_name": name}}] + [{"step": step}] * 30)
        assert [response.WhichOneof("payload") for response in responses] == ["join_world"] + ["step"] * 30
        assert [unpack(response.step) for response in responses[1:]] == [agent.step(STRAIGHT) for _ in range(30)]

    def test_an_error_has_its_place_among_them(self):
        owner = self.agent()
        name = self.world(owner)
        bad = {"actions": tensors({9: np.int32(0)})}
        kinds = [
            ({}, "error"),
            ({"step": {}}, "error"),
            ({"leave_world": {}}, "leave_world"),
            ({"join_world": {"world_name": name}}, "join_world"),
            ({"join_world": {"world_name": name}}, "error"),
            ({"step": bad}, "step"),
            ({"step": bad}, "error"),
            ({"step": {}}, "step"),
            ({"reset": {}}, "reset"),
            ({"destroy_world": {"world_name": name}}, "error"),
            ({"reset_world": {"world_name": name}}, "reset_world"),
            ({"leave_world": {}}, "leave_world"),
            ({"step": {}}, "error"),
            ({"create_world": {"settings": tensors({"colour": 1})}}, "error"),
        ]
        responses = self.exchange([request for request, _ in kinds])
        assert [response.WhichOneof("payload") for response in responses] == [kind for _, kind in kinds]
        errors = [response.error for response in responses if response.WhichOneof("payload") == "error"]
        assert all(error.code in code_pb2.Code.values() and error.message for error in errors)


class Specs(Case):
    def test_they_tell_names_types_shapes_and_bounds(self):
        agent = self.agent()
        specs = agent.join(self.world(agent, rays=5))
        expected = dm_env_rpc_pb2.ActionObservationSpecs()
        steer_spec, sensors, reward = expected.actions[1], expected.observations[1], expected.observations[2]
        steer_spec.name, steer_spec.dtype = "steer", dm_env_rpc_pb2.INT32
        steer_spec.min.int32s.array[:], steer_spec.max.int32s.array[:] = [0], [2]
        sensors.name, sensors.dtype, sensors.shape[:] = "sensors", dm_env_rpc_pb2.FLOAT, [5]
        sensors.min.floats.array[:], sensors.max.floats.array[:] = [0], [20]
        reward.name, reward.dtype = "reward", dm_env_rpc_pb2.DOUBLE
        assert specs == expected
        agent.step()
        assert agent.reset() == expected

    def test_observations_conform_to_them(self):
        agent = self.agent()
        manager = spec_manager.SpecManager(agent.join(self.world(agent, horizon=5)).observations)
        for _ in range(15):
            response = agent.send(dm_env_rpc_pb2.StepRequest(requested_observations=BOTH))
            values = manager.unpack(response.observations)
            assert values["sensors"].shape == (3,)
            assert 0 <= values["sensors"].min() <= values["sensors"].max() <= 20


class Properties(Case):
    def test_a_world_tells_what_it_was_made_from(self):
        agent = self.driver(phase=3, seed=2**40, horizon=55, track="test", rays=7, gust=0.1)
        extension = properties.PropertiesExtension(agent.connection)
        known = {
            "phase": 3,
            "seed": 2**40,
            "horizon": 55,
            "track": "test",
            "rays": 7,
            "gust": 0.1,
            "environment_id": "SpikeDrive-v1",
        }
        specs = extension.specs()
        assert set(known) <= set(specs)
        for key, spec in specs.items():
            assert (spec.readable, spec.writable, spec.listable) == (True, False, False)
            assert spec.description
            value = extension[key]
            assert spec.spec.validate(value) == known.get(key, value)

    def test_who_is_in_no_world_sees_those_of_the_server(self):
        agent = self.agent()
        extension = properties.PropertiesExtension(agent.connection)
        assert set(extension.specs()) == {"environment_id", "server_version"}
        with pytest.raises(KeyError):
            extension.read("horizon")

    def test_errors_are_those_of_the_client(self):
        agent = self.driver(horizon=55)
        extension = properties.PropertiesExtension(agent.connection)
        with pytest.raises(PermissionError):
            extension["horizon"] = 7
        assert extension["horizon"] == 55
        with pytest.raises(KeyError):
            extension["colour"] = "red"
        with pytest.raises(KeyError):
            extension.read("colour")
        with pytest.raises(KeyError):
            extension.list("colour")
        with pytest.raises(ValueError, match="Property value error"):
            extension.list("horizon")
        agent.step()


class DmEnv(Case):
    def adaptor(self, **settings):
        agent = self.agent()
        name = self.world(agent, **settings)
        return dm_env_adaptor.join_world(agent.connection, name, {})

    def test_specs(self):
        environment = self.adaptor()
        steer_spec, sensors = environment.action_spec()["steer"], environment.observation_spec()["sensors"]
        assert isinstance(steer_spec, dm_env_specs.DiscreteArray)
        assert (steer_spec.num_values, steer_spec.dtype) == (3, np.int32)
        assert isinstance(sensors, dm_env_specs.BoundedArray)
        assert (sensors.shape, sensors.dtype, sensors.minimum, sensors.maximum) == ((3,), np.float32, 0, 20)
        assert environment.reward_spec().dtype == np.float64

    def test_a_horizon_keeps_the_discount_and_a_crash_ends_it(self):
        for policy, discount in ((steer, 1.0), (lambda sensors: LEFT, 0.0)):
            environment = self.adaptor(seed=3, horizon=30)
            for _ in range(2):
                timestep = environment.reset()
                assert timestep.first()
                assert timestep.reward is None
                assert timestep.discount is None
                for _ in range(30):
                    timestep = environment.step({"steer": policy(timestep.observation["sensors"])})
                    assert timestep.step_type in (dm_env.StepType.MID, dm_env.StepType.LAST)
                    assert timestep.discount == (discount if timestep.last() else 1.0)
                    if timestep.last():
                        break
                assert timestep.last()
                assert timestep.reward == -100 or discount == 1.0

    def test_closing_leaves_the_world(self):
        agent = self.agent()
        environment = dm_env_adaptor.join_world(agent.connection, self.world(agent), {})
        environment.reset()
        environment.close()
        with rejected("FAILED_PRECONDITION", "in no world"):
            agent.step()

    def test_states_come_over_the_wire_as_dm_env_needs_them(self):
        agent = self.driver(horizon=2)
        states = [agent.step(STRAIGHT, (SENSORS,))[0] for _ in range(7)]
        assert states == [RUNNING, RUNNING, INTERRUPTED] * 2 + [RUNNING]


CASES = (Pipelining, Specs, Properties, DmEnv)
