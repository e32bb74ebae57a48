"""The thread that tells a dashboard of a run: it connects, tells, and begins anew when the dashboard is lost.

Training never waits for it. Episodes come from the run's own log; of roads and frames the latest wins.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from typing import Any

import grpc

from spikedrive._address import Address
from spikedrive._channel import new_channel
from spikedrive._proto import telemetry_pb2 as pb
from spikedrive._proto import telemetry_pb2_grpc as rpc
from spikedrive._run_files import LogReader

_BATCH_INTERVAL = 0.033
_ANSWER_TIMEOUT = 5.0
_FIRST_BACK_OFF, _LONGEST_BACK_OFF = 0.2, 5.0
_EXIT_WAIT = 1.0

_logger = logging.getLogger("spikedrive")


class Publisher:
    """Publishes a run until it is closed."""

    def __init__(self, address: Address, token: str | None, start: pb.RunStart, log: LogReader) -> None:
        self._address = address
        self._metadata = (("authorization", f"Bearer {token}"),) if token else ()
        self._start = start
        self._log = log
        self._lock = threading.Lock()
        self._road: pb.Road | None = None
        self._frame: pb.Frame | None = None
        self._dropped = 0
        self._summary = ""
        self._closing = threading.Event()
        self._welcome = threading.Event()
        self._stream_ended = threading.Event()
        self._call: Any = None
        self.frames_wanted = False
        """Whether anybody looks."""
        self._thread = threading.Thread(target=self._run, name="spikedrive-telemetry", daemon=True)
        self._thread.start()

    def put_road(self, road: pb.Road) -> None:
        """The road of the episode that begins."""
        with self._lock:
            self._road = road

    def put_frame(self, frame: pb.Frame) -> None:
        """One step."""
        with self._lock:
            self._dropped += self._frame is not None
            self._frame = frame

    def close(self, summary: str) -> None:
        """The end of the run. Waits a second at most for what is still to be told."""
        self._summary = summary
        self._closing.set()
        self._thread.join(_EXIT_WAIT)
        call = self._call
        if self._thread.is_alive() and call is not None:
            call.cancel()
            self._thread.join(_EXIT_WAIT)

    def _run(self) -> None:
        back_off, complained = _FIRST_BACK_OFF, False
        while True:
            try:
                self._publish()
            except grpc.RpcError as error:
                lost = error.details() or error.code().name
            except Exception as error:
                lost = f"{type(error).__name__}: {error}"
            else:
                return
            finally:
                self.frames_wanted = False
            if self._welcome.is_set():
                back_off, complained = _FIRST_BACK_OFF, False
            if self._closing.is_set():
                return
            if not complained:
                complained = True
                _logger.warning(
                    "no dashboard at %s: %s; training goes on, and it will be told when it is there",
                    self._address.text,
                    lost,
                )
            if self._closing.wait(back_off):
                return
            back_off = min(2 * back_off, _LONGEST_BACK_OFF)

    def _publish(self) -> None:
        """One stream, from its start to its end; returns when everything was told."""
        self._welcome.clear()
        self._stream_ended.clear()
        channel = new_channel(self._address)
        try:
            stub = rpc.TelemetryServiceStub(channel)  # type: ignore[no-untyped-call]
            call = stub.Publish(self._messages(), metadata=self._metadata)
            self._call = call
            # A dashboard that accepts and then says nothing is as good as none.
            silent = threading.Timer(_ANSWER_TIMEOUT, lambda: self._welcome.is_set() or call.cancel())
            silent.daemon = True
            silent.start()
            try:
                self._listen(call)
            finally:
                silent.cancel()
        finally:
            self._stream_ended.set()
            self._call = None
            channel.close()

    def _listen(self, call: Iterator[pb.PublishResponse]) -> None:
        for response in call:
            answer = response.WhichOneof("answer")
            if answer == "welcome":
                self._log.rewind(response.welcome.episodes)
                self._welcome.set()
            elif answer == "control":
                self.frames_wanted = response.control.frames
        if not self._closing.is_set():
            raise ConnectionError("it ended the stream")

    def _messages(self) -> Iterator[pb.PublishRequest]:
        """All messages of one stream."""
        yield pb.PublishRequest(seq=1, start=self._start)
        seq = 1
        while not self._welcome.wait(_BATCH_INTERVAL):
            if self._stream_ended.is_set():
                return
        while not self._stream_ended.is_set():
            # Looked at before what waits is taken: what was put before the closing is then among it.
            closing = self._closing.is_set()
            for message in self._batch():
                seq += 1
                message.seq = seq
                yield message
            if closing:
                yield pb.PublishRequest(seq=seq + 1, end=pb.RunEnd(summary_json=self._summary))
                return
            self._closing.wait(_BATCH_INTERVAL)

    def _batch(self) -> Iterator[pb.PublishRequest]:
        with self._lock:
            road, self._road = self._road, None
            frame, self._frame = self._frame, None
            dropped, self._dropped = self._dropped, 0
        if road is not None:
            yield pb.PublishRequest(road=road)
        if frame is not None:
            yield pb.PublishRequest(frame=frame, dropped_before=dropped)
        while lines := self._log.read():
            yield pb.PublishRequest(episodes=pb.Episodes(json=lines))
