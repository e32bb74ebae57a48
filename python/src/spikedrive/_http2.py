"""HTTP/2 by `h2`, with a short way for what a step is: one DATA frame there, one back.

`h2` looks at each frame as if it could be any, which costs more than all else of a step with few lanes. The short way takes DATA
frames of one stream that begin and end where a read does, keeps the windows of `h2` right, and leaves all else to `h2`.
"""

from __future__ import annotations

import struct
from typing import Any

import h2.connection
import h2.errors

# Length (24 bits, here the last 8 and the first 16 of them), type, flags, stream.
_HEADER = struct.Struct(">HBBBI")
_DATA = 0
# What came the short way is told to `h2` when it is so much, long before a window is used up.
_TELL = 1 << 20


class Connection(h2.connection.H2Connection):
    """The side of a client; one that goes on after a GOAWAY.

    A server that shuts down, or a proxy that drains, still answers the streams there are. `h2` takes a GOAWAY for the
    end of all, and throws away what came with it.
    """

    _untold = 0

    def _receive_goaway_frame(self, frame: Any) -> Any:  # noqa: ANN401 -- as `h2` has it
        if frame.error_code == h2.errors.ErrorCodes.NO_ERROR and frame.last_stream_id >= 1:
            return [], []
        return super()._receive_goaway_frame(frame)

    def data_frame(self, stream: int, payload: bytes) -> bytes | None:
        """The DATA frame that carries all of it on an open stream, to be sent at once; `None` if there is no room for it now."""
        size, open_stream = len(payload), self.streams[stream]
        if size > min(self.outbound_flow_control_window, open_stream.outbound_flow_control_window, self.max_outbound_frame_size):
            return None
        self.outbound_flow_control_window -= size
        open_stream.outbound_flow_control_window -= size
        return _HEADER.pack(size >> 8, size & 0xFF, _DATA, 0, stream) + payload

    def data_of(self, stream: int, received: bytes) -> bytes | None:
        """What these bytes carry if they are one DATA frame of that stream, not its last; else `None`, and nothing is taken."""
        size = len(received) - _HEADER.size
        # A frame that has begun goes on with these.
        if size < 0 or self.incoming_buffer._data:
            return None
        if _HEADER.unpack_from(received) != (size >> 8, size & 0xFF, _DATA, 0, stream):
            return None
        self._untold += size
        if self._untold >= _TELL:
            self.tell(stream)
        return received[_HEADER.size :]

    def tell(self, stream: int) -> None:
        """Accounts for what came the short way, so that the server may send as much again."""
        size, self._untold = self._untold, 0
        self._inbound_flow_control_window_manager.window_consumed(size)
        self.streams[stream]._inbound_window_manager.window_consumed(size)
        self.acknowledge_received_data(size, stream)
