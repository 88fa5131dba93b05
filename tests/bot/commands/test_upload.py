"""Files that admins give to be learnt from."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import pytest

from bot.app import Bot
from bot.conversation import Enclosed, Person
from bot.corpora.errors import CannotFetch
from storage import audit
from tests.bot.conftest import ADA, BEN, LOBBY, Say
from tests.fakes.platform import FakePlatform, Said

Give = Callable[..., Awaitable[Said]]


@pytest.fixture
def give(bot: Bot, platform: FakePlatform) -> Give:
    """Says `/train upload` with a file and returns the answer."""

    async def give(name: str, data: bytes, person: Person = ADA, size: int | None = None) -> Said:
        async def fetch() -> bytes:
            if not data:
                raise CannotFetch(name)
            return data

        file = Enclosed(name, len(data) if size is None else size, fetch)
        await bot.invoke("/train upload", person=person, place=LOBBY, files=[file])
        return platform.said[-1]

    return give


async def test_a_file_is_kept(bot: Bot, give: Give, say: Say) -> None:
    """An admin's text file is kept for the next training, all are told, and it is noted who gave it."""
    said = await give("tales.txt", b"a marvellous lamp")

    assert said.text == "tales.txt is kept, to be learnt from by the next training here."
    assert said.private_for is None
    assert [file.name for file in bot.uploads.of_place(LOBBY.key)] == ["tales.txt"]
    (entry,) = await bot.database.read(lambda conn: audit.entries(conn, LOBBY.key))
    assert (entry.action, entry.facts) == ("upload", {"name": "tales.txt", "bytes": 17})


@pytest.mark.parametrize(
    ("name", "data", "size", "expected"),
    [
        ("tales.pdf", b"x", None, "tales.pdf cannot be learnt from; upload a text file: .txt, "),
        ("tales.txt", b"x", 10_000_001, "tales.txt is larger than 10 MB; "),
        ("result.json", b"x", None, "result.json is the export of a chat"),
        ("tales.txt", b"", None, "tales.txt could not be fetched; send it again."),
    ],
)
async def test_refused(bot: Bot, give: Give, name: str, data: bytes, size: int | None, expected: str) -> None:
    """A file that cannot be learnt from is refused in one private sentence, and nothing of it is kept."""
    said = await give(name, data, size=size)

    assert said.text.startswith(expected)
    assert said.private_for == ADA
    assert bot.uploads.of_place(LOBBY.key) == []


async def test_only_admins(bot: Bot, give: Give) -> None:
    """Who is no admin gives no file."""
    await give("tales.txt", b"a marvellous lamp", BEN)

    assert bot.uploads.of_place(LOBBY.key) == []


async def test_no_file(say: Say) -> None:
    """Without a file the answer says how to give one, and where the operator may put one."""
    (said,) = await say("/train upload")

    assert "uploads/web_lobby" in said.text


async def test_listed_and_removed(bot: Bot, give: Give, say: Say) -> None:
    """The files of a place are listed, and deleted by name."""
    await give("a.txt", b"text")
    await give("b.txt", b"text")

    (listed,) = await say("/train files")
    (removed,) = await say("/train files remove=a.txt")

    assert listed.text == "Files that are learnt from here: a.txt, b.txt."
    assert removed.text == "a.txt is deleted."
    assert [file.name for file in bot.uploads.of_place(LOBBY.key)] == ["b.txt"]


async def test_a_place_that_is_gone(bot: Bot, give: Give) -> None:
    """The files of a place are deleted with it."""
    await give("a.txt", b"text")

    await bot.place_gone(LOBBY)

    assert bot.uploads.of_place(LOBBY.key) == []


async def test_a_lost_key(bot: Bot, give: Give, say: Say) -> None:
    """A file whose key is gone is listed with what to do, a training says so too, and it can be deleted."""
    await give("a.txt", b"a marvellous lamp")
    await give("b.txt", b"a cave\n")
    next((bot.configuration.home / "uploads").rglob("b.txt.key")).unlink()
    lost = "b.txt cannot be read any more, as its key is gone; delete it with /train files remove=b.txt"

    (listed,) = await say("/train files")
    (removed,) = await say("/train files remove=b.txt")
    (left,) = await say("/train files")

    assert listed.text.startswith(f"Files that are learnt from here: a.txt.\n{lost}")
    assert removed.text == "b.txt is deleted."
    assert left.text == "Files that are learnt from here: a.txt."
