"""Lists of who consented and when, which an operator brings along with an export."""

from __future__ import annotations

import csv
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from bot.exports.errors import UnusableConsents

HEADER: Final = ["person", "granted"]
TELEGRAM_USER: Final = "user"  # what its exports write before an id


def read_consents(path: Path, platform: str, now: datetime) -> dict[str, datetime]:
    """The persons' keys, each with the moment from which on their messages may be taken.

    A person who stands there twice counts from the later moment; a time without a zone is in UTC.

    Raises:
        UnusableConsents: it is no such list, or is from a moment that is still to come.
        OSError: it cannot be read.
    """
    found: dict[str, datetime] = {}
    line = 1
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = csv.reader(file, strict=True)
            if [name.strip() for name in next(rows, [])] != HEADER:
                raise UnusableConsents(str(path), 1, "the header is another")
            for row in rows:
                line = rows.line_num
                if not any(cell.strip() for cell in row):
                    continue
                if len(row) != len(HEADER):
                    raise UnusableConsents(str(path), line, f"there are {len(row)} columns")
                person, granted = _person(row[0].strip(), platform), _granted(row[1].strip(), now)
                found[person] = max(granted, found.get(person, granted))
    except UnicodeDecodeError as fault:
        raise UnusableConsents(str(path), line, "it is not UTF-8") from fault
    except (ValueError, csv.Error) as fault:
        raise UnusableConsents(str(path), line, str(fault)) from fault
    return found


def _person(cell: str, platform: str) -> str:
    """A person's key; the platform ahead of the id may be left out.

    Raises:
        ValueError: there is none, or of another platform.
    """
    named, colon, id_ = cell.rpartition(":")
    if not id_ or (colon and named != platform):
        raise ValueError(f"«{cell}» is no person of {platform}")
    return f"{platform}:{id_.removeprefix(TELEGRAM_USER) if platform == 'telegram' else id_}"


def _granted(cell: str, now: datetime) -> datetime:
    try:
        found = datetime.fromisoformat(cell)
    except ValueError as fault:
        raise ValueError(f"«{cell}» is no ISO time") from fault
    try:
        granted = (found if found.tzinfo is not None else found.replace(tzinfo=UTC)).astimezone(UTC)
    except OverflowError as fault:
        raise ValueError(f"«{cell}» is no ISO time") from fault
    if granted > now:
        raise ValueError(f"{cell} is still to come")
    return granted
