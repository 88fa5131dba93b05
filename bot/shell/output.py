"""What a command says: results on stdout, everything else on stderr."""

from __future__ import annotations

import json
import os
import shutil
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any, Final, TypeAlias

import typer

Json: TypeAlias = Annotated[bool, typer.Option("--json", help="Print JSON lines, and nothing else, to stdout.")]

PLAIN_SECONDS: Final = 10.0  # between two lines of progress where there is no terminal to draw on


def emit(record: Mapping[str, object]) -> None:
    """Prints one JSON line."""
    typer.echo(json.dumps(record, ensure_ascii=False))


def say(text: str = "") -> None:
    """Prints a line of result; a terminal gets nothing that would command it."""
    typer.echo(_harmless(text))


def show(text: str, *, dim: bool = False) -> None:
    """Prints a piece of what a model wrote; a terminal gets nothing that would command it."""
    text = _harmless(text)
    typer.echo(typer.style(text, dim=True) if dim else text, nl=False)


def _harmless(text: str) -> str:
    """Names and descriptions came with models from elsewhere, and a model may write any character."""
    if not text or not sys.stdout.isatty():
        return text
    from bot.platforms.terminal import printable

    return printable(text)


def note(text: str) -> None:
    """Prints a line that is not the result, such as progress; where stderr takes nothing, nobody misses it."""
    with suppress(OSError):
        typer.echo(text, err=True)


def check_writable(out: Path) -> None:
    """Refuses, ahead of long work, a file that `save` could not write; nothing is changed or left behind.

    Raises:
        OSError: it cannot be written, which names it.
    """
    with _naming(out):
        if out.is_file() or out.is_dir():  # opening a pipe would wait for its reader
            out.open("ab").close()
        if out.is_file() or not out.exists():
            beside = _beside(out)
            beside.open("xb").close()
            beside.unlink()


def save(text: str, out: Path) -> None:
    """Writes a file whole or not at all: beside it first, then in its place. Pipes and devices are written to.

    Raises:
        OSError: it cannot be written; it is named, which a full disk does not do by itself.
    """
    with _naming(out):
        if out.exists() and not out.is_file():
            out.write_text(text, "utf-8")
            return
        beside = _beside(out)
        try:
            with beside.open("x", encoding="utf-8") as file:
                file.write(text)
                file.flush()
                os.fsync(file.fileno())  # a crash must not leave an empty file in the old one's place
            if out.exists():
                shutil.copymode(out, beside)
            beside.replace(out.resolve())  # what a link leads to, not the link
        finally:
            with suppress(OSError):  # it has taken its place, or was never made
                beside.unlink()


def _beside(out: Path) -> Path:
    return out.resolve().parent / f".new-{os.getpid()}"


@contextmanager
def _naming(out: Path) -> Iterator[None]:
    try:
        yield
    except OSError as fault:
        raise OSError(fault.errno, fault.strerror, str(out)) from fault


def table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Prints rows in columns as wide as they need to be, for people and for `cut`."""
    widths = [max(len(cell) for cell in column) for column in zip(header, *rows, strict=True)]
    for row in (header, *rows):
        say("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())


class Progress:
    """How far something is: a bar on a terminal, now and then a line elsewhere."""

    def __init__(self, what: str, bar: Any | None) -> None:
        self._what = what
        self._bar = bar
        self._task = None if bar is None else bar.add_task(what, total=None, detail="", left="")
        self._said = time.monotonic()

    def show(self, done: float, total: float, *, detail: str = "", seconds_left: float | None = None) -> None:
        """Tells that `done` of `total` is done, and how long the rest takes where that is known."""
        left = "" if seconds_left is None else str(timedelta(seconds=round(seconds_left)))
        if self._bar is not None:
            self._bar.update(self._task, completed=done, total=total or None, detail=detail, left=left)
        elif time.monotonic() - self._said > PLAIN_SECONDS:
            self._said = time.monotonic()
            share = f"{done / total:.0%} " if total else ""
            said = ", ".join(part for part in (detail, f"{left} left" if left else "") if part)
            note(f"{self._what}: {share}{said}".rstrip())

    def line(self, text: str) -> None:
        """Prints a line above the bar."""
        if self._bar is not None:
            self._bar.console.print(text, markup=False, highlight=False)
        else:
            note(text)


@contextmanager
def progress(what: str, *, hidden: bool = False) -> Iterator[Progress]:
    """Shows progress on stderr until the context is left; `hidden` where the text itself shows it."""
    if hidden or not sys.stderr.isatty():
        yield Progress(what, None)
        return
    from bot.shell.bar import bar

    with bar() as shown:
        yield Progress(what, shown)
