"""The connections of this process: one for each server, made when it is first needed.

A channel that was made before `fork()` hangs in the child, for its threads are not there. So no channel is made before the
first reset, and each process makes its own.
"""

from __future__ import annotations

import atexit
import os
import threading

import grpc

from spikedrive._address import Address

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
_channels: dict[tuple[int, Address], grpc.Channel] = {}


def channel(address: Address) -> grpc.Channel:
    """The channel of this process to a server."""
    key = (os.getpid(), address)
    with _lock:
        # Channels of the process that this one was forked from stay where they are: to close them here would hang.
        if key not in _channels:
            _channels[key] = _make(address)
        return _channels[key]


def _make(address: Address) -> grpc.Channel:
    if address.secure:
        options = [option for option in _OPTIONS if option[0] != "grpc.enable_http_proxy"]
        return grpc.secure_channel(address.target, grpc.ssl_channel_credentials(), options=options)
    # The name of a socket's file is no authority that a server of HTTP/2 accepts.
    authority = [("grpc.default_authority", "localhost")] if address.unix else []
    return grpc.insecure_channel(address.target, options=_OPTIONS + authority)


@atexit.register
def close_channels() -> None:
    """Closes the channels of this process."""
    with _lock:
        for key in [key for key in _channels if key[0] == os.getpid()]:
            _channels.pop(key).close()


def _after_fork() -> None:
    global _lock  # noqa: PLW0603 -- the parent may have held it
    _lock = threading.Lock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
