"""A relay as a file and in a sentence."""

from __future__ import annotations

from typing import Any

import pytest

from bot.conversation import Person
from bot.games.hosting import NoGameYet
from bot.games.relay import RELAY
from tests.bot.games.conftest import ADA, LOBBY
from tests.bot.games.relay.conftest import Ring


@pytest.mark.parametrize("form", ["md", "json", "html"])
async def test_export(ring: Ring, form: Any) -> None:
    """The whole text is had as a file, while it runs and afterwards."""
    with pytest.raises(NoGameYet):
        await ring.games.export(RELAY, LOBBY, form)
    await ring.start()
    await ring.act("write", ADA, "The king slept.")

    message = await ring.games.export(RELAY, LOBBY, form)

    (file,) = message.attachments
    assert file.name.endswith(form)
    assert "He dreamt of soup." in file.data.decode()


async def test_summary(ring: Ring) -> None:
    """One sentence tells how a relay stands."""
    await ring.start()

    assert await ring.games.summaries(LOBBY) == ["A relay is running here; it is Ada's turn."]


async def test_names_do_not_ping_or_break(ring: Ring) -> None:
    """A name is shown short and on one line."""
    await ring.start(players=(ADA, Person("web", "x", "A\n" + "b" * 80)))

    await ring.wait(60)

    assert "It is A⏎bbbbbbbbbbbbbbbbbbbbb…'s turn" in ring.newest.text
