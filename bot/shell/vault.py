"""`planchette vault`."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

import typer

from bot.shell.output import Json, emit, note

if TYPE_CHECKING:
    from bot.configuration import Configuration
    from storage.vault import Vault

SHOWN: Final = 100_000  # texts; some seconds

vault = typer.Typer(no_args_is_help=True, help="Look after the key that people's text is sealed with.")


@vault.callback()
def _vault() -> None:
    pass  # with a single command typer would leave its name out


@vault.command()
def rotate(as_json: Json = False) -> None:
    """Make a new key, seal all text anew with it, and drop the old one.

    The bot may run meanwhile. Where this was interrupted, run it again: it goes on with what is left.
    """
    from bot.configuration import load_configuration

    configuration = load_configuration()
    keys = configuration.open_vault()
    texts = asyncio.run(_rotated(configuration, keys))
    if as_json:
        emit({"texts": texts, "vault": keys.name})
        return
    counted = "1 text or name is" if texts == 1 else f"{texts:,} texts and names are"
    note(f"{counted} sealed with the new key.")
    if keys.given:
        note("Nothing needs the old key any more; take it out of vault.key.")


async def _rotated(configuration: Configuration, keys: Vault) -> int:
    from bot.corpora.uploads import Uploads
    from bot.home import Home
    from storage.database import Database
    from storage.rotation import rotate

    uploads = Uploads(Home(configuration.home).uploads, keys)
    async with await Database.open(configuration.database_url) as database:
        return await rotate(database, keys, _told, uploads.reseal)


def _told(done: int) -> None:
    if done % SHOWN == 0:
        note(f"{done:,} texts and names …")
