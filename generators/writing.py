"""Writing one text with a loaded model, for whoever can wait for it."""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from generators.completion import Sampling
from generators.model import Model
from generators.sampling import Uniforms, draw, filtered, is_filtered, temperature_at

LOOKED_BACK: Final = 512  # tokens that the repetition penalty sees


def written(
    model: Model[Any], prompt: str, sampling: Sampling, max_tokens: int, min_tokens: int, seed: int
) -> list[int]:
    """Token ids of a text after a prompt, without its end: drawn as the engine draws choice 0 of a request.

    Args:
        model: not used by anyone else meanwhile.
        prompt: what the text goes on from.
        sampling: how tokens are drawn.
        max_tokens: length of the text.
        min_tokens: tokens before the model may end it.
        seed: decides the text.
    """
    vocabulary = model.vocabulary
    uniforms = Uniforms(seed, 0)
    state = model.start()
    prompt_ids = vocabulary.encode(prompt)
    scores = model.extend([state], [[vocabulary.start, *prompt_ids]])
    forbidden = [token for token in vocabulary.special if token != vocabulary.end]
    ids: list[int] = []
    while len(ids) < max_tokens:
        at = len(ids)
        scores[0, forbidden] = -np.inf
        if at < min_tokens:
            scores[0, vocabulary.end] = -np.inf
        temperature = temperature_at(sampling.temperature, at)
        if is_filtered(sampling):
            recent = [*prompt_ids, *ids][-LOOKED_BACK:]
            scores = filtered(scores[0], sampling, temperature, recent)[None]
        token = int(draw(scores, np.array([temperature]), np.array([uniforms.at(at)]))[0])
        if token == vocabulary.end:
            break
        ids.append(token)
        scores = model.extend([state], [[token]])
    return ids
