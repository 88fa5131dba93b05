"""The engine: many readers, one model."""

from __future__ import annotations

import asyncio
import gc
import logging
import threading
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any
from weakref import WeakKeyDictionary

import pytest

from generators.candidates import candidates
from generators.completion import CompletionRequest, Event, Finished, Piece, Priority, Started, Unit
from generators.engine import Engine
from generators.engine.texts import Order
from generators.errors import Busy, ModelFailed, ShuttingDown, UserError
from generators.scripted import Pace, Script
from generators.vocabulary import Vocabulary
from tests.fakes.models import Watched, tiny


def request(**fields: Any) -> CompletionRequest:
    usual: dict[str, Any] = {"model": "tiny", "prompt": "Once", "max_tokens": 10, "min_tokens": 10, "seed": 1}
    return CompletionRequest(**usual | fields)


async def read(engine: Engine, **fields: Any) -> list[Event]:
    async with engine.complete(request(**fields)) as events:
        return [event async for event in events]


def ids_of(events: Sequence[Event]) -> list[int]:
    return [token for event in events if isinstance(event, Piece) for token in event.token_ids]


async def until(condition: Callable[[], bool]) -> None:
    """Lets the other thread work until something holds; the test's time limit is the only clock."""
    while not condition():  # noqa: ASYNC110 (a thread cannot set an event of this loop without knowing it)
        await asyncio.sleep(0.001)


@asynccontextmanager
async def paced(model: Any = None, **limits: Any) -> AsyncIterator[tuple[Engine, Watched, Pace]]:
    """An engine whose model waits before each step."""
    pace = Pace()
    watched = Watched(model or tiny(), lambda _: pace.wait())
    engine = Engine(watched, **limits)
    try:
        yield engine, watched, pace
    finally:
        pace.free()
        engine.close()


@pytest.fixture
def watched() -> Watched:
    return Watched(tiny())


@pytest.fixture
async def engine(watched: Watched) -> AsyncIterator[Engine]:
    engine = Engine(watched)
    yield engine
    engine.close()


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


async def test_a_prompt_is_read_once(watched: Watched, engine: Engine) -> None:
    """The choices of a request, another try, and the next vote find what has been read already."""
    prompt = "Once upon a time, there was a fox. " * 5
    first = await read(engine, prompt=prompt, n=3, max_tokens=1, min_tokens=1)
    once = watched.read

    await read(engine, prompt=prompt, n=3, seed=2, max_tokens=1, min_tokens=1)
    again = watched.read
    ids = first[0].prompt if isinstance(first[0], Started) else ()
    await read(engine, prompt=(*ids, 300, 301), max_tokens=1, min_tokens=1)
    longer = watched.read

    assert once == len(prompt) + 1
    assert again == once
    assert longer == again + 2


async def test_going_on_costs_a_step(watched: Watched, engine: Engine) -> None:
    """A text that is continued is not read again."""
    first = await read(engine, prompt="Once upon a time", max_tokens=50, min_tokens=50)
    before = watched.read
    ids = first[0].prompt if isinstance(first[0], Started) else ()

    await read(engine, prompt=(*ids, *ids_of(first)), max_tokens=1, min_tokens=1)

    assert watched.read == before + 1


async def test_votes_cost_the_same_in_long_stories(watched: Watched, engine: Engine) -> None:
    """What the candidates of a story's next round take does not grow with the story."""
    costs = []
    for length in (20, 2000):
        story = tuple(300 + place % 20 for place in range(length))
        await read(engine, prompt=story, max_tokens=1, min_tokens=1)
        before = watched.read
        await read(engine, prompt=(*story, 300), unit=Unit.TOKEN, logprobs=5, max_tokens=1, min_tokens=0)
        costs.append(watched.read - before)

    assert costs[1] <= costs[0] + 4


async def test_long_prompts_do_not_stall_others() -> None:
    """While others write, a prompt is read in pieces of at most 64 tokens."""
    sizes: list[list[int]] = []
    watched = Watched(tiny(), lambda tokens: sizes.append([len(ids) for ids in tokens]))
    engine = Engine(watched)
    async with engine.complete(request(max_tokens=20_000, min_tokens=20_000)) as events:
        await anext(aiter(events))
        await anext(aiter(events))
        await read(engine, prompt="o" * 5000, max_tokens=1, min_tokens=1)
    engine.close()

    shared = [step for step in sizes if len(step) > 1]
    assert max(map(max, shared)) == 64
    assert sum(size for step in shared for size in step if size > 1) >= 4900


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


class Measured(Watched):
    """Knows how many tokens each state has been through, and the most that any has."""

    def __init__(self, model: Any, **facts: Any) -> None:
        super().__init__(model, **facts)
        self._lengths: WeakKeyDictionary[Any, int] = WeakKeyDictionary()
        self._fork = self.fork
        self.fork = self._forked
        self.most = 0

    def _forked(self, state: Any) -> Any:
        copy = self._fork(state)
        self._lengths[copy] = self._lengths.get(state, 0)
        return copy

    def extend(self, states: Sequence[Any], tokens: Sequence[Sequence[int]], logits: Any = "last") -> Any:
        for state, ids in zip(states, tokens, strict=True):
            self._lengths[state] = self._lengths.get(state, 0) + len(ids)
            self.most = max(self.most, self._lengths[state])
        return super().extend(states, tokens, logits)


@pytest.mark.parametrize("unit", [None, Unit.WORD])
async def test_a_full_context(unit: Unit | None) -> None:
    """A model with a short memory writes on and on, and never has more behind it than it can look back on."""
    model = Measured(Script(smoothing=1.0, order=2).model(), context=40)
    engine = Engine(model)

    events = await read(engine, model="x", prompt="x" * 100, max_tokens=100, min_tokens=100, unit=unit)
    engine.close()

    (started, *_) = events
    assert isinstance(started, Started)
    assert started.dropped + len(started.prompt) == 100
    assert started.dropped % 10 == 0
    assert sum(isinstance(event, Piece) for event in events) == 100
    assert 20 <= model.most <= 40


async def test_temperatures_take_turns(engine: Engine) -> None:
    """With a cycle of 0 and 5, every second token is the likeliest."""
    events = await read(engine, temperature=(0.0, 5.0), logprobs=1, max_tokens=40, min_tokens=0)

    pieces = [event for event in events if isinstance(event, Piece)]
    likeliest = [piece.token_ids == piece.alternatives[0].token_ids for piece in pieces]
    assert all(likeliest[::2])
    assert not all(likeliest[1::2])


async def test_a_repetition_penalty(engine: Engine) -> None:
    """A penalty makes the likeliest text repeat itself less."""
    plain = ids_of(await read(engine, temperature=0.0, max_tokens=80, min_tokens=80))

    penalised = ids_of(await read(engine, temperature=0.0, max_tokens=80, min_tokens=80, repetition_penalty=2.0))

    assert len(set(penalised)) > len(set(plain))


async def test_many_searches_at_once(engine: Engine) -> None:
    """Ballots beside each other find what each would find alone."""
    prompts = [f"Once{'x' * place}" for place in range(12)]
    model: Any = engine_as_generator(engine)
    alone = [await candidates(model, model="tiny", prompt=prompt, n=3, seed=1) for prompt in prompts]

    together = await asyncio.gather(
        *(candidates(model, model="tiny", prompt=prompt, n=3, seed=1) for prompt in prompts)
    )

    for one, other in zip(alone, together, strict=True):
        assert [each.text for each in one.alternatives] == [each.text for each in other.alternatives]
        assert [each.logprob for each in one.alternatives] == pytest.approx(
            [each.logprob for each in other.alternatives], abs=1e-4
        )


def engine_as_generator(engine: Engine) -> Any:
    """What `candidates` needs of a generator is the verb, and an engine has it."""
    return engine


async def test_scripts_are_followed() -> None:
    """A chain that has learnt one text by heart writes it, in tokens as in words."""
    text = "Once upon a time… the end."
    engine = Engine(Script(texts=(text,), smoothing=0.0).model())
    tokens = await read(engine, prompt="", max_tokens=100, min_tokens=0)
    words = await read(engine, prompt="", max_tokens=100, min_tokens=0, unit=Unit.WORD, logprobs=2)
    engine.close()

    assert "".join([event.text for event in tokens if isinstance(event, Piece)]) == text
    pieces = [event for event in words if isinstance(event, Piece)]
    assert [piece.text for piece in pieces] == ["Once", " upon", " a", " time", "…", " the", " end", ".", ""]
    assert pieces[-1].alternatives[0].end
    assert all(piece.alternatives[0].text == piece.text for piece in pieces)
    assert all(piece.exact for piece in pieces)
    assert [event.reason for event in words if isinstance(event, Finished)] == ["end"]
