"""The engine: many readers, one model."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Sequence
from typing import Any

import pytest

from generators.completion import Event, Finished, Piece, Priority, Started, Unit
from generators.engine import Engine
from generators.errors import Busy, ModelFailed, ShuttingDown, UserError
from generators.scripted import Pace
from tests.fakes.models import Watched, tiny
from tests.generators.engine.asking import ids_of, paced, read, request, until


async def test_one_step_for_all() -> None:
    """Texts that are written at the same time share the model's steps."""
    async with paced() as (engine, watched, pace):
        tasks = [asyncio.create_task(read(engine, seed=seed)) for seed in range(20)]
        await until(lambda: engine.live == 20)

        pace.free()
        await asyncio.gather(*tasks)

        assert max(watched.steps) == 20
        assert len(watched.steps) < 20


async def test_joining_and_leaving() -> None:
    """A text that comes later begins at the next step, and one that ends makes room at once."""
    async with paced(max_batch=2) as (engine, watched, pace):
        long = asyncio.create_task(read(engine, prompt=""))
        await until(lambda: engine.live == 1)
        pace.allow(3)
        await until(lambda: len(watched.steps) == 3)
        short = asyncio.create_task(read(engine, max_tokens=2, min_tokens=2, prompt=""))
        await until(lambda: engine.live == 2)
        pace.free()
        await asyncio.gather(long, short)

    assert 2 in watched.steps[4:6]  # the fourth step had begun
    assert watched.steps[-1] == 1


async def test_work_that_nobody_waits_for() -> None:
    """Work between two steps that is called off is left out, and no text ends by it."""
    async with paced() as (engine, _, pace):
        text = asyncio.create_task(read(engine))
        await until(lambda: pace.waited == 1)
        called_off, wanted = engine.run(lambda: 1), engine.run(lambda: 2)
        called_off.cancel()
        pace.free()

        assert len(ids_of(await text)) == 10
        assert await asyncio.wrap_future(wanted) == 2


async def test_cancelling_frees_the_place() -> None:
    """Within one step of leaving its context a text takes no more part."""
    async with paced() as (engine, watched, pace):
        stays = asyncio.create_task(read(engine, max_tokens=8, min_tokens=8, prompt=""))
        async with engine.complete(request(max_tokens=500, prompt="")):
            await until(lambda: engine.live == 2)
            pace.allow(3)
            await until(lambda: len(watched.steps) == 3)
        steps = len(watched.steps)
        pace.free()
        await stays

    assert engine.live == 0
    assert watched.steps[steps + 1 :] == [1] * len(watched.steps[steps + 1 :])


async def test_deadlines() -> None:
    """A text that waits or is read is ended at its deadline like one that is written."""
    async with paced(max_batch=1) as (engine, _, pace):
        writing = asyncio.create_task(read(engine, max_tokens=1000, min_tokens=1000))
        await until(lambda: pace.waited == 1)  # in a step, the engine ends nobody
        waiting = asyncio.create_task(read(engine, deadline=0.001, n=2))
        await until(lambda: engine.live == 3)
        await asyncio.sleep(0.002)

        pace.free()
        events = await waiting

        assert [type(event) for event in events] == [Started, Finished, Finished]
        assert [event.reason for event in events if isinstance(event, Finished)] == ["deadline"] * 2
        assert len(ids_of(await writing)) == 1000


async def test_a_search_at_its_deadline() -> None:
    """When the time is over, the alternatives found so far are given, marked as uncertain."""
    async with paced() as (engine, watched, pace):
        ballot = asyncio.create_task(
            read(engine, unit=Unit.WORD, logprobs=20, max_tokens=1, min_tokens=0, deadline=0.05)
        )
        await until(lambda: engine.live == 1)
        pace.allow(3)
        await until(lambda: len(watched.steps) == 3)
        await asyncio.sleep(0.06)
        pace.free()
        _, piece, last = await ballot

    assert isinstance(piece, Piece)
    assert isinstance(last, Finished)
    assert (len(piece.alternatives), piece.exact, last.reason) == (20, False, "deadline")


async def test_a_failing_model(caplog: pytest.LogCaptureFixture) -> None:
    """When the model raises, the texts of that step are told, it is logged, and the next text is written."""
    broken = threading.Event()

    def breaking(_: Sequence[Sequence[int]]) -> None:
        if broken.is_set():
            broken.clear()
            raise ValueError("out of order")

    engine = Engine(Watched(tiny(), breaking))
    expected = ids_of(await read(engine))
    broken.set()

    with caplog.at_level(logging.ERROR), pytest.raises(ModelFailed, match="out of order"):
        await read(engine, prompt="Twice")

    assert "tiny" in caplog.text
    assert ids_of(await read(engine)) == expected
    assert engine.live == 0
    engine.close()


async def test_others_survive_a_fault() -> None:
    """A fault reaches only those who took part in its step."""
    broken = threading.Event()
    pace = Pace()

    def breaking(tokens: Sequence[Sequence[int]]) -> None:
        pace.wait()
        if broken.is_set():
            broken.clear()
            raise Busy(1)

    engine = Engine(Watched(tiny(), breaking), max_batch=1)
    first = asyncio.create_task(read(engine, priority=Priority.BALLOT))
    await until(lambda: engine.live == 1)
    second = asyncio.create_task(read(engine))
    await until(lambda: engine.live == 2)
    broken.set()
    pace.free()

    with pytest.raises(UserError):
        await first
    assert len(ids_of(await second)) == 10
    engine.close()


async def test_closing() -> None:
    """Closing ends the thread and tells whoever still waits or comes."""
    engine = Engine(tiny())
    task = asyncio.create_task(read(engine, max_tokens=20_000, min_tokens=20_000))
    await until(lambda: engine.live == 1)

    await asyncio.to_thread(engine.close)
    engine.close()

    with pytest.raises(ShuttingDown):
        await task
    with pytest.raises(ShuttingDown):
        await read(engine)
    assert not [thread for thread in threading.enumerate() if thread.name == "engine tiny"]


async def test_leaving_while_it_closes() -> None:
    """A reader who leaves while the engine ends keeps nobody from being told."""
    pace, loop, leaving = Pace(), asyncio.get_running_loop(), threading.Event()
    leaver: asyncio.Task[list[Event]] | None = None

    def leave() -> None:
        assert leaver is not None
        leaver.add_done_callback(lambda _: leaving.set())
        leaver.cancel()

    model = Watched(tiny(), lambda _: pace.wait())
    engine = Engine(model, max_batch=1, queue_limit=2)
    stays = asyncio.create_task(read(engine))
    await until(lambda: engine.live == 1)
    pace.allow(1)
    await until(lambda: len(model.steps) > 0)
    start = model.start

    def start_late() -> Any:
        loop.call_soon_threadsafe(leave)
        leaving.wait()
        return start()

    model.start = start_late
    late = asyncio.create_task(read(engine))
    leaver = asyncio.create_task(read(engine))
    await until(lambda: engine.live == 3)
    closing = asyncio.create_task(asyncio.to_thread(engine.close))
    while not isinstance(await refusal(engine), ShuttingDown):  # noqa: ASYNC110 (as in `until`)
        await asyncio.sleep(0)
    pace.free()
    await closing

    with pytest.raises(ShuttingDown):
        await stays
    with pytest.raises(ShuttingDown):
        await late
    assert engine.live == 0


async def refusal(engine: Engine) -> UserError:
    """Why an engine that is full takes nothing in."""
    with pytest.raises(UserError) as caught:
        await read(engine)
    return caught.value


def test_several_loops() -> None:
    """Readers on loops of different threads get the same texts, also after a loop has been closed."""
    engine = Engine(tiny())
    texts: list[list[int]] = []

    def reader() -> None:
        texts.append(ids_of(asyncio.run(read(engine, max_tokens=200, min_tokens=200))))

    for _ in range(2):
        threads = [threading.Thread(target=reader) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    engine.close()

    assert len(texts) == 8
    assert len(set(map(tuple, texts))) == 1


async def test_a_slow_reader(engine: Engine) -> None:
    """A reader who takes his time holds nobody up and misses nothing."""
    async with engine.complete(request(max_tokens=100, min_tokens=100)) as slow:
        first = await anext(aiter(slow))
        quick = await read(engine, max_tokens=100, min_tokens=100)
        rest = [event async for event in slow]

    assert isinstance(first, Started)
    assert ids_of(rest) == ids_of(quick)
