"""One text from a model: asked for, shown while it grows, remembered, and shown whole."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any, Final, Protocol

from sqlalchemy.ext.asyncio import AsyncConnection

from bot.conversation import Message
from bot.intake import Begun
from bot.models import CannotWrite, pinned
from generators.completion import CompletionRequest, Finished, ModelInfo, Piece, Started
from generators.errors import Translate, UnusableModel
from storage import texts
from storage.texts import Text

if TYPE_CHECKING:
    from bot.commands.invocation import Answer, Invocation

TAIL: Final = 1_000  # characters of a prompt that an answer repeats: enough to know it again
MOMENT: Final = timedelta(seconds=1)  # for which nobody needs to be told why nothing comes
MARK: Final = "▸"  # between what a person gave and what the model wrote


@dataclass(frozen=True, slots=True)
class Order:
    """What is to be written; None leaves a choice to the place, and then to the model.

    Attributes:
        before: the prompt as people read it.
        ids: the prompt's tokens where they are known, of the model's present version.
        people: the keys of those who had a part in the prompt before.
    """

    model: str | None = None
    before: str = ""
    ids: tuple[int, ...] | None = None
    temperature: float | None = None
    length: int | None = None
    top_k: int | None = None
    top_p: float | None = None
    seed: int | None = None
    n: int = 1
    label: str | None = None
    people: tuple[str, ...] = ()

    @property
    def kept(self) -> dict[str, Any]:
        """What is stored of it, so that the text can be written on or tried again."""
        return {name: value for name, value in asdict(self).items() if name not in ("ids", "seed", "model")}

    @property
    def narrowed(self) -> str:
        """What is settled beside model, temperature and seed, as options that a line takes, each behind a space."""
        settled = {"label": self.label, "length": self.length, "top_k": self.top_k, "top_p": self.top_p}
        return "".join(f" {name}={_typed(value)}" for name, value in settled.items() if value is not None)


@dataclass(slots=True)
class Draft:
    """A text that is being written.

    Attributes:
        asked: as somebody asked for it.
        order: the same with what the place has set.
        info: the model that writes.
        started: what the model said when it began.
        token_ids, choices: what it has written, each choice on its own.
    """

    asked: Order
    order: Order
    info: ModelInfo
    started: Started | None = None
    token_ids: list[list[int]] = field(default_factory=list)
    choices: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.token_ids = [[] for _ in range(self.order.n)]
        self.choices = [""] * self.order.n

    def take(self, piece: Piece) -> None:
        """Adds a piece to its choice."""
        self.token_ids[piece.choice] += piece.token_ids
        self.choices[piece.choice] += piece.text.replace("\0", "␀")  # PostgreSQL refuses NUL, and nobody sees it

    def message(self, translate: Translate, *, whole: bool) -> Message:
        """The draft as people read it: prompt, mark, text; with all that decided it once it is whole."""
        begun = self.shown_prompt
        if self.order.n == 1:
            text = begun + self.choices[0]
        else:
            text = "\n".join([begun] * bool(begun) + [f"{i}{MARK}{choice}" for i, choice in enumerate(self.choices, 1)])
        return Message(f"{text}\n\n{self._footer(translate)}" if whole and self.started else text)

    def _footer(self, translate: Translate) -> str:
        """What decided the text, as options that `/generate` takes."""
        assert self.started is not None
        temperature = self.order.temperature
        own = self.info.sampling.temperature
        shown = ",".join(f"{value:g}" for value in (own if temperature is None else (temperature,)))
        decided = f"— model={self.info.name} temperature={shown}{self.order.narrowed} seed={self.started.seed}"
        return "\n".join([*self.notes(translate), decided])

    def notes(self, translate: Translate) -> list[str]:
        """What is to be said of the text that cannot be seen in it, a line each, once it is whole."""
        notes = []
        if self.started is not None and self.started.dropped:
            dropped = translate(
                "(The model cannot look back so far: the first token of the prompt was left out.)",
                "(The model cannot look back so far: the first {count:,} tokens of the prompt were left out.)",
                count=self.started.dropped,
            )
            notes.append(dropped)
        if not any(self.choices):
            notes.append(translate("(The model ended the text at once.)"))
        return notes

    @property
    def shown_prompt(self) -> str:
        """As much of the prompt as an answer repeats, with the mark behind it; nothing without a prompt."""
        before = self.order.before
        shown = f"…{before[-TAIL:]}" if len(before) > TAIL else before
        return f"{shown}{MARK}" if before else ""


def _typed(value: str | float) -> str:
    """A value as it is typed in a line: in quotation marks where it would end or begin otherwise."""
    if not isinstance(value, str):
        return f"{value:g}" if isinstance(value, float) else str(value)
    if value and not re.search(r'[\s"\\]', value):
        return value
    return '"' + re.sub(r'(["\\])', r"\\\1", value) + '"'


class Growing(Protocol):
    """What an answer shows while it is being written: one draft, or several in one message."""

    @property
    def started(self) -> Started | None: ...

    @property
    def choices(self) -> Sequence[str]: ...

    def message(self, translate: Translate, *, whole: bool) -> Message: ...


@dataclass(eq=False)
class Display:
    """The answer as it changes: perhaps a place in the queue, then the text as it grows.

    Attributes:
        answer: once it is posted.
    """

    invocation: Invocation
    draft: Growing
    answer: Answer | None = None
    _grows: asyncio.Event = field(default_factory=asyncio.Event)
    _queued: asyncio.Task[Answer | None] | None = None

    def queue(self, ahead: int) -> None:
        """Says how many texts are before this one, unless it begins within a moment."""
        if ahead and self.answer is None:
            self._queued = asyncio.create_task(self._tell(ahead))

    async def grow(self) -> None:
        """Shows what there is, once there is something to read."""
        await self._over()
        message = self.draft.message(self.invocation.translate, whole=False)
        if self.answer is not None:
            await self.answer.edit(message)
        elif any(choice.strip() for choice in self.draft.choices):
            await self.begun(message)

    async def begun(self, message: Message) -> Answer:
        """The answer, which is posted if it was not; with the line is kept which message that is."""
        await self._over()
        if self.answer is None:
            self.answer = await self._posted(message)
        return self.answer

    async def break_off(self) -> None:
        """Says below what there is that there will be no more."""
        await self._over()
        if self.answer is not None:
            text = self.draft.message(self.invocation.translate, whole=False).text
            broken = self.invocation.translate("(The text was broken off here.)")
            await self.answer.finish(Message(f"{text}\n\n{broken}".strip()))

    def close(self) -> None:
        """Says nothing any more of the queue."""
        if self._queued is not None:
            self._queued.cancel()

    async def _tell(self, ahead: int) -> Answer | None:
        clock = self.invocation.bot.clock
        waits = [
            asyncio.create_task(self._grows.wait()),
            asyncio.create_task(clock.sleep_until(clock.now() + MOMENT)),
        ]
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for wait in waits:
                wait.cancel()
        if self._grows.is_set():
            return None
        told = self.invocation.translate(
            "{count} text is before yours.", "{count} texts are before yours.", count=ahead
        )
        return await self._posted(Message(told))

    async def _over(self) -> None:
        """The queue is over: its message, if it was posted, becomes the answer."""
        if self._queued is not None:
            self._grows.set()
            queued, self._queued = self._queued, None
            self.answer = await queued

    async def _posted(self, message: Message) -> Answer:
        assert self.draft.started is not None
        answer = await self.invocation.answer(message)
        if self.invocation.origin is not None:
            begun = Begun(answer.posted, self.draft.started.seed)
            await self.invocation.bot.database.write(partial(begun.note, item=self.invocation.origin))
        return answer


async def write(invocation: Invocation, order: Order) -> None:
    """Writes a text, answers with it as it grows, and remembers it as the place's last.

    Where the process ended in the middle, the same line writes the same text in the same message. A platform says which
    message that is only once it stands, so in that one moment the line is answered a second time.

    Raises:
        UserError: it cannot be written; nothing was said or stored.
    """
    begun = await invocation.bot.intake.begun(invocation.origin)
    info, settled = await settled_here(invocation, order)
    answer = None
    if begun is not None:  # the process ended while it was being written: the same message shows the same text
        settled = replace(settled, seed=begun.seed)
        answer = invocation.answer_at(begun.posted)
    draft = Draft(order, settled, info)
    display = Display(invocation, draft, answer)
    try:
        with invocation.bot.writing():
            await streamed(invocation, draft, display)
        whole = draft.message(invocation.translate, whole=True)
        answer = await display.begun(whole)
        await _remember(invocation, draft, answer.posted, whole)
        await answer.finish(whole)
    finally:
        display.close()


async def streamed(invocation: Invocation, draft: Draft, display: Display) -> None:
    """Lets the draft's model write and shows what there is.

    Raises:
        UserError: it cannot write; what was shown says that it was broken off.
    """
    try:
        async with invocation.bot.generator.complete(_request(invocation, draft)) as events:
            async for event in events:
                match event:
                    case Started():
                        draft.started = event
                        display.queue(event.ahead)
                    case Piece() if event.choice >= 0:
                        draft.take(event)
                        await display.grow()
                    case Finished() | Piece():
                        pass
    except UnusableModel as fault:  # it says where the files are, which is nothing for a chat
        raise CannotWrite(draft.info.name) from fault
    except Exception:
        await display.break_off()
        raise


async def settled_here(invocation: Invocation, order: Order) -> tuple[ModelInfo, Order]:
    """The model, and the order with what the place has set.

    Raises:
        UserError: there is no such model, or it does not have the label.
    """
    here = await invocation.settings.get()
    info = await invocation.models.chosen(order.model, here.model)
    await invocation.models.check_label(order.label, info)
    return info, replace(
        order,
        temperature=here.temperature if order.temperature is None else order.temperature,
        length=here.length if order.length is None else order.length,
        top_k=here.top_k if order.top_k is None else order.top_k,
        top_p=here.top_p if order.top_p is None else order.top_p,
    )


def _request(invocation: Invocation, draft: Draft) -> CompletionRequest:
    order = draft.order
    return CompletionRequest(
        prompt=order.before if order.ids is None else order.ids,
        model=pinned(draft.info),
        max_tokens=order.length,
        n=order.n,
        temperature=order.temperature,
        top_k=order.top_k,
        top_p=order.top_p,
        seed=order.seed,
        label=order.label,
        user=invocation.person.key,
    )


async def _remember(invocation: Invocation, draft: Draft, posted: str, whole: Message) -> None:
    """Stores the text, and with the line what its message is to say."""
    assert draft.started is not None
    text = Text(
        model=draft.info.name,
        version=draft.started.version,
        prompt_ids=draft.started.prompt,
        token_ids=tuple(draft.token_ids[0]),
        text=draft.choices[0],
        request={
            **draft.asked.kept,
            texts.PEOPLE: sorted({*draft.asked.people, invocation.person.key}),
            "message": posted,
        },
        at=datetime.now(UTC),
    )
    begun = Begun(posted, draft.started.seed, whole.text)

    async def store(connection: AsyncConnection) -> None:
        await texts.put(connection, invocation.place.key, text)
        if invocation.origin is not None:
            await begun.note(connection, invocation.origin)

    await invocation.bot.database.write(store)
