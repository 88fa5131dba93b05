"""Who may ask the host, and how many at a time."""

from __future__ import annotations

import hmac
from collections.abc import Sequence
from typing import Final
from urllib.parse import urlsplit

from starlette.requests import HTTPConnection
from starlette.types import ASGIApp, Receive, Scope, Send

from generators.errors import Busy
from generators.host.errors import Malformed, refusal

UNGATED: Final = "/health"  # probes bring no key, and the answer holds no secret
LOOPBACK: Final = frozenset({"localhost", "127.0.0.1", "::1"})
CROWD: Final = 1024  # requests at a time; their bodies may hold 4 MB each, and an engine takes a tenth of them


class Gate:
    """Lets requests with one of the keys in; without any key, those that name this machine itself.

    The latter keeps pages in a browser on this machine out, whatever name they have been given for it. Of a crowd,
    who comes last is told that the host is busy before anything of the request is read.

    Args:
        keys: each opens everything; none where only this machine reaches the host.
    """

    def __init__(self, app: ASGIApp, keys: Sequence[str]) -> None:
        self._app = app
        self._keys = [key.encode() for key in keys]
        self._inside = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["path"] != UNGATED:
            fault = self._fault(HTTPConnection(scope)) or (Busy(self._inside) if self._inside >= CROWD else None)
            if fault is not None:
                return await refusal(fault)(scope, receive, send)
        self._inside += 1
        try:
            return await self._app(scope, receive, send)
        finally:
            self._inside -= 1

    def _fault(self, request: HTTPConnection) -> Malformed | None:
        headers = request.headers
        if self._keys:
            scheme, _, token = headers.get("authorization", "").partition(" ")
            given = token.strip().encode("latin-1")  # header values arrive as latin-1: back to the bytes that were sent
            fits = [hmac.compare_digest(given, key) for key in self._keys]  # all, so that time tells nothing
            if scheme.lower() == "bearer" and any(fits):
                return None
            return Malformed(None, "This host needs its key: send Authorization: Bearer with host.key.", 401)
        if _name(headers.get("host", "")) not in LOOPBACK or "origin" in headers:
            return Malformed(None, "This host answers only programs on its own machine; it has no host.key.")
        return None


def _name(host: str) -> str | None:
    try:
        return urlsplit(f"//{host}").hostname
    except ValueError:
        return None
