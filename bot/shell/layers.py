"""A model's layers as a table."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from bot.shell.output import note, say, table

if TYPE_CHECKING:
    from generators.layers import Summary


def show_layers(summary: Summary) -> None:
    """Prints the table that Keras's `model.summary()` prints, with what it comes to."""
    table(
        ("LAYER", "KIND", "OUTPUT", "PARAMETERS"),
        [(layer.name, layer.kind, _shape(layer.shape), f"{layer.parameters:,}") for layer in summary.layers],
    )
    say(f"Total parameters: {summary.parameters:,} ({_size(summary.bytes)})")
    if summary.of_adapter is not None:
        say(f"Parameters of the adapter: {summary.of_adapter:,}")
    if summary.of_adapter == summary.parameters:
        note("Its base is not here, so these are its own layers only.")


def layers_record(summary: Summary) -> dict[str, Any]:
    """The same for `--json`."""
    own = {} if summary.of_adapter is None else {"adapter_parameters": summary.of_adapter}
    layers = [asdict(layer) for layer in summary.layers]
    return {"layers": layers, "parameters": summary.parameters, **own, "bytes": summary.bytes}


def _shape(shape: tuple[int | None, ...]) -> str:
    return f"({', '.join('None' if size is None else str(size) for size in shape)})"


def _size(number: float) -> str:
    for unit in ("bytes", "kB", "MB"):
        if number < 1000:
            return f"{number:.3g} {unit}"
        number /= 1000
    return f"{number:.3g} GB"
