"""Writes a tiny GPT-2 with random weights as GGUF: `python -I gguf_model.py FILE`, in a Python that has `gguf`.

It rather writes printable ASCII, and never ends by itself.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any, Final

import gguf
import numpy as np

WIDTH: Final = 32
LAYERS: Final = 2
HEADS: Final = 2
CONTEXT: Final = 1024
LIKED: Final = 30.0  # logits by which printable characters are before others
MERGES: Final = ("t h", "h e")
END: Final = "<|endoftext|>"


def characters() -> list[str]:
    """GPT-2's character for each byte."""
    shown = [*range(33, 127), *range(161, 173), *range(174, 256)]
    others = iter(range(256, 512))
    return [chr(byte if byte in shown else next(others)) for byte in range(256)]


def tensors(size: int) -> dict[str, Any]:
    """Random weights by their names, for a vocabulary of that size."""
    numbers = np.random.default_rng(0)

    def random(*shape: int) -> Any:
        return numbers.normal(0, 0.3, shape).astype(np.float32)

    def norm(name: str) -> dict[str, Any]:
        return {f"{name}.weight": np.ones(WIDTH, np.float32), f"{name}.bias": np.zeros(WIDTH, np.float32)}

    def linear(name: str, rows: int, columns: int) -> dict[str, Any]:
        return {f"{name}.weight": random(rows, columns), f"{name}.bias": np.zeros(rows, np.float32)}

    made = {"token_embd.weight": random(size, WIDTH), "position_embd.weight": random(CONTEXT, WIDTH)}
    for layer in range(LAYERS):
        block = f"blk.{layer}"
        made |= norm(f"{block}.attn_norm") | norm(f"{block}.ffn_norm")
        made |= linear(f"{block}.attn_qkv", 3 * WIDTH, WIDTH) | linear(f"{block}.attn_output", WIDTH, WIDTH)
        made |= linear(f"{block}.ffn_up", 4 * WIDTH, WIDTH) | linear(f"{block}.ffn_down", WIDTH, 4 * WIDTH)
    made |= norm("output_norm") | {"output.weight": random(size, WIDTH)}
    made["output_norm.bias"][0] = LIKED
    made["output.weight"][:, 0] = 0
    made["output.weight"][[10, *range(32, 127)], 0] = 1
    return made


def write(path: Path) -> None:
    """The whole model."""
    tokens = [*characters(), *(merge.replace(" ", "") for merge in MERGES), END]
    writer = gguf.GGUFWriter(path, "gpt2")
    writer.add_context_length(CONTEXT)
    writer.add_embedding_length(WIDTH)
    writer.add_feed_forward_length(4 * WIDTH)
    writer.add_block_count(LAYERS)
    writer.add_head_count(HEADS)
    writer.add_layer_norm_eps(1e-5)
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("gpt-2")
    writer.add_token_list(tokens)
    writer.add_token_types([gguf.TokenType.NORMAL] * (len(tokens) - 1) + [gguf.TokenType.CONTROL])
    writer.add_token_merges(MERGES)
    writer.add_bos_token_id(len(tokens) - 1)
    writer.add_eos_token_id(len(tokens) - 1)
    writer.add_add_bos_token(True)
    for name, values in tensors(len(tokens)).items():
        writer.add_tensor(name, values)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


if __name__ == "__main__":
    write(Path(sys.argv[1]))
