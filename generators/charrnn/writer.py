"""Writing with a char-RNN in NumPy: a step of many texts at once, or of one text as fast as memory allows."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise
from typing import Final, Literal, overload

import numpy as np

from generators.charrnn.cells import CELLS
from generators.charrnn.folding import Array, Folded, Shape
from generators.completion import ModelInfo
from generators.model import Logits
from generators.vocabulary import Vocabulary

CHUNK: Final = 256  # tokens of a text that are read side by side; bounds the memory of long prompts


class TextState:
    """What a text has been through: one row of numbers, which may be a view into a batch of such rows.

    A row is every layer's hidden state, every layer's cell state (LSTM), the running average, and the logarithm of the
    weights behind it.
    """

    __slots__ = ("row",)

    def __init__(self, row: Array) -> None:
        self.row = row


class CharRNN:
    """A loaded char-RNN: `generators.model.Model`, by arithmetic that is the torch model's within 1e-5.

    Args:
        info: what it says about itself.
        vocabulary: its tokens.
        shape: sizes and decay.
        weights: the tensors, folded for this.
    """

    def __init__(self, info: ModelInfo, vocabulary: Vocabulary, shape: Shape, weights: Folded) -> None:
        self._info = info
        self._vocabulary = vocabulary
        self._weights = weights
        self._cell = CELLS[shape.cell]
        self._log_decay = math.log(shape.attention_decay)
        ends = np.cumsum((0, *shape.hidden_sizes)).tolist()
        self._units: int = ends[-1]
        self._hidden = [slice(start, end) for start, end in pairwise(ends)]
        shift = self._units if shape.cell == "lstm" else 0  # a GRU has no cells; its hidden state stands in unused
        self._cells = [slice(start + shift, end + shift) for start, end in pairwise(ends)]
        self._average = slice(self._units + shift, self._units + shift + weights.width)
        self._start = np.zeros(self._average.stop + 1, np.float32)
        self._start[-1] = -np.inf  # no token has any weight yet
        # what a layer reads: its own hidden state, behind that of the layer below, which has just been written
        self._inputs = [slice(self._hidden[max(layer - 1, 0)].start, h.stop) for layer, h in enumerate(self._hidden)]
        self._gates = [np.empty(4 * size, np.float32) for size in shape.hidden_sizes]
        self._head = np.empty(2 * weights.width + 1, np.float32)
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
        if max(map(len, tokens)) > 1:
            return self._read(states, tokens, logits == "all")
        if len(states) == 1:
            answer = self._step_alone(states[0].row, tokens[0][0])[None]
        else:
            answer = self._step(self._rows(states), [ids[0] for ids in tokens])
        return answer if logits == "last" else list(answer[:, None])

    def _step_alone(self, row: Array, token: int) -> Logits:
        """One token of one text: products of vectors, which read each weight once and copy nothing."""
        weights = self._weights
        for index, layer in enumerate(weights.layers):
            gates = self._gates[index]
            np.dot(row[self._inputs[index]], layer.product, out=gates)
            gates += layer.table[token] if index == 0 else layer.bias
            self._cell(gates, row[self._hidden[index]], row[self._cells[index]])
        head = np.dot(row[: self._units], weights.head, out=self._head)
        head += weights.head_table[token]
        score, before = float(head[-1]), float(row[-1]) + self._log_decay
        higher = max(score, before)
        total = higher + math.log(math.exp(score - higher) + math.exp(before - higher))
        row[-1] = total
        average = row[self._average]
        width = weights.width
        through = head[width : 2 * width]
        through -= average
        through *= math.exp(score - total)
        average += through
        return self._expanded(head[:width] + average)

    def _step(self, rows: Array, ids: list[int]) -> Logits:
        """One token of each row, in place."""
        weights = self._weights
        at = np.array(ids)
        for index, layer in enumerate(weights.layers):
            gates = rows[:, self._inputs[index]] @ layer.product
            gates += layer.table[at] if index == 0 else layer.bias
            self._cell(gates, rows[:, self._hidden[index]], rows[:, self._cells[index]])
        head = rows[:, : self._units] @ weights.head
        head += weights.head_table[at]
        return self._expanded(self._attend(rows[:, self._average], rows[:, -1], head))

    def _attend(self, average: Array, total: Array, head: Array) -> Array:
        """Takes the averages [texts, width] and their log weights [texts] a token further; [texts, width] logits."""
        width = self._weights.width
        score = head[:, -1]
        np.logaddexp(total + np.float32(self._log_decay), score, out=total)
        through = head[:, width : 2 * width]
        through -= average
        through *= np.exp(score - total)[:, None]
        average += through
        return head[:, :width] + average

    def _expanded(self, distinct: Array) -> Logits:
        expand = self._weights.expand
        return distinct if expand is None else distinct.take(expand, axis=-1)

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
        weights = self._weights
        longest_first = sorted(range(len(states)), key=lambda text: -len(tokens[text]))
        rows = np.stack([states[text].row for text in longest_first])
        lengths = np.array([len(tokens[text]) for text in longest_first])
        going = (lengths[None, :] > np.arange(lengths[0])[:, None]).sum(axis=1).tolist()  # texts, at each time
        ends = np.cumsum(going).tolist()
        times = [slice(end - texts, end) for end, texts in zip(ends, going, strict=True)]
        at = np.array([tokens[text][time] for time, texts in enumerate(going) for text in longest_first[:texts]])

        outputs = np.empty((len(at), self._units), np.float32)
        for index, (layer, hidden) in enumerate(zip(weights.layers, self._hidden, strict=True)):
            if index == 0:
                gates, of_state = layer.table[at], layer.product
            else:
                below = self._hidden[index - 1]
                split = below.stop - below.start
                gates, of_state = outputs[:, below] @ layer.product[:split], layer.product[split:]
                gates += layer.bias
            h, c = rows[:, hidden].copy(), rows[:, self._cells[index]]
            for packed, texts in zip(times, going, strict=True):
                now = gates[packed]
                now += h[:texts] @ of_state
                self._cell(now, h[:texts], c[:texts])
                outputs[packed, hidden] = h[:texts]
            rows[:, hidden] = h

        head = outputs @ weights.head
        head += weights.head_table[at]
        average, total = rows[:, self._average], rows[:, -1]
        logits = np.empty((len(at), weights.width), np.float32)
        for packed, texts in zip(times, going, strict=True):
            logits[packed] = self._attend(average[:texts], total[:texts], head[packed])

        answers: list[Logits] = [self._start] * len(states)
        starts = np.array([packed.start for packed in times])
        for rank, text in enumerate(longest_first):
            states[text].row[:] = rows[rank]
            own = starts[: lengths[rank]] + rank
            answers[text] = self._expanded(logits[own if every else own[-1:]])
        return answers
