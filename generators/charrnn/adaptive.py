"""Adaptive softmax as an output layer: log probabilities where they are asked for, a loss that does without them."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional


class AdaptiveSoftmax(nn.AdaptiveLogSoftmaxWithLoss):
    """Frequent tokens in the head, rarer ones in clusters of ever narrower projections (Grave et al. 2017).

    `forward` gives what an output layer gives, log probabilities standing for logits; `loss` is torch's own forward,
    with the sums in float32 also where autocast computes the products in bfloat16.
    """

    def forward(self, features: Tensor) -> Tensor:  # type: ignore[override]
        """Log probabilities [..., vocabulary] from features [..., width]."""
        exact = torch.promote_types(features.dtype, torch.float32)
        rows = self.log_prob(features.reshape(-1, features.shape[-1]).to(exact))
        return rows.reshape(*features.shape[:-1], self.n_classes)

    def loss(self, features: Tensor, targets: Tensor) -> Tensor:
        """Sum of the losses [nats] of targets [rows] after features [rows, width]; other clusters are not computed."""
        in_head = targets
        loss = features.new_zeros((), dtype=features.float().dtype)
        for cluster, tail in enumerate(self.tail):
            first, end = self.cutoffs[cluster], self.cutoffs[cluster + 1]
            rows = ((targets >= first) & (targets < end)).nonzero()[:, 0]
            if len(rows):
                in_head = in_head.index_fill(0, rows, self.shortlist_size + cluster)
                logits = tail(features.index_select(0, rows)).float()
                loss = loss + functional.cross_entropy(logits, targets[rows] - first, reduction="sum")
        return loss + functional.cross_entropy(self.head(features).float(), in_head, reduction="sum")
