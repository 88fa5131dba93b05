"""The server in a process of its own, scripted over HTTP."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import AsyncIterator
from typing import Any

import pytest
from telegram import InlineKeyboardButton, InlineKeyboardMarkup
from telegram.error import NetworkError
from telegram.ext import ApplicationBuilder, CallbackQueryHandler, CommandHandler

from tests.fakes.telegram.client import Control, ControlError, started
from tests.patience import PATIENCE


@pytest.fixture
async def control() -> AsyncIterator[Control]:
    """The other process."""
    async with started() as control:
        yield control


@pytest.fixture
async def application(control: Control) -> AsyncIterator[None]:
    """A bot of the real library that polls the other process: /story shows a ballot, presses are answered."""
    where = control.where
    builder = ApplicationBuilder().token(where["token"]).base_url(where["base_url"])
    application: Any = builder.base_file_url(where["base_file_url"]).build()

    async def story(update: Any, context: Any) -> None:
        keyboard = InlineKeyboardMarkup([[InlineKeyboardButton("and", callback_data="v:1:1")]])
        await update.effective_message.reply_text("Ballot", reply_markup=keyboard)

    async def press(update: Any, context: Any) -> None:
        await update.callback_query.answer(f"{update.callback_query.from_user.first_name}: and")

    application.add_handler(CommandHandler("story", story))
    application.add_handler(CallbackQueryHandler(press))
    async with application:
        await _polling(application)
        yield
        await application.updater.stop()
        await application.stop()


async def test_presses_together(control: Control, application: None) -> None:
    """Many people press at once from another process, and each gets their own answer and its time."""
    people = [await control.user(name=name) for name in ("Ada", "Bob", "Eve")]
    chat = await control.group(title="Night shift", members=[one["id"] for one in people], admins=[people[0]["id"]])
    await control.says(user=people[0]["id"], chat=chat["id"], text="/story start Once")
    ballot = await control.until(chat=chat["id"], button="and")

    steps = [
        {"do": "presses", "user": one["id"], "chat": chat["id"], "message": ballot["id"], "button": "and"}
        for one in people
    ]
    answers = await control.together(steps=[*steps, {**steps[0], "button": "or"}])

    assert [answer["text"] for answer in answers[:3]] == ["Ada: and", "Bob: and", "Eve: and"]
    assert all(0 < answer["seconds"] < 5 for answer in answers[:3])
    assert "never had a button" in answers[3]["error"]
    assert await control.faults() == []
    assert {call["status"] for call in await control.requests(method="answerCallbackQuery")} == {200}


async def test_scripted(control: Control) -> None:
    """What happens to chats, what goes wrong and what was uploaded can be told from another process."""
    ada = await control.user(name="Ada", language_code="ru")
    chat = await control.supergroup(title="Library", admins=[ada["id"]], forum=True)
    topic = await control.topic(chat=chat["id"], name="Poems")
    text = base64.b64encode(b"a line").decode()

    await control.bot(chat=chat["id"], user=ada["id"], happens="promote")
    said = await control.uploads(
        user=ada["id"], chat=chat["id"], name="a.txt", base64=text, caption="/train", topic=topic["id"]
    )
    await control.fail(method="getMe", status=500)
    new = await control.migrate(chat=chat["id"])

    assert said["topic"] == topic["id"]
    assert said["file"] is not None
    assert new["kind"] == "supergroup"
    assert [message["text"] for message in await control.messages(chat=chat["id"])][-2:] == ["/train", ""]


async def test_mistakes(control: Control) -> None:
    """A wrong control call is answered with what is wrong, a deadline with what was there."""
    ada = await control.user(name="Ada")
    chat = await control.private(user=ada["id"])

    with pytest.raises(ControlError, match="KeyError: 'telepathy'"):
        await control.telepathy()
    with pytest.raises(TimeoutError, match="not within"):
        await control.until(chat=chat["id"], contains="never", seconds=0.01)


async def test_down_for_a_while(control: Control) -> None:
    """The other process refuses connections for as long as it was told, and then is there again."""
    bot = ApplicationBuilder().token(control.where["token"]).base_url(control.where["base_url"]).build().bot
    async with bot:
        await control.down(seconds=0.3)

        async with asyncio.timeout(PATIENCE):
            while await _reached(bot):
                pass
            while not await _reached(bot):
                pass

    assert await control.faults() == []


async def _reached(bot: Any) -> bool:
    await asyncio.sleep(0.01)
    try:
        await bot.get_me()
    except NetworkError:
        return False
    return True


async def _polling(application: Any) -> None:
    await application.start()
    await application.updater.start_polling(poll_interval=0)
