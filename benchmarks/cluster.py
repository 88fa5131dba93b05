"""What a text costs in one process, on a host and on a cluster: the same sixteen texts from each, in turn.

It needs the extra `cluster`. Ray runs on this machine alone, with one replica: what is measured is the way to it and
back, which more machines do not shorten. Processor time is that of all processes of a side, the reader's apart.
"""

from __future__ import annotations

import asyncio
import os
import socket
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

import httpx
import psutil

from benchmarks.measure import Spread, in_turn, table
from benchmarks.program import running
from generators.completion import CompletionRequest, Generator, Piece
from generators.local import LocalGenerator, Shelf
from generators.places import shipped_directory
from generators.remote.generator import RemoteGenerator

TEXTS = 16
TOKENS = 400  # of each
PATIENCE = 180.0  # seconds for a server to be ready
PROMPT = "Once upon a time"


@dataclass
class Side:
    """Something that writes, and what it cost.

    Attributes:
        generator: asks it.
        model: by its name there.
        processes: that do the work.
        runner: of the event loop.
        first: seconds to the first token of each text so far.
    """

    generator: Generator
    model: str
    processes: Callable[[], Iterable[psutil.Process]]
    runner: asyncio.Runner
    first: list[float] = field(default_factory=list)

    def cost(self) -> float:
        """Processor time of a token, in microseconds."""
        before = self._spent()
        self.runner.run(self._texts())
        return (self._spent() - before) / (TEXTS * TOKENS) * 1e6

    def memory(self) -> float:
        """Megabytes that would be free without it."""
        return sum(process.memory_full_info().uss for process in self.processes()) / 1e6

    def _spent(self) -> float:
        return sum(sum(process.cpu_times()[:2]) for process in self.processes())

    async def _texts(self) -> None:
        await asyncio.gather(*(self._text(number) for number in range(TEXTS)))

    async def _text(self, number: int) -> None:
        request = CompletionRequest(
            model=self.model, prompt=PROMPT, max_tokens=TOKENS, min_tokens=TOKENS, seed=number, user=str(number)
        )
        asked = time.perf_counter()
        told = False
        async with self.generator.complete(request) as events:
            async for event in events:
                if isinstance(event, Piece) and not told:
                    told = True
                    self.first.append(time.perf_counter() - asked)


def main(rounds: int) -> str:
    """The table."""
    with tempfile.TemporaryDirectory() as folder, asyncio.Runner() as runner, _clustered(Path(folder)) as cluster:
        port = _free_port()
        context = running(
            Path(folder) / "host", "host", PLANCHETTE_HOST__PORT=str(port), PLANCHETTE_MODELS__DEFAULT="charrnn"
        )
        host = runner.run(context.__aenter__())
        _await_ready(port)
        _await_ready(cluster)
        own = psutil.Process()
        sides = {
            "one process": Side(
                LocalGenerator([Shelf(shipped_directory(), shipped=True)]), "charrnn", lambda: [own], runner
            ),
            "host": Side(
                RemoteGenerator(f"http://127.0.0.1:{port}"),
                "remote:charrnn",
                lambda: [psutil.Process(host.pid)],
                runner,
            ),
            "cluster": Side(
                RemoteGenerator(f"http://127.0.0.1:{cluster}"),
                "remote:charrnn",
                lambda: [each for each in own.children(recursive=True) if each.pid != host.pid],
                runner,
            ),
        }
        costs = in_turn([side.cost for side in sides.values()], rounds)
        rows = [
            (name, cost, cost.over(costs[0]), Spread(_milliseconds(side.first)), f"{side.memory():,.0f}")
            for (name, side), cost in zip(sides.items(), costs, strict=True)
        ]
        for side in sides.values():
            runner.run(side.generator.close())
        runner.run(context.__aexit__(None, None, None))
    header = ("where", "CPU µs a token", "over one process", "first token, ms", "memory, MB")
    return table(f"{TEXTS} texts of {TOKENS} tokens at once, the char-RNN that ships", header, rows)


def _milliseconds(first: list[float]) -> tuple[float, ...]:
    """Of each round but the first, which warms up, the median."""
    laps = [first[begin : begin + TEXTS] for begin in range(TEXTS, len(first), TEXTS)]
    return tuple(median(lap) * 1000 for lap in laps)


@contextmanager
def _clustered(folder: Path) -> Iterator[int]:
    """A cluster of this machine, on which the char-RNN is deployed; gives its port."""
    os.environ |= {"RAY_USAGE_STATS_ENABLED": "0", "RAY_AUTH_MODE": "disabled"}
    import ray

    from bot.configuration import load_configuration
    from bot.deployment import plan_of
    from generators.cluster.deploying import delete, deploy

    port = _free_port()
    os.environ |= {
        "PLANCHETTE_HOME": str(folder / "cluster"),
        "PLANCHETTE_HOST__PORT": str(port),
        "PLANCHETTE_MODELS__DEFAULT": "charrnn",
        "PLANCHETTE_CLUSTER__CPUS": "0.5",
    }
    ray.init("local", num_cpus=2, object_store_memory=100 * 1024 * 1024, include_dashboard=False, log_to_driver=False)
    try:
        deploy(plan_of(load_configuration(), "charrnn"))
        yield port
        delete()
    finally:
        ray.shutdown()


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port: int = free.getsockname()[1]
    return port


def _await_ready(port: int) -> None:
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until:
        try:
            if httpx.get(f"http://127.0.0.1:{port}/health", trust_env=False).status_code == 200:
                return
        except httpx.TransportError:
            pass
        time.sleep(0.2)
    raise SystemExit(f"nothing is ready on port {port}")
