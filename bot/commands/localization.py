"""Names and descriptions of commands and their options in every language of ours, as platforms that show menus ask.

The English names always work; these stand beside them.
"""

from __future__ import annotations

from typing import Literal


def name_localizations(name: str, context: Literal["command", "option"]) -> dict[str, str]:
    """What one word of a command's path, or one of its options, is called in each language but English.

    Args:
        name: as it is declared, such as `story`, `write-in` or `top_k`.
        context: whether it names a command (or a group of commands) or an option.

    Returns:
        By `de`, `ru`, `zh-Hans` and `zh-Hant`: 1 to 32 letters, digits, hyphens or underscores in lower case, one for
        each name within a group. A language whose name is the English one is left out.
    """
    del name, context
    return {}


def description_localizations(description: str) -> dict[str, str]:
    """A command's, option's or setting's description in each language but English, at most 100 characters each."""
    del description
    return {}
