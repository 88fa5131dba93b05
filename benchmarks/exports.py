"""How fast an export of a gigabyte becomes sealed posts, ledger and gate included, and in what memory."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path
from typing import Any, Final

from benchmarks.measure import table

SIZE: Final = 1_000_000_000  # bytes
LEAST: Final = 20.0  # MB a second of CPU time
MOST: Final = 300.0  # MB at the peak
START: Final = 1_577_836_800  # seconds: 2020 begins
PEOPLE: Final = 50

PROGRAM: Final = """
import resource, sys, time
from bot.cli import app
begin = time.process_time()
try:
    app(sys.argv[1:])
except SystemExit as end:
    assert not end.code, end.code
spent = time.process_time() - begin
print(spent, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000, file=sys.stderr)
"""


def main(rounds: int) -> str:
    """Once each; `--rounds 1` takes a tenth of the size. Everybody has consented, so every message is stored."""
    size = SIZE if rounds > 1 else SIZE // 10
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        for name, write, place in (
            ("DiscordChatExporter, JSON", discord_json, "discord:1"),
            ("Telegram Desktop, JSON", telegram_json, "telegram:-1001"),
            ("DiscordChatExporter, CSV", discord_csv, "discord:1"),
        ):
            file = Path(folder, "export")
            messages = write(file, size)
            rows.append(_row(name, file, place, messages))
            file.unlink()
    return table(
        f"Imports of {size / 1e6:,.0f} MB",
        ("export", "messages", "bytes a message", f"MB/s of CPU time (≥ {LEAST:g})", f"peak, MB (< {MOST:g})"),
        rows,
    )


def _row(name: str, file: Path, place: str, messages: int) -> tuple[str, ...]:
    size = file.stat().st_size
    with tempfile.TemporaryDirectory() as home:
        consents = Path(home, "consents.csv")
        consents.write_text("person,granted\n" + "".join(f"{person},2019-01-01\n" for person in range(PEOPLE)), "utf-8")
        command = [sys.executable, "-c", PROGRAM, "logs", "import", str(file), "--place", place, "--json"]
        done = subprocess.run(  # ourselves
            [*command, "--permission", "a benchmark", "--consents", str(consents)],
            env={
                **os.environ,
                "PLANCHETTE_HOME": home,
                "XDG_CONFIG_HOME": home,
                "PLANCHETTE_TRAINING__RETENTION_DAYS": "36500",  # what is older than that would be left out
            },
            capture_output=True,
            text=True,
            check=True,
        )
    taken = json.loads(done.stdout)["taken"]
    if taken != messages:
        raise SystemExit(f"{messages} messages were written and {taken} taken")
    seconds, peak = (float(word) for word in done.stderr.split()[-2:])
    return name, f"{messages:,}", f"{size / messages:,.0f}", f"{size / seconds / 1e6:.1f}", f"{peak:,.0f}"


def discord_json(file: Path, size: int) -> int:
    """An export as today's versions write it: four spaces, and every field that a message has."""
    head = {
        "guild": {"id": "9", "name": "A server", "iconUrl": "https://cdn.discordapp.com/icons/9/a.png"},
        "channel": {
            "id": "1",
            "type": "GuildTextChat",
            "categoryId": "2",
            "category": "Talk",
            "name": "general",
            "topic": None,
        },
        "dateRange": {"after": None, "before": None},
        "exportedAt": "2026-01-01T00:00:00+00:00",
    }
    return _grown(file, size, head, 4, _discord)


def telegram_json(file: Path, size: int) -> int:
    """An export as Telegram Desktop writes it: one space, and the text twice."""
    return _grown(file, size, {"name": "A group", "type": "private_supergroup", "id": 1}, 1, _telegram)


def discord_csv(file: Path, size: int) -> int:
    """The same channel as a table."""
    written = 0
    with file.open("w", encoding="utf-8", newline="") as out:
        out.write("AuthorID,Author,Date,Content,Attachments,Reactions\n")
        while out.tell() < size:
            for _ in range(1000):
                at = _iso(written)
                out.write(f'"{written % PEOPLE}","name{written % PEOPLE}","{at}","{_text(written)}","",""\n')
                written += 1
    return written


def _grown(file: Path, size: int, head: dict[str, Any], indent: int, message: Callable[[int], dict[str, Any]]) -> int:
    shell = json.dumps({**head, "messages": []}, indent=indent)
    with file.open("w", encoding="utf-8") as out:
        out.write(shell[: shell.rindex("]")])
        for number in count():
            out.write("," if number else "")
            out.writelines(_lines(message(number), indent))
            if number % 1000 == 999 and out.tell() >= size:  # asking costs a flush
                break
        out.write("\n]\n}\n")
    return number + 1


def _lines(message: dict[str, Any], indent: int) -> Iterator[str]:
    for line in json.dumps(message, indent=indent, ensure_ascii=False).splitlines():
        yield f"\n{' ' * 2 * indent}{line}"


def _discord(number: int) -> dict[str, Any]:
    person = str(number % PEOPLE)
    message: dict[str, Any] = {
        "id": str(660_000_000_000_000_000 + number),
        "type": "Reply" if number % 5 == 0 and number else "Default",
        "timestamp": _iso(number),
        "timestampEdited": None,
        "callEndedTimestamp": None,
        "isPinned": False,
        "content": _text(number),
        "author": {
            "id": person,
            "name": f"name{person}",
            "discriminator": "0000",
            "nickname": f"Nick {person}",
            "color": None,
            "isBot": False,
            "roles": [],
            "avatarUrl": f"https://cdn.discordapp.com/avatars/{person}/89eeaf49ac25ca932094c69e56a796e0.png?size=512",
        },
        "attachments": [],
        "embeds": [],
        "stickers": [],
        "reactions": [],
        "mentions": [],
        "inlineEmojis": [],
    }
    if message["type"] == "Reply":
        earlier = str(660_000_000_000_000_000 + number - 3)
        message["reference"] = {"messageId": earlier, "channelId": "1", "guildId": "9"}
    return message


def _telegram(number: int) -> dict[str, Any]:
    person = number % PEOPLE
    reply = {"reply_to_message_id": number - 3} if number % 5 == 0 and number else {}
    return {
        "id": number,
        "type": "message",
        "date": _iso(number)[:19],
        "date_unixtime": str(START + 20 * number),
        "from": f"Name {person}",
        "from_id": f"user{person}",
        **reply,
        "text": _text(number),
        "text_entities": [{"type": "plain", "text": _text(number)}],
    }


def _text(number: int) -> str:
    words = ("does anybody know why the build is red again", "yes", "I think it was the flaky one, look at the log")
    return f"{words[number % 3]} {number}"


def _iso(number: int) -> str:
    from datetime import UTC, datetime

    return datetime.fromtimestamp(START + 20 * number, UTC).isoformat(timespec="milliseconds")
