"""The stand-in as a process of its own: prints one JSON line with its addresses, then serves until it is ended."""

from __future__ import annotations

import argparse
import asyncio
import json
import signal
import sys

from tests.fakes.discord.control import PATH, Control
from tests.fakes.discord.server import DiscordServer


async def serve(options: argparse.Namespace) -> None:
    """Serves until SIGTERM or SIGINT, or until standard input is closed where that was asked for."""
    server = DiscordServer(
        port=options.port,
        shards=options.shards,
        message_content=options.message_content,
        checked=not options.unchecked,
        paced=not options.unpaced,
    )
    app = server.web_application()
    Control(server).register(app)
    await server.start(app)
    try:
        addresses = {
            "api": server.api,
            "gateway": server.gateway_url,
            "control": server.url + PATH,
            "token": server.token,
            "application": str(server.application.id),
        }
        print(json.dumps(addresses), flush=True)
        await ended(while_stdin=options.while_stdin)
    finally:
        await server.stop()


async def ended(*, while_stdin: bool) -> None:
    """Returns when the process is to end."""
    loop, end = asyncio.get_running_loop(), asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, end.set)
    if while_stdin:  # whoever started it is gone: no server is left behind
        loop.add_reader(sys.stdin, end.set)  # nothing is ever written to it
    await end.wait()


def main() -> None:
    """Reads the options and serves."""
    parser = argparse.ArgumentParser(prog="python -m tests.fakes.discord", description=__doc__)
    parser.add_argument("--port", type=int, default=0, help="0 takes any free one")
    parser.add_argument("--shards", type=int, default=1)
    parser.add_argument("--message-content", action="store_true", help="the privileged intent is on")
    parser.add_argument("--unchecked", action="store_true", help="without the published document")
    parser.add_argument("--unpaced", action="store_true", help="without rate limits")
    parser.add_argument("--while-stdin", action="store_true", help="end when standard input is closed")
    asyncio.run(serve(parser.parse_args()))


if __name__ == "__main__":
    main()
