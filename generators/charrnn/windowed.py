"""Writing in NumPy with a char-RNN that looks through a window: each token is predicted by reading a window anew."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final, Literal, overload

import numpy as np

from generators.charrnn.folding import Array, own_embeddings
from generators.charrnn.outputs import output_of
from generators.charrnn.shape import Shape
from generators.charrnn.window_layers import Ids, WindowLayers
from generators.completion import ModelInfo
from generators.model import Logits
from generators.vocabulary import Vocabulary

WINDOWS: Final = 128  # read side by side at most: more gain nothing in the products and lose the cache
LONGEST_WINDOW: Final = 10_000  # tokens; each of them costs a step for every token that is written
EPSILON: Final = 1e-7  # beside the sum of weights; textgenrnn/AttentionWeightedAverage.py, Keras's default
READ_BYTES: Final = 64 * 1024 * 1024  # of pre-activations and features, which bound the windows of large models


class WindowState:
    """The last tokens of a text.

    Attributes:
        window: their ids, padded at the left.
        padding: ids of the window that no token has filled yet.
        stay: [embedding], sum of the embeddings of the labels since the text's start; None where there are none. It
            is never changed in place: forks share it.
    """

    __slots__ = ("padding", "stay", "window")

    def __init__(self, window: Ids, padding: int, stay: Array | None) -> None:
        self.window = window
        self.padding = padding
        self.stay = stay


class WindowedCharRNN:
    """A loaded char-RNN with a window: `generators.model.Model`, by arithmetic that is the torch model's within 1e-5.

    A token costs a window of steps, and so does a prompt of any length: only the last window decides what comes next.

    Args:
        info: what it says about itself.
        vocabulary: its tokens.
        shape: sizes; `shape.window` is not None.
        tensors: checked, float32.

    Raises:
        ValueError: the window is missing, or longer than anybody could wait for.
    """

    def __init__(self, info: ModelInfo, vocabulary: Vocabulary, shape: Shape, tensors: Mapping[str, Array]) -> None:
        if shape.window is None:
            raise ValueError("a char-RNN without a window is a stream")
        if shape.window > LONGEST_WINDOW:
            raise ValueError(f"config.json has a window of {shape.window:,}, which can be {LONGEST_WINDOW:,} at most")
        self._info = info
        self._vocabulary = vocabulary
        self._length = shape.window
        self._pad = shape.pad
        self._bidirectional = shape.bidirectional
        self._labels = frozenset(shape.labels.values())
        self._embedding = tensors["embedding.weight"]
        self._own = own_embeddings(shape, tensors)
        self._recurrent = WindowLayers(shape, self._own, tensors)
        self._output = output_of(shape, tensors)
        step = 4 * (4 * max(shape.hidden_sizes) + 2 * shape.embedding_size + shape.features)  # bytes
        self._most = max(1, min(WINDOWS, READ_BYTES // (step * self._length)))
        self._attention: list[Array] | None = None
        if shape.attention == "window":
            ends = np.cumsum((shape.embedding_size, *shape.widths))
            of_embedding, *self._attention = np.split(tensors["attention.weight"][0], ends[:-1])
            self._embedding_scores = self._own @ of_embedding

    @property
    def info(self) -> ModelInfo:
        return self._info

    @property
    def vocabulary(self) -> Vocabulary:
        return self._vocabulary

    def start(self) -> WindowState:
        """The state before any token: a window of padding."""
        return WindowState(np.full(self._length, self._pad, np.intp), self._length, None)

    def fork(self, state: WindowState) -> WindowState:
        """A copy that goes its own way."""
        return WindowState(state.window.copy(), state.padding, state.stay)

    def nbytes(self, state: WindowState) -> int:
        """Memory that a state holds, in bytes; 200 of them are Python's."""
        return state.window.nbytes + (0 if state.stay is None else state.stay.nbytes) + 200

    def vector(self, state: WindowState) -> Array:
        """What the output layer reads of the last window, which is read for it; see `Embeds.vector`."""
        vector: Array = self._features(state.window[None], np.zeros(1, np.intp), self._stay([state.stay]))[0]
        return vector

    @overload
    def extend(self, states: Sequence[WindowState], tokens: Sequence[Sequence[int]]) -> Logits: ...
    @overload
    def extend(
        self, states: Sequence[WindowState], tokens: Sequence[Sequence[int]], logits: Literal["last"]
    ) -> Logits: ...
    @overload
    def extend(
        self, states: Sequence[WindowState], tokens: Sequence[Sequence[int]], logits: Literal["all"]
    ) -> list[Logits]: ...
    def extend(
        self, states: Sequence[WindowState], tokens: Sequence[Sequence[int]], logits: Literal["last", "all"] = "last"
    ) -> Logits | list[Logits]:
        """Takes each state further by its tokens (at least one each), in place; see `Model.extend`."""
        if logits == "last":
            for state, ids in zip(states, tokens, strict=True):
                self._append(state, ids)
            return self._answers(
                np.concatenate([state.window for state in states]),
                np.arange(len(states)) * self._length,
                np.array([state.padding for state in states]),
                [state.stay for state in states],
            )
        answers = []
        for state, ids in zip(states, tokens, strict=True):
            history = np.concatenate((state.window, np.array(ids, np.intp)))
            starts = np.arange(1, len(ids) + 1)
            padding = np.maximum(state.padding - starts, 0)
            answers.append(self._answers(history, starts, padding, self._stays(state.stay, ids)))
            self._append(state, ids)
        return answers

    def _append(self, state: WindowState, ids: Sequence[int]) -> None:
        window, new = state.window, len(ids)
        if new < self._length:
            window[:-new] = window[new:]
            window[-new:] = ids
        else:
            window[:] = ids[new - self._length :]
        state.padding = max(0, state.padding - new)
        if self._labels:
            state.stay = self._stays(state.stay, ids)[-1]

    def _stays(self, stay: Array | None, ids: Sequence[int]) -> list[Array | None]:
        """What stays of labels after each token."""
        stays = []
        for token in ids:
            if token == self._vocabulary.start:
                stay = None
            elif token in self._labels:
                stay = self._embedding[token] if stay is None else stay + self._embedding[token]
            stays.append(stay)
        return stays

    def _answers(self, history: Ids, starts: Ids, padding: Ids, stays: Sequence[Array | None]) -> Logits:
        """Logits after each of the windows of `history` that begin at `starts`, some windows at a time."""
        span = np.arange(self._length)
        parts = []
        for first in range(0, len(starts), self._most):
            chunk = slice(first, first + self._most)
            windows = history[starts[chunk, None] + span]
            parts.append(self._read(windows, padding[chunk], self._stay(stays[chunk])))
        return parts[0] if len(parts) == 1 else np.concatenate(parts)

    def _stay(self, stays: Sequence[Array | None]) -> Array | None:
        """What stays of labels, [windows, embedding]; None where no window has any."""
        if all(stay is None for stay in stays):
            return None
        nothing = np.zeros(self._embedding.shape[1], np.float32)
        return np.stack([nothing if stay is None else stay for stay in stays])

    def _read(self, windows: Ids, padding: Ids, stay: Array | None) -> Logits:
        """Logits after each window.

        Windows are read from their first token on, those with the least padding first, so that the texts that have
        begun at a time are the first rows. Nothing but lengths decides this: no row's numbers depend on what another
        row says.
        """
        if self._labels or not self._recurrent.skips_padding or not padding.any():  # labels are added to padding too
            return self._logits(windows, np.zeros(len(windows), np.intp), stay)
        begins = np.minimum(padding, self._length - 1)
        order = begins.argsort(kind="stable")
        unsorted: Logits = self._logits(windows[order], begins[order], None)[order.argsort()]
        return unsorted

    def _logits(self, windows: Ids, begins: Ids, stay: Array | None) -> Logits:
        return self._output(self._features(windows, begins, stay))

    def _features(self, windows: Ids, begins: Ids, stay: Array | None) -> Array:
        """What the output layer reads of each window, [windows, features]."""
        ids = np.ascontiguousarray(windows.T)
        outputs = self._recurrent.outputs(ids, begins, stay)
        return self._ends(outputs[-1]) if self._attention is None else self._average(ids, outputs, stay)

    def _ends(self, output: Array) -> Array:
        """[rows, width]: where each direction of the last layer has come to."""
        last: Array = output[-1]
        if not self._bidirectional:
            return last
        forward = output.shape[-1] // 2
        return np.concatenate((last[:, :forward], output[0, :, forward:]), axis=1)

    def _average(self, ids: Ids, outputs: Sequence[Array], stay: Array | None) -> Array:
        """Features [rows, features], averaged over the window with the attention's weights.

        What stays is a feature of every token alike: it moves no weight, and the average by itself.
        """
        assert self._attention is not None
        length, rows = ids.shape
        scores = self._embedding_scores[ids]
        for output, weight in zip(outputs, self._attention, strict=True):
            scores += (output.reshape(length * rows, -1) @ weight).reshape(length, rows)
        scores -= scores.max(axis=0)
        weights = np.exp(scores, out=scores)
        weights /= weights.sum(axis=0) + EPSILON
        across = np.ascontiguousarray(weights.T)[:, None]  # [rows, 1, window]
        own = (across @ self._own[ids.T])[:, 0]
        if stay is not None:
            own += stay
        return np.concatenate((own, *[(across @ output.swapaxes(0, 1))[:, 0] for output in outputs]), axis=1)
