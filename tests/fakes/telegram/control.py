"""The server scripted from another process: the same calls over HTTP, with ids in place of objects."""

from __future__ import annotations

import asyncio
import base64
import inspect
from collections.abc import Awaitable, Callable
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, Final

from aiohttp import web

from tests.fakes.telegram.chats import Chat
from tests.fakes.telegram.messages import Message, Topic
from tests.fakes.telegram.people import User

if TYPE_CHECKING:
    from tests.fakes.telegram.server import TelegramServer

Told = dict[str, Any]


class _Told:
    """A control call: its JSON object with ids looked up."""

    def __init__(self, telegram: TelegramServer, told: Told) -> None:
        self.telegram = telegram
        self.told = told

    @property
    def user(self) -> User:
        return self.telegram.users[self.told["user"]]

    @property
    def chat(self) -> Chat:
        return self.telegram.chats[self.told["chat"]]

    @property
    def message(self) -> Message:
        return self.chat.stored[self.told["message"]]

    @property
    def topic(self) -> Topic | None:
        return self.chat.topics[self.told["topic"]] if "topic" in self.told else None

    @property
    def reply_to(self) -> Message | None:
        return self.chat.stored[self.told["reply_to"]] if "reply_to" in self.told else None

    def people(self, name: str) -> list[User]:
        return [self.telegram.users[number] for number in self.told.get(name, ())]

    def some(self, *names: str) -> dict[str, Any]:
        return {name: self.told[name] for name in names if name in self.told}


Call = Callable[[_Told], Any | Awaitable[Any]]


def _user(call: _Told) -> Any:
    return _person(call.telegram.user(call.told["name"], **call.some("username", "language_code", "is_bot")))


def _group(call: _Told) -> Any:
    return _chat(call.telegram.group(call.told["title"], call.people("members"), call.people("admins")))


def _supergroup(call: _Told) -> Any:
    more = call.some("forum", "bot")
    return _chat(call.telegram.supergroup(call.told["title"], call.people("members"), call.people("admins"), **more))


def _topic(call: _Told) -> Any:
    return asdict(call.telegram.topic(call.chat, call.told["name"]))


async def _says(call: _Told) -> Any:
    return shown(await call.user.says(call.chat, call.told["text"], topic=call.topic, reply_to=call.reply_to))


async def _uploads(call: _Told) -> Any:
    data, more = base64.b64decode(call.told["base64"]), call.some("caption", "mime_type")
    message = await call.user.uploads(call.chat, call.told["name"], data, topic=call.topic, **more)
    return shown(message)


async def _presses(call: _Told) -> Any:
    return asdict(await call.user.presses(call.message, call.told["button"], **call.some("seconds")))


async def _presses_raw(call: _Told) -> Any:
    return asdict(await call.user.presses_raw(call.message, call.told["data"], **call.some("seconds")))


async def _edits(call: _Told) -> None:
    await call.user.edits(call.message, call.told["text"])


async def _deletes(call: _Told) -> None:
    await call.user.deletes(call.message)


async def _until(call: _Told) -> Any:
    """Waits for a message of the bot: with a text that contains, with buttons, after another one."""
    contains, button = call.told.get("contains", ""), call.told.get("button")

    def fits(message: Message) -> bool:
        labels = [one.text for one in message.buttons]
        return contains in message.text and (button is None or (bool(labels) if button is True else button in labels))

    after = call.chat.stored[call.told["after_message"]] if "after_message" in call.told else None
    return shown(await call.chat.until(fits, after=after, **call.some("seconds")))


def _messages(call: _Told) -> Any:
    return [shown(message) for message in call.chat.messages]


def _faults(call: _Told) -> Any:
    return [{"method": fault.method, "status": fault.status, "reason": fault.reason} for fault in call.telegram.faults]


def _requests(call: _Told) -> Any:
    """How often each method was called with which status, and the moments of one method if it is named."""
    chosen = call.telegram.calls(call.told["method"]) if "method" in call.told else call.telegram.requests
    return [{"method": one.method, "at": one.at, "status": one.status} for one in chosen]


def _bot(call: _Told) -> None:
    """What happens to the bot in a chat: add, remove, promote, demote, restrict or unrestrict."""
    happens = {
        name: getattr(call.chat, f"{name}_bot") for name in ("add", "remove", "promote", "demote", "restrict")
    } | {"unrestrict": call.chat.unrestrict_bot}
    happens[call.told["happens"]](call.user)


async def _down(call: _Told) -> None:
    """Refuses connections for some seconds, beginning after this call's answer."""

    async def shut() -> None:
        await asyncio.sleep(0.05)
        async with call.telegram.down():
            await asyncio.sleep(call.told["seconds"])

    task = asyncio.create_task(shut())
    TASKS.add(task)
    task.add_done_callback(TASKS.discard)


async def _together(call: _Told) -> Any:
    """Runs steps at once, each after its own `after` seconds; their results in order, errors as {"error"}."""

    async def step(told: Told) -> Any:
        await asyncio.sleep(told.get("after", 0))
        try:
            return await _run(call.telegram, told["do"], told)
        except (LookupError, TimeoutError) as error:
            return {"error": f"{type(error).__name__}: {error}"}

    return await asyncio.gather(*map(step, call.told["steps"]))


TASKS: Final[set[asyncio.Task[None]]] = set()
CALLS: Final[dict[str, Call]] = {
    "user": _user,
    "private": lambda call: _chat(call.telegram.private(call.user)),
    "group": _group,
    "supergroup": _supergroup,
    "topic": _topic,
    "says": _says,
    "uploads": _uploads,
    "presses": _presses,
    "presses_raw": _presses_raw,
    "edits": _edits,
    "deletes": _deletes,
    "until": _until,
    "messages": _messages,
    "faults": _faults,
    "pardon": lambda call: len(call.telegram.pardon(call.told["fragment"])),
    "requests": _requests,
    "bot": _bot,
    "migrate": lambda call: _chat(call.chat.migrate()),
    "fail": lambda call: call.telegram.fail(call.told["method"], **call.some("status", "times", "retry_after", "body")),
    "slow": lambda call: call.telegram.slow(call.told["method"], call.told["seconds"], **call.some("times")),
    "drop": lambda call: call.telegram.drop(call.told["method"], **call.some("times", "handled")),
    "repeat": lambda call: call.telegram.repeat(**call.some("updates")),
    "revoke_token": lambda call: call.telegram.revoke_token(),
    "down": _down,
    "together": _together,
}


async def controlled(telegram: TelegramServer, request: web.BaseRequest) -> web.Response:
    """Answers a control call: 200 with JSON, 400 with one sentence where the caller is wrong, 408 after a deadline."""
    told = await request.json() if request.can_read_body else {}
    try:
        result = await _run(telegram, request.path.removeprefix("/control/"), told)
    except TimeoutError as late:
        return web.json_response({"error": str(late)}, status=408)
    except (LookupError, TypeError, ValueError, AssertionError) as wrong:
        return web.json_response({"error": f"{type(wrong).__name__}: {wrong}"}, status=400)
    return web.json_response(result)


def shown(message: Message) -> Told:
    """A message as another process sees it."""
    return {
        "id": message.id,
        "chat": message.chat.id,
        "sender": message.sender.id,
        "text": message.text,
        "entities": [entity.json() for entity in message.entities],
        "buttons": [asdict(button) for button in message.buttons],
        "topic": message.topic,
        "reply_to": message.reply_to.id if message.reply_to else None,
        "edits": len(message.before),
        "file": message.file.id if message.file else None,
    }


async def _run(telegram: TelegramServer, name: str, told: Told) -> Any:
    result = CALLS[name](_Told(telegram, told))
    return await result if inspect.isawaitable(result) else result


def _person(user: User) -> Told:
    return {"id": user.id, "name": user.first_name, "username": user.username}


def _chat(chat: Chat) -> Told:
    return {"id": chat.id, "kind": chat.kind, "title": chat.title}
