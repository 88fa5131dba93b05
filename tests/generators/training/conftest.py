from __future__ import annotations

from pathlib import Path

import pytest

from tests.generators.training.titles import TITLES


@pytest.fixture
def titles(tmp_path: Path) -> Path:
    path = tmp_path / "titles.txt"
    path.write_text("\n".join(TITLES), "utf-8")
    return path
