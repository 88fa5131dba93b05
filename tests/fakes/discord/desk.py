"""Where messages of the bot are taken, changed and announced, whichever door they came by."""

from __future__ import annotations

import mimetypes
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from tests.fakes.discord.application import CONTENT_INTENT
from tests.fakes.discord.channels import PUBLIC_THREAD, Channel
from tests.fakes.discord.faults import Json, Refusal
from tests.fakes.discord.limits.message import check_message, pinged
from tests.fakes.discord.messages import (
    COMPONENTS_V2,
    EPHEMERAL,
    LOADING,
    MENTION,
    REPLY,
    Attachment,
    Message,
    Upload,
    walk,
)
from tests.fakes.discord.users import User

if TYPE_CHECKING:
    from tests.fakes.discord.gateway import Session
    from tests.fakes.discord.interactions import Interaction
    from tests.fakes.discord.server import DiscordServer

GUILD_MESSAGES, DIRECT_MESSAGES = 1 << 9, 1 << 12  # intents
SUPPRESS_EMBEDS, SUPPRESS_NOTIFICATIONS = 1 << 2, 1 << 12  # flags that a bot may set
KEPT: Final = 86_400.0  # seconds that an address of a file is good for; Discord API v10, «Signed Attachment CDN URLs»
SETTABLE: Final = SUPPRESS_EMBEDS | SUPPRESS_NOTIFICATIONS | EPHEMERAL | COMPONENTS_V2


class Desk:
    """Takes messages, checks them, and tells people and the gateway."""

    def __init__(self, server: DiscordServer) -> None:
        self._server = server

    def post(
        self,
        channel: Channel,
        body: Json,
        files: Sequence[Upload],
        *,
        private_for: User | None = None,
        interaction: Interaction | None = None,
        reply_to: int | None = None,
        type_: int = 0,
    ) -> Message:
        """A new message of the bot.

        Raises:
            Refusal: it goes past a limit, or there is nothing in it.
        """
        if channel.deleted:
            raise Refusal(404, 10003, "Unknown Channel")
        check_message(body, files)
        self._note_pings(body, replies=reply_to is not None)
        flags = body.get("flags") or 0
        nonce = body.get("nonce")
        message = Message(
            self._server.snowflakes.next(),
            channel,
            self._server.bot,
            self._server.now(),
            content=(body.get("content") or "").strip(),  # Discord trims what is sent
            embeds=[{"type": "rich"} | embed for embed in body.get("embeds") or []],
            components=numbered(body.get("components") or []),
            attachments=[self.attachment(upload) for upload in files],
            flags=flags & (SETTABLE | LOADING if interaction else SETTABLE),
            type=REPLY if reply_to is not None else type_,
            private_for=private_for,
            reply_to=reply_to,
            nonce=None if nonce is None else str(nonce),
            interaction=interaction,
        )
        if not message.loading and not message.anything():
            raise Refusal(400, 50006, "Cannot send an empty message")
        self.put(message)
        return message

    def put(self, message: Message) -> None:
        """Puts a message into its channel and tells everybody."""
        message.channel.stored[message.id] = message
        self._announce("MESSAGE_CREATE", message)

    def edit(self, message: Message, body: Json, files: Sequence[Upload]) -> None:
        """Changes what the body names and leaves the rest of the message.

        Raises:
            Refusal: it is deleted, goes past a limit, or would be empty.
        """
        if message.deleted or message.channel.deleted:
            raise Refusal(404, 10008, "Unknown Message")
        check_message({"flags": message.flags & COMPONENTS_V2} | body, files)
        self._note_pings(body, replies=False)
        content = (body["content"] or "").strip() if "content" in body else message.content
        embeds = [{"type": "rich"} | embed for embed in body["embeds"] or []] if "embeds" in body else message.embeds
        components = numbered(body["components"] or []) if "components" in body else message.components
        attachments = self._kept(message, body) + [self.attachment(upload) for upload in files]
        if not (content or embeds or components or attachments):
            raise Refusal(400, 50006, "Cannot send an empty message")
        message.content, message.embeds, message.components = content, embeds, components
        message.attachments = attachments
        message.flags = (message.flags & ~LOADING) | ((body.get("flags") or 0) & SETTABLE & ~EPHEMERAL)
        message.edited_at = self._server.now()
        message.versions.append(content)
        self._announce("MESSAGE_UPDATE", message)

    def delete(self, message: Message) -> None:
        """Takes a message away."""
        message.deleted = True
        message.channel.stored.pop(message.id, None)
        data = {"id": str(message.id), "channel_id": str(message.channel.id)}
        if message.channel.guild is not None:
            data["guild_id"] = str(message.channel.guild.id)
        if message.private_for is None:
            intent = DIRECT_MESSAGES if message.channel.guild is None else GUILD_MESSAGES
            self._server.gateway.dispatch("MESSAGE_DELETE", data, guild=message.channel.guild, intent=intent)
        message.channel.changed()

    def delete_many(self, channel: Channel, messages: Sequence[Message]) -> None:
        """Takes messages of a channel away at once, as a moderator's bot does; one event tells of all."""
        for message in messages:
            message.deleted = True
            channel.stored.pop(message.id, None)
        data: Json = {"ids": [str(message.id) for message in messages], "channel_id": str(channel.id)}
        if channel.guild is not None:
            data["guild_id"] = str(channel.guild.id)
        self._server.gateway.dispatch("MESSAGE_DELETE_BULK", data, guild=channel.guild, intent=GUILD_MESSAGES)
        channel.changed()

    def attachment(self, upload: Upload) -> Attachment:
        """Keeps a file where it can be fetched for a day."""
        id_ = self._server.snowflakes.next()
        kind = mimetypes.guess_type(upload.name)[0] or "application/octet-stream"
        ends = self._server.now() + KEPT
        url = f"{self._server.url}/attachments/{id_}/{upload.name}?ex={int(ends):x}"
        kept = Attachment(id_, upload.name, upload.data, kind, url, ends)
        self._server.attachments[id_] = kept
        return kept

    def changed_by_person(self, message: Message, text: str) -> None:
        """A person changes what they wrote."""
        message.content = text
        message.edited_at = self._server.now()
        message.mentions = self.mentioned(text)
        message.versions.append(text)
        self._announce("MESSAGE_UPDATE", message)

    def mentioned(self, text: str) -> list[User]:
        """Whom a text names, each once."""
        ids = dict.fromkeys(int(id_) for id_ in MENTION.findall(text))
        return [self._server.users[id_] for id_ in ids if id_ in self._server.users]

    def _kept(self, message: Message, body: Json) -> list[Attachment]:
        if body.get("attachments") is None:
            return message.attachments
        named = {str(part.get("id")) for part in body["attachments"]}
        return [attachment for attachment in message.attachments if str(attachment.id) in named]

    def _note_pings(self, body: Json, *, replies: bool) -> None:
        would = pinged(body, replies=replies)
        if would:
            self._server.note(200, 0, f"a message would ping {', '.join(would)}")

    def _announce(self, event: str, message: Message) -> None:
        message.channel.changed()
        if message.private_for is not None:
            return
        guild = message.channel.guild
        if guild is not None and not message.channel.permissions_of_bot() & (1 << 10):
            return  # the bot does not see this channel

        def data(session: Session) -> Json:
            open_to_all = message.author is self._server.bot or guild is None or self._server.bot in message.mentions
            payload = message.payload(readable=open_to_all or bool(session.intents & CONTENT_INTENT))
            payload["channel_type"] = message.channel.type
            if guild is not None:
                member = guild.member_payload(message.author)
                del member["user"]
                payload |= {"guild_id": str(guild.id), "member": member}
            return payload

        intent = DIRECT_MESSAGES if guild is None else GUILD_MESSAGES
        self._server.gateway.dispatch(event, data, guild=guild, intent=intent)


def numbered(components: list[Json]) -> list[Json]:
    """Components with the ids that Discord gives to those that have none."""
    for number, part in enumerate(walk(components), 1):
        part.setdefault("id", number)
    return components


def reopen(channel: Channel) -> None:
    """A message opens an archived thread again, unless moderators closed it.

    Raises:
        Refusal: 50083, it is locked.
    """
    if channel.type >= PUBLIC_THREAD and channel.archived:
        if channel.locked:
            raise Refusal(400, 50083, "Thread is archived")
        channel.unarchive()
