"""GPT-2 as CTranslate2 writes it, in int8 on one thread; it is converted at the first question, from its safetensors.

Reads {"task": "write", "model", "prompts", "tokens", "top_k"} and answers with {"tokens", "cpu_seconds"}.
"""

from __future__ import annotations

import json
import tempfile
from functools import cache, partial
from pathlib import Path
from typing import Any

import ctranslate2
from asked import answer
from ctranslate2.specs import TransformerDecoderModelSpec, common_spec
from safetensors.numpy import load_file


def converted(directory: Path, output: Path) -> None:
    """Writes a GPT-2's weights in CTranslate2's form, as its own converter does, which needs torch."""
    config = json.loads((directory / "config.json").read_text("utf-8"))
    tensors = load_file(directory / "model.safetensors")
    spec = TransformerDecoderModelSpec.from_config(
        config["n_layer"], config["n_head"], pre_norm=True, activation=common_spec.Activation.GELUTanh
    )

    def norm(to: Any, name: str) -> None:
        to.gamma, to.beta = tensors[f"{name}.weight"], tensors[f"{name}.bias"]

    def linear(to: Any, name: str) -> None:
        to.weight, to.bias = tensors[f"{name}.weight"].T.copy(), tensors[f"{name}.bias"]

    decoder = spec.decoder
    decoder.scale_embeddings = False
    decoder.embeddings.weight = tensors["transformer.wte.weight"]
    decoder.position_encodings.encodings = tensors["transformer.wpe.weight"]
    norm(decoder.layer_norm, "transformer.ln_f")
    for number, layer in enumerate(decoder.layer):
        h = f"transformer.h.{number}"
        norm(layer.self_attention.layer_norm, f"{h}.ln_1")
        linear(layer.self_attention.linear[0], f"{h}.attn.c_attn")
        linear(layer.self_attention.linear[1], f"{h}.attn.c_proj")
        norm(layer.ffn.layer_norm, f"{h}.ln_2")
        linear(layer.ffn.linear_0, f"{h}.mlp.c_fc")
        linear(layer.ffn.linear_1, f"{h}.mlp.c_proj")
    decoder.projection.weight = tensors["transformer.wte.weight"]
    tokens = list(map(str, range(config["vocab_size"])))
    spec.register_vocabulary(tokens)
    spec.config.bos_token = spec.config.eos_token = spec.config.unk_token = tokens[0]
    spec.validate()
    spec.optimize(quantization="int8")
    spec.save(str(output))


@cache
def opened(directory: str) -> Any:
    """The model of a directory."""
    with tempfile.TemporaryDirectory() as output:
        converted(Path(directory), Path(output))
        return ctranslate2.Generator(output, device="cpu", compute_type="int8", intra_threads=1, inter_threads=1)


def write(model: Any, prompts: list[list[str]], tokens: int, top_k: int) -> dict[str, float]:
    """All texts in one batch."""
    found = model.generate_batch(
        prompts,
        max_length=tokens,
        min_length=tokens,
        sampling_topk=top_k,
        sampling_temperature=1.0,
        include_prompt_in_result=False,
        max_batch_size=len(prompts),
    )
    return {"tokens": sum(len(each.sequences_ids[0]) for each in found)}


def prepare(question: dict[str, Any]) -> Any:
    """The work of a question."""
    prompts = [list(map(str, prompt)) for prompt in question["prompts"]]
    return partial(write, opened(question["model"]), prompts, question["tokens"], question["top_k"])


if __name__ == "__main__":
    answer(prepare)
