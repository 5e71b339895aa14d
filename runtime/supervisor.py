"""``tillboard run``: everything on one box, from servers to board, until it is told to stop."""

import contextlib
import errno
import fcntl
import os
import signal
import socket
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import FrameType

from chain.errors import PermanentError
from chain.settings import Settings
from chain.words import Param, say
from runtime.children import Child, Children
from runtime.demo_state import demo_state, prepare_demo
from runtime.installation import Installation, bring_up_to_date
from runtime.people import OWNER_EMAIL, create_owner, emails
from warehouse.chains import NewChain, create_chain
from warehouse.session import Warehouse
from warehouse.telemetry import clear_metrics

READY_SECONDS = 60.0
TICK = 0.2
SERVER_TICK = 2.0

Tell = Callable[[str], None]


class _Stop(Exception):  # noqa: N818 -- no error: somebody asked us to end
    """Somebody asked us to end."""


@dataclass
class Supervisor:
    """Runs an installation. ``tell`` prints one line to the person at the terminal."""

    settings: Settings
    tell: Tell
    _password: str | None = field(default=None, init=False)

    def run(self) -> None:
        """Start everything, print the address once the board answers, and watch until told to stop.

        Raises PermanentError where the port is taken, where the data is in use by another run, or
        where a server does not start.
        """
        installation = Installation(self.settings)
        with _signals(), self._alone(installation):
            check_port(self.settings)
            try:
                self._say("servers")
                installation.start()
                self._serve(installation)
            except (_Stop, KeyboardInterrupt):
                pass
            finally:
                _ignore_signals()
                installation.stop()
        self._say("stopped")

    def _serve(self, installation: Installation) -> None:
        settings = installation.complete()
        self._say("migrating")
        bring_up_to_date(settings, lambda path: self._say("backed_up", path=str(path)))
        loading = self._set_up(settings)
        clear_metrics(settings.metrics_dir)
        children = Children(installation.environment(), self._died)
        try:
            children.add(Child("web", ["web"]))
            self._wait_for_board(children)  # first of all: that is what a person waits for
            self._welcome(settings, installation.where)
            children.add(Child("worker", ["worker"], seconds=15))
            children.add(Child("beat", ["beat"], seconds=5))
            if loading:
                self._say("loading")
                children.add(Child("demo", ["demo"], seconds=10, once=True))
            self._watch(installation, children, loading=loading)
        except (_Stop, KeyboardInterrupt):
            self._say("stopping")
            raise
        finally:
            _ignore_signals()
            children.stop()

    def _watch(self, installation: Installation, children: Children, *, loading: bool) -> None:
        due = time.monotonic() + SERVER_TICK
        while True:
            children.watch()
            if time.monotonic() > due:
                self._watch_servers(installation)
                due = time.monotonic() + SERVER_TICK
            if loading and children.children[-1].done:
                loading = False
                self._say("loaded")
            time.sleep(TICK)

    def _watch_servers(self, installation: Installation) -> None:
        for server in installation.embedded:
            if server.running():
                continue
            self._say("server_died", name=type(server).__name__)
            server.start()

    def _set_up(self, settings: Settings) -> bool:
        """Make chain and owner at the first start; return whether the demo is still to load."""
        warehouse = Warehouse(str(settings.database_url), pool_size=1)
        try:
            warehouse.check()
            directory = settings.data / "demo"
            state = demo_state(directory)
            if state is None and not emails(warehouse):
                if settings.demo:
                    # Yesterday is the last full day of a chain whose days end in China.
                    today = (datetime.now(UTC) + timedelta(hours=8)).date()
                    state = prepare_demo(warehouse, directory, today)
                    chain_id = state.chain_id
                else:
                    chain_id = create_chain(
                        warehouse, NewChain("Tillboard", lang=settings.language, guided=True)
                    )
                self._owner(warehouse, chain_id)
            elif state is not None and not emails(warehouse):
                self._owner(warehouse, state.chain_id)
            return state is not None and not state.loaded
        finally:
            warehouse.close()

    def _owner(self, warehouse: Warehouse, chain_id: int) -> None:
        language = self.settings.language
        self._password = create_owner(warehouse, chain_id, OWNER_EMAIL, language)
        if self._password:
            # At once, and again beside the address: a start that is cut short must not lose it.
            self._say("log_in", email=OWNER_EMAIL)
            self._say("password", password=self._password)

    def _welcome(self, settings: Settings, where: Path) -> None:
        warehouse = Warehouse(str(settings.database_url), pool_size=1)
        first, *_ = emails(warehouse) or [OWNER_EMAIL]
        warehouse.close()
        self.tell("")
        self._say("ready", url=settings.board_url)
        self._say("log_in", email=first)
        if self._password:
            self._say("password", password=self._password)
        else:
            self._say("password_hint")
        self._say("stop_hint", data=str(where))
        self.tell("")

    def _wait_for_board(self, children: Children) -> None:
        deadline = time.monotonic() + READY_SECONDS
        while not answers(self.settings):
            children.watch()
            if time.monotonic() > deadline:
                raise PermanentError("runtime.board_silent", seconds=int(READY_SECONDS))
            time.sleep(TICK)

    @contextlib.contextmanager
    def _alone(self, installation: Installation) -> Iterator[None]:
        path = installation.place.data / "run.lock"
        handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        with os.fdopen(handle, "r+") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                url = file.read() or self.settings.board_url
                raise PermanentError(
                    "runtime.already_running", data=str(path.parent), url=url
                ) from None
            file.truncate(0)
            file.write(self.settings.board_url)
            file.flush()
            yield

    def _died(self, name: str, code: int, pause: float) -> None:
        self._say("died", name=name, code=code, seconds=round(pause))

    def _say(self, key: str, **params: Param) -> None:
        self.tell(say(self.settings.language, f"runtime.run.{key}", **params))


def check_port(settings: Settings) -> None:
    """Raise PermanentError where the board cannot listen, naming a free port if it can."""
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((settings.host, settings.port))
        except OSError as error:
            raise _why_not_there(settings, family, error) from error


def _why_not_there(
    settings: Settings, family: socket.AddressFamily, error: OSError
) -> PermanentError:
    if error.errno not in {errno.EADDRINUSE, errno.EACCES}:
        why = error.strerror or str(error)
        return PermanentError("runtime.no_such_host", host=settings.host, why=why)
    with socket.socket(family) as other:
        other.bind((settings.host, 0))
        free = other.getsockname()[1]
    key = "port_in_use" if error.errno == errno.EADDRINUSE else "port_not_allowed"
    return PermanentError(f"runtime.{key}", port=settings.port, host=settings.host, other=free)


def answers(settings: Settings) -> bool:
    """Say whether the board answers at its own port."""
    host = "127.0.0.1" if settings.host == "0.0.0.0" else settings.host  # noqa: S104
    host = f"[{host}]" if ":" in host else host
    # No proxy of the environment: the board is on this machine.
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(f"http://{host}:{settings.port}/healthz", timeout=5) as answer:
            return bool(answer.status == 200)
    except (urllib.error.URLError, OSError):
        return False


@contextlib.contextmanager
def _signals() -> Iterator[None]:
    def stop(_number: int, _frame: FrameType | None) -> None:
        raise _Stop

    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    before = {number: signal.signal(number, stop) for number in numbers}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _ignore_signals() -> None:
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
