"""The command lines that the page advises are there."""

import re

import pytest

from support.programs import ROOT

ADVISED = re.findall(r"'(cargo run .*?)'", (ROOT / "dashboard" / "assets" / "commands.js").read_text())


@pytest.mark.parametrize("command", ADVISED)
def test_an_advised_command_is_understood(programs, command):
    words = command.removeprefix("cargo run --release -- ").split()
    assert words[0] in ("train", "dashboard", "serve"), command
    programs.start("spikedrive", *words, "--help").succeeds()


def test_there_is_advice():
    assert len(ADVISED) == 3
