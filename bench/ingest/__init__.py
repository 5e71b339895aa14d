"""How fast bills come in: from a file on disk to refreshed store-days, beside other ways."""

from bench.ingest.run import main

__all__ = ["main"]
