"""What the operator decides: `planchette.toml`, the environment, and the defaults."""

from bot.configuration.faults import ConfigurationFault, Exposed, UnknownKey, UnreadableFile
from bot.configuration.keys import (
    LOOPBACK,
    Configuration,
    DatabaseKeys,
    DiscordKeys,
    HostKeys,
    LogKeys,
    ModelKeys,
    QueueKeys,
    QuotaKeys,
    RemoteKeys,
    TelegramKeys,
    TrainingKeys,
    VaultKeys,
    WebKeys,
    is_loopback,
)
from bot.configuration.loading import Shown, load_configuration, shown

__all__ = [
    "LOOPBACK",
    "Configuration",
    "ConfigurationFault",
    "DatabaseKeys",
    "DiscordKeys",
    "Exposed",
    "HostKeys",
    "LogKeys",
    "ModelKeys",
    "QueueKeys",
    "QuotaKeys",
    "RemoteKeys",
    "Shown",
    "TelegramKeys",
    "TrainingKeys",
    "UnknownKey",
    "UnreadableFile",
    "VaultKeys",
    "WebKeys",
    "is_loopback",
    "load_configuration",
    "shown",
]
