"""Files that come with a line."""

from __future__ import annotations

import base64
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest

from bot.corpora.errors import CannotFetch
from bot.corpora.uploads import MOST
from bot.platforms.web.heard import Heard, enclosed, kept, stored
from generators.scripted import Pace
from storage.vault import Vault
from tests.bot.platforms.serving import Serving, serving

KEPT = "tales.txt is kept, to be learnt from by the next training here."


async def give(
    room: Serving, data: bytes = b"a marvellous lamp", *, headers: dict[str, str] | None = None, **asked: str
) -> httpx.Response:
    """Ada sends a file with a line."""
    params = {"person": "Ada", "name": "tales.txt", "text": "/train upload", **asked}
    return await room.http.post("/api/rooms/lobby/files", params=params, content=data, headers=headers)


async def answered(room: Serving) -> list[Any]:
    """The room's messages once the bot has kept the file."""
    async with room.events(person="Ada", last=0) as events:
        while (messages := await room.read(person="Ada")) and KEPT not in [each["text"] for each in messages]:
            await events.next()
    return messages


def all_in(folder: Path) -> bytes:
    """What is in the files below."""
    return b"".join(path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file())


@pytest.fixture
def vault() -> Vault:
    """A key."""
    return Vault.of("sesame")


def names(room: Serving) -> list[str]:
    """The files that are kept for the lobby."""
    return [file.name for file in room.bot.uploads.of_place("web:lobby")]


async def test_kept(lobby: Serving) -> None:
    """A file that comes with the line is kept, and all see both the line and the answer, but not the file."""
    sent = await give(lobby)

    line, told = await answered(lobby)
    assert sent.status_code == 202
    assert (line["id"], line["person"], line["text"]) == (sent.json()["id"], "Ada", "/train upload")
    assert (told["text"], told["private"]) == (KEPT, False)
    assert line["attachments"] == []
    assert names(lobby) == ["tales.txt"]


async def test_as_large_as_may_be(lobby: Serving) -> None:
    """A file of 10 MB is taken whole."""
    sent = await give(lobby, (b"a lamp " * 1_428 + b"lamp") * (MOST // 10_000))

    await answered(lobby)
    assert sent.status_code == 202
    assert names(lobby) == ["tales.txt"]


@pytest.mark.parametrize(
    ("data", "asked", "status", "expected"),
    [
        (b"x", {"text": "/status"}, 400, "A file can only come with /train upload."),
        (b"x", {"text": "hello"}, 400, "A file can only come with /train upload."),
        (b"x", {"text": "/train uplaod"}, 400, "There is no command /train uplaod. Did you mean /train upload?"),
        (b"x", {"name": "tales.pdf"}, 400, "tales.pdf cannot be learnt from; upload a text file: "),
        (b"x", {"name": "a\0.txt"}, 400, "The file's name has a NUL character in it; leave it out."),
        (b"x", {"name": "a" * 256}, 413, "The file's name has 256 characters; "),
        (b"x", {"person": ""}, 400, ""),
        (b"x" * (MOST + 1), {}, 413, "The body is larger than 9765 KB; "),
    ],
)
async def test_refused(lobby: Serving, data: bytes, asked: dict[str, str], status: int, expected: str) -> None:
    """What cannot be taken is one sentence, and nothing is stored."""
    answer = await give(lobby, data, **asked)

    assert answer.status_code == status
    assert answer.json()["error"].startswith(expected)
    assert await lobby.read(person="Ada") == []


async def test_only_admins(home: Path) -> None:
    """Who is no admin gives no file, and not as much as an admin may."""
    async with serving(home, host="0.0.0.0", key="open sesame", admin_key="caliph") as room:
        theirs = {"Authorization": "Bearer open sesame"}
        ours = {"Authorization": "Bearer caliph"}
        elsewhere = {"X-Forwarded-For": "192.0.2.1"}

        small = await give(room, headers=theirs | elsewhere)
        large = await give(room, b"x" * 300_000, headers=theirs | elsewhere)
        admin = await give(room, b"a lamp\n" * 50_000, headers=ours | elsewhere)

        assert (small.status_code, large.status_code, admin.status_code) == (400, 413, 202)
        assert small.json()["error"].startswith("Only an admin of this place can do this")


async def test_restart(home: Path) -> None:
    """A file that was in hand when the bot stopped is kept after its start, and until then lies nowhere as it is."""
    async with serving(home, pace=Pace()) as first:
        await first.say("Ada", "/generate seed=1 Once upon a time")
        await give(first)
    on_disk = all_in(home)

    async with serving(home) as second:
        await answered(second)
        assert names(second) == ["tales.txt"]
    assert b"marvellous lamp" not in on_disk
    assert base64.b64encode(b"a marvellous lamp") not in on_disk


async def test_of_another_key(vault: Vault) -> None:
    """A file whose key has gone meanwhile is to be sent again."""
    file = await kept(vault, "tales.txt", b"a lamp")

    with pytest.raises(CannotFetch):
        await enclosed(Vault.of("another"), file).fetch()

    assert await enclosed(vault, file).fetch() == b"a lamp"


async def test_of_an_earlier_version(vault: Vault) -> None:
    """What an earlier version has stored of a line is read, without a file; what this one has, with it."""
    plain = Heard("lobby", "Ada", True, "hello", 1, None)
    file = replace(plain, file=await kept(vault, "tales.txt", b"a lamp"))
    earlier = {name: value for name, value in plain.payload().items() if name != "file"}

    assert stored(earlier) == plain
    assert stored(json.loads(json.dumps(file.payload()))) == file
