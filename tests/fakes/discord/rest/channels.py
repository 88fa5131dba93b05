"""Channels and threads."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final

from tests.fakes.discord import permissions
from tests.fakes.discord.channels import DM, PRIVATE_THREAD, PUBLIC_THREAD, Channel
from tests.fakes.discord.faults import Json, Refusal
from tests.fakes.discord.rates import Bucket
from tests.fakes.discord.rest.routing import Call, need, route

ARCHIVED: Final = 100  # threads at once; Discord's OpenAPI document
THREADS: Final = Bucket("create thread", 10, 10.0)


@route("GET", "/channels/{channel_id}", major="channel_id")
def channel(call: Call) -> object:
    """A channel that the bot sees."""
    return call.channel().payload()


@route("PATCH", "/channels/{channel_id}", major="channel_id")
def change(call: Call) -> object:
    """Renames, archives, locks or reopens a thread, or renames a channel."""
    changed, body = call.channel(), call.body or {}
    if changed.is_thread:
        check_may_change(changed, body, call)
    elif changed.type == DM:
        raise Refusal(403, 50003, "Cannot execute action on a DM channel")
    else:
        need(changed, permissions.MANAGE_CHANNELS)
    if body.get("name") is not None:
        changed.rename(body["name"])
    if body.get("locked"):
        changed.lock()
    elif body.get("archived"):
        changed.archive()
    elif body.get("archived") is False:
        changed.locked = body.get("locked", changed.locked)
        changed.unarchive()
    return changed.payload()


def check_may_change(thread: Channel, body: Json, call: Call) -> None:
    """Refuses a change of a thread that is another's, or closed.

    Raises:
        Refusal: 50013, 50083.
    """
    if thread.owner is not call.server.bot or "locked" in body:
        need(thread, permissions.MANAGE_THREADS)
    if thread.archived and body.get("archived") is not False:
        raise Refusal(400, 50083, "Thread is archived")


@route("POST", "/channels/{channel_id}/threads", bucket=THREADS, major="channel_id")
def create_thread(call: Call) -> object:
    """A thread without a message: a private one unless the body names the public type."""
    parent = text_channel(call.channel())
    if call.body.get("type", PRIVATE_THREAD) != PUBLIC_THREAD:
        need(parent, permissions.bits(["create_private_threads"]))
        return opened(call, parent, PRIVATE_THREAD)
    need(parent, permissions.MAKE_THREADS)
    return opened(call, parent, PUBLIC_THREAD)


def text_channel(channel: Channel) -> Channel:
    """This channel, where threads can hang from it.

    Raises:
        Refusal: 50024, they cannot.
    """
    if channel.is_thread or channel.type == DM:
        raise Refusal(400, 50024, "Cannot execute action on this channel type")
    return channel


def opened(call: Call, parent: Channel, type_: int) -> Json:
    """Opens a thread of the bot."""
    thread = parent.open_thread(call.body["name"], message=None, owner=call.server.bot, type=type_)
    return thread.payload() | joined(thread, call)


def joined(thread: Channel, call: Call) -> Json:
    """The bot as a member of a thread."""
    member = {"id": str(thread.id), "user_id": str(call.server.bot.id), "flags": 0}
    return {"member": member | {"join_timestamp": thread.payload()["thread_metadata"]["create_timestamp"]}}


@route("POST", "/channels/{channel_id}/messages/{message_id}/threads", bucket=THREADS, major="channel_id")
def create_thread_from_message(call: Call) -> object:
    """A public thread that hangs from a message."""
    parent = text_channel(call.channel())
    need(parent, permissions.MAKE_THREADS)
    message = call.message()
    if message.thread is not None:
        raise Refusal(400, 160004, "A thread has already been created for this message")
    thread = parent.open_thread(call.body["name"], message=message, owner=call.server.bot)
    return thread.payload() | joined(thread, call)


@route("GET", "/channels/{channel_id}/threads/archived/public", major="channel_id")
def archived_threads(call: Call) -> object:
    """The closed public threads of a channel, the one that was closed last first."""
    parent = text_channel(call.channel())
    need(parent, permissions.HISTORY)
    limit = int(call.query.get("limit", 50))
    if not 2 <= limit <= ARCHIVED:
        raise Refusal(400, 50035, "Invalid Form Body", errors={"limit": f"Must be between 2 and {ARCHIVED}."})
    closed = [thread for thread in parent.threads if thread.archived and thread.type == PUBLIC_THREAD]
    closed.sort(key=lambda thread: thread.archived_at or 0.0, reverse=True)
    if "before" in call.query:
        before = datetime.fromisoformat(call.query["before"])  # whole microseconds, as it was told
        closed = [thread for thread in closed if datetime.fromtimestamp(thread.archived_at or 0.0, UTC) < before]
    return {
        "threads": [thread.payload() for thread in closed[:limit]],
        "members": [],
        "has_more": len(closed) > limit,
    }


@route("PUT", "/channels/{channel_id}/thread-members/@me", major="channel_id")
def join(call: Call) -> object:
    """The bot joins a thread."""
    call.channel()
    return None  # the bot hears threads that it sees, member or not


@route("DELETE", "/channels/{channel_id}/thread-members/@me", major="channel_id")
def leave(call: Call) -> object:
    """The bot leaves a thread."""
    call.channel()
    return None
