"""The sizes of a GPT-2, as config.json has them, and the tensors that they ask for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

ACTIVATIONS: Final = frozenset({"gelu_new", "gelu", "gelu_pytorch_tanh", "relu"})
MOST: Final = 10_000_000  # of any size: GPT-2 XL's largest is 50,257, and a table of names has to fit memory
MOST_LAYERS: Final = 1_000
_FAMILIAR: Final = {
    "n_positions": "max_position_embeddings",
    "n_layer": "num_hidden_layers",
    "n_head": "num_attention_heads",
    "n_embd": "hidden_size",
}


@dataclass(frozen=True, slots=True)
class Shape:
    """Everything about a GPT-2 but its weights.

    Attributes:
        vocab_size: rows of the embedding; may exceed the tokenizer's tokens where it is padded.
        context: positions.
        width: of the residual stream.
        layers, heads: blocks, and attention heads in each.
        inner: width of the feed-forward layers.
        activation: a name in `ACTIVATIONS`.
        epsilon: of the layer norms.
        scaled: attention scores are divided by the square root of a head's width.
        scaled_by_layer: and by the number of the layer, from 1.
        tied: the head is the embedding, even where the file holds another.
    """

    vocab_size: int
    context: int
    width: int
    layers: int
    heads: int
    inner: int
    activation: str = "gelu_new"
    epsilon: float = 1e-5
    scaled: bool = True
    scaled_by_layer: bool = False
    tied: bool = True

    @property
    def head_width(self) -> int:
        return self.width // self.heads

    @classmethod
    def of(cls, config: Mapping[str, Any]) -> Shape:
        """The shape in a config.json; `reorder_and_upcast_attn` is allowed, because float32 needs no upcasting.

        Raises:
            ValueError: a size is missing or impossible, or it is a GPT-2 with parts that this one lacks.
        """
        width = _size(config, "n_embd")
        heads = _size(config, "n_head")
        if width % heads:
            raise ValueError(f"config.json's n_embd {width:,} cannot be divided by its n_head {heads:,}")
        activation = config.get("activation_function", "gelu_new")
        if activation not in ACTIVATIONS:
            known = ", ".join(sorted(ACTIVATIONS))
            raise ValueError(f"config.json's activation_function is {activation!r}, and it has to be one of {known}")
        if config.get("add_cross_attention"):
            raise ValueError(
                "config.json asks for cross-attention, which reads another model and so cannot write alone"
            )
        epsilon = config.get("layer_norm_epsilon", 1e-5)
        if not isinstance(epsilon, int | float) or not 0 < epsilon < 1:
            raise ValueError(f"config.json's layer_norm_epsilon is {epsilon!r}, and it has to lie between 0 and 1")
        return cls(
            vocab_size=_size(config, "vocab_size"),
            context=positions(config),
            width=width,
            layers=_size(config, "n_layer", MOST_LAYERS),
            heads=heads,
            inner=4 * width if config.get("n_inner") is None else _size(config, "n_inner"),
            activation=activation,
            epsilon=float(epsilon),
            scaled=bool(config.get("scale_attn_weights", True)),
            scaled_by_layer=bool(config.get("scale_attn_by_inverse_layer_idx", False)),
            tied=bool(config.get("tie_word_embeddings", True)),
        )

    def scale(self, layer: int) -> float:
        """What a layer's attention scores are multiplied by; layers count from 0."""
        scale = self.head_width**-0.5 if self.scaled else 1.0
        return scale / (layer + 1) if self.scaled_by_layer else scale

    def tensors(self) -> dict[str, tuple[int, ...]]:
        """Shapes by name, without the prefix `transformer.`; linear weights are [in, out], as OpenAI kept them."""
        width, inner = self.width, self.inner
        shapes: dict[str, tuple[int, ...]] = {
            "wte.weight": (self.vocab_size, width),
            "wpe.weight": (self.context, width),
        }
        for layer in range(self.layers):
            h = f"h.{layer}"
            shapes |= {f"{h}.ln_{norm}.{part}": (width,) for norm in (1, 2) for part in ("weight", "bias")}
            for name, rows, columns in (
                ("attn.c_attn", width, 3 * width),
                ("attn.c_proj", width, width),
                ("mlp.c_fc", width, inner),
                ("mlp.c_proj", inner, width),
            ):
                shapes |= {f"{h}.{name}.weight": (rows, columns), f"{h}.{name}.bias": (columns,)}
        shapes |= {"ln_f.weight": (width,), "ln_f.bias": (width,)}
        if not self.tied:
            shapes["lm_head.weight"] = (self.vocab_size, width)
        return shapes


SMALL: Final = Shape(vocab_size=50_257, context=1_024, width=768, layers=12, heads=12, inner=3_072)  # OpenAI's smallest


def positions(config: Mapping[str, Any]) -> int:
    """How many tokens a GPT-2 can look back on.

    Raises:
        ValueError: config.json does not say.
    """
    old = "n_ctx" in config and "n_positions" not in config  # the oldest files have n_ctx alone
    return _size(config, "n_ctx" if old else "n_positions")


def _size(config: Mapping[str, Any], name: str, most: int = MOST) -> int:
    value = config.get(name, config.get(_FAMILIAR.get(name, name)))
    if value is None:
        raise ValueError(f"config.json has no {name}")
    if not isinstance(value, int) or isinstance(value, bool) or not 1 <= value <= most:
        raise ValueError(f"config.json's {name} is {value!r}, and it has to be a whole number from 1 to {most:,}")
    return value
