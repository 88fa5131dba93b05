"""The char-RNN as torch trains it; `writer.py` computes the same numbers one token at a time."""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional
from transformers import AutoConfig, AutoModelForCausalLM, PreTrainedModel
from transformers.utils import ModelOutput

from generators.charrnn.configuration import CharRNNConfig


class CarriedState(NamedTuple):
    """What a batch of texts has been through.

    Attributes:
        layers: of each layer its hidden state [1, texts, units], for an LSTM followed by its cell state.
        total: [texts], log of the decayed weights that the average stands for; -inf before the first token.
        average: [texts, features].
    """

    layers: tuple[tuple[Tensor, ...], ...]
    total: Tensor
    average: Tensor


@dataclass
class CharRNNOutput(ModelOutput):  # type: ignore[misc]
    """Loss in nats per token where labels were given, logits [texts, tokens, vocabulary], and the state after them."""

    loss: Tensor | None = None
    logits: Tensor | None = None
    state: CarriedState | None = None


class CharRNNForCausalLM(PreTrainedModel):  # type: ignore[misc]
    """Embedding, recurrent layers, and an output that sees their features beside a running average of them.

    The features of token t are f_t = [embedding, every layer's output]. A linear score a_t = w·f_t, decayed by
    `attention_decay` at each later token, weighs them, so that the average over s ≤ t has weights
    softmax(a_s + (t-s)·log decay): textgenrnn's attention made causal, so that writing a token costs one step.
    """

    config_class = CharRNNConfig
    base_model_prefix = ""
    main_input_name = "input_ids"
    accepts_loss_kwargs = False  # the loss is a mean over the batch's own tokens

    def __init__(self, config: CharRNNConfig) -> None:
        super().__init__(config)
        layer = nn.LSTM if config.cell == "lstm" else nn.GRU
        self.embedding = nn.Embedding(config.vocab_size, config.embedding_size)
        widths = [config.embedding_size, *config.hidden_sizes]
        self.rnn = nn.ModuleList(layer(before, after, batch_first=True) for before, after in pairwise(widths))
        self.attention = nn.Linear(config.features, 1, bias=False)
        self.output = nn.Linear(2 * config.features, config.vocab_size)
        self.post_init()

    def forward(
        self,
        input_ids: Tensor,
        labels: Tensor | None = None,
        state: CarriedState | None = None,
        **_: Any,
    ) -> CharRNNOutput:
        """One pass over a batch of windows, padded at the right; padding cannot reach what stands before it.

        Args:
            input_ids: [texts, tokens].
            labels: the same ids, -100 where nothing is to be learnt; shifted here, as in other causal models.
            state: of the tokens before; None at the start of texts.
        """
        features, layers = self._features(input_ids, state)
        average, total = self._average(features, state)
        logits = self.output(torch.cat((features, average), dim=-1))
        loss = None
        if labels is not None:
            loss = functional.cross_entropy(
                logits[:, :-1].reshape(-1, logits.shape[-1]).float(), labels[:, 1:].reshape(-1), ignore_index=-100
            )
        return CharRNNOutput(loss=loss, logits=logits, state=CarriedState(layers, total, average[:, -1]))

    def get_input_embeddings(self) -> nn.Module:
        return self.embedding

    def set_input_embeddings(self, value: nn.Embedding) -> None:
        self.embedding = value

    def get_output_embeddings(self) -> nn.Module:
        return self.output

    def _features(self, input_ids: Tensor, state: CarriedState | None) -> tuple[Tensor, tuple[tuple[Tensor, ...], ...]]:
        """[texts, tokens, features], and each layer's state after the last token."""
        dropout = self.config.dropout
        below = functional.dropout(self.embedding(input_ids), dropout, self.training)
        all_features = [below]
        layers = []
        for index, layer in enumerate(self.rnn):
            before = None
            if state is not None:
                before = state.layers[index] if self.config.cell == "lstm" else state.layers[index][0]
            below, after = layer(below, before)
            below = functional.dropout(below, dropout, self.training)
            all_features.append(below)
            layers.append(after if isinstance(after, tuple) else (after,))
        return torch.cat([part.to(below.dtype) for part in all_features], dim=-1), tuple(layers)

    def _average(self, features: Tensor, state: CarriedState | None) -> tuple[Tensor, Tensor]:
        """The running average [texts, tokens, features] at every token, and the log weight [texts] at the last."""
        tokens = features.shape[1]
        decay = math.log(self.config.attention_decay)
        scores = self.attention(features).squeeze(-1).float()
        at = torch.arange(tokens, device=features.device)
        age = at[:, None] - at[None, :]  # of token s (column) as token t (row) sees it
        weights = scores[:, None, :] + (age * decay).float()
        weights = weights.masked_fill(age < 0, -math.inf)
        seen = features
        if state is not None:  # everything before the window is one more token, already decayed once at t = 0
            before = state.total[:, None].float() + (at + 1) * decay
            weights = torch.cat((before[:, :, None], weights), dim=-1)
            seen = torch.cat((state.average[:, None].to(features.dtype), features), dim=1)
        average = torch.bmm(weights.softmax(dim=-1).to(seen.dtype), seen)
        return average, weights[:, -1].logsumexp(dim=-1)

    @torch.no_grad()
    def _init_weights(self, module: nn.Module) -> None:
        if isinstance(module, nn.Embedding):
            nn.init.normal_(module.weight, std=module.embedding_dim**-0.5)
        elif isinstance(module, nn.Linear):
            if module is self.attention:
                nn.init.zeros_(module.weight)  # the plain decayed average, until training finds better
            else:
                bound = module.in_features**-0.5
                nn.init.uniform_(module.weight, -bound, bound)
                nn.init.zeros_(module.bias)
        elif isinstance(module, nn.LSTM | nn.GRU):
            bound = module.hidden_size**-0.5
            for name, parameter in module.named_parameters():
                nn.init.uniform_(parameter, -bound, bound)
                if isinstance(module, nn.LSTM) and name == "bias_hh_l0":
                    size = module.hidden_size
                    parameter[size : 2 * size].fill_(1.0)  # forget gate open at first (Jozefowicz et al. 2015)


AutoConfig.register("charrnn", CharRNNConfig)
AutoModelForCausalLM.register(CharRNNConfig, CharRNNForCausalLM)
