"""Processes: forked and spawned workers, ends without hanging, servers that are lost, frozen, absent or started."""

import contextlib
import os
import signal
import socket
import subprocess
import sys
import textwrap
import threading
import time

import gymnasium
import numpy as np
import pytest

import spikedrive
from spikedrive import _server, _session, _stream
from spikedrive._server import LocalServer


def python(code, *, env=None, timeout=60):
    """Runs a program to its end."""
    return subprocess.run(
        [sys.executable, "-W", "error", "-c", textwrap.dedent(code)],
        capture_output=True,
        text=True,
        timeout=timeout,
        env={**os.environ, **(env or {})},
        check=False,
    )


WORKERS = """
    import gymnasium, spikedrive
    from gymnasium.vector import AsyncVectorEnv
    def make():
        return gymnasium.make("SpikeDrive-v1", phase=4)
    if __name__ == "__main__":
        env = AsyncVectorEnv([make] * 2, context={context!r})
        observations, _ = env.reset(seed=3)
        env.step([1, 1])
        print([float(distance) for distance in observations[0]], flush=True)
        env.close()
"""


@pytest.mark.parametrize("context", ["fork", "spawn"])
def test_workers_drive_as_one_process_does(server, context, tmp_path):
    program = tmp_path / "workers.py"
    program.write_text(textwrap.dedent(WORKERS.format(context=context)))
    run = subprocess.run(
        [sys.executable, program],
        capture_output=True,
        text=True,
        timeout=60,
        env={**os.environ, "SPIKEDRIVE_SERVER": server},
        check=False,
    )
    with gymnasium.make("SpikeDrive-v1", phase=4, server=server) as env:
        expected = env.reset(seed=3)[0]
    assert run.returncode == 0, run.stderr
    assert np.array_equal(eval(run.stdout), [float(distance) for distance in expected])


def test_a_fork_that_comes_too_late_is_told_so(server):
    code = """
        import gymnasium, os, spikedrive
        env = gymnasium.make("SpikeDrive-v1")
        env.reset(seed=1)
        child = os.fork()
        if child == 0:
            try:
                env.step(1)
            except spikedrive.ResetNeededError as error:
                print(error, flush=True)
            try:
                env.reset()
            except spikedrive.SpikeDriveError as error:
                print(error, flush=True)
            env.close()
            os._exit(0)
        os.waitpid(child, 0)
        print(env.step(1)[1], flush=True)
    """
    run = python(code, env={"SPIKEDRIVE_SERVER": server, "GRPC_VERBOSITY": "NONE"})
    lines = run.stdout.splitlines()
    assert run.returncode == 0, run.stderr
    assert "made in another process, before a fork: call reset first" in lines[0]
    assert 'context "spawn"' in lines[1]
    assert float(lines[2]) > 0


@pytest.mark.parametrize(
    "end",
    [
        "env.close()",
        "pass",
        "del env",
        "raise SystemExit(3)",
        "raise RuntimeError('mistake')",
        "import os, signal; os.kill(os.getpid(), signal.SIGINT)",
        "env.unwrapped.keep = env",
    ],
)
@pytest.mark.parametrize("own_server", [False, True])
def test_programs_end_without_hanging(server, end, own_server):
    code = f"""
import gymnasium, spikedrive
env = gymnasium.make_vec("SpikeDrive-v1", num_envs=4)
env.reset(seed=1)
env.step([1] * 4)
print(spikedrive._server.resolve(None).text, flush=True)
{end}
"""
    started = time.monotonic()
    run = python(code, env={} if own_server else {"SPIKEDRIVE_SERVER": server})
    assert time.monotonic() - started < 30
    expected = {"raise S": 3, "raise R": 1, "import ": -signal.SIGINT}.get(end[:7], 0)
    assert run.returncode == expected, run.stderr
    noise = run.stderr if expected in (0, 3) else ""
    assert noise == ""
    assert answers(run.stdout.strip()) == (not own_server)


def answers(address):
    """Whether somebody listens there."""
    host, port = address.rsplit(":", 1)
    try:
        socket.create_connection((host, int(port)), timeout=5).close()
    except OSError:
        return False
    return True


def test_a_killed_program_takes_its_server_along(tmp_path):
    code = """
        import gymnasium, spikedrive, time
        gymnasium.make("SpikeDrive-v1").reset()
        print(spikedrive._server.resolve(None).text, flush=True)
        time.sleep(600)
    """
    child = subprocess.Popen([sys.executable, "-c", textwrap.dedent(code)], stdout=subprocess.PIPE, text=True)
    address = child.stdout.readline().strip()
    assert answers(address)
    child.kill()
    child.wait()
    child.stdout.close()
    deadline = time.monotonic() + 20
    while answers(address):
        assert time.monotonic() < deadline, "the server outlives its program"
        time.sleep(0.05)


def test_one_server_serves_all_environments_of_a_process():
    one, other = spikedrive.SpikeDriveEnv(), spikedrive.SpikeDriveVectorEnv(2)
    started = _server._local
    one.reset(seed=1)
    other.reset(seed=1)
    assert _server.resolve(None) == started.address
    # It is started again where it was lost.
    os.kill(started._process.pid, signal.SIGKILL)
    with pytest.raises(spikedrive.ServerLostError):
        one.step(1)
    started._process.wait()
    one.reset(seed=1)
    one.step(1)
    assert _server._local is not started
    started.stop()
    one.close()
    other.close()
    _server.stop_server()


def test_a_lost_server_is_named_and_reset_finds_it_again():
    local = LocalServer()
    env = spikedrive.SpikeDriveEnv(server=local.address.text)
    env.reset(seed=1)
    local.stop()
    with pytest.raises(spikedrive.ServerLostError, match=f"the server at {local.address.text} was lost"):
        env.step(1)
    with pytest.raises(spikedrive.ResetNeededError):
        env.step(1)
    with pytest.raises(spikedrive.ServerUnreachableError, match="start one with `spikedrive-server`"):
        env.reset(seed=1)
    env.close()


def test_a_frozen_server_is_given_up(monkeypatch):
    local = LocalServer()
    env = spikedrive.SpikeDriveEnv(server=local.address.text)
    env.reset(seed=1)
    monkeypatch.setattr(_session, "STEP_TIMEOUT", 0.5)
    monkeypatch.setattr(_session, "CREATE_TIMEOUT", 0.5)
    os.kill(local._process.pid, signal.SIGSTOP)
    # A moment later none of its threads runs.
    os.waitpid(local._process.pid, os.WUNTRACED)
    try:
        with pytest.raises(spikedrive.ServerLostError, match=r"did not answer within 0\.5 s"):
            env.step(1)
        with pytest.raises(spikedrive.ServerUnreachableError):
            env.reset(seed=1)
    finally:
        os.kill(local._process.pid, signal.SIGCONT)
        env.close()
        local.stop()


def test_nobody_listens():
    with socket.socket() as bound:
        # Bound, so that nobody else takes it, and not listening.
        bound.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{bound.getsockname()[1]}"
        env = spikedrive.SpikeDriveEnv(server=address)
        with pytest.raises(spikedrive.ServerUnreachableError, match=f"no server answers at {address}"):
            env.reset()
        env.close()


def test_another_service_listens(dashboard):
    env = spikedrive.SpikeDriveEnv(server=dashboard.ingest)
    with pytest.raises(spikedrive.ProtocolError, match="no environment server of SpikeDrive listens on"):
        env.reset()
    env.close()


def test_a_missing_program_is_told_with_the_ways_to_get_it(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", "")
    monkeypatch.delenv("SPIKEDRIVE_SERVER_BIN")
    monkeypatch.setattr("spikedrive._programs._checkouts", lambda: iter([tmp_path]))
    with pytest.raises(spikedrive.ProgramNotFoundError, match="cargo build --release") as told:
        gymnasium.make("SpikeDrive-v1")
    assert "SPIKEDRIVE_SERVER_BIN" in str(told.value)
    monkeypatch.setenv("SPIKEDRIVE_SERVER_BIN", str(tmp_path / "absent"))
    with pytest.raises(spikedrive.ProgramNotFoundError, match="is no program"):
        gymnasium.make("SpikeDrive-v1")
    broken = tmp_path / "spikedrive-server"
    broken.write_text("#!/bin/sh\necho it is broken >&2\nexit 7\n")
    broken.chmod(0o755)
    monkeypatch.setenv("SPIKEDRIVE_SERVER_BIN", str(broken))
    with pytest.raises(spikedrive.ProgramFailedError, match="ended with status 7: it is broken"):
        gymnasium.make("SpikeDrive-v1")


def test_addresses(server, tmp_path):
    for text in (server, f"http://{server}", f"http://{server}/", f"localhost:{server.rsplit(':', 1)[1]}"):
        with gymnasium.make("SpikeDrive-v1", server=text) as env:
            env.reset(seed=1)
    for text in ("localhost", ":1", "localhost:0", "localhost:65536", "http://a:1/b", "u@h:1", "unix:relative", "ftp://a:1"):
        with pytest.raises(spikedrive.InvalidArgumentError, match="is no server address: use host:port"):
            spikedrive.SpikeDriveEnv(server=text)
    assert _server.parse_address("https://[::1]:443").secure
    # A socket's file, in front of the server as a proxy would be.
    path = tmp_path / "socket"
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))
        listener.listen()
        threading.Thread(target=relay, args=(listener, server), daemon=True).start()
        with gymnasium.make("SpikeDrive-v1", server=f"unix:{path}") as env:
            env.reset(seed=1)
            env.step(1)
        spikedrive._server.close_channels()


def relay(listener, address):
    """Passes every connection on, both ways."""
    # Closed below it when the test is over.
    with contextlib.suppress(OSError):
        while True:
            threading.Thread(target=pass_on, args=(listener.accept()[0], address), daemon=True).start()


def pass_on(near, address):
    """One connection."""
    host, port = address.rsplit(":", 1)
    far = socket.create_connection((host, int(port)))

    def copy(source, sink):
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                sink.sendall(data)
            sink.shutdown(socket.SHUT_WR)

    back = threading.Thread(target=copy, args=(far, near), daemon=True)
    back.start()
    copy(near, far)
    back.join()
    near.close()
    far.close()


def test_sessions_are_freed():
    # Other tests leave threads behind.
    before = set(threading.enumerate())
    local = LocalServer()
    try:
        for _ in range(50):
            env = spikedrive.SpikeDriveEnv(server=local.address.text)
            env.reset(seed=1)
            env.reset(seed=2)
            del env
        names = [thread.name for thread in threading.enumerate() if thread not in before]
        assert len(names) < 25, names
    finally:
        local.stop()


def test_interrupted_steps_are_not_answered_late(server, monkeypatch):
    env = spikedrive.SpikeDriveEnv(server=server)
    env.reset(seed=1)

    def interrupted():
        raise KeyboardInterrupt

    monkeypatch.setattr(env._session._stream, "_read", interrupted)
    with pytest.raises(KeyboardInterrupt):
        env.step(1)
    with pytest.raises(spikedrive.ResetNeededError):
        env.step(1)
    env.reset(seed=1)
    env.close()


@contextlib.contextmanager
def speaker(speak):
    """The address of a server that takes one connection and says something."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()

        def answer():
            near, _ = listener.accept()
            with near, contextlib.suppress(OSError):
                speak(near)

        thread = threading.Thread(target=answer, daemon=True)
        thread.start()
        yield _server.parse_address(f"127.0.0.1:{listener.getsockname()[1]}")
        thread.join()


def frame(kind, flags, stream, payload):
    """A frame of HTTP/2."""
    return len(payload).to_bytes(3, "big") + bytes([kind, flags]) + stream.to_bytes(4, "big") + payload


PING, GOAWAY, SETTINGS, HEADERS = 6, 7, 4, 1


def test_an_idle_connection_answers_pings():
    answered = threading.Event()

    def ping(near):
        near.sendall(frame(SETTINGS, 0, 0, b"") + frame(PING, 0, 0, b"are you?"))
        seen = b""
        while frame(PING, 1, 0, b"are you?") not in seen:
            seen += near.recv(65536)
        answered.set()

    with speaker(ping) as address:
        stream = _stream.Stream(address, _session.METHOD, 5)
        assert answered.wait(10), "nobody answers the server's pings while nobody drives"
        stream.close()


def test_a_server_that_only_pings_is_given_up():
    def ping(near):
        near.sendall(frame(SETTINGS, 0, 0, b""))
        while True:
            near.sendall(frame(PING, 0, 0, b"are you?"))
            time.sleep(0.05)

    with speaker(ping) as address:
        stream = _stream.Stream(address, _session.METHOD, 5)
        started = time.monotonic()
        with pytest.raises(TimeoutError):
            stream.exchange(b"", 0.5)
        assert time.monotonic() - started < 5
        stream.close()


def test_what_is_said_before_a_goodbye_is_heard():
    def drain(near):
        # Status 14, by literal headers of HPACK; a goodbye before and after, and a ping.
        status = b"\x88\x00\x0bgrpc-status\x0214\x00\x0cgrpc-message\x07closing"
        goodbye = frame(GOAWAY, 0, 0, (2**31 - 1).to_bytes(4, "big") + bytes(4))
        headers = frame(HEADERS, 5, 1, status)
        near.sendall(frame(SETTINGS, 0, 0, b"") + goodbye + frame(PING, 0, 0, b"are you?") + headers + goodbye)
        while near.recv(65536):
            pass

    with speaker(drain) as address:
        stream = _stream.Stream(address, _session.METHOD, 5)
        with pytest.raises(_stream.StreamError, match="closing") as told:
            stream.exchange(b"", 5)
        assert told.value.code.name == "UNAVAILABLE"
        stream.close()


def test_sessions_that_never_took_a_step_are_freed(server):
    # More than a server has room for.
    for _ in range(1100):
        env = spikedrive.SpikeDriveEnv(server=server)
        env.reset(seed=1)
        env.close()


def test_what_a_server_does_wrong_or_refuses_is_told(server):
    def babble(near):
        # A frame of data of a stream that nobody opened.
        near.sendall(frame(0, 0, 9, b"hello"))
        while near.recv(65536):
            pass

    with speaker(babble) as address:
        stream = _stream.Stream(address, _session.METHOD, 5)
        with pytest.raises(_stream.StreamError, match="no HTTP/2"):
            stream.exchange(b"", 5)
        stream.close()
    # What a server of gRPC says is passed on with its code.
    stream = _stream.Stream(_server.parse_address(server), "/spikedrive.v1.EnvironmentService/Nothing", 5)
    with pytest.raises(_stream.StreamError) as told:
        stream.exchange(b"", 5)
    assert told.value.code.name == "UNIMPLEMENTED"
    stream.close()


def test_many_and_large_messages_pass(server):
    env = spikedrive.SpikeDriveVectorEnv(4096, server=server, phase=4, horizon=100)
    env.reset(seed=1)
    # 19 MB, more than the windows of HTTP/2 hold before they are acknowledged.
    for _ in range(200):
        observations = env.step(np.ones(4096, dtype=np.int64))[0]
    assert observations.shape == (4096, 3)
    env.close()
