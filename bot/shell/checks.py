"""What `planchette doctor` looks at; each check says what it found, and how to mend it."""

from __future__ import annotations

import asyncio
import os
import shutil
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Final

from bot.home import Home, HomeInUse

if TYPE_CHECKING:
    from bot.configuration import Configuration

LEAST_DISK: Final = 500 * 1024 * 1024  # bytes; a training keeps two checkpoints beside its model


class State(StrEnum):
    """How something is."""

    GOOD = "good"
    NOTE = "note"
    PROBLEM = "problem"


@dataclass(frozen=True, slots=True)
class Finding:
    """What a check found.

    Attributes:
        check: what was looked at.
        state: whether something has to be mended.
        text: a sentence, which says how to mend it.
    """

    check: str
    state: State
    text: str


async def findings(configuration: Configuration) -> AsyncIterator[Finding]:
    """Every check, in the order in which a person would mend things."""
    from bot.shell.certificates import certificate_findings
    from bot.shell.discord import discord_findings
    from bot.shell.memory import memory_findings
    from bot.shell.telegram import telegram_findings

    for one in (*_home(configuration.home), *_network(configuration), *certificate_findings(configuration)):
        yield one
    async for one in discord_findings(configuration):
        yield one
    async for one in telegram_findings(configuration):
        yield one
    async for one in _database(configuration):
        yield one
    yield _vault(configuration)
    for one in _models(configuration):
        yield one
    async for one in _default_model(configuration):
        yield one
    yield _torch()
    if (precision := await asyncio.to_thread(_precision, configuration)) is not None:
        yield precision
    async for one in memory_findings(configuration):
        yield one


def _home(home: Path) -> Iterator[Finding]:
    there = next(path for path in (home, *home.parents) if os.path.lexists(path))
    if not (there.is_dir() and os.access(there, os.W_OK | os.X_OK)):
        yield Finding("home", State.PROBLEM, f"{home} cannot be written; give it to this user, or set PLANCHETTE_HOME.")
        return
    if there != home:
        yield Finding("home", State.NOTE, f"{home} is made at the first run.")
        return
    if home.stat().st_mode & 0o077:
        yield Finding("home", State.NOTE, f"Other users can look into {home}; `chmod 700 {home}` keeps them out.")
    free = shutil.disk_usage(home).free
    if free < LEAST_DISK:
        yield Finding("disk", State.PROBLEM, f"Only {free >> 20} MB are free for {home}; make room there.")
    else:
        yield Finding("home", State.GOOD, f"{home}, with {free >> 30} GB free.")


def _network(configuration: Configuration) -> Iterator[Finding]:
    from bot.platforms.web.listening import CannotListen, PortInUse, listen

    web = configuration.web
    if not web.enabled:
        yield Finding("room", State.NOTE, "The room is switched off (web.enabled).")
    elif _running(configuration.home):
        yield Finding("room", State.GOOD, "A bot runs with this home.")
    else:
        try:
            listen(web.host, web.port).close()
        except (PortInUse, CannotListen) as fault:
            yield Finding("room", State.PROBLEM, fault.sentence())
        else:
            yield Finding("room", State.GOOD, f"{web.host} has its port {web.port} free.")


def _running(home: Path) -> bool:
    if not Home(home).lock.exists():
        return False
    try:
        with Home(home).hold():
            return False
    except HomeInUse:
        return True


async def _database(configuration: Configuration) -> AsyncIterator[Finding]:
    """Looks only: a bot of another version may be using it."""
    from storage.errors import StorageError
    from storage.looking import State as Database
    from storage.looking import look

    try:
        name, state = await look(configuration.database_url, closely=True)
    except StorageError as fault:
        yield Finding("database", State.PROBLEM, fault.sentence())
        return
    match state:
        case Database.EMPTY:
            yield Finding("database", State.NOTE, f"{name} is made at the first run.")
        case Database.OLDER:
            yield Finding("database", State.NOTE, f"{name} is of an older version; the next start migrates it.")
        case Database.CURRENT:
            yield Finding("database", State.GOOD, f"{name} is up to date.")


def _vault(configuration: Configuration) -> Finding:
    """Looks only: the key is made where it is first used."""
    from bot.home import default_vault
    from storage.errors import StorageError

    file = default_vault()
    if configuration.vault.key is None and not file.exists():
        return Finding("vault", State.NOTE, f"{file} is made at the first run; keep a copy of it apart from the home.")
    try:
        keys = configuration.open_vault()
    except StorageError as fault:
        return Finding("vault", State.PROBLEM, fault.sentence())
    if keys.rotating:
        return Finding("vault", State.NOTE, f"{keys.name} has old keys too; `planchette vault rotate` ends that.")
    if not keys.given and file.stat().st_mode & 0o077:
        return Finding("vault", State.NOTE, f"Other users can read {file}; `chmod 600 {file}` keeps them out.")
    return Finding("vault", State.GOOD, f"{keys.name} has the key that people's text is sealed with.")


def _models(configuration: Configuration) -> Iterator[Finding]:
    from bot.shelves import loaded, shelves
    from generators.errors import UserError
    from generators.importing.trial import check_answer

    for shelf in shelves(configuration.home):
        for name in shelf.names():
            directory = shelf.directory(name)
            if directory is None:
                continue
            try:
                check_answer(loaded(shelf, directory), directory)
            except UserError as fault:
                mend = "Reinstall the program." if shelf.shipped else f"`planchette models remove {name}` removes it."
                yield Finding(f"model {name}", State.PROBLEM, f"{fault.sentence()} {mend}")
            else:
                yield Finding(f"model {name}", State.GOOD, "It loads.")
        for work in sorted(shelf.path.glob(".*.training")) if shelf.path.is_dir() else ():
            name = work.name.removeprefix(".").removesuffix(".training")
            text = f"Its training was interrupted; the same `planchette train … --name {name} --resume` goes on."
            yield Finding(f"model {name}", State.NOTE, text)


async def _default_model(configuration: Configuration) -> AsyncIterator[Finding]:
    from bot.generation import generators_of
    from bot.shell.faults import in_shell
    from generators.errors import UnknownModel, UnusableModel, UserError

    generator = generators_of(configuration)
    try:
        await generator.load()
        name = configuration.models.default or (await generator.models())[0].name
        yield Finding("default model", State.GOOD, f"{name} writes.")
    except UserError as fault:
        named = configuration.models.default is not None and isinstance(fault, UnknownModel | UnusableModel)
        hint = " models.default names it." if named else ""
        yield Finding("default model", State.PROBLEM, f"{fault.sentence(in_shell)}{hint}")
    finally:
        await generator.close()


def _torch() -> Finding:
    from importlib.util import find_spec

    if find_spec("torch") is None:
        return Finding("torch", State.NOTE, "Not installed; training needs it, and make run EXTRAS=torch brings it.")
    import torch

    if torch.cuda.is_available():
        return Finding("torch", State.GOOD, f"{torch.__version__} with {torch.cuda.get_device_name(0)}.")
    return Finding("torch", State.GOOD, f"{torch.__version__}, without a GPU.")


def _precision(configuration: Configuration) -> Finding | None:
    """What GPT-2s write in, by the time that a token takes through the weights of the smallest of OpenAI's."""
    from importlib.util import find_spec

    if find_spec("torch") is None:
        return None
    from generators.devices import device_of
    from generators.errors import UserError
    from generators.gpt2.configuration import SMALL
    from generators.gpt2.precision import fastest, measured

    if configuration.precision != "auto":
        return Finding("precision", State.GOOD, f"GPT-2s write in {configuration.precision}, as the settings say.")
    try:
        device = device_of(configuration.device)
    except UserError as fault:
        return Finding("precision", State.PROBLEM, fault.sentence())
    if device.type != "cpu":
        return Finding("precision", State.GOOD, "GPT-2s write in bf16, as on every GPU.")
    seconds = measured(SMALL, configuration.threads)
    times = ", ".join(f"{name} {time / seconds['fp32']:.2f}" for name, time in seconds.items())
    text = f"A GPT-2 of 124M parameters writes in {fastest(seconds)}; time of a token against fp32: {times}."
    return Finding("precision", State.GOOD, text)
