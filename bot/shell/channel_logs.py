"""`planchette logs`."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Coroutine
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final, TypeVar

import typer

from bot.shell.output import Json, Progress, emit, note, progress, say, table

if TYPE_CHECKING:
    from bot.configuration import Configuration
    from bot.exports import Chat, Reader
    from bot.exports.taking import Taken
    from storage.database import Database
    from storage.posts import Count

T = TypeVar("T")

logs = typer.Typer(no_args_is_help=True, help="Import exports of chats, show what is collected, and forget it.")

PLATFORMS: Final = ("discord", "telegram")
SOURCES: Final = ("channel_log", "import", "submission")
REASONS: Final = {  # what the gate and the readers say, to people
    "no_consent": "of people who have not consented",
    "before_consent": "from before their author's consent",
    "from_a_bot": "of bots",
    "service": "service messages",
    "empty": "without text",
    "forwarded": "that were forwarded from elsewhere",
    "unknown_author": "without an author's id, so that nobody can be asked",
    "unreadable": "that could not be read",
    "no_permission": "without a permission of the platform",
    "log_off": "of a place without a right",
    "not_covered": "of people who have consented to something else",
    "too_old": "that are older than their author was told they would be kept",
    "past_retention": "older than training.retention_days ({days}), which counts from a message's own date; raise it "
    "and import again to take them",
}
UNASKED: Final = "{reason}; --consents FILE names those who have, and when"


@logs.command("import")
def import_(
    file: Annotated[
        Path,
        typer.Argument(metavar="FILE", help="JSON or CSV of DiscordChatExporter, or Telegram's result.json; or .gz."),
    ],
    place: Annotated[
        str | None,
        typer.Option(metavar="PLATFORM:ID", help="The channel or chat; the export's own without it."),
    ] = None,
    permission: Annotated[
        str | None, typer.Option(metavar="TEXT", help="The right that you hold to train on these messages; recorded.")
    ] = None,
    consents: Annotated[
        Path | None, typer.Option(metavar="FILE", help="CSV with the header person,granted: ids and ISO times.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Import an export of a channel, through the consent gate: all that it allows, or nothing."""
    from filelock import FileLock, Timeout

    from bot.configuration import load_configuration
    from bot.exports.errors import ImportRunning
    from bot.home import Home

    _check_place(place)
    if permission is not None and not permission.strip():
        raise typer.BadParameter("--permission needs a text that says which right you hold.")
    configuration = load_configuration()
    home = Home(configuration.home)
    home.create()
    try:
        with FileLock(home.path / "imports.lock", timeout=0), progress("reading", hidden=as_json) as bar:
            where, taken = _ended_in_order(_imported(configuration, file, place, permission, consents, bar))
    except Timeout as fault:
        raise ImportRunning from fault
    if as_json:
        emit({"place": where, "taken": taken.taken, "already": taken.already, "left_out": dict(taken.left_out)})
        return
    say(f"{_messages(taken.taken)} taken for {where}.")
    if taken.already:
        say(f"{_messages(taken.already)} there already.")
    for reason, count in taken.left_out.most_common():
        told = REASONS.get(reason, reason).format(days=f"{configuration.training.retention_days:,}")
        if reason == "no_consent" and consents is None:
            told = UNASKED.format(reason=told)
        say(f"{_messages(count)} left out: {told}.")


@logs.command()
def status(as_json: Json = False) -> None:
    """Show of which places messages are kept to be learnt from."""
    found = asyncio.run(_counts())
    if as_json:
        emit({"places": [{"place": one.place, "messages": one.messages, "people": one.people} for one in found]})
        return
    table(("PLACE", "MESSAGES", "PEOPLE"), [(one.place, f"{one.messages:,}", f"{one.people:,}") for one in found])


@logs.command()
def forget(
    named: Annotated[str | None, typer.Argument(metavar="PLACE", help="Such as discord:CHANNEL_ID.")] = None,
    place: Annotated[str | None, typer.Option(metavar="PLACE", help="The same.")] = None,
    as_json: Json = False,
) -> None:
    """Delete all messages of a place that were kept, and mark the models that have learnt from them."""
    if (named is None) == (place is None):
        raise typer.BadParameter("Name one place, such as discord:CHANNEL_ID; `planchette logs status` lists them.")
    where = named or place or ""
    messages, models = asyncio.run(_forgotten(where))
    if as_json:
        emit({"place": where, "messages": messages, "models": models})
        return
    say(f"{_messages(messages)} deleted from {where}.")
    for model in models:
        say(f"{model} has learnt from them and is not used any more.")


async def _imported(
    configuration: Configuration,
    file: Path,
    place: str | None,
    permission: str | None,
    consents: Path | None,
    bar: Progress,
) -> tuple[str, Taken]:
    from bot.exports import opened
    from bot.exports.consents import read_consents
    from bot.exports.places import chosen, only
    from bot.exports.rights import Brought
    from bot.exports.taking import take
    from storage.database import Database

    now = datetime.now(UTC)
    with opened(file) as (source, reader):
        agreed = {} if consents is None else read_consents(consents, reader.platform, now)
        source.watch = lambda: bar.show(source.done, 2 * source.size, detail="checking")
        chats = await asyncio.to_thread(reader.chats)
        where = place or only(reader, chats)
        if where is None:
            raise typer.BadParameter(f"--place is needed: {file} does not say which one place it is of.")
        choice = chosen(reader, chats, where, vouched=bool(agreed))
        where = choice.place
        if not reader.numbered:
            note(f"{file} has no ids of messages: no edit or deletion in the channel will reach what it brings.")
        if choice.elsewhere:
            note(f"{file} calls its chat {reader.platform}:{choice.chat.id}; only consents of your list count for it.")
        setting = configuration.discord.training_permission or None
        async with await Database.open(configuration.database_url) as database:
            guild = await _guild(database, reader, choice.chat, where)
            days = configuration.training.retention_days
            brought = Brought(
                where, guild, permission, agreed, setting, choice.elsewhere, now, days, thread=choice.thread
            )
            source.watch = lambda: bar.show(source.size + source.done, 2 * source.size, detail="importing")
            return where, await take(database, configuration.open_vault(), reader, choice.chat, brought)


async def _guild(database: Database, reader: Reader, chat: Chat, place: str) -> str | None:
    """The server that a place belongs to.

    Raises:
        OtherServer: the export is of another one.
    """
    from bot.exports.errors import OtherServer
    from storage import logs as stored

    log = await database.read(lambda conn: stored.get(conn, place))
    told = None if chat.guild is None else f"{reader.platform}:{chat.guild}"
    if log is None or log.guild is None:
        return told
    if told is not None and told != log.guild:
        raise OtherServer(reader.name, place, told)
    return log.guild


async def _counts() -> list[Count]:
    from bot.configuration import load_configuration
    from bot.home import Home
    from storage import posts
    from storage.database import Database

    configuration = load_configuration()
    Home(configuration.home).create()
    async with await Database.open(configuration.database_url) as database:
        return await database.read(posts.counts)


async def _forgotten(place: str) -> tuple[int, list[str]]:
    """How many messages were deleted, and the models that had learnt from them."""
    from sqlalchemy.ext.asyncio import AsyncConnection

    from bot.configuration import load_configuration
    from bot.exports.errors import NothingKept
    from bot.exports.rights import OPERATOR
    from bot.home import Home
    from storage import audit, channel_models, jobs, posts
    from storage.below import Places
    from storage.database import Database

    async def delete(conn: AsyncConnection) -> tuple[int, list[str]]:
        now = datetime.now(UTC)
        deleted = await posts.delete_from(conn, place, SOURCES)
        if not deleted:
            raise NothingKept(place)
        for job in await jobs.open_jobs(conn):
            if job.place == place:  # a bot that runs ends it within a minute, and uses nothing that comes of it
                await jobs.change(conn, job.id, jobs.OPEN, state="cancelled", ended=now)
        tainted = await channel_models.taint_at(conn, Places(frozenset({place}), ()), now)
        names = [model.name for model in tainted]
        await audit.record(conn, place, OPERATOR, "log forget", {"deleted": deleted, "models": names}, now)
        return deleted, names

    configuration = load_configuration()
    Home(configuration.home).create()
    async with await Database.open(configuration.database_url) as database:
        forgotten = await database.write(delete)
        await database.purge()
    return forgotten


def _check_place(place: str | None) -> None:
    """Makes sure that a place is one of which there are exports.

    Raises:
        InvalidValue: it is none.
    """
    from generators.errors import InvalidValue

    if place is not None:
        platform, _, id_ = place.partition(":")
        if platform not in PLATFORMS or not id_ or id_ != id_.strip():
            raise InvalidValue("place", place, "discord:CHANNEL_ID or telegram:CHAT_ID")


def _messages(count: int) -> str:
    return "1 message was" if count == 1 else f"{count:,} messages were"


def _ended_in_order(work: Coroutine[Any, Any, T]) -> T:
    """Runs it to its end; SIGTERM and SIGHUP cancel it, so that it is undone, as Ctrl-C does."""
    ended: list[int] = []

    async def run() -> T:
        loop, task = asyncio.get_running_loop(), asyncio.current_task()
        assert task is not None

        def end(number: int) -> None:
            ended.append(number)
            task.cancel()

        for number in (signal.SIGTERM, signal.SIGHUP):
            loop.add_signal_handler(number, end, number)
        return await work

    try:
        return asyncio.run(run())
    except asyncio.CancelledError:
        raise SystemExit(128 + ended[0]) from None
