"""Whether memory suffices for the models of the bot, and of the host, that run on this machine now."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Final

from bot.shell.checks import Finding, State

if TYPE_CHECKING:
    from bot.configuration import Configuration

PATIENCE: Final = 2.0  # seconds; whoever runs here answers in milliseconds


async def memory_findings(configuration: Configuration) -> AsyncIterator[Finding]:
    """A finding for each model that runs; none where nothing runs, or keeps its metrics to itself."""
    import httpx

    room, host = configuration.web, configuration.host
    asked = ((room.host, room.port, room.admin_key), (host.host, host.port, host.key))
    async with httpx.AsyncClient(timeout=PATIENCE, trust_env=False) as client:
        for address, port, key in asked:
            headers = {} if key is None else {"Authorization": f"Bearer {key.get_secret_value()}"}
            try:
                answer = await client.get(f"http://{_local(address)}:{port}/metrics", headers=headers)
                found = told(answer.text) if answer.status_code == httpx.codes.OK else []
            except (httpx.HTTPError, ValueError):  # nobody is there, or a program of somebody else's
                continue
            for finding in found:
                yield finding


def told(metrics: str) -> list[Finding]:
    """What a page of metrics says about the memory for each model, in the order of their names.

    Raises:
        ValueError: it is no such page.
    """
    from prometheus_client.parser import text_string_to_metric_families

    from generators.metrics import PLACES, SHORTAGES

    found = {
        (sample.name, sample.labels["model"]): int(sample.value)
        for family in text_string_to_metric_families(metrics)
        if family.name in (SHORTAGES, PLACES)
        for sample in family.samples
    }
    return [
        _finding(model, count, found.get((PLACES, model), 0))
        for (name, model), count in sorted(found.items())
        if name == f"{SHORTAGES}_total"
    ]


def _finding(model: str, shortages: int, places: int) -> Finding:
    if not shortages:
        return Finding(f"memory of {model}", State.GOOD, "It has sufficed for every step.")
    text = f"It was too little for {shortages} steps, which now take at most {places} texts; other programs use it."
    return Finding(f"memory of {model}", State.NOTE, text)


def _local(address: str) -> str:
    """Where one who listens at an address is reached from this machine."""
    everywhere = {"0.0.0.0": "127.0.0.1", "::": "::1"}
    plain = everywhere.get(address, address)
    return f"[{plain}]" if ":" in plain else plain
