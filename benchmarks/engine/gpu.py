"""GPT-2 of 124 million weights on a GPU, on the clock: one text beside what memory allows, 256 beside transformers."""

from __future__ import annotations

import time
from collections.abc import Callable, Coroutine, Mapping, Sequence
from math import prod
from statistics import median
from typing import Any, Final

from benchmarks.engine.models import LARGE, gpt2
from benchmarks.engine.pieces import NEW, PROMPT, answered, transformers_peer
from benchmarks.engine.rows import Goal, Row
from benchmarks.engine.texts import Asked, asked, prompts, text_request, written
from benchmarks.measure import in_turn
from generators.completion import CompletionRequest
from generators.gpt2.configuration import Shape
from generators.local import LocalGenerator

DEVICE: Final = "cuda"
PRECISION: Final = "bf16"
BYTES: Final = 2  # of a weight in it
MANY: Final = 256  # texts
LAPS: Final = 16  # texts of a round, one after the other: one takes too few milliseconds to be measured alone
COPIED: Final = 1 << 30  # bytes: more than any GPU's cache keeps, and a start of the copy is less than 1 % of its time
COPIES: Final = 9  # of which the median counts, after one that does not


def one(rounds: int) -> list[Row]:
    """One text at a time, against reading the weights once for each token, which is the least that a step does."""
    read = read_for_a_token(Shape.of(LARGE))
    with asked(PRECISION, device=DEVICE) as ours:
        gpt2(ours.shelf, "large", LARGE)

        def mine() -> float:
            return _speed(ours, _one_after_another(ours.generator, _requests(LAPS)))

        speed, limit = in_turn((mine, lambda: bandwidth() / read), rounds)
    memory = f"its memory's {limit.median * read / 1e9:,.0f} GB/s over {read / 1e6:,.0f} MB of weights"
    return [Row(f"{_what()}, one text; {memory}: tokens/s", speed, limit, Goal(0.3, 0.5))]


def many(rounds: int) -> list[Row]:
    """256 texts in every step, against transformers' `generate` of as many in the same format."""
    with asked(PRECISION, device=DEVICE, max_batch=MANY) as ours, transformers_peer() as peer:
        directory = gpt2(ours.shelf, "large", LARGE)

        def mine() -> float:
            return _speed(ours, written(ours.generator, _requests(MANY)))

        def theirs() -> float:
            answer = answered(peer, directory, MANY, device=DEVICE, precision=PRECISION)
            return answer["tokens"] / answer["seconds"]

        speed, of_transformers = in_turn((mine, theirs), rounds)
    return [
        Row(f"{_what()}, {MANY} texts; transformers {PRECISION}: tokens/s", speed, of_transformers, Goal(3, 6)),
    ]


ROWS: Final[Mapping[str, Callable[[int], list[Row]]]] = {"gpu-1": one, f"gpu-{MANY}": many}


def lacking() -> str | None:
    """Why these rows cannot be measured here; None where they can."""
    import torch

    if torch.cuda.is_available():
        return None
    found = f"torch {torch.__version__} finds none"
    return f"rows on a GPU need one that torch can use, and {found}; docs/performance.md says more"


def read_for_a_token(shape: Shape) -> int:
    """Bytes of the weights that a step reads whole: the blocks' and the head's; of the embeddings it takes rows."""
    blocks = sum(prod(size) for name, size in shape.tensors().items() if name.startswith("h."))
    return BYTES * (blocks + shape.vocab_size * shape.width)


def bandwidth() -> float:
    """Bytes a second that the GPU's memory reads and writes while one large piece of it is copied to another."""
    import torch

    source = torch.empty(COPIED, dtype=torch.uint8, device=DEVICE).random_()
    target = torch.empty_like(source)
    laps = []
    for _ in range(1 + COPIES):
        begun, done = (torch.cuda.Event(enable_timing=True) for _ in range(2))  # type: ignore[no-untyped-call]
        begun.record()
        target.copy_(source)
        done.record()
        done.synchronize()
        laps.append(begun.elapsed_time(done))
    return moved_a_second(COPIED, laps[1:])


def moved_a_second(size: int, milliseconds: Sequence[float]) -> float:
    """Bytes read and bytes written a second by copies of so many bytes, which took so long each."""
    return 2 * size / (median(milliseconds) / 1_000)


def _what() -> str:
    import torch

    return f"GPT-2 124M ({PRECISION}) on {torch.cuda.get_device_name(DEVICE)}"


def _requests(texts: int) -> list[CompletionRequest]:
    return [text_request("large", each, NEW) for each in prompts(texts, PROMPT, LARGE["vocab_size"])]


def _speed(ours: Asked, writing: Coroutine[Any, Any, int]) -> float:
    """Tokens a second on the clock: the processor's time says nothing of a GPU's."""
    started = time.perf_counter()
    tokens = ours.waited(writing)
    return tokens / (time.perf_counter() - started)


async def _one_after_another(generator: LocalGenerator, requests: Sequence[CompletionRequest]) -> int:
    """Tokens of texts of which each has the generator to itself."""
    return sum([await written(generator, [request]) for request in requests])
