"""Limits of application commands: their names, descriptions, options, choices and localisations."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from typing import Any, Final

from tests.fakes.discord.faults import Findings, Json

# Discord API v10: application commands.
SLASH, USER_MENU, MESSAGE_MENU = 1, 2, 3
MOST: Final = {SLASH: 100, USER_MENU: 15, MESSAGE_MENU: 15}  # commands of a kind
OPTIONS, CHOICES, NAME, DESCRIPTION = 25, 25, 32, 100
CHOICE_NAME, CHOICE_VALUE = 100, 100
TOTAL: Final = 8000  # characters of names, descriptions and values in one command
SUBCOMMAND, GROUP, STRING, INTEGER, NUMBER = 1, 2, 3, 4, 10
LARGEST: Final = 2**53
LOCALES: Final = frozenset(
    {
        *("ar", "bg", "cs", "da", "de", "el", "en-GB", "en-US", "es-419", "es-ES", "fi", "fr", "he", "hi", "hr", "hu"),
        *("id", "it", "ja", "ko", "lt", "nl", "no", "pl", "pt-BR", "ro", "ru", "sv-SE", "th", "tr", "uk", "vi"),
        *("zh-CN", "zh-TW"),
    }
)  # Discord API v10, reference, locales

# Discord's ^[-_'\p{L}\p{N}\p{sc=Deva}\p{sc=Thai}]{1,32}$; Python's \w lacks the two scripts' vowel signs.
SLASH_NAME: Final = re.compile(r"[-_'ʼ\w\u0900-\u097f\u0e00-\u0e7f]{1,32}")


def check_commands(commands: Sequence[Json]) -> None:
    """Refuses the commands of an application (or of it in one guild) when any goes past a limit.

    Raises:
        Refusal: 50035 with every field that is wrong.
    """
    findings = Findings()
    kinds = Counter(command.get("type") or SLASH for command in commands)
    for kind, count in kinds.items():
        if count > MOST.get(kind, 0):
            findings.add("commands", f"Maximum number of application commands reached ({MOST.get(kind, 0)})")
    names = Counter((command.get("type") or SLASH, command.get("name")) for command in commands)
    for (_, name), count in names.items():
        if count > 1:
            findings.add("name", f"Application command names must be unique: {name}")
    for index, command in enumerate(commands):
        check_command(str(index), command, findings)
    findings.refuse()


def check_command(path: str, command: Json, findings: Findings) -> None:
    """Notes what is wrong with one command."""
    if (command.get("type") or SLASH) == SLASH:
        check_named(path, command, findings)
        check_options(path, command.get("options") or [], findings, depth=0)
    else:
        findings.length(f"{path}.name", command.get("name"), 1, NAME)
        if command.get("description"):
            findings.add(f"{path}.description", "Context menu commands have no description.")
        if command.get("options"):
            findings.add(f"{path}.options", "Context menu commands have no options.")
        check_localisations(f"{path}.name_localizations", command.get("name_localizations"), NAME, findings)
    if size(command) > TOTAL:
        findings.add(path, f"Command exceeds maximum size ({TOTAL}), is {size(command)}")


def check_named(path: str, thing: Json, findings: Findings) -> None:
    """Notes what is wrong with the name and description of a command or option, in any language."""
    check_name(f"{path}.name", thing.get("name"), findings)
    findings.length(f"{path}.description", thing.get("description"), 1, DESCRIPTION)
    localised = thing.get("name_localizations")
    for locale, name in (localised or {}).items():
        check_name(f"{path}.name_localizations.{locale}", name, findings)
    check_localisations(f"{path}.name_localizations", localised, NAME, findings)
    descriptions = thing.get("description_localizations")
    check_localisations(f"{path}.description_localizations", descriptions, DESCRIPTION, findings)


def check_name(path: str, name: object, findings: Findings) -> None:
    """Notes a name that no slash command or option may have."""
    if not isinstance(name, str) or not SLASH_NAME.fullmatch(name) or name != name.lower():
        findings.add(path, f"Command name is invalid: {name!r}")


def check_localisations(path: str, texts: dict[str, str] | None, most: int, findings: Findings) -> None:
    """Notes texts in languages that Discord does not have, and texts that are too long."""
    for locale, text in (texts or {}).items():
        if locale not in LOCALES:
            findings.add(f"{path}.{locale}", f"Not a locale of Discord's: {locale}")
        findings.length(f"{path}.{locale}", text, 1, most)


def check_options(path: str, options: list[Json], findings: Findings, *, depth: int) -> None:
    """Notes what is wrong with options; subcommands may stand two levels deep, and never beside plain options."""
    if len(options) > OPTIONS:
        findings.add(f"{path}.options", f"Must be {OPTIONS} or fewer in length.")
    if len({option.get("name") for option in options}) < len(options):
        findings.add(f"{path}.options", "Application command option names must be unique")
    nested = [option for option in options if option.get("type") in (SUBCOMMAND, GROUP)]
    if nested and len(nested) < len(options):
        findings.add(f"{path}.options", "Sub-commands are mutually exclusive to all other option types")
    optional = False
    for index, option in enumerate(options):
        here = f"{path}.options.{index}"
        check_named(here, option, findings)
        kind = option.get("type")
        if kind in (SUBCOMMAND, GROUP):
            if depth > 1 or (kind == GROUP and depth > 0):
                findings.add(f"{here}.type", "Sub-commands cannot be nested so deep.")
            check_options(here, option.get("options") or [], findings, depth=depth + 1)
            continue
        if option.get("required") and optional:
            findings.add(f"{here}.required", "Required options must be placed before non-required options")
        optional = optional or not option.get("required")
        check_values(here, option, findings)


def check_values(path: str, option: Json, findings: Findings) -> None:
    """Notes what is wrong with the choices and ranges of an option."""
    kind, choices = option.get("type"), option.get("choices") or []
    if choices and option.get("autocomplete"):
        findings.add(f"{path}.autocomplete", "Autocomplete and choices are mutually exclusive")
    if kind not in (STRING, INTEGER, NUMBER) and (choices or option.get("autocomplete")):
        findings.add(f"{path}.choices", "This type of option has no choices.")
    if kind not in (INTEGER, NUMBER) and (option.get("min_value") is not None or option.get("max_value") is not None):
        findings.add(f"{path}.min_value", "Only numbers have a range.")
    if kind != STRING and (option.get("min_length") is not None or option.get("max_length") is not None):
        findings.add(f"{path}.min_length", "Only strings have a length.")
    for bound in ("min_value", "max_value"):
        if abs(option.get(bound) or 0) > LARGEST:
            findings.add(f"{path}.{bound}", "Must be between -2^53 and 2^53.")
    check_choices(path, choices, kind, findings)


def check_choices(path: str, choices: list[Json], kind: object, findings: Findings) -> None:
    """Notes what is wrong with choices, of an option or of an autocompletion."""
    if len(choices) > CHOICES:
        findings.add(f"{path}.choices", f"Must be {CHOICES} or fewer in length.")
    if len({choice.get("name") for choice in choices}) < len(choices):
        findings.add(f"{path}.choices", "Choice names must be unique")
    for index, choice in enumerate(choices):
        here = f"{path}.choices.{index}"
        findings.length(f"{here}.name", choice.get("name"), 1, CHOICE_NAME)
        check_localisations(f"{here}.name_localizations", choice.get("name_localizations"), CHOICE_NAME, findings)
        if not fits(choice.get("value"), kind):
            findings.add(f"{here}.value", f"Not a value of this type of option: {choice.get('value')!r}")


def fits(value: Any, kind: object) -> bool:
    """Whether a choice's value suits the option's type."""
    if kind == STRING:
        return isinstance(value, str) and len(value) <= CHOICE_VALUE
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    return abs(value) <= LARGEST and (kind == NUMBER or isinstance(value, int))


def size(thing: Json) -> int:
    """Characters of a command or option; of a localised text only the longest language counts."""
    own = 0
    for field in ("name", "description"):
        localised = thing.get(f"{field}_localizations") or {}
        own += max(len(text) for text in [thing.get(field) or "", *localised.values()])
    for choice in thing.get("choices") or []:
        names = [choice.get("name") or "", *(choice.get("name_localizations") or {}).values()]
        own += max(map(len, names)) + len(str(choice.get("value")))
    return own + sum(size(option) for option in thing.get("options") or [])
