"""The one grammar of server addresses."""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass

from spikedrive._errors import InvalidArgumentError

_AUTHORITY = re.compile(r"(?P<host>\[[0-9A-Fa-f:.%]+\]|[A-Za-z0-9._-]+):(?P<port>[0-9]{1,5})")


@dataclass(frozen=True)
class Address:
    """Where a server listens."""

    text: str
    """As it was written."""
    target: str
    """As gRPC wants it."""
    secure: bool
    """Whether TLS is spoken there."""

    @property
    def unix(self) -> bool:
        """Whether it is a socket of this machine's file system."""
        return self.target.startswith("unix:")

    @property
    def keeps_secrets(self) -> bool:
        """Whether what is sent there stays on this machine or is encrypted: a token may be sent."""
        if self.secure or self.unix:
            return True
        host = self.target.rpartition(":")[0].strip("[]")
        try:
            return ipaddress.ip_address(host).is_loopback
        except ValueError:
            return host == "localhost"


def parse_address(text: str) -> Address:
    """Reads `host:port`, `http://host:port`, `https://host:port` or `unix:/path`."""
    error = InvalidArgumentError(
        f"server: {text!r} is no server address: use host:port, http://host:port, https://host:port or unix:/path, "
        "such as 127.0.0.1:50051"
    )
    if text.startswith("unix:"):
        path = text.removeprefix("unix:")
        if not path.startswith("/") or path.endswith("/"):
            raise error
        return Address(text, text, secure=False)
    secure = text.startswith("https://")
    authority = text.removeprefix("https://") if secure else text.removeprefix("http://")
    match = _AUTHORITY.fullmatch(authority.removesuffix("/"))
    if match is None or not 0 < int(match["port"]) < 65_536:
        raise error
    return Address(text, match[0], secure)
