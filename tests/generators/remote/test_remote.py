"""A host of ours from afar: names, faults, and connections that break. What is written the contract's tests hold to."""

from __future__ import annotations

import asyncio
import pickle
import re
import time
from typing import Any

import pytest

from generators.completion import CompletionRequest, Event, Finished, Generator, Piece, Started, Unit
from generators.errors import Busy, InvalidValue, ModelFailed, UnknownModel, Unsupported, UserError
from generators.registry import CombinedGenerator, GeneratorSettings
from generators.remote import connection, factory
from generators.remote.errors import (
    CertificateRefused,
    ConnectionLost,
    HostAway,
    HostBusy,
    HostRefused,
    HostStarting,
    KeyRefused,
    NotAnApi,
)
from generators.remote.generator import RemoteGenerator
from generators.scripted import Cue, Pace, Script, ScriptedGenerator
from tests.fakes.cutting import Wire
from tests.fakes.hosting import hosted

SCRIPT = Script(
    texts=(
        "Once upon a time there was a fox. “Come in!” it said, “mañana.” 🦊🦊 And then it was gone… forever.",
        "Once there was a time… The fox said: “Come!”\n\nAnd it came, 🦊 upon a time.",
    ),
    order=3,
    smoothing=0.5,
    cues=(Cue(when="lightning", after=3), Cue(when="thunder"), Cue(when="crowd", error="busy", after=0)),
)


def request(**fields: Any) -> CompletionRequest:
    return CompletionRequest(
        **{"model": "remote:scripted", "prompt": "Once", "seed": 7, "max_tokens": 60, "min_tokens": 60, **fields}
    )


async def events_of(generator: Generator, asked: CompletionRequest) -> list[Event]:
    async with generator.complete(asked) as events:
        return [event async for event in events]


def by_choice(events: list[Event]) -> dict[int | None, list[Event]]:
    """Each choice's events, what came first under None, the same whoever wrote them."""
    sorted_out: dict[int | None, list[Event]] = {}
    for event in events:
        if isinstance(event, Started):
            event = event._replace(model="")
        sorted_out.setdefault(getattr(event, "choice", None), []).append(event)
    return sorted_out


async def unbroken(asked: CompletionRequest) -> dict[int | None, list[Event]]:
    """What a host that is not far away gives."""
    generator = ScriptedGenerator(SCRIPT)
    async with hosted(generator) as url:
        remote = RemoteGenerator(url)
        events = await events_of(remote, asked)
        await remote.close()
    return by_choice(events)


async def broken(asked: CompletionRequest, after: int, *, steps: int) -> tuple[list[Event], int]:
    """What comes of a text whose connection is cut once so many pieces have come, and how many texts were asked for.

    Args:
        steps: of the model before the cut; as many as it takes, and too few for the whole text.
    """
    pace = Pace()
    received: list[Event] = []
    async with hosted(ScriptedGenerator(SCRIPT, pace=pace), default="none") as url, Wire(url) as wire:
        remote = RemoteGenerator(wire.url)
        pace.allow(steps)
        async with remote.complete(asked) as events:
            async for event in events:
                received.append(event)
                if sum(isinstance(each, Piece) for each in received) >= after and wire.texts == 1:
                    await wire.cut()
                    pace.free()
        await remote.close()
    return received, wire.texts


@pytest.mark.parametrize("after", [0, 1, 2, 7, 20])
@pytest.mark.parametrize(
    ("fields", "texts"),
    [
        ({"temperature": (0.3, 1.5)}, 2),
        ({"temperature": 2.0, "logprobs": 3}, 2),
        ({"n": 3, "temperature": 1.0}, 4),
        ({"top_k": 5, "top_p": 0.9, "repetition_penalty": 1.3, "min_tokens": 0}, 2),
        ({"echo": True, "max_tokens": 30, "min_tokens": 30}, 2),
    ],
)
async def test_a_broken_connection(after: int, fields: dict[str, Any], texts: int) -> None:
    """A text whose connection breaks goes on, and ends as the unbroken one, whatever it is asked with."""
    received, texts_asked = await broken(request(**fields), after, steps=after + 3)

    assert by_choice(received) == await unbroken(request(**fields))
    assert 2 <= texts_asked <= texts


@pytest.mark.parametrize("after", [0, 3, 12])
async def test_broken_before_a_stop(after: int) -> None:
    """A stop text is found also where the connection broke within it."""
    asked = request(stop=("time the", "≠"), temperature=0.0)

    received, texts_asked = await broken(asked, after, steps=after + 4)

    assert by_choice(received) == await unbroken(asked)
    assert "".join([event.text for event in received if isinstance(event, Piece)]) == " there was a "
    assert texts_asked == 2


async def test_broken_between_words() -> None:
    """Words with alternatives are written once more, and none of them comes twice."""
    asked = request(unit=Unit.WORD, logprobs=3, max_tokens=6, min_tokens=6)

    received, texts_asked = await broken(asked, 1, steps=25)

    assert by_choice(received) == await unbroken(asked)
    assert texts_asked == 2


async def test_going_on_sends_what_there_is() -> None:
    """The second request begins with the tokens that have come, so that they are not written once more."""
    pace = Pace()
    async with hosted(ScriptedGenerator(SCRIPT, pace=pace), default="none") as url, Wire(url) as wire:
        remote = RemoteGenerator(wire.url)
        pace.allow(20)

        async with remote.complete(request(temperature=0.0)) as events:
            received = 0
            async for event in events:
                received += isinstance(event, Piece)
                if received == 10 and wire.texts == 1:  # the last token is drawn again, so one would not do
                    await wire.cut()
                    pace.free()

        await remote.close()
    (drawn,) = [int(drawn) for drawn in re.findall(rb'"drawn":(\d+)', b"".join(wire.sent))]
    assert 9 <= drawn < 20


@pytest.mark.parametrize("after", [0, 5])
async def test_a_host_that_is_started_again(after: int) -> None:
    """A host that is killed in the middle of a text, and takes connections again a moment later, writes the rest."""
    pace = Pace()
    received: list[Event] = []
    async with hosted(ScriptedGenerator(SCRIPT, pace=pace), default="none") as url, Wire(url) as wire:
        remote = RemoteGenerator(wire.url)
        pace.allow(after + 3)

        async with remote.complete(request()) as events:
            async for event in events:
                received.append(event)
                if sum(isinstance(each, Piece) for each in received) >= after and wire.texts == 1:
                    await wire.take_down()
                    pace.free()
                    asyncio.get_running_loop().call_later(0.6, wire.put_up)

        await remote.close()
    assert by_choice(received) == await unbroken(request())
    assert wire.texts == 2


async def test_a_host_that_stays_away() -> None:
    """A host that is killed in the middle of a text and does not come back is a sentence, at the deadline at last."""
    pace = Pace()
    async with hosted(ScriptedGenerator(SCRIPT, pace=pace), default="none") as url, Wire(url) as wire:
        remote = RemoteGenerator(wire.url)
        pace.allow(5)
        begun = time.monotonic()

        with pytest.raises(HostAway):  # noqa: PT012
            async with remote.complete(request(deadline=1.0)) as events:
                async for _ in events:
                    await wire.take_down()
        took = time.monotonic() - begun

        await remote.close()
    assert took < connection.RESTART


async def test_lost_twice() -> None:
    """A connection that breaks twice in a text is one sentence."""
    pace = Pace()
    received: list[Event] = []
    async with hosted(ScriptedGenerator(SCRIPT, pace=pace), default="none") as url, Wire(url) as wire:
        remote = RemoteGenerator(wire.url)
        pace.allow(10)

        with pytest.raises(ConnectionLost, match="lost twice"):  # noqa: PT012
            async with remote.complete(request()) as events:
                async for event in events:
                    received.append(event)
                    if len(received) > 3:
                        await wire.cut(for_good=True)

        wire.mend()
        pace.free()
        assert await events_of(remote, request())
        await remote.close()


async def test_a_host_that_comes_later() -> None:
    """A host that is away when the bot starts is one sentence, and is there as soon as it is."""
    async with hosted(ScriptedGenerator(SCRIPT)) as url, Wire(url) as wire:
        await wire.cut(for_good=True)
        clock = [0.0]
        remote = RemoteGenerator(wire.url, ticks=lambda: clock[0])
        combined = CombinedGenerator([remote, ScriptedGenerator()], "remote:scripted")

        listed = [info.name for info in await combined.models()]
        with pytest.raises(HostAway, match="cannot be reached"):
            await events_of(combined, request())
        wire.mend()
        clock[0] += 3
        healed = [info.name for info in await combined.models()]
        written = await events_of(combined, request())
        await wire.cut(for_good=True)
        clock[0] += 60
        still = [info.name for info in await combined.models()]
        with pytest.raises((HostAway, ConnectionLost)):
            await events_of(combined, request())

        await combined.close()
    assert listed == ["scripted"]
    assert healed == still == ["remote:scripted", "scripted"]
    assert isinstance(written[-1], Finished)


async def test_nobody_there() -> None:
    """An address where nobody listens is one sentence that does not tell the address."""
    remote = RemoteGenerator("http://127.0.0.1:1/v1")

    with pytest.raises(HostAway) as caught:
        await events_of(remote, request())

    await remote.close()
    assert "127.0.0.1" not in caught.value.sentence()


async def test_keys() -> None:
    """A key that the host does not take is one sentence; the right one opens, with or without /v1 in the address."""
    async with hosted(ScriptedGenerator(SCRIPT), keys=["ümlaut"]) as url:
        wrong, right = RemoteGenerator(url, "wrong"), RemoteGenerator(url.removesuffix("/v1"), "ümlaut")

        with pytest.raises(KeyRefused, match=r"remote\.key"):
            await events_of(wrong, request())
        assert await events_of(right, request())

        await wrong.close()
        await right.close()


@pytest.mark.parametrize(
    ("fields", "error"),
    [
        ({"label": "nonsense"}, Unsupported("remote:scripted", "texts of the kind nonsense; it has no labels")),
        ({"model": "remote:scriptd"}, UnknownModel("remote:scriptd", "remote:scripted")),
        ({"model": "scripted"}, UnknownModel("scripted", None)),
        ({"prompt": (1, 99_999)}, None),
        ({"prompt": "crowd"}, Busy(0)),
    ],
)
async def test_the_hosts_errors(fields: dict[str, Any], error: UserError | None) -> None:
    """What a host refuses arrives as the error that it was there, with names as they are here."""
    async with hosted(ScriptedGenerator(SCRIPT)) as url:
        remote = RemoteGenerator(url)

        with pytest.raises(type(error) if error else InvalidValue) as caught:
            async with remote.complete(request(**fields)):
                pytest.fail("it was entered")

        await remote.close()
    if error is not None:
        assert str(caught.value) == str(error)


async def test_a_model_that_fails() -> None:
    """A model that fails there fails here, before a text and in the middle of it; nothing is tried again."""
    received: list[Event] = []
    async with hosted(ScriptedGenerator(SCRIPT)) as url, Wire(url) as wire:
        remote = RemoteGenerator(wire.url)

        with pytest.raises(ModelFailed):
            await events_of(remote, request(prompt="thunder"))
        with pytest.raises(ModelFailed):  # noqa: PT012
            async with remote.complete(request(prompt="lightning")) as events:
                async for event in events:
                    received.append(event)  # noqa: PERF401  # what came before the fault is looked at

        await remote.close()
    assert [type(event) for event in received] == [Started, Piece, Piece, Piece]
    assert wire.texts == 2


async def test_a_list_is_kept() -> None:
    """The list of models is asked for once in a while, not with every text."""
    clock = [0.0]
    async with hosted(ScriptedGenerator(SCRIPT)) as url, Wire(url) as wire:
        remote = RemoteGenerator(wire.url, ticks=lambda: clock[0])

        for _ in range(3):
            await remote.models()
            await events_of(remote, request())
        once = sum(sent.count(b"GET /v1/models") for sent in wire.sent)
        clock[0] += 11
        await remote.models()
        twice = sum(sent.count(b"GET /v1/models") for sent in wire.sent)

        await remote.close()
    assert (once, twice) == (1, 2)


async def test_what_answers_is_no_api() -> None:
    """A web server that is no completions API is one sentence."""

    async def hello(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: close\r\n\r\nhello")
        writer.close()

    server = await asyncio.start_server(hello, "127.0.0.1", 0)
    remote = RemoteGenerator(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}")

    with pytest.raises(NotAnApi, match=r"remote\.url"):
        await remote.models()

    await remote.close()
    server.close()


def test_sentences_survive_pickling() -> None:
    """Every error of a host has a whole sentence, also in another process."""
    away = [HostAway(), ConnectionLost(), HostStarting(), HostBusy()]
    errors = [*away, KeyRefused(), CertificateRefused("expired"), HostRefused("No."), NotAnApi()]

    for error in errors:
        assert str(pickle.loads(pickle.dumps(error))) == str(error)
        assert str(error).endswith(".")


def test_without_an_address() -> None:
    """Without remote.url there is no remote generator."""
    assert factory(GeneratorSettings()) is None
