"""The web room as a platform: a chat in the browser that needs no account."""

from __future__ import annotations

import asyncio
from contextlib import AbstractContextManager, nullcontext
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Final

import structlog
import uvicorn
from sqlalchemy.ext.asyncio import AsyncConnection

from bot import collecting
from bot.consent import Change
from bot.conversation import Button, Limits, Message, NoThreads, Notice, Person, Place
from bot.games.errors import ButtonGone
from bot.languages import translator
from bot.platforms.turns import Turns
from bot.platforms.web.errors import Refusal
from bot.platforms.web.events import BATCH, Changes
from bot.platforms.web.heard import File, Heard, enclosed, stored
from bot.platforms.web.hub import Hub
from bot.platforms.web.listening import listen
from bot.platforms.web.names import BOT, PLATFORM, key
from bot.platforms.web.passing import Passing, without_content
from storage import inbox, rooms
from storage.rooms import RoomMessage

if TYPE_CHECKING:
    from bot.app import Bot

log = structlog.get_logger(__name__)

GRACE: Final = 2  # s; how long open requests may take when the room closes
NOT_MEANT: Final = "This message takes no replies now; /story show tells where the story stands."


class WebRoom:
    """Translates between the bot and rooms: what is posted is stored, then shown to all who follow the room."""

    name = PLATFORM
    keeps_messages = True

    def __init__(self, bot: Bot) -> None:
        from bot.platforms.web.app import web_app

        web = bot.configuration.web
        self._bot = bot
        self._database = bot.database
        self._host = web.host
        self._socket = listen(web.host, web.port)
        self._port: int = self._socket.getsockname()[1]
        self._answering: set[asyncio.Task[None]] = set()
        self._turns = Turns()
        self._passing = Passing(bot.ticks)
        self.hub = Hub()
        self._app = web_app(bot, self)
        bot.consents.watch(self.follow)

    @property
    def port(self) -> int:
        """Where it listens; another than `web.port` if that is 0."""
        return self._port

    @property
    def address(self) -> str:
        """What to open in a browser on this machine."""
        host = {"0.0.0.0": "127.0.0.1", "::": "[::1]", "::1": "[::1]"}.get(self._host.strip("[]"), self._host)
        return f"http://{host}:{self.port}"

    async def run(self) -> None:
        """Serves until it is cancelled; first takes up what was in hand when it last stopped."""
        if self._socket.fileno() == -1:  # it broke down, and runs again
            self._socket = listen(self._host, self._port)
            self.hub.closed = False
        for item in await self._database.read(partial(inbox.pending, platform=PLATFORM)):
            self._answer_soon(item.id, stored(item.payload))
        server = _Server(
            uvicorn.Config(
                self._app,
                lifespan="off",
                ws="none",
                log_config=None,
                access_log=False,
                proxy_headers=False,  # who a client is decides nothing that a header could fake
                server_header=False,
                timeout_graceful_shutdown=GRACE,
            )
        )
        serving = asyncio.create_task(server.serve(sockets=[self._socket]))
        try:
            await asyncio.shield(serving)
        finally:
            self.hub.close()
            server.should_exit = True
            await serving
            for task in self._answering:
                task.cancel()
            await asyncio.gather(*self._answering, return_exceptions=True)

    def limits(self, place: Place, reply_to: str | None = None) -> Limits:
        """A page redraws quickly, but each edit is a write to disk."""
        return Limits(edit_seconds=0.3)

    async def thread(self, place: Place, title: str) -> Place:
        """There are none."""
        raise NoThreads

    async def post(
        self, place: Place, message: Message, *, private_for: Person | None = None, reply_to: str | None = None
    ) -> str:
        """Stores a message of the bot and shows it."""

        files: list[int] = []

        async def add(connection: AsyncConnection) -> RoomMessage:
            added = await rooms.add(
                connection,
                place.key,
                key(BOT),
                message.text,
                buttons=[(button.label, button.action) for button in message.plain_buttons],
                picture=message.picture,
                attachments=map(without_content, message.attachments),
                private_for=private_for.key if private_for else None,
                reply_to=_id(reply_to),
                at=datetime.now(UTC),
            )
            # before it is committed: who reads the message asks for its files at once
            files[:] = [file.id for file in added.attachments]
            self._passing.take(files, message.attachments)
            return added

        try:
            posted = await self._database.write(add)
        except Exception:
            self._passing.drop(files)
            raise
        self.hub.changed(place.id)
        if posted.reply_to is not None:
            self._turns.answered(place.id, posted.reply_to)
        return str(posted.id)

    async def edit(self, place: Place, posted: str, message: Message) -> str | None:
        """Changes a message of the bot and shows it anew."""

        async def change(connection: AsyncConnection) -> None:
            await rooms.edit(
                connection,
                int(posted),
                text=message.text,
                buttons=[(button.label, button.action) for button in message.plain_buttons],
                picture=message.picture,
                attachments=message.attachments,
            )

        await self._database.write(change)
        self.hub.changed(place.id)
        return posted

    async def said(
        self, room: str, person: Person, text: str, reply_to: int | None = None, file: File | None = None
    ) -> int:
        """Stores what a person wrote, together with the bot's duty to look at it; returns the message's id.

        Raises:
            Refusal: there is no message `reply_to` for this person in the room.
        """
        place = Place(PLATFORM, room)

        async def store(connection: AsyncConnection) -> tuple[Heard, int | None]:
            if reply_to is not None:
                await self._visible(connection, place, person, reply_to)
            at = datetime.now(UTC)
            message = await rooms.add(connection, place.key, person.key, text, reply_to=reply_to, at=at)
            if self._bot.collecting.wants(place):
                await self._bot.collecting.store(connection, (_collected(place, person, message, at),))
            heard = Heard(room, person.id, person.admin, text, message.id, reply_to, person.language, file)
            if not heard.means_something:
                return heard, None
            return heard, await inbox.receive(connection, PLATFORM, str(message.id), heard.payload(), at)

        heard, item = await self._database.write(store)
        self.hub.changed(place.id)
        if item is not None:
            self._answer_soon(item, heard)
        return heard.message

    async def pressed(self, room: str, person: Person, message: int, action: str) -> Notice:
        """Hands a press to the bot; it is committed when the notice comes.

        What a browser sends is not believed: the action has to be on a button of the message as it is now. Where
        buttons have been taken away meanwhile, the bot says what became of them.

        Raises:
            Refusal: there is no such message for this person in the room.
        """
        place = Place(PLATFORM, room)
        shown = await self._database.read(partial(self._visible, place=place, person=person, message=message))
        taken_away = shown.edited and not shown.buttons
        if shown.person != key(BOT) or not (taken_away or action in {sent for _, sent in shown.buttons}):
            return Notice(ButtonGone().sentence(translator(person.language)))
        return await self._bot.press(action, person=person, place=place)

    async def messages(self, room: str, person: str | None, after: int | None) -> list[RoomMessage]:
        """What this person may read: what came after a message, or the newest."""

        async def read(connection: AsyncConnection) -> list[RoomMessage]:
            return await rooms.newest(connection, key(room), person=_reader(person), after=after, limit=BATCH)

        return await self._database.read(read)

    async def changes(self, room: str, person: str | None, after_event: int) -> Changes:
        """What has happened after an event, as far as this person may read it."""

        async def read(connection: AsyncConnection) -> Changes:
            changed = await rooms.changed(
                connection, key(room), person=_reader(person), after_event=after_event, limit=BATCH
            )
            return Changes(changed, await rooms.deleted(connection, key(room)))

        return await self._database.read(read)

    async def now(self, room: str, person: str | None) -> int:
        """The newest event that this person may know of."""

        async def read(connection: AsyncConnection) -> int:
            newest = await rooms.newest(connection, key(room), person=_reader(person), limit=BATCH)
            return max([await rooms.deleted(connection, key(room)), *(message.event for message in newest)])

        return await self._database.read(read)

    async def follow(self, change: Change) -> None:
        """Takes off the pages what was deleted with all else of a person."""
        if change.place is None:
            self.hub.all_changed()

    async def file(self, file: int) -> tuple[str, str, bytes] | None:
        """A picture's or an attachment's name, media type and content.

        Raises:
            Refusal: it was there for a while only (410).
        """
        if (passing := self._passing.get(file)) is not None:
            return passing.name, passing.media_type, passing.data
        found = await self._database.read(partial(rooms.file, file_id=file))
        if found is not None and not found[2]:
            raise Refusal(410, "This file was there for ten minutes only; ask for it again.")
        return found

    def passes(self, file: int) -> bool:
        """Whether a file is there for a while only, and should stay nowhere else either."""
        return self._passing.get(file) is not None

    async def _visible(self, connection: AsyncConnection, place: Place, person: Person, message: int) -> RoomMessage:
        found = await rooms.get(connection, message)
        if found is None or found.room != place.key or found.private_for not in (None, person.key):
            raise Refusal(404, "There is no message {id} in this room.", {"id": message})
        return found

    def _answer_soon(self, item: int, heard: Heard) -> None:
        task = asyncio.create_task(self._answer(item, heard))
        self._answering.add(task)
        task.add_done_callback(self._answered)

    def _answered(self, task: asyncio.Task[None]) -> None:
        self._answering.discard(task)
        if not task.cancelled() and (fault := task.exception()) is not None:
            log.error("a message was not dealt with; the next start tries again", exc_info=fault)

    async def _answer(self, item: int, heard: Heard) -> None:
        """Lets the bot deal with what was heard once it is its turn; the bot notes that it is done."""
        place = Place(PLATFORM, heard.room)
        person = Person(PLATFORM, heard.person, heard.person, heard.admin, heard.language)
        async with self._turns.turn(heard.room, heard.person, heard.message):
            message = str(heard.message)
            files = () if heard.file is None else (enclosed(self._bot.vault, heard.file),)
            asked = await self._bot.invoke(
                heard.text, person=person, place=place, origin=item, reply_to=message, files=files
            )
            if asked:
                return
            answered = None
            if heard.reply_to is not None:
                answered = await self._database.read(partial(rooms.get, message_id=heard.reply_to))
            if answered is not None and answered.person == key(BOT):
                await self._reply(item, heard, person, place, answered)
            elif heard.mentions:
                await self._bot.talked_to(heard.said, person=person, place=place, message=message, origin=item)
            else:  # what people say to each other
                await self._database.write(partial(inbox.done, item=item))

    async def _reply(self, item: int, heard: Heard, person: Person, place: Place, answered: RoomMessage) -> None:
        """Hands a reply to the bot; who answered a ballot and is not understood is told so."""
        buttons = tuple(Button(*button) for button in answered.buttons)
        meant = await self._bot.reply(
            heard.said,
            person=person,
            place=place,
            message=str(answered.id),
            origin=item,
            buttons=buttons,
            asked=str(heard.message),
        )
        if buttons and not meant:
            await self.post(place, Message(translator(person.language)(NOT_MEANT)), private_for=person)


def _collected(place: Place, person: Person, message: RoomMessage, at: datetime) -> collecting.Heard:
    """A line as it is collected where a log is on."""
    answered = None if message.reply_to is None else str(message.reply_to)
    return collecting.Heard(person, place, str(message.id), message.text, at, answered)


def _reader(person: str | None) -> str | None:
    return None if person is None else key(person)


def _id(reference: str | None) -> int | None:
    return int(reference) if reference is not None and reference.isdecimal() else None


class _Server(uvicorn.Server):
    """Leaves the signals to whoever runs the bot."""

    def capture_signals(self) -> AbstractContextManager[None]:  # type: ignore[override]
        return nullcontext()
