"""The bar of a long command on a terminal."""

from __future__ import annotations

from typing import Final

from rich.console import Console
from rich.progress import BarColumn, Progress, Task, TaskProgressColumn, TextColumn, TimeRemainingColumn
from rich.table import Column
from rich.text import Text

WIDTH: Final = 24  # cells of the bar; the measures beside it need the room
LEFT: Final = 7  # cells of hours, minutes and seconds


class _Left(TimeRemainingColumn):
    """Time left as whoever does the work knows it, or else by the pace of the bar."""

    max_refresh = 0.0  # rich's own pace is an estimate, which would flicker

    def render(self, task: Task) -> Text:
        left: str = task.fields["left"]
        return Text(left, style="progress.remaining") if left else super().render(task)


def bar() -> Progress:
    """A bar on stderr; its tasks have the fields `detail`, which a narrow terminal cuts, and `left`."""
    return Progress(
        TextColumn("{task.description}", markup=False),
        BarColumn(WIDTH, table_column=Column(min_width=WIDTH)),
        TaskProgressColumn(),
        _Left(table_column=Column(min_width=LEFT, no_wrap=True)),
        TextColumn("{task.fields[detail]}", markup=False, table_column=Column(ratio=1, no_wrap=True)),
        console=Console(stderr=True),
        transient=True,
        expand=True,
    )
