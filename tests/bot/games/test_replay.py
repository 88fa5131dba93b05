"""An exported story can be written again from its tokens, votes and seeds."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from html.parser import HTMLParser
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.games.errors import UnreadableStory
from bot.games.export import Format
from bot.games.replay import replay
from bot.games.tables import Tables
from tests.bot.games.conftest import ADA, BEN, CLEO, LOBBY, Lobby


async def exported(tables: Tables, form: Format) -> str:
    """The lobby's story as a file's text."""
    message = await tables.export(LOBBY, form)
    (file,) = message.attachments
    assert file.name.endswith(f".{form}")
    return file.data.decode()


@pytest.fixture
async def told(lobby: Lobby) -> dict[str, Any]:
    """A story with a tie, a round without votes, a write-in and an undone round."""
    await lobby.start("Once <upon> a", temperature=0.7)
    await lobby.press(lobby.ballot.buttons[0], ADA)
    await lobby.press(lobby.ballot.buttons[1], BEN)
    await lobby.wait(60)
    await lobby.wait(60)
    await lobby.tables.undo(LOBBY, ADA)
    await lobby.tables.settled()
    await lobby.tables.votes.write(LOBBY, CLEO, "dragon")
    await lobby.wait(60)
    await lobby.press(next(button for button in lobby.ballot.buttons if "end" not in button.label), ADA)
    await lobby.wait(60)
    document = json.loads(await exported(lobby.tables, "json"))
    assert isinstance(document, dict)
    return document


async def test_replay_tells_the_same(lobby: Lobby, told: dict[str, Any]) -> None:
    """Ties and draws come out of the recorded seeds as they did, undone rounds too."""
    again = replay(told, {lobby.model: told["model"]["version"]})

    assert again.text == await lobby.text()
    assert again.text.startswith("Once <upon> a")
    assert " dragon" in again.text
    assert again.rounds == 4
    assert again.differences == ()
    assert {round_["reason"] for round_ in told["rounds"]} >= {"tie", "no votes", "votes"}


async def test_a_story_that_ended(lobby: Lobby) -> None:
    """The bare end adds nothing to the text, in the replay as in the story."""
    await lobby.start(candidates=5)
    await lobby.press(next(button for button in lobby.ballot.buttons if button.label.startswith("The end")), ADA)
    await lobby.wait(60)
    document = json.loads(await exported(lobby.tables, "json"))

    again = replay(document, {lobby.model: document["model"]["version"]})

    assert (again.text, again.rounds, again.differences) == ("Once upon a", 1, ())
    assert document["story"]["state"] == "ended"


async def test_exports_keep_platform_ids_out(lobby: Lobby, told: dict[str, Any]) -> None:
    """An export has people's names and numbers of its own, no id of the platform."""
    written = [await exported(lobby.tables, form) for form in ("json", "md", "html")]

    assert {person["name"] for person in told["people"]} == {"Ada", "Ben", "Cleo"}
    assert not any("web:" in text for text in written)


async def test_exports_to_read(lobby: Lobby, told: dict[str, Any]) -> None:
    """Markdown and HTML show the text as it is, whatever characters it has."""
    markdown = await exported(lobby.tables, "md")
    page = await exported(lobby.tables, "html")

    assert "Once \\<upon\\> a" in markdown
    assert "written in" not in markdown
    assert "Once &lt;upon&gt; a" in page
    assert "<upon>" not in page
    seen: list[str] = []
    parser = HTMLParser()
    parser.handle_data = seen.append  # type: ignore[assignment, method-assign]
    parser.feed(page)
    assert told["text"] in "".join(seen)


async def test_another_model(lobby: Lobby, told: dict[str, Any]) -> None:
    """A replay says where the model that is installed is another one, and tells the story all the same."""
    newer = replay(told, {lobby.model: "another"})
    missing = replay(told, {})

    assert newer.text == missing.text == told["text"]
    assert newer.model is not None
    assert "installed is another" in newer.model
    assert missing.model is not None
    assert "is not installed" in missing.model
    assert newer.differences == missing.differences == ()


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (lambda told: told["rounds"][0].update(winner=2), "Round 1, attempt 1: the record says candidate 2 won"),
        (lambda told: told["rounds"][3]["votes"].clear(), "Round 2, attempt 2: the record says candidate 3 won"),
        (lambda told: told["units"][1].update(text=" knight"), "Unit 2 of the text is not what its round decided."),
        (lambda told: told["units"].pop(), "The record has 2 units, but its rounds decided 3."),
        (lambda told: told.update(text="Another"), "The text of the record is not the text that follows"),
    ],
)
async def test_records_that_do_not_follow(
    lobby: Lobby, told: dict[str, Any], change: Callable[[dict[str, Any]], object], sentence: str
) -> None:
    """Whatever was changed in a record is said in one sentence."""
    changed = copy.deepcopy(told)
    change(changed)

    again = replay(changed, {lobby.model: told["model"]["version"]})

    assert any(difference.startswith(sentence) for difference in again.differences)


def minimal() -> dict[str, Any]:
    """The smallest story with a round."""
    return {
        "format": "planchette-story",
        "version": 1,
        "model": {"name": "m", "version": "v"},
        "start": {"text": "a", "token_ids": [1]},
        "rounds": [
            {
                "position": 0,
                "attempt": 1,
                "state": "closed",
                "seed": 7,
                "temperature": 1.0,
                "candidates": [{"slot": 0, "text": " b", "token_ids": [2], "logprob": -1.0, "end": False}],
                "votes": [{"person": 1, "slot": 0}],
                "winner": 0,
            }
        ],
        "units": [{"position": 0, "text": " b", "token_ids": [2]}],
        "text": "a b",
    }


def test_a_minimal_story() -> None:
    """What a replay needs is enough."""
    assert replay(minimal(), {"m": "v"}).differences == ()


@pytest.mark.parametrize(
    "change",
    [
        lambda told: told.update(format="other"),
        lambda told: told.update(version=2),
        lambda told: told.pop("model"),
        lambda told: told.update(text=None),
        lambda told: told.update(text="\ud800"),
        lambda told: told["rounds"].append(3),
        lambda told: told["rounds"].append(copy.deepcopy(told["rounds"][0])),
        lambda told: told["rounds"][0].update(state="lost"),
        lambda told: told["rounds"][0].update(seed=-1),
        lambda told: told["rounds"][0].update(seed=2**63),
        lambda told: told["rounds"][0].update(seed=True),
        lambda told: told["rounds"][0].update(temperature=-1),
        lambda told: told["rounds"][0].update(temperature=None),
        lambda told: told["rounds"][0].update(temperature=float("nan")),
        lambda told: told["rounds"][0].update(temperature=10**400),
        lambda told: told["rounds"][0].update(candidates=[]),
        lambda told: told["rounds"][0]["candidates"].append(told["rounds"][0]["candidates"][0]),
        lambda told: told["rounds"][0]["candidates"][0].update(token_ids=["x"]),
        lambda told: told["rounds"][0]["candidates"][0].update(logprob="much"),
        lambda told: told["rounds"][0]["votes"].append({"person": 1, "slot": 0}),
        lambda told: told["rounds"][0]["votes"].append({"person": 2, "slot": 9}),
        lambda told: told["units"].append([]),
    ],
)
def test_malformed_stories(change: Callable[[dict[str, Any]], object]) -> None:
    """A file that is no exported story gets one sentence that says what is wrong with it."""
    told = minimal()
    change(told)

    with pytest.raises(UnreadableStory) as caught:
        replay(told, {})

    assert caught.value.sentence().startswith("This is not an exported story that can be replayed: ")


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@given(JSON, st.sampled_from(["model", "start", "rounds", "units", "text", "format", "version"]))
def test_any_json(value: object, key: str) -> None:
    """Whatever stands in the place of a part, a replay either works or says why not."""
    for told in (value, {**minimal(), key: value}):
        try:
            replay(told, {})
        except UnreadableStory as fault:
            fault.sentence().encode("utf-8", "surrogatepass")
