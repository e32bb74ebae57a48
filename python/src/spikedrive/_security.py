"""Whom a client trusts, and what it shows: certificates and a token, read from files."""

from __future__ import annotations

import os
import re
import ssl
from dataclasses import dataclass, field
from pathlib import Path

from spikedrive._address import Address
from spikedrive._errors import InvalidArgumentError

# What a token is made of: visible ASCII.
_TOKEN = re.compile(r"[!-~]+")
# How OpenSSL names the files of a directory of authorities.
_HASHED = re.compile(r"[0-9a-f]{8}\.[0-9]+")
# Where gRPC's library looks for others than its own; so does our own connection.
_GRPC_ROOTS = "GRPC_DEFAULT_SSL_ROOTS_FILE_PATH"
_VARIABLES = {
    "ca": "SPIKEDRIVE_TLS_CA",
    "certificate": "SPIKEDRIVE_TLS_CERT",
    "key": "SPIKEDRIVE_TLS_KEY",
    "token_file": "SPIKEDRIVE_TOKEN_FILE",
}


@dataclass(frozen=True, repr=False)
class Credentials:
    """What the files hold. It is shown nowhere. The default is enough for plain connections without a token."""

    authorities: bytes | None = None
    """Certificates to trust, in PEM form; None: those that gRPC's library has."""
    identity: tuple[bytes, bytes] | None = None
    """Certificate and key, in PEM form."""
    token: str | None = None
    context: ssl.SSLContext | None = field(default=None, compare=False)
    """The same certificates, for a connection of our own; None where no TLS is spoken."""

    @property
    def metadata(self) -> tuple[tuple[str, str], ...]:
        """The headers of every call."""
        return () if self.token is None else (("authorization", f"Bearer {self.token}"),)


@dataclass(frozen=True)
class Security:
    """Files that make the connection to a server safe. They are read anew for every session, so that they may be renewed."""

    ca: str | os.PathLike[str] | None = None
    """Certificates to trust, in PEM form, where the address begins with https://; None: those that the system trusts."""
    certificate: str | os.PathLike[str] | None = None
    """Certificate to show, in PEM form, where the server wants one: mutual TLS."""
    key: str | os.PathLike[str] | None = None
    """Its private key, in PEM form."""
    token_file: str | os.PathLike[str] | None = None
    """A file with the token to show, alone."""

    def __post_init__(self) -> None:
        """A certificate is of no use without its key."""
        if (self.certificate is None) != (self.key is None):
            missing, given = ("key", "certificate") if self.key is None else ("certificate", "key")
            raise InvalidArgumentError(
                f"{missing} ({_VARIABLES[missing]}): missing beside {given} {os.fspath(getattr(self, given))!r}: give both, or none"
            )

    @classmethod
    def from_environment(cls) -> Security:
        """What SPIKEDRIVE_TLS_CA, SPIKEDRIVE_TLS_CERT, SPIKEDRIVE_TLS_KEY and SPIKEDRIVE_TOKEN_FILE name."""
        return cls(**{name: os.environ.get(variable) or None for name, variable in _VARIABLES.items()})

    def read(self, address: Address) -> Credentials:
        """What the files hold for a server."""
        authorities = None if self.ca is None else _read("ca", self.ca, _VARIABLES["ca"])
        identity = None
        if self.certificate is not None and self.key is not None:
            certificate = _read("certificate", self.certificate, _VARIABLES["certificate"])
            identity = (certificate, _read("key", self.key, _VARIABLES["key"]))
        token = None if self.token_file is None else _token(self.token_file)
        if token is not None and not address.keeps_secrets:
            raise InvalidArgumentError(
                f"token_file: the token of {os.fspath(self.token_file or '')!r} would travel in the clear to {address.text}: "
                "use https://, unix:, or 127.0.0.1"
            )
        if not address.secure:
            return Credentials(token=token)
        if authorities is None and (roots := os.environ.get(_GRPC_ROOTS)):
            authorities = _read("ca", roots, _GRPC_ROOTS)
        context = self._context(authorities, identity)
        return Credentials(_system_authorities() if authorities is None else authorities, identity, token, context)

    def _context(self, authorities: bytes | None, identity: tuple[bytes, bytes] | None) -> ssl.SSLContext:
        try:
            # What is not ASCII is comment.
            cadata = None if authorities is None else authorities.decode("ascii", errors="ignore")
            if cadata is not None and "-----BEGIN CERTIFICATE-----" not in cadata:
                # Python would trust whom the system trusts, if it is empty.
                raise ssl.SSLError("no -----BEGIN CERTIFICATE-----")
            context = ssl.create_default_context(cadata=cadata)
        except ssl.SSLError as error:
            ca = self.ca or os.environ.get(_GRPC_ROOTS, "")
            raise InvalidArgumentError(f"ca: {os.fspath(ca)!r} holds no certificates in PEM form: {error}") from None
        context.set_alpn_protocols(["h2"])
        if identity is not None and self.certificate is not None and self.key is not None:
            if b"ENCRYPTED" in identity[1]:
                raise InvalidArgumentError(f"key: {os.fspath(self.key)!r} wants a passphrase: give a key without one")
            try:
                context.load_cert_chain(self.certificate, self.key)
            except ssl.SSLError as error:
                raise InvalidArgumentError(
                    f"certificate: {os.fspath(self.certificate)!r} and key {os.fspath(self.key)!r} are no certificate and its key "
                    f"in PEM form: {error}"
                ) from None
        return context


def _read(name: str, path: str | os.PathLike[str], variable: str) -> bytes:
    try:
        return Path(path).read_bytes()
    except OSError as error:
        raise InvalidArgumentError(f"{name}: {os.fspath(path)!r} ({variable}) cannot be read: {error.strerror or error}") from None


def _token(path: str | os.PathLike[str]) -> str:
    token = _read("token_file", path, _VARIABLES["token_file"]).decode("ascii", errors="replace").strip()
    if not _TOKEN.fullmatch(token):
        raise InvalidArgumentError(f"token_file: {os.fspath(path)!r} holds no token: write it there alone, in one line")
    return token


def _system_authorities() -> bytes | None:
    """The certificates that OpenSSL, and so our own connection, trusts by default: gRPC's library brings others along."""
    found = [ssl.DER_cert_to_PEM_cert(der).encode() for der in ssl.create_default_context().get_ca_certs(binary_form=True)]
    directory = ssl.get_default_verify_paths().capath
    if directory is not None:
        # OpenSSL looks into these only when it meets a certificate.
        files = sorted(path for path in Path(directory).iterdir() if _HASHED.fullmatch(path.name) and path.is_file())
        found += [path.read_bytes() for path in files]
    return b"\n".join(found) or None
