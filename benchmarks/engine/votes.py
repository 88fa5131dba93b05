"""What a vote costs: the next tokens of a story that goes on, and words against a token of a text."""

from __future__ import annotations

import time

from benchmarks.engine.models import LARGE, gpt2
from benchmarks.engine.pieces import precision, transformers_peer
from benchmarks.engine.rows import Goal, Row
from benchmarks.engine.texts import Asked, asked, prompts, text_request
from benchmarks.measure import in_turn
from generators.candidates import candidates
from generators.completion import Unit

STORY = 200  # tokens
VOTES = 8  # one after the other, as a story goes
STEPS = 32  # tokens of a text, each of which is a step
SHOWN = 5  # alternatives


def token(rounds: int) -> list[Row]:
    """The next vote of a story whose text before has been read, against transformers reading all of it."""
    with asked(precision()) as ours, transformers_peer() as peer:
        directory = gpt2(ours.shelf, "large", LARGE)

        def theirs() -> float:
            (story,) = prompts(1, STORY, LARGE["vocab_size"])
            answer = peer.ask(task="vote", model=str(directory), story=story, times=2)
            return answer["votes"] / answer["cpu_seconds"]

        mine, peers = in_turn((lambda: 1 / ours.waited(_vote(ours, Unit.TOKEN)), theirs), rounds)
    what = f"GPT-2 124M ({precision()}), next vote in a story of {STORY} tokens"
    return [Row(f"{what}; transformers, whole story again: votes/s", mine, peers, Goal(15, 25))]


def words(rounds: int) -> list[Row]:
    """Five words that are certain, against a token of one text, both by us."""
    with asked(precision()) as ours:
        gpt2(ours.shelf, "large", LARGE)

        def step() -> float:
            (prompt,) = prompts(1, STORY, LARGE["vocab_size"])
            once = text_request("large", prompt, 1)  # reads the prompt, which is kept
            again = text_request("large", prompt, STEPS + 1)
            ours.speed([once])
            return 1_000 / ours.speed([again])

        mine, steps = in_turn((lambda: 1_000 * ours.waited(_vote(ours, Unit.WORD)), step), rounds)
    what = f"GPT-2 124M ({precision()}), {SHOWN} exact words in a story of {STORY} tokens"
    return [Row(f"{what}; a token of a text there: CPU ms", mine, steps, Goal(6, 4, below=True))]


async def _vote(ours: Asked, unit: Unit) -> float:
    """Mean CPU seconds of a story's votes, each after the winner of the one before.

    Raises:
        RuntimeError: an answer was not certain, so that it cost less than it should.
    """
    (ids,) = prompts(1, STORY, LARGE["vocab_size"])
    story = tuple(ids)
    offered = await candidates(ours.generator, model="large", prompt=story, unit=unit, n=SHOWN)
    started = time.process_time()
    for _ in range(VOTES):
        story += offered.alternatives[0].token_ids
        offered = await candidates(ours.generator, model="large", prompt=story, unit=unit, n=SHOWN)
        if not offered.exact:
            raise RuntimeError("the search for words ran out of its budget")
    return (time.process_time() - started) / VOTES
