"""The wire itself, without the package: it needs grpcio, grpcio-tools and the .proto file.

python raw_grpc.py [ADDRESS]
"""

import queue
import struct
import sys
import tempfile
from pathlib import Path

import grpc
from grpc_tools import protoc

PROTO = Path(__file__).resolve().parents[2] / "proto" / "spikedrive" / "v1"
out = tempfile.mkdtemp()
protoc.main(["", f"-I{PROTO}", f"--python_out={out}", f"--grpc_python_out={out}", "environment.proto"])
sys.path.insert(0, out)
import environment_pb2 as pb  # noqa: E402
import environment_pb2_grpc as rpc  # noqa: E402

channel = grpc.insecure_channel(sys.argv[1] if len(sys.argv) > 1 else "127.0.0.1:50051")
environment = rpc.EnvironmentServiceStub(channel)
course = pb.PhaseCourse(phase=4, split=pb.SPLIT_TRAIN)
session = environment.CreateSession(pb.CreateSessionRequest(lanes=1, phase=course, seed=1), timeout=10)

requests = queue.SimpleQueue()
answers = environment.Stream(iter(requests.get, None))
observation = struct.unpack("<3f", session.observations)
episode_return, over = 0.0, False
while not over:
    left, _, right = observation
    action = 0 if left - right > 1 else 2 if right - left > 1 else 1
    requests.put(pb.StreamRequest(session_id=session.session_id, actions=bytes([action])))
    answer = next(answers)
    if answer.HasField("error"):
        break
    observation = struct.unpack("<3f", answer.result.observations)
    episode_return += struct.unpack("<d", answer.result.rewards)[0]
    over = any(answer.result.terminated + answer.result.truncated)
requests.put(None)
for _ in answers:  # Until the server has ended the stream: grpcio may hang at exit while a call is open.
    pass
channel.close()
if answer.HasField("error"):
    raise SystemExit(f"{answer.error.field}: {answer.error.message}")
print(f"{pb.EndReason.Name(answer.result.end_reasons[0])} after a return of {episode_return:.1f}")
