"""The char-RNN as torch trains it; `writer.py` and `windowed.py` compute the same numbers one token at a time."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Final, NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.utils.checkpoint import checkpoint
from transformers import AutoConfig, AutoModelForCausalLM, PreTrainedModel
from transformers.utils import ModelOutput

from generators.charrnn.adaptive import AdaptiveSoftmax
from generators.charrnn.averages import running_average, window_average
from generators.charrnn.configuration import CharRNNConfig

IGNORED: Final = -100  # as a label: nothing is to be learnt there
CHUNK_BYTES: Final = 512 * 1024 * 1024  # activations of windows at a time; 1,200 of textgenrnn's


class CarriedState(NamedTuple):
    """What a batch of texts has been through; what a kind of model does not need is None or empty.

    Attributes:
        layers: of each layer its hidden state [1, texts, units], for an LSTM followed by its cell state.
        total: [texts], log of the decayed weights that the running average stands for.
        average: [texts, features].
        stay: [texts, embedding], sum of the embeddings of the text's labels.
        tokens: [texts, window - 1], the ids that the next token's window begins with.
    """

    layers: tuple[tuple[Tensor, ...], ...] = ()
    total: Tensor | None = None
    average: Tensor | None = None
    stay: Tensor | None = None
    tokens: Tensor | None = None

    def detached(self) -> CarriedState:
        """The same numbers without the gradients of how they came about."""
        layers = tuple(tuple(part.detach() for part in layer) for layer in self.layers)
        return CarriedState(layers, *(None if part is None else part.detach() for part in self[1:]))


@dataclass
class CharRNNOutput(ModelOutput):  # type: ignore[misc]
    """What a pass gives.

    Attributes:
        loss: nats per token, where labels were given.
        logits: [texts, tokens, vocabulary]; None where labels were given in training and the loss does without them:
            with an adaptive softmax or a window.
        state: after the last token.
    """

    loss: Tensor | None = None
    logits: Tensor | None = None
    state: CarriedState | None = None


class CharRNNForCausalLM(PreTrainedModel):  # type: ignore[misc]
    """Embedding, recurrent layers, and an output that sees their features, an average of them, or both.

    The features of token t are f_t = [its input, every layer's output]. As a stream (`attention` running), a linear
    score a_t = w·f_t, decayed by `attention_decay` at each later token, weighs them, so that the average over s ≤ t has
    weights softmax(a_s + (t-s)·log decay): textgenrnn's attention made causal, so that writing a token costs one step.
    With a window, every token's prediction is a pass of its own over the window that ends there, and costs as many
    steps; without attention the output then reads the last layer's final states, of either direction where there are
    two.

    The input of a token is its embedding plus those of all labels since the text's start; a label's own is only that.
    """

    config_class = CharRNNConfig
    base_model_prefix = ""
    main_input_name = "input_ids"
    accepts_loss_kwargs = False  # the loss is a mean over the batch's own tokens

    def __init__(self, config: CharRNNConfig) -> None:
        super().__init__(config)
        shape = config.shape
        layer = nn.LSTM if config.cell == "lstm" else nn.GRU
        self.embedding = nn.Embedding(config.vocab_size, config.embedding_size)
        self.rnn = nn.ModuleList(
            layer(before, size, batch_first=True, bidirectional=config.bidirectional)
            for before, size in zip((config.embedding_size, *shape.widths), shape.hidden_sizes, strict=False)
        )
        if config.attention != "none":
            self.attention = nn.Linear(shape.features, 1, bias=False)
        if config.adaptive_cutoffs:
            self.output: nn.Module = AdaptiveSoftmax(shape.head_width, config.vocab_size, config.adaptive_cutoffs)
        else:
            self.output = nn.Linear(shape.head_width, config.vocab_size)
        self.post_init()

    def forward(
        self,
        input_ids: Tensor,
        labels: Tensor | None = None,
        state: CarriedState | None = None,
        **_: Any,
    ) -> CharRNNOutput:
        """One pass over a batch of texts, padded at the right; padding cannot reach what stands before it.

        Args:
            input_ids: [texts, tokens].
            labels: the same ids, -100 where nothing is to be learnt; shifted here, as in other causal models. Where
                they are one longer, the last token is learnt and not read: the next batch begins with it.
            state: of the tokens before; None at the start of texts.
        """
        stay = self._stay(input_ids, state) if self.config.labels else None
        if self.config.window is not None:
            return self._windowed(input_ids, stay, labels, state)
        read, after = self._streamed(input_ids, stay, state)
        if labels is not None and self.training and isinstance(self.output, AdaptiveSoftmax):
            targets = labels[:, 1:]
            learnt = targets != IGNORED
            loss = self.output.loss(read[:, : targets.shape[1]][learnt], targets[learnt]) / learnt.sum().clamp(min=1)
            return CharRNNOutput(loss=loss, state=after)
        logits = self.output(read)
        return CharRNNOutput(loss=_loss(logits, labels), logits=logits, state=after)

    def get_input_embeddings(self) -> nn.Module:
        return self.embedding

    def set_input_embeddings(self, value: nn.Embedding) -> None:
        self.embedding = value

    def get_output_embeddings(self) -> nn.Module | None:
        return None if isinstance(self.output, AdaptiveSoftmax) else self.output

    def _are_labels(self, input_ids: Tensor) -> Tensor:
        return torch.isin(input_ids, torch.tensor(list(self.config.labels.values()), device=input_ids.device))

    def _own(self, input_ids: Tensor) -> Tensor:
        """[..., embedding]: each token's embedding, zero for labels, whose embeddings stay instead."""
        own: Tensor = self.embedding(input_ids)
        return own.masked_fill(self._are_labels(input_ids)[..., None], 0) if self.config.labels else own

    def _stay(self, input_ids: Tensor, state: CarriedState | None) -> Tensor:
        """[texts, tokens, embedding]: at each token the sum of the labels' embeddings since the last start."""
        marks = self.embedding(input_ids).masked_fill(~self._are_labels(input_ids)[..., None], 0)
        if state is not None and state.stay is not None:
            marks = torch.cat((state.stay[:, None].to(marks.dtype), marks), dim=1)
        else:
            marks = functional.pad(marks, (0, 0, 1, 0))
        sums = marks.cumsum(dim=1)
        at = torch.arange(1, input_ids.shape[1] + 1, device=input_ids.device)
        starts = torch.where(input_ids == self.config.bos_token_id, at, 0).cummax(dim=1).values
        dropped = sums.gather(1, starts[..., None].expand(-1, -1, sums.shape[-1]))
        return sums[:, 1:] - dropped * (starts > 0)[..., None]

    def _layers(self, inputs: Tensor, before: CarriedState | None) -> tuple[list[Tensor], list[tuple[Tensor, ...]]]:
        """The inputs [texts, tokens, embedding] and every layer's output, and each layer's state after the last."""
        dropout = self.config.dropout
        below = _thinned(inputs, dropout if self.training else 0.0)
        features, after = [below], []
        for index, layer in enumerate(self.rnn):
            state = None
            if before is not None:
                state = before.layers[index] if self.config.cell == "lstm" else before.layers[index][0]
            below, last = layer(below, state)
            below = _thinned(below, dropout if self.training else 0.0)
            features.append(below)
            after.append(last if isinstance(last, tuple) else (last,))
        return features, after

    def _streamed(
        self, input_ids: Tensor, stay: Tensor | None, before: CarriedState | None
    ) -> tuple[Tensor, CarriedState]:
        """What the output layer reads at each token, [texts, tokens, width], and the state after the last."""
        own = self._own(input_ids)
        parts, layers = self._layers(own if stay is None else own + stay, before)
        after = CarriedState(tuple(layers), stay=None if stay is None else stay[:, -1])
        if self.config.attention == "none":
            return parts[-1], after
        features = _joined(parts)
        carried = None
        if before is not None and before.total is not None and before.average is not None:
            carried = before.total, before.average
        scores = self.attention(features).squeeze(-1)
        average, total = running_average(features, scores, self.config.attention_decay, carried)
        return torch.cat((features, average), dim=-1), after._replace(total=total, average=average[:, -1])

    def _windowed(
        self, input_ids: Tensor, stay: Tensor | None, labels: Tensor | None, before: CarriedState | None
    ) -> CharRNNOutput:
        """Every token's window read on its own; in training only the windows that something is learnt from."""
        reach = self.config.window - 1
        texts = input_ids.shape[0]
        if before is not None and before.tokens is not None:
            earlier = before.tokens
        else:
            earlier = input_ids.new_full((texts, reach), self.config.pad_token_id)
        seen = torch.cat((earlier, input_ids), dim=1)
        windows = seen.unfold(1, self.config.window, 1)  # [texts, tokens, window], a view
        after = CarriedState(stay=None if stay is None else stay[:, -1], tokens=seen[:, seen.shape[1] - reach :])
        if labels is not None and self.training:
            return CharRNNOutput(loss=self._window_loss(windows, stay, labels), state=after)
        rows = [
            self.output(self._window_features(*part))
            for part in self._chunks(windows.reshape(-1, self.config.window), _rows(stay))
        ]
        logits = torch.cat(rows).reshape(*input_ids.shape, self.config.vocab_size)
        return CharRNNOutput(loss=_loss(logits, labels), logits=logits, state=after)

    def _window_loss(self, windows: Tensor, stay: Tensor | None, labels: Tensor) -> Tensor:
        """The mean loss; beyond one chunk a chunk's activations are computed again for its gradients, not kept."""
        targets = labels[:, 1:]
        learnt = targets != IGNORED
        targets = targets[learnt]
        stays = None if stay is None else stay[:, : learnt.shape[1]][learnt]
        chunks = self._chunks(windows[:, : learnt.shape[1]][learnt], stays)
        ends = torch.tensor([len(chunk) for chunk, _ in chunks]).cumsum(0).tolist()
        loss = torch.zeros((), device=targets.device)
        for (chunk, of_chunk), (start, end) in zip(chunks, pairwise((0, *ends)), strict=True):
            arguments = chunk, of_chunk, targets[start:end]
            if len(chunks) == 1:
                loss = loss + self._summed_loss(*arguments)
            else:
                loss = loss + checkpoint(self._summed_loss, *arguments, use_reentrant=False)
        return loss / learnt.sum().clamp(min=1)

    def _summed_loss(self, windows: Tensor, stay: Tensor | None, targets: Tensor) -> Tensor:
        read = self._window_features(windows, stay)
        if isinstance(self.output, AdaptiveSoftmax):
            return self.output.loss(read, targets)
        return functional.cross_entropy(self.output(read).float(), targets, reduction="sum")

    def _window_features(self, windows: Tensor, stay: Tensor | None) -> Tensor:
        """What the output layer reads [windows, width] of windows of ids [windows, window] with stays of their own."""
        own = self._own(windows)
        parts, layers = self._layers(own if stay is None else own + stay[:, None], None)
        if self.config.attention == "none":
            read = torch.cat(tuple(layers[-1][0]), dim=-1)  # as Keras's layers without return_sequences give them
            return functional.dropout(read, self.config.dropout, self.training)
        features = _joined(parts)
        return window_average(features, self.attention(features).squeeze(-1))

    def _chunks(self, windows: Tensor, stay: Tensor | None) -> list[tuple[Tensor, Tensor | None]]:
        """Windows and their stays in parts that fit in memory; at least one part."""
        shape = self.config.shape
        gates = 8 * sum(shape.widths)  # of each unit: inputs and outputs of four gates
        rows = max(1, CHUNK_BYTES // (4 * shape.window * (gates + 2 * shape.features)))
        parts = torch.split(windows, rows)
        return list(zip(parts, [None] * len(parts) if stay is None else torch.split(stay, rows), strict=True))

    @torch.no_grad()
    def _init_weights(self, module: nn.Module) -> None:
        if isinstance(module, nn.Embedding):
            # torch's own; a tenth of it hides the input from the layers for the first hundreds of steps
            nn.init.normal_(module.weight)
        elif isinstance(module, nn.Linear):
            if module is getattr(self, "attention", None):
                nn.init.zeros_(module.weight)  # the plain (decayed) average, until training finds better
            else:
                bound = module.in_features**-0.5
                nn.init.uniform_(module.weight, -bound, bound)
                if module.bias is not None:
                    nn.init.zeros_(module.bias)
        elif isinstance(module, nn.LSTM):
            _init_lstm(module)
        elif isinstance(module, nn.GRU):
            _init_gru(module)


def _init_lstm(layer: nn.LSTM) -> None:
    bound, size = layer.hidden_size**-0.5, layer.hidden_size
    for name, parameter in layer.named_parameters():
        nn.init.uniform_(parameter, -bound, bound)
        if name.startswith("bias_hh_l0"):
            parameter[size : 2 * size].fill_(1.0)  # forget gate open at first (Jozefowicz et al. 2015)


def _init_gru(layer: nn.GRU) -> None:
    """As Keras's, but orthogonal gate by gate.

    Two layers learnt in 200 steps what they had learnt in 4,000 from torch's own.
    """
    for name, parameter in layer.named_parameters():
        if name.startswith("weight_hh"):
            for gate in parameter.chunk(3):
                nn.init.orthogonal_(gate)
        elif name.startswith("weight_ih"):
            nn.init.xavier_uniform_(parameter)
        else:
            nn.init.zeros_(parameter)


def _joined(parts: list[Tensor]) -> Tensor:
    return torch.cat([part.to(parts[-1].dtype) for part in parts], dim=-1)


def _rows(stay: Tensor | None) -> Tensor | None:
    return None if stay is None else stay.reshape(-1, stay.shape[-1])


def _loss(logits: Tensor, labels: Tensor | None) -> Tensor | None:
    if labels is None:
        return None
    predicted, targets = logits[:, : labels.shape[1] - 1], labels[:, 1:]
    loss = functional.cross_entropy(
        predicted.reshape(-1, predicted.shape[-1]).float(), targets.reshape(-1), ignore_index=IGNORED, reduction="sum"
    )
    return loss / (targets != IGNORED).sum().clamp(min=1)


def _thinned(features: Tensor, dropout: float) -> Tensor:
    """Features [texts, tokens, features] of which a share is left out, the same ones at every token of a text.

    One mask for a whole text (Gal and Ghahramani, arXiv:1512.05287; Keras's SpatialDropout1D, which textgenrnn uses)
    costs nothing to draw, where one for every token took a sixth of a step.
    """
    if not dropout:
        return features
    kept = torch.empty(len(features), 1, features.shape[-1], device=features.device, dtype=features.dtype)
    return features * kept.bernoulli_(1 - dropout).div_(1 - dropout)


AutoConfig.register("charrnn", CharRNNConfig)
AutoModelForCausalLM.register(CharRNNConfig, CharRNNForCausalLM)
