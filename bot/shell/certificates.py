"""The certificate that `planchette host` shows: used there, and looked at by the doctor."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

from bot.shell.checks import Finding, State
from generators.errors import UserError

if TYPE_CHECKING:
    import ssl

    from bot.configuration import Configuration, HostKeys

SOON: Final = timedelta(days=14)  # authorities that renew by themselves do so well before


def tls_of(keys: HostKeys) -> ssl.SSLContext | None:
    """What HTTPS is spoken with; None where there is no certificate.

    Raises:
        UserError: it cannot be used, or there is only its key.
    """
    from generators.host.certificates import UnusableCertificate, server_context

    if keys.certificate is not None:
        return server_context(keys.certificate, keys.certificate_key)
    if keys.certificate_key is not None:
        raise UnusableCertificate(str(keys.certificate_key), "is the key of no certificate; set host.certificate too")
    return None


def certificate_findings(configuration: Configuration) -> Iterator[Finding]:
    """Whether the certificate can be used, and for how long."""
    from generators.host.certificates import certificate_in

    path = configuration.host.certificate
    try:
        if tls_of(configuration.host) is None or path is None:
            return
        until = certificate_in(path).not_valid_after_utc
    except UserError as fault:
        yield Finding("certificate", State.PROBLEM, fault.sentence())
        return
    now = datetime.now(UTC)
    if until <= now:
        yield Finding("certificate", State.PROBLEM, f"{path} has been over since {until:%Y-%m-%d}; renew it.")
    else:
        state = State.NOTE if until - now < SOON else State.GOOD
        yield Finding("certificate", state, f"{path} is valid until {until:%Y-%m-%d}.")
