"""The programs under test as real processes, on ports that are free."""

import os
import pathlib
import re
import signal
import subprocess

ROOT = pathlib.Path(__file__).resolve().parents[4]


def binaries():
    """Where `cargo build --release` has put the programs."""
    return pathlib.Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target")).resolve() / "release"


class Program:
    """One process; its messages are in a file beside its working directory."""

    def __init__(self, name, args, directory):
        directory.mkdir(parents=True, exist_ok=True)
        self.name = name
        self.log = directory / f"{name}-{len(list(directory.iterdir()))}.log"
        # Settings of whoever runs the tests must not reach the programs.
        environment = {key: value for key, value in os.environ.items() if not key.startswith("SPIKEDRIVE_")}
        environment["SPIKEDRIVE_CACHE"] = str(directory / "cache")
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                [str(binaries() / name), *map(str, args)],
                cwd=directory,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
            )

    def first_line(self, pattern):
        """The groups of `pattern` in the first line that it prints."""
        line = self.process.stdout.readline()
        match = re.search(pattern, line)
        assert match, f"{self.name} printed {line!r}; its log:\n{self.log.read_text()}"
        return match.groups()

    def succeeds(self, timeout_s=60):
        """Waits for its end."""
        self.process.communicate(timeout=timeout_s)
        assert self.process.returncode == 0, f"{self.name} ended with {self.process.returncode}:\n{self.log.read_text()}"

    @property
    def runs(self):
        """Whether it has not ended yet."""
        return self.process.poll() is None

    def kill(self):
        """Ends it without any chance to tidy up."""
        self.signal(signal.SIGKILL)

    def signal(self, number):
        """Sends a signal, and waits for the end."""
        if self.runs:
            self.process.send_signal(number)
        self.process.wait(timeout=20)
        self.process.stdout.close()


class Programs:
    """Programs of a test; all are gone when it is over."""

    def __init__(self, directory):
        self.directory = directory
        self.started = []

    def start(self, name, *args):
        """Starts a program."""
        program = Program(name, args, self.directory)
        self.started.append(program)
        return program

    def server(self):
        """Starts an environment server, and returns its address."""
        program = self.start("spikedrive-server", "--listen", "127.0.0.1:0")
        return program.first_line(r"listens on (\S+)")[0]

    def dashboard(self, runs, server="127.0.0.1:1", listen="127.0.0.1:0", ingest="127.0.0.1:0"):
        """Starts a dashboard."""
        return Dashboard(self, runs, server, listen, ingest)

    def train(self, server, *args, dashboard=None):
        """Starts a training run."""
        watched = ["--dashboard", dashboard.ingest] if dashboard else []
        return self.start("spikedrive", "train", "--quiet", "--server", server, *watched, *args)

    def close(self):
        """Ends all that still run."""
        for program in reversed(self.started):
            program.kill()


class Dashboard:
    """A dashboard that can be killed and started again at the same place."""

    def __init__(self, programs, runs, server, listen, ingest):
        self.programs, self.runs, self.server = programs, runs, server
        self.web, self.ingest = listen, ingest
        self.start()

    def start(self):
        """Starts it; the second time it listens where it did at first."""
        args = ["--listen", self.web, "--ingest", self.ingest, "--runs", self.runs, "--server", self.server]
        self.program = self.programs.start("spikedrive-dashboard", *args)
        self.web, self.ingest = self.program.first_line(r"shows http://(\S+?)/ and takes runs on (\S+)")

    def kill(self):
        """Kills it (SIGKILL)."""
        self.program.kill()
