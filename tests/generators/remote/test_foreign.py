"""Servers of another kind: what they can do is offered, and nothing else is asked of them."""

from __future__ import annotations

from typing import Any

import pytest

from generators.completion import CompletionRequest, Event, Finished, Piece, Started, Unit
from generators.errors import InvalidValue, UnknownModel, Unsupported, UserError
from generators.remote.errors import ConnectionLost, HostAway, HostBusy, HostRefused, HostStarting, KeyRefused, NotAnApi
from generators.remote.generator import RemoteGenerator
from tests.fakes.completions import STORY, Foreign


def request(**fields: Any) -> CompletionRequest:
    return CompletionRequest(**{"model": "remote:davinci", "prompt": "Once", "user": "ada", **fields})


async def asked(server: Foreign, **fields: Any) -> list[Event]:
    """What a text of this server comes to."""
    async with server.serve() as url:
        generator = RemoteGenerator(url, server.key)
        try:
            async with generator.complete(request(**fields)) as events:
                return [event async for event in events]
        finally:
            await generator.close()


def text_of(events: list[Event], choice: int = 0) -> str:
    return "".join([event.text for event in events if isinstance(event, Piece) and event.choice == choice])


async def test_what_it_can_do() -> None:
    """A server that says nothing about its models is listed with what OpenAI's API can do."""
    server = Foreign()
    async with server.serve() as url:
        generator = RemoteGenerator(url, server.key)

        (info,) = await generator.models()

        await generator.close()
    assert (info.name, info.version) == ("remote:davinci", "")
    assert (info.units, info.labels, info.echo, info.seeds, info.alternatives) == (frozenset(), (), False, False, 5)


async def test_a_text() -> None:
    """A text streams in pieces; the seed is told and sent, the person is not."""
    server = Foreign()

    events = await asked(server, max_tokens=50)

    (started,) = [event for event in events if isinstance(event, Started)]
    assert text_of(events) == STORY[4:]
    assert b"".join([event.bytes for event in events if isinstance(event, Piece)]).decode() == STORY[4:]
    assert events[0] == started == Started("remote:davinci", "", server.asked[0]["seed"], (), 0)
    assert events[-1] == Finished(0, "end", 0, len(events) - 2)
    assert "user" not in server.asked[0]


async def test_everything_it_knows() -> None:
    """Choices, temperature, top_p, stops and the length go along, and why each text ended comes back."""
    server = Foreign()

    events = await asked(server, n=2, temperature=0.5, top_p=0.9, stop=("fox",), seed=3, max_tokens=50, top_k=0)
    short = await asked(server, max_tokens=3)

    sent = server.asked[0]
    assert (sent["temperature"], sent["top_p"], sent["stop"], sent["seed"], sent["n"]) == (0.5, 0.9, ["fox"], 3, 2)
    assert text_of(events, 0) == text_of(events, 1) == " upon a time there was a "
    assert {event for event in events if isinstance(event, Finished)} == {
        Finished(choice, "stop", 0, 7) for choice in range(2)
    }
    assert short[-1] == Finished(0, "length", 0, 3)


async def test_alternatives() -> None:
    """Up to five alternatives come with each token, as text, the likeliest first."""
    events = await asked(Foreign(), logprobs=3, max_tokens=2)

    pieces = [event for event in events if isinstance(event, Piece)]
    assert [(piece.text, piece.logprob) for piece in pieces] == [(" upon", -0.1), (" a", -0.1)]
    assert [each.text for each in pieces[0].alternatives] == [" upon", " other0", " other1"]


@pytest.mark.parametrize(
    ("fields", "error"),
    [
        ({"unit": Unit.WORD, "logprobs": 5}, Unsupported),
        ({"label": "title"}, Unsupported),
        ({"echo": True}, Unsupported),
        ({"prompt": (1, 2)}, Unsupported),
        ({"temperature": (0.1, 1.0)}, Unsupported),
        ({"logprobs": 6}, InvalidValue),
        ({"logprobs": None}, InvalidValue),
        ({"model": "remote:davinc"}, UnknownModel),
        ({"top_k": 5}, HostRefused),
    ],
)
async def test_what_it_cannot_do(fields: dict[str, Any], error: type[UserError]) -> None:
    """What the server has no words for is refused here; what only some servers know, it refuses itself."""
    server = Foreign()

    with pytest.raises(error):
        await asked(server, **fields)

    assert bool(server.asked) == (error is HostRefused)


async def test_only_looking() -> None:
    """Asking for nothing, as whoever looks whether a model is there does, asks the server for no text."""
    server = Foreign()

    events = await asked(server, max_tokens=0)

    assert [type(event) for event in events] == [Started, Finished]
    assert not server.asked


async def test_one_at_a_time() -> None:
    """Of a server that writes one text whatever is asked for, the others are asked for too, with seeds of their own."""
    server = Foreign(single=True)

    events = await asked(server, n=3, max_tokens=50, seed=7, logprobs=2)

    assert [text_of(events, choice) for choice in range(3)] == [STORY[4:]] * 3
    assert [(body["n"], body["seed"]) for body in server.asked] == [(3, 7), (1, 8), (1, 9)]
    assert [event.choice for event in events if isinstance(event, Finished)] == [0, 1, 2]
    assert {len(event.alternatives) for event in events if isinstance(event, Piece)} == {2}


@pytest.mark.parametrize("after", [0, 1, 5])
async def test_a_broken_connection(after: int) -> None:
    """A text goes on from what there is, with the tokens that are left."""
    server = Foreign(cuts=[after])

    events = await asked(server, max_tokens=9, stop=("fox",))

    assert text_of(events) == " upon a time there was a "
    assert events[-1] == Finished(0, "stop", 0, 7)
    assert [(body["prompt"], body["max_tokens"]) for body in server.asked] == [
        ("Once", 9),
        ("Once" + "".join([" upon", " a", " time", " there", " was"][:after]), 9 - after),
    ]


async def test_broken_choices() -> None:
    """Of several texts, each that was broken off goes on by itself."""
    server = Foreign(cuts=[5])

    events = await asked(server, n=3, max_tokens=50)

    assert [text_of(events, choice) for choice in range(3)] == [STORY[4:]] * 3
    assert [body["n"] for body in server.asked] == [3, 1, 1, 1]
    assert [body["prompt"] for body in server.asked[1:]] == ["Once upon a", "Once upon a", "Once upon"]


async def test_broken_twice() -> None:
    """A connection that breaks twice in one text is a sentence."""
    with pytest.raises(ConnectionLost):
        await asked(Foreign(cuts=[2, 2]), max_tokens=50)


async def test_deadline() -> None:
    """At its deadline a text ends with what there is, though the server knows of none."""
    events = await asked(Foreign(pause=3), max_tokens=50, deadline=1.0)

    assert text_of(events) == " upon a time"
    assert events[-1] == Finished(0, "deadline", 0, 3)


@pytest.mark.parametrize(
    ("status", "body", "error", "told"),
    [
        (429, {"error": {"message": "Rate limit reached.", "code": "rate_limit_exceeded"}}, HostBusy, "busy"),
        (503, {"error": {"message": "Loading model", "type": "unavailable_error", "code": 503}}, HostStarting, "start"),
        (502, "Bad Gateway", HostAway, "reached"),
        (403, {"detail": "No."}, KeyRefused, "remote.key"),
        (400, {"error": {"message": "The prompt is too long."}}, HostRefused, "The prompt is too long."),
        (500, {"object": "error", "message": "CUDA"}, HostRefused, "CUDA"),
        (500, [1], HostRefused, "500"),
    ],
)
async def test_refusals(status: int, body: object, error: type[UserError], told: str) -> None:
    """Whatever a server says becomes one sentence."""
    with pytest.raises(error, match=told):
        await asked(Foreign(refuse=(status, body)))


@pytest.mark.parametrize(
    "message",
    [
        [],
        3,
        "text",
        {"choices": ["text"]},
        {"choices": [{"index": 5, "text": "a"}]},
        {"choices": [{"index": -1, "text": "a"}]},
        {"choices": [{"index": 0, "text": "a", "logprobs": [1]}]},
        {"choices": [], "usage": [1]},
    ],
)
async def test_nonsense_in_a_stream(message: object) -> None:
    """A stream that is no completion is one sentence."""
    with pytest.raises(NotAnApi):
        await asked(Foreign(messages=[message]))


async def test_a_wrong_key() -> None:
    """A server that refuses the key is told apart from one that is away."""
    server = Foreign()
    async with server.serve() as url:
        generator = RemoteGenerator(url, "sk-wrong")

        with pytest.raises(KeyRefused):
            await generator.models()

        await generator.close()
