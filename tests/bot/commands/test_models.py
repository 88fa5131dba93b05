"""Which models there are, and which one writes."""

from __future__ import annotations

from bot.app import Bot
from tests.bot.conftest import ADA, BEN, LOBBY, Say


async def test_list(say: Say) -> None:
    """The list names each model and marks the one that writes here."""
    (said,) = await say("/models", BEN)

    assert said.text == "scripted@script · scripted · writes from a script ←"
    assert said.private_for == BEN


async def test_use(bot: Bot, say: Say) -> None:
    """An admin chooses the model of a place, and all are told."""
    (said,) = await say("/models use scripted@script")

    assert said.text == "model is scripted@script here, set for this place."
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


async def test_unknown(say: Say) -> None:
    """An unknown model comes with the nearest one."""
    (said,) = await say("/models use scirpted")

    assert said.text == "There is no model scirpted. Did you mean scripted?"
    assert said.private_for == ADA


async def test_gone(bot: Bot, say: Say) -> None:
    """Where the chosen model is gone, the sentence says what to do."""
    await bot.database.write(_choose_a_model_that_is_gone)

    (said,) = await say("/generate Once")

    assert said.text.startswith("The model gone that writes here is gone; choose another with `/models use`")


async def _choose_a_model_that_is_gone(connection: object) -> None:
    from storage import settings

    await settings.put(connection, LOBBY.key, "model", '"gone"')  # type: ignore[arg-type]
