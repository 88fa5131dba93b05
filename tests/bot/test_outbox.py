"""What is said at once, what waits, and in which order."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta
from typing import Any, NamedTuple

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from bot.conversation import Limits, Message, Person, Place
from bot.outbox import Outbox, Urgency
from generators.errors import ShuttingDown
from tests.fakes.clock import FakeClock
from tests.fakes.platform import FakePlatform

GROUP = Place("telegram", "-1")
OTHER = Place("telegram", "-2")
TOPIC = Place("telegram", "-1:7", channel="-1")
PRIVATE = Place("telegram", "5")
ADA = Person("telegram", "5", "Ada")


class CountingPlatform(FakePlatform):
    """A platform that allows so much; private chats are not counted by the minute, answers to commands not at all."""

    def __init__(self, clock: FakeClock, per_second: float | None = 3, per_minute: float | None = 5) -> None:
        super().__init__("telegram")
        self.clock = clock
        self.per_second = per_second
        self.per_minute = per_minute
        self.sent: list[tuple[str, datetime]] = []

    def limits(self, place: Place, reply_to: str | None = None) -> Limits:
        if reply_to is not None:
            return Limits(self.edit_seconds)
        return Limits(self.edit_seconds, self.per_second, None if place == PRIVATE else self.per_minute)

    async def post(
        self, place: Place, message: Message, *, private_for: Person | None = None, reply_to: str | None = None
    ) -> str:
        self.sent.append((message.text, self.clock.now()))
        return await super().post(place, message, private_for=private_for, reply_to=reply_to)


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def platform(clock: FakeClock) -> CountingPlatform:
    return CountingPlatform(clock)


@pytest.fixture
def outbox(platform: CountingPlatform, clock: FakeClock) -> Outbox:
    return Outbox(platform, clock)


async def drained() -> None:
    """All tasks have run until they wait for time."""
    for _ in range(10):
        await asyncio.sleep(0)


def posting(outbox: Outbox, text: str, place: Place = GROUP, urgency: Urgency = Urgency.ANSWER) -> asyncio.Task[str]:
    """A message on its way."""
    return asyncio.create_task(outbox.post(place, Message(text), urgency=urgency))


def texts(platform: CountingPlatform) -> list[str]:
    return [text for text, _ in platform.sent]


async def test_urgency(outbox: Outbox, platform: CountingPlatform, clock: FakeClock) -> None:
    """What waits goes by its urgency, and of equals the oldest first."""
    waiting = [("a", Urgency.ANSWER), ("b", Urgency.ROUND), ("c", Urgency.STREAM)]
    waiting += [("d", Urgency.TALLY), ("e", Urgency.ROUND), ("f", Urgency.ANSWER)]
    for text in "123":
        await outbox.post(PRIVATE, Message(text))
    for text, urgency in waiting:
        posting(outbox, text, PRIVATE, urgency)
    await drained()

    for _ in range(2):
        clock.advance(1)
        await drained()

    assert texts(platform) == ["1", "2", "3", "a", "f", "b", "e", "d", "c"]


async def test_a_full_place(outbox: Outbox, platform: CountingPlatform, clock: FakeClock) -> None:
    """Topics share the limit of their group, and nobody else waits for it."""
    platform.per_second = 100
    for place in (GROUP, TOPIC, TOPIC, GROUP, TOPIC):
        await outbox.post(place, Message("before"))
    waiting = [posting(outbox, "group"), posting(outbox, "topic", TOPIC)]

    await outbox.post(OTHER, Message("other"))
    await outbox.post(PRIVATE, Message("private"))
    clock.advance(59.9)
    await drained()

    assert texts(platform)[5:] == ["other", "private"]
    clock.advance(0.1)
    await drained()
    assert all(task.done() for task in waiting)


async def test_what_is_not_counted(outbox: Outbox, platform: CountingPlatform) -> None:
    """An answer that the platform does not count goes at once, and leaves the rest waiting."""
    for text in "123":
        await outbox.post(GROUP, Message(text))
    waiting = posting(outbox, "waits")

    await outbox.post(GROUP, Message("told"), private_for=ADA, reply_to="1")
    await drained()

    assert texts(platform)[3:] == ["told"]
    waiting.cancel()


async def test_edits_are_counted(outbox: Outbox, platform: CountingPlatform, clock: FakeClock) -> None:
    """An edit takes its turn as a new message does."""
    posted = [await outbox.post(GROUP, Message(text)) for text in "123"]

    edit = asyncio.create_task(outbox.edit(GROUP, posted[0], Message("new")))
    await drained()

    assert not edit.done()
    clock.advance(1)
    assert await edit == posted[0]
    assert platform.said[0].text == "new"


async def test_giving_up(outbox: Outbox, platform: CountingPlatform, clock: FakeClock) -> None:
    """Who gives up waiting leaves nothing behind and takes nobody's turn."""
    for text in "123":
        await outbox.post(GROUP, Message(text))
    gone = posting(outbox, "gone")
    patient = posting(outbox, "patient", urgency=Urgency.TALLY)
    await drained()

    gone.cancel()
    await asyncio.wait({gone})

    assert outbox.waiting == 1
    clock.advance(1)
    assert await patient == "4"
    assert texts(platform)[3:] == ["patient"]
    assert outbox.waiting == 0


async def test_closing(outbox: Outbox) -> None:
    """Whoever waits when the bot stops is told so."""
    for text in "123":
        await outbox.post(GROUP, Message(text))
    waiting = posting(outbox, "waits")
    await drained()

    outbox.close()

    with pytest.raises(ShuttingDown):
        await waiting
    assert outbox.waiting == 0


async def test_a_turn_asked_for(outbox: Outbox, platform: CountingPlatform, clock: FakeClock) -> None:
    """A turn can be asked for before it is known what is to be said; an edit then waits no second time."""
    posted = [await outbox.post(GROUP, Message(text)) for text in "123"]
    turn, unused = outbox.ask(GROUP, Urgency.TALLY), outbox.ask(GROUP, Urgency.STREAM)
    assert not turn.granted.done()
    outbox.drop(unused)

    clock.advance(1)
    await turn.granted
    for text in "45":
        posting(outbox, text, PRIVATE)
    await outbox.edit(GROUP, posted[0], Message("the newest state"), turn=turn)

    assert platform.said[0].text == "the newest state"
    assert outbox.waiting == 0


async def test_a_turn_that_is_not_used(outbox: Outbox, platform: CountingPlatform, clock: FakeClock) -> None:
    """A turn that came and is given up goes to whoever waits."""
    for text in "12":
        await outbox.post(GROUP, Message(text))
    turn = outbox.ask(GROUP, Urgency.TALLY)
    assert turn.granted.done()
    waiting = posting(outbox, "waits")
    await drained()
    assert not waiting.done()

    outbox.drop(turn)

    assert await waiting == "3"
    assert not outbox.is_free(GROUP)


async def test_many_places(clock: FakeClock) -> None:
    """A thousand messages for 200 places go as fast as the platform takes them."""
    platform = CountingPlatform(clock, per_second=30, per_minute=20)
    outbox = Outbox(platform, clock)
    tasks = [posting(outbox, str(i), Place("telegram", f"-{i % 200}")) for i in range(1_000)]

    for _ in range(33):
        await drained()
        clock.advance(1)
    await asyncio.gather(*tasks)

    assert texts(platform) == [str(i) for i in range(1_000)]


@pytest.mark.parametrize(
    ("everywhere", "here", "seconds"),
    [(1, 1, 6.0), (20, 1, 6.0), (300, 1, 20.0), (20, 5, 30.0), (0, 0, 6.0)],
)
async def test_pace_of_redraws(clock: FakeClock, everywhere: int, here: int, seconds: float) -> None:
    """The more stories share a rate, the rarer each is redrawn; half of the rate stays for answers."""
    platform = CountingPlatform(clock, per_second=30, per_minute=20)

    outbox = Outbox(platform, clock, lambda place: everywhere if place is None else here)

    assert outbox.edit_seconds(GROUP) == outbox.tally_seconds(GROUP) == seconds


async def test_pace_without_limits(clock: FakeClock) -> None:
    """Where nothing is counted, a tally is still redrawn only every four seconds."""
    outbox = Outbox(CountingPlatform(clock, None, None), clock, lambda _: 1_000)

    assert (outbox.edit_seconds(GROUP), outbox.tally_seconds(GROUP)) == (1.0, 4.0)


class Wanted(NamedTuple):
    """Something that waits in the model of an outbox."""

    urgency: Urgency
    number: int
    place: Place


class OutboxMachine(RuleBasedStateMachine):
    """The outbox lets out what a slow and simple one would, at the same moments."""

    def __init__(self) -> None:
        super().__init__()
        self.loop = asyncio.new_event_loop()
        self.clock = FakeClock()
        self.platform = CountingPlatform(self.clock, per_second=3, per_minute=5)
        self.outbox = Outbox(self.platform, self.clock)
        self.tasks: dict[int, asyncio.Task[str]] = {}
        self.waiting: list[Wanted] = []
        self.sent: list[tuple[str, datetime]] = []
        self.counted: list[tuple[Place, datetime]] = []
        self.number = 0

    def teardown(self) -> None:
        async def end() -> None:
            self.outbox.close()
            await asyncio.gather(*self.tasks.values(), return_exceptions=True)

        self.loop.run_until_complete(end())
        self.loop.close()

    def run(self, *steps: Any) -> None:
        async def act() -> None:
            for step in steps:
                step()
            await drained()

        self.loop.run_until_complete(act())

    @rule(urgency=st.sampled_from(Urgency), place=st.sampled_from((GROUP, TOPIC, OTHER, PRIVATE)))
    def post(self, urgency: Urgency, place: Place) -> None:
        self.number += 1
        text = str(self.number)

        def begin() -> None:
            self.tasks[self.number] = posting(self.outbox, text, place, urgency)

        self.waiting.append(Wanted(urgency, self.number, place))
        self.run(begin)
        self.let_out()

    @rule(seconds=st.sampled_from((0.3, 0.5, 1.0, 7.0, 29.5, 60.0)))
    def wait(self, seconds: float) -> None:
        self.run(lambda: self.clock.advance(seconds))
        self.let_out()

    @precondition(lambda self: self.waiting)
    @rule(data=st.data())
    def give_up(self, data: st.DataObject) -> None:
        gone = data.draw(st.sampled_from(self.waiting))
        self.waiting.remove(gone)
        self.run(self.tasks[gone.number].cancel)
        self.let_out()

    def let_out(self) -> None:
        """What the simple outbox does."""
        while free := [wanted for wanted in self.waiting if self.may_go(wanted.place)]:
            first = min(free)
            self.waiting.remove(first)
            self.counted.append((first.place, self.clock.now()))
            self.sent.append((str(first.number), self.clock.now()))

    def may_go(self, place: Place) -> bool:
        now = self.clock.now()
        lately = sum(at > now - timedelta(seconds=1) for _, at in self.counted)
        channel = place.channel or place.id
        here = sum(
            (other.channel or other.id) == channel and at > now - timedelta(minutes=1) for other, at in self.counted
        )
        return lately < 3 and (place == PRIVATE or here < 5)

    @invariant()
    def same(self) -> None:
        assert self.platform.sent == self.sent
        assert self.outbox.waiting == len(self.waiting)
        for place in (GROUP, TOPIC, OTHER, PRIVATE):
            channel = place.channel or place.id
            waits = any((wanted.place.channel or wanted.place.id) == channel for wanted in self.waiting)
            assert self.outbox.is_free(place) == (self.may_go(place) and not waits)


OutboxMachine.TestCase.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)
TestOutbox = OutboxMachine.TestCase
