"""The model's states: kept where a text may be asked for again, and found by whoever begins alike."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from generators.engine.faults import Shortages
from generators.engine.prefixes import PrefixCache
from generators.engine.voices import Voice
from generators.model import Model, OutOfMemory
from generators.sampling import Floats


class Past(NamedTuple):
    """What a text begins with.

    Attributes:
        state: its own, to be changed.
        length: tokens that the state has been through.
        logits: after these; None where there are none.
    """

    state: Any
    length: int
    logits: Floats | None


class States:
    """The states of one model.

    Args:
        model: copies them.
        cache: of those that are kept.
        shortages: where there is no memory for a copy.
    """

    def __init__(self, model: Model[Any], cache: PrefixCache[Any], shortages: Shortages) -> None:
        self._model = model
        self._cache = cache
        self._shortages = shortages

    def past(self, voice: Voice, tokens: Sequence[int]) -> Past:
        """A state that has been through as much of these tokens as is kept."""
        kept = self._cache.longest(voice.number, tokens)
        if kept is None:
            return Past(voice.start(), 0, None)
        return Past(self._model.fork(kept.state), kept.length, kept.logits)

    def keep(self, voice: Voice, tokens: Sequence[int], state: Any, logits: Floats) -> None:
        """Keeps a copy of a state that has been through these tokens, as far as memory suffices."""
        try:
            kept = self._model.fork(state)
        except OutOfMemory:
            self._shortages.make_do()
        else:
            self._cache.keep(voice.number, tokens, kept, logits, self._model.nbytes(kept))
