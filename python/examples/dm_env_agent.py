"""Drives the car with DeepMind's own client: `pip install dm-env-rpc dm-env`, and a server that runs.

python dm_env_agent.py 127.0.0.1:50051
"""

import sys

import grpc
from dm_env_rpc.v1 import connection, dm_env_adaptor, dm_env_rpc_pb2

server = sys.argv[1] if len(sys.argv) > 1 else "127.0.0.1:50051"
channel = grpc.insecure_channel(server)
stream = connection.Connection(channel)
settings = {"phase": 4, "track": "train", "seed": 1, "horizon": 100}
env, world = dm_env_adaptor.create_and_join_world(stream, create_world_settings=settings, join_world_settings={})
timestep, episode_return = env.reset(), 0.0
while not timestep.last():
    left, _, right = timestep.observation["sensors"]
    timestep = env.step({"steer": 0 if left - right > 1 else 2 if right - left > 1 else 1})
    episode_return += timestep.reward
print(f"{'horizon' if timestep.discount else 'crash'} after a return of {episode_return:.1f}")
env.close()
stream.send(dm_env_rpc_pb2.DestroyWorldRequest(world_name=world))
stream.close()
channel.close()
