"""The generated messages are those of the .proto files."""

import os
import subprocess
import sys

from support import ROOT


def test_checked_in_messages_are_those_of_the_proto_files(tmp_path):
    # Its own place, for it is older than what the tests run with: see python/tools/generate_stubs.py.
    tools = os.environ.get("SPIKEDRIVE_GRPCIO_TOOLS", ROOT / "target" / "tools" / "grpcio-tools")
    generated = subprocess.run(
        [sys.executable, ROOT / "python" / "tools" / "generate_stubs.py", tmp_path],
        env={**os.environ, "PYTHONPATH": str(tools)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert generated.returncode == 0, generated.stderr
    kept = ROOT / "python" / "src" / "spikedrive" / "_proto"
    fresh = {path.name: path.read_text() for path in tmp_path.iterdir()}
    assert len(fresh) == 6
    assert fresh == {path.name: path.read_text() for path in kept.iterdir() if "_pb2" in path.name}, (
        "python/src/spikedrive/_proto is stale: run `cargo xtask codegen`"
    )
