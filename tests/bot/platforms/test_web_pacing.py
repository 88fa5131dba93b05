"""How fast one client may ask."""

from __future__ import annotations

from bot.platforms.web.pacing import Pace


def test_burst() -> None:
    """A client may ask a few times at once, and again as time passes."""
    now = 0.0
    pace = Pace(2, 1, ticks=lambda: now)

    at_once = [pace.allows("ada") for _ in range(3)]
    now = 1.0
    later = [pace.allows("ada") for _ in range(2)]

    assert at_once == [True, True, False]
    assert later == [True, False]


def test_others() -> None:
    """Nobody waits for another's flood."""
    pace = Pace(1, 0, ticks=lambda: 0.0)
    pace.allows("ada")

    assert not pace.allows("ada")
    assert pace.allows("bob")
