"""Results of peers' long runs, kept beside their environments, because they do not change with our code."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any, Final

from benchmarks.peers import ENVIRONMENTS, Peer

KEPT: Final = ENVIRONMENTS / "results"


def asked(benchmark: str, peer: str, script: str, packages: tuple[str, ...], question: Mapping[str, object]) -> Any:
    """A peer's answer to one question, in a process of its own; the one that it gave before, if it is kept.

    Args:
        benchmark: whose result it is, see `forget`.
        peer, script, packages: as for `Peer`.
        question: the same one has the same answer.
    """
    digest = hashlib.sha256(json.dumps([script, packages, question], sort_keys=True).encode()).hexdigest()
    path = KEPT / f"{benchmark}-{digest[:12]}.json"
    if not path.exists():
        with Peer(peer, script, packages) as process:
            answer = process.ask(**question)
        KEPT.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(answer), "utf-8")
    return json.loads(path.read_text("utf-8"))


def forget(benchmark: str) -> None:
    """Drops what peers answered for a benchmark."""
    for path in KEPT.glob(f"{benchmark}-*.json"):
        path.unlink()
