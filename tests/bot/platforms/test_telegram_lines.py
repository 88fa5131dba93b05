"""What people write on Telegram, and what the bot answers."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import func, select

from generators.scripted import Pace
from storage import schema
from tests.bot.platforms.telegraphy import OnTelegram, answer, on_telegram
from tests.fakes.telegram import TelegramServer


async def test_greeting(telegram: TelegramServer, listening: OnTelegram) -> None:
    """Who presses «Start» is told what the bot is, also with what a link hands over."""
    ada = telegram.user("Ada")

    told = await answer(telegram.private(ada), ada, "/start from-a-friend")

    assert "Planchette" in told.text
    assert "/help" in told.text


async def test_command_by_name(telegram: TelegramServer, listening: OnTelegram) -> None:
    """A command with the bot's name is its own, and one with another bot's name is not."""
    ada = telegram.user("Ada")
    chat = telegram.group("Night shift", members=[ada])
    telegram.can_read_all_group_messages = True

    await ada.says(chat, "/status@other_bot")
    told = await answer(chat, ada, "/status@Planchette_Bot")

    assert "default model" in told.text
    assert len(chat.said) == 1


async def test_prompt_as_typed(telegram: TelegramServer, listening: OnTelegram) -> None:
    """A prompt is used exactly as it was typed, lines and spaces included."""
    ada = telegram.user("Ada")
    chat = telegram.private(ada)

    await ada.says(chat, "/generate@planchette_bot seed=1 length=2 Once  upon\n\na time")

    told = await chat.until(lambda message: "seed=1" in message.text)
    assert told.text.startswith("Once  upon\n\na time▸")


async def test_caption_is_a_line(telegram: TelegramServer, listening: OnTelegram) -> None:
    """A document with a command as its caption is that command."""
    ada = telegram.user("Ada")
    chat = telegram.group("Night shift", members=[ada])
    telegram.can_read_all_group_messages = True

    asked = await ada.uploads(chat, "notes.txt", b"Once", caption="/status")

    told = await chat.until(lambda message: "default model" in message.text)
    assert told.reply_to is asked


async def test_document_to_learn_from(telegram: TelegramServer, listening: OnTelegram) -> None:
    """A text file with /train upload as its caption is fetched and kept, to be learnt from."""
    ada = telegram.user("Ada")
    chat = telegram.private(ada)

    await ada.uploads(chat, "tales.txt", b"a marvellous lamp", caption="/train upload")

    told = await chat.until(lambda message: "tales.txt" in message.text)
    assert told.text == "tales.txt is kept, to be learnt from by the next training here."


async def test_others_words_are_not_kept(telegram: TelegramServer, listening: OnTelegram) -> None:
    """What is not meant for the bot is neither answered nor stored, though the bot may hear it."""
    telegram.can_read_all_group_messages = telegram.hears_bots = True
    ada, robot = telegram.user("Ada"), telegram.user("Robot", is_bot=True)
    chat = telegram.group("Night shift", members=[ada, robot])

    await ada.says(chat, "what a night")
    await robot.says(chat, "/status")
    await answer(chat, ada, "/help status")

    assert len(chat.said) == 1
    stored = select(func.count()).select_from(schema.inbox)
    assert await listening.bot.database.read(lambda connection: connection.scalar(stored)) == 1


async def test_in_order(telegram: TelegramServer, listening: OnTelegram) -> None:
    """Lines of one chat are carried out in the order in which they were written, though they arrive in another."""
    ada = telegram.user("Ada")
    chat = telegram.private(ada)

    with telegram.out_of_order():
        for value in ("0.1", "0.2", "0.3"):
            await ada.says(chat, f"/temperature {value}")

    await chat.until(lambda message: "0.3" in message.text)
    assert [said.text.rstrip(".")[-3:] for said in chat.said] == ["0.1", "0.2", "0.3"]


async def test_private_answers_are_quiet(telegram: TelegramServer, listening: OnTelegram) -> None:
    """In a group what is for one person is a reply to them without a sound; other answers ring."""
    ada = telegram.user("Ada")
    chat = telegram.group("Night shift", members=[ada], admins=[ada])

    await answer(chat, ada, "/temperature")
    await answer(chat, ada, "/temperature 0.5")

    private, public = telegram.calls("sendMessage")
    assert private.parameters["disable_notification"] is True
    assert "disable_notification" not in public.parameters
    assert private.parameters["link_preview_options"] == {"is_disabled": True}
    assert "parse_mode" not in private.parameters


async def test_carried_out_after_a_restart(home: Path, telegram: TelegramServer) -> None:
    """What was confirmed but not answered when the process ended is answered by the next one, and once."""
    ada = telegram.user("Ada")
    chat = telegram.private(ada)
    async with on_telegram(home, telegram, pace=Pace()) as first:
        await ada.says(chat, "/generate seed=1 Once upon a time")
        await telegram.until(lambda: telegram.updates.pending == 0)
        assert len(await first.in_hand()) == 1

    async with on_telegram(home, telegram) as second:
        await chat.until(lambda message: "seed=1" in message.text)
        await second.settled()
    async with on_telegram(home, telegram) as third:
        assert await third.in_hand() == []
    assert len(chat.said) == 1


async def test_an_update_comes_twice(telegram: TelegramServer, listening: OnTelegram) -> None:
    """An update that comes again is not carried out again."""
    ada = telegram.user("Ada")
    chat = telegram.private(ada)

    telegram.repeat(1)
    await answer(chat, ada, "/status")
    await answer(chat, ada, "/help status")

    assert len(chat.said) == 2


async def test_talk(telegram: TelegramServer, listening: OnTelegram) -> None:
    """Where it is wanted, a mention and a reply to a message of the bot are answered; other words never are."""
    telegram.can_read_all_group_messages = True
    ada = telegram.user("Ada")
    chat = telegram.group("Night shift", members=[ada], admins=[ada])
    told = await answer(chat, ada, "/settings reply mention")

    await ada.says(chat, "what a night")
    mentioned = await answer(chat, ada, "Once upon a @planchette_bot")
    replied = await answer(chat, ada, "Once upon a", reply_to=mentioned)

    assert "reply" in told.text
    assert mentioned.text
    assert replied.text
    assert len(chat.said) == 3
