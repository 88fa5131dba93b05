"""Chats: what stands in them, who is in them, and what happens to them."""

from __future__ import annotations

from collections.abc import Callable
from itertools import count
from typing import TYPE_CHECKING, Any, TypeVar

from tests.fakes.telegram.changes import Changes
from tests.fakes.telegram.entities import Formatted
from tests.fakes.telegram.membership import Standing, chat_member
from tests.fakes.telegram.messages import Message, Topic
from tests.patience import PATIENCE

if TYPE_CHECKING:
    from tests.fakes.telegram.people import User
    from tests.fakes.telegram.server import TelegramServer

T = TypeVar("T")


class Chat:
    """A private chat with the bot, a group or a supergroup.

    Attributes:
        id: of the person in a private chat, negative for groups, below -10^12 for supergroups.
        kind: «private», «group» or «supergroup».
        title: a group's name; empty in private.
        forum: whether it has topics.
        members: who is or was in it, by id.
        topics: the topics that stand, by id.
        closed: ids of topics in which only administrators write.
        stored: every message that ever was, by id.
        migrated_to: the supergroup that it became.
        gone: whether nobody finds it any more.
        last_bot: whose message stood last among those of bots.
    """

    def __init__(
        self, telegram: TelegramServer, number: int, kind: str, title: str = "", *, forum: bool = False
    ) -> None:
        self.telegram = telegram
        self.id = number
        self.kind = kind
        self.title = title
        self.forum = forum
        self.members: dict[int, Standing] = {}
        self.topics: dict[int, Topic] = {}
        self.closed: set[int] = set()
        self.stored: dict[int, Message] = {}
        self.migrated_to: Chat | None = None
        self.gone = False
        self.last_bot: int | None = None
        self.changes = Changes()
        self._ids = count(1)

    def __repr__(self) -> str:
        return f"<{self.kind} {self.id} {self.title!r}>"

    # What people see

    @property
    def messages(self) -> list[Message]:
        """All that still stand, oldest first."""
        return [message for message in self.stored.values() if not message.deleted]

    @property
    def said(self) -> list[Message]:
        """What the bot said and still stands, oldest first."""
        return [message for message in self.messages if message.sender is self.telegram.bot]

    @property
    def newest(self) -> Message:
        """The bot's newest message."""
        return self.said[-1]

    async def until(
        self, predicate: Callable[[Message], object], *, after: Message | None = None, seconds: float = PATIENCE
    ) -> Message:
        """The newest message of the bot for which the predicate holds, as soon as there is one.

        Args:
            predicate: looked at again at each change in this chat.
            after: only messages that came after this one.
            seconds: how long to wait.

        Raises:
            TimeoutError: there was none in time; says what there is.
        """
        first = 0 if after is None else after.id

        def look() -> Message | None:
            return next((one for one in reversed(self.said) if one.id > first and predicate(one)), None)

        return await self.changes.until(look, seconds, lambda: f"the bot said {[one.text for one in self.said][-5:]}")

    # Who is in it

    def standing(self, user: User) -> Standing:
        """Who somebody is here."""
        return self.members.get(user.id, Standing.LEFT)

    def join(self, user: User) -> None:
        """Lets somebody in, which a message says."""
        self.stand(user, Standing.MEMBER, user)
        self.tell(user, new_chat_members=[user.json()])

    def leave(self, user: User) -> None:
        """Lets somebody go, which a message says."""
        self.stand(user, Standing.LEFT, user)
        self.tell(user, left_chat_member=user.json())

    def promote(self, user: User) -> None:
        """Makes somebody an administrator."""
        self.stand(user, Standing.ADMINISTRATOR, self.owner)

    def demote(self, user: User) -> None:
        """Makes an administrator a member."""
        self.stand(user, Standing.MEMBER, self.owner)

    def add_bot(self, by: User) -> None:
        """Puts the bot into the chat, which an update and a message tell it."""
        self.stand(self.telegram.bot, Standing.MEMBER, by)
        self.tell(by, new_chat_members=[self.telegram.bot.json()])

    def remove_bot(self, by: User) -> None:
        """Throws the bot out; it may neither write nor look any more."""
        self.stand(self.telegram.bot, Standing.BANNED, by)

    def promote_bot(self, by: User) -> None:
        """Makes the bot an administrator, who hears everything."""
        self.stand(self.telegram.bot, Standing.ADMINISTRATOR, by)

    def demote_bot(self, by: User) -> None:
        """Makes the bot a plain member."""
        self.stand(self.telegram.bot, Standing.MEMBER, by)

    def restrict_bot(self, by: User) -> None:
        """Forbids the bot to write."""
        self.stand(self.telegram.bot, Standing.RESTRICTED, by)

    def unrestrict_bot(self, by: User) -> None:
        """Lets the bot write again."""
        self.stand(self.telegram.bot, Standing.MEMBER, by)

    @property
    def owner(self) -> User:
        """The owner; the anonymous administrator in a chat without one."""
        for number, standing in self.members.items():
            if standing is Standing.OWNER:
                return self.telegram.users[number]
        return self.telegram.anonymous

    # What happens to it

    def migrate(self) -> Chat:
        """Makes a group a supergroup: another chat with another id, which two messages tell the bot."""
        new = self.telegram.supergroup(self.title, bot=False)
        new.members = dict(self.members)
        self.tell(self.owner, migrate_to_chat_id=new.id)
        self.migrated_to = new
        new.tell(self.owner, migrate_from_chat_id=self.id)
        return new

    def delete(self) -> None:
        """Deletes the chat for all."""
        self.gone = True

    def open_topic(self, name: str, by: User) -> Topic:
        """Makes a topic of a forum."""
        icon = {"name": name, "icon_color": 0x6FB9F0}
        first = self.tell(by, forum_topic_created=icon)
        first.topic = first.id
        topic = self.topics[first.id] = Topic(first.id, name)
        return topic

    def close_topic(self, topic: Topic) -> None:
        """Lets only administrators write in a topic."""
        self.closed.add(topic.id)
        self.tell(self.owner, topic=topic.id, forum_topic_closed={})

    def reopen_topic(self, topic: Topic) -> None:
        """Lets all write in a topic again."""
        self.closed.discard(topic.id)
        self.tell(self.owner, topic=topic.id, forum_topic_reopened={})

    def delete_topic(self, topic: Topic) -> None:
        """Deletes a topic with its messages; the bot is not told."""
        del self.topics[topic.id]
        for message in self.messages:
            if message.topic == topic.id:
                message.deleted = True
        self.changed()

    # What stands in it

    def add(self, sender: User, formatted: Formatted, **more: Any) -> Message:
        """Stores a message."""
        message = Message(next(self._ids), self, sender, formatted, int(self.telegram.clock()), **more)
        self.stored[message.id] = message
        if sender.is_bot and sender is not self.telegram.anonymous:
            self.last_bot = sender.id
        self.changed()
        return message

    def tell(self, sender: User, *, topic: int | None = None, **service: Any) -> Message:
        """Stores a message that says what happened; bots always get these."""
        message = self.add(sender, Formatted(""), topic=topic, service=service)
        if self.has_bot and sender is not self.telegram.bot:
            self.telegram.updates.put("message", message.json())
        return message

    def thread_of(self, reply_to: Message | None) -> int | None:
        """The message_thread_id of a reply that names none: its topic; without a forum, the thread's first message."""
        if reply_to is None or self.kind != "supergroup":
            return None
        return reply_to.topic if self.forum else reply_to.topic or reply_to.id

    def changed(self) -> None:
        """Lets those who wait for a change look again."""
        self.changes.tell()
        self.telegram.changes.tell()

    @property
    def has_bot(self) -> bool:
        """Whether the bot is in it."""
        return self.standing(self.telegram.bot).inside

    def json(self) -> dict[str, Any]:
        """A Chat."""
        if self.kind == "private":
            person = self.telegram.users[self.id]
            named = {"username": person.username} if person.username else {}
            return {"id": self.id, "type": "private", "first_name": person.first_name, **named}
        described: dict[str, Any] = {"id": self.id, "type": self.kind, "title": self.title}
        return described | ({"is_forum": True} if self.forum else {})

    def stand(self, user: User, standing: Standing, by: User) -> None:
        old, self.members[user.id] = self.standing(user), standing
        is_bot = user is self.telegram.bot
        if is_bot or self.standing(self.telegram.bot).leads:
            changed = {
                "chat": self.json(),
                "from": by.json(),
                "date": int(self.telegram.clock()),
                "old_chat_member": chat_member(user.json(), old),
                "new_chat_member": chat_member(user.json(), standing),
            }
            self.telegram.updates.put("my_chat_member" if is_bot else "chat_member", changed)
        self.changed()
