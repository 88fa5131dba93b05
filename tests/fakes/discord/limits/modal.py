"""Limits of modals and of autocompletion."""

from __future__ import annotations

from typing import Final

from tests.fakes.discord.faults import Findings, Json
from tests.fakes.discord.limits.command import check_choices
from tests.fakes.discord.limits.message import CUSTOM_ID, check_custom_ids
from tests.fakes.discord.messages import walk

# Discord API v10: interactions, modals; components, text input and label.
TITLE, LABEL, PLACEHOLDER, VALUE, PARTS = 45, 45, 100, 4000, 5
LABEL_DESCRIPTION: Final = 100
ACTION_ROW, TEXT_INPUT, LABELLED, TEXT_DISPLAY = 1, 4, 18, 10


def check_modal(modal: Json) -> None:
    """Refuses a modal that goes past a limit.

    Raises:
        Refusal: 50035 with every field that is wrong.
    """
    findings = Findings()
    findings.length("data.title", modal.get("title"), 1, TITLE)
    findings.length("data.custom_id", modal.get("custom_id"), 1, CUSTOM_ID)
    components = modal.get("components") or []
    if not 1 <= len(components) <= PARTS:
        findings.add("data.components", f"Must be between 1 and {PARTS} in length.")
    for index, part in enumerate(components):
        path = f"data.components.{index}"
        if part.get("type") == LABELLED:
            findings.length(f"{path}.label", part.get("label"), 1, LABEL)
            if part.get("description") is not None:
                findings.length(f"{path}.description", part["description"], 0, LABEL_DESCRIPTION)
        elif part.get("type") == ACTION_ROW:
            inner = part.get("components") or []
            if len(inner) != 1 or inner[0].get("type") != TEXT_INPUT:
                findings.add(f"{path}.components", "Must be one text input.")
            else:
                findings.length(f"{path}.components.0.label", inner[0].get("label"), 1, LABEL)
        elif part.get("type") != TEXT_DISPLAY:
            findings.add(f"{path}.type", "Must be an action row, a label or a text display.")
    for number, part in enumerate(walk(components)):
        if part.get("type") == TEXT_INPUT:
            check_input(f"data.components.{number}", part, findings)
    check_custom_ids(components, findings)
    findings.refuse()


def check_input(path: str, field: Json, findings: Findings) -> None:
    """Notes what is wrong with a text input."""
    findings.length(f"{path}.custom_id", field.get("custom_id"), 1, CUSTOM_ID)
    if field.get("placeholder") is not None:
        findings.length(f"{path}.placeholder", field["placeholder"], 0, PLACEHOLDER)
    if field.get("value") is not None:
        findings.length(f"{path}.value", field["value"], 0, VALUE)
    least, most = field.get("min_length"), field.get("max_length")
    if not 0 <= (least or 0) <= VALUE or not 1 <= (VALUE if most is None else most) <= VALUE:
        findings.add(f"{path}.max_length", f"Must be between 1 and {VALUE}.")


def check_autocompletion(data: Json, kind: object) -> None:
    """Refuses an answer to an autocompletion that goes past a limit.

    Args:
        kind: the type of the option that is being typed.

    Raises:
        Refusal: 50035 with every field that is wrong.
    """
    findings = Findings()
    check_choices("data", data.get("choices") or [], kind, findings)
    findings.refuse()
