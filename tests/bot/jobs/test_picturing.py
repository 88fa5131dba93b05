"""The picture of how a training went."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from bot.jobs.picturing import picture, points_of
from generators.training.job_directory import JobDirectory

PNG = b"\x89PNG"


def progress(step: int, loss: float, phase: str = "training", bits: float | None = None) -> dict[str, Any]:
    told = {"type": "progress", "phase": phase, "step": step, "of": 9, "epoch": step / 3, "epochs": 3.0}
    return {**told, "loss": loss, "bits_per_character": bits}


@pytest.fixture
def directory(tmp_path: Path) -> JobDirectory:
    directory = JobDirectory(tmp_path / "job")
    directory.create({})
    return directory


def test_of_a_training_elsewhere(directory: JobDirectory) -> None:
    """Where the model is on another machine, the picture is drawn from what was told of the training."""
    directory.tell({"type": "preparing"})
    for step in range(1, 9):
        directory.tell(progress(step, 4 / step))
    directory.tell(progress(8, 0.5, "checked", 2.5))

    drawn = picture(directory, None)

    assert drawn is not None
    assert drawn.startswith(PNG)


def test_beside_the_model(directory: JobDirectory, tmp_path: Path) -> None:
    """Where the model is here, its own picture is taken."""
    (tmp_path / "curve.png").write_bytes(PNG)

    assert picture(directory, tmp_path) == PNG
    assert picture(directory, directory.path) is None


def test_nothing_told(directory: JobDirectory) -> None:
    """Of a training that told nothing there is no picture."""
    assert picture(directory, None) is None


def test_taken_again() -> None:
    """Of steps that were taken again, what was told last counts."""
    told = [progress(1, 3.0), progress(2, 2.0), progress(2, 2.0, "checked", 4.0), progress(2, 1.5), progress(3, 1.0)]

    points = points_of([{"type": "measuring"}, *told])

    assert [(point.step, point.loss, point.checked) for point in points] == [
        (1, 3.0, False),
        (2, 1.5, False),
        (3, 1.0, False),
    ]
