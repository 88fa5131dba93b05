"""A story as a file: Markdown and HTML to read, JSON to replay."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Final, Literal, TypeAlias

from sqlalchemy.ext.asyncio import AsyncConnection

from bot.conversation import Attachment
from bot.games import show
from bot.games.records import ballot_of, reason_of
from bot.games.replay import FORMAT, VERSION
from generators.errors import Translate, english
from storage import rounds, stories, units
from storage.rounds import Past
from storage.stories import Story
from storage.units import UnitRow

Format: TypeAlias = Literal["md", "json", "html"]

STYLE: Final = """\
body{max-width:40em;margin:3em auto;padding:0 1em;font:18px/1.6 Georgia,serif;color:#222;background:#fdfcf8}
p.text{white-space:pre-wrap}
span.v{border-bottom:1px dotted #b58900}
footer,small{color:#777;font:14px/1.5 system-ui,sans-serif}
@media(prefers-color-scheme:dark){body{color:#ddd;background:#1c1b19}}
"""
LEAST: Final = -1e300  # JSON has no minus infinity; as a log probability this is as good
MARKDOWN: Final = re.compile(r"([\\`*_\[\]<>#|~])")


@dataclass(frozen=True, slots=True)
class Told:
    """A story with everything that ever happened in it."""

    story: Story
    history: tuple[Past, ...]
    units: tuple[UnitRow, ...]
    names: dict[str, str]

    @property
    def text(self) -> str:
        """The whole text."""
        return self.story.title_text + "".join(unit.text for unit in self.units)

    @property
    def people(self) -> dict[str, int]:
        """Everybody who ever played, numbered from 1: what they are called on the platform stays there."""
        return {person: number for number, person in enumerate(self.names, 1)}


async def told(conn: AsyncConnection, story: Story) -> Told:
    """Everything that is stored of a story."""
    history = await rounds.history(conn, story.id)
    names = {vote.person: vote.name for past in history for vote in past.votes}
    for player in await stories.players(conn, story.id):
        names[player.person] = player.name
    return Told(story, tuple(history), tuple(await units.every(conn, story.id)), names)


def attachment(told: Told, form: Format, translate: Translate = english) -> Attachment:
    """The story as a file."""
    name = f"story-{told.story.id}.{form}"
    match form:
        case "json":
            written = json.dumps(document(told), ensure_ascii=False, indent=1, allow_nan=False)
            return Attachment(name, "application/json", written.encode())
        case "html":
            return Attachment(name, "text/html; charset=utf-8", page(told, translate).encode())
        case "md":
            return Attachment(name, "text/markdown; charset=utf-8", markdown(told, translate).encode())


def document(told: Told) -> dict[str, Any]:
    """The story as JSON that `replay` reads; people are numbers and the names that everybody saw."""
    story, people = told.story, told.people
    return {
        "format": FORMAT,
        "version": VERSION,
        "story": {
            "unit": story.unit,
            "candidates": story.candidates,
            "seconds": story.seconds,
            "solo": story.solo,
            "temperature": story.temperature,
            "label": story.label,
            "state": story.state,
            "created": story.created.isoformat(),
            "ended": None if story.ended is None else story.ended.isoformat(),
        },
        "model": {"name": story.model, "version": story.version},
        "start": {"text": story.title_text, "token_ids": list(story.start_ids)},
        "people": [{"number": number, "name": told.names[person]} for person, number in people.items()],
        "rounds": [_round(past, people) for past in told.history],
        "units": [
            {"position": unit.position, "text": unit.text, "token_ids": list(unit.token_ids)} for unit in told.units
        ],
        "text": told.text,
    }


def _round(past: Past, people: dict[str, int]) -> dict[str, Any]:
    round_ = past.round
    return {
        "position": round_.position,
        "attempt": round_.attempt,
        "state": round_.state,
        "seed": round_.seed,
        "temperature": round_.temperature,
        "exact": round_.exact,
        "opened": round_.opened.isoformat(),
        "closed": None if round_.closed is None else round_.closed.isoformat(),
        "candidates": [
            {
                "slot": row.slot,
                "text": row.text,
                "token_ids": list(row.token_ids),
                "logprob": None if row.logprob is None else max(row.logprob, LEAST),
                "end": row.end,
                "writer": people.get(row.writer) if row.writer is not None else None,
            }
            for row in past.candidates
        ],
        "votes": [{"person": people[vote.person], "slot": vote.slot} for vote in past.votes],
        "winner": round_.winner,
        "reason": reason_of(round_),
    }


def markdown(told: Told, translate: Translate = english) -> str:
    """The text, and below it who wrote it, with what, and how each word was chosen."""
    return markdown_of(title_of(told.text, translate), told.text, _byline(told, translate), _chosen(told, translate))


def markdown_of(title: str, text: str, byline: str, notes: Iterable[str]) -> str:
    """A Markdown file: heading, text, and below it who wrote it and a numbered list; all of it is shown as it is."""
    written = escaped(text.strip()).replace("\n", "  \n")
    listed = "\n".join(f"{number}. {escaped(line)}" for number, line in enumerate(notes, 1))
    return "\n\n".join(part for part in (f"# {escaped(title)}", written, "---", escaped(byline), listed) if part) + "\n"


def escaped(text: str) -> str:
    """Text that Markdown shows as it is."""
    return MARKDOWN.sub(r"\\\1", text)


def page(told: Told, translate: Translate = english) -> str:
    """A page that stands alone: the text, on whose every word one can point to see how it was chosen."""
    pieces = [(unit.text, line) for unit, line in zip(told.units, _chosen(told, translate), strict=True)]
    return page_of(title_of(told.text, translate), told.story.title_text, pieces, _byline(told, translate))


def page_of(title: str, beginning: str, pieces: Iterable[tuple[str, str]], byline: str) -> str:
    """A page of HTML: a beginning, then pieces of text, each with what pointing at it shows."""
    marked = "".join(f'<span class="v" title="{html.escape(note)}">{html.escape(text)}</span>' for text, note in pieces)
    title = html.escape(title)
    return (
        f'<!doctype html>\n<html lang="mul"><head><meta charset="utf-8"><title>{title}</title>\n'
        '<meta name="viewport" content="width=device-width,initial-scale=1">\n'
        f"<style>\n{STYLE}</style></head>\n<body>\n<h1>{title}</h1>\n"
        f'<p class="text">{html.escape(beginning)}{marked}</p>\n'
        f"<footer>{html.escape(byline)}</footer>\n</body></html>\n"
    )


def title_of(text: str, translate: Translate) -> str:
    """The first words of a text, as its title."""
    line = " ".join(text.split())
    return show.shortened(show.ending(line, len(line)), 60) or translate("A story")


def _byline(told: Told, translate: Translate) -> str:
    facts = {
        "model": told.story.model,
        "version": told.story.version,
        "day": told.story.created.date().isoformat(),
        "names": show.names(tuple(told.names.values()), translate, most=50),
    }
    if told.names:
        return translate("Written on {day} by {names} and the model {model} ({version}), with Planchette.", **facts)
    return translate("Written on {day} by the model {model} ({version}), with Planchette.", **facts)


def _chosen(told: Told, translate: Translate) -> Iterator[str]:
    """How each unit came into the text, in order."""
    rounds = {past.round.id: past for past in told.history}
    for unit in told.units:
        past = rounds[unit.round]
        ballot = ballot_of(past)
        winner = ballot.at(past.round.winner or 0)
        yield show.outcome(
            unit.position + 1,
            winner,
            reason_of(past.round) or "no votes",
            ballot.tally[winner.slot],
            len(ballot.votes),
            translate,
        ).text
