"""Discord's limits, field by field, without a connection."""

from __future__ import annotations

from typing import Any

import pytest

from tests.fakes.discord import Upload
from tests.fakes.discord.faults import Findings, Refusal
from tests.fakes.discord.limits.command import check_commands
from tests.fakes.discord.limits.message import check_message, pinged
from tests.fakes.discord.limits.modal import check_autocompletion, check_modal

SILENT: dict[str, Any] = {"allowed_mentions": {"parse": []}}


def row(*parts: dict[str, Any]) -> dict[str, Any]:
    """A row of components."""
    return {"type": 1, "components": list(parts)}


def button(**fields: Any) -> dict[str, Any]:
    """A button, right but for these fields."""
    return {"type": 2, "style": 2, "label": "the", "custom_id": "v:1"} | fields


def buttons(count: int) -> list[dict[str, Any]]:
    """So many buttons, each with a custom_id of its own."""
    return [button(custom_id=f"v:{number}") for number in range(count)]


def options(count: int) -> dict[str, Any]:
    """A select of so many options."""
    listed = [{"label": str(number), "value": str(number)} for number in range(count)]
    return {"type": 3, "custom_id": "s", "options": listed}


WRONG_MESSAGES: dict[str, dict[str, Any]] = {
    "content": {"content": "x" * 2001},
    "nonce": {"content": "x", "nonce": "n" * 26},
    "embeds.0.title": {"embeds": [{"title": "x" * 257}]},
    "embeds.0.description": {"embeds": [{"description": "x" * 4097}]},
    "embeds.0.fields": {"embeds": [{"fields": [{"name": "a", "value": "b"}] * 26}]},
    "embeds.0.fields.0.value": {"embeds": [{"fields": [{"name": "a", "value": "x" * 1025}]}]},
    "embeds.0.fields.0.name": {"embeds": [{"fields": [{"name": " ", "value": "x"}]}]},
    "embeds.0.footer.text": {"embeds": [{"footer": {"text": "x" * 2049}}]},
    "embeds": {"embeds": [{"description": "x" * 3001}] * 2},
    "components": {"components": [row(button(custom_id=f"v:{number}")) for number in range(6)]},
    "components.0.components": {"components": [row(*buttons(6))]},
    "components.0.components.0.label": {"components": [row(button(label="x" * 81))]},
    "components.0.components.1.label": {"components": [row(button(), button(custom_id="v:2", label=" "))]},
    "components.0.components.0.custom_id": {"components": [row(button(custom_id="x" * 101))]},
    "components.0.components.0.url": {"components": [row(button(style=5, custom_id=None))]},
    "components.0.components.0.options": {"components": [row(options(26))]},
    "components.0.type": {"components": [{"type": 10, "content": "text"}]},
}


@pytest.mark.parametrize("field", WRONG_MESSAGES)
def test_message_past_a_limit(field: str) -> None:
    """A message past a limit is refused by the name of its field."""
    with pytest.raises(Refusal) as refused:
        check_message(WRONG_MESSAGES[field], [])

    assert refused.value.code == 50035
    assert set(refused.value.errors) == {field}


@pytest.mark.parametrize(
    "body",
    [
        {"content": "x" * 2000, "nonce": "n" * 25},
        {"embeds": [{"title": "x" * 256, "description": "x" * 4096, "footer": {"text": "x" * 1648}}]},
        {"components": [row(*buttons(25)[at : at + 5]) for at in range(0, 25, 5)]},
        {"components": [row(button(label="x" * 80, custom_id="y" * 100)), row(options(25))]},
        {"components": [row(button(label=None, emoji={"name": "✍"}), button(style=5, custom_id=None, url="http://a"))]},
    ],
)
def test_message_at_the_limits(body: dict[str, Any]) -> None:
    """A message that reaches every limit and passes none is taken."""
    check_message(body, [])


def test_custom_id_twice() -> None:
    """The same custom_id twice in a message is refused."""
    with pytest.raises(Refusal, match="duplicated: v:1"):
        check_message({"components": [row(button()), row(button())]}, [])


def test_large_files() -> None:
    """Files of more than 10 MiB together are refused with 413."""
    with pytest.raises(Refusal) as refused:
        check_message({}, [Upload("a", b"x" * 6_000_000), Upload("b", b"x" * 6_000_000)])

    assert (refused.value.status, refused.value.code) == (413, 40005)


@pytest.mark.parametrize("text", ["@everyone", "hi @here", "<@1>", "<@!1>", "<@&2>"])
def test_pings(text: str) -> None:
    """A mention pings unless allowed_mentions says that none may."""
    assert pinged({"content": text}, replies=False)
    assert pinged({"content": text, "allowed_mentions": {"parse": ["everyone", "users", "roles"]}}, replies=False)
    assert not pinged({"content": text, **SILENT}, replies=False)


def test_pings_of_named_users() -> None:
    """Users who are named in allowed_mentions are pinged, and so is who is replied to."""
    assert pinged({"content": "<@1>", "allowed_mentions": {"users": ["1"]}}, replies=False) == ["<@1>"]
    assert pinged({"content": "hi"}, replies=True) == ["the author replied to"]
    assert pinged({"content": "hi", **SILENT}, replies=True) == []


def command(**fields: Any) -> dict[str, Any]:
    """A slash command, right but for these fields."""
    return {"name": "say", "description": "Says something", "type": 1} | fields


def option(**fields: Any) -> dict[str, Any]:
    """A string option, right but for these fields."""
    return {"name": "text", "description": "What to say", "type": 3} | fields


def choices(count: int) -> list[dict[str, str]]:
    """So many choices."""
    return [{"name": str(number), "value": str(number)} for number in range(count)]


LONG = [{"name": f"{number}" + "x" * 50, "value": "y" * 50} for number in range(9)]

WRONG_COMMANDS: dict[str, list[dict[str, Any]]] = {
    "commands": [command(name=f"c{number}") for number in range(101)],
    "name": [command(), command()],
    "0.name": [command(name="Say")],
    "0.description": [command(description="x" * 101)],
    "0.name_localizations.de": [command(name_localizations={"de": "zwei Worte"})],
    "0.name_localizations.de-DE": [command(name_localizations={"de-DE": "sag"})],
    "0.description_localizations.ru": [command(description_localizations={"ru": "x" * 101})],
    "0.options": [command(options=[option(name=f"o{number}") for number in range(26)])],
    "0.options.0.name": [command(options=[option(name="x" * 33)])],
    "0.options.0.description": [command(options=[option(description="")])],
    "0.options.1.required": [command(options=[option(), option(name="b", required=True)])],
    "0.options.0.choices": [command(options=[option(choices=choices(26))])],
    "0.options.0.choices.0.value": [command(options=[option(type=4, choices=[{"name": "a", "value": "a"}])])],
    "0.options.0.choices.0.name": [command(options=[option(choices=[{"name": "x" * 101, "value": "a"}])])],
    "0.options.0.autocomplete": [command(options=[option(autocomplete=True, choices=choices(1))])],
    "0.options.0.min_value": [command(options=[option(min_value=1)])],
    "0.options.0.type": [command(options=[option(type=1, options=[option(type=2, options=[])])])],
    "0": [command(options=[option(name=f"o{number}", choices=LONG) for number in range(9)])],
}


@pytest.mark.parametrize("field", WRONG_COMMANDS)
def test_command_past_a_limit(field: str) -> None:
    """A command past a limit is refused by the name of its field."""
    with pytest.raises(Refusal) as refused:
        check_commands(WRONG_COMMANDS[field])

    assert any(path == field or path.endswith(field) for path in refused.value.errors)


@pytest.mark.parametrize(
    "body",
    [
        command(name="история", name_localizations={"zh-TW": "故事", "hi": "कहानी", "th": "เรื่อง"}),
        command(type=3, name="Continue this", description=""),
        command(options=[option(name=f"o{number}") for number in range(25)]),
        command(options=[option(type=10, choices=[{"name": "half", "value": 0.5}])]),
    ],
)
def test_command_within_limits(body: dict[str, Any]) -> None:
    """Commands in any script, menus with spaces and 25 options are taken."""
    check_commands([body])


def word(**fields: Any) -> dict[str, Any]:
    """A text input, right but for these fields."""
    return {"type": 4, "custom_id": "a", "label": "Word"} | fields


@pytest.mark.parametrize(
    ("path", "modal"),
    [
        ("data.title", {"title": "x" * 46}),
        ("data.custom_id", {"custom_id": "x" * 101}),
        ("data.components", {"components": []}),
        (
            "data.components.0.components.0.label",
            {"components": [row({"type": 4, "custom_id": "a", "label": "x" * 46})]},
        ),
        (
            "data.components.1.value",
            {"components": [row({"type": 4, "custom_id": "a", "label": "a", "value": "x" * 4001})]},
        ),
    ],
)
def test_modal_past_a_limit(path: str, modal: dict[str, Any]) -> None:
    """A modal past a limit is refused by the name of its field."""
    right = {"title": "Write", "custom_id": "w", "components": [row(word())]}
    check_modal(right)

    with pytest.raises(Refusal) as refused:
        check_modal(right | modal)

    assert set(refused.value.errors) == {path}


def test_suggestions_past_a_limit() -> None:
    """More than 25 suggestions, or suggestions of another type than the option, are refused."""
    check_autocompletion({"choices": choices(25)}, 3)

    with pytest.raises(Refusal):
        check_autocompletion({"choices": choices(26)}, 3)
    with pytest.raises(Refusal):
        check_autocompletion({"choices": choices(1)}, 4)


def test_shape_of_errors() -> None:
    """Errors stand under their field, as libraries read them."""
    findings = Findings()
    findings.add("components.0.label", "too long")

    with pytest.raises(Refusal) as refused:
        findings.refuse()

    label = refused.value.payload()["errors"]["components"]["0"]["label"]
    assert label == {"_errors": [{"code": "INVALID", "message": "too long"}]}
