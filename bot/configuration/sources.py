"""Where values come from: the environment, `planchette.toml`, and the files that either names."""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from pydantic_settings import EnvSettingsSource

from bot.configuration.faults import UnreadableFile
from bot.home import UnusableHome

PREFIX: Final = "PLANCHETTE_"
FILE: Final = "_file"  # the end of a variable that names a secret's file, as container images do it
AT: Final = "@/"


class Environment(EnvSettingsSource):
    """`PLANCHETTE_…` variables; the home is no setting, because the settings lie in it."""

    def __call__(self) -> dict[str, Any]:
        found = super().__call__()
        found.pop("home", None)
        return dict(nested(with_files(flat(found))))


def with_files(values: Mapping[str, Any]) -> dict[str, Any]:
    """Dotted keys, with the text of files where a value is `@/path` or a key ends in `_file`.

    Raises:
        UnreadableFile: a file that is named is not there, or holds no text.
    """
    result: dict[str, Any] = {}
    for key, value in values.items():
        if key.endswith(FILE) and isinstance(value, str):
            result[key.removesuffix(FILE)] = secret_from(Path(value))
        elif isinstance(value, str) and value.startswith(AT):
            result[key] = secret_from(Path(value[1:]))
        else:
            result.setdefault(key, value)
    return result


def origins_in_environment(values: Mapping[str, Any]) -> dict[str, str]:
    """Dotted key to where it came from, of what the raw environment holds."""
    origins: dict[str, str] = {}
    names = {name.upper(): name for name in os.environ}
    for key in values:
        variable = PREFIX + key.upper().replace(".", "__")
        file = names.get(variable + FILE.upper())
        if file is not None and os.environ[file]:
            origins[key] = f"file {os.environ[file]}"
        else:
            name = names.get(variable, variable)
            value = os.environ.get(name, "")
            origins[key] = f"file {value[1:]}" if value.startswith(AT) else f"environment variable {name}"
    return origins


def secret_from(path: Path) -> str:
    """A file's text without the line end that editors leave."""
    try:
        return path.read_text("utf-8").rstrip("\r\n")
    except UnicodeDecodeError as fault:
        raise UnreadableFile(str(path), "it holds no text") from fault
    except OSError as fault:
        raise UnreadableFile(str(path), fault.strerror or type(fault).__name__) from fault


def read_toml(path: Path) -> tuple[dict[str, Any], str]:
    """The file's values and its text; nothing where there is no file.

    Raises:
        UnreadableFile: it is not TOML, no text, or may not be read.
        UnusableHome: where it would lie is no directory.
    """
    try:
        text = path.read_text("utf-8-sig")
        return tomllib.loads(text), text
    except FileNotFoundError:
        return {}, ""
    except NotADirectoryError as fault:
        raise UnusableHome(str(path.parent), "a file stands where a directory should be") from fault
    except tomllib.TOMLDecodeError as fault:
        raise UnreadableFile(str(path), str(fault)) from fault
    except UnicodeDecodeError as fault:
        raise UnreadableFile(str(path), "it is not UTF-8 text") from fault
    except OSError as fault:
        raise UnreadableFile(str(path), fault.strerror or type(fault).__name__) from fault


def line_of(text: str, key: str) -> int | None:
    """The line of a TOML text on which a dotted key is set, where it is written plainly."""
    table = ""
    for number, line in enumerate(text.splitlines(), 1):
        if header := re.match(r"\s*\[\s*([\w.-]+)\s*\]", line):
            table = header[1] + "."
            if header[1] == key:
                return number
        elif (item := re.match(r"\s*([\w.\s-]+?)\s*=", line)) and table + item[1].replace(" ", "") == key:
            return number
    return None


def flat(values: Mapping[str, Any], before: str = "") -> dict[str, Any]:
    """Nested mappings as one, with dotted keys."""
    return dict(_flattened(values, before))


def _flattened(values: Mapping[str, Any], before: str) -> Iterator[tuple[str, Any]]:
    for key, value in values.items():
        if isinstance(value, Mapping):
            yield from _flattened(value, f"{before}{key}.")
        else:
            yield before + key, value


def nested(values: Mapping[str, Any]) -> dict[str, Any]:
    """The inverse of `flat`."""
    result: dict[str, Any] = {}
    for key, value in values.items():
        *tables, last = key.split(".")
        inner = result
        for table in tables:
            inner = inner.setdefault(table, {})
        inner[last] = value
    return result
