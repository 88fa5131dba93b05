"""A disk that is full where a test says so."""

from __future__ import annotations

import os
from pathlib import Path


def full(file: Path) -> Path:
    """Has whoever writes this file next find the disk full; what stands in the way is returned."""
    file.parent.mkdir(parents=True, exist_ok=True)
    beside = file.with_name(f".{file.name}-{os.getpid()}")  # where `write_whole` writes first
    beside.symlink_to("/dev/full")
    return beside
