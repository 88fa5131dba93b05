"""Versions of a channel's model: taken into use, rolled back, put out of use, removed."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from functools import partial
from pathlib import Path
from typing import Final

import pytest

from bot.app import Bot
from bot.configuration import load_configuration
from bot.conversation import Button, Place
from bot.lineages import Verdict
from bot.lineages.adoption import Adopted
from bot.models import Models
from generators.errors import english
from generators.local import LocalGenerator, Shelf
from storage import audit, channel_models
from storage.below import places_of
from storage.forgetting import forget
from tests.bot.conftest import ADA, BEN, LOBBY
from tests.bot.lineage import TALES, learn, versions_in, withdraw
from tests.fakes.clock import FakeClock
from tests.fakes.models import save_tiny
from tests.fakes.platform import FakePlatform

ATTIC: Final = Place("web", "attic")
NAME: Final = "web-lobby"


async def opened(home: Path, platform: FakePlatform) -> Bot:
    """A bot that writes with what lies in its home."""
    generator = LocalGenerator([Shelf(home / "models")])
    bot = await Bot.open(load_configuration(home), generator=generator, clock=FakeClock())
    bot.register(platform)
    await bot.resume()
    return bot


@pytest.fixture
async def bot(home: Path, platform: FakePlatform) -> AsyncIterator[Bot]:
    """A bot with one model of the operator's."""
    save_tiny(home / "models" / "tales" / "1")
    bot = await opened(home, platform)
    yield bot
    await bot.close()


async def chosen(bot: Bot, place: Place = LOBBY) -> str | None:
    return (await bot.settings.get(place)).model


def button(adopted: Adopted) -> Button:
    (button,) = adopted.message(english).buttons
    return button


async def acts(bot: Bot, place: Place = LOBBY) -> list[tuple[str, str]]:
    entries = await bot.database.read(lambda conn: audit.entries(conn, place.key))
    return [(entry.action, entry.person) for entry in reversed(entries)]


def record(path: Path) -> dict[str, object]:
    found: dict[str, object] = json.loads((path / "planchette.json").read_text())
    return found


class TestAdoption:
    """What becomes of a version when its training is over."""

    async def test_better(self, bot: Bot, home: Path) -> None:
        """A version with fewer bits than what writes in the channel goes into use, which the audit keeps."""
        adopted = await learn(bot, LOBBY, "aa", 2.5)

        assert adopted.verdict is Verdict.USED
        assert adopted.message(english).text == (
            "web-lobby@aa writes here now: 2.50 bits per character on text that it has not seen; tales@1 had 3.00 "
            "there."
        )
        assert button(adopted).label == "Roll back"
        assert await chosen(bot) == "web-lobby@aa"
        assert await chosen(bot, ATTIC) is None
        assert await acts(bot) == [("use model", ADA.key)]

    async def test_its_record(self, bot: Bot, home: Path) -> None:
        """A version is a directory whose record says whose it is; nothing is left of it in the job's."""
        await learn(bot, LOBBY, "aa", facts={"sources": {"channel_log": 7}})

        directory = home / "models" / NAME / "aa"
        kept = await bot.database.read(lambda conn: channel_models.get(conn, NAME, "aa"))
        assert (record(directory)["place"], record(directory)["guild"]) == ("web:lobby", None)
        assert record(directory)["sources"] == {"channel_log": 7}
        assert kept is not None
        assert (kept.base, kept.facts["bits_per_character"], kept.job) == (TALES, 2.0, "aa")
        assert not list((home / "jobs").rglob("config.json"))

    @pytest.mark.parametrize(
        ("facts", "verdict", "sentence"),
        [
            ({"bits": 3.0}, Verdict.WORSE, "tales@1 goes on writing here: it has 3.00 bits"),
            ({"measured": {"other@1": 9.0}}, Verdict.NOT_COMPARED, "web-lobby@aa is kept. tales@1 has come"),
            ({"verbatim": 0.02}, Verdict.VERBATIM, "web-lobby@aa is kept, but does not write here: without"),
            ({"authorised": False}, Verdict.NOT_AUTHORISED, "web-lobby@aa is kept, but does not write here: who"),
        ],
    )
    async def test_not_by_itself(self, bot: Bot, facts: dict[str, object], verdict: Verdict, sentence: str) -> None:
        """A version that is no better, was not compared, repeats its text, or that nobody may use now is only kept."""
        adopted = await learn(bot, LOBBY, "aa", **facts)  # type: ignore[arg-type]

        assert adopted.verdict is verdict
        assert adopted.message(english).text.startswith(sentence)
        assert button(adopted).label == "Use it anyway"
        assert await chosen(bot) is None

    async def test_use_it_anyway(self, bot: Bot, platform: FakePlatform) -> None:
        """An admin's press takes a version into use, once, and everybody is told with the way back."""
        adopted = await learn(bot, LOBBY, "aa", 4.0)
        action = button(adopted).action

        notices = [(await bot.press(action, person=who, place=LOBBY)).text for who in (BEN, ADA, ADA)]
        await bot.lineages.settled()

        assert notices == [
            "Only an admin of this place can do this with /models use.",
            "web-lobby@aa writes here now.",
            "web-lobby@aa writes here already.",
        ]
        assert await chosen(bot) == "web-lobby@aa"
        assert [said.text for said in platform.said] == ["web-lobby@aa writes here now; an admin chose it."]
        assert [each.label for each in platform.said[0].buttons] == ["Roll back"]

    async def test_the_plain_name(self, bot: Bot) -> None:
        """The plain name of a channel's model stands for the version in use, not for the newest."""
        await learn(bot, LOBBY, "aa", 2.0)
        await learn(bot, LOBBY, "bb", 2.5, measured={"web-lobby@aa": 2.0})

        found = await bot.models.at(LOBBY).find(NAME)

        assert found.version == "aa"

    async def test_twice(self, bot: Bot, home: Path) -> None:
        """A result that is handed on again after a crash changes nothing, also where an admin has rolled back since."""
        adopted = await learn(bot, LOBBY, "aa")
        await bot.press(button(adopted).action, person=ADA, place=LOBBY)

        again = await learn(bot, LOBBY, "aa")

        assert again.verdict is Verdict.NOT_COMPARED
        assert await chosen(bot) is None
        assert [path.name for path in (home / "models" / NAME).iterdir() if path.is_dir()] == ["aa"]

    async def test_withdrawn_meanwhile(self, bot: Bot, home: Path) -> None:
        """A version whose text somebody withdrew while it was trained never writes."""
        adopted = await learn(bot, LOBBY, "aa", learnt_from=[("web:Cleo", "web:lobby")])

        assert adopted.verdict is Verdict.TAINTED
        assert button(adopted).label == "Train again"
        assert await chosen(bot) is None
        assert not (home / "models" / NAME / "aa").exists()

    async def test_names(self, bot: Bot, home: Path) -> None:
        """A channel's name for its models is its own: no other channel's, no model's of the operator."""
        save_tiny(home / "models" / "web-cellar" / "1")
        places = [
            LOBBY,
            ATTIC,
            *(Place("web", id_) for id_ in ("cellar", "Attic", "чат", "чай")),
            Place("web", "x", "lobby"),
        ]

        names = [await bot.lineages.claim(place) for place in places]

        assert names[:3] == ["web-lobby", "web-attic", "web-cellar-2"]
        assert len(set(names)) == 6
        assert names[6] == "web-lobby"


class TestRollingBack:
    """Back to what wrote before."""

    async def test_pressed(self, bot: Bot, platform: FakePlatform) -> None:
        """One press goes back from a version; the same press again changes nothing."""
        await learn(bot, LOBBY, "aa")
        second = await learn(bot, LOBBY, "bb", 1.5, measured={"web-lobby@aa": 2.0})
        action = button(second).action

        notices = [(await bot.press(action, person=who, place=LOBBY)).text for who in (BEN, ADA, ADA)]
        await bot.lineages.settled()

        assert notices == [
            "Only an admin of this place can do this with /models rollback.",
            "web-lobby@aa writes here now.",
            "web-lobby@bb does not write here, so there is nothing to roll back.",
        ]
        assert await chosen(bot) == "web-lobby@aa"
        assert [said.text for said in platform.said] == ["web-lobby@aa writes here again, instead of web-lobby@bb."]

    async def test_step_by_step(self, bot: Bot, platform: FakePlatform) -> None:
        """/models rollback goes through what was chosen, and ends with what wrote before there was any."""
        await learn(bot, LOBBY, "aa")
        await learn(bot, LOBBY, "bb", 1.5, measured={"web-lobby@aa": 2.0})
        await learn(bot, LOBBY, "cc", 9.0, measured={"web-lobby@bb": 1.5})
        await bot.invoke("/models use web-lobby@cc", person=ADA, place=LOBBY)

        found = [await chosen(bot)]
        for _ in range(3):
            await bot.invoke("/models rollback", person=ADA, place=LOBBY)
            found.append(await chosen(bot))

        assert found == ["web-lobby@cc", "web-lobby@bb", "web-lobby@aa", None]
        assert platform.said[-1].text == "tales@1 writes here again, instead of web-lobby@aa."

    async def test_in_a_thread(self, bot: Bot) -> None:
        """A thread's model is its channel's, and so is its roll back."""
        thread = Place("web", "thread", channel="lobby")
        await learn(bot, thread, "aa")

        before = await chosen(bot)
        await bot.invoke("/models rollback", person=ADA, place=thread)

        assert (before, await chosen(bot)) == ("web-lobby@aa", None)


class TestTainting:
    """Out of use, because somebody has withdrawn."""

    async def test_the_version_before(self, bot: Bot, platform: FakePlatform, home: Path) -> None:
        """A tainted version is out of use at once, the one before steps in, and a new training is offered."""
        await learn(bot, LOBBY, "aa", people=["web:Ben"])
        await learn(bot, LOBBY, "bb", 1.5, measured={"web-lobby@aa": 2.0}, people=["web:Ben", "web:Cleo"])

        await bot.lineages.tainted(await withdraw(bot, "web:Cleo", LOBBY))
        await bot.lineages.settled()

        assert await chosen(bot) == "web-lobby@aa"
        (said,) = platform.said
        assert said.text == (
            "web-lobby@bb has learnt from text that somebody has withdrawn, so it is out of use, and web-lobby@aa "
            "writes here. An admin can have a new one trained without that text."
        )
        assert [each.label for each in said.buttons] == ["Train again"]
        assert [path.name for path in (home / "models" / NAME).glob("[!.]*/config.json")] == ["config.json"]
        assert (await acts(bot))[-1] == ("tainted", "planchette")

    async def test_descendants(self, bot: Bot) -> None:
        """Where a version and all that came from it are tainted, what they were made from steps in."""
        await learn(bot, LOBBY, "aa", people=["web:Ben"])
        await bot.invoke("/models use tales@1", person=ADA, place=LOBBY)
        await bot.invoke("/models use web-lobby@aa", person=ADA, place=LOBBY)
        await learn(bot, LOBBY, "bb", 1.5, base="web-lobby@aa", measured={"web-lobby@aa": 2.0})

        await bot.lineages.tainted(await withdraw(bot, "web:Ben", None))

        assert await chosen(bot) == "tales@1"

    @pytest.mark.parametrize("line", ["/generate model={} Once", "/models use {}", "/story start model={} Once"])
    @pytest.mark.parametrize("name", ["web-lobby@aa", "web-lobby"])
    async def test_out_of_use(self, bot: Bot, platform: FakePlatform, line: str, name: str) -> None:
        """Nobody can write with a tainted version by its name, and is told why."""
        await learn(bot, LOBBY, "aa", people=["web:Ben"])
        await bot.lineages.tainted(await withdraw(bot, "web:Ben", LOBBY))

        await bot.invoke(line.format(name), person=ADA, place=LOBBY)
        await bot.lineages.settled()

        told = [said.text for said in platform.said if said.private_for is not None]
        assert told == [
            f"The model {name} learnt from somebody who has withdrawn that, so it is out of use; /train start makes "
            "one without it."
        ]

    async def test_nothing_for_the_operator_either(self, bot: Bot, home: Path) -> None:
        """A tainted version is where no generator of this machine finds it, whatever it is called."""
        await learn(bot, LOBBY, "aa", people=["web:Ben"])
        await bot.lineages.tainted(await withdraw(bot, "web:Ben", LOBBY))

        everything = Models(bot.generator, None)

        assert [info.name for info in await everything.all()] == ["tales"]
        for name in ("web-lobby@aa", ".tainted", ".tainted@web-lobby", "web-lobby@../.tainted/web-lobby/aa"):
            with pytest.raises(Exception, match="There is no model"):
                await everything.usable(name)

    async def test_after_a_crash(self, bot: Bot, home: Path, platform: FakePlatform) -> None:
        """Where the process ended between the withdrawal and its consequence, the next start draws it."""
        await learn(bot, LOBBY, "aa", people=["web:Ben"])
        await withdraw(bot, "web:Ben", LOBBY)
        refused = await bot.invoke("/generate model=web-lobby@aa Once", person=ADA, place=LOBBY)

        await bot.resume()
        await bot.lineages.settled()

        assert refused
        assert platform.said[0].text.startswith("The model web-lobby@aa learnt from somebody")
        assert await chosen(bot) is None
        assert not (home / "models" / NAME / "aa").exists()

    async def test_trained_again(self, bot: Bot, home: Path) -> None:
        """A version that comes instead of a tainted one is the end of that."""
        await learn(bot, LOBBY, "aa", people=["web:Ben"])
        await bot.lineages.tainted(await withdraw(bot, "web:Ben", LOBBY))

        await learn(bot, LOBBY, "bb")

        assert await chosen(bot) == "web-lobby@bb"
        assert [row.version for row in await bot.lineages.known(LOBBY)] == ["bb"]
        assert versions_in(home) == ["bb"]

    async def test_train_again(self, bot: Bot, platform: FakePlatform) -> None:
        """Only an admin's press prepares a training."""
        await learn(bot, LOBBY, "aa", people=["web:Ben"])
        await bot.lineages.tainted(await withdraw(bot, "web:Ben", LOBBY))
        await bot.lineages.settled()
        (action,) = (each.action for each in platform.newest(LOBBY).buttons)

        notice = await bot.press(action, person=BEN, place=LOBBY)

        assert notice.text == "Only an admin of this place can do this with /train start."

    async def test_a_place_that_is_gone(self, bot: Bot, home: Path) -> None:
        """What was made for a place that is gone writes nowhere any more, and is deleted with all that it knows."""
        here = Place("web", "here", guild="guild")
        there = Place("web", "there", guild="guild")
        adopted = await learn(bot, here, "aa", people=["web:Ben"])
        await bot.invoke(f"/models use {adopted.model.name}", person=ADA, place=there)

        await bot.place_gone(here)

        assert await chosen(bot, there) is None
        assert not list((home / "models").rglob("aa"))
        assert await bot.database.read(channel_models.every) == []

    async def test_a_crash_while_a_place_goes(self, bot: Bot, home: Path) -> None:
        """What a crash has left of a place that is gone goes with the next start; what is tainted elsewhere stays."""
        here, there = Place("web", "here"), Place("web", "there")
        for place in (here, there):
            await learn(bot, place, "aa", people=["web:Ben"])
        await withdraw(bot, "web:Ben", None)
        places = await bot.database.read(partial(places_of, platform="web", ids=["here"]))
        await bot.database.write(partial(forget, places=places, at=bot.clock.now()))

        await bot.lineages.resume()

        (left,) = await bot.database.read(channel_models.every)
        assert left.place == "web:there"
        assert [path.parent.name for path in (home / "models").rglob("aa")] == [left.model]


class TestRoom:
    """How much room the models of a server take."""

    @pytest.fixture
    async def narrow(self, home: Path, platform: FakePlatform, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Bot]:
        """A bot with room for two small versions and a half."""
        tales = save_tiny(home / "models" / "tales" / "1")
        size = sum(path.stat().st_size for path in tales.iterdir())
        bot = await opened(home, platform)
        training = bot.configuration.training.model_copy(update={"disk_mb": 2.5 * size / 1_000_000})
        bot.configuration = bot.configuration.model_copy(update={"training": training})
        yield bot
        await bot.close()

    async def test_oldest_unused(self, narrow: Bot, home: Path) -> None:
        """The version that was not used for the longest time goes first, and never one in use."""
        await learn(narrow, LOBBY, "aa")
        await learn(narrow, LOBBY, "bb", 9.0, measured={"web-lobby@aa": 2.0})

        await learn(narrow, LOBBY, "cc", 9.0, measured={"web-lobby@aa": 2.0})

        left = sorted(path.parent.name for path in (home / "models" / NAME).glob("*/config.json"))
        assert left == ["aa", "cc"]
        assert [row.version for row in await narrow.lineages.known(LOBBY)] == ["aa", "cc"]
        assert await chosen(narrow) == "web-lobby@aa"

    async def test_of_a_server(self, narrow: Bot, home: Path) -> None:
        """Channels of one server share its room, and other servers have theirs."""
        places = [Place("web", "one", guild="g"), Place("web", "two", guild="g"), Place("web", "three", guild="h")]
        for place, version in zip(places, ("aa", "bb", "cc"), strict=True):
            await learn(narrow, place, version, 9.0)

        await learn(narrow, places[1], "dd", 9.0)

        assert sorted(path.parent.name for path in (home / "models").glob("web-*/*/config.json")) == ["bb", "cc", "dd"]


class TestRemoving:
    """/models remove."""

    async def test_a_version(self, bot: Bot, platform: FakePlatform, home: Path) -> None:
        """A version that nothing writes with is removed by an admin; one in use is not."""
        await learn(bot, LOBBY, "aa")
        await learn(bot, LOBBY, "bb", 9.0, measured={"web-lobby@aa": 2.0})

        for version in ("aa", "bb"):
            await bot.invoke(f"/models remove web-lobby@{version}", person=ADA, place=LOBBY)

        assert [said.text for said in platform.said] == [
            "The model web-lobby@aa writes here; choose another with /models use before you remove it.",
            "web-lobby@bb is removed.",
        ]
        assert [row.version for row in await bot.lineages.known(LOBBY)] == ["aa"]
        assert versions_in(home) == ["aa"]

    async def test_the_last_version(self, bot: Bot, home: Path) -> None:
        """With the last version all that is around it goes, also of one that was out of use, and no other's."""
        await learn(bot, LOBBY, "aa", 9.0, people=["web:Ben"])
        await learn(bot, LOBBY, "bb", 9.0)
        await learn(bot, Place("web", "den"), "cc", 9.0)
        await bot.lineages.tainted(await withdraw(bot, "web:Ben", LOBBY))

        await bot.invoke("/models remove web-lobby@bb", person=ADA, place=LOBBY)
        left = {path.name for path in (home / "models").glob("web-*")}
        await bot.invoke("/models remove web-lobby@aa", person=ADA, place=LOBBY)

        assert left == {"web-den", "web-lobby"}
        assert {path.name for path in (home / "models").glob("**/web-*")} == {"web-den"}

    async def test_in_use_elsewhere(self, bot: Bot, platform: FakePlatform) -> None:
        """A version that another channel of the server writes with stays."""
        here, there = Place("web", "here", guild="guild"), Place("web", "there", guild="guild")
        await learn(bot, here, "aa", 9.0)
        await bot.invoke("/models use web-here@aa", person=ADA, place=there)

        await bot.invoke("/models remove web-here@aa", person=ADA, place=here)

        assert platform.said[-1].text == "web-here@aa writes in a place; choose another there before you remove it."

    async def test_listed(self, bot: Bot, platform: FakePlatform) -> None:
        """The list has every version of the place, what it came from, and which is out of use."""
        await learn(bot, LOBBY, "aa")
        await learn(bot, LOBBY, "bb", 1.5, measured={"web-lobby@aa": 2.0}, people=["web:Ben"])
        await learn(bot, LOBBY, "cc", 1.75, measured={"web-lobby@bb": 1.5})
        await bot.lineages.tainted(await withdraw(bot, "web:Ben", LOBBY))
        await bot.lineages.settled()

        await bot.invoke("/models", person=BEN, place=LOBBY)

        lines = platform.said[-1].text.splitlines()
        assert lines[0].startswith("tales@1")
        assert lines[1].startswith("web-lobby@aa · charrnn")
        assert lines[1].endswith("←")
        assert sorted(lines[2:]) == [
            "web-lobby@bb · from tales@1 · 1.50 bits per character of the newest text · out of use, because somebody "
            "has withdrawn",
            "web-lobby@cc · from tales@1 · 1.75 bits per character of the newest text",
        ]
