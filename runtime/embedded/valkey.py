"""The embedded Valkey: the queue of jobs, and the cache of the board."""

import signal
from urllib.parse import quote

import redis

from chain.errors import PermanentError
from runtime.embedded.place import Place
from runtime.embedded.process import end, spawn, tail, wait_until

PROGRAM = "valkey-server"


class Valkey:
    """The Valkey of one installation. Safe to use from several processes."""

    def __init__(self, place: Place) -> None:
        self.place = place
        self.directory = place.home / "valkey"
        self.log = place.home / "valkey.log"
        self.socket = place.sockets / "valkey.sock"

    @property
    def broker_url(self) -> str:
        """The address for Celery."""
        return f"redis+socket://:{self._password}@{quote(str(self.socket))}"

    @property
    def cache_url(self) -> str:
        """The address for the redis client: a database of its own, apart from the queue."""
        return f"unix://:{self._password}@{quote(str(self.socket))}?db=1"

    @property
    def _password(self) -> str:
        return quote(self.place.passwords["valkey"], safe="")

    def start(self) -> None:
        """Bring the server up, or find it running.

        Raises PermanentError with the end of the server's log where it does not come up.
        """
        with self.place.locked():
            if not self._answers():
                self._launch()

    def stop(self) -> None:
        """Stop the server where it runs; what it holds is on disk."""
        with self.place.locked():
            end(self.directory, PROGRAM, signal.SIGTERM, 20)
            self.place.leave_sockets()

    def running(self) -> bool:
        """Say whether the server answers."""
        return self.socket.exists() and self._answers()

    def _launch(self) -> None:
        end(self.directory, PROGRAM, signal.SIGTERM, 10)  # one that hangs, or lost its socket
        self.place.owned(self.directory)
        self.place.owned(self.place.sockets)
        process = spawn(
            [self.place.valkey_program, "-"],
            self.place.account,
            self.log,
            stdin=self._configuration().encode(),
        )
        up = wait_until(lambda: process.poll() is not None or self._answers(), 30)
        if not up or process.poll() is not None:
            raise PermanentError("runtime.valkey_failed", why=tail(self.log))
        process.returncode = 0  # it is meant to outlive this object; no warning about that

    def _configuration(self) -> str:
        # By standard input, for what stands on a command line every user of the machine can read.
        settings = {
            "port": "0",
            "unixsocket": _quoted(str(self.socket)),
            "unixsocketperm": "700",
            "requirepass": _quoted(self.place.passwords["valkey"]),
            "dir": _quoted(str(self.directory)),
            "appendonly": "yes",  # jobs that wait survive a crash
            "save": '""',
            "maxmemory": "256mb",
            "maxmemory-policy": "volatile-lru",  # cached figures may go, jobs may not
            "enable-debug-command": "no",
        }
        return "".join(f"{name} {value}\n" for name, value in settings.items())

    def _answers(self) -> bool:
        try:
            with redis.Redis.from_url(self.cache_url, socket_connect_timeout=2) as client:
                return bool(client.ping())
        except redis.RedisError:
            return False


def _quoted(text: str) -> str:
    escaped = "".join(
        chr(byte) if 32 <= byte < 127 and chr(byte) not in '"\\' else f"\\x{byte:02x}"
        for byte in text.encode()
    )
    return f'"{escaped}"'
