"""What an export in JSON says ahead of its messages."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final

from bot.exports.errors import DamagedExport, NotUtf8Export, TruncatedExport, UnknownExport
from bot.exports.tidying import DEEPEST, HalfCharacter, Stream, checked, tidied

if TYPE_CHECKING:
    from pathlib import Path

    from bot.exports.source import Source

CONTENTS: Final = ("messages", "chats")  # what heads end at
LARGEST: Final = 32_000_000  # bytes; an account's contacts and sessions stand ahead of its chats
SHOWN: Final = 8  # keys in a sentence


def head_of(source: Source) -> tuple[dict[str, Any], str]:
    """The values ahead of the messages, and the key at which they end; of messages without any head the first one.

    Raises:
        UserError: it is damaged, or has neither messages nor chats.
    """
    import ijson  # type: ignore[import-untyped]  # it has no types

    builder = ijson.ObjectBuilder()
    depth = 0
    with in_json(source.path):
        for event, value in ijson.basic_parse(tidied(source, source), use_float=True):
            if depth == 1 and event == "map_key" and value in CONTENTS:
                break
            builder.event(event, value)
            depth += {"start_map": 1, "start_array": 1, "end_map": -1, "end_array": -1}.get(event, 0)
            if depth > DEEPEST:
                raise DamagedExport(str(source.path), f"it is nested more than {DEEPEST} levels deep")
            if not depth or source.done > LARGEST:
                keys = ", ".join(list(builder.value)[:SHOWN])
                raise UnknownExport(str(source.path), f"it has {keys or 'nothing'} and no messages")
    head: dict[str, Any] = builder.value
    source.rewind()
    if value == "messages" and not head:
        head = {"first": next(records(checked(source, source), source.path, "messages.item"), None)}
        source.rewind()
    return head, value


def records(stream: Stream, path: Path, where: str) -> Iterator[Any]:
    """The values that stand at a place (ijson's prefix) of a stream of JSON, one after another.

    Raises:
        UserError: the stream is damaged there.
    """
    import ijson

    with in_json(path):
        yield from ijson.items(stream, where, use_float=True)


def check(stream: Stream, source: Source) -> None:
    """Reads a stream of a source in JSON to its end, with the parser alone: no value is made.

    Raises:
        UserError: it is damaged somewhere.
    """
    for _ in records(checked(stream, source), source.path, "no such place"):
        pass


@contextmanager
def in_json(path: Path) -> Iterator[None]:
    """Turns what a JSON parser finds wrong into a sentence."""
    from ijson import IncompleteJSONError, JSONError

    try:
        yield
    except JSONError as fault:
        said = fault.args[0] if fault.args else ""
        told = said.decode("utf-8", "replace") if isinstance(said, bytes) else str(said)
        if "UTF8" in told:
            raise NotUtf8Export(str(path)) from fault
        if "premature EOF" in told or ("error" not in told and isinstance(fault, IncompleteJSONError)):
            raise TruncatedExport(str(path)) from fault
        raise DamagedExport(str(path), f"it is no JSON ({told.splitlines()[0].strip(' .')})") from fault
    except UnicodeDecodeError as fault:  # the parser has made bytes of half a surrogate pair
        raise HalfCharacter(str(path)) from fault
