"""The first command on a terminal: it trains, and then the trained network drives in front of the page until Ctrl-C."""

import os
import pty
import re
import signal
import subprocess
import threading
from types import SimpleNamespace

from support.programs import binaries
from support.runs import summary
from support.waiting import eventually


class Terminal:
    """A program on a terminal of its own, and all that it writes there."""

    def __init__(self, directory, *args):
        master, slave = pty.openpty()
        environment = {key: value for key, value in os.environ.items() if not key.startswith("SPIKEDRIVE_")}
        command = [str(binaries() / "spikedrive"), *args]
        self.process = subprocess.Popen(
            command, cwd=directory, env=environment, stdin=slave, stdout=slave, stderr=slave, start_new_session=True
        )
        os.close(slave)
        self.text = ""
        self.reader = threading.Thread(target=self._read, args=(master,), daemon=True)
        self.reader.start()

    def _read(self, master):
        try:
            while data := os.read(master, 4096):
                self.text += data.decode(errors="replace")
        except OSError:
            pass  # The other side is closed: the program has ended.

    def kill(self):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait(timeout=20)


def test_the_trained_network_drives_on_until_ctrl_c(programs, look, tmp_path):
    terminal = Terminal(tmp_path, "up", "--preset", "pathway", "--phase", "4", "--episodes", "40", "--listen", "127.0.0.1:0", "--out", "run")
    programs.started.append(terminal)
    address = lambda: re.findall(r"dashboard on http://(\S+?)/", terminal.text)
    found = eventually(address, lambda: f"the dashboard starts; the terminal shows {terminal.text}")
    view = look(SimpleNamespace(web=found[0])).open("live")
    view.until(lambda state: (state["frame"] or {}).get("mode") == "driving", "the network drives without learning")
    assert "drives on http://" in terminal.text
    begun = view.state()["framesDrawn"]
    view.until(lambda state: state["framesDrawn"] > begun + 30, "the pictures move")
    assert view.fact("Mode") == "driving"
    assert summary(tmp_path / "run")["episodes"] == 40
    view.guard.may_be_unreachable = True
    terminal.process.send_signal(signal.SIGINT)
    assert terminal.process.wait(timeout=20) == 0, terminal.text
