"""What a person sees first where a platform sends a command to say hello with, as Telegram does."""

from __future__ import annotations

from bot.commands.declaration import command
from bot.commands.invocation import Invocation


@command(counted=False)
async def start(invocation: Invocation) -> None:
    """Say what this bot is and how to begin."""
    await invocation.answer_privately(
        "I am Planchette: we write together, word by word, with a small language model. /story start begins a story, "
        "/generate writes a text, and /help lists what else there is."
    )
