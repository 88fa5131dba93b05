"""A relay and talk, the same on each platform."""

from __future__ import annotations

from bot.games import actions
from tests.suite.stage import ADA, BEN, Seen, Stage

BEGIN = "/relay start temperature=0 sentences=4"
LETTER = "Once upon a midnight there was a letter nobody had written."


async def test_a_whole_relay(crowd: Stage) -> None:
    """Two people and the model write in turns, by command and by reply, until the last sentence."""
    await crowd.says(ADA, BEGIN)
    first = await crowd.until("It is Ada's turn")
    told = await crowd.pressed(BEN, first, "Join")
    assert "Ben plays along" in told
    await crowd.says(ADA, "/relay write Once upon a midnight")
    second = await crowd.until("It is Ben's turn")
    assert second.text.startswith(LETTER)

    await crowd.replies(BEN, second, "Once upon a midnight")

    ended = await crowd.until("The end.")
    assert ended.text.startswith(f"{LETTER} {LETTER}")
    assert "Ada, Ben" in ended.text
    assert "Join" not in ended.buttons


async def test_alone(stage: Stage) -> None:
    """One person plays with the model by answering its messages, beside a story, and takes the text home."""
    await stage.says(ADA, "/story start Once upon")
    await stage.ballot()
    await stage.says(ADA, BEGIN)
    first = await stage.until(lambda seen: "Join" in seen.buttons)

    await stage.replies(ADA, first, "Once upon a midnight")
    await stage.until(lambda seen: seen.text.startswith(LETTER) and "Join" in seen.buttons)
    await stage.says(ADA, "/relay export")

    exported = await stage.until(lambda seen: seen.files)
    assert LETTER in exported.files[0][1].decode()


async def test_not_their_turn(crowd: Stage) -> None:
    """Who writes when it is another's turn is told so alone."""
    await crowd.says(ADA, BEGIN)
    await crowd.until("It is Ada's turn")

    await crowd.says(BEN, "/relay write Once upon a midnight")

    told = await crowd.until("turn; /relay join", BEN)
    assert told.private == crowd.discreet


async def test_outlives_the_process(stage: Stage) -> None:
    """After a restart the turn goes on, with what was written before."""
    await stage.says(ADA, BEGIN)
    await stage.until("It is")
    await stage.says(ADA, "/relay write Once upon a midnight")
    await stage.until(lambda seen: seen.text.startswith(LETTER) and "Join" in seen.buttons)

    await stage.restart()

    again = await stage.until(lambda seen: seen.text.startswith(LETTER) and "Join" in seen.buttons)
    assert "Sentences: 2 of 4." in again.text


async def test_talk(stage: Stage) -> None:
    """Where an admin has turned it on, a reply to what the bot has said is answered, and otherwise nothing is."""
    await stage.says(ADA, "/settings temperature 0")
    said: Seen = await stage.until("temperature is 0")
    await stage.says(ADA, "/settings reply mention")
    await stage.until("reply is mention")

    await stage.replies(ADA, said, "Once upon a midnight there was a letter")

    answer = await stage.until(lambda seen: not seen.text.startswith("reply is"), after=said)
    assert answer.text
    assert not answer.private


def test_actions_fit_everywhere() -> None:
    """A button's action has 64 bytes at most, in the ten-thousand-millionth game too."""
    assert len(str(actions.Play(10**17, "x" * 16)).encode()) <= 64
