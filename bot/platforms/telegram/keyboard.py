"""Buttons as Telegram shows them, below a message."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from telegram import InlineKeyboardButton, InlineKeyboardMarkup

from bot.conversation import Button
from bot.platforms.telegram.text import sendable

DATA: Final = 64  # bytes of callback_data; Bot API 10.1, InlineKeyboardButton
BUTTONS: Final = 100  # of a message
IN_ROW: Final = 8
WIDTH: Final = 30  # characters that a telephone shows side by side, each button's edges counted as four


def keyboard(buttons: Sequence[Button]) -> InlineKeyboardMarkup | None:
    """Short buttons side by side, long ones in rows of their own, in their order; None without any."""
    rows: list[list[InlineKeyboardButton]] = []
    left = 0
    for button in buttons[:BUTTONS]:
        width = len(button.label) + 4
        if width > left or len(rows[-1]) == IN_ROW:
            rows.append([])
            left = WIDTH
        rows[-1].append(_button(button))
        left -= width
    return InlineKeyboardMarkup(rows) if rows else None


def buttons_of(markup: InlineKeyboardMarkup | None) -> tuple[Button, ...]:
    """What a message has, as the bot knows it."""
    rows = () if markup is None else markup.inline_keyboard
    return tuple(
        Button(button.text, button.callback_data)
        for row in rows
        for button in row
        if isinstance(button.callback_data, str)
    )


def _button(button: Button) -> InlineKeyboardButton:
    if not 0 < len(button.action.encode()) <= DATA:
        raise ValueError(f"the action {button.action!r} of a button has to have 1 to {DATA} bytes")
    return InlineKeyboardButton(sendable(button.label), callback_data=button.action)
