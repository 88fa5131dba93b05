"""Characters that a model can be given before any text has them, so that whoever trains it further finds them there."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

import regex

LATIN: Final = range(0x20, 0x180)  # Basic Latin to Latin Extended-A: the languages of Europe
CYRILLIC: Final = range(0x400, 0x460)  # of today's languages; historic letters follow
EMOJI: Final = (  # those that people write most: hands to symbols of feeling, faces, and some single ones
    *range(0x1F440, 0x1F4AA),
    *range(0x1F600, 0x1F650),
    *range(0x1F910, 0x1F930),
    *map(ord, "☀☕⚡⚽⛄✅✊✋✌✍✔✖✨❄❌❓❗❤➡⬅⬆⬇⭐🌈🌍🌎🌙🌞🌟🌱🌲🌸🌹🌻🍀🍎🍓🍕🍺🍻"),
    *map(ord, "🍿🎁🎂🎃🎄🎈🎉🎊🎤🎥🎧🎬🎮🎲🎵🎶🎸🏀🏃🏆🏠🐀🐍🐝🐱🐶🐸🐻👀"),
    *map(ord, "💀💙💚💛💜💤💥💦💩💪💫💬💯💰💻📈📌📖📚📝📢📱📷🔊🔑🔥🔪🔫🔴🔵🕐🗑🚀🚗🚨🚫🤷🥇🥰🥳"),
    *map(ord, "🥴🥵🥶🥺🦄🧐🧡🧠🙂"),
    0x200D,  # joins emoji into one
    0xFE0F,  # asks for colours
)
_PATTERNS: Final = {"latin": r"\p{L}", "cyrillic": r"\p{L}", "emoji": r"\p{Emoji}|[\u200d\ufe0f]"}
_ALPHABETS: Final[Mapping[str, Sequence[int]]] = {"latin": LATIN, "cyrillic": CYRILLIC, "emoji": EMOJI}


def letters(names: Sequence[str]) -> list[str]:
    """The characters of some alphabets, each once, in order."""
    return [letter for name in dict.fromkeys(names) for letter in _letters(name)]


def _letters(name: str) -> Iterator[str]:
    belongs = regex.compile(_PATTERNS[name])
    return (character for character in map(chr, dict.fromkeys(_ALPHABETS[name])) if belongs.match(character))
