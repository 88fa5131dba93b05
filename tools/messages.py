"""Gathers every sentence that people in a chat can read, and brings the catalogues up to date.

    python -m tools.messages          # updates bot/locales; new sentences come in empty, and the tests name them
    python -m tools.messages --list   # prints what is still to be translated

Sentences are the texts that the code hands to a translator, and what the commands and settings declare of themselves.
Those of the shell, its settings and training are English only.
"""

from __future__ import annotations

import ast
import io
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from string import Formatter
from typing import Final, NamedTuple

from babel.messages.catalog import Catalog, Message
from babel.messages.pofile import read_po, write_po

from bot.commands.declaration import FILE, Command, Group
from bot.commands.discovery import discover
from bot.languages import DOMAIN, LANGUAGES, catalogue_path
from bot.places import SETTINGS

ROOT: Final = Path(__file__).parent.parent
PACKAGES: Final = ("bot", "generators", "storage")
ENGLISH_ONLY: Final = (  # what only whoever runs the program reads, in a shell, a log or an API
    "bot/cli.py",
    "bot/configuration",
    "bot/exports",
    "bot/games/replay.py",
    "bot/home.py",
    "bot/platforms/web/listening.py",
    "bot/shell",
    "generators/cluster",
    "generators/host",
    "generators/importing",
    "generators/training",
)
SAYS: Final = {  # calls that take a sentence, and where among their arguments it stands
    "Phrase": 0,
    "Refusal": 1,
    "_translate": 0,
    "answer": 0,
    "answer_privately": 0,
    "translate": 0,
    "translator": 0,  # translator(language)("A sentence.")
}
BESIDES: Final = {  # labels in a platform's menus, and its permissions as its settings name them
    "Continue this": "bot/platforms/discord/declaring.py",
    "View Channel": "bot/platforms/discord/people.py",
    "Send Messages": "bot/platforms/discord/people.py",
    "Send Messages in Threads": "bot/platforms/discord/people.py",
    "Attach Files": "bot/platforms/discord/people.py",
}
SHOWS: Final = ("Button", "Message", "Notice")  # calls whose first argument is read as it is
UNSAID: Final = (  # headers of Babel's that would change with each run, or say nothing
    '"Project-Id-Version:',
    '"Report-Msgid-Bugs-To:',
    '"POT-Creation-Date:',
    '"PO-Revision-Date:',
    '"Last-Translator:',
    '"Language-Team:',
    '"Generated-By:',
)
WORD: Final = re.compile(r"[^\W\d_]{2}")
HEADER: Final = "# Sentences of Planchette; `python -m tools.messages` keeps this file in step with the code."


class Sentence(NamedTuple):
    """Something to translate: a sentence, a phrase, or with a context the name of a command or option."""

    text: str
    plural: str | None
    context: str | None
    file: str


def gathered() -> list[Sentence]:
    """Everything that has to be in a catalogue, each once, in the order of files."""
    found: dict[tuple[str | None, str], Sentence] = {}
    for sentence in (*_in_code(), *_declared()):
        known = found.setdefault((sentence.context, sentence.text), sentence)
        if known.plural is None and sentence.plural is not None:
            found[sentence.context, sentence.text] = sentence
    return list(found.values())


def bypassing() -> Iterator[str]:
    """Places in the code that show an English text as it is, or hand a translator one that no catalogue can have."""
    for path, tree in _modules():
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and node.args:
                name = _called(node)
                shown = name in SHOWS and WORD.search(_constant(node.args[0]))
                if shown or (name in SAYS and isinstance(_said(node), ast.JoinedStr | ast.BinOp)):
                    yield f"{path}:{node.lineno}"


def facts(text: str) -> set[tuple[str, str]]:
    """The names in braces, with the way in which each is shown."""
    return {(name, form or "") for _, name, form, _ in Formatter().parse(text) if name is not None}


def read(language: str) -> Catalog:
    """A language's catalogue, empty where there is none."""
    path = catalogue_path(language)
    locale = language.replace("-", "_")
    if not path.exists():
        return Catalog(locale=locale, domain=DOMAIN, fuzzy=False)
    with path.open("rb") as file:
        return read_po(file, locale=locale, domain=DOMAIN)


def update(language: str) -> None:
    """Adds what is new, removes what is gone, and guesses nothing."""
    template = Catalog(domain=DOMAIN, fuzzy=False)
    for text, plural, context, file in gathered():
        template.add(text if plural is None else (text, plural), locations=[(file, 0)], context=context)
    catalog = read(language)
    catalog.update(template, no_fuzzy_matching=True)
    write(language, catalog)


def write(language: str, catalog: Catalog) -> None:
    """Writes a language's catalogue, the same from the same."""
    catalog.header_comment = HEADER
    written = io.BytesIO()
    write_po(written, catalog, width=120, ignore_obsolete=True, include_lineno=False)
    lines = written.getvalue().decode().splitlines(keepends=True)
    path = catalogue_path(language)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(line for line in lines if not line.startswith(UNSAID)), "utf-8")


def untranslated(catalog: Catalog) -> list[Message]:
    """What has no translation, or only some of its forms."""
    return [message for message in catalog if message.id and not all(_forms(message))]


def _forms(message: Message) -> tuple[str, ...]:
    return tuple(message.string) if isinstance(message.string, tuple | list) else (message.string or "",)


def _in_code() -> Iterator[Sentence]:
    for path, tree in _modules():
        constants = _constants(tree)
        for node in ast.walk(tree):
            if not (isinstance(node, ast.Call) and _called(node) in SAYS and node.args):
                continue
            plural = node.args[1] if _called(node) not in ("Refusal", "Phrase") and len(node.args) > 1 else None
            for text in _texts(_said(node), constants):
                if WORD.search(_without_facts(text)):
                    yield Sentence(text, None if plural is None else _constant(plural), None, path)


def _declared() -> Iterator[Sentence]:
    """What commands and settings say of themselves, and the names of commands and options."""
    for entry in discover():
        commands = list(entry.commands.values()) if isinstance(entry, Group) else [entry]
        file = commands[0].function.__module__.replace(".", "/") + ".py"
        if isinstance(entry, Group):
            yield Sentence(entry.name, None, "command", file)
            yield Sentence(entry.description, None, None, file)
        for command in commands:
            yield from _of_command(command, file)
    for setting in SETTINGS.values():
        yield Sentence(setting.description, None, None, "bot/places.py")
    for label, file in BESIDES.items():
        yield Sentence(label, None, None, file)


def _of_command(command: Command, file: str) -> Iterator[Sentence]:
    yield Sentence(command.name, None, "command", file)
    yield Sentence(command.description, None, None, file)
    for parameter in command.parameters:
        yield Sentence(parameter.name, None, "option", file)
        yield Sentence(parameter.description, None, None, file)
    if command.file is not None:
        yield Sentence(FILE, None, "option", file)
        yield Sentence(command.file, None, None, file)


def _modules() -> Iterator[tuple[str, ast.Module]]:
    for package in PACKAGES:
        for path in sorted((ROOT / package).rglob("*.py")):
            name = path.relative_to(ROOT).as_posix()
            if not name.startswith(ENGLISH_ONLY):
                yield name, ast.parse(path.read_text("utf-8"))


def _called(node: ast.Call) -> str:
    function = node.func.func if isinstance(node.func, ast.Call) else node.func
    name = function.id if isinstance(function, ast.Name) else getattr(function, "attr", "")
    return "" if name == "translator" and not isinstance(node.func, ast.Call) else str(name)


def _said(node: ast.Call) -> ast.expr:
    place = SAYS[_called(node)]
    return node.args[place] if len(node.args) > place else node.args[0]


def _constants(tree: ast.Module) -> dict[str, str]:
    """Names that stand for one text somewhere in a module."""
    found = {}
    for node in ast.walk(tree):
        targets = (
            node.targets if isinstance(node, ast.Assign) else [node.target] if isinstance(node, ast.AnnAssign) else []
        )
        value = getattr(node, "value", None)
        if isinstance(value, ast.Constant) and isinstance(value.value, str):
            found.update({target.id: value.value for target in targets if isinstance(target, ast.Name)})
    return found


def _texts(node: ast.expr, constants: dict[str, str]) -> Iterator[str]:
    match node:
        case ast.Constant(value=str(text)):
            yield text
        case ast.IfExp():
            yield from _texts(node.body, constants)
            yield from _texts(node.orelse, constants)
        case ast.Name() if node.id in constants:
            yield constants[node.id]


def _constant(node: ast.expr) -> str:
    """The words that stand in the code itself."""
    match node:
        case ast.Constant(value=str(text)):
            return text
        case ast.JoinedStr():
            return "".join(map(_constant, node.values))
    return ""


def _without_facts(text: str) -> str:
    return "".join(literal for literal, *_ in Formatter().parse(text))


def main(arguments: list[str]) -> None:
    """Updates every catalogue, or lists what is missing in them."""
    for language in LANGUAGES[1:]:
        if "--list" not in arguments:
            update(language)
        missing = untranslated(read(language))
        print(f"{language}: {len(missing)} to be translated")
        for message in missing if "--list" in arguments else ():
            print(f"  {message.context or ''} {message.id!r}")


if __name__ == "__main__":
    main(sys.argv[1:])
