"""Text that means harm, on each platform."""

from __future__ import annotations

import pytest

from tests.suite.stage import ADA, Stage

NASTY = {
    "pings": "@everyone @here <@1> <@&2> @planchette @@everyoneeveryone",
    "Markdown": "**bold** _it_ ~~no~~ ||spoiler|| `code` ```block``` # title > quote [a](http://b.c) 1. - *",
    "HTML": "<b>bold</b> <script>alert(1)</script> &lt; &amp; <a href='x'>",
    "right to left": "\u05e9\u05dc\u05d5\u05dd abc \u200f\u05e2",
    "zero width": "a\u200bb\u200dc\ufeffd",
    "joined emoji": "👩‍👩‍👧‍👦🏳️‍🌈🇩🇪" * 20,
    "combining": "Z̷̡̢a̴l̵g̶o̷" * 30,
}


@pytest.mark.parametrize("text", NASTY.values(), ids=NASTY.keys())
async def test_shown_as_typed(stage: Stage, text: str) -> None:
    """What people and models write is shown as it is: nothing is formatted, and nobody is pinged."""
    await stage.says(ADA, f"/generate seed=1 {text}")

    answer = await stage.until("seed=1")
    assert answer.text.startswith(f"{text}▸")


async def test_thousands_of_emoji(stage: Stage) -> None:
    """A prompt that fills a message with emoji is written on from, and no emoji is broken."""
    await stage.says(
        ADA, "/generate seed=1 " + "🐝" * 4_079
    )  # with the command 4,096 characters, as many as Telegram takes

    await stage.until("seed=1")
    assert all("\ufffd" not in seen.text for seen in await stage.messages())


@pytest.mark.parametrize("character", ["\0", "\u202e"], ids=["NUL", "override"])
async def test_refused(stage: Stage, character: str) -> None:
    """A character that cannot be shown, or turns the writing round, is refused in one sentence."""
    if stage.name == "telegram":
        pytest.skip("Telegram itself takes such characters out")
    await stage.says(ADA, f"/generate a{character}b")

    told = await stage.until(lambda seen: "character" in seen.text)
    assert told.private == stage.discreet
    assert "\n" not in told.text
    assert len(await stage.messages()) == 1
