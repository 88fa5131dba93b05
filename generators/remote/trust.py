"""Which certificate a host may show, and what a connection that could not be made means."""

from __future__ import annotations

import ssl
from pathlib import Path
from typing import Final

import httpx

from generators.errors import UserError
from generators.remote.errors import CertificateRefused, HostAway, NotAnApi

CUT: Final = (ssl.SSLEOFError, ssl.SSLZeroReturnError, ssl.SSLSyscallError)  # the connection broke, whatever spoke


def trust(url: str, authority: Path | None) -> ssl.SSLContext | bool:
    """Whom to believe that a host is the one it is called: what httpx takes as `verify`.

    Args:
        url: of the host.
        authority: PEM certificates that alone are believed, or vouch for others; None for the well-known authorities
            and those that this system trusts.

    Raises:
        OSError: the file holds no certificate, or cannot be read.
    """
    if not url.startswith("https:"):
        return True  # reading them takes a while, and nobody shows any
    if authority is not None:
        return ssl.create_default_context(cafile=authority)
    context = httpx.create_ssl_context()
    context.load_default_certs()
    return context


def unreachable(fault: httpx.HTTPError) -> UserError:
    """The sentence for a connection that could not be made."""
    cause: BaseException | None = fault
    while cause is not None:
        if isinstance(cause, ssl.SSLCertVerificationError):
            return CertificateRefused(cause.verify_message.partition(",")[0])  # what follows names the address
        if isinstance(cause, ssl.SSLError) and not isinstance(cause, CUT):
            return NotAnApi()
        cause = cause.__cause__ or cause.__context__
    return HostAway()
