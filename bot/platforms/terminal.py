"""The same bot in this terminal: one person, one place, lines in and lines out."""

from __future__ import annotations

import contextlib
import getpass
import itertools
import os
import secrets
import sys
import unicodedata
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import nullcontext
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final

from rich.console import Console
from rich.text import Text

from bot.collecting import Heard
from bot.conversation import Attachment, Limits, Message, NoThreads, Person, Place
from bot.languages import translator
from bot.platforms.keyboard import Keyboard, Lines, Pipe, terminal_restored
from storage.errors import StorageError

if TYPE_CHECKING:
    from bot.app import Bot

PLACE: Final = Place("terminal", "chat")
PROMPT: Final = "› "
KEPT: Final = 100  # messages of which an edit is still printed


class Terminal:
    """Prints what the bot posts, and hands it what is typed.

    A line that begins with `/` is a command. While the newest message has buttons a number presses one of them, and
    any other line answers that message. Each line is dealt with before the next is read, so that a script can be piped
    in.

    Args:
        bot: what is talked with.
        lines: where lines come from; the keyboard, or what is piped in.
        console: where messages are printed; standard output.
    """

    name = "terminal"
    keeps_messages = False

    def __init__(self, bot: Bot, *, lines: Lines | None = None, console: Console | None = None) -> None:
        session = secrets.token_hex(4)  # a story remembers its ballot's id: it must name nothing in the next process
        self._bot = bot
        self._typing = lines is None and sys.stdin.isatty()
        self._lines = lines or (Keyboard(PROMPT) if self._typing else Pipe(sys.stdin.fileno()))
        self._console = console or Console(highlight=False, markup=False, emoji=False, soft_wrap=True)
        self._me = Person("terminal", "you", _user_name(), admin=True, language=_locale())
        self._translate = translator(self._me.language)
        self._files = bot.configuration.home / "exports"
        self._ids = (f"{session}-{number}" for number in itertools.count(1))
        self._messages: OrderedDict[str, Message] = OrderedDict()
        self._growing: str | None = None  # the message that the last line belongs to, while that line is not ended
        self._ballot: str | None = None  # the newest message with buttons

    async def run(self) -> None:
        """Talks until there are no more lines, or until it is cancelled."""
        with terminal_restored(sys.stdin) if self._typing else nullcontext():
            if self._typing:
                self._print(Text(self._translate("Commands begin with /, and /help lists them. Ctrl-D leaves."), "dim"))
            while (line := await self._lines.next()) is not None:
                await self._heard(line)
                await self._bot.tables.settled()  # the next round of a story is there before the next line is asked
                await self._bot.games.settled()
                self._end_line()
            if self._typing:
                self._console.print()

    async def post(
        self,
        place: Place,
        message: Message,
        *,
        private_for: Person | None = None,
        reply_to: str | None = None,
    ) -> str:
        """Prints a message."""
        posted = str(next(self._ids))
        self._remember(posted, message)
        with self._aside():
            self._end_line()
            self._console.print(printable(message.text), end="")
            self._growing = posted
            self._print_rest(message)
        return posted

    def limits(self, place: Place, reply_to: str | None = None) -> Limits:
        """What is printed costs nothing; more would make streams stutter."""
        return Limits(edit_seconds=0.1)

    async def thread(self, place: Place, title: str) -> Place:
        """There are none."""
        raise NoThreads

    async def edit(self, place: Place, posted: str, message: Message) -> str | None:
        """Prints what is new in a message: its further text, or the lines that have changed."""
        before = self._messages.get(posted)
        if before is None or before == message:
            return posted
        self._remember(posted, message)
        with self._aside():
            if self._growing == posted and message.text.startswith(before.text):
                self._console.print(printable(message.text[len(before.text) :]), end="")
            else:
                old = set(before.text.splitlines())
                changed = [line for line in message.text.splitlines() if line not in old]
                self._end_line()
                self._console.print(printable("\n".join(changed)), end="")
                self._growing = posted
            self._print_rest(message, before)
        return posted

    async def _heard(self, line: str) -> None:
        """Deals with one line."""
        if not await self._bot.invoke(line, person=self._me, place=PLACE) and line.strip():
            await self._answered(line)

    async def _answered(self, line: str) -> None:
        ballot, said = self._ballot, str(next(self._ids))
        if self._bot.collecting.wants(PLACE) and (ballot is None or not line.strip().isdecimal()):
            await self._collected(Heard(self._me, PLACE, said, line, datetime.now(UTC)))
        if ballot is None:
            if await self._bot.talked_to(line, person=self._me, place=PLACE, message=said):
                return
            lost = "Commands begin with /, and /help lists them; where a vote runs, a number chooses."
            self._print(Text(self._translate(lost), "yellow"))
            return
        buttons = self._messages[ballot].plain_buttons
        if not line.strip().isdecimal():
            reply = partial(self._bot.reply, line, person=self._me, place=PLACE, message=ballot, asked=said)
            if not await reply(buttons=buttons):
                not_meant = "Nothing takes these words just now; /story show tells where the story stands."
                self._print(Text(self._translate(not_meant), "yellow"))
        elif 1 <= (number := int(line.strip()[:9])) <= len(buttons):
            notice = await self._bot.press(buttons[number - 1].action, person=self._me, place=PLACE)
            self._print(Text(printable(notice.text), "dim"))
        else:
            told = self._translate("There is no {number}; choose from 1 to {most}.", number=number, most=len(buttons))
            self._print(Text(told, "yellow"))

    async def _collected(self, said: Heard) -> None:
        """Has a line kept; where it cannot be, it is a line all the same."""
        try:
            await self._bot.collecting.heard(said)
        except StorageError as fault:
            self._print(Text(fault.sentence(self._translate), "yellow"))

    def _print_rest(self, message: Message, before: Message | None = None) -> None:
        """Prints what goes with a text, where it has changed: numbered buttons, and where its files lie now."""
        if message.plain_buttons and (before is None or before.buttons != message.buttons):
            numbered = (
                f"[{number}] {printable(button.label)}" for number, button in enumerate(message.plain_buttons, 1)
            )
            self._print(Text("   ".join(numbered), "bold"))
        files = message.attachments
        if message.picture is not None:
            files += (Attachment("picture.png", "image/png", message.picture),)
        for file in files if before is None or before.attachments != message.attachments else ():
            self._print(Text(f"→ {self._saved(file)}", "dim"))

    def _saved(self, file: Attachment) -> Path:
        """Writes a file beside those that were saved before."""
        self._files.mkdir(mode=0o700, parents=True, exist_ok=True)
        name = Path(file.name).name or "file"
        stem, suffix = Path(name).stem, Path(name).suffix
        for number in itertools.count(1):
            path = self._files / (name if number == 1 else f"{stem}-{number}{suffix}")
            with contextlib.suppress(FileExistsError), path.open("xb") as opened:
                opened.write(file.data)
                return path
        raise AssertionError("numbers never end")

    def _remember(self, posted: str, message: Message) -> None:
        self._messages[posted] = message
        if message.plain_buttons:
            self._ballot = posted
        elif self._ballot == posted:
            self._ballot = None
        while len(self._messages) > KEPT:
            oldest, _ = self._messages.popitem(last=False)
            self._ballot = None if self._ballot == oldest else self._ballot

    def _print(self, text: Text) -> None:
        with self._aside():
            self._end_line()
            self._console.print(text)

    def _end_line(self) -> None:
        if self._growing is not None:
            self._growing = None
            self._console.print()

    @contextlib.contextmanager
    def _aside(self) -> Iterator[None]:
        """Prints above the prompt, where one waits."""
        if isinstance(self._lines, Keyboard) and self._lines.waiting:
            with self._lines.aside():
                yield
                self._end_line()
        else:
            yield


def printable(text: str) -> str:
    """The text without what would command the terminal: a model may write any character, escape codes too."""
    return "".join(
        "\ufffd"
        if (unicodedata.category(c) in {"Cc", "Cs"} and c not in "\n\t") or c in "\u202a\u202b\u202d\u202e"
        else c
        for c in text
    )


def _locale() -> str:
    """What the system's messages are to be in, by the order of POSIX (Base Definitions, 8.2)."""
    return next((found for name in ("LC_ALL", "LC_MESSAGES", "LANG") if (found := os.environ.get(name))), "en")


def _user_name() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError, ImportError):  # a user without a name, as in containers
        return "you"
