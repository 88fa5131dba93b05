"""What the bot says on Telegram: whole, plain, in as many messages as it needs, and pinging nobody."""

from __future__ import annotations

import pytest

from bot.conversation import Attachment, Button, Message, Person, Place
from bot.platforms.telegram import Telegram
from tests.bot.platforms.telegraphy import OnTelegram
from tests.fakes.telegram import Chat, TelegramServer

PICTURE = b"\x89PNG\r\n\x1a\n rest of a picture"
PROSE = "\n\n".join(f"Paragraph {number}. " + "It was a dark and stormy night. " * 20 for number in range(12))

HARMLESS = {"bot_command", "code", "url"}
NASTY = {
    "mentions": "@ada and @@ada, @everyone; mail ada@example.org",
    "behind emoji": "🐝🐝 @ada 👩‍👩‍👧 @ada",
    "hidden by what Telegram drops": "@\u2028ada @\rada @\u202eada",
    "at the edges": "  @ada",
    "many": "@ada " * 150,
    "Markdown": "**bold** _it_ [Ada](tg://user?id=6000000001) `code` <b>@ada</b> <a href='tg://user?id=1'>x</a>",
}


@pytest.fixture
def chat(telegram: TelegramServer) -> Chat:
    """A group with Ada in it."""
    ada = telegram.user("Ada")
    return telegram.group("Night shift", members=[ada], admins=[ada])


@pytest.fixture
def place(chat: Chat) -> Place:
    """The group as the bot calls it."""
    return Place("telegram", str(chat.id))


@pytest.mark.parametrize("text", NASTY.values(), ids=NASTY.keys())
async def test_nobody_is_pinged(listening: OnTelegram, chat: Chat, place: Place, text: str) -> None:
    """Text is shown as it is, without formatting, and mentions in it are code."""
    await listening.adapter.post(place, Message(text))

    shown = chat.newest
    assert shown.text.count("ada") == text.count("ada")
    assert {entity.type for entity in shown.entities} <= HARMLESS


@pytest.mark.parametrize("text", NASTY.values(), ids=NASTY.keys())
async def test_nobody_is_pinged_by_captions(listening: OnTelegram, chat: Chat, place: Place, text: str) -> None:
    """The same holds for what is written below pictures and files, and for edits."""
    posted = await listening.adapter.post(place, Message(text, picture=PICTURE))
    await listening.adapter.edit(place, posted, Message(f"{text} now"))
    await listening.adapter.post(place, Message(text, attachments=(Attachment("a.md", "text/markdown", b"Once"),)))

    assert all(entity.type in HARMLESS for shown in chat.said for entity in shown.entities)
    assert chat.said[0].text.endswith("now")


async def test_a_caption_of_the_process_before(
    telegram: TelegramServer, listening: OnTelegram, chat: Chat, place: Place
) -> None:
    """A caption is edited though the bot does not know any more that it is one."""
    posted = await listening.adapter.post(place, Message("Once", picture=PICTURE))
    other = Telegram(listening.bot)

    assert await other.edit(place, posted, Message("Twice")) == posted

    assert chat.newest.text == "Twice"
    telegram.pardon("there is no text in the message to edit")
    await other.close()


async def test_what_cannot_be_sent(listening: OnTelegram, chat: Chat, place: Place) -> None:
    """NUL, halves of characters and blank texts are shown as something that can be."""
    for text in ("a\0b", "a\ud83db", " \n", "", "\u200b"):
        await listening.adapter.post(place, Message(text))

    assert [said.text for said in chat.said] == ["a␀b", "a\ufffdb", "…", "…", "…"]


async def test_long_texts(listening: OnTelegram, chat: Chat, place: Place) -> None:
    """A text that is too long for one message fills several; the first replies, the last has the buttons."""
    posted = await listening.adapter.post(place, Message(PROSE, (Button("Yes", "v:1:0"),)))

    assert posted == ",".join(str(said.id) for said in chat.said)
    assert len(chat.said) == 2
    assert "".join("".join(said.text for said in chat.said).split()) == "".join(PROSE.split())
    assert [len(said.buttons) for said in chat.said] == [0, 1]


async def test_four_thousand_bees(listening: OnTelegram, chat: Chat, place: Place) -> None:
    """Messages are measured in UTF-16, and no character is cut in two."""
    await listening.adapter.post(place, Message("🐝" * 4_096))

    assert [len(said.text) for said in chat.said] == [2_048, 2_048]


async def test_growing_and_shrinking(telegram: TelegramServer, listening: OnTelegram, chat: Chat, place: Place) -> None:
    """An edit adds messages as its text grows and takes them away as it shrinks; the rest is left alone."""
    adapter, yes = listening.adapter, (Button("Yes", "v:1:0"),)
    short = await adapter.post(place, Message("Once", yes))

    grown = await adapter.edit(place, short, Message(PROSE, yes))
    assert grown is not None
    await adapter.edit(place, grown, Message(f"{PROSE}\n\nThe end.", yes))
    edits = len(telegram.calls("editMessageText"))
    shrunk = await adapter.edit(place, grown, Message("Once more", yes))

    assert grown.startswith(f"{short},")
    assert edits == 2  # the first page once, and the second as it grew
    assert shrunk == short
    assert [(said.text, len(said.buttons)) for said in chat.said] == [("Once more", 1)]


async def test_the_same_again(telegram: TelegramServer, listening: OnTelegram, chat: Chat, place: Place) -> None:
    """An edit that changes nothing is no error, whether the bot knows what the message says or not."""
    posted = await listening.adapter.post(place, Message("Once"))
    other = Telegram(listening.bot)

    known = await listening.adapter.edit(place, posted, Message("Once"))
    unknown = await other.edit(place, posted, Message("Once"))

    assert known == unknown == posted
    telegram.pardon("not modified")
    await other.close()


async def test_a_message_that_is_gone(
    telegram: TelegramServer, listening: OnTelegram, chat: Chat, place: Place
) -> None:
    """An edit of a message that somebody deleted says so."""
    posted = await listening.adapter.post(place, Message("Once"))
    chat.newest.deleted = True

    assert await listening.adapter.edit(place, posted, Message("Twice")) is None

    telegram.pardon("message to edit not found")


async def test_a_question_that_is_gone(listening: OnTelegram, chat: Chat, place: Place) -> None:
    """A reply to a message that was deleted meanwhile is posted all the same."""
    await listening.adapter.post(place, Message("Once"), reply_to="4711")

    assert chat.newest.text == "Once"
    assert chat.newest.reply_to is None


async def test_pictures_and_files(listening: OnTelegram, chat: Chat, place: Place) -> None:
    """A short text is the caption of its picture or file; a long one stands apart."""
    file = Attachment("story.md", "text/markdown", b"Once")

    await listening.adapter.post(place, Message("A plot", (Button("Yes", "v:1:0"),), picture=PICTURE))
    await listening.adapter.post(place, Message("A story", attachments=(file,)))
    await listening.adapter.post(place, Message("x" * 1_025, picture=PICTURE, attachments=(file,)))

    plot, story, *apart = chat.said
    assert (plot.text, plot.photo is not None, len(plot.buttons)) == ("A plot", True, 1)
    assert story.document is not None
    assert (story.text, story.document.name, story.document.data) == ("A story", "story.md", b"Once")
    assert [(said.text, said.photo is None, said.document is None) for said in apart] == [
        ("", False, True),
        ("x" * 1_025, True, True),
        ("", True, False),
    ]


async def test_buttons(listening: OnTelegram, chat: Chat, place: Place) -> None:
    """Short buttons stand side by side and long ones in rows of their own; those that ask for a text are left out."""
    labels = ["a · 1 %", "the · 2 %", "lighthouse · 30 %", "x" * 60]
    buttons = [Button(label, f"v:1:{slot}") for slot, label in enumerate(labels)]

    await listening.adapter.post(place, Message("Choose", (*buttons, Button("Write in…", "w:1", asks="Yours"))))

    assert [[button.text for button in row] for row in chat.newest.rows] == [labels[:2], labels[2:3], labels[3:]]


async def test_a_hundred_buttons(listening: OnTelegram, chat: Chat, place: Place) -> None:
    """However many buttons there are, Telegram takes them."""
    await listening.adapter.post(place, Message("Choose", tuple(Button(" ", f"v:1:{slot}") for slot in range(120))))

    assert len(chat.newest.buttons) == 100
    assert max(map(len, chat.newest.rows)) <= 8


async def test_an_action_too_long(listening: OnTelegram, place: Place) -> None:
    """A button that Telegram could not send back is a fault of ours."""
    with pytest.raises(ValueError, match="64 bytes"):
        await listening.adapter.post(place, Message("Choose", (Button("Yes", "ü" * 33),)))


async def test_told_by_name(listening: OnTelegram, chat: Chat, place: Place) -> None:
    """What one person is told in a group without a line of theirs to answer begins with their name."""
    await listening.adapter.post(place, Message("Your turn."), private_for=Person("telegram", "1", "Ada"))

    assert chat.newest.text == "Ada: Your turn."
