"""A training as a picture, and the history that it is drawn from."""

from __future__ import annotations

import json
import math
from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image

from generators.training.curve import curve, figure_of
from generators.training.history import HISTORY, Check, History, Point, checks
from generators.training.progress import Progress

EVENTS = [
    Progress("reading", step=100),
    Progress("training", epoch=0.5, step=10, loss=4.0),
    Progress("training", epoch=1.0, step=20, loss=2.0),
    Progress("checked", epoch=1.0, step=20, loss=2.0, bits_per_character=3.5),
    Progress("training", epoch=1.5, step=30, loss=1.0, bits_per_character=3.5),
]


def told(path: Path, step: int, events: list[Progress], seconds: float = 7.0) -> History:
    history = History(path, step, lambda: seconds)
    tell = history.noting(lambda _: None)
    for event in events:
        tell(event)
    return history


def points(steps: int) -> list[Point]:
    """A long training with a check every hundredth of it."""
    found: list[Point] = []
    for step in range(1, steps + 1):
        loss = 2 + math.exp(-step / steps) + step % 7 / 10
        found.append(Point(step, step / steps, float(step), loss))
        if step % max(steps // 100, 1) == 0:
            found.append(Point(step, step / steps, float(step), loss, True, loss))
    return found


def drawn(history: list[Point]) -> bytes:
    """The picture of a training that has one."""
    picture = curve(history)
    assert picture is not None
    return picture


@pytest.mark.parametrize("history", [points(5000), points(2)])
def test_light_picture(history: list[Point]) -> None:
    """A training of any length is a readable PNG of less than 60 KB."""
    picture = drawn(history)

    with Image.open(BytesIO(picture)) as image:
        assert image.format == "PNG"
        assert image.width == 800
    assert len(picture) < 60_000


@pytest.mark.parametrize("history", [points(1), [Point(1, 1.0, 1.0, None, True, 2.0)], []])
def test_no_line(history: list[Point]) -> None:
    """A training that was told of once, or not at all, has no picture."""
    assert curve(history) is None


def test_whole_steps() -> None:
    """A short training has a tick for each step, and none between two."""
    figure = figure_of(points(3))

    assert figure is not None
    assert [tick for tick in figure.axes[-1].get_xticks() if 1 <= tick <= 3] == [1, 2, 3]


def test_parts() -> None:
    """Where nothing is held out, the picture has only the loss."""
    measured = points(10)
    bare = [point._replace(bits_per_character=None) for point in measured]

    heights = [Image.open(BytesIO(drawn(history))).height for history in (measured, bare)]

    assert heights == [520, 260]


def test_nothing_of_pyplot() -> None:
    """Drawing leaves matplotlib's global state alone."""
    import matplotlib as mpl

    before = dict(mpl.rcParams)

    curve(points(3))

    assert dict(mpl.rcParams) == before


def test_goes_on(tmp_path: Path) -> None:
    """A resumed training knows what was told up to its checkpoint, and forgets the steps that it takes again."""
    told(tmp_path / HISTORY, 0, EVENTS)

    resumed = told(tmp_path / HISTORY, 20, [Progress("training", epoch=1.5, step=30, loss=1.5)], seconds=9.0)

    assert [(point.step, point.loss, point.checked) for point in resumed.points] == [
        (10, 4.0, False),
        (20, 2.0, False),
        (20, 2.0, True),
        (30, 1.5, False),
    ]
    assert History(tmp_path / HISTORY, 30, lambda: 0.0).points == resumed.points


def test_torn_line(tmp_path: Path) -> None:
    """A line that was being written when the power went is passed over, and the next one is whole."""
    told(tmp_path / HISTORY, 0, EVENTS)
    data = (tmp_path / HISTORY).read_bytes()
    (tmp_path / HISTORY).write_bytes(data[:-20])

    resumed = told(tmp_path / HISTORY, 30, [Progress("training", epoch=2.0, step=40, loss=1.5)])

    assert [point.step for point in resumed.points] == [10, 20, 20, 40]
    lines = (tmp_path / HISTORY).read_text("utf-8").splitlines()
    assert [json.loads(line)["step"] for line in lines] == [10, 20, 20, 40]


def test_begins_anew(tmp_path: Path) -> None:
    """A training that starts from nothing has no history."""
    told(tmp_path / HISTORY, 0, EVENTS)

    assert History(tmp_path / HISTORY, 0, lambda: 0.0).points == []


def test_checks(tmp_path: Path) -> None:
    """A check has the mean loss of all steps since the one before."""
    history = told(tmp_path / HISTORY, 0, [*EVENTS, Progress("checked", epoch=2.0, step=40, loss=1.0)])

    assert checks(history.points) == [Check(1.0, 3.0, 3.5, 7.0), Check(2.0, 1.0, None, 7.0)]
