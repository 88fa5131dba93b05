"""From files and variables to one checked `Configuration`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from pydantic import BaseModel, SecretStr, ValidationError
from pydantic.fields import FieldInfo

from bot.configuration.faults import ConfigurationFault, Exposed, NothingToShare, UnknownKey
from bot.configuration.keys import Configuration, is_loopback
from bot.configuration.sources import (
    AT,
    Environment,
    flat,
    line_of,
    nested,
    origins_in_environment,
    read_toml,
    with_files,
)
from bot.home import Home, default_home
from bot.names import nearest


class Shown(NamedTuple):
    """One key as `planchette doctor` prints it."""

    key: str
    value: str
    origin: str


def load_configuration(home: Path | None = None, *, serving: Sequence[str] = ("web", "host")) -> Configuration:
    """The settings of a home.

    Args:
        home: where `planchette.toml` lies; None for `PLANCHETTE_HOME` or its default.
        serving: sections of the servers that may be started; none of these may be open to others without a key.

    Raises:
        UserError: a file cannot be read, a key is unknown, a value is not allowed, a server would be open to others
            without a key, or shards are left to others that cannot use the database.
    """
    home = default_home() if home is None else home.expanduser().absolute()
    file = Home(home).configuration
    read, text = read_toml(file)
    in_file = flat(read)
    if "home" in read:  # the file lies in the home, so it cannot say where that is
        raise UnknownKey("home", file.name, "PLANCHETTE_HOME")
    origins = {key: "default" for key, _, _ in known_keys()}
    for key, value in in_file.items():
        named = isinstance(value, str) and value.startswith(AT)
        origins[key] = f"file {value[1:]}" if named else file.name
    origins |= origins_in_environment(flat(Environment(Configuration)()))
    try:
        configuration = Configuration(home=home, **nested(with_files_of(in_file)))
    except ValidationError as fault:
        raise _explained(fault, origins, text) from fault
    for name in serving:
        section = getattr(configuration, name)
        if not is_loopback(section.host) and not (section.key and section.key.get_secret_value()):
            raise Exposed(name, section.host)
    shards = configuration.discord.shards
    if shards is not None and not shards.all and configuration.alone:
        raise NothingToShare(str(shards))
    configuration.origins.update(origins)
    return configuration


def with_files_of(values: Mapping[str, Any]) -> dict[str, Any]:
    """Values of the file, in which only `@/path` names a file; a key never does."""
    return {key: with_files({"value": value})["value"] for key, value in values.items()}


def shown(configuration: Configuration) -> list[Shown]:
    """Every key with its value, secrets masked, and where the value came from."""
    lines = []
    for key, _, _ in known_keys():
        value: Any = configuration
        for part in key.split("."):
            value = getattr(value, part)
        lines.append(Shown(key, _as_text(value), configuration.origins.get(key, "default")))
    return lines


def known_keys() -> Iterator[tuple[str, FieldInfo, bool]]:
    """Each dotted key with its declaration and whether it is a secret."""
    return _keys_of(Configuration, "")


def _keys_of(model: type[BaseModel], before: str) -> Iterator[tuple[str, FieldInfo, bool]]:
    for name, field in model.model_fields.items():
        kind = field.annotation
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            yield from _keys_of(kind, f"{before}{name}.")
        elif before + name != "home":
            yield before + name, field, kind == SecretStr | None


def _as_text(value: object) -> str:
    match value:
        case None:
            return "–"
        case SecretStr():
            return "********"
        case bool():
            return str(value).lower()
        case tuple():
            return ", ".join(map(str, value))
        case _:
            return str(value)


def _explained(fault: ValidationError, origins: Mapping[str, str], text: str) -> UnknownKey | ConfigurationFault:
    """The first fault as a sentence: people mend one thing after the other."""
    first = fault.errors(include_url=False)[0]
    known = {key: (field, secret) for key, field, secret in known_keys()}
    parts = [str(part) for part in first["loc"]]
    key = ".".join(parts)
    while parts and ".".join(parts) not in known:  # an item of a list has a longer location than its key
        parts.pop()
    declared = ".".join(parts)
    origin = origins.get(declared or key, "planchette.toml")
    if origin == "default":  # a table that stands where a value belongs, or the other way round
        origin = "planchette.toml"
    if origin == "planchette.toml" and (line := line_of(text, declared or key)) is not None:
        origin = f"planchette.toml, line {line}"
    if declared:
        field, secret = known[declared]
        value = None if secret else str(first["input"])[:80]
        if value is not None and not value.isprintable():  # a file's text where its path belongs: perhaps a key
            value = None
        return ConfigurationFault(declared, value, origin, field.description or "another value")
    if first["type"] != "extra_forbidden":
        return ConfigurationFault(key, str(first["input"])[:80], origin, f"a table of keys such as [{key}] has")
    return UnknownKey(key, origin, nearest(key, known))
