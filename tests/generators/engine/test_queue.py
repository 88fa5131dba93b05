"""Who waits for an engine, in which order, and who is sent away."""

from __future__ import annotations

import asyncio
import gc
from contextlib import AsyncExitStack
from typing import Any

import pytest

from generators.completion import Priority, Started, Unit
from generators.engine.texts import Order
from generators.errors import Busy
from generators.vocabulary import Vocabulary
from tests.generators.engine.asking import ids_of, paced, read, request, until


async def test_a_full_queue() -> None:
    """Beyond the batch and the queue a text is refused at once, but never a ballot; who leaves makes room."""
    async with paced(max_batch=2, queue_limit=2) as (engine, _, pace):
        tasks = [asyncio.create_task(read(engine, seed=seed)) for seed in range(4)]
        await until(lambda: engine.live == 4)

        with pytest.raises(Busy) as caught:
            await read(engine)
        with pytest.raises(Busy):
            await read(engine, priority=Priority.SAMPLE)
        ballot = asyncio.create_task(read(engine, priority=Priority.BALLOT))
        await until(lambda: engine.live == 5)
        tasks[0].cancel()
        tasks[1].cancel()
        pace.free()
        await until(lambda: engine.live <= 3)

        assert caught.value.waiting == 2
        assert ids_of(await ballot)
        assert ids_of(await read(engine))
        await asyncio.gather(*tasks, return_exceptions=True)


async def test_a_place_in_the_queue() -> None:
    """A text says how many have to end before all of it is written at once; a ballot waits for nobody."""
    wishes: list[dict[str, Any]] = [{"n": 4}, {}, {"n": 3}, {"priority": Priority.BALLOT}]
    async with paced(max_batch=4, queue_limit=9) as (engine, _, pace), AsyncExitStack() as stack:
        streams = [await stack.enter_async_context(engine.complete(request(**wish))) for wish in wishes]
        started = [await anext(stream) for stream in streams]
        pace.free()

    assert [event.ahead for event in started if isinstance(event, Started)] == [0, 1, 4, 0]


async def test_choices_count_in_the_queue() -> None:
    """A request of many choices needs room for all of them."""
    async with paced(max_batch=2, queue_limit=2) as (engine, _, _):
        with pytest.raises(Busy):
            await read(engine, n=5)

        assert engine.live == 0


async def test_ten_thousand_requests() -> None:
    """Of ten thousand requests at once as many are taken in as there is room for, and of the others nothing stays."""
    gc.collect()
    before = sum(isinstance(each, Order) for each in gc.get_objects())
    async with paced(max_batch=8, queue_limit=8) as (engine, _, pace):
        tasks = [asyncio.create_task(read(engine, seed=seed)) for seed in range(10_000)]
        done, waiting = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        while len(done) < 10_000 - 16:
            done, waiting = await asyncio.wait(tasks, timeout=0.01)

        assert engine.live == len(waiting) == 16
        assert {type(task.exception()) for task in done} == {Busy}
        assert sum(isinstance(each, Order) for each in gc.get_objects()) <= before + 16
        pace.free()
        texts = [ids_of(await task) for task in waiting]

    assert {len(ids) for ids in texts} == {10}
    assert engine.live == 0


async def test_refused_before_it_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    """A full engine refuses a long prompt without tokenising it."""
    async with paced(max_batch=1, queue_limit=0) as (engine, _, _):
        task = asyncio.create_task(read(engine))
        await until(lambda: engine.live == 1)
        monkeypatch.setattr(Vocabulary, "encode", lambda *_: pytest.fail("the prompt was tokenised"))

        with pytest.raises(Busy):
            await read(engine, prompt="Once " * 4000)

        task.cancel()


async def test_keys_take_turns() -> None:
    """One request beside a hundred of another key is written as if it were alone."""
    async with paced(max_batch=8, queue_limit=200) as (engine, watched, pace):
        many = [asyncio.create_task(read(engine, user="many", seed=seed)) for seed in range(100)]
        await until(lambda: engine.live == 100)
        one = asyncio.create_task(read(engine, user="one"))
        await until(lambda: engine.live == 101)

        pace.free()
        await one
        steps = len(watched.steps)
        await asyncio.gather(*many)

    assert steps < 60  # ten tokens and the prompt, beside 125 steps for the hundred


async def test_ballots_go_first() -> None:
    """A ballot's words are found while texts wait."""
    async with paced(max_batch=4) as (engine, _, pace):
        texts = [asyncio.create_task(read(engine, seed=seed, max_tokens=200, min_tokens=200)) for seed in range(20)]
        await until(lambda: engine.live == 20)
        ballot = asyncio.create_task(
            read(engine, unit=Unit.TOKEN, logprobs=3, max_tokens=1, min_tokens=0, priority=Priority.BALLOT)
        )
        await until(lambda: engine.live == 21)

        pace.free()
        await ballot

        assert engine.live == 20
        for task in texts:
            task.cancel()
        await asyncio.gather(*texts, return_exceptions=True)
