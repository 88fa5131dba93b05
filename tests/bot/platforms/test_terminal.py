"""The bot in a terminal."""

from __future__ import annotations

import asyncio
import io
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import pytest
from rich.console import Console

from bot.app import Bot
from bot.configuration import Configuration
from bot.conversation import Attachment, Button, Message
from bot.platforms.keyboard import Pipe
from bot.platforms.terminal import PLACE, Terminal, printable
from generators.scripted import ScriptedGenerator
from tests.bot.platforms.serving import SCRIPT


class Typed:
    """Lines that were decided beforehand."""

    def __init__(self, lines: Sequence[str]) -> None:
        self._lines = iter(lines)

    async def next(self) -> str | None:
        """The next line."""
        return next(self._lines, None)


class Screen:
    """A terminal whose output can be read."""

    def __init__(self, bot: Bot) -> None:
        self._bot = bot
        self._out = io.StringIO()

    @property
    def text(self) -> str:
        """What has been printed."""
        return self._out.getvalue()

    def terminal(self, *lines: str) -> Terminal:
        """A terminal in which these lines are typed."""
        console = Console(file=self._out, highlight=False, markup=False, emoji=False, soft_wrap=True)
        terminal = Terminal(self._bot, lines=Typed(lines), console=console)
        self._bot.register(terminal)
        return terminal

    async def after(self, *lines: str) -> str:
        """What has been printed once these lines were typed."""
        await self.terminal(*lines).run()
        return self.text


@pytest.fixture
async def screen(home: Path) -> AsyncIterator[Screen]:
    """A terminal with the whole bot behind it."""
    bot = await Bot.open(Configuration(home=home), generator=ScriptedGenerator(SCRIPT))
    yield Screen(bot)
    await bot.close()


async def test_generate(screen: Screen) -> None:
    """A command is answered, its text streamed without being printed twice."""
    printed = await screen.after("/generate seed=1 Once upon a time")

    assert printed.count("Once upon a time") == 1
    assert "written" in printed
    assert printed.endswith("\n")


async def test_language(screen: Screen, monkeypatch: pytest.MonkeyPatch) -> None:
    """The terminal speaks the language that the system's messages are to be in."""
    monkeypatch.setenv("LC_ALL", "zh_TW.UTF-8")

    printed = await screen.after("hello", "/story undo")

    assert "指令以 / 開頭" in printed
    assert "這裡沒有正在寫的故事；/story start 開始一個。" in printed


async def test_setting(screen: Screen) -> None:
    """Lines are dealt with one after the other."""
    printed = await screen.after("/temperature 0.5", "/temperature", "/temperature hot")

    assert printed.count("0.5") >= 2
    assert "hot" in printed


async def test_story(screen: Screen) -> None:
    """A number chooses among the newest buttons; the next round is there before the next line is read."""
    printed = await screen.after("/story start solo=true candidates=2 Once upon", "1", "1", "/story stop")

    assert "[1] " in printed
    assert "[2] " in printed
    assert printed.count("You voted") == 2
    assert "Round 3" in printed


async def test_write_in(screen: Screen) -> None:
    """Other words answer the newest message with buttons: a write-in."""
    printed = await screen.after("/story start candidates=2 Once upon", "dark night")

    assert "«␣dark night» is on the ballot" in printed


async def test_write_in_below_the_story(screen: Screen) -> None:
    """A ballot that was shown again takes words as well."""
    printed = await screen.after("/story start candidates=2 Once upon", "/story show", "dark night")

    assert "«␣dark night» is on the ballot" in printed


async def test_unwanted_words(screen: Screen) -> None:
    """Words below buttons that take none are answered with what to do."""
    terminal = screen.terminal("please")
    await terminal.post(PLACE, Message("go on?", (Button("go on", "r:1"),)))

    await terminal.run()

    assert "/story show" in screen.text


async def test_ids(screen: Screen) -> None:
    """An id that is stored names no message of another process."""
    posted = [await screen.terminal().post(PLACE, Message("one")) for _ in range(2)]

    assert len(set(posted)) == 2


@pytest.mark.parametrize("number", ["0", "7", "99999999999999999999"])
async def test_no_such_button(screen: Screen, number: str) -> None:
    """A number that no button has is said to be none."""
    printed = await screen.after("/story start candidates=2 Once upon", number)

    assert "choose from 1 to 2" in printed


async def test_lost(screen: Screen) -> None:
    """Words that nothing waits for are answered with what to do; an empty line with nothing."""
    printed = await screen.after("", "hello", "2")

    assert printed.count("/help") == 2


async def test_changed_lines(screen: Screen) -> None:
    """Of a changed message only what is new is printed."""
    terminal = screen.terminal()
    posted = await terminal.post(PLACE, Message("story\n\nfirst 0\nsecond 0", (Button("first", "1"),)))

    await terminal.edit(PLACE, posted, Message("story\n\nfirst 1\nsecond 0", (Button("first", "1"),)))

    assert screen.text.count("story") == screen.text.count("second") == screen.text.count("[1]") == 1
    assert "first 1" in screen.text


async def test_files(screen: Screen, home: Path) -> None:
    """Files are saved at home, none over another, and where they lie is printed."""
    terminal = screen.terminal()
    for data in (b"one", b"two"):
        await terminal.post(PLACE, Message("done", attachments=(Attachment("../story.md", "text/markdown", data),)))

    first, second = home / "exports" / "story.md", home / "exports" / "story-2.md"

    assert str(first) in screen.text
    assert str(second) in screen.text
    assert (first.read_bytes(), second.read_bytes()) == (b"one", b"two")


@pytest.mark.skipif(sys.platform == "win32", reason="there are no pseudo-terminals")
@pytest.mark.parametrize("leaving", [b"\x04", b"\x03"])
def test_keyboard(home: Path, leaving: bytes) -> None:
    """At a real terminal there is a prompt; Ctrl-D and Ctrl-C leave, and the terminal echoes again afterwards."""
    import pty
    import termios

    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "bot.cli", "chat"]
    with subprocess.Popen(command, stdin=theirs, stdout=theirs, stderr=theirs, start_new_session=True) as chat:
        seen = b""
        while seen.count("› ".encode()) < 1:
            seen += os.read(ours, 4096)
        os.write(ours, b"/help\n")
        while seen.count("› ".encode()) < 2:
            seen += os.read(ours, 4096)
        if leaving == b"\x03":
            chat.send_signal(signal.SIGINT)  # what the terminal makes of Ctrl-C
        else:
            os.write(ours, leaving)
        ended = chat.wait(20)

    assert ended == 0
    assert b"/story start" in seen
    assert termios.tcgetattr(theirs)[3] & termios.ECHO


def test_escape_codes() -> None:
    """Whatever a model writes, it does not command the terminal."""
    assert printable("\x1b[2Jred\x07\u202e\n\ttext") == "\ufffd[2Jred\ufffd\ufffd\n\ttext"


async def test_pipe() -> None:
    """Piped lines come one by one, also the last without an end, and bytes that are no UTF-8."""
    reading, writing = os.pipe()
    os.write(writing, b"erste\r\nzw")
    pipe = Pipe(reading)

    first = await pipe.next()
    os.write(writing, b"eite\n\xff third")
    os.close(writing)
    rest = [await pipe.next() for _ in range(3)]
    os.close(reading)

    assert [first, *rest] == ["erste", "zweite", "\ufffd third", None]


async def test_cancelled(screen: Screen) -> None:
    """Whoever breaks off leaves at once, although a line is being waited for."""
    reading, writing = os.pipe()
    terminal = Terminal(screen._bot, lines=Pipe(reading), console=Console(file=io.StringIO()))
    running = asyncio.create_task(terminal.run())
    await asyncio.sleep(0)

    running.cancel()
    [ended] = await asyncio.gather(running, return_exceptions=True)
    os.close(writing)

    assert isinstance(ended, asyncio.CancelledError)


async def test_talk(screen: Screen) -> None:
    """Where it is turned on, a line that is no command is answered; before that, it is told what lines are for."""
    printed = await screen.after("once upon a time", "/settings reply mention", "once upon a time there was")

    first, _, second = printed.partition("reply is mention here, set for this place.\n")
    assert "Commands begin with /" in first
    assert second.strip()
    assert "Commands begin with /" not in second


async def test_relay(screen: Screen) -> None:
    """A line is a sentence where a relay runs."""
    printed = await screen.after("/relay start temperature=0 sentences=2", "Once upon a midnight")

    assert "It is " in printed
    assert "Once upon a midnight there was a letter nobody had written." in printed
    assert "The end." in printed
