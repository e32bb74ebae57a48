"""One session: lanes that are driven together over one stream."""

from __future__ import annotations

import contextlib
import os
from typing import Any, NoReturn

import grpc
import numpy as np
import numpy.typing as npt

from spikedrive._address import Address
from spikedrive._channel import channel
from spikedrive._errors import (
    AccessDeniedError,
    InvalidArgumentError,
    ProtocolError,
    ResetNeededError,
    ServerFullError,
    ServerLostError,
    ServerUnreachableError,
    SessionLostError,
    SpikeDriveError,
)
from spikedrive._proto import environment_pb2 as pb
from spikedrive._proto import environment_pb2_grpc as rpc
from spikedrive._security import Credentials
from spikedrive._stream import Stream, StreamError

CREATE_TIMEOUT = 60.0
STEP_TIMEOUT = 60.0
CLOSE_TIMEOUT = 1.0
METHOD = "/spikedrive.v1.EnvironmentService/Stream"

# Several steps in one message: as many as the server takes, and such that the answer stays well below the 4 MiB that it may
# have. A step of a lane has two observations at most, and as many bytes beside them.
_MAX_ROWS = 4096
_MAX_ANSWER = 2 << 20
_BESIDE = 32
_ARRAYS = ("observations", "rewards", "terminated", "truncated", "end_reasons", "final_observations")
_REMEDY = "restore it in an environment of the same arguments"
_IN_BAND = {
    grpc.StatusCode.FAILED_PRECONDITION.value[0]: ResetNeededError,
    grpc.StatusCode.RESOURCE_EXHAUSTED.value[0]: ServerFullError,
}


class Session:
    """A session of `lanes` cars, with its stream; `close` frees both."""

    def __init__(self, address: Address, credentials: Credentials, lanes: int, made: pb.CreateSessionResponse) -> None:
        self.address = address
        self.lanes = lanes
        self.made = made
        self.rays = len(made.observation_space.names)
        self._credentials = credentials
        self._id: str = made.session_id
        self._pid = os.getpid()
        self._stream: Stream | None = None
        try:
            self._stream = Stream(address, METHOD, CREATE_TIMEOUT, credentials)
        except StreamError as error:
            self._free()
            _refuse(error.code, error.details, address, driving=False)

    @classmethod
    def create(cls, address: Address, credentials: Credentials, request: pb.CreateSessionRequest) -> Session:
        """A new one."""
        return cls(address, credentials, int(request.lanes), _call(address, credentials, "CreateSession", request))

    @classmethod
    def resume(cls, address: Address, credentials: Credentials, state: bytes, like: pb.CreateSessionRequest) -> Session:
        """One that goes on where a snapshot was taken, if that looks from outside like what `like` would make."""
        request = pb.RestoreRequest(state=state, lease_seconds=like.lease_seconds)
        session = cls(address, credentials, int(like.lanes), _call(address, credentials, "Restore", request))
        made = session.made
        for name, theirs, ours in (
            ("rays", session.rays, like.options.rays),
            ("lanes", len(made.observations) // (4 * session.rays), like.lanes),
            ("horizon", made.horizon, like.horizon or made.horizon),
            ("autoreset mode", pb.AutoresetMode.Name(made.autoreset_mode), pb.AutoresetMode.Name(like.autoreset_mode)),
            ("info", made.HasField("info"), like.info),
        ):
            if theirs != ours:
                session.close()
                raise InvalidArgumentError(f"state: {name} is {theirs} in the snapshot and {ours} here: {_REMEDY}")
        return session

    @property
    def usable(self) -> bool:
        """Whether it can be driven on: not closed, lost, or of the process that this one was forked from."""
        return self._stream is not None and self._pid == os.getpid()

    def step(self, actions: bytes) -> pb.StepResult:
        """Steps all lanes: one byte for each."""
        return self._exchange(pb.StreamRequest(session_id=self._name(), actions=actions)).result

    def rows(self, actions: bytes) -> pb.StepResult:
        """Several steps of all lanes, answered as one; fewer than asked for where an episode ends in mode DISABLED."""
        row = self.lanes * max(1, min(_MAX_ROWS, _MAX_ANSWER // (self.lanes * (8 * self.rays + _BESIDE))))
        results = []
        for first in range(0, len(actions), row):
            rows = actions[first : first + row]
            results.append(self._exchange(pb.StreamRequest(session_id=self._name(), action_rows=rows)).result)
            ended = self.made.autoreset_mode == pb.AUTORESET_MODE_DISABLED and results[-1].end_reasons.strip(b"\0")
            if ended or results[-1].steps * self.lanes != len(rows):
                break
        merged = pb.StepResult(steps=sum(result.steps for result in results))
        for name in _ARRAYS:
            setattr(merged, name, b"".join(getattr(result, name) for result in results))
        return merged

    def reset(self, mask: bytes) -> pb.StepResult:
        """Starts the next episode on the lanes that are marked with 1."""
        return self._exchange(pb.StreamRequest(session_id=self._name(), reset_mask=mask)).result

    def snapshot(self) -> bytes:
        """The present state of all lanes."""
        request = pb.StreamRequest(session_id=self._name(), snapshot=pb.StreamSnapshot())
        return self._exchange(request, "snapshot").snapshot.state

    def restore(self, state: bytes) -> pb.StepResult:
        """Goes on where a snapshot was taken."""
        try:
            return self._exchange(pb.StreamRequest(session_id=self._name(), restore=state)).result
        except InvalidArgumentError as error:
            # The server names the call of the wire.
            raise InvalidArgumentError(str(error).replace("make a session of it with Restore", _REMEDY)) from None

    def fork(self) -> Session:
        """A second one that goes on from here."""
        made = self._exchange(pb.StreamRequest(session_id=self._name(), fork=pb.StreamFork()), "fork").fork
        return Session(self.address, self._credentials, self.lanes, made)

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
        if stream is not None:
            stream.close()
            self._free()

    def _free(self) -> None:
        """The server knows of the stream from its first request on: without one, the session would wait for its lease."""
        if self._id and self._pid == os.getpid():
            with contextlib.suppress(Exception):
                request = pb.CloseSessionRequest(session_id=self._id)
                _stub(self.address, self._credentials).CloseSession(
                    request, timeout=CLOSE_TIMEOUT, metadata=self._credentials.metadata
                )

    def _name(self) -> str:
        """The session's id in the first request of the stream; afterwards nothing."""
        name, self._id = self._id, ""
        return name

    def __del__(self) -> None:
        """Whoever forgets to close does not leave a session behind."""
        with contextlib.suppress(Exception):
            self.close()

    def _exchange(self, request: pb.StreamRequest, answer: str = "result") -> pb.StreamResponse:
        if self._stream is None:
            raise ResetNeededError("the session is closed: call reset first")
        if self._pid != os.getpid():
            raise ResetNeededError("the session was made in another process, before a fork: call reset first")
        try:
            message = self._stream.exchange(request.SerializeToString(), STEP_TIMEOUT)
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
        response = pb.StreamResponse.FromString(message)
        if response.HasField(answer):
            return response
        if not response.HasField("error"):
            raise ProtocolError(f"the server at {self.address.text} answered something else than a {answer}")
        refused = response.error
        raise _IN_BAND.get(refused.code, InvalidArgumentError)(f"{refused.field}: {refused.message}")


def _stub(address: Address, credentials: Credentials) -> rpc.EnvironmentServiceStub:
    return rpc.EnvironmentServiceStub(channel(address, credentials))  # type: ignore[no-untyped-call]


def _call(address: Address, credentials: Credentials, method: str, request: Any) -> pb.CreateSessionResponse:  # noqa: ANN401
    """A unary call that makes a session."""
    try:
        call = getattr(_stub(address, credentials), method)
        made: pb.CreateSessionResponse = call(request, timeout=CREATE_TIMEOUT, metadata=credentials.metadata)
    except grpc.RpcError as error:
        _refuse(error.code(), error.details() or "", address, driving=False)
    return made


def _refuse(code: grpc.StatusCode, details: str, address: Address, *, driving: bool) -> NoReturn:
    """Raises what a status means to a user."""
    if code is grpc.StatusCode.INVALID_ARGUMENT:
        raise InvalidArgumentError(details) from None
    if code is grpc.StatusCode.RESOURCE_EXHAUSTED:
        raise ServerFullError(details) from None
    if code in (grpc.StatusCode.UNAUTHENTICATED, grpc.StatusCode.PERMISSION_DENIED):
        raise AccessDeniedError(
            f"{address.text}: {details}; its file is named by security=spikedrive.Security(token_file=...) or SPIKEDRIVE_TOKEN_FILE"
        ) from None
    if code is grpc.StatusCode.UNIMPLEMENTED:
        raise ProtocolError(f"no environment server of SpikeDrive listens on {address.text}: {details}") from None
    if driving and code is grpc.StatusCode.NOT_FOUND:
        raise SessionLostError(f"{address.text}: {details}; reset makes a new session") from None
    if driving:
        raise ServerLostError(
            f"the server at {address.text} was lost ({details or code.name}): when it is there again, reset goes on "
            "with a new session"
        )
    if code in (grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.DEADLINE_EXCEEDED):
        raise ServerUnreachableError(
            f"no server answers at {address.text} ({details}): start one with `spikedrive-server`, or give neither "
            f"server= nor SPIKEDRIVE_SERVER and one is started for you{_hint(address)}"
        ) from None
    raise SpikeDriveError(f"{address.text}: {code.name}: {details}")


def _hint(address: Address) -> str:
    """What else may be wrong."""
    if address.secure:
        return (
            ". If it is there, name the certificates to trust by spikedrive.Security(ca=...) or SPIKEDRIVE_TLS_CA, and what a "
            "server with mutual TLS wants to see by certificate= and key=, or SPIKEDRIVE_TLS_CERT and SPIKEDRIVE_TLS_KEY"
        )
    return "" if address.unix else f". If it speaks TLS, write https://{address.target}"
