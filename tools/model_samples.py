"""The page of samples: what each model that ships writes, by its own defaults and with fixed seeds, all of it."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import cycle, islice
from pathlib import Path
from typing import Final

from bot.platforms.terminal import printable
from generators.comparison import Sample, sampled
from generators.completion import CompletionRequest
from generators.engine import Engine
from generators.kinds import load_model
from generators.local import Shelf
from tools.model_measures import kinds_of

SAMPLES: Final = 20  # of each model

STORY: Final = ("Once upon a time", '"Who is there?" asked the king', "The old house at the end of the lane")
PROMPTS: Final[Mapping[str | None, Sequence[str]]] = {
    "talk": ("Hello! How are you today?\n", "Have you seen a good film lately?\n", "What kind of music do you like?\n"),
    "de": ("Es war einmal", '"Wer ist da?" fragte der König', "Das alte Haus am Ende der Straße"),
    "fr": ("Il était une fois", "– Qui est là ? demanda le roi", "La vieille maison au bout du chemin"),
    "es": ("Érase una vez", "—¿Quién es? —preguntó el rey", "La vieja casa al final del camino"),
    "ru": ("Жил-был", "– Кто там? – спросил царь", "Старый дом в конце улицы"),
    "zh": ("从前有", "国王问道", "路尽头的那座老房子"),
}

INTRODUCTION: Final = """\
# Samples

What the models write, unpicked: for each, twenty texts from nothing and from three prompts, with fixed seeds and the
model's own temperature and length. `python -m tools.model_pages` wrote this page; `planchette generate PROMPT --model
NAME --seed N`, with `--label` where one is named, writes any of these texts again. A prompt stands in front of its
text; one for `talk` ends with its line (`$'Hello! How are you today?\\n'` in a shell).
[models.md](models.md) says what the models are.
"""


def samples_page(models: Sequence[tuple[Shelf, Path]]) -> str:
    """The page as Markdown."""
    return "\n".join([INTRODUCTION, *(line for shelf, directory in models for line in _of_model(shelf, directory))])


def openings(labels: Sequence[str | None]) -> list[tuple[str | None, str, int]]:
    """Label, prompt and seed of each sample: for every kind of text from nothing first, then from each prompt."""
    each = [(label, prompt) for label in labels for prompt in ("", *PROMPTS.get(label, STORY))]
    repeated = list(islice(cycle(each), max(SAMPLES, len(each))))
    return [(*opening, seed) for opening in each for seed in range(1, repeated.count(opening) + 1)]


def _of_model(shelf: Shelf, directory: Path) -> Iterator[str]:
    info = shelf.info(directory)
    engine = Engine(load_model(directory, info))
    asked = openings(list(kinds_of(directory)))
    yield f"## {info.name}\n"
    yield f"Version `{info.version}`.\n" if shelf.shipped else "It does not ship, and stands here for comparison.\n"
    try:
        for number, (label, prompt, seed) in enumerate(asked, start=1):
            request = CompletionRequest(model=info.name, label=label, seed=seed)
            (sample,), _ = asyncio.run(sampled(engine, request, [prompt], 1))
            yield from _shown(number, label, sample)
    finally:
        engine.close()


def _shown(number: int, label: str | None, sample: Sample) -> Iterator[str]:
    facts = [
        f"seed {sample.seed}",
        *([f"label `{label}`"] if label else []),
        f"from `{sample.prompt.strip()}`" if sample.prompt else "from nothing",
        *([] if sample.ended else ["cut at its length"]),
    ]
    text = sample.prompt + sample.text
    fence = "`" * max(3, *(len(run) + 1 for run in re.findall("`+", text)), 3)
    yield f"**{number}** · {' · '.join(facts)}\n"
    yield f"{fence}text\n{printable(text).strip() or '(nothing)'}\n{fence}\n"
