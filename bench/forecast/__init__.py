"""How well and how fast stores are forecast: ``python -m bench forecast``."""

from bench.forecast.run import main

__all__ = ["main"]
