"""Letters that follow each other as they do in one sentence: a generator as a package of its own."""

import numpy as np

from generators.charrnn.tokenizer import START_ID, tokenizer_of
from generators.completion import ModelInfo
from generators.single import SingleGenerator
from generators.vocabulary import Vocabulary

TEXT = "the table turns. it spells. the letters turn, and then it rests. it is there."


class Bigrams:
    """A model: a state is all that it knows of a text, here a list with the last token."""

    info = ModelInfo("bigrams", version="1", kind="bigrams", token="character", description="turns tables")

    def __init__(self, text):
        self.vocabulary = Vocabulary(tokenizer_of(sorted(set(text))), START_ID, START_ID)
        ids = [START_ID, *self.vocabulary.encode(text), START_ID]
        counts = np.full((self.vocabulary.size, self.vocabulary.size), 1e-3, np.float32)
        np.add.at(counts, (ids[:-1], ids[1:]), 1)
        self.logits = np.log(counts / counts.sum(axis=1, keepdims=True))

    def start(self):
        return [START_ID]

    def extend(self, states, tokens, logits="last"):
        for state, ids in zip(states, tokens, strict=True):
            state[0] = ids[-1]
        if logits == "all":
            return [self.logits[list(ids)] for ids in tokens]
        return self.logits[[ids[-1] for ids in tokens]]

    def fork(self, state):
        return list(state)

    def nbytes(self, state):
        return 64


def factory(settings):
    return SingleGenerator(Bigrams(TEXT), max_batch=settings.max_batch, queue_limit=settings.queue_limit)
