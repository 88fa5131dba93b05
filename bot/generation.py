"""What writes, as the settings name it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from bot.home import Home
from generators.registry import CombinedGenerator, GeneratorSettings, open_generators

if TYPE_CHECKING:
    from bot.configuration import Configuration


def generators_of(configuration: Configuration) -> CombinedGenerator:
    """What the settings name, all in one."""
    return open_generators(_settings(configuration))


def hosted_generators(configuration: Configuration) -> CombinedGenerator:
    """What this machine has itself, for whoever asks."""
    return open_generators(hosted_settings(configuration))


def hosted_settings(configuration: Configuration) -> GeneratorSettings:
    """What names that: a host that asked `remote.url` too might be asking itself.

    What channels have made here is served to nobody: who asks does not say where for.
    """
    from bot.visibility import is_a_channels

    return replace(_settings(configuration), remote_url=None, hides=is_a_channels)


def _settings(configuration: Configuration) -> GeneratorSettings:
    return GeneratorSettings(
        models=Home(configuration.home).models,
        default=configuration.models.default,
        max_batch=configuration.queue.batch,
        queue_limit=configuration.queue.limit,
        threads=configuration.threads,
        device=configuration.device,
        precision=configuration.precision,
        remote_url=configuration.remote.url,
        remote_key=configuration.remote.key.get_secret_value() if configuration.remote.key else None,
        remote_ca=configuration.remote.ca,
    )
