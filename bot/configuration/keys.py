"""Every key of `planchette.toml`, declared once: its kind, its default and what it may be.

A field's description is the noun phrase that ends the sentence «it has to be …».
"""

from __future__ import annotations

import ipaddress
import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final, Literal, TypeAlias, get_args
from urllib.parse import urlsplit

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PrivateAttr,
    SecretStr,
    ValidationInfo,
    field_validator,
)
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from bot.configuration.sources import Environment
from bot.home import Home, default_vault
from bot.shards import Shards

if TYPE_CHECKING:
    from storage.vault import Vault

LOOPBACK: Final = ("localhost", "127.0.0.1", "[::1]")


def is_loopback(host: str) -> bool:
    """Whether only this machine reaches a server that listens on `host`."""
    bare = host.strip("[]")
    if bare == "localhost":
        return True
    try:
        return ipaddress.ip_address(bare).is_loopback
    except ValueError:
        return False


def _listed(value: object) -> object:
    """A list as TOML has it, or one line with commas as an environment variable has it."""
    if isinstance(value, str):
        return tuple(part.strip() for part in value.split(",") if part.strip())
    if isinstance(value, list):
        return tuple(str(part) if isinstance(part, int) and not isinstance(part, bool) else part for part in value)
    return value


Names: TypeAlias = Annotated[tuple[str, ...], BeforeValidator(_listed)]
Port: TypeAlias = Annotated[int, Field(ge=0, le=65_535, description="a whole number from 0 to 65,535")]
Secret: TypeAlias = Annotated[
    SecretStr | None,
    BeforeValidator(lambda value: value or None),  # an empty key opens nothing and closes nothing
    Field(description="a text, `@/path` for the text of a file"),
]


def _reachable(address: str) -> str:
    """An address with a host, and with a port that there can be where it names one."""
    parts = urlsplit(address)
    if parts.port == 0 or not parts.hostname:  # the former raises by itself where it is no port at all
        raise ValueError(address)
    return address


Address: TypeAlias = Annotated[
    str,
    Field(pattern="^https?://", description="an address that begins with http:// or https://"),
    AfterValidator(_reachable),
]


def _named(path: Path) -> Path:
    """The path of a file, and not what is in it."""
    if not str(path).isprintable():
        raise ValueError(path)
    return path.expanduser()


def _certificates(path: Path) -> Path:
    """A file with certificates."""
    import ssl

    try:
        ssl.create_default_context(cafile=path)
    except OSError as fault:
        raise ValueError(path) from fault
    return path


def _shards(value: object) -> object:
    """A range of shards as it is written."""
    if isinstance(value, Shards | None):
        return value
    return Shards.parse(str(value))  # a table with its fields would else be taken for one, whatever they are


File: TypeAlias = Annotated[Path, AfterValidator(_named)]
Certificates: TypeAlias = Annotated[File, AfterValidator(_certificates)]


class _Keys(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    @field_validator("*", mode="before")
    @classmethod
    def _no_truth_where_a_number_is(cls, value: object, field: ValidationInfo) -> object:
        """TOML has words for truth, which Python takes for 0 and 1."""
        wanted = cls.model_fields[str(field.field_name)].annotation
        if isinstance(value, bool) and int in (wanted, *get_args(wanted)):
            raise ValueError(value)
        return value


class DiscordKeys(_Keys):
    """`discord.…`; the platform starts when its token is there."""

    token: Secret = None
    guilds: Names | None = Field(default=None, description="a list of server ids")
    api: Address = "https://discord.com/api/v10"
    shards: Annotated[Shards | None, BeforeValidator(_shards)] = Field(
        default=None, description="Discord's shards that this process has and how many there are, such as 0-3/8 or 4/8"
    )
    training_permission: str | None = Field(default=None, description="a reference to the permission that Discord gave")


class TelegramKeys(_Keys):
    """`telegram.…`; the platform starts when its token is there."""

    token: Secret = None
    chats: Names | None = Field(default=None, description="a list of chat ids")
    api: Address = "https://api.telegram.org"
    webhook: (
        Annotated[str, Field(pattern="^https?://", description="the https:// address at which Telegram reaches us")]
        | None
    ) = None
    webhook_host: str = Field(default="127.0.0.1", min_length=1, description="an address of this machine")
    webhook_port: Port = 8479
    webhook_secret: Secret = None


class WebKeys(_Keys):
    """`web.…`: the room in the browser."""

    enabled: bool = Field(default=True, description="true or false")
    host: str = Field(default="127.0.0.1", min_length=1, description="an address of this machine")
    port: Port = 8477
    key: Secret = None
    admin_key: Secret = None
    allowed_hosts: Names = Field(default=LOOPBACK, description="a list of host names")


class ModelKeys(_Keys):
    """`models.…`."""

    default: str | None = Field(default=None, min_length=1, description="a model's name")


class RemoteKeys(_Keys):
    """`remote.…`: a completions API elsewhere."""

    url: Address | None = Field(default=None, description="an address such as http://gpu.example:8478")
    key: Secret = None
    ca: Certificates | None = Field(
        default=None, description="the path of a PEM file with certificates, which this user may read"
    )


class HostKeys(_Keys):
    """`host.…`: the GPU host that this machine is."""

    host: str = Field(default="127.0.0.1", min_length=1, description="an address of this machine")
    port: Port = 8478
    key: Secret = None
    certificate: File | None = Field(default=None, description="the path of a PEM file")
    certificate_key: File | None = Field(default=None, description="the path of a PEM file")


Replicas: TypeAlias = Annotated[int, Field(ge=1, le=10_000, description="a whole number from 1 to 10,000")]
Processors: TypeAlias = Annotated[float, Field(gt=0, le=1024, description="a number above 0, at most 1,024")]
Accelerators: TypeAlias = Annotated[float, Field(ge=0, le=64, description="a number from 0 to 64")]


class PoolKeys(_Keys):
    """An entry of `cluster.pools`: models with replicas of their own; what is left out is the cluster's."""

    models: Annotated[Names, Field(min_length=1)]
    min_replicas: Replicas | None = None
    max_replicas: Replicas | None = None
    texts: Replicas | None = None
    cpus: Processors | None = None
    gpus: Accelerators | None = None

    def __str__(self) -> str:
        changed = [f"{name}={value}" for name, value in self if name != "models" and value is not None]
        return " ".join((" ".join(self.models), *changed))


class ClusterKeys(_Keys):
    """`cluster.…`: the same as the host on Ray Serve, at host.host and host.port of its machines."""

    address: str = Field(default="auto", min_length=1, description="auto, or an address such as 10.0.0.1:6379")
    min_replicas: Replicas = 1
    max_replicas: Replicas = 1
    texts: Replicas = 32
    cpus: Processors = 1.0
    gpus: Accelerators = 0.0
    pools: tuple[PoolKeys, ...] = Field(
        default=(), description="a list of tables [[cluster.pools]] with models and what is other for them"
    )
    training_gpus: Accelerators = 0.0
    training_retries: int = Field(default=3, ge=0, le=1000, description="a whole number from 0 to 1,000")


class DatabaseKeys(_Keys):
    """`database.…`."""

    url: Annotated[
        SecretStr | None, Field(description="a database's address such as postgresql+asyncpg://name@host/database")
    ] = None  # addresses carry passwords


class VaultKeys(_Keys):
    """`vault.…`: what encrypts people's text at rest."""

    key: Secret = None


class QueueKeys(_Keys):
    """`queue.…`."""

    batch: int = Field(default=64, ge=1, le=1024, description="a whole number from 1 to 1,024")
    limit: int = Field(default=64, ge=1, le=100_000, description="a whole number from 1 to 100,000")


class QuotaKeys(_Keys):
    """`quota.…`."""

    per_minute: int = Field(default=20, ge=1, le=100_000, description="a whole number from 1 to 100,000")


class TrainingKeys(_Keys):
    """`training.…`."""

    jobs: int = Field(default=1, ge=1, le=64, description="a whole number from 1 to 64")
    threads: int = Field(
        default_factory=lambda: min(256, max(1, (os.cpu_count() or 2) // 2)),  # half: the rest answers people
        ge=1,
        le=256,
        description="a whole number from 1 to 256",
    )
    disk_mb: int = Field(default=500, ge=1, le=10_000_000, description="a whole number from 1 to 10,000,000")
    retention_days: int = Field(default=365, ge=1, le=36_500, description="a whole number from 1 to 36,500")


class LogKeys(_Keys):
    """`log.…`."""

    level: Literal["debug", "info", "warning", "error"] = Field(
        default="info", description="debug, info, warning or error"
    )
    format: Literal["console", "json"] = Field(default="console", description="console or json")


class Configuration(BaseSettings):
    """All the operator's settings, checked; `origins` tells of each dotted key where its value came from."""

    model_config = SettingsConfigDict(
        env_prefix="PLANCHETTE_",
        env_nested_delimiter="__",
        env_ignore_empty=True,  # compose files pass variables that nobody set as empty ones
        enable_decoding=False,
        extra="forbid",
        frozen=True,
    )

    home: Path = Field(exclude=True)
    discord: DiscordKeys = DiscordKeys()
    telegram: TelegramKeys = TelegramKeys()
    web: WebKeys = WebKeys()
    models: ModelKeys = ModelKeys()
    remote: RemoteKeys = RemoteKeys()
    host: HostKeys = HostKeys()
    cluster: ClusterKeys = ClusterKeys()
    device: str = Field(default="auto", pattern=r"^(auto|cpu|cuda(:\d+)?)$", description="auto, cpu, cuda or cuda:N")
    threads: int | None = Field(default=None, ge=1, le=1024, description="a whole number from 1 to 1,024")
    precision: Literal["auto", "fp32", "bf16", "int8"] = Field(default="auto", description="auto, fp32, bf16 or int8")
    database: DatabaseKeys = DatabaseKeys()
    vault: VaultKeys = VaultKeys()
    queue: QueueKeys = QueueKeys()
    quota: QuotaKeys = QuotaKeys()
    training: TrainingKeys = Field(default_factory=lambda: TrainingKeys())
    log: LogKeys = LogKeys()

    _origins: dict[str, str] = PrivateAttr(default_factory=dict)

    @property
    def origins(self) -> dict[str, str]:
        """Dotted key to `default`, `planchette.toml`, `environment variable NAME` or a file's path."""
        return self._origins

    @property
    def database_url(self) -> str:
        """Where the database is: the operator's, or SQLite at home."""
        if self.database.url is not None:
            return self.database.url.get_secret_value()
        return f"sqlite+aiosqlite:///{Home(self.home).database}"

    @property
    def alone(self) -> bool:
        """Whether no other process can use the database: a file is that of one home, which one bot may use."""
        return self.database_url.startswith("sqlite")

    def open_vault(self) -> Vault:
        """The key that seals people's text: the operator's, or one that is made at first use, outside the home.

        Raises:
            UnusableVault: it cannot be used.
        """
        from storage.vault import Vault

        given = self.vault.key
        return Vault.open(default_vault()) if given is None else Vault.of(given.get_secret_value())

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """The environment goes before the file, whose values come as arguments."""
        del env_settings, dotenv_settings, file_secret_settings
        return Environment(settings_cls), init_settings
