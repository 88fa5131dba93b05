"""Who somebody is in the page."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.platforms.web.errors import Refusal
from bot.platforms.web.identity import HELD, Identities, NameHolders, Visitor, signing_key

ADA = Visitor("Ada", "firefox")
OTHER_ADA = Visitor("ada", "chromium")


def test_cookie() -> None:
    """A cookie that we signed says who it is; one of another key, or none, says nothing."""
    ours, theirs = Identities("ours"), Identities("theirs")

    assert ours.read(ours.signed(ADA)) == ADA
    assert ours.read(theirs.signed(ADA)) is None
    assert ours.read(ours.signed(ADA)[:-1]) is None
    assert ours.read(None) is None


def test_same_name() -> None:
    """The second person who wants a name is told to choose another."""
    holders = NameHolders()
    holders.claim(ADA)

    with pytest.raises(Refusal) as refused:
        holders.claim(OTHER_ADA)

    assert refused.value.status == 409
    holders.claim(ADA)


def test_released_name() -> None:
    """A name is free again once its holder has taken another, or has not been here for a day."""
    now = 0.0
    holders = NameHolders(clock=lambda: now)
    holders.claim(ADA)
    holders.release(ADA)

    holders.claim(OTHER_ADA)
    now = HELD
    holders.claim(ADA)


def test_signing_key(tmp_path: Path) -> None:
    """The key is made once, and nobody else may read it."""
    path = tmp_path / "home" / "key"

    key = signing_key(path)

    assert len(key) >= 32
    assert signing_key(path) == key
    assert path.stat().st_mode & 0o777 == 0o600
    assert list(path.parent.iterdir()) == [path]
