"""What places have set: looked up from the thread to the server, and explained."""

from __future__ import annotations

import pytest

from bot.app import Bot
from bot.conversation import Place
from bot.places import SETTINGS, Effective, NoGuild, UnknownSetting
from bot.values import Default
from generators.completion import Unit
from generators.errors import UnknownModel, UserError
from storage import audit
from storage import settings as stored
from tests.bot.conftest import ADA, LOBBY, THREAD

CHANNEL = Place("web", "channel", guild="guild")


async def test_defaults(bot: Bot) -> None:
    """A place that has set nothing has the defaults."""
    assert await bot.settings.get(LOBBY) == Effective()


async def test_chain(bot: Bot) -> None:
    """A thread's value goes before the channel's, and that before the server's."""
    await bot.settings.change(THREAD, "seconds", 10.0, by=ADA, scope="guild")
    await bot.settings.change(THREAD, "candidates", 3, by=ADA, scope="guild")
    await bot.settings.change(THREAD, "candidates", 4, by=ADA, scope="channel")
    await bot.settings.change(THREAD, "unit", Unit.TOKEN, by=ADA, scope="channel")
    await bot.settings.change(THREAD, "unit", Unit.SENTENCE, by=ADA)

    in_thread, in_channel = await bot.settings.get(THREAD), await bot.settings.get(CHANNEL)

    assert (in_thread.seconds, in_thread.candidates, in_thread.unit) == (10.0, 4, Unit.SENTENCE)
    assert (in_channel.seconds, in_channel.candidates, in_channel.unit) == (10.0, 4, Unit.TOKEN)


async def test_places_are_apart(bot: Bot) -> None:
    """What one place sets does not hold in another."""
    await bot.settings.change(LOBBY, "temperature", 0.5, by=ADA)

    elsewhere = await bot.settings.get(Place("web", "den"))

    assert elsewhere.temperature is None


async def test_unset(bot: Bot) -> None:
    """Unsetting goes back to what the channel has."""
    await bot.settings.change(THREAD, "temperature", 0.5, by=ADA, scope="channel")
    await bot.settings.change(THREAD, "temperature", 1.5, by=ADA)

    await bot.settings.change(THREAD, "temperature", Default.DEFAULT, by=ADA)

    assert (await bot.settings.get(THREAD)).temperature == 0.5


@pytest.mark.parametrize(
    ("scope", "expected"),
    [
        ("here", "temperature is 0.5 here, set for this place."),
        ("channel", "temperature is 0.5 here, set for the whole channel."),
        ("guild", "temperature is 0.5 here, set for the whole server."),
        (None, "temperature is 1 here, scripted's own; nobody has set another."),
    ],
)
async def test_explanation(bot: Bot, scope: str | None, expected: str) -> None:
    """The explanation says where a value comes from."""
    if scope is not None:
        await bot.settings.change(THREAD, "temperature", 0.5, by=ADA, scope=scope)  # type: ignore[arg-type]

    assert await bot.settings.explanation(THREAD, "temperature") == expected


async def test_audit(bot: Bot) -> None:
    """Setting a value leaves a line with who did it, what, and where it holds."""
    await bot.settings.change(THREAD, "candidates", 4, by=ADA, scope="channel")

    (entry,) = await bot.database.read(lambda conn: audit.entries(conn, "web:channel"))

    assert (entry.person, entry.action, entry.facts) == ("web:Ada", "set", {"name": "candidates", "value": "4"})


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        ("temperature", "nan", "temperature cannot be nan; it has to be a number from 0 to 5 or default."),
        ("temperature", "-1", "temperature cannot be -1; it has to be a number from 0 to 5 or default."),
        ("temperature", "1e9", "temperature cannot be 1e9; it has to be a number from 0 to 5 or default."),
        ("temperature", "hot", "temperature cannot be hot; it has to be a number from 0 to 5 or default."),
        ("temperature", "", "temperature cannot be «»; it has to be a number from 0 to 5 or default."),
        ("top_p", "0", "top_p cannot be 0; it has to be a number above 0, at most 1 or default."),
        ("length", "2.5", "length cannot be 2.5; it has to be a whole number from 1 to 20,000 or default."),
        ("who_sets", "me", "who_sets cannot be me; it has to be admins, all or default."),
        ("reply", "maybe", "reply cannot be maybe; it has to be off, mention or default."),
        ("model", "scriptd", "There is no model scriptd. Did you mean scripted?"),
        ("temprature", "1", "There is no setting temprature. Did you mean temperature?"),
    ],
)
async def test_wrong_value(bot: Bot, name: str, text: str, expected: str) -> None:
    """A wrong value is one sentence that says what is allowed."""
    with pytest.raises(UserError) as fault:
        await bot.settings.parse(LOBBY, name, text)

    assert fault.value.sentence() == expected


async def test_wrong_value_changes_nothing(bot: Bot) -> None:
    """A wrong value is not stored, by whichever way it comes."""
    with pytest.raises(UserError):
        await bot.settings.change(LOBBY, "temperature", float("nan"), by=ADA)
    with pytest.raises(UnknownModel):
        await bot.settings.change(LOBBY, "model", "nobody", by=ADA)

    assert await bot.settings.get(LOBBY) == Effective()


async def test_no_guild(bot: Bot) -> None:
    """A place without a server has no server's settings."""
    with pytest.raises(NoGuild):
        await bot.settings.change(LOBBY, "temperature", 1.0, by=ADA, scope="guild")


async def test_unknown_setting(bot: Bot) -> None:
    """A name far from every setting lists them all."""
    with pytest.raises(UnknownSetting) as fault:
        await bot.settings.explanation(LOBBY, "quux")

    assert all(name in fault.value.sentence() for name in SETTINGS)


async def test_stored_by_another_version(bot: Bot) -> None:
    """A stored value that is not allowed any more counts as not set."""
    await bot.database.write(lambda conn: stored.put(conn, LOBBY.key, "candidates", "1000"))
    await bot.database.write(lambda conn: stored.put(conn, LOBBY.key, "unit", "{no json"))

    effective = await bot.settings.get(LOBBY)

    assert (effective.candidates, effective.unit) == (5, Unit.WORD)
