"""How well new sites are advised: on simulated cities, on real sets, and how fast."""

from bench.sites.run import main

__all__ = ["main"]
