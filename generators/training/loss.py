"""The loss of a language model's head, without logits of a whole batch in memory."""

from __future__ import annotations

from typing import Any, Final

import torch
from torch import Tensor

from generators.training.windows import IGNORED

ROWS: Final = 512  # predictions at a time, the fastest; with 50,257 tokens they take 103 MB in float32


def head_loss(hidden: Tensor, weight: Tensor, targets: Tensor, divisor: Tensor | int | None = None) -> Tensor:
    """Cross-entropy of the tokens that a head predicts, in nats.

    Args:
        hidden: [windows, tokens, width].
        weight: of the head, [vocabulary, width].
        targets: the token after each place, [windows, tokens]; where it is `IGNORED`, nothing is computed.
        divisor: what the sum is divided by; None for the number of targets.
    """
    counted = targets != IGNORED
    chosen = targets[counted]
    if divisor is None:
        divisor = max(len(chosen), 1)
    divided = torch.as_tensor(divisor, device=hidden.device)
    loss: Tensor = _HeadLoss.apply(hidden[counted], weight, chosen, divided)  # type: ignore[no-untyped-call]
    return loss


class _HeadLoss(torch.autograd.Function):
    """Its gradients are computed along with the loss, chunk by chunk, so that logits are computed once and forgotten.

    The idea is that of Liger Kernel (Hsu et al. 2024, arXiv:2410.10989).
    """

    @staticmethod
    def forward(ctx: Any, hidden: Tensor, weight: Tensor, targets: Tensor, divisor: Tensor) -> Tensor:
        kind = hidden.device.type
        dtype = torch.get_autocast_dtype(kind) if torch.is_autocast_enabled(kind) else hidden.dtype
        to_hidden, to_weight = ctx.needs_input_grad[:2]
        of_hidden = torch.zeros_like(hidden) if to_hidden else None
        of_weight = torch.zeros_like(weight) if to_weight else None
        total = hidden.new_zeros((), dtype=torch.float32)
        with torch.autocast(kind, enabled=False):
            head = weight.to(dtype)
            for start in range(0, len(targets), ROWS):
                rows = hidden[start : start + ROWS].to(dtype)
                places = targets[start : start + ROWS, None]
                logs = (rows @ head.T).log_softmax(1, dtype=torch.float32)  # one kernel that keeps a row in the cache
                total -= logs.gather(1, places).sum()
                if not (to_hidden or to_weight):
                    continue
                change = logs.exp_().scatter_add_(1, places, logs.new_full(places.shape, -1.0)).to(dtype)
                if of_hidden is not None:
                    of_hidden[start : start + ROWS] = change @ head
                if of_weight is not None:
                    of_weight += change.T @ rows
        ctx.save_for_backward(*(None if each is None else each.div_(divisor) for each in (of_hidden, of_weight)))
        return total / divisor

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:
        of_hidden, of_weight = ctx.saved_tensors
        (scale,) = gradients
        return (
            None if of_hidden is None else of_hidden * scale,
            None if of_weight is None else of_weight.mul_(scale),
            None,
            None,
        )
