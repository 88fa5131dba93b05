"""Which of Discord's shards a process has, as the settings say it."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.configuration import load_configuration
from bot.conversation import Place
from bot.shards import Shards
from bot.sharing import Share
from generators.errors import UserError

SERVER = "postgresql+asyncpg://planchette@/planchette"


def settings(home: Path, shards: str, database: str = SERVER) -> Path:
    home.mkdir(parents=True)
    text = f'[discord]\nshards = "{shards}"\n[database]\nurl = "{database}"\n'
    (home / "planchette.toml").write_text(text)
    return home


@pytest.mark.parametrize(("written", "meant"), [("0-3/8", Shards(0, 3, 8)), ("4/8", Shards(4, 4, 8))])
def test_written(home: Path, written: str, meant: Shards) -> None:
    """A range, or one shard, of a number of them."""
    configuration = load_configuration(settings(home, written))

    assert configuration.discord.shards == meant
    assert str(meant) == written


@pytest.mark.parametrize("written", ["0-9/8", "8/8", "3-1/8", "0/0", "a", "", "0-3", "-1/8", "0-3/8 ", "0/1025", "٣/8"])
def test_no_shards(home: Path, written: str) -> None:
    """What is no such range is refused in a sentence that names the setting and shows one."""
    with pytest.raises(UserError) as refused:
        load_configuration(settings(home, written))

    said = str(refused.value)
    assert said.startswith(f"discord.shards cannot be {written} (planchette.toml, line 2); it has to be ")
    assert "such as 0-3/8 or 4/8." in said


@pytest.mark.parametrize("written", ["3", "true", "[0, 3]", "{first = 5, last = 3, count = 0}"])
def test_no_text(home: Path, written: str) -> None:
    """What is no text is refused in the same sentence, a table with a range's fields too."""
    path = settings(home, "0/1")
    file = path / "planchette.toml"
    file.write_text(file.read_text().replace('"0/1"', written))

    with pytest.raises(UserError, match=r"^discord\.shards cannot be .* such as 0-3/8 or 4/8\.$"):
        load_configuration(path)


def test_part_of_a_file(home: Path) -> None:
    """A part of the shards over a database that is a file is refused, as no other process can use that."""
    with pytest.raises(UserError) as refused:
        load_configuration(settings(home, "0-3/8", "sqlite:///planchette.db"))

    said = str(refused.value)
    assert said.startswith("discord.shards is 0-3/8, but the database is a file, which only one process can use; ")


def test_all_of_a_file(home: Path) -> None:
    """All shards of a number may be one process's, whatever its database is."""
    configuration = load_configuration(settings(home, "0-7/8", "sqlite:///planchette.db"))

    assert configuration.discord.shards == Shards(0, 7, 8)


def test_every_place_has_one() -> None:
    """Each place is served by one process: by its server's shard, and without a server by shard 0."""
    shares = [Share(shards, ["discord"], alone=False) for shards in (Shards(0, 0, 4), Shards(1, 2, 4), Shards(3, 3, 4))]

    guilds = [Place("discord", "5", guild=str((1 << 40 | number) << 22 | 77)) for number in range(4)]
    serving = [[share.has(place) for share in shares] for place in (*guilds, Place("discord", "6"))]

    assert serving == [
        [True, False, False],
        [False, True, False],
        [False, True, False],
        [False, False, True],
        [True, False, False],
    ]


def test_platforms() -> None:
    """A place is served by the process that is on its platform; a process that is alone need not be, for now."""
    lobby = Place("web", "lobby")

    assert Share(None, ["web"], alone=False).has(lobby)
    assert not Share(None, ["discord"], alone=False).has(lobby)
    assert Share(None, ["discord"], alone=True).has(lobby)
