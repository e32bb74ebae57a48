"""Certificates for tests: of an authority, of those that it signed, and of a stranger."""

import datetime
import ipaddress

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

ANN = "ann-0123456789abcdef"
BOB = "bob-0123456789abcdef"


class Papers:
    """A directory of PEM files: ca, ca-server, ca-client, and the same of stranger; and one of tokens."""

    def __init__(self, directory):
        self.directory = directory
        for authority in ("ca", "stranger"):
            key, name = ec.generate_private_key(ec.SECP256R1()), _name(authority)
            of_authority = x509.BasicConstraints(ca=True, path_length=0), _usage(key_cert_sign=True, crl_sign=True)
            self.write(f"{authority}.pem", _pem(_sign(name, key, name, key, of_authority)))
            for leaf in ("server", "client"):
                own = ec.generate_private_key(ec.SECP256R1())
                places = x509.SubjectAlternativeName([x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
                of_leaf = x509.BasicConstraints(ca=False, path_length=None), _usage(digital_signature=True), places
                self.write(f"{authority}-{leaf}.pem", _pem(_sign(_name(leaf), own, name, key, of_leaf)))
                self.write(f"{authority}-{leaf}.key", _key(own, serialization.NoEncryption()))
        self.write("encrypted.key", _key(own, serialization.BestAvailableEncryption(b"secret")))
        self.write("tokens", f"ann {ANN}\nbob {BOB}\n".encode())
        self.write("ann", f"{ANN}\n".encode())
        self.write("wrong", b"wrong-0123456789abcdef")

    def write(self, name, data):
        self.path(name).write_bytes(data)

    def path(self, name):
        return self.directory / name

    def server(self, *, mutual=False):
        """The flags of a server that speaks TLS."""
        flags = ["--tls-cert", self.path("ca-server.pem"), "--tls-key", self.path("ca-server.key")]
        return [*flags, "--tls-client-ca", self.path("ca.pem")] if mutual else flags


def _name(text):
    return x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, text)])


def _usage(**wanted):
    names = ("digital_signature", "content_commitment", "key_encipherment", "data_encipherment", "key_agreement")
    names += ("key_cert_sign", "crl_sign", "encipher_only", "decipher_only")
    return x509.KeyUsage(**(dict.fromkeys(names, False) | wanted))


def _sign(subject, key, issuer, issuer_key, extensions):
    now = datetime.datetime.now(datetime.timezone.utc)
    builder = x509.CertificateBuilder(issuer, subject, key.public_key(), x509.random_serial_number())
    builder = builder.not_valid_before(now - datetime.timedelta(days=1)).not_valid_after(now + datetime.timedelta(days=1))
    for extension in extensions:
        builder = builder.add_extension(extension, critical=not isinstance(extension, x509.SubjectAlternativeName))
    builder = builder.add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    by = x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key.public_key())
    return builder.add_extension(by, critical=False).sign(issuer_key, hashes.SHA256())


def _pem(certificate):
    return certificate.public_bytes(serialization.Encoding.PEM)


def _key(key, encryption):
    return key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, encryption)
