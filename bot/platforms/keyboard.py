"""Lines from whoever sits at the terminal, or from a pipe, without ever blocking the event loop.

Both are read in a thread that is left behind when the program ends: a read cannot be cancelled. Neither way holds a
lock of `sys.stdin` meanwhile, which Python would need for its own end.
"""

from __future__ import annotations

import asyncio
import codecs
import contextlib
import os
import sys
import threading
from collections.abc import Callable, Iterator
from typing import IO, Final, Protocol

CHUNK: Final = 65_536  # bytes; what a pipe holds on Linux


class Lines(Protocol):
    """Where lines come from, one when it is asked for; None: there will be no more."""

    async def next(self) -> str | None: ...


class Pipe:
    """Lines of a file or a pipe; bytes that are no UTF-8 become U+FFFD."""

    def __init__(self, file: int) -> None:
        self._lines = _lines_of(file)
        self._asker = _Asker(lambda: next(self._lines, None))

    async def next(self) -> str | None:
        return await self._asker.ask()


class Keyboard:
    """Lines that a person types, with the editing and the history that readline gives.

    Attributes:
        waiting: whether the prompt is there.
    """

    def __init__(self, prompt: str) -> None:
        with contextlib.suppress(ImportError):  # Windows has none; input() edits lines there as well
            import readline  # noqa: F401
        self._prompt = prompt
        self._asker = _Asker(self._typed)
        self.waiting = False

    async def next(self) -> str | None:
        self.waiting = True
        try:
            return await self._asker.ask()
        finally:
            self.waiting = False

    def _typed(self) -> str | None:
        try:
            return input(self._prompt)
        except EOFError:
            return None

    @contextlib.contextmanager
    def aside(self) -> Iterator[None]:
        """Takes the prompt away while something is printed, and puts it back with what was typed so far."""
        sys.stdout.write("\r\x1b[K")
        yield
        typed = ""
        with contextlib.suppress(ImportError):
            import readline

            typed = readline.get_line_buffer()
        sys.stdout.write(self._prompt + typed)
        sys.stdout.flush()


@contextlib.contextmanager
def terminal_restored(stream: IO[str]) -> Iterator[None]:
    """Leaves the terminal as it was: whoever is cut off while readline waits would type unseen from then on."""
    try:
        import termios
    except ImportError:
        yield
        return
    before = termios.tcgetattr(stream)
    try:
        yield
    finally:
        termios.tcsetattr(stream, termios.TCSADRAIN, before)


class _Asker:
    """A thread that calls a blocking function each time it is asked."""

    def __init__(self, read: Callable[[], str | None]) -> None:
        self._read = read
        self._asked = threading.Semaphore(0)
        self._answers: asyncio.Queue[str | None] = asyncio.Queue()
        self._loop: asyncio.AbstractEventLoop | None = None

    async def ask(self) -> str | None:
        if self._loop is None:
            self._loop = asyncio.get_running_loop()
            threading.Thread(target=self._serve, args=(self._loop,), daemon=True, name="keyboard").start()
        self._asked.release()
        return await self._answers.get()

    def _serve(self, loop: asyncio.AbstractEventLoop) -> None:
        while True:
            self._asked.acquire()
            line = self._read()
            with contextlib.suppress(RuntimeError):  # the loop has been closed meanwhile: nobody waits any more
                loop.call_soon_threadsafe(self._answers.put_nowait, line)
            if line is None:
                return


def _lines_of(file: int) -> Iterator[str]:
    decoder = codecs.getincrementaldecoder("utf-8-sig")("replace")
    rest = ""
    while data := os.read(file, CHUNK):
        *lines, rest = (rest + decoder.decode(data)).split("\n")
        yield from (line.removesuffix("\r") for line in lines)
    rest += decoder.decode(b"", final=True)
    if rest:
        yield rest
