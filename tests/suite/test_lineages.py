"""A channel's own model on every platform: taken into use, rolled back, and out of use when somebody withdraws."""

from __future__ import annotations

import pytest

from bot import choice
from bot.conversation import Place
from storage.channel_models import ChannelModel
from tests.bot.lineage import learn, withdraw
from tests.fakes.models import save_tiny
from tests.suite.stage import ADA, BEN, Seen, Stage

PERSON = "web:Cleo"  # whose text it has learnt from


@pytest.fixture
async def place(stage: Stage) -> Place:
    """Where people are, with a model of the operator's that writes there."""
    save_tiny(stage.home / "models" / "tales" / "1")
    await stage.restart()
    await stage.says(ADA, "/models use tales@1")
    await stage.until("tales@1 writes here now.")
    (key,) = await stage.bot.database.read(choice.everywhere)
    return Place(stage.name, key.partition(":")[2])


async def shown(stage: Stage, place: Place, version: str, bits: float) -> tuple[ChannelModel, Seen]:
    """A training ends, which everybody is told."""
    adopted = await learn(stage.bot, place, version, bits, people=[PERSON])
    message = adopted.message(lambda text, _=None, /, **facts: text.format(**facts))
    await stage.bot.outboxes[place.platform].post(place, message)
    return adopted.model, await stage.until(lambda seen: seen.buttons and adopted.model.name in seen.text)


async def test_a_better_model(stage: Stage, place: Place) -> None:
    """A better version writes at once, and one press of an admin goes back to the one before."""
    model, told = await shown(stage, place, "aa", 2.0)
    await stage.says(ADA, "/generate seed=1 length=3 Once")
    written = await stage.until("seed=1")
    if stage.rights:
        assert "Only an admin" in await stage.pressed(BEN, told, "Roll back")

    notice = await stage.pressed(ADA, told, "Roll back")
    await stage.until(f"tales@1 writes here again, instead of {model.name}.")
    await stage.says(ADA, "/generate seed=2 length=3 Once")

    assert f"model={model.model} " in written.text
    assert "tales@1 writes here now." in notice
    assert "model=tales " in (await stage.until("seed=2")).text


async def test_withdrawn(stage: Stage, place: Place) -> None:
    """A version that an admin has chosen is out of use when somebody withdraws, and a new training is offered."""
    model, told = await shown(stage, place, "aa", 4.0)
    notice = await stage.pressed(ADA, told, "Use it anyway")
    chosen = await stage.until("chose it")

    await stage.bot.lineages.tainted(await withdraw(stage.bot, PERSON, place))
    offered = await stage.until("somebody has withdrawn", after=chosen)
    if stage.several:  # in a terminal only the newest buttons can be pressed
        assert f"{model.name} does not write here" in await stage.pressed(ADA, chosen, "Roll back")
    await stage.says(ADA, f"/generate model={model.name} Once")
    refused = await stage.until("/train start makes one without it")
    await stage.says(ADA, "/generate seed=3 length=3 Once")

    assert f"{model.name} writes here now." in notice
    assert offered.buttons == ("Train again",)
    assert refused.private == stage.discreet
    assert "model=tales " in (await stage.until("seed=3")).text
