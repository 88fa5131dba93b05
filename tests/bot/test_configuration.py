"""The operator's settings: where they come from, and what is said when they are wrong."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.configuration import Configuration, is_loopback, load_configuration, shown
from bot.configuration.loading import known_keys
from bot.generation import hosted_settings
from generators.errors import UserError


def write(home: Path, text: str) -> None:
    home.mkdir(exist_ok=True)
    (home / "planchette.toml").write_text(text, "utf-8")


def sentence(home: Path) -> str:
    with pytest.raises(UserError) as fault:
        load_configuration(home)
    return fault.value.sentence()


def test_defaults(home: Path) -> None:
    """An empty home has the documented defaults, and every key says so."""
    configuration = load_configuration(home)

    assert (configuration.web.host, configuration.web.port, configuration.web.enabled) == ("127.0.0.1", 8477, True)
    assert (configuration.host.host, configuration.host.port) == ("127.0.0.1", 8478)
    assert (configuration.queue.batch, configuration.queue.limit) == (64, 64)
    assert (configuration.quota.per_minute, configuration.training.jobs) == (20, 1)
    assert (configuration.device, configuration.log.level, configuration.log.format) == ("auto", "info", "console")
    assert configuration.database_url.endswith("/home/planchette.db")
    assert set(configuration.origins.values()) == {"default"}


def test_home_of_the_environment(home: Path) -> None:
    """Without an argument the home is PLANCHETTE_HOME."""
    assert load_configuration().home == home


def test_file(home: Path) -> None:
    """The file goes before the defaults, and says so."""
    write(home, '[web]\nport = 9000\n[discord]\nguilds = [12, "34"]\n')

    configuration = load_configuration(home)

    assert configuration.web.port == 9000
    assert configuration.discord.guilds == ("12", "34")
    assert configuration.origins["web.port"] == "planchette.toml"
    assert configuration.origins["web.host"] == "default"


def test_what_writes_is_told(home: Path) -> None:
    """How many texts are written at once, and how many wait, is what the engines do."""
    write(home, "[queue]\nbatch = 256\nlimit = 100\n")

    settings = hosted_settings(load_configuration(home))

    assert (settings.max_batch, settings.queue_limit) == (256, 100)


def test_environment(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A variable goes before the file, lists are written with commas, and empty variables count as unset."""
    write(home, "[web]\nport = 9000\n")
    monkeypatch.setenv("PLANCHETTE_WEB__PORT", "9001")
    monkeypatch.setenv("PLANCHETTE_TELEGRAM__CHATS", "1, 2")
    monkeypatch.setenv("PLANCHETTE_DISCORD__TOKEN", "")

    configuration = load_configuration(home)

    assert configuration.web.port == 9001
    assert configuration.telegram.chats == ("1", "2")
    assert configuration.discord.token is None
    assert configuration.origins["web.port"] == "environment variable PLANCHETTE_WEB__PORT"


@pytest.mark.parametrize("form", ["at in the file", "at in the environment", "_FILE"])
def test_secret_from_a_file(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, form: str) -> None:
    """A secret can stand in a file of its own, whose last line end is not part of it."""
    secret = tmp_path / "secret"
    secret.write_text("hush hush\n")
    if form == "at in the file":
        write(home, f'[web]\nkey = "@{secret}"\n')
    elif form == "at in the environment":
        monkeypatch.setenv("PLANCHETTE_WEB__KEY", f"@{secret}")
    else:
        monkeypatch.setenv("PLANCHETTE_WEB__KEY_FILE", str(secret))

    configuration = load_configuration(home)

    assert configuration.web.key is not None
    assert configuration.web.key.get_secret_value() == "hush hush"
    assert configuration.origins["web.key"] == f"file {secret}"


def test_secrets_are_masked(home: Path) -> None:
    """No way of showing the settings shows a secret."""
    write(home, '[web]\nkey = "hush"\n[database]\nurl = "postgresql://ada:hush@host/name"\n')

    configuration = load_configuration(home)

    lines = {line.key: line for line in shown(configuration)}
    assert lines["web.key"].value == lines["database.url"].value == "********"
    assert "hush" not in repr(configuration) + str(lines)


def test_every_key_is_shown(home: Path) -> None:
    """Doctor can print every key there is."""
    keys = {line.key for line in shown(load_configuration(home))}

    assert keys == {
        *("discord.token", "discord.guilds", "discord.training_permission", "telegram.token", "telegram.chats"),
        *("web.enabled", "web.host", "web.port", "web.key", "web.admin_key", "web.allowed_hosts", "models.default"),
        *("remote.url", "remote.key", "remote.ca", "host.host", "host.port", "host.key", "host.certificate"),
        *("host.certificate_key", "device", "threads", "precision"),
        *("cluster.address", "cluster.min_replicas", "cluster.max_replicas", "cluster.texts", "cluster.cpus"),
        *("cluster.gpus", "cluster.pools", "cluster.training_gpus", "cluster.training_retries", "database.url"),
        *("vault.key", "queue.batch", "queue.limit", "quota.per_minute", "training.jobs", "training.threads"),
        *("training.disk_mb", "training.retention_days", "discord.shards"),
        *("log.level", "log.format", "discord.api", "telegram.api", "telegram.webhook", "telegram.webhook_host"),
        *("telegram.webhook_port", "telegram.webhook_secret"),
    }


def test_documented() -> None:
    """The page of settings names every key."""
    page = (Path(__file__).parents[2] / "docs" / "settings.md").read_text("utf-8")

    missing = [key for key, _, _ in known_keys() if f"`{key}`" not in page]

    assert missing == []


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("[web]\nprot = 1", "There is no setting web.prot (planchette.toml, line 2). Did you mean web.port?"),
        ('[web]\nport = "abc"', "web.port cannot be abc (planchette.toml, line 2); it has to be a whole number from 0"),
        ("[web]\nkey = 3", "The value of web.key (planchette.toml, line 2) has to be a text"),
        ("web = 3", "web cannot be 3 (planchette.toml, line 1); it has to be a table"),
        ("[web.port]\na = 1", "web.port cannot be"),
        ('device = "gpu"', "device cannot be gpu (planchette.toml, line 1); it has to be auto, cpu, cuda or cuda:N."),
        (
            "[queue]\nbatch = true",
            "queue.batch cannot be True (planchette.toml, line 2); it has to be a whole",
        ),
        ("[discord]\nguilds = [true]", "discord.guilds cannot be True"),
        ("[log]\nlevel = 'loud'", "log.level cannot be loud (planchette.toml, line 2); it has to be debug, info,"),
        ("[remote]\nurl = 'ftp://x'", "remote.url cannot be ftp://x"),
        ("[remote]\nurl = 'http://x:99999'", "remote.url cannot be http://x:99999"),
        ("[remote]\nurl = 'http://x:port'", "remote.url cannot be http://x:port"),
        ("[remote]\nurl = 'http://'", "it has to be an address such as http://gpu.example:8478."),
        (
            "[remote]\nca = '/nowhere'",
            "remote.ca cannot be /nowhere (planchette.toml, line 2); it has to be the path",
        ),
        (
            '[host]\ncertificate = "-----\\n"',
            "The value of host.certificate (planchette.toml, line 2) has to be the",
        ),
        ("home = 'x'", "There is no setting home"),
        ("quux = 1", "There is no setting quux (planchette.toml, line 1); `planchette doctor` lists"),
        ("[web", "planchette.toml cannot be read: "),
        ('[web]\nhost = "0.0.0.0"', "web.host is 0.0.0.0, which other machines can reach, so web.key has to be set"),
        ('[host]\nhost = "::"', "host.host is ::, which other machines can reach, so host.key has to be set too."),
    ],
)
def test_wrong_file(home: Path, text: str, expected: str) -> None:
    """What is wrong with the file is one sentence that names the key, the line and what is allowed."""
    write(home, text)

    assert expected in sentence(home)
    assert "\n" not in sentence(home)


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("WEB__PRT", "1", "There is no setting web.prt (environment variable PLANCHETTE_WEB__PRT)."),
        ("WEB__PORT", "x", "web.port cannot be x (environment variable PLANCHETTE_WEB__PORT)"),
        ("WEB__KEY_FILE", "/nowhere/at/all", "/nowhere/at/all cannot be read: No such file or directory."),
        ("TRAINING", "x", "training cannot be x (environment variable PLANCHETTE_TRAINING)"),
    ],
)
def test_wrong_environment(home: Path, monkeypatch: pytest.MonkeyPatch, name: str, value: str, expected: str) -> None:
    """What is wrong with a variable names the variable."""
    monkeypatch.setenv(f"PLANCHETTE_{name}", value)

    assert expected in sentence(home)


def test_home_that_is_a_file(home: Path) -> None:
    """A home that is no directory is one sentence that names it, and the file is left as it is."""
    home.write_text("somebody's notes", "utf-8")

    told = f"The home {home} cannot be used: a file stands where a directory should be. Mend it, or set PLANCHETTE_HOME"
    assert sentence(home) == f"{told} to another directory."
    assert home.read_text("utf-8") == "somebody's notes"


def test_file_that_is_no_text(home: Path) -> None:
    """A file in another encoding is one sentence."""
    home.mkdir()
    (home / "planchette.toml").write_bytes(b"\xff\xfe[\x00")

    assert "is not UTF-8 text" in sentence(home)


def test_exposed_with_a_key(home: Path) -> None:
    """With a key the room may be open to others."""
    write(home, '[web]\nhost = "0.0.0.0"\nkey = "hush"\n')

    assert load_configuration(home).web.host == "0.0.0.0"


def test_empty_key_is_no_key(home: Path) -> None:
    """An empty key does not open the room to others."""
    write(home, '[web]\nhost = "0.0.0.0"\nkey = ""\n')

    assert "web.key has to be set" in sentence(home)


@pytest.mark.parametrize("host", ["127.0.0.1", "127.1.2.3", "::1", "[::1]", "localhost"])
def test_loopback(host: str) -> None:
    """A name of this machine itself counts as loopback."""
    assert is_loopback(host)


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.2", "example.org", ""])
def test_no_loopback(host: str) -> None:
    """Whatever others may reach does not count as loopback."""
    assert not is_loopback(host)


def test_frozen(home: Path) -> None:
    """Nothing changes the settings while the bot runs."""
    configuration = Configuration(home=home)

    with pytest.raises(ValueError, match="frozen"):
        configuration.device = "cpu"
