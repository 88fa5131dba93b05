"""Messages, buttons and forms as Discord's API takes them."""

from __future__ import annotations

import hashlib
import json
import secrets
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, TypeAlias

from bot.conversation import Button, Message, Place
from bot.platforms.discord.text import contents

Json: TypeAlias = dict[str, Any]

# Discord API v10: the message and component resources.
SUPPRESS_EMBEDS: Final = 1 << 2
EPHEMERAL: Final = 1 << 6
LOADING: Final = 1 << 7
ACTION_ROW, BUTTON, TEXT_INPUT, LABEL_OF_INPUT = 1, 2, 4, 18
PRIMARY, SECONDARY = 1, 2
PARAGRAPH, LINE = 2, 1
IN_ROW: Final = 5  # buttons
MOST: Final = 25  # buttons
BUTTON_LABEL: Final = 80  # characters
CUSTOM_ID: Final = 100  # characters
FORM_LABEL: Final = 45  # characters of a form's title, and of a line's label
FORM_TEXT: Final = 4000  # characters
NONCE: Final = 25  # characters
ASKS: Final = "?"  # between an action and the line that it asks for; no action has one


@dataclass(frozen=True, slots=True)
class Body:
    """One message.

    Attributes:
        json: as the API takes it.
        files: name and content of each attachment.
        actions: what its buttons send.
    """

    json: Json
    files: tuple[tuple[str, bytes], ...] = ()
    actions: tuple[str, ...] = ()

    @property
    def digest(self) -> str:
        """Tells it from what the message said before."""
        told = json.dumps(self.json, sort_keys=True).encode() + b"".join(data for _, data in self.files)
        return hashlib.sha256(told).hexdigest()

    @property
    def private(self) -> Body:
        """The same for one person's eyes."""
        return replace(self, json=self.json | {"flags": self.json["flags"] | EPHEMERAL})

    @property
    def multipart(self) -> list[Json]:
        """The form that carries it with its files."""
        return form(self.json, self.files)

    def posted(self, place: Place, reply_to: str | None) -> Body:
        """The same for a channel, which may take it only once.

        What has buttons has a name that a restart makes again, so that a ballot which was posted in the moment of a
        crash is found instead of posted twice; the name of anything else outlives only a request that is repeated.
        """
        named = hashlib.sha256("\n".join([place.key, *self.actions, self.json["content"]]).encode()).hexdigest()
        body = self.json | {"nonce": named[:NONCE] if self.actions else secrets.token_hex(12), "enforce_nonce": True}
        if reply_to is not None:
            body["message_reference"] = {"message_id": reply_to, "fail_if_not_exists": False}
            body["allowed_mentions"] = {"parse": [], "replied_user": False}
        return replace(self, json=body)

    def again(self) -> Body:
        """The same as a message of its own, whatever was posted before."""
        return replace(self, json=self.json | {"nonce": secrets.token_hex(12), "enforce_nonce": True})

    @property
    def nameless(self) -> Body:
        """The same for a message that is there."""
        only_new = ("nonce", "enforce_nonce", "message_reference")
        return replace(self, json={name: value for name, value in self.json.items() if name not in only_new})


def form(body: Json, files: Iterable[tuple[str, bytes]]) -> list[Json]:
    """Fields of a multipart form: the JSON, and each file."""
    fields: list[Json] = [{"name": "payload_json", "value": json.dumps(body)}]
    for number, (name, data) in enumerate(files):
        media = "application/octet-stream"
        fields.append({"name": f"files[{number}]", "value": data, "filename": name, "content_type": media})
    return fields


def bodies(message: Message) -> list[Body]:
    """A message as one or more of Discord's; buttons and files belong to the last."""
    *first, last = contents(message.text)
    return [*map(_body, first), _body(last, message)]


def _body(content: str, message: Message | None = None) -> Body:
    files = () if message is None else tuple(_files(message))
    buttons = () if message is None else message.buttons[:MOST]
    told: Json = {
        "content": content,
        "flags": SUPPRESS_EMBEDS,
        "allowed_mentions": {"parse": []},
        "components": rows(buttons),
        "attachments": [{"id": number, "filename": name} for number, (name, _) in enumerate(files)],
    }
    return Body(told, files, tuple(button.action for button in buttons))


def _files(message: Message) -> Iterator[tuple[str, bytes]]:
    if message.picture is not None:
        yield "picture.png", message.picture
    for attachment in message.attachments:
        yield attachment.name, attachment.data


def rows(buttons: Sequence[Button]) -> list[Json]:
    """Buttons, five in a row."""
    shown = [_button(button) for button in buttons]
    cut = range(0, len(shown), IN_ROW)
    return [{"type": ACTION_ROW, "components": shown[start : start + IN_ROW]} for start in cut]


def _button(button: Button) -> Json:
    style = PRIMARY if button.asks else SECONDARY
    label = button.label[:BUTTON_LABEL]
    return {"type": BUTTON, "style": style, "label": label, "custom_id": custom_id(button)}


def custom_id(button: Button) -> str:
    """What comes back when it is pressed: its action, and what it asks for, which nobody has to remember then."""
    return f"{button.action}{ASKS}{button.asks}"[:CUSTOM_ID] if button.asks else button.action


def pressed(sent: str) -> tuple[str, str]:
    """The action of a button, and the line that it asks for."""
    action, _, asks = sent.partition(ASKS)
    return action, asks


@dataclass(frozen=True, slots=True)
class Form:
    """A form with one line.

    Attributes:
        id: comes back with what is written.
        label: names the line.
        longest: characters that it takes.
        tall: whether it is a box for several lines.
    """

    id: str
    title: str
    label: str
    longest: int = FORM_TEXT
    tall: bool = False

    @property
    def json(self) -> Json:
        """As the API takes it."""
        line: Json = {
            "type": TEXT_INPUT,
            "custom_id": "text",
            "style": PARAGRAPH if self.tall else LINE,
            "min_length": 1,
            "max_length": min(FORM_TEXT, self.longest),
            "required": True,
        }
        labelled = {"type": LABEL_OF_INPUT, "label": self.label[:FORM_LABEL], "component": line}
        return {"custom_id": self.id[:CUSTOM_ID], "title": self.title[:FORM_LABEL], "components": [labelled]}


def entered(data: Json) -> str:
    """What was written in a form of one line."""
    for part in _parts(data.get("components", [])):
        if part.get("type") == TEXT_INPUT:
            return str(part.get("value") or "")
    return ""


def buttons_of(components: Iterable[Json]) -> tuple[Button, ...]:
    """The buttons that a message of ours has."""
    found = [part for part in _parts(components) if part.get("type") == BUTTON and part.get("custom_id")]
    return tuple(Button(part.get("label") or "", *pressed(part["custom_id"])) for part in found)


def _parts(components: Iterable[Json]) -> Iterator[Json]:
    for component in components:
        yield component
        yield from _parts(component.get("components") or [])
        if component.get("component"):
            yield from _parts([component["component"]])
