"""Talk: whoever mentions the bot, replies to it or writes to it alone is answered, where an admin wants that.

What was said goes to the model as dialogue, a line each and without names, so that nobody is imitated; what the model
writes ends with its own line, so that it never speaks for anybody else.
"""

from __future__ import annotations

import re
import secrets
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Final

from sqlalchemy.ext.asyncio import AsyncConnection

from bot.commands.declaration import Command
from bot.commands.invocation import Answer
from bot.conversation import Message, Person, Place
from bot.intake import Begun
from bot.languages import translator
from bot.models import CannotWrite, pinned
from bot.quota import Quota
from bot.text import is_visible
from generators.completion import CompletionRequest, Finished, Piece
from generators.errors import UnusableModel
from storage import turns
from storage.turns import Turn

if TYPE_CHECKING:
    from bot.app import Bot

TALK: Final = "talk"  # label of conversations, a line for each turn; models that learnt it go on best so
# Straight quotes: of these, curly quotes, dashes and hyphens the shipped model goes on best from them, and closes them.
QUOTE: Final = '"'
LINE_ENDS: Final = ("\n", "\r", "\v", "\f", "\x85", "\u2028", "\u2029")
QUOTES: Final = re.compile('["“”„«»]')
SENTENCE_END: Final = re.compile(r".*[.!?…。！？]", re.DOTALL)
HEARD: Final = 500  # characters of a turn; the end of a long one is what is answered
SPOKEN: Final = {"character": 240}  # tokens of an answer, by what a token is
WORDS: Final = 60  # tokens of an answer, where they are longer than a character
PATIENCE: Final = 60.0  # seconds for an answer, both attempts together
ATTEMPTS: Final = 2  # each with a seed of its own
HOUR: Final = 3_600.0  # seconds


@dataclass(frozen=True, slots=True)
class _Asked:
    """What is to be answered.

    Attributes:
        message: what was said is called so in storage.
        reply_to: its id on the platform, where that is known.
    """

    person: Person
    place: Place
    message: str
    reply_to: str | None
    origin: int | None


class Talk:
    """Answers what people say to the bot.

    Args:
        bot: everything there is.
    """

    def __init__(self, bot: Bot) -> None:
        self._bot = bot
        self._hints = Quota(1, HOUR, bot.ticks)

    async def answer(self, text: str, *, person: Person, place: Place, message: str | None, origin: int | None) -> bool:
        """Answers what somebody said, once, also where the process ends in the middle.

        Args:
            message: its id on the platform; None where that is not known.

        Returns:
            False where nothing was said, or the place does not want it.

        Raises:
            UserError: it cannot be written.
        """
        if not any(map(is_visible, text)):
            return False
        if (await self._bot.settings.get(place)).reply == "off":
            await self._hint(person, place, message)
            return False
        named = message or f"reply {uuid.uuid4().hex if origin is None else origin}"
        if await self._bot.database.read(partial(turns.answered, place=place.key, message=named)):
            return True
        begun = await self._bot.intake.begun(origin)
        if begun is None:
            self._bot.spend(person)
        generate = self._bot.commands.get("generate")  # which talk takes as long as, and rests with
        assert isinstance(generate, Command)
        await self._bot.cool(generate, person, place, origin)
        heard = Turn(place.key, person.key, text, named, None, self._bot.clock.now())
        conversation = await self._bot.database.write(partial(turns.add, turn=heard))
        with self._bot.writing():
            await self._speak(_Asked(person, place, named, message, origin), conversation, begun)
        return True

    async def _speak(self, asked: _Asked, conversation: Sequence[Turn], begun: Begun | None) -> None:
        """Writes an answer; an empty one is tried once more, with another seed."""
        bot = self._bot
        speech = _Speech(bot, asked)
        if begun is not None:  # the process ended while it was being written: the same message shows the same text
            speech.resume(begun)
        until = bot.ticks() + PATIENCE
        for _ in range(ATTEMPTS):
            left = until - bot.ticks()
            if left > 0 and await speech.write(conversation, left):
                await speech.finish()
                return
            speech.seed = (speech.seed + 1) % 2**63

    async def _hint(self, person: Person, place: Place, message: str | None) -> None:
        """Tells somebody in a private chat, now and then, how to get an answer."""
        if not is_private(person, place) or self._hints.take(place.key):
            return
        hint = translator(person.language)(
            "/help lists what I can do; after /settings reply mention I also answer what is said to me here."
        )
        await self._bot.outboxes[place.platform].post(place, Message(hint), private_for=person, reply_to=message)


class _Speech:
    """An answer that is being written."""

    def __init__(self, bot: Bot, asked: _Asked) -> None:
        self.seed = secrets.randbits(63)
        self._bot = bot
        self._asked = asked
        self._outbox = bot.outboxes[asked.place.platform]
        self._answer: Answer | None = None
        self._text = ""

    def resume(self, begun: Begun) -> None:
        """Goes on in the message that an earlier process has begun."""
        self.seed = begun.seed
        self._answer = self._at(begun.posted, Message(""))

    async def write(self, conversation: Sequence[Turn], seconds: float) -> bool:
        """Lets the model write, and shows what there is; False where nothing of it could be seen."""
        here = await self._bot.settings.get(self._asked.place)
        info = await self._bot.models.at(self._asked.place).chosen(None, here.model)
        room = SPOKEN.get(info.token, WORDS)
        label = TALK if TALK in info.labels else None
        request = CompletionRequest(
            prompt=prompt_of(conversation, label),
            model=pinned(info),
            label=label,
            max_tokens=room if here.length is None else min(room, here.length),
            min_tokens=0,
            temperature=here.temperature,
            top_k=here.top_k,
            top_p=here.top_p,
            seed=self.seed,
            stop=LINE_ENDS if label else (QUOTE, *LINE_ENDS),
            user=self._asked.person.key,
            deadline=seconds,
        )
        written, ended = "", False
        try:
            async with self._bot.generator.complete(request) as events:
                async for event in events:
                    match event:
                        case Piece():
                            written += event.text.replace("\0", "␀")
                            await self._show(" ".join(written.split()))
                        case Finished():
                            ended = event.reason in ("stop", "end")
                        case _:
                            pass
        except UnusableModel as fault:  # it says where the files are, which is nothing for a chat
            raise CannotWrite(info.name) from fault
        except Exception:
            await self._break_off()
            raise
        self._text = spoken(written, ended=ended)
        return bool(self._text)

    async def finish(self) -> None:
        """Stores the answer, and with what was said what its message is to say; then shows it whole."""
        asked, bot, whole = self._asked, self._bot, Message(self._text)
        answer = self._answer or await self._begin(whole)
        turn = Turn(asked.place.key, None, self._text, answer.posted, asked.message, bot.clock.now())
        begun = Begun(answer.posted, self.seed, whole.text)

        async def store(connection: AsyncConnection) -> None:
            await turns.add(connection, turn)
            if asked.origin is not None:
                await begun.note(connection, asked.origin)

        await bot.database.write(store)
        await answer.finish(whole)

    async def _show(self, text: str) -> None:
        if not any(map(is_visible, text)):
            return
        self._text = text
        if self._answer is None:
            await self._begin(Message(text))
        else:
            await self._answer.edit(Message(text))

    async def _begin(self, message: Message) -> Answer:
        """Posts the answer, and keeps with what was said which message that is."""
        asked = self._asked
        posted = await self._outbox.post(asked.place, message, reply_to=asked.reply_to)
        self._answer = self._at(posted, message)
        if asked.origin is not None:
            await self._bot.database.write(partial(Begun(posted, self.seed).note, item=asked.origin))
        return self._answer

    async def _break_off(self) -> None:
        if self._answer is not None:
            broken = translator(self._asked.person.language)("(The text was broken off here.)")
            await self._answer.finish(Message(f"{self._text}\n\n{broken}".strip()))

    def _at(self, posted: str, message: Message) -> Answer:
        return Answer(self._outbox, self._asked.place, posted, message, self._bot.ticks)


def prompt_of(conversation: Sequence[Turn], label: str | None = None) -> str:
    """The turns as lines of dialogue, and the opening of the next one.

    Args:
        label: of the text that the model is asked for: in talk a turn is a line, in stories one between quotes.
    """
    said = (" ".join(turn.text[-HEARD:].split()) for turn in conversation)
    if label == TALK:
        return "".join(f"{line}\n" for line in said)
    lines = (QUOTES.sub("'", line) for line in said)
    return "".join(f"{QUOTE}{line}{QUOTE}\n" for line in lines) + QUOTE


def spoken(written: str, *, ended: bool) -> str:
    """What the model has said, without what a narrator would go on with.

    Args:
        ended: whether its line is complete; otherwise it is cut after a sentence, or gets «…».
    """
    text = " ".join(written.split())
    if not any(map(is_visible, text)):
        return ""
    if not ended:
        whole = SENTENCE_END.match(text)
        return whole[0] if whole else text.rpartition(" ")[0] + "…"
    return text.removesuffix(",") + "." if text.endswith(",") else text  # «…,» he said


def is_private(person: Person, place: Place) -> bool:
    """Whether nobody else reads what is said there: Discord's private channels, Telegram's private chats."""
    if place.platform == "discord":
        return place.guild is None
    return place.platform == "telegram" and (place.channel or place.id) == person.id
