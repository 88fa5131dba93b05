"""The draws of one step, all texts at once."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final

import numpy as np

from generators.completion import Sampling
from generators.engine.texts import Text
from generators.engine.tokens import TokenTable
from generators.filtering import Filtered, draw_filtered
from generators.model import DeviceLogits
from generators.sampling import Floats, Ids, draw_freely, draw_freely_alone, log_normaliser, log_normalisers

WIDE: Final = 32_768  # tokens from which a row is drawn for while the cache has it
_NEVER: Final = np.float32(-np.inf)
_NONE: Final = Sampling()


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


def drawn(texts: Sequence[Text], logits: Floats, most: Floats, table: TokenTable) -> tuple[list[int], list[float]]:
    """A token for each text and the logarithm of its probability before any filter.

    Args:
        texts: each with its own settings.
        logits: float32 [texts, vocabulary]; not changed.
        most: each row's largest logit, all finite.
    """
    free = [place for place, text in enumerate(texts) if text.filters is None and text.allowed is None]
    if len(free) == len(texts):
        tokens, logprobs = _drawn_freely(texts, logits, most, table)
        return tokens.tolist(), logprobs.tolist()
    tokens, logprobs = np.empty(len(texts), np.int64), np.empty(len(texts), np.float32)
    if free:
        tokens[free], logprobs[free] = _drawn_freely([texts[place] for place in free], logits[free], most[free], table)
    bound = [place for place, text in enumerate(texts) if text.filters is not None or text.allowed is not None]
    if logits.shape[1] > WIDE:
        for place in bound:
            tokens[place], logprobs[place] = drawn_alone(texts[place], logits[place], most[place], table)
    else:
        tokens[bound] = _drawn_bound([texts[place] for place in bound], logits[bound], table)
        logprobs[bound] = logits[bound, tokens[bound]] - log_normalisers(logits[bound])
    return tokens.tolist(), logprobs.tolist()


def drawn_there(texts: Sequence[Text], logits: DeviceLogits, table: TokenTable) -> tuple[list[int], list[float]]:
    """`drawn` where the logits are; the log probability is NaN where they cannot be drawn from."""
    rows = [_filtered(text) for text in texts]
    endless = [place for place, text in enumerate(texts) if text.pieces < text.least]
    tokens, logprobs = logits.drawn(rows, table.never, table.end, endless)
    for place, text in enumerate(texts):
        if text.allowed is not None and math.isfinite(logprobs[place]):  # seldom: a few draws of a text with a guard
            row = logits[place]
            tokens[place], logprobs[place] = drawn_alone(text, row, row.max(), table)
    return tokens, logprobs


def drawn_alone(text: Text, logits: Floats, most: np.float32, table: TokenTable) -> tuple[int, float]:
    """`drawn` for one text, whose logits are [vocabulary]."""
    if text.filters is None and text.allowed is None:
        endless = text.pieces < text.least
        return draw_freely_alone(logits, most, table.never, endless, table.end, text.heat, text.uniforms.at(text.drawn))
    [token] = _drawn_bound([text], logits[None], table).tolist()
    return token, float(logits[token] - log_normaliser(logits, most))


def _drawn_freely(texts: Sequence[Text], logits: Floats, most: Floats, table: TokenTable) -> tuple[Ids, Floats]:
    heats = np.array([text.heat for text in texts])
    uniforms = np.array([text.uniforms.at(text.drawn) for text in texts])
    early = np.array([place for place, text in enumerate(texts) if text.pieces < text.least], np.int64)
    return draw_freely(logits, most, table.never, early, table.end, heats, uniforms)


def _drawn_bound(texts: Sequence[Text], logits: Floats, table: TokenTable) -> Ids:
    """Draws among what the texts' filters, and their guards, leave."""
    scores = logits.copy()
    scores[:, table.never] = _NEVER
    for place, text in enumerate(texts):
        if text.pieces < text.least:
            scores[place, table.end] = _NEVER
        if text.allowed is not None:
            scores[place, ~text.allowed] = _NEVER
    return draw_filtered(scores, [_filtered(text) for text in texts])


def _filtered(text: Text) -> Filtered:
    return Filtered(text.filters or _NONE, text.heat, text.ids, text.uniforms.at(text.drawn))
