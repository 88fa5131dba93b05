"""What came in, as the inbox keeps it until the bot has dealt with it."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any, NamedTuple

from bot.conversation import Button, Person, Place


class File(NamedTuple):
    """A file that came with a command.

    Attributes:
        url: where Discord has it for a while.
        size: in bytes, as Discord says.
    """

    name: str
    url: str
    size: int


@dataclass(frozen=True, slots=True)
class HeardCommand:
    """A command that somebody used.

    Attributes:
        path: as people type it.
        given: each option's value as text.
        asked: the interaction, which takes the answer.
        file: what was chosen for the command that takes one.
    """

    person: Person
    place: Place
    path: str
    given: dict[str, str]
    asked: str
    file: File | None = None

    def payload(self) -> dict[str, Any]:
        """As it is stored."""
        return {"command": asdict(self)}


@dataclass(frozen=True, slots=True)
class HeardMessage:
    """A message that somebody wrote to the bot.

    Attributes:
        message: its id.
        text: without the bot's name.
        answered: the message of the bot that it replies to.
        buttons: what that has.
    """

    person: Person
    place: Place
    message: str
    text: str
    answered: str | None = None
    buttons: tuple[Button, ...] = field(default=())

    def payload(self) -> dict[str, Any]:
        """As it is stored."""
        return {"message": asdict(self)}


def stored(payload: dict[str, Any]) -> HeardCommand | HeardMessage:
    """What a payload of the inbox was."""
    ((kind, facts),) = payload.items()
    person, place = Person(**facts.pop("person")), Place(**facts.pop("place"))
    if kind == "command":
        file = facts.pop("file", None)  # items of earlier versions have none
        return HeardCommand(person, place, **facts, file=None if file is None else File(*file))
    buttons = tuple(Button(*button) for button in facts.pop("buttons"))
    return HeardMessage(person, place, **facts, buttons=buttons)
