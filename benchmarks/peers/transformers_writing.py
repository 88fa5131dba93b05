"""GPT-2 as transformers writes it: in fp32 on one thread, or where and in what the question says.

Reads {"task": "write", "model", "prompts", "tokens", "top_k"} and answers with {"tokens", "cpu_seconds", "seconds"}, or
{"task": "vote", "model", "story", "times"} and answers with {"votes", "cpu_seconds", "seconds"}. Either may also have
"device", such as "cuda", and "precision", "fp32" or "bf16".
"""

from __future__ import annotations

from functools import cache, partial
from typing import Any, Final

import torch
from asked import answer
from transformers import GPT2LMHeadModel

FORMATS: Final = {"fp32": torch.float32, "bf16": torch.bfloat16}


@cache
def opened(directory: str, device: str, precision: str) -> Any:
    """The model of a directory."""
    model = GPT2LMHeadModel.from_pretrained(directory, dtype=FORMATS[precision], local_files_only=True)
    return model.to(device).eval()


@torch.inference_mode()
def write(model: Any, prompts: list[list[int]], tokens: int, top_k: int) -> dict[str, float]:
    """All texts by its own `generate`, until their tokens are there to be read."""
    ids = torch.tensor(prompts, device=model.device)
    length = {"max_new_tokens": tokens, "min_new_tokens": tokens}
    whole = model.generate(
        ids, attention_mask=torch.ones_like(ids), do_sample=True, top_k=top_k, temperature=1.0, pad_token_id=0, **length
    ).cpu()
    return {"tokens": whole.numel() - ids.numel()}


@torch.inference_mode()
def vote(model: Any, story: list[int], times: int) -> dict[str, float]:
    """The likeliest tokens after the whole story, read anew each time; logits only where they are wanted."""
    for _ in range(times):
        logits = model(torch.tensor([story], device=model.device), logits_to_keep=1).logits[0, -1]
        logits.log_softmax(0).topk(5).indices.tolist()
    return {"votes": times}


def prepare(question: dict[str, Any]) -> Any:
    """The work of a question."""
    model = opened(question["model"], question.get("device", "cpu"), question.get("precision", "fp32"))
    if question["task"] == "write":
        return partial(write, model, question["prompts"], question["tokens"], question["top_k"])
    return partial(vote, model, question["story"], question["times"])


if __name__ == "__main__":
    torch.set_num_threads(1)
    answer(prepare)
