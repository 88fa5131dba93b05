"""What writes, as the settings name it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.home import Home
from generators.registry import CombinedGenerator, GeneratorSettings, open_generators

if TYPE_CHECKING:
    from bot.configuration import Configuration


def generators_of(configuration: Configuration) -> CombinedGenerator:
    """What the settings name, all in one."""
    return open_generators(
        GeneratorSettings(
            models=Home(configuration.home).models,
            default=configuration.models.default,
            queue_limit=configuration.queue.limit,
            threads=configuration.threads,
            device=configuration.device,
            remote_url=configuration.remote.url,
            remote_key=configuration.remote.key.get_secret_value() if configuration.remote.key else None,
        )
    )
