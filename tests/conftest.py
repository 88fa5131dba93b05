"""What every test starts from: a home of its own, and none of the settings of whoever runs the tests."""

from __future__ import annotations

import os
from pathlib import Path

import pytest


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A PLANCHETTE_HOME that only this test uses."""
    for name in [name for name in os.environ if name.startswith("PLANCHETTE_")]:
        monkeypatch.delenv(name)
    home = tmp_path / "home"
    monkeypatch.setenv("PLANCHETTE_HOME", str(home))
    return home
