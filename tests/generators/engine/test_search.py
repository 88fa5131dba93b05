"""The likeliest next units."""

from __future__ import annotations

import math
from collections import defaultdict
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from generators.completion import Unit
from generators.engine.search import BUDGET, Search
from generators.model import Model
from generators.sampling import log_softmax
from generators.scripted import Script
from generators.units import GRAMMARS, Cursor, Phase, UnitMap
from tests.fakes.models import byte_level, learnt, tiny

LEAST = 1e-6  # probability of what the slow search still follows


def searched(model: Model[Any], prompt: str, unit: Unit, n: int, **limits: int) -> Search:
    """A finished search after a prompt."""
    state = model.start()
    logits = model.extend([state], [[model.vocabulary.start, *model.vocabulary.encode(prompt)]])[0]
    search = Search(
        unit,
        n,
        state,
        logits,
        vocabulary=model.vocabulary,
        unit_map=UnitMap(model.vocabulary),
        fork=model.fork,
        **limits,
    )
    while rows := search.wanted():
        search.take(list(model.extend([state for state, _ in rows], [tokens for _, tokens in rows])))
    return search


def followed(model: Model[Any], prompt: str, unit: Unit) -> dict[str, float]:
    """The same by following every path that is likely enough: a unit's text to its probability."""
    found: defaultdict[str, float] = defaultdict(float)
    vocabulary = model.vocabulary

    def follow(state: Any, logits: Any, cursor: Cursor, probability: float) -> None:
        for token, logprob in enumerate(log_softmax(logits).tolist()):
            p = probability * math.exp(logprob)
            if p < LEAST:
                continue
            if token == vocabulary.end:
                found["" if cursor.phase is Phase.FRESH else cursor.text] += p
            elif vocabulary.bytes[token]:
                here = cursor.branch()
                if here.feed(vocabulary.bytes[token]) is not None:
                    found[here.text] += p
                else:
                    after = model.fork(state)
                    follow(after, model.extend([after], [[token]])[0], here, p)

    state = model.start()
    logits = model.extend([state], [[vocabulary.start, *vocabulary.encode(prompt)]])[0]
    follow(state, logits, Cursor(GRAMMARS[unit]), 1.0)
    return found


def probabilities(search: Search) -> dict[str, float]:
    return {each.text: math.exp(each.logprob) for each in search.alternatives()}


@pytest.mark.parametrize("prompt", ["", "the", "the ", "the d", "the dog", "the dog ran."])
@pytest.mark.parametrize("unit", [Unit.WORD, Unit.TOKEN])
@pytest.mark.parametrize("n", [1, 3, 8])
def test_the_same_as_following_everything(prompt: str, unit: Unit, n: int) -> None:
    """The n likeliest units have the probabilities that an endless search would find."""
    texts = ("the dog ran.", "the dog's ran, the cat sat", "the dot — then that", "this\n\nthat", "they ... ran")
    model = Script(texts=texts, order=2, smoothing=0.0).model()

    search = searched(model, prompt, unit, n)

    slow = followed(model, prompt, unit)
    best = sorted(slow.values(), reverse=True)[:n]
    found = probabilities(search)
    assert search.exact
    assert list(found.values())[: len(best)] == pytest.approx(best, abs=1e-5)
    for text, probability in list(found.items())[: len(best)]:
        assert probability == pytest.approx(slow[text], abs=1e-5)


@settings(max_examples=25, deadline=None)
@given(st.lists(st.text(alphabet="ab .é", min_size=1, max_size=12), min_size=1, max_size=4), st.integers(1, 5))
def test_any_texts(texts: list[str], n: int) -> None:
    """Whatever a model has learnt, a finished search gives what an endless one would, but for spellings below 1%."""
    model = Script(texts=tuple(texts), order=2, smoothing=0.0).model()

    search = searched(model, "", Unit.WORD, n)

    best = sorted(followed(model, "", Unit.WORD).values(), reverse=True)[:n]
    assert search.exact
    assert list(probabilities(search).values())[: len(best)] == pytest.approx(best, rel=2e-2, abs=1e-5)


def test_paths_that_spell_the_same() -> None:
    """A word's probability is that of all its spellings, and its token ids are the likeliest of them."""
    vocabulary = byte_level(("t", "h"), ("th", "e"))
    model = learnt(vocabulary, ("the",), ("the",), ("th", "e"), ("t", "h", "e"), ("t", "o"))

    (the, to) = searched(model, "", Unit.WORD, 2).alternatives()

    assert (the.text, to.text) == ("the", "to")
    assert math.exp(the.logprob) == pytest.approx(0.8, abs=1e-5)
    assert vocabulary.decode(the.token_ids) == "the"
    assert len(the.token_ids) == 1


def test_characters_of_several_tokens() -> None:
    """A character in bytes is completed before it is offered, and one that closes a word counts for that word."""
    vocabulary = byte_level(("h", "i"), ("â", "Ģ"))
    closed_quote = ("\xe2\x80", "\x9d")
    model = learnt(vocabulary, ("hi", *closed_quote), ("hi", *closed_quote), ("hi", "!"), ("hi", "\xe2\x80", "\x99"))

    words = probabilities(searched(model, "", Unit.WORD, 2))
    tokens = searched(model, "hi", Unit.TOKEN, 3).alternatives()

    assert words == {"hi": pytest.approx(0.75, abs=1e-5), "hi’": pytest.approx(0.25, abs=1e-5)}
    assert {each.text for each in tokens} == {"”", "!", "’"}
    assert [len(each.token_ids) for each in tokens if each.text != "!"] == [2, 2]


def test_tokens_across_a_border() -> None:
    """A token that ends one word and begins the next counts for the first, which is offered in tokens of its own."""
    vocabulary = byte_level((".", '"'))
    model = learnt(vocabulary, ('."',), ('."',), (".",))

    (stop,) = searched(model, "", Unit.WORD, 1).alternatives()

    assert stop.text == "."
    assert vocabulary.decode(stop.token_ids) == "."
    assert math.exp(stop.logprob) == pytest.approx(1, abs=1e-5)


def test_the_end() -> None:
    """The end is offered as such, also after white space, but not within a word, which it closes."""
    model = Script(texts=("a ", "a b", "a b"), order=8, smoothing=0.0).model()

    after = searched(model, "a", Unit.WORD, 2).alternatives()
    within = searched(model, "a b", Unit.WORD, 2).alternatives()

    assert [(each.text, each.end) for each in after] == [(" b", False), ("", True)]
    assert [math.exp(each.logprob) for each in after] == pytest.approx([2 / 3, 1 / 3], abs=1e-4)
    assert after[1].token_ids == (model.vocabulary.end,)
    assert within[0].end


def test_whitespace_then_the_end_is_the_end() -> None:
    """White space that nothing follows adds to the end's probability."""
    model = Script(texts=("a ",), order=8, smoothing=0.0).model()

    (end,) = searched(model, "a", Unit.WORD, 1).alternatives()

    assert end.end
    assert math.exp(end.logprob) == pytest.approx(1, abs=1e-4)


def test_the_end_after_more_white_space() -> None:
    """The end has the probability of all its spellings, however much white space they begin with."""
    model = Script(texts=("  ", "a   "), order=2, smoothing=0.0).model()

    found = probabilities(searched(model, "", Unit.WORD, 2))

    assert found == {"": pytest.approx(0.5, abs=0.005), "a": pytest.approx(0.5, abs=0.005)}


def test_the_budget() -> None:
    """Where everything is about as likely the search stops at its budget, and says that it is not certain."""
    model = tiny()

    search = searched(model, "", Unit.WORD, 5, budget=40)

    assert not search.exact
    assert len(search.alternatives()) == 5


def test_work_is_bounded() -> None:
    """No search reads more prefixes than its budget, nor more at a time than its width."""
    model, read = tiny(), 0
    state = model.start()
    logits = model.extend([state], [[model.vocabulary.start]])[0]
    search = Search(
        Unit.WORD, 20, state, logits, vocabulary=model.vocabulary, unit_map=UnitMap(model.vocabulary), fork=model.fork
    )

    while rows := search.wanted():
        assert len(rows) <= 16
        read += len(rows)
        search.take(list(model.extend([state for state, _ in rows], [tokens for _, tokens in rows])))

    assert read <= BUDGET


def test_probabilities_are_absolute() -> None:
    """What is offered never adds up to more than 1, and the order is that of the probabilities."""
    for seed in range(5):
        found = list(probabilities(searched(tiny(seed=seed), "Once", Unit.WORD, 10)).values())

        assert found == sorted(found, reverse=True)
        assert sum(found) <= 1 + 1e-5


def test_endless_words() -> None:
    """A word that would never end is cut where writing cuts it, or where the model's context ends."""
    model = learnt(byte_level(), tuple("a" * 400))

    own = searched(model, "a", Unit.WORD, 1)
    short = searched(model, "a", Unit.WORD, 1, longest=5)

    longest = GRAMMARS[Unit.WORD].longest
    assert max(len(each.text) for each in own.alternatives()) == longest
    assert max(len(each.text) for each in short.alternatives()) == 5
