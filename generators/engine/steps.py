"""The draws of one step, all texts at once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np

from generators.engine.texts import Text
from generators.engine.tokens import TokenTable
from generators.sampling import Floats, Ids, draw, draw_one, remaining

_NEVER: Final = np.float32(-np.inf)


class NotFinite(ArithmeticError):
    """A model has answered with numbers that nothing can be drawn from; its weights are damaged."""

    def __str__(self) -> str:
        return "its answer is NaN or infinite; import or train it again"


def check(answers: Sequence[Floats]) -> None:
    """Refuses logits, a row or several each, that are no distribution.

    Raises:
        NotFinite: a row holds NaN, an infinite logit, or only ones of minus infinity.
    """
    for logits in answers:
        if not np.isfinite(logits.max(axis=-1)).all():
            raise NotFinite


def drawn(
    texts: Sequence[Text], logits: Floats, normalisers: Floats, table: TokenTable
) -> tuple[list[int], list[float]]:
    """A token for each text and the logarithm of its probability before any filter.

    Args:
        texts: each with its own settings.
        logits: float32 [texts, vocabulary]; not changed.
        normalisers: of the logits, all finite.
    """
    scores = logits + table.forbidden
    early = [place for place, text in enumerate(texts) if text.pieces < text.least]
    if early:
        scores[early, table.end] = _NEVER
    for place, allowed in [(place, text.allowed) for place, text in enumerate(texts) if text.allowed is not None]:
        scores[place, ~allowed] = _NEVER
    plain = [place for place, text in enumerate(texts) if text.filters is None]
    if len(plain) == len(texts):
        tokens = _drawn_plainly(texts, scores)
    else:
        tokens = np.empty(len(texts), np.int64)
        if plain:
            tokens[plain] = _drawn_plainly([texts[place] for place in plain], scores[plain])
        for place in [place for place, text in enumerate(texts) if text.filters is not None]:
            tokens[place] = _drawn_filtered(texts[place], scores[place])
    logprobs = logits[np.arange(len(texts)), tokens] - normalisers
    return tokens.tolist(), logprobs.tolist()


def _drawn_plainly(texts: Sequence[Text], scores: Floats) -> Ids:
    heats = np.array([text.heat for text in texts])
    uniforms = np.array([text.uniforms.at(text.drawn) for text in texts])
    return draw(scores, heats, uniforms)


def _drawn_filtered(text: Text, scores: Floats) -> int:
    """Filters leave a few tokens, among which the draw costs next to nothing."""
    assert text.filters is not None
    ids, few = remaining(scores, text.filters, text.heat, text.ids)
    return int(ids[draw_one(few, text.heat, text.uniforms.at(text.drawn))])
