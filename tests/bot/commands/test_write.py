"""Asking for a text, for more of it, and for another one."""

from __future__ import annotations

import re
from functools import partial

import pytest

from bot.app import Bot
from bot.conversation import Place
from storage import texts
from tests.bot.conftest import ADA, BEN, LOBBY, Say
from tests.fakes.platform import FakePlatform


def seed_of(text: str) -> int:
    found = re.search(r"seed=(\d+)", text)
    assert found is not None
    return int(found[1])


async def test_generate(say: Say) -> None:
    """An answer shows the prompt, what was written, and what decided it."""
    (said,) = await say("/generate temperature=0 seed=7 length=30 Once upon")

    assert said.text == "Once upon▸ a time there was a table that\n\n— model=scripted temperature=0 length=30 seed=7"
    assert said.private_for is None


async def test_streaming(say: Say) -> None:
    """The answer grows from its first characters, and its last state is whole."""
    (said,) = await say("/generate temperature=0 seed=7 length=30 Once upon")

    assert said.before[0].text.startswith("Once upon▸ a")
    assert "seed" not in said.before[0].text
    assert said.text.startswith(said.before[0].text)


async def test_no_prompt(say: Say) -> None:
    """An empty prompt is fine, and nothing marks its end."""
    (said,) = await say("/generate temperature=0 length=9")

    assert said.text.startswith("Once upon\n\n— ")


async def test_prompt_as_it_is(bot: Bot, say: Say) -> None:
    """A prompt is used as it is, white space and all."""
    (said,) = await say("/generate length=5   two  spaces \n")

    last = await bot.database.read(partial(texts.last, place=LOBBY.key))
    assert said.text.startswith("  two  spaces \n▸")
    assert last is not None
    assert last.request["before"] == "  two  spaces \n"


async def test_several(say: Say) -> None:
    """Several texts stand one below the other, numbered."""
    (said,) = await say("/generate n=3 temperature=0 length=4 Once")

    assert said.text.split("\n\n")[0] == "Once▸\n1▸ upo\n2▸ upo\n3▸ upo"


async def test_same_seed(say: Say) -> None:
    """The seed that an answer names writes the same text again."""
    (first,) = await say("/generate temperature=3 length=40 Once")

    (second,) = await say(f"/generate temperature=3 length=40 seed={seed_of(first.text)} Once")

    assert second.text == first.text


async def test_same_line(say: Say) -> None:
    """All that an answer's last line names writes the same text again, and stays through /retry and /continue."""
    (first,) = await say("/generate temperature=3 length=12 top_k=5 top_p=0.5 Once")

    options = first.text.rpartition("— ")[2]
    (second,) = await say(f"/generate {options} Once")
    (again,) = await say("/retry")
    (more,) = await say("/continue")

    assert " length=12 top_k=5 top_p=0.5 seed=" in options
    assert second.text == first.text
    assert " length=12 top_k=5 top_p=0.5 seed=" in again.text
    assert " length=12 top_k=5 top_p=0.5 seed=" in more.text


async def test_place_decides(bot: Bot, say: Say) -> None:
    """What a line leaves out is the place's to decide."""
    await bot.settings.change(LOBBY, "temperature", 0.0, by=ADA)
    await bot.settings.change(LOBBY, "length", 4, by=ADA)

    (said,) = await say("/generate seed=1 Once")

    assert said.text == "Once▸ upo\n\n— model=scripted temperature=0 length=4 seed=1"


async def test_continue(bot: Bot, say: Say) -> None:
    """Continuing goes on from exactly the tokens that were read and written."""
    await say("/generate temperature=0 length=5 Once")
    first = await bot.database.read(partial(texts.last, place=LOBBY.key))

    (said,) = await say("/continue")

    second = await bot.database.read(partial(texts.last, place=LOBBY.key))
    assert first is not None
    assert second is not None
    assert second.prompt_ids == first.prompt_ids + first.token_ids
    assert said.text.startswith("Once upon▸ a ti\n\n")


async def test_retry(say: Say) -> None:
    """Trying again writes from the same prompt, as it was asked, with another seed."""
    (first,) = await say("/generate temperature=2 length=20 seed=3 Once")

    (second,) = await say("/retry")

    assert second.text.startswith("Once▸")
    assert "temperature=2" in second.text
    assert seed_of(second.text) != seed_of(first.text) == 3


async def test_retry_after_a_change(bot: Bot, say: Say) -> None:
    """Trying again after the place's temperature was changed follows the change."""
    await say("/generate length=5 Once")
    await say("/temperature 0")

    (said,) = await say("/retry")

    assert said.text.startswith("Once▸ upon\n\n— model=scripted temperature=0 ")


@pytest.mark.parametrize("line", ["/continue", "/retry"])
async def test_nothing_written(say: Say, line: str) -> None:
    """Where nothing was written there is nothing to go on with."""
    (said,) = await say(line)

    assert said.text == "Nothing has been written here yet; /generate begins a text."
    assert said.private_for == ADA


async def test_last_text_of_the_place(say: Say) -> None:
    """Each place has a last text of its own."""
    await say("/generate temperature=0 length=5 Once")

    (said,) = await say("/continue", place=Place("web", "den"))

    assert said.text.startswith("Nothing has been written here")


async def test_model_that_is_gone(bot: Bot, say: Say) -> None:
    """A text whose model is gone is not written on by another."""
    old = texts.Text("gone", "1", (1, 2), (3,), " upon", {"before": "Once", "n": 1}, bot.started)
    await bot.database.write(partial(texts.put, place=LOBBY.key, text=old))

    (said,) = await say("/continue")

    assert said.text == "There is no model gone; /models lists what there is."


async def test_long_prompt_is_shown_by_its_end(say: Say) -> None:
    """Of a long prompt the answer repeats the end."""
    (said,) = await say("/generate length=5 " + "x" * 19_990 + "Once")

    assert said.text.startswith("…xxx")
    assert "xOnce▸" in said.text
    assert len(said.text) < 1_200


async def test_busy(say: Say) -> None:
    """A full queue is one private sentence, and nothing was posted."""
    (said,) = await say("/generate a full queue")

    assert "texts are waiting already" in said.text
    assert said.private_for == ADA


async def test_broken_off(bot: Bot, say: Say) -> None:
    """A text that breaks off says so where it stands, and the person is told why."""
    public, private = await say("/generate length=20 a broken model")

    assert public.text.endswith("(The text was broken off here.)")
    assert private.private_for == ADA
    assert await bot.database.read(partial(texts.last, place=LOBBY.key)) is None


async def test_reply(bot: Bot, say: Say, platform: FakePlatform) -> None:
    """Where an admin wants it, a reply to the last text adds its words, and the bot writes on."""
    await bot.settings.change(LOBBY, "reply", "mention", by=ADA)
    (first,) = await say("/generate temperature=0 length=5 Once")

    meant = await bot.reply("a time there", person=BEN, place=LOBBY, message=first.id)

    assert meant
    assert platform.newest(LOBBY).text.startswith("Once upon a time there▸ was ")


async def test_reply_to_anything_else(bot: Bot, say: Say, platform: FakePlatform) -> None:
    """Where the place does not want it, a reply means nothing, whatever it answers."""
    (first,) = await say("/generate temperature=0 length=5 Once")

    unwanted = await bot.reply("a time", person=BEN, place=LOBBY, message=first.id)
    elsewhere = await bot.reply("a time", person=BEN, place=LOBBY, message="999")

    assert not unwanted
    assert not elsewhere
    assert len(platform.said) == 1
