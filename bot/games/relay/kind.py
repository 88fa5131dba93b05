"""A relay for the host that keeps games going: which move is which rule, and how the model takes its turn."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Any, Final

from bot.conversation import Attachment, Message, Person, Place
from bot.games import pen
from bot.games.errors import UnknownButton
from bot.games.export import Format
from bot.games.house import House
from bot.games.kinds import Kind, Rule
from bot.games.relay import looks, turns
from bot.games.relay.file import file
from bot.games.relay.state import Relay, Sentence, dump, load
from generators.completion import Unit
from generators.errors import Translate, UserError


class RelayKind(Kind[Relay]):
    """What the host needs of a relay."""

    name = "relay"
    reply = "write"
    noted = frozenset({"skip", "stop"})

    def load(self, state: dict[str, Any]) -> Relay:
        return load(state)

    def dump(self, match: Relay) -> dict[str, Any]:
        return dump(match)

    def act(self, match: Relay, move: str, text: str, by: Person, at: datetime) -> Relay:
        relay = turns.expired(match, at)  # however late the host is
        match move:
            case "join":
                return turns.join(relay, by, at)
            case "leave":
                return turns.leave(relay, by, at)
            case "write":
                return turns.write(relay, text, by)
            case "skip":
                return turns.skip(relay, by, at)
            case "stop":
                return turns.stop(relay, by)
            case "on":
                return turns.go_on(relay, at)
        raise UnknownButton

    def told(self, match: Relay, move: str, by: Person, translate: Translate) -> str:
        del match
        return looks.told(move, by, translate)

    def expired(self, match: Relay, at: datetime) -> Relay:
        return turns.expired(match, at)

    def postponed(self, match: Relay, until: datetime) -> Relay:
        return match if match.deadline is None else replace(match, deadline=max(match.deadline, until))

    def stalled(self, match: Relay, at: datetime) -> Relay:
        del at
        return replace(match, paused=True) if match.working else match

    async def work(self, match: Relay, place: Place, house: House) -> Rule[Relay]:
        start, people = match.start_ids, match.sentences
        if start is None:
            start = await self._read(match, match.beginning, place, house)
        read = [
            each
            if each.token_ids is not None
            else each._replace(token_ids=await self._read(match, each.text, place, house))
            for each in people
        ]
        prompt = start + tuple(token for each in read for token in each.token_ids or ())
        seed = (match.seed + len(people)) % 2**63
        penned = await pen.next_unit(
            house.generator,
            model=match.model,
            prompt=prompt,
            unit=Unit.SENTENCE,
            temperature=match.temperature,
            seed=seed,
            user=place.key,
        )
        name = match.model.partition("@")[0]

        def rule(now: Relay, at: datetime) -> Relay:
            if now.over or not now.working or len(now.sentences) != len(people):
                return now  # it has gone another way
            after = replace(now, start_ids=start, sentences=tuple(read), paused=False)
            if penned.ended:
                return turns.ended(replace(after, page=now.page + 1))
            return turns.answered(after, Sentence(penned.text, None, name, now.page, penned.token_ids, seed), at)

        return rule

    async def _read(self, match: Relay, text: str, place: Place, house: House) -> tuple[int, ...]:
        return await pen.token_ids(house.generator, model=match.model, text=text, user=place.key)

    def show(self, match: Relay, game: int, fault: UserError | None, translate: Translate) -> Message:
        return looks.message(match, game, fault, translate)

    def turned(self, match: Relay, page: int, translate: Translate) -> Message:
        return looks.turned(match, page, translate)

    def summary(self, match: Relay, translate: Translate) -> str:
        return looks.summary(match, translate)

    def file(self, match: Relay, game: int, form: Format, begun: datetime, translate: Translate) -> Attachment:
        return file(match, game, form, begun, translate)


RELAY: Final = RelayKind()
