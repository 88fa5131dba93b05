"""Sentences in the language of whoever reads them."""

from __future__ import annotations

import io
from functools import cache
from gettext import GNUTranslations, NullTranslations
from pathlib import Path
from string import Formatter
from typing import Any, Final

from generators.errors import Phrase, Translate, english

LANGUAGES: Final = ("en", "de", "ru", "zh-Hans", "zh-Hant")  # BCP 47; English is the language of the code
TRADITIONAL: Final = frozenset({"hant", "tw", "hk", "mo"})  # scripts and regions; all other Chinese is simplified
CATALOGUES: Final = Path(__file__).parent / "locales"
DOMAIN: Final = "planchette"
GROUPING: Final = {"de": ".", "ru": "\u00a0"}  # between thousands; CLDR 48, decimal group symbols; elsewhere a comma


def language_of(locale: str) -> str:
    """The language of ours that is nearest to a locale; English where none is near.

    Args:
        locale: as a platform, a browser or a system writes it: `de-AT`, `zh_TW`, `ru_RU.UTF-8`.
    """
    language, *rest = locale.lower().partition(".")[0].replace("_", "-").split("-")
    if language == "zh":
        simplified = "hans" in rest or TRADITIONAL.isdisjoint(rest)
        return "zh-Hans" if simplified else "zh-Hant"
    return language if language in LANGUAGES else "en"


def preferred(accepted: str) -> str:
    """The first language of ours that a browser asks for; English where it asks for none.

    Args:
        accepted: the header Accept-Language (RFC 9110, 12.5.4), such as `fr, de-CH;q=0.8, en;q=0.5`.
    """
    asked = [(_weight(parameters), tag.strip()) for tag, _, parameters in _split(accepted)]
    for weight, tag in sorted(asked, key=lambda pair: -pair[0]):
        if weight > 0 and (language_of(tag) != "en" or tag.lower().partition("-")[0] == "en"):
            return language_of(tag)
    return "en"


def translator(locale: str) -> Translate:
    """Renders sentences in the language of ours that is nearest to a locale."""
    return _translator(language_of(locale))


@cache
def catalogue(language: str) -> NullTranslations:
    """What is said in a language; of English nothing is needed.

    Args:
        language: one of ours.
    """
    if language == "en":
        return NullTranslations()
    from babel.messages.mofile import write_mo
    from babel.messages.pofile import read_po

    compiled = io.BytesIO()
    with catalogue_path(language).open("rb") as file:
        write_mo(compiled, read_po(file, locale=language.replace("-", "_")))
    compiled.seek(0)
    return GNUTranslations(compiled)


def catalogue_path(language: str) -> Path:
    """Where the sentences of a language are."""
    return CATALOGUES / language.replace("-", "_") / "LC_MESSAGES" / f"{DOMAIN}.po"


@cache
def _translator(language: str) -> Translate:
    return english if language == "en" else _Sentences(language).render


class _Sentences(Formatter):
    """Sentences of one language: their facts are words of that language too, and numbers are grouped as it does."""

    def __init__(self, language: str) -> None:
        self._said = catalogue(language)
        self._group = GROUPING.get(language, ",")

    def render(self, sentence: str, plural: str | None = None, /, **facts: object) -> str:
        if plural is None:
            said = self._said.gettext(sentence)
        else:
            count = facts["count"]
            assert isinstance(count, int)
            said = self._said.ngettext(sentence, plural, count)
        return self.vformat(said, (), facts)

    def format_field(self, value: Any, format_spec: str) -> str:
        if isinstance(value, Phrase):
            value = self.render(value.text, **value.facts)
        shown = format(value, format_spec)
        return shown.replace(",", self._group) if format_spec.endswith(",") else shown


def _split(accepted: str) -> list[tuple[str, str, str]]:
    return [part.partition(";") for part in accepted[:1_000].split(",") if part.strip()]


def _weight(parameters: str) -> float:
    """The q of a language in the header: from 0, not wanted, to 1, which holds where there is none."""
    name, _, value = parameters.strip().partition("=")
    try:
        return float(value) if name.strip().lower() == "q" else 1.0
    except ValueError:
        return 0.0
