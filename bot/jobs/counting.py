"""Where a text comes from, what was left out of it, and what was replaced in it, in the words of people."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from bot.consent.gate import Source
from generators.errors import Phrase, Translate

REMOVED: Final[Mapping[str, Phrase]] = {  # by the reasons of `Built.removed`
    "no_permission": Phrase("without Discord's permission"),
    "log_off": Phrase("of a log that is off"),
    "before_log": Phrase("from before the log was turned on"),
    "no_consent": Phrase("of people who do not agree"),
    "not_covered": Phrase("of people who agreed to something else"),
    "before_consent": Phrase("from before their writers agreed"),
    "too_old": Phrase("older than their writers were told"),
    "from_a_bot": Phrase("of bots"),
    "commands": Phrase("commands"),
    "empty": Phrase("empty texts"),
    "control": Phrase("texts of control characters"),
    "symbols": Phrase("drawings of symbols"),
    "duplicates": Phrase("repetitions"),
}
REPLACED: Final[Mapping[str, Phrase]] = {  # by the kinds of `Built.replaced`
    "names": Phrase("names"),
    "mentions": Phrase("mentions"),
    "ids": Phrase("numbers of accounts and devices"),
    "links": Phrase("links"),
    "emails": Phrase("e-mail addresses"),
    "phones": Phrase("telephone numbers"),
    "secrets": Phrase("passwords and keys"),
}


def counted(counts: Mapping[str, int], words: Mapping[str, Phrase], translate: Translate) -> str:
    """Counts with what is counted; nothing where there is nothing.

    Args:
        words: for what the counts call by a name.
    """
    told = [translate("{what} ({count:,})", what=words.get(name, name), count=count) for name, count in _some(counts)]
    return ", ".join(told)


def by_source(counts: Mapping[str, int], translate: Translate) -> str:
    """How much there is of each source."""
    return ", ".join(_of_source(Source(name), count, translate) for name, count in _some(counts))


def _of_source(source: Source, count: int, translate: Translate) -> str:
    match source:
        case Source.FILE:
            return translate("{count:,} text of the files", "{count:,} texts of the files", count=count)
        case Source.SUBMISSION:
            return translate("{count:,} text that was given", "{count:,} texts that were given", count=count)
        case Source.CHANNEL_LOG:
            return translate("{count:,} message", "{count:,} messages", count=count)


def _some(counts: Mapping[str, int]) -> list[tuple[str, int]]:
    return [(name, count) for name, count in counts.items() if count]
