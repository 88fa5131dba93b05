"""The engine: many texts share one model, and each step takes every one of them a token further.

A request becomes an order (`intake`), an order one text a choice (`texts`, `unit_texts`). `schedule` says whose turn it
is, `room` how many find a place in a step, `batching` runs the steps, `steps` draws, `search` looks for the likeliest
words, `prefixes` finds again what a text has been through, and `outlet` and `stream` hand pieces to whoever reads.
`voices` are those who share the steps: the model itself, and adapters over it.
"""

from generators.engine.engine import QUEUE_LIMIT, Engine
from generators.engine.voices import Voice

__all__ = ["QUEUE_LIMIT", "Engine", "Voice"]
