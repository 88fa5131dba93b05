"""Presses of buttons that wait for the bot's answer."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tests.fakes.telegram.messages import Answer, Message

if TYPE_CHECKING:
    from tests.fakes.telegram.people import User
    from tests.fakes.telegram.server import TelegramServer


@dataclass(eq=False, slots=True)
class Query:
    """A press that waits for its answer."""

    id: str
    message: Message
    pressed: float  # on the server's clock
    started: float  # on time.perf_counter
    answer: asyncio.Future[Answer]


class Queries:
    """Callback queries: each is answered once, within 15 s."""

    SECONDS = 15.0  # Telegram states none; apps stop waiting about then

    def __init__(self, telegram: TelegramServer) -> None:
        self._telegram = telegram
        self._open: dict[str, Query] = {}
        self._next = 4_400_000_000_000_000_001

    def ask(self, user: User, message: Message, data: str) -> Query:
        """Hands a press to the bot."""
        number, self._next = str(self._next), self._next + 1
        future: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        query = self._open[number] = Query(number, message, self._telegram.clock(), time.perf_counter(), future)
        shown = message.json()
        if message.deleted:
            shown = {"chat": message.chat.json(), "message_id": message.id, "date": 0}  # InaccessibleMessage
        self._telegram.updates.put(
            "callback_query",
            {
                "id": number,
                "from": user.json(),
                "message": shown,
                "chat_instance": str(message.chat.id * 7919),
                "data": data,
            },
        )
        return query

    def answer(self, number: str, text: str, alert: bool, url: str | None) -> bool:
        """Answers a press; says False when it is unknown, answered already or too old."""
        query = self._open.pop(number, None)
        if query is None or self._telegram.clock() - query.pressed > self.SECONDS:
            return False
        if not query.answer.done():
            query.answer.set_result(Answer(text, alert, url, time.perf_counter() - query.started))
        return True
