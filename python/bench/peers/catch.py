"""Catch, served over dm_env_rpc in Python as its documentation does: a ball falls through 10 rows of 5 columns to a paddle.

`catch.py PORT` serves one world with one agent.
"""

import sys
from concurrent import futures

import grpc
import numpy as np
from dm_env_rpc.v1 import dm_env_rpc_pb2 as pb
from dm_env_rpc.v1 import dm_env_rpc_pb2_grpc as rpc
from dm_env_rpc.v1 import spec_manager, tensor_spec_utils

ROWS, COLUMNS = 10, 5
BOARD, REWARD, PADDLE = 1, 2, 1


class Game:
    """The ball falls a row a step; the paddle moves by -1, 0 or 1."""

    def __init__(self):
        self.random = np.random.RandomState(1)
        self.begin()

    def begin(self):
        self.ball = [0, self.random.randint(COLUMNS)]
        self.paddle = COLUMNS // 2

    def step(self, move):
        self.paddle = min(max(self.paddle + move, 0), COLUMNS - 1)
        self.ball[0] += 1

    def board(self):
        board = np.zeros((ROWS, COLUMNS), np.float32)
        board[self.ball[0], self.ball[1]] = board[ROWS - 1, self.paddle] = 1
        return board

    def over(self):
        return self.ball[0] == ROWS - 1

    def reward(self):
        return np.float32(0 if not self.over() else 1 if self.paddle == self.ball[1] else -1)


def specs():
    """What an agent sees and does."""
    paddle = pb.TensorSpec(dtype=pb.INT8, name="paddle")
    tensor_spec_utils.set_bounds(paddle, minimum=-1, maximum=1)
    board = pb.TensorSpec(dtype=pb.FLOAT, shape=[ROWS, COLUMNS], name="board")
    tensor_spec_utils.set_bounds(board, minimum=0.0, maximum=1.0)
    reward = pb.TensorSpec(dtype=pb.FLOAT, name="reward")
    return pb.ActionObservationSpecs(actions={PADDLE: paddle}, observations={BOARD: board, REWARD: reward})


class Service(rpc.EnvironmentServicer):
    """One world, which every stream joins alone."""

    def Process(self, requests, context):  # noqa: N802 -- as the protocol has it
        game, running = Game(), False
        actions, observations = (spec_manager.SpecManager(part) for part in (specs().actions, specs().observations))
        for request in requests:
            answer, kind = pb.EnvironmentResponse(), request.WhichOneof("payload")
            if kind == "create_world":
                answer.create_world.world_name = "catch"
            elif kind in ("join_world", "reset"):
                getattr(answer, kind).specs.CopyFrom(specs())
                running = False
            elif kind == "step":
                if running:
                    game.step(int(actions.unpack(request.step.actions).get("paddle", 0)))
                else:
                    game.begin()
                running = not game.over()
                answer.step.state = pb.RUNNING if running else pb.TERMINATED
                packed = observations.pack({"board": game.board(), "reward": game.reward()})
                for uid in request.step.requested_observations:
                    answer.step.observations[uid].CopyFrom(packed[uid])
            else:
                getattr(answer, kind).SetInParent()
            yield answer


if __name__ == "__main__":
    server = grpc.server(futures.ThreadPoolExecutor(max_workers=2))
    rpc.add_EnvironmentServicer_to_server(Service(), server)
    server.add_insecure_port(f"127.0.0.1:{sys.argv[1]}")
    server.start()
    server.wait_for_termination()
