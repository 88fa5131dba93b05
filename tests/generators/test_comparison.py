"""Texts that models write to be compared."""

from __future__ import annotations

from generators.comparison import sampled
from generators.completion import CompletionRequest
from generators.scripted import Script, ScriptedGenerator


async def test_sampled() -> None:
    """Each prompt gets its texts, more than one request takes, each with a seed that can be named again."""
    generator = ScriptedGenerator(Script(texts=("Once upon a time.",)))
    request = CompletionRequest(model="scripted", seed=5, temperature=1.0, max_tokens=30)

    samples, speed = await sampled(generator, request, ["Once", "Once upon"], 20)
    await generator.close()

    assert [one.prompt for one in samples] == ["Once"] * 20 + ["Once upon"] * 20
    assert {one.seed for one in samples} == {5, 21}
    assert samples[-1].text.startswith(" a time")
    assert samples[-1].ended
    assert speed.tokens_per_second > 0
    assert speed.characters_per_second > 0
