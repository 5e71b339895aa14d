"""Figures kept for a while in Valkey, so that the same question is not computed twice.

A key carries the chain's version, so a kept figure is never older than the data: nothing has to be
thrown away, it is no longer asked for and ages out. What is kept is signed, because unpickling what
somebody else wrote would run their code.
"""

import hashlib
import hmac
import pickle
from time import monotonic
from typing import Any

import redis

_SHAPE = 3
"""Goes up when the kept dataclasses change, so that an older release's figures are not read."""
_PREFIX = "tillboard:figures:"
_DIGEST = 32
_AWAY_SECONDS = 2.0
"""How long Valkey is not asked after it did not answer: a reader must not wait for it each time."""


class FigureCache:
    """Keeps figures for ``seconds``, signed with ``secret``; does without where Valkey is away."""

    def __init__(self, url: str, secret: bytes, *, seconds: int = 3600) -> None:
        self._client = redis.Redis.from_url(url, socket_timeout=0.5, socket_connect_timeout=0.5)
        self._secret = secret
        self._seconds = seconds
        self._away_until = 0.0

    def get(self, key: str) -> Any | None:
        """Return what is kept under ``key``, or None."""
        if monotonic() < self._away_until:
            return None
        try:
            kept = self._client.get(_name(key))
        except redis.RedisError:
            self._away_until = monotonic() + _AWAY_SECONDS
            return None
        if not isinstance(kept, bytes) or len(kept) <= _DIGEST:
            return None
        digest, body = kept[:_DIGEST], kept[_DIGEST:]
        if not hmac.compare_digest(digest, self._sign(key, body)):
            return None
        return pickle.loads(body)  # noqa: S301 - the signature above says that we wrote it

    def put(self, key: str, value: object) -> None:
        """Keep ``value`` under ``key``."""
        if monotonic() < self._away_until:
            return
        body = pickle.dumps(value, protocol=pickle.HIGHEST_PROTOCOL)
        try:
            self._client.set(_name(key), self._sign(key, body) + body, ex=self._seconds)
        except redis.RedisError:
            self._away_until = monotonic() + _AWAY_SECONDS

    def clear(self) -> None:
        """Forget all that is kept, of every chain. Raises redis.RedisError where it cannot."""
        for key in self._client.scan_iter(match=f"{_PREFIX}*", count=1000):
            self._client.unlink(key)

    def _sign(self, key: str, body: bytes) -> bytes:
        return hmac.digest(self._secret, key.encode() + b"\0" + body, "sha256")


def _name(key: str) -> str:
    return f"{_PREFIX}{_SHAPE}:{hashlib.sha256(key.encode()).hexdigest()}"
