"""Renews the generated messages in src/spikedrive/_proto, or writes them elsewhere.

    python generate_stubs.py [DIRECTORY]

grpcio-tools is as old as the oldest runtime that the package takes: code that is newer than the runtime raises VersionError.
"""

import re
import sys
import tempfile
from pathlib import Path

from grpc_tools import protoc

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "python" / "src" / "spikedrive" / "_proto"
NAMES = ("environment", "telemetry")


def generate(directory: Path) -> list[Path]:
    """Writes the modules; returns them."""
    with tempfile.TemporaryDirectory() as raw:
        files = [f"spikedrive/v1/{name}.proto" for name in NAMES]
        outputs = [f"--{kind}_out={raw}" for kind in ("python", "pyi", "grpc_python")]
        if protoc.main(["", f"-I{ROOT / 'proto'}", *outputs, *files]) != 0:
            raise SystemExit("protoc failed")
        written = []
        for path in sorted((Path(raw) / "spikedrive" / "v1").iterdir()):
            # The files keep their names in the pool of descriptors; only the modules live elsewhere.
            text = re.sub(r"^from spikedrive\.v1 import", "from spikedrive._proto import", path.read_text(), flags=re.MULTILINE)
            target = directory / path.name
            target.write_text(text)
            written.append(target)
        return written


if __name__ == "__main__":
    for module in generate(Path(sys.argv[1]) if len(sys.argv) > 1 else PACKAGE):
        print(module)
