"""Small exports in the shapes that exporters write."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

CHANNEL = "1064990764406419508"
GUILD = "77"
SAMPLES = Path(__file__).parents[4] / "shared" / "samples"


def said(number: int, text: object = "hello", person: str = "1", **fields: object) -> dict[str, Any]:
    """A message of DiscordChatExporter's."""
    message = {
        "id": str(1000 + number),
        "type": "Default",
        "timestamp": f"2024-05-01T12:{number % 60:02d}:00.123+00:00",
        "timestampEdited": None,
        "content": text,
        "author": {"id": person, "name": f"name{person}", "nickname": f"Nick {person}", "isBot": False},
        "attachments": [],
        "reactions": [],
    }
    return message | fields


def discord(path: Path, messages: Sequence[dict[str, Any]], **head: object) -> Path:
    """A channel's export."""
    whole = {
        "guild": {"id": GUILD, "name": "A server"},
        "channel": {"id": CHANNEL, "type": "GuildTextChat", "categoryId": "5", "name": "general"},
        "dateRange": {"after": None, "before": None},
        "messages": list(messages),
        "messageCount": len(messages),
    }
    path.write_text(json.dumps(whole | head, indent=2), "utf-8")
    return path


def wrote(number: int, text: object = "hello", person: str = "user1", **fields: object) -> dict[str, Any]:
    """A message of Telegram Desktop's."""
    message = {
        "id": number,
        "type": "message",
        "date": "2024-05-01T14:00:00",
        "date_unixtime": str(1714564800 + number),
        "from": f"Name of {person}",
        "from_id": person,
        "text": text,
    }
    return message | fields


def chat(messages: Sequence[dict[str, Any]], id_: int = 42, kind: str = "private_supergroup") -> dict[str, Any]:
    """A chat of Telegram Desktop's: the whole of `result.json`, or a part of an account's."""
    return {"name": f"Chat {id_}", "type": kind, "id": id_, "messages": list(messages)}


def account(path: Path, chats: Sequence[dict[str, Any]], indent: int | None = None) -> Path:
    """A whole account's export."""
    whole = {
        "about": "Here is the data you requested.",
        "contacts": {"about": "…", "list": [{"first_name": "messages", "date": "2024-01-01T00:00:00"}]},
        "chats": {"about": "…", "list": list(chats)},
        "left_chats": {"about": "…", "list": [chat([wrote(1, "left")], 43)]},
    }
    path.write_text(json.dumps(whole, ensure_ascii=False, indent=indent), "utf-8")
    return path
