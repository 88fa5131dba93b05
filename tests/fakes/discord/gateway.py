"""The gateway: websockets on which the bot identifies, and hears what happens in its shard."""

from __future__ import annotations

import asyncio
import contextlib
import json
import secrets
import zlib
from collections import deque
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, Final

from aiohttp import WSMsgType, web

from tests.fakes.discord.application import FLAG_OF_INTENT
from tests.fakes.discord.faults import Json

if TYPE_CHECKING:
    from tests.fakes.discord.guilds import Guild
    from tests.fakes.discord.server import DiscordServer

DISPATCH, HEARTBEAT, IDENTIFY, PRESENCE, VOICE, RESUME = 0, 1, 2, 3, 4, 6
RECONNECT, MEMBERS, INVALID_SESSION, HELLO, ACKNOWLEDGED = 7, 8, 9, 10, 11
INTERVAL: Final = 41_250  # ms between heartbeats
PAYLOAD: Final = 4096  # bytes that a bot may send at once; Discord API v10, gateway
EVENTS: Final = 120  # that a bot may send in a minute; the same
REPLAYED: Final = 5000  # events that a session remembers for a resumption
UNKNOWN_OPCODE, DECODE_ERROR, NOT_AUTHENTICATED, WRONG_TOKEN = 4001, 4002, 4003, 4004
ALREADY_AUTHENTICATED, TOO_FAST, INVALID_SHARD, DISALLOWED_INTENTS = 4005, 4008, 4010, 4014

Data = Json | Callable[["Session"], Json]


class Session:
    """What an identified shard has been told, also while it is away."""

    def __init__(self, shard: int, shards: int, intents: int) -> None:
        self.id = secrets.token_hex(16)
        self.shard = shard
        self.shards = shards
        self.intents = intents
        self.sequence = 0
        self.sent: deque[tuple[int, str]] = deque(maxlen=REPLAYED)
        self.connection: Connection | None = None

    def covers(self, guild: int | None) -> bool:
        """Whether events of a guild (None: of direct messages) belong to this shard."""
        return (0 if guild is None else (guild >> 22) % self.shards) == self.shard

    def tell(self, event: str, data: Json) -> None:
        """Sends an event, now or when the session is resumed."""
        self.sequence += 1
        text = json.dumps({"op": DISPATCH, "t": event, "s": self.sequence, "d": data})
        self.sent.append((self.sequence, text))
        if self.connection is not None:
            self.connection.send(text)

    def missed(self, since: int) -> list[str] | None:
        """The events after number `since`, or None where they are forgotten."""
        if since > self.sequence or (self.sent and since < self.sent[0][0] - 1):
            return None
        return [text for sequence, text in self.sent if sequence > since]


class Connection:
    """One websocket, and what waits to be sent on it."""

    def __init__(self, socket: web.WebSocketResponse, transport: asyncio.Transport | None, compression: str) -> None:
        self.socket = socket
        self.session: Session | None = None
        self._transport = transport
        self._pack = packer(compression)
        self._queue: asyncio.Queue[str] = asyncio.Queue()

    def send(self, text: str) -> None:
        """Sends as soon as what was before it is sent."""
        self._queue.put_nowait(text)

    def op(self, op: int, data: Any = None) -> None:
        """Sends something that is no event."""
        self.send(json.dumps({"op": op, "d": data, "s": None, "t": None}))

    async def deliver(self) -> None:
        """Sends what waits, for as long as the websocket is open."""
        with contextlib.suppress(ConnectionError):
            while True:
                text = await self._queue.get()
                if self._pack is None:
                    await self.socket.send_str(text)
                else:
                    await self.socket.send_bytes(self._pack(text.encode()))
                self._queue.task_done()

    async def flush(self) -> None:
        """Returns when all that waits is sent."""
        await self._queue.join()

    def cut(self) -> None:
        """Breaks the connection off without a word."""
        self.leave()
        if self._transport is not None:
            self._transport.abort()

    async def close(self, code: int) -> None:
        """Closes with a code."""
        self.leave()
        await self.socket.close(code=code)

    def leave(self) -> None:
        """What happens from now on waits for a resumption."""
        if self.session is not None and self.session.connection is self:
            self.session.connection = None


def packer(compression: str) -> Callable[[bytes], bytes] | None:
    """How this connection packs what it sends, as the URL asks; None for plain text."""
    if compression == "zlib-stream":
        deflate = zlib.compressobj(1)
        return lambda data: deflate.compress(data) + deflate.flush(zlib.Z_SYNC_FLUSH)
    if compression == "zstd-stream":
        import zstandard  # type: ignore[import-not-found,unused-ignore]  # only a client that has it asks for it

        stream = zstandard.ZstdCompressor().compressobj()
        return lambda data: stream.compress(data) + stream.flush(zstandard.COMPRESSOBJ_FLUSH_BLOCK)
    return None


class Gateway:
    """All sessions and connections of the bot."""

    def __init__(self, server: DiscordServer) -> None:
        self._server = server
        self.sessions: dict[str, Session] = {}
        self.connections: set[Connection] = set()
        self.identifies = 0
        self.resumes = 0
        self.repeat = 0
        self.strange = False
        self.held: list[tuple[Session, str, Json]] | None = None

    def dispatch(self, event: str, data: Data, *, guild: Guild | None = None, intent: int = 0) -> None:
        """Tells the shard that this belongs to, if it asked for such events."""
        for session in list(self.sessions.values()):
            if session.covers(None if guild is None else guild.id) and (not intent or session.intents & intent):
                self._tell(session, event, data(session) if callable(data) else data)

    def _tell(self, session: Session, event: str, data: Json) -> None:
        if self.held is not None:
            self.held.append((session, event, data))
            return
        if self.strange:
            session.tell("SOMETHING_NEW", {"id": "1", "of": {"no": ["library", "knows"]}})
            data = data | {"something_new": {"of": ["a", "later", "version"]}}
        session.tell(event, data)
        if self.repeat:
            self.repeat -= 1
            session.tell(event, data)

    def release(self, *, reverse: bool) -> None:
        """Sends what was held back."""
        held, self.held = self.held or [], None
        for session, event, data in reversed(held) if reverse else held:
            self._tell(session, event, data)

    def complete(self) -> bool:
        """Whether every shard is identified and connected."""
        present = {session.shard for session in self.sessions.values() if session.connection is not None}
        counts = {session.shards for session in self.sessions.values()}
        return bool(counts) and present == set(range(max(counts)))

    def connected(self) -> Iterator[Connection]:
        """The connections that have a session."""
        return iter([connection for connection in self.connections if connection.session is not None])

    async def connect(self, request: web.Request) -> web.StreamResponse:
        """A new websocket: says hello, and hears the bot out."""
        if self._server.down:
            return web.Response(status=503)
        socket = web.WebSocketResponse(compress=False, autoping=True, timeout=1.0)
        await socket.prepare(request)
        transport = request.transport
        assert transport is None or isinstance(transport, asyncio.Transport)
        connection = Connection(socket, transport, request.query.get("compress", ""))
        self.connections.add(connection)
        sender = asyncio.create_task(connection.deliver())
        try:
            connection.op(HELLO, {"heartbeat_interval": INTERVAL})
            await self._hear(connection)
        finally:
            connection.leave()
            self.connections.discard(connection)
            sender.cancel()
            await asyncio.gather(sender, return_exceptions=True)
            self._server.watch.notify()
        return socket

    async def _hear(self, connection: Connection) -> None:
        times: deque[float] = deque(maxlen=EVENTS + 1)
        async for received in connection.socket:
            times.append(self._server.now())
            if len(times) > EVENTS and times[-1] - times[0] < 60:
                return await self._refuse(connection, TOO_FAST, "more than 120 events in a minute")
            if received.type is not WSMsgType.TEXT or len(received.data.encode()) > PAYLOAD:
                return await self._refuse(connection, DECODE_ERROR, "no text, or over 4096 bytes")
            try:
                payload = json.loads(received.data)
                op, data = payload["op"], payload["d"]
            except (ValueError, KeyError, TypeError):
                return await self._refuse(connection, DECODE_ERROR, "a payload that is no JSON object with op and d")
            if op == HEARTBEAT:
                connection.op(ACKNOWLEDGED)
            elif op == IDENTIFY:
                await self._identify(connection, data)
            elif op == RESUME:
                await self._resume(connection, data)
            elif connection.session is None:
                await self._refuse(connection, NOT_AUTHENTICATED, f"op {op} before identifying")
            elif op not in (PRESENCE, VOICE, MEMBERS):
                await self._refuse(connection, UNKNOWN_OPCODE, f"unknown op {op}")
        return None

    async def _refuse(self, connection: Connection, code: int, why: str) -> None:
        self._server.note(code, code, why, method="GATEWAY", path="/gateway")
        await connection.flush()
        await connection.close(code)

    async def _identify(self, connection: Connection, data: Json) -> None:
        shard, shards = data.get("shard") or (0, 1)
        intents = data.get("intents", 0)
        allowed = self._server.application.intents
        if connection.session is not None:
            return await self._refuse(connection, ALREADY_AUTHENTICATED, "identified twice on one connection")
        if data.get("token") != self._server.token:
            return await self._refuse(connection, WRONG_TOKEN, "Authentication failed.")
        if not 0 <= shard < shards:
            return await self._refuse(connection, INVALID_SHARD, f"no shard {shard} of {shards}")
        if any(intents & intent & ~allowed for intent in FLAG_OF_INTENT):
            return await self._refuse(connection, DISALLOWED_INTENTS, "Disallowed intent(s).")
        self.identifies += 1
        for old in [old for old in self.sessions.values() if old.shard == shard or old.shards != shards]:
            del self.sessions[old.id]
        session = Session(shard, shards, intents)
        self.sessions[session.id] = session
        connection.session, session.connection = session, connection
        self._welcome(session)
        self._server.watch.notify()
        return None

    def _welcome(self, session: Session) -> None:
        guilds = [guild for guild in self._server.guilds.values() if session.covers(guild.id)]
        session.tell(
            "READY",
            {
                "v": 10,
                "user": self._server.bot.payload() | {"verified": True, "mfa_enabled": True, "email": None},
                "guilds": [{"id": str(guild.id), "unavailable": True} for guild in guilds],
                "session_id": session.id,
                "session_type": "normal",
                "resume_gateway_url": self._server.gateway_url,
                "shard": [session.shard, session.shards],
                "application": {"id": str(self._server.application.id), "flags": self._server.application.flags},
                "private_channels": [],
                "relationships": [],
                "user_settings": {},
                "geo_ordered_rtc_regions": [],
                "_trace": [],
            },
        )
        for guild in guilds:
            if not guild.unavailable and session.intents & 1:
                session.tell("GUILD_CREATE", guild.created())

    async def _resume(self, connection: Connection, data: Json) -> None:
        if data.get("token") != self._server.token:
            return await self._refuse(connection, WRONG_TOKEN, "Authentication failed.")
        session = self.sessions.get(data.get("session_id", ""))
        missed = None if session is None else session.missed(data.get("seq") or 0)
        if session is None or missed is None:
            connection.op(INVALID_SESSION, False)
            return None
        self.resumes += 1
        connection.session, session.connection = session, connection
        for text in missed:
            connection.send(text)
        session.tell("RESUMED", {"_trace": []})
        self._server.watch.notify()
        return None

    async def invalidate(self, *, resumable: bool) -> None:
        """Tells every shard that its session is over, or that it should resume it."""
        for connection in self.connected():
            if not resumable and connection.session is not None:
                self.sessions.pop(connection.session.id, None)
            connection.op(INVALID_SESSION, resumable)
            connection.leave()

    def request_reconnect(self) -> None:
        """Tells every shard to connect again and resume."""
        for connection in self.connected():
            connection.op(RECONNECT)
            connection.leave()

    def cut(self) -> None:
        """Breaks every connection off."""
        for connection in list(self.connections):
            connection.cut()

    async def close(self, code: int) -> None:
        """Closes every connection with a code."""
        for connection in list(self.connections):
            await connection.close(code)
