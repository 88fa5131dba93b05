"""The same prompt before several models: their texts stand in one answer, which grows as each writes."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

from bot.conversation import Message
from bot.intake import Begun
from bot.writing import MARK, Display, Draft, Order, settled_here, streamed

if TYPE_CHECKING:
    from bot.commands.invocation import Invocation
    from generators.completion import Started
    from generators.errors import Translate


@dataclass(frozen=True, slots=True)
class Comparison:
    """Drafts of several models, one below the other.

    Attributes:
        drafts: one of each model, with the same seed.
        names: what each model was called, versions included.
    """

    drafts: Sequence[Draft]
    names: Sequence[str]

    @property
    def started(self) -> Started | None:
        """What the first model said when it began; all have its seed."""
        return self.drafts[0].started

    @property
    def choices(self) -> list[str]:
        """What each has written."""
        return [draft.choices[0] for draft in self.drafts]

    def message(self, translate: Translate, *, whole: bool) -> Message:
        """The prompt, and what each model has made of it; with all that decided it once it is whole."""
        parts = [self.drafts[0].shown_prompt] if self.drafts[0].shown_prompt else []
        for name, draft in zip(self.names, self.drafts, strict=True):
            if draft.started is not None:
                notes = draft.notes(translate) if whole else []
                parts.append("\n".join([f"{name}{MARK}{draft.choices[0]}", *notes]))
        if whole:
            parts.append(self._footer())
        return Message("\n\n".join(parts))

    def _footer(self) -> str:
        """What decided the texts, as options that `/compare` takes."""
        order = self.drafts[0].order
        temperature = "" if order.temperature is None else f" temperature={order.temperature:g}"
        return f"— models={','.join(self.names)}{temperature}{order.narrowed} seed={order.seed}"


async def compare(invocation: Invocation, order: Order, names: Sequence[str]) -> None:
    """Lets each model write from the same prompt with the same seed, one after the other, in one answer.

    The place's last text stays what it was. Where the process ended in the middle, the same line writes the same texts
    in the same message.

    Raises:
        UserError: one of the models is not there, in which case nothing was said, or cannot write.
    """
    begun = await invocation.bot.intake.begun(invocation.origin)
    asked = secrets.randbits(63) if order.seed is None else order.seed
    seed = asked if begun is None else begun.seed
    settled = [await settled_here(invocation, replace(order, model=name, seed=seed)) for name in names]
    drafts = [Draft(order, whole_order, info) for info, whole_order in settled]
    comparison = Comparison(drafts, names)
    display = Display(invocation, comparison, None if begun is None else invocation.answer_at(begun.posted))
    try:
        with invocation.bot.writing():
            for draft in drafts:
                await streamed(invocation, draft, display)
        whole = comparison.message(invocation.translate, whole=True)
        answer = await display.begun(whole)
        if invocation.origin is not None:
            done = Begun(answer.posted, seed, whole.text)
            await invocation.bot.database.write(partial(done.note, item=invocation.origin))
        await answer.finish(whole)
    finally:
        display.close()
