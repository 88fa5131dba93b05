from __future__ import annotations

from pathlib import Path

import pytest

from generators.gpt2 import load, read_info
from generators.gpt2.writer import GPT2
from tests.fakes.language_models import save_gpt2


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    return save_gpt2(tmp_path / "model")


@pytest.fixture
def model(directory: Path) -> GPT2:
    return opened(directory)


def opened(directory: Path) -> GPT2:
    return load(directory, read_info(directory, "tiny"), device="cpu")
