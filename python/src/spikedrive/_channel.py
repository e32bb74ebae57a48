"""The connections of this process: one for each server, made when it is first needed.

A channel that was made before `fork()` hangs in the child, for its threads are not there, and with many versions of gRPC so does
any other. So no channel is made before the first reset, each process makes its own, and one that was forked too late is told so.
"""

from __future__ import annotations

import atexit
import os
import threading

import grpc

from spikedrive._address import Address
from spikedrive._errors import SpikeDriveError
from spikedrive._security import Credentials, Security

_OPTIONS = [
    # Agents sit beside their server more often than behind a proxy, and proxies rarely speak HTTP/2 without TLS.
    ("grpc.enable_http_proxy", 0),
    # A server that is started a moment later is found a moment later.
    ("grpc.initial_reconnect_backoff_ms", 100),
    ("grpc.min_reconnect_backoff_ms", 500),
    ("grpc.max_reconnect_backoff_ms", 1000),
    # The roads of many lanes take more than the usual 4 MiB.
    ("grpc.max_receive_message_length", 64 << 20),
    ("grpc.max_send_message_length", 64 << 20),
]

_lock = threading.Lock()
_channels: dict[tuple[Address, Credentials], grpc.Channel] = {}
# The process that made the first channel.
_user: int | None = None


def channel(address: Address, credentials: Credentials) -> grpc.Channel:
    """The channel of this process to a server."""
    with _lock:
        key = (address, credentials)
        if key not in _channels or _user != os.getpid():
            _channels[key] = new_channel(address, credentials)
        return _channels[key]


def new_channel(address: Address, credentials: Credentials | None = None) -> grpc.Channel:
    """A channel that the caller closes."""
    global _user  # noqa: PLW0603
    if _user not in (None, os.getpid()):
        raise SpikeDriveError(
            "this process was forked from one that was connected to a server already, and gRPC does not survive that: "
            'start workers with the context "spawn" or "forkserver", such as AsyncVectorEnv(..., context="spawn"), or make '
            "them before the first reset in the process that makes them"
        )
    _user = os.getpid()
    if address.secure:
        options = [option for option in _OPTIONS if option[0] != "grpc.enable_http_proxy"]
        credentials = credentials or Security().read(address)
        certificate, key = credentials.identity or (None, None)
        secure = grpc.ssl_channel_credentials(credentials.authorities, key, certificate)
        return grpc.secure_channel(address.target, secure, options=options)
    # The name of a socket's file is no authority that a server of HTTP/2 accepts.
    authority = [("grpc.default_authority", "localhost")] if address.unix else []
    return grpc.insecure_channel(address.target, options=_OPTIONS + authority)


@atexit.register
def close_channels() -> None:
    """Closes the channels of this process."""
    with _lock:
        # Those of the process that this one was forked from stay as they are: to close them here would hang.
        while _channels and _user == os.getpid():
            _channels.popitem()[1].close()


def _after_fork() -> None:
    global _lock  # noqa: PLW0603 -- the parent may have held it
    _lock = threading.Lock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
