"""Writing from a script."""

from __future__ import annotations

import asyncio
import json
import math
import tracemalloc
from pathlib import Path
from typing import Any

import pytest

from generators.candidates import candidates
from generators.completion import CompletionRequest, Event, Finished, Piece, Unit
from generators.errors import Busy, InvalidValue, ModelFailed, UnusableModel
from generators.scripted import Cue, Pace, Script, ScriptedGenerator


async def written(generator: ScriptedGenerator, **fields: Any) -> str:
    async with generator.complete(CompletionRequest(model="scripted", **fields)) as events:
        return "".join([event.text async for event in events if isinstance(event, Piece)])


@pytest.mark.parametrize("token", ["character", "word"])
async def test_by_heart(token: Any) -> None:
    """What has been learnt is written to its end, and a prompt within it is gone on from."""
    text = "Once upon a time, “there” was…\n\nThe end 😀."
    generator = ScriptedGenerator(Script(texts=(text,), token=token, smoothing=0.0))

    assert await written(generator, prompt="") == text
    assert await written(generator, prompt="Once upon a time") == text[len("Once upon a time") :]
    await generator.close()


async def test_a_table() -> None:
    """A table of next words says what follows, and with which probability."""
    table = {"the": {" cat": 0.7, " dog": 0.2, " fox": 0.1}}
    generator = ScriptedGenerator(Script(texts=("the end",), table=table, token="word", smoothing=0.0))

    found = await candidates(generator, model="scripted", prompt="the", unit=Unit.TOKEN, n=3)

    assert [(each.text, round(math.exp(each.logprob), 3)) for each in found.alternatives] == [
        (" cat", 0.7),
        (" dog", 0.2),
        (" fox", 0.1),
    ]
    await generator.close()


async def test_what_it_has_not_seen() -> None:
    """Any prompt can be gone on from, even in letters that the script does not have."""
    generator = ScriptedGenerator(Script(texts=("abc",), token="word"))

    async with generator.complete(CompletionRequest(model="scripted", prompt="Привет 😀", max_tokens=5)) as events:
        *_, last = [event async for event in events]

    assert isinstance(last, Finished)
    assert last.prompt_tokens == len("Привет 😀".encode())
    await generator.close()


async def test_cues() -> None:
    """Where a prompt contains a cue, things go wrong as the script says."""
    cues = (Cue(when="full", error="busy"), Cue(when="break", after=3))
    generator = ScriptedGenerator(Script(texts=("abcdefgh",), cues=cues))

    with pytest.raises(Busy):
        await written(generator, prompt="a full house")
    read: list[Event] = []
    async with generator.complete(CompletionRequest(model="scripted", prompt="break", min_tokens=9)) as events:
        read += [await anext(aiter(events)) for _ in range(4)]
        with pytest.raises(ModelFailed):
            await anext(aiter(events))

    assert [type(event) for event in read].count(Piece) == 3
    assert await written(generator, prompt="abc") == "defgh"
    await generator.close()


async def test_pace() -> None:
    """With a pace the model goes as far as it is let."""
    pace = Pace()
    generator = ScriptedGenerator(Script(texts=("abcdef",), smoothing=0.0), pace=pace)
    request = CompletionRequest(model="scripted", prompt="")

    async with generator.complete(request) as events:
        started = await anext(aiter(events))
        pace.allow(2)
        first, second = await anext(aiter(events)), await anext(aiter(events))
        third = asyncio.ensure_future(anext(aiter(events)))
        await asyncio.sleep(0.01)
        waiting = not third.done()
        pace.free()
        await third

    assert isinstance(first, Piece)
    assert isinstance(second, Piece)
    assert (first.text, second.text) == ("a", "b")
    assert waiting
    assert started
    await generator.close()


@pytest.mark.parametrize("name", ["script.toml", "script.json"])
def test_files(tmp_path: Path, name: str) -> None:
    """A script is read from TOML or JSON."""
    path = tmp_path / name
    if path.suffix == ".json":
        path.write_text(json.dumps({"name": "s", "texts": ["One."], "cues": [{"when": "x", "after": 1}]}))
    else:
        path.write_text('name = "s"\ntexts = ["One."]\n[[cues]]\nwhen = "x"\nafter = 1\n')

    assert Script.read(path) == Script(name="s", texts=("One.",), cues=(Cue(when="x", after=1),))


@pytest.mark.parametrize("text", ["not a script", 'texts = ["a"]\nwit = 3\n', 'token = "syllable"\n', "order = 0\n"])
def test_files_that_are_no_scripts(tmp_path: Path, text: str) -> None:
    """A file that says something else is refused with its path."""
    path = tmp_path / "script.toml"
    path.write_text(text)

    with pytest.raises(UnusableModel) as caught:
        Script.read(path)

    assert str(path) in str(caught.value)


def test_orders() -> None:
    """A chain remembers at least one token."""
    with pytest.raises(InvalidValue):
        Script(order=0)


def test_memory_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """However much a chain writes, it keeps the logits of so many places only."""
    monkeypatch.setattr("generators.chain.KNOWN", 10)
    model = Script(order=2).model()
    states = [model.start() for _ in range(500)]

    tracemalloc.start()
    for place, state in enumerate(states):
        model.extend([state], [[place % 20, place // 20]])
    used, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert used < 100 * 4 * model.vocabulary.size
