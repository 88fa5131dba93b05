"""GPT-2 of 124 million weights against transformers and CTranslate2: a prompt of 16 tokens, 32 new ones."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from functools import cache, partial
from pathlib import Path

from benchmarks.engine.models import LARGE, gpt2
from benchmarks.engine.rows import Goal, Row
from benchmarks.engine.texts import TOP_K, asked, prompts, text_request
from benchmarks.measure import in_turn
from benchmarks.peers import Peer
from generators.gpt2.configuration import Shape

PROMPT, NEW = 16, 32  # tokens


def writing(texts: int, transformers: Goal, ctranslate2: Goal) -> Callable[[int], list[Row]]:
    """The rows of so many texts at once, with what each peer is to be left behind by."""
    return partial(_rows, texts, transformers, ctranslate2)


def transformers_peer() -> Peer:
    """In a process of its own, in our own environment: so it has the same torch, with CUDA where ours has it."""
    return Peer("transformers", "transformers_writing.py")


@cache
def precision() -> str:
    """The number format that «auto» takes here."""
    import torch

    from generators.gpt2.precision import chosen

    return chosen(Shape.of(LARGE), torch.device("cpu"), threads=1)


def _rows(texts: int, transformers: Goal, ctranslate2: Goal, rounds: int) -> list[Row]:
    with ExitStack() as stack:
        ours = stack.enter_context(asked(precision()))
        directory = gpt2(ours.shelf, "large", LARGE)
        plain = stack.enter_context(transformers_peer())
        packed = stack.enter_context(
            Peer("ctranslate2", "ctranslate2_writing.py", ("ctranslate2==4.*", "safetensors", "numpy"))
        )

        def mine() -> float:
            requests = [text_request("large", each, NEW) for each in prompts(texts, PROMPT, LARGE["vocab_size"])]
            return ours.speed(requests)

        sides = (mine, partial(_speed, plain, directory, texts), partial(_speed, packed, directory, texts))
        speed, of_transformers, of_ctranslate2 = in_turn(sides, rounds)
    what = f"GPT-2 124M ({precision()}), {'one text' if texts == 1 else f'{texts} texts'}"
    return [
        Row(f"{what}; transformers fp32: tokens/s", speed, of_transformers, transformers),
        Row(f"{what}; CTranslate2 int8: tokens/s", speed, of_ctranslate2, ctranslate2),
    ]


def answered(peer: Peer, directory: Path, texts: int, **how: str) -> dict[str, float]:
    """What a peer says of writing so many texts; `how` goes into the question."""
    return peer.ask(
        task="write",
        model=str(directory),
        prompts=prompts(texts, PROMPT, LARGE["vocab_size"]),
        tokens=NEW,
        top_k=TOP_K,
        **how,
    )


def _speed(peer: Peer, directory: Path, texts: int) -> float:
    """A peer's tokens per CPU second."""
    answer = answered(peer, directory, texts)
    return answer["tokens"] / answer["cpu_seconds"]
