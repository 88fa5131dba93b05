"""What a place has set: declared once, looked up from the thread to the server, explained in sentences."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import Annotated, Any, Final, Literal, NamedTuple, TypeAlias, get_args, get_origin, get_type_hints

from sqlalchemy.ext.asyncio import AsyncConnection

from bot import choice
from bot.conversation import Person, Place
from bot.models import Models
from bot.names import nearest
from bot.values import (
    Candidates,
    Default,
    Kind,
    Length,
    Model,
    OfTemperature,
    OfTopK,
    OfTopP,
    Seconds,
    kind_of,
)
from generators.completion import ModelInfo, Unit
from generators.errors import InvalidValue, Translate, UserError, english
from storage import audit, inbox
from storage import settings as stored
from storage.database import Database

Scope: TypeAlias = Literal["here", "channel", "guild"]


@dataclass(frozen=True, slots=True)
class Effective:
    """What holds at a place; each field is a setting, and its annotation is all that is declared of it.

    None stands for the model's own, and for the default model.
    """

    model: Annotated[Model | None, "the model that writes here"] = None
    temperature: OfTemperature = None
    length: Annotated[Length | None, "tokens of a text"] = None
    top_k: OfTopK = None
    top_p: OfTopP = None
    who_sets: Annotated[Literal["admins", "all"], "who may set the temperature"] = "admins"
    reply: Annotated[
        Literal["off", "mention"], "whether the bot answers who mentions it, replies to it or writes to it alone"
    ] = "off"
    unit: Annotated[Unit, "what a story's votes are about"] = Unit.WORD
    candidates: Annotated[Candidates, "candidates on a ballot"] = 5
    seconds: Annotated[Seconds, "seconds that a round of a story takes"] = 60.0


class Setting(NamedTuple):
    """One setting: its name, what it may be, its default and what it is for."""

    name: str
    kind: Kind
    default: Any
    description: str


def _declared() -> dict[str, Setting]:
    hints = get_type_hints(Effective, include_extras=True)
    return {
        field.name: Setting(field.name, kind_of(hints[field.name]), field.default, _description(hints[field.name]))
        for field in dataclasses.fields(Effective)
    }


def _description(hint: Any) -> str:
    assert get_origin(hint) is Annotated
    return str(next(item for item in get_args(hint)[1:] if isinstance(item, str)))


SETTINGS: Final[Mapping[str, Setting]] = _declared()


class Origin(NamedTuple):
    """A value that holds at a place, and where it was set; None where nobody did."""

    value: Any
    scope: Scope | None


@dataclass(eq=False)
class UnknownSetting(UserError):
    """A name that no setting has."""

    name: str
    nearest: str | None = None

    def sentence(self, translate: Translate = english) -> str:
        if self.nearest is None:
            return translate(
                "There is no setting {name}; there are {names}.", name=self.name, names=", ".join(SETTINGS)
            )
        return translate("There is no setting {name}. Did you mean {nearest}?", name=self.name, nearest=self.nearest)


@dataclass(eq=False)
class NoGuild(UserError):
    """A setting for the server, in a place that belongs to none."""

    def sentence(self, translate: Translate = english) -> str:
        return translate("This place belongs to no server; set it for here or channel.")


def setting(name: str) -> Setting:
    """The setting of that name.

    Raises:
        UnknownSetting: there is none.
    """
    found = SETTINGS.get(name.casefold())
    if found is None:
        raise UnknownSetting(name, nearest(name, SETTINGS))
    return found


def place_of(place: Place, scope: Scope) -> str:
    """The key under which a scope's settings are stored.

    Raises:
        NoGuild: the place belongs to no server.
    """
    match scope:
        case "here":
            return place.key
        case "channel":
            return f"{place.platform}:{place.channel or place.id}"
        case "guild":
            if place.guild is None:
                raise NoGuild
            return f"{place.platform}:{place.guild}"


class PlaceSettings:
    """Settings of all places.

    Args:
        database: where they are stored.
        models: what a place may choose.
    """

    def __init__(self, database: Database, models: Models) -> None:
        self._database = database
        self._models = models

    async def get(self, place: Place) -> Effective:
        """What holds at a place."""
        return Effective(**{name: origin.value for name, origin in (await self.origins(place)).items()})

    async def origins(self, place: Place) -> dict[str, Origin]:
        """Every setting's value at a place, and where it was set."""
        found = await self._database.read(partial(stored.values, places=place.chain))
        scopes: list[tuple[Scope, str]] = [("here", place.key)]
        if place.channel is not None:
            scopes.append(("channel", place_of(place, "channel")))
        if place.guild is not None:
            scopes.append(("guild", place_of(place, "guild")))
        result = {}
        for name, declared in SETTINGS.items():
            result[name] = Origin(declared.default, None)
            for scope, key in scopes:
                if name in found[key]:
                    result[name] = Origin(_loaded(declared, found[key][name]), scope)
                    break
        return result

    async def parse(self, place: Place, name: str, text: str) -> Any:
        """The value that a text stands for in a place, `Default.DEFAULT` for the word `default`.

        Raises:
            UserError: there is no such setting, or it cannot be that.
        """
        declared = setting(name)
        if text.casefold() == "default":
            return Default.DEFAULT
        value = dataclasses.replace(declared.kind, unsets=True).parse(declared.name, text)
        if declared.name == "model":
            await self._models.at(place).usable(value)
        return value

    async def change(
        self, place: Place, name: str, value: Any, *, by: Person, scope: Scope = "here", origin: int | None = None
    ) -> None:
        """Sets a value, or unsets it with `Default.DEFAULT`; the audit and the inbox say so in the same transaction.

        Args:
            value: as it is stored, or the text that stands for it.

        Raises:
            UserError: there is no such setting, it cannot be that, or the scope is no place.
        """
        declared = setting(name)
        key = place_of(place, scope)
        value = await self.parse(place, name, declared.kind.show(value))

        now = datetime.now(UTC)

        async def store(connection: AsyncConnection) -> None:
            if origin is not None and not await inbox.done(connection, origin):
                return  # it came a second time
            if declared.name == choice.MODEL:
                await choice.remember(connection, key, None if value is Default.DEFAULT else value, now)
            if value is Default.DEFAULT:
                await stored.remove(connection, key, declared.name)
            else:
                await stored.put(connection, key, declared.name, json.dumps(value))
            facts = {"name": declared.name, "value": declared.kind.show(value)}
            await audit.record(connection, key, by.key, "set", facts, now)

        await self._database.write(store)

    async def explanation(self, place: Place, name: str, translate: Translate = english) -> str:
        """One sentence: what a setting is here, and why."""
        declared = setting(name)
        return (await self.explanations(place, translate))[declared.name]

    async def explanations(self, place: Place, translate: Translate = english) -> dict[str, str]:
        """The same for every setting."""
        origins = await self.origins(place)
        writes = await self._models.at(place).here(origins["model"].value)
        return {name: _sentence(SETTINGS[name], origin, writes, translate) for name, origin in origins.items()}


def _sentence(declared: Setting, origin: Origin, writes: ModelInfo | None, translate: Translate) -> str:
    """What a setting is at a place, and where that comes from."""
    facts = {"name": declared.name, "value": declared.kind.show(origin.value)}
    match origin.scope:
        case "here":
            return translate("{name} is {value} here, set for this place.", **facts)
        case "channel":
            return translate("{name} is {value} here, set for the whole channel.", **facts)
        case "guild":
            return translate("{name} is {value} here, set for the whole server.", **facts)
    if origin.value is None and declared.name == "model":
        return translate("model is the bot's own choice here; nobody has set another.")
    if origin.value is None and writes is not None:
        facts |= {"value": _own(writes, declared.name), "model": writes.name}
        return translate("{name} is {value} here, {model}'s own; nobody has set another.", **facts)
    if origin.value is None:
        return translate("{name} is the model's own here; nobody has set another.", **facts)
    return translate("{name} is {value} here, which is the default.", **facts)


def _own(model: ModelInfo, name: str) -> str:
    """What a model does where nobody has set another value."""
    match name:
        case "temperature":
            return " ".join(f"{value:g}" for value in model.sampling.temperature)
        case "length":
            return f"{model.max_tokens}"
        case "top_k":
            return f"{model.sampling.top_k}"
        case "top_p":
            return f"{model.sampling.top_p:g}"
    raise ValueError(f"no model has a {name} of its own")


def _loaded(declared: Setting, text: str) -> Any:
    """A stored value; the default where a newer or older version of the program allowed something else."""
    try:
        return declared.kind.parse(declared.name, declared.kind.show(json.loads(text)))
    except (ValueError, InvalidValue):
        return declared.default
