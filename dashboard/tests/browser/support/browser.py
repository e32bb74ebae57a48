"""Chromium, without anything that would talk to other machines by itself."""

import os
import shutil

NAMES = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"]
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


def find():
    """The program; `cargo xtask test` has made sure that there is one."""
    named = os.environ.get("SPIKEDRIVE_CHROMIUM")
    found = named or next(filter(None, map(shutil.which, NAMES)), None)
    assert found, f"no {NAMES[0]} on the path: install it, or name one with SPIKEDRIVE_CHROMIUM"
    return found


def launch(playwright):
    """Starts it with a profile of its own."""
    return playwright.chromium.launch(executable_path=find(), args=FLAGS, headless=True)
