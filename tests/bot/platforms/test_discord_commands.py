"""Slash commands, their options and forms."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import pytest

from bot.commands.declaration import Permission, command
from bot.commands.discovery import Commands, discover
from bot.commands.invocation import Invocation
from bot.platforms.discord.declaring import INTEGER, NUMBER, STRING, declared
from tests.bot.platforms.discording import playing
from tests.fakes.discord import CommandNotOffered, Upload
from tests.fakes.discord.limits.command import check_commands, size


@command(requires=Permission.ADMIN)
async def secret(invocation: Invocation, word: Annotated[str, "a word"]) -> None:
    """Do what only admins may."""
    await invocation.answer_privately("done")


def options(name: str, member: str | None = None) -> dict[str, dict[str, object]]:
    """The registered options of a command."""
    found = next(each for each in declared(discover()) if each["name"] == name)
    if member is not None:
        found = next(each for each in found["options"] if each["name"] == member)
    return {option["name"]: option for option in found.get("options", [])}


def test_within_limits() -> None:
    """All commands, in all languages, fit into what Discord takes."""
    commands = declared(discover())

    check_commands(commands)
    assert max(map(size, commands)) <= 8_000


def test_typed_options() -> None:
    """Numbers come with their ranges, choices as choices, and models are completed."""
    generate = options("generate")

    assert (generate["temperature"]["type"], generate["temperature"]["max_value"]) == (NUMBER, 5)
    assert (generate["n"]["type"], generate["n"]["min_value"], generate["n"]["max_value"]) == (INTEGER, 1, 5)
    assert generate["model"]["autocomplete"] is True
    units = [choice["value"] for choice in options("story", "start")["unit"]["choices"]]  # type: ignore[attr-defined]
    assert units == ["token", "word", "sentence"]


def test_what_no_number_holds() -> None:
    """A seed of 63 bits, and the word «default», are typed as text."""
    assert options("generate")["seed"]["type"] == STRING
    assert options("temperature")["value"]["type"] == STRING


def test_localised() -> None:
    """Commands and options have names and descriptions in Discord's own names of our languages."""
    found = declared(discover())

    for told in found:
        languages = told.get("description_localizations", told.get("name_localizations", {}))
        assert set(languages) <= {"de", "ru", "zh-CN", "zh-TW"}
    assert any("zh-TW" in told.get("description_localizations", {}) for told in found)


def test_hidden_from_others() -> None:
    """What only admins may use is hidden from everybody else."""
    (told, _) = declared(Commands([secret]))

    assert told["default_member_permissions"] == 32
    assert (told["contexts"], told["integration_types"]) == ([0, 1], [0])


async def test_checked_when_used(home: Path) -> None:
    """Whoever may not set something is told so alone, whatever the server shows them."""
    async with playing(home) as stage:
        asked = await stage.ben.slash(stage.channel, "temperature", anyway=True, value="0.5")

        told = await asked.answered()
        assert told.private_for is stage.ben
        assert "admin" in told.content


async def test_registered_once(home: Path) -> None:
    """Commands are registered when they have changed, and not at every start."""
    async with playing(home) as stage:
        application = stage.discord.application.id
        await stage.restart()

        assert len(stage.discord.requests_to("PUT", f"/applications/{application}/commands")) == 1


async def test_completed(home: Path) -> None:
    """Models are offered while somebody types."""
    async with playing(home) as stage:
        offered = await stage.ada.autocomplete(stage.channel, "generate", focused="model", model="scr")

        assert [choice.value for choice in offered] == ["scripted"]


async def test_stories_are_completed(home: Path) -> None:
    """The stories of the place are offered while somebody types, the newest first, and the chosen one is shown."""
    async with playing(home) as stage:
        for beginning in ("Once upon", "Once upon a time"):
            await (await stage.ada.slash(stage.channel, "story start", text=beginning)).answered()
            await stage.channel.until(lambda message: bool(message.buttons))
            await (await stage.ada.slash(stage.channel, "story stop")).answered()
            await stage.channel.until(lambda message: "The end." in message.content)

        offered = await stage.ada.autocomplete(stage.channel, "story show", focused="story", story="upon")

        assert [choice.value.split(" ", 1)[1] for choice in offered] == ["Once upon a time", "Once upon"]
        shown = await (await stage.ada.slash(stage.channel, "story show", story=offered[1].value)).answered()
        assert shown.content.startswith("Once upon\n")


async def test_not_completed_elsewhere(home: Path) -> None:
    """On a server that is not on the operator's list nothing is offered while somebody types."""
    async with playing(home, allowed=True) as stage:
        other = stage.discord.guild("Elsewhere", channels=["hall"])

        offered = await stage.ada.autocomplete(other["hall"], "generate", focused="model", model="scr")

        assert offered == []


async def test_out_of_range(home: Path) -> None:
    """A value that only an old client sends is refused in one private sentence."""
    async with playing(home) as stage:
        asked = await stage.ada.slash(stage.channel, "generate", seed="many")

        told = await asked.answered()
        assert told.private_for is stage.ada
        assert "seed" in told.content
        assert stage.channel.messages == []


async def test_form_of_a_command(home: Path) -> None:
    """A command that takes only a text opens a form with room for it."""
    async with playing(home) as stage:
        await stage.ada.slash(stage.channel, "story start", text="Once upon a")
        await stage.channel.until(lambda message: message.buttons)

        opened = await (await stage.ada.slash(stage.channel, "story write")).acknowledged()
        assert opened.modal is not None
        (field,) = opened.modal.fields
        assert field.most == 100
        sent = await stage.ada.submit(opened.modal, {field.custom_id: " rainy night"})

        assert "rainy night" in (await sent.answered()).content
        await stage.channel.until("rainy night")


async def test_form_of_a_button(home: Path) -> None:
    """«Write in…» opens a form, also after a restart, and what is written there stands on the ballot."""
    async with playing(home) as stage:
        await stage.ada.slash(stage.channel, "story start", text="Once upon a")
        ballot = await stage.channel.until(lambda message: message.buttons)
        await stage.restart()
        ballot = await stage.channel.until(lambda message: message.buttons)

        opened = await (await stage.ben.press(ballot, "Write in…")).acknowledged()
        assert opened.modal is not None
        sent = await stage.ben.submit(opened.modal, {opened.modal.fields[0].label: " foggy day"})

        assert (await sent.answered()).private_for is stage.ben
        await stage.channel.until("foggy day")


async def test_continue_what_somebody_wrote(home: Path) -> None:
    """«Continue this» writes on from anybody's message, though the bot may not read messages by itself."""
    async with playing(home) as stage:
        said = await stage.ben.say(stage.channel, "Once upon a *time* there was a lighthouse")

        await stage.ada.context_menu(stage.channel, "Continue this", said)

        answer = await stage.channel.until(lambda message: "seed=" in message.content)
        assert answer.content.startswith(r"Once upon a \*time\* there was a lighthouse▸")


async def test_continue_what_the_bot_wrote(home: Path) -> None:
    """«Continue this» on a text of the bot goes on from the text alone."""
    async with playing(home) as stage:
        await stage.ada.slash(stage.channel, "generate", prompt="Once upon a", length=2, seed="1")
        first = await stage.channel.until("seed=1")
        await stage.ada.slash(stage.channel, "generate", prompt="Once", length=1, seed="2")
        await stage.channel.until("seed=2")

        await stage.ada.context_menu(stage.channel, "Continue this", first)

        whole = first.content.partition("\n\n")[0].replace("▸", "")
        answer = await stage.channel.until(lambda message: message.id > first.id and whole in message.content)
        assert answer.content.startswith(f"{whole}▸")


async def test_nothing_to_continue(home: Path) -> None:
    """A picture alone cannot be continued, and whoever asks is told so alone."""
    async with playing(home) as stage:
        said = await stage.ben.say(stage.channel, "", files=[Upload("bee.png", b"png")])

        asked = await stage.ada.context_menu(stage.channel, "Continue this", said)

        told = await asked.answered()
        assert told.private_for is stage.ada
        assert "no text" in told.content


async def test_language_of_the_person(home: Path) -> None:
    """Whoever's Discord is German is answered in German."""
    async with playing(home) as stage:
        greta = stage.discord.user("Greta", locale="de")

        asked = await greta.slash(stage.channel, "temperature", value="0.5")

        english = await (await stage.ben.slash(stage.channel, "temperature", value="0.5")).answered()
        assert (await asked.answered()).content != english.content


async def test_not_on_other_servers(home: Path) -> None:
    """On a server that is not on the operator's list a command is answered privately, and nothing else happens."""
    async with playing(home, allowed=True) as stage:
        other = stage.discord.guild("Elsewhere", channels=["hall"])

        asked = await stage.ada.slash(other["hall"], "generate", prompt="Once")
        await stage.ada.say(other["hall"], f"{stage.discord.bot.name} hello <@{stage.discord.bot.id}>")

        told = await asked.answered()
        assert told.private_for is stage.ada
        assert str(other.id) in told.content
        await (await stage.ada.slash(stage.channel, "status")).answered()
        assert [message.author.name for message in other["hall"].messages] == ["Ada"]


@pytest.mark.parametrize("denied", ["send_messages", "view_channel"])
async def test_where_the_bot_may_not_write(home: Path, denied: str) -> None:
    """A command where the bot may not write changes nothing, and says privately what it lacks."""
    async with playing(home) as stage:
        stage.channel.deny(denied)

        asked = await stage.ada.slash(stage.channel, "story start", text="Once")

        told = await asked.answered()
        assert told.private_for is stage.ada
        assert denied.replace("_", " ").title() in told.content
        assert stage.channel.messages == []


async def test_unknown_to_a_client(home: Path) -> None:
    """What is not declared is not offered."""
    async with playing(home) as stage:
        with pytest.raises(CommandNotOffered):
            await stage.ada.slash(stage.channel, "nonsense")


async def test_direct(home: Path) -> None:
    """In a direct channel everybody manages the place, and commands work as anywhere."""
    async with playing(home) as stage:
        place = stage.direct(stage.ben)

        told = await (await stage.ben.slash(place, "temperature", value="0.5")).answered()
        await stage.ben.slash(place, "story start", text="Once upon a", solo=True)
        ballot = await place.until(lambda message: message.buttons)
        pressed = await stage.ben.press(ballot, ballot.buttons[0].custom_id or "")

        assert told.private_for is None
        assert "You voted for" in (await pressed.answered()).content
        await place.until(lambda message: "Round 2" in message.content)
