"""Updates posted to the bot's address, again and again until it takes them."""

from __future__ import annotations

import asyncio
import re
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit, urlunsplit

import aiohttp

from tests.fakes.telegram.limits import SECRET_TOKEN
from tests.fakes.telegram.refusal import bad_request

if TYPE_CHECKING:
    from tests.fakes.telegram.server import TelegramServer

PORTS: Final = frozenset({443, 80, 88, 8443})  # setWebhook, notes
LOOPBACK: Final = re.compile(r"(127\.\d+\.\d+\.\d+|localhost|::1)\Z")
RETRY_SECONDS: Final = 0.2  # Telegram waits longer each time; tests do not
ANSWER_SECONDS: Final = 10.0


class Webhook:
    """Where updates are posted, and how that goes.

    Attributes:
        url: of the bot; empty while it polls.
        secret: the value of X-Telegram-Bot-Api-Secret-Token.
        failed: the last failure, empty for none.
    """

    def __init__(self, telegram: TelegramServer) -> None:
        self._telegram = telegram
        self.url = ""
        self.secret: str | None = None
        self.failed = ""
        self._failed_at = 0
        self._task: asyncio.Task[None] | None = None

    async def set(self, url: str, secret: str | None) -> None:
        """Posts updates to an address from now on; an empty one ends that."""
        await self.stop()
        if not url:
            self.url, self.secret = "", None
            return
        parts = urlsplit(url)
        if not LOOPBACK.match(parts.hostname or ""):
            if parts.scheme != "https":
                raise bad_request("bad webhook: An HTTPS URL must be provided for webhook")
            if (parts.port or 443) not in PORTS:
                raise bad_request("bad webhook: Webhook can be set up only on ports 80, 88, 443 or 8443")
        if secret is not None and not SECRET_TOKEN.match(secret):
            raise bad_request("secret token contains unallowed characters")
        self.url, self.secret, self.failed = url, secret, ""
        self._task = asyncio.create_task(self._post_all())

    async def stop(self) -> None:
        """Posts nothing any more."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait({self._task})
            self._task = None

    def info(self) -> dict[str, Any]:
        """A WebhookInfo."""
        described: dict[str, Any] = {
            "url": self.url,
            "has_custom_certificate": False,
            "pending_update_count": self._telegram.updates.pending,
        }
        if self.failed:
            described |= {"last_error_date": self._failed_at, "last_error_message": self.failed}
        return described

    async def _post_all(self) -> None:
        headers = {} if self.secret is None else {"X-Telegram-Bot-Api-Secret-Token": self.secret}
        timeout = aiohttp.ClientTimeout(total=ANSWER_SECONDS)
        async with aiohttp.ClientSession(headers=headers, timeout=timeout) as session:
            while True:
                update = await self._telegram.updates.first()
                try:
                    async with session.post(self._address(), json=update) as response:
                        await response.read()
                        failed = "" if response.ok else f"Wrong response from the webhook: {response.status}"
                except (aiohttp.ClientError, TimeoutError) as error:
                    failed = f"Connection failed: {error}"
                if failed:
                    self.failed, self._failed_at = failed, int(self._telegram.clock())
                    await asyncio.sleep(RETRY_SECONDS)
                else:
                    self._telegram.updates.delivered(update)

    def _address(self) -> str:
        if not self._telegram.webhook_via:
            return self.url
        near, far = urlsplit(self._telegram.webhook_via), urlsplit(self.url)
        return urlunsplit((near.scheme, near.netloc, far.path, far.query, ""))
