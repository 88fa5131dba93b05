"""The stand-in itself: a world, its gateway and its API on one port of the loopback."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from types import TracebackType

from aiohttp import web

from tests.fakes.discord.application import CONTENT_INTENT, Application
from tests.fakes.discord.channels import DM, Channel
from tests.fakes.discord.clock import Clock, Snowflakes
from tests.fakes.discord.desk import Desk
from tests.fakes.discord.faults import Fault, Request
from tests.fakes.discord.gateway import Data, Gateway
from tests.fakes.discord.guilds import Guild
from tests.fakes.discord.interactions import Interaction
from tests.fakes.discord.messages import Attachment, Message
from tests.fakes.discord.misbehaviour import Misbehaviour, Order, matches
from tests.fakes.discord.rates import Rates
from tests.fakes.discord.rest.api import BODY, Api
from tests.fakes.discord.users import User
from tests.fakes.discord.watch import Watch
from tests.patience import PATIENCE

TOKEN = "MTIzNDU2Nzg5MDEyMzQ1Njc4.stand-in.for-tests-on-loopback-only"
BACKLOG = 1024  # connections: at the usual 128 a crowd that presses at once would wait a second for its SYNs


class DiscordServer:
    """A Discord with one application; the package's docstring says how it is scripted.

    Args:
        message_content, members: privileged intents that are switched on.
        shards: how many GET /gateway/bot recommends.
        checked: requests are held against the published document, where that is at hand.
        paced: rate limits are enforced.
        port: 0 takes any free one.
    """

    def __init__(
        self,
        *,
        token: str = TOKEN,
        message_content: bool = False,
        members: bool = False,
        shards: int = 1,
        checked: bool = True,
        paced: bool = True,
        port: int = 0,
    ) -> None:
        self.token = token
        self.shards = shards
        self.checked = checked
        self.paced = paced
        self.clock = Clock()
        self.started = self.clock.now()
        self.snowflakes = Snowflakes(self.clock.now)
        self.watch = Watch()
        self.users: dict[int, User] = {}
        self.guilds: dict[int, Guild] = {}
        self.channels: dict[int, Channel] = {}
        self.attachments: dict[int, Attachment] = {}
        self.interactions: list[Interaction] = []
        self.by_token: dict[str, Interaction] = {}
        self.requests: list[Request] = []
        self.faults: list[Fault] = []
        self.current: Request | None = None
        self.invalid_requests = 0
        self.down = False
        self.application = Application(self, message_content=message_content, members=members)
        self.bot = self.user(self.application.name, bot=True)
        self._direct: dict[int, Channel] = {}
        self.misbehaviour = Misbehaviour()
        self.rates = Rates(self.clock.now)
        self.desk = Desk(self)
        self.gateway = Gateway(self)
        self._api = Api(self)
        self._port = port
        self._runner: web.AppRunner | None = None

    # On the loopback.

    async def __aenter__(self) -> DiscordServer:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()

    def web_application(self) -> web.Application:
        """Its routes, to which others may be added before it starts."""
        app = web.Application(client_max_size=BODY)
        app.router.add_get("/gateway", self.gateway.connect)
        app.router.add_get("/gateway/", self.gateway.connect)
        app.router.add_get("/attachments/{id}/{name}", self._api.attachment)
        self._api.register(app)
        return app

    async def start(self, app: web.Application | None = None) -> None:
        """Listens."""
        self._runner = web.AppRunner(app or self.web_application(), access_log=None, shutdown_timeout=0.5)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", self._port, backlog=BACKLOG)
        await site.start()
        self._port = self._runner.addresses[0][1]

    async def stop(self) -> None:
        """Closes everything."""
        self.gateway.cut()
        if self._runner is not None:
            await self._runner.cleanup()

    @property
    def url(self) -> str:
        """Where files are fetched."""
        return f"http://127.0.0.1:{self._port}"

    @property
    def api(self) -> str:
        """What discord.py's Route.BASE is set to."""
        return f"{self.url}/api/v10"

    @property
    def gateway_url(self) -> str:
        """What discord.py's DiscordWebSocket.DEFAULT_GATEWAY is set to."""
        return f"ws://127.0.0.1:{self._port}/gateway"

    # The world.

    def user(self, name: str, locale: str = "en-US", *, bot: bool = False) -> User:
        """Somebody new."""
        user = User(self, name, locale=locale, bot=bot)
        self.users[user.id] = user
        return user

    def guild(
        self, name: str, channels: Sequence[str] = ("general",), *, preferred_locale: str = "en-US", roles: int = 0
    ) -> Guild:
        """A server that the bot is invited to."""
        guild = Guild(self, name, preferred_locale=preferred_locale, roles=roles)
        self.guilds[guild.id] = guild
        for channel in channels:
            guild.add_channel(channel)
        self.gateway.dispatch("GUILD_CREATE", lambda _: guild.created(), guild=guild, intent=1)
        return guild

    def dm(self, user: User) -> Channel:
        """The direct channel of somebody and the bot."""
        if user.id not in self._direct:
            channel = Channel(self, f"direct with {user.name}", type=DM, recipient=user)
            self._direct[user.id] = self.channels[channel.id] = channel
        return self._direct[user.id]

    def channel(self, id: int) -> Channel:  # noqa: A002  # Discord's name for it
        """The channel or thread of that id."""
        return self.channels[id]

    def message(self, id: int) -> Message:  # noqa: A002  # Discord's name for it
        """The message of that id, wherever it stands."""
        for channel in self.channels.values():
            if (found := channel.find(id)) is not None:
                return found
        raise KeyError(id)

    def readable(self, message: Message) -> bool:
        """Whether the bot may read what a message says."""
        free = message.author is self.bot or message.channel.guild is None or self.bot in message.mentions
        return free or bool(self.application.intents & CONTENT_INTENT)

    def began(self, interaction: Interaction) -> None:
        """Tells the bot what somebody asks of it."""
        self.interactions.append(interaction)
        self.by_token[interaction.token] = interaction
        self.gateway.dispatch("INTERACTION_CREATE", interaction.payload(), guild=interaction.channel.guild)
        self.watch.notify()

    # What happened.

    def now(self) -> float:
        """Discord's time, in seconds since 1970."""
        return self.clock.now()

    def advance(self, seconds: float) -> None:
        """Lets time pass at once: interactions, tokens and buckets grow older."""
        self.clock.advance(seconds)

    async def ready(self, *, timeout: float = PATIENCE) -> None:
        """Returns when every shard of the bot is identified and connected."""
        await self.until(self.gateway.complete, timeout=timeout)

    async def until(self, condition: Callable[[], object], *, timeout: float = PATIENCE) -> None:
        """Returns when the condition holds; it is looked at after every change of this world."""
        await self.watch.until(lambda: condition() or None, timeout=timeout, complaint=lambda: f"faults: {self.faults}")

    def requests_to(self, method: str, pattern: str) -> list[Request]:
        """The requests of a method and a path such as "/channels/*/messages"."""
        return [each for each in self.requests if each.method == method and matches(pattern, each.path)]

    @property
    def schema_checked(self) -> bool:
        """Whether requests were held against the published document."""
        return self._api.schema_checked

    def note(self, status: int, code: int, why: str, *, method: str = "", path: str = "") -> None:
        """Notes a fault of the request that is being answered, or of the one that is named."""
        if not method and self.current is not None:
            method, path = self.current.method, self.current.path
        self.faults.append(Fault(method, path, status, code, why))

    def expected(self, status: int | None = None, code: int | None = None, why: str = "") -> list[Fault]:
        """Takes out the faults that a test provoked on purpose.

        Raises:
            AssertionError: there are none of that status, code and reason.
        """
        found = [
            fault
            for fault in self.faults
            if status in (None, fault.status) and code in (None, fault.code) and why in fault.why
        ]
        if not found:
            raise AssertionError(f"no such fault among {self.faults}")
        self.faults = [fault for fault in self.faults if fault not in found]
        return found

    # Misbehaviour.

    def fail_next(self, method: str, path: str, *, status: int = 500, times: int = 1) -> None:
        """The next such requests fail."""
        self.misbehaviour.add(Order(method, path, times, status))

    def limit_next(
        self, method: str, path: str, *, retry_after: float, is_global: bool = False, times: int = 1
    ) -> None:
        """The next such requests are told to come again after so many seconds."""
        self.misbehaviour.add(Order(method, path, times, 429, retry_after, is_global))

    def slow_next(self, method: str, path: str, *, seconds: float, times: int = 1) -> None:
        """The next such requests are answered only after so many seconds."""
        self.misbehaviour.add(Order(method, path, times, seconds=seconds))

    async def drop(self) -> None:
        """Cuts every gateway connection; the sessions can be resumed."""
        self.gateway.cut()

    async def close_gateway(self, code: int) -> None:
        """Closes every gateway connection with a code."""
        await self.gateway.close(code)

    async def invalidate(self, *, resumable: bool = False) -> None:
        """Tells every shard that its session is invalid."""
        await self.gateway.invalidate(resumable=resumable)

    async def request_reconnect(self) -> None:
        """Tells every shard to connect again."""
        self.gateway.request_reconnect()

    def go_down(self) -> None:
        """Discord is away: connections break, and none is taken."""
        self.down = True
        self.gateway.cut()

    def come_back(self) -> None:
        """Discord is there again."""
        self.down = False

    def twice(self, count: int = 1) -> None:
        """The next events are sent twice."""
        self.gateway.repeat = count

    def hold(self) -> None:
        """Holds events back until `release`."""
        self.gateway.held = []

    def release(self, *, reverse: bool = True) -> None:
        """Sends the events that were held back, the last one first."""
        self.gateway.release(reverse=reverse)

    def strange(self) -> None:
        """From now on there are event types and fields that no library knows."""
        self.gateway.strange = True

    def dispatch(self, event: str, data: Data, guild: Guild | None = None) -> None:
        """Sends any event at all."""
        self.gateway.dispatch(event, data, guild=guild)
