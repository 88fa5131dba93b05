"""People, and all that they do in a Discord client."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from tests.fakes.discord import commands, permissions
from tests.fakes.discord.faults import Json
from tests.fakes.discord.interactions import (
    AUTOCOMPLETE,
    COMMAND,
    COMPONENT,
    LABELLED,
    MODAL_SUBMIT,
    TEXT_INPUT,
    Choice,
    Interaction,
    Modal,
)
from tests.fakes.discord.limits.command import MESSAGE_MENU, SLASH, USER_MENU
from tests.fakes.discord.limits.message import SELECT, SELECTS
from tests.fakes.discord.messages import BUTTON, DEFAULT, REPLY, Message, Upload, walk
from tests.patience import PATIENCE

if TYPE_CHECKING:
    from tests.fakes.discord.channels import Channel, Look
    from tests.fakes.discord.guilds import Guild
    from tests.fakes.discord.server import DiscordServer


class User:
    """Somebody with an account: a person, the bot itself, or another bot."""

    def __init__(self, server: DiscordServer, name: str, *, locale: str, bot: bool) -> None:
        self.server = server
        self.id = server.snowflakes.next()
        self.name = name
        self.locale = locale
        self.bot = bot
        self.dms_closed = False

    def __repr__(self) -> str:
        return f"<user {self.name}>"

    @property
    def mention(self) -> str:
        """How a text names them."""
        return f"<@{self.id}>"

    def payload(self) -> Json:
        """As the API describes them."""
        return {
            "id": str(self.id),
            "username": self.name.lower().replace(" ", "_"),
            "global_name": None if self.bot else self.name,
            "discriminator": "0000" if self.bot else "0",
            "avatar": None,
            "bot": self.bot,
            "system": False,
            "banner": None,
            "accent_color": None,
            "primary_guild": None,
            "public_flags": 0,
            "flags": 0,
        }

    def guild_join(self, guild: Guild) -> None:
        """Makes them a member, if they are none yet."""
        guild.members.setdefault(self.id, 0)

    # What they see.

    def private(self, channel: Channel) -> list[Message]:
        """Messages in a channel that only they see, oldest first."""
        return [message for message in channel.stored.values() if message.private_for is self]

    def sees(self, channel: Channel) -> list[Message]:
        """Every message of a channel that they see, oldest first."""
        return [message for message in channel.stored.values() if message.private_for in (None, self)]

    async def until(self, channel: Channel, look: Look | str, *, timeout: float = PATIENCE) -> Message:
        """The newest message that they see and for which `look` holds, or that contains this text.

        Raises:
            AssertionError: there was none within `timeout` seconds.
        """
        return await channel.seen(lambda: self.sees(channel), look, timeout=timeout)

    # What they do.

    async def slash(self, channel: Channel, command: str, /, *, anyway: bool = False, **options: Any) -> Interaction:
        """Sends a slash command, such as "story start".

        Args:
            anyway: as if the server's admins had opened it to everybody.
            options: by name, of the declared types; a file is an Upload.

        Raises:
            CommandNotOffered: a client would not let them.
        """
        data, _ = self._command(channel, command, options, anyway=anyway)
        return self._act(channel, COMMAND, data)

    async def autocomplete(
        self, channel: Channel, command: str, /, *, focused: str, timeout: float = 3.0, **options: Any
    ) -> list[Choice]:
        """What is suggested for the option `focused`, of which they typed so much.

        Raises:
            AssertionError: no suggestions came within `timeout` seconds.
        """
        data, option_type = self._command(channel, command, options, focused=focused, anyway=True)
        interaction = self._act(channel, AUTOCOMPLETE, data, option_type=option_type)
        await interaction.acknowledged(timeout=timeout)
        return interaction.choices or []

    async def context_menu(
        self, channel: Channel, command: str, target: Message | User, *, anyway: bool = False
    ) -> Interaction:
        """Chooses a command in the menu of a message or person.

        Raises:
            CommandNotOffered: a client would not let them.
        """
        kind = MESSAGE_MENU if isinstance(target, Message) else USER_MENU
        offered = commands.offered(self, channel, kind, command, anyway=anyway)
        return self._act(channel, COMMAND, commands.target_data(channel, offered, target))

    async def press(self, message: Message, button: str) -> Interaction:
        """Presses a button, named by its custom_id or label; an unknown custom_id is sent as it is.

        Raises:
            AssertionError: they do not see the message, or the button is disabled.
        """
        self._look_at(message)
        found = [each for each in message.buttons if button in (each.custom_id, each.label)]
        if found and found[0].disabled:
            raise AssertionError(f"the button {button} is disabled")
        custom_id = found[0].custom_id if found else button
        return self._act(message.channel, COMPONENT, {"custom_id": custom_id, "component_type": BUTTON}, message)

    async def select(self, message: Message, custom_id: str, values: Sequence[str]) -> Interaction:
        """Chooses values in a select."""
        self._look_at(message)
        found = [part for part in walk(message.components) if part.get("custom_id") == custom_id]
        kind = found[0]["type"] if found and found[0]["type"] in SELECTS else SELECT
        data = {"custom_id": custom_id, "component_type": kind, "values": list(values)}
        return self._act(message.channel, COMPONENT, data, message)

    async def submit(self, modal: Modal | None, fields: dict[str, str]) -> Interaction:
        """Fills in a modal and sends it; fields are named by custom_id or label, the rest keep their values.

        Raises:
            AssertionError: there is no modal or no such field, or a client would not send such a text.
        """
        if modal is None:
            raise AssertionError("no modal was opened")
        texts = {field.custom_id: field.value for field in modal.fields}
        names = {name: field for field in modal.fields for name in (field.label, field.custom_id)}
        for name, text in fields.items():
            if name not in names:
                raise AssertionError(f"the modal has no field {name}, only {sorted(names)}")
            texts[names[name].custom_id] = text
        for field in modal.fields:
            text = texts[field.custom_id]
            if len(text) > field.most or (len(text) < field.least and (text or field.required)):
                raise AssertionError(f"{field.label} takes {field.least} to {field.most} characters, not {len(text)}")
            if field.required and not text:
                raise AssertionError(f"{field.label} must be filled in")
        data = {"custom_id": modal.custom_id, "components": [filled(part, texts) for part in modal.components]}
        source = modal.interaction
        return self._act(source.channel, MODAL_SUBMIT, data, source.message, trigger=source)

    async def say(
        self,
        channel: Channel,
        text: str,
        *,
        reply_to: Message | None = None,
        ping: bool = True,
        files: Sequence[Upload] = (),
    ) -> Message:
        """Writes a message; a reply pings its target unless `ping` is False.

        Raises:
            AssertionError: the channel is gone, or moderators closed it.
        """
        if channel.deleted or channel.locked:
            raise AssertionError(f"nobody can write in {channel}")
        if channel.guild is not None:
            self.guild_join(channel.guild)
        channel.unarchive()
        desk = self.server.desk
        mentions = desk.mentioned(text)
        if reply_to is not None and ping and reply_to.author not in mentions:
            mentions.append(reply_to.author)
        message = Message(
            self.server.snowflakes.next(),
            channel,
            self,
            self.server.now(),
            content=text,
            attachments=[desk.attachment(upload) for upload in files],
            type=DEFAULT if reply_to is None else REPLY,
            reply_to=None if reply_to is None else reply_to.id,
            mentions=mentions,
        )
        desk.put(message)
        return message

    async def edit(self, message: Message, text: str) -> None:
        """Changes a message of theirs."""
        if message.author is not self or message.deleted:
            raise AssertionError(f"{self.name} cannot change {message}")
        self.server.desk.changed_by_person(message, text)

    async def delete(self, message: Message) -> None:
        """Deletes a message: their own, one that only they see, or as a moderator any."""
        own = self in (message.author, message.private_for)
        guild = message.channel.guild
        if not own and (guild is None or not guild.permissions_of(self) & permissions.MANAGE_MESSAGES):
            raise AssertionError(f"{self.name} may not delete {message}")
        self.server.desk.delete(message)

    async def delete_many(self, messages: Sequence[Message]) -> None:
        """Deletes messages of one channel at once, as a moderator with a bot for that."""
        (channel,) = {message.channel for message in messages}
        guild = channel.guild
        if guild is None or not guild.permissions_of(self) & permissions.MANAGE_MESSAGES:
            raise AssertionError(f"{self.name} may not delete messages in {channel}")
        self.server.desk.delete_many(channel, messages)

    def _command(
        self, channel: Channel, command: str, values: dict[str, Any], *, anyway: bool, focused: str | None = None
    ) -> tuple[Json, int | None]:
        name, *path = command.removeprefix("/").split()
        offered = commands.offered(self, channel, SLASH, name, anyway=anyway)
        return commands.command_data(self, channel, commands.at(offered, path), values, focused=focused)

    def _look_at(self, message: Message) -> None:
        if message.deleted or message.channel.deleted or message.private_for not in (None, self):
            raise AssertionError(f"{self.name} does not see {message}")

    def _act(
        self,
        channel: Channel,
        kind: int,
        data: Json,
        message: Message | None = None,
        *,
        option_type: int | None = None,
        trigger: Interaction | None = None,
    ) -> Interaction:
        if channel.deleted:
            raise AssertionError(f"{channel} is gone")
        if channel.guild is not None:
            self.guild_join(channel.guild)
        if not channel.locked:
            channel.unarchive()
        interaction = Interaction(
            self.server, self, channel, type=kind, data=data, message=message, option_type=option_type, trigger=trigger
        )
        self.server.began(interaction)
        return interaction


def filled(part: Json, texts: dict[str, str]) -> Json:
    """A part of a modal as it comes back when it is sent."""
    answer: Json = {"type": part["type"], "id": part.get("id", 0)}
    if part["type"] == TEXT_INPUT:
        return answer | {"custom_id": part["custom_id"], "value": texts[part["custom_id"]]}
    if part["type"] == LABELLED:
        return answer | {"component": filled(part["component"], texts)}
    return answer | {"components": [filled(inner, texts) for inner in part.get("components") or []]}
