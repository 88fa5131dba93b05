"""Limits of messages: their text, embeds, components and files, and whom they would ping."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, Final

from tests.fakes.discord.faults import Findings, Json, Refusal
from tests.fakes.discord.messages import BUTTON, COMPONENTS_V2, Upload, walk

# Discord API v10: the message, embed and component resources.
CONTENT: Final = 2000  # characters
EMBEDS: Final = 10
EMBED_TITLE, EMBED_DESCRIPTION, EMBED_TOTAL = 256, 4096, 6000
EMBED_FIELDS, FIELD_NAME, FIELD_VALUE = 25, 256, 1024
EMBED_FOOTER, EMBED_AUTHOR = 2048, 256
ROWS, BUTTONS_IN_ROW, COMPONENTS = 5, 5, 40
LABEL, CUSTOM_ID, URL = 80, 100, 512
SELECT_OPTIONS, SELECT_TEXT, SELECT_PLACEHOLDER = 25, 100, 150
TEXT_IN_V2: Final = 4000
FILES, FILE_BYTES = 10, 10 * 1024 * 1024
NONCE: Final = 25

ACTION_ROW, SELECT, TEXT_DISPLAY = 1, 3, 10
SELECTS: Final = frozenset({3, 5, 6, 7, 8})
LINK, PREMIUM = 5, 6  # styles of buttons without a custom_id

PINGS: Final = re.compile(r"@(everyone|here)|<@(!?\d+)>|<@&(\d+)>")


def check_message(body: Json, files: Sequence[Upload]) -> None:
    """Refuses a message, or a change of one, that goes past a limit.

    Raises:
        Refusal: 50035 with every field that is wrong, or 40005 when the files are too large.
    """
    if sum(len(upload.data) for upload in files) > FILE_BYTES:
        raise Refusal(413, 40005, "Request entity too large")
    findings = Findings()
    if isinstance(content := body.get("content"), str):
        findings.length("content", content, 0, CONTENT)
    if len(str(body.get("nonce") or "")) > NONCE:
        findings.add("nonce", f"Must be {NONCE} or fewer in length.")
    if len(files) > FILES or len(body.get("attachments") or []) > FILES:
        findings.add("attachments", f"Must be {FILES} or fewer in length.")
    check_embeds(body.get("embeds") or [], findings)
    components = body.get("components") or []
    if (body.get("flags") or 0) & COMPONENTS_V2:
        check_second_components(body, components, findings)
    else:
        check_rows(components, findings)
    check_custom_ids(components, findings)
    findings.refuse()


def check_embeds(embeds: list[Json], findings: Findings) -> None:
    """Notes embeds that go past a limit, alone or all together."""
    if len(embeds) > EMBEDS:
        findings.add("embeds", f"Must be {EMBEDS} or fewer in length.")
    total = 0
    for index, embed in enumerate(embeds):
        texts: list[tuple[str, Any, int]] = [
            ("title", embed.get("title"), EMBED_TITLE),
            ("description", embed.get("description"), EMBED_DESCRIPTION),
            ("footer.text", (embed.get("footer") or {}).get("text"), EMBED_FOOTER),
            ("author.name", (embed.get("author") or {}).get("name"), EMBED_AUTHOR),
        ]
        fields = embed.get("fields") or []
        if len(fields) > EMBED_FIELDS:
            findings.add(f"embeds.{index}.fields", f"Must be {EMBED_FIELDS} or fewer in length.")
        for number, field in enumerate(fields):
            for name, most in (("name", FIELD_NAME), ("value", FIELD_VALUE)):
                texts.append((f"fields.{number}.{name}", field.get(name), most))
                if not str(field.get(name) or "").strip():
                    findings.add(f"embeds.{index}.fields.{number}.{name}", "This field is required")
        for path, text, most in texts:
            if text is not None:
                findings.length(f"embeds.{index}.{path}", text, 0, most)
                total += len(text)
    if total > EMBED_TOTAL:
        findings.add("embeds", f"Embed size exceeds maximum size of {EMBED_TOTAL}")


def check_rows(components: list[Json], findings: Findings) -> None:
    """Notes what is wrong with rows of buttons and selects."""
    if len(components) > ROWS:
        findings.add("components", f"Must be {ROWS} or fewer in length.")
    for index, row in enumerate(components):
        path = f"components.{index}"
        if row.get("type") != ACTION_ROW:
            findings.add(f"{path}.type", "Only action rows stand in a message without the flag IS_COMPONENTS_V2.")
            continue
        check_row(path, row.get("components") or [], findings)


def check_row(path: str, parts: list[Json], findings: Findings) -> None:
    """Notes what is wrong with one row: one to five buttons, or one select."""
    selects = [part for part in parts if part.get("type") in SELECTS]
    if not 1 <= len(parts) <= BUTTONS_IN_ROW or (selects and len(parts) > 1):
        findings.add(f"{path}.components", f"Must be 1 to {BUTTONS_IN_ROW} buttons or one select.")
    for number, part in enumerate(parts):
        if part.get("type") == BUTTON:
            check_button(f"{path}.components.{number}", part, findings)
        elif part.get("type") in SELECTS:
            check_select(f"{path}.components.{number}", part, findings)
        else:
            findings.add(f"{path}.components.{number}.type", "Must be a button or a select.")


def check_button(path: str, button: Json, findings: Findings) -> None:
    """Notes what is wrong with a button."""
    label = button.get("label")
    if label is not None:
        findings.length(f"{path}.label", label, 1, LABEL)
        if isinstance(label, str) and not label.strip():
            findings.add(f"{path}.label", "This field is required")
    elif not button.get("emoji") and button.get("style") != PREMIUM:
        findings.add(f"{path}.label", "A button must have a label or an emoji.")
    if button.get("style") == LINK:
        findings.length(f"{path}.url", button.get("url"), 1, URL)
        if button.get("custom_id") is not None:
            findings.add(f"{path}.custom_id", "A custom id and url cannot both be specified")
    elif button.get("style") != PREMIUM:
        findings.length(f"{path}.custom_id", button.get("custom_id"), 1, CUSTOM_ID)
        if button.get("url") is not None:
            findings.add(f"{path}.url", "A custom id and url cannot both be specified")


def check_select(path: str, select: Json, findings: Findings) -> None:
    """Notes what is wrong with a select."""
    findings.length(f"{path}.custom_id", select.get("custom_id"), 1, CUSTOM_ID)
    if select.get("placeholder") is not None:
        findings.length(f"{path}.placeholder", select["placeholder"], 0, SELECT_PLACEHOLDER)
    if select.get("type") != SELECT:
        return
    options = select.get("options") or []
    if not 1 <= len(options) <= SELECT_OPTIONS:
        findings.add(f"{path}.options", f"Must be between 1 and {SELECT_OPTIONS} in length.")
    for number, option in enumerate(options):
        findings.length(f"{path}.options.{number}.label", option.get("label"), 1, SELECT_TEXT)
        findings.length(f"{path}.options.{number}.value", option.get("value"), 1, SELECT_TEXT)
        if option.get("description") is not None:
            findings.length(f"{path}.options.{number}.description", option["description"], 1, SELECT_TEXT)
    if len({option.get("value") for option in options}) < len(options):
        findings.add(f"{path}.options", "The specified option value is already used")
    least, most = select.get("min_values", 1), select.get("max_values", 1)
    if not 0 <= least <= most <= max(len(options), 1):
        findings.add(f"{path}.max_values", "Must be between min_values and the number of options.")


def check_second_components(body: Json, components: list[Json], findings: Findings) -> None:
    """Notes what is wrong with a message of the second version of components (flag IS_COMPONENTS_V2)."""
    if body.get("content") or body.get("embeds"):
        findings.add("content", "Cannot be used when the flag IS_COMPONENTS_V2 is set.")
    parts = list(walk(components))
    if len(parts) > COMPONENTS:
        findings.add("components", f"Must be {COMPONENTS} or fewer in total.")
    if sum(len(part.get("content") or "") for part in parts if part.get("type") == TEXT_DISPLAY) > TEXT_IN_V2:
        findings.add("components", f"Text must be {TEXT_IN_V2} or fewer in total.")
    for number, part in enumerate(parts):
        if part.get("type") == ACTION_ROW:
            check_row(f"components.{number}", part.get("components") or [], findings)


def check_custom_ids(components: list[Json], findings: Findings) -> None:
    """Notes a custom_id that occurs twice in a message or modal."""
    known: set[str] = set()
    for part in walk(components):
        custom_id = part.get("custom_id")
        if custom_id in known:
            findings.add("components", f"Component custom id cannot be duplicated: {custom_id}")
        if custom_id is not None:
            known.add(custom_id)


def pinged(body: Json, *, replies: bool) -> list[str]:
    """Whom a message would ping: its mentions as written, and "the author replied to".

    Where `allowed_mentions` is missing, Discord lets every mention ping; an empty `parse` lets none.

    Args:
        replies: whether the message is a reply.
    """
    allowed = body.get("allowed_mentions")
    parse = {"everyone", "users", "roles"} if allowed is None else set(allowed.get("parse") or [])
    users = set(map(str, (allowed or {}).get("users") or []))
    roles = set(map(str, (allowed or {}).get("roles") or []))
    would = []
    for found in PINGS.finditer(body.get("content") or ""):
        everyone, user, role = found.groups()
        if (
            (everyone and "everyone" in parse)
            or (user and ("users" in parse or user.lstrip("!") in users))
            or (role and ("roles" in parse or role in roles))
        ):
            would.append(found.group())
    if replies and (allowed is None or allowed.get("replied_user")):
        would.append("the author replied to")
    return would
