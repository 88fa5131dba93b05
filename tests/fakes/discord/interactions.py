"""Interactions: what a person asks of the bot, and how the bot answers it."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from tests.fakes.discord.faults import Json, Refusal
from tests.fakes.discord.limits.modal import check_autocompletion, check_modal
from tests.fakes.discord.messages import CONTEXT_MENU, EPHEMERAL, LOADING, SLASH, Message, Upload, walk
from tests.fakes.discord.watch import Watch
from tests.patience import PATIENCE

if TYPE_CHECKING:
    from tests.fakes.discord.channels import Channel
    from tests.fakes.discord.server import DiscordServer
    from tests.fakes.discord.users import User

FIRST_RESPONSE: Final = 3.0  # s; Discord API v10, interactions, «Responding»
TOKEN_LIFE: Final = 900.0  # s; the same
COMMAND, COMPONENT, AUTOCOMPLETE, MODAL_SUBMIT = 2, 3, 4, 5  # types of interactions
MESSAGE, DEFER, DEFER_UPDATE, UPDATE, CHOICES, MODAL = 4, 5, 6, 7, 8, 9  # types of responses
TEXT_INPUT, LABELLED = 4, 18


@dataclass(frozen=True, slots=True)
class Choice:
    """One suggestion of an autocompletion."""

    name: str
    value: str | int | float


@dataclass(frozen=True, slots=True)
class Field:
    """A text input of a modal, as a person sees it."""

    label: str
    custom_id: str
    value: str
    required: bool
    least: int
    most: int


@dataclass(frozen=True, slots=True)
class Modal:
    """A form that the bot opened for one person."""

    interaction: Interaction
    title: str
    custom_id: str
    components: list[Json]

    @property
    def fields(self) -> list[Field]:
        """Its text inputs from top to bottom."""
        labels = {
            part["component"]["custom_id"]: part["label"]
            for part in self.components
            if part["type"] == LABELLED and "custom_id" in part["component"]
        }
        return [
            Field(
                labels.get(part["custom_id"]) or part.get("label") or "",
                part["custom_id"],
                part.get("value") or "",
                part.get("required", True) is not False,
                part.get("min_length") or 0,
                part.get("max_length") or 4000,
            )
            for part in walk(self.components)
            if part["type"] == TEXT_INPUT
        ]


class Interaction:
    """One act of a person that the bot must answer within 3 s.

    Attributes:
        created_at, acknowledged_at: seconds since 1970.
        kind: the response's type (4 message, 5 deferred, 6 deferred update, 7 update, 8 choices, 9 modal), or None.
        responses: the bodies of its callbacks that were accepted, at most one.
        original: the message that it was answered with, or that it updates.
    """

    def __init__(
        self,
        server: DiscordServer,
        user: User,
        channel: Channel,
        *,
        type: int,  # noqa: A002  # Discord's name for it
        data: Json,
        message: Message | None = None,
        option_type: int | None = None,
        trigger: Interaction | None = None,
    ) -> None:
        self.server = server
        self.id = server.snowflakes.next()
        self.token = secrets.token_hex(24)
        self.user = user
        self.channel = channel
        self.type = type
        self.data = data
        self.message = message
        self.option_type = option_type
        self.trigger = trigger
        self.created_at = server.now()
        self.acknowledged_at: float | None = None
        self.kind: int | None = None
        self.responses: list[Json] = []
        self.followups: list[Message] = []
        self.original: Message | None = None
        self.modal: Modal | None = None
        self.choices: list[Choice] | None = None
        self.updated = False
        self.watch = Watch()

    def __repr__(self) -> str:
        return f"<interaction of {self.user.name}: {self.data}, answered with {self.kind}>"

    @property
    def latency(self) -> float | None:
        """Seconds from the act to its acknowledgement."""
        return None if self.acknowledged_at is None else self.acknowledged_at - self.created_at

    async def acknowledged(self, *, timeout: float = PATIENCE) -> Interaction:
        """This interaction, once the bot answered it in any way.

        Raises:
            AssertionError: it did not within `timeout` seconds.
        """

        def look() -> Interaction | None:
            return None if self.acknowledged_at is None else self

        return await self.watch.until(look, timeout=timeout, complaint=lambda: f"{self} has no answer")

    async def answered(self, *, timeout: float = PATIENCE) -> Message:
        """The message that answers it, once there is something in it.

        That is its own message, the first followup where there is none, or the updated message of a component.

        Raises:
            AssertionError: there was none within `timeout` seconds.
        """
        return await self.watch.until(self._answer, timeout=timeout, complaint=lambda: f"{self}: {self.original}")

    def _answer(self) -> Message | None:
        updates = self.kind in (DEFER_UPDATE, UPDATE)
        own = [] if self.original is None or (updates and not self.updated) else [self.original]
        return next((message for message in [*own, *self.followups] if message.anything()), None)

    def changed(self) -> None:
        """Wakes who waits for an answer."""
        self.watch.notify()
        self.channel.changed()

    def respond(self, body: Json, files: Sequence[Upload]) -> None:
        """Takes the bot's first response.

        Raises:
            Refusal: it comes twice, late, or goes past a limit.
        """
        if self.acknowledged_at is not None:
            raise Refusal(400, 40060, "Interaction has already been acknowledged.")
        if self.server.now() - self.created_at > FIRST_RESPONSE:
            raise Refusal(404, 10062, "Unknown interaction")
        kind, data = body["type"], body.get("data") or {}
        if kind not in self._possible():
            raise Refusal(400, 50035, f"A response of type {kind} does not answer this interaction")
        self._take(kind, data, files)
        self.kind = kind
        self.responses.append(body)
        self.acknowledged_at = self.server.now()
        self.changed()

    def _possible(self) -> set[int]:
        if self.type == AUTOCOMPLETE:
            return {CHOICES}
        possible = {MESSAGE, DEFER, MODAL}
        if self.message is not None:
            possible |= {DEFER_UPDATE, UPDATE}
        return possible - ({MODAL} if self.type == MODAL_SUBMIT else set())

    def _take(self, kind: int, data: Json, files: Sequence[Upload]) -> None:
        if kind == MESSAGE:
            self.original = self._post(data, files)
        elif kind == DEFER:
            self.original = self._post({"flags": (data.get("flags") or 0) & EPHEMERAL | LOADING}, [])
        elif kind in (DEFER_UPDATE, UPDATE):
            self.original = self.message
            if kind == UPDATE and self.message is not None:
                self.server.desk.edit(self.message, data, files)
                self.updated = True
        elif kind == CHOICES:
            check_autocompletion(data, self.option_type)
            self.choices = [Choice(choice["name"], choice["value"]) for choice in data.get("choices") or []]
        elif kind == MODAL:
            check_modal(data)
            self.modal = Modal(self, data["title"], data["custom_id"], data["components"])

    def _post(self, data: Json, files: Sequence[Upload]) -> Message:
        private = bool((data.get("flags") or 0) & EPHEMERAL)
        return self.server.desk.post(
            self.channel,
            data,
            files,
            private_for=self.user if private else None,
            interaction=self,
            type_={COMMAND: SLASH if self.data.get("type") == 1 else CONTEXT_MENU}.get(self.type, 0),
        )

    def alive(self) -> bool:
        """Whether its token still opens the webhook."""
        return self.server.now() - self.created_at <= TOKEN_LIFE

    def follow_up(self, body: Json, files: Sequence[Upload]) -> Message:
        """Another message; the first after a deferral is what the deferral promised, public or private as that was."""
        if self.original is not None and self.original.loading and not self.original.deleted:
            return self.edit(self.original, body, files)
        private = bool((body.get("flags") or 0) & EPHEMERAL)
        message = self.server.desk.post(
            self.channel, body, files, private_for=self.user if private else None, interaction=self
        )
        self.followups.append(message)
        self.changed()
        return message

    def edit(self, message: Message, body: Json, files: Sequence[Upload]) -> Message:
        """Changes a message of this interaction's webhook."""
        self.server.desk.edit(message, body, files)
        self.updated = self.updated or message is self.original
        self.changed()
        return message

    def find(self, reference: str) -> Message:
        """The message of a webhook path: "@original" or an id.

        Raises:
            Refusal: 10008, there is none, or none any more.
        """
        mine = [self.original, *self.followups]
        if reference == "@original":
            found = self.original
        else:
            found = next((message for message in mine if message is not None and str(message.id) == reference), None)
        if found is None or found.deleted:
            raise Refusal(404, 10008, "Unknown Message")
        return found

    def metadata(self) -> Json:
        """As its messages tell where they come from."""
        data: Json = {
            "id": str(self.id),
            "type": self.type,
            "user": self.user.payload(),
            "authorizing_integration_owners": {},
        }
        if self.type == COMPONENT and self.message is not None:
            data["interacted_message_id"] = str(self.message.id)
        if self.trigger is not None:
            data["triggering_interaction_metadata"] = self.trigger.metadata()
        return data

    def resource(self) -> Json:
        """As the callback answers with `with_response`."""
        about: Json = {"id": str(self.id), "type": self.type}
        answer: Json = {"interaction": about}
        if self.original is not None:
            about["response_message_id"] = str(self.original.id)
            about["response_message_loading"] = self.original.loading
            about["response_message_ephemeral"] = self.original.private_for is not None
        if self.kind in (MESSAGE, UPDATE) and self.original is not None:
            answer["resource"] = {"type": self.kind, "message": self.original.payload()}
        return answer

    def payload(self) -> Json:
        """As INTERACTION_CREATE describes it."""
        channel, guild = self.channel, self.channel.guild
        data: Json = {
            "id": str(self.id),
            "application_id": str(self.server.application.id),
            "type": self.type,
            "token": self.token,
            "version": 1,
            "data": self.data,
            "channel_id": str(channel.id),
            "channel": channel.payload(),
            "app_permissions": str(channel.permissions_of_bot()),
            "locale": self.user.locale,
            "entitlements": [],
            "authorizing_integration_owners": {"0": "0" if guild is None else str(guild.id)},
            "context": 1 if guild is None else 0,
            "attachment_size_limit": 10 * 1024 * 1024,
        }
        if self.message is not None:
            data["message"] = self.message.payload()
        if guild is None:
            return data | {"user": self.user.payload()}
        member: dict[str, Any] = guild.member_payload(self.user)
        member["permissions"] = str(guild.permissions_of(self.user))
        about = {"id": str(guild.id), "locale": guild.preferred_locale, "features": []}
        return data | {
            "guild_id": str(guild.id),
            "guild": about,
            "guild_locale": guild.preferred_locale,
            "member": member,
        }
