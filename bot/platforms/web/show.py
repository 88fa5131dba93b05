"""A stored message as the API shows it."""

from __future__ import annotations

from urllib.parse import quote

from bot.conversation import Button
from bot.games.actions import ballot_of, game_of
from bot.platforms.web.names import name_of
from bot.platforms.web.shapes import ShownButton, ShownFile, ShownMessage
from storage.rooms import RoomMessage


def shown(message: RoomMessage) -> ShownMessage:
    """The message's public face. Files have ids that cannot be guessed: who knows the address may read them."""
    buttons = [Button(label, action) for label, action in message.buttons]
    ballot = ballot_of(buttons) is not None
    return ShownMessage(
        id=message.id,
        person=name_of(message.person),
        text=message.text,
        buttons=[ShownButton(label=button.label, action=button.action) for button in buttons],
        picture=None if message.picture is None else file_url(message.picture, "picture.png"),
        attachments=[ShownFile(name=file.name, url=file_url(file.id, file.name)) for file in message.attachments],
        private=message.private_for is not None,
        edited=message.edited,
        ballot=ballot,
        answerable=ballot or game_of(buttons) is not None,
    )


def file_url(file: int | str, name: str) -> str:
    """Where a file is read; its name is only for people."""
    return f"/api/files/{file}/{quote(name, safe='')}"
