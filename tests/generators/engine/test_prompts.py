"""Prompts: read once, and in pieces while others write."""

from __future__ import annotations

from generators.completion import Started, Unit
from generators.engine import Engine
from tests.fakes.models import Watched, tiny
from tests.generators.engine.asking import ids_of, read, request


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
