"""Checkpoints of Hugging Face's Trainer, which are not written atomically: the newest may be torn."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path
from typing import Final

from safetensors import SafetensorError, safe_open

PICKLES: Final = ("optimizer.pt", "scheduler.pt", "rng_state.pth")  # of our own making, in our own work directory


def newest_usable(work: Path) -> Path | None:
    """The checkpoint with the most steps that was written to its end; None where there is none."""
    steps = {}
    for path in work.glob("checkpoint-*"):
        number = path.name.removeprefix("checkpoint-")
        if number.isdecimal():
            steps[int(number)] = path
    return next((steps[step] for step in sorted(steps, reverse=True) if is_whole(steps[step])), None)


def step_of(checkpoint: Path | None) -> int:
    """Steps that a checkpoint was written after; 0 without one."""
    return 0 if checkpoint is None else int(checkpoint.name.removeprefix("checkpoint-"))


def is_whole(checkpoint: Path) -> bool:
    """Whether every file that resuming reads is there and was written to its end."""
    try:
        state = json.loads((checkpoint / "trainer_state.json").read_text("utf-8"))
        with safe_open(_weights(checkpoint), framework="numpy") as tensors:  # checks the file's length
            names = list(tensors.keys())
    except (OSError, ValueError, SafetensorError):
        return False
    # torch writes zip files, whose directory is at their end
    return bool(names) and "global_step" in state and all(zipfile.is_zipfile(checkpoint / name) for name in PICKLES)


def _weights(checkpoint: Path) -> Path:
    adapter = checkpoint / "adapter_model.safetensors"  # all that a model with a frozen base keeps
    return adapter if adapter.exists() else checkpoint / "model.safetensors"
