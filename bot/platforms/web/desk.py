"""What the routes have at hand: the room, and who is asking."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from fastapi import Request
from starlette.requests import HTTPConnection

from bot.commands.declaration import Permission
from bot.commands.faults import NotAllowed
from bot.commands.parser import is_command, parse
from bot.conversation import Person
from bot.corpora.uploads import check
from bot.languages import translator
from bot.platforms.web.errors import Refusal, language_asked
from bot.platforms.web.gate import Gate, Level
from bot.platforms.web.identity import Identities, NameHolders, Visitor
from bot.platforms.web.names import PLATFORM, folded, person_name
from bot.platforms.web.pacing import Pace
from bot.platforms.web.shapes import ShownCommand

if TYPE_CHECKING:
    from bot.app import Bot
    from bot.platforms.web.room import WebRoom

BURST: Final = 300  # messages and presses of one person at once …
PER_SECOND: Final = 10  # … and from then on: far above what hands do, far below what a disk does
WRONG_KEYS: Final = 10  # of one address at once, at the door and in headers …
WRONG_KEYS_PER_SECOND: Final = 0.1  # … and from then on
FOLLOWERS: Final = 1_000  # open streams; each is a socket, and a process has 1,024 by default on many systems


class Desk:
    """One for each room server."""

    def __init__(self, bot: Bot, room: WebRoom, gate: Gate, identities: Identities, cookie_suffix: str) -> None:
        self.bot = bot
        self.room = room
        self.gate = gate
        self.identities = identities
        self.holders = NameHolders()
        self.person_cookie = f"planchette-person-{cookie_suffix}"  # browsers share cookies between ports of a host
        self.session_cookie = f"planchette-key-{cookie_suffix}"
        self._pace = Pace(BURST, PER_SECOND, bot.ticks)
        self._wrong_keys = Pace(WRONG_KEYS, WRONG_KEYS_PER_SECOND, bot.ticks)

    def cookie(self, request: Request) -> Visitor | None:
        """Who the request's cookie says it is, whether or not another browser has the name by now."""
        return self.identities.read(request.cookies.get(self.person_cookie))

    def visitor(self, request: Request) -> Visitor | None:
        """Who this browser is; None: a program, or a browser whose name somebody else has taken."""
        visitor = self.cookie(request)
        if visitor is None:
            return None
        try:
            self.holders.claim(visitor)
        except Refusal:
            return None
        return visitor

    def name(self, request: Request, named: str | None) -> str | None:
        """Who is asking: the cookie says it; a program, which has none, names the person itself.

        Raises:
            Refusal: the cookie's person is another than the one named (400), or lost the name to somebody (409).
        """
        visitor = self.cookie(request)
        if visitor is None:
            return None if named is None else person_name(named)
        if named is not None and folded(person_name(named)) != folded(visitor.name):
            raise Refusal(400, "In this browser you are {name}; take another name first.", {"name": visitor.name})
        self.holders.claim(visitor)
        return visitor.name

    def person(self, request: Request, named: str | None) -> Person:
        """Who writes or presses.

        Raises:
            Refusal: as in `name`, or nobody is named (400).
        """
        name = self.name(request, named)
        if name is None:
            raise Refusal(400, "The field person is missing: say who writes.")
        admin = request.state.level is Level.ADMIN
        return Person(PLATFORM, name, name, admin=admin, language=language_asked(request))

    def reader(self, request: Request, named: str | None) -> str | None:
        """Who reads; None sees what is public.

        Raises:
            Refusal: as in `name`.
        """
        return self.name(request, named)

    def pace(self, request: Request, person: Person | None) -> None:
        """Counts a request of this person.

        Raises:
            Refusal: there were too many (429).
        """
        if not self._pace.allows(f"{_address(request)} {person.id if person else ''}"):
            raise Refusal(429, "Too many messages and presses at once; wait a moment.")

    def demand_file(self, person: Person, text: str, name: str, size: int) -> None:
        """Makes sure that a file may come with a line before it is stored.

        Args:
            name: the file's.
            size: the file's, in bytes.

        Raises:
            Refusal: the line is no command that takes a file (400).
            UserError: the person may not use it, or it takes no such file.
        """
        takers = [command for command in self.bot.commands.all if command.file is not None]
        command = parse(text, self.bot.commands).command if is_command(text) else None
        if command not in takers:
            commands = ", ".join(f"/{taker.path}" for taker in takers)
            raise Refusal(400, "A file can only come with {commands}.", {"commands": commands})
        if command.requires is Permission.ADMIN and not person.admin:
            raise NotAllowed(command.path)
        check(name, size)

    def count_wrong_key(self, request: HTTPConnection) -> None:
        """Counts a key that opens nothing.

        Raises:
            Refusal: there were too many from this address (429).
        """
        if not self._wrong_keys.allows(_address(request)):
            raise Refusal(429, "Too many wrong keys; wait a minute.")

    def admit_follower(self) -> None:
        """Makes sure that one more stream can be held open.

        Raises:
            Refusal: there are too many (429).
        """
        if len(self.room.hub) >= FOLLOWERS:
            raise Refusal(429, "Too many readers follow this bot's rooms; close a page, or try again later.")

    @property
    def ready(self) -> bool:
        """Whether the default model can write."""
        return self.bot.ready

    def commands(self, request: Request) -> list[ShownCommand]:
        """Every command of the bot, as its declaration describes it."""
        translate = translator(language_asked(request))
        return [
            ShownCommand(name=command.path, usage=command.usage, help=translate(command.description))
            for command in self.bot.commands.all
        ]


def _address(request: HTTPConnection) -> str:
    return request.client.host if request.client else ""


def desk_of(request: Request) -> Desk:
    """The desk of the app that answers this request."""
    desk: Desk = request.app.state.desk
    return desk
