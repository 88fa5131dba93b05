"""Faults of the platform, on demand: the next requests that match fail, wait or are told to come later."""

from __future__ import annotations

from dataclasses import dataclass

from tests.fakes.discord.rates import too_many


@dataclass(slots=True)
class Order:
    """What the next `times` matching requests get; without a status they are only slow."""

    method: str
    path: str
    times: int
    status: int | None = None
    retry_after: float = 0.0
    is_global: bool = False
    seconds: float = 0.0

    def headers(self) -> dict[str, str]:
        """The headers of such an answer."""
        if self.status != 429:
            return {}
        return too_many(
            self.retry_after, is_global=self.is_global, scope="global" if self.is_global else "user"
        ).headers

    def payload(self) -> dict[str, object]:
        """The body of such an answer."""
        if self.status == 429:
            return too_many(self.retry_after, is_global=self.is_global, scope="user").payload
        return {"message": f"{self.status}: Internal Server Error", "code": 0}


class Misbehaviour:
    """Orders that wait for their requests."""

    def __init__(self) -> None:
        self._orders: list[Order] = []

    def add(self, order: Order) -> None:
        """From now on."""
        self._orders.append(order)

    def take(self, method: str, path: str) -> Order | None:
        """The order that this request fulfils, if any; an order is forgotten after its times."""
        for order in self._orders:
            if order.method == method and matches(order.path, path):
                order.times -= 1
                if order.times == 0:
                    self._orders.remove(order)
                return order
        return None


def matches(pattern: str, path: str) -> bool:
    """Whether a path such as "/channels/1/messages" is of a pattern such as "/channels/*/messages"."""
    wanted, parts = pattern.split("/"), path.split("/")
    return len(wanted) == len(parts) and all(want in ("*", part) for want, part in zip(wanted, parts, strict=True))
