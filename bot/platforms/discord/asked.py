"""An interaction in hand: the first answer decides whether all or one can read it, and has to come within 3 s."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from enum import Enum, auto
from typing import Final

import aiohttp
import discord
import structlog
from discord.utils import snowflake_time

from bot.platforms.discord.body import EPHEMERAL, LOADING, Body
from bot.platforms.discord.errors import ALREADY_ACKNOWLEDGED, TOO_LATE, UNKNOWN_MESSAGE
from bot.platforms.discord.wire import DEFERRED, MESSAGE, Wire

DEFER: Final = 1.5  # seconds; Discord waits 3, and the clocks and the way there take some of them
TOKEN_LIFE: Final = timedelta(minutes=14, seconds=30)  # Discord's is 15 minutes
PREFIX: Final = "interaction:"
UNREACHABLE: Final = (OSError, TimeoutError, aiohttp.ClientError)

log = structlog.get_logger(__name__)


class _State(Enum):
    NEW = auto()
    DEFERRED = auto()  # everybody sees that the bot is thinking
    PROMISED = auto()  # one person alone sees it
    ANSWERED = auto()
    UNKNOWN = auto()  # an earlier process had it in hand
    LOST = auto()  # Discord takes no answers any more


class Asked:
    """What somebody asked of the bot with a command or a form.

    Args:
        id_: the interaction's.
        token: answers it for 15 minutes.
        known: whether it has just come in; one of an earlier process may be answered already.
        answered: called when something was said.
    """

    def __init__(
        self,
        wire: Callable[[], Wire],
        id_: int,
        token: str,
        *,
        known: bool = True,
        answered: Callable[[], object],
    ) -> None:
        self._wire = wire
        self._id = id_
        self._token = token
        self._state = _State.NEW if known else _State.UNKNOWN
        self._answered = answered
        self._lock = asyncio.Lock()

    @property
    def reference(self) -> str:
        """Names it, also after a restart."""
        return f"{PREFIX}{self._id}:{self._token}"

    @property
    def alive(self) -> bool:
        """Whether it can still be answered."""
        return self._state is not _State.LOST and datetime.now(UTC) - snowflake_time(self._id) < TOKEN_LIFE

    async def defer_in_time(self, passed: float, *, private: bool = False) -> None:
        """Waits for the first answer, and says that the bot is thinking if it does not come soon.

        Args:
            passed: seconds since the interaction came in.
            private: whether only the person sees that, where the answer is for them alone in any case.
        """
        await asyncio.sleep(max(0.0, DEFER - passed))
        async with self._lock:
            try:
                if self._state is _State.NEW and await self._accepted(DEFERRED, private=private):
                    self._state = _State.PROMISED if private else _State.DEFERRED
            except UNREACHABLE as fault:  # the answer itself may still arrive
                log.warning("an interaction was not acknowledged", reason=str(fault) or type(fault).__name__)

    async def say(self, body: Body, *, private: bool) -> str | None:
        """Answers, and returns the message's id; None where it is too late for that."""
        async with self._lock:
            try:
                said = await self._say(body, private=private) if self.alive else None
            except discord.HTTPException as fault:
                if fault.code not in TOO_LATE:
                    raise
                self._state, said = _State.LOST, None
        self._answered()
        return said

    async def close(self) -> None:
        """Takes back that the bot was thinking, where nothing was said in the end."""
        async with self._lock:
            try:
                if self._state is _State.NEW and await self._accepted(DEFERRED, private=True):
                    self._state = _State.DEFERRED
                if self._state is _State.UNKNOWN and self.alive:
                    await self._find_out()
                if self._state is _State.DEFERRED:
                    await self._wire().delete_original(self._token)
            except (discord.HTTPException, *UNREACHABLE) as fault:
                log.info("an interaction stays as it is", reason=str(fault))
            self._state = _State.ANSWERED

    async def _say(self, body: Body, *, private: bool) -> str | None:
        wire, told = self._wire(), body.private if private else body
        if self._state is _State.NEW:
            try:
                made = await wire.respond(self._id, self._token, MESSAGE, told)
            except discord.HTTPException as fault:
                if fault.code != ALREADY_ACKNOWLEDGED:
                    raise
                self._state = _State.UNKNOWN  # a request that seemed to fail had arrived
            else:
                self._state = _State.ANSWERED
                return str(made["resource"]["message"]["id"])
        if self._state is _State.UNKNOWN:
            await self._find_out()
        if self._state in (_State.DEFERRED, _State.PROMISED):
            shown_to_all, self._state = self._state is _State.DEFERRED, _State.ANSWERED
            try:
                if not (private and shown_to_all):
                    return await wire.edit_original(self._token, body)
                await wire.delete_original(self._token)  # what takes the place of a public deferral would be public
            except discord.NotFound as fault:
                if fault.code != UNKNOWN_MESSAGE:  # somebody deleted it
                    raise
        return await wire.follow(self._token, told)

    async def _find_out(self) -> None:
        """Whether the bot is still said to be thinking."""
        self._state = _State.ANSWERED
        try:
            original = await self._wire().original(self._token)
        except discord.NotFound as fault:
            if fault.code != UNKNOWN_MESSAGE:
                raise
        else:
            if original.get("flags", 0) & LOADING and not original.get("flags", 0) & EPHEMERAL:
                self._state = _State.DEFERRED

    async def _accepted(self, kind: int, *, private: bool = False) -> bool:
        try:
            await self._wire().respond(self._id, self._token, kind, {"flags": EPHEMERAL} if private else None)
        except discord.HTTPException as fault:
            if fault.code == ALREADY_ACKNOWLEDGED:
                self._state = _State.UNKNOWN
            else:
                self._state = _State.LOST
                log.warning("an interaction was not acknowledged", reason=str(fault))
            return False
        return True


def read(reference: str) -> tuple[int, str] | None:
    """The id and token of an interaction; None for what names none."""
    if not reference.startswith(PREFIX):
        return None
    number, _, token = reference.removeprefix(PREFIX).partition(":")
    return int(number), token
