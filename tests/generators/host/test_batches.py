"""A text's events on their way to a client."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import ExitStack

import pytest

from generators.completion import Event, Finished, Piece
from generators.host import batches
from generators.host.batches import Traffic, batched

END = Finished(0, "end", 0, 1)


def piece(text: str) -> Piece:
    return Piece(0, (1,), text.encode(), text, -1.0)


class Source:
    """Events as a test gives them; None ends them."""

    def __init__(self) -> None:
        self._given: asyncio.Queue[Event | Exception | None] = asyncio.Queue()
        self.taken = 0

    def give(self, *events: Event | Exception | None) -> None:
        for event in events:
            self._given.put_nowait(event)

    async def __aiter__(self) -> AsyncIterator[Event]:
        while (event := await self._given.get()) is not None:
            if isinstance(event, Exception):
                raise event
            self.taken += 1
            yield event


async def test_all_that_waits() -> None:
    """Whatever has come since the last batch is the next one; after the last there is none."""
    source = Source()
    async with batched(aiter(source)) as coming:
        source.give(piece("a"))
        first = await coming.next()
        source.give(piece("b"), piece("c"), END, None)

        rest = await coming.next(asyncio.get_running_loop().time() + 1000)  # the end of a text waits for nothing

        assert (first, rest) == ([piece("a")], [piece("b"), piece("c"), END])
        assert await coming.next() is None


async def test_a_fault() -> None:
    """What came before a fault is told first."""
    source = Source()
    async with batched(aiter(source)) as coming:
        source.give(piece("a"), ZeroDivisionError())

        assert await coming.next() == [piece("a")]
        with pytest.raises(ZeroDivisionError):
            await coming.next()


async def test_a_sign_of_life(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where nothing comes for a while, an empty batch does."""
    monkeypatch.setattr(batches, "PATIENCE", 0.01)
    source = Source()
    async with batched(aiter(source)) as coming:
        assert await coming.next() == []

        source.give(piece("a"))
        assert await coming.next() == [piece("a")]


async def test_no_further_ahead(monkeypatch: pytest.MonkeyPatch) -> None:
    """No more is taken than a client may be behind."""
    monkeypatch.setattr(batches, "AHEAD", 3)
    source = Source()
    source.give(*[piece("a")] * 8, END, None)
    async with batched(aiter(source)) as coming:
        sizes = []
        while (batch := await coming.next()) is not None:
            await asyncio.sleep(0)
            sizes.append(len(batch))
            assert source.taken <= sum(sizes) + 3

    assert sum(sizes) == 9
    assert max(sizes) == 3


def test_the_more_the_rarer() -> None:
    """Alone, a text is sent as it comes; the more there are, the longer each collects, up to what nobody sees."""
    traffic, pauses = Traffic(), []
    with ExitStack() as stack:
        for _ in range(100):
            stack.enter_context(traffic.joined())
            pauses.append(traffic.pause)

    assert pauses[0] == 0
    assert pauses == sorted(pauses)
    assert pauses[-1] == batches.LONGEST
    assert traffic.pause == 0
