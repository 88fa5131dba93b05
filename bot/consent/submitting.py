"""Texts that people give with /teach: what can be one."""

from __future__ import annotations

from bot.consent.errors import NothingToTeach
from bot.text import LONGEST_PROMPT, checked, is_visible
from generators.errors import Phrase


def submittable(text: str) -> str:
    """The text itself, once it is sure that it can be stored and that there is something to learn in it.

    Raises:
        UserError: it is empty, too long, or has characters that cannot be stored.
    """
    if not any(map(is_visible, checked(text, Phrase("the text"), LONGEST_PROMPT))):
        raise NothingToTeach
    return text
