"""What a training has brought, whether it goes into use, and how that is told."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Any, Final

from bot.conversation import Button, Message, Place
from bot.lineages.actions import RollBack, TrainAgain, Use, mark_of
from bot.visibility import Owner
from generators.errors import Translate
from storage.channel_models import ChannelModel

UNDECIDED: Final = "undecided"  # in a version's facts, until it is settled whether it goes into use by itself
MOST_VERBATIM: Final = 0.005  # share of samples with 8 words of the training text; above it, somebody has to decide


@dataclass(frozen=True, slots=True)
class Result:
    """A training that is over.

    Attributes:
        place: that it was for.
        person: the key of who began it.
        model, version: what it made.
        base: what it went on from, as `NAME@VERSION`.
        bits: per character of the held-out text.
        made: when.
        directory: of the version, called by it, anywhere on this machine; None for one on another machine.
        measured: `NAME@VERSION` of what was measured on the same held-out text, to its bits per character.
        learnt_from: persons and places, as `consents` has them.
        read: when their text was read.
        verbatim: the share of its samples that hold 8 words of the training text verbatim; None if it is not known.
        facts: recipe, metrics, sources, state of the ledger, memorisation.
        job: its id.
        authorised: whether that person may still manage the place.
    """

    place: Place
    person: str
    model: str
    version: str
    base: str
    bits: float
    made: datetime
    directory: Path | None = None
    measured: Mapping[str, float] = field(default_factory=dict)
    learnt_from: Collection[tuple[str, str]] = ()
    read: datetime | None = None
    verbatim: float | None = None
    facts: Mapping[str, Any] = field(default_factory=dict)
    job: str | None = None
    authorised: bool = True

    @property
    def name(self) -> str:
        """The version as places set it."""
        return f"{self.model}@{self.version}"


class Verdict(StrEnum):
    """What became of a version: in use, or kept, and why."""

    USED = "used"
    WORSE = "worse"
    NOT_COMPARED = "not compared"
    VERBATIM = "verbatim"
    NOT_AUTHORISED = "not authorised"
    TAINTED = "tainted"


def verdict(result: Result, writing: str | None) -> Verdict:
    """Whether a version goes into use by itself.

    Args:
        writing: `NAME@VERSION` of what writes in the place now; None where nothing does.
    """
    if writing == result.name:
        return Verdict.USED
    if not result.authorised:
        return Verdict.NOT_AUTHORISED
    if result.verbatim is not None and result.verbatim > MOST_VERBATIM:
        return Verdict.VERBATIM
    if writing is not None and writing not in result.measured:
        return Verdict.NOT_COMPARED
    if writing is not None and not result.bits < result.measured[writing]:
        return Verdict.WORSE
    return Verdict.USED


@dataclass(frozen=True, slots=True)
class Adopted:
    """What became of a result.

    Attributes:
        result: as the training brought it.
        model: the version as it is kept.
        verdict: whether it is in use.
        writing: `NAME@VERSION` of what wrote in the place before; None where nothing did.
    """

    result: Result
    model: ChannelModel
    verdict: Verdict
    writing: str | None

    def message(self, translate: Translate) -> Message:
        """The same in sentences, with what can be done about it as buttons."""
        return Message(self.sentence(translate), self.buttons(translate))

    def sentence(self, translate: Translate) -> str:
        """What became of it."""
        facts: dict[str, object] = {"model": self.model.name, "bits": f"{self.result.bits:.2f}", "other": self.writing}
        measured = None if self.writing is None else self.result.measured.get(self.writing)
        facts["before"] = "–" if measured is None else f"{measured:.2f}"
        match self.verdict:
            case Verdict.USED if measured is None or self.writing == self.model.name:
                return translate(
                    "{model} writes here now: {bits} bits per character on text that it has not seen.", **facts
                )
            case Verdict.USED:
                return translate(
                    "{model} writes here now: {bits} bits per character on text that it has not seen; {other} had "
                    "{before} there.",
                    **facts,
                )
            case Verdict.WORSE:
                return translate(
                    "{other} goes on writing here: it has {before} bits per character on text that neither has seen, "
                    "and {model}, which is kept, has {bits}.",
                    **facts,
                )
            case Verdict.NOT_COMPARED:
                return translate(
                    "{model} is kept. {other} has come to write here meanwhile, so an admin has to choose between the "
                    "two.",
                    **facts,
                )
            case Verdict.VERBATIM:
                share = f"{100 * (self.result.verbatim or 0):.1f}"
                return translate(
                    "{model} is kept, but does not write here: without its guard {share} % of its texts repeat 8 words "
                    "or more of what it has learnt from.",
                    share=share,
                    **facts,
                )
            case Verdict.NOT_AUTHORISED:
                return translate(
                    "{model} is kept, but does not write here: who began its training is no admin of this place any "
                    "more.",
                    **facts,
                )
            case Verdict.TAINTED:
                return translate(
                    "{model} has learnt from text that somebody has withdrawn meanwhile, so it does not write.", **facts
                )

    def buttons(self, translate: Translate) -> tuple[Button, ...]:
        """What an admin can press."""
        match self.verdict:
            case Verdict.USED:
                return (back_button(self.model.name, translate),)
            case Verdict.TAINTED:
                return (train_button(translate),)
            case _:
                return (Button(translate("Use it anyway"), str(Use(mark_of(self.model.name)))),)


def row_of(result: Result, owner: Owner) -> ChannelModel:
    """A result as a version of its owner's, before anything is known of withdrawals."""
    facts = {**result.facts, "bits_per_character": result.bits, "measured": dict(result.measured), UNDECIDED: True}
    return ChannelModel(
        model=result.model,
        version=result.version,
        place=owner.place,
        guild=owner.guild,
        base=result.base,
        made=result.made,
        used=result.made,
        facts=json.loads(json.dumps(facts, default=str)),
        job=result.job,
    )


def back_button(name: str, translate: Translate) -> Button:
    """What goes back from a version to the one before."""
    return Button(translate("Roll back"), str(RollBack(mark_of(name))))


def train_button(translate: Translate) -> Button:
    """What begins a training without what was withdrawn."""
    return Button(translate("Train again"), str(TrainAgain()))
