"""The one place where settings become objects."""

from __future__ import annotations

import asyncio
import secrets
import time
import uuid
from collections.abc import Awaitable, Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import partial
from typing import Any, Final

import structlog

from bot import leaving
from bot.clearing import Clearing
from bot.collecting import Collecting
from bot.commands.cooldowns import Cooldowns
from bot.commands.declaration import Command
from bot.commands.discovery import discover
from bot.commands.faults import TooOften
from bot.commands.invocation import Invocation
from bot.commands.parser import is_command, parse
from bot.configuration import Configuration
from bot.consent import Consents, pressing
from bot.conversation import Button, Enclosed, MayNotWrite, Message, Notice, Person, Place, Platform
from bot.corpora.uploads import Uploads
from bot.games import actions
from bot.games.clock import Clock, SystemClock
from bot.games.hosting import Games
from bot.games.house import House
from bot.games.kinds import kinds
from bot.games.tables import Tables
from bot.generation import generators_of
from bot.home import Home
from bot.intake import Intake
from bot.jobs import actions as of_trainings
from bot.jobs import pressing as deciding
from bot.jobs.remote import remote_runner
from bot.jobs.supervisor import Jobs
from bot.languages import translator
from bot.lineages import Lineages
from bot.lineages import actions as of_models
from bot.lineages.withholding import Withholding
from bot.models import Models
from bot.outbox import Outbox
from bot.places import PlaceSettings
from bot.quota import Quota
from bot.replies import write_on
from bot.sharing import Share
from bot.talk import Talk
from bot.text import checked
from bot.visibility import Visibility
from bot.warming import Warming
from generators.completion import Generator
from generators.errors import Phrase, UserError
from generators.training.runner import Runner
from storage import inbox
from storage.database import Database
from storage.errors import StorageError
from storage.vault import Vault

MINUTE: Final = 60.0  # seconds

log = structlog.get_logger(__name__)


class Bot:
    """Everything there is; `await Bot.open(configuration)` makes one.

    Attributes:
        configuration: what the operator decided.
        database: what is remembered.
        vault: seals what people gave to be learnt from.
        generator: what writes.
        models: what can write.
        visibility: who may know of which.
        settings: what places have set.
        outboxes: what is said on each platform, by its name.
        share: which places of the database are this process's.
        clock: tells and awaits time.
        tables: the stories that run.
        games: the other games that run.
        collecting: keeps what people agreed to give.
        talk: answers what is said to the bot.
        consents: what people allow to be learnt from.
        lineages: the models that channels have made.
        jobs: the trainings that wait and run.
        uploads: files that places gave to be learnt from.
        intake: what came in and is still to be carried out.
        commands: what people can ask.
        ticks: seconds that only go forward.
        texts_in_hand: how many are being written now.
        started: when it was opened.
    """

    def __init__(
        self,
        configuration: Configuration,
        database: Database,
        vault: Vault,
        generator: Generator,
        *,
        clock: Clock | None = None,
        ticks: Callable[[], float] = time.monotonic,
        runner: Runner | None = None,
    ) -> None:
        self.configuration = configuration
        self.database = database
        self.vault = vault
        self.generator = generator
        clock = clock or SystemClock()
        self.ticks = ticks
        self.texts_in_hand = 0
        self.started = datetime.now(UTC)
        self.commands = discover()
        self.visibility = Visibility(database, Home(configuration.home).models)
        self.models = Models(generator, configuration.models.default, self.visibility)
        self.settings = PlaceSettings(database, self.models)
        self.clock = clock
        self.outboxes: dict[str, Outbox] = {}
        self.share = Share(configuration.discord.shards, self.outboxes, configuration.alone)
        ours = self.share.has
        untainted = Withholding(generator, database)
        self.tables = Tables(database, untainted, self.outboxes, clock=clock, temperature=self.temperature, ours=ours)
        house = House(database, untainted, self.outboxes, clock, lambda: secrets.randbits(63), ours=ours)
        self.games = Games(house, kinds())
        self.intake = Intake(database, self.outboxes, self.started)
        self.collecting = Collecting(database, vault, configuration.discord.training_permission, clock, ours)
        self.talk = Talk(self)
        self.consents = Consents(self)
        self.lineages = Lineages(self)
        self.jobs = Jobs(self, runner, remote_runner(configuration.remote))
        self.uploads = Uploads(Home(configuration.home).uploads, vault)
        self.consents.watch(self.lineages.follow)
        self.consents.watch(self.jobs.follow)
        self.consents.watch(lambda _: self.collecting.look_again())
        self._warming = Warming(self)
        self._clearing = Clearing(database, clock, self.consents.terms)
        self._background: list[asyncio.Task[None]] = []
        self._quota = Quota(configuration.quota.per_minute, MINUTE, ticks)
        self._cooldowns = Cooldowns(ticks)

    @classmethod
    async def open(
        cls,
        configuration: Configuration,
        *,
        generator: Generator | None = None,
        clock: Clock | None = None,
        ticks: Callable[[], float] = time.monotonic,
        runner: Runner | None = None,
    ) -> Bot:
        """Opens database and generators, and begins to load the default model.

        Args:
            generator: takes the place of those that the settings name.
            clock: the machine's own by default.
            ticks: as above, for pauses and quotas.
            runner: carries trainings out; processes of this machine by default.

        Raises:
            UserError, StorageError: something of it cannot be used.
        """
        Home(configuration.home).create()
        database = await Database.open(configuration.database_url)
        try:
            vault = await asyncio.to_thread(configuration.open_vault)
            if generator is None:
                generator = generators_of(configuration)
            bot = cls(configuration, database, vault, generator, clock=clock, ticks=ticks, runner=runner)
            wanted = configuration.models.default
            if wanted is not None and not wanted.startswith("remote:"):  # a host may come up after us
                await bot.models.find(wanted)
            await bot.collecting.look_again()
        except BaseException:
            if generator is not None:
                await generator.close()
            await database.close()
            raise
        bot._background = [asyncio.create_task(work.run()) for work in (bot._warming, bot._clearing, bot.collecting)]
        return bot

    async def close(self) -> None:
        """Stops; stories that run go on with the next `open`, and what was being written is asked for again."""
        for task in self._background:
            task.cancel()
        await asyncio.gather(*self._background, return_exceptions=True)
        await self.tables.close()
        await self.games.close()
        await self.jobs.close()
        await self.lineages.close()
        for outbox in self.outboxes.values():
            outbox.close()
        await self.generator.close()
        await self.database.close()

    def register(self, platform: Platform) -> None:
        """Adds a platform; its adapter calls `invoke`, `press` and `reply` from then on."""
        self.outboxes[platform.name] = Outbox(platform, self.clock, partial(self._running_on, platform.name))

    async def resume(self) -> None:
        """Takes up the stories and games that run; call it once every platform is registered."""
        await self.collecting.look_again()  # which places are ours depends on the platforms
        await self.tables.resume()
        await self.games.resume()
        await self.lineages.resume()
        await self.jobs.resume()

    @property
    def ready(self) -> bool:
        """Whether the default model can write."""
        return self._warming.done

    async def temperature(self, place: Place) -> float:
        """The temperature of a place, for draws between candidates; 1 where none is set."""
        temperature = (await self.settings.get(place)).temperature
        return 1.0 if temperature is None else temperature

    async def invoke(
        self,
        text: str,
        *,
        person: Person,
        place: Place,
        origin: int | None = None,
        reply_to: str | None = None,
        files: Sequence[Enclosed] = (),
    ) -> bool:
        """Runs what a line asks for; errors are told to the person alone.

        Args:
            text: as it was typed.
            origin: the inbox item that it came with.
            reply_to: the message that asked.
            files: that came with it.

        Returns:
            False where the line is no command, which nobody is told.
        """
        if not is_command(text):
            return False

        async def run() -> None:
            command, arguments = parse(text, self.commands)
            await self._run(command, arguments, person, place, origin, reply_to, files)

        await self._guarded(run, person, place, origin, reply_to)
        return True

    async def run(
        self,
        command: Command,
        arguments: dict[str, Any],
        *,
        person: Person,
        place: Place,
        origin: int | None = None,
        reply_to: str | None = None,
        files: Sequence[Enclosed] = (),
    ) -> None:
        """Runs a command whose arguments a platform has read itself; errors are told to the person alone.

        For platforms with options of their own; lines are read by `invoke`.
        """
        await self._guarded(
            lambda: self._run(command, arguments, person, place, origin, reply_to, files),
            person,
            place,
            origin,
            reply_to,
        )

    async def press(
        self, action: str, *, person: Person, place: Place, text: str = "", origin: int | None = None
    ) -> Notice:
        """Counts a press on a button, and returns what to tell the person once it is committed.

        Args:
            action: says all: which ballot of which round, and what was chosen on it; which move in which game; or what
                the person agrees to.
            text: the line that the button asked for.
            origin: the inbox item that it came with.
        """
        try:
            if pressing.is_meant(action):
                notice = await pressing.press(self, action, person, place, text=text, origin=origin)
            elif of_models.is_meant(action):
                notice = await self.lineages.press(action, person, place, origin)
            elif of_trainings.is_meant(action):
                notice = await deciding.press(self, action, person, place)
            elif (play := actions.play(action)) is not None:
                notice = await self.games.press(play, person, place, text=text, origin=origin)
            else:
                notice = await self.tables.votes.press(action, person, place, text=text, origin=origin)
        except (UserError, StorageError) as fault:
            notice = Notice(fault.sentence(translator(person.language)))
        except Exception:
            notice = Notice(self._logged(person, place))
        await self._dealt_with(origin, place)
        return notice

    async def reply(
        self,
        text: str,
        *,
        person: Person,
        place: Place,
        message: str,
        buttons: Sequence[Button] = (),
        origin: int | None = None,
        asked: str | None = None,
    ) -> bool:
        """Takes an answer to a message of the bot; errors are told privately.

        It is a write-in where that is a ballot, a move where it is a game's, more of the place's last text, or else
        talk, where the place wants those.

        Args:
            message: its id on the platform.
            buttons: what it has, or had when it was answered; they say whose ballot it is.
            origin: the inbox item that the answer came with.
            asked: the answer's own id on the platform, which talk replies to.

        Returns:
            False where the message is none that can be answered.
        """
        meant = True

        async def run() -> None:
            nonlocal meant
            checked(text, Phrase("the reply"))
            told = await self.tables.votes.reply(message, text, person, place, buttons=buttons, origin=origin)
            if told is None:
                told = await self.games.reply(message, text, person, place, buttons=buttons, origin=origin)
            if told is not None:
                await self.outboxes[place.platform].post(place, Message(told), private_for=person)
            elif not await write_on(self, text, person=person, place=place, message=message, origin=origin):
                meant = await self.talk.answer(text, person=person, place=place, message=asked, origin=origin)

        await self._guarded(run, person, place, origin, None)
        return meant

    async def talked_to(
        self, text: str, *, person: Person, place: Place, message: str, origin: int | None = None
    ) -> bool:
        """Answers what somebody said to the bot; errors are told privately.

        Args:
            text: a mention of the bot without its name, a reply to it that `reply` did not take, or what a private
                chat says that is no command.
            message: its id on the platform, which the answer replies to.
            origin: the inbox item that it came with.

        Returns:
            False where the place does not want to be answered.
        """
        meant = True

        async def run() -> None:
            nonlocal meant
            checked(text, Phrase("what you say"))
            meant = await self.talk.answer(text, person=person, place=place, message=message, origin=origin)

        await self._guarded(run, person, place, origin, None)
        return meant

    async def message_deleted(self, place: Place, message: str) -> None:
        """Somebody deleted a message; where it was the newest of a story or a game, it is posted again."""
        self.tables.repost(place, message)
        self.games.repost(place, message)

    async def place_gone(self, place: Place, threads: Collection[str] = ()) -> None:
        """A place is gone, or the bot was sent away: what runs there and below ends, and what was set is forgotten.

        Args:
            threads: ids of those below it that the platform knows of; those where something was played are known.
        """
        await leaving.gone(self, place.platform, {place.id, *threads})

    async def guild_gone(self, platform: str, guild: str, channels: Collection[str] = ()) -> None:
        """The same for a whole server.

        Args:
            channels: ids of its channels and threads, as far as the platform knows them.
        """
        await leaving.gone(self, platform, set(channels), guild)

    async def place_moved(self, platform: str, old: str, new: str) -> None:
        """A place has another id now, as a group of Telegram that has become a supergroup; all of it moves along."""
        await leaving.moved(self, platform, old, new)

    def _running_on(self, platform: str, near: Place | None) -> int:
        return self.tables.running_on(platform, near) + self.games.running_on(platform, near)

    @contextmanager
    def writing(self) -> Iterator[None]:
        """Counts a text as being written."""
        self.texts_in_hand += 1
        try:
            yield
        finally:
            self.texts_in_hand -= 1

    def spend(self, person: Person, requests: int = 1) -> None:
        """Counts requests of a person.

        Raises:
            TooOften: there is not so much left of the quota, and nothing was counted.
        """
        if wait := self._quota.take(person.key, requests):
            raise TooOften(self._quota.times, self._quota.seconds, wait)

    async def cool(self, command: Command, person: Person, place: Place, origin: int | None) -> None:
        """Counts one use of a command; one whose text had begun before a restart was counted then.

        Raises:
            TooOften: its cooldown is used up.
        """
        if await self.intake.begun(origin) is None:
            self._cooldowns.take(command, person, place)

    async def _run(
        self,
        command: Command,
        arguments: dict[str, Any],
        person: Person,
        place: Place,
        origin: int | None,
        reply_to: str | None,
        files: Sequence[Enclosed] = (),
    ) -> None:
        translate = translator(person.language)
        invocation = Invocation(
            self, person, place, command, self.outboxes[place.platform], origin, reply_to, translate, files
        )
        await invocation.demand(command.requires)
        if command.counted:
            self.spend(person)
        await self.cool(command, person, place, origin)
        await command(invocation, **arguments)

    async def _guarded(
        self, run: Callable[[], Awaitable[None]], person: Person, place: Place, origin: int | None, reply_to: str | None
    ) -> None:
        """Runs something, tells the person alone what went wrong, and notes that it is dealt with either way.

        Only where the process ends in the middle, what came in stays open and goes on with the next start.
        """
        try:
            if await self.intake.is_to_do(origin, place):
                await run()
        except (UserError, StorageError) as fault:
            await self._tell(fault.sentence(translator(person.language)), person, place, reply_to)
        except Exception:
            await self._tell(self._logged(person, place), person, place, reply_to)
        await self._dealt_with(origin, place)

    async def _dealt_with(self, origin: int | None, place: Place) -> None:
        """What came in is dealt with; where the bot could say nothing, it may be able to now."""
        self.tables.look_again(place)
        self.games.look_again(place)
        if origin is not None:
            try:
                await self.database.write(partial(inbox.done, item=origin))
            except StorageError as fault:
                log.warning("what came in stays open", item=origin, reason=str(fault))

    async def _tell(self, sentence: str, person: Person, place: Place, reply_to: str | None) -> None:
        try:
            await self.outboxes[place.platform].post(place, Message(sentence), private_for=person, reply_to=reply_to)
        except MayNotWrite as fault:
            log.warning("an error could not be told", place=place.key, sentence=sentence, reason=str(fault))
        except Exception:  # the platform is what fails: nobody is left to tell
            log.exception("an error could not be told", place=place.key, sentence=sentence)

    def _logged(self, person: Person, place: Place) -> str:
        """Logs the exception that is being handled; the sentence names it by its request id."""
        request = uuid.uuid4().hex[:12]
        log.exception("a request failed", request=request, person=person.key, place=place.key)
        return translator(person.language)(
            "Something went wrong on our side. Tell whoever runs the bot this number: {request}.", request=request
        )
