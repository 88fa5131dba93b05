"""Which models there are, and which one writes."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.app import Bot
from bot.configuration import load_configuration
from generators.local import LocalGenerator, Shelf
from storage import audit
from tests.bot.conftest import ADA, BEN, LOBBY, Say
from tests.fakes.models import save_tiny
from tests.fakes.platform import FakePlatform


@pytest.fixture
async def own(home: Path, platform: FakePlatform) -> AsyncIterator[Bot]:
    """A bot with a model of one's own in three versions."""
    for version in ("b", "a", "c"):
        made = save_tiny(home / "models" / "mine" / version) / "config.json"
        os.utime(made, (1_000, 1_000 + "bac".index(version)))
    bot = await Bot.open(load_configuration(home), generator=LocalGenerator([Shelf(home / "models")]))
    bot.register(platform)
    yield bot
    await bot.close()


async def version_of(bot: Bot) -> str:
    return (await bot.models.default()).version


async def test_list(say: Say) -> None:
    """The list names each model and marks the one that writes here."""
    (said,) = await say("/models", BEN)

    assert said.text == "scripted@script · scripted · writes from a script ←"
    assert said.private_for == BEN


async def test_use(bot: Bot, say: Say) -> None:
    """An admin chooses the model of a place, and all are told."""
    (said,) = await say("/models use scripted@script")

    assert said.text == "scripted@script writes here now."
    assert said.private_for is None
    assert (await bot.settings.get(LOBBY)).model == "scripted@script"


async def test_use_writes(say: Say) -> None:
    """The chosen version writes."""
    await say("/models use scripted@script")

    (said,) = await say("/generate temperature=0 length=5 seed=1 Once")

    assert said.text.startswith("Once▸ upon")


async def test_who_may_use(say: Say) -> None:
    """Nobody but an admin chooses."""
    (said,) = await say("/models use scripted", BEN)

    assert said.text == "Only an admin of this place can do this with /models use."
    assert said.private_for == BEN


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("/models use quux", "There is no model quux; /models lists what there is."),
        ("/models quux", "/models does not know quux; it needs one of list, use, rollback, remove."),
    ],
)
async def test_unknown_words(say: Say, line: str, expected: str) -> None:
    """A word that nothing is close to is repeated, with where to look."""
    (said,) = await say(line)

    assert said.text == expected


async def test_unknown(say: Say) -> None:
    """An unknown model comes with the nearest one."""
    (said,) = await say("/models use scirpted")

    assert said.text == "There is no model scirpted. Did you mean scripted?"
    assert said.private_for == ADA


@pytest.mark.parametrize("line", ["/models use mine", "/generate Once"])
async def test_use_what_cannot_write(own: Bot, platform: FakePlatform, home: Path, line: str) -> None:
    """A model that cannot be loaded is not chosen and does not write, and no path of the machine is told."""
    (home / "models" / "mine" / "c" / "model.safetensors").write_bytes(b"{}")

    await own.invoke(line, person=ADA, place=LOBBY)

    (said,) = platform.said
    assert said.text == "The model mine cannot be used; planchette doctor on the bot's machine says why."
    assert (await own.settings.get(LOBBY)).model is None


async def test_rollback(own: Bot, platform: FakePlatform) -> None:
    """An admin goes back version by version, which all are told and the audit keeps."""
    versions = [await version_of(own)]
    for _ in range(3):
        await own.invoke("/models rollback", person=ADA, place=LOBBY)
        versions.append(await version_of(own))

    entries = await own.database.read(lambda conn: audit.entries(conn, LOBBY.key))
    assert versions == ["c", "a", "b", "b"]
    assert [said.text for said in platform.said] == [
        "mine@a writes now where no other version is asked for.",
        "mine@b writes now where no other version is asked for.",
        "The model mine has no version before b.",
    ]
    assert [said.private_for for said in platform.said] == [None, None, ADA]
    assert [(entry.action, entry.facts) for entry in reversed(entries)] == [
        ("rollback", {"model": "mine@a"}),
        ("rollback", {"model": "mine@b"}),
    ]


async def test_remove(own: Bot, platform: FakePlatform, home: Path) -> None:
    """An admin removes a version; where it was the one in use, the newest that is left is used."""
    await own.invoke("/models rollback", person=ADA, place=LOBBY)
    await own.invoke("/models use mine@b", person=ADA, place=LOBBY)

    await own.invoke("/models remove mine@a", person=ADA, place=LOBBY)

    assert sorted(path.name for path in (home / "models" / "mine").glob("[a-z]")) == ["b", "c"]
    assert await version_of(own) == "c"
    assert platform.said[-1].text == "mine@a is removed."


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("/models remove mine", "The model mine writes here; choose another with /models use before you remove it."),
        ("/models remove mine@c", "The model mine@c writes here; choose another"),
        ("/models remove charrnn", "The model charrnn ships with the program and stays as it is."),
        (
            "/models rollback charrnn",
            "The model charrnn ships with the program in one version, so there is nothing to go",
        ),
        ("/models remove min", "There is no model min. Did you mean mine?"),
        ("/models remove ../mine", "There is no model ../mine."),
    ],
)
async def test_kept(own: Bot, platform: FakePlatform, home: Path, line: str, expected: str) -> None:
    """What ships or writes here is not removed, and the person is told what to do."""
    await own.invoke(line, person=ADA, place=LOBBY)

    (said,) = platform.said
    assert said.text.startswith(expected)
    assert said.private_for == ADA
    assert len(list((home / "models" / "mine").glob("*/config.json"))) == 3


@pytest.mark.parametrize("line", ["/models remove mine@a", "/models rollback"])
async def test_who_may_change(own: Bot, platform: FakePlatform, home: Path, line: str) -> None:
    """Nobody but an admin removes models or goes back."""
    await own.invoke(line, person=BEN, place=LOBBY)

    assert platform.said[0].text.startswith("Only an admin of this place can do this with /models r")
    assert await version_of(own) == "c"


async def test_gone(bot: Bot, say: Say) -> None:
    """Where the chosen model is gone, the sentence says what to do."""
    await bot.database.write(_choose_a_model_that_is_gone)

    (said,) = await say("/generate Once")

    assert said.text.startswith("The model gone that writes here is gone; choose another with /models use")


async def _choose_a_model_that_is_gone(connection: object) -> None:
    from storage import settings

    await settings.put(connection, LOBBY.key, "model", '"gone"')  # type: ignore[arg-type]
