"""People, and what they do."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tests.fakes.telegram.chats import Chat
from tests.fakes.telegram.entities import Formatted, cleaned, part, with_found
from tests.fakes.telegram.files import Upload
from tests.fakes.telegram.membership import Standing
from tests.fakes.telegram.messages import Answer, Button, Message, Topic
from tests.patience import PATIENCE

if TYPE_CHECKING:
    from tests.fakes.telegram.server import TelegramServer


@dataclass(eq=False, slots=True)
class User:
    """Somebody on Telegram.

    Attributes:
        telegram: where they are.
        id: beyond 32 bits, as many are.
        first_name: as it is shown.
        username: without @; empty for none.
        language_code: IETF tag of their app.
        is_bot: whether it is a bot.
    """

    telegram: TelegramServer
    id: int
    first_name: str
    username: str
    language_code: str = "en"
    is_bot: bool = False

    def __repr__(self) -> str:
        return f"<user {self.id} {self.first_name!r}>"

    def json(self) -> dict[str, Any]:
        """A User."""
        described: dict[str, Any] = {"id": self.id, "is_bot": self.is_bot, "first_name": self.first_name}
        if self.username:
            described["username"] = self.username
        if self.language_code and not self.is_bot:
            described["language_code"] = self.language_code
        return described

    async def says(
        self,
        chat: Chat,
        text: str,
        *,
        topic: Topic | None = None,
        reply_to: Message | None = None,
        anonymous: bool = False,
    ) -> Message:
        """Writes in a chat; the bot hears of it what privacy mode lets it hear."""
        message = self._put(chat, text, topic, reply_to, anonymous)
        self._tell("message", message)
        return message

    async def uploads(
        self,
        chat: Chat,
        name: str,
        data: bytes,
        *,
        caption: str = "",
        mime_type: str = "application/octet-stream",
        topic: Topic | None = None,
        reply_to: Message | None = None,
    ) -> Message:
        """Puts a document into a chat."""
        message = self._put(chat, caption, topic, reply_to, anonymous=False)
        message.document = self.telegram.keep(Upload(name, data, mime_type), "documents")
        self._tell("message", message)
        return message

    async def edits(self, message: Message, text: str) -> None:
        """Changes what they wrote."""
        message.change(self._typed(text), None, self.telegram.clock())
        message.chat.changed()
        self._tell("edited_message", message)

    async def forwards(self, message: Message, chat: Chat) -> Message:
        """Forwards what somebody wrote into a chat."""
        forwarded = chat.add(self, message.formatted, forwarded_from=message.sender)
        self._tell("message", forwarded)
        return forwarded

    async def deletes(self, message: Message) -> None:
        """Deletes a message for all; Telegram does not tell bots."""
        message.deleted = True
        message.chat.changed()

    async def presses(self, message: Message, button: str | Button, *, seconds: float = PATIENCE) -> Answer:
        """Presses a button, by its label or its data, and waits for the bot's answer.

        Raises:
            LookupError: the message never had such a button.
            TimeoutError: no answer came in time.
        """
        return await self.presses_raw(message, message.data_of(button), seconds=seconds)

    async def presses_raw(self, message: Message, data: str, *, seconds: float = PATIENCE) -> Answer:
        """Presses what need not be there, as a changed app can, and waits for the bot's answer."""
        query = self.telegram.queries.ask(self, message, data)
        try:
            async with asyncio.timeout(seconds):
                return await query.answer
        except TimeoutError:
            raise TimeoutError(f"{self.first_name}'s press of {data!r} was not answered within {seconds} s") from None

    async def starts_bot(self) -> Message:
        """Opens the chat with the bot and presses «Start»."""
        return await self.says(self.telegram.private(self), "/start")

    async def blocks_bot(self) -> None:
        """Blocks the bot."""
        self._stand(Standing.BANNED)

    async def unblocks_bot(self) -> None:
        """Lets the bot write again."""
        self._stand(Standing.MEMBER)

    def _put(self, chat: Chat, text: str, topic: Topic | None, reply_to: Message | None, anonymous: bool) -> Message:
        thread = topic.id if topic is not None else chat.thread_of(reply_to)
        sender = self.telegram.anonymous if anonymous else self
        named = {"sender_chat": chat} if anonymous else {}
        return chat.add(sender, self._typed(text), topic=thread, reply_to=reply_to, **named)

    def _typed(self, text: str) -> Formatted:
        formatted = Formatted(text)
        return with_found(cleaned(formatted) if self.telegram.cleans else formatted)

    def _tell(self, kind: str, message: Message) -> None:
        if self._heard(message):
            self.telegram.updates.put(kind, message.json())

    def _heard(self, message: Message) -> bool:
        """Whether the bot gets a message (Bots FAQ, «What messages will my bot get?»)."""
        chat, bot = message.chat, self.telegram.bot
        if not chat.has_bot or (self.is_bot and not self.telegram.hears_bots):
            return False
        if chat.kind == "private" or self.telegram.can_read_all_group_messages or chat.standing(bot).leads:
            return True
        if message.reply_to is not None and message.reply_to.sender is bot:
            return True
        own, others = f"@{bot.username}".lower(), chat.last_bot not in (None, bot.id)
        for entity in message.entities:
            shown = part(message.text, entity).lower()
            if entity.type == "mention" and shown == own:
                return True
            if entity.type == "bot_command" and (shown.endswith(own) or ("@" not in shown and not others)):
                return True
        return False

    def _stand(self, standing: Standing) -> None:
        chat = self.telegram.private(self)
        chat.stand(self.telegram.bot, standing, self)
