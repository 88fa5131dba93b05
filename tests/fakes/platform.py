"""A platform that keeps what is said on it, for tests to read."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

from bot.conversation import Button, Limits, Message, Person, Place


@dataclass(slots=True)
class Said:
    """A posted message.

    Attributes:
        id: on the platform.
        place: where it stands.
        message: what it says now.
        private_for: who alone can read it.
        reply_to: the message that it answers.
        before: what it said before each of its edits, oldest first.
    """

    id: str
    place: Place
    message: Message
    private_for: Person | None = None
    reply_to: str | None = None
    before: list[Message] = field(default_factory=list)

    @property
    def text(self) -> str:
        """What it says now."""
        return self.message.text

    @property
    def buttons(self) -> tuple[Button, ...]:
        """What can be pressed now."""
        return self.message.plain_buttons


class FakePlatform:
    """A platform without people: nothing is sent anywhere, nothing is refused, ids ascend from 1.

    Attributes:
        said: everything that was posted, oldest first.
        deleted: ids of messages that are there no more.
        keeps_messages: whether its messages outlive the process.
        broken: what posting and editing raises as long as it is set, as a platform that is down does.
    """

    def __init__(self, name: str = "web", edit_seconds: float = 1.0, *, keeps_messages: bool = True) -> None:
        self._name = name
        self.keeps_messages = keeps_messages
        self.edit_seconds = edit_seconds
        self.said: list[Said] = []
        self.deleted: set[str] = set()
        self.broken: Exception | None = None

    @property
    def name(self) -> str:
        return self._name

    def limits(self, place: Place, reply_to: str | None = None) -> Limits:
        """Nothing is counted."""
        return Limits(self.edit_seconds)

    async def thread(self, place: Place, title: str) -> Place:
        """A place below, named by how many messages there are."""
        return Place(place.platform, f"{place.id}-{len(self.said)}", place.channel or place.id, place.guild)

    async def post(
        self, place: Place, message: Message, *, private_for: Person | None = None, reply_to: str | None = None
    ) -> str:
        """Keeps a message and returns its id."""
        if self.broken is not None:
            raise self.broken
        self.said.append(Said(str(len(self.said) + 1), place, message, private_for, reply_to))
        return self.said[-1].id

    async def edit(self, place: Place, posted: str, message: Message) -> str | None:
        """Changes a kept message; one that is gone is no error."""
        if self.broken is not None:
            raise self.broken
        for said in self.said:
            if said.id == posted and said.place.key == place.key and posted not in self.deleted:
                said.before.append(said.message)
                said.message = message
                return posted
        return None

    async def run(self) -> None:
        """Waits until it is cancelled: nothing comes in from outside."""
        await asyncio.get_running_loop().create_future()

    def delete(self, said: Said) -> None:
        """Somebody deletes a message: it is not there to be edited any more."""
        self.deleted.add(said.id)

    def of(self, place: Place) -> list[Said]:
        """What was posted in a place, oldest first."""
        return [said for said in self.said if said.place.key == place.key]

    def newest(self, place: Place) -> Said:
        """The newest message of a place."""
        return self.of(place)[-1]
