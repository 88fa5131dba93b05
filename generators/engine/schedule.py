"""Whose turn it is: priorities first, with a share of every step for the lower ones, then fairness keys in rotation."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from typing import Final, Generic, Protocol, TypeVar

from generators.completion import Priority

SHARE: Final = 4  # every so manieth place of a step is kept for lower priorities, so that they never wait for ever


class Member(Protocol):
    """Whatever waits for steps of the model."""

    @property
    def user(self) -> str:
        """Its fairness key."""
        ...

    @property
    def priority(self) -> Priority: ...

    @property
    def width(self) -> int:
        """Texts that it takes up in a step."""
        ...


M = TypeVar("M", bound=Member)


class Schedule(Generic[M]):
    """Members in the order of their turns.

    There are no slots: nobody owns a place for longer than a step, so that whoever comes late waits for one step of
    the others, not for their texts.
    """

    def __init__(self) -> None:
        self._lanes: dict[Priority, dict[str, deque[M]]] = {priority: {} for priority in Priority}
        self._size = 0
        self._everyone: list[M] | None = []

    def __len__(self) -> int:
        return self._size

    def __iter__(self) -> Iterator[M]:
        for lane in self._lanes.values():
            for queue in lane.values():
                yield from queue

    def add(self, member: M) -> None:
        """Takes a member in, behind those of the same key."""
        self._lanes[member.priority].setdefault(member.user, deque()).append(member)
        self._size += 1
        self._everyone = None

    def remove(self, member: M) -> None:
        """Lets a member go."""
        lane = self._lanes[member.priority]
        lane[member.user].remove(member)
        if not lane[member.user]:
            del lane[member.user]
        self._size -= 1
        self._everyone = None

    def pick(self, room: int) -> list[M]:
        """The members of the next step.

        Higher priorities leave a quarter of the room to those below that wait, and those below have what is left. The
        last one may be wider than the room that is left: a search that were given less in a full step than in an
        empty one would go another way.
        """
        if self._size <= room:
            if self._everyone is None:
                self._everyone = list(self)
            if len(self._everyone) <= room and sum([member.width for member in self._everyone]) <= room:
                return self._everyone
        picked: list[M] = []
        below = self._size
        for lane in self._lanes.values():
            below -= sum([len(queue) for queue in lane.values()])
            share = min(room // SHARE, below)
            room = max(room - self._pick_from(lane, room - share, picked), share)
        return picked

    def _pick_from(self, lane: dict[str, deque[M]], room: int, picked: list[M]) -> int:
        """Picks one member of each key, then a second of each, as far as there is room; those go to the back."""
        taken = 0
        turns = deque(lane)
        served: dict[str, int] = {}
        while turns and taken < room:
            user = turns.popleft()
            member = lane[user][0]
            lane[user].rotate(-1)
            picked.append(member)
            taken += member.width
            served[user] = served.get(user, 0) + 1
            if served[user] < len(lane[user]):
                turns.append(user)
        most = max(served.values(), default=0)
        for user in [user for user, times in served.items() if times == most]:
            lane[user] = lane.pop(user)  # those who had one turn more than others wait longest for the next
        return taken
