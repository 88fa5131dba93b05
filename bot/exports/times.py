"""Times as exporters write them."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Final

EASTERNMOST: Final = timedelta(hours=14)  # UTC+14, Kiribati: a time there is the earliest that local time can mean
MONTHS: Final = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
OLD: Final = re.compile(r"(\d{1,2})-([A-Z][a-z]{2})-(\d{2}) (\d{1,2}):(\d{2}) (AM|PM)")  # DiscordChatExporter in 2019


def moment(text: str) -> datetime:
    """An ISO time, or one such as `05-Dec-19 12:17 AM`; without a zone, the earliest that it can mean.

    So nothing that was written before a consent passes for later.

    Raises:
        ValueError: it is neither.
    """
    found = _old(text) if "-" in text[1:3] else datetime.fromisoformat(text)
    try:
        return found.astimezone(UTC) if found.tzinfo is not None else found.replace(tzinfo=UTC) - EASTERNMOST
    except OverflowError as fault:  # in UTC it is of no year that there is
        raise ValueError(text) from fault


def _old(text: str) -> datetime:
    parts = OLD.fullmatch(text.strip())
    if parts is None:
        raise ValueError(text)
    day, month, year, hour, minute, half = parts.groups()
    return datetime(  # the zone is the exporter's, which the file does not tell
        2000 + int(year), MONTHS.index(month) + 1, int(day), int(hour) % 12 + 12 * (half == "PM"), int(minute)
    )
