"""What is refused: with a code and a text that helps, without a trace, on a stream that stays open."""

import numpy as np
from dm_env_rpc.v1 import dm_env_rpc_pb2, tensor_utils
from google.protobuf import any_pb2, empty_pb2
from target import BOTH, LEFT, RUNNING, STRAIGHT, Case, rejected, steer, tensors

pack = tensor_utils.pack_tensor
NAN = float("nan")
_BAD_ACTIONS = (
    ({7: pack(1, dtype=np.int32)}, "uid 7 is no action"),
    ({1: pack(3, dtype=np.int32)}, "3 is outside 0..=2"),
    ({1: pack(-1, dtype=np.int32)}, "-1 is outside 0..=2"),
    ({1: pack(1.0, dtype=np.float32)}, "FLOAT instead of INT32"),
    ({1: pack(1, dtype=np.int64)}, "INT64 instead of INT32"),
    ({1: pack([1], dtype=np.int32)}, "shape [1] instead of []"),
    ({1: pack([1, 1], dtype=np.int32)}, "shape [2] instead of []"),
    ({1: dm_env_rpc_pb2.Tensor(shape=[-1, -1], int32s={"array": [1, 1]})}, "more than one negative length"),
    ({1: dm_env_rpc_pb2.Tensor(shape=[2, 2], int32s={"array": [1]})}, "shape [2, 2] instead of []"),
    ({1: dm_env_rpc_pb2.Tensor(shape=[2**31 - 1] * 40, int32s={"array": [1, 2]})}, "does not fit 2 elements"),
    ({1: dm_env_rpc_pb2.Tensor()}, "an empty tensor"),
    ({1: pack(1, dtype=np.int32), 2: pack(1, dtype=np.int32)}, "uid 2 is no action"),
)


class Steps(Case):
    def test_a_rejected_step_changes_nothing(self):
        agent, other = self.driver(seed=3, horizon=40), self.driver(seed=3, horizon=40)
        told = agent.step()
        assert told == other.step()
        for actions, text in _BAD_ACTIONS:
            with rejected("INVALID_ARGUMENT", text):
                agent.send(dm_env_rpc_pb2.StepRequest(actions=actions, requested_observations=BOTH))
            action = steer(told[1])
            told = agent.step(action)
            assert told == other.step(action)

    def test_an_observation_that_there_is_none_of_is_named_in_every_state(self):
        agent, other = self.driver(horizon=1), self.driver(horizon=1)
        for _ in range(4):
            with rejected("INVALID_ARGUMENT", "uid 77 is no observation"):
                agent.step(STRAIGHT, (1, 77))
            assert agent.step(STRAIGHT) == other.step(STRAIGHT)

    def test_actions_are_ignored_where_no_episode_runs(self):
        for actions, _ in _BAD_ACTIONS:
            agent = self.driver()
            assert agent.send(dm_env_rpc_pb2.StepRequest(actions=actions)).state == RUNNING

    def test_who_is_in_no_world_neither_steps_nor_resets(self):
        agent = self.agent()
        for _ in range(2):
            with rejected("FAILED_PRECONDITION", "in no world", "JoinWorld"):
                agent.step()
            with rejected("FAILED_PRECONDITION", "in no world", "JoinWorld"):
                agent.reset()
            agent.join(self.world(agent))
            agent.step()
            agent.leave()


class Settings(Case):
    def test_what_is_unknown_ill_typed_or_out_of_range_is_refused(self):
        agent = self.agent()
        for name, value, text in [
            ("phase", 5, "phase: 5 is no phase: use 1 (straight)"),
            ("phase", 0, "phase: 0 is no phase"),
            ("phase", 4.0, "phase: DOUBLE is the wrong type"),
            ("phase", "four", "phase: STRING is the wrong type"),
            ("phase", [4], "phase: a tensor of shape [1] with 1 elements is no scalar"),
            ("phase", dm_env_rpc_pb2.Tensor(), "phase: an empty tensor"),
            ("seed", -1, "seed: -1 is outside 0..=18446744073709551615"),
            ("horizon", 0, "horizon: 0 is outside 1..=10000"),
            ("horizon", 10_001, "horizon: 10001 is outside 1..=10000"),
            ("horizon", 100.0, "horizon: DOUBLE is the wrong type"),
            ("track", "exam", "use train, validation, test"),
            ("track", 20_000, "track: INT64 is the wrong type: send STRING"),
            ("rays", 4, "rays: 4 is none of 3, 5, 7, 9"),
            ("sensor_noise", NAN, "sensor_noise: NaN is outside [0, 10]"),
            ("varying_width", 2, "varying_width: 2 is neither 0 nor 1"),
            ("circuit", "1,2,3", "circuit: line 1"),
            ("lanes", 1, '"lanes" is no setting: use phase, track'),
            ("", 1, '"" is no setting'),
        ]:
            with rejected("INVALID_ARGUMENT", text):
                agent.create(**{name: value})
        agent.join(self.world(agent))

    def test_integers_of_every_type_are_taken(self):
        expected = self.driver(phase=2, seed=9, horizon=2)
        expected = [expected.step(STRAIGHT) for _ in range(5)]
        for dtype in (np.int32, np.int64, np.uint32, np.uint64, np.int8, np.uint8):
            agent = self.driver(phase=pack(2, dtype), seed=pack(9, dtype), horizon=pack(2, dtype))
            assert [agent.step(STRAIGHT) for _ in range(5)] == expected

    def test_joining_and_resetting_take_no_settings(self):
        agent = self.agent()
        name = self.world(agent)
        with rejected("INVALID_ARGUMENT", "colour", "JoinWorld takes no settings"):
            agent.join(name, colour="red")
        agent.join(name)
        first = agent.step()
        with rejected("INVALID_ARGUMENT", "Reset takes no settings"):
            agent.send(dm_env_rpc_pb2.ResetRequest(settings=tensors({"seed": 1})))
        with rejected("INVALID_ARGUMENT", "ResetWorld takes no settings"):
            agent.send(dm_env_rpc_pb2.ResetWorldRequest(world_name=name, settings=tensors({"seed": 1})))
        assert agent.step(STRAIGHT)[1] != first[1], "the episode goes on"


class Worlds(Case):
    def test_names_are_unique_and_every_stream_knows_them(self):
        owner, agent = self.agent(), self.agent()
        names = {self.world(owner) for _ in range(5)}
        assert len(names) == 5
        for name in names:
            agent.join(name)
            agent.leave()

    def test_what_is_not_there_is_not_found(self):
        agent = self.agent()
        for request in (agent.join, agent.destroy, agent.reset_world):
            with rejected("NOT_FOUND", '"nowhere" does not exist'):
                request("nowhere")
        name = self.world(agent)
        agent.destroy(name)
        for request in (agent.join, agent.destroy, agent.reset_world):
            with rejected("NOT_FOUND", name):
                request(name)

    def test_who_is_in_a_world_neither_joins_nor_destroys_it(self):
        agent, other = self.agent(), self.driver(seed=3)
        name = self.world(agent, seed=3)
        agent.join(name)
        agent.step()
        other.step()
        with rejected("FAILED_PRECONDITION", name, "leave it first"):
            agent.join(name)
        with rejected("FAILED_PRECONDITION", name, "leave it first"):
            agent.destroy(name)
        assert agent.step(LEFT) == other.step(LEFT)
        agent.leave()
        agent.destroy(name)

    def test_a_world_that_is_destroyed_under_an_agent_is_an_error_to_it(self):
        owner, agent = self.agent(), self.agent()
        name = self.world(owner)
        agent.join(name)
        owner.destroy(name)
        for request in (agent.step, agent.reset):
            with rejected("NOT_FOUND", name, "was destroyed"):
                request()
        agent.leave()
        agent.join(self.world(agent))

    def test_leaving_is_a_no_op_for_who_is_in_no_world(self):
        agent = self.agent()
        for _ in range(3):
            agent.leave()


class Messages(Case):
    def test_an_extension_that_is_not_known_is_refused(self):
        agent, packed = self.agent(), any_pb2.Any()
        packed.Pack(empty_pb2.Empty())
        with rejected("UNIMPLEMENTED", "google.protobuf.Empty"):
            agent.send(packed)
        with rejected("INVALID_ARGUMENT", "PropertyRequest"):
            agent.send(any_pb2.Any(type_url="x/dm_env_rpc.v1.extensions.properties.PropertyRequest", value=b"\xff"))
        agent.leave()


CASES = (Steps, Settings, Worlds, Messages)
