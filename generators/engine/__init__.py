"""The engine: many texts share one model, and each step takes every one of them a token further.

A request becomes an order (`intake`, `orders`), an order one text a choice once its prompt is read (`prompts`, `texts`,
`unit_texts`). `waiting` has all who wait, `schedule` says whose turn it is, `room` how many find a place in a step,
`stepping` takes the steps, `draws` draws, `continuations` see to what a text needs before its next draw, and `search`
looks for the likeliest words. `states` and `prefixes` find again what a text has been through, `faults` end a text by
what is its own fault and nobody else's, and `outlet` and `stream` hand pieces to whoever reads. `batching` puts these
together. `voices` are those who share the steps: the model itself, and adapters over it.
"""

from generators.engine.engine import MAX_BATCH, QUEUE_LIMIT, Engine
from generators.engine.voices import Voice

__all__ = ["MAX_BATCH", "QUEUE_LIMIT", "Engine", "Voice"]
