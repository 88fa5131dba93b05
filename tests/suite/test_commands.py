"""Every command, as people use it on each platform."""

from __future__ import annotations

import pytest

from generators.scripted import Script
from tests.suite.stage import ADA, BEN, Stage


async def test_help(stage: Stage) -> None:
    """/help lists what there is."""
    await stage.says(ADA, "/help")

    answer = await stage.until("/generate")
    assert "/story" in answer.text
    assert answer.private == stage.discreet


async def test_generate(stage: Stage) -> None:
    """A text follows its prompt, and the answer says what decided it."""
    await stage.says(ADA, "/generate seed=1 temperature=0.8 Once upon a time")

    answer = await stage.until("seed=1")
    assert answer.text.startswith("Once upon a time▸")
    assert "temperature=0.8" in answer.text
    assert not answer.private


async def test_the_same_seed(stage: Stage) -> None:
    """A seed writes the same text again."""
    await stage.says(ADA, "/generate seed=7 Once")
    first = await stage.until("seed=7")
    await stage.says(ADA, "/generate seed=7 Once")

    second = await stage.until("seed=7", after=first)
    assert second.text == first.text


async def test_several_texts(stage: Stage) -> None:
    """Several texts stand side by side in one answer."""
    await stage.says(ADA, "/generate n=3 seed=1 Once")

    answer = await stage.until("seed=1")
    assert [f"{number}▸" in answer.text for number in (1, 2, 3)] == [True] * 3


async def test_nothing_to_compare(stage: Stage) -> None:
    """Where one model is installed, a comparison says what would bring another."""
    await stage.says(ADA, "/compare Once")

    told = await stage.until("the only model here")
    assert told.private == stage.discreet


async def test_continue_and_retry(stage: Stage) -> None:
    """The last text of a place is written on, or written anew."""
    await stage.says(ADA, "/generate seed=1 length=3 Once upon")
    first = await stage.until("seed=1")
    written = first.text.partition("\n\n—")[0].replace("▸", "")
    await stage.says(ADA, "/continue")
    second = await stage.until(lambda seen: f"{written}▸" in seen.text and "seed=" in seen.text, after=first)
    await stage.says(ADA, "/retry")

    third = await stage.until(lambda seen: "▸" in seen.text and "seed=" in seen.text, after=second)
    assert third.text.startswith(f"{written}▸")


async def test_an_empty_prompt(stage: Stage) -> None:
    """Without a prompt the model begins by itself."""
    await stage.says(ADA, "/generate seed=3")

    assert "Once upon" in (await stage.until("seed=3")).text


async def test_the_temperature_of_a_place(stage: Stage) -> None:
    """A value that is set is told to everybody, and asked for it is told to who asks."""
    await stage.says(ADA, "/temperature 0.7")
    told = await stage.until("0.7")
    await stage.says(ADA, "/temperature")
    shown = await stage.until("set for this place", after=told)
    await stage.says(ADA, "/temperature default")

    await stage.until("temperature", after=shown)
    assert not told.private
    assert shown.private == stage.discreet


async def test_every_setting(stage: Stage) -> None:
    """/settings shows each setting with where it comes from, to who asks."""
    await stage.says(ADA, "/settings seconds 20")
    await stage.until("seconds")
    await stage.says(ADA, "/settings")

    shown = await stage.until("who_sets")
    assert "seconds is 20 here, set for this place." in shown.text
    assert "candidates is 5 here, which is the default." in shown.text
    assert shown.private == stage.discreet


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        ("/generate model=nonsense Once", "There is no model nonsense"),
        ("/settings nonsense 3", "There is no setting nonsense"),
        ("/settings seconds never", "seconds cannot be never"),
        ("/continue", "Nothing has been written here yet"),
        ("/story undo", "No story"),
        ("/help nonsense", "nonsense"),
        ("/models use nonsense", "There is no model nonsense"),
    ],
)
async def test_what_cannot_be_done(stage: Stage, line: str, sentence: str) -> None:
    """What cannot be done is said in one sentence to who asked, and nothing changes."""
    await stage.says(ADA, line)

    told = await stage.until(sentence)
    assert "\n" not in told.text.strip()
    assert told.private == stage.discreet
    assert len(await stage.messages()) == 1


async def test_models_and_status(stage: Stage) -> None:
    """What can write is listed, and how the bot does is told."""
    await stage.says(ADA, "/models")
    listed = await stage.until("scripted")
    await stage.says(ADA, "/status")

    status = await stage.until("Planchette", after=listed)
    assert "No story is running here." in status.text


async def test_who_may_set(ruled: Stage) -> None:
    """Only an admin sets a value, until an admin lets everybody."""
    await ruled.says(BEN, "/temperature 0.3")
    refused = await ruled.until("admin", BEN)
    await ruled.says(ADA, "/settings who_sets all")
    allowed = await ruled.until("who_sets", BEN, after=refused)
    await ruled.says(BEN, "/temperature 0.3")

    await ruled.until("0.3", BEN, after=allowed)
    assert refused.private == ruled.discreet


async def test_a_long_text(stage: Stage) -> None:
    """A text that is longer than a message is there from its first word to its last."""
    words = [f"word{number}" for number in range(1_500)]
    await stage.close()
    stage.script = Script(token="word", texts=(" ".join(words) + ".",), order=3)
    await stage.open()

    await stage.says(ADA, "/generate seed=5 length=2000 word0 word1 word2")

    await stage.until("seed=5")
    together = " ".join([seen.text for seen in await stage.messages()])
    positions = [together.find(word) for word in words]
    assert positions == sorted(positions)
    assert -1 not in positions
