"""What updates mean, as the Bot API's objects say it."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from telegram import Update, User

from bot.platforms.telegram.reading import Gone, Heard, Line, Moved, Press, from_payload, payload, read, sent_at

ME = User(7, "Planchette", True, username="planchette_bot")
ADA = {"id": 11, "is_bot": False, "first_name": "Ada", "last_name": "L.", "language_code": "pt-br"}
GROUP = {"id": -5, "type": "group", "title": "Night shift"}
FORUM = {"id": -1005, "type": "supergroup", "title": "Writers", "is_forum": True}
PRIVATE = {"id": 11, "type": "private", "first_name": "Ada"}
OURS = {"message_id": 3, "date": 1, "chat": GROUP, "from": ME.to_dict(), "text": "Vote"}
KEYBOARD = {"inline_keyboard": [[{"text": "a", "callback_data": "v:1:0"}], [{"text": "site", "url": "http://x.y"}]]}


def updated(**kinds: Any) -> Update:
    """An update of the library's."""
    return Update.de_json({"update_id": 1, **kinds}, None)


def heard(text: str = "hello", chat: dict[str, Any] = GROUP, **more: Any) -> Heard | None:
    """What a message of Ada's means."""
    message = {"message_id": 9, "date": 1, "chat": chat, "from": ADA, "text": text, **more}
    return read(updated(message=message), ME)


def line(found: Heard | None) -> Line:
    """What was heard, if it was a line."""
    assert isinstance(found, Line)
    return found


@pytest.mark.parametrize(
    ("typed", "text"),
    [
        ("/generate@Planchette_Bot temperature=0.8  once\n upon", "/generate temperature=0.8  once\n upon"),
        ("/story start  x@y", "/story start  x@y"),
        ("/start group-link", "/start"),
        ("/help", "/help"),
    ],
)
def test_commands(typed: str, text: str) -> None:
    """A command loses our name and nothing else."""
    found = line(heard(typed))

    assert (found.meaning, found.text, found.message) == ("command", text, 9)
    assert (found.by.id, found.by.name, found.by.language) == (11, "Ada L.", "pt-br")


@pytest.mark.parametrize("text", ["/help@other_bot", "/ what", "/5", "hello", "mail me@planchette_bot"])
def test_means_nothing(text: str) -> None:
    """Words between people, and what is meant for others, are none of our business."""
    assert heard(text) is None


def test_in_private() -> None:
    """Alone with the bot, everything is meant for it."""
    assert line(heard("hello", PRIVATE)).meaning == "talk"
    assert line(heard("/ what", PRIVATE)).meaning == "command"


@pytest.mark.parametrize(
    ("typed", "text"),
    [
        ("@planchette_bot what a night", "what a night"),
        ("what a night @PLANCHETTE_BOT", "what a night"),
        ("🐝 what @planchette_bot a night", "🐝 what a night"),
        ("@planchette_bot", ""),
    ],
)
def test_mentions(typed: str, text: str) -> None:
    """A mention is talk, without our name and one space beside it."""
    start = typed.lower().index("@planchette_bot")
    offset = len(typed[:start].encode("utf-16-le")) // 2

    found = line(heard(typed, entities=[{"type": "mention", "offset": offset, "length": 15}]))

    assert (found.meaning, found.text) == ("talk", text)


def test_mention_of_another() -> None:
    """A mention of somebody else is not for us."""
    assert heard("@other_bot hello", entities=[{"type": "mention", "offset": 0, "length": 10}]) is None


def test_replies() -> None:
    """A reply to a message of ours brings its id and its buttons; one to somebody else's means nothing."""
    found = line(heard("moon", reply_to_message={**OURS, "reply_markup": KEYBOARD}))

    assert (found.meaning, found.answered, found.buttons) == ("reply", 3, (("a", "v:1:0"),))
    assert heard("moon", reply_to_message={**OURS, "from": ADA}) is None


def test_topics() -> None:
    """A topic is a place; a message in a topic that we made is no reply to us, and a thread of replies no topic."""
    made = {**OURS, "chat": FORUM, "text": None, "forum_topic_created": {"name": "Prose", "icon_color": 1}}
    within = {"message_thread_id": 3, "is_topic_message": True, "reply_to_message": made}

    assert heard("moon", FORUM, **within) is None
    assert line(heard("/help", FORUM, **within)).topic == 3
    assert line(heard("/help", FORUM, message_thread_id=3)).topic is None


@pytest.mark.parametrize(
    "author",
    [
        {"from": {"id": 12, "is_bot": True, "first_name": "Robot"}},
        {"from": ME.to_dict()},
        {"sender_chat": {"id": -1009, "type": "channel", "title": "News"}, "is_automatic_forward": True},
        {"sender_chat": {"id": -1009, "type": "channel", "title": "News"}},
        {"via_bot": {"id": 12, "is_bot": True, "first_name": "Robot"}},
    ],
)
def test_no_person(author: dict[str, Any]) -> None:
    """Bots, the bot itself and channels are not listened to."""
    assert heard("/help", **author) is None


def test_anonymous() -> None:
    """Who speaks in the group's own name is the group."""
    hidden = {"from": {"id": 1087968824, "is_bot": True, "first_name": "Group"}, "sender_chat": GROUP}

    found = line(heard("/help", **hidden))

    assert (found.by.id, found.by.name) == (-5, "Night shift")


def test_what_cannot_be_stored() -> None:
    """NUL and halves of characters are replaced, so that nothing stands in the way of what comes after."""
    assert line(heard("/generate a\0b\ud83d")).text == "/generate a\ufffdb\ufffd"


def test_presses() -> None:
    """A press is known by its data; what has none, or no message, means nothing."""
    query = {"id": "5", "from": ADA, "chat_instance": "1"}

    found = read(updated(callback_query={**query, "message": OURS, "data": "v:1:0"}), ME)

    assert isinstance(found, Press)
    assert (found.chat, found.query, found.action) == (-5, "5", "v:1:0")
    assert read(updated(callback_query={**query, "data": "v:1:0"}), ME) is None
    assert read(updated(callback_query={**query, "message": OURS, "game_short_name": "x"}), ME) is None


def test_what_happens_to_chats() -> None:
    """A group's new id and the bot's being sent away are heard; its coming is not."""

    def change(status: str) -> dict[str, Any]:
        old, new = ({"user": ME.to_dict(), "status": one, "until_date": 0} for one in ("member", status))
        return {"chat": GROUP, "from": ADA, "date": 1, "old_chat_member": old, "new_chat_member": new}

    assert heard("", migrate_to_chat_id=-1005) == Moved(-5, -1005)
    assert heard("", FORUM, migrate_from_chat_id=-5) == Moved(-5, -1005)
    assert read(updated(my_chat_member=change("left")), ME) == Gone(-5, banned=False)
    assert read(updated(my_chat_member=change("kicked")), ME) == Gone(-5, banned=True)
    assert read(updated(my_chat_member=change("member")), ME) is None
    assert read(updated(), ME) is None


@pytest.mark.parametrize(
    "what",
    [
        heard("moon", reply_to_message={**OURS, "reply_markup": KEYBOARD}),
        heard("/help", FORUM, message_thread_id=3, is_topic_message=True),
        Moved(-5, -1005),
        Gone(-5, banned=True),
    ],
)
def test_kept(what: Heard) -> None:
    """The inbox gives back what it was given."""
    assert from_payload(json.loads(json.dumps(payload(what)))) == what


def test_when() -> None:
    """An update is as old as its message, unless Telegram could not have kept it for so long."""
    now = datetime(2026, 11, 1, tzinfo=UTC)

    def at(moment: datetime) -> Update:
        return updated(message={"message_id": 9, "date": int(moment.timestamp()), "chat": GROUP, "from": ADA})

    assert sent_at(at(now - timedelta(hours=2)), now) == now - timedelta(hours=2)
    assert sent_at(at(now - timedelta(days=20)), now) == now
    assert sent_at(at(now + timedelta(days=20)), now) == now
