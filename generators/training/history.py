"""What a training has told so far, kept beside its checkpoints so that a resumed one tells all of it."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final, NamedTuple

from generators.training.progress import Progress
from generators.training.work import saving

HISTORY: Final = "history.jsonl"


class Point(NamedTuple):
    """A moment of a training.

    Attributes:
        step, epoch: how far it was.
        seconds: of training until then.
        loss: nats per token, since the point before; None before the first.
        checked: whether the model was measured and kept.
        bits_per_character: held out, at a check; None where nothing is held out.
    """

    step: int
    epoch: float
    seconds: float
    loss: float | None
    checked: bool = False
    bits_per_character: float | None = None


class Check(NamedTuple):
    """A check of a training.

    Attributes:
        epoch: passes over the text.
        loss: of training, nats per token, over all steps since the check before; None where no step was told.
        bits_per_character: held out; None where nothing is.
        seconds: of training until then.
    """

    epoch: float
    loss: float | None
    bits_per_character: float | None
    seconds: float


class History:
    """The points of a training, over all its runs.

    Args:
        path: where they are kept, a JSON line each.
        step: that this run goes on from; what was told of later steps is forgotten, because they are taken again.
        seconds: gives those of training so far.
    """

    def __init__(self, path: Path, step: int, seconds: Callable[[], float]) -> None:
        self.points = [point for point in _read(path) if point.step <= step]
        self._path = path
        self._seconds = seconds
        with saving(path.parent):
            beside = path.with_name(f".{path.name}")
            beside.write_text("".join(map(_line, self.points)), "utf-8")
            beside.replace(path)

    def noting(self, told: Callable[[Progress], None]) -> Callable[[Progress], None]:
        """`told`, with each event of the training kept first."""

        def noted(event: Progress) -> None:
            if event.phase in ("training", "checked"):
                self._note(event)
            told(event)

        return noted

    def _note(self, event: Progress) -> None:
        checked = event.phase == "checked"
        bits = event.bits_per_character if checked else None
        point = Point(event.step, event.epoch, round(self._seconds(), 1), event.loss, checked, bits)
        self.points.append(point)
        with saving(self._path.parent), self._path.open("a", encoding="utf-8") as file:
            file.write(_line(point))


def checks(points: Sequence[Point]) -> list[Check]:
    """The checks among the points, with the mean loss since the check before."""
    found: list[Check] = []
    before, steps, total = 0, 0, 0.0
    for point in points:
        if not point.checked and point.loss is not None:
            total += point.loss * (point.step - before)
            steps, before = steps + point.step - before, point.step
        elif point.checked:
            loss = total / steps if steps else point.loss
            found.append(Check(point.epoch, loss, point.bits_per_character, point.seconds))
            steps, total = 0, 0.0
    return found


def _read(path: Path) -> list[Point]:
    """The points up to the first line that was not written to its end."""
    points: list[Point] = []
    try:
        lines = path.read_text("utf-8").splitlines()
    except (OSError, ValueError):
        return points
    for line in lines:
        try:
            points.append(Point(**json.loads(line)))
        except (ValueError, TypeError):
            break
    return points


def _line(point: Point) -> str:
    return json.dumps(point._asdict()) + "\n"
