"""Nothing of a channel's model crosses to another server, by whichever way somebody asks."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Final

import pytest

from bot.app import Bot
from bot.configuration import load_configuration
from bot.conversation import Person, Place
from bot.models import Models
from bot.values import Label, Model, kind_of
from bot.values import Models as Several
from generators.errors import english
from generators.host import Tuning
from generators.host.tuning_asked import TuningAsked
from generators.local import LocalGenerator, Shelf
from generators.registry import CombinedGenerator
from generators.scripted import Script, ScriptedGenerator
from tests.bot.conftest import ADA
from tests.bot.lineage import learn
from tests.fakes.models import save_tiny
from tests.fakes.platform import FakePlatform
from tests.fakes.training import FakeRunner
from tests.patience import PATIENCE

CHANNEL: Final = Place("web", "club", guild="guild")
SISTER: Final = Place("web", "sister", guild="guild")
THREAD: Final = Place("web", "thread", channel="club", guild="guild")
ABROAD: Final = Place("web", "abroad", guild="other")
ROOM: Final = Place("web", "room")
NAME: Final = "web-club"

LINES: Final = (
    "/generate model={} Once",
    "/compare models=tales,{} Once",
    "/story start model={} Once",
    "/relay start model={} Once",
    "/models use {}",
    "/settings model {}",
    "/models rollback {}",
    "/models remove {}",
)


@pytest.fixture
async def bot(home: Path, platform: FakePlatform) -> AsyncIterator[Bot]:
    """A bot with a model of the operator's and one of a channel's, which was used by nobody."""
    save_tiny(home / "models" / "tales" / "1")
    scripts = (Script(name=name) for name in ("remote:ft:tales:abc", "remote:plain"))
    generator = CombinedGenerator([LocalGenerator([Shelf(home / "models")]), *map(ScriptedGenerator, scripts)])
    bot = await Bot.open(load_configuration(home), generator=generator)
    bot.register(platform)
    await learn(bot, CHANNEL, "aa", 9.0)
    yield bot
    await bot.close()


async def told(bot: Bot, platform: FakePlatform, line: str, place: Place, person: Person = ADA) -> list[str]:
    before = len(platform.said)
    await bot.invoke(line, person=person, place=place)
    return [said.text for said in platform.said[before:]]


@pytest.mark.parametrize("name", [NAME, f"{NAME}@aa"])
@pytest.mark.parametrize("place", [ABROAD, ROOM], ids=lambda place: place.id)
async def test_elsewhere(bot: Bot, platform: FakePlatform, place: Place, name: str) -> None:
    """In other servers and rooms a channel's model is answered for as one that does not exist, whatever is asked."""
    unknown = name.replace("club", "clxb")

    answers = {line: await told(bot, platform, line.format(name), place) for line in LINES}

    for line, answer in answers.items():
        assert answer, line
        assert NAME not in answer[0].replace(f"no model {name}", "")
        assert [each.replace(name, unknown) for each in answer] == await told(
            bot, platform, line.format(unknown), place
        )
    assert [row.version for row in await bot.lineages.known(CHANNEL)] == ["aa"]


@pytest.mark.parametrize("place", [CHANNEL, THREAD, SISTER], ids=lambda place: place.id)
async def test_in_the_server(bot: Bot, platform: FakePlatform, place: Place) -> None:
    """In its own server a channel's model writes, wherever somebody names it."""
    listed = (await told(bot, platform, "/models", place))[0]
    (written,) = await told(bot, platform, f"/generate model={NAME} length=3 seed=1 Once", place)
    (compared,) = await told(bot, platform, f"/compare models=tales,{NAME} length=3 seed=1 Once", place)
    (chosen,) = await told(bot, platform, f"/models use {NAME}@aa", place)

    assert f"{NAME}@aa" in listed
    assert written.endswith("seed=1")
    assert f"models=tales,{NAME}" in compared
    assert chosen == f"{NAME}@aa writes here now."


@pytest.mark.parametrize(("place", "seen"), [(THREAD, True), (SISTER, True), (ABROAD, False), (ROOM, False)])
async def test_what_is_shown(bot: Bot, platform: FakePlatform, place: Place, seen: bool) -> None:
    """Lists, states and the suggestions while somebody types name it in its own server only."""
    suggested = []
    for kind in (kind_of(Model), kind_of(Several), kind_of(Label)):
        assert kind.suggest is not None
        suggested += await kind.suggest.offer(bot, place, "")
    shown = [line for asked in ("/models", "/status", "/settings") for line in await told(bot, platform, asked, place)]

    assert any(NAME in value for value in suggested) is seen
    assert any(NAME in text for text in shown) is seen


async def test_mistyped(bot: Bot, platform: FakePlatform) -> None:
    """The nearest name to a mistyped one is none that may not be known."""
    (abroad,) = await told(bot, platform, "/models use web-clubs", ABROAD)
    (here,) = await told(bot, platform, "/models use web-clubs", SISTER)

    assert abroad == "There is no model web-clubs; /models lists what there is."
    assert here == "There is no model web-clubs. Did you mean web-club?"


async def test_pressed_elsewhere(bot: Bot) -> None:
    """A button of a channel's model does nothing in another server."""
    adopted = await learn(bot, CHANNEL, "bb", 9.0)
    (button,) = adopted.buttons(english)

    notice = await bot.press(button.action, person=ADA, place=ABROAD)

    assert notice.text == "This version is not here any more; /models lists what there is."


async def test_trained_for_others(bot: Bot, home: Path) -> None:
    """What a host with the same home makes for bots elsewhere is nobody's here, as a plain name too."""
    runner = FakeRunner()
    tuning = Tuning(home / "hosting", home / "models", runner=runner)
    await tuning.open()
    with tuning.uploads.receive("said.jsonl") as receiving:
        receiving.take(b'{"text": "an old cat"}')
    assert receiving.file is not None
    job = await tuning.create(TuningAsked(model="tales", training_file=receiving.file.id))
    async with asyncio.timeout(PATIENCE):
        while job.id not in runner.alive:  # noqa: ASYNC110 -- a thread does it
            await asyncio.sleep(0.01)
        runner.finish(after=3.0)
        while job.is_open:  # noqa: ASYNC110 -- a thread does it
            await asyncio.sleep(0.01)

    seen = {place.id: [info.name for info in await bot.models.at(place).all()] for place in (CHANNEL, ABROAD, ROOM)}
    known = [await bot.visibility.may_know(job.name, place) for place in (CHANNEL, ABROAD, ROOM)]
    await tuning.close()

    assert (home / "models" / job.name / "abc" / "config.json").is_file()
    assert not any(job.name in names for names in seen.values())
    assert known == [False] * 3


async def test_only_on_disk(bot: Bot, home: Path) -> None:
    """What a crash has left without a row in the database belongs to whom its record names."""
    save_tiny(home / "models" / "web-lost" / "1", place="web:club", guild="web:guild")

    seen = {place.id: [info.name for info in await bot.models.at(place).all()] for place in (SISTER, ABROAD, ROOM)}

    assert "web-lost" in seen["sister"]
    assert "web-lost" not in seen["abroad"] + seen["room"]


@pytest.mark.parametrize("record", ["{", "[]", '{"place": 7}', '{"guild": "web:guild"}'])
async def test_a_damaged_record(bot: Bot, home: Path, record: str) -> None:
    """A name whose record cannot be read, or names no place, is nobody's that could be told of it."""
    save_tiny(home / "models" / "web-lost" / "1")
    (home / "models" / "web-lost" / "planchette.json").write_text(record)

    seen = [info.name for info in await bot.models.at(ROOM).all()]

    assert "web-lost" not in seen
    assert "tales" in seen


async def test_of_another_machine(bot: Bot) -> None:
    """What a host has trained for somebody is shown to nobody before it is known whose it is, and then to them."""
    before = [info.name for info in await bot.models.at(CHANNEL).all()]
    adopted = await learn(bot, CHANNEL, "bb", 9.0)
    result = replace(adopted.result, model="remote:ft:tales:abc", version="script", directory=None, job="there")
    await bot.lineages.adopt(result)

    after = {place.id: {info.name for info in await bot.models.at(place).all()} for place in (SISTER, ABROAD)}
    assert "remote:ft:tales:abc" not in before
    assert "remote:plain" in before
    assert "remote:ft:tales:abc" in after["sister"]
    assert "remote:ft:tales:abc" not in after["abroad"]


async def test_a_place_that_moves(bot: Bot) -> None:
    """A place with another id takes its models along; nobody comes to know them who takes its old one."""
    await learn(bot, ROOM, "cc", 9.0)

    await bot.place_moved("web", "room", "hall")

    seen = {name: [info.name for info in await bot.models.at(Place("web", name)).all()] for name in ("room", "hall")}
    assert "web-room" in seen["hall"]
    assert "web-room" not in seen["room"]
    assert await bot.lineages.claim(Place("web", "hall")) == "web-room"
    assert await bot.lineages.claim(Place("web", "room")) == "web-room-2"


async def test_adapters_of_others(bot: Bot, platform: FakePlatform, home: Path) -> None:
    """Where a model cannot be removed because others' adapters rest on it, these are not named."""
    await learn(bot, CHANNEL, "bb", 9.0)
    config = home / "models" / NAME / "bb" / "adapter_config.json"
    config.write_text(json.dumps({"base_model_name_or_path": "tales"}))
    save_tiny(home / "models" / "more" / "1")

    (abroad,) = await told(bot, platform, "/models remove tales", ABROAD)
    (sister,) = await told(bot, platform, "/models remove tales", SISTER)

    assert abroad.startswith("The adapter … rests on the model tales;")
    assert sister.startswith("The adapter web-club rests on the model tales;")


async def test_the_operator(bot: Bot) -> None:
    """Whoever sits at the bot's machine knows of all models; the bot itself, outside of places, only of everybody's."""
    everything = [info.name for info in await Models(bot.generator, None).all()]
    nobodys = [info.name for info in await bot.models.all()]

    assert NAME in everything
    assert NAME not in nobodys
    assert "tales" in nobodys
