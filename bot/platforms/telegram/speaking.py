"""What the bot says: posted, edited and taken away, however many of Telegram's messages one of ours fills."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final, TypeVar

from telegram import InlineKeyboardMarkup, LinkPreviewOptions, MessageEntity, ReplyParameters
from telegram import Message as Sent
from telegram.error import BadRequest, TelegramError

from bot.conversation import Attachment, Message
from bot.platforms.telegram.client import Client
from bot.platforms.telegram.faults import GONE, NO_TEXT, SAME, is_gone, is_outage, may_have_arrived
from bot.platforms.telegram.keyboard import keyboard
from bot.platforms.telegram.text import BLANK, CAPTION, TEXT, muted, sendable, units
from bot.platforms.telegram.where import Where
from bot.splitting import split

T = TypeVar("T")

PAUSES: Final = (0.25, 0.5, 1.0, 2.0, 4.0, 8.0)  # seconds before a call is made again; the outbox waits for 90 in all
KEPT: Final = 2_000  # messages of which we know what they say
NO_PREVIEW: Final = LinkPreviewOptions(is_disabled=True)


@dataclass(frozen=True, slots=True)
class Page:
    """One message of Telegram's.

    Attributes:
        below: whether it is the caption of a picture or a file.
    """

    text: str
    entities: tuple[MessageEntity, ...] = ()
    keyboard: InlineKeyboardMarkup | None = None
    below: bool = field(default=False, compare=False)


@dataclass(frozen=True, slots=True)
class Manner:
    """How something is said.

    Attributes:
        reply_to: the message that it answers.
        silent: whether nobody's telephone rings.
    """

    reply_to: int | None = None
    silent: bool = False


class Speaker:
    """Sends what the bot says; all text is plain."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._known: OrderedDict[tuple[int, int], Page] = OrderedDict()  # what our newest messages say

    async def post(self, to: Where, message: Message, manner: Manner) -> tuple[int, ...]:
        """Posts a message; the ids of those that hold its text, or of what it is the caption of."""
        pages = pages_of(message)
        files = list(message.attachments)
        carried = None  # what the text is the caption of
        if len(pages) <= 1 and all(units(page.text) <= CAPTION for page in pages):
            if message.picture is not None:
                carried = await self._photo(to, message.picture, _caption(pages), manner)
            elif len(files) == 1:
                carried = await self._document(to, files.pop(), _caption(pages), manner)
        if carried is not None:
            ids, manner = [carried], replace(manner, reply_to=None)
        else:
            if message.picture is not None:
                await self._photo(to, message.picture, None, manner)
                manner = replace(manner, reply_to=None)
            ids = []
            for page in pages or [Page(BLANK)]:
                ids.append(await self._text(to, page, manner))
                manner = replace(manner, reply_to=None)
        for file in files:
            await self._document(to, file, None, manner)
        return tuple(ids)

    async def edit(self, to: Where, posted: Sequence[int], message: Message) -> tuple[int, ...] | None:
        """Changes a posted message; None where it, or a part of it, is gone. Pictures and files stay as they are."""
        pages = pages_of(message) or [Page(BLANK)]
        for number, page in zip(posted, pages, strict=False):
            if self._known.get((to.chat, number)) != page and not await self._change(to, number, page):
                return None
        ids = list(posted[: len(pages)])
        ids += [await self._text(to, page, Manner()) for page in pages[len(posted) :]]
        for number in posted[len(pages) :]:
            await self._delete(to, number)
        return tuple(ids)

    def knows(self, chat: int, number: int) -> bool:
        """Whether it posted this message lately."""
        return (chat, number) in self._known

    async def _text(self, to: Where, page: Page, manner: Manner) -> int:
        return await self._send(
            to,
            page,
            lambda: self._client.send_message(
                to.chat, page.text, entities=page.entities, link_preview_options=NO_PREVIEW, **_common(to, page, manner)
            ),
        )

    async def _photo(self, to: Where, picture: bytes, page: Page | None, manner: Manner) -> int:
        return await self._send(
            to, page, lambda: self._client.send_photo(to.chat, picture, **_captioned(page), **_common(to, page, manner))
        )

    async def _document(self, to: Where, file: Attachment, page: Page | None, manner: Manner) -> int:
        return await self._send(
            to,
            page,
            lambda: self._client.send_document(
                to.chat,
                file.data,
                filename=file.name,
                disable_content_type_detection=True,
                **_captioned(page),
                **_common(to, page, manner),
            ),
        )

    async def _send(self, to: Where, page: Page | None, call: Callable[[], Awaitable[Sent]]) -> int:
        sent = await persistently(call, twice=False)
        if page is not None:
            self._remember(to.chat, sent.message_id, page)
        return sent.message_id

    async def _change(self, to: Where, number: int, page: Page) -> bool:
        """Edits one message; False where it is gone."""
        try:
            await self._rewrite(to, number, page)
        except BadRequest as error:
            if not is_gone(error):
                raise
            self._known.pop((to.chat, number), None)
            return False
        known = self._known.get((to.chat, number))
        self._remember(to.chat, number, replace(page, below=known is not None and known.below))
        return True

    async def _rewrite(self, to: Where, number: int, page: Page) -> None:
        def text() -> Awaitable[Any]:
            return self._client.edit_message_text(
                page.text,
                to.chat,
                number,
                entities=page.entities,
                link_preview_options=NO_PREVIEW,
                reply_markup=page.keyboard,
            )

        def caption() -> Awaitable[Any]:
            short = split(page.text, CAPTION, units)[0]
            return self._client.edit_message_caption(
                to.chat, number, caption=short, caption_entities=muted(short), reply_markup=page.keyboard
            )

        known = self._known.get((to.chat, number))
        if known is None or not known.below:
            try:
                await _changed(text)
            except BadRequest as error:
                if not NO_TEXT.search(str(error)):
                    raise
            else:
                return
        await _changed(caption)

    async def _delete(self, to: Where, number: int) -> None:
        """Takes away a message, unless it is gone, or older than Telegram lets us."""
        self._known.pop((to.chat, number), None)
        try:
            await persistently(lambda: self._client.delete_message(to.chat, number), twice=True)
        except BadRequest as error:
            if not GONE.search(str(error)):
                raise

    def _remember(self, chat: int, number: int, page: Page) -> None:
        self._known[chat, number] = page
        self._known.move_to_end((chat, number))
        while len(self._known) > KEPT:
            self._known.popitem(last=False)


def pages_of(message: Message) -> list[Page]:
    """A text in as many messages as it needs, the last of them with the buttons; none for no text."""
    if not message.text and not message.plain_buttons:
        return []
    parts = split(sendable(message.text), TEXT, units) or [BLANK]
    pages = [Page(part, muted(part)) for part in map(sendable, parts)]
    pages[-1] = replace(pages[-1], keyboard=keyboard(message.plain_buttons))
    return pages


async def persistently(call: Callable[[], Awaitable[T]], *, twice: bool) -> T:
    """Makes a call again while Telegram is not to be reached.

    Args:
        twice: whether it does no harm when a call that seemed lost was carried out after all.

    Raises:
        TelegramError: it was refused, or Telegram stays away.
    """
    for pause in PAUSES:
        try:
            return await call()
        except TelegramError as error:
            if not is_outage(error) or (may_have_arrived(error) and not twice):
                raise
        await asyncio.sleep(pause)
    return await call()


async def _changed(call: Callable[[], Awaitable[Any]]) -> None:
    try:
        await persistently(call, twice=True)
    except BadRequest as error:
        if not SAME.search(str(error)):
            raise


def _caption(pages: Sequence[Page]) -> Page | None:
    return replace(pages[0], below=True) if pages else None


def _common(to: Where, page: Page | None, manner: Manner) -> dict[str, Any]:
    """What every message of ours is sent with."""
    reply = None
    if manner.reply_to is not None:  # a question that was deleted meanwhile is answered all the same
        reply = ReplyParameters(manner.reply_to, allow_sending_without_reply=True)
    return {
        "message_thread_id": to.topic,
        "reply_parameters": reply,
        "disable_notification": manner.silent or None,
        "reply_markup": page.keyboard if page is not None else None,
    }


def _captioned(page: Page | None) -> dict[str, Any]:
    return {} if page is None else {"caption": page.text, "caption_entities": page.entities}
