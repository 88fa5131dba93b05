"""`planchette host`."""

from __future__ import annotations

import asyncio
import socket
from typing import TYPE_CHECKING, Annotated

import typer

from bot.shell.output import note, say

if TYPE_CHECKING:
    import ssl

    from bot.configuration import Configuration


def host(
    host: Annotated[str | None, typer.Option("--host", help="Where to listen, instead of host.host.")] = None,
    port: Annotated[
        int | None, typer.Option("--port", min=0, max=65_535, help="The port, instead of host.port; 0 takes any.")
    ] = None,
) -> None:
    """Serve this machine's models to bots on other machines.

    A bot that has this address in remote.url, and host.key in remote.key, lists them as remote:NAME. Any other program
    finds an OpenAI-compatible completions API. GET /health says when the default model is ready, and needs no key.
    """
    from bot.configuration import Exposed, is_loopback, load_configuration
    from bot.platforms.web.listening import listen
    from bot.shell.certificates import tls_of
    from bot.shell.logs import configure_logging

    configuration = load_configuration(serving=() if host else ("host",))
    configure_logging(configuration.log)
    address = host or configuration.host.host
    if not is_loopback(address) and not configuration.host.key:
        raise Exposed("host", address)
    tls = tls_of(configuration.host)
    listener = listen(address, configuration.host.port if port is None else port, section="host")
    asyncio.run(_serve(configuration, listener, address, tls))


async def _serve(
    configuration: Configuration, listener: socket.socket, address: str, tls: ssl.SSLContext | None
) -> None:
    from bot.generation import hosted_generators
    from bot.home import Home
    from bot.shell.serving import stop_on_signals
    from bot.visibility import is_a_channels
    from generators.host import Tuning, serve_host

    key = configuration.host.key
    stop = asyncio.Event()
    stop_on_signals(stop.set)
    home = Home(configuration.home)
    home.create()
    training = configuration.training
    tuning = Tuning(home.hosting, home.models, most=training.jobs, threads=training.threads, hides=is_a_channels)
    offered = await tuning.open()
    if not offered:
        note("Another host with this home takes files to learn from; this one only writes.")
    await serve_host(
        hosted_generators(configuration),
        listener,
        keys=[key.get_secret_value()] if key else [],
        default=own_default(configuration),
        tuning=tuning if offered else None,
        tls=tls,
        stop=stop,
        started=lambda: say(invitation(address, listener.getsockname()[1], secure=tls is not None)),
    )


def own_default(configuration: Configuration) -> str | None:
    """The model that makes a host ready; None for the first that it lists."""
    default = configuration.models.default
    if default is not None and default.startswith("remote:"):
        note(f"models.default is {default}, which this host leaves to others; it serves its own models.")
        return None
    return default


def invitation(address: str, port: int, *, secure: bool = False, end: str = "Ctrl-C") -> str:
    """What to set where the bot runs, and what ends the host."""
    if address.strip("[]") in ("0.0.0.0", "::"):
        address = socket.gethostname()
    elif ":" in address and not address.startswith("["):
        address = f"[{address}]"
    url = f"{'https' if secure else 'http'}://{address}:{port}/v1"
    return f"The models are served at {url} ({end} ends it); set remote.url to that address where the bot runs."
