"""What people say to each other in a chat, as what is collected there."""

from __future__ import annotations

from datetime import UTC

from telegram import Message, Update

from bot.collecting import Edited, Event, Heard
from bot.conversation import Person
from bot.platforms.telegram.reading import UNSTORABLE, author_of, topic_of
from bot.platforms.telegram.where import PLATFORM, Where


def overheard(update: Update) -> Event | None:
    """A message or an edit of one; None where no person said it in their own words.

    What is forwarded is somebody else's, who may not have agreed.
    """
    message = update.message or update.edited_message
    if message is None or message.forward_origin is not None or (by := author_of(message)) is None:
        return None
    place = Where(message.chat.id, topic_of(message)).place
    text = (message.text or message.caption or "").translate(UNSTORABLE)
    if update.edited_message is not None:
        edited = message.edit_date or message.date
        return Edited(place, str(message.message_id), text, edited.astimezone(UTC))
    name, *also = _called(message)
    return Heard(
        person=Person(PLATFORM, str(by.id), name),
        place=place,
        message=str(message.message_id),
        text=text,
        at=message.date.astimezone(UTC),
        reply_to=_answered(message),
        also=tuple(also),
    )


def _called(message: Message) -> list[str]:
    """How others call whoever wrote it; an admin who hides behind the chat's name is called nothing."""
    user = message.from_user
    if user is None or message.sender_chat is not None:
        return [""]
    return [name.translate(UNSTORABLE) for name in (user.full_name, user.username) if name]


def _answered(message: Message) -> str | None:
    """The message that it answers; in a topic everything answers the message that says it was made."""
    answered = message.reply_to_message
    if answered is None or answered.forum_topic_created is not None:
        return None
    return str(answered.message_id)
