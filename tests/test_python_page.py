"""The page for those who use Planchette from Python."""

from __future__ import annotations

import re
from pathlib import Path
from textwrap import dedent

import pytest

PAGE = (Path(__file__).parent.parent / "docs" / "python.md").read_text("utf-8")
PROGRAMS = [dedent(block) for block in re.findall(r"(?:^    .*\n|^\n(?=    ))+", PAGE, re.M) if "import" in block]


@pytest.mark.parametrize("program", PROGRAMS[1:], ids=lambda program: program.split("\n")[-2][:30])
def test_programs(
    program: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Every program on the page runs as it stands, and says something."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PLANCHETTE_HOME", str(tmp_path / "home"))

    exec(program, {"__name__": "__main__"})

    assert capsys.readouterr().out.strip()


def test_all_found() -> None:
    """The page's import line and its four programs are all found, so that none goes untested."""
    assert len(PROGRAMS) == 5
