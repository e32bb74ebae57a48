"""The short way through HTTP/2 against `h2` itself as the server: whatever the frames look like, messages and windows agree."""

import contextlib
import socket
import struct
import threading
import time

import h2.config
import h2.connection
import h2.events
import h2.exceptions
import h2.settings
import pytest

from spikedrive import _server, _session, _stream

_PREFIX = struct.Struct(">BI")


class Peer:
    """A server that answers each message with one made of it, framed in a way of its own."""

    def __init__(self, answer, frame, window=None):
        self.answer, self.frame, self.window = answer, frame, window
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.thread = threading.Thread(target=self.serve, daemon=True)

    def __enter__(self):
        self.thread.start()
        address = _server.parse_address(f"127.0.0.1:{self.listener.getsockname()[1]}")
        self.stream = _stream.Stream(address, _session.METHOD, 5)
        return self.stream

    def __exit__(self, *_):
        self.stream.close()
        self.thread.join()
        self.listener.close()

    def serve(self):
        near, _ = self.listener.accept()
        near.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.h2 = h2.connection.H2Connection(h2.config.H2Configuration(client_side=False))
        self.h2.initiate_connection()
        if self.window is not None:
            self.h2.update_settings({h2.settings.SettingCodes.INITIAL_WINDOW_SIZE: self.window})
        received, outgoing, self.pongs = bytearray(), bytearray(), 0
        # Whoever has said goodbye hears nothing more.
        with near, contextlib.suppress(OSError, h2.exceptions.ProtocolError):
            while data := near.recv(1 << 16):
                for event in self.h2.receive_data(data):
                    if isinstance(event, h2.events.RequestReceived):
                        self.h2.send_headers(1, [(":status", "200"), ("content-type", "application/grpc")])
                    elif isinstance(event, h2.events.DataReceived):
                        received += event.data
                        self.h2.acknowledge_received_data(event.flow_controlled_length, 1)
                    elif isinstance(event, h2.events.PingAckReceived):
                        self.pongs += 1
                while len(received) >= 5 and len(received) >= 5 + (size := _PREFIX.unpack_from(received)[1]):
                    said = self.answer(bytes(received[5 : 5 + size]))
                    del received[: 5 + size]
                    outgoing += _PREFIX.pack(0, len(said)) + said
                # As much as the client's window lets through.
                for chunk in self.frame(self, outgoing):
                    near.sendall(chunk)
                near.sendall(self.h2.data_to_send())

    def room(self):
        """Bytes that fit into the next frame."""
        return min(self.h2.local_flow_control_window(1), self.h2.max_outbound_frame_size)


def whole(peer, outgoing):
    """As few frames as there may be, each sent by itself."""
    while outgoing and (room := peer.room()) > 0:
        peer.h2.send_data(1, bytes(outgoing[:room]))
        del outgoing[:room]
        yield peer.h2.data_to_send()


def torn(peer, outgoing):
    """Each frame in pieces, which arrive one by one."""
    for frame in whole(peer, outgoing):
        for first in range(0, len(frame), 7):
            yield frame[first : first + 7]
            time.sleep(0.001)


def padded(peer, outgoing):
    """With padding."""
    while outgoing:
        peer.h2.send_data(1, bytes(outgoing[:1000]), pad_length=9)
        del outgoing[:1000]
        yield peer.h2.data_to_send()


def tiny(peer, outgoing):
    """A frame for each three bytes, also across the prefix, and all of them at once."""
    while outgoing:
        peer.h2.send_data(1, bytes(outgoing[:3]))
        del outgoing[:3]
    yield peer.h2.data_to_send()


def pinged(peer, outgoing):
    """Between pings and settings, in one piece."""
    peer.h2.ping(b"are you?")
    peer.h2.send_data(1, bytes(outgoing))
    outgoing.clear()
    peer.h2.update_settings({h2.settings.SettingCodes.MAX_FRAME_SIZE: 1 << 15})
    peer.h2.ping(b"you are?")
    yield peer.h2.data_to_send()


@pytest.mark.parametrize("frame", [whole, torn, padded, tiny, pinged])
def test_messages_pass_however_they_are_framed(frame):
    peer = Peer(lambda message: message[::-1], frame)
    with peer as stream:
        for size in (0, 1, 5, 40, 300, 3):
            message = bytes(range(256)) * 2
            assert stream.exchange(message[:size], 5) == message[:size][::-1]
    # Two of each exchange at least, where there are any.
    assert peer.pongs >= 12 if frame is pinged else peer.pongs == 0


def paced(peer, outgoing):
    """Each frame comes alone."""
    for frame in whole(peer, outgoing):
        yield frame
        time.sleep(0.0002)


def test_an_answer_that_is_larger_than_a_window_passes():
    with Peer(lambda message: message * (2 << 20), paced) as stream:
        assert stream.exchange(b"0123456789", 20) == b"0123456789" * (2 << 20)


def test_a_connection_that_is_over_is_told_at_once():
    def goodbye(peer, outgoing):
        outgoing.clear()
        peer.h2.close_connection(error_code=2)
        yield peer.h2.data_to_send()
        # The socket stays open.

    with Peer(lambda message: message, goodbye) as stream:
        for _ in range(2):
            began = time.monotonic()
            with pytest.raises(_stream.StreamError):
                stream.exchange(b"hello", 5)
            assert time.monotonic() - began < 4


def disguised(peer, outgoing):
    """The second piece of a frame looks like a frame."""
    for frame in whole(peer, outgoing):
        yield frame[:-11]
        time.sleep(0.01)
        yield frame[-11:]


def test_what_is_in_a_frame_is_not_taken_for_one():
    inner = b"\0\0\2" + b"\0\0" + b"\0\0\0\1" + b"no"
    with Peer(lambda message: message + inner, disguised) as stream:
        assert stream.exchange(b"x" * 90, 5) == b"x" * 90 + inner
        assert stream.exchange(b"yes", 5) == b"yes" + inner


def test_much_more_than_a_window_passes():
    # The short way has to tell the server of what it took: 40 MiB in answers of 16 KiB, where 16 MiB are let through unasked.
    with Peer(lambda message: message * 1600, whole) as stream:
        for number in range(2560):
            message = number.to_bytes(10, "big")
            assert stream.exchange(message, 5) == message * 1600


def test_requests_wait_for_a_window_that_is_small():
    with Peer(lambda message: message, whole, window=10) as stream:
        for size in (3, 100, 5, 1000):
            assert stream.exchange(b"x" * size, 5) == b"x" * size


def test_windows_agree_with_those_of_the_peer():
    peer = Peer(lambda message: message * 50, whole)
    with peer as stream:
        stream.exchange(b"x", 5)
        ours, theirs = stream._connection, peer.h2
        # Nothing goes the long way any more.
        ours.send_data = ours.receive_data = None
        for size in range(2, 200):
            stream.exchange(b"x" * size, 5)
        ours.tell(1)
        assert ours.remote_flow_control_window(1) == theirs.local_flow_control_window(1)
        assert ours.local_flow_control_window(1) == theirs.remote_flow_control_window(1)
        assert ours.outbound_flow_control_window == theirs.inbound_flow_control_window
