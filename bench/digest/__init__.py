"""Five hundred people's digests of one morning, made and handed to a mail server."""

from bench.digest.run import main

__all__ = ["main"]
