"""How a story looks in a chat: text and buttons, the same on every platform."""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from bot.conversation import Button, Message
from bot.games.actions import GoOn, Vote, WriteIn
from bot.games.ballot import Ballot, Candidate, Reason
from bot.games.errors import WriterGone
from bot.text import is_visible
from generators.errors import Translate, UserError, english

WHOLE: Final = 1_900  # characters of a message; Discord takes 2,000, and an adapter may have to escape a few
TEXT: Final = 1_200  # characters of the text so far, of which the end is what people go on from
LINE: Final = 200  # characters of a candidate in the list: a long sentence; a write-in has at most 101
NAME: Final = 24  # characters of somebody's name
LABEL: Final = 80  # characters; Discord API v10, button label
BAR: Final = 10  # blocks
JOINERS: Final = frozenset("\u200c\u200d\ufe0e\ufe0f")  # unseen, but they shape the letters and emoji around them
EDGES: Final = re.compile("^ +| +$|(?<=⏎) +")
SIGNS: Final = {"\n": "⏎", "\t": "⇥", "\r": "␍"}


@dataclass(frozen=True, slots=True)
class View:
    """A running round, with all that is shown of it.

    Attributes:
        round_id, number: of the round; numbers count from 1.
        text: the whole story so far.
        ballot: candidates and votes.
        probabilities: whether the model's probabilities are shown; those of whole sentences say nothing to anybody.
        players: names of those who play.
        missing: how many of them have not voted yet.
        deadline: when the round closes; None while the story is paused.
        solo: whether the first vote closes the round.
    """

    round_id: int
    number: int
    text: str
    ballot: Ballot
    probabilities: bool
    players: tuple[str, ...]
    missing: int
    deadline: datetime | None
    solo: bool = False


def ballot(view: View, translate: Translate = english) -> Message:
    """The text so far, the candidates with their bars, and a button for each of them."""
    lines = "\n".join(_lines(view, translate))
    foot = "\n".join(_foot(view, translate))
    room = min(TEXT, WHOLE - len(lines) - len(foot) - 4)
    text = ending(view.text, room) or translate("(An empty page. What is the first word?)")
    return Message(f"{text}\n\n{lines}\n\n{foot}", buttons(view, translate))


def buttons(view: View, translate: Translate = english) -> tuple[Button, ...]:
    """A button for each candidate, in order, and one to write something in."""
    return (
        *(
            Button(
                label(candidate, probability=view.probabilities, translate=translate),
                str(Vote(view.round_id, candidate.slot)),
            )
            for candidate in view.ballot.candidates
        ),
        Button(translate("Write in…"), str(WriteIn(view.round_id)), asks=translate("Your own candidate")),
    )


def label(candidate: Candidate, *, probability: bool, translate: Translate = english) -> str:
    """A candidate's text, ` · ` and its percentage; of a sentence only the text, shortened where it has to be."""
    share = f" · {percentage(candidate.logprob)}" if probability else ""
    return shown(candidate, LABEL - len(share), translate) + share


def shown(candidate: Candidate, room: int = LINE, translate: Translate = english) -> str:
    """A candidate's text as people can read it, in at most `room` characters; one that ends the story says so."""
    if candidate.bare_end:
        return translate("The end")
    text = readable(candidate.text)
    if not candidate.end:
        return shortened(text, room)
    closing = f" … {translate('The end')}"
    return text[: room - len(closing)].rstrip() + closing


def readable(text: str) -> str:
    """The text with `␣` for spaces at its ends, `⏎` for line ends, and names for what cannot be seen."""
    plain = any(map(is_visible, text))
    body = "".join(SIGNS.get(character) or _character(character, plain) for character in text)
    return EDGES.sub(lambda spaces: "␣" * len(spaces[0]), body)


def _character(character: str, plain: bool) -> str:
    if character == " " or (plain and character in JOINERS):
        return character
    if unicodedata.category(character) in {"Zs", "Zl", "Zp", "Cc", "Cf", "Cs", "Co"} or not (
        plain or is_visible(character)
    ):
        return f"<U+{ord(character):04X}>"
    return character


def percentage(logprob: float | None) -> str:
    """A probability in whole per cent; what would round to nothing or to certainty says so."""
    if logprob is None:
        return "? %"
    probability = math.exp(min(logprob, 0.0))
    if probability < 0.01:
        return "<1 %"
    if 0.99 < probability < 0.9995:
        return ">99 %"
    return f"{round(probability * 100)} %"


def bar(share: float) -> str:
    """A share from 0 to 1 as blocks."""
    full = round(max(0.0, min(1.0, share)) * BAR)
    return "█" * full + "░" * (BAR - full)


def other(candidates: Iterable[Candidate]) -> float:
    """The probability of everything that is not on the ballot."""
    return max(0.0, 1.0 - math.fsum(math.exp(c.logprob) for c in candidates if c.logprob is not None))


def ending(text: str, room: int) -> str:
    """The end of a text in at most `room` characters; one that was cut begins with «…», at a word where it can."""
    text = text.strip(" \n\t")
    longer = len(text) > room
    text = "".join(c if c in "\n\t" else _character(c, plain=True) for c in text[-room - 1 :]).strip()
    if not longer and len(text) <= room:
        return text
    cut = text[len(text) - max(0, room - 2) :] if room > 2 else ""
    space = cut.find(" ", 0, 40)
    return "… " + cut[space + 1 :].lstrip()


def shortened(text: str, room: int) -> str:
    """The beginning of a text in at most `room` characters; one that was cut ends with «…»."""
    return text if len(text) <= room else text[: room - 1].rstrip() + "…"


def _lines(view: View, translate: Translate) -> Iterable[str]:
    tally = view.ballot.tally
    room = max(20, min(LINE, 1_100 // max(1, len(view.ballot.candidates)) - 30))
    for candidate in view.ballot.candidates:
        votes = tally[candidate.slot]
        parts = [_measure(view, candidate, votes), shown(candidate, room, translate)]
        if candidate.writer is not None:
            parts.append(translate("(written in)"))
        if votes:
            parts.append(translate("— {count} vote", "— {count} votes", count=votes))
        yield " ".join(parts)
    if view.probabilities:
        rest = other(view.ballot.candidates)
        yield translate(
            "{bar} {share} other", bar=bar(rest), share=percentage(math.log(rest) if rest > 0 else -math.inf)
        )


def _measure(view: View, candidate: Candidate, votes: int) -> str:
    if view.probabilities:
        share = 0.0 if candidate.logprob is None else math.exp(min(candidate.logprob, 0.0))
        return f"{bar(share)} {percentage(candidate.logprob)}"
    return bar(votes / len(view.ballot.votes)) if view.ballot.votes else "·"


def _foot(view: View, translate: Translate) -> Iterable[str]:
    if view.deadline is None:
        yield translate("Round {number}: the story is paused. Press any button to go on.", number=view.number)
    elif view.solo:
        yield translate(
            "Round {number}: the first press decides, or chance at {deadline:%H:%M:%S} UTC.",
            number=view.number,
            deadline=view.deadline,
        )
    else:
        yield translate(
            "Round {number}: vote until {deadline:%H:%M:%S} UTC, or write in your own with /story write.",
            number=view.number,
            deadline=view.deadline,
        )
    if view.players:
        yield translate(
            "Players: {names} ({voted} of {all} have voted)",
            names=names(view.players, translate),
            voted=len(view.players) - view.missing,
            all=len(view.players),
        )
    if len(view.players) == 1 and not (view.missing or view.solo or view.deadline is None):
        yield translate(
            "Nobody else plays yet; /story skip closes the round now. "
            "In a story that begins with /story start solo=true, one vote is enough."
        )


def named(name: str) -> str:
    """Somebody's name within a line."""
    return shortened(readable(name), NAME)


def names(people: Sequence[str], translate: Translate = english, most: int = 6) -> str:
    """Names in a row, with a count instead of those that would make it long."""
    listed = [named(name) for name in people[:most]]
    if len(people) > most:
        listed.append(translate("{count} more", "{count} more", count=len(people) - most))
    return ", ".join(listed)


def outcome(
    number: int, winner: Candidate, reason: Reason, votes: int, cast: int, translate: Translate = english
) -> Message:
    """What a ballot turns into once its round is over."""
    text = shown(winner, translate=translate)
    match reason:
        case "votes":
            said = translate(
                "Round {number}: «{text}» won with {votes} of {count} vote.",
                "Round {number}: «{text}» won with {votes} of {count} votes.",
                number=number,
                text=text,
                votes=votes,
                count=cast,
            )
        case "tie":
            said = translate("Round {number}: «{text}» was drawn from a tie.", number=number, text=text)
        case "no votes":
            said = translate("Round {number}: nobody voted; «{text}» was drawn.", number=number, text=text)
    return Message(said)


def undone(number: int, translate: Translate = english) -> Message:
    """What a ballot turns into whose round was taken back."""
    return Message(translate("Round {number} was taken back.", number=number))


def dropped(number: int, translate: Translate = english) -> Message:
    """What a ballot turns into whose round never closed: the word before it was taken back, or the story ended."""
    return Message(translate("Round {number} was dropped.", number=number))


def moved(translate: Translate = english) -> Message:
    """What a ballot turns into that was posted again."""
    return Message(translate("The story goes on below."))


def stuck(text: str, fault: UserError, story_id: int, translate: Translate = english) -> Message:
    """A story that paused because no candidates could be had, and why; without its model there is nothing to try."""
    why, gone = fault.sentence(translate), isinstance(fault, WriterGone)
    if gone:
        foot = translate("The story is paused. {fault}", fault=why)
    else:
        foot = translate("The story is paused. {fault} Press the button to try again.", fault=why)
    said = ending(text, min(TEXT, WHOLE - len(foot) - 2))
    return Message(f"{said}\n\n{foot}".strip(), () if gone else (Button(translate("Go on"), str(GoOn(story_id))),))


def ended(text: str, writers: Sequence[str], translate: Translate = english) -> Message:
    """A story that is over: its end, who wrote it, and how to get the whole of it."""
    feet = [translate("The end.")]
    if writers:
        feet.append(translate("Written by {names} and a language model.", names=names(writers, translate)))
    feet.append(translate("/story export gives the whole story as a file."))
    foot = " ".join(feet)
    said = ending(text, min(TEXT, WHOLE - len(foot) - 2))
    return Message(f"{said}\n\n{foot}".strip())
