"""What every request goes through: misbehaviour, token, rates, the published document, then its handler."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Sequence
from typing import TYPE_CHECKING, Any, Final

from aiohttp import web

from tests.fakes.discord.faults import Refusal, Request
from tests.fakes.discord.messages import Upload
from tests.fakes.discord.rates import Verdict
from tests.fakes.discord.rest import channels, commands, identity, interactions, messages
from tests.fakes.discord.rest.routing import ROUTES, Call, Route
from tests.fakes.discord.schema import published

if TYPE_CHECKING:
    from tests.fakes.discord.server import DiscordServer

PREFIX: Final = "/api/v10"
VIA: Final = {"Via": "1.1 google"}  # a 429 without it is Cloudflare's ban, as libraries read it
RESOURCES: Final = (channels, commands, identity, interactions, messages)  # imported for their routes
BODY: Final = 64 * 1024 * 1024  # bytes that are read before any limit is checked


class Api:
    """The REST API as an aiohttp application's routes."""

    def __init__(self, server: DiscordServer) -> None:
        self._server = server
        self._schema = published() if server.checked else None

    @property
    def schema_checked(self) -> bool:
        """Whether requests are held against the published document."""
        return self._schema is not None

    def register(self, app: web.Application) -> None:
        """Adds every route, and what answers all others with 404."""
        for route in ROUTES:
            app.router.add_route(route.method, PREFIX + route.template, self._bound(route))
        app.router.add_route("*", PREFIX + "/{rest:.*}", self._bound(None))

    def _bound(self, route: Route | None) -> Callable[[web.Request], Awaitable[web.Response]]:
        async def handle(request: web.Request) -> web.Response:
            return await self._handle(request, route)

        return handle

    async def _handle(self, request: web.Request, route: Route | None) -> web.Response:
        server = self._server
        path = request.rel_url.path.removeprefix(PREFIX)
        if server.down:
            return web.Response(status=503, text="upstream connect error", headers=VIA)
        body, files, flaw = await read(request)
        record = Request(request.method, path, body, tuple(upload.name for upload in files), server.now())
        server.requests.append(record)
        order = server.misbehaviour.take(request.method, path)
        if order is not None and order.seconds:
            await asyncio.sleep(order.seconds)
        if order is not None and order.status is not None:
            response = answer(order.payload(), order.status, order.headers())
        else:
            server.current = record
            response = self._answer(request, route, body, files, flaw)
        record.status = response.status
        server.invalid_requests += response.status in (401, 403, 429)
        server.watch.notify()
        return response

    def _answer(
        self, request: web.Request, route: Route | None, body: Any, files: Sequence[Upload], flaw: Refusal | None
    ) -> web.Response:
        headers: dict[str, str] = {}
        try:
            known = self._admitted(request, route)
            verdict = self._paced(request, known)
            headers = verdict.headers
            if verdict.retry_after is not None:
                self._server.note(429, 0, f"too many requests: {known.bucket.name}, again in {verdict.retry_after} s")
                return answer(verdict.payload, 429, headers)
            self._check(known, body, flaw)
            result = known.handler(Call(self._server, request.match_info, request.query, body, files))
        except Refusal as refusal:
            self._server.note(refusal.status, refusal.code, refusal.why)
            return answer(refusal.payload(), refusal.status, headers)
        return answer(result, 204 if result is None else 200, headers)

    def _admitted(self, request: web.Request, route: Route | None) -> Route:
        if route is None:
            raise Refusal(404, 0, "404: Not Found")
        if route.authorised and request.headers.get("Authorization") != f"Bot {self._server.token}":
            raise Refusal(401, 0, "401: Unauthorized")
        return route

    def _check(self, route: Route, body: Any, flaw: Refusal | None) -> None:
        if flaw is not None:
            raise flaw
        if self._schema is not None and self._schema.knows(route.method, route.template):
            self._schema.check(route.method, route.template, body)

    def _paced(self, request: web.Request, route: Route) -> Verdict:
        if not self._server.paced:
            return Verdict({})
        major = "" if route.major is None else request.match_info[route.major]
        return self._server.rates.check(route.bucket, major, within_global=route.authorised)

    async def attachment(self, request: web.Request) -> web.Response:
        """A file that somebody sent, as from Discord's content network: it knows no tokens, rates or error codes."""
        server, path = self._server, request.rel_url.path
        record = Request("GET", path, None, (), server.now())
        server.requests.append(record)
        server.watch.notify()
        order = server.misbehaviour.take("GET", path)
        if order is not None and order.seconds:
            await asyncio.sleep(order.seconds)
        kept = server.attachments.get(int(request.match_info["id"]))
        if order is not None and order.status is not None:
            record.status = order.status
        elif server.down:
            record.status = 503
        elif kept is None or kept.ends <= server.now():
            record.status = 404
        else:
            record.status = 200
            return web.Response(body=kept.data, content_type=kept.content_type)
        return web.Response(status=record.status, text="This content is no longer available.")


async def read(request: web.Request) -> tuple[Any, list[Upload], Refusal | None]:
    """The JSON of a request, its files, and what is wrong with them as a whole."""
    if request.content_type == "multipart/form-data":
        form = await request.post()
        files = [
            Upload(field.filename, field.file.read()) for field in form.values() if isinstance(field, web.FileField)
        ]
        text = form.get("payload_json", "{}")
        raw = text if isinstance(text, str) else "{}"
    else:
        raw, files = (await request.read()).decode("utf-8", "surrogateescape"), []
    if not raw:
        return None, files, None
    try:
        raw.encode()
        body = json.loads(raw)
        if "\\ud" in raw.lower():
            json.dumps(body, ensure_ascii=False).encode()  # halves of characters are refused
    except ValueError:
        return raw, files, Refusal(400, 50109, "The request body contains invalid JSON.")
    return body, files, None


def answer(result: object, status: int, headers: dict[str, str]) -> web.Response:
    """A JSON answer; the content type has no charset, as libraries compare it whole."""
    body = b"" if status == 204 else json.dumps(result).encode()
    kind = None if status == 204 else "application/json"
    return web.Response(body=body, status=status, headers=VIA | headers, content_type=kind)
