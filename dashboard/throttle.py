"""How often one address may try something; counted in Valkey, or in memory where there is none."""

import time
from collections import defaultdict, deque
from dataclasses import dataclass, field
from threading import Lock

import redis


@dataclass(slots=True)
class Throttle:
    """At most ``limit`` tries in ``seconds`` for each name.

    With ``url`` None each process counts for itself. Where Valkey does not answer, the process
    counts for itself too: a log-in must not depend on the cache.
    """

    limit: int
    seconds: int
    url: str | None = None
    _client: "redis.Redis | None" = field(init=False, default=None)
    _tries: dict[str, deque[float]] = field(init=False, default_factory=lambda: defaultdict(deque))
    _lock: Lock = field(init=False, default_factory=Lock)

    def __post_init__(self) -> None:
        if self.url:
            self._client = redis.Redis.from_url(self.url, socket_timeout=1)

    def allows(self, name: str) -> bool:
        """Count one try of ``name``; return whether it is within the limit."""
        if self._client is not None:
            try:
                return self._shared(self._client, f"tillboard:try:{name}") <= self.limit
            except redis.RedisError:
                pass
        return self._own(name) <= self.limit

    def _shared(self, client: redis.Redis, key: str) -> int:
        pipe = client.pipeline()
        pipe.incr(key)
        pipe.expire(key, self.seconds, nx=True)
        return int(pipe.execute()[0])

    def _own(self, name: str) -> int:
        now = time.monotonic()
        with self._lock:
            tries = self._tries[name]
            while tries and tries[0] < now - self.seconds:
                tries.popleft()
            tries.append(now)
            return len(tries)
