"""Whose turn it is."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from hypothesis import given
from hypothesis import strategies as st

from generators.completion import Priority
from generators.engine.schedule import Schedule


@dataclass(eq=False)
class Somebody:
    user: str
    priority: Priority = Priority.TEXT
    width: int = 1


def scheduled(*members: Somebody) -> Schedule[Somebody]:
    schedule: Schedule[Somebody] = Schedule()
    for member in members:
        schedule.add(member)
    return schedule


def test_everybody_fits() -> None:
    """While there is room everybody has a turn at every step."""
    members = [Somebody(str(number % 3)) for number in range(10)]
    schedule = scheduled(*members)

    assert sorted(map(id, schedule.pick(10))) == sorted(map(id, members))
    assert schedule.pick(10) is schedule.pick(10)


def test_many_do_not_starve_one() -> None:
    """A key with one text has as many turns as it could use, beside a key with a hundred."""
    one = Somebody("one")
    schedule = scheduled(*(Somebody("many") for _ in range(100)), one)

    picks = [schedule.pick(8) for _ in range(50)]

    assert all(one in picked for picked in picks)
    assert all(len(picked) == 8 for picked in picks)


def test_a_key_with_many() -> None:
    """The texts of one key take turns among themselves."""
    members = [Somebody("many") for _ in range(12)]
    schedule = scheduled(*members)

    turns = Counter(id(member) for _ in range(30) for member in schedule.pick(4))

    assert set(turns.values()) == {10}


@given(st.lists(st.integers(1, 6), min_size=1, max_size=8), st.integers(1, 10))
def test_fairness(sizes: list[int], room: int) -> None:
    """Over time no two keys that always have something to do are more than a turn a member apart."""
    members = [Somebody(f"{user}") for user, size in enumerate(sizes) for _ in range(size)]
    schedule = scheduled(*members)
    steps = 60

    picks = [schedule.pick(room) for _ in range(steps)]

    turns = Counter(member.user for picked in picks for member in picked)
    assert all(len(picked) == len(set(map(id, picked))) == min(room, len(members)) for picked in picks)
    for one, size in enumerate(sizes):
        for other, others in enumerate(sizes):
            if size <= others:
                assert turns[str(one)] <= turns[str(other)] + 2 + max(sizes)


def test_priorities() -> None:
    """Ballots go first, then texts, then samples, whatever came first."""
    sample, text, ballot = (Somebody("x", priority) for priority in reversed(Priority))
    schedule = scheduled(sample, text, ballot)

    assert schedule.pick(1) == [ballot]
    assert schedule.pick(2) == [ballot, text]
    schedule.remove(ballot)
    assert schedule.pick(1) == [text]


def test_nobody_waits_for_ever() -> None:
    """However much there is of higher priority, every step keeps a quarter of its room for what is below."""
    ballots = [Somebody(str(number), Priority.BALLOT, width=16) for number in range(5)]
    texts = [Somebody("a") for _ in range(40)]
    sample = Somebody("a", Priority.SAMPLE)
    schedule = scheduled(*ballots, *texts, sample)

    picks = [schedule.pick(64) for _ in range(10)]

    assert all(sum(member.width for member in picked) == 64 for picked in picks)
    assert all(sum(member.priority is Priority.TEXT for member in picked) == 15 for picked in picks)
    assert all(sample in picked for picked in picks)


def test_a_share_that_is_not_needed() -> None:
    """What those below do not need, those above have."""
    texts, sample = [Somebody("a") for _ in range(100)], Somebody("b", Priority.SAMPLE)
    schedule = scheduled(*texts, sample)

    picked = schedule.pick(64)

    assert len(picked) == 64
    assert sample in picked


def test_a_wide_member_takes_no_share() -> None:
    """A search that is wider than the room of its priority leaves those below theirs."""
    text = Somebody("a")
    schedule = scheduled(Somebody("b", Priority.BALLOT, width=16), text)

    assert text in schedule.pick(4)


def test_a_wide_member_is_never_cut() -> None:
    """A search has its whole width even where less room is left."""
    search = Somebody("a", width=16)
    schedule = scheduled(search, Somebody("b"), Somebody("c"))

    picked = schedule.pick(4)

    assert search in picked


def test_removing() -> None:
    """Who has left has no turn."""
    gone, here = Somebody("a"), Somebody("a")
    schedule = scheduled(gone, here)
    schedule.pick(5)

    schedule.remove(gone)

    assert schedule.pick(5) == [here]
    assert list(schedule) == [here]
    assert len(schedule) == 1
