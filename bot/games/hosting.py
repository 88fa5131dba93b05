"""The games of all places that are no stories: begun, moved, shown and ended, whatever their rules."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final, NamedTuple

import structlog
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.conversation import Button, Message, Notice, Person, Place, parts
from bot.games import actions
from bot.games.actions import Play
from bot.games.errors import ForeignButton
from bot.games.export import Format
from bot.games.host import Host
from bot.games.house import House
from bot.games.kinds import Kind, M
from bot.games.moves import Moment, Repeated, once
from bot.languages import language_of, translator
from generators.errors import Translate, UserError, english
from storage import audit, games
from storage.games import Game

GRACE: Final = timedelta(seconds=10)  # after a restart, for people who come back to a game
ATTEMPTS: Final = 5  # at a move that another one overtakes

log = structlog.get_logger(__name__)


@dataclass(eq=False)
class GameRuns(UserError):
    """A second game of a kind in a place where one runs."""

    name: str

    def sentence(self, translate: Translate = english) -> str:
        return translate("A game of /{name} is running here already; /{name} show shows it.", name=self.name)


@dataclass(eq=False)
class NoGameRuns(UserError):
    """A move in a place where no game of that kind runs."""

    name: str

    def sentence(self, translate: Translate = english) -> str:
        return translate("No game of /{name} is running here; /{name} start begins one.", name=self.name)


@dataclass(eq=False)
class NoGameYet(UserError):
    """Something was asked of a game in a place that never had one."""

    name: str

    def sentence(self, translate: Translate = english) -> str:
        return translate("There has been no game of /{name} here yet; /{name} start begins one.", name=self.name)


@dataclass(eq=False)
class GameOver(UserError):
    """A move in a game that has ended."""

    def sentence(self, translate: Translate = english) -> str:
        return translate("This game is over.")


class Overtaken(Exception):  # not an error: the move is made again, on what the game has become
    """Somebody else changed a game between reading and writing."""


class Moved(NamedTuple):
    """A game after a move."""

    game: Game
    match: Any


class Games:
    """The games of all places.

    Args:
        house: what all hosts share.
        kinds: which games there are, by their names.
    """

    def __init__(self, house: House, kinds: Mapping[str, Kind[Any]]) -> None:
        self._house = house
        self._kinds = kinds
        self._hosts: dict[int, Host] = {}

    async def resume(self) -> None:
        """Takes up what runs and has no host; a turn ends at its deadline, but not within the next ten seconds.

        What runs on platforms that are not there waits.
        """
        for game in await self._house.database.read(games.unfinished):
            place = place_of(game)
            if not self._house.ours(place):
                continue
            if place.platform not in self._house.outboxes or game.kind not in self._kinds:
                log.warning("a game waits for its platform", game=game.id, place=game.place)
            elif game.id not in self._hosts:
                await self._postpone(game)
                kept = self._house.outboxes[place.platform].keeps_messages
                self._seat(game, place, left=game.message if kept else None)

    def running_on(self, platform: str, near: Place | None = None) -> int:
        """How many games run on a platform, or of these in the channel of a place."""
        places = (host.place for host in self._hosts.values() if not host.over)
        channel = None if near is None else near.channel or near.id
        return sum(
            place.platform == platform and (channel is None or (place.channel or place.id) == channel)
            for place in places
        )

    async def settled(self) -> None:
        """Returns once every host has done and shown all that is due now."""
        for host in tuple(self._hosts.values()):
            await host.settled()
        self._clear()

    async def close(self) -> None:
        """Stops; what runs goes on after `resume`."""
        for host in self._hosts.values():
            await host.close()
        self._hosts.clear()

    async def leave(self, places: Callable[[Place], bool]) -> None:
        """Lets go of what runs at some places without a word; what is still stored goes on after `resume`."""
        for game_id in [game_id for game_id, host in self._hosts.items() if places(host.place)]:
            await self._hosts.pop(game_id).close()

    def look_again(self, place: Place) -> None:
        """Somebody does something at a place: where a game could not say anything there, it tries again."""
        for host in self._hosts.values():
            if host.place.key == place.key:
                host.look_again()

    def repost(self, place: Place, message: str) -> None:
        """Somebody deleted a message: where it was a game's newest, it is posted again."""
        for host in self._hosts.values():
            if host.place.key == place.key:
                host.repost(message)

    async def start(self, kind: Kind[M], match: M, place: Place, person: Person, *, origin: int | None = None) -> bool:
        """Begins a game; its first message is posted right after. False where it was begun before.

        Raises:
            GameRuns: one of its kind runs there.
        """
        when = self._moment(origin)

        async def begin(conn: AsyncConnection) -> Game:
            await once(conn, when)
            return await games.create(
                conn,
                place=place.key,
                channel=place.channel,
                guild=place.guild,
                kind=kind.name,
                state=kind.dump(match),
                deadline=match.deadline,
                language=language_of(person.language),
                at=when.at,
            )

        try:
            self._seat(await self._house.database.write(begin), place)
        except Repeated:
            return False
        except games.Running as fault:
            raise GameRuns(kind.name) from fault
        return True

    async def act(
        self, kind: Kind[M], place: Place, move: str, person: Person, *, text: str = "", origin: int | None = None
    ) -> str:
        """Makes somebody's move in the game of a kind that runs at a place, and says what it did.

        Raises:
            NoGameRuns: there is none.
            UserError: they may not make it now.
        """

        async def find(conn: AsyncConnection) -> Game:
            game = await games.running(conn, place.key, kind.name)
            if game is None:
                raise NoGameRuns(kind.name)
            return game

        return await self._move(find, place, move, person, text, origin)

    async def press(
        self, play: Play, person: Person, place: Place, *, text: str = "", origin: int | None = None
    ) -> Notice:
        """Makes the move of a button, and says what it did once it is stored.

        Raises:
            UserError: it cannot be made, or not now.
        """
        return Notice(await self._move(self._finding(play.game_id, place), place, play.move, person, text, origin))

    async def reply(
        self,
        message: str,
        text: str,
        person: Person,
        place: Place,
        *,
        buttons: Sequence[Button] = (),
        origin: int | None = None,
    ) -> str | None:
        """Takes an answer to a game's message as a move; None where the message is no game's.

        Args:
            buttons: of the message; they say whose it is.

        Raises:
            UserError: the move cannot be made, or not now.
        """
        game_id = actions.game_of(buttons)
        if game_id is None:
            game_id = self._house.retired.of(place, message)
        if game_id is None:
            running = await self.running(place)
            game_id = next((now.game.id for now in running if message in parts(now.game.message or "")), None)
        if game_id is None:
            return None
        game = await self._house.database.read(lambda conn: games.get(conn, game_id))
        if game is None or not (kind := self._kinds[game.kind]).reply:
            return None
        return await self._move(self._finding(game_id, place), place, kind.reply, person, text, origin)

    async def running(self, place: Place) -> list[Moved]:
        """What runs at a place."""
        found = await self._house.database.read(lambda conn: games.all_at(conn, place.key))
        return [Moved(game, self._kinds[game.kind].load(game.state)) for game in found if game.kind in self._kinds]

    async def summaries(self, place: Place, translate: Translate = english) -> list[str]:
        """One sentence on each game that runs at a place."""
        return [self._kinds[game.kind].summary(match, translate) for game, match in await self.running(place)]

    async def show(self, kind: Kind[M], place: Place, translate: Translate = english) -> Message:
        """The newest game of a kind as it stands, without buttons, which would outlive a copy.

        Raises:
            NoGameYet: there never was one.
        """
        game, match = await self._latest(kind, place)
        return Message(kind.show(match, game.id, None, translate).text)

    async def export(self, kind: Kind[M], place: Place, form: Format, translate: Translate = english) -> Message:
        """The newest game of a kind as a file.

        Raises:
            NoGameYet: there never was one.
        """
        game, match = await self._latest(kind, place)
        said = translate("The text so far:") if game.running else translate("The text:")
        file = await asyncio.to_thread(kind.file, match, game.id, form, game.created, translate)
        return Message(said, attachments=(file,))

    async def _latest(self, kind: Kind[M], place: Place) -> tuple[Game, M]:
        game = await self._house.database.read(lambda conn: games.latest(conn, place.key, kind.name))
        if game is None:
            raise NoGameYet(kind.name)
        return game, kind.load(game.state)

    async def _move(
        self,
        find: Callable[[AsyncConnection], Awaitable[Game]],
        place: Place,
        move: str,
        person: Person,
        text: str,
        origin: int | None,
    ) -> str:
        """Makes a move in one transaction, which also ticks off what asked for it, and wakes the game's host."""
        when = self._moment(origin)
        translate = translator(person.language)

        async def change(conn: AsyncConnection) -> Moved:
            await once(conn, when)
            game = await find(conn)
            kind = self._kinds[game.kind]
            match = kind.act(kind.load(game.state), move, text, person, when.at)
            after = await games.change(conn, game, kind.dump(match), match.deadline, running=not match.over)
            if after is None:
                raise Overtaken
            if move in kind.noted:
                facts = {"game": game.id}
                await audit.record(conn, place.key, person.key, f"{kind.name} {move}", facts, when.at)
            return Moved(after, match)

        for attempt in range(1, ATTEMPTS + 1):
            try:
                game, match = await self._house.database.write(change)
                break
            except Repeated:
                return translate("This was done already.")
            except Overtaken:
                if attempt == ATTEMPTS:
                    raise
        if (host := self._hosts.get(game.id)) is not None:
            host.wake()
        return self._kinds[game.kind].told(match, move, person, translate)

    def _finding(self, game_id: int, place: Place) -> Callable[[AsyncConnection], Awaitable[Game]]:
        async def find(conn: AsyncConnection) -> Game:
            game = await games.get(conn, game_id)
            if game is None or game.kind not in self._kinds:
                raise GameOver
            if game.place != place.key:
                raise ForeignButton
            if not game.running:
                raise GameOver
            return game

        return find

    async def _postpone(self, game: Game) -> None:
        """Gives people time to come back to their turn."""
        kind = self._kinds[game.kind]
        match = kind.postponed(kind.load(game.state), self._house.clock.now() + GRACE)
        await self._house.database.write(
            lambda conn: games.change(conn, game, kind.dump(match), match.deadline, running=not match.over)
        )

    def _seat(self, game: Game, place: Place, left: str | None = None) -> None:
        """Gives a game its host; `left` is the message that an earlier process left as its newest."""
        self._clear()
        host = Host(game.id, self._kinds[game.kind], place, self._house, left, game.language)
        self._hosts[game.id] = host
        host.open()

    def _clear(self) -> None:
        self._hosts = {game_id: host for game_id, host in self._hosts.items() if not host.over}

    def _moment(self, origin: int | None) -> Moment:
        return Moment(self._house.clock.now(), origin=origin)


def place_of(game: Game) -> Place:
    """Where a game is played."""
    platform, _, id_ = game.place.partition(":")
    return Place(platform, id_, game.channel, game.guild)
