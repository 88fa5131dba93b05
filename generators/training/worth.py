"""What a job's model is worth is told by one figure everywhere: that of the newest text, which the job withheld.

Its training has held documents out of the older text too, to know when to end; those are like what was learnt, so that
their figure is far better, and only the card keeps it.
"""

from __future__ import annotations

from pathlib import Path

from generators.directory import read_json
from generators.training.card import with_description, with_newest
from generators.training.publishing import CARD, LINEAGE, write_json


def note_worth(directory: Path, before: float, after: float) -> None:
    """Says of a model how many bits per character of the newest text it has; done again, it changes nothing.

    Args:
        directory: of the model; it is not in use yet.
        before: bits per character of its base.
        after: of the model.
    """
    lineage = read_json(directory, LINEAGE, required=False)
    described = str(lineage.get("description", ""))
    recipe = str((lineage.get("recipe") or {}).get("description", ""))
    lineage["description"] = "; ".join(filter(None, (recipe, f"{after:.2f} bits per character of the newest text")))
    lineage["metrics"] = {**(lineage.get("metrics") or {}), "newest": {"base": before, "bits_per_character": after}}
    card = directory / CARD
    if card.is_file():
        text = with_newest(card.read_text("utf-8"), before, after)
        card.write_text(with_description(text, described, lineage["description"]), "utf-8")
    write_json(directory / LINEAGE, lineage)
