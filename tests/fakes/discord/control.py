"""The stand-in's scripting methods over HTTP, for tests and benchmarks in another process."""

from __future__ import annotations

import dataclasses
import inspect
from typing import TYPE_CHECKING, Any, Final

from aiohttp import web

from tests.fakes.discord.channels import Channel
from tests.fakes.discord.guilds import Guild
from tests.fakes.discord.interactions import Interaction, Modal
from tests.fakes.discord.messages import Attachment, Message, Upload
from tests.fakes.discord.users import User

if TYPE_CHECKING:
    from tests.fakes.discord.server import DiscordServer

PATH: Final = "/control"

SHOWN: Final[dict[type, tuple[str, ...]]] = {
    User: ("id", "name", "locale", "mention"),
    Guild: ("id", "name", "channels"),
    Channel: ("id", "name", "type", "archived", "deleted", "typing"),
    Message: (
        *("id", "channel", "author", "content", "buttons", "embeds", "attachments", "flags", "private_for"),
        *("edited_at", "deleted", "reply_to", "nonce", "versions"),
    ),
    Interaction: (
        *("id", "user", "channel", "kind", "created_at", "acknowledged_at", "latency"),
        *("original", "followups", "modal", "choices"),
    ),
    Modal: ("title", "custom_id", "fields"),
}


class Control:
    """Calls the methods that a test would call, by name, on the objects that it was told of."""

    def __init__(self, server: DiscordServer) -> None:
        self._server = server
        self._objects: dict[str, object] = {}

    def register(self, app: web.Application) -> None:
        """Adds its one route."""
        app.router.add_post(PATH, self._answer)

    async def _answer(self, request: web.Request) -> web.Response:
        try:
            result = await self._do(await request.json())
        except (AssertionError, AttributeError, KeyError, TypeError, ValueError) as error:
            return web.json_response({"error": f"{type(error).__name__}: {error}"}, status=400)
        return web.json_response({"result": self._described(result)})

    async def _do(self, order: dict[str, Any]) -> object:
        target = self._meant(order["on"]) if order.get("on") else self._server
        name = order.get("do") or order["get"]
        if name.startswith("_"):
            raise AttributeError(f"{name} is nobody else's")
        attribute = getattr(target, name)
        if "do" not in order:
            return attribute
        result = attribute(*self._meant(order.get("args", [])), **self._meant(order.get("kwargs", {})))
        return await result if inspect.isawaitable(result) else result

    def _meant(self, value: Any) -> Any:
        if isinstance(value, list):
            return [self._meant(part) for part in value]
        if not isinstance(value, dict):
            return value
        reference = value.get("$")
        if reference == "upload":
            return Upload(value["name"], value["text"].encode())
        if reference is not None:
            return self._objects[reference]
        return {key: self._meant(part) for key, part in value.items()}

    def _described(self, value: Any) -> Any:
        if value is None or isinstance(value, str | int | float):
            return value
        if type(value) in SHOWN:
            return self._object(value)
        if isinstance(value, Attachment):
            text = value.data.decode("utf-8", "replace")
            return {"name": value.name, "size": len(value.data), "text": text, "url": value.url}
        if dataclasses.is_dataclass(value):
            return {field.name: self._described(getattr(value, field.name)) for field in dataclasses.fields(value)}
        if isinstance(value, dict):
            return {str(key): self._described(part) for key, part in value.items()}
        if isinstance(value, list | tuple | set):
            return [self._described(part) for part in value]
        raise TypeError(f"{type(value).__name__} cannot be told over HTTP")

    def _object(self, value: Any) -> dict[str, Any]:
        id_ = value.interaction.id if isinstance(value, Modal) else value.id
        reference = f"{type(value).__name__.lower()}:{id_}"
        self._objects[reference] = value
        return {"$": reference} | {name: self._described(getattr(value, name)) for name in SHOWN[type(value)]}
