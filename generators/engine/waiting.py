"""Who waits: some for a step of the model, and some, who have been through one, only for the draws after the next."""

from __future__ import annotations

from collections.abc import Collection

from generators.engine.schedule import Schedule
from generators.engine.texts import Order, Text
from generators.engine.work import Member
from generators.sampling import Floats


class Waiting:
    """All who wait.

    Attributes:
        schedule: those who wait for a step, in the order of their turns.
        ready: texts outside the schedule that draw without a step of the model, each from its logits.
    """

    def __init__(self) -> None:
        self.schedule: Schedule[Member] = Schedule()
        self.ready: list[tuple[Text, Floats]] = []

    @property
    def busy(self) -> bool:
        """Whether there is anything to do in a step."""
        return len(self.schedule) > 0 or bool(self.ready)

    def take_out(self, orders: Collection[Order]) -> tuple[list[Member], list[tuple[Text, Floats]]]:
        """Lets the members and the ready texts of these orders go, and says which they were."""
        members = [member for member in self.schedule if member.order in orders]
        for member in members:
            self.schedule.remove(member)
        ready = [(text, logits) for text, logits in self.ready if text.order in orders]
        self.ready = [(text, logits) for text, logits in self.ready if text.order not in orders]
        return members, ready

    def put_back(self, members: Collection[Member], ready: Collection[tuple[Text, Floats]]) -> None:
        """Takes in again who was let go, behind those of the same key."""
        for member in members:
            self.schedule.add(member)
        self.ready += ready
