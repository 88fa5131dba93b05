from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from transformers import GPT2Config, GPT2LMHeadModel

from generators.directory import weights_files
from generators.gpt2 import load, read_info
from generators.training import train
from generators.training.attention import NAME
from generators.training.gpt2_weights import PackedGPT2
from generators.training.windows import IGNORED
from tests.generators.training.titles import TITLES

SHAPE = {"vocabulary_size": "1000", "layers": "2", "heads": "2", "width": "256", "context": "64", "window": "64"}


def test_half_precision_shards(tmp_path: Path) -> None:
    """Weights in half precision and shards are half as large, and write what those in float32 write."""
    source = tmp_path / "titles.txt"
    source.write_text("\n".join(TITLES), "utf-8")
    whole, halves = (
        train([source], recipe="gpt2", output=tmp_path / name, options={**SHAPE, "epochs": "1", **options})
        for name, options in (("whole", {}), ("halves", {"dtype": "float16", "shard_size": "1"}))
    )

    files = weights_files(halves.directory)
    ids = [1, 2, 3, 4]
    models = [load(each.directory, read_info(each.directory, "model"), device="cpu") for each in (whole, halves)]
    logits = [model.extend([model.start()], [ids], "all")[0] for model in models]

    assert len(files) > 1
    assert all(file.stat().st_size <= 1_000_000 for file in files)
    assert sum(file.stat().st_size for file in files) < 0.51 * weights_files(whole.directory)[0].stat().st_size
    assert logits[1] == pytest.approx(logits[0], abs=0.02)
    assert GPT2LMHeadModel.from_pretrained(halves.directory).dtype == torch.float16
    assert halves.version != whole.version


@pytest.mark.parametrize("attention", [NAME, "sdpa"])
def test_packed_documents(attention: str) -> None:
    """Whatever attends, a document's loss in a packed window is its loss alone."""
    torch.manual_seed(0)
    config = GPT2Config(vocab_size=50, n_positions=512, n_embd=32, n_layer=2, n_head=2, attn_implementation=attention)
    model = PackedGPT2(config).eval()
    rng = np.random.default_rng(0)
    texts = [torch.as_tensor(rng.integers(1, 50, length)) for length in (9, 5)]

    def loss(ids: list[torch.Tensor], counted: list[bool]) -> float:
        targets = [
            torch.cat((text[1:], torch.tensor([0]))) if counts else torch.full_like(text, IGNORED)
            for text, counts in zip(ids, counted, strict=True)
        ]
        places = [torch.arange(len(text)) for text in ids]
        with torch.no_grad():
            return float(model(*(torch.cat(each)[None] for each in (ids, targets, places)))["loss"])

    assert loss(texts, [False, True]) == pytest.approx(loss(texts[1:], [True]), abs=1e-5)
