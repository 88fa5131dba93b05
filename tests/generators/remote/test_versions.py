"""Hosts of ours of another version: what both know is used, and what only one knows is passed over or one sentence."""

from __future__ import annotations

from typing import Any

import pytest

from generators.completion import CompletionRequest, Event, Finished, ModelInfo, Piece, Priority, Started, Unit
from generators.remote.errors import HostRefused
from generators.remote.generator import RemoteGenerator
from generators.wire import FIELD, event_to_json, info_to_json
from tests.fakes.completions import FIELDS, Foreign

INFO = ModelInfo(name="davinci", version="1", kind="charrnn", token="character", units=frozenset({Unit.WORD}))
WRITTEN: list[Event] = [
    Started("davinci", "1", 7, (1, 2), 0),
    Piece(0, (3,), b"a", "a", -0.5),
    Finished(0, "end", 2, 1),
]


async def asked(server: Foreign, **fields: Any) -> tuple[ModelInfo, list[Event]]:
    """The host's model, and what it writes."""
    async with server.serve() as url:
        remote = RemoteGenerator(url, server.key)
        try:
            (info,) = await remote.models()
            request = CompletionRequest(**{"model": "remote:davinci", "prompt": "Once", "seed": 7, **fields})
            async with remote.complete(request) as events:
                return info, [event async for event in events]
        finally:
            await remote.close()


async def test_a_newer_host() -> None:
    """Facts, fields of events and kinds of events that this version does not know are passed over."""
    facts = info_to_json(INFO) | {"colour": "blue", "units": ["page", "word"]}
    facts["sampling"] = facts["sampling"] | {"min_p": 0.1}
    newer = [event_to_json(event) | {"colour": "blue"} for event in WRITTEN]
    told = {"choices": [], "events": [*newer[:2], {"type": "mood", "choice": 0, "mood": "good"}, newer[2]]}
    everything = FIELDS | {"events"}

    info, events = await asked(Foreign(facts={FIELD: facts}, messages=[told], fields=everything))

    assert (info.version, info.units, info.sampling) == ("1", {Unit.WORD}, INFO.sampling)
    assert events == [WRITTEN[0]._replace(model="remote:davinci"), *WRITTEN[1:]]  # type: ignore[call-arg]


async def test_an_older_host() -> None:
    """A host that knows fewer fields and facts is asked for no more than what was asked of it."""
    facts = info_to_json(INFO)
    for later in ("labels", "sampling", "shipped", "alternatives"):
        del facts[later]
    older = [event_to_json(event) for event in WRITTEN]
    del older[0]["ahead"]
    server = Foreign(facts={FIELD: facts}, messages=[{"events": older}], fields=FIELDS | {"events"})

    info, events = await asked(server)

    assert (info.version, info.labels) == ("1", ())
    assert isinstance(events[-1], Finished)
    assert server.asked[0].keys() == {"model", "prompt", "seed", "stop", "logprobs", "events", "stream"}


async def test_what_an_older_host_cannot_do() -> None:
    """A field that is needed and that the host does not know is one sentence."""
    server = Foreign(facts={FIELD: info_to_json(INFO)}, fields=FIELDS | {"events"})

    with pytest.raises(HostRefused, match=r"^The host of the models refused this: .*priority"):
        await asked(server, priority=Priority.BALLOT)
