"""The picture of how a training went: the one beside its model, or where that is on another machine, drawn anew."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from generators.training.history import Point
from generators.training.job_directory import JobDirectory


def picture(directory: JobDirectory, made: Path | None) -> bytes | None:
    """A PNG; None where too little has been told, or nothing can draw. It takes a second.

    Args:
        made: the model's directory; None where another machine has it.
    """
    if made is not None:
        try:
            return (made / "curve.png").read_bytes()
        except OSError:
            return None
    points = points_of(directory.told()[0])
    try:
        from generators.training.curve import curve

        return curve(points)
    except ImportError:  # of matplotlib, which a bot can do without
        return None


def points_of(events: Iterable[Mapping[str, Any]]) -> list[Point]:
    """What a training has told of its loss; of steps that were taken again after a kill, what was told last."""
    points: list[Point] = []
    for event in events:
        if event.get("type") == "progress" and event.get("phase") in ("training", "checked"):
            checked, step = event["phase"] == "checked", int(event["step"])
            while points and (points[-1].step, points[-1].checked) >= (step, checked):
                points.pop()
            bits = event.get("bits_per_character") if checked else None
            points.append(Point(step, float(event["epoch"]), 0.0, event.get("loss"), checked, bits))
    return points
