"""The home and its lock."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from bot.home import Home, HomeInUse, UnusableHome

HOLD = "import sys, time; from pathlib import Path; from bot.home import Home\nwith Home(Path(sys.argv[1])).hold(): {}"


def test_create(home: Path) -> None:
    """What is made is for the user alone, and making it again changes nothing."""
    Home(home).create()
    Home(home).create()

    assert sorted(path.name for path in home.iterdir()) == ["jobs", "models", "uploads"]
    assert {path.stat().st_mode & 0o777 for path in (home, *home.iterdir())} == {0o700}


def test_second_bot(home: Path) -> None:
    """A second bot on the same home is refused with a sentence that names the home."""
    with Home(home).hold(), pytest.raises(HomeInUse) as fault, Home(home).hold():
        pass

    assert fault.value.sentence().startswith(f"Another Planchette runs with the home {home};")


def test_second_process(home: Path) -> None:
    """The lock holds between processes, and ends with its process."""
    with Home(home).hold():
        refused = subprocess.run([sys.executable, "-c", HOLD.format("pass"), str(home)], capture_output=True, text=True)
    killed = subprocess.run([sys.executable, "-c", HOLD.format("import os; os._exit(9)"), str(home)])

    assert "HomeInUse" in refused.stderr
    assert killed.returncode == 9
    with Home(home).hold():
        pass


def test_home_that_is_a_broken_link(home: Path) -> None:
    """So is one that links to what is not there."""
    home.symlink_to(home.parent / "nowhere")

    with pytest.raises(UnusableHome) as fault:
        Home(home).create()

    assert fault.value.sentence().startswith(f"The home {home} cannot be used: it is a link to nothing. Mend it,")


def test_home_that_is_a_file(home: Path) -> None:
    """A home that cannot be a directory is one sentence."""
    home.write_text("")

    with pytest.raises(UnusableHome) as fault, Home(home).hold():
        pass

    assert fault.value.sentence().startswith(f"The home {home} cannot be used: ")
