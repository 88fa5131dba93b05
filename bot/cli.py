"""The shell's front door: `planchette COMMAND`.

Only typer is imported here; each command imports what it needs when it runs, so that `--help` is instant.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from bot.shell.channel_logs import logs
from bot.shell.cluster import cluster
from bot.shell.compare import compare
from bot.shell.doctor import doctor
from bot.shell.embed import embed
from bot.shell.evaluate import evaluate
from bot.shell.faults import Shell
from bot.shell.generate import generate
from bot.shell.host import host
from bot.shell.models import models
from bot.shell.next import next_
from bot.shell.recipes import recipes
from bot.shell.replay import replay
from bot.shell.run import chat, run
from bot.shell.similar import similar
from bot.shell.train import train
from bot.shell.vault import vault
from bot.shell.write import write

app = typer.Typer(
    cls=Shell,
    name="planchette",
    help="A whole chat writes together with small language models.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["--help", "-h"]},
)


def _version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        typer.echo(version("planchette"))
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[bool, typer.Option("--version", callback=_version, is_eager=True, help="Show it.")] = False,
) -> None:
    pass


app.command()(run)
app.command()(chat)
app.command()(generate)
app.command("next")(next_)
app.command()(write)
app.command()(train)
app.command()(recipes)
app.command()(evaluate)
app.command()(compare)
app.command()(embed)
app.command()(similar)
app.command()(replay)
app.command()(host)
app.command()(doctor)
app.add_typer(cluster, name="cluster")
app.add_typer(models, name="models")
app.add_typer(logs, name="logs")
app.add_typer(vault, name="vault")


def main() -> None:
    """The console script."""
    if sys.stdout is None:  # `>&-`; what is opened next must not become the output, and no result may be lost silently
        sys.stdout = Path(os.devnull).open()  # noqa: SIM115  # for reading: each write fails
    if sys.stderr is None:
        sys.stderr = Path(os.devnull).open("w")  # noqa: SIM115
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")  # a terminal that cannot show a character shows another
    app()


if __name__ == "__main__":
    main()
