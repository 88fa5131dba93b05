"""The draws of one step, all texts at once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np

from generators.engine.texts import Text
from generators.engine.tokens import TokenTable
from generators.sampling import Floats, draw, filtered, log_normalisers

_NEVER: Final = np.float32(-np.inf)


def drawn(texts: Sequence[Text], logits: Floats, table: TokenTable) -> tuple[list[int], list[float]]:
    """A token for each text and the logarithm of its probability before any filter.

    Args:
        texts: each with its own settings.
        logits: float32 [texts, vocabulary]; not changed.
    """
    scores = logits + table.forbidden
    early = [place for place, text in enumerate(texts) if text.pieces < text.least]
    if early:
        scores[early, table.end] = _NEVER
    for place, allowed in [(place, text.allowed) for place, text in enumerate(texts) if text.allowed is not None]:
        scores[place, ~allowed] = _NEVER
    for place in [place for place, text in enumerate(texts) if text.filters is not None]:
        text = texts[place]
        if text.filters is not None:
            scores[place] = filtered(scores[place], text.filters, text.heat, text.ids)
    heats = np.array([text.heat for text in texts])
    uniforms = np.array([text.uniforms.at(text.drawn) for text in texts])
    tokens = draw(scores, heats, uniforms)
    logprobs = logits[np.arange(len(texts)), tokens] - log_normalisers(logits)
    return tokens.tolist(), logprobs.tolist()
