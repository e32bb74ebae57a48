"""The wire in Python: modules made from proto/ at the time of the test, in a directory that does not outlive it."""

import importlib
import pathlib
import sys
from types import SimpleNamespace

import grpc_tools
from grpc_tools import protoc

from support.programs import ROOT

FILE = "spikedrive/v1/telemetry.proto"


def generate(directory):
    """`telemetry`, the messages, and `service`, the client's stub."""
    include = pathlib.Path(grpc_tools.__file__).parent / "_proto"
    places = [f"-I{ROOT / 'proto'}", f"-I{include}", f"--python_out={directory}", f"--grpc_python_out={directory}"]
    assert protoc.main(["protoc", *places, FILE]) == 0, f"protoc does not understand {FILE}"
    # A package of its own: where the Python package is installed, it has the same name and would go first.
    for package in ("spikedrive", "spikedrive/v1"):
        (pathlib.Path(directory) / package / "__init__.py").touch()
    sys.path.insert(0, str(directory))
    return SimpleNamespace(
        telemetry=importlib.import_module("spikedrive.v1.telemetry_pb2"),
        service=importlib.import_module("spikedrive.v1.telemetry_pb2_grpc"),
    )
