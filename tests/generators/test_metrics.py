"""What Prometheus is told."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from prometheus_client.parser import text_string_to_metric_families

from generators.completion import CompletionRequest, Finished
from generators.engine import Engine
from generators.engine.meter import METERS, Buckets
from generators.errors import ModelFailed
from generators.metrics import Trainings, exposition
from generators.scripted import Script
from tests.generators.engine.test_faults import Short

NAME = "counted"


@pytest.fixture
def engine() -> Iterator[Engine]:
    engine = Engine(Script(name=NAME, texts=("Once upon a time there was a table.",)).model())
    yield engine
    engine.close()


def told(name: str = NAME, *further: Trainings) -> dict[tuple[str, str], float]:
    """Samples of a model and of no model, by their name and the label that tells them apart."""
    found = {}
    for family in text_string_to_metric_families(exposition(*further).decode()):
        for sample in family.samples:
            if sample.labels.pop("model", name) == name:
                found[sample.name, ",".join(sample.labels.values())] = sample.value
    return found


async def write(engine: Engine, prompt: str, tokens: int, n: int = 1) -> None:
    request = CompletionRequest(model=NAME, prompt=prompt, max_tokens=tokens, min_tokens=tokens, n=n, seed=1)
    async with engine.complete(request) as events:
        assert len([event async for event in events if isinstance(event, Finished)]) == n


async def test_texts_are_counted(engine: Engine) -> None:
    """Tokens, prompts that were read or found, steps and waits of a model are counted."""
    await write(engine, "Once", 5, n=2)
    before = told()
    await write(engine, "Once", 5)

    after = told()
    assert after["planchette_tokens_total", ""] == 15
    assert before["planchette_prompt_tokens_total", "no"] == 5  # the start and four letters
    assert after["planchette_prompt_tokens_total", "no"] == 5
    assert after["planchette_prompt_tokens_total", "yes"] == 5
    assert after["planchette_queue_seconds_count", ""] == 2
    assert after["planchette_first_token_seconds_count", ""] == 2
    assert after["planchette_step_seconds_sum", ""] > before["planchette_step_seconds_sum", ""] > 0
    assert after["planchette_batch_size_count", ""] == after["planchette_step_seconds_count", ""]
    assert after["planchette_live_texts", ""] == 0
    assert after["planchette_prefix_cache_bytes", ""] > 0
    assert after["process_resident_memory_bytes", ""] > 1_000_000


async def test_faults_are_counted() -> None:
    """Requests that a fault ended, and steps for which memory did not suffice, are counted; so is what a step takes."""
    failed, shortages = "planchette_failed_requests_total", "planchette_memory_shortages_total"
    at_first = told("tiny")  # other tests' engines of that name have counted, too
    engine = Engine(Short(0), max_batch=8)
    with pytest.raises(ModelFailed):
        await write(engine, "Once", 5)

    before = told("tiny")
    engine.close()
    after = told("tiny")

    assert [before[name, ""] - at_first.get((name, ""), 0) for name in (failed, shortages)] == [1, 2]
    assert before["planchette_batch_limit", ""] - after["planchette_batch_limit", ""] == 1
    assert after[shortages, ""] == before[shortages, ""]


async def test_counters_outlive_an_engine() -> None:
    """What was counted stays when a model is given up and loaded again, while its memory and its texts are gone."""
    counts = []
    for _ in range(2):
        engine = Engine(Script(name="outliving", texts=("Once upon a time.",)).model())
        await write(engine, "Once", 5)
        engine.close()
        (meter,) = [meter for meter in METERS.by_model() if meter.model == "outliving"]
        counts.append((meter.tokens, meter.kept, meter.texts))

    assert counts == [(5, 0, 0), (10, 0, 0)]


def test_trainings() -> None:
    """Trainings are counted by their state."""
    found = told(NAME, Trainings(["running", "queued", "queued"]))

    assert (found["planchette_trainings", "running"], found["planchette_trainings", "queued"]) == (1, 2)


def test_buckets() -> None:
    """A value on a bound counts below it, and one beyond all bounds is counted, too."""
    buckets = Buckets((1.0, 2.0))

    for value in (0.5, 1.0, 1.5, 9.0):
        buckets.observe(value)

    assert (buckets.counts, buckets.sum) == ([2, 1, 1], 12.0)
