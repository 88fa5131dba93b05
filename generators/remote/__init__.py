"""Models on another machine: a completions API, ours or anybody's."""

from __future__ import annotations

from typing import TYPE_CHECKING

from generators.registry import GeneratorSettings

if TYPE_CHECKING:
    from generators.remote.generator import RemoteGenerator


def factory(settings: GeneratorSettings) -> RemoteGenerator | None:
    """A remote generator where the settings name an address."""
    if not settings.remote_url:
        return None
    from generators.remote.generator import RemoteGenerator

    return RemoteGenerator(settings.remote_url, settings.remote_key, authority=settings.remote_ca)
