"""TLS, mutual TLS, tokens and Unix sockets, against servers that want them; and that no secret is told."""

import contextlib
import logging
import pickle
import tempfile
from pathlib import Path

import numpy as np
import pytest
from papers import ANN, Papers
from support import WORLD, Server

import spikedrive
from spikedrive import Security, _server, _session, _stream
from spikedrive._server import LocalServer

KINDS = ["env", "vector"]


@pytest.fixture(scope="module")
def papers(tmp_path_factory):
    return Papers(tmp_path_factory.mktemp("papers"))


@pytest.fixture(scope="module")
def tls(papers):
    """A server with TLS."""
    with Server(*papers.server()) as server:
        yield server


@pytest.fixture(scope="module")
def guarded(papers):
    """A server with tokens, in the clear."""
    with Server("--tokens", papers.path("tokens")) as server:
        yield server


def make(kind, **arguments):
    return (
        spikedrive.SpikeDriveEnv(**WORLD, **arguments) if kind == "env" else spikedrive.SpikeDriveVectorEnv(3, **WORLD, **arguments)
    )


def drive(kind, server, security=None):
    """Two steps: the first goes through gRPC's library and our own stream."""
    env = make(kind, server=server, security=security)
    with contextlib.closing(env):
        env.reset(seed=1)
        action = 1 if kind == "env" else np.ones(3, dtype=np.int64)
        env.step(action)
        return np.asarray(env.step(action)[0]).reshape(-1, 3)[0]


@pytest.mark.parametrize("kind", KINDS)
def test_tls_is_spoken_to_a_server_that_is_trusted(server, papers, tls, kind, monkeypatch):
    expected = drive(kind, server)
    for host in ("localhost", "127.0.0.1"):
        assert np.array_equal(drive(kind, f"https://{host}:{tls.port}", Security(ca=papers.path("ca.pem"))), expected)
    monkeypatch.setenv("SPIKEDRIVE_TLS_CA", str(papers.path("ca.pem")))
    monkeypatch.setenv("SPIKEDRIVE_SERVER", f"https://localhost:{tls.port}")
    assert np.array_equal(drive(kind, None), expected)


def test_comments_among_authorities(papers, tls):
    papers.write("commented.pem", "# Autorité\n".encode() + papers.path("ca.pem").read_bytes())
    drive("env", f"https://localhost:{tls.port}", Security(ca=papers.path("commented.pem")))


@pytest.mark.parametrize("kind", KINDS)
def test_a_server_that_nobody_vouches_for_is_refused(papers, tls, kind):
    address = f"https://localhost:{tls.port}"
    for security in (None, Security(ca=papers.path("stranger.pem"))):
        with pytest.raises(spikedrive.ServerUnreachableError, match=r"name the certificates to trust by .* or SPIKEDRIVE_TLS_CA"):
            drive(kind, address, security)
    with pytest.raises(spikedrive.ServerUnreachableError, match=f"If it speaks TLS, write https://127.0.0.1:{tls.port}"):
        drive(kind, tls.address.removeprefix("https://"))
    # Our own stream looks as closely as gRPC's library.
    credentials = Security(ca=papers.path("stranger.pem")).read(_server.parse_address(address))
    with pytest.raises(_stream.StreamError, match="certificate verify failed"):
        _stream.Stream(_server.parse_address(address), _session.METHOD, 5, credentials)


@pytest.mark.parametrize("variable", ["SSL_CERT_FILE", "SSL_CERT_DIR", "GRPC_DEFAULT_SSL_ROOTS_FILE_PATH"])
def test_without_a_file_the_systems_authorities_are_trusted(papers, tls, tmp_path, variable, monkeypatch):
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "none.pem"))
    monkeypatch.setenv("SSL_CERT_DIR", str(tmp_path / "none"))
    monkeypatch.delenv("GRPC_DEFAULT_SSL_ROOTS_FILE_PATH", raising=False)
    path = papers.path("ca.pem")
    if variable == "SSL_CERT_DIR":
        path = tmp_path / "authorities"
        path.mkdir()
        (path / "README").write_text("no certificate")
        # As OpenSSL looks for them: by a hash of the name.
        (path / f"{subject_hash(papers.path('ca.pem'))}.0").write_bytes(papers.path("ca.pem").read_bytes())
    monkeypatch.setenv(variable, str(path))
    drive("env", f"https://localhost:{tls.port}")
    monkeypatch.delenv(variable)
    with pytest.raises(spikedrive.ServerUnreachableError):
        drive("env", f"https://localhost:{tls.port}")


def subject_hash(path):
    """What `openssl x509 -subject_hash` prints of an authority whose name is a common name alone."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes

    subject = x509.load_pem_x509_certificate(path.read_bytes()).subject
    value = next(iter(subject)).value.lower().encode()
    # The canonical form: lower case, as UTF8String, without the outer SEQUENCE.
    attribute = b"\x06\x03\x55\x04\x03" + b"\x0c" + bytes([len(value)]) + value
    pair = b"\x30" + bytes([len(attribute)]) + attribute
    digest = hashes.Hash(hashes.SHA1())
    digest.update(b"\x31" + bytes([len(pair)]) + pair)
    return digest.finalize()[:4][::-1].hex()


@pytest.mark.parametrize("kind", KINDS)
def test_mutual_tls_lets_in_whom_the_server_knows(papers, kind, monkeypatch):
    with Server(*papers.server(mutual=True)) as server:
        address = f"https://localhost:{server.port}"

        def known_as(name):
            return Security(papers.path("ca.pem"), papers.path(f"{name}.pem"), papers.path(f"{name}.key"))

        drive(kind, address, known_as("ca-client"))
        for security in (Security(ca=papers.path("ca.pem")), known_as("stranger-client")):
            with pytest.raises(spikedrive.ServerUnreachableError, match="SPIKEDRIVE_TLS_CERT and SPIKEDRIVE_TLS_KEY"):
                drive(kind, address, security)
        monkeypatch.setenv("SPIKEDRIVE_TLS_CA", str(papers.path("ca.pem")))
        monkeypatch.setenv("SPIKEDRIVE_TLS_CERT", str(papers.path("ca-client.pem")))
        monkeypatch.setenv("SPIKEDRIVE_TLS_KEY", str(papers.path("ca-client.key")))
        drive(kind, address)
        # What is given is all that counts.
        with pytest.raises(spikedrive.ServerUnreachableError):
            drive(kind, address, Security(ca=papers.path("ca.pem")))


@pytest.mark.parametrize("kind", KINDS)
def test_a_token_opens_and_a_wrong_one_does_not(papers, guarded, kind, monkeypatch):
    drive(kind, guarded.address, Security(token_file=papers.path("ann")))
    for security, text in (
        (None, "this server wants a token"),
        (Security(token_file=papers.path("wrong")), "the token is none of this server's"),
    ):
        with pytest.raises(spikedrive.AccessDeniedError, match=text) as told:
            drive(kind, guarded.address, security)
        assert "SPIKEDRIVE_TOKEN_FILE" in str(told.value)
        assert "0123456789" not in str(told.value)
    monkeypatch.setenv("SPIKEDRIVE_TOKEN_FILE", str(papers.path("ann")))
    drive(kind, guarded.address)
    # Our own stream is asked as well.
    stream = _stream.Stream(_server.parse_address(guarded.address), _session.METHOD, 5)
    with pytest.raises(_stream.StreamError, match="this server wants a token") as told:
        stream.exchange(b"", 5)
    assert told.value.code.name == "UNAUTHENTICATED"
    stream.close()


def test_tokens_and_certificates_go_together(papers):
    with Server(*papers.server(mutual=True), "--tokens", papers.path("tokens")) as server:
        files = {"ca": "ca.pem", "certificate": "ca-client.pem", "key": "ca-client.key", "token_file": "ann"}
        security = Security(**{name: papers.path(file) for name, file in files.items()})
        env = make("env", server=f"https://localhost:{server.port}", security=security)
        with contextlib.closing(pickle.loads(pickle.dumps(env))) as twin:
            twin.reset(seed=1)
            with contextlib.closing(twin.fork()) as third:
                assert third.step(1)[1] == twin.step(1)[1]
                third.restore(twin.snapshot())


@pytest.mark.parametrize("kind", KINDS)
def test_unix_sockets(server, papers, kind):
    with tempfile.TemporaryDirectory() as directory:
        address = f"unix:{directory}/socket"
        with Server("--tokens", papers.path("tokens"), listen=address) as local:
            assert local.address == address
            security = Security(token_file=papers.path("ann"))
            assert np.array_equal(drive(kind, address, security), drive(kind, server))
            with pytest.raises(spikedrive.AccessDeniedError):
                drive(kind, address)
        with pytest.raises(spikedrive.ServerUnreachableError) as told:
            drive(kind, address, security)
        assert "TLS" not in str(told.value)


@pytest.mark.parametrize("address", ["10.0.0.1:1", "http://server.example:1", "localhost.example:1", "[::2]:1"])
def test_a_token_does_not_travel_in_the_clear(papers, address):
    for kind in KINDS:
        with pytest.raises(spikedrive.InvalidArgumentError) as told:
            make(kind, server=address, security=Security(token_file=papers.path("ann")))
        text = f"would travel in the clear to {address}: use https://, unix:, or 127.0.0.1"
        assert text in str(told.value)
        assert ANN not in str(told.value)
    # Nobody reads it there.
    for safe in ("https://server.example:1", "127.9.9.9:1", "localhost:1", "[::1]:1", "unix:/s"):
        make("env", server=safe, security=Security(token_file=papers.path("ann")))


def test_no_secret_is_told(papers, guarded, caplog):
    security = Security(token_file=papers.path("ann"))
    caplog.set_level(logging.DEBUG)
    env = make("env", server=guarded.address, security=security)
    with contextlib.closing(env):
        env.reset(seed=1)
        env.step(1)
        credentials = security.read(_server.parse_address(guarded.address))
        assert credentials.token == ANN
        shown = f"{credentials!r} {credentials} {security!r} {env!r} {vars(env)} {vars(env._session)} {vars(env._session._stream)}"
    assert ANN not in caplog.text + shown
    with pytest.raises(spikedrive.InvalidArgumentError, match=r"security: a str, and no spikedrive\.Security") as told:
        make("env", server=guarded.address, security=ANN)
    assert ANN not in str(told.value)


def test_files_are_read_anew_for_each_session(papers, guarded, tmp_path):
    token = tmp_path / "token"
    token.write_text("old-0123456789abcdef")
    env = make("env", server=guarded.address, security=Security(token_file=token))
    with contextlib.closing(env):
        with pytest.raises(spikedrive.AccessDeniedError):
            env.reset(seed=1)
        token.write_text(ANN)
        env.reset(seed=1)


@pytest.mark.parametrize(
    ("files", "text"),
    [
        ({"certificate": "ca-client.pem"}, r"key \(SPIKEDRIVE_TLS_KEY\): missing beside certificate '.*ca-client.pem'"),
        ({"key": "ca-client.key"}, r"certificate \(SPIKEDRIVE_TLS_CERT\): missing beside key"),
        ({"ca": "absent"}, r"ca: '.*absent' \(SPIKEDRIVE_TLS_CA\) cannot be read: No such file"),
        ({"ca": "ann"}, "ca: '.*ann' holds no certificates in PEM form"),
        ({"ca": "empty"}, "ca: '.*empty' holds no certificates in PEM form"),
        ({"ca": "broken"}, "ca: '.*broken' holds no certificates in PEM form"),
        ({"certificate": "ca-client.pem", "key": "ca-server.key"}, "are no certificate and its key in PEM form"),
        ({"certificate": "ca-client.pem", "key": "encrypted.key"}, "wants a passphrase: give a key without one"),
        ({"token_file": "absent"}, r"token_file: '.*absent' \(SPIKEDRIVE_TOKEN_FILE\) cannot be read"),
        ({"token_file": "tokens"}, "token_file: '.*tokens' holds no token: write it there alone, in one line"),
        ({"token_file": "empty"}, "token_file: '.*empty' holds no token"),
    ],
)
def test_files_that_are_no_use_are_told_at_once(papers, files, text):
    papers.write("empty", b"")
    papers.write("broken", b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n")
    with pytest.raises(spikedrive.InvalidArgumentError, match=text) as told:
        make("env", server="https://localhost:1", security=Security(**{name: papers.path(file) for name, file in files.items()}))
    assert "0123456789" not in str(told.value)


def test_the_server_of_a_process_is_its_own(papers, monkeypatch):
    monkeypatch.setenv("SPIKEDRIVE_SERVE_TOKENS", str(papers.path("tokens")))
    monkeypatch.setenv("SPIKEDRIVE_SERVE_TLS_CERT", str(Path("/nowhere")))
    # Metrics are for whoever runs a server on purpose.
    assert _server._environment()["SPIKEDRIVE_METRICS"] == "off"
    local = LocalServer()
    drive("env", local.address.text)
    local.stop()
