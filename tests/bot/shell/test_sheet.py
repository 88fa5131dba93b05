"""A text on which a person and a model write in turns, with a model whose texts are foreseen."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from bot.shell.errors import NothingToTakeBack
from bot.shell.sheet import Sheet
from generators.completion import CompletionRequest, Unit
from generators.scripted import Script, ScriptedGenerator


@pytest.fixture
async def sheet() -> AsyncIterator[Sheet]:
    """A sheet that begins with «Once upon»."""
    generator = ScriptedGenerator(Script(texts=("Once upon a time.",)))
    (info,) = await generator.models()
    request = CompletionRequest(model=info.name, prompt="Once upon", seed=1, temperature=0.0, logprobs=3)
    yield Sheet(generator, info, request, Unit.WORD)
    await generator.close()


async def test_the_end(sheet: Sheet) -> None:
    """The end is offered under its name, behind all others, and whoever takes it has ended the text."""
    for _ in range(3):
        sheet.add((await sheet.offer()).chosen("1"))
    last = await sheet.offer()

    assert sheet.text == "Once upon a time."
    assert not sheet.over
    assert last.shown().splitlines()[-2].endswith("  The end")
    sheet.add(last.chosen(str(len(last.alternatives))))
    assert (sheet.text, sheet.over) == ("Once upon a time.", True)


async def test_the_end_taken_back(sheet: Sheet) -> None:
    """An end is an addition like any other, and the text goes on without it."""
    await sheet.offer()
    while not sheet.ended:
        await sheet.draw()

    sheet.take_back()

    assert (sheet.text, sheet.over) == ("Once upon a time.", False)


async def test_drawn_end(sheet: Sheet) -> None:
    """A draw can end the text too."""
    await sheet.offer()

    while not sheet.over:
        await sheet.draw()

    assert sheet.text == "Once upon a time."


async def test_own_words(sheet: Sheet) -> None:
    """Own words get the space that they lack, and come with the model's own probability."""
    await sheet.offer()
    await sheet.add_own("a")
    await sheet.add_own("time")

    assert sheet.text == "Once upon a time"
    assert sheet.added[-1].logprob > -1
    assert (await sheet.offer()).alternatives[0].text == "."


async def test_taking_back(sheet: Sheet) -> None:
    """Everything that was added can be taken back, and nothing else."""
    await sheet.offer()
    await sheet.draw()
    sheet.take_back()

    assert sheet.text == "Once upon"
    with pytest.raises(NothingToTakeBack):
        sheet.take_back()
    assert (await sheet.offer()).alternatives[0].text == " a"


async def test_the_rest(sheet: Sheet) -> None:
    """The last line says how probable everything is that is not listed."""
    shown = (await sheet.offer()).shown().splitlines()

    assert [line.split()[0] for line in shown[:3]] == ["1", "2", "3"]
    assert shown[3].endswith("  other")
