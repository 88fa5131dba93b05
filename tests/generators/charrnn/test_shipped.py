"""What the char-RNN that ships promises."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from generators import load
from generators.evaluation import nats_of
from generators.model import Model
from generators.places import shipped_directory
from generators.sampling import log_softmax
from generators.training import recipe_named
from generators.training.filters import cleaned
from generators.training.parting import held_out_documents
from generators.writing import Writer

HELD_OUT = 0.03  # as its card says
CORPORA = Path(__file__).parents[4] / "shared" / "corpora"
STORY = (
    "Once upon a time, there was a little girl named Lily. She loved to play in the garden with her dog.\n\n"
    'One day, she found a big red ball. "Look, Max!" she said. They played with the ball all day long.\n\n'
    "Lily was happy. She went home and told her mom about the ball. Her mom smiled and hugged her. The end."
)
# words of any simple story; a model that has learnt to spell uses them all the time
COMMON = (
    "a about after again all am an and as at away back be been before but by came can come could day did do down for "
    "from go good got had have he her here him his how i if in into is it little long looked made man me more much my "
    "no not now of off old on once one or other out over said saw see she so some that the their them then there they "
    "thing think this time to too two up upon very was way we went were what when where which while who will with "
    "would you your"
)


@pytest.fixture(scope="module")
def writer() -> Iterator[Writer]:
    writer = load("charrnn")
    yield writer
    writer.close()


@pytest.fixture(scope="module")
def model() -> Model[Any]:
    from generators.charrnn import load as load_charrnn
    from generators.charrnn import read_info

    directory = shipped_directory() / "charrnn"
    return load_charrnn(directory, read_info(directory, "charrnn", shipped=True))


def test_size() -> None:
    """The weights fit a repository and a quick download."""
    files = {path.name: path.stat().st_size for path in (shipped_directory() / "charrnn").iterdir()}

    assert files["model.safetensors"] < 10_000_000
    assert sum(files.values()) < 16_000_000


def test_info(writer: Writer) -> None:
    """It is shipped, has a version, and does not end a text in its first 100 characters unless asked to."""
    assert writer.info.shipped
    assert re.fullmatch(r"[0-9a-f]{12}", writer.info.version)
    assert (writer.info.max_tokens, writer.info.min_tokens) == (300, 100)


def test_writes_words(writer: Writer) -> None:
    """From an empty prompt it writes at least 100 characters, in words and sentences."""
    texts = [writer.write(seed=seed) for seed in range(5)]

    words = re.findall(r"[a-z']+", " ".join(texts).lower())
    assert all(100 <= len(text) <= 300 for text in texts)
    common = frozenset(COMMON.split())
    assert sum(word in common for word in words) / len(words) > 0.4
    assert re.search(r"[a-z]\. [A-Z]", " ".join(texts))


def test_ends(model: Model[Any]) -> None:
    """After a whole story the end is a thousand times as likely as in the middle of a word."""
    ids = [model.vocabulary.start, *model.vocabulary.encode(STORY)]

    logprobs = log_softmax(model.extend([model.start()], [ids], "all")[0])[:, model.vocabulary.end]

    assert logprobs[-1] - logprobs[-4] > np.log(1000)


def test_straight_from_curly(model: Model[Any]) -> None:
    """A prompt with typographic quotation marks is read as one with straight ones."""
    curly = model.extend([model.start()], [model.vocabulary.encode("“It’s me,” she said.")])
    straight = model.extend([model.start()], [model.vocabulary.encode('"It\'s me," she said.')])

    assert np.abs(log_softmax(curly) - log_softmax(straight)).max() < 1e-5


def test_equal_rows(model: Model[Any]) -> None:
    """Tokens that the text never had share one row, so that a step does not pay for them."""
    logits = model.extend([model.start()], [[model.vocabulary.start]])[0]

    most_common, count = Counter(logits.tolist()).most_common(1)[0]

    assert count > 150
    assert most_common < logits.max() - 5


def test_does_not_fade(model: Model[Any]) -> None:
    """The same held-out characters, at positions 1,000 to 2,000, are predicted no worse than at 100 to 200."""
    texts = [text for text in held_out("children_en") if len(text) >= 2000][:24]
    ids = [model.vocabulary.encode(text)[:2000] for text in texts]
    pieces = [tokens[start : start + 200] for tokens in ids for start in range(900, 1900, 100)]

    near = nats_up_to(model, pieces, 200) - nats_up_to(model, pieces, 100)
    far = nats_up_to(model, ids, 2000) - nats_up_to(model, ids, 1000)

    assert len(ids) >= 20
    assert far <= near


def held_out(*corpora: str) -> list[str]:
    """Documents that the model has not learnt from: the ends of its files."""
    sources = [CORPORA / f"{name}.txt" for name in corpora]
    if missing := [source.name for source in sources if not source.is_file()]:
        pytest.skip(f"{', '.join(missing)} not beside the checkout")
    ends = (document for source in sources for document in held_out_documents(source, HELD_OUT, None))
    return [document.text for document in cleaned(ends, recipe_named("charrnn").filters)]


def nats_up_to(model: Model[Any], texts: list[list[int]], end: int) -> float:
    """Summed loss of the first `end` characters of each text."""
    return nats_of(model, [[model.vocabulary.start, *ids[:end]] for ids in texts])[0]
