"""What a command says, and the files that it writes."""

from __future__ import annotations

import io
import os
import sys
import threading
from pathlib import Path

import pytest

from bot.shell.output import check_writable, save, say, table


@pytest.fixture
def out(tmp_path: Path) -> Path:
    """A file that is there already, in a directory of its own."""
    (tmp_path / "files").mkdir()
    (tmp_path / "files" / "text.txt").write_text("old", "utf-8")
    return tmp_path / "files" / "text.txt"


def test_in_its_place(out: Path) -> None:
    """The new file has the old one's name and permissions, and nothing stays beside it."""
    out.chmod(0o640)

    save("new", out)

    assert out.read_text("utf-8") == "new"
    assert out.stat().st_mode & 0o777 == 0o640
    assert list(out.parent.iterdir()) == [out]


def test_whole_or_not_at_all(out: Path) -> None:
    """A text that cannot be written leaves the old file as it was, and nothing beside it."""
    with pytest.raises(UnicodeEncodeError):
        save("new \ud800", out)

    assert out.read_text("utf-8") == "old"
    assert list(out.parent.iterdir()) == [out]


def test_link(out: Path) -> None:
    """What a link leads to is written; the link stays one."""
    link = out.with_name("link.txt")
    link.symlink_to(out)

    save("new", link)

    assert link.is_symlink()
    assert out.read_text("utf-8") == "new"


def test_pipe(tmp_path: Path) -> None:
    """A pipe is written to when there is something to write, and is not opened before."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    read: list[str] = []
    reader = threading.Thread(target=lambda: read.append(pipe.read_text("utf-8")))

    check_writable(pipe)
    reader.start()
    save("new", pipe)
    reader.join(timeout=60)

    assert read == ["new"]


@pytest.mark.parametrize("name", ["missing/text.txt", "text.txt/text.txt", ".", "n" * 300])
def test_refused(out: Path, name: str) -> None:
    """What cannot be written is refused under its name, and nothing is left behind."""
    with pytest.raises(OSError) as refused:  # noqa: PT011  # each with its own errno
        check_writable(out.parent / name)

    assert refused.value.filename == str(out.parent / name)
    assert list(out.parent.iterdir()) == [out]


def test_nothing_yet(out: Path) -> None:
    """Asking whether a file can be written makes none."""
    check_writable(out.with_name("new.txt"))

    assert list(out.parent.iterdir()) == [out]


class Terminal(io.StringIO):
    """A stream that is one."""

    def isatty(self) -> bool:
        return True


def test_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    """What came with a model from elsewhere does not command the terminal that it is shown on."""
    monkeypatch.setattr(sys, "stdout", terminal := Terminal())

    say("description: \x1b[31mred")
    table(("NAME",), [("evil\x07",)])

    assert terminal.getvalue() == "description: \ufffd[31mred\nNAME\nevil\ufffd\n"
