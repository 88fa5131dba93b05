"""Whether the token ids of an exported story say what its text says."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from bot.games.errors import UnreadableStory

if TYPE_CHECKING:
    from bot.games.replay import Record
    from generators.vocabulary import Vocabulary


def differences(document: Any, record: Record, vocabulary: Vocabulary) -> Iterator[str]:
    """A sentence for each part of a story whose token ids are another text to the model that wrote it.

    Args:
        document: the story, parsed from its JSON.
        record: the same, once its form was sure.
        vocabulary: of the very version that wrote it.

    Raises:
        UnreadableStory: a token id is none of the vocabulary's.
    """
    start = document["start"].get("token_ids")
    if not isinstance(start, list):
        raise UnreadableStory("the start has no usable «token_ids»")
    parts = [("the start", record.start, start)]
    parts += [(f"unit {number}", text, list(ids)) for number, (text, ids) in enumerate(record.units, 1)]
    for where, text, ids in parts:
        if not all(type(token) is int and 0 <= token < vocabulary.size for token in ids):
            raise UnreadableStory(f"{where} has token ids that are not whole numbers in the model's vocabulary")
        written = vocabulary.decode(ids)
        if written != text:
            yield f"The token ids of {where} stand for «{written}», but the record says «{text}»."
