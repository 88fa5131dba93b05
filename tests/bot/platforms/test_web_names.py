"""What rooms and people may be called."""

from __future__ import annotations

import pytest

from bot.platforms.web.errors import Refusal
from bot.platforms.web.names import folded, person_name, room_name


@pytest.mark.parametrize("name", ["lobby", "Book-Club_2.1~b", "読書", "bücher", "a" * 64])
def test_rooms(name: str) -> None:
    """Rooms are named with letters and digits of any script, and a few marks."""
    assert room_name(name) == name


@pytest.mark.parametrize("name", ["", ".", "..", "a b", "a/b", "a" * 65, "a\0", "a\u202eb", "%", "<b>", "\ufffd"])
def test_refused_rooms(name: str) -> None:
    """What would break an address is no room's name."""
    with pytest.raises(Refusal) as refused:
        room_name(name)

    assert refused.value.status == 400


@pytest.mark.parametrize("name", ["Ada", "Ada Lovelace", "李白", "O’Neill", "é" * 40, "🐙"])
def test_people(name: str) -> None:
    """People are called as they like."""
    assert person_name(f" {name} ") == name


@pytest.mark.parametrize(
    "name",
    ["", "  ", "a" * 41, "A\0", "Ada\u202e", "\u200bAda", "\ud800", "Ada\nBob", "\u3164", "A" + "\u0301" * 100],
)
def test_refused_people(name: str) -> None:
    """A name that cannot be seen, stored or read as it is written is refused."""
    with pytest.raises(Refusal) as refused:
        person_name(name)

    assert refused.value.status == 400


@pytest.mark.parametrize("name", ["planchette", "Planchette", "PLANCHETTE ", "ｐｌａｎｃｈｅｔｔｅ"])
def test_reserved(name: str) -> None:
    """Nobody goes by the bot's name, however it is spelt."""
    with pytest.raises(Refusal, match="the bot's own"):
        person_name(name)


def test_folded() -> None:
    """Names that look alike are one name."""
    assert folded("Ada") == folded("ADA") == folded("Ａｄａ")
    assert folded("Ada") != folded("Äda")
