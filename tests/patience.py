"""How long a test waits for what mostly comes at once."""

from __future__ import annotations

from typing import Final

PATIENCE: Final = 60.0  # seconds; only a test that fails needs them, or a machine that is very busy
