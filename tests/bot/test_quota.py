"""How often somebody may do something."""

from __future__ import annotations

from bot.quota import Quota
from tests.bot.conftest import Ticks


def test_window(ticks: Ticks) -> None:
    """The window slides: each use is forgotten on its own."""
    quota = Quota(2, 60, ticks)
    quota.take("Ada")
    ticks.now += 20
    quota.take("Ada")

    wait = quota.take("Ada")
    ticks.now += 40

    assert wait == 40
    assert quota.take("Ada") == 0
    assert quota.take("Ada") == 20


def test_names_are_apart(ticks: Ticks) -> None:
    """One person's use takes nothing from another's."""
    quota = Quota(1, 60, ticks)

    assert (quota.take("Ada"), quota.take("Ben"), quota.take("Ada")) == (0, 0, 60)


def test_refusals_cost_nothing(ticks: Ticks) -> None:
    """Whoever is refused waits no longer for having asked."""
    quota = Quota(1, 60, ticks)
    quota.take("Ada")
    for _ in range(10):
        quota.take("Ada")
    ticks.now += 60

    assert quota.take("Ada") == 0


def test_several_at_once(ticks: Ticks) -> None:
    """Several uses are counted together or not at all; more than ever fit wait until nothing is used."""
    quota = Quota(3, 60, ticks)
    quota.take("Ada")
    ticks.now += 20

    assert quota.take("Ada", 3) == 40
    assert quota.take("Ada", 2) == 0
    assert quota.take("Ada", 9) == 60
    ticks.now += 60
    assert quota.take("Ada", 9) == 0


def test_many_names(ticks: Ticks) -> None:
    """Names that are idle are forgotten, those in use are not."""
    quota = Quota(1, 60, ticks)
    for number in range(2_000):
        quota.take(str(number))
        ticks.now += 0.1

    assert quota.take("1999") > 0
    assert quota.take("0") == 0
