"""States found again by their tokens."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from generators.engine.prefixes import OVERHEAD, PrefixCache

LOGITS = np.zeros(4, np.float32)
IDS = st.lists(st.integers(0, 2**31 - 1) | st.integers(0, 2), max_size=6)


def kept(cache: PrefixCache[str], tokens: list[int]) -> str | None:
    found = cache.longest(0, tokens)
    return None if found is None else found.state


@given(st.lists(IDS, max_size=25), IDS)
def test_the_longest_prefix(texts: list[list[int]], wanted: list[int]) -> None:
    """The longest prefix of the wanted tokens is found among whatever is kept."""
    cache: PrefixCache[str] = PrefixCache(1 << 20)
    for text in texts:
        cache.keep(0, text, str(text), LOGITS, 1)

    found = cache.longest(0, wanted)

    prefixes = [text for text in texts if wanted[: len(text)] == text]
    assert (found is None) == (not prefixes)
    if found is not None:
        longest = max(prefixes, key=len)
        assert (found.length, found.state) == (len(longest), str(longest))


@given(st.lists(st.tuples(IDS, st.integers(0, 3000)), max_size=40))
def test_memory_is_bounded(entries: list[tuple[list[int], int]]) -> None:
    """Never more bytes are in use than there are, and what is dropped is not found."""
    cache: PrefixCache[str] = PrefixCache(5000)
    for tokens, nbytes in entries:
        cache.keep(0, tokens, str(tokens), LOGITS, nbytes)

        assert 0 <= cache.nbytes <= 5000
    assert cache.nbytes >= len(cache) * OVERHEAD


def test_the_least_recently_used_goes() -> None:
    """Using an entry keeps it, and the one that nobody used for longest makes room."""
    size = 1 + LOGITS.nbytes + 2 * 4 + OVERHEAD  # the owner and a token
    cache: PrefixCache[str] = PrefixCache(3 * size)
    for token in (1, 2, 3):
        cache.keep(0, [token], str(token), LOGITS, 1)

    cache.longest(0, [1, 9])
    cache.keep(0, [4], "4", LOGITS, 1)

    assert [kept(cache, [token]) for token in (1, 2, 3, 4)] == ["1", None, "3", "4"]


def test_owners() -> None:
    """Nobody finds what another owner has read, also where one has read nothing at all."""
    cache: PrefixCache[str] = PrefixCache(1 << 20)
    cache.keep(1, [5, 6], "one's", LOGITS, 1)
    cache.keep(1, [], "one's nothing", LOGITS, 1)
    cache.keep(2, [5], "two's", LOGITS, 1)

    found = [cache.longest(owner, [5, 6, 7]) for owner in (0, 1, 2, 3)]

    assert [each and each.state for each in found] == [None, "one's", "two's", None]


def test_what_is_too_large_is_not_kept() -> None:
    """A state larger than the whole cache pushes nothing out."""
    cache: PrefixCache[str] = PrefixCache(1000)
    cache.keep(0, [1], "small", LOGITS, 1)

    cache.keep(0, [2], "large", LOGITS, 5000)

    assert kept(cache, [1]) == "small"
    assert kept(cache, [2]) is None


def test_logits_are_copied() -> None:
    """What a model does with its buffer afterwards does not reach what is kept."""
    cache: PrefixCache[str] = PrefixCache(1000)
    logits = np.zeros(4, np.float32)
    cache.keep(0, [1], "state", logits, 1)

    logits[:] = 7

    found = cache.longest(0, [1])
    assert found is not None
    assert found.logits.tolist() == [0, 0, 0, 0]


def test_keeping_again() -> None:
    """The newer state of the same tokens takes the place of the older."""
    cache: PrefixCache[str] = PrefixCache(1000)

    cache.keep(0, [1], "old", LOGITS, 1)
    before = cache.nbytes
    cache.keep(0, [1], "new", LOGITS, 1)

    assert (len(cache), cache.nbytes) == (1, before)
    assert kept(cache, [1]) == "new"


@settings(deadline=None)
@given(st.lists(st.tuples(st.integers(0, 3), IDS), max_size=25))
def test_forgetting(entries: list[tuple[int, list[int]]]) -> None:
    """What an owner that is forgotten had is gone with its memory, and the others' is still found."""
    cache: PrefixCache[int] = PrefixCache(1 << 20)
    others: PrefixCache[int] = PrefixCache(1 << 20)
    for owner, tokens in entries:
        cache.keep(owner, tokens, owner, LOGITS, 1)
        if owner != 1:
            others.keep(owner, tokens, owner, LOGITS, 1)

    cache.forget(1)

    assert (len(cache), cache.nbytes) == (len(others), others.nbytes)
    for owner, tokens in entries:
        found, wanted = cache.longest(owner, tokens), others.longest(owner, tokens)
        assert (found is None) == (wanted is None) == (owner == 1)
    cache.clear()
    assert (len(cache), cache.nbytes) == (0, 0)
    assert all(cache.longest(owner, tokens) is None for owner, tokens in entries)
