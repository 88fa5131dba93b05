"""DiscordChatExporter's JSON, from its first versions to today's."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from bot.exports.exported import Chat, Exported
from bot.exports.head import check, records
from bot.exports.source import Source
from bot.exports.tidying import tidied, twice
from bot.exports.times import moment

SAID: Final = frozenset({"Default", "Reply", "0", "19"})  # MessageKind; the others tell of something
DIRECT: Final = "0"  # what direct messages have for a server
EMOJI: Final = re.compile(r"<a?(:\w+:)\d+>")  # a server's own emoji, where the exporter left formatting as it was


def is_one(head: Mapping[str, Any]) -> bool:
    """Whether an export with such a head is from DiscordChatExporter."""
    if isinstance(head.get("guild"), dict) and isinstance(head.get("channel"), dict):
        return True
    first = head.get("first")
    return isinstance(first, dict) and isinstance(first.get("author"), dict) and "timestamp" in first


class DiscordJson:
    """A channel, a thread or a direct chat."""

    platform = "discord"
    numbered = True

    def __init__(self, source: Source, head: Mapping[str, Any]) -> None:
        self._source = source
        self.name = str(source.path)
        self._chat = _chat(head.get("guild") or {}, head.get("channel") or {})

    def chats(self) -> Sequence[Chat]:
        """Its channel."""
        twice(self._source, lambda: check(self._source, self._source))
        return [self._chat]

    def messages(self, chat: Chat | None = None) -> Iterator[Exported | None]:  # noqa: ARG002  # it has one
        """Its messages."""
        self._source.rewind()
        for record in records(tidied(self._source, self._source), self._source.path, "messages.item"):
            try:
                yield message(record)
            except (KeyError, TypeError, ValueError, AttributeError, RecursionError):
                yield None


def message(record: Mapping[str, Any]) -> Exported:
    """A message of the exporter's.

    Raises:
        KeyError, TypeError, ValueError, AttributeError: it is none.
    """
    author = record["author"]
    text = record["content"]
    edited = record.get("timestampEdited")
    reply = (record.get("reference") or {}).get("messageId")
    return Exported(
        record["id"] + "",
        author["id"] + "",
        str(author.get("nickname") or author["name"] or ""),
        moment(record["timestamp"]),
        EMOJI.sub(r"\1", text) if "<" in text else text + "",
        None if reply is None else str(reply),
        author.get("isBot") is True,
        record["type"] not in SAID,
        None if edited is None else moment(edited),
        record.get("forwardedMessage") is not None,
    )


def _chat(guild: Mapping[str, Any], channel: Mapping[str, Any]) -> Chat:
    """The channel; a thread's messages belong to its channel, which the exporter has as the category."""
    id_, parent = channel.get("id"), channel.get("categoryId")
    threaded = bool(id_ and parent) and "Thread" in str(channel.get("type", ""))
    server = guild.get("id")
    return Chat(
        str(parent if threaded else id_) if id_ else None,
        str(channel.get("name") or ""),
        None if server in (None, DIRECT) else str(server),
        frozenset({str(id_)}) if id_ else frozenset(),
        str(id_) if threaded else None,
    )
