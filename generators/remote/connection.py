"""HTTP to a completions API: requests, server-sent events, and what its errors mean here."""

from __future__ import annotations

import asyncio
import json
import math
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import httpx
from httpx_sse import EventSource, SSEError

from generators.errors import ModelFailed, UnknownModel, Unsupported, UnusableModel, UserError
from generators.remote.errors import HostAway, HostBusy, HostRefused, HostStarting, KeyRefused, NotAnApi
from generators.remote.trust import trust, unreachable
from generators.resuming import Lost
from generators.wire import FAILED, Json, error_from_json

PREFIX: Final = "remote:"  # of a model's name here
CONNECT: Final = 5.0  # s
RESTART: Final = 10.0  # s in which a host that was started again takes connections, also with torch to load
PAUSE: Final = 0.25  # s between two looks whether it does
SILENCE: Final = 120.0  # s; a host of ours gives a sign of life every 10
REASON: Final = 200  # characters of a stranger's message
LOCAL: Final = frozenset({"localhost", "127.0.0.1", "::1"})


class Connection:
    """One host.

    Args:
        url: of the API, with or without the `/v1` at its end.
        key: sent as a bearer key.
        authority: see `trust`.
    """

    def __init__(self, url: str, key: str | None, authority: Path | None = None) -> None:
        base = url.rstrip("/").removesuffix("/v1")
        self._client = httpx.AsyncClient(
            base_url=f"{base}/v1/",
            headers=[(b"Authorization", f"Bearer {key}".encode())] if key else None,
            timeout=httpx.Timeout(SILENCE, connect=CONNECT),
            limits=httpx.Limits(max_connections=None, max_keepalive_connections=20),  # the host says when it is full
            verify=trust(url, authority),
            trust_env=urlsplit(base).hostname not in LOCAL,  # no proxy can reach this machine's own ports
        )

    async def models(self) -> list[Json]:
        """What `/v1/models` lists.

        Raises:
            UserError: it cannot be had.
        """
        try:
            answer = await self._client.get("models", timeout=CONNECT)
        except httpx.HTTPError as fault:
            raise unreachable(fault) from fault
        if answer.status_code in (404, 405):
            raise NotAnApi
        if answer.is_error:
            raise meaning(answer.status_code, answer.content)
        try:
            listed = [dict(entry) for entry in answer.json()["data"]]
            return [entry for entry in listed if isinstance(entry["id"], str)]
        except (ValueError, KeyError, TypeError) as fault:
            raise NotAnApi from fault

    @asynccontextmanager
    async def completion(self, body: Json) -> AsyncIterator[AsyncIterator[Json]]:
        """The messages that answer a request, up to `[DONE]`.

        Raises:
            Lost: the connection broke, also while the messages are read.
            UserError, ModelFailed: the host refuses the request, also while the messages are read.
        """
        sending = self._client.stream("POST", "completions", json={**body, "stream": True})
        try:
            async with sending as response:
                if response.is_error:
                    raise meaning(response.status_code, await response.aread())
                yield _messages(response)
        except (httpx.ConnectError, httpx.ConnectTimeout) as fault:
            raise unreachable(fault) from fault
        except httpx.TransportError as fault:
            raise Lost from fault
        except httpx.DecodingError as fault:
            raise NotAnApi from fault

    async def back(self, patience: float = math.inf) -> None:
        """Waits until a host that broke a connection takes one again, for as long as a restart takes.

        Whether it does is left to the next request to find out.

        Args:
            patience: seconds, where there is less time than that.
        """
        until = time.monotonic() + min(RESTART, patience)
        while time.monotonic() < until:
            try:
                await self._client.get("models", timeout=CONNECT)
            except (httpx.ConnectError, httpx.ConnectTimeout):
                await asyncio.sleep(PAUSE)
            except httpx.HTTPError:
                return  # somebody is there
            else:
                return

    async def close(self) -> None:
        """Gives the connections back."""
        await self._client.aclose()


async def _messages(response: httpx.Response) -> AsyncIterator[Json]:
    try:
        async for event in EventSource(response).aiter_sse():
            if event.data == "[DONE]":
                return
            told = json.loads(event.data)
            if not isinstance(told, dict):
                raise NotAnApi
            if "error" in told:
                raise _meaning_of(told["error"], None)
            yield told
    except (SSEError, ValueError, TypeError) as fault:
        raise NotAnApi from fault
    raise Lost


def meaning(status: int, content: bytes) -> Exception:
    """What an error's answer says, as an error of ours."""
    try:
        told = json.loads(content)
        error: Any = told.get("error", told.get("detail", told.get("message", told)))
    except (ValueError, AttributeError):
        error = None
    return _meaning_of(error, status)


def _meaning_of(error: Any, status: int | None) -> Exception:
    """As above; without a status it came in the middle of a text."""
    if isinstance(error, dict):
        if (ours := error_from_json(error)) is not None:
            return _named_here(ours)
        if error.get("code") == FAILED:
            return ModelFailed(str(error.get("message")))
        error = error.get("message", "")
    reason = str(error or "").strip()[:REASON]
    match status:
        case 401 | 403:
            return KeyRefused()
        case 429:
            return HostBusy()
        case 503:
            return HostStarting()
        case 502 | 504:  # a proxy says it
            return HostAway()
        case 404 | 405 if not reason:
            return NotAnApi()
        case _:
            return HostRefused(reason or f"{status}.")


def _named_here(fault: UserError) -> UserError:
    """A host's error with the names that models have here."""
    match fault:
        case UnknownModel():
            return UnknownModel(PREFIX + fault.name, fault.nearest and PREFIX + fault.nearest)
        case Unsupported():
            return Unsupported(PREFIX + fault.model, fault.what)
        case UnusableModel():
            return UnusableModel(PREFIX + fault.path, fault.reason)
    return fault
