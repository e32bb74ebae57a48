"""Kinds of values on the command lines of measurements."""

from __future__ import annotations

import argparse
from collections.abc import Collection
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


def names(known: Collection[str]) -> Callable[[str], list[str]]:
    """Names separated by commas, each of which is known."""

    def read(text: str) -> list[str]:
        given = text.split(",")
        for name in given:
            if name not in known:
                raise argparse.ArgumentTypeError(f"{name!r} is none of {', '.join(known)}")
        return given

    return read


def at_least(least: int) -> Callable[[str], int]:
    """A whole number that is large enough."""

    def read(text: str) -> int:
        if not text.isdecimal() or int(text) < least:
            raise argparse.ArgumentTypeError(f"{text!r} is no whole number from {least} on")
        return int(text)

    return read


def numbers(text: str) -> list[int]:
    """Whole numbers from 0 on, separated by commas."""
    return [at_least(0)(number) for number in text.split(",")]
