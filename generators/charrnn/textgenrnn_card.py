"""The model card of an imported textgenrnn model."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from generators.charrnn.textgenrnn import Original


def card(original: Original, lineage: Mapping[str, Any]) -> str:
    """README.md of the directory, in the hub's format.

    Args:
        original: what was imported.
        lineage: what planchette.json records.
    """
    files = "\n".join(
        f"- `{file['file']}`, {file['bytes']:,} bytes, sha256 `{file['sha256']}`" for file in lineage["files"]
    )
    differences = "\n".join(f"- {difference}" for difference in _differences(original))
    token = "word" if original.words else "character"
    return f"""---
library_name: planchette
pipeline_tag: text-generation
tags:
- charrnn
- textgenrnn
---

# {lineage["name"]}

{lineage["description"]}. {lineage["metrics"]["parameters"]:,} parameters, imported from textgenrnn's files.

```
{lineage["command"]}
```

{files}

Each {token} is predicted from the last {original.window} tokens, padded at the left with `<pad>`, which is also what
unknown {token}s are read as. A {token} therefore costs {original.window} steps. Ids are the original's.

The original's own cycle of temperatures is `--temperature 1 --temperature 0.5 --temperature 0.2 --temperature 0.2`.

## What differs from textgenrnn

{differences}
"""


def _differences(original: Original) -> list[str]:
    said = ["Padding is never drawn; where textgenrnn draws it, it takes the second likeliest token instead."]
    if original.weights.contexts:
        said.append("Contexts are left out: this is the model's path for text alone.")
    if original.single:
        said.append(
            f"It was trained on a single text and begins from padding. textgenrnn leaves the first {original.window} "
            "tokens of what it writes away; here they are part of the text."
        )
    if not original.end:
        said.append("It has no token for the end of a text, which therefore ends at its greatest length.")
    if original.words:
        said.append(
            "A word is written with the space before it, so that text can be read while it is written. A text begins "
            "with a space, and spaces behind opening brackets, `$`, `_`, apostrophes and inside quotation marks stay."
        )
    return said
