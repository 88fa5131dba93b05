"""What every test starts from: a home of its own, and none of the settings of whoever runs the tests."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

# before torch is imported: workers share the cores, and teams of threads that wait for each other there take a hundred
# times as long; the programs that tests start take it over
os.environ.setdefault("OMP_NUM_THREADS", "1")


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A PLANCHETTE_HOME that only this test uses."""
    for name in [name for name in os.environ if name.startswith("PLANCHETTE_")]:
        monkeypatch.delenv(name)
    home = tmp_path / "home"
    monkeypatch.setenv("PLANCHETTE_HOME", str(home))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))  # the vault's key lies there, not in the home
    monkeypatch.setenv("LC_ALL", "C.UTF-8")  # the terminal speaks the language of whoever sits at it
    return home
