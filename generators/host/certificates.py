"""The host's certificate and its key: read, looked at, and made into what TLS needs."""

from __future__ import annotations

import ssl
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_private_key

from generators.errors import Translate, UserError, english


@dataclass(eq=False)
class UnusableCertificate(UserError):
    """A file that TLS was to be spoken with.

    Attributes:
        path: of it.
        why: what is wrong, and what to do.
    """

    path: str
    why: str

    def sentence(self, translate: Translate = english) -> str:
        del translate  # whoever runs the host reads it, in a shell
        return f"{self.path} {self.why}."


def server_context(certificate: Path, key: Path | None = None) -> ssl.SSLContext:
    """TLS with this certificate.

    Args:
        certificate: PEM, the host's own first, then those that lead to its authority.
        key: PEM; None where it stands in the same file.

    Raises:
        UnusableCertificate: a file cannot be read, or the two do not belong together.
    """
    own = certificate_in(certificate)
    holder = certificate if key is None else key
    data = _read(holder, "host.certificate_key")
    try:
        public = load_pem_private_key(data, None).public_key()
    except TypeError as fault:
        why = "holds a key that is encrypted; `openssl pkey -in FILE -out host.key.pem` writes one that is not"
        raise UnusableCertificate(str(holder), why) from fault
    except (ValueError, UnsupportedAlgorithm) as fault:
        why = "holds no private key in PEM form; set host.certificate_key to the file that does"
        raise UnusableCertificate(str(holder), why) from fault
    spki = (Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    if public.public_bytes(*spki) != own.public_key().public_bytes(*spki):
        why = f"holds another key than that of {certificate}; set host.certificate_key to its own"
        raise UnusableCertificate(str(holder), why)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    try:
        context.load_cert_chain(certificate, holder, password="")  # never asked for in the terminal
    except (OSError, ssl.SSLError) as fault:  # what OpenSSL refuses besides, such as a key that is too short
        why = f"is refused by OpenSSL ({_reason(fault)}); make another certificate"
        raise UnusableCertificate(str(certificate), why) from fault
    return context


def certificate_in(path: Path) -> x509.Certificate:
    """The first certificate in a PEM file.

    Raises:
        UnusableCertificate: there is none.
    """
    try:
        return x509.load_pem_x509_certificates(_read(path, "host.certificate"))[0]
    except (ValueError, UnsupportedAlgorithm) as fault:
        why = "holds no certificate in PEM form; set host.certificate to a file that does"
        raise UnusableCertificate(str(path), why) from fault


def _read(path: Path, setting: str) -> bytes:
    try:
        return path.read_bytes()
    except OSError as fault:
        why = f"cannot be read ({_reason(fault)}); set {setting} to a file that this user may read"
        raise UnusableCertificate(str(path), why) from fault


def _reason(fault: OSError) -> str:
    if isinstance(fault, ssl.SSLError):
        return (fault.reason or "unknown").lower().replace("_", " ")
    return fault.strerror or type(fault).__name__
