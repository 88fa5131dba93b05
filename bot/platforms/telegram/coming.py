"""How updates come: asked for again and again, or posted to an address of ours."""

from __future__ import annotations

import asyncio
import hmac
import json
import re
import secrets
from collections.abc import Awaitable, Callable, Iterator
from contextlib import AbstractContextManager, nullcontext
from functools import partial
from typing import Final, TypeVar

import structlog
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from telegram import User
from telegram.error import BadRequest, Conflict, InvalidToken

from bot.configuration import TelegramKeys
from bot.platforms.telegram.client import Client
from bot.platforms.telegram.faults import OUTAGES, UnusableSecret, WebhookPort, WebhookRefused, WrongToken
from bot.platforms.telegram.listening import Listener
from bot.platforms.web.listening import CannotListen, PortInUse, listen
from storage.errors import StorageError

T = TypeVar("T")

FIRST_PAUSE: Final = 0.25  # seconds after Telegram did not answer; doubles as long as it goes on
LONGEST_PAUSE: Final = 30.0  # seconds
GRACE: Final = 2  # s; how long open requests may take when the webhook closes
UPDATE: Final = 1_000_000  # bytes; an update is text and names, a few kilobytes
SECRET: Final = re.compile(r"[A-Za-z0-9_-]{1,256}")  # Bot API 10.1, setWebhook
SECRET_HEADER: Final = "X-Telegram-Bot-Api-Secret-Token"  # its name

log = structlog.get_logger(__name__)


def pauses() -> Iterator[float]:
    """Seconds to wait, each time longer."""
    pause = FIRST_PAUSE
    while True:
        yield pause
        pause = min(2 * pause, LONGEST_PAUSE)


async def answered(call: Callable[[], Awaitable[T]]) -> T:
    """What a call brings, however long Telegram is away.

    Raises:
        WrongToken: the token is not accepted.
        BadRequest: the call is refused.
    """
    for pause in pauses():
        try:
            return await call()
        except InvalidToken:
            raise WrongToken from None  # the library's error has the token in it
        except BadRequest:
            raise
        except OUTAGES as error:
            log.warning("Telegram does not answer; trying again", seconds=pause, reason=_reason(error))
        await asyncio.sleep(pause)
    raise AssertionError("pauses never end")


async def poll(client: Client, listener: Listener, me: User) -> None:
    """Asks for updates until it is cancelled; each poll confirms what is stored of the one before.

    Raises:
        WrongToken: the token is not accepted any more.
    """
    await answered(client.delete_webhook)
    offset: int | None = None
    waits = pauses()
    away = False
    while True:
        try:
            updates = await client.updates(offset, listener.kinds)
            await listener.take_in(updates, me)
        except InvalidToken:
            raise WrongToken from None
        except (*OUTAGES, StorageError) as error:
            if not away:
                away = True
                _log_failure(error)
            await asyncio.sleep(next(waits))
            continue
        if away:
            log.info("Telegram's updates come again")
            away, waits = False, pauses()
        # Ids may start anew after a quiet week, so what is confirmed is not asked for any more.
        offset = max(int(update["update_id"]) for update in updates) + 1 if updates else None


def _log_failure(error: Exception) -> None:
    if isinstance(error, Conflict):
        log.error("another program takes this bot's updates; stop it, or make a new token", reason=str(error))
    elif isinstance(error, StorageError):
        log.error("Telegram's updates cannot be stored; they will come again", reason=str(error))
    else:
        log.warning("Telegram's updates do not come; trying again", reason=_reason(error))


def _reason(error: Exception) -> str:
    return str(error) or repr(error)


class Webhook:
    """A small server to which Telegram posts updates, which answers once they are stored.

    Raises:
        WebhookPort: nobody can listen where the operator wants it.
        UnusableSecret: Telegram could not send the operator's secret.
    """

    def __init__(self, keys: TelegramKeys) -> None:
        assert keys.webhook is not None
        self._url = keys.webhook
        self._secret = keys.webhook_secret.get_secret_value() if keys.webhook_secret else secrets.token_urlsafe(32)
        if not SECRET.fullmatch(self._secret):
            raise UnusableSecret
        try:
            self._socket = listen(keys.webhook_host, keys.webhook_port)
        except (PortInUse, CannotListen) as fault:
            raise WebhookPort(keys.webhook_host, keys.webhook_port) from fault

    @property
    def port(self) -> int:
        """Where it listens; another than the operator's if that is 0."""
        port: int = self._socket.getsockname()[1]
        return port

    async def run(self, client: Client, listener: Listener, me: User) -> None:
        """Serves until it is cancelled. Telegram keeps the address, and what it cannot post until the next start.

        Raises:
            WrongToken: the token is not accepted.
            WebhookRefused: the address is not.
        """
        server = _Server(
            uvicorn.Config(
                self._app(listener, me),
                lifespan="off",
                ws="none",
                log_config=None,
                access_log=False,
                proxy_headers=False,
                server_header=False,
                timeout_graceful_shutdown=GRACE,
            )
        )
        serving = asyncio.create_task(server.serve(sockets=[self._socket]))
        announcing = asyncio.create_task(self._announce(client, listener))
        try:
            await asyncio.wait({serving, announcing}, return_when=asyncio.FIRST_COMPLETED)
            await (announcing if announcing.done() else serving)
        finally:
            announcing.cancel()
            server.should_exit = True
            await serving

    async def _announce(self, client: Client, listener: Listener) -> None:
        """Names the address, and again whenever other kinds of updates are wanted."""
        while True:
            changed, kinds = listener.changed, listener.kinds
            try:
                named = partial(client.set_webhook, self._url, allowed_updates=list(kinds), secret_token=self._secret)
                await answered(named)
            except BadRequest as error:
                raise WebhookRefused(self._url, str(error)) from error
            log.info("Telegram posts its updates", url=self._url, port=self.port)
            while listener.kinds == kinds:
                await changed.wait()
                changed = listener.changed

    def _app(self, listener: Listener, me: User) -> Starlette:
        async def take(request: Request) -> Response:
            given = request.headers.get(SECRET_HEADER, "")
            if not hmac.compare_digest(given.encode(), self._secret.encode()):
                return Response(status_code=401)
            body = b""
            async for chunk in request.stream():
                body += chunk
                if len(body) > UPDATE:
                    return Response(status_code=413)
            try:
                update = json.loads(body)
            except ValueError:
                return Response(status_code=400)
            if not isinstance(update, dict) or not isinstance(update.get("update_id"), int):
                return Response(status_code=400)
            try:
                await listener.take_in([update], me)
            except StorageError as error:
                log.error("an update cannot be stored; it will come again", reason=str(error))  # noqa: TRY400
                return Response(status_code=503)
            return Response()

        return Starlette(routes=[Route("/{path:path}", take, methods=["POST"])])  # proxies may keep the path or not


class _Server(uvicorn.Server):
    """Leaves the signals to whoever runs the bot."""

    def capture_signals(self) -> AbstractContextManager[None]:  # type: ignore[override]
        return nullcontext()
