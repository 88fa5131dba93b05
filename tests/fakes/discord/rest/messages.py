"""Messages in channels."""

from __future__ import annotations

from typing import Final

from tests.fakes.discord import permissions
from tests.fakes.discord.channels import Channel
from tests.fakes.discord.desk import reopen
from tests.fakes.discord.faults import Json, Refusal
from tests.fakes.discord.rates import Bucket
from tests.fakes.discord.rest.routing import Call, need, route

MESSAGES = "/channels/{channel_id}/messages"
MESSAGE = MESSAGES + "/{message_id}"
HISTORY: Final = 100  # messages at once; Discord API v10, channel resource
CREATE, EDIT = Bucket("create message", 5, 5.0), Bucket("edit message", 5, 5.0)
DELETE, TYPE = Bucket("delete message", 5, 1.0), Bucket("typing", 5, 5.0)


@route("POST", MESSAGES, bucket=CREATE, major="channel_id")
def create(call: Call) -> object:
    """A message of the bot."""
    channel, body = call.channel(), call.body or {}
    check_may_write(channel, body, has_files=bool(call.files))
    nonce = body.get("nonce")
    if body.get("enforce_nonce") and nonce is not None and (known := channel.nonces.get(str(nonce))):
        return known.payload()
    reopen(channel)
    message = call.server.desk.post(channel, body, call.files, reply_to=replied(channel, body))
    if nonce is not None:
        channel.nonces[str(nonce)] = message
    return message.payload()


def check_may_write(channel: Channel, body: Json, *, has_files: bool) -> None:
    """Refuses a message that the bot may not send there.

    Raises:
        Refusal: 50007, the person takes no messages; 50013, a permission is missing.
    """
    if channel.recipient is not None and channel.recipient.dms_closed:
        raise Refusal(403, 50007, "Cannot send messages to this user")
    need(channel, permissions.SEND_IN_THREADS if channel.is_thread else permissions.SEND)
    if body.get("embeds"):
        need(channel, permissions.EMBED)
    if has_files:
        need(channel, permissions.ATTACH)


def replied(channel: Channel, body: Json) -> int | None:
    """The message that this one answers.

    Raises:
        Refusal: it is gone (unless the bot said that this does not matter), or the bot may not read it.
    """
    reference = body.get("message_reference")
    if reference is None:
        return None
    if not channel.permissions_of_bot() & permissions.HISTORY:
        raise Refusal(403, 160002, "Cannot reply without permission to read message history")
    if channel.find(int(reference["message_id"])) is not None:
        return int(reference["message_id"])
    if reference.get("fail_if_not_exists", True):
        raise Refusal(400, 50035, "Invalid Form Body", errors={"message_reference": "Unknown message"})
    return None


@route("GET", MESSAGES, major="channel_id")
def history(call: Call) -> object:
    """Public messages, newest first."""
    channel = call.channel()
    if not channel.permissions_of_bot() & permissions.HISTORY:
        return []
    limit = int(call.query.get("limit", 50))
    if not 1 <= limit <= HISTORY:
        raise Refusal(400, 50035, "Invalid Form Body", errors={"limit": f"Must be between 1 and {HISTORY}."})
    messages = channel.messages
    if "after" in call.query:
        messages = [message for message in messages if message.id > int(call.query["after"])][:limit]
    elif "around" in call.query:
        middle = int(call.query["around"])
        nearest = sorted(messages, key=lambda message: abs(message.id - middle))[:limit]
        messages = sorted(nearest, key=lambda message: message.id)
    elif "before" in call.query:
        messages = [message for message in messages if message.id < int(call.query["before"])]
    return [message.payload(readable=call.server.readable(message)) for message in reversed(messages[-limit:])]


@route("GET", MESSAGE, major="channel_id")
def one(call: Call) -> object:
    """One public message."""
    need(call.channel(), permissions.HISTORY)
    message = call.message()
    return message.payload(readable=call.server.readable(message))


@route("PATCH", MESSAGE, bucket=EDIT, major="channel_id")
def edit(call: Call) -> object:
    """Changes a message of the bot."""
    message = call.message()
    if message.author is not call.server.bot:
        raise Refusal(403, 50005, "Cannot edit a message authored by another user")
    if message.channel.archived:
        raise Refusal(400, 50083, "Thread is archived")
    call.server.desk.edit(message, call.body or {}, call.files)
    return message.payload()


@route("DELETE", MESSAGE, bucket=DELETE, major="channel_id")
def delete(call: Call) -> object:
    """Deletes a message: the bot's own, or as a moderator any."""
    message = call.message()
    if message.author is not call.server.bot:
        need(message.channel, permissions.MANAGE_MESSAGES)
    call.server.desk.delete(message)
    return None


@route("POST", "/channels/{channel_id}/typing", bucket=TYPE, major="channel_id")
def typing(call: Call) -> object:
    """Says that the bot is typing."""
    channel = call.channel()
    need(channel, permissions.SEND_IN_THREADS if channel.is_thread else permissions.SEND)
    channel.typing += 1
    channel.changed()
    return None
