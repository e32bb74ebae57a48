"""Which server is asked."""

from __future__ import annotations

import os

from spikedrive._address import Address, parse_address


def resolve(server: str | None) -> Address:
    """The address that was given, else that of SPIKEDRIVE_SERVER, else that of a server of this process's own."""
    text = server or os.environ.get("SPIKEDRIVE_SERVER")
    if not text:
        from spikedrive._errors import InvalidArgumentError
        raise InvalidArgumentError("server: not given")
    return parse_address(text)
