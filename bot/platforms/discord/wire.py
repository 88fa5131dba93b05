"""Discord's HTTP API, over the library's own clients, which wait as long as Discord's answers tell them to."""

from __future__ import annotations

from typing import Any, Final

import aiohttp
import discord
from discord.http import Route
from discord.webhook.async_ import async_context

from bot.platforms.discord.body import Body, Json, form

MESSAGE, DEFERRED, CHOICES, MODAL = 4, 5, 8, 9  # Discord API v10, interaction response types
PUBLIC_THREAD: Final = 11  # Discord API v10, channel types
ORIGINAL: Final = "@original"
DOWNLOAD: Final = aiohttp.ClientTimeout(total=120)  # seconds for a file, while its interaction waits for 15 minutes


class Wire:
    """Requests to Discord, as JSON comes and goes.

    Every method raises discord.HTTPException for what Discord refuses, and OSError or aiohttp.ClientError where it
    cannot be reached.

    Args:
        client: has logged in.
        session: for interactions, which are answered with their own tokens instead of the bot's.
    """

    def __init__(self, client: discord.Client, session: aiohttp.ClientSession) -> None:
        self._http = client.http
        self._session = session
        assert client.application_id is not None
        self._application = client.application_id

    async def create(self, channel: str, body: Body) -> Json:
        """A new message in a channel."""
        return await self._send(Route("POST", "/channels/{channel_id}/messages", channel_id=channel), body)

    async def edit(self, channel: str, message: str, body: Body) -> None:
        """Another content for a message in a channel."""
        where = {"channel_id": channel, "message_id": message}
        await self._send(Route("PATCH", "/channels/{channel_id}/messages/{message_id}", **where), body)

    async def delete(self, channel: str, message: str) -> None:
        """Takes a message away."""
        where = {"channel_id": channel, "message_id": message}
        await self._http.request(Route("DELETE", "/channels/{channel_id}/messages/{message_id}", **where))

    async def direct(self, person: str) -> str:
        """The channel that the bot shares with one person."""
        opened = await self._http.request(Route("POST", "/users/@me/channels"), json={"recipient_id": person})
        return str(opened["id"])

    async def thread(self, channel: str, name: str) -> str:
        """A new public thread."""
        route = Route("POST", "/channels/{channel_id}/threads", channel_id=channel)
        opened = await self._http.request(route, json={"name": name, "type": PUBLIC_THREAD})
        return str(opened["id"])

    async def messages(self, channel: str, after: str, limit: int) -> list[Json]:
        """The first messages of a channel or thread that follow one."""
        found: list[Any] = list(await self._http.logs_from(channel, limit, after=after))
        return found

    async def message(self, channel: str, message: str) -> Json:
        """One message of a channel or thread."""
        found: Any = await self._http.get_message(int(channel), int(message))
        return dict(found)

    async def active_threads(self, guild: str) -> list[Json]:
        """The threads of a server that are open."""
        found: Any = await self._http.get_active_threads(guild)
        return list(found["threads"])

    async def archived_threads(self, channel: str, before: str | None, limit: int) -> tuple[list[Json], bool]:
        """Public threads of a channel that are closed, the last that was closed first; whether there are more.

        Args:
            before: when the last one that is known was closed.
        """
        route = Route("GET", "/channels/{channel_id}/threads/archived/public", channel_id=channel)
        params: Json = {"limit": limit} if before is None else {"limit": limit, "before": before}
        found: Any = await self._http.request(route, params=params)
        return list(found["threads"]), bool(found["has_more"])

    async def download(self, url: str, most: int) -> bytes:
        """A file that somebody sent; of one with more than `most` bytes only its beginning, which has more too.

        Raises:
            aiohttp.ClientError: it is not there, or no longer.
        """
        data = bytearray()
        async with self._session.get(url, timeout=DOWNLOAD) as answer:
            answer.raise_for_status()
            async for chunk in answer.content.iter_any():
                data += chunk
                if len(data) > most:
                    break
        return bytes(data)

    async def commands(self) -> list[Json]:
        """What the application has registered everywhere."""
        found: list[Json] = await self._http.request(self._commands("GET"), params={"with_localizations": "true"})
        return found

    async def register(self, commands: list[Json]) -> None:
        """Registers these commands everywhere, and no others."""
        await self._http.request(self._commands("PUT"), json=commands)

    async def respond(self, interaction: int, token: str, kind: int, body: Body | Json | None = None) -> Json:
        """Answers an interaction for the first time; the resource that this made."""
        route = Route(
            "POST", "/interactions/{webhook_id}/{webhook_token}/callback", webhook_id=interaction, webhook_token=token
        )
        told = {"type": kind} if body is None else {"type": kind, "data": _without_nothing(body)}
        files = body.files if isinstance(body, Body) else ()
        made: Json = await self._webhook(route, told, files, {"with_response": "1"})
        return made

    async def follow(self, token: str, body: Body) -> str:
        """Another message under an interaction."""
        route = Route("POST", "/webhooks/{webhook_id}/{webhook_token}", **self._token(token))
        sent = await self._webhook(route, _without_nothing(body), body.files, {"wait": "1"})
        return str(sent["id"])

    async def original(self, token: str) -> Json:
        """What an interaction was first answered with."""
        found: Json = await self._webhook(self._original("GET", token))
        return found

    async def edit_original(self, token: str, body: Body) -> str:
        """Another content for an interaction's first answer."""
        sent = await self._webhook(self._original("PATCH", token), body.json, body.files)
        return str(sent["id"])

    async def delete_original(self, token: str) -> None:
        """Takes an interaction's first answer away."""
        await self._webhook(self._original("DELETE", token))

    async def _send(self, route: Route, body: Body) -> Json:
        sent: Json
        if body.files:
            sent = await self._http.request(route, form=body.multipart)
        else:
            sent = await self._http.request(route, json=body.json)
        return sent

    async def _webhook(
        self,
        route: Route,
        told: Json | None = None,
        files: tuple[tuple[str, bytes], ...] = (),
        params: Json | None = None,
    ) -> Any:
        multipart = form(told, files) if files and told is not None else None
        payload = None if multipart else told
        adapter = async_context.get()
        return await adapter.request(route, self._session, payload=payload, multipart=multipart, params=params)

    def _commands(self, method: str) -> Route:
        return Route(method, "/applications/{application_id}/commands", application_id=self._application)

    def _original(self, method: str, token: str) -> Route:
        path = f"/webhooks/{{webhook_id}}/{{webhook_token}}/messages/{ORIGINAL}"
        return Route(method, path, **self._token(token))

    def _token(self, token: str) -> Json:
        return {"webhook_id": self._application, "webhook_token": token}


def _without_nothing(body: Body | Json) -> Json:
    """What is new has nothing to take away."""
    told = body.json if isinstance(body, Body) else body
    return {name: value for name, value in told.items() if value != [] or name == "choices"}
