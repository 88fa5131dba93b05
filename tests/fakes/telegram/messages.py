"""Messages, as people see them and as the Bot API describes them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tests.fakes.telegram.entities import Entity, Formatted
from tests.fakes.telegram.files import File

if TYPE_CHECKING:
    from tests.fakes.telegram.chats import Chat
    from tests.fakes.telegram.people import User


@dataclass(frozen=True, slots=True)
class Button:
    """A button under a message: with `data` for the bot, or with an address."""

    text: str
    data: str | None = None
    url: str | None = None


@dataclass(frozen=True, slots=True)
class Topic:
    """A topic of a forum.

    Attributes:
        id: its message_thread_id, which is the id of the message that says it was made.
        name: as people see it.
    """

    id: int
    name: str


@dataclass(frozen=True, slots=True)
class Answer:
    """What a press brought to the person who pressed.

    Attributes:
        text: shown at the top, or in a window; empty for nothing but the end of the spinner.
        alert: whether it is a window that has to be closed.
        url: an address that was opened.
        seconds: from the press to the answer.
    """

    text: str
    alert: bool
    url: str | None
    seconds: float


@dataclass(eq=False, repr=False, slots=True)
class Message:
    """A message in a chat.

    Attributes:
        id: ascending from 1 in each chat.
        chat: where it stands.
        sender: whose it is.
        formatted: its text or caption.
        date: when it came, whole seconds since the epoch.
        reply_markup: its keyboard.
        document: a file that it carries.
        photo: a picture that it carries.
        topic: message_thread_id of a forum's topic, or of a thread of replies in a supergroup.
        reply_to: the message that it answers.
        service: fields of a message that tells what happened, such as `new_chat_members`.
        sender_chat: in whose name it stands, for anonymous administrators.
        before: its texts before each of its edits, oldest first.
        keyboards: its keyboards before each of its edits, oldest first.
        forwarded_from: who wrote it, where somebody has forwarded it.
        edited: when it was last edited.
        deleted: whether it is gone.
    """

    id: int
    chat: Chat
    sender: User
    formatted: Formatted
    date: int
    reply_markup: dict[str, Any] | None = None
    document: File | None = None
    photo: File | None = None
    topic: int | None = None
    reply_to: Message | None = None
    service: dict[str, Any] = field(default_factory=dict)
    sender_chat: Chat | None = None
    before: list[str] = field(default_factory=list)
    keyboards: list[dict[str, Any]] = field(default_factory=list)
    forwarded_from: User | None = None
    edited: int | None = None
    deleted: bool = False

    def __repr__(self) -> str:
        labels = [button.text for button in self.buttons]
        return f"<message {self.id} of {self.sender.first_name!r}: {self.text!r}{f' {labels}' if labels else ''}>"

    @property
    def text(self) -> str:
        """Its text, or the caption of what it carries."""
        return self.formatted.text

    @property
    def entities(self) -> tuple[Entity, ...]:
        """What its text is beyond its characters."""
        return self.formatted.entities

    @property
    def buttons(self) -> list[Button]:
        """What can be pressed now, row by row."""
        return buttons_of(self.reply_markup)

    @property
    def rows(self) -> list[list[Button]]:
        """The buttons in their rows."""
        return [list(map(_button, row)) for row in (self.reply_markup or {}).get("inline_keyboard", [])]

    @property
    def file(self) -> File | None:
        """The document or picture that it carries."""
        return self.document or self.photo

    def data_of(self, button: str | Button) -> str:
        """The callback_data of a button, by its label or its data; edited-away keyboards count too."""
        wanted = button.data if isinstance(button, Button) else button
        for markup in (self.reply_markup, *reversed(self.keyboards)):
            for one in buttons_of(markup):
                if wanted in (one.text, one.data) and one.data is not None:
                    return one.data
        shown = [one.text for one in self.buttons]
        raise LookupError(f"message {self.id} never had a button {wanted!r}; it has {shown}")

    def change(self, formatted: Formatted, reply_markup: dict[str, Any] | None, now: float) -> None:
        """Edits it."""
        self.before.append(self.text)
        if self.reply_markup is not None:
            self.keyboards.append(self.reply_markup)
        self.formatted, self.reply_markup, self.edited = formatted, reply_markup, int(now)

    def json(self, *, nested: bool = False) -> dict[str, Any]:
        """A Message; a nested one does not say what it replies to."""
        described: dict[str, Any] = {
            "message_id": self.id,
            "date": self.date,
            "chat": self.chat.json(),
            "from": self.sender.json(),
            **self.service,
            **self._content(),
        }
        if self.sender_chat is not None:
            described["sender_chat"] = self.sender_chat.json()
        if self.forwarded_from is not None:
            origin = {"type": "user", "sender_user": self.forwarded_from.json(), "date": self.date}
            described["forward_origin"] = origin
        if self.topic is not None:
            described["message_thread_id"] = self.topic
            if self.topic in self.chat.topics:
                described["is_topic_message"] = True
        if self.edited is not None:
            described["edit_date"] = self.edited
        if self.reply_markup is not None and "inline_keyboard" in self.reply_markup:
            described["reply_markup"] = self.reply_markup
        if not nested and (answered := self._answered()) is not None:
            described["reply_to_message"] = answered.json(nested=True)
        return described

    def _answered(self) -> Message | None:
        """What a bot is told that it answers: in a topic everything answers at least the topic's first message."""
        if self.reply_to is None and self.topic is not None and self.topic != self.id:
            return self.chat.stored.get(self.topic)
        return self.reply_to if self.reply_to is None or not self.reply_to.deleted else None

    def _content(self) -> dict[str, Any]:
        entities = [entity.json() for entity in self.entities]
        if self.file is None:
            content: dict[str, Any] = {"text": self.text} if self.text else {}
            return content | ({"entities": entities} if entities else {})
        content = {"document": self.document.document()} if self.document else {}
        if self.photo:
            content["photo"] = self.photo.photo()
        if self.text:
            content["caption"] = self.text
        return content | ({"caption_entities": entities} if entities else {})


def buttons_of(markup: dict[str, Any] | None) -> list[Button]:
    """The buttons of a keyboard, row by row."""
    return [_button(button) for row in (markup or {}).get("inline_keyboard", []) for button in row]


def _button(button: dict[str, Any]) -> Button:
    return Button(button["text"], button.get("callback_data"), button.get("url"))
