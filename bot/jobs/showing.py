"""How a training looks in a chat: before it begins, on its way, and over."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from bot.conversation import Button, Message
from bot.corpora.errors import KeyLost
from bot.games.show import readable, shortened
from bot.jobs.actions import Press
from bot.jobs.counting import REMOVED, REPLACED, by_source, counted
from bot.jobs.estimates import Estimate
from generators.errors import Translate

BAR: Final = 20  # blocks
SAMPLE: Final = 300  # characters of a text before or after
MINUTE: Final = 60.0  # seconds


@dataclass(frozen=True, slots=True)
class Draft:
    """What a training would learn from, and what it would take.

    Attributes:
        base: name of the model that it goes on from.
        characters, people: of the text.
        sources: messages, or texts, by where they come from.
        removed: what was left out, by why.
        replaced: what was replaced, by kind.
        epochs: passes over the text, at most.
        threads: cores that it gets.
        estimate: of its time and memory; None where another machine trains, of which nobody here knows.
        one_voice: whether the messages of the log are all one person's.
        lost: names of files that cannot be read any more.
    """

    base: str
    characters: int
    people: int
    sources: Mapping[str, int]
    removed: Mapping[str, int]
    replaced: Mapping[str, int]
    epochs: float
    threads: int
    estimate: Estimate | None
    one_voice: bool = False
    lost: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class View:
    """How far a training is, as its events tell.

    Attributes:
        name: of the model that it makes.
        base: of the model that it goes on from.
        phase: `queued`, `gathering`, `starting`, `reading`, `training`, `measuring`.
        place: in the queue, from 1.
        share: of the steps, in [0, 1]; under 1 in the end where it stopped early.
        epoch, epochs: passes over the text so far, of all.
        loss: nats per token.
        bits: per character, held out in training.
        base_bits: of the base, on the text that the result will be measured on.
        seconds_left: until training ends.
        before, after: texts of the base, and of the model once it has its guard.
    """

    name: str
    base: str
    phase: str = "queued"
    place: int = 0
    share: float = 0.0
    epoch: float = 0.0
    epochs: float = 0.0
    loss: float | None = None
    bits: float | None = None
    base_bits: float | None = None
    seconds_left: float | None = None
    before: str = ""
    after: str = ""

    def after_event(self, event: Mapping[str, Any]) -> View:
        """The view once this has been told."""
        match event.get("type"):
            case "preparing":
                return replace(self, phase="starting")
            case "measuring" | "checking":
                return replace(self, phase="starting" if event.get("what") == "before" else "measuring")
            case "measured" if event.get("what") == "before":
                return replace(self, base_bits=event.get("bits_per_character"), before=str(event.get("sample", "")))
            case "measured" if event.get("what") == "after":
                return replace(self, after=str(event.get("sample", "")))
            case "progress":
                return self._after_progress(event)
            case _:
                return self

    def _after_progress(self, event: Mapping[str, Any]) -> View:
        if event["phase"] in ("reading", "read"):
            return replace(self, phase="reading")
        if event["phase"] == "publishing":
            return replace(self, phase="measuring")
        of = event.get("of") or 1
        return replace(
            self,
            phase="training",
            share=event["step"] / of,
            epoch=event["epoch"],
            epochs=event["epochs"],
            loss=event["loss"] if event["loss"] is not None else self.loss,
            bits=event["bits_per_character"] if event["bits_per_character"] is not None else self.bits,
            seconds_left=event["seconds_left"],
        )


def draft(found: Draft, job: str, translate: Translate) -> Message:
    """What a training would be, with buttons to begin it or not."""
    lines = [
        translate("This is what a training for this channel would be:"),
        _text(found, translate),
    ]
    if left_out := counted(found.removed, REMOVED, translate):
        lines.append(translate("Left out: {counts}.", counts=left_out))
    if replaced := counted(found.replaced, REPLACED, translate):
        lines.append(translate("Replaced: {counts}.", counts=replaced))
    lines.append(f"{_passes(found, translate)} {_cost(found, translate)}")
    if found.one_voice:
        lines.append(translate("All messages are one person's: the model would write like that person."))
    lines += [KeyLost(name).sentence(translate) for name in found.lost]
    go = Button(translate("Start the training"), str(Press("go", job)))
    return Message("\n".join(lines), (go, Button(translate("Never mind"), str(Press("cancel", job)))))


def running(view: View, job: str, translate: Translate) -> Message:
    """A training on its way, or waiting."""
    lines = [_head(view, translate)]
    if view.phase == "training":
        blocks = round(view.share * BAR)
        lines.append(f"{'▓' * blocks}{'░' * (BAR - blocks)} {view.share:.0%}")
        lines.append(_measures(view, translate))
    if view.before:
        lines.append(translate("Before: «{text}»", text=_sample(view.before)))
    if view.after:
        lines.append(translate("Now: «{text}»", text=_sample(view.after)))
    return Message("\n".join(lines), (Button(translate("Cancel"), str(Press("cancel", job))),))


def over(view: View, outcome: Mapping[str, Any], adopted: Message, translate: Translate) -> Message:
    """A training that has made a model.

    Args:
        outcome: what `result.json` says.
        adopted: what became of the model, and what can be done about it.
    """
    before, after = outcome["before"], outcome["after"]
    lines = [translate("The training of {name} is over.", name=view.name)]
    if view.share < 1 and round(view.epoch, 1) < view.epochs:
        lines.append(
            translate(
                "It stopped at epoch {epoch:.1f} of {epochs:g}, as more did not help.",
                epoch=view.epoch,
                epochs=view.epochs,
            )
        )
    lines += [
        measured(view.base, float(before["bits_per_character"]), float(after["bits_per_character"]), translate),
        translate("Before: «{text}»", text=_sample(str(before["sample"]))),
        translate("Now: «{text}»", text=_sample(str(after["sample"]))),
        adopted.text,
    ]
    return Message("\n".join(lines), adopted.buttons)


def measured(base: str, old: float, new: float, translate: Translate) -> str:
    """What a training has brought, in bits per character of the newest text.

    Args:
        old: of the base.
        new: of what was made.
    """
    return translate(
        "On the newest text, which it has not seen: {new:.2f} bits per character, where {base} has {old:.2f} "
        "({change:+.0f} %).",
        new=new,
        base=base,
        old=old,
        change=100 * (new / old - 1),
    )


def minutes(seconds: float) -> str:
    """A duration in minutes, as people say it."""
    return "1" if seconds < 1.5 * MINUTE else f"{seconds / MINUTE:,.0f}"


def _text(found: Draft, translate: Translate) -> str:
    sources = by_source(found.sources, translate)
    if not found.people:
        return translate("Text: {characters:,} characters; {sources}.", characters=found.characters, sources=sources)
    return translate(
        "Text: {characters:,} characters from {count:,} person; {sources}.",
        "Text: {characters:,} characters from {count:,} people; {sources}.",
        characters=found.characters,
        count=found.people,
        sources=sources,
    )


def _passes(found: Draft, translate: Translate) -> str:
    if found.epochs == 1:
        return translate("It goes on from {base}, once over the text.", base=found.base)
    return translate(
        "It goes on from {base}, at most {epochs:g} times over the text.", base=found.base, epochs=found.epochs
    )


def _cost(found: Draft, translate: Translate) -> str:
    if found.estimate is None:
        return translate(
            "The host of the models does that: the text is sent there, and how long it takes is told once it runs."
        )
    return translate(
        "That takes about {minutes} min and {memory} GB of memory, with {threads} of the machine's cores.",
        minutes=minutes(found.estimate.seconds),
        memory=f"{found.estimate.memory / 1e9:.1f}",
        threads=found.threads,
    )


def _head(view: View, translate: Translate) -> str:
    facts = {"name": view.name, "base": view.base}
    match view.phase:
        case "queued" if view.place > 1:
            return translate("The training of {name} waits: {place} in the queue.", place=view.place, **facts)
        case "queued":
            return translate("The training of {name} waits; it is the next one.", **facts)
        case "gathering":
            return translate("The training of {name}: gathering the text.", **facts)
        case "reading":
            return translate("The training of {name}: reading the text.", **facts)
        case "training":
            return translate("The training of {name}, from {base}:", **facts)
        case "measuring":
            return translate("The training of {name}: measuring what it has become.", **facts)
        case _:
            return translate("The training of {name}: measuring {base} before it begins.", **facts)


def _measures(view: View, translate: Translate) -> str:
    told = [translate("epoch {epoch:.1f} of {epochs:g}", epoch=view.epoch, epochs=view.epochs)]
    if view.loss is not None:
        told.append(translate("loss {loss:.2f}", loss=view.loss))
    if view.bits is not None:
        told.append(translate("{bits:.2f} bits per character held out", bits=view.bits))
    if view.base_bits is not None:
        told.append(translate("{base} had {bits:.2f} on the newest text", base=view.base, bits=view.base_bits))
    if view.seconds_left is not None:
        told.append(translate("about {minutes} min left", minutes=minutes(view.seconds_left)))
    return " · ".join(told)


def _sample(text: str) -> str:
    return shortened(readable(text.strip()), SAMPLE)
