from __future__ import annotations

import tracemalloc
from collections.abc import Sequence
from functools import partial
from pathlib import Path

import pytest
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.consent.gate import Source
from bot.consent.ledger import Ledger
from bot.corpora import reading
from bot.corpora.building import Built, GivenFile, build, survey
from bot.corpora.errors import ConsentsChange, EmptyCorpus
from bot.corpora.reading import RightsOf
from generators.training.sealed import SealedWriter, read_sealed
from storage import consents, names
from storage.database import Database
from storage.vault import Vault
from tests.bot.corpora.conftest import ADA, BOB, EVE, KEY, NOW, PLACE, Keep, post

EVERYTHING = (Source.FILE, Source.SUBMISSION, Source.CHANNEL_LOG)


@pytest.fixture
def to(tmp_path: Path) -> Path:
    return tmp_path / "corpus.sealed"


@pytest.fixture
def building(database: Database, vault: Vault, rights_of: RightsOf, to: Path) -> Building:
    return Building(database, vault, rights_of, to)


class Building:
    """`build` with what every test gives it."""

    def __init__(self, database: Database, vault: Vault, rights_of: RightsOf, to: Path) -> None:
        self.database, self.vault, self.rights_of, self.to = database, vault, rights_of, to

    async def build(self, sources: Sequence[Source] = EVERYTHING, files: Sequence[GivenFile] = ()) -> Built:
        return await build(self.database, self.vault, self.rights_of, PLACE, sources, files, self.to, KEY)

    async def survey(self, sources: Sequence[Source] = EVERYTHING, files: Sequence[GivenFile] = ()) -> Built:
        return await survey(self.database, self.vault, self.rights_of, PLACE, sources, files)

    def documents(self) -> list[tuple[str, tuple[str, ...]]]:
        return [(document.text, document.labels) for document in read_sealed(self.to, KEY)]

    def texts(self) -> list[str]:
        return [text for text, _ in self.documents()]


async def test_posts_become_documents(keep: Keep, building: Building) -> None:
    """Conversations are documents without a label, texts and stories are documents with theirs, and all are counted."""
    await keep(
        [
            post(1, "hello there"),
            post(2, "good day", BOB),
            post(3, "Once upon a time.", source="submission", kind="story"),
            post(4, "A poem.", BOB, source="submission", kind="text"),
            post(5, "later", minutes=500),
            post(6, "an answer", BOB, minutes=600, reply_to="1"),
            post(7, "from an export", BOB, minutes=2500, source="import"),
        ]
    )

    built = await building.build()

    assert building.documents() == [
        ("Once upon a time.", ("story",)),
        ("A poem.", ("text",)),
        ("later", ()),
        ("hello there\ngood day\nan answer", ()),
        ("from an export", ()),
    ]
    assert (built.documents, built.characters) == (5, sum(len(text) for text in building.texts()))
    assert built.people == {(ADA, PLACE), (BOB, PLACE)}
    assert built.sources == {"channel_log": 5, "submission": 2}
    assert built.voices == 2


async def test_the_gate_is_asked_again(keep: Keep, building: Building) -> None:
    """What the ledger does not allow at the moment of use is left out, and counted by its reason."""
    await keep(
        [
            post(1, "allowed"),
            post(2, "never agreed", EVE),
            post(3, "before", minutes=-60),
            post(4, "edited later to this", edited=NOW),
        ]
    )

    built = await building.build()

    assert building.texts() == ["allowed\nedited later to this"]
    assert built.people == {(ADA, PLACE)}
    assert built.removed == {"no_consent": 1, "before_log": 1}


async def test_only_what_was_chosen(keep: Keep, building: Building) -> None:
    """Posts of sources that were not chosen are not even read."""
    await keep([post(1, "hello"), post(2, "A poem.", source="submission", kind="text")])

    built = await building.build([Source.SUBMISSION])

    assert building.texts() == ["A poem."]
    assert built.sources == {"submission": 1}


async def test_commands_repetitions_and_drawings_are_out(keep: Keep, building: Building) -> None:
    """Commands of any bot, long messages that came before, drawings of symbols and mere links are left out."""
    pasted = "this is a notice that somebody pastes into every channel"
    await keep(
        [
            post(1, "/generate a cat"),
            post(2, "!play that song"),
            post(3, pasted),
            post(4, pasted, BOB),
            post(5, "😂" * 4000),
            post(6, "https://example.com/a"),
            post(7, "lol"),
            post(8, "lol", BOB),
            post(9, "?!"),
            post(10, "😂"),
        ]
    )

    built = await building.build()

    assert building.texts() == [f"{pasted}\nlol\nlol\n?!\n😂"]
    assert built.removed == {"commands": 2, "duplicates": 1, "symbols": 1, "empty": 1}


async def test_nobody_is_named(keep: Keep, building: Building) -> None:
    """People who agreed are named nowhere, however they are called; nor is anything else of theirs left."""
    await keep([post(1, "Ada: ask Bob or Carol, 0\u200b30 1234\u200b5678"), post(2, "or ada@example.com @carol", BOB)])

    called = partial(names.know, vault=building.vault, place=PLACE, person=BOB, called=["Carol Jones"])
    await building.database.write(called)

    built = await building.build()

    assert building.texts() == ["[name]: ask [name] or [name], [number]\nor [email] [name]"]
    assert built.replaced == {"names": 3, "phones": 1, "emails": 1, "mentions": 1}


async def test_files_come_first(keep: Keep, building: Building, tmp_path: Path) -> None:
    """Files stand before what people said, so that the end is the newest; only secrets are taken out of them."""
    plain, sealed = tmp_path / "book.txt", tmp_path / "given.sealed"
    plain.write_text("Ada wrote to ada@example.com\nAda wrote\nAda wrote\n", "utf-8")
    with SealedWriter(sealed, bytes(32)) as writer:
        writer.write("a sealed tale")
    await keep([post(1, "hello")])

    built = await building.build(files=[GivenFile(plain, "book.txt"), GivenFile(sealed, "given", bytes(32))])

    assert building.documents() == [
        ("Ada wrote to [email]", ("text",)),
        ("Ada wrote", ("text",)),
        ("a sealed tale", ("text",)),
        ("hello", ()),
    ]
    assert built.sources == {"file": 3, "channel_log": 1}
    assert built.removed == {"duplicates": 1}
    assert built.people == {(ADA, PLACE)}


async def test_a_dry_run_counts_alike(keep: Keep, building: Building) -> None:
    """A dry run counts as the building does, and writes nothing."""
    await keep([post(number, f"message {number} of @somebody") for number in range(20)])

    counted = await building.survey()

    assert not building.to.exists()
    assert counted == await building.build()


@pytest.mark.parametrize(
    "given", [[], [post(1, "hello", EVE)], [post(1, "/help")]], ids=["none", "not allowed", "left out"]
)
async def test_nothing_to_learn(given: list[object], keep: Keep, building: Building) -> None:
    """Where nothing is left a sentence says why, and there is no corpus."""
    await keep(given)  # type: ignore[arg-type]

    with pytest.raises(EmptyCorpus, match=r"no text to learn|may be used|after cleaning"):
        await building.build()

    assert not building.to.exists()
    assert list(building.to.parent.glob("*.part")) == []


async def test_a_withdrawal_meanwhile(keep: Keep, building: Building, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who withdraws while the corpus is made is not in it."""
    monkeypatch.setattr(reading, "PAGE", 1)
    await keep([post(1, "first"), post(2, "second", BOB)])
    before, asked = building.rights_of, []

    async def withdrawing(conn: AsyncConnection, place: str) -> Ledger:
        asked.append(place)
        ledger = await before(conn, place)
        if len(asked) < 4:  # her page was read then
            return ledger
        without = {person: rows for person, rows in ledger.consents.items() if person != ADA}
        return Ledger(ledger.place, ledger.permission, ledger.log, without, ledger.now)

    building.rights_of = withdrawing

    built = await building.build()

    assert building.texts() == ["second"]
    assert built.people == {(BOB, PLACE)}


async def test_everybody_changes_their_mind(keep: Keep, building: Building) -> None:
    """Where people change what they allow again and again, a sentence says so, and there is no corpus."""
    await keep([post(1, "first")])
    before, asked = building.rights_of, []

    async def changing(conn: AsyncConnection, place: str) -> Ledger:
        asked.append(place)
        ledger = await before(conn, place)
        known = ledger.consents if len(asked) % 4 else {}
        return Ledger(ledger.place, ledger.permission, ledger.log, known, ledger.now)

    building.rights_of = changing

    with pytest.raises(ConsentsChange):
        await building.build()

    assert not building.to.exists()


async def test_a_consent_that_was_withdrawn(keep: Keep, building: Building) -> None:
    """Nobody who has withdrawn is in a corpus, though a row were left."""
    await keep([post(1, "first"), post(2, "second", BOB)])
    await building.database.write(partial(consents.withdraw, person=ADA, place=PLACE, at=NOW))

    await building.build()

    assert building.texts() == ["second"]


async def test_memory_is_constant(keep: Keep, building: Building, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ten times as many messages take about as much memory."""
    monkeypatch.setattr(reading, "PAGE", 50)
    peaks = []
    for begins, ends in ((0, 100), (100, 1000)):
        await keep([post(number, f"message {number} " + "x " * 50, BOB) for number in range(begins, ends)])
        tracemalloc.start()
        await building.build()
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()

    assert peaks[1] < 2 * peaks[0] + 2_000_000


async def test_names_of_who_agrees(keep: Keep, building: Building) -> None:
    """How people are called who agree is taken out of what the others say."""
    await keep([post(1, "hello there"), post(2, "The dude thanks countess Lovelace!", BOB)])
    await building.database.write(
        partial(names.know, vault=building.vault, place=PLACE, person=ADA, called=["Countess L. Lovelace"])
    )

    built = await building.build()

    assert building.texts() == ["hello there\nThe dude thanks [name] [name]!"]
    assert built.replaced["names"] == 2
