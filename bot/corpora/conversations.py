"""Messages in their order become conversations: by the time between them, and by what answers what."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

GAP: Final = timedelta(minutes=30)  # of silence, after which people speak of something else
RECALLED: Final = timedelta(days=1)  # how long a conversation waits for an answer; most answers come in a day
LONGEST: Final = 10_000  # characters of a document, about 200 messages: what follows begins another one
OPEN: Final = 100  # conversations that wait at once, so that memory stays constant whatever people answer


@dataclass(frozen=True, slots=True)
class Line:
    """A message on its way into a document.

    Attributes:
        message: its id.
        at: when it was written.
        text: what it says.
        reply_to: the message that it answers.
    """

    message: str
    at: datetime
    text: str
    reply_to: str | None = None


@dataclass(slots=True)
class _Conversation:
    last: datetime
    lines: list[str] = field(default_factory=list)
    messages: list[str] = field(default_factory=list)
    size: int = 0

    def add(self, line: Line) -> None:
        self.last = line.at
        self.lines.append(line.text)
        self.messages.append(line.message)
        self.size += len(line.text) + 1


class Conversations:
    """The conversations of one place, as its messages come in the order in which they were written.

    A message continues the conversation that it answers, however many others there were in between, or else the one
    that the message before it is of, unless that is longer ago than `GAP`. A document is a conversation, with a line
    for each message, and documents come in the order in which their conversations ended.
    """

    def __init__(self) -> None:
        self._waiting: OrderedDict[int, _Conversation] = OrderedDict()  # those that spoke last stand last
        self._numbers: dict[str, int] = {}  # of the conversation that a message is of
        self._newest = self._count = 0

    def add(self, line: Line) -> Iterator[str]:
        """Takes a message, and gives the documents that are done by then."""
        yield from self._over(line.at)
        number = self._number(line)
        self._waiting[number].add(line)
        self._waiting.move_to_end(number)
        self._numbers[line.message] = self._newest = number

    def end(self) -> Iterator[str]:
        """The documents that are left when there are no messages any more."""
        while self._waiting:
            yield self._first_ended()

    def _number(self, line: Line) -> int:
        """That of the conversation which a message continues, or of a new one."""
        number = None if line.reply_to is None else self._numbers.get(line.reply_to)
        if number is None and (newest := self._waiting.get(self._newest)) and line.at - newest.last <= GAP:
            number = self._newest
        if number is not None and self._waiting[number].size + len(line.text) <= LONGEST:
            return number
        self._count += 1
        self._waiting[self._count] = _Conversation(line.at)
        return self._count

    def _over(self, now: datetime) -> Iterator[str]:
        while self._waiting:
            oldest = next(iter(self._waiting.values()))
            if len(self._waiting) <= OPEN and now - oldest.last <= RECALLED:
                return
            yield self._first_ended()

    def _first_ended(self) -> str:
        _, conversation = self._waiting.popitem(last=False)
        for message in conversation.messages:
            self._numbers.pop(message, None)
        return "\n".join(conversation.lines)
