"""Sentences in the language of whoever reads them, and catalogues that say everything the code says."""

from __future__ import annotations

import pickle
import re
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import pytest
from babel.messages.catalog import Catalog

from bot.commands.declaration import DESCRIPTION, Command, Group
from bot.commands.discovery import discover
from bot.commands.localization import description_localizations, name_localizations
from bot.games.errors import RoundOver
from bot.games.votes import TOLD
from bot.languages import LANGUAGES, catalogue_path, language_of, preferred, translator
from bot.places import SETTINGS
from bot.text import TooLong
from bot.values import Kind
from generators.errors import Busy, InvalidValue, Phrase, Unsupported
from tools import messages

FOREIGN: Final = LANGUAGES[1:]
NAME: Final = re.compile(r"[-_\w]{1,32}")  # Discord API v10, application command naming
COUNTS: Final = range(200)


@pytest.fixture(params=FOREIGN)
def catalog(request: pytest.FixtureRequest) -> Catalog:
    """A language's catalogue."""
    return messages.read(request.param)


@pytest.mark.parametrize(
    ("locale", "language"),
    [
        ("de", "de"),
        ("de-AT", "de"),
        ("ru_RU.UTF-8", "ru"),
        ("RU", "ru"),
        ("zh", "zh-Hans"),
        ("zh-CN", "zh-Hans"),
        ("zh_SG", "zh-Hans"),
        ("zh-TW", "zh-Hant"),
        ("zh-HK", "zh-Hant"),
        ("zh_MO", "zh-Hant"),
        ("zh-hant", "zh-Hant"),
        ("zh-Hans-HK", "zh-Hans"),
        ("zh-Hant-CN", "zh-Hant"),
        ("en-GB", "en"),
        ("uk", "en"),
        ("pt-BR", "en"),
        ("C", "en"),
        ("", "en"),
    ],
)
def test_language_of(locale: str, language: str) -> None:
    """Each locale that a platform may name leads to the nearest language, and to English where none is near."""
    assert language_of(locale) == language


@pytest.mark.parametrize(
    ("accepted", "language"),
    [
        ("de", "de"),
        ("fr, de-CH;q=0.8, en;q=0.5", "de"),
        ("en-US,en;q=0.9,de;q=0.8", "en"),
        ("de;q=0.3, zh-TW;q=0.9", "zh-Hant"),
        ("de;q=0, ru;q=0.1", "ru"),
        ("de;q=never, ru", "ru"),
        ("fr, *;q=0.5", "en"),
        ("", "en"),
        (";;,,=", "en"),
    ],
)
def test_preferred(accepted: str, language: str) -> None:
    """A browser is answered in the first of its languages that we speak."""
    assert preferred(accepted) == language


def test_facts() -> None:
    """Facts stand where the language wants them, and numbers are grouped as it groups them."""
    said = TooLong(Phrase("the prompt"), 25_000, 20_000).sentence(translator("de-DE"))

    assert said == "Der Prompt hat 25.000 Zeichen; höchstens 20.000 passen, also kürze bitte."


def test_a_persons_braces() -> None:
    """What people typed is never taken for a fact, whatever braces it has."""
    translate = translator("ru")

    assert translate("You voted for «{text}».", text="{0} {x!r} {") == "Ваш голос — за «{0} {x!r} {»."


def test_time() -> None:
    """A deadline is shown to the second in every language."""
    deadline = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)

    for language in FOREIGN:
        sentence = "Round {number}: the first press decides, or chance at {deadline:%H:%M:%S} UTC."
        assert "03:04:05 UTC" in translator(language)(sentence, number=1, deadline=deadline)


@pytest.mark.parametrize(
    ("language", "count", "said"),
    [
        ("en", 1, "— 1 vote"),
        ("en", 2, "— 2 votes"),
        ("de", 1, "— 1 Stimme"),
        ("de", 0, "— 0 Stimmen"),
        ("ru", 1, "— 1 голос"),
        ("ru", 3, "— 3 голоса"),
        ("ru", 11, "— 11 голосов"),
        ("ru", 21, "— 21 голос"),
        ("zh-Hans", 1, "— 1 票"),
        ("zh-Hant", 5, "— 5 票"),
    ],
)
def test_count(language: str, count: int, said: str) -> None:
    """A count takes the form that the language has for it."""
    assert translator(language)("— {count} vote", "— {count} votes", count=count) == said


def test_phrases_inside_phrases() -> None:
    """Words that are facts are said in the sentence's language, as deep as they go, also after a journey."""
    fault = InvalidValue("temperature", "hot", Kind("number", least=0, most=5.0, unsets=True).allowed)
    travelled = pickle.loads(pickle.dumps(fault))

    assert travelled.sentence() == "temperature cannot be hot; it has to be a number from 0 to 5 or default."
    assert travelled.sentence(translator("de")) == (
        "temperature kann nicht hot sein; erlaubt ist eine Zahl von 0 bis 5 oder default."
    )


@pytest.mark.parametrize("language", FOREIGN)
def test_errors(language: str) -> None:
    """An error of the models, of a game and of a queue are said in the reader's language alike."""
    faults = (RoundOver(), Busy(3), Unsupported("tiny", Phrase("texts of the kind {label}", label="joke")))

    for fault in faults:
        said = fault.sentence(translator(language))
        assert said != fault.sentence()
        assert "{" not in said


def test_unknown_sentence() -> None:
    """What no catalogue has, such as a plug-in's own sentence, is said in English."""
    assert translator("de")("Quux {fact:,} quux.", fact=1_000) == "Quux 1.000 quux."


def test_english_reads_no_catalogue() -> None:
    """Whoever speaks English alone pays for no other language."""
    program = "import sys; from bot.languages import translator; translator('en')('Hi'); print('babel' in sys.modules)"

    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=True)

    assert done.stdout.strip() == "False"


def test_complete(catalog: Catalog) -> None:
    """A catalogue has every sentence of the code, with its plural, and none besides; `make messages` finds them."""
    wanted = {(sentence.context, sentence.text, sentence.plural) for sentence in messages.gathered()}
    there = set()
    for message in catalog:
        singular, plural = message.id if isinstance(message.id, tuple) else (message.id, None)
        if singular:
            there.add((message.context, singular, plural))

    assert sorted(map(str, wanted - there)) == []
    assert sorted(map(str, there - wanted)) == []
    assert not catalog.obsolete


def test_translated(catalog: Catalog) -> None:
    """Everything in a catalogue is translated, every form of it, and nothing is a guess."""
    assert [message.id for message in messages.untranslated(catalog)] == []
    assert [message.id for message in catalog if message.id and message.fuzzy] == []


def test_facts_stay(catalog: Catalog) -> None:
    """Every form of a translation has the facts of its original; only a form for 1 alone may leave the count out."""
    plural_of = [catalog_plural(catalog, count) for count in COUNTS]
    wrong = []
    for message in catalog:
        if isinstance(message.id, tuple):
            for form, text in enumerate(message.string):
                fits = [messages.facts(message.id[1])]
                if [count for count in COUNTS if plural_of[count] == form] == [1]:
                    fits.append(messages.facts(message.id[0]))
                wrong += [text] * (messages.facts(text) not in fits)
        elif message.id and not message.context and messages.facts(message.string) != messages.facts(message.id):
            wrong.append(message.string)

    assert wrong == []


def test_no_backticks(catalog: Catalog) -> None:
    """Texts are plain on every platform, so no sentence marks anything up."""
    assert [message.id for message in catalog if message.id and "`" in f"{message.id}{message.string}"] == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_notices_fit(language: str) -> None:
    """What somebody is told who has pressed fits Telegram's notice of 200 characters, however long the candidate is."""
    told = ("You voted for «{text}»; the story goes on.", "Your vote is for «{text}» already.")

    for sentence in told:
        assert len(translator(language)(sentence, text="x" * TOLD)) <= 200


def test_notes_below_a_text(catalog: Catalog) -> None:
    """Notes below a text stand in plain brackets in every language: by them they are told from the text."""
    notes = [message for message in catalog for id_ in [str(message.id)] if "(The model" in id_ or "(The text" in id_]

    for message in notes:
        forms = message.string if isinstance(message.string, tuple) else (message.string,)
        assert [text for text in forms if not (text.startswith("(") and text.endswith(")"))] == []
    assert len(notes) == 3


def test_nothing_bypasses_the_translator() -> None:
    """No message, notice or button says an English text as it is, and no sentence is put together before."""
    assert list(messages.bypassing()) == []


def test_names_of_commands() -> None:
    """Each language's names of commands and options fit Discord's rules, and name one thing each where they stand."""
    entries = list(discover())
    groups = [[entry.name for entry in entries]]
    groups += [list(entry.commands) for entry in entries if isinstance(entry, Group)]
    options = [[parameter.name for parameter in command.parameters] for command in discover().all]

    for language in FOREIGN:
        for context, named in [("command", groups), ("option", options)]:
            for names in named:
                said = [name_localizations(name, context).get(language, name) for name in names]  # type: ignore[arg-type]
                assert all(NAME.fullmatch(name) and name == name.lower() for name in said), said
                assert len(set(said)) == len(said), said


def test_descriptions_of_commands() -> None:
    """Descriptions of commands, options and settings fit a menu in every language."""
    described = [setting.description for setting in SETTINGS.values()]
    for entry in discover():
        described.append(entry.description)
        commands: list[Command] = list(entry.commands.values()) if isinstance(entry, Group) else [entry]
        described += [command.description for command in commands]
        described += [parameter.description for command in commands for parameter in command.parameters]

    for description in described:
        said = description_localizations(description)
        assert set(said) == set(FOREIGN), description
        assert [text for text in said.values() if len(text) > DESCRIPTION] == []


def test_catalogues_are_written_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Gathering again changes nothing where nothing has changed, so that a catalogue's history tells what did."""
    before = {language: catalogue_path(language).read_bytes() for language in FOREIGN}
    monkeypatch.setattr(messages, "catalogue_path", lambda language: tmp_path / f"{language}.po")

    for language, content in before.items():
        (tmp_path / f"{language}.po").write_bytes(content)
        messages.update(language)

    assert {language: (tmp_path / f"{language}.po").read_bytes() for language in FOREIGN} == before


def catalog_plural(catalog: Catalog, count: int) -> int:
    """Which form of a language a count takes."""
    from gettext import c2py  # type: ignore[attr-defined]

    return int(c2py(catalog.plural_expr)(count))
