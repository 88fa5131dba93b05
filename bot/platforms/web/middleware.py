"""What stands before every request: the gate, the size of bodies, and headers that keep a browser safe."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final
from urllib.parse import quote

from starlette.datastructures import MutableHeaders
from starlette.requests import HTTPConnection
from starlette.responses import RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from bot.corpora.uploads import MOST
from bot.platforms.web.desk import Desk
from bot.platforms.web.errors import Refusal, refused
from bot.platforms.web.gate import Level

BODY: Final = 256 * 1024  # bytes; 20,000 characters outside the BMP, each escaped as \\uXXXX\\uXXXX, are 240,000
DRAINED: Final = 8 * 1024 * 1024  # bytes of a larger body that are read and dropped: senders rarely look up earlier
FILES: Final = re.compile(r"/api/rooms/[^/]+/files")  # where the body is a file, which only admins give
OPEN: Final = ("/static/", "/login")  # what a stranger may see: the page's own looks, and the door
UNGATED: Final = "/health"  # probes ask by address and bring no key; the answer holds no secret

SECURITY_HEADERS: Final = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
        "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}


class SafeHeaders:
    """Adds the security headers to every response that has not set them itself."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def send_safely(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in SECURITY_HEADERS.items():
                    headers.setdefault(name, value)
                # a page's looks are asked for again each time, but sent only when they have changed
                headers.setdefault("Cache-Control", "no-cache" if scope["path"].startswith("/static/") else "no-store")
            await send(message)

        await self._app(scope, receive, send_safely if scope["type"] == "http" else send)


class Doorkeeper:
    """Lets a request in or refuses it; leaves what its sender may do in `request.state.level`."""

    def __init__(self, app: ASGIApp, desk: Desk) -> None:
        self._app = app
        self._desk = desk

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["path"] != UNGATED:
            try:
                answer = self._refusal(HTTPConnection(scope))
            except Refusal as fault:
                answer = refused(fault.status, fault.sentence())
            if answer is not None:
                return await answer(scope, receive, send)
        return await self._app(scope, receive, send)

    def _refusal(self, request: HTTPConnection) -> Response | None:
        """What to answer to who stays outside.

        Raises:
            Refusal: the host is not ours, or there were too many wrong keys.
        """
        gate = self._desk.gate
        path: str = request.scope["path"]
        gate.check_host(request.headers)
        request.state.level = gate.level(request.headers, request.cookies.get(self._desk.session_cookie))
        if request.state.level is not None or path.startswith(OPEN):
            return None
        if not gate.keyed:
            return refused(401, "From elsewhere this room needs a key; whoever runs it has to set web.key first.")
        if "authorization" in request.headers:
            self._desk.count_wrong_key(request)
        if _wants_page(path, request.headers):
            return RedirectResponse(f"/login?next={quote(path, safe='/')}", 303)
        return refused(401, "This room needs its key: send Authorization: Bearer with web.key, or log in at /login.")


class SmallBodies:
    """Reads a request's body before anything parses it, and refuses one that is too large."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] in ("GET", "HEAD"):
            return await self._app(scope, receive, send)
        most = _most(scope)
        body = bytearray()
        size = 0
        more = True
        while more and size <= most + DRAINED:
            message = await receive()
            if message["type"] != "http.request":
                return None  # the sender went away
            chunk: bytes = message.get("body", b"")
            size += len(chunk)
            if size <= most:
                body += chunk
            more = message.get("more_body", False)
        if size > most:
            answer = refused(413, f"The body is larger than {most // 1024} KB; send less at once.")
            if more:
                answer.headers["Connection"] = "close"
            return await answer(scope, receive, send)
        handed = False

        async def receive_again() -> Message:
            nonlocal handed
            if handed:
                return await receive()
            handed = True
            return {"type": "http.request", "body": bytes(body), "more_body": False}

        return await self._app(scope, receive_again, send)


def _most(scope: Scope) -> int:
    """Bytes that the body of a request may have."""
    level = getattr(HTTPConnection(scope).state, "level", None)
    return MOST if level is Level.ADMIN and FILES.fullmatch(scope["path"]) else BODY


def _wants_page(path: str, headers: Mapping[str, str]) -> bool:
    return not path.startswith("/api") and "text/html" in headers.get("accept", "")
