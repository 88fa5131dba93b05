"""How many texts a step may take."""

from __future__ import annotations

from generators.engine.room import CALM, Room


def test_shrinking() -> None:
    """Each shortage halves what a step took, down to one text; then there is nothing left to give up."""
    room = Room(64)

    shrunk = [room.shrink(taken) for taken in (64, 20, 10, 5, 2, 1)]

    assert shrunk == [True] * 5 + [False]
    assert room.now == 1


def test_growing() -> None:
    """After some steps that went well twice as many are tried, up to what there was."""
    room = Room(6)
    room.shrink(2)

    places = []
    for _ in range(4):
        for _ in range(CALM):
            room.went_well()
        places.append(room.now)

    assert places == [2, 4, 6, 6]


def test_prompts_share_the_shortage() -> None:
    """Prompts are read in pieces as much smaller as steps are, though never below the least."""
    room = Room(64)

    before = room.share(512, 8)
    room.shrink(32)
    after = room.share(512, 8)
    for _ in range(9):
        room.shrink(room.now)

    assert (before, after, room.share(512, 8)) == (512, 128, 8)
