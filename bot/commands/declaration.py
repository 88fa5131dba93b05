"""A command's signature and docstring, read once: whatever a platform needs comes from them."""

from __future__ import annotations

import inspect
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING, Annotated, Any, Final, TypeAlias, get_args, get_origin, get_type_hints

from bot.values import Kind, kind_of

if TYPE_CHECKING:
    from bot.commands.invocation import Invocation

NAME: Final = re.compile(r"[a-z][a-z0-9_]{0,31}")  # Telegram Bot API 10.1, BotCommand; Discord takes these too
DESCRIPTION: Final = 100  # characters; Discord API v10, application commands: the shortest limit of ours
FILE: Final = "file"  # what a command's file is called where it is an option
OPTIONS: Final = 25  # of one command; also choices of one option; Discord API v10, application commands

Function: TypeAlias = Callable[..., Awaitable[None]]


class Permission(Enum):
    """Who may do something."""

    ALL = "all"
    MANAGE = "manage"  # admins, or all where who_sets is all
    ADMIN = "admin"
    STARTER = "starter"  # whoever started what is played, and admins; each game makes sure of it itself


@dataclass(frozen=True, slots=True)
class Cooldown:
    """How often a command may be used."""

    times: int
    seconds: float


def per_person(times: int, *, seconds: float) -> Cooldown:
    """At most so many times in so many seconds, each person."""
    return Cooldown(times, seconds)


def per_place(times: int, *, seconds: float) -> Cooldown:
    """At most so many times in so many seconds, all persons of a channel and its threads together."""
    return Cooldown(times, seconds)


@dataclass(frozen=True, slots=True)
class Parameter:
    """One option of a command.

    Attributes:
        name: as people type it before `=`.
        kind: what may stand for it.
        description: for menus and help.
        required: whether the command makes no sense without it.
        default: what the function gets where nobody gives it.
    """

    name: str
    kind: Kind
    description: str
    required: bool
    default: Any = None

    @property
    def rest(self) -> bool:
        """Whether it takes the rest of the line, exactly as typed."""
        return self.kind.rest is not None


@dataclass(frozen=True, slots=True)
class Command:
    """A declared command; calling it runs its function.

    Attributes:
        name: without the `/` and the group.
        description: one line, from the docstring.
        parameters: in the order in which they may be given without their names.
        group: the name of the group that it belongs to.
        requires: who may use it.
        sets: who may set a value with it; None where it sets none.
        cooldown: how often one person may use it.
        place_cooldown: how often all persons of a place may.
        counted: whether it counts towards a person's quota; moves in a game do not.
        file: what the file is that comes with it, for menus and help; None where it takes none.
    """

    name: str
    description: str
    parameters: tuple[Parameter, ...]
    function: Function = field(repr=False)
    group: str | None = None
    requires: Permission = Permission.ALL
    sets: Permission | None = None
    cooldown: Cooldown | None = None
    counted: bool = True
    place_cooldown: Cooldown | None = None
    file: str | None = None

    @property
    def looks_at_rights(self) -> bool:
        """Whether it is carried out differently for admins; else nobody has to find out who is one."""
        return self.requires is not Permission.ALL or self.sets is not None

    @property
    def path(self) -> str:
        """The name as people type it, without the `/`."""
        return self.name if self.group is None else f"{self.group} {self.name}"

    @property
    def rest(self) -> Parameter | None:
        """The parameter that takes the rest of the line."""
        return next((parameter for parameter in self.parameters if parameter.rest), None)

    @property
    def usage(self) -> str:
        """How it is typed: `/generate [name=value …] [prompt]`."""
        words = [f"/{self.path}"]
        if self.rest is not None and len(self.parameters) > 1:
            words.append("[name=value …]")
        shown = self.parameters if self.rest is None else (self.rest,)
        words += [parameter.name.upper() if parameter.required else f"[{parameter.name}]" for parameter in shown]
        return " ".join(words)

    def parameter(self, name: str) -> Parameter | None:
        """The parameter of that name."""
        return next((parameter for parameter in self.parameters if parameter.name == name), None)

    async def __call__(self, invocation: Invocation, /, **arguments: Any) -> None:
        """Runs the command; arguments that are left out take their defaults."""
        await self.function(invocation, **arguments)


@dataclass(slots=True)
class Group:
    """Commands under one name, such as `/story start`.

    Args:
        name: the first word.
        description: one line for menus.
        default: the name of the command that the first word alone stands for.
    """

    name: str
    description: str
    default: str | None = None
    commands: dict[str, Command] = field(default_factory=dict)

    def __post_init__(self) -> None:
        _checked_name(self.name)
        _checked_description(self.name, self.description)

    def command(
        self,
        *,
        name: str | None = None,
        requires: Permission = Permission.ALL,
        sets: Permission | None = None,
        cooldown: Cooldown | None = None,
        place_cooldown: Cooldown | None = None,
        counted: bool = True,
        file: str | None = None,
    ) -> Callable[[Function], Command]:
        """Declares a command of this group; see `command`."""

        def declare(function: Function) -> Command:
            declared = _declared(function, name, self.name, requires, sets, cooldown, counted, place_cooldown, file)
            if declared.name in self.commands:
                raise ValueError(f"/{declared.path} is declared twice")
            self.commands[declared.name] = declared
            if len(self.commands) > OPTIONS:
                raise ValueError(f"/{self.name} has more than {OPTIONS} commands")
            return declared

        return declare


def command(
    *,
    name: str | None = None,
    requires: Permission = Permission.ALL,
    sets: Permission | None = None,
    cooldown: Cooldown | None = None,
    place_cooldown: Cooldown | None = None,
    counted: bool = True,
    file: str | None = None,
) -> Callable[[Function], Command]:
    """Declares a typed async function as a command.

    Its name is the command's, the first line of its docstring the description, and each parameter after the
    invocation an option: `Annotated[kind, "description"]`, required where it has no default.

    Args:
        name: the command's name, where Python keeps that word for itself.
        requires: who may use it.
        sets: who may set a value of the place with it; None where it sets none.
        cooldown: how often one person may use it.
        place_cooldown: how often all persons of a place may.
        counted: whether it counts towards a person's quota.
        file: what the file is that comes with it; without it the command takes none.

    Raises:
        TypeError, ValueError: when the module is imported, if a platform could not show the command.
    """

    def declare(function: Function) -> Command:
        return _declared(function, name, None, requires, sets, cooldown, counted, place_cooldown, file)

    return declare


def _declared(
    function: Function,
    name: str | None,
    group: str | None,
    requires: Permission,
    sets: Permission | None,
    cooldown: Cooldown | None,
    counted: bool,
    place_cooldown: Cooldown | None,
    file: str | None,
) -> Command:
    name = _checked_name(name or function.__name__)
    description = _checked_description(name, (inspect.getdoc(function) or "").partition("\n")[0])
    if not inspect.iscoroutinefunction(function):
        raise TypeError(f"/{name} has to be an async function")
    hints = get_type_hints(function, _annotations_of_modules(function), include_extras=True)
    _, *rest = inspect.signature(function).parameters.values()
    parameters = tuple(_parameter(parameter, hints[parameter.name]) for parameter in rest)
    if file is not None:
        _checked_description(FILE, file)
        if any(parameter.name == FILE for parameter in parameters):
            raise ValueError(f"/{name} has an option that is called as its file is")
    if len(parameters) + (file is not None) > OPTIONS:
        raise ValueError(f"/{name} has more than {OPTIONS} options")
    if sum(parameter.rest for parameter in parameters) > 1:
        raise ValueError(f"/{name} has two options that take the rest of the line")
    return Command(
        name, description, parameters, function, group, requires, sets, cooldown, counted, place_cooldown, file
    )


def _annotations_of_modules(function: Function) -> dict[str, Any]:
    """The function's names; `Invocation` may be imported for type checkers alone."""
    return {"Invocation": object, **function.__globals__}


def _parameter(parameter: inspect.Parameter, hint: Any) -> Parameter:
    name = _checked_name(parameter.name)
    described = [item for item in get_args(hint)[1:] if isinstance(item, str)] if get_origin(hint) is Annotated else []
    if len(described) != 1:
        raise TypeError(f"the option {name} needs Annotated[…, 'one description']")
    kind = kind_of(hint)
    if len(kind.choices) > OPTIONS:
        raise ValueError(f"the option {name} has more than {OPTIONS} choices")
    required = parameter.default is inspect.Parameter.empty
    return Parameter(
        name, kind, _checked_description(name, described[0]), required, None if required else parameter.default
    )


def _checked_name(name: str) -> str:
    if not NAME.fullmatch(name):
        raise ValueError(f"{name} is no name for a command or an option: at most 32 of a-z, 0-9 and _")
    return name


def _checked_description(name: str, description: str) -> str:
    if not 0 < len(description) <= DESCRIPTION:
        raise ValueError(f"the description of {name} has to have 1 to {DESCRIPTION} characters")
    return description
