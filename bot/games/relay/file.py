"""A relay as a file: Markdown and HTML to read, JSON for programs."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

from bot.conversation import Attachment
from bot.games import export
from bot.games.relay.state import Relay
from bot.games.show import named, names
from generators.errors import Translate


def file(relay: Relay, game: int, form: export.Format, begun: datetime, translate: Translate) -> Attachment:
    """All of a relay as a file."""
    name = f"relay-{game}.{form}"
    title, byline = export.title_of(relay.text, translate), _byline(relay, begun, translate)
    pieces = [(each.text, named(each.name)) for each in relay.sentences]
    match form:
        case "json":
            written = json.dumps(_document(relay, begun), ensure_ascii=False, indent=1)
            return Attachment(name, "application/json", written.encode())
        case "html":
            page = export.page_of(title, relay.beginning, pieces, byline)
            return Attachment(name, "text/html; charset=utf-8", page.encode())
        case "md":
            notes = [f"{writer}: {text.strip()}" for text, writer in pieces]
            written = export.markdown_of(title, relay.text, byline, notes)
            return Attachment(name, "text/markdown; charset=utf-8", written.encode())


def _byline(relay: Relay, begun: datetime, translate: Translate) -> str:
    model, _, version = relay.model.partition("@")
    writers = tuple(dict.fromkeys(each.name for each in relay.sentences if each.writer is not None))
    facts = {
        "model": model,
        "version": version,
        "day": begun.date().isoformat(),
        "names": names(writers, translate, most=50),
    }
    if writers:
        return translate("Written on {day} by {names} and the model {model} ({version}), with Planchette.", **facts)
    return translate("Written on {day} by the model {model} ({version}), with Planchette.", **facts)


def _document(relay: Relay, begun: datetime) -> dict[str, Any]:
    """A relay as JSON; people are numbers and the names that everybody saw."""
    people = {
        key: number
        for number, key in enumerate(dict.fromkeys(each.writer for each in relay.sentences if each.writer), 1)
    }
    model, _, version = relay.model.partition("@")
    return {
        "format": "planchette-relay",
        "version": 1,
        "model": {"name": model, "version": version},
        "temperature": relay.temperature,
        "begun": begun.isoformat(),
        "start": {"text": relay.beginning, "token_ids": relay.start_ids},
        "sentences": [
            {
                "text": each.text,
                "person": None if each.writer is None else people[each.writer],
                "name": each.name,
                "token_ids": each.token_ids,
                "seed": each.seed,
            }
            for each in relay.sentences
        ],
        "text": relay.text,
    }
