"""Who is who: persons with their rights in a chat."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from typing import Final

import structlog
from telegram.constants import ChatMemberStatus

from bot.commands.discovery import Commands
from bot.commands.parser import parse
from bot.conversation import Person
from bot.jobs import actions as of_trainings
from bot.lineages import actions as of_models
from bot.platforms.telegram.client import Client
from bot.platforms.telegram.faults import OUTAGES
from bot.platforms.telegram.reading import Line, Press, where
from bot.platforms.telegram.speaking import persistently
from bot.platforms.telegram.where import PLATFORM
from generators.errors import UserError

FRESH: Final = 60.0  # seconds for which an answer about somebody's rights holds
KEPT: Final = 10_000  # answers
DECISIONS: Final = (of_trainings.PREFIX, of_models.PREFIX)  # how buttons begin that only admins may press
ADMINS: Final = (ChatMemberStatus.OWNER, ChatMemberStatus.ADMINISTRATOR)

log = structlog.get_logger(__name__)


class People:
    """Asks Telegram who administrates what, once a minute at most.

    Args:
        commands: say where rights matter.
        ticks: seconds that only go forward.
    """

    def __init__(self, client: Client, commands: Commands, ticks: Callable[[], float]) -> None:
        self._client = client
        self._commands = commands
        self._ticks = ticks
        self._answers: OrderedDict[tuple[int, int], tuple[float, bool]] = OrderedDict()

    async def person(self, heard: Line | Press) -> Person:
        """Who it was; rights are looked up for commands that look at them, because nothing else needs any."""
        by = heard.by
        admin = where(heard).private or by.id == heard.chat  # who speaks as the group administrates it
        if not admin and self._looks_at_rights(heard):
            admin = await self._administrates(heard.chat, by.id)
        return Person(PLATFORM, str(by.id), by.name, admin, by.language or "en")

    async def administers(self, chat: int, user: int) -> bool:
        """Whether somebody may manage a chat at this moment, whatever an answer of a minute ago says."""
        if chat == user:
            return True
        self._answers.pop((chat, user), None)
        return await self._administrates(chat, user)

    def _looks_at_rights(self, heard: Line | Press) -> bool:
        """Whether admins may do what this asks for, and others not."""
        if isinstance(heard, Press):
            return heard.action.startswith(DECISIONS)
        return heard.meaning == "command" and self._matter(heard.text)

    def _matter(self, line: str) -> bool:
        """Whether a command looks at rights; one that cannot be read asks for nothing."""
        try:
            return parse(line, self._commands).command.looks_at_rights
        except UserError:
            return False

    async def _administrates(self, chat: int, user: int) -> bool:
        until, admin = self._answers.get((chat, user), (0.0, False))
        now = self._ticks()
        if now < until:
            return admin
        try:
            member = await persistently(lambda: self._client.get_chat_member(chat, user), twice=True)
        except OUTAGES as error:  # nobody gets a right because Telegram is not to be reached
            log.warning("an administrator could not be told from others", chat=chat, reason=str(error))
            return False
        admin = member.status in ADMINS
        self._answers[chat, user] = now + FRESH, admin
        self._answers.move_to_end((chat, user))
        while len(self._answers) > KEPT:
            self._answers.popitem(last=False)
        return admin
