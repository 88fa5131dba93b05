"""The HTTP side: listens on loopback, reads calls, writes answers."""

from __future__ import annotations

import asyncio
import json
import re
from typing import TYPE_CHECKING, Any, Final

from aiohttp import StreamReader, web
from aiohttp.http_parser import RawRequestMessage

from tests.fakes.telegram.control import controlled
from tests.fakes.telegram.files import Upload
from tests.fakes.telegram.limits import UPLOAD
from tests.fakes.telegram.methods import perform
from tests.fakes.telegram.refusal import Refused
from tests.fakes.telegram.schema import decoded

if TYPE_CHECKING:
    from tests.fakes.telegram.server import TelegramServer

PATH: Final = re.compile(r"/bot([^/]+)/(\w+)\Z")
FILE: Final = re.compile(r"/file/bot([^/]+)/(.+)\Z")
END_SECONDS: Final = 0.05  # for calls that still run; aiohttp takes 0 for «as long as they like»
TOKEN: Final = re.compile(r"\d+:[\w-]{30,}\Z")


class Door:
    """Where the bot comes in."""

    def __init__(self, telegram: TelegramServer, port: int) -> None:
        self._telegram = telegram
        self.port = port
        self._server: web.Server | None = None
        self._listener: asyncio.Server | None = None

    async def open(self) -> None:
        """Starts to listen."""
        # A poll whose client has gone must not stay and be in the next one's way: handlers end with their connection.
        self._server = web.Server(self._answer, request_factory=_request, handler_cancellation=True, access_log=None)
        await self.reopen()

    async def close(self) -> None:
        """Ends for good."""
        await self.shut()

    async def shut(self) -> None:
        """Refuses connections and ends those that are open."""
        if self._listener is not None and self._server is not None:
            self._listener.close()
            self._listener = None
            for connection in self._server.connections:
                if connection.transport is not None:
                    connection.transport.abort()
            await self._server.shutdown(END_SECONDS)

    async def reopen(self) -> None:
        """Listens again, on the same port."""
        assert self._server is not None
        loop = asyncio.get_running_loop()
        self._listener = await loop.create_server(self._server, "127.0.0.1", self.port, backlog=1024)
        self.port = self._listener.sockets[0].getsockname()[1]

    async def _answer(self, request: web.BaseRequest) -> web.StreamResponse:
        path = request.path
        if (match := PATH.match(path)) is not None:
            return await self._call(request, *match.groups())
        if (match := FILE.match(path)) is not None:
            return self._file(*match.groups())
        if path.startswith("/control/"):
            return await controlled(self._telegram, request)
        return web.Response(status=404, text="Not Found")

    async def _call(self, request: web.BaseRequest, token: str, method: str) -> web.StreamResponse:
        telegram = self._telegram
        parameters: dict[str, Any] = {}
        at, status, body = telegram.clock(), 200, ""
        mischief = telegram.mischiefs.next(method)
        try:
            parameters = await _parameters(request)
            self._check_token(token)
            if mischief is not None:
                await asyncio.sleep(mischief.seconds)
                if mischief.refused is not None:
                    raise mischief.refused
            if mischief is None or not mischief.drops or mischief.handled:
                body = json.dumps({"ok": True, "result": await perform(telegram, method, parameters)})
        except Refused as refused:
            status, body = refused.status, json.dumps(refused.answer())
            if not refused.ours:
                telegram.fault(method, status, refused.reason, parameters)
        dropped = mischief is not None and mischief.drops
        telegram.note(method, parameters, at, 0 if dropped else status)
        if mischief is not None and mischief.body is not None:
            return web.Response(status=status, text=mischief.body, content_type="text/html")
        if dropped and request.transport is not None:
            request.transport.abort()
        return web.Response(status=status, body=body.encode(), content_type="application/json")

    def _check_token(self, token: str) -> None:
        if not TOKEN.match(token):
            raise Refused(404, "Not Found")
        if token != self._telegram.token:
            raise Refused(401, "Unauthorized")
        if self._telegram.revoked:
            raise Refused(401, "Unauthorized", ours=True)
        if self._telegram.logged_out:
            raise Refused(400, "Logged out")

    def _file(self, token: str, path: str) -> web.StreamResponse:
        file = next((one for one in self._telegram.files.values() if one.path == path), None)
        if token != self._telegram.token or file is None:
            return web.Response(status=404, text="Not Found")
        return web.Response(body=file.data, content_type="application/octet-stream")


async def _parameters(request: web.BaseRequest) -> dict[str, Any]:
    """What a call brings, from the address, a form, multipart or JSON."""
    raw: dict[str, Any] = {name: decoded(name, value) for name, value in request.query.items()}
    try:
        if request.content_type == "application/json":
            body = await request.json()
            if not isinstance(body, dict):
                raise Refused(400, "Object expected as JSON request")
            return raw | {name: decoded(name, value) for name, value in body.items()}
        form = await request.post()
    except web.HTTPRequestEntityTooLarge:
        raise Refused(413, "Request Entity Too Large") from None
    except ValueError:
        raise Refused(400, "can't parse JSON object") from None
    uploads: dict[str, Upload] = {}
    for name, value in form.items():
        if isinstance(value, web.FileField):
            uploads[name] = Upload(value.filename, value.file.read(), value.content_type)
        elif isinstance(value, str):
            raw[name] = decoded(name, value)
    return _attached(raw, uploads)


def _attached(raw: dict[str, Any], uploads: dict[str, Upload]) -> dict[str, Any]:
    """Puts files where the fields name them as «attach://part»."""
    for name, value in raw.items():
        if isinstance(value, str) and value.startswith("attach://"):
            part = value.removeprefix("attach://")
            if part not in uploads:
                raise Refused(400, f"the file {part} is missing")
            raw[name] = uploads.pop(part)
    return raw | uploads


def _request(
    message: RawRequestMessage, payload: StreamReader, protocol: Any, writer: Any, task: asyncio.Task[None]
) -> web.BaseRequest:
    loop = asyncio.get_running_loop()
    return web.BaseRequest(message, payload, protocol, writer, task, loop, client_max_size=UPLOAD + 1_000_000)
