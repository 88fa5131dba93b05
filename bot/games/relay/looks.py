"""How a relay looks: its message, what earlier ones turn into, and what whoever moves is told."""

from __future__ import annotations

from collections.abc import Iterator

from bot.conversation import Button, Message, Person
from bot.games.actions import Play
from bot.games.relay.state import Relay
from bot.games.relay.turns import LONGEST_SENTENCE
from bot.games.show import WHOLE, ending, named, names, shortened
from generators.errors import Translate, UserError


def message(relay: Relay, game: int, fault: UserError | None, translate: Translate) -> Message:
    """How a relay looks on its newest message; a fault is why the model has failed."""
    foot = "\n".join(_foot(relay, fault, translate))
    empty = translate("(An empty page. What is the first sentence?)")
    text = ending(relay.text, WHOLE - len(foot) - 2) or empty
    buttons = () if relay.over else tuple(_buttons(relay, game, translate))
    return Message(f"{text}\n\n{foot}", buttons)


def turned(relay: Relay, page: int, translate: Translate) -> Message:
    """What the message of an earlier page turns into: what was written on it."""
    written = [each for each in relay.sentences if each.page == page]
    if not written:
        return Message(translate("The relay goes on below."))
    lines = (
        translate("{name}: «{text}»", name=named(each.name), text=shortened(each.text.strip(), LONGEST_SENTENCE))
        for each in written
    )
    return Message("\n".join(lines))


def summary(relay: Relay, translate: Translate) -> str:
    """One sentence on how a relay stands."""
    if relay.paused or relay.next is None:
        return translate("A relay is paused here.")
    if relay.working:
        return translate("A relay is running here; it is the model's turn.")
    return translate("A relay is running here; it is {name}'s turn.", name=named(relay.next.name))


def told(move: str, by: Person, translate: Translate) -> str:
    """What somebody is told whose move was made."""
    match move:
        case "join":
            return translate("{name} plays along, and writes after the others.", name=named(by.name))
        case "leave":
            return translate("{name} plays no longer.", name=named(by.name))
        case "write":
            return translate("Your sentence is in the text.")
        case "skip":
            return translate("The turn was passed on.")
        case "stop":
            return translate("The relay was ended.")
    return translate("The relay goes on.")


def _buttons(relay: Relay, game: int, translate: Translate) -> Iterator[Button]:
    if relay.paused and (relay.working or relay.players):
        yield Button(translate("Go on"), str(Play(game, "on")))
    yield Button(translate("Join"), str(Play(game, "join")))
    if not relay.working and relay.players:
        yield Button(translate("Write…"), str(Play(game, "write")), asks=translate("Your sentence"))


def _foot(relay: Relay, fault: UserError | None, translate: Translate) -> Iterator[str]:
    playing = names([player.name for player in relay.players], translate)
    if relay.over:
        yield translate("The end.")
        writers = tuple(dict.fromkeys(each.name for each in relay.sentences if each.writer is not None))
        if writers:
            yield translate("Written by {names} and a language model.", names=names(writers, translate))
        yield translate("/relay export gives the whole text as a file.")
        return
    if relay.paused and fault is not None:
        yield translate("The relay is paused. {fault} Press the button to try again.", fault=fault.sentence(translate))
    elif relay.paused and relay.working:
        yield translate("The relay is paused. Press the button to go on.")
    elif relay.working:
        yield translate("The model is writing…")
    elif relay.next is None:
        yield translate("The relay is paused: nobody plays. Join, and it is your turn.")
    elif relay.deadline is None:
        yield translate("The relay is paused: a sentence of any player or the button lets it go on.")
    else:
        yield translate(
            "It is {name}'s turn until {deadline:%H:%M:%S} UTC: reply to this message, or use /relay write.",
            name=named(relay.next.name),
            deadline=relay.deadline,
        )
    if relay.most:
        yield translate("Sentences: {count} of {most}.", count=len(relay.sentences), most=relay.most)
    if relay.players:
        yield translate("In turn: {names}.", names=playing)
