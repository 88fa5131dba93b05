"""Writing with a streaming char-RNN in NumPy: a step of many texts at once, or of one text as fast as memory allows."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise
from typing import Final, Literal, overload

import numpy as np

from generators.charrnn.cells import CELLS
from generators.charrnn.folding import Array, Shape, is_tabled, layers_of
from generators.charrnn.heads import Packed, head_of
from generators.charrnn.inputs import Inputs
from generators.completion import ModelInfo
from generators.model import Logits
from generators.vocabulary import Vocabulary

CHUNK: Final = 256  # tokens of a text that are read side by side; bounds the memory of long prompts


class TextState:
    """What a text has been through: one row of numbers, which may be a view into a batch of such rows.

    A row is the input's features (where no table has them), every layer's hidden state, the head's state, every
    layer's cell state (LSTM), and the labels' sum where it is not among the input's features.
    """

    __slots__ = ("row",)

    def __init__(self, row: Array) -> None:
        self.row = row


class CharRNN:
    """A loaded char-RNN: `generators.model.Model`, by arithmetic that is the torch model's within 1e-5.

    Args:
        info: what it says about itself.
        vocabulary: its tokens.
        shape: sizes and decay; without a window.
        tensors: checked, float32.
    """

    def __init__(self, info: ModelInfo, vocabulary: Vocabulary, shape: Shape, tensors: Mapping[str, Array]) -> None:
        self._info = info
        self._vocabulary = vocabulary
        self._layers = layers_of(shape, tensors)
        self._cell = CELLS[shape.cell]
        self._head = head_of(shape, tensors)
        tabled = is_tabled(shape)
        self._front = shape.embedding_size if shape.labels or not tabled else 0
        ends = (self._front + np.cumsum((0, *shape.hidden_sizes))).tolist()
        self._features: int = ends[-1]
        self._hidden = [slice(start, end) for start, end in pairwise(ends)]
        # a GRU has no cells; its hidden state stands in unused
        units = sum(shape.hidden_sizes) if shape.cell == "lstm" else 0
        shift = self._features - self._front + self._head.size if units else 0
        self._cells = [slice(hidden.start + shift, hidden.stop + shift) for hidden in self._hidden]
        size = self._features + self._head.size + units
        kept = slice(size, size + (shape.embedding_size if shape.labels and not tabled else 0))
        self._front_inputs = Inputs(shape, tensors, vocabulary.start, kept) if self._front else None
        self._start = np.zeros(kept.stop, np.float32)
        self._head.begin(self._start[self._features : self._features + self._head.size])
        # what a layer reads: its own hidden state, behind what stands below it, which has just been written
        below = [slice(0, self._front), *self._hidden]
        self._inputs = [slice(below[layer].start, hidden.stop) for layer, hidden in enumerate(self._hidden)]
        self._lone = self._start, self._alone(self._start)
        self._batch = np.empty((0, len(self._start)), np.float32)
        self._batched: list[TextState] = []

    @property
    def info(self) -> ModelInfo:
        return self._info

    @property
    def vocabulary(self) -> Vocabulary:
        return self._vocabulary

    def start(self) -> TextState:
        """The state before any token."""
        return TextState(self._start.copy())

    def fork(self, state: TextState) -> TextState:
        """A copy that goes its own way; its row stands alone, so it keeps no batch alive."""
        return TextState(state.row.copy())

    def nbytes(self, state: TextState) -> int:
        """Memory that a forked state holds, in bytes; 160 of them are Python's."""
        return state.row.nbytes + 160

    def vector(self, state: TextState) -> Array:
        """The running average so far, or the last layer's output where there is none; see `Embeds.vector`."""
        average = slice(self._features, self._features + self._head.size - 1)  # the last number is a weight
        return state.row[average if self._head.size else self._hidden[-1]].copy()

    @overload
    def extend(self, states: Sequence[TextState], tokens: Sequence[Sequence[int]]) -> Logits: ...
    @overload
    def extend(
        self, states: Sequence[TextState], tokens: Sequence[Sequence[int]], logits: Literal["last"]
    ) -> Logits: ...
    @overload
    def extend(
        self, states: Sequence[TextState], tokens: Sequence[Sequence[int]], logits: Literal["all"]
    ) -> list[Logits]: ...
    def extend(
        self, states: Sequence[TextState], tokens: Sequence[Sequence[int]], logits: Literal["last", "all"] = "last"
    ) -> Logits | list[Logits]:
        """Takes each state further by its tokens (at least one each), in place; see `Model.extend`."""
        if len(states) == 1 and len(tokens[0]) == 1:
            row = states[0].row
            if row is not self._lone[0]:  # the same text mostly goes on
                self._lone = row, self._alone(row)
            answer = self._lone[1](tokens[0][0])[None]
        elif max(map(len, tokens)) > 1:
            return self._read(states, tokens, logits == "all")
        else:
            answer = self._step(self._rows(states), [ids[0] for ids in tokens])
        return answer if logits == "last" else list(answer[:, None])

    def _alone(self, row: Array) -> Callable[[int], Logits]:
        """A step of the one text whose row this is: products of vectors, which read each weight once."""
        inputs, head = self._front_inputs, self._head.alone(row)
        layers = []
        for index, layer in enumerate(self._layers):
            gates = np.empty(layer.product.shape[1], np.float32)
            cell = self._cell(gates, row[self._hidden[index]], row[self._cells[index]])
            layers.append((row[self._inputs[index]], layer.product, gates, layer.table, layer.bias, cell))

        def step(token: int) -> Logits:
            if inputs is not None:
                inputs.alone(row, token)
            for below, product, gates, table, bias, cell in layers:
                np.dot(below, product, gates)
                np.add(gates, bias if table is None else table[token], gates)
                cell()
            return head(token)

        return step

    def _step(self, rows: Array, ids: list[int]) -> Logits:
        """One token of each row, in place."""
        if self._front_inputs is not None:
            self._front_inputs.step(rows, ids)
        at = np.array(ids)
        for index, layer in enumerate(self._layers):
            gates = rows[:, self._inputs[index]] @ layer.product
            gates += layer.bias if layer.table is None else layer.table[at]
            self._cell(gates, rows[:, self._hidden[index]], rows[:, self._cells[index]])()
        return self._head.step(rows, at)

    def _rows(self, states: Sequence[TextState]) -> Array:
        """The states' rows as one array, whose rows they become views of.

        Texts mostly come in the order of the step before: then the array is there already.
        """
        if len(states) != len(self._batched) or any(a is not b for a, b in zip(states, self._batched, strict=True)):
            self._batch = np.concatenate([state.row for state in states]).reshape(len(states), -1)
            self._batched = list(states)
            for state, row in zip(states, self._batch, strict=True):
                state.row = row
        return self._batch

    def _read(self, states: Sequence[TextState], tokens: Sequence[Sequence[int]], every: bool) -> Logits | list[Logits]:
        """Chunks of prompts beside single tokens, `CHUNK` tokens of each text at a time."""
        parts: list[list[Logits]] = [[] for _ in states]
        for start in range(0, max(map(len, tokens)), CHUNK):
            going = [text for text, ids in enumerate(tokens) if len(ids) > start]
            chunk = [tokens[text][start : start + CHUNK] for text in going]
            for text, rows in zip(going, self._read_chunk([states[text] for text in going], chunk, every), strict=True):
                parts[text] = [*parts[text], rows] if every else [rows]
        if every:
            return [np.concatenate(rows) for rows in parts]
        return np.concatenate([rows[0] for rows in parts])

    def _read_chunk(self, states: Sequence[TextState], tokens: Sequence[Sequence[int]], every: bool) -> list[Logits]:
        """Layer by layer, so that a layer's input products are one product over all tokens.

        Tokens are packed by time and within a time by text, the longest text first: the texts that still go on at a
        time are then the first rows, and nothing is padded.
        """
        longest_first = sorted(range(len(states)), key=lambda text: -len(tokens[text]))
        rows = np.stack([states[text].row for text in longest_first])
        chunks = [tokens[text] for text in longest_first]
        packed, going = _packed(chunks)
        features = np.empty((len(packed.at), self._features), np.float32)
        if self._front_inputs is not None:
            features[:, : self._front] = self._front_inputs.read(rows, chunks, packed)
        for index, (layer, hidden) in enumerate(zip(self._layers, self._hidden, strict=True)):
            below = features[:, self._inputs[index].start : hidden.start]
            split = below.shape[1]
            if layer.table is None:
                gates = below @ layer.product[:split]
                gates += layer.bias
            else:
                gates = layer.table[packed.at]
                if split:
                    gates += below @ layer.product[:split]
            of_state = layer.product[split:]
            h, c = rows[:, hidden].copy(), rows[:, self._cells[index]]
            for now, texts in zip(packed.times, going, strict=True):
                gates[now] += h[:texts] @ of_state
                self._cell(gates[now], h[:texts], c[:texts])()
                features[now, hidden] = h[:texts]
            rows[:, hidden] = h
        logits = self._head.read(features, rows, packed, every)

        answers: list[Logits] = [self._start] * len(states)
        starts = np.array([now.start for now in packed.times])
        for rank, text in enumerate(longest_first):
            states[text].row[:] = rows[rank]
            answers[text] = logits[starts[: len(tokens[text])] + rank] if every else logits[rank : rank + 1]
        return answers


def _packed(chunks: Sequence[Sequence[int]]) -> tuple[Packed, list[int]]:
    """Chunks of tokens, the longest first, side by side; and how many of them go on at each time."""
    lengths = np.array([len(ids) for ids in chunks])
    going = (lengths[None, :] > np.arange(lengths[0])[:, None]).sum(axis=1).tolist()
    ends = np.cumsum(going).tolist()
    times = [slice(end - texts, end) for end, texts in zip(ends, going, strict=True)]
    at = np.array([chunks[text][time] for time, texts in enumerate(going) for text in range(texts)])
    starts = np.array(ends) - going
    return Packed(at, times, starts[lengths - 1] + np.arange(len(chunks))), going
