"""The stream that drives a session: gRPC's framing over a connection of its own, without a thread between caller and socket.

gRPC's Python library passes each message of a stream through two threads, which costs three times what all else does. A step
is one message there and one back; so this speaks HTTP/2 (by `h2`) in the calling thread. What is rare (GetSpec,
CreateSession) goes through the library.
"""

from __future__ import annotations

import contextlib
import logging
import os
import socket
import ssl
import struct
import threading
import time
import weakref
from urllib.parse import unquote

import grpc
import h2.config
import h2.events
import h2.exceptions
import h2.settings
import hpack

from spikedrive._address import Address
from spikedrive._http2 import Connection
from spikedrive._security import Credentials, Security

# A message is preceded by a flag (0: not compressed) and its length.
_PREFIX = struct.Struct(">BI")
_READ = 1 << 18
# What may come before it is acknowledged: the roads of many lanes are large.
_WINDOW = 1 << 24
_CODES = {code.value[0]: code for code in grpc.StatusCode}
# The library below `h2` tells at this level of every header, and a token is one.
logging.getLogger("hpack").setLevel(logging.INFO)
# How often connections that nobody uses are looked after: the server asks now and then whether they are alive, and gives up one
# that does not answer within its lease, which is a second at least.
_INTERVAL = 0.5
# How long an answer to that may take.
_FLUSH_TIMEOUT = 1.0
# What sockets and `h2` raise.
_FAILURES = (OSError, h2.exceptions.H2Error, ValueError)


class StreamError(Exception):
    """The stream is over."""

    def __init__(self, code: grpc.StatusCode, details: str) -> None:
        super().__init__(details)
        self.code = code
        self.details = details


class Stream:
    """A bidirectional stream of one method, used as request and answer by turns.

    Raises `StreamError` where it cannot be made, and from `exchange` when it is over; nothing can be done with it then but `close`.
    """

    def __init__(self, address: Address, method: str, timeout: float, credentials: Credentials | None = None) -> None:
        # Of a kind that a collection of garbage, or a signal, may take twice.
        self._lock = threading.RLock()
        self._pid = os.getpid()
        self._received = bytearray()
        self._headers: dict[str, str] = {}
        self._ended = False
        # When the answer that is waited for is overdue, and how long the socket waits; it is told of changes alone.
        self._deadline = time.monotonic() + timeout
        self._patience: float | None = None
        credentials = credentials or Security().read(address)
        try:
            self._socket = _connect(address, timeout, credentials.context)
        except OSError as error:
            raise StreamError(grpc.StatusCode.UNAVAILABLE, str(error)) from error
        # The headers that we send are the ones below, and those of a server of gRPC are read with care in any case.
        config = h2.config.H2Configuration(
            client_side=True,
            header_encoding="utf-8",
            validate_outbound_headers=False,
            normalize_outbound_headers=False,
        )
        self._connection = Connection(config)
        self._connection.initiate_connection()
        self._connection.update_settings({h2.settings.SettingCodes.INITIAL_WINDOW_SIZE: _WINDOW})
        self._connection.increment_flow_control_window(_WINDOW)
        self._stream = self._connection.get_next_available_stream_id()
        request: list[tuple[str, str] | hpack.HeaderTuple] = [
            (":method", "POST"),
            (":scheme", "https" if address.secure else "http"),
            (":path", method),
            (":authority", "localhost" if address.unix else address.target),
            ("te", "trailers"),
            ("content-type", "application/grpc"),
            # Never kept in a table of headers.
            *(hpack.NeverIndexedHeaderTuple(name, value) for name, value in credentials.metadata),
        ]
        self._connection.send_headers(self._stream, request)
        try:
            self._flush()
            _keep(self)
        except BaseException as error:
            self._socket.close()
            if isinstance(error, TimeoutError):
                raise StreamError(grpc.StatusCode.UNAVAILABLE, "the server takes nothing") from error
            if isinstance(error, _FAILURES):
                raise _told(error) from error
            raise

    def exchange(self, message: bytes, timeout: float) -> bytes:
        """Sends a message and waits for the next one; `TimeoutError` if nothing comes for so many seconds."""
        with self._lock:
            self._deadline = time.monotonic() + timeout
            self._wait_at_most(timeout)
            try:
                return self._exchange(message)
            except TimeoutError:
                raise
            except (StreamError, *_FAILURES) as error:
                # What the server said before it closed says more.
                raise (self._status() if "grpc-status" in self._headers else _told(error)) from None

    def close(self) -> None:
        """Ends the connection; the server frees what belongs to it. A process that was forked off leaves it to its parent."""
        if self._pid == os.getpid():
            with contextlib.suppress(OSError):
                # Whoever waits for it wakes up.
                self._socket.shutdown(socket.SHUT_RDWR)
            with self._lock:
                self._socket.close()
        else:
            self._socket.close()

    def look_after(self) -> None:
        """Answers what the server asked while nobody used the stream."""
        if not self._lock.acquire(blocking=False):
            return
        try:
            self._wait_at_most(0.0)
            with contextlib.suppress(BlockingIOError, ssl.SSLWantReadError):
                self._receive(self._socket.recv(_READ))
                self._wait_at_most(_FLUSH_TIMEOUT)
                self._flush()
        except Exception:
            self._ended = True
        finally:
            self._lock.release()

    def _exchange(self, message: bytes) -> bytes:
        framed = _PREFIX.pack(0, len(message)) + message
        frame = None if self._ended else self._connection.data_frame(self._stream, framed)
        if frame is None:
            self._send(framed)
        else:
            self._socket.sendall(frame)
        answer = self._take()
        while answer is None:
            if self._ended:
                raise self._status()
            self._read()
            answer = self._take()
            if answer is None:
                self._in_time()
        return answer

    def _in_time(self) -> None:
        """Whatever trickles in does not prolong the wait."""
        left = self._deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError
        self._wait_at_most(left)

    def _wait_at_most(self, seconds: float) -> None:
        if seconds != self._patience:
            self._socket.settimeout(seconds)
            self._patience = seconds

    def _send(self, framed: bytes) -> None:
        rest = memoryview(framed)
        while rest:
            room = min(
                self._connection.local_flow_control_window(self._stream),
                self._connection.max_outbound_frame_size,
            )
            if self._ended:
                raise self._status()
            if room <= 0:
                self._read()
                self._in_time()
                continue
            self._connection.send_data(self._stream, rest[:room].tobytes())
            rest = rest[room:]
            self._flush()

    def _take(self) -> bytes | None:
        """The next message, if all of it is there."""
        if len(self._received) < _PREFIX.size:
            return None
        compressed, length = _PREFIX.unpack_from(self._received)
        if compressed:
            raise StreamError(grpc.StatusCode.INTERNAL, "the server compresses its answers, which nobody asked for")
        end = _PREFIX.size + length
        if len(self._received) < end:
            return None
        message = bytes(self._received[_PREFIX.size : end])
        del self._received[:end]
        return message

    def _read(self) -> None:
        """Waits for anything from the server, and answers what HTTP/2 wants answered."""
        received = self._socket.recv(_READ)
        # Nothing is short before the headers have come.
        data = self._connection.data_of(self._stream, received) if self._headers else None
        if data is None:
            self._receive(received)
        else:
            self._received += data
        self._flush()

    def _receive(self, data: bytes) -> None:
        if not data:
            raise StreamError(grpc.StatusCode.UNAVAILABLE, "the connection was closed")
        for event in self._connection.receive_data(data):
            if isinstance(event, h2.events.DataReceived):
                self._received += event.data or b""
                self._connection.acknowledge_received_data(event.flow_controlled_length or 0, self._stream)
            elif isinstance(event, (h2.events.ResponseReceived, h2.events.TrailersReceived)):
                self._headers.update((str(name), str(value)) for name, value in event.headers or ())
            elif isinstance(event, (h2.events.StreamEnded, h2.events.StreamReset, h2.events.ConnectionTerminated)):
                # A status may come before a reset: it says more.
                self._ended = True

    def _flush(self) -> None:
        if data := self._connection.data_to_send():
            self._socket.sendall(data)

    def _status(self) -> StreamError:
        """What the server ended the stream with."""
        number = self._headers.get("grpc-status", "")
        if not number.isdecimal():
            return StreamError(grpc.StatusCode.UNAVAILABLE, f"the stream ended, HTTP status {self._headers.get(':status', 'none')}")
        code = _CODES.get(int(number), grpc.StatusCode.UNKNOWN)
        return StreamError(code, unquote(self._headers.get("grpc-message", "")))


def _told(error: Exception) -> StreamError:
    """One kind of error of all that can go wrong, but for time that runs out."""
    if isinstance(error, StreamError):
        return error
    if isinstance(error, OSError):
        return StreamError(grpc.StatusCode.UNAVAILABLE, str(error))
    return StreamError(grpc.StatusCode.INTERNAL, f"no HTTP/2: {error}")


def _connect(address: Address, timeout: float, context: ssl.SSLContext | None) -> socket.socket:
    if address.unix:
        local = socket.socket(socket.AF_UNIX)
        local.settimeout(timeout)
        try:
            local.connect(address.target.removeprefix("unix:"))
        except OSError:
            local.close()
            raise
        return local
    host, _, port = address.target.rpartition(":")
    host = host.strip("[]")
    remote = socket.create_connection((host, int(port)), timeout)
    try:
        remote.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if context is None:
            return remote
        return context.wrap_socket(remote, server_hostname=host)
    except OSError:
        remote.close()
        raise


_kept_lock = threading.Lock()
_kept: weakref.WeakSet[Stream] = weakref.WeakSet()
_keeper_pid = 0


def _keep(stream: Stream) -> None:
    global _keeper_pid  # noqa: PLW0603 -- a thread does not survive a fork
    with _kept_lock:
        _kept.add(stream)
        if _keeper_pid != os.getpid():
            threading.Thread(target=_look_after_all, name="spikedrive-streams", daemon=True).start()
            _keeper_pid = os.getpid()


def _look_after_all() -> None:
    while True:
        time.sleep(_INTERVAL)
        with _kept_lock:
            kept = list(_kept)
        # Whoever is done with a session has no use for it here: no name keeps one.
        while kept:
            kept.pop().look_after()


def _after_fork() -> None:
    global _kept_lock  # noqa: PLW0603 -- the parent may have held it
    _kept_lock = threading.Lock()
    _kept.clear()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
