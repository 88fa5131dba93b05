"""Telegram Desktop's `result.json`: of one chat, or of a whole account."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from hashlib import blake2b
from typing import Any, Final

from bot.exports.exported import Chat, Exported
from bot.exports.head import check, records
from bot.exports.source import Source
from bot.exports.tidying import tidied, twice
from bot.exports.times import moment

KEY: Final = b'"messages"'  # what a chat's head ends at
WHOLE: Final = "chats.list.item.messages.item"
HEAD: Final = 8192  # bytes; a head has a name of at most 255 characters, a kind and an id
USER: Final = "user"
PERSONAL: Final = ("personal", "bot", "saved")  # how the kinds of chats begin that are no groups
OTHERS: Final = ("channel", "chat")  # who write as a whole: nobody who could be asked


def is_one(head: Mapping[str, Any], key: str) -> bool:
    """Whether an export with such a head is from Telegram Desktop."""
    if key == "chats" or ({"name", "type"} <= head.keys() and "id" in head):
        return True
    first = head.get("first")
    return isinstance(first, dict) and "type" in first and ("date" in first or "date_unixtime" in first)


class TelegramJson:
    """One chat, or all chats of an account. `key` is what its head ends at: `messages` or `chats`."""

    platform = "telegram"
    numbered = True

    def __init__(self, source: Source, head: Mapping[str, Any], key: str) -> None:
        self._source = source
        self.name = str(source.path)
        self._one = None if key == "chats" else _chat(head)

    def chats(self) -> Sequence[Chat]:
        """Its chats, those without messages too."""
        return twice(self._source, self._checked)

    def messages(self, chat: Chat | None = None) -> Iterator[Exported | None]:
        """Its messages, or those of one of its chats."""
        self._source.rewind()
        pieces = Pieces(self._source)
        stream = tidied(self._source if self._one else pieces, self._source)
        last, again = "", 0
        for record in records(stream, self._source.path, "messages.item" if self._one else WHOLE):
            if not self._one and chat is not None and pieces.chats[-1:] != [chat]:
                continue
            try:
                said = message(record)
            except (KeyError, TypeError, ValueError, AttributeError, OverflowError, OSError, RecursionError):
                yield None
                continue
            again = again + 1 if said.message == last else 0
            last = said.message
            yield said._replace(message=f"{last}+{again}") if again else said  # ids that somebody blotted out

    def _checked(self) -> Sequence[Chat]:
        pieces = Pieces(self._source)
        check(self._source if self._one else pieces, self._source)
        return [self._one] if self._one else pieces.chats


class Pieces:
    """An account's bytes in pieces that end where a chat's messages begin, so that it is known whose messages they are.

    A parser asks for the next piece once it has handed out all messages of the piece before.
    """

    def __init__(self, source: Source) -> None:
        self._source = source
        self._next = b""
        self._seen = b""
        self._ended = False
        self.chats: list[Chat] = []

    def read(self, size: int = -1, /) -> bytes:
        """The next piece; nothing at the end."""
        if not size:  # the parser asks what kind of file it is
            return b""
        if self._next.startswith(KEY):
            self._note()
            return self._piece(len(KEY))
        while not self._ended and len(self._next) < len(KEY):
            self._more(size)
        found = self._next.find(KEY)
        if found > 0:
            return self._piece(found)
        if found == 0:
            return self.read(size)
        kept = 0 if self._ended else len(KEY) - 1  # of a key that goes on in the next bytes
        return self._piece(len(self._next) - kept) or self._rest(size)

    def _rest(self, size: int) -> bytes:
        self._more(size)
        return self.read(size) if self._next else b""

    def _more(self, size: int) -> None:
        raw = self._source.read(size)
        self._ended = not raw
        self._next += raw or b""

    def _piece(self, length: int) -> bytes:
        piece, self._next = self._next[:length], self._next[length:]
        self._seen = (self._seen + piece)[-HEAD:]
        return piece

    def _note(self) -> None:
        """Reads the head that has just ended, if it is a chat's: the text «messages» may stand anywhere."""
        begin = len(self._seen)
        while (begin := self._seen.rfind(b"{", 0, begin)) >= 0:
            try:
                head = json.loads(self._seen[begin:].rstrip().removesuffix(b",") + b"}")
            except (ValueError, RecursionError):  # also one inside the name
                continue
            if "text" not in head and "date" not in head:
                self.chats.append(_chat(head))
            return


def message(record: Mapping[str, Any]) -> Exported:
    """A message of Telegram Desktop's.

    Raises:
        KeyError, TypeError, ValueError, AttributeError, OverflowError, OSError: it is none.
    """
    is_service = record["type"] != "message"
    sender = record.get("actor_id" if is_service else "from_id")
    person = _person(sender)
    name = str(record.get("from") or "")
    at = _moment(record, "date")
    text = record["text"]
    if type(text) is not str:
        text = flat(text)
    id_, reply = record.get("id"), record.get("reply_to_message_id")
    return Exported(
        _made_of(name, at, text) if id_ is None else str(id_),
        person,
        name,
        at,
        text,
        None if reply is None or "reply_to_peer_id" in record else str(reply),
        "via_bot" in record,
        is_service,
        _moment(record, "edited") if "edited" in record or "edited_unixtime" in record else None,
        "forwarded_from" in record or "forwarded_from_id" in record,
    )


def flat(text: Sequence[str | Mapping[str, Any]]) -> str:
    """The text of pieces of which each is plain, or has a kind such as `bold` and a text of its own."""
    return "".join(piece if isinstance(piece, str) else piece["text"] for piece in text)


def _moment(record: Mapping[str, Any], name: str) -> datetime:
    """When; versions of before 2021 wrote the local time only."""
    seconds = int(record.get(f"{name}_unixtime") or 0)
    return datetime.fromtimestamp(seconds, UTC) if seconds else moment(record[name])


def _person(sender: object) -> str:
    """The id that a bot knows the sender by; it was the bare number until 2020."""
    if isinstance(sender, int):
        return str(sender)
    if not isinstance(sender, str) or sender.startswith(OTHERS):
        return ""
    return sender.removeprefix(USER)


def _made_of(name: str, at: datetime, text: str) -> str:
    said = "\0".join((name, at.isoformat(), text))
    return "made:" + blake2b(said.encode("utf-8", "surrogatepass"), digest_size=12).hexdigest()


def _chat(head: Mapping[str, Any]) -> Chat:
    """The chat; a bot knows groups by negative ids, and supergroups and channels by such as begin with -100."""
    id_, kind = head.get("id"), str(head.get("type") or "")
    name = str(head.get("name") or "")
    if not isinstance(id_, int) or isinstance(id_, bool):
        return Chat(None, name)
    bare = str(id_)
    if kind.startswith(PERSONAL):  # ids of people and of groups are counted apart
        return Chat(bare, name, also=frozenset({bare}))
    known = {bare, f"-{bare}", f"-100{bare}"}
    if "supergroup" in kind or "channel" in kind:
        return Chat(f"-100{bare}", name, also=frozenset(known))
    return Chat(f"-{bare}" if "group" in kind else bare, name, also=frozenset(known))
