"""What it costs to be looked at: `cargo xtask bench dashboard`.

1. CPU seconds of the agent per episode while 50 WebSocket readers look at it, one of them frozen, against none: the ratio in each of
   some interleaved pairs, and the median of the ratios.
2. Frames a second that the page draws with raster and heat map live, of a run at 90 steps a second, and the share of a core that the
   dashboard takes meanwhile.

Times are CPU times of the processes, since other programs may want the same cores. Prints JSON.
"""

import argparse
import base64
import json
import os
import pathlib
import socket
import statistics
import sys
import tempfile
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "tests" / "browser"))

from playwright.sync_api import sync_playwright
from support import browser as chromium
from support.programs import Programs
from support.view import DESK, View

READERS = 50
EPISODES = 300
TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")


def cpu_seconds(process_id):
    """User and system time of a process that still runs."""
    fields = pathlib.Path(f"/proc/{process_id}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / TICKS_PER_SECOND


class Reader:
    """A WebSocket that takes what comes and throws it away, or takes nothing at all."""

    def __init__(self, web, frozen):
        host, port = web.rsplit(":", 1)
        self.socket = socket.create_connection((host, int(port)))
        key = base64.b64encode(os.urandom(16)).decode()
        lines = [
            "GET /ws/live HTTP/1.1",
            f"Host: {web}",
            "Upgrade: websocket",
            "Connection: Upgrade",
            f"Sec-WebSocket-Key: {key}",
            "Sec-WebSocket-Version: 13",
            f"Origin: http://{web}",
        ]
        self.socket.sendall(("\r\n".join(lines) + "\r\n\r\n").encode())
        assert self.socket.recv(12) == b"HTTP/1.1 101", "the dashboard refused a reader"
        self.bytes = 0
        if not frozen:
            threading.Thread(target=self._read, daemon=True).start()

    def _read(self):
        try:
            while data := self.socket.recv(1 << 16):
                self.bytes += len(data)
        except OSError:
            pass

    def ask(self, text):
        """Sends a text, masked with zeros, as a browser would with other numbers."""
        data = text.encode()
        self.socket.sendall(bytes([0x81, 0x80 | len(data), 0, 0, 0, 0]) + data)

    def close(self):
        self.socket.close()


def agent_cpu(programs, dashboard, server, seed, readers, directory):
    """CPU seconds of a whole training run with so many readers."""
    looking = [Reader(dashboard.web, frozen=number == 0) for number in range(readers)]
    args = ["--phase", 4, "--episodes", EPISODES, "--seed", seed, "--recordings", "off", "--out", directory]
    agent = programs.train(*args, "--threads", 1, server=server, dashboard=dashboard)
    _, status, usage = os.wait4(agent.process.pid, 0)
    agent.process.returncode = os.waitstatus_to_exitcode(status)
    assert agent.process.returncode == 0, agent.log.read_text()
    received = sum(reader.bytes for reader in looking)
    assert not readers or received > 0, "no reader received anything"
    for reader in looking:
        reader.close()
    return usage.ru_utime + usage.ru_stime


def measure_readers(pairs, directory):
    """Ratios with readers against without, one a pair; the order within a pair alternates."""
    programs = Programs(directory)
    try:
        server = programs.server()
        dashboard = programs.dashboard(directory / "runs", server)
        results = []
        for pair in range(pairs):
            times = {}
            for readers in (0, READERS) if pair % 2 == 0 else (READERS, 0):
                run = directory / "runs" / f"p{pair}-{readers}"
                times[readers] = agent_cpu(programs, dashboard, server, pair + 1, readers, run)
            results.append(times)
            print(f"pair {pair + 1}: {times[0]:.2f} s, {times[READERS]:.2f} s", file=sys.stderr)
        ratios = [times[READERS] / times[0] for times in results]
        per_episode = [1000 * times[0] / EPISODES for times in results]
        return {
            "readers": READERS,
            "pairs": pairs,
            "agent_ms_per_episode": round(statistics.median(per_episode), 3),
            "ratios": [round(ratio, 4) for ratio in ratios],
            "median_ratio": round(statistics.median(ratios), 4),
        }
    finally:
        programs.close()


def measure_page(seconds, directory):
    """Frames a second of a page, and the dashboard's share of a core."""
    programs = Programs(directory)
    try:
        server = programs.server()
        dashboard = programs.dashboard(directory / "runs", server)
        programs.train("--phase", 4, "--episodes", 100000, "--out", directory / "runs" / "endless", server=server, dashboard=dashboard)
        with sync_playwright() as playwright:
            browser = chromium.launch(playwright)
            # At full speed the run itself would take the cores that the page draws with.
            Reader(dashboard.web, frozen=False).ask('{"speed": 90}')
            view = View(browser.new_page(viewport=DESK), dashboard.web).open("live")
            view.until(lambda state: state["framesDrawn"] > 120, "the page draws")
            drawn, cpu, began = view.state()["framesDrawn"], cpu_seconds(dashboard.program.process.pid), time.monotonic()
            view.pass_time(seconds)
            elapsed = time.monotonic() - began
            cpu = cpu_seconds(dashboard.program.process.pid) - cpu
            frames = view.state()["framesDrawn"] - drawn
            browser.close()
        return {"frames_per_second": round(frames / elapsed, 1), "dashboard_share_of_a_core": round(cpu / elapsed, 4)}
    finally:
        programs.close()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pairs", type=int, default=10)
    parser.add_argument("--seconds", type=float, default=10)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as directory:
        page = measure_page(args.seconds, pathlib.Path(directory) / "page")
        readers = measure_readers(args.pairs, pathlib.Path(directory) / "readers") if args.pairs else None
    print(json.dumps({"load_average": os.getloadavg(), "page": page, "readers": readers}, indent=2))


main()
