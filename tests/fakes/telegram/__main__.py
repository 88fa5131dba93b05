"""The stand-in Telegram in a process of its own: prints one line of JSON, then serves until it is ended."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import signal

from tests.fakes.telegram import TOKEN, TelegramServer


async def serve(options: argparse.Namespace) -> None:
    """Serves until SIGTERM or SIGINT."""
    ended = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, ended.set)
    async with TelegramServer(token=options.token, port=options.port, checked=not options.unchecked) as telegram:
        if options.unlimited:
            telegram.rates = None
        telegram.can_read_all_group_messages = options.hears_groups
        where = {
            "port": int(telegram.url.rpartition(":")[2]),
            "token": telegram.token,
            "base_url": telegram.base_url,
            "base_file_url": telegram.base_file_url,
            "control": f"{telegram.url}/control",
            "schema_checked": telegram.schema_checked,
        }
        print(json.dumps(where), flush=True)
        await ended.wait()


def main() -> None:
    """Reads the options and serves."""
    parser = argparse.ArgumentParser(prog="tests.fakes.telegram", description=__doc__)
    parser.add_argument("--port", type=int, default=0, help="on loopback; 0 takes a free one")
    parser.add_argument("--token", default=TOKEN, help="of the bot")
    parser.add_argument("--unchecked", action="store_true", help="do not hold requests against the published API")
    parser.add_argument("--unlimited", action="store_true", help="without flood limits")
    parser.add_argument("--hears-groups", action="store_true", help="privacy mode off")
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(serve(parser.parse_args()))


if __name__ == "__main__":
    main()
