"""The bodies that the API takes and gives."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, Field

Id = Annotated[int, Field(strict=True, ge=1, le=2**63 - 1)]  # what a database's integer holds


class Said(BaseModel):
    """What a person writes in a room."""

    person: str | None = Field(None, description="Who writes; in the page the cookie says it.")
    text: str = Field(description="A command if it begins with `/`.")
    reply_to: Id | None = Field(None, description="The message that it answers; a ballot takes it as a write-in.")


class Taken(BaseModel):
    """The id of a message that is stored."""

    id: int


class Press(BaseModel):
    """A press of a button."""

    person: str | None = Field(None, description="Who presses; in the page the cookie says it.")
    message: Id = Field(description="Any message that shows the button.")
    action: str = Field(description="The button's `action`.", max_length=200)


class Noticed(BaseModel):
    """What only the person who pressed is told."""

    notice: str


class ShownButton(BaseModel):
    """Something to press."""

    label: str
    action: str


class ShownFile(BaseModel):
    """Something to download."""

    name: str
    url: str


class ShownMessage(BaseModel):
    """A message of a room."""

    id: int
    person: str = Field(description="`planchette` is the bot.")
    text: str
    buttons: list[ShownButton]
    picture: str | None = Field(description="The address of a picture.")
    attachments: list[ShownFile]
    private: bool = Field(description="Whether only the person who asked sees it.")
    edited: bool
    ballot: bool = Field(description="Whether its buttons are the candidates of a vote.")
    answerable: bool = Field(description="Whether an answer to it writes something in: on a ballot, or in a game.")


class ShownMessages(BaseModel):
    """Messages in the order in which they were written."""

    messages: list[ShownMessage]


class Naming(BaseModel):
    """The name that a browser wants to go by."""

    person: str


class Me(BaseModel):
    """Who this browser is."""

    person: str | None
    admin: bool


class ShownCommand(BaseModel):
    """A command that the bot knows."""

    name: str
    usage: str
    help: str


class ShownCommands(BaseModel):
    """Every command, in the order of /help."""

    commands: list[ShownCommand]


class Wrong(BaseModel):
    """What was wrong with a request, in one sentence."""

    error: str
