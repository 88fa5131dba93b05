"""What people were told when they agreed: numbered, so that each consent stays valid for what it said, and no more."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Final, NamedTuple

from generators.errors import Translate

EDITIONS: Final = 1000  # a wording's number is days · 1000 + edition
LONGEST: Final = 36_500  # days; a century


class Covers(StrEnum):
    """What a person can agree to give; as the gate calls these sources."""

    SUBMISSION = "submission"
    CHANNEL_LOG = "channel_log"


class Edition(NamedTuple):
    """A text that people agree to, and the sources that it speaks of."""

    covers: frozenset[Covers]


ELSEWHERE: Final = 0  # agreed outside the bot; the operator's list of an import says so
LOG: Final = 1  # where nothing said can be taken back, as in the room
TEACH: Final = 2
DISCORD_LOG: Final = 3
TELEGRAM_LOG: Final = 4
TEXTS: Final = {  # a changed text is a new edition; an old one stays, for those who agreed to it
    ELSEWHERE: Edition(frozenset({Covers.CHANNEL_LOG})),
    LOG: Edition(frozenset({Covers.CHANNEL_LOG, Covers.SUBMISSION})),
    TEACH: Edition(frozenset({Covers.SUBMISSION})),
    DISCORD_LOG: Edition(frozenset({Covers.CHANNEL_LOG, Covers.SUBMISSION})),
    TELEGRAM_LOG: Edition(frozenset({Covers.CHANNEL_LOG, Covers.SUBMISSION})),
}
LOGS: Final[Mapping[str, int]] = {"discord": DISCORD_LOG, "telegram": TELEGRAM_LOG}


def log_on(platform: str) -> int:
    """The edition that speaks of the messages of a platform, and of what the bot is told when they change there."""
    return LOGS.get(platform, LOG)


class Wording(NamedTuple):
    """A text that was shown, and the days for which it said that something is kept; None where it said none."""

    edition: int
    days: int | None = None

    @classmethod
    def of(cls, number: int) -> Wording | None:
        """The wording that a consent was recorded with; None for one that nobody was ever shown."""
        days, edition = divmod(number, EDITIONS)
        if edition not in TEXTS or not 0 <= days <= LONGEST:
            return None
        return cls(edition, days or None)

    @property
    def number(self) -> int:
        """What a consent is recorded with."""
        return (self.days or 0) * EDITIONS + self.edition

    @property
    def offered(self) -> bool:
        """Whether a button can have it: it is shown to people, and says for how long."""
        return self.edition != ELSEWHERE and self.days is not None

    def covers(self, what: Covers) -> bool:
        """Whether it spoke of this source."""
        return what in TEXTS[self.edition].covers

    def text(self, translate: Translate) -> str:
        """What it says, in plain words: what is kept, for what, how long."""
        if self.edition == ELSEWHERE:
            return translate("You agreed outside this bot; whoever runs it has recorded when.")
        if self.edition == TEACH:
            return _teach(self.days, translate)
        return _log(self.edition, self.days, translate)


def _log(edition: int, days: int | None, translate: Translate) -> str:
    kept = translate(
        "What is kept: the text of what you write in this channel and its threads from the moment you agree, with its "
        "time and what it answers, and how you are called here. Nothing from before, no pictures, no files. "
        "It is stored encrypted."
    )
    kept = " ".join((kept, *_followed(edition, translate)))
    return "\n".join((kept, _what_for(translate), _how_long(days, translate)))


def _followed(edition: int, translate: Translate) -> list[str]:
    """What becomes of a message that changes, as far as the platform tells a bot of it; in the room none can."""
    if edition == DISCORD_LOG:
        return [
            translate(
                "What you edit or delete here is edited or deleted there too: at once, or if I am away just then, when "
                "I have come back and read the channel again."
            )
        ]
    if edition == TELEGRAM_LOG:
        return [
            translate(
                "What you edit here is edited there too, unless I am away for more than a day. Telegram tells no bot "
                "what is deleted: what you delete here stays kept until you withdraw."
            )
        ]
    return []


def _teach(days: int | None, translate: Translate) -> str:
    kept = translate(
        "What is kept: the texts that you give in this channel with /teach, and the stories that you and everybody who "
        "wrote along give with /story teach; with their time, and how you are called here, and nothing else that you "
        "write. It is stored encrypted."
    )
    return "\n".join((kept, _what_for(translate), _how_long(days, translate)))


def _what_for(translate: Translate) -> str:
    return translate(
        "For what: to train a small language model of this channel, which writes only here or on this server. It is "
        "trained on the machine that I run on, or on the GPU host of whoever runs me. "
        "Mentions, links, addresses, numbers and the names of those who agree are taken out first, which is what your "
        "name is kept for; other names that somebody writes out may stay. Nobody is imitated by name."
    )


def _how_long(days: int | None, translate: Translate) -> str:
    if days is None:
        return translate(
            "How long: until you withdraw, which deletes it at once and takes the models that learned from it out of "
            "use."
        )
    return translate(
        "How long: one day at most, or until you withdraw, which deletes it at once and takes the models that learned "
        "from it out of use.",
        "How long: {count} days at most, or until you withdraw, which deletes it at once and takes the models that "
        "learned from it out of use.",
        count=days,
    )
