"""A training as a picture: how its loss fell, and what was measured at its checks."""

from __future__ import annotations

import math
from collections.abc import Sequence
from io import BytesIO
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from generators.training.history import Point

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

DRAWN: Final = 300  # points of a line; more would only be noise
SIZE: Final = 8.0, 2.6  # inches, of each part
DPI: Final = 100
COLOURS: Final = 64
MARKED: Final = 50  # so many points or fewer are drawn as dots too
LINE_FROM: Final = 2  # points
LINE: Final = "#2a5f9e"
MEASURED: Final = "#b8461f"
GRID: Final = "#d8d8d8"


def curve(history: Sequence[Point]) -> bytes | None:
    """A PNG of training loss, in bits per token, and of what is held out, in bits per character, over the steps.

    None where that would be no line but dots. It keeps to itself, so that any thread may draw; takes a second.

    Args:
        history: in the order of steps; a part without points is left out.

    Raises:
        ImportError: matplotlib is not installed.
    """
    drawn = figure_of(history)
    return None if drawn is None else _light(drawn)


def figure_of(history: Sequence[Point]) -> Figure | None:
    """The same before it is a PNG."""
    from matplotlib.figure import Figure  # without pyplot: no global state, and no window
    from matplotlib.ticker import MaxNLocator

    told = [point for point in history if not point.checked]  # a check repeats the loss of the step before it
    losses = _thinned([(point.step, point.loss / math.log(2)) for point in told if point.loss is not None])
    bits = [(point.step, each) for point in history if (each := point.bits_per_character) is not None]
    parts = [part for part in (losses, bits) if part]
    if all(len(part) < LINE_FROM for part in parts):
        return None
    wide, high = SIZE
    figure = Figure(figsize=(wide, high * len(parts)), dpi=DPI, layout="constrained", facecolor="white")
    panels = figure.subplots(len(parts), sharex=True, squeeze=False)[:, 0]
    for panel, part in zip(panels, parts, strict=True):
        if part is bits:
            _measures(panel, part)
        else:
            marker = "." if len(part) <= MARKED else ""
            panel.plot(*zip(*part, strict=True), color=LINE, linewidth=1.2, marker=marker)
            panel.set_ylabel("training loss,\nbits per token")
        _plain(panel)
    panels[-1].set_xlabel("steps")
    panels[-1].xaxis.set_major_locator(MaxNLocator("auto", integer=True, steps=[1, 2, 5, 10]))
    panels[-1].xaxis.set_major_formatter("{x:,.0f}")
    return figure


def _light(figure: Figure) -> bytes:
    """A figure as a PNG of few colours, which is a third as large."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from PIL import Image

    canvas: Any = FigureCanvasAgg(figure)  # not typed
    canvas.draw()
    image = Image.fromarray(np.asarray(canvas.buffer_rgba())).convert("RGB")
    with BytesIO() as file:
        image.quantize(COLOURS).save(file, "PNG", optimize=True)
        return file.getvalue()


def _measures(panel: Axes, bits: Sequence[tuple[float, float]]) -> None:
    """The checks, with the figure of the best one."""
    steps, values = zip(*bits, strict=True)
    marker = "o" if len(bits) <= MARKED else ""
    panel.plot(steps, values, color=MEASURED, linewidth=1.2, marker=marker, markersize=4)
    step, best = min(bits, key=lambda each: each[1])
    panel.plot([step], [best], color=MEASURED, marker="o", markersize=7)
    # below, where the best one has no line
    panel.annotate(f"{best:.3f}", (step, best), xytext=(0, -16), textcoords="offset points", ha="center")
    panel.margins(y=0.25)
    panel.set_ylabel("held out,\nbits per character")


def _plain(panel: Axes) -> None:
    panel.grid(color=GRID, linewidth=0.6)
    panel.set_axisbelow(True)
    panel.spines[["top", "right"]].set_visible(False)


def _thinned(line: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    """A line of at most so many points, each the mean of its neighbours."""
    size = max(math.ceil(len(line) / DRAWN), 1)
    parts = [line[at : at + size] for at in range(0, len(line), size)]
    return [(part[-1][0], sum(value for _, value in part) / len(part)) for part in parts]
