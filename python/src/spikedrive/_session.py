"""One session: lanes that are driven together over one stream."""

from __future__ import annotations

import contextlib
import os
from typing import NoReturn

import grpc
import numpy as np
import numpy.typing as npt

from spikedrive._address import Address
from spikedrive._channel import channel
from spikedrive._errors import (
    InvalidArgumentError,
    ProtocolError,
    ResetNeededError,
    ServerFullError,
    ServerLostError,
    ServerUnreachableError,
    SpikeDriveError,
)
from spikedrive._proto import environment_pb2 as pb
from spikedrive._proto import environment_pb2_grpc as rpc
from spikedrive._stream import Stream, StreamError

CREATE_TIMEOUT = 60.0
STEP_TIMEOUT = 60.0
CLOSE_TIMEOUT = 1.0
METHOD = "/spikedrive.v1.EnvironmentService/Stream"

_IN_BAND = {grpc.StatusCode.FAILED_PRECONDITION.value[0]: ResetNeededError}


class Session:
    """A session of `lanes` cars. Made with its stream; `close` frees both."""

    def __init__(self, address: Address, request: pb.CreateSessionRequest) -> None:
        self.address = address
        self.lanes = int(request.lanes)
        self._pid = os.getpid()
        self._stream: Stream | None = None
        self._stub = stub = rpc.EnvironmentServiceStub(channel(address))  # type: ignore[no-untyped-call]
        try:
            self.made: pb.CreateSessionResponse = stub.CreateSession(request, timeout=CREATE_TIMEOUT)
        except grpc.RpcError as error:
            _refuse(error.code(), error.details() or "", address, driving=False)
        self._id: str = self.made.session_id
        self.rays = len(self.made.observation_space.names)
        try:
            self._stream = Stream(address, METHOD, CREATE_TIMEOUT)
        except StreamError as error:
            _refuse(error.code, error.details, address, driving=False)

    @property
    def usable(self) -> bool:
        """Whether it can be driven on: not closed, lost, or of the process that this one was forked from."""
        return self._stream is not None and self._pid == os.getpid()

    def step(self, actions: bytes) -> pb.StepResult:
        """Steps all lanes: one byte for each."""
        return self._exchange(pb.StreamRequest(session_id=self._name(), actions=actions))

    def reset(self, mask: bytes) -> pb.StepResult:
        """Starts the next episode on the lanes that are marked with 1."""
        return self._exchange(pb.StreamRequest(session_id=self._name(), reset_mask=mask))

    def observations(self, packed: bytes, lanes: int | None = None) -> npt.NDArray[np.float32]:
        """Observations of the wire as an array of its own, lanes x rays."""
        lanes = self.lanes if lanes is None else lanes
        # A view of a message could not be written to; a copy of some hundred bytes costs less than a microsecond.
        array = np.frombuffer(packed, dtype="<f4")
        if array.size != lanes * self.rays:
            raise ProtocolError(f"observations: {array.size} values for {lanes} lanes of {self.rays} rays")
        return array.reshape(lanes, self.rays).astype(np.float32)

    def close(self) -> None:
        """Frees the session; a second call does nothing, and one in a process that was forked off frees its own copy alone."""
        stream, self._stream = self._stream, None
        if stream is None:
            return
        stream.close()
        if self._id and self._pid == os.getpid():
            # The server knows of the stream from its first request on: without one, the session would wait for its lease.
            with contextlib.suppress(Exception):
                self._stub.CloseSession(pb.CloseSessionRequest(session_id=self._id), timeout=CLOSE_TIMEOUT)

    def _name(self) -> str:
        """The session's id in the first request of the stream; afterwards nothing."""
        name, self._id = self._id, ""
        return name

    def __del__(self) -> None:
        """Whoever forgets to close does not leave a session behind."""
        with contextlib.suppress(Exception):
            self.close()

    def _exchange(self, request: pb.StreamRequest) -> pb.StepResult:
        if self._stream is None:
            raise ResetNeededError("the session is closed: call reset first")
        if self._pid != os.getpid():
            raise ResetNeededError("the session was made in another process, before a fork: call reset first")
        try:
            answer = self._stream.exchange(request.SerializeToString(), STEP_TIMEOUT)
        except TimeoutError:
            self.close()
            raise ServerLostError(
                f"the server at {self.address.text} did not answer within {STEP_TIMEOUT:g} s: reset makes a new session"
            ) from None
        except StreamError as error:
            self.close()
            _refuse(error.code, error.details, self.address, driving=True)
        except BaseException:
            # Ctrl-C: the answer will come, and would be taken for that of the next request.
            self.close()
            raise
        response = pb.StreamResponse.FromString(answer)
        if response.HasField("result"):
            return response.result
        refused = response.error
        raise _IN_BAND.get(refused.code, InvalidArgumentError)(f"{refused.field}: {refused.message}")


def _refuse(code: grpc.StatusCode, details: str, address: Address, *, driving: bool) -> NoReturn:
    """Raises what a status means to a user."""
    if code is grpc.StatusCode.INVALID_ARGUMENT:
        raise InvalidArgumentError(details) from None
    if code is grpc.StatusCode.RESOURCE_EXHAUSTED:
        raise ServerFullError(details) from None
    if code is grpc.StatusCode.UNIMPLEMENTED:
        raise ProtocolError(f"no environment server of SpikeDrive listens on {address.text}: {details}") from None
    if driving:
        raise ServerLostError(
            f"the server at {address.text} was lost ({details or code.name}): when it is there again, reset goes on "
            "with a new session"
        )
    if code in (grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.DEADLINE_EXCEEDED):
        raise ServerUnreachableError(
            f"no server answers at {address.text} ({details}): start one with `spikedrive-server`, or give neither "
            "server= nor SPIKEDRIVE_SERVER and one is started for you"
        ) from None
    raise SpikeDriveError(f"{address.text}: {code.name}: {details}")
