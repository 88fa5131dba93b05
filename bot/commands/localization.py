"""Names and descriptions of commands and their options in every language of ours, as platforms that show menus ask.

The English names always work; these stand beside them.
"""

from __future__ import annotations

from typing import Literal, TypeAlias

from bot.languages import LANGUAGES, catalogue

Context: TypeAlias = Literal["command", "option"]


def name_localizations(name: str, context: Context) -> dict[str, str]:
    """What one word of a command's path, or one of its options, is called in each language but English.

    Args:
        name: as it is declared, such as `story` or `top_k`.
        context: whether it names a command (or a group of commands) or an option.

    Returns:
        By `de`, `ru`, `zh-Hans` and `zh-Hant`: 1 to 32 letters, digits, hyphens or underscores in lower case, one for
        each name within a group. A language whose name is the English one is left out.
    """
    named = {language: catalogue(language).pgettext(context, name) for language in LANGUAGES[1:]}
    return {language: said for language, said in named.items() if said != name}


def description_localizations(description: str) -> dict[str, str]:
    """A command's, option's or setting's description in each language but English, at most 100 characters each.

    Other plain sentences and labels, such as that of a context menu, are found in the same way.
    """
    said = {language: catalogue(language).gettext(description) for language in LANGUAGES[1:]}
    return {language: text for language, text in said.items() if text != description}
